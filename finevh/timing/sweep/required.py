"""Compiled kernel of required times: the latest arrival that every node can bear, late paths.

Arrivals are relative to the edges of their clocks, so that no clock period enters. Edges: 0 rise, 1 fall.
"""

from __future__ import annotations

import numpy as np

from finevh.technology.model import Real
from finevh.timing.sweep.arrays import Graph, Nets, Values, Walk


def require(g: Graph, b: Walk, nets: Nets, values: Values, required: Real) -> None:
    """Propagate required times (n_tag, n_node, 2), set at endpoints and inf elsewhere, back to every node; late paths."""
    node_cell, arc_mask, tags, arc_class, remap = g.node_cell, g.arc_mask, g.tags, g.arc_class, g.remap
    ptr, place, source, arc, kind = b.ptr, b.place, b.source, b.arc, b.kind
    sink_delay, delays = values.sink_delay, values.delay
    mode, net = nets.mode[0], g.derate[1]
    n_tag = required.shape[0]
    for v in range(node_cell.shape[0] - 1, -1, -1):
        if node_cell[v] < 0:
            continue
        for r in range(2):
            if kind[v] == 0:
                due = required[0, v, r]
                if due == np.inf:
                    continue
                for e in range(ptr[2 * v + r], ptr[2 * v + r + 1]):
                    wire = net * sink_delay[place[e] >> 2, place[e] & 1] if mode else 0.0
                    u, i = source[e], place[e] & 1
                    if tags[u, i]:
                        required[0, u, i] = min(required[0, u, i], due - np.float64(delays[e]) - wire)
                continue
            for e in range(ptr[2 * v + r], ptr[2 * v + r + 1]):
                a = arc[e]
                if arc_mask[a] & 16:
                    continue
                u, i = source[e], place[e] & 1
                wire = net * sink_delay[place[e] >> 2, i] if mode else 0.0
                for k in range(n_tag):
                    to = remap[arc_class[a], k] if arc_class[a] else k
                    if (tags[u, i] >> k) & 1 and to >= 0:
                        required[k, u, i] = min(required[k, u, i], required[to, v, r] - np.float64(delays[e]) - wire)
