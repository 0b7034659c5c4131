"""Numbers from sampled waveforms: crossing times, charges, static levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Window", "crossing", "cumulative", "last_crossing"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """Sample range [first, last] of one step in a transient."""

    first: int
    last: int


def windows(time_ps: FloatArray, start_ps: FloatArray, end_ps: FloatArray) -> list[Window]:
    """Return the sample range of every step; simulators place a time point on every source corner."""
    slack = 1e-3 + 1e-9 * float(time_ps[-1])
    first = np.searchsorted(time_ps, start_ps - slack)
    last = np.searchsorted(time_ps, end_ps + slack, side="right") - 1
    return [Window(int(a), int(b)) for a, b in zip(first, last, strict=True)]


def cumulative(time_ps: FloatArray, current_ma: FloatArray) -> FloatArray:
    """Return the running trapezoid integral, (n,) fC: the simulator's own integration rule."""
    steps = 0.5 * (current_ma[1:] + current_ma[:-1]) * np.diff(time_ps)
    return np.concatenate(([0.0], np.cumsum(steps)))


def last_crossing(time_ps: FloatArray, volts: FloatArray, level: float, rising: bool) -> float | None:
    """Return the last time the wave passes `level` in the given direction, None if it never does."""
    above = volts >= level if rising else volts <= level
    if not above[-1]:
        return None
    below = np.flatnonzero(~above)
    if below.size == 0:
        return None
    return crossing(time_ps, volts, level, int(below[-1]))


def crossing(time_ps: FloatArray, volts: FloatArray, level: float, index: int) -> float:
    """Return where the wave passes `level` between samples index and index + 1.

    A cubic through the four neighbouring samples (time as function of voltage would be ambiguous), solved by bisection
    and secant on the bracketing interval; at the ends of the record a straight line.
    """
    t0, t1 = float(time_ps[index]), float(time_ps[index + 1])
    v0, v1 = float(volts[index]) - level, float(volts[index + 1]) - level
    if v0 == v1:
        return t1
    guess = t0 - v0 * (t1 - t0) / (v1 - v0)
    if index < 1 or index + 2 >= len(time_ps) or t1 <= t0:
        return guess
    # Lagrange cubic in s = (t - t0) / (t1 - t0)
    width = t1 - t0
    sa, sb = (float(time_ps[index - 1]) - t0) / width, (float(time_ps[index + 2]) - t0) / width
    if sa > -1e-3 or sb < 1 + 1e-3:
        return guess
    va, vb = float(volts[index - 1]) - level, float(volts[index + 2]) - level
    # Newton form, divided differences over nodes 0, 1, sa, sb
    d01 = v1 - v0
    d1a = (va - v1) / (sa - 1)
    dab = (vb - va) / (sb - sa)
    d01a = (d1a - d01) / sa
    d1ab = (dab - d1a) / (sb - 1)
    d3 = (d1ab - d01a) / sb
    low, high = 0.0, 1.0
    s = (guess - t0) / width
    for _ in range(40):
        value = v0 + s * (d01 + (s - 1) * (d01a + (s - sa) * d3))
        if abs(value) < 1e-9:
            break
        if (value > 0) == (v1 > 0):
            high = s
        else:
            low = s
        slope = d01 + (2 * s - 1) * d01a + ((s - 1) * (s - sa) + s * (s - sa) + s * (s - 1)) * d3
        nxt = s - value / slope if slope else 0.5 * (low + high)
        s = nxt if low < nxt < high else 0.5 * (low + high)
    return t0 + s * width
