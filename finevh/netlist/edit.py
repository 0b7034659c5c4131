"""Edits of a netlist: each takes a netlist and returns a new one; untouched cells and nets keep their rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction, Int


@dataclass(frozen=True)
class BufferPlan:
    """Buffers to insert, possibly in trees.

    ``cell_type`` (n_buffer) are one-input one-output cells. Buffer ``b`` is driven by buffer ``parent[b]``, or by
    ``net[b]`` where ``parent[b]`` is -1; parents precede children. Pin ``moved_pin[i]`` (row of ``Netlist.pin_net``) goes
    behind buffer ``moved_to[i]``.
    """

    cell_type: Int
    net: Int
    parent: Int
    moved_pin: Int
    moved_to: Int


def free_names(taken: dict[str, int], prefix: str, count: int) -> tuple[str, ...]:
    """Return ``count`` names ``<prefix>_<k>`` that are not keys of ``taken``."""
    names: list[str] = []
    k = 0
    while len(names) < count:
        name = f"{prefix}_{k}"
        if name not in taken:
            names.append(name)
        k += 1
    return tuple(names)


def replace_cells(
    netlist: Netlist, cell_type: Int | None = None, cell_variant: NDArray[np.int8] | None = None
) -> Netlist:
    """Return the netlist with other drives or variants.

    Parameters
    ----------
    cell_type : (n_cell) int32, optional
        New rows of ``netlist.cells``; each must have the pins of the cell it replaces, in the same order.
    cell_variant : (n_cell) int8, optional

    Raises
    ------
    InputError
        If a replacement has other pins.
    """
    edited = netlist
    if cell_type is not None:
        cells = netlist.cells
        pairs = {(int(a), int(b)) for a, b in zip(netlist.cell_type, cell_type, strict=True) if a != b}
        for old, new in sorted(pairs):
            if cells.pins(old) != cells.pins(new):
                raise InputError(f"cell '{cells.names[new]}' can't replace '{cells.names[old]}': their pins differ")
        edited = replace(edited, cell_type=np.asarray(cell_type, dtype=np.int32))
    if cell_variant is not None:
        edited = replace(edited, cell_variant=np.asarray(cell_variant, dtype=np.int8))
    return edited


def insert_buffers(netlist: Netlist, plan: BufferPlan, prefix: str, variant: int = 0) -> Netlist:
    """Insert the buffers of ``plan``; new cells and nets are appended, named ``<prefix>_<k>``.

    Raises
    ------
    InputError
        If a cell of the plan is not a one-input one-output cell.
    """
    n_new = len(plan.cell_type)
    cells = netlist.cells
    input_first = np.empty(n_new, dtype=bool)
    for b, cell in enumerate(plan.cell_type):
        directions = cells.pin_direction[cells.pin_ptr[cell] : cells.pin_ptr[cell + 1]].tolist()
        if sorted(directions) != [Direction.INPUT, Direction.OUTPUT]:
            raise InputError(f"cell '{cells.names[cell]}' is no buffer: it needs one input and one output")
        input_first[b] = directions[0] == Direction.INPUT
    out_net = netlist.n_nets + np.arange(n_new, dtype=np.int32)
    in_net = np.where(plan.parent < 0, plan.net, out_net[plan.parent])
    pin_net = netlist.pin_net.copy()
    pin_net[plan.moved_pin] = out_net[plan.moved_to]
    new_pins = np.where(input_first[:, None], np.column_stack([in_net, out_net]), np.column_stack([out_net, in_net]))
    return replace(
        netlist,
        instance_names=netlist.instance_names + free_names(netlist.instance_index, prefix, n_new),
        cell_type=np.concatenate([netlist.cell_type, plan.cell_type]).astype(np.int32),
        cell_variant=np.concatenate([netlist.cell_variant, np.full(n_new, variant, dtype=np.int8)]),
        pin_ptr=np.concatenate(
            [netlist.pin_ptr, netlist.pin_ptr[-1] + 2 * np.arange(1, n_new + 1, dtype=np.int32)]
        ).astype(np.int32),
        pin_net=np.concatenate([pin_net, new_pins.ravel()]).astype(np.int32),
        net_names=netlist.net_names + free_names(netlist.net_index, f"{prefix}_net", n_new),
        net_constant=np.concatenate([netlist.net_constant, np.full(n_new, -1, dtype=np.int8)]),
    )


def sinks_by_net(netlist: Netlist) -> tuple[NDArray[np.int64], Int]:
    """Return the input pins of every net in CSR form: ``(ptr (n_net + 1), pin rows)``, pins ascending within a net."""
    is_sink = (netlist.cells.pin_direction[netlist.pin_type] == Direction.INPUT) & (netlist.pin_net != NO_NET)
    pins = np.flatnonzero(is_sink)
    order = np.argsort(netlist.pin_net[pins], kind="stable")
    counts = np.bincount(netlist.pin_net[pins], minlength=netlist.n_nets)
    return np.concatenate([[0], np.cumsum(counts)]), pins[order].astype(np.int32)


def append_cells(
    netlist: Netlist, cell_type: Int, pin_net: Int, instance_names: tuple[str, ...], net_names: tuple[str, ...]
) -> Netlist:
    """Return the netlist with further instances and nets behind its own.

    Parameters
    ----------
    cell_type : (n_new) rows of ``netlist.cells``.
    pin_net : nets of all pins of the new instances, in the order of their cells' pins; new nets count on from ``n_nets``.
    instance_names, net_names : names that the netlist does not have.

    Raises
    ------
    InputError
        If a name is taken, or pins and cells do not match.
    """
    for name in instance_names:
        if name in netlist.instance_index:
            raise InputError(f"new instance '{name}': the netlist has an instance of that name")
    for name in net_names:
        if name in netlist.net_index:
            raise InputError(f"new net '{name}': the netlist has a net of that name")
    count = np.diff(netlist.cells.pin_ptr)[cell_type]
    if len(cell_type) != len(instance_names) or len(pin_net) != count.sum():
        raise InputError(
            f"{len(cell_type)} new instances: {len(instance_names)} names and {len(pin_net)} of {count.sum()} pins given"
        )
    return replace(
        netlist,
        instance_names=netlist.instance_names + instance_names,
        cell_type=np.concatenate([netlist.cell_type, cell_type]).astype(np.int32),
        cell_variant=np.concatenate([netlist.cell_variant, np.zeros(len(cell_type), dtype=np.int8)]),
        pin_ptr=np.concatenate([netlist.pin_ptr, netlist.pin_ptr[-1] + np.cumsum(count)]).astype(np.int32),
        pin_net=np.concatenate([netlist.pin_net, pin_net]).astype(np.int32),
        net_names=netlist.net_names + net_names,
        net_constant=np.concatenate([netlist.net_constant, np.full(len(net_names), -1, dtype=np.int8)]),
    )
