"""Delay tables of a technology packed for the timing kernel: delay and slew interleaved, axes shared and at least two long."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int, Real, Technology

_FIELDS = 5


@dataclass(frozen=True)
class PackedTables:
    """Tables of all (corner, arc, edge) as records the kernel reads directly.

    ``record[(corner * n_arc + arc) * 2 + edge]`` is ``(x, nx, y, ny, v)``: offsets of the axes in ``axes`` and of the
    values in ``values``; ``nx`` is 0 where the corner has no such table. Values are (nx, ny, 2), delay and slew beside
    each other; a constraint stands in the first of the two.
    """

    n_arc: int
    record: NDArray[np.int32]
    """(n_corner * n_arc * 2, 5)."""
    cross_record: NDArray[np.int32]
    """((n_corner * n_arc * 2) * n_vdd, 5) shifts and factors for each driver Vdd; no rows without cross-voltage data."""
    axes: Real
    values: Real
    pin_cap: Real
    """(n_corner * n_pin, 2) fF, rise and fall."""
    n_pin: int
    corner_of: Int
    """(n_variant, n_vdd)."""
    vdds: Real


class _Axes:
    """Axes stored once each, by content."""

    def __init__(self) -> None:
        self.parts: list[Real] = []
        self.size = 0
        self.known: dict[bytes, tuple[int, int]] = {}

    def add(self, axis: Real) -> tuple[int, int]:
        """Offset and length of an axis; a single point becomes an interval with equal ends' values."""
        if len(axis) < 2:
            axis = np.array([0.0, 1.0])
        key = axis.tobytes()
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = (self.size, len(axis))
            self.parts.append(axis)
            self.size += len(axis)
        return found


def _bilinear(x: Real, y: Real, v: Real, at_x: Real, at_y: Real) -> Real:
    """Values of a table on another grid, linear beyond its ends; an axis of one point is constant."""
    if len(x) < 2:
        rows = np.repeat(v, len(at_x), axis=0)
    else:
        i = np.clip(np.searchsorted(x, at_x, side="right") - 1, 0, len(x) - 2)
        f = ((at_x - x[i]) / (x[i + 1] - x[i]))[:, None]
        rows = (1 - f) * v[i] + f * v[i + 1]
    if len(y) < 2:
        return np.repeat(rows, len(at_y), axis=1)
    j = np.clip(np.searchsorted(y, at_y, side="right") - 1, 0, len(y) - 2)
    g = (at_y - y[j])[None, :] / (y[j + 1] - y[j])[None, :]
    return np.asarray((1 - g) * rows[:, j] + g * rows[:, j + 1])


class _Packer:
    """Packs pairs of tables; equal pairs are stored once."""

    def __init__(self) -> None:
        self.axes = _Axes()
        self.values: list[Real] = []
        self.size = 0
        self.known: dict[tuple[int, ...], tuple[int, int, int, int, int]] = {}

    def add(self, pool: Real, first: tuple[int, ...] | None, second: tuple[int, ...] | None) -> tuple[int, ...]:
        """Record of a delay and a slew table, each ``(x, nx, y, ny, v)`` in ``pool``; None where absent."""
        key = (id(pool), *(first or (-1,)), *(second or (-1,)))
        found = self.known.get(key)
        if found is not None:
            return found
        given = [t for t in (first, second) if t is not None]
        grids = [(pool[x : x + nx], pool[y : y + ny], pool[v : v + nx * ny].reshape(nx, ny)) for x, nx, y, ny, v in given]
        if len(grids) == 2 and not (np.array_equal(grids[0][0], grids[1][0]) and np.array_equal(grids[0][1], grids[1][1])):
            # Bilinear on the union of two grids is exact for both.
            xs, ys = (np.unique(np.concatenate([g[k] for g in grids if len(g[k]) > 1] or [grids[0][k]])) for k in (0, 1))
            grids = [(xs, ys, _bilinear(x, y, v, xs, ys)) for x, y, v in grids]
        x, y, _ = grids[0]
        block = np.zeros((max(len(x), 2), max(len(y), 2), 2))
        column = 0
        for k, table in enumerate((first, second)):
            if table is not None:
                v = grids[column][2]
                column += 1
                block[:, :, k] = np.broadcast_to(v, (block.shape[0], block.shape[1]))
        x_offset, nx = self.axes.add(x)
        y_offset, ny = self.axes.add(y)
        found = self.known[key] = (x_offset, nx, y_offset, ny, self.size)
        self.values.append(block.ravel())
        self.size += block.size
        return found


def _pack(technology: Technology) -> PackedTables:
    corners, cells = technology.corners, technology.cells
    n_corner, n_arc = len(corners.vdd), len(cells.arc_from)
    packer = _Packer()
    record = np.zeros((n_corner, n_arc, 2, _FIELDS), dtype=np.int32)
    slots = cells.arc_table.tolist()
    for c in range(n_corner):
        columns = zip(
            corners.table_x[c].tolist(),
            corners.table_nx[c].tolist(),
            corners.table_y[c].tolist(),
            corners.table_ny[c].tolist(),
            corners.table_v[c].tolist(),
            strict=True,
        )
        tables = [t if t[4] >= 0 else None for t in columns]
        rows = [
            packer.add(corners.pool, a, b) if a or b else (0,) * _FIELDS
            for slot in slots
            for a, b in (
                (tables[slot[0]] if slot[0] >= 0 else None, tables[slot[2]] if slot[2] >= 0 else None),
                (tables[slot[1]] if slot[1] >= 0 else None, tables[slot[3]] if slot[3] >= 0 else None),
            )
        ]
        record[c] = np.asarray(rows, dtype=np.int32).reshape(n_arc, 2, _FIELDS)
    cross = _pack_cross(technology, packer)
    return PackedTables(
        n_arc=n_arc,
        record=record.reshape(-1, _FIELDS),
        cross_record=cross,
        axes=np.concatenate(packer.axes.parts) if packer.axes.parts else np.empty(0),
        values=np.concatenate(packer.values) if packer.values else np.empty(0),
        pin_cap=np.ascontiguousarray(
            np.stack([corners.pin_cap_rise, corners.pin_cap_fall], axis=-1).reshape(-1, 2), dtype=np.float64
        ),
        n_pin=len(cells.pin_name),
        corner_of=np.ascontiguousarray(technology.corner_of, dtype=np.int32),
        vdds=technology.vdds,
    )


def _pack_cross(technology: Technology, packer: _Packer) -> NDArray[np.int32]:
    """Records of the delay shifts and slew factors, by (corner, arc, edge, driver Vdd)."""
    cross, cells = technology.cross, technology.cells
    if cross is None:
        return np.zeros((0, _FIELDS), dtype=np.int32)
    n_corner, n_vdd, n_arc = len(technology.corners.vdd), len(technology.vdds), len(cells.arc_from)
    record = np.zeros((n_corner, n_arc, 2, n_vdd, _FIELDS), dtype=np.int32)
    fields = (cross.delay_x, cross.delay_nx, cross.delay_y, cross.delay_ny, cross.delay_v)
    slots = cells.arc_table
    for c, d, a, r in np.argwhere(_present(cross.delay_v, slots)).tolist():
        tables = []
        for slot in (slots[a, r], slots[a, 2 + r]):
            known = slot >= 0 and cross.delay_v[c, d, slot] >= 0
            tables.append(tuple(int(f[c, d, slot]) for f in fields) if known else None)
        record[c, a, r, d] = packer.add(cross.pool, tables[0], tables[1])
    return record.reshape(-1, _FIELDS)


def _present(offset: NDArray[np.int64], slots: Int) -> NDArray[np.bool_]:
    """(n_corner, n_vdd, n_arc, 2) whether an arc's delay has a derate."""
    first = slots[:, :2]
    return np.asarray((offset[:, :, np.maximum(first, 0)] >= 0) & (first >= 0))


_CACHE: weakref.WeakValueDictionary[int, PackedTables] = weakref.WeakValueDictionary()
_OWNER: dict[int, weakref.ref[Technology]] = {}


def pack_tables(technology: Technology) -> PackedTables:
    """Pack a technology's tables; the same technology object is packed once.

    A table of one row or column is made two long with equal values, so that the kernel has one case; a slew table on
    other axes than its delay is put on the union of both, which is exact for bilinear tables.
    """
    key = id(technology)
    owner = _OWNER.get(key)
    if owner is not None and owner() is technology and key in _CACHE:
        return _CACHE[key]
    packed = _pack(technology)
    _CACHE[key] = packed
    _OWNER[key] = weakref.ref(technology)
    return packed
