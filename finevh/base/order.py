"""Topological order of a graph in columns, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.base.kernel import kernel

Int = NDArray[np.int32]


@kernel(nogil=True)
def topological_order(fan_ptr: NDArray[np.integer], fan_to: Int, waiting: Int) -> Int:
    """Nodes in an order in which each stands behind all that lead to it (Kahn).

    Parameters
    ----------
    fan_ptr, fan_to
        (n_node + 1), (n_arc) nodes that each node leads to, in CSR.
    waiting
        (n_node) arcs into each node, counted down in place; -1 leaves a node out.

    Returns
    -------
    (n_reached) nodes; members of a loop, and what stands behind one, are left out.
    """
    order = np.empty(len(waiting), dtype=np.int32)
    tail = 0
    for v in range(len(waiting)):
        if waiting[v] == 0:
            order[tail] = v
            tail += 1
    head = 0
    while head < tail:
        v = order[head]
        head += 1
        for k in range(fan_ptr[v], fan_ptr[v + 1]):
            w = fan_to[k]
            waiting[w] -= 1
            if waiting[w] == 0:
                order[tail] = w
                tail += 1
    return order[:tail].copy()
