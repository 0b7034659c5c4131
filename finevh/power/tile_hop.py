"""A tile that turns from VddL to VddH: energy, settling time and the current that rushes in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finevh.technology.model import Real


@dataclass(frozen=True)
class Transition:
    """What it costs to turn tiles from VddL to VddH, (n_tile) each."""

    energy: Real
    """fJ drawn from VddH: C (VddH - VddL) VddH."""
    settling: Real
    """ps until the tile is within the tolerance of VddH: R C ln((VddH - VddL) / tolerance)."""
    rush: Real
    """mA at the first moment: (VddH - VddL) / R."""


def transition(capacitance: Real, resistance: Real, low: float, high: float, tolerance: float) -> Transition:
    """Turn tiles of ``capacitance`` (n_tile), fF, behind ``resistance`` (n_tile), kOhm, from ``low`` to ``high``, V.

    Parameters
    ----------
    tolerance : V, how near to VddH counts as settled.
    """
    step = high - low
    settling = resistance * capacitance * np.log(max(step / tolerance, 1.0))
    return Transition(capacitance * step * high, settling, step / resistance)
