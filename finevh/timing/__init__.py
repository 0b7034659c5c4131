"""Multi-Vdd static timing: constraints, graph, compiled evaluation, reports."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

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
_HOMES = {
    "Clock": "constraints",
    "Constraints": "constraints",
    "DriverResistance": "timing.delay.effective_capacitance",
    "Objects": "constraints",
    "NearStates": "timing.near_states",
    "TimingGraph": "timing.engine",
    "TimingState": "timing.engine",
    "Trials": "timing.trials",
    "bind_cases": "timing.graph.constants",
    "columns": "timing.sweep.lanes",
    "parse_sdc": "constraints",
    "read_sdc": "constraints",
    "single_clock": "constraints",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"finevh.{_HOMES[name]}"), name)
