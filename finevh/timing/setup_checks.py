"""What constraints leave out: registers without a clock and where it would come from, endpoints and inputs without a constraint.

What OpenSTA's ``check_setup`` reports, and besides whose clock it is that is missing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.checks import Checks, Severity
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction, Int, Kind
from finevh.timing.engine import TimingGraph
from finevh.timing.structure import EDGE

__all__ = ["book_setup"]

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
    checks.add("unclocked_registers", [netlist.instance_names[i] for i in clockless], severity=severity)
    if severity is not None:
        checks.add("clock_unconstrained", _missing_clocks(graph, pins))
    checks.add("unconstrained_endpoints", _unconstrained(graph, clocked_node))
    checks.add("inputs_without_delay", _inputs_without_delay(graph, clocked_node))
    checks.add("loops_cut", graph.structure.cut_arcs)


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
        through = [a for a in arcs if not s.arc_mask[a] & EDGE]
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


def _unconstrained(graph: TimingGraph, clocked_node: NDArray[np.bool_]) -> list[str]:
    """Data pins without a capturing clock or a launched path, outputs without a delay; false paths count as constrained."""
    netlist, s = graph.netlist, graph.structure
    launched = (graph.node_tags & ~graph.tags.clock_bits).any(axis=1) | clocked_node
    rows = np.flatnonzero(~s.check_hold & ~s.check_async & (s.check_data >= 0))
    data = s.sink_node[s.check_data[rows]]
    captured = (s.check_clock[rows] >= 0) & clocked_node[s.sink_node[s.check_clock[rows]]]
    loose = ~(launched[data] & captured)
    pins = np.unique(s.sink_pin[s.check_data[rows[loose]]])
    held = np.unique(s.sink_pin[s.check_data[rows[~loose]]])
    pins = np.setdiff1d(pins[pins >= 0], held)
    pins = pins[graph.constants.pin_value[pins] < 0]
    names = [
        f"{netlist.instance_names[int(netlist.pin_cell[p])]}/{netlist.cells.pin_name[int(netlist.pin_type[p])]}"
        for p in pins
    ]
    delayed = {port for delay in graph.constraints.output_delays for port in graph.names.find_ports(delay.ports)}
    for port in np.flatnonzero(netlist.port_direction == Direction.OUTPUT).tolist():
        net = int(netlist.port_net[port])
        node = -1 if net == NO_NET else int(s.net_node[net])
        if node < 0 or graph.constants.net_value[net] >= 0:
            continue
        if port not in delayed or not launched[node]:
            names.append(netlist.port_names[port])
    return names


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
            names.append(netlist.port_names[port])
    return names


def _used(netlist: Netlist, net: int) -> bool:
    return bool((netlist.pin_net == net).any())
