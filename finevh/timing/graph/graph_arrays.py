"""From the bound structure of a netlist to the arrays that kernels read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from finevh.constraints.model import Constraints, DrivingCell
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Real, Sense
from finevh.timing.delay.arc_tables import Blocks
from finevh.timing.delay.packed_tables import PackedTables
from finevh.timing.graph.entries import PLAIN, Entries
from finevh.timing.graph.ports import PortConditions
from finevh.timing.graph.sdc_derates import derate_factors
from finevh.timing.graph.structure import PROPAGATING, Structure
from finevh.timing.graph.tags import TagSet
from finevh.timing.sweep.arrays import Graph, Nets, Rows, Walk
from finevh.timing.sweep.compiled import as_int
from finevh.timing.sweep.slots import shared_slots


# Columns by name: a compiled kernel takes plain arrays.
def graph_arrays(
    netlist: Netlist, s: Structure, ports: PortConditions, tags: TagSet, node_tags: Int, tables: PackedTables, port_vdd: int,
    constraints: Constraints, seeds: Int, *, late: bool,
) -> Graph:  # fmt: skip
    """Arrays of the structure for one end.

    Parameters
    ----------
    seeds : (n_node) column of the arrivals where clocks are made inside the design, else -1
    """
    end = 0 if late else 1
    n = len(netlist.port_names)
    drive = np.full((n, 2), -1, dtype=np.int32)
    drive_slew = np.zeros((n, 2))
    for r in (0, 1):
        for port, cell in enumerate(ports.drives[end][r]):
            if cell is None:
                continue
            arc = _drive_arc(netlist, cell)
            corner = int(tables.corner_of[0, port_vdd])
            tables.need(corner, np.array([netlist.cells.index[cell.cell]]))
            drive[port, r] = (corner * tables.n_arc + arc) * 2 + r
            # Slews are given by the edge of the driving cell's input, tables go by that of its output.
            slews = cell.input_rise, cell.input_fall
            sense = netlist.cells.arc_sense[arc]
            worse = max(slews) if late else min(slews)
            drive_slew[port, r] = (
                slews[1 - r] if sense == Sense.NEGATIVE else worse if sense == Sense.NON_UNATE else slews[r]
            )
    propagated = [tag.is_clock and constraints.is_propagated(tags.clocks[tag.clock]) for tag in tags.tags]
    ideal = np.array(
        [tag.is_clock and not p for tag, p in zip(tags.tags, propagated, strict=True)] or [True], dtype=np.uint8
    )
    return Graph(
        s.node_cell, s.node_port, s.arc_ptr, s.arc_source, s.arc_sink, s.arc_local, s.arc_mask, s.sink_ptr,
        s.sink_port, s.sink_cell, s.sink_local, s.fan_ptr, s.fan_node, node_tags, tags.arc_class,
        tags.remap if late else tags.early_remap, ideal,
        ports.late if late else ports.early, ports.slew[end], ports.load[end], drive, drive_slew, seeds,
        _clock_slews(tags, node_tags, ideal, late), derate_factors(constraints, late),
    )  # fmt: skip


def reach_arrays(s: Structure, tags: TagSet) -> Graph:
    """The part of a graph that says what reaches what; the rest is empty."""
    none, real = np.empty(0, dtype=np.int32), np.empty(0)
    none2, real2 = np.empty((0, 2), dtype=np.int32), np.empty((0, 2))
    return Graph(
        s.node_cell, s.node_port, s.arc_ptr, s.arc_source, s.arc_sink, s.arc_local, s.arc_mask, s.sink_ptr, s.sink_port,
        s.sink_cell, s.sink_local, s.fan_ptr, s.fan_node, none2, tags.arc_class, tags.remap, np.empty(0, dtype=np.uint8),
        np.empty((0, 0, 2)), real2, real2, none2, real2, none, real2, real,
    )  # fmt: skip


def _clock_slews(tags: TagSet, node_tags: Int, ideal: NDArray[np.uint8], late: bool) -> Real:
    """(n_node, 2) slew, ps, that registers see where their clock is ideal, else -1: of several clocks the worst."""
    found = np.full(node_tags.shape, -1.0)
    end, worst = ("max", np.maximum) if late else ("min", np.minimum)
    for k, tag in enumerate(tags.tags):
        if not ideal[k]:
            continue
        for r in (0, 1):
            on = (node_tags[:, r] >> k & 1) > 0
            slew = tags.clocks[tag.clock].transition.get((end, r), 0.0)
            found[on, r] = np.where(found[on, r] < 0.0, slew, worst(found[on, r], slew))
    return found


def _drive_arc(netlist: Netlist, drive: DrivingCell) -> int:
    """Row of the library's arc that drives a port: of a given output and input, else the first."""
    cells = netlist.cells
    cell = cells.index[drive.cell]
    names = cells.pins(cell)
    for k in range(cells.arc_ptr[cell], cells.arc_ptr[cell + 1]):
        to, source = names[cells.arc_to[k]], names[cells.arc_from[k]]
        propagates = cells.arc_type[k] in PROPAGATING
        if propagates and drive.pin in ("", to) and drive.from_pin in ("", source):
            return k
    raise InputError(f"set_driving_cell: cell '{drive.cell}' has no arc to pin '{drive.pin}' from '{drive.from_pin}'")


def walk_arrays(
    entries: Entries, blocks: Blocks, kind: NDArray[np.uint8], cell_class: Int, s: Structure, nets: Nets | None
) -> Walk:
    """Entries and blocks as the kernel walks them; ``cell_class`` (n_entry) is that of the cell each entry is in."""
    longest = int(np.diff(nets.tree_ptr).max(initial=1)) if nets else 1
    most = int(np.diff(s.sink_ptr).max(initial=1))
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
        slot=np.arange(len(s.sink_node) if nets else 0, dtype=np.int32),
        kept=np.ones(s.n_node, dtype=np.uint8),
        head=blocks.head.reshape(-1),
        points=blocks.points,
        lines=blocks.lines,
        sizes=np.array([blocks.n_type, blocks.n_driver, longest, most], dtype=np.int32),
    )


def lean_walk(
    walk: Walk, s: Structure, entries: Entries, rows: Sequence[Rows], registers: Int, wired: bool
) -> tuple[Walk, int]:
    """A walk for evaluations that keep what endpoints need alone; with wires also the rows that their sinks take.

    Parameters
    ----------
    rows : endpoints
    registers : (n, 4) clock pins that a propagated tree is measured at; node in column 1, sink in column 3
    """
    into = as_int(np.repeat(np.arange(2 * s.n_node), np.diff(entries.ptr)) // 2)
    kept = walk.kind != PLAIN
    kept[entries.source[walk.kind[into] != PLAIN]] = True
    for ends in rows:
        kept[ends.node] = True
        kept[ends.clock_node[ends.clock_node >= 0]] = True
    kept[registers[:, 1]] = True
    walk = walk._replace(kept=kept.astype(np.uint8))
    if not wired:
        return walk, 0
    stays = np.concatenate([part for ends in rows for part in (ends.sink, ends.clock_sink)] + [registers[:, 3]])
    slot, n_row = shared_slots(s.sink_ptr, into, entries.sink, stays[stays >= 0])
    return walk._replace(slot=slot, place=as_int(slot[entries.sink] * 4 + entries.edge)), n_row


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


def typical_caps(netlist: Netlist, s: Structure, ports: PortConditions, t: PackedTables) -> Real:
    """(n_sink) pin capacitance, fF, of each sink at a middle supply, the mean of rise and fall."""
    corner = int(t.corner_of[0, len(t.vdds) // 2])
    cap = t.pin_cap[corner * t.n_pin : (corner + 1) * t.n_pin].mean(axis=1)
    found = np.zeros(len(s.sink_cell))
    inner = s.sink_cell >= 0
    found[inner] = cap[netlist.cells.pin_ptr[netlist.cell_type[s.sink_cell[inner]]] + s.sink_local[inner]]
    found[~inner] = ports.load[0].mean(axis=1)[s.sink_port[~inner]]
    return found
