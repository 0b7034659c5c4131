"""Slacks under a vector of variants, the worst over every situation in which a biased design must meet its clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from finevh.base.threads import SideBySide
from finevh.polybias.conditions import Condition
from finevh.timing import TimingGraph
from finevh.timing.trials import VariantTrials

Variants = NDArray[np.int8]
Real = NDArray[np.float64]

_AMPLE = 4.0
"""How many times the delay that a trial adds to its cells slack must exceed the floor where a condition is not asked at once."""
_MARGIN = 1.0
"""ps above the floor up to which slacks of late paths are followed back: more than cells that are given back, and so become
quicker, make a path slower."""


class _Watch:
    """One condition, and which trials have to be timed in it at once."""

    def __init__(self, number: int, timed: VariantTrials, delay: float) -> None:
        self.number, self.timed = number, timed
        self.delay = delay
        """ps, average delay of a cell on the worst path."""
        self.looked = False
        """Whether slack around cells was looked at since the variants were committed."""
        self.always = False
        """Ask for every trial: one that seemed to have ample slack had not."""
        self.ample = _AMPLE
        self.met = 0
        """How many of the trials kept since the last confirmation it is known to meet."""


class TimingOracle:
    """Slacks of a placed design under a variant vector, the worst over several conditions.

    A trial is timed in the conditions in which slack around its cells was not ample when it was looked at last; the others
    are asked when trials are confirmed.
    """

    def __init__(
        self, graph: TimingGraph, conditions: Sequence[Condition], cores: Callable[[], int] = lambda: 1
    ) -> None:
        """Time the unbiased design in each condition; ``cores`` says how many threads may be used, whenever it is asked."""
        self._side_by_side = SideBySide(cores)
        self._variant = np.zeros(graph.netlist.n_cells, dtype=np.int8)
        self._confirmed = self._variant.copy()
        self._slowdown = np.array([variant.slowdown for variant in graph.technology.variants])
        structure = graph.structure
        driver, sink = structure.node_cell[structure.sink_node], structure.sink_cell
        inner = (driver >= 0) & (sink >= 0)
        self._joined = driver[inner], sink[inner]
        """Instances that a net joins: its driver and one that it drives."""
        graphs = {port: graph.with_port_vdd(port) for port in {condition.port_vdd for condition in conditions}}
        self._watches: list[_Watch] = []
        """The one that was violated last comes first."""
        for condition in conditions:
            at_port = graphs[condition.port_vdd]
            state = at_port.evaluate(condition.cell_vdd, self._variant)
            timed = VariantTrials(at_port, state, condition.period)
            self._watches.append(_Watch(len(self._watches), timed, _average_delay(timed)))
        self._delays = np.array([watch.delay for watch in self._watches])
        self._slacks = np.empty((len(self._variant), len(self._watches)))
        """(n_cell, n_condition) ps around each cell when it was looked at last; trials since then leave less."""
        self._timed = [watch.timed for watch in self._watches]
        self._floor = min(0.0, self.worst_slack())
        self._in_doubt = False
        self._kept: list[tuple[NDArray[np.intp], int]] = []
        """Cells and variant of the trials that were kept since the last confirmation."""
        self._average = self._watches[0].delay

    def cell_slack(self, variant: Variants, only_violated: bool = False) -> Real:
        """(n_cell) worst slack through each instance, ps, over all conditions or those that were violated.

        Of the violated ones only slacks below the floor are exact.
        """
        self._variant = variant.copy()
        below = self._floor + _MARGIN if only_violated else np.inf

        def slacks(timed: VariantTrials) -> Real:
            timed.follow(variant, quicker=only_violated)
            return timed.cell_slacks(below)

        asked = [timed for timed in self._timed if not only_violated or timed.worst_slack < self._floor]
        worst = np.full(len(variant), np.inf)
        for found in self._side_by_side(slacks, asked):
            np.minimum(worst, found, out=worst)
        return worst

    def beside(self, slack: Real) -> Real:
        """(n_cell) least of each instance's slack and those of the instances that its nets join, ps."""
        driver, sink = self._joined
        near = slack.copy()
        np.minimum.at(near, sink, slack[driver])
        np.minimum.at(near, driver, slack[sink])
        return near

    def worst_slack(self) -> float:
        """Worst slack of the variants that each condition was timed with last, ps."""
        return min(timed.worst_slack for timed in self._timed)

    def time(self, variant: Variants) -> float:
        """Time variants in every condition; returns the worst slack, ps."""
        self._variant, self._confirmed, self._kept = variant.copy(), variant.copy(), []
        for watch in self._watches:
            watch.looked, watch.always, watch.ample, watch.met = False, False, _AMPLE, 0
        return min(self._follow(self._watches, variant))

    def try_cells(self, cells: NDArray[np.intp], stage: int) -> bool:
        """Give instances a variant, and keep it unless a condition that is asked is violated."""
        trial = self._variant.copy()
        trial[cells] = stage
        added = len(cells) * float(self._slowdown[stage])
        self._in_doubt = False
        self._look([watch for watch in self._watches if not watch.looked])
        rooms = self._rooms(cells)
        asked = [watch for watch in self._watches if watch.always or rooms[watch.number] < watch.ample * added]
        # Most of what is refused misses where the last one did: that endpoint alone costs little.
        watch = self._watches[0]
        near = watch.always or rooms[watch.number] < added
        if near and watch.timed.misses(trial, self._floor):
            self._refuse(watch)
            return False
        done, size = 0, 1
        while done < len(asked):
            # One after the other, or as many more as threads are worth: what misses first decides.
            some = asked[done : done + (size if self._side_by_side.threads() > 1 else 1)]
            for watch, slack in zip(some, self._follow(some, trial), strict=True):
                if slack < self._floor:
                    watch.timed.aim()
                    self._refuse(watch)
                    return False
                # A slower cell makes no path faster: what was kept before is met, too.
                watch.met = len(self._kept)
            done, size = done + len(some), 2 * size
        self._kept.append((cells, stage))
        for watch in asked:
            watch.met = len(self._kept)
        self._variant = trial
        return True

    def _rooms(self, cells: NDArray[np.intp]) -> list[float]:
        """Average delays that fit into the slack around cells above the floor, in each condition."""
        rooms: list[float] = ((self._slacks[cells].min(axis=0, initial=np.inf) - self._floor) / self._delays).tolist()
        return rooms

    def _refuse(self, watch: _Watch) -> None:
        """Put a condition that refused a trial first, and ask whether it is met without the trial."""
        self._watches.remove(watch)
        self._watches.insert(0, watch)
        if watch.met < len(self._kept):
            self._in_doubt = watch.timed.follow(self._variant) < self._floor
            watch.met = watch.met if self._in_doubt else len(self._kept)

    def in_doubt(self) -> bool:
        """Whether the condition that refused the last trial is violated without it, too."""
        return self._in_doubt

    def confirm(self) -> int:
        """How many of the trials kept since the last time meet every condition; the first that does not goes, and all after it.

        Conditions that are violated are asked for every trial until the next success.
        """
        slacks = self._follow(self._watches, self._variant)
        violated = [watch for watch, slack in zip(self._watches, slacks, strict=True) if slack < self._floor]
        held = len(self._kept)
        for watch in violated:
            held = self._held(watch, held)
        self._variant = self._after(held)
        self._confirmed, self._kept = self._variant.copy(), []
        for watch in self._watches:
            watch.met = 0
        if not violated:
            self._look([watch for watch in self._watches if watch.always])
        for watch in violated:
            watch.always, watch.ample = True, 2.0 * watch.ample
        self._watches = [*violated, *(watch for watch in self._watches if watch not in violated)]
        return held

    def _held(self, watch: _Watch, most: int) -> int:
        """How many of the first ``most`` trials, one after the other, a condition holds with.

        Not by halves: a slower cell may make a path faster by some thousandths of a picosecond.
        """
        for count in range(1, most + 1):
            if watch.timed.follow(self._after(count)) < self._floor:
                return count - 1
        return most

    def _after(self, count: int) -> Variants:
        """(n_cell) variants after the first trials that were kept since the last confirmation."""
        variant = self._confirmed.copy()
        for cells, stage in self._kept[:count]:
            variant[cells] = stage
        return variant

    def _follow(self, watches: Sequence[_Watch], variant: Variants) -> list[float]:
        """Worst slacks, ps, of conditions under variants."""
        return self._side_by_side(lambda watch: watch.timed.follow(variant), watches)

    def _look(self, watches: Sequence[_Watch]) -> None:
        """Find the slack around each cell in conditions under what was kept; they need not be asked for every trial."""

        def slack(watch: _Watch) -> Real:
            watch.timed.follow(self._variant)
            return self.beside(watch.timed.cell_slacks())

        for watch, found in zip(watches, self._side_by_side(slack, watches), strict=True):
            self._slacks[:, watch.number], watch.looked, watch.always = found, True, False

    def average_path_delay(self) -> float:
        """d_avg of Eq. 4.2: average delay, ps, of a cell on the worst path of the first condition."""
        return self._average


def _average_delay(timed: VariantTrials) -> float:
    """Average delay, ps, of a cell on the worst path of a condition."""
    path = timed.graph.critical_path(timed.state, timed.period)
    return float(path.delay[path.cell >= 0].mean())
