"""Compiled kernels of what reaches what: tags through all arcs, and all that lies before some nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.timing.sweep.arrays import Graph


def _reach(g: Graph, tags: NDArray[np.bool_]) -> None:
    """Propagate the sets of tags (n_node, 2) through all arcs."""
    arc_ptr, arc_source, arc_mask, arc_class, remap = g.arc_ptr, g.arc_source, g.arc_mask, g.arc_class, g.remap
    for v in range(arc_ptr.shape[0] - 1):
        for a in range(arc_ptr[v], arc_ptr[v + 1]):
            for e in range(4):
                if not (arc_mask[a] >> e) & 1:
                    continue
                m = tags[arc_source[a], e >> 1]
                k = 0
                while m:
                    if m & 1:
                        to = remap[arc_class[a], k] if arc_class[a] else k
                        if to >= 0:
                            tags[v, e & 1] |= 1 << to
                    m >>= 1
                    k += 1


def _fan_in(g: Graph, marked: NDArray[np.bool_]) -> None:
    """Mark (n_node) all nodes that lead to a marked one."""
    arc_ptr, arc_source = g.arc_ptr, g.arc_source
    for v in range(marked.shape[0] - 1, -1, -1):
        if marked[v]:
            for a in range(arc_ptr[v], arc_ptr[v + 1]):
                marked[arc_source[a]] = 1
