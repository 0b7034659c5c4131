"""What the clock of a netlist is made of before it has a tree: nets, gates on them, and the pins where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.netlist.edit import sinks_by_net
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction, Int, Kind


@dataclass(frozen=True)
class ClockNetwork:
    """Nets of one clock, sources first, with the gates that drive them.

    ``net`` (n) rows of the netlist's nets; ``parent`` (n) position of the net before the gate, -1 for a source; ``gate`` (n)
    instance that drives the net, -1 for a source; ``gate_pin`` (n) its pin on the parent's net; ``depth`` (n) gates above.
    ``leaf_pin`` are the pins where the clock ends, ``leaf_of`` (n_leaf) the position of their net.
    """

    net: Int
    parent: Int
    gate: Int
    gate_pin: Int
    depth: Int
    leaf_pin: Int
    leaf_of: Int

    @property
    def levels(self) -> int:
        """Gates in a row on the deepest way."""
        return int(self.depth.max(initial=0))


def clock_network(netlist: Netlist, sources: Sequence[int]) -> ClockNetwork:
    """Follow a clock from its source nets through gates to the clock pins of registers.

    A cell on the clock is a gate where it has one output and that output leads to a clock pin; any other pin is an end.
    """
    ptr, sinks = sinks_by_net(netlist)
    output = _outputs(netlist)
    cells = netlist.cells
    is_clock = cells.pin_is_clock[netlist.pin_type]
    through = np.isin(cells.kind[netlist.cell_type], (Kind.CLOCK_GATE, Kind.COMBINATIONAL)) & (output >= 0)
    leads = _leads_to_clock(netlist, ptr, sinks, output, through, is_clock)
    net, parent, gate, gate_pin, depth = (
        list(sources),
        [-1] * len(sources),
        [-1] * len(sources),
        [-1] * len(sources),
        [],
    )
    depth = [0] * len(sources)
    leaf_pin: list[int] = []
    leaf_of: list[int] = []
    seen = set(net)
    at = 0
    while at < len(net):
        for pin in sinks[ptr[net[at]] : ptr[net[at] + 1]].tolist():
            cell = int(netlist.pin_cell[pin])
            out = int(output[cell]) if through[cell] else -1
            if out >= 0 and leads[out]:
                if out not in seen:
                    seen.add(out)
                    net.append(out)
                    parent.append(at)
                    gate.append(cell)
                    gate_pin.append(pin)
                    depth.append(depth[at] + 1)
            elif is_clock[pin]:
                leaf_pin.append(pin)
                leaf_of.append(at)
        at += 1
    columns = (net, parent, gate, gate_pin, depth, leaf_pin, leaf_of)
    return ClockNetwork(*(np.array(column, dtype=np.int32) for column in columns))


def _outputs(netlist: Netlist) -> Int:
    """(n_cell) net on the only output of each instance, -1 where it has none or several."""
    out = np.flatnonzero(netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT)
    count = np.bincount(netlist.pin_cell[out], minlength=netlist.n_cells)
    found = np.full(netlist.n_cells, NO_NET, dtype=np.int32)
    found[netlist.pin_cell[out]] = netlist.pin_net[out]
    return np.where(count == 1, found, NO_NET).astype(np.int32)


def _leads_to_clock(
    netlist: Netlist,
    ptr: NDArray[np.int64],
    sinks: Int,
    output: Int,
    through: NDArray[np.bool_],
    is_clock: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """(n_net) nets from which a clock pin of a register is reached through gates and clock buffers alone."""
    known = netlist.pin_net != NO_NET
    register = np.isin(netlist.cells.kind[netlist.cell_type], (Kind.FLOP, Kind.LATCH))
    ends = np.flatnonzero(known & is_clock & register[netlist.pin_cell])
    leads = np.zeros(netlist.n_nets, dtype=bool)
    leads[netlist.pin_net[ends]] = True
    is_input = netlist.cells.pin_direction[netlist.pin_type] == Direction.INPUT
    pins = np.flatnonzero(known & is_input & through[netlist.pin_cell])
    gate = netlist.cells.kind[netlist.cell_type[netlist.pin_cell[pins]]] == Kind.CLOCK_GATE
    pins = pins[~gate | is_clock[pins]]
    target = output[netlist.pin_cell[pins]]
    while True:
        found = leads[target] & ~leads[netlist.pin_net[pins]]
        if not found.any():
            return leads
        leads[netlist.pin_net[pins[found]]] = True
