"""Which clock edge captures what another launches, and how far apart the two are."""

from __future__ import annotations

import numpy as np

from finevh.constraints.model import Clock
from finevh.errors import InputError


def _common_period(one: Clock, other: Clock) -> float:
    """The shortest time, ps, after which the edges of two clocks stand to each other as before."""
    common = np.lcm(round(one.period * 1000), round(other.period * 1000)) / 1000
    if common / one.period > 1000 or common / other.period > 1000:
        raise InputError(f"clocks '{one.name}' and '{other.name}' have no common period; declare a false path")
    return float(common)


def separation(launch: Clock, launch_edge: int, capture: Clock, capture_edge: int) -> tuple[float, float]:
    """Time, ps, from a launching edge to the setup edge that captures it, and to the hold edge.

    Setup: the smallest positive distance over all pairs of edges; hold: the largest that is not positive.
    """
    t0 = launch.fall if launch_edge else launch.rise
    t1 = capture.fall if capture_edge else capture.rise
    common = _common_period(launch, capture)
    starts = t0 + launch.period * np.arange(round(common / launch.period))
    ends = t1 + capture.period * np.arange(round(common / capture.period))
    gap = np.mod(ends[None, :] - starts[:, None], common)
    setup = np.where(gap < 1e-6, common, gap)
    return float(setup.min()), float((setup - common).max() if np.all(gap >= 1e-6) else 0.0)


def gate_hold(launch: Clock, launch_edge: int, gated: Clock, opening_edge: int) -> float:
    """Time, ps, from a launching edge to the edge until which data launched by it must leave an open clock gate alone.

    That is the edge that closes the window which was opened last, at the launch or before; the largest over all pairs of edges.
    """
    t0 = launch.fall if launch_edge else launch.rise
    opens = gated.fall if opening_edge else gated.rise
    window = (gated.fall - gated.rise) * (-1 if opening_edge else 1) % gated.period
    common = _common_period(launch, gated)
    starts = t0 + launch.period * np.arange(round(common / launch.period))
    since = np.mod(starts - opens, gated.period)
    # An edge at the opening, whatever the rounding, is one.
    since = np.where(gated.period - since < 1e-6, 0.0, since)
    return float((window - since).max())
