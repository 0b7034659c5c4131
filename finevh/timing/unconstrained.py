"""What constraints leave out: registers without a clock and where it would come from, endpoints and inputs without a constraint.

What OpenSTA's ``check_setup`` reports, and besides whose clock it is that is missing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.checks import Checks, Severity
from finevh.constraints.objects import plain
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import ArcType, Direction, Int, Kind
from finevh.timing.engine import TimingGraph
from finevh.timing.graph.starts import output_delays
from finevh.timing.names import pin_name, sink_name
from finevh.timing.sweep.arrays import LAUNCHES

__all__ = ["book_setup"]

_SETUP = (ArcType.SETUP_RISING, ArcType.SETUP_FALLING)
_SHOWN = 3  # registers named with each clock that is missing


def book_setup(graph: TimingGraph, checks: Checks, severity: Severity | None = None) -> None:
    """Book what the constraints of a timing graph do not cover.

    Parameters
    ----------
    severity
        Of registers without a clock, in place of the kind's own: nothing that they do is timed, which a whole run must not pass.
    """
    netlist = graph.netlist
    clocked_node: NDArray[np.bool_] = np.asarray((graph.node_tags & graph.tags.clock_bits).any(axis=1))
    clockless, pins = _unclocked(graph, clocked_node)
    checks.add("unclocked_registers", [plain(netlist.instance_names[i]) for i in clockless], severity=severity)
    if severity is not None:
        checks.add("clock_unconstrained", _missing_clocks(graph, pins))
    checks.add("unconstrained_endpoints", _unconstrained(graph))
    checks.add("exceptions_without_effect", _without_effect(graph))
    checks.add("inputs_without_delay", _inputs_without_delay(graph, clocked_node))
    checks.add("loops_cut", graph.structure.cut_arcs)


def _without_effect(graph: TimingGraph) -> list[str]:
    """Objects of path exceptions that no path starts from or ends at, with the line that names them."""
    ends = {plain(sink_name(graph.netlist, graph.structure, s)) for s in np.unique(graph.setup.rows.sink).tolist()}
    return [f"{e.source.where}: {name}" for e in graph.tags.exceptions for name in e.idle if name not in ends]


def _unclocked(graph: TimingGraph, clocked_node: NDArray[np.bool_]) -> tuple[list[int], Int]:
    """Registers none of whose clock pins a clock reaches, and those pins; a register at a constant clock holds its value."""
    netlist = graph.netlist
    register = np.isin(netlist.cells.kind[netlist.cell_type], (Kind.FLOP, Kind.LATCH))
    pins = np.flatnonzero(register[netlist.pin_cell] & netlist.cells.pin_is_clock[netlist.pin_type])
    node = np.where(netlist.pin_net[pins] == NO_NET, -1, graph.structure.net_node[np.maximum(netlist.pin_net[pins], 0)])
    reached = (node >= 0) & clocked_node[np.maximum(node, 0)]
    reached |= graph.constants.pin_value[pins] >= 0
    has = np.zeros(netlist.n_cells, dtype=bool)
    has[netlist.pin_cell[pins[reached]]] = True
    lacking = register & ~has
    return np.flatnonzero(lacking).tolist(), pins[lacking[netlist.pin_cell[pins]]].astype(np.int32)


def _missing_clocks(graph: TimingGraph, pins: Int) -> list[str]:
    """Where the clocks of unclocked registers come from: input ports, outputs of registers, or nothing that drives."""
    netlist, structure = graph.netlist, graph.structure
    behind: dict[str, list[str]] = {}
    sources_of: dict[int, list[str]] = {}
    for pin in pins.tolist():
        net = int(netlist.pin_net[pin])
        node = -1 if net == NO_NET else int(structure.net_node[net])
        if node not in sources_of:
            sources_of[node] = _sources(graph, node) if node >= 0 else ["nothing that drives"]
        for source in sources_of[node]:
            behind.setdefault(source, []).append(netlist.instance_names[int(netlist.pin_cell[pin])])
    return [
        f"{source} (clocks {len(cells)} register{'s' if len(cells) > 1 else ''}: {', '.join(cells[:_SHOWN])}"
        + (", ...)" if len(cells) > _SHOWN else ")")
        for source, cells in sorted(behind.items(), key=lambda item: -len(item[1]))
    ]


def _sources(graph: TimingGraph, node: int) -> list[str]:
    """Input ports and register outputs that a node follows through logic."""
    netlist, s = graph.netlist, graph.structure
    found: dict[str, None] = {}
    seen, todo = {node}, [node]
    while todo:
        at = todo.pop()
        arcs = range(int(s.arc_ptr[at]), int(s.arc_ptr[at + 1]))
        through = [a for a in arcs if not s.arc_mask[a] & LAUNCHES]
        if s.node_port[at] >= 0:
            found[f"port {netlist.port_names[int(s.node_port[at])]}"] = None
        elif not through:
            pin = int(s.node_pin[at])
            name = netlist.cells.pin_name[int(netlist.pin_type[pin])]
            found[f"{netlist.instance_names[int(s.node_cell[at])]}/{name}"] = None
        for a in through:
            source = int(s.arc_source[a])
            if source not in seen:
                seen.add(source)
                todo.append(source)
    return list(found)


def _data_pins(netlist: Netlist) -> Int:
    """Pins of the netlist that a setup check constrains, on a net."""
    cells = netlist.cells
    constrained = np.isin(cells.arc_type, _SETUP)
    owner = np.repeat(np.arange(len(cells.names)), np.diff(cells.arc_ptr))
    kinds = np.zeros(len(cells.pin_name), dtype=bool)
    kinds[cells.pin_ptr[owner[constrained]] + cells.arc_to[constrained]] = True
    return np.flatnonzero(kinds[netlist.pin_type] & (netlist.pin_net != NO_NET)).astype(np.int32)


def _unconstrained(graph: TimingGraph) -> list[str]:
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
        if node < 0 and netlist.port_direction[port] == Direction.INOUT:
            continue  # a supply, whose pins carry no signal
        arrives = node >= 0 and bool(graph.node_tags[node].any())
        if (
            port not in ports
            and not (port in delayed and arrives)
            and (net == NO_NET or graph.constants.net_value[net] < 0)
        ):
            found.append(netlist.port_names[port])
    return [plain(name) for name in found]


def _inputs_without_delay(graph: TimingGraph, clocked_node: NDArray[np.bool_]) -> list[str]:
    """Connected inputs that are no clock, no constant and have no ``set_input_delay``."""
    netlist, s = graph.netlist, graph.structure
    delayed = {port for delay in graph.constraints.input_delays for port in graph.names.find_ports(delay.ports)}
    names: list[str] = []
    for port in np.flatnonzero(netlist.port_direction == Direction.INPUT).tolist():
        net = int(netlist.port_net[port])
        node = -1 if net == NO_NET else int(s.net_node[net])
        if node < 0 or clocked_node[node] or port in delayed or graph.constants.net_value[net] >= 0:
            continue
        if _used(netlist, net):
            names.append(plain(netlist.port_names[port]))
    return names


def _used(netlist: Netlist, net: int) -> bool:
    return bool((netlist.pin_net == net).any())
