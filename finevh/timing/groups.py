"""What the forward kernel asks of a group of arcs: its place in the blocks, its arcs one by one, the load its net shows."""

from __future__ import annotations

import math

import numba
import numpy as np

from finevh.timing.ceff import arrive, drive
from finevh.timing.lookup import pair

_WINDOW = 2.0 / 3.0
"""Share of the table's full transition over which the net's charge counts; chosen so that RI5CY's endpoints agree with "ceff"."""


@numba.njit(nogil=True, error_model="numpy")
def spot(points, axis, steps, x):  # type: ignore[no-untyped-def]
    """Number of the bounds of an axis at or below ``x``; padding is infinite."""
    k = np.uintp(axis + 1)
    one = np.uintp(1)
    n = 0
    for _ in range(steps):
        n += int(x >= points[k])
        k += one
        n += int(x >= points[k])
        k += one
        n += int(x >= points[k])
        k += one
        n += int(x >= points[k])
        k += one
    return n


@numba.njit(nogil=True, error_model="numpy")
def both(lines, p, ds, dl):  # type: ignore[no-untyped-def]
    """Delay and slew of the line at ``p``, ``ds`` and ``dl`` beyond the lower corner of its grid cell."""
    d = lines[np.uintp(p)] + lines[np.uintp(p + 1)] * ds
    d += dl * (lines[np.uintp(p + 2)] + lines[np.uintp(p + 3)] * ds)
    o = lines[np.uintp(p + 4)] + lines[np.uintp(p + 5)] * ds
    o += dl * (lines[np.uintp(p + 6)] + lines[np.uintp(p + 7)] * ds)
    return d, o


@numba.njit(nogil=True, error_model="numpy")
def larger(a, b):  # type: ignore[no-untyped-def]
    """The larger of two numbers, the first where they do not compare."""
    return b if b > a else a


@numba.njit(
    "UniTuple(float64, 3)(int32[:,::1], int32[:,::1], float64[::1], float64[::1], int64, int32[::1], int64, int64, int64, "
    "float64, float64, boolean)",
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def each(record, cross_record, axes, table, first, member, begin, end, driver, slew, load, late):  # type: ignore[no-untyped-def]
    """Worst delay and slew over the arcs of a group, one by one; the third number is 0 where a table is absent.

    ``first``: record of the cell's arc 0 at the output's edge. ``driver``: -1 for the cell's own supply.
    """
    worst = -np.inf if late else np.inf
    delay, out = worst, worst
    for k in range(begin, end):
        rec = first + 2 * member[k]
        cross = driver * record.shape[0] + rec
        if record[rec, 1] == 0 or (driver >= 0 and cross_record[cross, 1] == 0):
            return 0.0, 0.0, 0.0
        d, o = pair(record, axes, table, rec, slew, load, False)
        if driver >= 0:
            shift, factor = pair(cross_record, axes, table, cross, slew, load, True)
            d += shift
            o *= factor
        if (d > delay) == late:
            delay = d
        if (o > out) == late:
            out = o
    return delay, out, 1.0


@numba.njit(
    "UniTuple(float64, 3)(int32[:,::1], int32[:,::1], float64[::1], float64[::1], int64, int32[::1], int64, int64, int64, "
    "float64, float64[::1], float64[::1], float64[::1], float64[::1], int64, float64, float64, int64, float64[::1], boolean)",
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def each_pi(  # type: ignore[no-untyped-def]
    record,
    cross_record,
    axes,
    table,
    first,
    member,
    begin,
    end,
    driver,
    slew,
    pi,
    elmore,
    far_delay,
    far_slew,
    n_sink,
    lo,
    hi,
    rule,
    wave,
    late,
):
    """As ``each`` with the effective capacitance of each arc; the worst at each sink into ``far_delay``, ``far_slew``."""
    worst = -np.inf if late else np.inf
    delay, out = worst, worst
    load = pi[0] + pi[2]
    for k in range(begin, end):
        rec = first + 2 * member[k]
        cross = driver * record.shape[0] + rec
        if record[rec, 1] == 0 or (driver >= 0 and cross_record[cross, 1] == 0):
            return 0.0, 0.0, 0.0
        shift, factor = 0.0, 1.0
        if driver >= 0:
            shift, factor = pair(cross_record, axes, table, cross, slew, load, True)
        d, o = drive(record, axes, table, rec, slew, shift, factor, pi[0], pi[1], pi[2], lo, hi, rule, wave)
        if (d > delay) == late:
            delay = d
        if (o > out) == late:
            out = o
        for f in range(n_sink):
            d, o = arrive(wave, elmore[f], lo, hi)
            if (d > far_delay[f]) == late:
                far_delay[f] = d
            if (o > far_slew[f]) == late:
                far_slew[f] = o
    return delay, out, 1.0


@numba.njit(cache=True, nogil=True, error_model="numpy")
def shielded(  # type: ignore[no-untyped-def]
    load,
    far,
    tau,
    swing,
    begin,
    end,
    at,
    place,
    source,
    line,
    node_vdd,
    own,
    n_type,
    n_driver,
    first_head,
    head,
    points,
    lines,
):
    """Capacitance, fF, that the driver of a net sees: resistance hides part of the far one during its transition.

    The far capacitance behind ``tau`` takes ``1 - x (1 - exp(-1 / x))`` of its charge from a ramp in a time ``tau / x``. The
    ramp is that of the pin with the slowest slew, so that the load is one for all arcs; two rounds are enough.
    """
    chosen, x = begin, -np.inf
    for e in range(begin, end):
        if at[place[e] + 2] > x:
            chosen, x = e, at[place[e] + 2]
    driver = np.int64(node_vdd[source[chosen]])
    h = first_head + (driver if n_driver > 1 and driver != own else n_driver - 1) * n_type
    i = spot(points, head[h, 3], head[h, 5], x)
    ds = np.float32(x - points[head[h, 3] + i])
    code = np.int64(line[chosen])
    y = load
    for _ in range(2):
        j = spot(points, head[h, 4], head[h, 6], y)
        dl = np.float32(y - points[head[h, 4] + j])
        _, slew = both(lines, (head[h, 0] + (code >> 1) + (i * head[h, 2] + j) * head[h, 1]) << 3, ds, dl)
        ramp = np.float64(slew) / swing
        if not ramp > 0.0:
            return load
        hidden = tau / (_WINDOW * ramp)
        y = load * (1.0 - far * hidden * (1.0 - math.exp(-1.0 / hidden)))
    return y
