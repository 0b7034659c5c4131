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
    from finevh.timing.sweep.lanes import ask, columns, load, some, spread, store
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
    "ask",
    "bind_cases",
    "columns",
    "load",
    "parse_sdc",
    "read_sdc",
    "single_clock",
    "some",
    "spread",
    "store",
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
        "finevh.timing.sweep.lanes": ("ask", "columns", "load", "some", "spread", "store"),
        "finevh.timing.trials": ("Trials",),
    },
)
