"""Changes of a state tried one after the other, those that miss a clock period dropped before all of the graph is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int, Real
from finevh.timing.state import TimingState
from finevh.timing.sweep.arrays import NO_AMPLE
from finevh.timing.sweep.compiled import as_int
from finevh.timing.sweep.forward import EVERYTHING

if TYPE_CHECKING:
    from finevh.timing.engine import TimingGraph

_AMPLE = 1.0
"""ps of slack that is ample where all slacks were found."""


@dataclass(frozen=True)
class _FanIn:
    """What the slack of one endpoint row depends on."""

    row: int
    nodes: NDArray[np.uint8]
    """(n_node) 1 for what leads to its data and to its clock."""

    @staticmethod
    def of_worst(graph: TimingGraph, state: TimingState, period: float, known: _FanIn | None = None) -> _FanIn | None:
        """That of the row with the least slack, None where none is constrained; ``known`` where that is the one."""
        # What follows the clock tree is known only when all of the clock is.
        slacks = np.where(state.setup.follows == 0.0, state.slacks(period), np.inf)
        row = int(np.argmin(slacks)) if np.isfinite(slacks).any() else -1
        if row < 0:
            return None
        if known is not None and known.row == row:
            return known
        rows, nodes = state.setup.rows, np.zeros(graph.structure.n_node, dtype=np.uint8)
        nodes[[v for v in (rows.node[row], rows.clock_node[row]) if v >= 0]] = 1
        graph.kernels.fan_in(graph._graph, nodes)
        return _FanIn(row, nodes)


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
        n = graph.structure.n_node
        self._touched = np.zeros(n, dtype=np.uint8)
        self._dirty = [np.zeros(n, dtype=np.uint8) for _ in state.ends]
        """What waits since a miss was seen before all of the graph was evaluated, or where slack is ample."""
        self._due = state.setup.coefficient * period
        """(n_row) ps at which each setup row is due."""
        self._waits = False
        self._first: _FanIn | None = None
        self._ample = NO_AMPLE
        """(2 * n_node) ps, the latest arrivals of the first tag with ample slack when slacks of cells were asked for last."""
        self.worst_slack = state.worst_slack(period)
        """ps; where a miss was seen first, that of its endpoint."""

    def _take(self, variant: NDArray[np.int8]) -> bool:
        """Mark what other variants (n_cell) change; False where nothing waits."""
        cells = as_int(np.flatnonzero(self.variant != variant))
        if len(cells):
            state, first = self.state, self._dirty[0]
            dirty = first if len(self._dirty) == 1 else np.zeros_like(first)
            self.variant[cells] = variant[cells]
            self.graph._change(state.cell_vdd, self.variant, state.cell_type, state.point, cells, dirty, self._touched)
            if dirty is not first:
                for waiting in self._dirty:
                    waiting |= dirty
            self._waits = True
        return self._waits

    def follow(self, variant: NDArray[np.int8], quicker: bool = False) -> float:
        """Time variants (n_cell); returns the worst slack, ps.

        ``quicker``: delays only fell since :meth:`cell_slacks` was asked last, so what had ample slack then is not followed
        where its arrivals alone changed. It waits; slacks that are not ample are exact.
        """
        if not self._take(variant):
            return self.worst_slack
        graph, state, touched = self.graph, self.state, self._touched
        if not quicker:
            self._ample = NO_AMPLE
        for values, waiting in zip(state.ends, self._dirty, strict=True):
            ample = self._ample if quicker and values is state.late and not graph.follows_masters else NO_AMPLE
            graph._advance(state.point, values, waiting, touched, False, ample=ample)
        if graph.follows_masters:
            graph._settle(state.point, state.ends)
            touched[:] = EVERYTHING
        self.state = graph._finish(
            state.cell_vdd, self.variant, state.cell_type, state.point, state.ends, touched, state
        )
        touched[:], self._waits = 0, quicker
        self.worst_slack = float((self._due - self.state.setup_need).min(initial=np.inf))
        return self.worst_slack

    def misses(self, variant: NDArray[np.int8], least_slack: float) -> bool:
        """Whether the endpoint that :meth:`aim` chose has less slack, ps, under variants (n_cell); False may be wrong.

        Its fan-in alone is evaluated, the rest waits until :meth:`follow`.
        """
        first = self._first
        if first is None or self.graph.follows_masters or not self._take(variant):
            return False
        graph, state = self.graph, self.state
        for values, waiting in zip(state.ends, self._dirty, strict=True):
            graph._advance(state.point, values, waiting, self._touched, False, first.nodes)
        slack = graph.slack_of(state, first.row, self.period)
        if slack >= least_slack:
            return False
        self.worst_slack = slack
        return True

    def aim(self) -> None:
        """Let :meth:`misses` look at the endpoint that has the least slack now."""
        self._first = _FanIn.of_worst(self.graph, self.state, self.period, self._first)

    def cell_slacks(self, below: float = np.inf) -> Real:
        """(n_cell) worst slack through each cell, ps, exact where it is less than ``below``."""
        required, slack = self.graph.required_and_slacks(self.state, self.period, below)
        if self.graph.tags.n and not self.graph.tags.tags[0].is_clock:
            self._ample = required[0].reshape(-1) - (_AMPLE if below == np.inf else below)
        return slack


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
        """Choose the endpoint to look at first."""
        self._first = _FanIn.of_worst(self.graph, self._state, self.period)

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
        for waiting in self._dirty:
            waiting |= dirty
        if self._first is not None:
            for values, waiting in zip(state.ends, self._dirty, strict=True):
                graph._advance(state.point, values, waiting, self._touched, False, self._first.nodes)
            if graph.slack_of(state, self._first.row, self.period) < self.least_slack:
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
