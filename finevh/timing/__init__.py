"""Multi-Vdd static timing: constraints, graph, compiled evaluation, reports."""

from finevh.timing.constraints import Clock, Constraints, Objects, single_clock
from finevh.timing.engine import TimingGraph, TimingState
from finevh.timing.sdc import parse_sdc, read_sdc

__all__ = ["Clock", "Constraints", "Objects", "TimingGraph", "TimingState", "parse_sdc", "read_sdc", "single_clock"]
