"""RC trees of a netlist in the order of the timing graph."""

from __future__ import annotations

import numba
import numpy as np

from finevh.errors import InputError
from finevh.netlist.wires import Wires
from finevh.technology.model import Real, Technology
from finevh.timing.arrays import Nets
from finevh.timing.compiled import as_int
from finevh.timing.structure import Structure

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


def bind_wires(wires: Wires | None, s: Structure, technology: Technology, wire_model: str) -> tuple[Real, Nets]:
    """Gather RC trees in node order; returns the wire capacitance of each node, fF, and the trees."""
    if wire_model not in ("elmore", "ceff"):
        raise InputError(f"wire_model '{wire_model}' is not known: elmore or ceff")
    thresholds = np.array([technology.slew_lower, technology.slew_upper])
    none = np.zeros(0, dtype=np.int32)
    if wires is None:
        mode = np.zeros(1, dtype=np.uint8)
        nothing = np.zeros(0)
        return np.zeros(s.n_node), Nets(
            np.zeros(1, dtype=np.int32), none, nothing, nothing, none, none, nothing, nothing, mode, thresholds
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
    nets = Nets(
        tree_ptr=ptr,
        tree_parent=as_int(np.maximum(wires.node_parent[rows] - np.repeat(low, count), -1)),
        tree_res=np.ascontiguousarray(wires.node_res[rows]),
        tree_cap=cap,
        sink_tree=as_int(np.where(at >= 0, at - low[s.sink_node], -1)),
        share_ptr=as_int(np.concatenate([[0], np.cumsum(pairs)])),
        share=np.zeros(int(pairs.sum())),
        sink_base=np.zeros(len(at)),
        mode=np.array([2 if wire_model == "ceff" else 1], dtype=np.uint8),
        thresholds=thresholds,
    )
    _share(
        nets.tree_ptr, nets.tree_parent, nets.tree_res, nets.tree_cap, s.sink_ptr, nets.sink_tree, nets.share_ptr, nets.share,
        nets.sink_base,
    )  # fmt: skip
    return np.ascontiguousarray(total, dtype=np.float64), nets
