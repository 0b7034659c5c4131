"""Puts a planned clock tree into a netlist."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.layout.clock_tree.build_tree import Role, TreePlan
from finevh.netlist.edit import append_cells
from finevh.netlist.model import Netlist
from finevh.technology.model import CellTable, Direction, Int

_NAMES = {Role.ROOT: "clock_root", Role.BRANCH: "clock_branch", Role.MATCH: "clock_match", Role.LEAF: "clock_leaf"}


def insert_tree(netlist: Netlist, plan: TreePlan) -> tuple[Netlist, Int]:
    """Return the netlist with the tree, and the instance (n) of each cell of the plan.

    New cells and nets are appended; buffers are named by their role, copies of a gate after the gate.
    """
    cells = netlist.cells
    new = ~plan.original
    instance = np.where(plan.original, plan.gate, 0).astype(np.int32)
    instance[new] = netlist.n_cells + np.arange(int(new.sum()), dtype=np.int32)
    clock_in, clock_out = np.zeros(plan.n, dtype=np.int64), np.zeros(plan.n, dtype=np.int64)
    for cell in np.unique(plan.cell_type).tolist():
        clock_in[plan.cell_type == cell], clock_out[plan.cell_type == cell] = clock_pins(cells, cell)
    kind = netlist.cell_type.copy()
    kind[plan.gate[plan.original]] = plan.cell_type[plan.original]
    gates = plan.gate >= 0
    first_pin = netlist.pin_ptr[np.maximum(plan.gate, 0)]
    _check_gates(netlist, plan)
    # A gate of logic takes the clock at the pin that is on the clock now.
    clock_in[gates] = plan.gate_in[gates]
    out_net = np.zeros(plan.n, dtype=np.int32)
    out_net[plan.original] = netlist.pin_net[first_pin[plan.original] + clock_out[plan.original]]
    out_net[new] = netlist.n_nets + np.arange(int(new.sum()), dtype=np.int32)
    in_net = np.where(plan.parent < 0, plan.source, out_net[np.maximum(plan.parent, 0)])
    pins: list[NDArray[np.int32]] = []
    for k in np.flatnonzero(new).tolist():
        width = int(cells.pin_ptr[plan.cell_type[k] + 1] - cells.pin_ptr[plan.cell_type[k]])
        row = np.full(width, -1, dtype=np.int32)
        if gates[k]:
            row[:] = netlist.pin_net[first_pin[k] : first_pin[k] + width]
        row[clock_in[k]], row[clock_out[k]] = in_net[k], out_net[k]
        pins.append(row)
    names = _names(netlist, plan)
    pin_net = netlist.pin_net.copy()
    pin_net[first_pin[plan.original] + clock_in[plan.original]] = in_net[plan.original]
    pin_net[plan.moved_pin] = out_net[plan.moved_to]
    edited = replace(netlist, cell_type=kind, pin_net=pin_net)
    columns = np.concatenate([np.empty(0, dtype=np.int32), *pins])
    made = append_cells(edited, plan.cell_type[new], columns, names, tuple(f"{name}_net" for name in names))
    return made, instance


def clock_pins(cells: CellTable, cell: int) -> tuple[int, int]:
    """Positions of the clock input and of the output among a cell's pins; of a buffer its only input."""
    pins = slice(cells.pin_ptr[cell], cells.pin_ptr[cell + 1])
    inputs = np.flatnonzero(cells.pin_direction[pins] == Direction.INPUT)
    clocked = inputs[cells.pin_is_clock[pins][inputs].astype(bool)]
    outputs = np.flatnonzero(cells.pin_direction[pins] == Direction.OUTPUT)
    return int((clocked if len(clocked) else inputs)[0]), int(outputs[0])


def _check_gates(netlist: Netlist, plan: TreePlan) -> None:
    """Refuse a drive of a gate that has other pins than the gate."""
    for k in np.flatnonzero(plan.gate >= 0).tolist():
        gate, cell = int(plan.gate[k]), int(plan.cell_type[k])
        if netlist.cells.pins(int(netlist.cell_type[gate])) != netlist.cells.pins(cell):
            name = netlist.instance_names[gate]
            raise InputError(f"clock gate '{name}': cell {netlist.cells.names[cell]} has other pins")


def _names(netlist: Netlist, plan: TreePlan) -> tuple[str, ...]:
    """Names of the new instances."""
    count: dict[str, int] = {}
    names = []
    for k in np.flatnonzero(~plan.original).tolist():
        gate = int(plan.gate[k])
        stem = _NAMES[Role(int(plan.role[k]))] if gate < 0 else f"{netlist.instance_names[gate]}_copy"
        number = count.get(stem, 0)
        while f"{stem}_{number}" in netlist.instance_index or f"{stem}_{number}_net" in netlist.net_index:
            number += 1
        count[stem] = number + 1
        names.append(f"{stem}_{number}")
    return tuple(names)
