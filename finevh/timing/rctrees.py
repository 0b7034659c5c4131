"""RC trees of a netlist in the order of the timing graph."""

from __future__ import annotations

import numba
import numpy as np

from finevh.errors import InputError
from finevh.netlist.wires import Wires
from finevh.technology.model import Real, Technology
from finevh.timing.arrays import Nets
from finevh.timing.ceff import DriverResistance
from finevh.timing.compiled import as_int
from finevh.timing.lookup import reduce_tree
from finevh.timing.structure import Structure

_RESPONSES = 513
"""Points of the table of a pole's response."""
MODES = {"elmore": 1, "ceff": 2, "shielded": 3}
"""``Nets.mode`` by the name of a wire model."""
_SMALL_NET = 12
"""Nets of at most this many sinks keep the shared resistance of each pair of sinks."""


@numba.njit(
    "void(int32[::1], int32[::1], float64[::1], float64[::1], int32[::1], int32[::1], int32[::1], float64[::1], float64[::1])",
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def _share(tree_ptr, parent, res, cap, sink_ptr, sink_tree, share_ptr, share, base):  # type: ignore[no-untyped-def]
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


@numba.njit(
    "void(int32[::1], int32[::1], float64[::1], float64[::1], int32[::1], int32[::1], float64[::1], float64[:,::1])",
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def _pi_shapes(tree_ptr, parent, res, cap, sink_ptr, sink_tree, sink_cap, shape):  # type: ignore[no-untyped-def]
    """Share of the far capacitance of each net's pi, and its time constant over the net's capacitance, kOhm."""
    longest = 1
    for v in range(tree_ptr.shape[0] - 1):
        longest = max(longest, tree_ptr[v + 1] - tree_ptr[v])
    below, elmore, second = np.empty(longest), np.empty(longest), np.empty(longest)
    pi = np.zeros(3)
    for v in range(tree_ptr.shape[0] - 1):
        low = tree_ptr[v]
        size = tree_ptr[v + 1] - low
        if size < 2:
            continue
        for i in range(size):
            below[i] = cap[low + i]
        for s in range(sink_ptr[v], sink_ptr[v + 1]):
            below[max(sink_tree[s], 0)] += sink_cap[s]
        reduce_tree(parent, res, low, size, below, elmore, second, pi, True)
        total = pi[0] + pi[2]
        if total > 0.0 and pi[1] > 0.0:
            shape[v, 0], shape[v, 1] = pi[2] / total, pi[1] * pi[2] / total


def _crossings(y: float, levels: Real) -> Real:
    """Times, over the ramp's length, at which one pole of time constant ``y`` behind a ramp of length 1 crosses levels."""
    end = 1.0 - y * (1.0 - np.exp(-1.0 / y))
    # Behind the ramp's end the way to the rail is an exponential; before it, bisection.
    tail = 1.0 + y * np.log(np.maximum(1.0 - end, 1e-300) / (1.0 - levels))
    low, high = np.zeros(len(levels)), np.ones(len(levels))
    for _ in range(60):
        middle = 0.5 * (low + high)
        above = middle - y * (1.0 - np.exp(-middle / y)) > levels
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.where(end > levels, 0.5 * (low + high), tail)


def _responses(lo: float, hi: float) -> tuple[Real, Real]:
    """Two tables that a shielded net needs, ``lo`` and ``hi`` the slew thresholds.

    The first, (n, 2), by ``y / (1 + y)`` evenly from 0 to 1 with ``y`` a pole's time constant over the length of a ramp: delay
    over time constant, slew between the thresholds over that of the ramp plus time constant. The second, (n), by ``tau / d``
    evenly from 0 to its limit, which is the last number: slew of a driver over that of its table, where ``tau`` is its
    resistance times the load and ``d`` the table's time from ``lo`` to one half.
    """
    levels = np.array([lo, 0.5, hi])
    pole, ratio, factor = np.ones((_RESPONSES, 2)), np.zeros(_RESPONSES), np.ones(_RESPONSES)
    for k in range(1, _RESPONSES):
        # The last row is the one before it: a step has no slew of its own.
        u = min(k, _RESPONSES - 2) / (_RESPONSES - 1)
        y = u / (1.0 - u)
        t = _crossings(y, levels)
        pole[k] = (t[1] - 0.5) / y, (t[2] - t[0]) / (hi - lo) / (1.0 + y)
        ratio[k] = y / (t[1] - t[0])
        factor[k] = (t[2] - t[0]) / (t[1] - t[0]) * (0.5 - lo) / (hi - lo)
    limit = ratio[-2]
    driver = np.interp(np.linspace(0.0, limit, _RESPONSES), ratio[:-1], factor[:-1])
    return pole, np.append(driver, limit)


def bind_wires(
    wires: Wires | None,
    s: Structure,
    technology: Technology,
    wire_model: str,
    sink_cap: Real,
    resistance: DriverResistance,
) -> tuple[Real, Nets]:
    """Gather RC trees in node order; returns the wire capacitance of each node, fF, and the trees.

    Parameters
    ----------
    sink_cap : (n_sink) typical capacitance of each sink, fF, for the shapes of the pis that "shielded" uses.
    """
    if wire_model not in MODES:
        raise InputError(f"wire_model '{wire_model}' is not known: {', '.join(MODES)}")
    thresholds = np.array([technology.slew_lower, technology.slew_upper])
    none = np.zeros(0, dtype=np.int32)
    if wires is None:
        mode = np.zeros(2, dtype=np.uint8)
        nothing = np.zeros(0)
        fields = (np.zeros(1, dtype=np.int32), none, nothing, nothing, none, none, nothing, nothing)
        return np.zeros(s.n_node), Nets(
            *fields,
            shape=np.zeros((1, 2)),
            response=np.zeros((1, 2)),
            driver_slew=np.ones(2),
            mode=mode,
            thresholds=thresholds,
        )
    low = wires.node_ptr[s.node_net]
    count = wires.node_ptr[s.node_net + 1] - low
    ptr = as_int(np.concatenate([[0], np.cumsum(count)]))
    rows = np.arange(ptr[-1]) - np.repeat(ptr[:-1], count) + np.repeat(low, count)
    cap = np.ascontiguousarray(wires.node_cap[rows])
    pins = np.where(s.sink_pin >= 0, wires.pin_node[np.maximum(s.sink_pin, 0)], -1)
    ports = (
        np.where(s.sink_port >= 0, wires.port_node[np.maximum(s.sink_port, 0)], -1) if len(wires.port_node) else pins
    )
    at = np.where(s.sink_pin >= 0, pins, ports)
    total = np.bincount(np.repeat(np.arange(s.n_node), count), weights=cap, minlength=s.n_node)
    fanout = np.diff(s.sink_ptr).astype(np.int64)
    pairs = np.where((fanout <= _SMALL_NET) & (count > 0), fanout * fanout, 0)
    pole, driver = _responses(technology.slew_lower, technology.slew_upper)
    nets = Nets(
        tree_ptr=ptr,
        tree_parent=as_int(np.maximum(wires.node_parent[rows] - np.repeat(low, count), -1)),
        tree_res=np.ascontiguousarray(wires.node_res[rows]),
        tree_cap=cap,
        sink_tree=as_int(np.where(at >= 0, at - low[s.sink_node], -1)),
        share_ptr=as_int(np.concatenate([[0], np.cumsum(pairs)])),
        share=np.zeros(int(pairs.sum())),
        sink_base=np.zeros(len(at)),
        shape=np.zeros((s.n_node, 2)),
        response=pole,
        driver_slew=driver,
        mode=np.array([MODES[wire_model], resistance], dtype=np.uint8),
        thresholds=thresholds,
    )
    _share(
        nets.tree_ptr, nets.tree_parent, nets.tree_res, nets.tree_cap, s.sink_ptr, nets.sink_tree, nets.share_ptr, nets.share,
        nets.sink_base,
    )  # fmt: skip
    _pi_shapes(
        nets.tree_ptr, nets.tree_parent, nets.tree_res, nets.tree_cap, s.sink_ptr, nets.sink_tree, sink_cap, nets.shape
    )
    return np.ascontiguousarray(total, dtype=np.float64), nets
