"""A stable order for compiled kernels: numba's own sorts take a second and more to compile in each kernel that calls one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee

_RUN = 16
"""Longest run that is sorted by insertion before runs are merged."""


@callee()
def stable_order(values: NDArray[Any]) -> NDArray[np.int64]:
    """Order (n) that makes ``values`` (n), none of them nan, ascend; equal ones stay as they are. For use in kernels."""
    n = len(values)
    order, other = np.empty(n, np.int64), np.empty(n, np.int64)
    for first in range(0, n, _RUN):
        for i in range(first, min(first + _RUN, n)):
            at = i
            while at > first and values[order[at - 1]] > values[i]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = i
    size = _RUN
    while size < n:
        for low in range(0, n, 2 * size):
            middle, end = min(low + size, n), min(low + 2 * size, n)
            a, b = low, middle
            for at in range(low, end):
                if b == end or (a < middle and values[order[a]] <= values[order[b]]):
                    other[at] = order[a]
                    a += 1
                else:
                    other[at] = order[b]
                    b += 1
        order, other = other, order
        size *= 2
    return order
