"""Rectilinear Steiner trees of many nets in one compiled pass.

Nets of two and three pins are exact. Up to ``SMALL`` pins the iterated 1-Steiner heuristic adds the Hanan point that shortens the
minimum spanning tree most (Kahng, Robins 1992). Larger nets: minimum spanning tree, then every pair of edges at a node is
merged at the median point of its three ends while that saves length. Beyond ``CLUSTER`` pins the spanning tree is built per
cluster of near points and clusters are joined across their borders, so that time stays linear in the pins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee, constants
from finevh.base.kernel import kernel
from finevh.base.sorting import stable_order
from finevh.technology.model import Real

SMALL = 8
CLUSTER = 1024
BORDER = 64
(_ONE,) = constants(1)
_DEGREE = 32  # an L1 spanning tree has degree 8 at most; each level of clusters may add one


@callee()
def _median(a: float, b: float, c: float) -> float:
    return max(min(a, b), min(max(a, b), c))


@callee()
def _prim(x: Real, y: Real, members: NDArray[np.int64], parent: NDArray[np.int64]) -> float:
    """Fill ``parent`` of ``members`` with a minimum spanning tree rooted at the first one; return its length."""
    n = len(members)
    best = np.full(n, np.inf)
    source = np.zeros(n, dtype=np.int64)
    done = np.zeros(n, dtype=np.bool_)
    at = 0
    done[0] = True
    total = 0.0
    for _ in range(n - 1):
        nearest, distance = -1, np.inf
        for j in range(n):
            if not done[j]:
                d = abs(x[members[at]] - x[members[j]]) + abs(y[members[at]] - y[members[j]])
                if d < best[j]:
                    best[j] = d
                    source[j] = at
                if best[j] < distance:
                    nearest, distance = j, best[j]
        done[nearest] = True
        parent[members[nearest]] = members[source[nearest]]
        total += distance
        at = nearest
    return total


@callee()
def _iterated_one_steiner(x: Real, y: Real, n: int, parent: NDArray[np.int64]) -> int:
    """Add Hanan points to the first ``n`` points while they shorten the tree; fill ``parent``; return the number of nodes."""
    count = n
    index = np.arange(2 * n)
    scratch = np.empty(2 * n, dtype=np.int64)
    length = _prim(x, y, index[:count], parent)
    while count < 2 * n - 2:
        best, best_x, best_y = length - 1e-9, 0.0, 0.0
        for i in range(n):
            for j in range(n):
                if i == j:
                    continue
                x[count], y[count] = x[i], y[j]
                candidate = _prim(x, y, index[: count + 1], scratch)
                if candidate < best:
                    best, best_x, best_y = candidate, x[i], y[j]
        if best >= length - 1e-9:
            break
        x[count], y[count] = best_x, best_y
        count += 1
        length = _prim(x, y, index[:count], parent)
    return count


@callee()
def _bridge(x: Real, y: Real, order: NDArray[np.int64], lo: int, middle: int, hi: int) -> tuple[int, int]:
    """Return a close pair of points across a cut: the nearest pair of the ``BORDER`` points of either side at the cut."""
    best, low, high = np.inf, order[middle - 1], order[middle]
    for i in range(max(lo, middle - BORDER), middle):
        for j in range(middle, min(hi, middle + BORDER)):
            d = abs(x[order[i]] - x[order[j]]) + abs(y[order[i]] - y[order[j]])
            if d < best:
                best, low, high = d, order[i], order[j]
    return low, high


@callee()
def _extent(x: Real, members: NDArray[np.int64]) -> float:
    low, high = np.inf, -np.inf
    for i in members:
        low, high = min(low, x[i]), max(high, x[i])
    return high - low


@callee()
def _clustered(x: Real, y: Real, n: int, ends: NDArray[np.int64]) -> None:
    """Spanning tree of many points: halves split at the median are joined by a close pair, small parts are exact."""
    order = np.arange(n)
    parent = np.empty(n, dtype=np.int64)
    stack = [(0, n)]
    edges = 0
    while len(stack) > 0:
        lo, hi = stack.pop()
        part = order[lo:hi].copy()
        if hi - lo > CLUSTER:
            within = stable_order(x[part] if _extent(x, part) >= _extent(y, part) else y[part])
            for i in range(hi - lo):
                order[lo + i] = part[within[i]]
            middle = (lo + hi) // 2
            ends[edges] = _bridge(x, y, order, lo, middle, hi)
            edges += 1
            stack.append((middle, hi))
            stack.append((lo, middle))
            continue
        _prim(x, y, part, parent)
        for i in part[1:]:
            ends[edges, 0], ends[edges, 1] = i, parent[i]
            edges += 1


@callee()
def _merge_edges(x: Real, y: Real, n: int, ends: NDArray[np.int64], parent: NDArray[np.int64]) -> int:
    """Replace pairs of tree edges by their median star while that saves length; fill ``parent``; return the node count."""
    room = 2 * n
    near = np.empty((room, _DEGREE), dtype=np.int64)
    degree = np.zeros(room, dtype=np.int64)
    for e in range(n - 1):
        for a, b in ((ends[e, 0], ends[e, 1]), (ends[e, 1], ends[e, 0])):
            near[a, degree[a]] = b
            degree[a] += 1
    count = n
    changed = True
    while changed:
        changed = False
        u = 0
        while u < count:
            best, bi, bj = 1e-9, -1, -1
            for i in range(degree[u]):
                for j in range(i + 1, degree[u]):
                    v, w = near[u, i], near[u, j]
                    sx, sy = _median(x[u], x[v], x[w]), _median(y[u], y[v], y[w])
                    gain = abs(x[u] - sx) + abs(y[u] - sy)
                    if gain > best:
                        best, bi, bj = gain, i, j
            if bi < 0 or count >= room:
                u += 1
                continue
            v, w, s = near[u, bi], near[u, bj], count
            x[s], y[s] = _median(x[u], x[v], x[w]), _median(y[u], y[v], y[w])
            for z in (v, w):
                for k in range(degree[z]):
                    if near[z, k] == u:
                        near[z, k] = s
            near[s, 0], near[s, 1], near[s, 2] = u, v, w
            degree[s] = 3
            near[u, bi] = s
            degree[u] -= 1
            near[u, bj] = near[u, degree[u]]
            count += 1
            changed = True
    # Root the tree again at point 0.
    parent[0] = -1
    seen = np.zeros(count, dtype=np.bool_)
    seen[0] = True
    queue = np.empty(count, dtype=np.int64)
    queue[0] = 0
    head, tail = 0, 1
    while head < tail:
        u = queue[head]
        head += 1
        for k in range(degree[u]):
            v = near[u, k]
            if not seen[v]:
                seen[v] = True
                parent[v] = u
                queue[tail] = v
                tail += 1
    return count


@callee()
def _tree(x: Real, y: Real, n: int, parent: NDArray[np.int64]) -> int:
    """Build the tree of the first ``n`` distinct points; arrays have room for ``2 n``; return the number of nodes."""
    parent[0] = -1
    if n == 1:
        return 1
    if n == 2:
        parent[1] = 0
        return 2
    if n == 3:
        sx, sy = _median(x[0], x[1], x[2]), _median(y[0], y[1], y[2])
        for i in range(3):
            if x[i] == sx and y[i] == sy:
                for j in range(3):
                    parent[j] = i
                parent[i] = -1
                if i != 0:
                    parent[i], parent[0] = 0, -1
                return 3
        x[3], y[3] = sx, sy
        parent[1], parent[2], parent[3] = 3, 3, 0
        return 4
    if n <= SMALL:
        return _iterated_one_steiner(x, y, n, parent)
    ends = np.empty((n - 1, 2), dtype=np.int64)
    _clustered(x, y, n, ends)
    return _merge_edges(x, y, n, ends, parent)


@kernel()
def build_trees(
    ptr: NDArray[np.int64],
    x: Real,
    y: Real,
    out_ptr: NDArray[np.int64],
    node_parent: NDArray[np.int64],
    node_x: Real,
    node_y: Real,
    terminal_node: NDArray[np.int64],
) -> None:
    """Build the trees of many nets.

    Parameters
    ----------
    ptr : (n_net + 1) terminals of each net; the first of a net is its driver.
    x, y : (n_terminal) um.
    out_ptr : (n_net + 1), room of ``2 * terminals`` nodes per net in the outputs.
    node_parent : (room) local parent, -1 at the root, -2 where unused; parents precede children. Filled here.
    node_x, node_y : (room) um. Filled here.
    terminal_node : (n_terminal) local node of each terminal; terminals at one point share a node. Filled here.
    """
    for net in range(len(ptr) - 1):
        first, n = ptr[net], ptr[net + 1] - ptr[net]
        base = out_ptr[net]
        room = out_ptr[net + 1] - base
        for k in range(room):
            node_parent[base + k] = -2
        if n == 0:
            continue
        px, py = np.empty(2 * n), np.empty(2 * n)
        point = np.empty(n, dtype=np.int64)
        order = stable_order(x[first : first + n])
        # Distinct points, the driver's first: equal ones are neighbours within runs of equal x.
        px[0], py[0] = x[first], y[first]
        distinct = _ONE
        for a in range(n):
            i = order[a]
            xi, yi = x[first + i], y[first + i]
            found = -1
            if xi == px[0] and yi == py[0]:
                found = 0
            b = a - 1
            while found < 0 and b >= 0 and x[first + order[b]] == xi:
                if y[first + order[b]] == yi:
                    found = point[order[b]]
                b -= 1
            if found < 0:
                px[distinct], py[distinct] = xi, yi
                found = distinct
                distinct += 1
            point[i] = found
        parent = np.full(2 * n, -1, dtype=np.int64)
        count = _tree(px, py, distinct, parent)
        # Number nodes so that parents come first.
        place = np.full(count, -1, dtype=np.int64)
        place[0] = 0
        node_parent[base], node_x[base], node_y[base] = -1, px[0], py[0]
        used = 1
        path = np.empty(count, dtype=np.int64)
        for i in range(count):
            depth = 0
            u = i
            while place[u] < 0:
                path[depth] = u
                depth += 1
                u = parent[u]
            for k in range(depth - 1, -1, -1):
                v = path[k]
                place[v] = used
                node_parent[base + used] = place[parent[v]]
                node_x[base + used], node_y[base + used] = px[v], py[v]
                used += 1
        for i in range(n):
            terminal_node[first + i] = place[point[i]]
