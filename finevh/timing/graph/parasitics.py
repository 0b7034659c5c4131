"""Parasitics of a netlist in the order of the timing graph."""

from __future__ import annotations

import numpy as np

from finevh.netlist.wires import Wires
from finevh.technology.model import Real, Technology
from finevh.timing.delay.effective_capacitance import DriverResistance
from finevh.timing.delay.rc_tree import shared_resistances
from finevh.timing.delay.shielded import net_shapes, responses
from finevh.timing.delay.wire_model import WireModel
from finevh.timing.graph.structure import Structure
from finevh.timing.sweep.arrays import Nets
from finevh.timing.sweep.compiled import as_int

_SMALL_NET = 12
"""Nets of at most this many sinks keep the shared resistance of each pair of sinks."""


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
    model = WireModel.named(wire_model)
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
    pole, driver = np.zeros((1, 2)), np.ones(2)
    if model is WireModel.SHIELDED:
        pole, driver = responses(technology.slew_lower, technology.slew_upper)
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
        mode=np.array([model, resistance], dtype=np.uint8),
        thresholds=thresholds,
    )
    shared_resistances(
        nets.tree_ptr, nets.tree_parent, nets.tree_res, nets.tree_cap, s.sink_ptr, nets.sink_tree, nets.share_ptr, nets.share,
        nets.sink_base,
    )  # fmt: skip
    net_shapes(
        nets.tree_ptr, nets.tree_parent, nets.tree_res, nets.tree_cap, s.sink_ptr, nets.sink_tree, sink_cap, nets.shape
    )
    return np.ascontiguousarray(total, dtype=np.float64), nets
