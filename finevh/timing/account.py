"""The account of a timing graph: registers without a clock, endpoints without a constraint, inputs without a delay, loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.checks import Checks
from finevh.constraints.objects import plain
from finevh.netlist.model import NO_NET
from finevh.technology.model import Direction, Int, Kind
from finevh.timing.binding import input_delays, output_delays
from finevh.timing.engine import TimingGraph
from finevh.timing.names import sink_name


def _arrives(graph: TimingGraph, nets: Int) -> NDArray[np.int64]:
    """(n) bit sets of the tags that reach nets, both edges together; 0 where nothing does."""
    nodes = np.where(nets >= 0, graph.structure.net_node[nets], -1)
    tags = graph.node_tags[np.maximum(nodes, 0)]
    return np.where(nodes >= 0, tags[:, 0] | tags[:, 1], 0).astype(np.int64)


def unclocked_registers(graph: TimingGraph) -> list[str]:
    """Registers with a clock pin that no clock reaches."""
    netlist, cells = graph.netlist, graph.netlist.cells
    kinds = cells.kind[netlist.cell_type[netlist.pin_cell]]
    pins = np.flatnonzero(
        np.isin(kinds, (Kind.FLOP, Kind.LATCH))
        & cells.pin_is_clock[netlist.pin_type]
        & (cells.pin_direction[netlist.pin_type] == Direction.INPUT)
    )
    bare = pins[(_arrives(graph, netlist.pin_net[pins]) & graph.tags.clock_bits) == 0]
    return [plain(netlist.instance_names[cell]) for cell in dict.fromkeys(netlist.pin_cell[bare].tolist())]


def unconstrained_endpoints(graph: TimingGraph) -> list[str]:
    """Data pins of registers, and output ports, whose arrival nothing checks, or where nothing arrives.

    What a constraint exempts (false paths, clock groups) or a logic constant holds is left out.
    """
    s, netlist = graph.structure, graph.netlist
    checked = set(graph.setup.rows.sink.tolist())
    data = np.unique(s.check_data[~s.check_hold & (s.check_data >= 0)])
    constant = graph.constants.net_value >= 0
    found = []
    for sink in data.tolist():
        if sink in checked or constant[s.node_net[s.sink_node[sink]]]:
            continue
        rows = np.flatnonzero((s.check_data == sink) & ~s.check_hold & (s.check_clock >= 0))
        clocks = graph.node_tags[s.sink_node[s.check_clock[rows]]] & graph.tags.clock_bits
        if clocks.any() and graph.node_tags[s.sink_node[sink]].any():
            continue  # Timed but for an exception.
        found.append(sink)
    delayed = {port for port, _, _ in output_delays(graph.names, graph.constraints)}
    for sink in np.flatnonzero(s.sink_port >= 0).tolist():
        bare = int(s.sink_port[sink]) not in delayed or not graph.node_tags[s.sink_node[sink]].any()
        if sink not in checked and bare and not constant[s.node_net[s.sink_node[sink]]]:
            found.append(sink)
    return [plain(sink_name(netlist, s, sink)) for sink in found]


def inputs_without_delay(graph: TimingGraph) -> list[str]:
    """Input ports that lead somewhere and have neither an input delay nor a clock nor a constant."""
    netlist = graph.netlist
    given = set(input_delays(graph.names, graph.constraints)) | graph.names.clock_ports
    used = set(netlist.pin_net.tolist())
    return [
        plain(netlist.port_names[port])
        for port in np.flatnonzero(netlist.port_direction == Direction.INPUT).tolist()
        if port not in given
        and netlist.port_net[port] != NO_NET
        and int(netlist.port_net[port]) in used
        and graph.constants.net_value[netlist.port_net[port]] < 0
    ]


def book_timing(graph: TimingGraph, checks: Checks) -> None:
    """Book what a graph does not check."""
    checks.add("unclocked_registers", unclocked_registers(graph))
    checks.add("unconstrained_endpoints", unconstrained_endpoints(graph))
    checks.add("inputs_without_delay", inputs_without_delay(graph))
    checks.add("loops_cut", graph.structure.cut_arcs)
