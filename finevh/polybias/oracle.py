"""Slacks under a vector of variants, the worst over every situation in which a biased design must meet its clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.polybias.conditions import Condition
from finevh.timing import TimingGraph, TimingState, Trials


@dataclass
class _Timed:
    """A condition with its timing under ``variant`` (n_cell), the variants tried last."""

    graph: TimingGraph
    condition: Condition
    state: TimingState | None
    variant: NDArray[np.int8]
    worst: float
    """Worst slack, ps; -inf after a trial that failed."""
    trials: Trials | None = None

    def restart(self, variant: NDArray[np.int8]) -> NDArray[np.float64]:
        """Time everything; (n_cell) worst slack through each instance, ps."""
        self.variant = variant.copy()
        self.state, self.trials = self.graph.evaluate(self.condition.cell_vdd, self.variant), None
        self.worst = self.state.worst_slack(self.condition.period)
        return self.graph.cell_slacks(self.state, self.condition.period)

    def follow(self, variant: NDArray[np.int8], floor: float) -> float:
        """Take over variants and return the worst slack, ps: -inf where it is below ``floor``."""
        if np.array_equal(variant, self.variant):
            return self.worst
        if self.trials is None:
            assert self.state is not None
            self.trials = Trials(self.graph, self.state, self.condition.period, floor, inplace=True)
            self.state = None
        self.variant = variant.copy()
        found = self.trials.attempt(self.condition.cell_vdd, self.variant)
        self.worst = -np.inf if found is None else found.worst_slack(self.condition.period)
        return self.worst


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
            worst = state.worst_slack(condition.period)
            self._timed.append(_Timed(at_port, condition, state, self._variant.copy(), worst))
        self._average = self._average_delay()
        self._floor = min(0.0, self.worst_slack())
        self._kept, self._kept_worst = self._variant.copy(), self.worst_slack()
        """The last variants that met every condition, and their worst slack."""

    def cell_slack(self, variant: NDArray[np.int8], only_violated: bool = False) -> NDArray[np.float64]:
        """(n_cell) worst slack through each instance, ps, over all conditions or those that were violated."""
        self._variant = variant.copy()
        worst = np.full(len(variant), np.inf)
        for timed in self._timed:
            if not only_violated or timed.worst < self._floor:
                np.minimum(worst, timed.restart(variant), out=worst)
        if not only_violated and self.worst_slack() >= self._floor:
            self._kept, self._kept_worst = self._variant.copy(), self.worst_slack()
        return worst

    def worst_slack(self) -> float:
        """Worst slack of the variants last tried, ps."""
        return min(timed.worst for timed in self._timed)

    def try_cells(self, cells: NDArray[np.intp], variants: NDArray[np.int8]) -> float:
        """Change some instances and return the worst slack, ps; after a violated condition the others are not timed.

        A condition that failed is asked first the next time. Variants that were kept before are not timed again: they are
        taken over together with the next change.
        """
        self._variant[cells] = variants
        if np.array_equal(self._variant, self._kept):
            return self._kept_worst
        worst = np.inf
        for place, timed in enumerate(self._timed):
            worst = min(worst, timed.follow(self._variant, self._floor))
            if worst < self._floor:
                self._timed.insert(0, self._timed.pop(place))
                return float(worst)
        self._kept, self._kept_worst = self._variant.copy(), float(worst)
        return float(worst)

    def average_path_delay(self) -> float:
        """d_avg of Eq. 4.2: average delay, ps, of a cell on the worst path of the first condition, without bias."""
        return self._average

    def _average_delay(self) -> float:
        timed = self._timed[0]
        assert timed.state is not None
        path = timed.graph.critical_path(timed.state, timed.condition.period)
        return float(path.delay[path.cell >= 0].mean())
