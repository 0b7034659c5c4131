"""``exact``: the cheapest map of a mesh of up to a hundred tiles, and a proven lower bound where time ends first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from finevh.config import EXACT_TILES
from finevh.errors import InputError, NotReachableError
from finevh.selection.descent import Descent
from finevh.selection.milp import Linear, Row, path_row, quadratic_below, solve
from finevh.selection.search import Choice
from finevh.selection.tiles import MappedTiming, TiledDesign
from finevh.selection.voltage_map import Bits, Interval
from finevh.timing.bounds import TOLERANCE
from finevh.units import SLACK_TOLERANCE, frequency_mhz

EXACT_SECONDS = 30.0
"""Time limit of a point, s."""
_CLOSED = 1e-6
"""Relative gap below which an answer is the best there is."""
_PATHS = 24
"""Path cuts taken from one map."""


class ExactSearch:
    """Solves one interval, period by period; cuts and maps serve all of them."""

    def __init__(self, design: TiledDesign, interval: Interval, periods: Sequence[float], seconds: float) -> None:
        if design.n_tiles > EXACT_TILES:
            raise InputError(
                f"the exact selector takes at most {EXACT_TILES} tiles, this mesh has {design.n_tiles}: use 'best'"
            )
        self.design, self.interval, self.seconds = design, interval, seconds
        self.descent = Descent(design, interval, periods)
        self.archive = self.descent.archive

    def run(self) -> list[Choice | NotReachableError]:
        """Solve every period."""
        if self.archive.periods:
            self.descent.run()
        bounds, times = [], []
        for index in range(len(self.archive.periods)):
            start = time.perf_counter()
            bounds.append(self.solve(index, start + self.seconds))
            times.append(time.perf_counter() - start)
        return [
            answer if isinstance(answer, NotReachableError) else replace(answer, bound=bound, seconds=spent)
            for answer, bound, spent in zip(self.archive.answers(), bounds, times, strict=True)
        ]

    def solve(self, index: int, until: float) -> float:
        """Solve one period until a time; returns the proven bound, mW."""
        archive, period = self.archive, self.archive.periods[index]
        frequency = frequency_mhz(period)
        best = archive.best(index)
        if best is None:
            return float("nan")
        terms = self.descent.terms.dynamic.scaled(frequency * 1e-6) + self.descent.terms.leakage
        rows: list[Row] = []
        forbidden: list[Row] = []
        bound, used = -np.inf, 0
        while time.perf_counter() < until:
            best = archive.best(index)
            assert best is not None
            power = archive.power(best, index)
            if bound >= power * (1.0 - _CLOSED):
                break
            for cut in self.descent.pool.cuts[used:]:
                if cut.reserve == 0.0:
                    limit = cut.path.coefficient * period * (1.0 + TOLERANCE)
                    rows.append(Row(path_row(cut.path), limit))
            used = len(self.descent.pool.cuts)
            objective = quadratic_below(terms, best.high)
            found = solve(
                self.design.n_tiles,
                objective,
                rows + forbidden,
                power * (1.0 - _CLOSED / 2),
                until - time.perf_counter(),
            )
            bound = max(bound, found.bound)
            if found.high is None:
                break
            row = self._study(index, found.high, period)
            if row is not None:
                forbidden.append(row)
            if not found.closed:
                break
        best = archive.best(index)
        assert best is not None
        return min(bound, archive.power(best, index))

    def _study(self, index: int, high: Bits, period: float) -> Row | None:
        """Time a map of the program: it becomes an answer or gives cuts; where no cut tells it from others, it is excluded."""
        timing = self.design.evaluate(self.interval, high)
        limit = period * (1.0 + TOLERANCE)
        paths = self.descent.bounds.paths_of(timing, limit, _PATHS) + self.descent.bounds.paths(high, limit, _PATHS)
        fresh = [self.descent.pool.add(path) for path in paths]
        if self._meets(timing, period):
            self.archive.add(timing)
            self.descent.tries = 20
            self.descent.descend(high, period, 20)
            return _other_than(high)
        return None if any(fresh) else _other_than(high)

    def _meets(self, timing: MappedTiming, period: float) -> bool:
        return self.design.worst_slack(timing, period) >= -SLACK_TOLERANCE


def _other_than(high: Bits) -> Row:
    """At least one tile differs from a map whose timing and power are known."""
    # The number of tiles that differ, with its sign changed, is at most -1.
    signs = {tile: 1.0 if bit else -1.0 for tile, bit in enumerate(high.tolist())}
    return Row(Linear(-float(high.sum()), signs), -1.0)


def select_exact(
    design: TiledDesign, interval: Interval, periods: Sequence[float], seconds: float = EXACT_SECONDS
) -> list[Choice | NotReachableError]:
    """Choose the cheapest map for each period, ps, with a proven bound; each period ends after ``seconds`` at the latest.

    Raises
    ------
    InputError
        For more than ``EXACT_TILES`` tiles.
    """
    return ExactSearch(design, interval, periods, seconds).run()
