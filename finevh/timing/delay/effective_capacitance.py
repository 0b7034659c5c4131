"""Effective capacitance: a cell's delay and slew when resistance hides part of its load, and the waveform at each sink.

The cell is a saturated ramp behind a resistance; the net is O'Brien and Savarino's pi (DAC 1989). Ramp and effective
capacitance follow from the cell's tables and the charge that the pi takes: Dartu, Menezes and Pileggi, "Performance
computation for precharacterized CMOS gates with RC loads", IEEE TCAD 15(5), 1996. So that results can be compared, the
limits, the window of the charge balance, and the derivatives and tolerances of both iterations are those of OpenSTA: on
overloaded nets the iteration of another scheme ends elsewhere or not at all. The driver's resistance is that of OpenSTA 3.1,
or that of the release of 2019, which distributions ship (see :class:`DriverResistance`).

Iterations depend on their last step, and a processor waits for each. So arcs of any nodes are done side by side, eight in the
lanes of a vector: each lane ends where it would alone, with the bits that it has alone. Arcs fill one block of eight
(:func:`add_arc`), sinks behind arcs another; either is done when it is full, or when nothing more comes (:func:`drive_block`).
Both are in a column of ``N_NUMBERS`` rows of eight, and one of ``N_WHOLE`` rows of eight integers.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from finevh.base.callee import callee, constants
from finevh.technology.model import Index, Int, Real
from finevh.timing.sweep.lanes import (
    Array,
    Number,
    absolute,
    choose,
    exponential,
    lane,
    load,
    mask,
    root,
    some,
    spread,
    store,
)


class DriverResistance(IntEnum):
    """How the resistance of a driver follows from its delay ``d`` at the capacitance ``C`` of its net."""

    TANGENT = 0
    """``ln 2 |d(C + 1 fF) - d(C)| / 1 fF``: OpenSTA 3.1."""
    SECANT = 1
    """``|d(1.1 a) - d(a)| / 0.1 a`` at ``a = 0.75 C``: OpenSTA of 2019."""


TANGENT = int(DriverResistance.TANGENT)
_STEP = 1.0
"""fF of the tangent."""
_WIDTH = (0,) * 8
LANES = len(_WIDTH)
"""Arcs of a block."""
# Rows of a block's numbers. Of each arc: what is added to its delay and multiplies its slew, the driver's resistance, the pi, and
# delay and slew without resistance.
KD, KS, RD, NEAR, WIRE, FAR, BARE_DELAY, BARE_SLEW = constants(*range(8))
# The cell of its table that holds the last capacitance: place of the slew; begin, length and limits on the axis of loads;
# delays at four corners, then slews.
_F, _X, _DX, _LOWER, _UPPER, _CORNER = constants(*range(8, 14))
# Parts of the pi's charge, and whether it is a pi (or one pole).
_BEHIND, _A, _B, _D, _B_1, _D_2, _IS_PI = constants(*range(21, 28))
# The waveform: poles and parts of the response of resistance and pi, the ramp, how long its end takes at most, and factors of its
# exponentials a ramp later.
P1, P2, K0, K1, K2, K3, K4, T0, DT, _TAIL, _LATE_1, _LATE_2 = constants(*range(28, 40))
_WAVE, _N_WAVE = P1, 12
# The effective capacitance, times of crossings, delay and slew.
CEFF, T50, T_LO, T_HI, DELAY, SLEW = constants(*range(40, 46))
# Of each sink behind an arc: the waveform of its driver, when that crosses one half, its slew, the sink's Elmore delay and pole;
# crossings, delay and slew there.
(_FAR_WAVE,) = constants(46)
_NEAR_50, _NEAR_SLEW, _ELMORE, _POLE, _FAR_50, _FAR_LO, _FAR_HI, _FAR_DELAY, _FAR_SLEW = constants(*range(58, 67))
N_NUMBERS = 67
# Rows of whole numbers. Of each arc: see ``_Row``; where its table's values lie below and above its slew; where its entry's
# numbers and those of its net's first sink begin, and how many sinks there are.
_Y, _NY, _LOW, _HIGH, _P, _Q, _ENTRY, _FIRST, _SINKS = constants(*range(9))
# Of each sink: where its numbers begin; then how many arcs there are, of how many the tables were read, and how many sinks.
_AT, COUNT = constants(9, 10)
N_WHOLE = 11
_RD_MIN = 1e-5
"""kOhm: below, the table does not depend on the load (OpenSTA: 0.01 Ohm)."""
_SMALL = 1e-3
"""Ratio below which a part of the pi is left out."""
_WINDOW = 1.4
"""The charge is balanced over the table's full transition, at most this many ramps."""
_TOLERANCE = 0.01
"""Relative step at which an iteration ends; the step itself is taken."""
UNDELAYED = 1e-3
"""Elmore delay over slew below which a sink sees the driver's waveform."""
_FIT_STEPS = 100
_CROSSING_STEPS = 20
_LARGEST = 600.0
"""Largest exponent whose exponential is used as a factor."""
_LN_2 = math.log(2.0)


class _Waves(NamedTuple):
    """Waveforms in lanes: sums of a ramp and exponentials of ``x``, the time since a ramp of length ``dt`` began, less the same
    ``dt`` later.

    ``scale`` times the sum is the voltage as a fraction of the rail. ``late`` factors turn an exponential of ``x``
    into that of ``x - dt``; 0 where they would be too large for a number, which ``bounded`` says of none.
    """

    t0: Number
    dt: Number
    scale: Number
    slope: Number
    p1: Number
    p2: Number
    start: Number
    a1: Number
    a2: Number
    a3: Number
    p3: Number
    late1: Number
    late2: Number
    late3: Number
    bounded: bool


@callee(forceinline=True, error_model="numpy")
def _later(p: Number, dt: Number) -> Number:
    """Factor of an exponential after a ramp's length, 0 where it is too large for a number."""
    x = p * dt
    return choose(x < _LARGEST, exponential(choose(x < _LARGEST, x, 0.0)), 0.0)


@callee(forceinline=True, error_model="numpy")
def _waves(w: Real, p3: Number, used: Number, far: bool) -> _Waves:
    """The drivers' outputs for their ramps, or where ``far`` those of a further pole ``p3`` behind them (not where it is 0)."""
    to = _FAR_WAVE - _WAVE if far else 0
    k1, k2, p1, p2, dt = row(w, to + K1), row(w, to + K2), row(w, to + P1), row(w, to + P2), row(w, to + DT)
    a1, a2, start, a3, late3 = row(w, to + K3), row(w, to + K4), k1, p3, p3
    if not far:
        store(w, _LATE_1, _later(p1, dt))
        store(w, _LATE_2, _later(p2, dt))
    late1, late2 = row(w, to + _LATE_1), row(w, to + _LATE_2)
    tame = (late1 > 0.0) & (late2 > 0.0)
    if far:
        behind = p3 != 0.0
        opposite = 0.0 - p3
        a1 = choose(behind, opposite / (p1 - p3) * a1, a1)
        a2 = choose(behind, opposite / (p2 - p3) * a2, a2)
        start = choose(behind, k1 - k2 / p3, k1)
        a3 = choose(behind, 0.0 - start - a1 - a2, 0.0)
        late3 = _later(p3, dt)
        tame = tame & (late3 > 0.0)
    bounded = some(used & tame) == some(used)
    return _Waves(
        row(w, to + T0), dt, row(w, to + K0) / dt, k2, p1, p2, start, a1, a2, a3, p3, late1, late2, late3, bounded
    )


@callee(forceinline=True, error_model="numpy")
def _voltages(v: _Waves, t: Number, far: bool) -> tuple[Number, Number]:
    """Voltage, fraction of the rail, and its derivative at time ``t``."""
    x = t - v.t0
    n1, n2 = v.a1 * exponential((0.0 - v.p1) * x), v.a2 * exponential((0.0 - v.p2) * x)
    value = v.start + v.slope * x + n1 + n2
    slope = v.slope - v.p1 * n1 - v.p2 * n2
    n3 = m3 = n1
    if far:
        n3 = v.a3 * exponential((0.0 - x) * v.p3)
        value = value + n3
        slope = slope - v.p3 * n3
    y = x - v.dt
    m1, m2 = n1 * v.late1, n2 * v.late2
    if far:
        m3 = n3 * v.late3
    if not v.bounded:
        # Before the ramp's end these are not used, and there they would be too large.
        z = choose(y > 0.0, 0.0 - y, 0.0)
        m1 = choose(v.late1 > 0.0, m1, v.a1 * exponential(z * v.p1))
        m2 = choose(v.late2 > 0.0, m2, v.a2 * exponential(z * v.p2))
        if far:
            m3 = choose(v.late3 > 0.0, m3, v.a3 * exponential(z * v.p3))
    later = v.start + v.slope * y + m1 + m2
    falls = v.slope - v.p1 * m1 - v.p2 * m2
    if far:
        later = later + m3
        falls = falls - v.p3 * m3
    value = choose(y > 0.0, value - later, value)
    slope = choose(y > 0.0, slope - falls, slope)
    return choose(x > 0.0, v.scale * value, 0.0), choose(x > 0.0, v.scale * slope, 0.0)


class _Search(NamedTuple):
    """Newton's method for one voltage, kept in a bracket by halving it."""

    t: Number
    before: Number
    step: Number
    below: Number
    above: Number
    u: Number
    du: Number
    found: Number
    searched: Number


@callee(forceinline=True, error_model="numpy")
def _step(v: _Waves, s: _Search, level: float, far: bool) -> _Search:
    """One step; lanes that are not searched any more go on without effect."""
    gap = s.u - level
    outside = ((s.t - s.above) * s.du - gap) * ((s.t - s.below) * s.du - gap) > 0.0
    halves = outside | (absolute(2.0 * gap) > absolute(s.before * s.du))
    half, newton = 0.5 * (s.above - s.below), gap / s.du
    t = choose(halves, s.below + half, s.t - newton)
    step = choose(halves, half, newton)
    ends = absolute(step) <= _TOLERANCE * absolute(t)
    found = choose(s.searched & ends, t, s.found)
    searched = s.searched & (ends ^ mask(0xFF, _WIDTH))
    u, du = s.u, s.du
    below, above = s.below, s.above
    if some(searched):
        u, du = _voltages(v, t, far)
        lower = u < level
        below, above = choose(lower, t, below), choose(lower, above, t)
    return _Search(t, s.step, step, below, above, u, du, found, searched)


@callee(error_model="numpy")
def _crossings(w: Real, used: Index, lo: float, hi: float, out: Index, far: bool) -> None:
    """Times, ps, of one half and both thresholds into three rows from ``out`` on, for the lanes of a bit set; nan if not reached.

    At the drivers, or where ``far`` at the sinks of the other block.
    """
    here = mask(used, _WIDTH)
    p3 = row(w, _POLE)
    v = _waves(w, p3, here, far)
    below, above = v.t0, v.t0 + v.dt + row(w, _FAR_WAVE + _TAIL - _WAVE if far else _TAIL)
    if far:
        above = choose(p3 > 0.0, above + 1.0 / p3, above)
    t = 0.5 * (below + above)
    before = absolute(above - below)
    farthest, _d = _voltages(v, above, far)
    u, du = _voltages(v, t, far)
    nothing = spread(np.nan, _WIDTH)
    s50 = _Search(t, before, before, below, above, u, du, nothing, here & (farthest >= 0.5))
    s_lo = _Search(t, before, before, below, above, u, du, nothing, here & (farthest >= lo))
    s_hi = _Search(t, before, before, below, above, u, du, nothing, here & (farthest >= hi))
    for _ in range(_CROSSING_STEPS):
        s50 = _step(v, s50, 0.5, far)
        s_lo = _step(v, s_lo, lo, far)
        s_hi = _step(v, s_hi, hi, far)
        if not some(s50.searched | s_lo.searched | s_hi.searched):
            break
    store(w, out, s50.found)
    store(w, out + 1, s_lo.found)
    store(w, out + 2, s_hi.found)


@callee(forceinline=True, error_model="numpy")
def row(w: Real, number: Index) -> Number:
    """A row of a block."""
    return load(w, number, _WIDTH)


@callee(forceinline=True, error_model="numpy")
def _pole_sides(t: Number, t0: Number, dt: Number, tau: Number) -> tuple[Number, Number, Number, Number]:
    """Value of a one-pole ramp response, at a time in each lane, and its derivatives by t0, dt and tau."""
    per_tau, per_dt = 1.0 / tau, 1.0 / dt
    x = t - t0
    z = x - dt
    begun, past = x > 0.0, z > 0.0
    z = choose(past, z, 0.0)
    m, n = x * per_tau, z * per_tau
    e1, e2 = exponential(0.0 - m), exponential(0.0 - n)
    slope, later = 1.0 - e1, choose(past, 1.0 - e2, 0.0)
    value, late = x - tau * slope, z - tau * later
    by_tau = (1.0 + m) * e1 - (1.0 + n) * e2
    # By the ramp's length the two parts count with one sign, as in OpenSTA: this sets where the iteration ends.
    by_dt = later - (value + late) * per_dt
    return (
        choose(begun, (value - late) * per_dt, 0.0), choose(begun, (later - slope) * per_dt, 0.0),
        choose(begun, by_dt * per_dt, 0.0), choose(begun, by_tau * per_dt, 0.0),
    )  # fmt: skip


class _Row(NamedTuple):
    """A record's tables at one input slew."""

    y: Index
    """Where its axis of loads begins."""
    ny: Index
    low: Index
    """Where its values at the slew below begin."""
    high: Index
    f: float
    """Place of the slew between the two."""


class _Cell(NamedTuple):
    """The cell of a table between two slews and two loads."""

    x: float
    dx: float
    lower: float
    upper: float
    """Loads that belong to it: beyond the axis, to its end."""
    corner: Any
    """Delays at (low, low), (high, low), (high, high), (low, high) of slew and load, then slews."""


@callee(forceinline=True, error_model="numpy")
def _place(axes: Real, first: Index, n: Index, x: float) -> Index:
    """:func:`finevh.technology.tables.nldm.segment` without a guess of the processor: points at or below ``x`` are counted."""
    i = np.int64(0)
    for k in range(first + 1, first + n - 1):
        i += np.int64(x >= axes[k])
    return i


@callee(forceinline=True, error_model="numpy")
def _row(record: Int, axes: Real, rec: Index, slew: float) -> _Row:
    """The tables of a record at an input slew, ps."""
    at = 5 * np.int64(rec)
    x, nx, y, ny, v = record[at], record[at + 1], record[at + 2], record[at + 3], record[at + 4]
    i = _place(axes, np.int64(x), np.int64(nx), slew)
    f = (slew - axes[x + i]) / (axes[x + i + 1] - axes[x + i])
    low = np.int64(v + 2 * i * ny)
    return _Row(np.int64(y), np.int64(ny), low, low + 2 * np.int64(ny), f)


@callee(forceinline=True, error_model="numpy")
def _cell(axes: Real, u: Real, seat: _Row, load: float) -> _Cell:
    """The cell of a row that holds a load, fF."""
    j = _place(axes, seat.y, seat.ny, load)
    at = seat.y + j
    p, q = seat.low + 2 * j, seat.high + 2 * j
    lower, upper = axes[at], axes[at + 1]
    return _Cell(
        lower,
        upper - lower,
        lower if j > 0 else -np.inf,
        upper if j < seat.ny - 2 else np.inf,
        (u[p], u[q], u[q + 2], u[p + 2], u[p + 1], u[q + 1], u[q + 3], u[p + 3]),
    )


@callee(forceinline=True, error_model="numpy")
def _weights(f: Number, g: Number) -> tuple[Number, Number, Number, Number]:
    """Shares of the four corners, as in :func:`finevh.technology.tables.nldm.pair`."""
    return (1.0 - f) * (1.0 - g), f * (1.0 - g), f * g, (1.0 - f) * g


@callee(forceinline=True, error_model="numpy")
def _delay_at(axes: Real, u: Real, seat: _Row, cell: _Cell, load: float) -> float:
    """Delay, ps, at a load, fF, most likely of the cell."""
    here = cell if cell.lower <= load < cell.upper else _cell(axes, u, seat, load)
    a, b, c, d = _weights(seat.f, (load - here.x) / here.dx)
    delay: float = a * here.corner[0] + b * here.corner[1] + c * here.corner[2] + d * here.corner[3]
    return delay


@callee(forceinline=True, error_model="numpy")
def _secant(axes: Real, table: Real, seat: _Row, cell: _Cell, total: float) -> float:
    """Slope of a table's delay with load, kOhm, between three quarters of ``total``, fF, and a tenth more than these."""
    c_a = 0.75 * total
    c_b = 1.1 * c_a
    d_a, d_b = _delay_at(axes, table, seat, cell, c_a), _delay_at(axes, table, seat, cell, c_b)
    return abs(d_a - d_b) / (c_b - c_a) if total > 0.0 else 0.0


class Worst(NamedTuple):
    """What arcs find: columns of two edges per sink, and of a delay and a slew per entry."""

    elmore: Real
    """ps from the driver to each sink."""
    delay: Real
    """ps at each sink: the worst of the arcs so far."""
    slew: Real
    entry: Real
    """ps, delay and slew of each entry."""
    late: bool
    """Whether the worst is the largest."""


@callee(forceinline=True, error_model="numpy")
def _take(delays: Real, at: Index, slews: Real, to: Index, late: bool, delay: float, slew: float) -> None:
    """The worse of a delay and a slew, ps, and those of an arc."""
    if (delay > delays[at]) == late:
        delays[at] = delay
    if (slew > slews[to]) == late:
        slews[to] = slew


@callee(forceinline=True, error_model="numpy")
def _take_entry(worst: Worst, at: Index, delay: float, slew: float) -> None:
    """Take an arc's delay and slew, ps, into the worst of its entry."""
    _take(worst.entry, at, worst.entry, at + 1, worst.late, delay, slew)


@callee(forceinline=True, error_model="numpy")
def _take_sink(worst: Worst, at: Index, delay: float, slew: float) -> None:
    """Take an arc's delay and slew at a sink, ps, into the worst there."""
    _take(worst.delay, at, worst.slew, at, worst.late, delay, slew)


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def add_arc(
    record: Int,
    axes: Real,
    rec: Index,
    slew_in: float,
    kd: float,
    ks: float,
    c2: float,
    rpi: float,
    c1: float,
    entry: Index,
    first: Index,
    n_sink: Index,
    w: Real,
    whole: Array,
) -> bool:
    """Put a table record that drives a pi into the next lane of a block; whether that is full: then :func:`drive_block`.

    ``record``: five numbers each. ``kd``, ps, is added to the table's delay, ``ks`` multiplies its slew. The numbers of its entry
    and of its net's first sink begin at ``entry`` and ``first`` (see :class:`Worst`).
    """
    k = np.int64(whole[COUNT * LANES])
    total = c1 + c2
    seat = _row(record, axes, rec, slew_in)
    j = _place(axes, seat.y, seat.ny, total)
    lower, upper = axes[seat.y + j], axes[seat.y + j + 1]
    w[KD * LANES + k], w[KS * LANES + k] = kd, ks
    w[NEAR * LANES + k], w[WIRE * LANES + k], w[FAR * LANES + k] = c2, rpi, c1
    w[_F * LANES + k], w[_X * LANES + k], w[_DX * LANES + k] = seat.f, lower, upper - lower
    w[_LOWER * LANES + k] = lower if j > 0 else -np.inf
    w[_UPPER * LANES + k] = upper if j < seat.ny - 2 else np.inf
    whole[_Y * LANES + k], whole[_NY * LANES + k] = seat.y, seat.ny
    whole[_LOW * LANES + k], whole[_HIGH * LANES + k] = seat.low, seat.high
    whole[_P * LANES + k], whole[_Q * LANES + k] = seat.low + 2 * j, seat.high + 2 * j
    whole[_ENTRY * LANES + k], whole[_FIRST * LANES + k], whole[_SINKS * LANES + k] = entry, first, n_sink
    whole[COUNT * LANES] = k + 1
    return bool(k + 1 == LANES)


@callee(forceinline=True, error_model="numpy")
def _read(axes: Real, table: Real, w: Real, whole: Array, begin: Index, n: Index, rule: Index) -> Index:
    """Read the tables of arcs from ``begin`` on: their delay and slew without resistance, and the resistance of their drivers.

    Returns the bit set of those whose resistance hides something of their load.
    """
    for k in range(begin, n):
        p, q = whole[_P * LANES + k], whole[_Q * LANES + k]
        for side in range(2):
            at = (_CORNER + 4 * side) * LANES + k
            w[at], w[at + LANES] = table[p + side], table[q + side]
            w[at + 2 * LANES], w[at + 3 * LANES] = table[q + 2 + side], table[p + 2 + side]
    rpi, c1, c2 = row(w, WIRE), row(w, FAR), row(w, NEAR)
    total = c1 + c2
    delay, slew = _at_corners(w, total)
    store(w, BARE_DELAY, delay + row(w, KD))
    store(w, BARE_SLEW, choose(slew < 0.0, 0.0, slew) * row(w, KS))
    beyond, _slew = _at_corners(w, total + _STEP)
    store(w, RD, _LN_2 * absolute(beyond - delay) / _STEP)
    elsewhere = some((total + _STEP >= row(w, _UPPER)) | (total + _STEP < row(w, _LOWER))) if rule == TANGENT else 0xFF
    if elsewhere:
        for k in range(n):
            if elsewhere >> k & 1:
                seat, cell, load_here = _seat(w, whole, k), _kept_cell(w, k), lane(total, k)
                if rule == TANGENT:
                    after = _delay_at(axes, table, seat, cell, load_here + _STEP)
                    w[RD * LANES + k] = _LN_2 * abs(after - lane(delay, k)) / _STEP
                else:
                    w[RD * LANES + k] = _secant(axes, table, seat, cell, load_here)
    rd = row(w, RD)
    bare: Index = some((rd < _RD_MIN) | (rpi < rd * _SMALL) | (c1 == 0.0) | (c1 < c2 * _SMALL))
    return ~bare & ((1 << n) - 1)


@callee(forceinline=True, error_model="numpy")
def _at_corners(w: Real, c: Number) -> tuple[Number, Number]:
    """Delays and slews, ps, at capacitances, fF, from the cells of the tables that are kept."""
    a, b, c_, d = _weights(row(w, _F), (c - row(w, _X)) / row(w, _DX))
    n = _CORNER
    delay = a * row(w, n) + b * row(w, n + 1) + c_ * row(w, n + 2) + d * row(w, n + 3)
    slew = a * row(w, n + 4) + b * row(w, n + 5) + c_ * row(w, n + 6) + d * row(w, n + 7)
    return delay, slew


@callee(forceinline=True, error_model="numpy")
def _seat(w: Real, whole: Array, k: Index) -> _Row:
    """The tables of the arc in a lane."""
    return _Row(
        whole[_Y * LANES + k], whole[_NY * LANES + k], whole[_LOW * LANES + k], whole[_HIGH * LANES + k], w[_F * LANES + k]
    )  # fmt: skip


@callee(forceinline=True, error_model="numpy")
def _kept_cell(w: Real, k: Index) -> _Cell:
    """The cell of its table that is kept of the arc in a lane."""
    at = _CORNER * LANES + k
    return _Cell(
        w[_X * LANES + k], w[_DX * LANES + k], w[_LOWER * LANES + k], w[_UPPER * LANES + k],
        (
            w[at], w[at + LANES], w[at + 2 * LANES], w[at + 3 * LANES], w[at + 4 * LANES], w[at + 5 * LANES],
            w[at + 6 * LANES], w[at + 7 * LANES],
        ),
    )  # fmt: skip


@callee(forceinline=True, error_model="numpy")
def _pass(w: Real, whole: Array, begin: Index, n: Index, hides: Index, worst: Worst) -> Index:
    """Take the arcs from ``begin`` on that hide nothing of their load; the others close up. Returns how many there are."""
    m = begin
    for k in range(begin, n):
        if hides >> k & 1:
            if m != k:
                for number in range(_CORNER + 8):
                    w[number * LANES + m] = w[number * LANES + k]
                for number in range(_AT):
                    whole[number * LANES + m] = whole[number * LANES + k]
            m += 1
            continue
        slew = w[BARE_SLEW * LANES + k]
        _take_entry(worst, whole[_ENTRY * LANES + k], w[BARE_DELAY * LANES + k], slew)
        at = whole[_FIRST * LANES + k]
        for _ in range(whole[_SINKS * LANES + k]):
            _take_sink(worst, at, worst.elmore[at], slew)
            at += 2
    return m


@callee(forceinline=True, error_model="numpy")
def _keep_cell(w: Real, k: Index, cell: _Cell) -> None:
    """Write the cell of an arc into its lane."""
    w[_X * LANES + k], w[_DX * LANES + k] = cell.x, cell.dx
    w[_LOWER * LANES + k], w[_UPPER * LANES + k] = cell.lower, cell.upper
    for n in range(8):
        w[(_CORNER + n) * LANES + k] = cell.corner[n]


@callee(forceinline=True, error_model="numpy")
def _look_up(axes: Real, table: Real, w: Real, whole: Array, used: Index, ceff: Number) -> tuple[Number, Number]:
    """Delays and slews, ps, of the tables at capacitances, in the lanes of a bit set: the numbers of ``nldm.pair``."""
    moved = used & ~some((ceff >= row(w, _LOWER)) & (ceff < row(w, _UPPER)))
    if moved:
        for k in range(LANES):
            if moved >> k & 1:
                _keep_cell(w, k, _cell(axes, table, _seat(w, whole, k), lane(ceff, k)))
    return _at_corners(w, ceff)


@callee(forceinline=True, error_model="numpy")
def _responses(w: Real) -> Index:
    """What the fits of a block read of resistances and pis into their rows; the bit set of lanes that have two poles, or one."""
    rd, rpi, c1, c2 = row(w, RD), row(w, WIRE), row(w, FAR), row(w, NEAR)
    total = c1 + c2
    lone = c2 < c1 * _SMALL
    only = 1.0 / (c1 * (rd + rpi))
    zero = 1.0 / (rpi * c1)
    square = rpi * rd * c1 * c2
    linear = rd * total + rpi * c1
    inside = linear * linear - 4.0 * square
    apart = root(choose(inside < 0.0, 0.0, inside))
    p1, p2 = (linear + apart) / (2.0 * square), (linear - apart) / (2.0 * square)
    both = p1 * p2
    k2 = 1.0 / (rpi * c1 * both)
    k1 = (1.0 - k2 * (p1 + p2)) / both
    k4 = (k1 * p1 + k2) / (p2 - p1)
    z = total / (rpi * c1 * c2)
    b, d = (z - p1) / (p1 * (p1 - p2)), (z - p2) / (p2 * (p2 - p1))
    lone_k1 = (only - zero) / (only * only)
    store(w, _A, z / (p1 * p2))
    store(w, _B, b)
    store(w, _D, d)
    store(w, _B_1, b / p1)
    store(w, _D_2, d / p2)
    store(w, P1, choose(lone, only, p1))
    store(w, P2, choose(lone, only, p2))
    store(w, K0, choose(lone, only / zero, 1.0 / (rd * c2)))
    store(w, K1, choose(lone, lone_k1, k1))
    store(w, K2, choose(lone, zero / only, k2))
    store(w, K3, choose(lone, 0.0 - lone_k1, (0.0 - k1) - k4))
    store(w, K4, choose(lone, 0.0, k4))
    store(w, _BEHIND, choose(lone, c1, total))
    store(w, _TAIL, 2.0 * total * (rd + rpi))
    store(w, _IS_PI, choose(lone, spread(0.0, _WIDTH), 1.0))
    found: Index = some(lone | (p1 != p2))
    return found


@callee(forceinline=True, error_model="numpy")
def _charge_row(w: Real, tau: Number, dt: Number, window: Number) -> tuple[Number, Number, Number]:
    """How far the charges of pi and effective capacitance differ; its derivatives by the ramp's length and the capacitance."""
    p1, p2, rd = row(w, P1), row(w, P2), row(w, RD)
    e1 = exponential(0.0 - p1 * window)
    e2 = exponential(0.0 - p2 * window)
    e3 = exponential(0.0 - window / tau)
    charge = row(w, _A) * window + row(w, _B_1) * (1.0 - e1) + row(w, _D_2) * (1.0 - e2)
    lone = tau * window - tau * tau * (1.0 - e3)
    gap = (charge - lone) / (rd * window * dt)
    # Derivatives as if the window were the ramp.
    e1 = exponential(0.0 - p1 * dt)
    e2 = exponential(0.0 - p2 * dt)
    e3 = exponential(0.0 - dt / tau)
    by_ceff = (2.0 * tau - dt - (2.0 * tau + dt) * e3) / (dt * dt)
    by_dt = (0.0 - row(w, _A)) * dt + row(w, _B) * dt * e1 - 2.0 * row(w, _B_1) * (1.0 - e1)
    by_dt = by_dt + row(w, _D) * dt * e2 - 2.0 * row(w, _D_2) * (1.0 - e2)
    by_dt = by_dt + tau * (dt + dt * e3 - 2.0 * tau * (1.0 - e3))
    return gap, by_dt / (rd * dt * dt * dt), by_ceff


# Long: one iteration of Newton, its equations in the order in which they are derived.
@callee(forceinline=True, error_model="numpy")
def _fit(axes: Real, table: Real, w: Real, whole: Array, used: Index, lo: float, hi: float) -> Index:
    """Ramp start, ramp length and effective capacitance into their rows; the bit set of lanes that have a fit."""
    below_half, per_span = (0.5 - lo) / (hi - lo), 1.0 / (hi - lo)
    kd, ks, rd, behind = row(w, KD), row(w, KS), row(w, RD), row(w, _BEHIND)
    pi = row(w, _IS_PI) > 0.0
    ceff = behind
    t50, slew = _look_up(axes, table, w, whole, used, ceff)
    dt = ks * choose(slew < 0.0, 0.0, slew) * per_span
    t0 = kd + t50 - _LN_2 * rd * ceff - 0.5 * dt
    fitted: Index = 0
    for _ in range(_FIT_STEPS):
        used &= some((ceff > 0.0) & (ceff <= behind) & ((dt > 0.0) | (pi ^ mask(0xFF, _WIDTH))))
        if not used:
            break
        tau = rd * ceff
        t50, slew = _look_up(axes, table, w, whole, used, ceff)
        t50 = t50 + kd
        slew = choose(slew < 0.0, 0.0, slew) * ks
        t_low = t50 - slew * below_half
        # Only a single pole comes here without a ramp; lanes that are done keep theirs.
        dt = choose((dt > 0.0) | (mask(used, _WIDTH) ^ mask(0xFF, _WIDTH)), dt, (t_low - t50) / 100.0)
        used &= some(dt != 0.0)
        y5, y5_0, y5_d, y5_tau = _pole_sides(t50, t0, dt, tau)
        yl, yl_0, yl_d, yl_tau = _pole_sides(t_low, t0, dt, tau)
        f5, fl = y5 - 0.5, yl - lo
        longest = slew * per_span
        window = choose(_WINDOW * dt < longest, _WINDOW * dt, longest)
        fi, by_dt, by_ceff = _charge_row(w, tau, dt, window)
        # Unknowns t0, dt, ceff; the first column of the charge row is zero: Cramer's rule. One pole has the first two alone.
        m13, m23 = y5_tau * rd, yl_tau * rd
        one, other = yl_d * by_ceff - m23 * by_dt, y5_d * by_ceff - m13 * by_dt
        det = choose(pi, y5_0 * one - yl_0 * other, y5_0 * yl_d - y5_d * yl_0)
        used &= some((det != 0.0) & (det - det == 0.0))
        both = y5_0 * fl - yl_0 * f5
        opposite = 0.0 - f5
        s1 = choose(pi, opposite * one + fl * other - fi * (y5_d * m23 - m13 * yl_d), opposite * yl_d + fl * y5_d) / det
        s2 = choose(pi, (0.0 - both) * by_ceff + fi * (y5_0 * m23 - m13 * yl_0), yl_0 * f5 - y5_0 * fl) / det
        s3 = choose(pi, (both * by_dt - fi * (y5_0 * yl_d - y5_d * yl_0)) / det, 0.0)
        done = (
            (absolute(s1) <= _TOLERANCE * absolute(t0))
            & (absolute(s2) <= _TOLERANCE * absolute(dt))
            & (absolute(s3) <= _TOLERANCE * ceff)
        )
        goes_on = mask(used, _WIDTH)
        t0 = choose(goes_on, t0 + s1, t0)
        dt = choose(goes_on, dt + s2, dt)
        ceff = choose(goes_on, ceff + s3, ceff)
        ended = used & some(done)
        fitted |= ended
        used &= ~ended
        if not used:
            break
    store(w, T0, t0)
    store(w, DT, dt)
    store(w, CEFF, ceff)
    return fitted


# Columns by name: a compiled kernel takes plain arrays.
@callee(error_model="numpy")
def drive(axes: Real, table: Real, w: Real, whole: Array, n: Index, lo: float, hi: float) -> Index:
    """Delays and slews, ps, of the first ``n`` arcs of a block into their rows; the bit set of those that have a waveform.

    ``lo`` and ``hi`` are the slew thresholds.
    """
    fitted = _fit(axes, table, w, whole, _responses(w) & ((1 << n) - 1), lo, hi)
    delay, slew = row(w, BARE_DELAY), row(w, BARE_SLEW)
    if fitted:
        _crossings(w, fitted, lo, hi, T50, False)
        has_fit, kd = mask(fitted, _WIDTH), row(w, KD)
        t50, t_lo, t_hi = row(w, T50), row(w, T_LO), row(w, T_HI)
        at_ceff, slew_at_ceff = _look_up(axes, table, w, whole, fitted, row(w, CEFF))
        reached = t50 - t50 == 0.0
        crossed = reached & (t_lo - t_lo == 0.0) & (t_hi - t_hi == 0.0)
        of_ceff = row(w, KS) * choose(slew_at_ceff < 0.0, 0.0, slew_at_ceff)
        delay = choose(has_fit, choose(crossed & (row(w, _IS_PI) == 0.0), t50, kd + at_ceff), delay)
        slew = choose(has_fit, choose(crossed, t_hi - t_lo, of_ceff), slew)
        store(w, T50, choose(reached, t50, 0.0))
    store(w, DELAY, delay)
    store(w, SLEW, slew)
    return fitted


@callee(forceinline=True, error_model="numpy")
def _pole(w: Real, k: Index, elmore: float) -> float:
    """The pole of a sink of Elmore delay ``elmore``, ps, in 1/ps, not one of the driver's; 0 for no delay."""
    if not elmore > 0.0:
        return 0.0
    p3 = 1.0 / elmore
    return p3 * (1.0 + 1e-9) if p3 == w[P1 * LANES + k] or p3 == w[P2 * LANES + k] else p3


@callee(forceinline=True, error_model="numpy")
def _put_sink(w: Real, whole: Array, k: Index, m: Index, at: Index, elmore: float) -> None:
    """Put a sink of Elmore delay ``elmore``, ps, behind arc ``k`` into lane ``m`` of the sinks' block."""
    for n in range(_N_WAVE):
        w[(_FAR_WAVE + n) * LANES + m] = w[(_WAVE + n) * LANES + k]
    w[_NEAR_50 * LANES + m], w[_NEAR_SLEW * LANES + m] = w[T50 * LANES + k], w[SLEW * LANES + k]
    w[_ELMORE * LANES + m], w[_POLE * LANES + m] = elmore, _pole(w, k, elmore)
    whole[_AT * LANES + m] = at


@callee(error_model="numpy")
def _arrive(w: Real, whole: Array, m: Index, worst: Worst, lo: float, hi: float) -> None:
    """Take delays from the driver and slews at the first ``m`` sinks of their block."""
    _crossings(w, (1 << m) - 1, lo, hi, _FAR_50, True)
    t50, t_lo, t_hi = row(w, _FAR_50), row(w, _FAR_LO), row(w, _FAR_HI)
    crossed = (t50 - t50 == 0.0) & (t_lo - t_lo == 0.0) & (t_hi - t_hi == 0.0)
    delay, slew, gap = t50 - row(w, _NEAR_50), row(w, _NEAR_SLEW), t_hi - t_lo
    store(w, _FAR_DELAY, choose(crossed & (delay >= 0.0), delay, row(w, _ELMORE)))
    store(w, _FAR_SLEW, choose(crossed & (gap >= slew), gap, slew))
    for k in range(m):
        _take_sink(worst, whole[_AT * LANES + k], w[_FAR_DELAY * LANES + k], w[_FAR_SLEW * LANES + k])


# Columns by name: a compiled kernel takes plain arrays.
@callee(error_model="numpy")
def _drive_arcs(
    axes: Real, table: Real, w: Real, whole: Array, n: Index, m: Index, worst: Worst, lo: float, hi: float
) -> Index:
    """Drive the first ``n`` arcs of a block; sinks whose waveform is not the driver's join the ``m`` of theirs.

    Returns how many of these wait.
    """
    fitted = drive(axes, table, w, whole, n, lo, hi)
    for k in range(n):
        at, slew = whole[_FIRST * LANES + k], w[SLEW * LANES + k]
        _take_entry(worst, whole[_ENTRY * LANES + k], w[DELAY * LANES + k], slew)
        undelayed = UNDELAYED * slew if fitted >> k & 1 else np.inf
        for _ in range(whole[_SINKS * LANES + k]):
            elmore = worst.elmore[at]
            if elmore < undelayed:
                _take_sink(worst, at, elmore, slew)
            else:
                _put_sink(w, whole, k, m, at, elmore)
                m += 1
                if m == LANES:
                    _arrive(w, whole, m, worst, lo, hi)
                    m = np.int64(0)
            at += 2
    return m


# Columns by name: a compiled kernel takes plain arrays.
@callee(error_model="numpy")
def drive_block(
    axes: Real, table: Real, w: Real, whole: Array, worst: Worst, lo: float, hi: float, rule: Index, last: bool
) -> None:
    """Read the tables of a block's arcs; drive them where all hide something of their load or these are the ``last``.

    ``rule`` is a :class:`DriverResistance`; ``lo`` and ``hi`` are the slew thresholds.
    """
    counts = COUNT * LANES
    n: Index = np.int64(whole[counts])
    m: Index = np.int64(whole[counts + 2])
    begin = np.int64(whole[counts + 1])
    if n > begin:
        n = _pass(w, whole, begin, n, _read(axes, table, w, whole, begin, n, rule), worst)
    if n == LANES or (last and n > 0):
        m = _drive_arcs(axes, table, w, whole, n, m, worst, lo, hi)
        n = np.int64(0)
    if last and m:
        _arrive(w, whole, m, worst, lo, hi)
        m = np.int64(0)
    whole[counts], whole[counts + 1], whole[counts + 2] = n, n, m
