"""What an evaluation returns: arrivals and needs of all endpoints, and paths."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.technology.model import Int, Real
from finevh.timing.graph.endpoints import Endpoints
from finevh.timing.sweep.arrays import Point, Values


def min_period(need: Real, coefficient: Real) -> float:
    """Shortest period, ps, of rows with a setup need, ps, and a number of periods each."""
    reached = np.isfinite(need) & (coefficient > 0)
    return float((need[reached] / coefficient[reached]).max(initial=0.0))


@dataclass(frozen=True)
class TimingState:
    """Result of one evaluation. ``late`` holds the longest paths, ``early`` the shortest (None unless asked for)."""

    cell_vdd: Int
    cell_variant: NDArray[np.int8]
    cell_type: Int
    point: Point
    late: Values
    early: Values | None
    setup: Endpoints
    setup_base: Real
    """(n_row) ps that each setup row needs, without what follows the clock tree."""
    hold: Endpoints
    hold_base: Real | None
    insertion: float = 0.0
    """Mean arrival, ps, of the clocks at the registers; 0 where clocks are ideal."""

    @property
    def setup_need(self) -> Real:
        """(n_row) ps that each setup row needs."""
        return self.setup_base + self.setup.follows * self.insertion if self.insertion else self.setup_base

    @property
    def hold_need(self) -> Real | None:
        """(n_row) ps that each hold row needs; None unless the shortest paths were evaluated."""
        if self.hold_base is None or not self.insertion:
            return self.hold_base
        return self.hold_base + self.hold.follows * self.insertion

    @property
    def ends(self) -> list[Values]:
        """The longest paths, and the shortest where they were asked for."""
        return [self.late] if self.early is None else [self.late, self.early]

    def copy(self) -> TimingState:
        """The same state in memory of its own."""
        early = None if self.early is None else self.early.copy()
        return replace(self, point=self.point.copy(), late=self.late.copy(), early=early)

    def slacks(self, period: float) -> Real:
        """(n_row) setup slack, ps, of each endpoint row at a period in ps."""
        return np.asarray(self.setup.coefficient * period - self.setup_need)

    def worst_slack(self, period: float) -> float:
        """Worst setup slack, ps, at a period in ps; inf where nothing is constrained."""
        return float(self.slacks(period).min(initial=np.inf))

    def min_period(self) -> float:
        """Shortest period, ps, without a negative setup slack; input and output delays stay as they are."""
        return min_period(self.setup_need, self.setup.coefficient)

    def hold_slacks(self, period: float) -> Real:
        """(n_row) hold slack, ps, of each endpoint row.

        Raises
        ------
        InputError
            If the state was evaluated without early arrivals.
        """
        need = self.hold_need
        if need is None:
            raise InputError("hold slacks need a graph made with hold=True")
        return np.asarray(self.hold.coefficient * period - need)

    def worst_hold_slack(self, period: float) -> float:
        """Worst hold slack, ps."""
        return float(self.hold_slacks(period).min(initial=np.inf))


@dataclass(frozen=True)
class Path:
    """One path from its source to an endpoint row, in order; a step is a driver and the arc into it."""

    row: int
    node: Int
    edge: Int
    """0 rise, 1 fall of the step's driver."""
    arc: Int
    """Row of the structure's arcs, -1 at the source."""
    cell: Int
    """Instance of each step, -1 for a port."""
    arrival: Real
    """ps."""
    delay: Real
    """ps of the arc."""
    slew: Real
    """ps at the driver."""
    load: Real
    """fF."""
