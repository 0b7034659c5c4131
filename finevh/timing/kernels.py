"""Compiled kernels around the forward one: what reaches what, needs of endpoints, look-ups of changed cells.

Arrivals are relative to the edges of their clocks, so that no clock period enters. Edges: 0 rise, 1 fall.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int, Real
from finevh.technology.nldm import pair
from finevh.timing.arrays import Byte, Graph, Nets, Point, Rows, Tables, Values
from finevh.timing.sweep.forward import LOADED, STALE
from finevh.timing.sweep.lanes import Width


def _reach(g: Graph, tags: NDArray[np.bool_]) -> None:
    """Propagate the sets of tags (n_node, 2) through all arcs."""
    arc_ptr, arc_source, arc_mask, arc_class, remap = g.arc_ptr, g.arc_source, g.arc_mask, g.arc_class, g.remap
    for v in range(arc_ptr.shape[0] - 1):
        for a in range(arc_ptr[v], arc_ptr[v + 1]):
            for e in range(4):
                if not (arc_mask[a] >> e) & 1:
                    continue
                m = tags[arc_source[a], e >> 1]
                k = 0
                while m:
                    if m & 1:
                        to = remap[arc_class[a], k] if arc_class[a] else k
                        if to >= 0:
                            tags[v, e & 1] |= 1 << to
                    m >>= 1
                    k += 1


def _fan_in(g: Graph, marked: NDArray[np.bool_]) -> None:
    """Mark (n_node) all nodes that lead to a marked one."""
    arc_ptr, arc_source = g.arc_ptr, g.arc_source
    for v in range(marked.shape[0] - 1, -1, -1):
        if marked[v]:
            for a in range(arc_ptr[v], arc_ptr[v + 1]):
                marked[arc_source[a]] = 1


# Columns by name: a compiled kernel takes plain arrays.
def _needs(
    g: Graph,
    slot: Int,
    t: Tables,
    nets: Nets,
    point: Point,
    rows: Rows,
    data: Values,
    clock: Values,
    late: bool,
    touched: Int,
    need: Real,
    width: Width,
) -> None:
    """Time, ps, that each row needs: its slack is ``coefficient * period - need``; -inf where nothing arrives.

    ``need`` (n_row * lanes). Only rows whose data or clock node is ``touched`` (n_node) are computed.
    """
    lanes = len(width)
    n_node = g.node_cell.shape[0]
    record, axes, table, mode, net = t.record, t.axes, t.values, nets.mode[0], g.derate[1]
    for e in range(rows.node.shape[0]):
        v, u = np.int64(rows.node[e]), np.int64(rows.clock_node[e])
        if not touched[v] and (u < 0 or not touched[u]):
            continue
        seen = u >= 0 and not g.ideal[rows.clock_tag[e]]
        edge, c = rows.clock_edge[e], np.int64(rows.cell[e])
        s = np.int64(slot[rows.sink[e]]) if mode else np.int64(0)
        for k in range(lanes):
            worst, capture, clock_slew = -np.inf, 0.0, 0.0
            if seen:
                capture = clock.arrival[(2 * (rows.clock_tag[e] * n_node + u) + edge) * lanes + k]
                clock_slew = clock.slew[(2 * u + edge) * lanes + k]
                if mode:
                    q = np.int64(slot[rows.clock_sink[e]])
                    capture += net * clock.sink_delay[(2 * q + edge) * lanes + k]
                    clock_slew = clock.at[(4 * q + 2 + edge) * lanes + k]
            if u >= 0 and g.clock_slew[u, edge] >= 0.0:
                clock_slew = g.clock_slew[u, edge]
            for r in range(2):
                a = data.arrival[(2 * (rows.tag[e] * n_node + v) + r) * lanes + k]
                if not np.isfinite(a):
                    continue
                data_slew = data.slew[(2 * v + r) * lanes + k]
                if mode:
                    a += net * data.sink_delay[(2 * s + r) * lanes + k]
                    data_slew = data.at[(4 * s + 2 + r) * lanes + k]
                margin = rows.add[e, r]
                if c >= 0:
                    base = (
                        point.table_base[c] if lanes == 1 else point.table_base[2 * c + (point.cell_rail[c] >> k & 1)]
                    )
                    rec = (np.int64(base) + rows.local[e]) * 2 + r
                    if record[rec, 1] == 0:
                        continue
                    d, _ = pair(record, axes, table, rec, clock_slew, data_slew, False)
                    margin += d
                ahead = a - capture
                worst = max(worst, margin + (ahead if late else -ahead))
            need[e * lanes + k] = worst


# Columns by name: a compiled kernel takes plain arrays.
def _place(
    corner_of: Int,
    n_arc: int,
    n_pin: int,
    arc_ptr: Int,
    pin_ptr: Int,
    type_of: Int,
    n_type: int,
    cell_type: Int,
    cell_variant: Byte,
    cell_vdd: Int,
    cells: Int,
    point: Point,
) -> int | np.int64:
    """Fill the look-up bases of ``cells``, and note types and corners; returns a cell whose corner does not exist, or -1."""
    table_base, cap_base, present = point.table_base, point.cap_base, point.present
    for i in range(cells.shape[0]):
        c = cells[i]
        corner = corner_of[cell_variant[c], cell_vdd[c]]
        if corner < 0:
            return np.int64(c)
        kind = cell_type[c]
        table_base[c] = corner * n_arc + arc_ptr[kind]
        cap_base[c] = corner * n_pin + pin_ptr[kind]
        present[corner * n_type + type_of[kind]] = 1
    return np.int64(-1)


# Columns by name: a compiled kernel takes plain arrays.
def _place_nodes(
    node_cell: Int,
    corner_of: Int,
    cell_type: Int,
    cell_variant: Byte,
    cell_vdd: Int,
    type_of: Int,
    n_type: int,
    n_driver: int,
    port_vdd: int,
    point: Point,
) -> None:
    """Headers and supplies of all nodes."""
    node_head, node_rail = point.node_head, point.node_rail
    for v in range(node_cell.shape[0]):
        c = node_cell[v]
        if c < 0:
            node_head[v], node_rail[v] = 0, port_vdd
        else:
            corner = corner_of[cell_variant[c], cell_vdd[c]]
            node_head[v] = corner * n_driver * n_type + type_of[cell_type[c]]
            node_rail[v] = cell_vdd[c]


def _rails(maps: NDArray[np.bool_], low: Int, high: Int, rail: Int) -> int | np.int64:
    """Bit set of the maps (n_map, n_cell) that put each cell at ``high``; how many of the cells of all are at neither rail."""
    other = 0
    for c in range(maps.shape[1]):
        bits = 0
        for k in range(maps.shape[0]):
            at_high = maps[k, c] == high
            other += not at_high and maps[k, c] != low
            bits |= int(at_high) << k
        rail[c] = bits
    return other


# Columns by name: a compiled kernel takes plain arrays.
def _place_lanes(
    node_cell: Int,
    corner_of: Int,
    arc_ptr: Int,
    pin_ptr: Int,
    n_arc: int,
    n_pin: int,
    cell_type: Int,
    cell_variant: Byte,
    type_of: Int,
    n_type: int,
    n_driver: int,
    ports_high: NDArray[np.bool_],
    lanes: Int,
    point: Point,
) -> int | np.int64:
    """Look-up bases of all cells and nodes at both rails of ``point``; returns a cell whose corner does not exist, or -1."""
    for c in range(cell_type.shape[0]):
        kind = cell_type[c]
        for r in range(2):
            corner = corner_of[cell_variant[c], point.rails[r]]
            if corner < 0:
                return np.int64(c)
            point.table_base[2 * c + r] = corner * n_arc + arc_ptr[kind]
            point.cap_base[2 * c + r] = corner * n_pin + pin_ptr[kind]
            point.present[corner * n_type + type_of[kind]] = 1
    for v in range(node_cell.shape[0]):
        c = node_cell[v]
        if c < 0:
            point.node_head[2 * v] = point.node_head[2 * v + 1] = 0
            point.node_rail[v] = (1 << lanes) - 1 if ports_high else 0
            continue
        for r in range(2):
            corner = corner_of[cell_variant[c], point.rails[r]]
            point.node_head[2 * v + r] = corner * n_driver * n_type + type_of[cell_type[c]]
        point.node_rail[v] = point.cell_rail[c]
    return np.int64(-1)


# Columns by name: a compiled kernel takes plain arrays.
def _change(
    g: Graph,
    pin_ptr: Int,
    pin_node: Int,
    corner_of: Int,
    cell_type: Int,
    cell_variant: Byte,
    cell_vdd: Int,
    type_of: Int,
    n_type: int,
    n_driver: int,
    cells: Int,
    point: Point,
    dirty: Byte,
    touched: Int,
) -> None:
    """New headers of the nodes of ``cells``; marks what their change can touch at once: around the cells, and behind them."""
    node_cell, fan_ptr, fan_node = g.node_cell, g.fan_ptr, g.fan_node
    node_head, node_rail = point.node_head, point.node_rail
    for i in range(cells.shape[0]):
        c = cells[i]
        corner = corner_of[cell_variant[c], cell_vdd[c]]
        for p in range(pin_ptr[c], pin_ptr[c + 1]):
            v = pin_node[p]
            if v < 0:
                continue
            touched[v] = 1
            if node_cell[v] != c:
                dirty[v] |= LOADED
                continue
            dirty[v] |= LOADED | STALE
            node_head[v] = corner * n_driver * n_type + type_of[cell_type[c]]
            if node_rail[v] != cell_vdd[c]:
                node_rail[v] = cell_vdd[c]
                if n_driver > 1:
                    for f in range(fan_ptr[v], fan_ptr[v + 1]):
                        dirty[fan_node[f]] |= STALE
