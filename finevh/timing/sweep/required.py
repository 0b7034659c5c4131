"""Compiled kernel of required times: the latest arrival that every node can bear, late paths.

Arrivals are relative to the edges of their clocks, so that no clock period enters. Edges: 0 rise, 1 fall.
"""

from __future__ import annotations

import numpy as np

from finevh.technology.model import Real
from finevh.timing.sweep.arrays import LAUNCHES, Graph, Nets, Values, Walk


# Columns by name: a compiled kernel takes plain arrays.
def require(g: Graph, b: Walk, nets: Nets, values: Values, required: Real, below: float) -> None:
    """Propagate required times (n_tag, n_node, 2), set at endpoints and inf elsewhere, back to every node; late paths.

    Slack only grows from an endpoint back, but for rounding: what has ``below`` or more, ps, is not followed.
    """
    node_cell, arc_mask, tags, arc_class, remap = g.node_cell, g.arc_mask, g.tags, g.arc_class, g.remap
    ptr, place, source, arc, kind = b.ptr, b.place, b.source, b.arc, b.kind
    sink_delay, delays, arrival = values.sink_delay, values.delay, values.arrival
    mode, net, all_of_it = nets.mode[0], g.derate[1], below == np.inf
    n_tag = required.shape[0]
    for v in range(node_cell.shape[0] - 1, -1, -1):
        if node_cell[v] < 0:
            continue
        for r in range(2):
            if kind[v] == 0:
                due = required[0, v, r]
                if due == np.inf or not (all_of_it or due - arrival[0, v, r] < below):
                    continue
                for e in range(ptr[2 * v + r], ptr[2 * v + r + 1]):
                    wire = net * sink_delay[place[e] >> 2, place[e] & 1] if mode else 0.0
                    u, i = source[e], place[e] & 1
                    if tags[u, i]:
                        required[0, u, i] = min(required[0, u, i], due - np.float64(delays[e]) - wire)
                continue
            asked = False
            for k in range(n_tag):
                asked |= required[k, v, r] != np.inf
            if not asked:
                continue
            for e in range(ptr[2 * v + r], ptr[2 * v + r + 1]):
                a = arc[e]
                if arc_mask[a] & LAUNCHES:
                    continue
                u, i = source[e], place[e] & 1
                wire = net * sink_delay[place[e] >> 2, i] if mode else 0.0
                for k in range(n_tag):
                    to = remap[arc_class[a], k] if arc_class[a] else k
                    if not (tags[u, i] >> k) & 1 or to < 0:
                        continue
                    if all_of_it or required[to, v, r] - arrival[to, v, r] < below:
                        required[k, u, i] = min(required[k, u, i], required[to, v, r] - np.float64(delays[e]) - wire)


def cell_slacks(g: Graph, values: Values, required: Real, slack: Real) -> None:
    """Least slack, ps, over the outputs of each cell into ``slack`` (n_cell), inf on entry; nothing arrives: none."""
    arrival = values.arrival
    for v in range(g.node_cell.shape[0]):
        c = g.node_cell[v]
        if c < 0:
            continue
        here, k = g.tags[v, 0] | g.tags[v, 1], 0
        while here >> k:
            for r in range(2):
                if required[k, v, r] != np.inf and np.isfinite(arrival[k, v, r]):
                    slack[c] = min(slack[c], required[k, v, r] - arrival[k, v, r])
            k += 1
