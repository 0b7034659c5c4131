"""Which clock edge captures what another launches, and how far apart the two are."""

from __future__ import annotations

import numpy as np

from finevh.constraints.model import Clock
from finevh.errors import InputError


def separation(launch: Clock, launch_edge: int, capture: Clock, capture_edge: int) -> tuple[float, float]:
    """Time, ps, from a launching edge to the setup edge that captures it, and to the hold edge.

    Setup: the smallest positive distance over all pairs of edges; hold: the largest that is not positive.
    """
    t0 = launch.fall if launch_edge else launch.rise
    t1 = capture.fall if capture_edge else capture.rise
    common = np.lcm(round(launch.period * 1000), round(capture.period * 1000)) / 1000
    if common / launch.period > 1000 or common / capture.period > 1000:
        raise InputError(f"clocks '{launch.name}' and '{capture.name}' have no common period; declare a false path")
    starts = t0 + launch.period * np.arange(round(common / launch.period))
    ends = t1 + capture.period * np.arange(round(common / capture.period))
    gap = np.mod(ends[None, :] - starts[:, None], common)
    setup = np.where(gap < 1e-6, common, gap)
    return float(setup.min()), float((setup - common).max() if np.all(gap >= 1e-6) else 0.0)
