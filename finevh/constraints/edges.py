"""Which clock edge captures what another launches, and how far apart the two are."""

from __future__ import annotations

import numpy as np

from finevh.constraints.model import Clock
from finevh.errors import InputError

_SAME = 0.01
"""ps between edges that are one, whatever the rounding of periods such as a third of another."""
_FEW = 64
_MOST = 1000
"""Periods of one clock until the edges of two stand to each other as before."""


def _common_period(one: Clock, other: Clock) -> tuple[int, int]:
    """Periods of each of two clocks after which their edges stand to each other as before: the fewest.

    Periods are known to the femtosecond: one of 333.333 ps goes three times into one of 1000 ps. Of many periods the sum must
    be exact, or else some would always come close.
    """
    counts = np.arange(1, _MOST + 1)
    others = np.maximum(np.round(counts * one.period / other.period), 1)
    left = np.abs(counts * one.period - others * other.period)
    close = np.where(counts + others <= _FEW, 5e-4 * (counts + others), 1e-6)
    hits = np.flatnonzero((left <= close) & (others <= _MOST))
    if not len(hits):
        raise InputError(
            f"clocks '{one.name}' and '{other.name}' have no common period; if no path between them is to be timed, say so by"
            " set_clock_groups -asynchronous"
        )
    return int(counts[hits[0]]), int(others[hits[0]])


def separation(launch: Clock, launch_edge: int, capture: Clock, capture_edge: int) -> tuple[float, float]:
    """Time, ps, from a launching edge to the setup edge that captures it, and to the hold edge.

    Setup: the smallest positive distance over all pairs of edges; hold: the largest that is not positive.
    """
    t0 = launch.fall if launch_edge else launch.rise
    t1 = capture.fall if capture_edge else capture.rise
    launches, captures = _common_period(launch, capture)
    common = launch.period * launches
    starts = t0 + launch.period * np.arange(launches)
    ends = t1 + capture.period * np.arange(captures)
    gap = np.mod(ends[None, :] - starts[:, None], common)
    at_once = (gap < _SAME) | (common - gap < _SAME)
    setup = np.where(at_once, common, gap)
    return float(setup.min()), 0.0 if at_once.any() else float((setup - common).max())


def gate_hold(launch: Clock, launch_edge: int, gated: Clock, opening_edge: int) -> float:
    """Time, ps, from a launching edge to the edge until which data launched by it must leave an open clock gate alone.

    That is the edge that closes the window which was opened last, at the launch or before; the largest over all pairs of edges.
    """
    t0 = launch.fall if launch_edge else launch.rise
    opens = gated.fall if opening_edge else gated.rise
    window = (gated.fall - gated.rise) * (-1 if opening_edge else 1) % gated.period
    starts = t0 + launch.period * np.arange(_common_period(launch, gated)[0])
    since = np.mod(starts - opens, gated.period)
    # An edge at the opening, whatever the rounding, is one.
    since = np.where(gated.period - since < _SAME, 0.0, since)
    return float((window - since).max())
