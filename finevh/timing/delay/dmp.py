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
from finevh.technology.nldm import pair


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
N_DRIVER = 13
_RD_MIN = 1e-5
"""kOhm: below, the table does not depend on the load (OpenSTA: 0.01 Ohm)."""
_SMALL = 1e-3
"""Ratio below which a part of the pi is left out."""
_WINDOW = 1.4
"""The charge is balanced over the table's full transition, at most this many ramps."""
_TOLERANCE = 0.01
"""Relative step at which an iteration ends; the step itself is taken."""
_FIT_STEPS = 100
_CROSSING_STEPS = 20
_LARGEST = 600.0
"""Largest exponent whose exponential is used as a factor."""


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _ramp_integral(x: float, tau: float) -> float:
    """Response of one pole to a unit-slope ramp, times 1 V/ps."""
    return x - tau * (1.0 - math.exp(-x / tau)) if x > 0.0 else 0.0


class _Wave(NamedTuple):
    """A sum of a ramp and three exponentials of ``x``, the time since a ramp of length ``dt`` began, less the same ``dt`` later.

    ``scale`` times it over ``dt`` is the voltage as a fraction of the rail. ``late`` factors turn an exponential of ``x`` into
    that of ``x - dt``; 0 where they would be too large for a number.
    """

    scale: float
    start: float
    slope: float
    a1: float
    p1: float
    late1: float
    a2: float
    p2: float
    late2: float
    a3: float
    p3: float
    late3: float


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _later(p: float, dt: float) -> float:
    """Factor of an exponential after a ramp's length, 0 where it is too large for a number."""
    return math.exp(p * dt) if p * dt < _LARGEST else 0.0


@numba.njit(nogil=True, error_model="numpy")
def _wave(w: Real, p3: float) -> _Wave:
    """The driver's output (``p3`` 0) or that of a further pole behind it, for a ramp."""
    k1, k2, p1, p2, dt = w[K1], w[K2], w[P1], w[P2], w[DT]
    a1 = w[K3]
    a2 = w[K4] if w[KIND] == PI else 0.0
    a3, late3 = 0.0, 1.0
    if p3 != 0.0:
        a1 *= -p3 / (p1 - p3)
        a2 *= -p3 / (p2 - p3) if w[KIND] == PI else 0.0
        k1 -= k2 / p3
        a3 = -k1 - a1 - a2
        late3 = _later(p3, dt)
    return _Wave(w[K0], k1, k2, a1, p1, _later(p1, dt), a2, p2, _later(p2, dt), a3, p3, late3)


@numba.njit(nogil=True, error_model="numpy")
def _voltage(v: _Wave, x: float, dt: float) -> tuple[float, float]:
    """Voltage, fraction of the rail, and its derivative at time ``x`` after the ramp began."""
    if x <= 0.0:
        return 0.0, 0.0
    n1, n2, n3 = v.a1 * math.exp(-v.p1 * x), 0.0, 0.0
    if v.a2 != 0.0:
        n2 = v.a2 * math.exp(-v.p2 * x)
    if v.a3 != 0.0:
        n3 = v.a3 * math.exp(-v.p3 * x)
    value = v.start + v.slope * x + n1 + n2 + n3
    slope = v.slope - v.p1 * n1 - v.p2 * n2 - v.p3 * n3
    y = x - dt
    if y > 0.0:
        n1 = n1 * v.late1 if v.late1 > 0.0 else v.a1 * math.exp(-v.p1 * y)
        n2 = n2 * v.late2 if v.late2 > 0.0 else v.a2 * math.exp(-v.p2 * y)
        n3 = n3 * v.late3 if v.late3 > 0.0 else v.a3 * math.exp(-v.p3 * y)
        value -= v.start + v.slope * y + n1 + n2 + n3
        slope -= v.slope - v.p1 * n1 - v.p2 * n2 - v.p3 * n3
    return v.scale * value / dt, v.scale * slope / dt


@numba.njit(nogil=True, error_model="numpy")
def _crossing(v: _Wave, level: float, t0: float, dt: float, below: float, above: float, u: float, du: float) -> float:
    """Time, ps, of a level (Newton's method kept in a bracket by halving it); nan where it does not end.

    ``u`` and ``du``: voltage and its derivative in the middle of the bracket.
    """
    t: float = 0.5 * (below + above)
    before = step = abs(above - below)
    for _ in range(_CROSSING_STEPS):
        gap = u - level
        outside = ((t - above) * du - gap) * ((t - below) * du - gap) > 0.0
        if outside or abs(2.0 * gap) > abs(before * du):
            before, step = step, 0.5 * (above - below)
            t = below + step
        else:
            before, step = step, gap / du
            t -= step
        if abs(step) <= _TOLERANCE * abs(t):
            return t
        u, du = _voltage(v, t - t0, dt)
        if u < level:
            below = t
        else:
            above = t
    return np.nan


@numba.njit(
    "UniTuple(float64, 3)(float64[::1], float64, float64, float64)", cache=True, nogil=True, error_model="numpy"
)
def _crossings(w: Real, lo: float, hi: float, p3: float) -> tuple[float, float, float]:
    """Times, ps, of one half and both thresholds at the driver (``p3`` 0) or behind a pole; nan where it does not get there."""
    t0, dt = w[T0], w[DT]
    v = _wave(w, p3)
    below, above = t0, w[SPAN] + (1.0 / p3 if p3 > 0.0 else 0.0)
    end = _voltage(v, above - t0, dt)[0]
    u, du = _voltage(v, 0.5 * (below + above) - t0, dt)
    half = np.nan if end < 0.5 else _crossing(v, 0.5, t0, dt, below, above, u, du)
    low = np.nan if end < lo else _crossing(v, lo, t0, dt, below, above, u, du)
    high = np.nan if end < hi else _crossing(v, hi, t0, dt, below, above, u, du)
    return half, low, high


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _pole_sides(t: float, t0: float, dt: float, tau: float) -> tuple[float, float, float, float]:
    """Value of a one-pole ramp response and its derivatives by t0, dt and tau."""
    x = t - t0
    if x <= 0.0:
        return 0.0, 0.0, 0.0, 0.0
    e1 = math.exp(-x / tau)
    value = x - tau * (1.0 - e1)
    slope = 1.0 - e1
    by_tau = (1.0 + x / tau) * e1 - 1.0
    if x <= dt:
        return value / dt, -slope / dt, -value / (dt * dt), by_tau / dt
    z = x - dt
    e2 = math.exp(-z / tau)
    late = z - tau * (1.0 - e2)
    by_tau -= (1.0 + z / tau) * e2 - 1.0
    # By the ramp's length the two parts count with one sign, as in OpenSTA: this sets where the iteration ends.
    return (value - late) / dt, -(slope - (1.0 - e2)) / dt, (1.0 - e2 - (value + late) / dt) / dt, by_tau / dt


# Long: one iteration of Newton, its equations in the order in which they are derived.
@numba.njit(
    "boolean(int32[:,::1], float64[::1], float64[::1], int64, float64, float64, float64, float64, float64, float64, "
    "float64, float64, float64, float64[::1])",
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def _fit(
    record: Int,
    axes: Real,
    table: Real,
    rec: Index,
    slew_in: float,
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
    a = b = d = 0.0
    if pi:
        z = total / (rpi * c1 * c2)
        a = z / (p1 * p2)
        b = (z - p1) / (p1 * (p1 - p2))
        d = (z - p2) / (p2 * (p2 - p1))
    t50, slew = pair(record, axes, table, rec, slew_in, ceff, False)
    dt = ks * max(slew, 0.0) / (hi - lo)
    t0 = kd + t50 - math.log(2.0) * rd * ceff - 0.5 * dt
    for _ in range(_FIT_STEPS):
        if not 0.0 < ceff <= total or (pi and not dt > 0.0):
            return False
        tau = rd * ceff
        t50, slew = pair(record, axes, table, rec, slew_in, ceff, False)
        t50 += kd
        slew = max(slew, 0.0) * ks
        t_low = t50 - slew * (0.5 - lo) / (hi - lo)
        if not dt > 0.0:
            dt = (t_low - t50) / 100.0
            if dt == 0.0:
                return False
        y5, y5_0, y5_d, y5_tau = _pole_sides(t50, t0, dt, tau)
        yl, yl_0, yl_d, yl_tau = _pole_sides(t_low, t0, dt, tau)
        f5, fl = y5 - 0.5, yl - lo
        if pi:
            window = min(slew / (hi - lo), _WINDOW * dt)
            e1, e2, e3 = math.exp(-p1 * window), math.exp(-p2 * window), math.exp(-window / tau)
            charge = a * window + b / p1 * (1.0 - e1) + d / p2 * (1.0 - e2)
            single = tau * window - tau * tau * (1.0 - e3)
            fi = (charge - single) / (rd * window * dt)
            # Derivatives as if the window were the ramp.
            e1, e2, e3 = math.exp(-p1 * dt), math.exp(-p2 * dt), math.exp(-dt / tau)
            by_ceff = (2.0 * tau - dt - (2.0 * tau + dt) * e3) / (dt * dt)
            by_dt = -a * dt + b * dt * e1 - 2.0 * b / p1 * (1.0 - e1) + d * dt * e2 - 2.0 * d / p2 * (1.0 - e2)
            by_dt += tau * (dt + dt * e3 - 2.0 * tau * (1.0 - e3))
            by_dt /= rd * dt * dt * dt
            # Unknowns t0, dt, ceff; the first column of the charge row is zero: Cramer's rule.
            m11, m12, m13 = y5_0, y5_d, y5_tau * rd
            m21, m22, m23 = yl_0, yl_d, yl_tau * rd
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


@numba.njit(
    "float64(int32[:,::1], float64[::1], float64[::1], int64, float64, float64, float64, int64)",
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def _resistance(
    record: Int, axes: Real, table: Real, rec: Index, slew_in: float, total: float, delay: float, rule: Index
) -> float:
    """Resistance, kOhm, of a driver whose table gives ``delay``, ps, at the capacitance ``total``, fF, of its net."""
    if rule == TANGENT:
        beyond, _s = pair(record, axes, table, rec, slew_in, total + _STEP, False)
        return math.log(2.0) * abs(beyond - delay) / _STEP
    c_a = 0.75 * total
    c_b = 1.1 * c_a
    d_a, _s = pair(record, axes, table, rec, slew_in, c_a, False)
    d_b, _s = pair(record, axes, table, rec, slew_in, c_b, False)
    return abs(d_a - d_b) / (c_b - c_a) if total > 0.0 else 0.0


# Columns by name: a compiled kernel takes plain arrays.
@numba.njit(
    "UniTuple(float64, 2)(int32[:,::1], float64[::1], float64[::1], int64, float64, float64, float64, float64, float64, "
    "float64, float64, float64, int64, float64[::1])",
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
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
    w: Real,
) -> tuple[float, float]:
    """Delay and output slew, ps, of a table record that drives a pi; its waveform into ``w``.

    ``kd``, ps, is added to the table's delay, ``ks`` multiplies its slew. ``lo`` and ``hi`` are the slew thresholds, ``rule`` a
    :class:`DriverResistance`.
    """
    total = c1 + c2
    w[KIND] = CAPACITIVE
    delay, slew = pair(record, axes, table, rec, slew_in, total, False)
    rd = _resistance(record, axes, table, rec, slew_in, total, delay, rule)
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
    if not _fit(record, axes, table, rec, slew_in, kd, ks, rd, c2 if kind == PI else 0.0, rpi, c1, lo, hi, w):
        w[KIND] = CAPACITIVE
        w[SLEW] = slew
        return delay, slew
    ceff = w[SPAN]
    w[SPAN] = w[T0] + w[DT] + 2.0 * total * (rd + rpi)
    t50, t_lo, t_hi = _crossings(w, lo, hi, 0.0)
    table_delay, table_slew = pair(record, axes, table, rec, slew_in, ceff, False)
    if math.isfinite(t50) and math.isfinite(t_lo) and math.isfinite(t_hi):
        slew = t_hi - t_lo
        delay = t50 if kind == POLE else kd + table_delay
    else:
        delay, slew = kd + table_delay, ks * max(table_slew, 0.0)
    w[T50] = t50 if math.isfinite(t50) else 0.0
    w[SLEW] = slew
    return delay, slew


@numba.njit(
    "UniTuple(float64, 2)(float64[::1], float64, float64, float64)", cache=True, nogil=True, error_model="numpy"
)
def arrive(w: Real, elmore: float, lo: float, hi: float) -> tuple[float, float]:
    """Delay from the driver and slew, ps, at a sink of Elmore delay ``elmore`` behind the waveform ``w``."""
    slew = w[SLEW]
    if w[KIND] == CAPACITIVE or elmore < 1e-3 * slew:
        return elmore, slew
    p3 = 1.0 / elmore
    if p3 == w[P1] or p3 == w[P2]:
        p3 *= 1.0 + 1e-9
    t50, t_lo, t_hi = _crossings(w, lo, hi, p3)
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
            shift, factor = pair(cross_record, axes, table, cross, slew, load, True)
        d, o = drive(record, axes, table, rec, slew, shift, factor, near, wire, far, lo, hi, rule, wave)
        if (d > delay) == late:
            delay = d
        if (o > out) == late:
            out = o
        for f in range(n_sink):
            at = base + f * stride
            d, o = arrive(wave, elmore[at], lo, hi)
            if (d > far_delay[at]) == late:
                far_delay[at] = d
            if (o > far_slew[at]) == late:
                far_slew[at] = o
    return delay, out, 1.0
