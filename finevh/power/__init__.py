"""Switching activity, dynamic power and leakage of a netlist whose cells may sit on different rails."""

from finevh.power.activity import Activity, activity_from_probabilities
from finevh.power.dynamic import DynamicPower, DynamicResult, PreparedPower
from finevh.power.leakage import LeakageModel, LeakageResult
from finevh.power.simulator import Simulator, simulate
from finevh.power.stimulus import Ports, RandomStimulus, Stimulus, VectorStimulus

__all__ = [
    "Activity",
    "DynamicPower",
    "DynamicResult",
    "LeakageModel",
    "LeakageResult",
    "Ports",
    "PreparedPower",
    "RandomStimulus",
    "Simulator",
    "Stimulus",
    "VectorStimulus",
    "activity_from_probabilities",
    "simulate",
]
