"""Slacks under a vector of variants, the worst over every situation in which a biased design must meet its clock."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from finevh.polybias.conditions import Condition
from finevh.timing import TimingGraph
from finevh.timing.trials import VariantTrials


class TimingOracle:
    """Slacks of a placed design under a variant vector, the worst over several conditions.

    Trials are timed in the conditions that are *watched*, those that were violated before; the others are asked when trials
    are confirmed.
    """

    def __init__(self, graph: TimingGraph, conditions: Sequence[Condition]) -> None:
        """Time the unbiased design in each condition."""
        self._variant = np.zeros(graph.netlist.n_cells, dtype=np.int8)
        self._confirmed = self._variant.copy()
        graphs = {port: graph.with_port_vdd(port) for port in {condition.port_vdd for condition in conditions}}
        self._timed = []
        for condition in conditions:
            at_port = graphs[condition.port_vdd]
            state = at_port.evaluate(condition.cell_vdd, self._variant)
            self._timed.append(VariantTrials(at_port, state, condition.period))
        self._watched: list[VariantTrials] = []
        """The one that was violated last comes first."""
        self._floor = min(0.0, self.worst_slack())

    def cell_slack(self, variant: NDArray[np.int8], only_violated: bool = False) -> NDArray[np.float64]:
        """(n_cell) worst slack through each instance, ps, over all conditions or those that were violated."""
        self._variant = variant.copy()
        worst = np.full(len(variant), np.inf)
        asked = [timed for timed in self._timed if not only_violated or timed.worst_slack < self._floor]
        for timed in asked:
            timed.follow(variant)
            np.minimum(worst, timed.cell_slacks(), out=worst)
        if only_violated:
            self._watched = asked
        return worst

    def worst_slack(self) -> float:
        """Worst slack of the variants that each condition was timed with last, ps."""
        return min(timed.worst_slack for timed in self._timed)

    def time(self, variant: NDArray[np.int8]) -> float:
        """Time variants in every condition; returns the worst slack, ps."""
        self._variant, self._confirmed = variant.copy(), variant.copy()
        return min(timed.follow(variant) for timed in self._timed)

    def try_cells(self, cells: NDArray[np.intp], stage: int) -> bool:
        """Give instances a variant, and keep it unless a watched condition is violated."""
        trial = self._variant.copy()
        trial[cells] = stage
        for place, timed in enumerate(self._watched):
            if timed.follow(trial) < self._floor:
                self._watched.insert(0, self._watched.pop(place))
                return False
        self._variant = trial
        return True

    def confirm(self) -> bool:
        """Whether what was kept since the last time violates no condition; if one, it is watched and all of it given back."""
        violated = [timed for timed in self._timed if timed.follow(self._variant) < self._floor]
        if violated:
            self._watched = [*violated, *(timed for timed in self._watched if timed not in violated)]
            self._variant = self._confirmed.copy()
            return False
        self._confirmed = self._variant.copy()
        return True

    def average_path_delay(self) -> float:
        """d_avg of Eq. 4.2: average delay, ps, of a cell on the worst path of the first condition."""
        timed = self._timed[0]
        path = timed.graph.critical_path(timed.state, timed.period)
        return float(path.delay[path.cell >= 0].mean())
