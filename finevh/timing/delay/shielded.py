"""One effective capacitance per net and edge: resistance hides part of the far capacitance during the driver's transition."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.technology.model import Int, Real
from finevh.timing.delay.rc_tree import elmore_delays, reduced_pi

_WINDOW = 2.0 / 3.0
"""Share of the table's full transition over which the net's charge counts; chosen so that RI5CY's endpoints agree with "ceff"."""
_SMALL_RES = 1e-3
"""Ratio of a net's to its driver's resistance below which a net is a capacitance (OpenSTA)."""
_RESPONSES = 513
"""Points of the table of a pole's response."""


@callee(error_model="numpy")
def seen_load(load: float, far: float, tau: float, ramp: float) -> float:
    """Capacitance, fF, that a driver sees of ``load``.

    The share ``far`` behind the time constant ``tau``, ps, takes ``1 - x (1 - exp(-1 / x))`` of its charge from a ramp of
    length ``ramp``, ps, in a time ``tau / x``.
    """
    hidden = tau / (_WINDOW * ramp)
    return load * (1.0 - far * hidden * (1.0 - math.exp(-1.0 / hidden)))


@callee(error_model="numpy")
def driver_slew_factor(
    driver_slew: Real, resistance: float, far: float, wire: float, load: float, slew: float, to_place: float
) -> float:
    """Slew of a driver behind its resistance over that of its table; 1 where the net is a capacitance.

    ``driver_slew``: second table of :func:`responses`; ``resistance`` kOhm of the driver; ``far`` and ``wire`` of the net as
    :func:`net_shapes` gives them; ``to_place`` from a time constant over the table's ``slew`` to a place in the table.
    """
    if resistance > 0.0 and wire / far > _SMALL_RES * resistance:
        place = (resistance + wire) * load / slew * to_place
        k = int(place)
        if k < _RESPONSES - 1:
            place -= k
            factor: float = driver_slew[k] + place * (driver_slew[k + 1] - driver_slew[k])
            return factor
    return 1.0


@callee(error_model="numpy")
def pole_behind_ramp(response: Real, elmore: float, slew: float, swing: float) -> tuple[float, float]:
    """Delay and slew, ps, behind a pole of time constant ``elmore`` that a ramp of the driver's ``slew`` meets.

    ``response``: first table of :func:`responses`; ``swing`` between the slew thresholds.
    """
    if not (elmore > 0.0 and slew > 0.0):
        return elmore, slew
    ramp = slew / swing
    u = elmore / (elmore + ramp) * (_RESPONSES - 1)
    k = min(int(u), _RESPONSES - 2)
    u -= k
    out = response[2 * k + 1] + u * (response[2 * k + 3] - response[2 * k + 1])
    out *= (elmore + ramp) * swing
    return elmore * (response[2 * k] + u * (response[2 * k + 2] - response[2 * k])), out


@kernel(nogil=True, error_model="numpy")
def net_shapes(
    tree_ptr: Int, parent: Int, res: Real, cap: Real, sink_ptr: Int, sink_tree: Int, sink_cap: Real, shape: Real
) -> None:
    """Share of the far capacitance of each net's pi, and its time constant over the net's capacitance, kOhm."""
    longest = 1
    for v in range(tree_ptr.shape[0] - 1):
        longest = max(longest, tree_ptr[v + 1] - tree_ptr[v])
    below, elmore, second = np.empty(longest), np.empty(longest), np.empty(longest)
    at = np.empty(longest)
    for v in range(tree_ptr.shape[0] - 1):
        low = tree_ptr[v]
        size = tree_ptr[v + 1] - low
        if size < 2:
            continue
        for i in range(size):
            below[i] = cap[low + i]
        for s in range(sink_ptr[v], sink_ptr[v + 1]):
            below[max(sink_tree[s], 0)] += sink_cap[s]
        for i in range(size):
            at[i] = below[i]
        elmore_delays(parent, res, low, size, below, elmore, (0,))
        near, wire, far = reduced_pi(parent, res, low, size, at, below, elmore, second, (0,))
        total = near + far
        if total > 0.0 and wire > 0.0:
            shape[v, 0], shape[v, 1] = far / total, wire * far / total


def _crossings(y: float, levels: Real) -> Real:
    """Times, over the ramp's length, at which one pole of time constant ``y`` behind a ramp of length 1 crosses levels."""
    end = 1.0 - y * (1.0 - np.exp(-1.0 / y))
    # Behind the ramp's end the way to the rail is an exponential; before it, bisection.
    tail = 1.0 + y * np.log(np.maximum(1.0 - end, 1e-300) / (1.0 - levels))
    low, high = np.zeros(len(levels)), np.ones(len(levels))
    for _ in range(60):
        middle = 0.5 * (low + high)
        above = middle - y * (1.0 - np.exp(-middle / y)) > levels
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.where(end > levels, 0.5 * (low + high), tail)


@lru_cache(maxsize=8)
def responses(lo: float, hi: float) -> tuple[Real, Real]:
    """Two tables that a shielded net needs, ``lo`` and ``hi`` the slew thresholds.

    The first, (n, 2), by ``y / (1 + y)`` evenly from 0 to 1 with ``y`` a pole's time constant over the length of a ramp: delay
    over time constant, slew between the thresholds over that of the ramp plus time constant. The second, (n), by ``tau / d``
    evenly from 0 to its limit, which is the last number: slew of a driver over that of its table, where ``tau`` is its
    resistance times the load and ``d`` the table's time from ``lo`` to one half.
    """
    levels = np.array([lo, 0.5, hi])
    pole, ratio, factor = np.ones((_RESPONSES, 2)), np.zeros(_RESPONSES), np.ones(_RESPONSES)
    for k in range(1, _RESPONSES):
        # The last row is the one before it: a step has no slew of its own.
        u = min(k, _RESPONSES - 2) / (_RESPONSES - 1)
        y = u / (1.0 - u)
        t = _crossings(y, levels)
        pole[k] = (t[1] - 0.5) / y, (t[2] - t[0]) / (hi - lo) / (1.0 + y)
        ratio[k] = y / (t[1] - t[0])
        factor[k] = (t[2] - t[0]) / (t[1] - t[0]) * (0.5 - lo) / (hi - lo)
    limit = ratio[-2]
    driver = np.interp(np.linspace(0.0, limit, _RESPONSES), ratio[:-1], factor[:-1])
    return pole, np.append(driver, limit)
