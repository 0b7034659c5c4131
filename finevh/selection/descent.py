"""``best``: from several maps down by moving one tile or two, cheapest first, then by walks among what the known paths allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from finevh.errors import NotReachableError
from finevh.selection.annealing import Annealing
from finevh.selection.cuts import CutPool
from finevh.selection.greedy import trace
from finevh.selection.search import Archive, Choice, select_lowered
from finevh.selection.tiles import MappedTiming, TiledDesign, TilePower
from finevh.selection.voltage_map import Bits, Interval
from finevh.timing.bounds import BoundPath
from finevh.units import SLACK_TOLERANCE, frequency_mhz

TRIES = 40
"""Most maps that are timed at one frequency and search."""
_EXCHANGES = 60
"""Most high tiles, dearest first, that are exchanged for others in one round."""
_REPAIRS = 3
"""Tries to mend the clock after one tile is lowered."""
_IDLE = 1
"""Walks that find nothing cheaper before they end."""
_WALKED = 16
"""Most maps that are timed at one frequency for the walks among what one set of cuts allows."""
_RAISES = 12
"""Most tiles that are raised, one at a time, to mend a map that the least delays do not forbid."""
_MENDS = 24
"""Most maps that are timed on the way from one that misses the clock to one that meets it."""
_LEARNT = 8
"""Paths that are kept of a map that misses the clock."""
_LATE = 2
"""The same where the least delays do not tell."""
_STUDIED = 16
"""Maps of Algorithm 5's trajectory whose paths are kept."""
_CHEAP = 1e-9
"""Share of the power below which a move costs nothing."""
_WORK = 40_000_000
"""Most pairs of tiles that mending the clock looks at per frequency and search: thousands of steps at 49 tiles, 250 at 400."""
_LEAST_GAIN = 1e-9
"""Share of the power below which a move is no gain."""


class Descent:
    """The search within one interval; what one frequency finds serves all others.

    Parameters
    ----------
    design, interval, periods
        What is searched; periods in ps.
    tries
        Most maps that are timed per frequency, beside the starts.
    starts
        Maps to begin from, with other tiles where they miss the clock; Algorithm 5's trajectory where none are given.
    """

    def __init__(
        self,
        design: TiledDesign,
        interval: Interval,
        periods: Sequence[float],
        tries: int = TRIES,
        starts: Sequence[Bits] | None = None,
    ) -> None:
        self.design, self.interval, self.tries = design, interval, tries
        self.archive = Archive(design, interval, periods)
        self.terms: TilePower = design.tile_power(interval)
        self.bounds = design.path_bounds(interval)
        self.pool = CutPool(design.n_tiles)
        """What maps were refused for, as if paths grew from map to map as their least delays do."""
        self.sure = CutPool(design.n_tiles)
        """The same without that guess: least delays, single maps, and what raising tiles was seen to leave."""
        self.annealing = Annealing(self.terms, design.n_tiles)
        self._work = 0
        self._spare: MappedTiming | None = None
        """The timing of a map that nobody needs any more: the next one starts from it, in its memory."""
        if starts is None:
            self._start()
            return
        for period in self.archive.periods:
            for high in starts:
                self.mend(high, period)

    def _start(self) -> None:
        design, interval, periods = self.design, self.interval, self.archive.periods
        self.archive.add(design.evaluate(interval, np.ones(design.n_tiles, dtype=bool)))
        if not periods:
            return
        # Where one trajectory serves all frequencies only the shortest period is traced; its states hold every other answer.
        for period in [min(periods)] if design.single_trajectory else periods:
            states = trace(design, interval, period).states
            for state in states:
                self.archive.add(state)
            for state in states[:: -(-len(states) // _STUDIED)]:
                missed = [other for other in periods if state.min_period > other + SLACK_TOLERANCE]
                if missed:
                    # The engine has gone on from this state: only its slacks are still there.
                    self._keep(self.bounds.paths(state.high, missed[0], _LEARNT))
        for index, period in enumerate(periods):
            known = self.archive.best(index)
            # Algorithm 5 has no answer: down from all tiles at VddH.
            if known is not None and known.high.all():
                lowered = select_lowered(design, interval, period)
                self.archive.add(design.evaluate(interval, lowered.high))

    def mend(self, high: Bits, period: float) -> None:
        """From a map to one that meets a period, by the cheapest moves that the paths known so far allow."""
        for _ in range(_MENDS):
            timing = self._spare = self.time(high)
            if self.design.worst_slack(timing, period) >= -SLACK_TOLERANCE:
                self.archive.add(timing)
                return
            self.learn(timing, period)
            self._work = _WORK
            found = self._mended(high, period, self.pool)
            if found is None or (found == high).all():
                return
            high = found

    def time(self, high: Bits) -> MappedTiming:
        """Time a map of the interval."""
        spare, self._spare = self._spare, None
        if spare is None:
            return self.design.evaluate(self.interval, high)
        tiles = np.flatnonzero(spare.high != high).tolist()
        return self.design.flip(spare, tiles, consume=True) if tiles else spare

    def learn(self, timing: MappedTiming, period: float) -> bool:
        """Keep why a map misses a period, so that its like are not timed; False where nothing tells.

        Where the least delays do not tell, the map alone is excluded for sure. By guess its worst paths are kept as late as they
        were timed: the search may then pass over a map that works, but never takes one that does not.
        """
        paths = self.bounds.paths_of(timing, period, _LEARNT) or self.bounds.paths(timing.high, period, _LEARNT)
        if paths:
            return self._keep(paths)
        self.sure.add(_other_than(timing))
        late = self.bounds.late_paths(timing, period, _LATE)
        for path, beyond in late:
            self.pool.add(path, reserve=beyond)
        return bool(late)

    def _keep(self, paths: Sequence[BoundPath]) -> bool:
        """Keep paths that are late by their least delays; False where all are known."""
        fresh = [self.pool.add(path) for path in paths]
        for path in paths:
            self.sure.add(path)
        return any(fresh)

    def run(self) -> list[Choice | NotReachableError]:
        """Search at every period by moves, from the longest to the shortest, then by moves and walks on the way back."""
        order = sorted(range(len(self.archive.periods)), key=lambda index: -self.archive.periods[index])
        for index in order:
            self.search(index)
        for index in order[::-1]:
            self.search(index)
            self.walk(index)
        return self.archive.answers()

    def search(self, index: int) -> None:
        """Search at one period: down from the cheapest map known, then exchanges of its high tiles."""
        best = self.archive.best(index)
        if best is None:
            return
        self._work = _WORK
        period, left = self.archive.periods[index], self.descend(best.high, self.archive.periods[index], self.tries)
        while left > 0:
            best = self.archive.best(index)
            assert best is not None
            power, left = self.archive.power(best, index), self._exchange(best.high, index, left)
            best = self.archive.best(index)
            assert best is not None
            if self.archive.power(best, index) >= power * (1.0 - _LEAST_GAIN):
                return
            left = self.descend(best.high, period, left)

    def walk(self, index: int) -> None:
        """Search at one period by walks among what no path forbids, from the cheapest map known."""
        best = self.archive.best(index)
        if best is not None:
            self._work = _WORK
            for cuts in (self.pool, self.sure):
                self._walk(index, _WALKED, cuts)
            self._lower(index, _WALKED)

    def _lower(self, index: int, left: int) -> None:
        """Lower single tiles of the best map, whatever was guessed: only least delays may forbid it untimed."""
        period, met = self.archive.periods[index], True
        while met and left > 0:
            best, met = self.archive.best(index), False
            assert best is not None
            high, saved = best.high, -np.diag(self.terms.flips(best.high, frequency_mhz(period))[1])
            able = high & (saved > 0.0) & (np.diag(self.pool.flips(high, period, proven=True)) <= SLACK_TOLERANCE)
            for tile in sorted(np.flatnonzero(able).tolist(), key=lambda tile: -float(saved[tile]))[:left]:
                lowered = high.copy()
                lowered[tile] = False
                timing = self._spare = self.time(lowered)
                left -= 1
                met = self.design.worst_slack(timing, period) >= -SLACK_TOLERANCE
                if met:
                    self.archive.add(timing)
                    break
                self.learn(timing, period)

    def _exchange(self, high: Bits, index: int, left: int) -> int:
        """Lower each high tile in turn and mend the clock by what the known paths say is cheapest; dearest first."""
        period = self.archive.periods[index]
        _, change = self.terms.flips(high, frequency_mhz(period))
        for tile in sorted(np.flatnonzero(high).tolist(), key=lambda tile: float(change[tile, tile]))[:_EXCHANGES]:
            for _ in range(_REPAIRS):
                best = self.archive.best(index)
                assert best is not None
                found = self._mended(high, period, self.pool, tile)
                if left <= 0 or found is None:
                    break
                if self.terms.power(found, frequency_mhz(period)) >= self.archive.power(best, index) * (
                    1.0 - _LEAST_GAIN
                ):
                    break
                timing = self._spare = self.time(found)
                left -= 1
                if self.design.worst_slack(timing, period) >= -SLACK_TOLERANCE:
                    self.archive.add(timing)
                    break
                self.learn(timing, period)
        return left

    def _walk(self, index: int, left: int, cuts: CutPool) -> None:
        """Time the cheapest maps that cuts allow until walks find none below the best, or so many were timed.

        A map that is missed though the least delays allow it is mended where only sure cuts count.
        """
        period, idle, seed = self.archive.periods[index], 0, 0
        while left > 0 and idle < _IDLE and cuts.cuts:
            best = self.archive.best(index)
            assert best is not None
            ceiling, seed = self.archive.power(best, index) * (1.0 - _LEAST_GAIN), seed + 1
            found = self.annealing.run(cuts, best.high, period, seed)
            if found is not None:
                found = self._mended(found, period, cuts)
            if found is None or self.terms.power(found, frequency_mhz(period)) >= ceiling:
                idle += 1
                continue
            timing = self.time(found)
            left -= 1
            if self.design.worst_slack(timing, period) >= -SLACK_TOLERANCE:
                self.archive.add(timing)
            elif not self.learn(timing, period):
                left = 0 if cuts is self.pool else left
            elif cuts is self.sure:
                left = self._raise(timing, period, ceiling, left)
            self._spare = timing

    def _raise(self, missed: MappedTiming, period: float, ceiling: float, left: int) -> int:
        """Mend a map by raising tiles beside its worst path, cheapest first; returns how many may still be timed.

        A path depends a little on cells beside it: the slower edge of another input, the load of another sink. The least delays
        leave that out, so it is tried: one tile alone, then those that gain most together.
        """
        late = self.bounds.late_paths(missed, period, 1)
        if not late or self.bounds.paths_of(missed, period, 1) or self.bounds.paths(missed.high, period, 1):
            return left
        power, change = self.terms.flips(missed.high, frequency_mhz(period))
        cost, slack = np.diag(change), self.design.worst_slack(missed, period)
        near = self.design.path_neighbours(missed, period) > 0
        tiles = [tile for tile in np.flatnonzero(~missed.high).tolist() if power + cost[tile] < ceiling]
        gains: list[tuple[float, int]] = []
        most = 0.0
        for tile in sorted(tiles, key=lambda tile: (not near[tile], float(cost[tile])))[:_RAISES]:
            if left <= 0:
                break
            gain = self._tried(missed, [tile], period) - slack
            left, most = left - 1, max(most, gain)
            gains.append((gain, tile))
            if slack + gain >= -SLACK_TOLERANCE:
                break
        else:
            both = _enough(gains, -slack)
            raised = missed.high.copy()
            raised[both] = True
            if both and left > 0 and self.terms.power(raised, frequency_mhz(period)) < ceiling:
                left, most = left - 1, max(most, self._tried(missed, both, period) - slack)
        path, beyond = late[0]
        # What no raised tile could gain, no other map is taken to gain; this one stays forbidden in any case.
        self.sure.add(path, reserve=beyond - min(most, -slack - 2 * SLACK_TOLERANCE))
        return left

    def _tried(self, timing: MappedTiming, tiles: list[int], period: float) -> float:
        """Time a map with tiles moved, which becomes an answer where it meets a period; returns its slack, ps."""
        trial = self.design.flip(timing, tiles)
        self.archive.add(trial)
        return self.design.worst_slack(trial, period)

    def _mended(self, high: Bits, period: float, cuts: CutPool, low: int | None = None) -> Bits | None:
        """A map, a tile lowered, that no cut forbids, and none cheaper one or two moves away; None where none is."""
        found, frequency = high.copy(), frequency_mhz(period)
        if low is not None:
            found[low] = False
        for _ in range(len(high)):
            self._work -= len(high) ** 2
            if self._work < 0:
                return None
            _, change = self.terms.flips(found, frequency)
            excess, after = cuts.moves(found, period)
            if low is not None:
                after[low, :] = after[:, low] = np.inf
            able = np.where(after <= SLACK_TOLERANCE, change, np.inf)
            if excess <= SLACK_TOLERANCE and able.min() >= 0.0:
                return found
            if np.isfinite(able.min()):
                move = np.unravel_index(int(np.argmin(able)), able.shape)
            else:
                # No move meets every path: the most time for the power.
                gain = np.where(found[:, None] | found[None, :], 0.0, excess - after)
                worth = np.where(
                    gain > 0.0, gain / np.maximum(change, _CHEAP * self.terms.power(found, frequency)), 0.0
                )
                if worth.max() <= 0.0:
                    return None
                move = np.unravel_index(int(np.argmax(worth)), worth.shape)
            found[list({int(move[0]), int(move[1])})] ^= True
        return None

    def descend(self, high: Bits, period: float, left: int) -> int:
        """Move tiles of a map that meets a period while power falls; returns how many maps may still be timed.

        The map itself is timed again only where there is a move to try.
        """
        design, frequency = self.design, frequency_mhz(period)
        state: MappedTiming | None = None
        refused: set[bytes] = set()
        moved = True
        while moved and left > 0:
            power, change = self.terms.flips(high, frequency)
            change[self.pool.flips(high, period) > SLACK_TOLERANCE] = np.inf
            moved = False
            while left > 0:
                first, second = np.unravel_index(int(np.argmin(change)), change.shape)
                if change[first, second] > -_LEAST_GAIN * power:
                    break
                change[first, second] = change[second, first] = np.inf
                trial = high.copy()
                trial[list({int(first), int(second)})] ^= True
                if trial.tobytes() in refused or self.pool.excess(trial, period) > SLACK_TOLERANCE:
                    continue
                if state is None:
                    state = self.time(high)
                timing = design.flip(state, sorted({int(first), int(second)}))
                left -= 1
                if design.worst_slack(timing, period) >= -SLACK_TOLERANCE:
                    self.archive.add(timing)
                    state, high, moved = timing, trial, True
                    break
                refused.add(trial.tobytes())
                self.learn(timing, period)
        self._spare = state or self._spare
        return left


def _other_than(timing: MappedTiming) -> BoundPath:
    """What excludes the map of a timing wherever it misses the clock, and no other: a path as long as its shortest period."""
    n = len(timing.high)
    delay = np.full((n, 2, 2), timing.min_period * (1.0 / n - 1.0))
    delay[np.arange(n), :, timing.high.astype(int)] = timing.min_period / n
    return BoundPath(1.0, np.full(n, -1, dtype=np.int32), np.arange(n, dtype=np.int32), delay)


def _enough(gains: list[tuple[float, int]], need: float) -> list[int]:
    """Tiles whose gains add up to what is needed, the largest first; none where all are too little."""
    chosen: list[int] = []
    for gain, tile in sorted(gains, key=lambda pair: -pair[0]):
        if gain <= 0.0:
            break
        chosen.append(tile)
        need -= gain
        if need <= 0.0:
            return chosen
    return []


def select_best(design: TiledDesign, interval: Interval, periods: Sequence[float]) -> list[Choice | NotReachableError]:
    """Choose a map for each period, ps: never dearer than Algorithm 5's or than all tiles at VddH.

    Starts are Algorithm 5's trajectory, all tiles at VddH and what neighbouring frequencies found. Moves are weighed exactly
    (:class:`finevh.selection.tiles.TilePower`), those that a known path forbids are not timed. Walks among all maps that the
    known paths allow find what no move of one or two tiles leads to.
    """
    return Descent(design, interval, periods).run()
