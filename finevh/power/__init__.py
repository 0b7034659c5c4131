"""Switching activity, dynamic power and leakage of a netlist whose cells may sit on different rails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finevh.base.on_demand import names_on_demand

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
__getattr__ = names_on_demand(
    __name__,
    {
        "finevh.power.activity": (
            "Activity",
            "activity_from_patterns",
            "activity_from_probabilities",
            "merge_activities",
        ),
        "finevh.power.activity.propagation": ("propagate_probabilities",),
        "finevh.power.activity.sampling": ("sample_activity",),
        "finevh.power.dynamic": ("DynamicPower", "DynamicResult", "PreparedPower"),
        "finevh.power.leakage": ("LeakageModel", "LeakageResult"),
        "finevh.power.recordings.saif": ("read_saif",),
        "finevh.power.recordings.vcd": ("read_vcd",),
        "finevh.power.simulation.memory": ("MemoryPort", "MemoryStimulus", "read_memory_stimulus"),
        "finevh.power.simulation.simulator": ("Simulator", "simulate"),
        "finevh.power.simulation.stimulus": ("Ports", "RandomStimulus", "Stimulus", "VectorStimulus"),
        "finevh.technology.cross.leakage_by_name": ("look_up_leakage", "with_leakage_derates"),
    },
)
