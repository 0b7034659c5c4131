"""The configuration chain out of a design that came back: later stages time and weigh the design, not its configuration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from finevh.netlist import Netlist, Wires
from finevh.netlist.model import NO_NET
from finevh.technology.model import Direction, Int

Mask = NDArray[np.bool_]


def remove_chain(netlist: Netlist, wires: Wires, prefix: str) -> tuple[Netlist, Wires]:
    """Return design and wires without cells and ports whose names start with ``prefix``, and without what only they drove.

    Buffers that the layout tool put into the chain's nets go with them: nothing drives them any more. Nets left without
    pins go too; rows that stay keep their order.
    """
    is_input = netlist.cells.pin_direction[netlist.pin_type] == Direction.INPUT
    wired = netlist.pin_net != NO_NET
    keep_cell = np.array([not name.startswith(prefix) for name in netlist.instance_names], dtype=bool)
    keep_port = np.array([not name.startswith(prefix) for name in netlist.port_names], dtype=bool)
    touched = _touched(netlist, keep_cell, keep_port)
    while True:
        driven = _driven(netlist, keep_cell, keep_port)
        # A cell goes once no input is driven and at least one hung on the chain.
        on = is_input & wired
        cells = netlist.pin_cell[on]
        alive = np.zeros(netlist.n_cells, dtype=bool)
        alive[cells[driven[netlist.pin_net[on]]]] = True
        hung = np.zeros(netlist.n_cells, dtype=bool)
        hung[cells[touched[netlist.pin_net[on]]]] = True
        gone = keep_cell & hung & ~alive
        if not gone.any():
            break
        keep_cell &= ~gone
        touched |= _touched(netlist, keep_cell, keep_port)
    return _subset(netlist, wires, keep_cell, keep_port)


def _touched(netlist: Netlist, keep_cell: Mask, keep_port: Mask) -> Mask:
    """(n_net) whether anything that goes is on the net."""
    touched = np.zeros(netlist.n_nets, dtype=bool)
    going = ~keep_cell[netlist.pin_cell] & (netlist.pin_net != NO_NET)
    touched[netlist.pin_net[going]] = True
    ports = ~keep_port & (netlist.port_net != NO_NET)
    touched[netlist.port_net[ports]] = True
    return touched


def _driven(netlist: Netlist, keep_cell: Mask, keep_port: Mask) -> Mask:
    """(n_net) whether a cell or port that stays, or a constant, drives the net."""
    driven = np.asarray(netlist.net_constant >= 0, dtype=bool)
    output = netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT
    pins = output & keep_cell[netlist.pin_cell] & (netlist.pin_net != NO_NET)
    driven[netlist.pin_net[pins]] = True
    ports = keep_port & (netlist.port_direction == Direction.INPUT) & (netlist.port_net != NO_NET)
    driven[netlist.port_net[ports]] = True
    return driven


def _subset(netlist: Netlist, wires: Wires, keep_cell: Mask, keep_port: Mask) -> tuple[Netlist, Wires]:
    keep_pin = keep_cell[netlist.pin_cell]
    keep_net = np.zeros(netlist.n_nets, dtype=bool)
    for nets in (netlist.pin_net[keep_pin], netlist.port_net[keep_port]):
        keep_net[nets[nets != NO_NET]] = True
    keep_net |= ~_touched(netlist, keep_cell, keep_port)  # nets that never had to do with the chain stay as they are
    row = _rows(keep_net)
    pins = np.diff(netlist.pin_ptr)[keep_cell]
    smaller = replace(
        netlist,
        instance_names=_names(netlist.instance_names, keep_cell),
        cell_type=netlist.cell_type[keep_cell],
        cell_variant=netlist.cell_variant[keep_cell],
        pin_ptr=np.concatenate([[0], np.cumsum(pins)]).astype(np.int32),
        pin_net=_renumbered(netlist.pin_net[keep_pin], row),
        net_names=_names(netlist.net_names, keep_net),
        net_constant=netlist.net_constant[keep_net],
        port_names=_names(netlist.port_names, keep_port),
        port_direction=netlist.port_direction[keep_port],
        port_net=_renumbered(netlist.port_net[keep_port], row),
    )
    counts = np.diff(wires.node_ptr)
    keep_node = np.repeat(keep_net, counts)
    node = _rows(keep_node)
    return smaller, Wires(
        node_ptr=np.concatenate([[0], np.cumsum(counts[keep_net])]).astype(np.int32),
        node_parent=_renumbered(wires.node_parent[keep_node], node),
        node_res=wires.node_res[keep_node],
        node_cap=wires.node_cap[keep_node],
        pin_node=_renumbered(wires.pin_node[keep_pin], node),
        port_node=_renumbered(wires.port_node[keep_port], node),
        length=wires.length[keep_net],
    )


def _rows(keep: Mask) -> Int:
    """Map old rows to new ones; -1 for rows that go."""
    return np.where(keep, np.cumsum(keep) - 1, -1).astype(np.int32)


def _renumbered(values: Int, row: Int) -> Int:
    """Map row numbers; negative ones (no net, no node) stay."""
    if len(row) == 0:
        return values.copy()
    return np.where(values >= 0, row[np.maximum(values, 0)], values).astype(np.int32)


def _names(names: tuple[str, ...], keep: Mask) -> tuple[str, ...]:
    return tuple(name for name, kept in zip(names, keep.tolist(), strict=True) if kept)
