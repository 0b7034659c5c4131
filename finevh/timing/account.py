"""The account of a timing graph: registers without a clock, endpoints without a constraint, inputs without a delay, loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.checks import Checks
from finevh.constraints.objects import plain
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import ArcType, Direction, Int, Kind
from finevh.timing.binding import input_delays, output_delays
from finevh.timing.engine import TimingGraph
from finevh.timing.names import pin_name

_SETUP = (ArcType.SETUP_RISING, ArcType.SETUP_FALLING, ArcType.RECOVERY_RISING, ArcType.RECOVERY_FALLING)


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


def _data_pins(netlist: Netlist) -> Int:
    """Pins of the netlist that a setup or recovery check constrains, on a net."""
    cells = netlist.cells
    constrained = np.isin(cells.arc_type, _SETUP)
    owner = np.repeat(np.arange(len(cells.names)), np.diff(cells.arc_ptr))
    kinds = np.zeros(len(cells.pin_name), dtype=bool)
    kinds[cells.pin_ptr[owner[constrained]] + cells.arc_to[constrained]] = True
    return np.flatnonzero(kinds[netlist.pin_type] & (netlist.pin_net != NO_NET)).astype(np.int32)


def unconstrained_endpoints(graph: TimingGraph) -> list[str]:
    """Data pins of registers, and output ports, whose arrival nothing checks, or where nothing arrives.

    What a constraint exempts (false paths, clock groups) or a logic constant holds is left out.
    """
    s, netlist = graph.structure, graph.netlist
    checked = {int(s.sink_pin[sink]) for sink in graph.setup.rows.sink}
    clocked = graph.node_tags[s.sink_node[np.maximum(s.check_clock, 0)]] & graph.tags.clock_bits
    timed = (s.check_clock >= 0) & (s.check_data >= 0) & clocked.any(axis=1)
    exempt = {int(s.sink_pin[sink]) for sink in s.check_data[timed] if graph.node_tags[s.sink_node[sink]].any()}
    found = []
    for pin in _data_pins(netlist).tolist():
        net = int(netlist.pin_net[pin])
        if (
            pin not in checked
            and pin not in exempt
            and graph.constants.pin_value[pin] < 0
            and graph.constants.net_value[net] < 0
        ):
            found.append(pin_name(netlist, pin))
    ports = set(s.sink_port[graph.setup.rows.sink].tolist())
    delayed = {port for port, _, _ in output_delays(graph.names, graph.constraints)}
    for port in np.flatnonzero(netlist.port_direction != Direction.INPUT).tolist():
        net = int(netlist.port_net[port])
        node = int(s.net_node[net]) if net != NO_NET else -1
        arrives = node >= 0 and bool(graph.node_tags[node].any())
        if (
            port not in ports
            and not (port in delayed and arrives)
            and (net == NO_NET or graph.constants.net_value[net] < 0)
        ):
            found.append(netlist.port_names[port])
    return [plain(name) for name in found]


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
