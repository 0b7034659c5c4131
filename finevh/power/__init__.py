"""Switching activity, dynamic power and leakage of a netlist whose cells may sit on different rails."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finevh.power.activity import Activity, activity_from_patterns, activity_from_probabilities, merge_activities
    from finevh.power.activity.propagation import propagate_probabilities
    from finevh.power.activity.sampling import sample_activity
    from finevh.power.dynamic import DynamicPower, DynamicResult, PreparedPower
    from finevh.power.leakage import LeakageModel, LeakageResult
    from finevh.power.recordings.saif import read_saif
    from finevh.power.recordings.vcd import read_vcd
    from finevh.power.simulation.memory import MemoryPort, MemoryStimulus, read_memory_stimulus
    from finevh.power.simulation.simulator import Simulator, simulate
    from finevh.power.simulation.stimulus import Ports, RandomStimulus, Stimulus, VectorStimulus
    from finevh.technology.cross.leakage_by_name import look_up_leakage, with_leakage_derates

__all__ = [
    "Activity",
    "DynamicPower",
    "DynamicResult",
    "LeakageModel",
    "LeakageResult",
    "MemoryPort",
    "MemoryStimulus",
    "Ports",
    "PreparedPower",
    "RandomStimulus",
    "Simulator",
    "Stimulus",
    "VectorStimulus",
    "activity_from_patterns",
    "activity_from_probabilities",
    "look_up_leakage",
    "merge_activities",
    "propagate_probabilities",
    "read_memory_stimulus",
    "read_saif",
    "read_vcd",
    "sample_activity",
    "simulate",
    "with_leakage_derates",
]

# A flow is checked, and a finished run opened, without waiting for the compiled kernels.
_HOMES = {
    "Activity": "power.activity",
    "DynamicPower": "power.dynamic",
    "DynamicResult": "power.dynamic",
    "LeakageModel": "power.leakage",
    "LeakageResult": "power.leakage",
    "MemoryPort": "power.simulation.memory",
    "MemoryStimulus": "power.simulation.memory",
    "Ports": "power.simulation.stimulus",
    "PreparedPower": "power.dynamic",
    "RandomStimulus": "power.simulation.stimulus",
    "Simulator": "power.simulation.simulator",
    "Stimulus": "power.simulation.stimulus",
    "VectorStimulus": "power.simulation.stimulus",
    "activity_from_patterns": "power.activity",
    "activity_from_probabilities": "power.activity",
    "look_up_leakage": "technology.cross.leakage_by_name",
    "merge_activities": "power.activity",
    "propagate_probabilities": "power.activity.propagation",
    "read_memory_stimulus": "power.simulation.memory",
    "read_saif": "power.recordings.saif",
    "read_vcd": "power.recordings.vcd",
    "sample_activity": "power.activity.sampling",
    "simulate": "power.simulation.simulator",
    "with_leakage_derates": "technology.cross.leakage_by_name",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"finevh.{_HOMES[name]}"), name)
