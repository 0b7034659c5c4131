"""Changes of a state tried one after the other, those that miss a clock period dropped before all of the graph is evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int, Real
from finevh.timing.state import TimingState
from finevh.timing.sweep.compiled import as_int

if TYPE_CHECKING:
    from finevh.timing.engine import TimingGraph


class VariantTrials:
    """Follows one netlist's variants at fixed supplies; its numbers have the bits of a full evaluation.

    Parameters
    ----------
    graph, state
        Where to start; the memory of ``state`` is taken.
    period : float
        ps.
    """

    def __init__(self, graph: TimingGraph, state: TimingState, period: float) -> None:
        self.graph, self.state, self.period = graph, state, period
        self.variant = state.cell_variant.copy()
        """(n_cell) variants that were timed last."""
        self._touched = np.zeros(graph.structure.n_node, dtype=np.uint8)
        self.worst_slack = state.worst_slack(period)
        """ps."""

    def follow(self, variant: NDArray[np.int8]) -> float:
        """Time variants (n_cell); returns the worst slack, ps."""
        cells = as_int(np.flatnonzero(self.variant != variant))
        if not len(cells):
            return self.worst_slack
        graph, state, touched = self.graph, self.state, self._touched
        self.variant[cells] = variant[cells]
        touched[:] = 0
        dirty = np.zeros_like(touched)
        graph._change(state.cell_vdd, self.variant, state.cell_type, state.point, cells, dirty, touched)
        for values in state.ends:
            graph._advance(state.point, values, dirty.copy(), touched, False)
        if graph.follows_masters:
            graph._settle(state.point, state.ends)
            touched[:] = 1
        self.state = graph._finish(
            state.cell_vdd, self.variant, state.cell_type, state.point, state.ends, touched, state
        )
        self.worst_slack = self.state.worst_slack(self.period)
        return self.worst_slack

    def cell_slacks(self, below: float = np.inf) -> Real:
        """(n_cell) worst slack through each cell, ps, exact where it is less than ``below``."""
        return self.graph.cell_slacks(self.state, self.period, below)


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
    """

    def __init__(self, graph: TimingGraph, state: TimingState, period: float, least_slack: float = 0.0) -> None:
        self.graph, self.period, self.least_slack = graph, period, least_slack
        self._state = state.copy()
        """The last state that was evaluated as a whole."""
        self._cell_vdd = state.cell_vdd
        """Supplies as the arrays of the state have them, a dropped change included."""
        n = graph.structure.n_node
        self._dirty = [np.zeros(n, dtype=np.uint8) for _ in self._state.ends]
        self._touched = np.zeros(n, dtype=np.uint8)
        self._aim()

    def _aim(self) -> None:
        """Choose the endpoint to look at first, and find its fan-in and that of its clock."""
        slacks = self._state.slacks(self.period)
        # What follows the clock tree is known only when all of the clock is.
        slacks = np.where(self._state.setup.follows == 0.0, slacks, np.inf)
        self._row = int(np.argmin(slacks)) if np.isfinite(slacks).any() else -1
        rows = self._state.setup.rows
        self._first = np.zeros(self.graph.structure.n_node, dtype=np.uint8)
        if self._row >= 0:
            self._first[[v for v in (rows.node[self._row], rows.clock_node[self._row]) if v >= 0]] = 1
            self.graph.kernels.fan_in(self.graph._graph, self._first)

    def attempt(self, cell_vdd: Int) -> TimingState | None:
        """Keep other supplies if no setup slack is below the least; None where they are dropped.

        Parameters
        ----------
        cell_vdd : (n_cell) rows of ``technology.vdds``

        Returns
        -------
        TimingState, optional
            Its slacks stay valid, the rest until the next attempt.
        """
        graph, state = self.graph, self._state
        if graph.follows_masters:
            found = graph.evaluate(cell_vdd, state.cell_variant, state.cell_type)
            return found if found.worst_slack(self.period) >= self.least_slack else None
        vdd, variant, kind = graph._inputs(cell_vdd, state.cell_variant, state.cell_type)
        dirty = np.zeros_like(self._touched)
        graph._change(
            vdd, variant, kind, state.point, as_int(np.flatnonzero(vdd != self._cell_vdd)), dirty, self._touched
        )
        self._cell_vdd = vdd
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
        if found.worst_slack(self.period) < self.least_slack:
            return None
        self._aim()
        return found
