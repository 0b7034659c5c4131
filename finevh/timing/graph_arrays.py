"""From the bound structure of a netlist to the arrays that kernels read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.technology.model import Int
from finevh.timing.arrays import Graph, Walk
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
    for port in np.flatnonzero(ports.drive_cell >= 0).tolist():
        drive[port] = _drive_record(netlist, ports, tables, port_vdd, port)
    ideal = np.full(max(tags.n, 1), 0 if propagated else 1, dtype=np.uint8)
    return Graph(
        s.node_cell, s.node_port, s.arc_ptr, s.arc_source, s.arc_sink, s.arc_local, s.arc_mask, s.sink_ptr,
        s.sink_port, s.sink_cell, s.sink_local, s.fan_ptr, s.fan_node, node_tags, tags.arc_class, tags.remap, ideal,
        ports.late if late else ports.early, ports.slew[end], ports.load[end], drive, ports.drive_slew,
    )  # fmt: skip


def _drive_record(
    netlist: Netlist, ports: PortConditions, tables: PackedTables, port_vdd: int, port: int
) -> tuple[int, int]:
    """Records of the rise and fall of a port's driving cell at the ports' Vdd."""
    cells = netlist.cells
    cell = int(ports.drive_cell[port])
    names = cells.pins(cell)
    corner = int(tables.corner_of[0, port_vdd])
    for k in range(cells.arc_ptr[cell], cells.arc_ptr[cell + 1]):
        to, source = names[cells.arc_to[k]], names[cells.arc_from[k]]
        if ports.drive_pin[port] in ("", to) and ports.drive_from[port] in ("", source):
            base = (corner * tables.n_arc + k) * 2
            return base, base + 1
    raise InputError(f"set_driving_cell: cell '{cells.names[cell]}' has no arc to pin '{ports.drive_pin[port]}'")


def walk_arrays(entries: Entries, blocks: Blocks, kind: NDArray[np.uint8], cell_class: Int, with_wires: bool) -> Walk:
    """Entries and blocks as the kernel walks them; ``cell_class`` (n_entry) is that of the cell each entry is in."""
    group = as_int(blocks.class_ptr[cell_class] + entries.group)
    wide = np.diff(blocks.group_ptr) > 1
    return Walk(
        ptr=entries.ptr,
        place=as_int((entries.sink if with_wires else entries.source) * 4 + entries.edge),
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
        sizes=np.array([blocks.n_type, blocks.n_driver], dtype=np.int32),
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
