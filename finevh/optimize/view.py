"""From the timing engine to the plain columns that sizing and bias assignment read."""

from __future__ import annotations

import numpy as np

from finevh.netlist.model import NO_NET
from finevh.optimize.sizing import TimingView
from finevh.timing import TimingGraph, TimingState


def timing_view(graph: TimingGraph, state: TimingState, period: float) -> TimingView:
    """Columns of one evaluation at a period in ps.

    Arrivals of several clocks are merged to the latest; a path's end counts on the edge that arrives later.
    """
    structure, netlist = graph.structure, graph.netlist
    data = np.array([not tag.is_clock for tag in graph.tags.tags], dtype=bool)
    clocks = graph.constraints.clocks
    follows = [state.insertion if clocks[tag.clock].follows_tree else 0.0 for tag in graph.tags.tags]
    offset = np.array(follows)[data][:, None, None]
    seen = state.late.arrival[data] + offset
    arrival = seen.max(axis=0) if data.any() else np.full((structure.n_node, 2), -np.inf)
    node = structure.net_node[np.maximum(netlist.pin_net, 0)]
    known = (netlist.pin_net != NO_NET) & (node >= 0)
    at = np.maximum(node, 0)
    rows = state.setup.rows
    slack = state.slacks(period)
    reached = np.isfinite(slack)
    ends = rows.node[reached]
    wire_cap = np.zeros(netlist.n_nets)
    wire_cap[structure.node_net] = state.point.wire_cap
    return TimingView(
        arrival=np.where(known[:, None], arrival[at], -np.inf),
        slew=graph.pin_slews(state),
        endpoint_net=structure.node_net[ends],
        endpoint_edge=np.argmax(arrival[ends], axis=1).astype(np.int32),
        endpoint_slack=slack[reached],
        net_wire_cap=wire_cap,
    )
