"""What ``emulate`` is asked, told from a run's flow alone: a slip is answered before a design is loaded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from finevh.commands.quantities import frequencies_of, voltage_of
from finevh.config import Flow
from finevh.errors import InputError


class Asked(NamedTuple):
    """Frequencies, MHz, and VddH - VddL, V."""

    frequencies: list[float]
    delta_vdd: float


def asked_of(
    flow: Flow, frequencies: Sequence[str], delta_vdd: str | float | None = None, seconds: float | None = None
) -> Asked:
    """Read what is asked for; see :func:`finevh.commands.emulate.emulate_run`.

    Raises
    ------
    InputError
        Naming the option: no quantity, a delta-Vdd that the run's supplies do not have, a time limit that is no number.
    """
    wanted = frequencies_of(frequencies)
    if seconds is not None and math.isnan(seconds):
        raise InputError("--time-limit nan: write seconds, for example 30")
    delta = min(flow.schemes.delta_vdd) if delta_vdd is None else voltage_of(str(delta_vdd), "--delta-vdd")
    why = flow.schemes.refused_step(delta, coarse=True)
    if why:
        raise InputError(f"--delta-vdd {delta:g} V: {why}")
    return Asked(wanted, delta)
