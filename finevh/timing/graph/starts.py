"""Where arrivals start and when: at ports, and at pins where clocks are made; latency of clocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.constraints.model import Clock, Constraints, Ends, PortDelay
from finevh.constraints.objects import Names
from finevh.errors import InputError
from finevh.technology.model import Direction, Int
from finevh.timing.graph.structure import Structure
from finevh.timing.graph.tags import NO_CLOCK, Tag, TagSet


@dataclass(frozen=True)
class Start:
    """Where an arrival starts: ``column`` of the arrivals, its tag and edge, and the ps late and early (inf for none)."""

    column: int
    tag: Tag
    edge: int
    late: float
    early: float


@dataclass(frozen=True)
class Sources:
    """Where clocks are made: input ports of each clock, and nodes inside the design with their clocks."""

    ports: tuple[tuple[int, ...], ...]
    nodes: dict[int, tuple[int, ...]]
    """Node to clocks."""


def clock_latency(
    clock: Clock, edge: int, end: str, propagated: bool, source: bool = True, network: bool = True
) -> float:
    """Latency, ps, that an ideal clock's registers see; of a propagated clock only what its arrivals do not hold: none."""
    if propagated:
        return 0.0
    return (clock.source_latency.get((end, edge), 0.0) if source else 0.0) + (
        clock.latency.get((end, edge), 0.0) if network else 0.0
    )


def bind_sources(names: Names, constraints: Constraints, structure: Structure) -> Sources:
    """Find where clocks are made.

    Raises
    ------
    InputError
        If a source does not exist, or is an input pin beside others on its net.
    """
    netlist = names.netlist
    node_of_pin = {int(p): v for v, p in enumerate(structure.node_pin.tolist()) if p >= 0}
    ports: list[tuple[int, ...]] = []
    nodes: dict[int, list[int]] = {}
    for c, clock in enumerate(constraints.clocks):
        here: list[int] = []
        for item in clock.sources:
            if item.kind == "pin":
                for pin in names.find_pins(item):
                    node = node_of_pin.get(pin)
                    if node is None:
                        net = int(netlist.pin_net[pin])
                        node = int(structure.net_node[net]) if net >= 0 else -1
                        if node < 0 or structure.sink_ptr[node + 1] - structure.sink_ptr[node] != 1:
                            raise InputError(
                                f"{item.where}: clock '{clock.name}' at input pin '{names.pin_name(pin)}': name the pin or port "
                                "that drives it"
                            )
                    if structure.node_port[node] >= 0:
                        here.append(int(structure.node_port[node]))
                    else:
                        nodes.setdefault(node, []).append(c)
                continue
            for port in names.find_ports((item,)):
                if netlist.port_direction[port] == Direction.OUTPUT:
                    continue  # The surroundings see it; inside nothing is clocked by it.
                here.append(port)
        ports.append(tuple(dict.fromkeys(here)))
    return Sources(tuple(ports), {v: tuple(dict.fromkeys(cs)) for v, cs in nodes.items()})


def _replaced(names: Names, delays: tuple[PortDelay, ...], direction: Direction) -> dict[int, list[PortDelay]]:
    """Delays of each port: a later one without ``-add_delay`` takes the place of those from other clock edges."""
    found: dict[int, list[PortDelay]] = {}
    for delay in delays:
        for port in names.find_ports(delay.ports, direction):
            own = found.setdefault(port, [])
            if not delay.add:
                own[:] = [d for d in own if (d.clock, d.clock_fall) == (delay.clock, delay.clock_fall)]
            own.append(delay)
    return found


def merged(delays: list[PortDelay]) -> list[tuple[PortDelay, Ends]]:
    """Delays of one port by clock edge: later values replace, added ones take the worse."""
    found: dict[tuple[str, bool], tuple[PortDelay, Ends]] = {}
    for delay in delays:
        _, values = found.get((delay.clock, delay.clock_fall), (delay, {}))
        worse = {"max": max, "min": min}
        new = {k: worse[k[0]](v, values[k]) if delay.add and k in values else v for k, v in delay.values.items()}
        found[delay.clock, delay.clock_fall] = (delay, values | new)
    return list(found.values())


def input_delays(names: Names, constraints: Constraints) -> dict[int, list[tuple[PortDelay, Ends]]]:
    """Input delays by port."""
    found = _replaced(names, constraints.input_delays, Direction.INPUT)
    return {port: merged(delays) for port, delays in found.items() if port not in names.clock_ports}


def output_delays(names: Names, constraints: Constraints) -> list[tuple[int, PortDelay, Ends]]:
    """(port, delay, values) of every ``set_output_delay`` in force."""
    found = _replaced(names, constraints.output_delays, Direction.OUTPUT)
    return [(port, delay, values) for port, delays in found.items() for delay, values in merged(delays)]


def bind_starts(
    names: Names, constraints: Constraints, sources: Sources, tags: TagSet, net_value: NDArray[np.int8]
) -> list[Start]:
    """Every arrival that starts somewhere: clocks at their sources, data at input ports; nothing on nets with a constant."""
    netlist = names.netlist
    found: list[Start] = []
    node_column = {v: len(netlist.port_names) + i for i, v in enumerate(sources.nodes)}

    def add_clock(column: int, c: int) -> None:
        clock = constraints.clocks[c]
        for edge in (0, 1):
            late, early = (clock.source_latency.get((end, edge), 0.0) for end in ("max", "min"))
            found.append(Start(column, Tag(c, edge, True), edge, late, early))

    for c, ports in enumerate(sources.ports):
        for port in ports:
            add_clock(port, c)
    for node, clocks in sources.nodes.items():
        for c in clocks:
            add_clock(node_column[node], c)
    delayed = input_delays(names, constraints)
    for port, delays in delayed.items():
        for delay, values in delays:
            c = names.clock(delay.clock, delay.where)
            clock, edge = constraints.clocks[c], int(delay.clock_fall)
            tag = tags.start_at_port(c, edge, port)
            ideal = not constraints.is_propagated(clock)
            for r in (0, 1):
                late, early = (_outside(delay, values, clock, ideal, end, r) for end in ("max", "min"))
                found.append(Start(port, tag, r, -np.inf if late is None else late, np.inf if early is None else early))
    for port in np.flatnonzero(netlist.port_direction != Direction.OUTPUT).tolist():
        if port not in delayed and port not in names.clock_ports and tags.limits(port):
            tag = tags.start_at_port(NO_CLOCK, 0, port)
            found += [Start(port, tag, r, 0.0, 0.0) for r in (0, 1)]
    still = set(np.flatnonzero(net_value[netlist.port_net] >= 0).tolist())
    found = [start for start in found if start.column not in still]
    for start in found:
        tags.number(start.tag)
    return found


def _outside(delay: PortDelay, values: Ends, clock: Clock, ideal: bool, end: str, edge: int) -> float | None:
    """Arrival, ps, of an input delay; None where it has none for the end and edge.

    Rows add the latency of an ideal clock; those of a propagated one count from its source.
    """
    if (end, edge) not in values:
        return None
    at = int(delay.clock_fall)
    source, network = clock.source_latency.get((end, at), 0.0), clock.latency.get((end, at), 0.0)
    if ideal:
        return values[end, edge] - source * delay.source_included - network * delay.network_included
    return values[end, edge] + (0.0 if delay.source_included else source)


def start_bits(structure: Structure, sources: Sources, starts: list[Start], tags: TagSet, n_port: int) -> Int:
    """(n_node, 2) bit sets of the tags that start at each node and edge."""
    bits = np.zeros((structure.n_node, 2), dtype=np.int32)
    node_of_port = np.full(n_port, -1, dtype=np.int32)
    at_port = np.flatnonzero(structure.node_port >= 0)
    node_of_port[structure.node_port[at_port]] = at_port
    nodes = list(sources.nodes)
    for start in starts:
        if not (np.isfinite(start.late) or np.isfinite(start.early)):
            continue
        node = nodes[start.column - n_port] if start.column >= n_port else int(node_of_port[start.column])
        if node >= 0:
            bits[node, start.edge] |= 1 << tags.number(start.tag)
    return bits


def check_generated(constraints: Constraints) -> None:
    """Refuse what would lose the time from a propagated master to a generated clock.

    Raises
    ------
    InputError
        If a generated clock is ideal while its master is propagated, or a port's delay is relative to one that is late by it.
    """
    clocks = {clock.name: clock for clock in constraints.clocks}
    late = set()
    for clock in constraints.clocks:
        master = clocks.get(clock.master)
        if master is None or clock.source_latency or not constraints.is_propagated(master):
            continue
        if not constraints.is_propagated(clock):
            raise InputError(
                f"{clock.where}: generated clock '{clock.name}' is ideal and its master '{master.name}' is propagated: when it"
                f" starts would be lost; add set_propagated_clock [get_clocks {clock.name}], or give it"
                " set_clock_latency -source"
            )
        late.add(clock.name)
    for delay in (*constraints.input_delays, *constraints.output_delays):
        if delay.clock in late and not delay.source_included:
            raise InputError(
                f"{delay.where}: a delay relative to '{delay.clock}', which starts when its propagated master arrives, is"
                f" not understood; give it with -source_latency_included, or give '{delay.clock}' set_clock_latency -source"
            )
