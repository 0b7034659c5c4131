"""Effective capacitance: a cell's delay and slew when resistance hides part of its load, and the waveform at each sink.

The cell is a saturated ramp behind a resistance; the net is O'Brien and Savarino's pi (DAC 1989). Ramp and effective
capacitance follow from the cell's tables and the charge that the pi takes: Dartu, Menezes and Pileggi, "Performance
computation for precharacterized CMOS gates with RC loads", IEEE TCAD 15(5), 1996. So that results can be compared, the
limits, the window of the charge balance, and the derivatives and tolerances of both iterations are those of OpenSTA: on
overloaded nets the iteration of another scheme ends elsewhere or not at all. The driver's resistance is that of OpenSTA 3.1,
or that of the release of 2019, which distributions ship (see :class:`DriverResistance`).
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import NamedTuple

import numba
import numpy as np

from finevh.technology.model import Index, Int, Real
from finevh.technology.tables.nldm import segment
from finevh.timing.delay.cross_voltage import cross_derate
from finevh.timing.sweep.lanes import (
    Number,
    absolute,
    choose,
    exponential,
    gathered,
    lane,
    mask,
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
CAPACITIVE, POLE, PI = 0, 1, 2
# Places in the array that describes a driver's waveform.
KIND, T0, DT, K0, K1, K2, K3, K4, P1, P2, SPAN, T50, SLEW = range(13)
ONE, OTHER = 16, 20
"""Where times of crossings at two places begin."""
N_DRIVER = 24
_RD_MIN = 1e-5
"""kOhm: below, the table does not depend on the load (OpenSTA: 0.01 Ohm)."""
_SMALL = 1e-3
"""Ratio below which a part of the pi is left out."""
_WINDOW = 1.4
"""The charge is balanced over the table's full transition, at most this many ramps."""
_TOLERANCE = 0.01
"""Relative step at which an iteration ends; the step itself is taken."""
_UNDELAYED = 1e-3
"""Elmore delay over slew below which a sink sees the driver's waveform."""
_FIT_STEPS = 100
_CROSSING_STEPS = 20
_LARGEST = 600.0
"""Largest exponent whose exponential is used as a factor."""
_WIDTH = (0,) * 8
_ALL, _UPPER, _FOURTH = 0xFF, 0xF0, 0x88
"""Sets of lanes: two places of four."""


class _Waves(NamedTuple):
    """Two waveforms, in lanes: sums of a ramp and three exponentials of ``x``, the time since a ramp of length ``dt`` began, less
    the same ``dt`` later.

    ``scale`` times the sum is the voltage as a fraction of the rail. ``late`` factors turn an exponential of ``x``
    into that of ``x - dt``; 0 where they would be too large for a number, which ``bounded`` says of none.
    """

    scale: float
    slope: float
    p1: float
    p2: float
    start: Number
    a1: Number
    a2: Number
    a3: Number
    p3: Number
    late1: Number
    late2: Number
    late3: Number
    bounded: bool


@numba.njit(forceinline=True, nogil=True, error_model="numpy")
def _later(p: Number, dt: float) -> Number:
    """Factor of an exponential after a ramp's length, 0 where it is too large for a number."""
    x = p * dt
    return choose(x < _LARGEST, exponential(choose(x < _LARGEST, x, 0.0)), 0.0)


@numba.njit(forceinline=True, nogil=True, error_model="numpy")
def _waves(w: Real, p3: Number) -> _Waves:
    """The driver's output (lanes whose ``p3`` is 0) or that of a further pole behind it, for a ramp."""
    k1, k2, p1, p2, dt = w[K1], w[K2], w[P1], w[P2], w[DT]
    behind = p3 != 0.0
    opposite = 0.0 - p3
    a1 = choose(behind, opposite / (p1 - p3) * w[K3], w[K3])
    a2 = choose(behind, opposite / (p2 - p3) * w[K4], w[K4])
    start = choose(behind, k1 - k2 / p3, k1)
    a3 = choose(behind, 0.0 - start - a1 - a2, 0.0)
    late1, late2, late3 = _later(p1, dt), _later(p2, dt), _later(p3, dt)
    bounded = late1 > 0.0 and late2 > 0.0 and some(late3 > 0.0) == _ALL
    return _Waves(
        w[K0] / dt, k2, p1, p2, start, a1, a2, a3, p3, spread(late1, _WIDTH), spread(late2, _WIDTH), late3, bounded
    )


@numba.njit(forceinline=True, nogil=True, error_model="numpy")
def _voltages(v: _Waves, x: Number, dt: float) -> tuple[Number, Number]:
    """Voltage, fraction of the rail, and its derivative at time ``x`` after the ramp began."""
    n1, n2, n3 = v.a1 * exponential(x * -v.p1), v.a2 * exponential(x * -v.p2), v.a3 * exponential((0.0 - x) * v.p3)
    value = v.start + v.slope * x + n1 + n2 + n3
    slope = v.slope - v.p1 * n1 - v.p2 * n2 - v.p3 * n3
    y = x - dt
    m1, m2, m3 = n1 * v.late1, n2 * v.late2, n3 * v.late3
    if not v.bounded:
        # Before the ramp's end these are not used, and there they would be too large.
        z = choose(y > 0.0, 0.0 - y, 0.0)
        m1 = choose(v.late1 > 0.0, m1, v.a1 * exponential(z * v.p1))
        m2 = choose(v.late2 > 0.0, m2, v.a2 * exponential(z * v.p2))
        m3 = choose(v.late3 > 0.0, m3, v.a3 * exponential(z * v.p3))
    value = choose(y > 0.0, value - (v.start + v.slope * y + m1 + m2 + m3), value)
    slope = choose(y > 0.0, slope - (v.slope - v.p1 * m1 - v.p2 * m2 - v.p3 * m3), slope)
    return choose(x > 0.0, v.scale * value, 0.0), choose(x > 0.0, v.scale * slope, 0.0)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _crossings(w: Real, lo: float, hi: float, one: float, other: float) -> None:
    """Times, ps, of one half and both thresholds at two places, into ``w[ONE]`` and ``w[OTHER]``; nan where it is not reached.

    ``one`` and ``other``: 0 for the driver, or the pole of a sink behind it. Newton's method kept in a bracket by halving it,
    all six at once: each ends where it would alone.
    """
    t0, dt = w[T0], w[DT]
    p3 = gathered((one, one, one, one, other, other, other, other))
    v = _waves(w, p3)
    below, above = spread(t0, _WIDTH), choose(p3 > 0.0, w[SPAN] + 1.0 / p3, w[SPAN])
    # The last lane of four asks how far the voltage gets at all.
    level = gathered((0.5, lo, hi, np.inf, 0.5, lo, hi, np.inf))
    t = choose(mask(_FOURTH, _WIDTH), above, 0.5 * (below + above))
    before = step = absolute(above - below)
    u, du = _voltages(v, t - t0, dt)
    searched = level <= choose(mask(_UPPER, _WIDTH), lane(u, 7), spread(lane(u, 3), _WIDTH))
    found = spread(np.nan, _WIDTH)
    for _ in range(_CROSSING_STEPS):
        gap = u - level
        outside = ((t - above) * du - gap) * ((t - below) * du - gap) > 0.0
        halves = outside | (absolute(2.0 * gap) > absolute(before * du))
        before = step
        half, newton = 0.5 * (above - below), gap / du
        t = choose(halves, below + half, t - newton)
        step = choose(halves, half, newton)
        ends = absolute(step) <= _TOLERANCE * absolute(t)
        found = choose(searched & ends, t, found)
        searched = searched & (ends ^ mask(_ALL, _WIDTH))
        if not some(searched):
            break
        u, du = _voltages(v, t - t0, dt)
        lower = u < level
        below, above = choose(lower, t, below), choose(lower, above, t)
    store(w, ONE // 8, found)


@numba.njit(forceinline=True, nogil=True, error_model="numpy")
def _pole_sides(t: Number, t0: float, dt: float, tau: float) -> tuple[Number, Number, Number, Number]:
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


@numba.njit(forceinline=True, nogil=True, error_model="numpy")
def _row(record: Int, axes: Real, rec: Index, slew: float) -> _Row:
    """The tables of a record at an input slew, ps."""
    x, nx, y, ny, v = record[rec, 0], record[rec, 1], record[rec, 2], record[rec, 3], record[rec, 4]
    i = segment(axes, x, nx, slew)
    f = (slew - axes[x + i]) / (axes[x + i + 1] - axes[x + i])
    low = np.int64(v + 2 * i * ny)
    return _Row(np.int64(y), np.int64(ny), low, low + 2 * np.int64(ny), f)


@numba.njit(forceinline=True, nogil=True, error_model="numpy")
def _at(axes: Real, u: Real, row: _Row, load: float) -> tuple[float, float]:
    """Delay and slew, ps, at a load, fF: the numbers of :func:`finevh.technology.tables.nldm.pair`."""
    j = segment(axes, row.y, row.ny, load)
    at = row.y + j
    g = (load - axes[at]) / (axes[at + 1] - axes[at])
    p, q, f = row.low + 2 * j, row.high + 2 * j, row.f
    a, b, c, d = (1.0 - f) * (1.0 - g), f * (1.0 - g), f * g, (1.0 - f) * g
    delay: float = a * u[p] + b * u[q] + c * u[q + 2] + d * u[p + 2]
    slew: float = a * u[p + 1] + b * u[q + 1] + c * u[q + 3] + d * u[p + 3]
    return delay, slew


# Long: one iteration of Newton, its equations in the order in which they are derived.
@numba.njit(forceinline=True, nogil=True, error_model="numpy")
def _fit(
    axes: Real,
    table: Real,
    row: _Row,
    kd: float,
    ks: float,
    rd: float,
    c2: float,
    rpi: float,
    c1: float,
    lo: float,
    hi: float,
    w: Real,
) -> bool:
    """Ramp start, ramp length and effective capacitance into ``w[T0]``, ``w[DT]``, ``w[SPAN]``; False without a fit."""
    total = c1 + c2
    pi = w[KIND] == PI
    ceff = total
    p1, p2 = w[P1], w[P2]
    a = b = d = b_1 = d_2 = 0.0
    below_half, per_span = (0.5 - lo) / (hi - lo), 1.0 / (hi - lo)
    if pi:
        z = total / (rpi * c1 * c2)
        a = z / (p1 * p2)
        b = (z - p1) / (p1 * (p1 - p2))
        d = (z - p2) / (p2 * (p2 - p1))
        b_1, d_2 = b / p1, d / p2
    t50, slew = _at(axes, table, row, ceff)
    dt = ks * max(slew, 0.0) * per_span
    t0 = kd + t50 - math.log(2.0) * rd * ceff - 0.5 * dt
    for _ in range(_FIT_STEPS):
        if not 0.0 < ceff <= total or (pi and not dt > 0.0):
            return False
        tau = rd * ceff
        t50, slew = _at(axes, table, row, ceff)
        t50 += kd
        slew = max(slew, 0.0) * ks
        t_low = t50 - slew * below_half
        if not dt > 0.0:
            dt = (t_low - t50) / 100.0
            if dt == 0.0:
                return False
        y, y_0, y_d, y_tau = _pole_sides(gathered((t50, t_low)), t0, dt, tau)
        y5_0, y5_d, yl_0, yl_d = lane(y_0, 0), lane(y_d, 0), lane(y_0, 1), lane(y_d, 1)
        f5, fl = lane(y, 0) - 0.5, lane(y, 1) - lo
        if pi:
            window = min(slew * per_span, _WINDOW * dt)
            late = gathered((p1 * window, p2 * window, window / tau, 0.0, p1 * dt, p2 * dt, dt / tau, 0.0))
            late = exponential(0.0 - late)
            e1, e2, e3 = lane(late, 0), lane(late, 1), lane(late, 2)
            charge = a * window + b_1 * (1.0 - e1) + d_2 * (1.0 - e2)
            single = tau * window - tau * tau * (1.0 - e3)
            fi = (charge - single) / (rd * window * dt)
            # Derivatives as if the window were the ramp.
            e1, e2, e3 = lane(late, 4), lane(late, 5), lane(late, 6)
            by_ceff = (2.0 * tau - dt - (2.0 * tau + dt) * e3) / (dt * dt)
            by_dt = -a * dt + b * dt * e1 - 2.0 * b_1 * (1.0 - e1) + d * dt * e2 - 2.0 * d_2 * (1.0 - e2)
            by_dt += tau * (dt + dt * e3 - 2.0 * tau * (1.0 - e3))
            by_dt /= rd * dt * dt * dt
            # Unknowns t0, dt, ceff; the first column of the charge row is zero: Cramer's rule.
            m11, m12, m13 = y5_0, y5_d, lane(y_tau, 0) * rd
            m21, m22, m23 = yl_0, yl_d, lane(y_tau, 1) * rd
            det = m11 * (m22 * by_ceff - m23 * by_dt) - m21 * (m12 * by_ceff - m13 * by_dt)
            if det == 0.0 or not math.isfinite(det):
                return False
            s1 = (
                -f5 * (m22 * by_ceff - m23 * by_dt) + fl * (m12 * by_ceff - m13 * by_dt) - fi * (m12 * m23 - m13 * m22)
            ) / det
            s2 = (-(m11 * fl - m21 * f5) * by_ceff + fi * (m11 * m23 - m13 * m21)) / det
            s3 = ((m11 * fl - m21 * f5) * by_dt - fi * (m11 * m22 - m12 * m21)) / det
        else:
            det = y5_0 * yl_d - y5_d * yl_0
            if det == 0.0 or not math.isfinite(det):
                return False
            s1 = (-f5 * yl_d + fl * y5_d) / det
            s2 = (-y5_0 * fl + yl_0 * f5) / det
            s3 = 0.0
        done = abs(s1) <= _TOLERANCE * abs(t0) and abs(s2) <= _TOLERANCE * abs(dt) and abs(s3) <= _TOLERANCE * ceff
        t0 += s1
        dt += s2
        ceff += s3
        if done:
            w[T0], w[DT], w[SPAN] = t0, dt, ceff
            return True
    return False


@numba.njit(forceinline=True, nogil=True, error_model="numpy")
def _resistance(axes: Real, table: Real, row: _Row, total: float, delay: float, rule: Index) -> float:
    """Resistance, kOhm, of a driver whose table gives ``delay``, ps, at the capacitance ``total``, fF, of its net."""
    if rule == TANGENT:
        beyond, _s = _at(axes, table, row, total + _STEP)
        return math.log(2.0) * abs(beyond - delay) / _STEP
    c_a = 0.75 * total
    c_b = 1.1 * c_a
    d_a, _s = _at(axes, table, row, c_a)
    d_b, _s = _at(axes, table, row, c_b)
    return abs(d_a - d_b) / (c_b - c_a) if total > 0.0 else 0.0


@numba.njit(forceinline=True, nogil=True, error_model="numpy")
def _pole(w: Real, elmore: float) -> float:
    """The pole of a sink of Elmore delay ``elmore``, ps, in 1/ps, not one of the driver's; 0 for no delay."""
    if not elmore > 0.0:
        return 0.0
    p3 = 1.0 / elmore
    return p3 * (1.0 + 1e-9) if p3 == w[P1] or p3 == w[P2] else p3


# Columns by name: a compiled kernel takes plain arrays.
@numba.njit(cache=True, nogil=True, error_model="numpy")
def drive(
    record: Int,
    axes: Real,
    table: Real,
    rec: Index,
    slew_in: float,
    kd: float,
    ks: float,
    c2: float,
    rpi: float,
    c1: float,
    lo: float,
    hi: float,
    rule: Index,
    elmore: float,
    w: Real,
) -> tuple[float, float]:
    """Delay and output slew, ps, of a table record that drives a pi; its waveform into ``w``.

    ``kd``, ps, is added to the table's delay, ``ks`` multiplies its slew. ``lo`` and ``hi`` are the slew thresholds, ``rule`` a
    :class:`DriverResistance`. Behind a pole of ``elmore``, ps, crossings are found on the way, for :func:`arrive`.
    """
    total = c1 + c2
    w[KIND] = CAPACITIVE
    row = _row(record, axes, rec, slew_in)
    delay, slew = _at(axes, table, row, total)
    rd = _resistance(axes, table, row, total, delay, rule)
    delay += kd
    slew = max(slew, 0.0) * ks
    if rd < _RD_MIN or rpi < rd * _SMALL or c1 == 0.0 or c1 < c2 * _SMALL:
        w[SLEW] = slew
        return delay, slew
    if c2 < c1 * _SMALL:
        kind = POLE
        p1 = 1.0 / (c1 * (rd + rpi))
        zero = 1.0 / (rpi * c1)
        w[K0] = p1 / zero
        w[K1] = (p1 - zero) / (p1 * p1)
        w[K2] = zero / p1
        w[K3] = -w[K1]
        w[K4] = 0.0
        w[P1], w[P2] = p1, p1
    else:
        kind = PI
        a = rpi * rd * c1 * c2
        b = rd * total + rpi * c1
        root = math.sqrt(max(b * b - 4.0 * a, 0.0))
        p1, p2 = (b + root) / (2.0 * a), (b - root) / (2.0 * a)
        if p1 == p2:
            w[SLEW] = slew
            return delay, slew
        both = p1 * p2
        w[K0] = 1.0 / (rd * c2)
        w[K2] = 1.0 / (rpi * c1 * both)
        w[K1] = (1.0 - w[K2] * (p1 + p2)) / both
        w[K4] = (w[K1] * p1 + w[K2]) / (p2 - p1)
        w[K3] = -w[K1] - w[K4]
        w[P1], w[P2] = p1, p2
    w[KIND] = kind
    if not _fit(axes, table, row, kd, ks, rd, c2 if kind == PI else 0.0, rpi, c1, lo, hi, w):
        w[KIND] = CAPACITIVE
        w[SLEW] = slew
        return delay, slew
    ceff = w[SPAN]
    w[SPAN] = w[T0] + w[DT] + 2.0 * total * (rd + rpi)
    _crossings(w, lo, hi, 0.0, _pole(w, elmore))
    t50, t_lo, t_hi = w[ONE], w[ONE + 1], w[ONE + 2]
    table_delay, table_slew = _at(axes, table, row, ceff)
    if math.isfinite(t50) and math.isfinite(t_lo) and math.isfinite(t_hi):
        slew = t_hi - t_lo
        delay = t50 if kind == POLE else kd + table_delay
    else:
        delay, slew = kd + table_delay, ks * max(table_slew, 0.0)
    w[T50] = t50 if math.isfinite(t50) else 0.0
    w[SLEW] = slew
    return delay, slew


@numba.njit(forceinline=True, nogil=True, error_model="numpy")
def arrive(w: Real, elmore: float, place: Index) -> tuple[float, float]:
    """Delay from the driver and slew, ps, at a sink of Elmore delay ``elmore`` whose crossings begin at ``w[place]``."""
    slew = w[SLEW]
    if w[KIND] == CAPACITIVE or elmore < _UNDELAYED * slew:
        return elmore, slew
    t50, t_lo, t_hi = w[place], w[place + 1], w[place + 2]
    if not (math.isfinite(t50) and math.isfinite(t_lo) and math.isfinite(t_hi)):
        return elmore, slew
    delay = t50 - w[T50]
    return (delay if delay >= 0.0 else elmore), max(t_hi - t_lo, slew)


# Columns by name: a compiled kernel takes plain arrays.
@numba.njit(nogil=True, error_model="numpy")
def arc_over_pi(
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
    near: float,
    wire: float,
    far: float,
    elmore: Real,
    far_delay: Real,
    far_slew: Real,
    base: Index,
    stride: int,
    n_sink: Index,
    lo: float,
    hi: float,
    rule: Index,
    late: bool,
) -> tuple[float, float, float]:
    """Worst delay and slew over the arcs of a group that drive a pi; the third number is 0 where a table is absent.

    ``first``: record of the cell's arc 0 at the output's edge; ``driver``: -1 for the cell's own supply; ``near``, ``wire`` and
    ``far``: the pi, fF and kOhm. The Elmore delay of sink ``f`` stands in row ``base + f * stride`` of ``elmore``; there the
    worst delay and slew at the sink go into ``far_delay`` and ``far_slew``.
    """
    worst = -np.inf if late else np.inf
    delay, out = worst, worst
    wave = np.zeros(N_DRIVER)
    load = near + far
    for k in range(begin, end):
        rec = first + 2 * member[k]
        cross = driver * record.shape[0] + rec
        if record[rec, 1] == 0 or (driver >= 0 and cross_record[cross, 1] == 0):
            return 0.0, 0.0, 0.0
        shift, factor = 0.0, 1.0
        if driver >= 0:
            shift, factor = cross_derate(cross_record, axes, table, cross, slew, load)
        d, o = drive(record, axes, table, rec, slew, shift, factor, near, wire, far, lo, hi, rule, elmore[base], wave)
        if (d > delay) == late:
            delay = d
        if (o > out) == late:
            out = o
        for f in range(n_sink):
            at = base + f * stride
            if f & 1 and wave[KIND] != CAPACITIVE:
                # Two sinks at once; the first was found with the driver.
                one, other = elmore[at], elmore[at + stride] if f + 1 < n_sink else 0.0
                if max(one, other) >= _UNDELAYED * wave[SLEW]:
                    _crossings(wave, lo, hi, _pole(wave, one), _pole(wave, other))
            d, o = arrive(wave, elmore[at], ONE if f & 1 else OTHER)
            if (d > far_delay[at]) == late:
                far_delay[at] = d
            if (o > far_slew[at]) == late:
                far_slew[at] = o
    return delay, out, 1.0
