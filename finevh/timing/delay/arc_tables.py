"""Blocks: the delay tables as the forward kernel reads them, one line of eight coefficients per cell of a table's grid.

The lines of all groups of a cell type for one cell of the grid lie together: the pins of a gate have one load and similar
slews.

A block belongs to a corner and a driver's Vdd and holds, for every cell type of a netlist and every group of arcs (see
:mod:`finevh.timing.graph.entries`), the bilinear form of delay and slew in each cell of the grid: with ``s`` and ``l`` counted
from the cell's lower corner, ``c0 + c1 s + l (c2 + c3 s)``. A group of several arcs has two lines per cell, of arcs of which
one or the other is the worst anywhere in it; where two do not suffice, or there is no table, the first coefficient is nan
and the kernel asks each arc. Cross-voltage derates are part of it: at each point of the grid the shift is added, the factor
applied.

Tables are made when a cell type at a corner first meets a driver's supply; the memory of those that never do stays untouched.
Of a graph that few maps are timed with most lines are never read: its lines are made one by one, by the first evaluation that
reads them (:func:`make_line`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from typing import Any, NamedTuple

import numpy as np
from numba import float64
from numba.extending import overload
from numpy.typing import NDArray

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.technology.model import CellTable, Index, Int, Real
from finevh.timing.delay.cross_voltage import derated
from finevh.timing.delay.packed_tables import PackedTables
from finevh.timing.graph.entries import Entries
from finevh.timing.sweep.lanes import (
    PERMUTES,
    LanesType,
    Number,
    Width,
    aligned,
    choose,
    how_many,
    lane,
    load,
    rows,
    seek8,
    seek16,
    with_lane,
)

FIRST, PER_CELL, N_LOAD, SLEW_AXIS, LOAD_AXIS, SLEW_STEPS, LOAD_STEPS, N_SLEW = range(8)
"""Columns of a header: first line, lines per grid cell, points of load, axes of slew and load, steps of either, points of
slew."""
N_HEAD = 8
_RESERVED = 1 << 24
"""Lines of address space to begin with (512 MiB, of which what is used takes memory); doubled where they do not suffice."""
_STEP = 8
"""Axes are padded to a multiple of this many bounds, which begin at a line of the cache and are compared at once."""
_EIGHT = (0,) * _STEP
_SAME_POINT = 1e-5
"""Relative distance below which two points of axes are one: derates are kept in single precision."""
_REACH = 16.0
"""Which arc is the worst beyond the last point is looked at up to this many times that point."""
_TIE = 2.0**-12
"""ps within which two arcs are equal: less than the kernel's own resolution."""


class _Span(NamedTuple):
    """A cell of the grid along one axis."""

    base: int
    """Point whose difference to the next is the slope: beyond the last point that of the last two goes on."""
    step: float
    """From the base to the next point."""
    shift: float
    """From the base to the cell's lower corner."""
    low: float
    """From the lower corner to where the cell begins: the first begins at zero."""
    high: float
    """From the lower corner to where the cell ends: the last goes far."""


@callee(forceinline=True, error_model="numpy")
def _span(points: Real, first: int, n: int, i: int) -> _Span:
    """Cell ``i`` of an axis of ``n`` points that begins at ``first``."""
    base = min(i, n - 2)
    at = points[first + i]
    low = -points[first] if i == 0 else 0.0
    high = (points[first + i + 1] if i < n - 1 else _REACH * at) - at
    return _Span(base, points[first + base + 1] - points[first + base], at - points[first + base], low, high)


# Columns by name: a compiled kernel takes plain arrays and numbers.
@callee(forceinline=True, error_model="numpy")
def _tabulate(
    record: Int, cross_record: Int, axes: Real, table: Real, driver: Index, first: Index, member: Int, begin: Index, end: Index,
    points: Real, xs: Index, nx: Index, ys: Index, ny: Index, value: Real,
) -> bool:  # fmt: skip
    """Delay and slew, ps, of each arc of a group at each point of the grid, derates included; False where a table is absent.

    ``first``: record of the cell's arc 0 at the output's edge.
    """
    for m in range(end - begin):
        rec = first + member[begin + m] * 2
        cross = driver * record.shape[0] + rec if driver >= 0 else -1
        if record[rec, 1] == 0 or (cross >= 0 and cross_record[cross, 1] == 0):
            return False
        for i in range(nx):
            for j in range(ny):
                x, y = points[xs + i], points[ys + j]
                value[m, i, j, 0], value[m, i, j, 1] = derated(record, cross_record, axes, table, rec, cross, x, y)
    return True


@callee(forceinline=True, error_model="numpy")
def _bilinear(value: Real, form: Real, m: int, q: int, x: _Span, y: _Span) -> None:
    """The bilinear form of arc ``m`` in one cell of the grid, counted from the cell's lower corner, into ``form``."""
    v = value[m, x.base, y.base, q]
    b = (value[m, x.base + 1, y.base, q] - v) / x.step
    e = (value[m, x.base, y.base + 1, q] - v) / y.step
    h = (
        value[m, x.base + 1, y.base + 1, q] - value[m, x.base + 1, y.base, q] - value[m, x.base, y.base + 1, q] + v
    ) / (x.step * y.step)
    form[m, q, 0] = v + b * x.shift + y.shift * (e + h * x.shift)
    form[m, q, 1] = b + h * y.shift
    form[m, q, 2], form[m, q, 3] = e + h * x.shift, h


@callee(forceinline=True, error_model="numpy")
def _at_corners(form: Real, corner: Real, m: int, q: int, x: _Span, y: _Span, late: bool) -> float:
    """Values of a form at the four corners of its cell into ``corner``; returns their sum."""
    total = 0.0
    for z in range(4):
        ds, dl = (x.high if z & 1 else x.low), (y.high if z & 2 else y.low)
        at = form[m, q, 0] + form[m, q, 1] * ds + dl * (form[m, q, 2] + form[m, q, 3] * ds)
        corner[m, q, z] = at if late else -at
        total += corner[m, q, z]
    return total


@callee(forceinline=True, error_model="numpy")
def _second(corner: Real, n: int, q: int, one: int) -> tuple[int, bool]:
    """The arc that exceeds arc ``one`` most at a corner, and whether every arc lies below one of the two everywhere."""
    other, most_above, enough = one, _TIE, True
    for m in range(n):
        for z in range(4):
            if corner[m, q, z] - corner[one, q, z] > most_above:
                other, most_above = m, corner[m, q, z] - corner[one, q, z]
    for m in range(n):
        below_one, below_other = True, True
        for z in range(4):
            below_one = below_one and corner[m, q, z] <= corner[one, q, z] + _TIE
            below_other = below_other and corner[m, q, z] <= corner[other, q, z] + _TIE
        enough = enough and (below_one or below_other)
    return other, enough


# Columns by name: a compiled kernel takes plain arrays and numbers.
@callee(forceinline=True, error_model="numpy")
def _write_lines(
    value: Real, form: Real, corner: Real, n: int, x: _Span, y: _Span, late: bool, line: Index, out: NDArray[np.float32]
) -> None:
    """The line of a group of one arc in one cell of the grid, or the two of a group of several; nan where two do not suffice."""
    enough = True
    for q in range(2):
        best, one = -np.inf, 0
        for m in range(n):
            _bilinear(value, form, m, q, x, y)
            if n == 1:
                break
            total = _at_corners(form, corner, m, q, x, y, late)
            if total > best:
                best, one = total, m
        for z in range(4):
            out[line + 4 * q + z] = form[one, q, z]
        if n > 1:
            other, suffices = _second(corner, n, q, one)
            enough = enough and suffices
            for z in range(4):
                out[line + 8 + 4 * q + z] = form[other, q, z]
    if not enough:
        out[line] = np.nan
        out[line + 8] = np.nan


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True, error_model="numpy")
def _fill(
    record: Int,
    cross_record: Int,
    axes: Real,
    table: Real,
    driver: int,
    type_record: NDArray[np.int64],
    type_class: Int,
    class_ptr: Int,
    group_edge: Int,
    group_line: Int,
    group_ptr: Int,
    member: Int,
    types: NDArray[np.integer[Any]],
    head: Int,
    points: Real,
    late: bool,
    out: NDArray[np.float32],
) -> None:
    """Coefficients of one block.

    ``head`` holds the headers of all cell types, ``types`` those to do, ``driver`` is -1 for their own supply.
    """
    most, longest = 1, 2
    for g in range(group_edge.shape[0]):
        most = max(most, group_ptr[g + 1] - group_ptr[g])
    for k in types:
        longest = max(longest, head[k, N_SLEW], head[k, N_LOAD])
    # Plain arrays: a tuple of arrays counts their references at each call.
    value, form, corner = np.empty((most, longest, longest, 2)), np.empty((most, 2, 4)), np.empty((most, 2, 4))
    for k in types:
        xs, nx, ys, ny = head[k, SLEW_AXIS], head[k, N_SLEW], head[k, LOAD_AXIS], head[k, N_LOAD]
        for g in range(class_ptr[type_class[k]], class_ptr[type_class[k] + 1]):
            begin, end = group_ptr[g], group_ptr[g + 1]
            whole = _tabulate(
                record, cross_record, axes, table, driver, type_record[k] + group_edge[g], member, begin, end, points, xs, nx, ys,
                ny, value,
            )  # fmt: skip
            for i in range(nx):
                x = _span(points, xs, nx, i)
                for j in range(ny):
                    line = (head[k, FIRST] + group_line[g] + (i * ny + j) * head[k, PER_CELL]) * 8
                    if whole:
                        _write_lines(value, form, corner, end - begin, x, _span(points, ys, ny, j), late, line, out)
                    else:
                        out[line] = np.nan
                        out[line + (8 if end - begin > 1 else 0)] = np.nan


# Columns by name: a compiled kernel takes plain arrays and numbers.
@callee(error_model="numpy")
def make_line(
    record: Int, cross_record: Int, axes: Real, table: Real, driver: Index, first: Index, member: Int, begin: Index, end: Index,
    points: Real, head: Int, row: Index, skipped: Index, late: bool, line: Index, out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Lines of one group in one cell of the grid, the first of them ``line``, as :func:`_fill` makes all.

    ``row``: header of the cell's type in ``head``, which holds them one behind the other. ``first``, ``driver`` as in
    :func:`arc_by_arc`; ``skipped``: lines of the cell of the grid before the group's.
    """
    h = row * N_HEAD
    xs, nx, ys, ny = head[h + SLEW_AXIS], head[h + N_SLEW], head[h + LOAD_AXIS], head[h + N_LOAD]
    cell = (line - head[h + FIRST] - skipped) // head[h + PER_CELL]
    x, y, n = _span(points, xs, nx, int(cell // ny)), _span(points, ys, ny, int(cell % ny)), int(end - begin)
    value, form, corner = np.empty((n, 2, 2, 2)), np.empty((n, 2, 4)), np.empty((n, 2, 4))
    # The two points of either axis that the cell is between, or goes on from.
    xs, ys = xs + x.base, ys + y.base
    if _tabulate(record, cross_record, axes, table, driver, first, member, begin, end, points, xs, 2, ys, 2, value):
        here = _Span(0, x.step, x.shift, x.low, x.high), _Span(0, y.step, y.shift, y.low, y.high)
        _write_lines(value, form, corner, n, here[0], here[1], late, line * 8, out)
    else:
        out[line * 8] = np.nan
        out[line * 8 + (8 if n > 1 else 0)] = np.nan


class Seat(NamedTuple):
    """Where the lines of a cell type lie for one driver's supply: numbers, or lanes where rails differ by lane."""

    first: Any
    """First line."""
    per_row: Any
    """Grid cells per point of slew."""
    per_cell: Any
    slew_low: Any
    """Axis of slew of the lanes at the low rail; of all with one lane."""
    slew_high: Any
    slew_size: Any
    """Steps of the search; points of the longer axis with several lanes."""
    load_low: Any
    load_high: Any
    load_size: Any


@callee(forceinline=True, error_model="numpy")
def seat(head: Int, low: Number, high: Number, at_high: Number, width: Width) -> Seat:
    """The seat of the headers ``low`` and ``high`` (rows of eight numbers of ``head``), lane by lane as ``at_high`` says."""
    a, b = low * 8, high * 8
    if len(width) == 1:
        slew_size, load_size = head[a + SLEW_STEPS], head[a + LOAD_STEPS]
    else:
        slew_size = max(head[a + N_SLEW], head[b + N_SLEW])
        load_size = max(head[a + N_LOAD], head[b + N_LOAD])
    return Seat(
        choose(at_high, head[b + FIRST], head[a + FIRST]),
        choose(at_high, head[b + N_LOAD], head[a + N_LOAD]),
        max(head[a + PER_CELL], head[b + PER_CELL]),
        head[a + SLEW_AXIS],
        head[b + SLEW_AXIS],
        slew_size,
        head[a + LOAD_AXIS],
        head[b + LOAD_AXIS],
        load_size,
    )


@callee(forceinline=True, error_model="numpy")
def grid_cell(points: Real, axis: Number, steps: Index, x: Number) -> Number:
    """Cell of a grid along one axis that ``x`` falls in: the number of bounds at or below it; padding is infinite."""
    k = (np.int64(axis) + 1) // _STEP
    n = how_many(load(points, k, _EIGHT) <= x)
    for more in range(k + 1, k + steps):
        n += how_many(load(points, more, _EIGHT) <= x)
    return n


@callee(error_model="numpy")
def _grid_cells(
    points: Real, low: Number, high: Number, at_high: Number, x: Number, index: Number, point: Number, count: int
) -> tuple[Number, Number]:
    """As :func:`below` lane by lane, for long axes and processors without look-up in registers."""
    for k in range(count):
        axis = np.int64(lane(choose(at_high, high, low), k))
        n = np.int32(0)
        while lane(x, k) >= points[axis + n + 1]:
            n += np.int32(1)
        index = with_lane(index, k, n)
        point = with_lane(point, k, points[axis + n])
    return index, point


def below(points: Any, low: Any, high: Any, size: Any, at_high: Any, x: Any) -> tuple[Any, Any]:
    """Number of the last point of an axis at or below ``x`` (0 if there is none), and that point; for use in kernels.

    ``low`` and ``high`` say where the axes of the two rails begin in ``points``, ``size`` as in :class:`Seat`.
    """
    raise NotImplementedError


@overload(below, jit_options={"nogil": True, "error_model": "numpy", "forceinline": True})
def _below(points: Any, low: Any, high: Any, size: Any, at_high: Any, x: Any) -> Callable[..., Any]:
    if not isinstance(x, LanesType):
        # Numba wants the very parameters of the function that chooses.
        def one(points: Any, low: Any, high: Any, size: Any, at_high: Any, x: Any) -> Any:
            n = grid_cell(points, low, size, x)
            return n, points[low + n]

        return one
    count = x.count
    permutes = PERMUTES and (x.dtype == float64 or count == 16)

    def many(points: Any, low: Any, high: Any, size: Any, at_high: Any, x: Any) -> Any:
        if permutes and size <= 8:
            return seek8(points, low, high, at_high, x)
        if permutes and size <= 16:
            return seek16(points, low, high, at_high, x)
        return _grid_cells(points, low, high, at_high, x, choose(at_high, np.int32(0), np.int32(0)), x, count)

    return many


@callee(forceinline=True, error_model="numpy")
def line_values(lines: Real, index: Number, ds: Number, dl: Number) -> tuple[Number, Number]:
    """Delay and slew, ps, of line ``index``: bilinear, ``ds`` ps and ``dl`` fF beyond the lower corner of its grid cell."""
    c = rows(lines, index)
    delay = c[0] + c[1] * ds
    delay += dl * (c[2] + c[3] * ds)
    slew = c[4] + c[5] * ds
    slew += dl * (c[6] + c[7] * ds)
    return delay, slew


# Columns by name: a compiled kernel takes plain arrays.
@callee(error_model="numpy")
def arc_by_arc(
    record: Int,
    cross_record: Int,
    axes: Real,
    table: Real,
    first: Index,
    member: Int,
    begin: Index,
    end: Index,
    driver: Index,
    slew: float,
    load: float,
    late: bool,
) -> tuple[float, float, float]:
    """Worst delay and slew over the arcs of a group, one by one; the third number is 0 where a table is absent.

    ``first``: record of the cell's arc 0 at the output's edge. ``driver``: -1 for the cell's own supply.
    """
    worst = -np.inf if late else np.inf
    delay, out = worst, worst
    for k in range(begin, end):
        rec = first + 2 * member[k]
        cross = driver * record.shape[0] + rec if driver >= 0 else -1
        if record[rec, 1] == 0 or (cross >= 0 and cross_record[cross, 1] == 0):
            return 0.0, 0.0, 0.0
        d, o = derated(record, cross_record, axes, table, rec, cross, slew, load)
        if (d > delay) == late:
            delay = d
        if (o > out) == late:
            out = o
    return delay, out, 1.0


def _steps(points: Real) -> int:
    """Steps of a search in an axis."""
    return -(-(len(points) - 1) // _STEP)


def with_axis(pool: Real, points: Real) -> Real:
    """Axes with one more at the end; none with no point.

    Behind its first point an axis is padded with inf to a multiple of ``_STEP`` bounds, which begin at a line of the cache.
    """
    if not len(pool):
        pool = np.full(_STEP - 1, np.inf)
    padded = np.full((1 + max(_steps(points), 1)) * _STEP if len(points) else 0, np.inf)
    padded[: len(points)] = points
    found: Real = aligned(len(pool) + len(padded), np.float64)
    found[: len(pool)], found[len(pool) :] = pool, padded
    return found


class Blocks:
    """Tables of one netlist's cell types for one end (late or early) of the timing.

    Parameters
    ----------
    cells : the library.
    used : cell types of the netlist.
    crossed : whether derates are in use.
    cell_class : (n_cell_type) see :func:`finevh.timing.graph.entries.classes_of`.
    as_read : lines are made by the evaluations that read them, one of which may run at a time.
    """

    def __init__(
        self,
        cells: CellTable,
        used: Int,
        tables: PackedTables,
        crossed: bool,
        cell_class: Int,
        entries: Entries,
        late: bool,
        as_read: bool = False,
    ) -> None:
        kinds = np.flatnonzero(np.isin(cell_class, np.unique(cell_class[used])))
        groups = [
            entries.groups[c] if c < len(entries.groups) else () for c in range(int(cell_class.max(initial=-1)) + 1)
        ]
        flat = [group for members in groups for group in members]
        wide = [[1 if len(local) == 1 else 2 for _, local in members] for members in groups]
        self.tables, self.late, self.as_read = tables, late, as_read
        self.turn: AbstractContextManager[object] = threading.Lock() if as_read else nullcontext()
        """What an evaluation holds while it reads lines."""
        self._crossed = crossed
        self.type_of = np.full(len(cell_class), -1, dtype=np.int32)
        """Row of each cell type in the headers, -1 for types that no cell of the netlist can be."""
        self.type_of[kinds] = np.arange(len(kinds), dtype=np.int32)
        self.n_type = len(kinds)
        self._kinds = kinds
        self.n_driver = len(tables.vdds) + 1 if crossed else 1
        """Blocks per corner: with cross-voltage data one per driver's Vdd, then that of the cell's own."""
        self.n_corner = len(tables.record) // max(tables.n_arc * 2, 1)
        self.head = aligned(self.n_corner * self.n_driver * self.n_type * N_HEAD, np.int32, 0).reshape(-1, N_HEAD)
        self.class_ptr = np.concatenate([[0], np.cumsum([len(g) for g in groups])]).astype(np.int32)
        self.group_edge = np.array([edge for edge, _ in flat], dtype=np.int32)
        self.group_line = np.array([sum(w[:g]) for w in wide for g in range(len(w))], dtype=np.int32)
        """Lines per grid cell of the groups of the class before each."""
        self.group_ptr = np.concatenate([[0], np.cumsum([len(local) for _, local in flat])]).astype(np.int32)
        self.member = np.array([a for _, local in flat for a in local], dtype=np.int32)
        """Local arcs of each group."""
        self.points = with_axis(np.empty(0), np.empty(0))
        """Axes, see :func:`with_axis`."""
        self.lines = self._room(_RESERVED)
        self._type_record = cells.arc_ptr[kinds].astype(np.int64) * 2
        self._type_class = np.ascontiguousarray(cell_class[kinds], dtype=np.int32)
        self._type_arcs = [
            np.unique(np.array([a for _, local in groups[int(c)] for a in local], dtype=np.int64)) + cells.arc_ptr[kind]
            for kind, c in zip(kinds.tolist(), cell_class[kinds].tolist(), strict=True)
        ]
        self._type_lines = np.array([sum(wide[int(c)]) for c in cell_class[kinds]], dtype=np.int64)
        supplies: list[set[int]] = [set() for _ in range(self.n_corner)]
        for (_, vdd), corner in np.ndenumerate(tables.corner_of):
            if corner >= 0:
                supplies[corner].add(int(vdd))
        self._supplies = supplies
        self._used = 0
        self._axes: dict[bytes, int] = {}
        self._united: dict[bytes, Real] = {}
        self._grids: dict[bytes, tuple[int, ...]] = {}
        self._ready = np.zeros((self.n_corner, self.n_driver, self.n_type), dtype=bool)
        self._packed = self._ready.copy()
        self._checked: set[tuple[bytes, int, bool]] = set()
        self._lock = threading.Lock()

    def require(self, present: NDArray[np.uint8], port_vdd: int, lines: bool = True) -> None:
        """Make the tables of cell types for all pairs of supplies among those of the corners they are at and the ports'.

        Parameters
        ----------
        present : (n_corner * n_type) 1 where a cell type is at a corner
        lines
            Whether the lines of grids are read; else only the tables that they are made of are packed.
        """
        key = present.tobytes(), port_vdd, lines
        if key in self._checked:
            return
        with self._lock:
            ready = self._ready if lines else self._packed
            grid = present.reshape(self.n_corner, self.n_type) > 0
            corners = np.flatnonzero(grid.any(axis=1)).tolist()
            for corner in corners:
                self.tables.need(corner, self._kinds[grid[corner]])
            drivers = {port_vdd}.union(*(self._supplies[corner] for corner in corners))
            for corner in corners:
                crossing = drivers if len(self._supplies[corner]) > 1 else drivers - self._supplies[corner]
                asked = [*(sorted(crossing) if self._crossed else ()), self.n_driver - 1]
                fresh = {driver: np.flatnonzero(grid[corner] & ~ready[corner, driver]) for driver in asked}
                fresh = {driver: types for driver, types in fresh.items() if len(types)}
                self.tables.need_cross(corner, [driver for driver in fresh if driver < self.n_driver - 1])
                for driver, types in fresh.items():
                    if lines:
                        self._make(corner, driver, types)
                    ready[corner, driver, types] = True
            self._checked.add(key)

    def _lay_out(self, corner: int, driver: int, types: NDArray[np.intp], head: Int) -> None:
        """Axes of cell types in one block: the union of those of a type's tables, and of its derates."""
        t, arcs = self.tables, [self._type_arcs[k] for k in types.tolist()]
        rows = corner * t.n_arc + np.concatenate(arcs)
        parts = [t.record.reshape(-1, 2, 5)[rows]]
        if driver < self.n_driver - 1:
            parts.append(t.cross_record.reshape(len(t.vdds), -1, 2, 5)[driver, rows])
        # Offset and length of an axis as one number.
        axes = np.concatenate(parts, axis=1)
        codes = axes[..., 0:4:2] * 64 + axes[..., 1:4:2]
        end = 0
        for k, own in zip(types.tolist(), arcs, strict=True):
            begin, end = end, end + len(own)
            head[k, PER_CELL], head[k, N_LOAD:] = self._type_lines[k], self._grid(codes[begin:end])

    def _grid(self, codes: NDArray[np.int32]) -> tuple[int, ...]:
        """Headers from ``N_LOAD`` on, of a cell type whose tables are on axes (n, 2); most corners have the same."""
        key = codes.tobytes()
        if key not in self._grids:
            flat = codes.reshape(-1, 2)
            flat = flat[flat[:, 0] % 64 > 0]
            x, y = self._unite(np.unique(flat[:, 0])), self._unite(np.unique(flat[:, 1]))
            self._grids[key] = len(y), self._axis(x), self._axis(y), _steps(x), _steps(y), len(x)
        return self._grids[key]

    def _unite(self, codes: Int) -> Real:
        """All points of axes, points that are nearly one counted once."""
        key = codes.tobytes()
        if key not in self._united:
            parts = [self.tables.axes[x : x + n] for x, n in zip(codes // 64, codes % 64, strict=True)] or [
                np.array([0.0, 1.0])
            ]
            # (0, 1) stands for a table that is constant along the axis.
            real = [p for p in parts if not (len(p) == 2 and p[0] == 0.0 and p[1] == 1.0)] or parts[:1]
            points = np.unique(np.concatenate(real))
            keep = np.ones(len(points), dtype=bool)
            keep[1:] = np.diff(points) > _SAME_POINT * np.maximum(np.abs(points[1:]), np.abs(points[:-1]))
            self._united[key] = points[keep]
        return self._united[key]

    def _axis(self, points: Real) -> int:
        """Offset of an axis in ``points``."""
        key = points.tobytes()
        if key not in self._axes:
            self._axes[key] = len(self.points)
            self.points = with_axis(self.points, points)
        return self._axes[key]

    def _room(self, lines: int) -> NDArray[np.float32]:
        """Memory of so many lines; where they are made as they are read, zero is what is not there yet."""
        if not self.as_read:
            return np.asarray(aligned(lines * 8, np.float32))
        # Pages of the usual size: lines that are read lie far apart, and what is not touched takes no memory.
        return np.frombuffer(mmap(-1, lines * 32, flags=MAP_PRIVATE | MAP_ANONYMOUS), dtype=np.float32)

    def _make(self, corner: int, driver: int, types: NDArray[np.intp]) -> None:
        """Lay out one block for some cell types, and fill it."""
        own, t = driver == self.n_driver - 1, self.tables
        rows = (corner * self.n_driver + driver) * self.n_type
        head = self.head[rows : rows + self.n_type]
        self._lay_out(corner, driver, types, head)
        size = self._type_lines[types] * head[types, N_SLEW] * head[types, N_LOAD]
        need = (self._used + int(size.sum())) * 8
        if need > len(self.lines):
            # Kernels that run meanwhile keep the old array.
            grown = self._room(need // 4)
            grown[: self._used * 8] = self.lines[: self._used * 8]
            self.lines = grown
        head[types, FIRST] = self._used + np.cumsum(size) - size
        if not self.as_read:
            _fill(
                t.record, t.cross_record, t.axes, t.values, -1 if own else driver,
                self._type_record + corner * t.n_arc * 2, self._type_class, self.class_ptr, self.group_edge, self.group_line,
                self.group_ptr, self.member, types, head, self.points, self.late, self.lines,
            )  # fmt: skip
        self._used += int(size.sum())
