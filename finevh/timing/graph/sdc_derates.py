"""Factors of ``set_timing_derate`` on the delays of cells and wires."""

from __future__ import annotations

import numpy as np

from finevh.constraints.model import Constraints
from finevh.errors import InputError
from finevh.technology.model import Real


def check_derates(constraints: Constraints) -> None:
    """Refuse derates that differ for data and clock paths while a clock is propagated.

    Raises
    ------
    InputError
        If they do.
    """
    d = constraints.derates
    ends = [(end, what) for end in ("max", "min") for what in ("cell", "net")]
    differ = any(d.factor(*pair, "data") != d.factor(*pair, "clock") for pair in ends)
    if differ and (constraints.propagated or any(clock.propagated for clock in constraints.clocks)):
        raise InputError(
            "set_timing_derate: factors that differ for data and propagated clocks are not understood; give one for both"
        )


def derate_factors(constraints: Constraints, late: bool) -> Real:
    """Return the factors of cell and of net delays on data paths, for late or early arrivals."""
    end = "max" if late else "min"
    return np.array([constraints.derates.factor(end, what, "data") for what in ("cell", "net")])
