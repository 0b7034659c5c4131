"""Constraints: SDC and the Tcl it is written in, to clocks, port conditions and path exceptions as data."""

from __future__ import annotations

from finevh.constraints.model import Clock, Constraints, Objects, single_clock
from finevh.constraints.sdc import parse_sdc, read_sdc, unit_factor
from finevh.constraints.surroundings import with_ideal_clocks, with_propagated_clocks
from finevh.constraints.write import write_sdc

__all__ = [
    "Clock",
    "Constraints",
    "Objects",
    "parse_sdc",
    "read_sdc",
    "single_clock",
    "unit_factor",
    "with_ideal_clocks",
    "with_propagated_clocks",
    "write_sdc",
]
