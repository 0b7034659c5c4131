"""Topological levels of a graph; loops are cut at the arcs that close them."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int


@dataclass(frozen=True)
class Levels:
    """``level`` (n_node) longest distance from a root; ``cut`` (n_arc) arcs left out to have no loop."""

    level: Int
    cut: NDArray[np.bool_]


@numba.njit("int64(int32[::1], int32[::1], int32[::1], int32[::1])", cache=True, nogil=True)
def _kahn(fan_ptr, fan_to, pending, level):  # type: ignore[no-untyped-def]
    """Levels by repeated removal of nodes without pending arcs; returns how many nodes were removed."""
    n = len(level)
    queue = np.empty(n, np.int32)
    tail = 0
    for v in range(n):
        if pending[v] == 0:
            queue[tail] = v
            tail += 1
    head = 0
    while head < tail:
        v = queue[head]
        head += 1
        for k in range(fan_ptr[v], fan_ptr[v + 1]):
            w = fan_to[k]
            level[w] = max(level[w], level[v] + 1)
            pending[w] -= 1
            if pending[w] == 0:
                queue[tail] = w
                tail += 1
    return head


@numba.njit("void(int32[::1], int32[::1], int32[::1], int32[::1], uint8[::1])", cache=True, nogil=True)
def _back_arcs(fan_ptr, fan_to, fan_arc, roots, cut):  # type: ignore[no-untyped-def]
    """Mark the arcs that end in a node of the running depth-first path (iterative)."""
    n = len(fan_ptr) - 1
    state = np.zeros(n, np.uint8)
    stack = np.empty(n, np.int32)
    at = np.empty(n, np.int32)
    for r in roots:
        if state[r]:
            continue
        depth = 0
        stack[0] = r
        at[0] = fan_ptr[r]
        state[r] = 1
        while depth >= 0:
            v = stack[depth]
            if at[depth] == fan_ptr[v + 1]:
                state[v] = 2
                depth -= 1
                continue
            k = at[depth]
            at[depth] += 1
            w = fan_to[k]
            if state[w] == 1:
                cut[fan_arc[k]] = 1
            elif state[w] == 0:
                state[w] = 1
                depth += 1
                stack[depth] = w
                at[depth] = fan_ptr[w]


def levelise(n_node: int, source: Int, target: Int, through: NDArray[np.bool_]) -> Levels:
    """Return levels such that every arc that is not cut goes from a lower to a higher level.

    Parameters
    ----------
    source, target : (n_arc) nodes
    through : (n_arc)
        False for launching arcs; kept for the order of roots: loops are searched from the nodes that launch.
    """
    order = np.argsort(source, kind="stable").astype(np.int32)
    fan_to = np.ascontiguousarray(target[order], dtype=np.int32)
    fan_ptr = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n_node))]).astype(np.int32)
    level = np.zeros(n_node, dtype=np.int32)
    pending = np.bincount(target, minlength=n_node).astype(np.int32)
    cut = np.zeros(len(source), dtype=np.uint8)
    if _kahn(fan_ptr, fan_to, pending.copy(), level) < n_node:
        first = np.argsort(pending > 0, kind="stable").astype(np.int32)
        launched = np.zeros(n_node, dtype=bool)
        launched[target[~through]] = True
        first = first[np.argsort(~(launched | (pending == 0))[first], kind="stable")]
        _back_arcs(fan_ptr, fan_to, order, np.ascontiguousarray(first), cut)
        keep = cut == 0
        again = levelise(n_node, source[keep], target[keep], through[keep])
        return Levels(again.level, cut.astype(bool))
    return Levels(level, cut.astype(bool))
