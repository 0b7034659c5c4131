"""Slacks under a vector of variants, the worst over every situation in which a biased design must meet its clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.polybias.conditions import Condition
from finevh.timing import TimingGraph, TimingState


@dataclass
class _Timed:
    """A condition with its timing under ``variant`` (n_cell)."""

    graph: TimingGraph
    condition: Condition
    state: TimingState
    variant: NDArray[np.int8]

    def restart(self, variant: NDArray[np.int8]) -> NDArray[np.float64]:
        """Time everything; (n_cell) worst slack through each instance, ps."""
        self.variant = variant.copy()
        self.state = self.graph.evaluate(self.condition.cell_vdd, self.variant)
        return self.graph.cell_slacks(self.state, self.condition.period)

    def follow(self, variant: NDArray[np.int8], behind: NDArray[np.bool_]) -> float:
        """Bring the cells that are ``behind`` up to date and return the worst slack, ps."""
        changed = np.flatnonzero(behind).astype(np.int32)
        if len(changed):
            self.variant[changed] = variant[changed]
            self.state = self.graph.update(self.state, changed, self.condition.cell_vdd, self.variant, inplace=True)
        return self.worst_slack()

    def worst_slack(self) -> float:
        """Worst slack, ps."""
        return self.state.worst_slack(self.condition.period)


class TimingOracle:
    """Slacks of a placed design under a variant vector, the worst over several conditions."""

    def __init__(self, graph: TimingGraph, conditions: Sequence[Condition]) -> None:
        """Time the unbiased design in each condition."""
        self._variant = np.zeros(graph.netlist.n_cells, dtype=np.int8)
        graphs = {port: graph.with_port_vdd(port) for port in {condition.port_vdd for condition in conditions}}
        self._timed = []
        for condition in conditions:
            at_port = graphs[condition.port_vdd]
            state = at_port.evaluate(condition.cell_vdd, self._variant)
            self._timed.append(_Timed(at_port, condition, state, self._variant.copy()))
        self._first = self._timed[0]
        self._floor = min(0.0, self.worst_slack())

    def cell_slack(self, variant: NDArray[np.int8], only_violated: bool = False) -> NDArray[np.float64]:
        """(n_cell) worst slack through each instance, ps, over all conditions or those that were violated."""
        self._variant = variant.copy()
        worst = np.full(len(variant), np.inf)
        for timed in self._timed:
            if not only_violated or timed.worst_slack() < self._floor:
                np.minimum(worst, timed.restart(variant), out=worst)
        return worst

    def worst_slack(self) -> float:
        """Worst slack of the variants last tried, ps."""
        return min(timed.worst_slack() for timed in self._timed)

    def try_cells(self, cells: NDArray[np.intp], variants: NDArray[np.int8]) -> float:
        """Change some instances and return the worst slack, ps; after a violated condition the others are not timed.

        A condition that failed is asked first the next time.
        """
        self._variant[cells] = variants
        worst = np.inf
        for place, timed in enumerate(self._timed):
            worst = min(worst, timed.follow(self._variant, timed.variant != self._variant))
            if worst < self._floor:
                self._timed.insert(0, self._timed.pop(place))
                break
        return float(worst)

    def average_path_delay(self) -> float:
        """d_avg of Eq. 4.2: average delay, ps, of a cell on the worst path of the first condition."""
        timed = self._first
        path = timed.graph.critical_path(timed.state, timed.condition.period)
        return float(path.delay[path.cell >= 0].mean())
