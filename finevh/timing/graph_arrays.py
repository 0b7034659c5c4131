"""From the bound structure of a netlist to the arrays that kernels read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.constraints.model import Constraints
from finevh.constraints.objects import Names
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Real, Sense
from finevh.timing.arrays import Graph, Nets, Walk
from finevh.timing.binding import PortConditions
from finevh.timing.blocks import Blocks
from finevh.timing.compiled import as_int
from finevh.timing.entries import Entries
from finevh.timing.structure import Structure
from finevh.timing.tables import PackedTables
from finevh.timing.tags import TagSet


def graph_arrays(
    netlist: Netlist, s: Structure, ports: PortConditions, tags: TagSet, node_tags: Int, tables: PackedTables, port_vdd: int,
    *, propagated: bool, late: bool,
) -> Graph:  # fmt: skip
    """Arrays of the structure for one end; ``propagated``: registers see their clocks' arrivals."""
    end = 0 if late else 1
    drive = np.full((len(netlist.port_names), 2), -1, dtype=np.int32)
    drive_slew = ports.drive_slew.copy()
    for port in np.flatnonzero(ports.drive_cell >= 0).tolist():
        arc = _drive_arc(netlist, ports, port)
        base = (int(tables.corner_of[0, port_vdd]) * tables.n_arc + arc) * 2
        drive[port] = base, base + 1
        # Slews are given by the edge of the driving cell's input, tables go by that of its output.
        if netlist.cells.arc_sense[arc] == Sense.NEGATIVE:
            drive_slew[port] = drive_slew[port, ::-1]
        elif netlist.cells.arc_sense[arc] == Sense.NON_UNATE:
            drive_slew[port] = drive_slew[port].max() if late else drive_slew[port].min()
    ideal = np.full(max(tags.n, 1), 0 if propagated else 1, dtype=np.uint8)
    return Graph(
        s.node_cell, s.node_port, s.arc_ptr, s.arc_source, s.arc_sink, s.arc_local, s.arc_mask, s.sink_ptr,
        s.sink_port, s.sink_cell, s.sink_local, s.fan_ptr, s.fan_node, node_tags, tags.arc_class, tags.remap, ideal,
        ports.late if late else ports.early, ports.slew[end], ports.load[end], drive, drive_slew,
    )  # fmt: skip


def _drive_arc(netlist: Netlist, ports: PortConditions, port: int) -> int:
    """Row of the library's arc that drives a port."""
    cells = netlist.cells
    cell = int(ports.drive_cell[port])
    names = cells.pins(cell)
    for k in range(cells.arc_ptr[cell], cells.arc_ptr[cell + 1]):
        to, source = names[cells.arc_to[k]], names[cells.arc_from[k]]
        if ports.drive_pin[port] in ("", to) and ports.drive_from[port] in ("", source):
            return k
    raise InputError(f"set_driving_cell: cell '{cells.names[cell]}' has no arc to pin '{ports.drive_pin[port]}'")


def walk_arrays(
    entries: Entries, blocks: Blocks, kind: NDArray[np.uint8], cell_class: Int, s: Structure, nets: Nets | None
) -> Walk:
    """Entries and blocks as the kernel walks them; ``cell_class`` (n_entry) is that of the cell each entry is in."""
    longest, most = (int(np.diff(p).max(initial=1)) if nets else 1 for p in (nets.tree_ptr if nets else (), s.sink_ptr))
    group = as_int(blocks.class_ptr[cell_class] + entries.group)
    wide = np.diff(blocks.group_ptr) > 1
    return Walk(
        ptr=entries.ptr,
        place=as_int((entries.sink if nets else entries.source) * 4 + entries.edge),
        source=entries.source,
        line=as_int(blocks.group_line[group] * 2 + wide[group]),
        group=group,
        arc=entries.arc,
        kind=kind,
        group_ptr=blocks.group_ptr,
        member=blocks.member,
        head=blocks.head,
        points=blocks.points,
        lines=blocks.lines,
        sizes=np.array([blocks.n_type, blocks.n_driver, longest, most], dtype=np.int32),
    )


def check_tables(netlist: Netlist, s: Structure) -> None:
    """Every arc in use has a table at some corner, or the library is at fault.

    Raises
    ------
    InputError
        Naming the cell and the table.
    """
    cells = netlist.cells
    owner = np.repeat(s.node_cell, np.diff(s.arc_ptr))
    rows = cells.arc_ptr[netlist.cell_type[owner]] + s.arc_local
    for r in (0, 1):
        needed = (s.arc_mask >> r & 5) > 0
        absent = np.flatnonzero(needed & (cells.arc_table[rows, r] < 0))
        if len(absent):
            cell = int(owner[absent[0]])
            kind = cells.names[netlist.cell_type[cell]]
            raise InputError(
                f"cell '{kind}' (instance '{netlist.instance_names[cell]}'): the Liberty has no "
                f"cell_{'rise' if r == 0 else 'fall'} table for one of its arcs"
            )


def bind_cases(names: Names, constraints: Constraints) -> tuple[dict[int, int], dict[int, int]]:
    """Values that case analysis gives to nets, and to single pins."""
    nets: dict[int, int] = {}
    pins: dict[int, int] = {}
    for objects, value in constraints.cases:
        for item in objects:
            if item.kind == "pin":
                for pin in names.find_pins(item.patterns, item.where):
                    pins[pin] = value
            else:
                for port in names.find_ports((item,)):
                    nets[int(names.netlist.port_net[port])] = value
    return nets, pins


def typical_caps(netlist: Netlist, s: Structure, ports: PortConditions, t: PackedTables) -> Real:
    """(n_sink) pin capacitance, fF, of each sink at a middle supply, the mean of rise and fall."""
    corner = int(t.corner_of[0, len(t.vdds) // 2])
    cap = t.pin_cap[corner * t.n_pin : (corner + 1) * t.n_pin].mean(axis=1)
    found = np.zeros(len(s.sink_cell))
    inner = s.sink_cell >= 0
    found[inner] = cap[netlist.cells.pin_ptr[netlist.cell_type[s.sink_cell[inner]]] + s.sink_local[inner]]
    found[~inner] = ports.load[0].mean(axis=1)[s.sink_port[~inner]]
    return found
