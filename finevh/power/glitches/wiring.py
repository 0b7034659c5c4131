"""The data logic of a netlist wired for event-driven simulation: gates by the nets they drive, their tables, who hears whom."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import constants
from finevh.base.kernel import kernel
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.glitches.delays import ABSENT, GlitchDelays
from finevh.power.simulation.behaviour import Behaviour, compile_behaviour
from finevh.power.simulation.network import COMBINATIONAL, ROLE, Network
from finevh.technology.model import Direction, Int

__all__ = [
    "EventPlan",
    "EventState",
    "EventWiring",
    "GatePins",
    "PinRows",
    "gate_pins",
    "new_events",
    "pin_rows",
    "pin_ticks",
    "plan_events",
    "wire_events",
]

# Columns of ``EventState.gate``: a cache line each.
PATTERN, TABLE, SHIFT, FAN, FAN_END, HEARD, RISE, FALL, DUE, NEXT, LAST, TOGGLES = constants(*range(12))
GATE_WORDS = 16
# Columns of ``EventPlan.fan``: the gate to tell, the pin's mask in its pattern, then ticks by input and output edge.
TOLD, MASK, DELAY, PIN = constants(0, 1, 2, 6)
FAN_WORDS = 8


class EventPlan(NamedTuple):
    """What the kernel reads. A gate is named by the net that it drives."""

    fan: NDArray[np.int32]
    """(n_fan, 8): told gate, mask of the pin in its pattern, ticks rise-rise, rise-fall, fall-rise, fall-fall, the mask's bit."""
    output: NDArray[np.uint8]
    """Truth tables of the cells, a bit per output."""
    source: NDArray[np.int32]
    """(2 n_source, 3) net that no gate drives, its new value, ticks after the clock edge; in order of time."""
    wheel: int
    """Slots of the queue: a power of two beyond the longest delay."""


class EventState(NamedTuple):
    """What the kernel writes."""

    value: NDArray[np.uint8]
    """(n_net,)"""
    gate: NDArray[np.int32]
    """(n_net, 16): pattern of the inputs, offset of the truth table (-1: a source), output's bit in it, rows of ``fan`` from and
    to (constant but for the pattern); tick in which an input changed last, delay to a rise and to a fall by the inputs
    that changed then; tick of the change that is due (-1: none), neighbours in its slot; toggles counted."""
    slot: NDArray[np.int32]
    """(wheel,) first gate of each slot, -1 for none."""
    filled: NDArray[np.uint64]
    """(wheel / 64) bit per slot."""
    flips: NDArray[np.int32]
    heard: NDArray[np.int32]
    toggled: NDArray[np.uint64]
    """(n_net / 64) bit per net that has toggles counted."""


def _dependent_pins(behaviour: Behaviour, netlist: Netlist, kind: int) -> list[tuple[int, int, int]]:
    """(input pin, output pin, number of the output) of a cell type, for outputs that depend on the input."""
    cells = netlist.cells
    base, end = int(cells.pin_ptr[kind]), int(cells.pin_ptr[kind + 1])
    table = behaviour.output[int(behaviour.table_ptr[kind]) : int(behaviour.table_ptr[kind + 1])]
    pattern = np.arange(len(table))
    outputs = [p for p in range(base, end) if cells.pin_direction[p] == Direction.OUTPUT]
    found = []
    for pin in range(base, end):
        bit = int(behaviour.pin_bit[pin])
        if cells.pin_direction[pin] != Direction.INPUT or bit < 0:
            continue
        differs = table ^ table[pattern ^ (1 << bit)]
        found += [(pin - base, out - base, j) for j, out in enumerate(outputs) if np.any(differs >> j & 1)]
    return found


class GatePins(NamedTuple):
    """Pairs of input pin and driven net of the data logic, in the order of the nets that the pins are on."""

    pin: NDArray[np.int64]
    """(n_pair) input pin of the netlist."""
    net: NDArray[np.int64]
    """(n_pair) net of an output that depends on it."""
    number: NDArray[np.int64]
    """(n_pair) number of the output among those of its cell."""
    table: NDArray[np.int64]
    """(n_pair) offset of the cell's truth table in ``output``."""
    output: NDArray[np.uint8]
    """Truth tables of the cells, a bit per output."""


def gate_pins(network: Network) -> GatePins:
    """Find what the outputs of the data logic depend on."""
    netlist = network.netlist
    used = np.zeros(len(netlist.cells.names), dtype=bool)
    used[netlist.cell_type] = True
    behaviour = compile_behaviour(netlist.cells, used)
    live = (network.wiring.cell[:, ROLE] == COMBINATIONAL) & ~network.clock_cell
    pins, nets, numbers = ([np.zeros(0, dtype=np.int64)] for _ in range(3))
    for kind in np.unique(netlist.cell_type[live]).tolist():
        first = netlist.pin_ptr[np.flatnonzero(live & (netlist.cell_type == kind))].astype(np.int64)
        for source, out, j in _dependent_pins(behaviour, netlist, int(kind)):
            pins.append(first + source)
            nets.append(netlist.pin_net[first + out].astype(np.int64))
            numbers.append(np.full(len(first), j))
    pin, net, number = (np.concatenate(part) for part in (pins, nets, numbers))
    kept = np.flatnonzero((netlist.pin_net[pin] != NO_NET) & (net != NO_NET))
    kept = kept[np.argsort(netlist.pin_net[pin[kept]], kind="stable")]
    table = behaviour.table_ptr[netlist.cell_type[netlist.pin_cell[pin[kept]]]]
    return GatePins(pin[kept], net[kept], number[kept], table, behaviour.output)


class EventWiring(NamedTuple):
    """What is the same whatever the delays."""

    fan: NDArray[np.int32]
    """(n_fan, 8) as of :class:`EventPlan`, without ticks."""
    gate: NDArray[np.int32]
    """(n_net, 16) as of :class:`EventState`, before anything changed."""


def wire_events(network: Network, pins: GatePins) -> EventWiring:
    """Wire the data logic."""
    netlist = network.netlist
    fan = np.zeros((len(pins.pin), FAN_WORDS), dtype=np.int32)
    fan[:, TOLD], fan[:, MASK] = pins.net, network.pin_mask[pins.pin]
    fan[:, PIN] = np.log2(np.maximum(fan[:, MASK], 1))
    begin = np.searchsorted(netlist.pin_net[pins.pin], np.arange(netlist.n_nets + 1))
    gate = np.zeros((netlist.n_nets, GATE_WORDS), dtype=np.int32)
    gate[:, TABLE], gate[:, HEARD], gate[:, DUE] = -1, -1, -1
    gate[:, FAN], gate[:, FAN_END] = begin[:-1], begin[1:]
    gate[pins.net, TABLE], gate[pins.net, SHIFT] = pins.table, pins.number
    return EventWiring(fan, gate)


def plan_events(
    wired: EventWiring, pins: GatePins, delays: GlitchDelays, rows: PinRows | None = None
) -> tuple[EventPlan, Int]:
    """Give the data logic its delays; ``rows`` of :func:`pin_rows` where there are several.

    Returns
    -------
    plan
        For the kernel.
    missing
        Input pins whose delay to an output the timing does not know.
    """
    ticks, missing = pin_ticks(pins, delays, len(wired.gate), rows)
    fan = wired.fan.copy()
    fan[:, DELAY : DELAY + 4] = ticks.reshape(-1, 4)
    longest = int(ticks.max(initial=1))
    wheel = 1 << max(longest + 1, 64).bit_length()
    return EventPlan(fan, pins.output, _sources(wired.gate, delays), wheel), np.unique(pins.pin[missing])


class PinRows(NamedTuple):
    """Where the delays of pairs of pin and net are; the same for all delays of one timing graph."""

    row: NDArray[np.int64]
    """(n_pair) row of the delays."""
    known: NDArray[np.bool_]
    """(n_pair) False where the delays lack the pair."""


def pin_rows(pins: GatePins, delays: GlitchDelays, n_nets: int) -> PinRows:
    """Find the pairs of the data logic among those that have delays."""
    key = delays.pin.astype(np.int64) * n_nets + delays.net
    wanted = pins.pin * n_nets + pins.net
    row = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    return PinRows(row, (key[row] == wanted) if len(key) else np.zeros(len(wanted), dtype=bool))


def pin_ticks(
    pins: GatePins, delays: GlitchDelays, n_nets: int, rows: PinRows | None = None
) -> tuple[Int, NDArray[np.bool_]]:
    """(n_pair, 2, 2) ticks by edge of the input and of the output, none absent; and which pairs had none.

    A pair that the timing does not know (loops that it cut, arcs that it took out) takes the slowest of the cell's other pins.
    """
    row, known = pin_rows(pins, delays, n_nets) if rows is None else rows
    ticks, slowest = np.empty((len(row), 2, 2), dtype=np.int32), np.ones((n_nets, 2), dtype=np.int32)
    missing = np.empty(len(row), dtype=np.bool_)
    _fill_ticks(row, known, pins.net, delays.ticks, ticks, slowest, missing)
    return ticks, missing


@kernel(nogil=True)
def _fill_ticks(
    row: NDArray[np.int64],
    known: NDArray[np.bool_],
    net: NDArray[np.int64],
    given: Int,
    ticks: Int,
    slowest: Int,
    missing: NDArray[np.bool_],
) -> None:
    """What :func:`pin_ticks` returns, into ``ticks`` and ``missing``; ``slowest`` (n_net, 2) are ones."""
    absent = np.int32(ABSENT)
    for k in range(len(row)):
        missing[k] = True
        for edge in range(2):
            rise = given[row[k], 0, edge] if known[k] else absent
            fall = given[row[k], 1, edge] if known[k] else absent
            # By output edge: a unate pin lacks the arc of one edge of the input, and takes that of the other.
            ticks[k, 0, edge] = fall if rise == absent else rise
            ticks[k, 1, edge] = rise if fall == absent else fall
            if rise != absent or fall != absent:
                missing[k] = False
                slowest[net[k], edge] = max(slowest[net[k], edge], ticks[k, 0, edge], ticks[k, 1, edge])
    # Without either, the slowest of the cell.
    for k in range(len(row)):
        for edge in range(2):
            if ticks[k, 0, edge] == absent:
                ticks[k, :, edge] = slowest[net[k], edge]


def _sources(gate: NDArray[np.int32], delays: GlitchDelays) -> NDArray[np.int32]:
    nets = np.flatnonzero((gate[:, TABLE] < 0) & (gate[:, FAN_END] > gate[:, FAN]))
    rise = np.stack((nets, np.ones_like(nets), delays.launch[nets, 0]), axis=1)
    fall = np.stack((nets, np.zeros_like(nets), delays.launch[nets, 1]), axis=1)
    both = np.concatenate((rise, fall))
    return np.ascontiguousarray(both[np.argsort(both[:, 2], kind="stable")], dtype=np.int32)


def new_events(plan: EventPlan, gate: NDArray[np.int32]) -> EventState:
    """State before :func:`finevh.power.glitches.inertial_events.start`."""
    n_nets = len(gate)
    room = np.zeros((n_nets + 1, GATE_WORDS), dtype=np.int32).reshape(-1)
    skip = -room.ctypes.data % (4 * GATE_WORDS) // 4
    aligned = room[skip : skip + n_nets * GATE_WORDS].reshape(n_nets, GATE_WORDS)
    aligned[:] = gate
    return EventState(
        value=np.zeros(n_nets, dtype=np.uint8),
        gate=aligned,
        slot=np.full(plan.wheel, -1, dtype=np.int32),
        filled=np.zeros(plan.wheel // 64, dtype=np.uint64),
        flips=np.zeros(n_nets + 1, dtype=np.int32),
        heard=np.zeros(n_nets + 1, dtype=np.int32),
        toggled=np.zeros(n_nets // 64 + 1, dtype=np.uint64),
    )
