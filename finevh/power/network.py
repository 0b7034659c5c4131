"""A netlist wired for event-driven simulation: fan-out lists, levels, tables, all as columns for the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import pattern_offsets
from finevh.power.behaviour import compile_behaviour
from finevh.technology.model import Direction, Int, Kind

__all__ = ["COMBINATIONAL", "FLOP", "GATE", "LATCH", "Network", "Wiring", "build_network"]

COMBINATIONAL, GATE, FLOP, LATCH = 0, 1, 2, 3
"""How the kernel treats a cell; GATE is an integrated clock gate: evaluated in the clock network, with a stored bit."""


class Wiring(NamedTuple):
    """What the kernels read; nothing here changes during a simulation."""

    fan_ptr: NDArray[np.int64]
    """(n_net + 1,) CSR of the pins to tell when a net changes."""
    fan_cell: Int
    fan_bit: NDArray[np.int32]
    """The pin's bit as a mask in its cell's pattern; negative where the change wakes nothing (data pin of a flip-flop)."""
    out_ptr: NDArray[np.int64]
    """(n_cell + 1,) CSR of the driven nets in output-pin order, -1 where open."""
    out_net: Int
    role: NDArray[np.int8]
    """(n_cell,) COMBINATIONAL, GATE, FLOP or LATCH; -1 for physical cells."""
    level: Int
    """(n_cell,) position in evaluation order; the clock network comes first."""
    level_ptr: NDArray[np.int64]
    """(n_level + 1,) room of each level in the queue."""
    n_clock_levels: int
    table: NDArray[np.int64]
    """(n_cell,) offset of the cell's truth table."""
    stored_mask: Int
    """(n_cell,) stored bit as a mask, 0 for combinational cells."""
    state_mask: Int
    """(n_cell,) mask of the leakage state in a pattern."""
    slot: NDArray[np.int64]
    """(n_cell + 1,) offset of the cell's pattern counters."""
    output: NDArray[np.uint8]
    control: NDArray[np.uint8]


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


def build_network(netlist: Netlist, clock: str | None) -> Network:
    """Wire a netlist for simulation.

    Parameters
    ----------
    clock
        Clock port, or None for a combinational design.

    Raises
    ------
    InputError
        If the clock port does not exist, a net has two drivers, or a sequential cell is present without a clock.
    """
    cells = netlist.cells
    kind = cells.kind[netlist.cell_type]
    used = np.zeros(len(cells.names), dtype=bool)
    used[netlist.cell_type] = True
    behaviour = compile_behaviour(cells, used)
    role = np.full(netlist.n_cells, COMBINATIONAL, dtype=np.int8)
    for source, target in ((Kind.FLOP, FLOP), (Kind.LATCH, LATCH), (Kind.CLOCK_GATE, GATE), (Kind.PHYSICAL, -1)):
        role[kind == source] = target
    clock_net = _clock_net(netlist, clock, role)

    pin_type, pin_cell = netlist.pin_type, netlist.pin_cell
    active = role[pin_cell] >= 0
    is_output = (cells.pin_direction[pin_type] == Direction.OUTPUT) & active
    bit = behaviour.pin_bit[pin_type]
    tracked = (bit >= 0) & active
    pin_net = netlist.pin_net.copy()
    open_states = np.flatnonzero(is_output & tracked & (pin_net == NO_NET))
    pin_net[open_states] = netlist.n_nets + np.arange(len(open_states))
    n_nets = netlist.n_nets + len(open_states)
    _refuse_two_drivers(netlist, pin_net, is_output)

    listening = np.flatnonzero(tracked & (pin_net != NO_NET))
    order = listening[np.argsort(pin_net[listening], kind="stable")]
    mask = np.int32(1) << bit[order].astype(np.int32)
    wakes = behaviour.pin_wakes[pin_type[order]]
    driving = np.flatnonzero(is_output)
    wiring_parts = {
        "fan_ptr": _csr(pin_net[order], n_nets),
        "fan_cell": pin_cell[order],
        "fan_bit": np.where(wakes, mask, -mask).astype(np.int32),
        "out_ptr": _csr(pin_cell[driving], netlist.n_cells),
        "out_net": pin_net[driving].astype(np.int32),
    }
    clock_cell, level, n_clock_levels = _levels(wiring_parts, role, clock_net, behaviour.pin_clocks[pin_type[order]])
    n_levels = int(level.max(initial=0)) + 1
    stored = behaviour.stored_bit[netlist.cell_type]
    wiring = Wiring(
        **wiring_parts,
        role=role,
        level=level,
        level_ptr=np.concatenate(([0], np.cumsum(np.bincount(level, minlength=n_levels)))).astype(np.int64),
        n_clock_levels=n_clock_levels,
        table=behaviour.table_ptr[:-1][netlist.cell_type],
        stored_mask=np.where(stored >= 0, np.int32(1) << np.maximum(stored, 0), 0).astype(np.int32),
        state_mask=((np.int32(1) << behaviour.n_state[netlist.cell_type]) - 1).astype(np.int32),
        slot=pattern_offsets(netlist),
        output=behaviour.output,
        control=behaviour.control,
    )
    return Network(netlist, wiring, n_nets, clock_net, clock_cell)


def _csr(sorted_rows: Int, n: int) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(np.bincount(sorted_rows, minlength=n)))).astype(np.int64)


def _clock_net(netlist: Netlist, clock: str | None, role: NDArray[np.int8]) -> int:
    if clock is None:
        if np.any(role >= GATE):
            cell = int(np.flatnonzero(role >= GATE)[0])
            raise InputError(f"instance {netlist.instance_names[cell]} is sequential: name the clock port to simulate")
        return -1
    if clock not in netlist.port_names:
        raise InputError(f"clock port '{clock}' is no port of {netlist.name}; ports begin with {netlist.port_names[:8]}")
    return int(netlist.port_net[netlist.port_names.index(clock)])


def _refuse_two_drivers(netlist: Netlist, pin_net: Int, is_output: NDArray[np.bool_]) -> None:
    driven = pin_net[is_output & (pin_net != NO_NET)]
    ports = netlist.port_net[(netlist.port_direction == Direction.INPUT) & (netlist.port_net != NO_NET)]
    count = np.bincount(np.concatenate((driven, np.unique(ports))))
    double = np.flatnonzero(count > 1)
    if len(double):
        raise InputError(f"net {netlist.net_names[int(double[0])]} has {int(count[double[0]])} drivers; keep one")


def _levels(
    parts: dict[str, NDArray[np.int32]], role: NDArray[np.int8], clock_net: int, pin_clocks: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], Int, int]:
    """Mark the clock network and level all cells, clock network first."""
    n_cells = len(role)
    raw = _topological_levels(parts["fan_ptr"], parts["fan_cell"], parts["fan_bit"], parts["out_ptr"], parts["out_net"], role)
    clock_cell = np.zeros(n_cells, dtype=bool)
    if clock_net >= 0:
        forward = _forward_cone(parts["fan_ptr"], parts["fan_cell"], parts["out_ptr"], parts["out_net"], role, clock_net)
        backward = _feeds_clocks(
            parts["fan_ptr"], parts["fan_cell"], pin_clocks, parts["out_ptr"], parts["out_net"], role, forward
        )
        clock_cell = forward & backward
    n_clock_levels = int(raw[clock_cell].max(initial=-1)) + 1
    level = np.where(clock_cell, raw, raw + n_clock_levels).astype(np.int32)
    return clock_cell, level, n_clock_levels


@numba.njit(cache=True)  # type: ignore[misc]
def _topological_levels(fan_ptr, fan_cell, fan_bit, out_ptr, out_net, role):  # type: ignore[no-untyped-def]
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


@numba.njit(cache=True)  # type: ignore[misc]
def _forward_cone(fan_ptr, fan_cell, out_ptr, out_net, role, start):  # type: ignore[no-untyped-def]
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


@numba.njit(cache=True)  # type: ignore[misc]
def _feeds_clocks(fan_ptr, fan_cell, pin_clocks, out_ptr, out_net, role, among):  # type: ignore[no-untyped-def]
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
                for f in range(fan_ptr[net], fan_ptr[net + 1]):
                    sink = fan_cell[f]
                    if (pin_clocks[f] and role[sink] >= 1) or (feeds[sink] and sink != cell):
                        feeds[cell] = True
            changed = changed or feeds[cell]
    return feeds
