"""Effective capacitance: a cell's delay and slew when resistance hides part of its load, and the waveform at each sink.

The cell is a saturated ramp behind a resistance; the net is O'Brien and Savarino's pi (DAC 1989). Ramp and effective
capacitance follow from the cell's tables and the charge that the pi takes: Dartu, Menezes and Pileggi, "Performance
computation for precharacterized CMOS gates with RC loads", IEEE TCAD 15(5), 1996. The resistance, the limits below and
the window of the charge balance are those OpenSTA uses, so that results can be compared.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from finevh.timing.lookup import pair

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
_TOLERANCE = 1e-6
_MAX_STEPS = 60


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _ramp_integral(x, tau):  # type: ignore[no-untyped-def]
    """Response of one pole to a unit-slope ramp, times 1 V/ps."""
    return x - tau * (1.0 - math.exp(-x / tau)) if x > 0.0 else 0.0


@numba.njit("float64(float64[::1], float64)", cache=True, nogil=True, error_model="numpy")
def _unit(w, x):  # type: ignore[no-untyped-def]
    """Driver's output for an unlimited unit ramp."""
    if x <= 0.0:
        return 0.0
    value = w[K1] + w[K2] * x + w[K3] * math.exp(-w[P1] * x)
    if w[KIND] == PI:
        value += w[K4] * math.exp(-w[P2] * x)
    return w[K0] * value


@numba.njit("float64(float64[::1], float64, float64)", cache=True, nogil=True, error_model="numpy")
def _unit_far(w, x, p3):  # type: ignore[no-untyped-def]
    """Output of a further pole ``p3`` behind the driver, for an unlimited unit ramp."""
    if x <= 0.0:
        return 0.0
    k0, k1, k2, k3 = w[K0], w[K1], w[K2], w[K3]
    d3 = -p3 * k3 / (w[P1] - p3)
    rest = k2 / p3 - k1 - d3
    value = k1 - k2 / p3 + k2 * x + d3 * math.exp(-w[P1] * x)
    if w[KIND] == PI:
        d4 = -p3 * w[K4] / (w[P2] - p3)
        rest -= d4
        value += d4 * math.exp(-w[P2] * x)
    return k0 * (value + rest * math.exp(-p3 * x))


@numba.njit("float64(float64[::1], float64, float64)", cache=True, nogil=True, error_model="numpy")
def _voltage(w, t, p3):  # type: ignore[no-untyped-def]
    """Voltage, fraction of the rail, at the driver (``p3`` 0) or behind a pole, at time ``t``."""
    x = t - w[T0]
    if p3 == 0.0:
        return (_unit(w, x) - _unit(w, x - w[DT])) / w[DT]
    return (_unit_far(w, x, p3) - _unit_far(w, x - w[DT], p3)) / w[DT]


@numba.njit("float64(float64[::1], float64, float64)", cache=True, nogil=True, error_model="numpy")
def _crossing(w, level, p3):  # type: ignore[no-untyped-def]
    """Time, ps, of a level (Illinois method in a bracket); nan where the bracket does not hold it."""
    a, b = w[T0], w[SPAN] + (1.0 / p3 if p3 > 0.0 else 0.0)
    fa, fb = -level, _voltage(w, b, p3) - level
    if not fb > 0.0:
        return np.nan
    side = 0
    t = b
    for _ in range(_MAX_STEPS):
        t = (a * fb - b * fa) / (fb - fa)
        f = _voltage(w, t, p3) - level
        if abs(f) < _TOLERANCE or b - a < 1e-9 * (abs(b) + 1.0):
            break
        if f > 0.0:
            b, fb = t, f
            if side == 1:
                fa *= 0.5
            side = 1
        else:
            a, fa = t, f
            if side == -1:
                fb *= 0.5
            side = -1
    return t


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _pole_sides(t, t0, dt, tau):  # type: ignore[no-untyped-def]
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
    value -= z - tau * (1.0 - e2)
    by_tau -= (1.0 + z / tau) * e2 - 1.0
    return value / dt, -(slope - (1.0 - e2)) / dt, (1.0 - e2 - value / dt) / dt, by_tau / dt


@numba.njit(
    "boolean(int32[:,::1], float64[::1], float64[::1], int64, float64, float64, float64, float64, float64, float64, "
    "float64, float64, float64, float64[::1])",
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def _fit(record, axes, table, rec, slew_in, kd, ks, rd, c2, rpi, c1, lo, hi, w):  # type: ignore[no-untyped-def]
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
    dt = ks * slew / (hi - lo)
    t0 = kd + t50 - math.log(2.0) * rd * ceff - 0.5 * dt
    for _ in range(_MAX_STEPS):
        if not (0.0 < ceff <= total) or not dt > 0.0:
            return False
        tau = rd * ceff
        t50, slew = pair(record, axes, table, rec, slew_in, ceff, False)
        t50 += kd
        slew *= ks
        t_low = t50 - slew * (0.5 - lo) / (hi - lo)
        y5, y5_0, y5_d, y5_tau = _pole_sides(t50, t0, dt, tau)
        yl, yl_0, yl_d, yl_tau = _pole_sides(t_low, t0, dt, tau)
        f5, fl = y5 - 0.5, yl - lo
        if pi:
            window = min(slew / (hi - lo), _WINDOW * dt)
            e1, e2, e3 = math.exp(-p1 * window), math.exp(-p2 * window), math.exp(-window / tau)
            charge = a * window + b / p1 * (1.0 - e1) + d / p2 * (1.0 - e2)
            single = tau * window - tau * tau * (1.0 - e3)
            fi = (charge - single) / (rd * window * dt)
            by_ceff = -(window - 2.0 * tau * (1.0 - e3) + window * e3) / (window * dt)
            # The window follows the table, not the ramp, unless it is limited; the charge is per ramp length.
            by_dt = -fi / dt
            if window < slew / (hi - lo):
                inner = (a + b * e1 + d * e2 - tau * (1.0 - e3)) / (rd * window * dt)
                by_dt += _WINDOW * (inner - fi / window)
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
        t0 += s1
        dt += s2
        ceff += s3
        if abs(s1) <= 1e-5 * abs(t0) and abs(s2) <= 1e-5 * abs(dt) and abs(s3) <= 1e-5 * ceff:
            w[T0], w[DT], w[SPAN] = t0, dt, ceff
            return 0.0 < ceff <= total and dt > 0.0
    return False


@numba.njit(
    "UniTuple(float64, 2)(int32[:,::1], float64[::1], float64[::1], int64, float64, float64, float64, float64, float64, "
    "float64, float64, float64, float64[::1])",
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def drive(record, axes, table, rec, slew_in, kd, ks, c2, rpi, c1, lo, hi, w):  # type: ignore[no-untyped-def]
    """Delay and output slew, ps, of a table record that drives a pi; its waveform into ``w``.

    ``kd``, ps, is added to the table's delay, ``ks`` multiplies its slew. ``lo`` and ``hi`` are the slew thresholds.
    """
    total = c1 + c2
    w[KIND] = CAPACITIVE
    c_a = 0.75 * total
    c_b = 1.1 * c_a
    d_a, _s = pair(record, axes, table, rec, slew_in, c_a, False)
    d_b, _s = pair(record, axes, table, rec, slew_in, c_b, False)
    rd = abs(d_a - d_b) / (c_b - c_a) if total > 0.0 else 0.0
    delay, slew = pair(record, axes, table, rec, slew_in, total, False)
    delay += kd
    slew *= ks
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
    t50, t_lo, t_hi = _crossing(w, 0.5, 0.0), _crossing(w, lo, 0.0), _crossing(w, hi, 0.0)
    table_delay, table_slew = pair(record, axes, table, rec, slew_in, ceff, False)
    if math.isfinite(t50) and math.isfinite(t_lo) and math.isfinite(t_hi):
        slew = t_hi - t_lo
        delay = t50 if kind == POLE else kd + table_delay
        w[T50] = t50
    else:
        delay, slew = kd + table_delay, ks * table_slew
        w[KIND] = CAPACITIVE
    w[SLEW] = slew
    return delay, slew


@numba.njit(
    "UniTuple(float64, 2)(float64[::1], float64, float64, float64)", cache=True, nogil=True, error_model="numpy"
)
def arrive(w, elmore, lo, hi):  # type: ignore[no-untyped-def]
    """Delay from the driver and slew, ps, at a sink of Elmore delay ``elmore`` behind the waveform ``w``."""
    slew = w[SLEW]
    if w[KIND] == CAPACITIVE or elmore < 1e-3 * slew:
        return elmore, slew
    p3 = 1.0 / elmore
    if p3 == w[P1] or p3 == w[P2]:
        p3 *= 1.0 + 1e-9
    t50, t_lo, t_hi = _crossing(w, 0.5, p3), _crossing(w, lo, p3), _crossing(w, hi, p3)
    if not (math.isfinite(t50) and math.isfinite(t_lo) and math.isfinite(t_hi)):
        return elmore, slew
    delay = t50 - w[T50]
    return (delay if delay >= 0.0 else elmore), max(t_hi - t_lo, slew)
