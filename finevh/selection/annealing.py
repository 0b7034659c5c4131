"""Cheapest maps by what cuts say of timing: simulated annealing over single tiles and exchanges of two, in microseconds a step.

What it finds is a guess, for the engine to time: cuts know some paths of the design, and least delays not all of a path.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.selection.cuts import CutPool
from finevh.selection.tiles import TilePower
from finevh.selection.voltage_map import Bits
from finevh.technology.model import Int, Real
from finevh.units import SLACK_TOLERANCE, frequency_mhz

_SWEEPS = 150
"""Steps per tile."""
_HOT, _COLD = 0.5, 0.005
"""First and last temperature as shares of what moving a tile changes in power, on average over the tiles."""
_WEIGHT = 0.5
"""Price of lateness to begin with: share of the power per share of the period."""
_FRESH = 15
"""Sweeps after which sums are taken anew."""
_CLOSE = 1e-6
"""ps, more than sums in another order may differ."""
_STEER = 1.15
"""Factor on that price after each sweep, up where it ends with late paths and down where it does not."""


class Annealing:
    """The search among the maps of one interval; equal calls give equal answers.

    Parameters
    ----------
    terms
        Power of the maps.
    n_tiles
        Their tiles.
    """

    def __init__(self, terms: TilePower, n_tiles: int) -> None:
        dynamic, leakage = terms.dynamic, terms.leakage
        self._terms = terms
        self._ptr = np.concatenate([dynamic.group_ptr, leakage.group_ptr[1:] + dynamic.group_ptr[-1]])
        self._tiles = np.concatenate([dynamic.tiles, leakage.tiles]).astype(np.int32)
        self._base = np.concatenate([dynamic.table_ptr[:-1], leakage.table_ptr[:-1] + dynamic.table_ptr[-1]])
        self._by_tile = _groups_by_tile(n_tiles, self._ptr, self._tiles)

    def run(self, cuts: CutPool, high: Bits, period: float, seed: int) -> Bits | None:
        """The cheapest map met that no cut forbids at a period, ps; None where all were forbidden.

        Parameters
        ----------
        high
            The map to begin with.
        seed
            Another number, another walk.
        """
        frequency = frequency_mhz(period)
        power, change = self._terms.flips(high, frequency)
        usual = float(np.abs(np.diag(change)).mean())
        table = np.concatenate([self._terms.dynamic.table * (frequency * 1e-6), self._terms.leakage.table])
        ptr, tiles, delay = cuts.packed()
        limit = cuts.limits(period)
        best = high.copy()
        least = _anneal(
            ptr, tiles, delay, limit, *_terms_by_tile(len(high), ptr, tiles, delay, limit),
            self._ptr, self._tiles, self._base, table, *self._by_tile,
            seed, _SWEEPS, _HOT * usual, _COLD * usual, _WEIGHT * power / period, best,
        )  # fmt: skip
        return best if np.isfinite(least) else None


@kernel(nogil=True)
def _groups_by_tile(
    n_tiles: int, group_ptr: NDArray[np.int64], tiles: Int
) -> tuple[NDArray[np.int64], Int, NDArray[np.int64]]:
    """Groups of each tile's power, and its bit in the code of each."""
    ptr = np.zeros(n_tiles + 1, dtype=np.int64)
    for t in tiles:
        ptr[t + 1] += 1
    for tile in range(n_tiles):
        ptr[tile + 1] += ptr[tile]
    end = ptr[:-1].copy()
    group, bit = np.empty(len(tiles), dtype=np.int32), np.empty(len(tiles), dtype=np.int64)
    for g in range(len(group_ptr) - 1):
        for j in range(group_ptr[g], group_ptr[g + 1]):
            k = end[tiles[j]]
            group[k], bit[k] = g, 1 << (j - group_ptr[g])
            end[tiles[j]] += 1
    return ptr, group, bit


@kernel(nogil=True)
def _terms_by_tile(
    n_tiles: int, cut_ptr: NDArray[np.int64], tiles: Int, delay: Real, limit: Real
) -> tuple[NDArray[np.int64], Int, Int, Real, NDArray[np.int64]]:
    """Terms of each tile, cut by cut: the cut, the other tile, and what raising the tile adds by that one's state.

    Only cuts that some map may miss are in it: the last is the list of these. What is always high is tile ``n_tiles``.
    """
    n_cut = len(limit)
    ptr = np.zeros(n_tiles + 1, dtype=np.int64)
    able, n_able = np.empty(n_cut, dtype=np.int64), 0
    for p in range(n_cut):
        most = -limit[p]
        for t in range(cut_ptr[p], cut_ptr[p + 1]):
            most += _most(tiles[t, 0], tiles[t, 1], delay[t])
        if most <= 0.0:
            continue
        able[n_able] = p
        n_able += 1
        for t in range(cut_ptr[p], cut_ptr[p + 1]):
            a, b = tiles[t, 0], tiles[t, 1]
            if a >= 0:
                ptr[a + 1] += 1
            if b >= 0 and b != a:
                ptr[b + 1] += 1
    for tile in range(n_tiles):
        ptr[tile + 1] += ptr[tile]
    end, size = ptr[:-1].copy(), ptr[n_tiles]
    cut, other, grows = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32), np.empty((size, 2))
    for row in range(n_able):
        for t in range(cut_ptr[able[row]], cut_ptr[able[row] + 1]):
            a, b = tiles[t, 0], tiles[t, 1]
            for tile, beside in ((a, b), (b, a)):
                if tile < 0:
                    continue
                k = end[tile]
                end[tile] += 1
                cut[k], other[k] = row, beside if beside >= 0 else n_tiles
                for s in range(2):
                    if a == b:
                        grows[k, s] = delay[t, 1, 1] - delay[t, 0, 0]
                    elif tile == a:
                        grows[k, s] = delay[t, 1, s] - delay[t, 0, s]
                    else:
                        grows[k, s] = delay[t, s, 1] - delay[t, s, 0]
                if a == b:
                    break
    return ptr, cut, other, grows, able[:n_able].copy()


@kernel(nogil=True)
def _cuts_by_tile(
    ptr: NDArray[np.int64], cut: Int, other: Int, grows: Real, n_tiles: int
) -> tuple[NDArray[np.int64], Int, NDArray[np.int64], Real]:
    """Cuts of each tile: the cut, its first term, and by the tile's state what moving it adds at most, whatever the other tiles.

    The last first term is behind all.
    """
    most_cuts = len(cut)
    of_tile, first = np.zeros(len(ptr), dtype=np.int64), np.empty(most_cuts + 1, dtype=np.int64)
    of_cut, most = np.empty(most_cuts, dtype=np.int32), np.zeros((most_cuts, 2))
    count = 0
    for tile in range(len(ptr) - 1):
        at = -1
        for k in range(ptr[tile], ptr[tile + 1]):
            if cut[k] != at:
                at = cut[k]
                of_cut[count], first[count] = at, k
                count += 1
            up, down = max(grows[k, 0], grows[k, 1]), -min(grows[k, 0], grows[k, 1])
            if other[k] == n_tiles:  # what is always high has no other state
                up, down = grows[k, 1], -grows[k, 1]
            most[count - 1, 0] += up
            most[count - 1, 1] += down
        of_tile[tile + 1] = count
    first[count] = len(cut)
    return of_tile, of_cut[:count].copy(), first[: count + 1].copy(), np.maximum(most[:count], 0.0) + _CLOSE


@kernel(nogil=True)
def _most(a: int, b: int, delay: Real) -> float:
    """Most that a term takes under any map."""
    most = delay[1, 1]
    if a >= 0 and b >= 0:
        most = max(most, delay[0, 0])
    if a >= 0 and a != b:
        most = max(most, delay[0, 1])
    if b >= 0 and a != b:
        most = max(most, delay[1, 0])
    return float(most)


@callee()
def _random(x: np.uint64) -> np.uint64:
    """The next of a row of numbers by chance (xorshift, Marsaglia 2003)."""
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    return x


# Columns by name: a compiled kernel takes plain arrays.
@callee()
def _later(
    tile: int,
    state: NDArray[np.int64],
    of_tile: NDArray[np.int64],
    of_cut: Int,
    first: NDArray[np.int64],
    most: Real,
    other: Int,
    grows: Real,
    excess: Real,
) -> float:
    """Change of the sum of all lateness, ps, by moving a tile.

    Cuts that are met and stay so, whatever the other tiles, are passed over.
    """
    total, here = 0.0, state[tile]
    sign = 1.0 - 2.0 * here
    for c in range(of_tile[tile], of_tile[tile + 1]):
        before = excess[of_cut[c]]
        if before + most[c, here] <= 0.0:
            continue
        more = 0.0
        for k in range(first[c], first[c + 1]):
            more += sign * grows[k, state[other[k]]]
        total += max(0.0, before + more) - max(0.0, before)
    return total


@callee()
def _dearer(
    tile: int,
    ptr: NDArray[np.int64],
    group: Int,
    bit: NDArray[np.int64],
    code: NDArray[np.int64],
    base: NDArray[np.int64],
    table: Real,
) -> float:
    """Change of the power, mW, by moving a tile."""
    total = 0.0
    for k in range(ptr[tile], ptr[tile + 1]):
        g = group[k]
        total += table[base[g] + (code[g] ^ bit[k])] - table[base[g] + code[g]]
    return total


# Columns by name: a compiled kernel takes plain arrays.
@callee()
def _move(
    tile: int,
    state: NDArray[np.int64],
    of_tile: NDArray[np.int64],
    of_cut: Int,
    first: NDArray[np.int64],
    other: Int,
    grows: Real,
    excess: Real,
    group_ptr: NDArray[np.int64],
    group: Int,
    bit: NDArray[np.int64],
    code: NDArray[np.int64],
) -> None:
    """Move a tile."""
    sign = 1.0 - 2.0 * state[tile]
    for c in range(of_tile[tile], of_tile[tile + 1]):
        now = excess[of_cut[c]]
        for k in range(first[c], first[c + 1]):
            now += sign * grows[k, state[other[k]]]
        excess[of_cut[c]] = now
    for k in range(group_ptr[tile], group_ptr[tile + 1]):
        code[group[k]] ^= bit[k]
    state[tile] = 1 - state[tile]


@callee()
def _excesses(
    ptr: NDArray[np.int64],
    tiles: Int,
    delay: Real,
    limit: Real,
    able: NDArray[np.int64],
    state: NDArray[np.int64],
    excess: Real,
) -> float:
    """By how much, ps, each cut exceeds its limit; returns the sum of what is late."""
    late, last = 0.0, len(state) - 1
    for row in range(len(able)):
        p = able[row]
        total = -limit[p]
        for t in range(ptr[p], ptr[p + 1]):
            a, b = tiles[t, 0], tiles[t, 1]
            total += delay[t, state[a if a >= 0 else last], state[b if b >= 0 else last]]
        excess[row] = total
        late += max(0.0, total)
    return late


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True)
def _anneal(
    ptr: NDArray[np.int64],
    tiles: Int,
    delay: Real,
    limit: Real,
    cut_ptr: NDArray[np.int64],
    cut: Int,
    other: Int,
    grows: Real,
    able: NDArray[np.int64],
    power_ptr: NDArray[np.int64],
    power_tiles: Int,
    base: NDArray[np.int64],
    table: Real,
    group_ptr: NDArray[np.int64],
    group: Int,
    bit: NDArray[np.int64],
    seed: int,
    sweeps: int,
    hot: float,
    cold: float,
    weight: float,
    best: Bits,
) -> float:
    """Walk from ``best``, which becomes the cheapest map without late paths; returns its power, infinite where none was met."""
    n = len(best)
    of_tile, of_cut, begin, most = _cuts_by_tile(cut_ptr, cut, other, grows, n)
    state = np.ones(n + 1, dtype=np.int64)  # the last is what is always high
    for tile in range(n):
        state[tile] = 1 if best[tile] else 0
    code, excess = np.zeros(len(base), dtype=np.int64), np.empty(len(able))
    power, least = 0.0, np.inf
    for g in range(len(base)):
        for j in range(power_ptr[g], power_ptr[g + 1]):
            code[g] |= state[power_tiles[j]] << (j - power_ptr[g])
        power += table[base[g] + code[g]]
    temperature, cool = hot, (cold / hot) ** (1.0 / max(sweeps - 1, 1))
    x = np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15)
    late = 0.0
    for sweep in range(sweeps):
        if sweep % _FRESH == 0:  # sums drift
            late = _excesses(ptr, tiles, delay, limit, able, state, excess)
        for _ in range(n):
            x = _random(x)
            first, second = int(np.int64((x >> np.uint64(20)) % np.uint64(n))), -1
            x = _random(x)
            if x & np.uint64(1 << 30):  # an exchange: the next tile that is in the other state
                start = int(np.int64((x >> np.uint64(32)) % np.uint64(n)))
                for k in range(n):
                    if state[(start + k) % n] != state[first]:
                        second = (start + k) % n
                        break
            x = _random(x)
            more = _dearer(first, group_ptr, group, bit, code, base, table)
            later = _later(first, state, of_tile, of_cut, begin, most, other, grows, excess)
            if second >= 0:
                _move(first, state, of_tile, of_cut, begin, other, grows, excess, group_ptr, group, bit, code)
                more += _dearer(second, group_ptr, group, bit, code, base, table)
                later += _later(second, state, of_tile, of_cut, begin, most, other, grows, excess)
            cost = more + weight * later
            if cost <= 0.0 or (x >> np.uint64(11)) / 9007199254740992.0 < np.exp(-cost / temperature):
                moved = second if second >= 0 else first
                _move(moved, state, of_tile, of_cut, begin, other, grows, excess, group_ptr, group, bit, code)
                power += more
                late += later
                if late <= SLACK_TOLERANCE and power < least:
                    least = power
                    for tile in range(n):
                        best[tile] = state[tile] == 1
            elif second >= 0:
                _move(first, state, of_tile, of_cut, begin, other, grows, excess, group_ptr, group, bit, code)
        weight = weight * _STEER if late > SLACK_TOLERANCE else weight / _STEER
        temperature *= cool
    return least
