"""RC trees of nets: Elmore delays, and the pi that stands for a tree.

Elmore, J. Appl. Phys. 19 (1948); pi of three admittance moments: O'Brien and Savarino, DAC 1989.
"""

from __future__ import annotations

import numpy as np

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.technology.model import Index, Int, Real
from finevh.timing.sweep.lanes import Number, Width, choose, load, spread, store


@callee(forceinline=True, error_model="numpy")
def elmore_delays(parent: Int, res: Real, low: Index, size: Index, below: Real, elmore: Real, width: Width) -> None:
    """Elmore delay, ps, of every node of a tree: resistance of the way times the capacitance behind it.

    ``parent``, ``res``, kOhm: columns of all trees, this one's ``size`` nodes from row ``low`` on. ``below`` (size) holds the
    capacitance, fF, at each node and is summed towards the root.
    """
    for i in range(size - 1, 0, -1):
        at = parent[low + i]
        store(below, at, load(below, at, width) + load(below, i, width))
    store(elmore, 0, spread(0.0, width))
    for i in range(1, size):
        before = load(elmore, parent[low + i], width)
        store(elmore, i, before + res[low + i] * load(below, i, width))


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def reduced_pi(
    parent: Int, res: Real, low: Index, size: Index, at: Real, below: Real, elmore: Real, second: Real, width: Width
) -> tuple[Number, Number, Number]:
    """The pi of a tree: near capacitance, fF, resistance, kOhm, far capacitance, fF.

    ``at`` (size): capacitance at each node; ``below`` and ``elmore`` as :func:`elmore_delays` leaves them. ``below`` and
    ``second`` are overwritten. Moments: total, sum of c_i d_i, sum of c_i times the second moment at i.
    """
    total = load(below, 0, width)
    m2 = spread(0.0, width)
    for i in range(size):
        c = load(at, i, width)
        charge = c * load(elmore, i, width)
        m2 += charge
        store(below, i, charge)
    for i in range(size - 1, 0, -1):
        to = parent[low + i]
        store(below, to, load(below, to, width) + load(below, i, width))
    m3 = spread(0.0, width)
    store(second, 0, spread(0.0, width))
    for i in range(1, size):
        moment = load(second, parent[low + i], width) + res[low + i] * load(below, i, width)
        store(second, i, moment)
        m3 += load(at, i, width) * moment
    none = (m2 <= 0.0) | (m3 <= 0.0)
    far = choose(none, 0.0, m2 * m2 / m3)
    return total - far, choose(none, 0.0, m3 * m3 / (m2 * m2 * m2)), far


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True, error_model="numpy")
def shared_resistances(
    tree_ptr: Int,
    parent: Int,
    res: Real,
    cap: Real,
    sink_ptr: Int,
    sink_tree: Int,
    share_ptr: Int,
    share: Real,
    base: Real,
) -> None:
    """Shared resistance of pairs of sinks, kOhm, and the Elmore delay of the wires' own capacitance, ps, at each sink."""
    longest = 1
    for v in range(tree_ptr.shape[0] - 1):
        longest = max(longest, tree_ptr[v + 1] - tree_ptr[v])
    below, delay, common = np.empty(longest), np.empty(longest), np.empty(longest)
    on_way = np.zeros(longest, np.uint8)
    for v in range(tree_ptr.shape[0] - 1):
        low = tree_ptr[v]
        size = tree_ptr[v + 1] - low
        if size == 0:
            continue
        for i in range(size):
            below[i] = cap[low + i]
        for i in range(size - 1, 0, -1):
            below[parent[low + i]] += below[i]
        delay[0] = 0.0
        for i in range(1, size):
            delay[i] = delay[parent[low + i]] + res[low + i] * below[i]
        begin, end = sink_ptr[v], sink_ptr[v + 1]
        for s in range(begin, end):
            if sink_tree[s] >= 0:
                base[s] = delay[sink_tree[s]]
        if share_ptr[v] == share_ptr[v + 1]:
            continue
        for s in range(begin, end):
            if sink_tree[s] < 0:
                continue
            at = sink_tree[s]
            while at > 0:
                on_way[at] = 1
                at = parent[low + at]
            common[0] = 0.0
            for i in range(1, size):
                common[i] = common[parent[low + i]] + (res[low + i] if on_way[i] else 0.0)
            for k in range(begin, end):
                if sink_tree[k] >= 0:
                    share[share_ptr[v] + (s - begin) * (end - begin) + k - begin] = common[sink_tree[k]]
            at = sink_tree[s]
            while at > 0:
                on_way[at] = 0
                at = parent[low + at]
