"""Topological levels of a graph, and the order of a sweep; loops are cut at the arcs that close them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.base.kernel import kernel
from finevh.base.order import topological_order
from finevh.technology.model import Int

BLOCK = 4096
"""Nodes of a block of the sweep's order."""


@dataclass(frozen=True)
class Levels:
    """``level`` (n_node) longest distance from a root; ``cut`` (n_arc) arcs left out to have no loop."""

    level: Int
    cut: NDArray[np.bool_]


@kernel(nogil=True)
def _levels(fan_ptr: Int, fan_to: Int, pending: Int, level: Int) -> int:
    """Longest distance of each node from one that nothing leads to; returns how many nodes are in no loop and behind none."""
    order = topological_order(fan_ptr, fan_to, pending)
    for v in order:
        for k in range(fan_ptr[v], fan_ptr[v + 1]):
            level[fan_to[k]] = max(level[fan_to[k]], level[v] + 1)
    return len(order)


@kernel(nogil=True)
def _back_arcs(fan_ptr: Int, fan_to: Int, fan_arc: Int, roots: Int, cut: NDArray[np.uint8]) -> None:
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


@kernel(nogil=True)
def _from_ends(source: Int, target: Int, position: Int) -> None:
    """Depth-first position of each node: behind all that lead to it, and those of one end together (iterative)."""
    n = len(position)
    into = np.zeros(n + 1, np.int32)
    leads = np.zeros(n, np.uint8)
    for a in range(len(source)):
        into[target[a] + 1] += 1
        leads[source[a]] = 1
    for v in range(n):
        into[v + 1] += into[v]
    at = into[:-1].copy()
    fan_in = np.empty(len(source), np.int32)
    for a in range(len(source)):
        fan_in[at[target[a]]] = source[a]
        at[target[a]] += 1
    for v in range(n):
        at[v] = into[v]
    seen = np.zeros(n, np.uint8)
    stack = np.empty(n, np.int32)
    count = 0
    for r in range(n):
        if leads[r]:
            continue
        depth = 0
        stack[0] = r
        while depth >= 0:
            v = stack[depth]
            if at[v] == into[v + 1]:
                position[v] = count
                count += 1
                depth -= 1
                continue
            u = fan_in[at[v]]
            at[v] += 1
            if not seen[u]:
                seen[u] = 1
                depth += 1
                stack[depth] = u


def arrange(source: Int, target: Int, level: Int) -> NDArray[np.int64]:
    """Order of the nodes for a sweep: topological, and close to each other what is read together.

    Nodes are taken depth first from the ends of the graph, so that a node follows its fan-in; blocks of ``BLOCK`` such
    nodes, whose columns fit the cache of a core, are sorted by level, so that neighbours do not wait for each other.

    Parameters
    ----------
    source, target : (n_arc) nodes; no loops
    level : (n_node) of :func:`levelise`

    Returns
    -------
    (n_node) nodes in order
    """
    n = len(level)
    position = np.empty(n, dtype=np.int32)
    _from_ends(np.ascontiguousarray(source, dtype=np.int32), np.ascontiguousarray(target, dtype=np.int32), position)
    key = (position // BLOCK).astype(np.int64) * (int(level.max(initial=0)) + 1) + level
    return np.argsort(key * max(n, 1) + position)


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
    if _levels(fan_ptr, fan_to, pending.copy(), level) < n_node:
        first = np.argsort(pending > 0, kind="stable").astype(np.int32)
        launched = np.zeros(n_node, dtype=bool)
        launched[target[~through]] = True
        first = first[np.argsort(~(launched | (pending == 0))[first], kind="stable")]
        _back_arcs(fan_ptr, fan_to, order, np.ascontiguousarray(first), cut)
        keep = cut == 0
        again = levelise(n_node, source[keep], target[keep], through[keep])
        return Levels(again.level, cut.astype(bool))
    return Levels(level, cut.astype(bool))
