"""Multi-Vdd static timing: constraints, graph, compiled evaluation, reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finevh.base.on_demand import names_on_demand

if TYPE_CHECKING:
    from finevh.constraints import Clock, Constraints, Objects, parse_sdc, read_sdc, single_clock
    from finevh.timing.delay.effective_capacitance import DriverResistance
    from finevh.timing.engine import TimingGraph, TimingState
    from finevh.timing.graph.constants import bind_cases
    from finevh.timing.near_states import NearStates
    from finevh.timing.sweep.lanes import columns
    from finevh.timing.trials import Trials

__all__ = [
    "Clock",
    "Constraints",
    "DriverResistance",
    "NearStates",
    "Objects",
    "TimingGraph",
    "TimingState",
    "Trials",
    "bind_cases",
    "columns",
    "parse_sdc",
    "read_sdc",
    "single_clock",
]

# Constraints are read without waiting for the compiled evaluation.
__getattr__ = names_on_demand(
    __name__,
    {
        "finevh.constraints": ("Clock", "Constraints", "Objects", "parse_sdc", "read_sdc", "single_clock"),
        "finevh.timing.delay.effective_capacitance": ("DriverResistance",),
        "finevh.timing.engine": ("TimingGraph", "TimingState"),
        "finevh.timing.graph.constants": ("bind_cases",),
        "finevh.timing.near_states": ("NearStates",),
        "finevh.timing.sweep.lanes": ("columns",),
        "finevh.timing.trials": ("Trials",),
    },
)
