"""Groups of sinks that lie together and weigh about the same."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from finevh.layout.wirelength import load_of
from finevh.technology.model import Real

Group = NDArray[np.int64]


def cluster(x: Real, y: Real, cap: Real, wire_cap: float, capacitance: float, count: int) -> list[Group]:
    """Cut points into groups of nearly equal load, none above the limits; groups hold indices into ``x``.

    Equal loads matter more than few groups: buffers with equal loads have equal delays.

    Parameters
    ----------
    x, y : (n) um.
    cap : (n) fF of each point.
    wire_cap : fF per um; a group's wire is taken as half the perimeter of its box.
    capacitance : fF that a group's points and wire may have, unless it is a single point.
    count : points that a group may have.
    """
    everything = np.arange(len(x), dtype=np.int64)
    if not len(x):
        return []
    pieces = max(1, math.ceil(len(x) / count), math.ceil(float(cap.sum()) / capacitance))
    while True:
        groups = _divide(everything, x, y, cap, pieces)
        fits = all(
            len(g) == 1 or (len(g) <= count and load_of(x[g], y[g], cap[g], wire_cap) <= capacitance) for g in groups
        )
        if fits or pieces >= len(x):
            return groups
        pieces += 1


def _divide(points: Group, x: Real, y: Real, cap: Real, pieces: int) -> list[Group]:
    """Cut across the longer side, again and again, so that each of ``pieces`` has about the same capacitance."""
    if pieces <= 1 or len(points) <= 1:
        return [points]
    along = x if np.ptp(x[points]) >= np.ptp(y[points]) else y
    order = points[np.argsort(along[points], kind="stable")]
    first = pieces // 2
    sums = np.cumsum(cap[order])
    cut = int(np.argmin(np.abs(sums - sums[-1] * first / pieces))) + 1
    cut = min(max(cut, first), len(order) - (pieces - first))
    return _divide(order[:cut], x, y, cap, first) + _divide(order[cut:], x, y, cap, pieces - first)
