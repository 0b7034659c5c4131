"""Multi-Vdd static timing: constraints, graph, compiled evaluation, reports."""

from finevh.timing.constraints import Clock, Constraints, Objects, single_clock
from finevh.timing.engine import TimingGraph, TimingState

__all__ = ["Clock", "Constraints", "Objects", "TimingGraph", "TimingState", "single_clock"]
