"""Entries: what the forward kernel walks. One entry joins all arcs from one pin edge to one output edge of a cell.

A Liberty gives several conditional arcs between the same two pins. All that constants leave possible act together: the
worst delay and the worst slew count. So the kernel sees one *entry* for each (input pin, its edge, output edge), and a
*group* number that says which arcs of the cell stand behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.technology.model import CellTable, Direction, Int, Technology
from finevh.timing.graph.structure import PROPAGATING, Structure
from finevh.timing.sweep.arrays import LAUNCHES

PLAIN, GENERAL, PORT = 0, 1, 2
_WORD = 62
"""Arcs of a cell are bits of words of this many bits."""


@dataclass(frozen=True)
class Entries:
    """Entries in the order of the nodes they end in, those of the rising output edge first."""

    ptr: Int
    """(2 n_node + 1) entries of ``2 * node + output edge``."""
    source: Int
    """(n_entry) node that drives the input pin."""
    sink: Int
    """(n_entry) input pin as a row of the sinks."""
    edge: Int
    """(n_entry) edge of the input pin."""
    group: Int
    """(n_entry) number within the cell's class."""
    arc: Int
    """(n_entry) first of the entry's arcs: row of the structure's arcs."""
    groups: tuple[tuple[tuple[int, tuple[int, ...]], ...], ...]
    """Per class of cells: output edge and local arcs of each group."""


def classes_of(cells: CellTable) -> Int:
    """(n_cell_type) number of each cell's class: the same pins and arcs, so that one may stand in place of another."""
    known: dict[tuple[object, ...], int] = {}
    found = np.empty(len(cells.names), dtype=np.int32)
    for kind in range(len(cells.names)):
        arcs = slice(cells.arc_ptr[kind], cells.arc_ptr[kind + 1])
        columns = (cells.arc_from, cells.arc_to, cells.arc_type, cells.arc_sense)
        key = (len(cells.pins(kind)), *(c[arcs].tobytes() for c in columns))
        found[kind] = known.setdefault(key, len(known))
    return found


def _number(columns: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Number of each row's combination of values, equal for equal rows."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, here = np.unique(column, return_inverse=True)
        code = code * (int(here.max(initial=0)) + 1) + here
        _, code = np.unique(code, return_inverse=True)
    return code


def build_entries(structure: Structure, arc_class: Int, cell_class: Int) -> Entries:
    """Join the arcs of a structure.

    Parameters
    ----------
    arc_class : (n_arc) what arcs do to tags: arcs of different classes stay apart.
    cell_class : (n_node) class of the node's cell, any number for a port.
    """
    n = structure.n_node
    node = np.repeat(np.arange(n, dtype=np.int64), np.diff(structure.arc_ptr))
    parts = []
    for pair in range(4):
        rows = np.flatnonzero(structure.arc_mask >> pair & 1)
        parts.append(np.stack([node[rows] * 2 + (pair & 1), np.full(len(rows), pair >> 1), rows], axis=1))
    table = np.concatenate(parts) if parts else np.empty((0, 3), dtype=np.int64)
    into, edge, arc = (np.ascontiguousarray(column) for column in table.T)
    sink = structure.arc_sink[arc].astype(np.int64)
    apart = arc_class[arc].astype(np.int64) * 2 + ((structure.arc_mask[arc] & LAUNCHES) > 0)
    # One key per entry; arcs within it in their own order.
    most = int(apart.max(initial=0)) + 1
    key = (sink * 2 + edge) * most + apart
    # Arcs of one entry have one pair of edges, and are in their order already.
    order = np.argsort(into * (int(key.max(initial=0)) + 1) + key, kind="stable")
    into, edge, arc, sink, key = into[order], edge[order], arc[order], sink[order], key[order]
    fresh = np.ones(len(into), dtype=bool)
    fresh[1:] = (into[1:] != into[:-1]) | (key[1:] != key[:-1])
    first = np.flatnonzero(fresh)
    local = structure.arc_local[arc].astype(np.int64)
    words = []
    for word in range(int(local.max(initial=0)) // _WORD + 1):
        bits = np.where(local // _WORD == word, np.int64(1) << (local % _WORD), 0)
        words.append(np.bitwise_or.reduceat(bits, first) if len(first) else bits)
    into_first = into[first]
    owner = cell_class[into_first // 2].astype(np.int64)
    code = _number([owner * 2 + into_first % 2, *words])
    sample = np.full(int(code.max(initial=-1)) + 1, -1, dtype=np.int64)
    sample[code[::-1]] = np.arange(len(code))[::-1]
    ends = np.append(first[1:], len(arc))
    groups: list[list[tuple[int, tuple[int, ...]]]] = [[] for _ in range(int(cell_class.max(initial=-1)) + 1)]
    number = np.empty(len(sample), dtype=np.int32)
    for c, at in enumerate(sample.tolist()):
        members = groups[int(owner[at])]
        number[c] = len(members)
        members.append((int(into_first[at]) & 1, tuple(local[first[at] : ends[at]].tolist())))
    return Entries(
        ptr=np.concatenate([[0], np.cumsum(np.bincount(into_first, minlength=2 * n))]).astype(np.int32),
        source=structure.arc_source[arc[first]],
        sink=sink[first].astype(np.int32),
        edge=edge[first].astype(np.int32),
        group=number[code] if len(code) else np.empty(0, dtype=np.int32),
        arc=arc[first].astype(np.int32),
        groups=tuple(tuple(members) for members in groups),
    )


def node_kinds(structure: Structure, entries: Entries, arc_class: Int, node_tags: Int, seeds: Int) -> NDArray[np.uint8]:
    """(n_node) ``PLAIN`` where one tag, the first, comes and goes unchanged; ``PORT`` for ports; else ``GENERAL``."""
    n = structure.n_node
    into = np.repeat(np.arange(2 * n), np.diff(entries.ptr)) // 2
    special = arc_class[entries.arc] != 0
    special |= (structure.arc_mask[entries.arc] & LAUNCHES) > 0
    special |= (node_tags[entries.source, entries.edge] & ~1) != 0
    general = np.bincount(into, weights=special, minlength=n) > 0
    general |= ((node_tags[:, 0] | node_tags[:, 1]) & ~1) != 0
    general |= seeds >= 0
    kind = np.where(general, GENERAL, PLAIN)
    kind[structure.node_cell < 0] = PORT
    return kind.astype(np.uint8)


def missing_table(
    netlist: Netlist, technology: Technology, structure: Structure, arc: int, node_vdd: Int
) -> InputError:
    """Return the error of an arc without a table; ``node_vdd`` (n_node) rows of ``technology.vdds``."""
    node = int(np.searchsorted(structure.arc_ptr, arc, side="right") - 1)
    cell = int(structure.node_cell[node])
    own, swing = (technology.vdds[node_vdd[v]] for v in (node, structure.arc_source[arc]))
    who = f"instance '{netlist.instance_names[cell]}' at {own:g} V"
    if own == swing:
        return InputError(f"{who}: the Liberty of this corner has no delay table for one of its arcs; characterise it")
    return InputError(
        f"{who} driven from {swing:g} V: the technology has no cross-voltage derate for this pair; characterise it, "
        "or switch derates off"
    )


def own_loads(technology: Technology) -> NDArray[np.bool_]:
    """(n_pin of the library) pins beside inputs that are sinks of their nets: bidirectional ones, and outputs that have a
    capacitance or start arcs.

    Cells that may take each other's place agree.
    """
    cells, corners = technology.cells, technology.corners
    start = cells.pin_ptr[np.repeat(np.arange(len(cells.names)), np.diff(cells.arc_ptr))] + cells.arc_from
    found = np.asarray((np.maximum(corners.pin_cap_rise, corners.pin_cap_fall) > 0.0).any(axis=0), dtype=np.bool_)
    propagating = np.isin(cells.arc_type, PROPAGATING)
    found[start[propagating]] = True
    found = np.where(cells.pin_direction == Direction.OUTPUT, found, cells.pin_direction == Direction.INOUT)
    kinds = classes_of(cells)
    for kind in np.unique(kinds[np.repeat(np.arange(len(cells.names)), np.diff(cells.pin_ptr))[found]]).tolist():
        base = cells.pin_ptr[np.flatnonzero(kinds == kind)]
        local = np.arange(cells.pin_ptr[np.flatnonzero(kinds == kind)[0] + 1] - base[0])
        rows = base[:, None] + local
        found[rows] = found[rows].any(axis=0)
    return np.asarray(found, dtype=np.bool_)
