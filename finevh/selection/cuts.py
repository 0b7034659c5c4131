"""Path cuts: what is known about the paths between the tiles, as sums over pairs of tiles that cost microseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from finevh.selection.tiles import Bits
from finevh.timing.bounds import BoundPath

_CLOSE = 1e-6
"""ps, more than sums in another order may differ."""


@dataclass(frozen=True)
class PathCut:
    """A path whose least delays add up to more than a clock allows: terms of equal tiles added up.

    A map is forbidden at a period T where :meth:`BoundPath.need` exceeds ``coefficient * T - reserve``.
    """

    path: BoundPath
    reserve: float = 0.0
    """What the least delays are known to leave out under one map, ps; zero for a cut that forbids no map that works."""


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
            row, end = self._packed, int(self._ptr[self._packed])
            size = len(cut.path.tile)
            self._ptr = _with_room(self._ptr, row + 2)
            self._coefficient = _with_room(self._coefficient, row + 1)
            self._reserve = _with_room(self._reserve, row + 1)
            self._tiles = _with_room(self._tiles, end + size)
            self._delay = _with_room(self._delay, end + size)
            self._ptr[row + 1] = end + size
            self._tiles[end : end + size, 0], self._tiles[end : end + size, 1] = cut.path.driver, cut.path.tile
            self._delay[end : end + size] = cut.path.delay
            self._coefficient[row], self._reserve[row] = cut.path.coefficient, cut.reserve
            self._packed += 1
        return self._ptr[: self._packed + 1], self._tiles, self._delay

    def excess(self, high: Bits, period: float) -> float:
        """By how much, ps, the worst path exceeds what the period allows; negative where all are met."""
        if not self.cuts:
            return -np.inf
        return float(_needs(*self.packed(), high, self.limits(period)))

    def flips(self, high: Bits, period: float, proven: bool = False) -> NDArray[np.float64]:
        """(n_tiles, n_tiles) the excess, ps, with two tiles moved; one alone on the diagonal.

        Paths that the move does not touch or that are met after it are left out; ``proven``: those with a reserve, too.
        """
        return self.moves(high, period, proven)[1]

    def moves(self, high: Bits, period: float, proven: bool = False) -> tuple[float, NDArray[np.float64]]:
        """What :meth:`excess` and :meth:`flips` give, at the price of the latter."""
        found = np.full((self.n_tiles, self.n_tiles), -np.inf)
        if not self.cuts:
            return -np.inf, found
        return float(_flip_needs(*self.packed(), high, self.limits(period, proven), found)), found


_T = TypeVar("_T", bound=np.generic)


def _with_room(array: NDArray[_T], rows: int) -> NDArray[_T]:
    """An array of at least so many rows, the same where it has them."""
    if len(array) >= rows:
        return array
    grown = np.zeros((2 * rows, *array.shape[1:]), dtype=array.dtype)
    grown[: len(array)] = array
    return grown


@numba.njit(cache=True, nogil=True)
def _state(high: Bits, tile: int) -> int:
    return 1 if tile < 0 or high[tile] else 0


@numba.njit(cache=True, nogil=True)
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


@numba.njit(cache=True, nogil=True)
def _flip_needs(
    ptr: NDArray[np.int64],
    tiles: NDArray[np.int32],
    delay: NDArray[np.float64],
    high: Bits,
    limit: NDArray[np.float64],
    found: NDArray[np.float64],
) -> float:
    worst = -np.inf
    n, n_cut = found.shape[0], len(ptr) - 1
    single, both = np.zeros(n), np.zeros((n, n))
    touched, seen = np.empty(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    missed, owns = np.full(n_cut, -np.inf), np.zeros((n_cut, n), dtype=np.bool_)
    for p in range(n_cut):
        need, total, count, together = -limit[p], 0.0, 0, 0.0
        for t in range(ptr[p], ptr[p + 1]):
            a, b = tiles[t, 0], tiles[t, 1]
            for tile in (a, b):
                if tile >= 0 and not seen[tile]:
                    seen[tile] = True
                    single[tile] = 0.0
                    touched[count] = tile
                    count += 1
            sa, sb = _state(high, a), _state(high, b)
            here = delay[t, sa, sb]
            need += here
            total += here
            if a == b:
                if a >= 0:
                    single[a] += delay[t, 1 - sa, 1 - sb] - here
                continue
            first = delay[t, 1 - sa, sb] - here
            second = delay[t, sa, 1 - sb] - here
            if a >= 0:
                single[a] += first
            if b >= 0:
                single[b] += second
            if a >= 0 and b >= 0:
                more = delay[t, 1 - sa, 1 - sb] - here - first - second
                both[a, b] += more
                both[b, a] += more
                together += max(more, 0.0)
        worst = max(worst, total - limit[p])
        most = 0.0
        for k in range(count):
            most = max(most, single[touched[k]])
        # No two moves can make it late.
        if need + most + max(0.0, most + together) > -_CLOSE:
            _raise_needs(need, touched[:count], single, both, found)
        if need > 0.0:
            missed[p] = need
        for k in range(count):
            tile = touched[k]
            owns[p, tile], seen[tile], single[tile] = need > 0.0, False, 0.0
        for t in range(ptr[p], ptr[p + 1]):
            a, b = tiles[t, 0], tiles[t, 1]
            if a >= 0 and b >= 0:
                both[a, b] = both[b, a] = 0.0
    for i in range(n):
        for j in range(i):
            found[i, j] = found[j, i] = max(found[i, j], found[j, i])
    _keep_missed(missed, owns, found)
    return worst


@numba.njit(cache=True, nogil=True)
def _raise_needs(
    need: float,
    touched: NDArray[np.int64],
    single: NDArray[np.float64],
    both: NDArray[np.float64],
    found: NDArray[np.float64],
) -> None:
    """What one path exceeds after moves of its own tiles, each with any other; nothing where it is met whatever the other.

    Only rows of its tiles are raised: a pair of tiles may be in ``found`` once.
    """
    for i in touched:
        base = need + single[i]
        most = 0.0
        for j in touched:
            if j != i:
                most = max(most, single[j] + both[i, j])
        if base + most <= 0.0:
            continue
        row, other = found[i], both[i]
        alone = max(row[i], base)
        for j in range(row.shape[0]):
            more = base + single[j] + other[j]
            row[j] = more if more > row[j] else row[j]
        row[i] = alone


@numba.njit(cache=True, nogil=True)
def _keep_missed(missed: NDArray[np.float64], owns: NDArray[np.bool_], found: NDArray[np.float64]) -> None:
    """A path that is missed stays so under moves of other tiles: the worst of these, for every pair."""
    order = np.argsort(-missed)
    n = found.shape[0]
    for i in range(n):
        for j in range(i, n):
            for p in order:
                if missed[p] == -np.inf:
                    break
                if not owns[p, i] and not owns[p, j]:
                    found[i, j] = max(found[i, j], missed[p])
                    found[j, i] = max(found[j, i], missed[p])
                    break
