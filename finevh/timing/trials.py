"""Changes of a state tried one after the other, those that miss a clock period dropped before all of the graph is evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int
from finevh.timing.compiled import as_int
from finevh.timing.state import TimingState

if TYPE_CHECKING:
    from finevh.timing.engine import TimingGraph


class Trials:
    """Tries changes on a state, one on top of those that were kept.

    The fan-in of the endpoint with the least slack is evaluated first; where that misses the period the rest of the graph
    stays marked, and the change is taken back together with the next one. Each evaluation still has the bits of a full one.

    Parameters
    ----------
    graph, state
        Where to start; ``state`` stays valid.
    period : float
        ps.
    least_slack : float
        ps below which an endpoint misses the period.
    inplace : bool
        Take the arrays of ``state``, which is then no longer valid.
    """

    def __init__(
        self, graph: TimingGraph, state: TimingState, period: float, least_slack: float = 0.0, *, inplace: bool = False
    ) -> None:
        self.graph, self.period, self.least_slack = graph, period, least_slack
        self._state = state if inplace else state.copy()
        """The last state that was evaluated as a whole."""
        self._cell_vdd, self._cell_variant = state.cell_vdd, state.cell_variant
        """Supplies and variants as the arrays of the state have them, a dropped change included."""
        self._row = -2
        n = graph.structure.n_node
        self._dirty = [np.zeros(n, dtype=np.uint8) for _ in self._state.ends]
        self._touched = np.zeros(n, dtype=np.uint8)
        self._aim()

    def _aim(self) -> None:
        """Choose the endpoint to look at first, and find its fan-in and that of its clock."""
        slacks = self._state.slacks(self.period)
        # What follows the clock tree is known only when all of the clock is.
        slacks = np.where(self._state.setup.follows == 0.0, slacks, np.inf)
        row = int(np.argmin(slacks)) if np.isfinite(slacks).any() else -1
        if row == self._row:
            return
        self._row = row
        rows = self._state.setup.rows
        self._first = np.zeros(self.graph.structure.n_node, dtype=np.uint8)
        if self._row >= 0:
            self._first[[v for v in (rows.node[self._row], rows.clock_node[self._row]) if v >= 0]] = 1
            self.graph.kernels.fan_in(self.graph._graph, self._first)

    def attempt(self, cell_vdd: Int, cell_variant: NDArray[np.int8] | None = None) -> TimingState | None:
        """Keep other supplies or variants if no setup slack is below the least; None where they are dropped.

        Parameters
        ----------
        cell_vdd : (n_cell) rows of ``technology.vdds``
        cell_variant : (n_cell) variant of each cell; as they were by default

        Returns
        -------
        TimingState, optional
            Its slacks stay valid, the rest until the next attempt.
        """
        graph, state = self.graph, self._state
        given = state.cell_variant if cell_variant is None else cell_variant.copy()
        if graph.follows_masters:
            found = graph.evaluate(cell_vdd, given, state.cell_type)
            return found if found.worst_slack(self.period) >= self.least_slack else None
        vdd, variant, kind = graph._inputs(cell_vdd, given, state.cell_type)
        changed = np.flatnonzero((vdd != self._cell_vdd) | (variant != self._cell_variant))
        dirty = np.zeros_like(self._touched)
        graph._change(vdd, variant, kind, state.point, as_int(changed), dirty, self._touched)
        self._cell_vdd, self._cell_variant = vdd, variant
        for values, waiting in zip(state.ends, self._dirty, strict=True):
            waiting |= dirty
            graph._advance(state.point, values, waiting, self._touched, False, self._first)
        if self._row >= 0 and graph.slack_of(state, self._row, self.period) < self.least_slack:
            return None
        for values, waiting in zip(state.ends, self._dirty, strict=True):
            graph._advance(state.point, values, waiting, self._touched, False)
        found = graph._finish(vdd, variant, kind, state.point, state.ends, self._touched, state)
        self._touched[:] = 0
        self._state = found
        # What missed the period last is the likeliest to miss it again.
        self._aim()
        return None if found.worst_slack(self.period) < self.least_slack else found
