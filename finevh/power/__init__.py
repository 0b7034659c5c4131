"""Switching activity, dynamic power and leakage of a netlist whose cells may sit on different rails."""

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
