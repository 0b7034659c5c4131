"""Delay tables of a technology packed for the timing kernel: delay and slew interleaved, axes shared and at least two long.

A technology has many more corners and cell types than a netlist is timed at: tables are packed when they are first needed.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finevh.technology.cross.cross_corners import MixedCross
from finevh.technology.model import Int, PairDerates, Real, Technology
from finevh.timing.delay.mixed_derates import mix_derates

_FIELDS = 5
_LONGEST = 1 << 20
"""More than any axis has."""


class _Axes:
    """Axes stored once each, by content."""

    def __init__(self) -> None:
        self.parts: list[Real] = []
        self.size = 0
        self.known: dict[bytes, tuple[int, int]] = {}
        self.joined: Real = np.empty(0)

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

    def join(self) -> Real:
        """All axes in one array, the last one where none came."""
        if self.size > len(self.joined):
            self.joined = np.concatenate(self.parts)
        return self.joined


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

    def take(self, before: Real) -> Real:
        """All values packed so far, given those of the last time: its memory where it suffices."""
        begin = self.size - sum(len(part) for part in self.values)
        whole = before.base if before.base is not None else before
        if len(whole) < self.size:
            whole = np.empty(2 * self.size)
            whole[:begin] = before[:begin]
        for part in self.values:
            whole[begin : begin + len(part)] = part
            begin += len(part)
        self.values.clear()
        return np.asarray(whole[: self.size])

    def add(self, pool: Real, first: tuple[int, ...] | None, second: tuple[int, ...] | None) -> tuple[int, ...]:
        """Record of a delay and a slew table, each ``(x, nx, y, ny, v)`` in ``pool``; None where absent."""
        key = (id(pool), *(first or (-1,)), *(second or (-1,)))
        found = self.known.get(key)
        if found is not None:
            return found
        given = [t for t in (first, second) if t is not None]
        grids = [
            (pool[x : x + nx], pool[y : y + ny], pool[v : v + nx * ny].reshape(nx, ny)) for x, nx, y, ny, v in given
        ]
        if len(grids) == 2 and not (
            np.array_equal(grids[0][0], grids[1][0]) and np.array_equal(grids[0][1], grids[1][1])
        ):
            # Bilinear on the union of two grids is exact for both.
            xs, ys = (
                np.unique(np.concatenate([g[k] for g in grids if len(g[k]) > 1] or [grids[0][k]])) for k in (0, 1)
            )
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

    def _axis_rows(self, pool: Real, offset: NDArray[np.int64], length: Int) -> NDArray[np.int64]:
        """Offset in ``axes`` of each axis given by offset and length in ``pool``; equal axes get equal offsets."""
        rows = np.empty(len(offset), dtype=np.int64)
        for n in np.unique(length).tolist():
            left = np.flatnonzero(length == n)
            given = pool[offset[left][:, None] + np.arange(n)]
            # A library has few axes and many tables: each round takes all tables on one of them.
            while len(left):
                same = (given == given[0]).all(axis=1)
                rows[left[same]] = self.axes.add(given[0])[0]
                left, given = left[~same], given[~same]
        return rows

    def add_many(self, pool: Real, first: NDArray[np.int64], second: NDArray[np.int64]) -> Int:
        """Records (n, 5) of pairs of tables, rows ``(x, nx, y, ny, v)`` in ``pool``; ``v`` is -1 where a table is absent.

        Pairs on common axes of two or more points, nearly all of a library, are copied block by block.
        """
        rows = np.zeros((len(first), _FIELDS), dtype=np.int32)
        a, b = first, second
        plain = (
            (a[:, 4] >= 0)
            & (b[:, 4] >= 0)
            & (a[:, 1] > 1)
            & (a[:, 3] > 1)
            & (a[:, 1] == b[:, 1])
            & (a[:, 3] == b[:, 3])
        )
        x = np.full((len(first), 2), -1, dtype=np.int64)
        y = x.copy()
        for k, table in enumerate((a, b)):
            x[plain, k] = self._axis_rows(pool, table[plain, 0], table[plain, 1])
            y[plain, k] = self._axis_rows(pool, table[plain, 2], table[plain, 3])
        plain &= (x[:, 0] == x[:, 1]) & (y[:, 0] == y[:, 1])
        for code in np.unique(a[plain, 1] * _LONGEST + a[plain, 3]).tolist():
            nx, ny = divmod(code, _LONGEST)
            here = np.flatnonzero(plain & (a[:, 1] == nx) & (a[:, 3] == ny))
            # Derates of the drives of a family share their values, on axes of their own.
            pairs, pair = np.unique(a[here, 4] << 32 | b[here, 4], return_inverse=True)
            span = np.arange(nx * ny)
            block = np.stack([pool[v[:, None] + span] for v in (pairs >> 32, pairs & 0xFFFFFFFF)], axis=-1)
            start = self.size + pair * (2 * nx * ny)
            rows[here] = np.stack(
                [x[here, 0], np.full(len(here), nx), y[here, 0], np.full(len(here), ny), start], axis=1
            )
            self.values.append(block.ravel())
            self.size += block.size
        for k in np.flatnonzero(~plain & ((a[:, 4] >= 0) | (b[:, 4] >= 0))).tolist():
            tables = [tuple(t[k].tolist()) if t[k, 4] >= 0 else None for t in (a, b)]
            rows[k] = self.add(pool, tables[0], tables[1])
        return rows


def _slot_tables(fields: tuple[NDArray[np.integer[Any]], ...], slots: Int) -> NDArray[np.int64]:
    """(n, 5) tables of the given slots out of (n_table) columns; ``v`` is -1 for slot -1."""
    chosen = np.stack([f[np.maximum(slots, 0)] for f in fields], axis=1).astype(np.int64)
    chosen[(slots < 0) | (chosen[:, 4] < 0)] = (0, 0, 0, 0, -1)
    return chosen


class PackedTables:
    """Tables of (corner, arc, edge) as records the kernels read directly, packed on demand, as are derates pair by pair.

    ``record[(corner * n_arc + arc) * 2 + edge]`` is ``(x, nx, y, ny, v)``: offsets of the axes in ``axes`` and of the
    values in ``values``; ``nx`` is 0 where the corner has no such table, or nobody has asked for it (:meth:`need`).
    Values are (nx, ny, 2), delay and slew beside each other; a constraint stands in the first of the two.
    """

    def __init__(self, technology: Technology) -> None:
        corners, cells = technology.corners, technology.cells
        self.n_corner, self.n_arc, self.n_pin = len(corners.vdd), len(cells.arc_from), len(cells.pin_name)
        self.corner_of = np.ascontiguousarray(technology.corner_of, dtype=np.int32)
        """(n_variant, n_vdd)."""
        self.vdds = technology.vdds
        self.pin_cap = np.ascontiguousarray(
            np.stack([corners.pin_cap_rise, corners.pin_cap_fall], axis=-1).reshape(-1, 2), dtype=np.float64
        )
        """(n_corner * n_pin, 2) fF, rise and fall: upper ends of their ranges, for late paths."""
        low = np.stack([corners.pin_cap_rise_low, corners.pin_cap_fall_low], axis=-1).reshape(-1, 2)
        self.pin_cap_early = np.ascontiguousarray(low, dtype=np.float64)
        """Lower ends, for early paths."""
        self._cross = technology.cross
        slots = np.stack([cells.arc_table[:, :2].ravel(), cells.arc_table[:, 2:].ravel()], axis=1)
        slots, self._row = np.unique(slots, axis=0, return_inverse=True)
        self._slots: tuple[Int, Int] = (slots[:, 0], slots[:, 1])
        """Delay and slew table of each distinct pair; ``_row`` gives the pair of each (arc, edge)."""
        self._corners, self._arc_ptr = corners, cells.arc_ptr
        self._packer = _Packer()
        self._ready = np.zeros((self.n_corner, len(cells.names)), dtype=bool)
        """Cell types whose tables are packed, by corner."""
        self._parts: dict[tuple[int, int], Int] = {}
        """What others mix, by corner and driver's supply."""
        self._packed: set[tuple[int, int]] = set()
        self._lock = threading.Lock()
        self.record: NDArray[np.int32] = np.zeros((self.n_corner * self.n_arc * 2, _FIELDS), dtype=np.int32)
        """(n_corner * n_arc * 2, 5)."""
        rows = len(self.record) * len(self.vdds) if self._cross is not None else 0
        self.cross_record: NDArray[np.int32] = np.zeros((rows, _FIELDS), dtype=np.int32)
        """(n_vdd * (n_corner * n_arc * 2), 5) shifts and factors for each driver Vdd; zero until :meth:`need_cross`."""
        self.values: Real = np.empty(0)
        self.axes: Real = np.empty(0)

    def need(self, corner: int, types: Int) -> None:
        """Pack those tables of cell types at a corner that are not packed yet; kernels that run keep the old arrays."""
        if self._ready[corner, types].all():
            return
        with self._lock:
            fresh = types[~self._ready[corner, types]].tolist()
            arcs = [np.arange(self._arc_ptr[k], self._arc_ptr[k + 1]) for k in fresh]
            rows = (2 * np.concatenate([np.zeros(0, dtype=np.int64), *arcs])[:, None] + (0, 1)).ravel()
            pairs, pair = np.unique(self._row[rows], return_inverse=True)
            c, k = self._corners, corner
            fields = c.table_x[k], c.table_nx[k], c.table_y[k], c.table_ny[k], c.table_v[k]
            delay, slew = (_slot_tables(fields, slots[pairs]) for slots in self._slots)
            packed = self._packer.add_many(c.pool, delay, slew)
            self.record[corner * self.n_arc * 2 + rows] = packed[pair]
            self.values = self._packer.take(self.values)
            self.axes = self._packer.axes.join()
            self._ready[corner, fresh] = True

    def need_cross(self, corner: int, drivers: Iterable[int]) -> None:
        """Pack the shifts and factors of a corner whose inputs swing to other supplies, where there are any."""
        fresh = [driver for driver in drivers if (corner, driver) not in self._packed]
        if self._cross is None or not fresh:
            return
        with self._lock:
            block = self.cross_record.reshape(len(self.vdds), self.n_corner, self.n_arc * 2, _FIELDS)
            for driver, rows in zip(fresh, self._derates(corner, fresh), strict=True):
                if rows[:, 1].any():
                    block[driver, corner] = rows[self._row]
            self._packed.update((corner, driver) for driver in fresh)

    def need_parts(self) -> None:
        """Pack what derates between interpolated supplies are mixed from, for processes that are forked afterwards."""
        if isinstance(self._cross, MixedCross):
            known = pack_tables(self._cross.old)
            for corner, driver in self._cross.pairs:
                for row, j, _ in self._cross.parts(corner, driver):
                    known.part(row, j)

    def part(self, corner: int, driver: int) -> Int:
        """Record (n_pair, 5) of the derates of each distinct pair of a delay and a slew table, for a mixture."""
        found = self._parts.get((corner, driver))
        if found is None:
            with self._lock:
                found = self._parts[corner, driver] = self._derates(corner, [driver])[0]
        return found

    def _derates(self, corner: int, drivers: Sequence[int]) -> list[Int]:
        """As :meth:`part`, for each driver; those of interpolated supplies are mixed from characterised ones, all at once."""
        cross = self._cross
        assert cross is not None
        if isinstance(cross, MixedCross):
            made = self._mixed(cross, corner, drivers)
        else:
            made = [self._read(cross.delays(corner, driver)) for driver in drivers]
        self.values = self._packer.take(self.values)
        self.axes = self._packer.axes.join()
        return made

    def _read(self, found: PairDerates) -> Int:
        """Derates as they were characterised."""
        delay, slew = (_slot_tables(found[:5], slots) for slots in self._slots)
        if (delay[:, 4] < 0).all():
            return np.zeros((len(delay), _FIELDS), dtype=np.int32)
        slew = np.where(delay[:, 4:] >= 0, slew, (0, 0, 0, 0, -1))
        return self._packer.add_many(found.pool, delay, slew)

    def _mixed(self, cross: MixedCross, corner: int, drivers: Sequence[int]) -> list[Int]:
        """Derates of interpolated supplies, of the tables alone that the technology serves to time."""
        delay = self._slots[0]
        wanted = np.arange(len(delay)) if cross.timed is None else np.flatnonzero(cross.timed[delay] & (delay >= 0))
        rows = np.zeros((len(drivers), len(delay), _FIELDS), dtype=np.int32)
        parts = [cross.parts(corner, driver) for driver in drivers]
        mixed = [d for d, some in enumerate(parts) if some]
        parts = [parts[d] for d in mixed]
        if not parts:
            return list(rows)
        # The first part again, without weight, where a mixture has fewer than another.
        most = max(map(len, parts))
        given = np.zeros((len(parts), most, len(wanted), _FIELDS), dtype=np.int32)
        weights = np.zeros((len(parts), most))
        known = pack_tables(cross.old)
        for d, some in enumerate(parts):
            for k, (row, driver, weight) in enumerate(some):
                given[d, k], weights[d, k] = known.part(row, driver)[wanted], weight
            given[d, len(some) :] = given[d, 0]
        packer = self._packer
        made, block = mix_derates(
            given, weights, known.values, known.axes, lambda axis: packer.axes.add(axis)[0], packer.size
        )
        packer.values.append(block)
        packer.size += block.size
        rows[np.array(mixed)[:, None], wanted] = made
        return list(rows)


_PACKED: dict[int, tuple[weakref.ref[Technology], PackedTables]] = {}
"""By the technology's identity; an entry goes with its technology."""


def pack_tables(technology: Technology) -> PackedTables:
    """Tables of a technology, packed when they are needed; those of the same technology object are kept as long as it is there.

    A table of one row or column is made two long with equal values, so that the kernel has one case; a slew table on
    other axes than its delay is put on the union of both, which is exact for bilinear tables.
    """
    key = id(technology)
    known = _PACKED.get(key)
    if known is not None and known[0]() is technology:
        return known[1]
    packed = PackedTables(technology)

    def forget(gone: weakref.ref[Technology]) -> None:
        if (entry := _PACKED.get(key)) is not None and entry[0] is gone:
            del _PACKED[key]

    _PACKED[key] = weakref.ref(technology, forget), packed
    return packed
