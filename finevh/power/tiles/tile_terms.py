"""Energy of a tile map as a sum over small groups of tiles: exact, and some thousand times quicker than over all cells.

Between two supplies the internal energy of a cell depends on its own tile, the charge on a net on the driver's tile and the
sink's, and the leakage of a cell on its own tile and on those that drive its inputs (Eq. 4.3). Cells with equal tiles are
added up, so a core of some ten thousand cells becomes a few thousand small tables.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.base.kernel import kernel
from finevh.errors import InputError
from finevh.power.dynamic import PreparedPower
from finevh.power.leakage import LeakageModel
from finevh.technology.model import Int, Real

_FIXED = -1
"""Tile of cells that are at the higher supply under every map."""


@dataclass(frozen=True)
class TileTerms:
    """A function of a tile map (n_tiles): tables over groups of tiles, added up.

    Bit ``j`` of a row of a table is the state of the group's tile ``j``, 1 at the higher supply.
    """

    n_tiles: int
    group_ptr: NDArray[np.int64]
    """(n_group + 1) into ``tiles``."""
    tiles: Int
    """Tiles of each group, ascending."""
    table_ptr: NDArray[np.int64]
    """(n_group + 1) into ``table``."""
    table: Real

    def value(self, high: NDArray[np.bool_]) -> float:
        """The function at one map."""
        return float(_values(self.group_ptr, self.tiles, self.table_ptr, self.table, high[None, :])[0])

    def values(self, high: NDArray[np.bool_]) -> Real:
        """(n_map) the function at many maps (n_map, n_tiles)."""
        found: Real = _values(self.group_ptr, self.tiles, self.table_ptr, self.table, np.ascontiguousarray(high))
        return found

    def flips(self, high: NDArray[np.bool_]) -> tuple[Real, Real]:
        """Change by moving each tile (n_tiles), and what moving two adds to the sum of both (n_tiles, n_tiles)."""
        single, pair = np.zeros(self.n_tiles), np.zeros((self.n_tiles, self.n_tiles))
        _flips(self.group_ptr, self.tiles, self.table_ptr, self.table, high, single, pair)
        return single, pair

    def scaled(self, factor: float) -> TileTerms:
        """The function times a number."""
        return TileTerms(self.n_tiles, self.group_ptr, self.tiles, self.table_ptr, self.table * factor)

    def __add__(self, other: TileTerms) -> TileTerms:
        """The sum of two functions of the same tiles."""
        groups = [terms.groups() for terms in (self, other)]
        return collect(self.n_tiles, [group for part in groups for group in part])

    def groups(self) -> list[tuple[Int, Real]]:
        """Groups of equal size together: (n, k) tiles and (n, 2**k) tables."""
        size = np.diff(self.group_ptr)
        found = []
        for k in np.unique(size).tolist():
            rows = np.flatnonzero(size == k)
            tiles = self.tiles[self.group_ptr[rows][:, None] + np.arange(k)]
            found.append((tiles, self.table[self.table_ptr[rows][:, None] + np.arange(2**k)]))
        return found


def collect(n_tiles: int, parts: list[tuple[Int, Real]]) -> TileTerms:
    """Add up tables of equal groups; each part holds (n, k) ascending tiles and (n, 2**k) values."""
    tiles, tables, sizes = [], [], []
    for k in sorted({group.shape[1] for group, _ in parts}):
        group = np.concatenate([g for g, _ in parts if g.shape[1] == k])
        table = np.concatenate([t for g, t in parts if g.shape[1] == k])
        unique, row = np.unique(group, axis=0, return_inverse=True)
        total = np.zeros((len(unique), 2**k))
        np.add.at(total, row.ravel(), table)
        tiles.append(unique.ravel())
        tables.append(total.ravel())
        sizes.append(np.full(len(unique), k))
    size = np.concatenate([np.zeros(0, dtype=np.int64), *sizes])
    return TileTerms(
        n_tiles,
        np.concatenate(([0], np.cumsum(size))).astype(np.int64),
        np.concatenate([np.zeros(0), *tiles]).astype(np.int32),
        np.concatenate(([0], np.cumsum(2**size))).astype(np.int64),
        np.concatenate([np.zeros(0), *tables]),
    )


def dynamic_terms(
    power: PreparedPower, low: int, high: int, cell_tile: Int, n_tiles: int
) -> tuple[TileTerms, TileTerms]:
    """Switching and internal energy, fJ per cycle, between two supplies (rows of ``technology.vdds``).

    Parameters
    ----------
    cell_tile
        (n_cell) tile of each cell, -1 where it is at the higher supply under every map.
    """
    rows, charge, driver, wire_charge, sink_row, sink_cell = power.of_pair(low, high)
    internal = rows.T  # (n_cell, 2)
    if not np.isfinite(internal).all():
        raise InputError("the voltage map holds a supply without prepared slews")
    vdd = power.technology.vdds[[low, high]] ** 2
    driver_tile = cell_tile[driver]
    own = _pairs(driver_tile, driver_tile, (wire_charge[:, None] * vdd)[:, :, None] * np.eye(2))
    # (n_sink, driver's state, sink's state)
    moved = vdd[None, :, None] * charge.T[:, None, :]
    switching = collect(n_tiles, own + _pairs(driver_tile[sink_row], cell_tile[sink_cell], moved))
    diagonal = internal[:, :, None] * np.eye(2)
    return switching, collect(n_tiles, _pairs(cell_tile, cell_tile, diagonal))


def _pairs(first: Int, second: Int, value: Real) -> list[tuple[Int, Real]]:
    """Groups of (n, 2, 2) values by the states of two tiles, which may be equal or -1."""
    parts: list[tuple[Int, Real]] = []
    same = first == second
    none, only_first, only_second = (
        (first < 0) & (second < 0), (second < 0) & (first >= 0), (first < 0) & (second >= 0)
    )  # fmt: skip
    parts.append((np.zeros((int(none.sum()), 0), dtype=np.int32), value[none, 1, 1][:, None]))
    inner = same & ~none
    parts.append((first[inner][:, None], value[inner][:, [0, 1], [0, 1]]))
    parts.append((first[only_first][:, None], value[only_first, :, 1]))
    parts.append((second[only_second][:, None], value[only_second, 1, :]))
    for chosen, a, b, v in (
        (first < second, first, second, value), (first > second, second, first, value.transpose(0, 2, 1))
    ):  # fmt: skip
        here = chosen & (first >= 0) & (second >= 0)
        # Bit 0 is the first tile.
        table = v[here].transpose(0, 2, 1).reshape(-1, 4)
        parts.append((np.stack([a[here], b[here]], axis=1), table))
    return parts


def leakage_terms(
    leakage: LeakageModel, low: int, high: int, cell_variant: NDArray[np.int8], cell_tile: Int, n_tiles: int
) -> tuple[TileTerms, TileTerms]:
    """Leakage, mW, of the design between two supplies, and the part of it above full-swing inputs."""
    table, nominal, memo_ptr, state_ptr, source = leakage.of_pair(low, high, cell_variant)
    tile = np.append(cell_tile, _FIXED).astype(np.int32)  # the last is the ports'
    most = int(np.diff(state_ptr).max(initial=0)) + 1
    group = np.full((len(cell_tile), most), np.iinfo(np.int32).max, dtype=np.int32)
    size = np.zeros(len(cell_tile), dtype=np.int64)
    _supports(tile, state_ptr, source, group, size)
    total, above = [], []
    for k in np.unique(size).tolist():
        cells = np.flatnonzero(size == k)
        values = np.zeros((2, len(cells), 2**k))
        _tabulate(cells, group, k, tile, state_ptr, source, memo_ptr, table, nominal, values)
        total.append((group[cells, :k], values[0]))
        above.append((group[cells, :k], values[0] - values[1]))
    return collect(n_tiles, total), collect(n_tiles, above)


@kernel(nogil=True)
def _supports(tile: Int, state_ptr: NDArray[np.int64], source: Int, group: Int, size: NDArray[np.int64]) -> None:
    """Tiles that decide each cell's leakage, ascending, and their number."""
    for cell in range(len(size)):
        k = 0
        for s in range(state_ptr[cell] - 1, state_ptr[cell + 1]):
            t = tile[cell] if s < state_ptr[cell] else tile[source[s]]
            known = t < 0
            for j in range(k):
                known = known or group[cell, j] == t
            if not known:
                j = k
                while j > 0 and group[cell, j - 1] > t:
                    group[cell, j] = group[cell, j - 1]
                    j -= 1
                group[cell, j] = t
                k += 1
        size[cell] = k


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True)
def _tabulate(
    cells: NDArray[np.int64],
    group: Int,
    k: int,
    tile: Int,
    state_ptr: NDArray[np.int64],
    source: Int,
    memo_ptr: NDArray[np.int64],
    table: Real,
    nominal: Real,
    values: Real,
) -> None:
    """Leakage of cells under each state of the ``k`` tiles of their groups."""
    for row in range(len(cells)):
        cell = cells[row]
        first, end = state_ptr[cell], state_ptr[cell + 1]
        for code in range(2**k):
            own = 1
            for j in range(k):
                if group[cell, j] == tile[cell]:
                    own = code >> j & 1
            foreign = np.int64(0)
            for s in range(first, end):
                level = 1
                for j in range(k):
                    if group[cell, j] == tile[source[s]]:
                        level = code >> j & 1
                foreign |= np.int64(level ^ own) << (s - first)
            values[0, row, code] = table[memo_ptr[cell] + (own << (end - first)) + foreign]
            values[1, row, code] = nominal[2 * cell + own]


@kernel(nogil=True)
def _values(
    group_ptr: NDArray[np.int64], tiles: Int, table_ptr: NDArray[np.int64], table: Real, maps: NDArray[np.bool_]
) -> Real:
    found = np.zeros(maps.shape[0])
    for m in range(maps.shape[0]):
        for g in range(len(group_ptr) - 1):
            code = 0
            for j in range(group_ptr[g], group_ptr[g + 1]):
                code |= maps[m, tiles[j]] << (j - group_ptr[g])
            found[m] += table[table_ptr[g] + code]
    return found


@kernel(nogil=True)
def _flips(
    group_ptr: NDArray[np.int64],
    tiles: Int,
    table_ptr: NDArray[np.int64],
    table: Real,
    high: NDArray[np.bool_],
    single: Real,
    pair: Real,
) -> None:
    for g in range(len(group_ptr) - 1):
        first, base = group_ptr[g], table_ptr[g]
        k = group_ptr[g + 1] - first
        code = 0
        for j in range(k):
            code |= high[tiles[first + j]] << j
        here = table[base + code]
        for i in range(k):
            a = tiles[first + i]
            moved = table[base + (code ^ (1 << i))] - here
            single[a] += moved
            for j in range(i):
                b = tiles[first + j]
                both = table[base + (code ^ (1 << i) ^ (1 << j))] - here
                alone = table[base + (code ^ (1 << j))] - here
                pair[a, b] += both - moved - alone
                pair[b, a] += both - moved - alone
