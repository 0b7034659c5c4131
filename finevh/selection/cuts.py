"""Path cuts: what is known about the paths between the tiles, as sums over pairs of tiles that cost microseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.base.sorting import stable_order
from finevh.selection.voltage_map import Bits
from finevh.timing.bounds import BoundPath

_CLOSE = 1e-6
"""ps, more than sums in another order may differ."""
_KEPT = 32 << 20
"""Bytes of tables of moves that a pool keeps."""


@dataclass(frozen=True)
class PathCut:
    """A path whose least delays add up to more than a clock allows: terms of equal tiles added up.

    A map is forbidden at a period T where :meth:`BoundPath.need` exceeds ``coefficient * T - reserve``.
    """

    path: BoundPath
    reserve: float = 0.0
    """What the least delays are known to leave out under one map, ps; zero for a cut that forbids no map that works."""


class _Moves(NamedTuple):
    """What the first cuts of a pool say of a map: searches ask about few maps, again and again, as cuts are learnt."""

    cuts: int
    worst: float
    found: NDArray[np.float64]
    """(n_tiles, n_tiles); not to be changed."""


@dataclass
class CutPool:
    """Path cuts of one interval, each kept once; serves every frequency."""

    n_tiles: int
    cuts: list[PathCut] = field(default_factory=list)
    _known: set[bytes] = field(default_factory=set)
    _packed: int = 0
    _ptr: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    _tiles: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int32))
    _delay: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2, 2)))
    _coefficient: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    _reserve: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    _local: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int32))
    """(n_term, 2) places of a term's two tiles among those of its path."""
    _own_ptr: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    _own: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    """Tiles of each path, one after the other."""
    _moves: dict[tuple[bytes, float, bool], _Moves] = field(default_factory=dict)
    """By map, period and ``proven``, the last one asked for at the end."""

    def add(self, path: BoundPath, reserve: float = 0.0) -> bool:
        """Keep a path; False where it is known."""
        path = path.merged()
        key = (
            path.driver.tobytes()
            + path.tile.tobytes()
            + np.round(path.delay, 3).tobytes()
            + bytes(f"{reserve:.3f}", "ascii")
        )
        if key in self._known:
            return False
        self._known.add(key)
        self.cuts.append(PathCut(path, reserve))
        return True

    def limits(self, period: float, proven: bool = False) -> NDArray[np.float64]:
        """(n_cut) ps that each path may take at a period; ``proven``: any time for those with a reserve."""
        self.packed()
        reserve = self._reserve[: len(self.cuts)]
        limit: NDArray[np.float64] = self._coefficient[: len(self.cuts)] * period - reserve
        return np.where(reserve == 0.0, limit, np.inf) if proven else limit

    def packed(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
        """All cuts in one array each; new ones go behind those that are there, in memory twice as long as needed."""
        for cut in self.cuts[self._packed :]:
            row, end, first = self._packed, int(self._ptr[self._packed]), int(self._own_ptr[self._packed])
            size = len(cut.path.tile)
            self._ptr = _with_room(self._ptr, row + 2)
            self._coefficient = _with_room(self._coefficient, row + 1)
            self._reserve = _with_room(self._reserve, row + 1)
            self._tiles = _with_room(self._tiles, end + size)
            self._delay = _with_room(self._delay, end + size)
            self._local = _with_room(self._local, end + size)
            self._own_ptr = _with_room(self._own_ptr, row + 2)
            self._own = _with_room(self._own, first + self.n_tiles)
            self._ptr[row + 1] = end + size
            self._tiles[end : end + size, 0], self._tiles[end : end + size, 1] = cut.path.driver, cut.path.tile
            self._delay[end : end + size] = cut.path.delay
            self._coefficient[row], self._reserve[row] = cut.path.coefficient, cut.reserve
            local, own = self._local[end : end + size], self._own[first:]
            self._own_ptr[row + 1] = first + _own_tiles(self._tiles[end : end + size], self.n_tiles, local, own)
            self._packed += 1
        return self._ptr[: self._packed + 1], self._tiles, self._delay

    def excess(self, high: Bits, period: float) -> float:
        """By how much, ps, the worst path exceeds what the period allows; negative where all are met."""
        if not self.cuts:
            return -np.inf
        return float(_needs(*self.packed(), high, self.limits(period)))

    def flips(self, high: Bits, period: float, proven: bool = False) -> NDArray[np.float64]:
        """(n_tiles, n_tiles) the excess, ps, with two tiles moved; one alone on the diagonal.

        Paths that are met after the move are left out, minus infinity where all are; ``proven``: those with a reserve, too.
        """
        return self.moves(high, period, proven)[1]

    def moves(self, high: Bits, period: float, proven: bool = False) -> tuple[float, NDArray[np.float64]]:
        """What :meth:`excess` and :meth:`flips` give, at the price of the latter; of what was asked before, of the cuts since."""
        nothing = np.full((self.n_tiles, self.n_tiles), -np.inf)
        if not self.cuts:
            return -np.inf, nothing
        key = high.tobytes(), period, proven
        known = self._moves.pop(key, None) or _Moves(0, -np.inf, nothing)
        if known.cuts < len(self.cuts):
            ptr, _, delay = self.packed()
            limit, own_ptr = self.limits(period, proven), self._own_ptr[: self._packed + 1]
            found = known.found.copy()
            worst = _flip_needs(ptr, delay, self._local, own_ptr, self._own, high, limit, known.cuts, found)
            known = _Moves(len(self.cuts), max(known.worst, float(worst)), found)
        if len(self._moves) * known.found.nbytes >= _KEPT:
            del self._moves[next(iter(self._moves))]
        self._moves[key] = known
        return known.worst, known.found.copy()


_T = TypeVar("_T", bound=np.generic)


def _with_room(array: NDArray[_T], rows: int) -> NDArray[_T]:
    """An array of at least so many rows, the same where it has them."""
    if len(array) >= rows:
        return array
    grown = np.zeros((2 * rows, *array.shape[1:]), dtype=array.dtype)
    grown[: len(array)] = array
    return grown


@callee()
def _state(high: Bits, tile: int) -> int:
    return 1 if tile < 0 or high[tile] else 0


@kernel(nogil=True)
def _needs(
    ptr: NDArray[np.int64], tiles: NDArray[np.int32], delay: NDArray[np.float64], high: Bits, limit: NDArray[np.float64]
) -> float:
    worst = -np.inf
    for p in range(len(ptr) - 1):
        need = 0.0
        for t in range(ptr[p], ptr[p + 1]):
            need += delay[t, _state(high, tiles[t, 0]), _state(high, tiles[t, 1])]
        worst = max(worst, need - limit[p])
    return worst


@kernel(nogil=True)
def _own_tiles(tiles: NDArray[np.int32], n_tiles: int, local: NDArray[np.int32], own: NDArray[np.int32]) -> int:
    """The tiles of a path into ``own``, and of each term the places of its two tiles in that list; returns how many there are.

    What is always at the higher supply has the place behind the last of them.
    """
    place = np.full(n_tiles, -1, dtype=np.int32)
    count = 0
    for t in range(len(tiles)):
        for k in range(2):
            tile = tiles[t, k]
            if tile < 0:
                continue
            if place[tile] < 0:
                place[tile] = count
                own[count] = tile
                count += 1
            local[t, k] = place[tile]
    for t in range(len(tiles)):
        for k in range(2):
            local[t, k] = local[t, k] if tiles[t, k] >= 0 else count
    return count


# Long: one visit of a path finds what it takes, and what moving its tiles changes.
@kernel(nogil=True)
def _flip_needs(
    ptr: NDArray[np.int64],
    delay: NDArray[np.float64],
    local: NDArray[np.int32],
    own_ptr: NDArray[np.int64],
    own: NDArray[np.int32],
    high: Bits,
    limit: NDArray[np.float64],
    begin: int,
    found: NDArray[np.float64],
) -> float:
    """See :meth:`CutPool.moves`: ``found`` (n_tiles, n_tiles) is raised to what any path from ``begin`` on exceeds."""
    worst, n = -np.inf, found.shape[0]
    terms = delay.reshape(-1, 4)
    # By place; behind the last is what is always at the higher supply.
    single, both, state = np.zeros(n + 1), np.zeros((n + 1) ** 2), np.ones(n + 1, dtype=np.int64)
    order, memory, least = np.empty(n, dtype=np.int64), np.zeros((2, n)), np.zeros(n)
    missed, beyond, n_missed = np.empty(len(ptr) - begin, dtype=np.int64), np.empty(len(ptr) - begin), 0
    for i in range(n):
        bar = found[i, 0]
        for j in range(1, n):
            bar = found[i, j] if found[i, j] < bar else bar
        least[i] = max(bar, 0.0)
    # The paths that were learnt last are those that matter most: the others then have little to add.
    for p in range(len(ptr) - 2, begin - 1, -1):
        first = own_ptr[p]
        k = own_ptr[p + 1] - first
        for i in range(k):
            state[i] = 1 if high[own[first + i]] else 0
            single[i] = 0.0
        wide = k + 1
        state[k] = 1
        for i in range(wide * wide):
            both[i] = 0.0
        need, total, most_together = -limit[p], 0.0, 0.0
        for t in range(ptr[p], ptr[p + 1]):
            a, b = local[t, 0], local[t, 1]
            at = 2 * state[a] + state[b]
            here = terms[t, at]
            need += here
            total += here
            if a == b:
                single[a] += terms[t, at ^ 3] - here
                continue
            by_a, by_b = terms[t, at ^ 2] - here, terms[t, at ^ 1] - here
            single[a] += by_a
            single[b] += by_b
            more = terms[t, at ^ 3] - here - by_a - by_b
            both[a * wide + b] += more
            both[b * wide + a] += more
            if a < k and b < k:
                most_together = max(most_together, both[a * wide + b])
        worst = max(worst, total - limit[p])
        if need > 0.0:
            missed[n_missed], beyond[n_missed] = p, need
            n_missed += 1
        _raise_needs(need, most_together, first, k, own, single, both, order, memory, least, found)
    for i in range(n):
        for j in range(i):
            found[i, j] = found[j, i] = max(found[i, j], found[j, i])
    _keep_missed(missed[:n_missed], beyond[:n_missed], own_ptr, own, found)
    return worst


# No slices: each counts the references of its array.
@kernel(nogil=True)
def _raise_needs(
    need: float,
    most_together: float,
    first: int,
    k: int,
    own: NDArray[np.int32],
    single: NDArray[np.float64],
    both: NDArray[np.float64],
    order: NDArray[np.int64],
    memory: NDArray[np.float64],
    least: NDArray[np.float64],
    found: NDArray[np.float64],
) -> None:
    """What a path of ``k`` tiles, from ``first`` of ``own`` on, exceeds after moves of these, each with any other, if it does.

    ``single`` and ``both`` go by place among its tiles, a row of the latter is one longer than these; ``most_together`` is at
    least the largest of ``both``. ``least`` (n_tiles) is at most the least of each row of ``found``, not below zero: what is less
    than that is not looked at. ``order`` is memory, so is ``memory`` (2, n_tiles), zero before and after.
    """
    n, most = found.shape[0], 0.0
    for j in range(k):
        most = max(most, single[j])
    most += most_together + _CLOSE
    count = -1
    for i in range(k):
        tile = own[first + i]
        base, bar, row = need + single[i], least[tile], i * (k + 1)
        if base + most <= bar:
            continue
        if base > bar:
            # Moving any tile that is not its own leaves the path late.
            for j in range(k):
                memory[0, own[first + j]], memory[1, own[first + j]] = single[j], both[row + j]
            alone = max(found[tile, tile], base)
            for j in range(n):
                more = base + memory[0, j] + memory[1, j]
                found[tile, j] = more if more > found[tile, j] else found[tile, j]
            found[tile, tile] = alone
            for j in range(k):
                memory[0, own[first + j]], memory[1, own[first + j]] = 0.0, 0.0
            bar = np.inf
            for j in range(n):
                bar = found[tile, j] if found[tile, j] < bar else bar
            least[tile] = max(bar, 0.0)
            continue
        if count < 0:
            # The tiles that add most come first.
            count = 0
            for j in range(k):
                if single[j] > -(most_together + _CLOSE):
                    at = count
                    while at > 0 and single[order[at - 1]] < single[j]:
                        order[at] = order[at - 1]
                        at -= 1
                    order[at] = j
                    count += 1
        for place in range(count):
            j = order[place]
            if base + single[j] + most_together + _CLOSE <= bar:
                break
            more = base + single[j] + both[row + j]
            if j != i and more > 0.0 and more > found[tile, own[first + j]]:
                found[tile, own[first + j]] = more


@kernel(nogil=True)
def _keep_missed(
    missed: NDArray[np.int64],
    beyond: NDArray[np.float64],
    own_ptr: NDArray[np.int64],
    own: NDArray[np.int32],
    found: NDArray[np.float64],
) -> None:
    """A path that is missed stays so under moves of other tiles: the worst of these, for every pair."""
    order, n = stable_order(-beyond), found.shape[0]
    owns = np.zeros((len(missed), n), dtype=np.bool_)
    for k in range(len(missed)):
        for tile in own[own_ptr[missed[k]] : own_ptr[missed[k] + 1]]:
            owns[k, tile] = True
    for i in range(n):
        for j in range(i, n):
            for k in order:
                if not owns[k, i] and not owns[k, j]:
                    found[i, j] = max(found[i, j], beyond[k])
                    found[j, i] = max(found[j, i], beyond[k])
                    break
