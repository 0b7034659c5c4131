"""The timing graph of a netlist: drivers in level order, arcs between them, checks and endpoints; no voltages, no numbers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.edit import sinks_by_net
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import ArcType, Direction, Int, Kind, Sense
from finevh.timing.graph.constants import Constants
from finevh.timing.graph.disabled import Disabled
from finevh.timing.graph.levels import Levels, arrange, levelise
from finevh.timing.sweep.arrays import LAUNCHES

RISE, FALL = 0, 1
PROPAGATING = (ArcType.COMBINATIONAL, ArcType.RISING_EDGE, ArcType.FALLING_EDGE, ArcType.THREE_STATE_ENABLE)
"""Arcs along which signals go on."""
_CHECKS = {
    ArcType.SETUP_RISING: (RISE, False, False),
    ArcType.SETUP_FALLING: (FALL, False, False),
    ArcType.HOLD_RISING: (RISE, True, False),
    ArcType.HOLD_FALLING: (FALL, True, False),
    ArcType.RECOVERY_RISING: (RISE, False, True),
    ArcType.RECOVERY_FALLING: (FALL, False, True),
    ArcType.REMOVAL_RISING: (RISE, True, True),
    ArcType.REMOVAL_FALLING: (FALL, True, True),
}


@dataclass(frozen=True)
class Structure:
    """Columns of the graph. A *node* is a driver (an output pin or an input port) together with its net.

    Nodes are in topological order. Sinks (input pins, then the driving pin itself where it has a capacitance or starts arcs,
    then output ports) of node ``v`` are the rows ``sink_ptr[v]:sink_ptr[v + 1]`` of the sink columns.
    """

    node_pin: Int
    """(n_node) netlist pin, -1 for a port."""
    node_port: Int
    node_cell: Int
    """(n_node) instance, -1 for a port."""
    node_net: Int
    net_node: Int
    """(n_net) node of each net, -1 where nothing drives it."""
    level: Int
    arc_ptr: Int
    """(n_node + 1) arcs into each node."""
    arc_source: Int
    """(n_arc) node whose net the input pin is on."""
    arc_sink: Int
    """(n_arc) input pin as a row of the sinks."""
    arc_local: Int
    """(n_arc) number of the arc within its cell."""
    arc_mask: NDArray[np.uint8]
    """(n_arc) bit ``2 * input edge + output edge`` for each allowed pair of edges (0 rise, 1 fall), and ``LAUNCHES``."""
    sink_ptr: Int
    sink_pin: Int
    """(n_sink) netlist pin, -1 for an output port."""
    sink_port: Int
    """(n_sink) output port, -1 for a pin."""
    sink_cell: Int
    """(n_sink) instance, -1 for a port."""
    sink_local: Int
    """(n_sink) number of the pin within its cell."""
    fan_ptr: Int
    fan_node: Int
    """Nodes that an arc from each node ends in."""
    sink_node: Int
    check_data: Int
    """(n_check) constrained pin as a row of the sinks."""
    check_clock: Int
    """(n_check) related pin as a row of the sinks."""
    check_local: Int
    check_cell: Int
    check_edge: NDArray[np.int8]
    """(n_check) edge of the clock pin, 0 rise or 1 fall."""
    check_hold: NDArray[np.bool_]
    """(n_check) hold or removal."""
    cut_arcs: tuple[str, ...]
    """Arcs at which combinational loops were cut, as text."""
    held_latches: frozenset[int]
    """Latches of loops: data through them while they are open are not followed, so they may not be late."""
    enables: Int
    """(n, 2) gates on a clock, as nodes, and their enables, as rows of the sinks, whose arcs would close a loop through
    registers that the gate clocks. The enable is checked; the clock's edges are not its own."""

    def launches(self, arc: int) -> bool:
        """Tell whether an arc starts a path at a clock pin."""
        return bool(self.arc_mask[arc] & LAUNCHES)

    @property
    def n_node(self) -> int:
        """Number of drivers."""
        return len(self.node_net)


def _mask(arc_type: Int, sense: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Allowed (input edge, output edge) pairs of arcs."""
    pairs = {Sense.POSITIVE: 0b1001, Sense.NEGATIVE: 0b0110, Sense.NON_UNATE: 0b1111}
    table = np.zeros(256, dtype=np.uint8)
    for key, value in pairs.items():
        table[key] = value
    mask = table[sense.astype(np.uint8)]
    launch = {ArcType.RISING_EDGE: 0b0011, ArcType.FALLING_EDGE: 0b1100}
    for kind, value in launch.items():
        mask[arc_type == kind] = value | LAUNCHES
    return mask


def _tabled(arc_table: Int) -> NDArray[np.uint8]:
    """Edge pairs of each arc of the library whose output edge has a delay table."""
    rise, fall = (arc_table[:, 0] >= 0) * 0b0101, (arc_table[:, 1] >= 0) * 0b1010
    return np.asarray(rise | fall | LAUNCHES, dtype=np.uint8)


def _drivers(netlist: Netlist) -> Int:
    """Output pins on nets; on a net without one also the first bidirectional pin that an arc ends in."""
    cells = netlist.cells
    direction = cells.pin_direction[netlist.pin_type]
    drives = (direction == Direction.OUTPUT) & (netlist.pin_net != NO_NET)
    both = np.flatnonzero((direction == Direction.INOUT) & (netlist.pin_net != NO_NET))
    if len(both):
        owner = np.repeat(np.arange(len(cells.names)), np.diff(cells.arc_ptr))
        ends = np.zeros(len(cells.pin_name), dtype=np.bool_)
        ends[(cells.pin_ptr[owner] + cells.arc_to)[np.isin(cells.arc_type, PROPAGATING)]] = True
        driven = np.zeros(netlist.n_nets, dtype=np.bool_)
        driven[netlist.pin_net[drives]] = True
        driven[netlist.port_net[(netlist.port_direction == Direction.INPUT) & (netlist.port_net != NO_NET)]] = True
        both = both[ends[netlist.pin_type[both]] & ~driven[netlist.pin_net[both]]]
        drives[both[np.unique(netlist.pin_net[both], return_index=True)[1]]] = True
    return np.flatnonzero(drives).astype(np.int32)


def build_structure(
    netlist: Netlist, constants: Constants, own_load: NDArray[np.bool_], disabled: Disabled | None = None,
    clock_nets: Collection[int] = (),
) -> Structure:  # fmt: skip
    """Build the graph columns of a netlist.

    ``own_load`` (n_pin of the library) as from :func:`finevh.timing.graph.entries.own_loads`. Clocks start at ``clock_nets``.

    Raises
    ------
    InputError
        If a net has two drivers.
    """
    cells = netlist.cells
    drivers = _drivers(netlist)
    ports = np.flatnonzero((netlist.port_direction == Direction.INPUT) & (netlist.port_net != NO_NET)).astype(np.int32)
    node_net = np.concatenate([netlist.port_net[ports], netlist.pin_net[drivers]])
    first = np.full(netlist.n_nets, -1, dtype=np.int32)
    first[node_net[::-1]] = np.arange(len(node_net), dtype=np.int32)[::-1]
    twice = np.flatnonzero(first[node_net] != np.arange(len(node_net)))
    if len(twice):
        net = netlist.net_names[node_net[twice[0]]]
        raise InputError(f"net '{net}' has more than one driver; give each driver its own net")
    node_pin = np.concatenate([np.full(len(ports), -1, dtype=np.int32), drivers])
    node_port = np.concatenate([ports, np.full(len(drivers), -1, dtype=np.int32)])

    # Arcs of all instances, then those whose two ends are on nets and that constants leave alive.
    n_arcs = np.diff(cells.arc_ptr)[netlist.cell_type]
    owner = np.repeat(np.arange(netlist.n_cells, dtype=np.int32), n_arcs)
    start = np.concatenate([[0], np.cumsum(n_arcs)])[:-1]
    local = (np.arange(len(owner)) - np.repeat(start, n_arcs)).astype(np.int32)
    row = cells.arc_ptr[netlist.cell_type[owner]] + local
    source_pin = netlist.pin_ptr[owner] + cells.arc_from[row]
    target_pin = netlist.pin_ptr[owner] + cells.arc_to[row]
    kind = cells.arc_type[row]
    pin_node = np.where(netlist.pin_net >= 0, first[netlist.pin_net], -1)
    alive = (pin_node[source_pin] >= 0) & constants.arc_alive(owner, local)
    if disabled is not None:
        alive &= disabled.alive(netlist, owner, local, source_pin, target_pin)
    moving = np.isin(kind, PROPAGATING) & alive & (pin_node[target_pin] >= 0)
    moving &= ~constants.pin_fixed(target_pin) & ~constants.pin_fixed(source_pin)
    # As in OpenSTA, a bidirectional pin that drives its net is not read back by its own cell.
    looped = np.zeros(len(netlist.pin_net), dtype=np.bool_)
    looped[drivers] = cells.pin_direction[netlist.pin_type[drivers]] == Direction.INOUT
    moving &= ~looped[source_pin]
    mask = constants.narrow(owner, local, _mask(kind, cells.arc_sense[row])) & _tabled(cells.arc_table)[row]
    keep = np.flatnonzero(moving & (mask & 15 > 0))
    in_loop = _latches_in_loops(
        netlist, len(node_net), owner[keep], pin_node[source_pin[keep]], pin_node[target_pin[keep]], mask[keep]
    )
    held = frozenset(owner[keep[in_loop]].tolist())
    opened_text = tuple(
        f"{text} (a loop through latches: none of them may be late)"
        for text in _arc_texts(netlist, source_pin[keep[in_loop]], target_pin[keep[in_loop]])
    )
    keep = keep[~in_loop]
    enables = _enables_in_loops(
        netlist, len(node_net), owner[keep], pin_node[source_pin[keep]], pin_node[target_pin[keep]], mask[keep],
        np.array([first[net] for net in clock_nets if first[net] >= 0], dtype=np.int32),
    )  # fmt: skip
    enabled, keep = keep[enables], keep[~enables]
    passing = (mask[keep] & LAUNCHES) == 0
    levels = levelise(len(node_net), pin_node[source_pin[keep]], pin_node[target_pin[keep]], passing)
    cut_text = (*opened_text, *_arc_texts(netlist, source_pin[keep[levels.cut]], target_pin[keep[levels.cut]]))
    keep = keep[~levels.cut]
    # A pin with a constant, whatever its net does, is checked against nothing.
    checked = np.isin(kind, list(_CHECKS)) & alive & (pin_node[target_pin] >= 0) & ~constants.pin_fixed(target_pin)
    if len(enabled):
        logic = keep[(mask[keep] & LAUNCHES) == 0]
        ends = np.concatenate([pin_node[target_pin[checked]], first[_ports_out(netlist)]])
        leads = _reach(len(node_net), pin_node[source_pin[logic]], pin_node[target_pin[logic]], ends[ends >= 0])
        lost = enabled[leads[pin_node[target_pin[enabled]]]]
        cut_text += tuple(
            f"{text} (a gate of the clock of its own registers: data through it to data pins are not followed)"
            for text in _arc_texts(netlist, source_pin[lost], target_pin[lost])
        )
    return _arrange(
        netlist, levels, node_net, node_pin, node_port, pin_node, (owner, local, source_pin, target_pin, mask), keep,
        np.flatnonzero(checked), kind, cut_text, held, own_load, enabled,
    )  # fmt: skip


def _latches_in_loops(
    netlist: Netlist, n_node: int, owner: Int, source: Int, target: Int, mask: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """(n_arc) arcs through open latches that are part of a loop."""
    through = (mask & LAUNCHES) == 0
    latch = through & (netlist.cells.kind[netlist.cell_type[owner]] == Kind.LATCH)
    if not latch.any():
        return np.zeros(len(owner), dtype=bool)
    part = _strong_parts(n_node, source[through], target[through])
    return np.asarray(latch & (part[source] == part[target]))


def _reach(n_node: int, source: Int, target: Int, ends: Int) -> NDArray[np.bool_]:
    """(n_node) whether arcs lead from a node to one of ``ends``; with arcs turned round, from ``ends`` to the node."""
    found = np.zeros(n_node, dtype=bool)
    found[ends] = True
    while len(more := source[found[target] & ~found[source]]):
        found[more] = True
    return found


def _ports_out(netlist: Netlist) -> Int:
    """Driven nets of output ports."""
    out = (netlist.port_direction != Direction.INPUT) & (netlist.port_net != NO_NET)
    return np.asarray(netlist.port_net[out], dtype=np.int32)


def _enables_in_loops(
    netlist: Netlist, n_node: int, owner: Int, source: Int, target: Int, mask: NDArray[np.uint8], clocks: Int
) -> NDArray[np.bool_]:
    """(n_arc) arcs by which data of a loop come into the logic between the nodes ``clocks`` and clock pins."""
    launches = (mask & LAUNCHES) > 0
    logic = ~launches & (netlist.cells.kind[netlist.cell_type[owner]] == Kind.COMBINATIONAL)
    clocked = _reach(n_node, target[logic], source[logic], clocks)
    into: NDArray[np.bool_] = logic & ~clocked[source] & clocked[target]
    if not into.any():
        return into
    part = _strong_parts(n_node, source, target)
    looped = np.zeros(n_node, dtype=bool)
    looped[part[source[launches & (part[source] == part[target])]]] = True
    return np.asarray(into & (part[source] == part[target]) & looped[part[source]])


def _strong_parts(n_node: int, source: Int, target: Int) -> Int:
    """(n_node) part of the graph in which each node can be reached from every other."""
    # Where no latch and no logic before a clock pin can be part of a loop scipy is not waited for.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    arcs = coo_array((np.ones(len(source)), (source, target)), shape=(n_node, n_node))
    part: Int = connected_components(arcs, directed=True, connection="strong")[1]
    return part


def _arc_texts(netlist: Netlist, source: Int, target: Int) -> list[str]:
    """``cell: pin -> pin`` of arcs by their pins."""
    texts = []
    for one, other in zip(source.tolist(), target.tolist(), strict=True):
        cell = int(netlist.pin_cell[one])
        names = netlist.cells.pins(int(netlist.cell_type[cell]))
        base = int(netlist.pin_ptr[cell])
        texts.append(f"{netlist.instance_names[cell]}: {names[one - base]} -> {names[other - base]}")
    return texts


def _csr(keys: Int, n: int) -> tuple[NDArray[np.int64], Int]:
    """Stable order by key and its row pointers."""
    order = np.argsort(keys, kind="stable")
    return order, np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=n))]).astype(np.int32)


# Columns by name: a compiled kernel takes plain arrays.
def _arrange(
    netlist: Netlist,
    levels: Levels,
    node_net: Int,
    node_pin: Int,
    node_port: Int,
    pin_node: Int,
    arcs: tuple[Int, Int, Int, Int, NDArray[np.uint8]],
    keep: NDArray[np.int64],
    checks: NDArray[np.int64],
    kind: NDArray[np.int8],
    cut_text: tuple[str, ...],
    held: frozenset[int],
    own_load: NDArray[np.bool_],
    enabled: NDArray[np.int64],
) -> Structure:
    """Renumber nodes in the order of a sweep and gather every column in that order."""
    owner, local, source_pin, target_pin, mask = arcs
    n = len(node_net)
    cell = np.where(node_pin >= 0, netlist.pin_cell[node_pin], -1).astype(np.int32)
    order = arrange(pin_node[source_pin[keep]], pin_node[target_pin[keep]], levels.level)
    rank = np.empty(n, dtype=np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    pin_rank = np.where(pin_node >= 0, rank[pin_node], -1).astype(np.int32)
    target = pin_rank[target_pin[keep]]
    by_target, arc_ptr = _csr(target, n)
    keep = keep[by_target]
    source = pin_rank[source_pin[keep]]
    pairs = np.unique(source.astype(np.int64) * n + target[by_target])
    fan_ptr = np.searchsorted(pairs // max(n, 1), np.arange(n + 1)).astype(np.int32)
    sink_ptr, sink_pin, sink_port = _sinks(netlist, node_net[order], own_load)
    pin_sink = np.full(len(netlist.pin_net), -1, dtype=np.int32)
    inner = np.flatnonzero(sink_pin >= 0)
    pin_sink[sink_pin[inner]] = inner
    sink_cell = np.where(sink_pin >= 0, netlist.pin_cell[sink_pin], -1).astype(np.int32)
    net_node = np.full(netlist.n_nets, -1, dtype=np.int32)
    net_node[node_net[order]] = np.arange(n, dtype=np.int32)
    rules = np.array([_CHECKS[ArcType(k)] for k in kind[checks]], dtype=np.int8).reshape(-1, 3)
    return Structure(
        node_pin=node_pin[order],
        node_port=node_port[order],
        node_cell=cell[order],
        node_net=node_net[order],
        net_node=net_node,
        level=levels.level[order],
        arc_ptr=arc_ptr,
        arc_source=source,
        arc_sink=pin_sink[source_pin[keep]],
        arc_local=local[keep],
        arc_mask=mask[keep],
        sink_ptr=sink_ptr,
        sink_pin=sink_pin,
        sink_port=sink_port,
        sink_cell=sink_cell,
        sink_local=np.where(sink_pin >= 0, sink_pin - netlist.pin_ptr[sink_cell], 0).astype(np.int32),
        sink_node=np.repeat(np.arange(n, dtype=np.int32), np.diff(sink_ptr)),
        fan_ptr=fan_ptr,
        fan_node=(pairs % max(n, 1)).astype(np.int32),
        check_data=pin_sink[target_pin[checks]],
        check_clock=pin_sink[source_pin[checks]],
        check_local=local[checks],
        check_cell=owner[checks],
        check_edge=rules[:, 0],
        check_hold=rules[:, 1].astype(bool),
        cut_arcs=cut_text,
        held_latches=held,
        enables=np.stack([pin_rank[target_pin[enabled]], pin_sink[source_pin[enabled]]], axis=1),
    )


def _sinks(netlist: Netlist, node_net: Int, own_load: NDArray[np.bool_]) -> tuple[Int, Int, Int]:
    """Input pins, driving pins that load themselves, then output ports, on the net of each node: row pointers, pins, ports."""
    pin_ptr, pins = sinks_by_net(netlist)
    drivers = np.flatnonzero(own_load[netlist.pin_type] & (netlist.pin_net != NO_NET)).astype(np.int32)
    ports = np.flatnonzero((netlist.port_direction != Direction.INPUT) & (netlist.port_net != NO_NET)).astype(np.int32)
    on_net = np.repeat(np.arange(netlist.n_nets), np.diff(pin_ptr))
    net = np.concatenate([on_net, netlist.pin_net[drivers], netlist.port_net[ports]])
    pins = np.concatenate([pins, drivers])
    node_of = np.full(netlist.n_nets, -1, dtype=np.int64)
    node_of[node_net] = np.arange(len(node_net))
    node = node_of[net]
    order = np.argsort(node, kind="stable")[np.count_nonzero(node < 0) :]
    ptr = np.concatenate([[0], np.cumsum(np.bincount(node[order], minlength=len(node_net)))]).astype(np.int32)
    sink_pin = np.concatenate([pins, np.full(len(ports), -1)])[order].astype(np.int32)
    sink_port = np.concatenate([np.full(len(pins), -1), ports])[order].astype(np.int32)
    return ptr, sink_pin, sink_port
