"""RC trees of a netlist in the order of the timing graph."""

from __future__ import annotations

import numpy as np

from finevh.errors import InputError
from finevh.netlist.wires import Wires
from finevh.technology.model import Real, Technology
from finevh.timing.arrays import Nets
from finevh.timing.compiled import as_int
from finevh.timing.structure import Structure


def bind_wires(wires: Wires | None, s: Structure, technology: Technology, wire_model: str) -> tuple[Real, Nets]:
    """Gather RC trees in node order; returns the wire capacitance of each node, fF, and the trees."""
    if wire_model not in ("elmore", "ceff"):
        raise InputError(f"wire_model '{wire_model}' is not known: elmore or ceff")
    thresholds = np.array([technology.slew_lower, technology.slew_upper])
    none = np.zeros(0, dtype=np.int32)
    if wires is None:
        mode = np.zeros(1, dtype=np.uint8)
        return np.zeros(s.n_node), Nets(
            np.zeros(1, dtype=np.int32), none, np.zeros(0), np.zeros(0), none, mode, thresholds
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
    nets = Nets(
        tree_ptr=ptr,
        tree_parent=as_int(np.maximum(wires.node_parent[rows] - np.repeat(low, count), -1)),
        tree_res=np.ascontiguousarray(wires.node_res[rows]),
        tree_cap=cap,
        sink_tree=as_int(np.where(at >= 0, at - low[s.sink_node], -1)),
        mode=np.array([2 if wire_model == "ceff" else 1], dtype=np.uint8),
        thresholds=thresholds,
    )
    return np.ascontiguousarray(total, dtype=np.float64), nets
