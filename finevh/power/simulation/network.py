"""A netlist wired for event-driven simulation: fan-out lists, levels, tables, all as columns for the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finevh.base.kernel import kernel
from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import pattern_offsets
from finevh.power.simulation.behaviour import CLOCK, Behaviour, compile_behaviour
from finevh.technology.model import Direction, Int, Kind

__all__ = ["Network", "Wiring", "build_network"]

COMBINATIONAL, GATE, FLOP, LATCH, EDGE = 0, 1, 2, 3, 4
"""How the kernels treat a cell. GATE: integrated clock gate, evaluated within the clock network, with a stored bit. EDGE: a
flip-flop whose clock is one pin; it is looked at on its edge only if its data changed. FLOP: any other flip-flop."""


# Columns of ``Wiring.cell``.
ROLE, LEVEL, TABLE, SLOT, STATE_MASK = range(5)
# Columns of ``Wiring.stored`` and ``State.stored``, for cells with a stored bit.
STORED, CLOCK_NET, CLOCK_MASK, DOMAIN, SINCE_HIGH, CLOCK_LEVEL = range(6)
# Bits of a cell's busy word in ``State.cell``.
QUEUED, ARMED = 1, 2


class Wiring(NamedTuple):
    """What the kernels read; nothing here changes during a simulation."""

    fan_ptr: NDArray[np.int64]
    """(n_net + 1,) CSR of the pins to tell when a net changes."""
    fan: Int
    """(n_fan, 2): cell, and the pin's bit as a mask in its pattern, negative where the change wakes nothing."""
    out_ptr: Int
    """(n_cell + 1,) CSR of driven nets."""
    out_net: Int
    """Driven nets of all cells in output-pin order, -1 where open."""
    cell: Int
    """(n_cell, 5): ROLE (-1 for physical cells); LEVEL, the position in evaluation order, clock network first; TABLE, offset of
    the truth table; SLOT, offset of the pattern counters; STATE_MASK, the leakage state in a pattern."""
    stored: Int
    """(n_cell, 6): STORED, the stored bit as a mask; of EDGE cells the CLOCK_NET, the clock pin's CLOCK_MASK (its bit is read off
    the net, not kept in the pattern) and the clock DOMAIN. These change: SINCE_HIGH, the time the clock had been at 1 at
    SINCE; CLOCK_LEVEL, the clock function at the last evaluation (LATCH and FLOP)."""
    level_ptr: NDArray[np.int64]
    """(n_level + 1,) room of each level in the queue."""
    domain_ptr: NDArray[np.int64]
    """(n_domain + 1,) room for the EDGE cells of each clock net and edge."""
    fires: Int
    """(n_net, 2) domain that samples when the net falls, rises; -1 for none."""
    output: NDArray[np.uint8]
    control: NDArray[np.uint8]
    n_clock_levels: int
    n_slots: int


@dataclass(frozen=True)
class Network:
    """The wiring and the names around it."""

    netlist: Netlist
    wiring: Wiring
    n_nets: int
    """Nets of the netlist plus one for each open output that a leakage state names."""
    clock_net: int
    """Net of the clock port, -1 for a design without a clock."""
    clock_cell: NDArray[np.bool_]
    """(n_cell,) True for the combinational cells and clock gates between the clock port and clock pins."""
    pin_mask: Int
    """(n_pin,) the pin as a mask in its cell's pattern, 0 for one that no pattern holds."""


def build_network(netlist: Netlist, clock: str | None) -> Network:
    """Wire a netlist for simulation.

    Parameters
    ----------
    clock
        Clock port, None where nothing needs to be known about the clock network.

    Raises
    ------
    InputError
        If the clock port does not exist or a net has two drivers.
    """
    cells = netlist.cells
    kind = cells.kind[netlist.cell_type]
    used = np.zeros(len(cells.names), dtype=bool)
    used[netlist.cell_type] = True
    behaviour = compile_behaviour(cells, used)
    role = np.full(netlist.n_cells, COMBINATIONAL, dtype=np.int8)
    for source, target in ((Kind.FLOP, FLOP), (Kind.LATCH, LATCH), (Kind.CLOCK_GATE, GATE), (Kind.PHYSICAL, -1)):
        role[kind == source] = target
    clock_net = _clock_net(netlist, clock)

    pin_type, pin_cell = netlist.pin_type, netlist.pin_cell
    active = role[pin_cell] >= 0
    is_output = (cells.pin_direction[pin_type] == Direction.OUTPUT) & active
    bit = behaviour.pin_bit[pin_type]
    tracked = (bit >= 0) & active
    pin_net = netlist.pin_net.copy()
    clocks = _edge_clocks(netlist, behaviour, role, pin_net)
    tracked[clocks.pins] = False
    open_states = np.flatnonzero(is_output & tracked & (pin_net == NO_NET))
    pin_net[open_states] = netlist.n_nets + np.arange(len(open_states))
    n_nets = netlist.n_nets + len(open_states)
    _refuse_two_drivers(netlist, pin_net, is_output)

    listening = np.flatnonzero(tracked & (pin_net != NO_NET))
    order = listening[np.argsort(pin_net[listening], kind="stable")]
    mask = np.int32(1) << bit[order].astype(np.int32)
    wakes = behaviour.pin_wakes[pin_type[order]]
    driving = np.flatnonzero(is_output)
    fan_ptr, fan_cell = _csr(pin_net[order], n_nets), pin_cell[order]
    fan_bit = np.where(wakes, mask, -mask).astype(np.int32)
    out_ptr, out_net = _csr(pin_cell[driving], netlist.n_cells), pin_net[driving].astype(np.int32)
    graph = (fan_ptr, fan_cell, fan_bit, out_ptr, out_net, role)
    feeds_clock = np.zeros(n_nets, dtype=bool)
    feeds_clock[pin_net[(behaviour.pin_clocks[pin_type]) & active & (pin_net != NO_NET)]] = True
    clock_cell, level, n_clock_levels = _levels(graph, clock_net, feeds_clock)
    n_levels = int(level.max(initial=0)) + 1
    slots = pattern_offsets(netlist)
    stored = behaviour.stored_bit[netlist.cell_type]
    column = np.zeros((netlist.n_cells, 5), dtype=np.int32)
    column[:, ROLE] = role
    column[:, LEVEL] = level
    column[:, TABLE] = behaviour.table_ptr[:-1][netlist.cell_type]
    column[:, SLOT] = slots[:-1]
    column[:, STATE_MASK] = (1 << behaviour.n_state[netlist.cell_type]) - 1
    storage = np.zeros((netlist.n_cells, 6), dtype=np.int32)
    storage[:, STORED] = np.where(stored >= 0, 1 << np.maximum(stored, 0), 0)
    domain_ptr, fires = clocks.domains(storage, n_nets)
    wiring = Wiring(
        fan_ptr=fan_ptr,
        fan=np.stack((fan_cell, fan_bit), axis=1),
        out_ptr=out_ptr.astype(np.int32),
        out_net=out_net,
        cell=column,
        stored=storage,
        level_ptr=np.concatenate(([0], np.cumsum(np.bincount(level, minlength=n_levels)))).astype(np.int64),
        domain_ptr=domain_ptr,
        fires=fires,
        output=behaviour.output,
        control=behaviour.control,
        n_clock_levels=n_clock_levels,
        n_slots=int(slots[-1]),
    )
    pin_mask = np.where((bit >= 0) & active, np.int32(1) << np.maximum(bit, 0).astype(np.int32), 0).astype(np.int32)
    return Network(netlist, wiring, n_nets, clock_net, clock_cell, pin_mask)


@dataclass(frozen=True)
class _EdgeClocks:
    """Clock pins of the flip-flops whose clock is one pin."""

    pins: NDArray[np.int64]
    cell: Int
    net: Int
    mask: Int
    falling: NDArray[np.bool_]

    def domains(self, column: Int, n_nets: int) -> tuple[NDArray[np.int64], Int]:
        """Fill the columns of the edge-sampled flip-flops; return domain pointer and the (n_net, 2) firing table."""
        key, domain = np.unique(2 * self.net.astype(np.int64) + ~self.falling, return_inverse=True)
        column[:, [CLOCK_NET, DOMAIN]] = -1
        column[self.cell, CLOCK_NET], column[self.cell, CLOCK_MASK] = self.net, self.mask
        column[self.cell, DOMAIN] = domain
        fires = np.full(2 * n_nets, -1, dtype=np.int32)
        fires[key] = np.arange(len(key))
        room = np.concatenate(([0], np.cumsum(np.bincount(domain, minlength=len(key)))))
        return room.astype(np.int64), fires.reshape(n_nets, 2)


def _edge_clocks(netlist: Netlist, behaviour: Behaviour, role: NDArray[np.int8], pin_net: Int) -> _EdgeClocks:
    """Find the flip-flops whose clock function is one connected pin that nothing else depends on; mark them EDGE."""
    cells = netlist.cells
    simple: dict[int, tuple[int, bool]] = {}
    for kind in np.unique(netlist.cell_type[role == FLOP]):
        base, end = int(cells.pin_ptr[kind]), int(cells.pin_ptr[kind + 1])
        clock_pins = np.flatnonzero(behaviour.pin_clocks[base:end])
        if len(clock_pins) != 1:
            continue
        table = slice(int(behaviour.table_ptr[kind]), int(behaviour.table_ptr[kind + 1]))
        control, output = behaviour.control[table], behaviour.output[table]
        bit = 1 << int(behaviour.pin_bit[base + clock_pins[0]])
        low = np.flatnonzero(np.arange(len(control)) & bit == 0)
        rest = np.any((control[low] ^ control[low | bit]) & ~np.uint8(CLOCK)) or np.any(
            output[low] != output[low | bit]
        )
        if not rest:
            simple[int(kind)] = (int(clock_pins[0]), bool(control[0] & CLOCK))
    local = np.full(len(cells.names), -1, dtype=np.int64)
    falling = np.zeros(len(cells.names), dtype=bool)
    for kind, (pin, falls) in simple.items():
        local[kind], falling[kind] = pin, falls
    found = np.flatnonzero((role == FLOP) & (local[netlist.cell_type] >= 0))
    pins = netlist.pin_ptr[found] + local[netlist.cell_type[found]]
    connected = pin_net[pins] != NO_NET
    found, pins = found[connected], pins[connected].astype(np.int64)
    role[found] = EDGE
    mask = np.int32(1) << behaviour.pin_bit[netlist.pin_type[pins]].astype(np.int32)
    return _EdgeClocks(pins, found.astype(np.int32), pin_net[pins], mask, falling[netlist.cell_type[found]])


def _csr(sorted_rows: Int, n: int) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(np.bincount(sorted_rows, minlength=n)))).astype(np.int64)


def _clock_net(netlist: Netlist, clock: str | None) -> int:
    if clock is None:
        return -1
    if clock not in netlist.port_names:
        raise InputError(
            f"clock port '{clock}' is no port of {netlist.name}; ports begin with {netlist.port_names[:8]}"
        )
    return int(netlist.port_net[netlist.port_names.index(clock)])


def _refuse_two_drivers(netlist: Netlist, pin_net: Int, is_output: NDArray[np.bool_]) -> None:
    driven = pin_net[is_output & (pin_net != NO_NET)]
    ports = netlist.port_net[(netlist.port_direction == Direction.INPUT) & (netlist.port_net != NO_NET)]
    count = np.bincount(np.concatenate((driven, np.unique(ports))))
    double = np.flatnonzero(count > 1)
    if len(double):
        raise InputError(f"net {netlist.net_names[int(double[0])]} has {int(count[double[0]])} drivers; keep one")


def _levels(
    graph: tuple[NDArray[np.int64], Int, Int, NDArray[np.int64], Int, NDArray[np.int8]],
    clock_net: int,
    feeds_clock: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], Int, int]:
    """Mark the clock network and level all cells, clock network first."""
    fan_ptr, fan_cell, fan_bit, out_ptr, out_net, role = graph
    raw = _topological_levels(fan_ptr, fan_cell, fan_bit, out_ptr, out_net, role)
    clock_cell = np.zeros(len(role), dtype=bool)
    if clock_net >= 0:
        forward = _forward_cone(fan_ptr, fan_cell, out_ptr, out_net, role, clock_net)
        clock_cell = forward & _feeds_clocks(fan_ptr, fan_cell, feeds_clock, out_ptr, out_net, role, forward)
    n_clock_levels = int(raw[clock_cell].max(initial=-1)) + 1
    level = np.where(clock_cell, raw, raw + n_clock_levels).astype(np.int32)
    return clock_cell, level, n_clock_levels


@kernel(nogil=True)
def _topological_levels(
    fan_ptr: NDArray[np.int64],
    fan_cell: Int,
    fan_bit: Int,
    out_ptr: NDArray[np.int64],
    out_net: Int,
    role: NDArray[np.int8],
) -> Int:
    """Longest distance from ports and stored states; cells of combinational loops share the last level."""
    n = len(role)
    waiting = np.zeros(n, dtype=np.int32)
    level = np.zeros(n, dtype=np.int32)
    for cell in range(n):
        if role[cell] == 0 or role[cell] == 1:
            for o in range(out_ptr[cell], out_ptr[cell + 1]):
                net = out_net[o]
                if net < 0:
                    continue
                for f in range(fan_ptr[net], fan_ptr[net + 1]):
                    if fan_bit[f] > 0 and fan_cell[f] != cell:
                        waiting[fan_cell[f]] += 1
    stack = np.empty(n, dtype=np.int32)
    size = 0
    done = np.zeros(n, dtype=np.bool_)
    for cell in range(n):
        if waiting[cell] == 0 and (role[cell] == 0 or role[cell] == 1):
            stack[size] = cell
            size += 1
    deepest = 0
    while size > 0:
        size -= 1
        cell = stack[size]
        done[cell] = True
        deepest = max(deepest, level[cell])
        for o in range(out_ptr[cell], out_ptr[cell + 1]):
            net = out_net[o]
            if net < 0:
                continue
            for f in range(fan_ptr[net], fan_ptr[net + 1]):
                sink = fan_cell[f]
                if fan_bit[f] > 0 and sink != cell and role[sink] <= 1:
                    level[sink] = max(level[sink], level[cell] + 1)
                    waiting[sink] -= 1
                    if waiting[sink] == 0:
                        stack[size] = sink
                        size += 1
    for cell in range(n):
        if role[cell] < 0 or role[cell] > 1:
            level[cell] = 0
        elif not done[cell]:
            level[cell] = deepest + 1
    return level


@kernel(nogil=True)
def _forward_cone(
    fan_ptr: NDArray[np.int64],
    fan_cell: Int,
    out_ptr: NDArray[np.int64],
    out_net: Int,
    role: NDArray[np.int8],
    start: int,
) -> NDArray[np.bool_]:
    """Combinational cells and clock gates reached from a net."""
    reached = np.zeros(len(role), dtype=np.bool_)
    nets = [start]
    while len(nets) > 0:
        net = nets.pop()
        for f in range(fan_ptr[net], fan_ptr[net + 1]):
            cell = fan_cell[f]
            if not reached[cell] and (role[cell] == 0 or role[cell] == 1):
                reached[cell] = True
                for o in range(out_ptr[cell], out_ptr[cell + 1]):
                    if out_net[o] >= 0:
                        nets.append(out_net[o])
    return reached


@kernel(nogil=True)
def _feeds_clocks(
    fan_ptr: NDArray[np.int64],
    fan_cell: Int,
    feeds_clock: NDArray[np.bool_],
    out_ptr: NDArray[np.int64],
    out_net: Int,
    role: NDArray[np.int8],
    among: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Cells among the given ones whose output reaches a clock pin through others of them."""
    feeds = np.zeros(len(role), dtype=np.bool_)
    changed = True
    while changed:
        changed = False
        for cell in range(len(role)):
            if not among[cell] or feeds[cell]:
                continue
            for o in range(out_ptr[cell], out_ptr[cell + 1]):
                net = out_net[o]
                if net < 0:
                    continue
                feeds[cell] = feeds[cell] or feeds_clock[net]
                for f in range(fan_ptr[net], fan_ptr[net + 1]):
                    sink = fan_cell[f]
                    if feeds[sink] and sink != cell:
                        feeds[cell] = True
            changed = changed or feeds[cell]
    return feeds
