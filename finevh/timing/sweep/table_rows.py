"""Compiled kernels that write which table rows a cell reads: by its supply, variant and drivers; all cells, or those changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int
from finevh.timing.sweep.arrays import Byte, Graph, Point
from finevh.timing.sweep.forward import LOADED, STALE

NOTED, NEW_TYPE = -1, -2
"""What the placing of cells returns: their tables are known to be needed, or some are to be made."""


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
    """Fill the look-up bases of ``cells``, and note types and corners.

    Returns a cell whose corner does not exist, ``NOTED`` where no type is new at its corner, else ``NEW_TYPE``.
    """
    found = NOTED
    table_base, cap_base, present = point.table_base, point.cap_base, point.present
    for i in range(cells.shape[0]):
        c = cells[i]
        corner = corner_of[cell_variant[c], cell_vdd[c]]
        if corner < 0:
            return np.int64(c)
        kind = cell_type[c]
        table_base[c] = corner * n_arc + arc_ptr[kind]
        cap_base[c] = corner * n_pin + pin_ptr[kind]
        if not present[corner * n_type + type_of[kind]]:
            present[corner * n_type + type_of[kind]] = 1
            found = NEW_TYPE
    return np.int64(found)


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
            touched[v] |= LOADED | STALE
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
