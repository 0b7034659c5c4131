"""Walks a sequential cell through its logic states by single-input ramps, writing the steps of a stimulus."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from finevh.characterization.bench.ramps import Step
from finevh.characterization.cells.topology import LogicState, Topology
from finevh.characterization.corner import Corner

__all__ = ["Walker"]


class Walker:
    """Writes steps while following the logic state; starts with a clock pulse that makes the stored bit known."""

    def __init__(self, corner: Corner, topology: Topology, hold: float) -> None:
        sequential = topology.sequential
        assert sequential is not None
        self.corner, self.topology, self.hold = corner, topology, hold
        self.levels = {pin: corner.vdd * (pin in (sequential.clear, sequential.preset)) for pin in topology.inputs}
        self.initial = dict(self.levels)
        self.state = LogicState(tuple((pin, int(v > 0)) for pin, v in self.levels.items()), None)
        self.steps: list[Step] = []
        self._distances: dict[tuple[LogicState, LogicState], int] = {}
        for bit in (1, 0):
            self.move(sequential.clock, bit * corner.vdd, float(corner.slew_ps[1]), None)

    def nearest(self, goals: Sequence[LogicState]) -> int:
        """Return the position of the goal that the fewest toggles reach, the first of equals."""
        for goal in goals:
            if (self.state, goal) not in self._distances:
                self._distances[self.state, goal] = len(self.topology.path(self.state, goal))
        return min(range(len(goals)), key=lambda i: self._distances[self.state, goals[i]])

    def go(self, goal: LogicState) -> None:
        """Walk to a static state with every input on the cell's own rail."""
        for pin, bit in self.topology.path(self.state, goal):
            self.move(pin, bit * self.corner.vdd, float(self.corner.slew_ps[1]), None)
        for pin, bit in goal.inputs:
            if self.levels[pin] != bit * self.corner.vdd:
                self.move(pin, bit * self.corner.vdd, float(self.corner.slew_ps[1]), None)

    def move(self, pin: str, level: float, slew: float, key: Hashable, hold: float | None = None) -> None:
        """Ramp one input."""
        self.steps.append(Step(pin, level, slew, self.hold if hold is None else hold, key))
        self.levels[pin] = level
        self.state = self.topology.apply(self.state, pin, int(level > 0))
