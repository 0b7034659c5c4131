"""Compiled kernel that goes from an endpoint to its source: tracing one path."""

from __future__ import annotations

import numpy as np

from finevh.technology.model import Int, Real
from finevh.timing.sweep.arrays import LAUNCHES, Graph, Nets, Values, Walk


# Columns by name: a compiled kernel takes plain arrays.
def trace(
    g: Graph, b: Walk, nets: Nets, values: Values, node: int, edge: int, tag: int, steps: Int, numbers: Real
) -> int:
    """Follow the arrival of (node, edge, tag) back to its source; returns how many steps were written.

    ``steps`` (n, 4): node, edge, tag, arc into it (-1 at the source). ``numbers`` (n, 4): arrival, delay of the arc, slew,
    load; ps and fF.
    """
    node_cell, arc_mask, tags, ideal, arc_class, remap = g.node_cell, g.arc_mask, g.tags, g.ideal, g.arc_class, g.remap
    ptr, place, source, arc = b.ptr, b.place, b.source, b.arc
    arrival, slew, load, sink_delay, delays = values.arrival, values.slew, values.load, values.sink_delay, values.delay
    mode, net = nets.mode[0], g.derate[1]
    v, r, k = node, edge, tag
    n = 0
    while n < steps.shape[0]:
        steps[n, 0], steps[n, 1], steps[n, 2], steps[n, 3] = v, r, k, -1
        numbers[n, 0], numbers[n, 1], numbers[n, 2], numbers[n, 3] = arrival[k, v, r], 0.0, slew[v, r], load[v, r]
        n += 1
        if node_cell[v] < 0:
            break
        best = np.inf
        b_e, b_k = -1, 0
        for e in range(ptr[2 * v + r], ptr[2 * v + r + 1]):
            u, i, a = source[e], place[e] & 1, arc[e]
            for c in range(arrival.shape[0]):
                if not (tags[u, i] >> c) & 1 or (remap[arc_class[a], c] if arc_class[a] else c) != k:
                    continue
                start = arrival[c, u, i]
                if mode:
                    start += net * sink_delay[place[e] >> 2, i]
                if arc_mask[a] & LAUNCHES and ideal[c]:
                    start = 0.0
                miss = abs(start + np.float64(delays[e]) - arrival[k, v, r])
                if miss < best:
                    best = miss
                    b_e, b_k = e, c
        if b_e < 0:
            break
        a, b_u, b_i = arc[b_e], source[b_e], place[b_e] & 1
        steps[n - 1, 3] = a
        numbers[n - 1, 1] = delays[b_e]
        if arc_mask[a] & LAUNCHES and ideal[b_k]:
            # An ideal clock ends the path at the register.
            if n < steps.shape[0]:
                steps[n, 0], steps[n, 1], steps[n, 2], steps[n, 3] = b_u, b_i, b_k, -1
                numbers[n, 0], numbers[n, 1], numbers[n, 2], numbers[n, 3] = 0.0, 0.0, 0.0, load[b_u, b_i]
                n += 1
            break
        v, r, k = b_u, b_i, b_k
    return n
