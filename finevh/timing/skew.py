"""Insertion delay of the clock, and its skew, at all registers of a timing state."""

from __future__ import annotations

from dataclasses import dataclass

from finevh.timing.engine import TimingGraph
from finevh.timing.state import TimingState


@dataclass(frozen=True)
class Insertion:
    """When the clock reaches the registers, ps."""

    least: float
    mean: float
    most: float

    @property
    def skew(self) -> float:
        """Difference of the latest and the earliest, ps."""
        return self.most - self.least


def insertion_of(graph: TimingGraph, state: TimingState) -> Insertion:
    """Arrivals of the clock at all registers, ps; nan where there are none."""
    _, arrival = graph.clock_arrivals(state)
    if not len(arrival):
        return Insertion(*(3 * (float("nan"),)))
    return Insertion(float(arrival.min()), float(arrival.mean()), float(arrival.max()))
