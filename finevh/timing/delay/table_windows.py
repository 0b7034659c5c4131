"""Least and most that a delay table gives while slew and load lie in windows: derates are worked out once per grid, not per cell.

A table is bilinear between the points of its axes, a derated one between those of the union of its axes and the derate's.
Thousands of cells ask the same few hundred tables, so a *grid* keeps what a look-up would work out each time: the union of two
axes, which points of it a value lies between, and delay and slew at its points, derates included.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.base.kernel_types import argument_types
from finevh.technology.model import Index, Int, Real
from finevh.technology.tables.nldm import pair, segment
from finevh.timing.delay.cross_voltage import cross_derate

Ints = NDArray[np.integer[Any]]
_SAME = 1e-5
"""Relative distance below which two points of axes are one, as in the engine's tables."""
_SHORT = 1e-6
"""fF, steps of load below which nothing is said of a slope."""


class Grids(NamedTuple):
    """Tables of a netlist between two supplies, each on one grid; see :func:`grids_of`."""

    number: Int
    """(2, 2, n_record) grid of a record by the cell's state (0: lower supply, 1: higher) and whether its driver is in the other
    one; -1 where there is none."""
    grid: NDArray[np.int64]
    """(n_grid, 3) axis of slew, axis of load, first of ``value``."""
    axis: NDArray[np.int64]
    """(n_axis, 2) first of ``point`` and number of points."""
    point: Real
    """ps or fF, ascending, each value once."""
    share: Real
    """How far each point lies between the two that a look-up takes there: 0 unless another is nearly the same."""
    below: Int
    """For values under the first point of an axis, from the first on, from the second on, ...: the lower of the two points that a
    look-up takes there. Those of axis ``k`` begin at its first point plus ``k``: they are one more than it has points."""
    above: Int
    """The upper one."""
    value: Real
    """By point of slew, then of load: delay, ps, its derate included, output slew, ps, and the derate's factor on it."""


@kernel(nogil=True, error_model="numpy")
def _around(axes: Real, a: int, n: int, b: int, m: int, x: float) -> tuple[float, float]:
    """The two neighbouring points of the union of two axes between which ``x`` lies, or the outermost two on its side.

    Two points 0 and 1 stand for a table that is constant along the axis, and points nearly equal are one.
    """
    constant_a = n == 2 and axes[a] == 0.0 and axes[a + 1] == 1.0
    constant_b = m == 2 and axes[b] == 0.0 and axes[b + 1] == 1.0
    low, high, below, above = -np.inf, np.inf, -np.inf, np.inf
    for which in range(2):
        if which == 0 and constant_a and not constant_b:
            continue
        if which == 1 and constant_b:
            continue
        first, count = (b, m) if which else (a, n)
        for i in range(first, first + count):
            p = axes[i]
            if p <= x:
                # The last two points not above x.
                if p > low + _SAME * abs(p):
                    below, low = low, p
                elif p < low - _SAME * abs(p) and p > below + _SAME * abs(p):
                    below = p
            elif p < high - _SAME * abs(p):
                above, high = high, p
            elif p > high + _SAME * abs(p) and p < above - _SAME * abs(p):
                above = p
    if low == -np.inf:
        return high, above
    if high == np.inf:
        return below, low
    return low, high


@callee(error_model="numpy")
def _put_in_order(point: Real, first: Index, count: Index, x: float) -> Index:
    """Put ``x`` among the ``count`` ascending points from ``first`` on, once; returns how many there are then."""
    at = first + count
    while at > first and point[at - 1] > x:
        at -= 1
    if at > first and point[at - 1] == x:
        return count
    for i in range(first + count, at, -1):
        point[i] = point[i - 1]
    point[at] = x
    return count + 1


@kernel(nogil=True, error_model="numpy")
def _join_axes(
    axes: Real, codes: Ints, axis: NDArray[np.int64], point: Real, share: Real, below: Int, above: Int
) -> None:
    """Unions of axes: ``codes`` (n_axis, 4) are first point and number of two each, the second none where a table has no derate.

    ``axis`` holds where each begins; the number of its points becomes known here.
    """
    for k in range(codes.shape[0]):
        a, n, b, m = codes[k, 0], codes[k, 1], codes[k, 2], codes[k, 3]
        first = axis[k, 0]
        count: Index = 0
        for i in range(n + m):
            count = _put_in_order(point, first, count, axes[a + i] if i < n else axes[b + i - n])
        joined = point[first : first + count]
        axis[k, 1] = count
        for i in range(-1, count):
            # Between two points that follow each other a look-up always takes the same two.
            x = joined[i] if i >= 0 else joined[0] - 1.0
            if m:
                low, high = _around(axes, a, n, b, m, x)
            else:
                at = a + segment(axes, a, n, x)
                low, high = axes[at], axes[at + 1]
            under, up_to = 0, 0
            for p in joined:
                under += p < low
                up_to += p < high
            below[first + k + i + 1], above[first + k + i + 1] = under, up_to
            if i >= 0:
                share[first + i] = (x - low) / (high - low)


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True, error_model="numpy")
def _tabulate(
    record: Int,
    cross_record: Int,
    axes: Real,
    table: Real,
    records: Ints,
    crosses: Ints,
    grid: NDArray[np.int64],
    axis: NDArray[np.int64],
    point: Real,
    value: Real,
) -> None:
    """Delay, slew and its factor at the points of each grid; ``crosses`` (n_grid) is the record of the derate or -1."""
    for k in range(len(records)):
        at = grid[k, 2]
        for x in point[axis[grid[k, 0], 0] : axis[grid[k, 0], 0] + axis[grid[k, 0], 1]]:
            for y in point[axis[grid[k, 1], 0] : axis[grid[k, 1], 0] + axis[grid[k, 1], 1]]:
                delay, out = pair(record, axes, table, records[k], x, y, False)
                factor = 1.0
                if crosses[k] >= 0:
                    shift, factor = cross_derate(cross_record, axes, table, crosses[k], x, y)
                    delay += shift
                value[at], value[at + 1], value[at + 2] = delay, out, factor
                at += 3


def grids_of(record: Int, cross_record: Int, axes: Real, table: Real, records: Ints, supplies: Ints) -> Grids:
    """Grids of the tables that cells take at two supplies.

    Parameters
    ----------
    record, cross_record, axes, table
        As in :class:`finevh.timing.sweep.arrays.Tables`; without derates ``cross_record`` is empty.
    records
        (2, n_record) True where a record is asked for, by the cell's state.
    supplies
        (2) rows of the library's supplies.
    """
    n_record = len(record)
    number = np.full((2, 2, n_record), -1, dtype=np.int32)
    rows: list[Ints] = []
    crosses: list[Ints] = []
    count = 0
    for state in (0, 1):
        known = np.flatnonzero(records[state] & (record[:, 1] > 0))
        asked = [(known, np.full(len(known), -1))]
        if len(cross_record):
            cross = known + int(supplies[1 - state]) * n_record
            there = cross_record[cross, 1] > 0
            asked.append((known[there], cross[there]))
        for crossed, (some, cross) in enumerate(asked):
            number[state, crossed, some] = count + np.arange(len(some))
            rows.append(some)
            crosses.append(cross)
            count += len(some)
    own, derate = np.concatenate(rows), np.concatenate(crosses)
    beside = cross_record[np.maximum(derate, 0), :4] if len(cross_record) else np.zeros((len(own), 4), dtype=np.int32)
    beside = np.where(derate[:, None] >= 0, beside, 0)
    codes = np.concatenate([record[own, 0:2], beside[:, 0:2], record[own, 2:4], beside[:, 2:4]], axis=1)
    codes, which = np.unique(codes.reshape(-1, 4), axis=0, return_inverse=True)
    most = codes[:, 1] + codes[:, 3]
    axis = np.zeros((len(codes), 2), dtype=np.int64)
    axis[:, 0] = np.cumsum(most) - most
    size = int(most.sum())
    point, share = np.zeros(size), np.zeros(size)
    below, above = np.zeros(size + len(codes), dtype=np.int32), np.zeros(size + len(codes), dtype=np.int32)
    _join_axes(axes, np.ascontiguousarray(codes, dtype=np.int64), axis, point, share, below, above)
    grid = np.zeros((len(own), 3), dtype=np.int64)
    grid[:, :2] = which.reshape(-1, 2)
    sizes = axis[grid[:, 0], 1] * axis[grid[:, 1], 1] * 3
    grid[:, 2] = np.cumsum(sizes) - sizes
    value = np.zeros(int(sizes.sum()))
    _tabulate(
        record, cross_record, axes, table, own.astype(np.int64), derate.astype(np.int64), grid, axis, point, value
    )
    return Grids(number, grid, axis, point, share, below, above, value)


@callee(forceinline=True, error_model="numpy")
def _points_below(point: Real, first: Index, n: Index, x: float) -> int:
    """How many points of an axis are not above ``x``."""
    i = 0
    while i < n and point[first + i] <= x:
        i += 1
    return i


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _between(
    value: Real, low: Index, high: Index, size: Index, f: float, below: Index, above: Index, g: float, crossed: bool
) -> tuple[float, float]:
    """Delay and slew between four points of a grid.

    ``low`` and ``high`` are where the rows of ``value`` of the points of slew begin, ``size`` apart by point of load. Terms are
    added in the order in which look-ups add them.
    """
    a, b, c, d = low + below * size, high + below * size, high + above * size, low + above * size
    wa, wb, wc, wd = (1.0 - f) * (1.0 - g), f * (1.0 - g), f * g, (1.0 - f) * g
    if not crossed:
        delay = wa * value[a] + wb * value[b] + wc * value[c] + wd * value[d]
        return delay, wa * value[a + 1] + wb * value[b + 1] + wc * value[c + 1] + wd * value[d + 1]
    delay = wa * value[a] + wd * value[d] + wb * value[b] + wc * value[c]
    slew = wa * value[a + 1] * value[a + 2] + wd * value[d + 1] * value[d + 2]
    return delay, slew + wb * value[b + 1] * value[b + 2] + wc * value[c + 1] * value[c + 2]


# Long: what several values share is worked out once. Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def table_window(
    grid: Ints,
    axis: Ints,
    point: Real,
    share: Real,
    below: Ints,
    above: Ints,
    value: Real,
    number: Index,
    crossed: bool,
    x0: float,
    x1: float,
    y0: float,
    y1: float,
    with_slope: bool,
) -> tuple[float, float, float, float, float]:
    """Least and most delay, least and most slew, ps, for input slews in (x0, x1) and loads in (y0, y1), and the least slope.

    A table is linear between the points of its axes, so its extremes lie at these points or at the window's ends. The slope is
    the least growth of the delay with the load, ps/fF, not below zero; 0 unless asked for.
    """
    least, most, slew_least, slew_most, slope = np.inf, -np.inf, np.inf, -np.inf, np.inf
    of_x, of_y, start = grid[number, 0], grid[number, 1], grid[number, 2]
    px, nx, py, ny = axis[of_x, 0], axis[of_x, 1], axis[of_y, 0], axis[of_y, 1]
    qx, qy = px + of_x, py + of_y
    i0 = _points_below(point, px, nx, x0)
    i1 = i0
    while i1 < nx and point[px + i1] < x1:
        i1 += 1
    j0, j1 = _points_below(point, py, ny, y0), _points_below(point, py, ny, y1)
    j_end = j0
    while j_end < ny and point[py + j_end] < y1:
        j_end += 1
    below0, above0, below1, above1 = below[qy + j0], above[qy + j0], below[qy + j1], above[qy + j1]
    g0 = (y0 - point[py + below0]) / (point[py + above0] - point[py + below0])
    g1 = (y1 - point[py + below1]) / (point[py + above1] - point[py + below1])
    for turn in range(i0 - 2, i1):
        if turn == i0 - 2 or turn == i0 - 1:
            # The ends of the window.
            x = x0 if turn == i0 - 2 else x1
            at = i0 if turn == i0 - 2 else _points_below(point, px, nx, x1)
            low, high = below[qx + at], above[qx + at]
            f = (x - point[px + low]) / (point[px + high] - point[px + low])
        else:
            low, high, f = below[qx + turn + 1], above[qx + turn + 1], share[px + turn]
        low, high = start + low * ny * 3, start + high * ny * 3
        d0, s0 = _between(value, low, high, 3, f, below0, above0, g0, crossed)
        least, most = min(least, d0), max(most, d0)
        slew_least, slew_most = min(slew_least, s0), max(slew_most, s0)
        if not y1 > y0:
            continue
        d1, s1 = _between(value, low, high, 3, f, below1, above1, g1, crossed)
        least, most = min(least, d1), max(most, d1)
        slew_least, slew_most = min(slew_least, s1), max(slew_most, s1)
        if with_slope:
            before, y = d0, y0
            for j in range(j0, j_end + 1):
                step, after = y1, d1
                if j < j_end:
                    step = point[py + j]
                    at_low, at_high, g = below[qy + j + 1], above[qy + j + 1], share[py + j]
                    after = _between(value, low, high, 3, f, at_low, at_high, g, crossed)[0]
                if step - y > _SHORT:
                    slope = min(slope, (after - before) / (step - y))
                before, y = after, step
    if slope == np.inf:
        slope = 0.0
    return least, most, max(slew_least, 0.0), max(slew_most, 0.0), max(slope, 0.0)


def compile_grids() -> None:
    """Compile what grids take, before anything waits for it."""
    kernels: dict[str, Any] = {"fLLffii": _join_axes, "IIffllLLff": _tabulate}
    for arguments, one in kernels.items():
        one.compile(argument_types(arguments))
