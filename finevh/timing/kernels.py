"""Compiled kernels around the forward one: what reaches what, needs of endpoints, look-ups of changed cells.

Arrivals are relative to the edges of their clocks, so that no clock period enters. Edges: 0 rise, 1 fall.
"""

from __future__ import annotations

import numpy as np

from finevh.timing.forward import LOADED, STALE
from finevh.timing.lookup import pair


def _reach(g, tags):  # type: ignore[no-untyped-def]
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


def _fan_in(g, marked):  # type: ignore[no-untyped-def]
    """Mark (n_node) all nodes that lead to a marked one."""
    arc_ptr, arc_source = g.arc_ptr, g.arc_source
    for v in range(marked.shape[0] - 1, -1, -1):
        if marked[v]:
            for a in range(arc_ptr[v], arc_ptr[v + 1]):
                marked[arc_source[a]] = 1


def _needs(g, t, nets, point, rows, data, clock, touched, need):  # type: ignore[no-untyped-def]
    """Time, ps, that each row needs: its slack is ``coefficient * period - need``; -inf where nothing arrives.

    Only rows whose data or clock node is ``touched`` (n_node) are computed.
    """
    late = data.late[0]
    record, axes, table, table_base = t.record, t.axes, t.values, point.table_base
    row_node, row_tag, row_clock, row_clock_tag, row_edge = (
        rows.node, rows.tag, rows.clock_node, rows.clock_tag, rows.clock_edge
    )  # fmt: skip
    row_cell, row_local, row_add, ideal, ideal_slew = rows.cell, rows.local, rows.add, g.ideal, g.clock_slew
    net = g.derate[1]
    data_arrival, data_slew, clock_arrival, slews = data.arrival, data.slew, clock.arrival, clock.slew
    mode, row_sink, row_clock_sink = nets.mode[0], rows.sink, rows.clock_sink
    data_far, data_at, clock_far, clock_at = data.sink_delay, data.at, clock.sink_delay, clock.at
    for e in range(row_node.shape[0]):
        v = row_node[e]
        u = row_clock[e]
        if not touched[v] and (u < 0 or not touched[u]):
            continue
        worst = -np.inf
        k = row_tag[e]
        capture = 0.0
        clock_slew = 0.0
        if u >= 0 and not ideal[row_clock_tag[e]]:
            capture = clock_arrival[row_clock_tag[e], u, row_edge[e]]
            clock_slew = slews[u, row_edge[e]]
            if mode:
                capture += net * clock_far[row_clock_sink[e], row_edge[e]]
                clock_slew = clock_at[4 * row_clock_sink[e] + 2 + row_edge[e]]
        if u >= 0 and ideal_slew[u, row_edge[e]] >= 0.0:
            clock_slew = ideal_slew[u, row_edge[e]]
        for r in range(2):
            a = data_arrival[k, v, r]
            if not np.isfinite(a):
                continue
            data_slew_here = data_slew[v, r]
            if mode:
                a += net * data_far[row_sink[e], r]
                data_slew_here = data_at[4 * row_sink[e] + 2 + r]
            margin = row_add[e, r]
            c = row_cell[e]
            if c >= 0:
                rec = (table_base[c] + row_local[e]) * 2 + r
                if record[rec, 1] == 0:
                    continue
                d, _ = pair(record, axes, table, rec, clock_slew, data_slew_here, False)
                margin += d
            ahead = a - capture
            worst = max(worst, margin + (ahead if late else -ahead))
        need[e] = worst


def _place(corner_of, n_arc, n_pin, arc_ptr, pin_ptr, type_of, n_type, cell_type, cell_variant, cell_vdd, cells, point):  # type: ignore[no-untyped-def]  # fmt: skip
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


def _place_nodes(node_cell, corner_of, cell_type, cell_variant, cell_vdd, type_of, n_type, n_driver, port_vdd, point):  # type: ignore[no-untyped-def]  # fmt: skip
    """Headers and supplies of all nodes."""
    node_head, node_vdd = point.node_head, point.node_vdd
    for v in range(node_cell.shape[0]):
        c = node_cell[v]
        if c < 0:
            node_head[v], node_vdd[v] = 0, port_vdd
        else:
            corner = corner_of[cell_variant[c], cell_vdd[c]]
            node_head[v] = corner * n_driver * n_type + type_of[cell_type[c]]
            node_vdd[v] = cell_vdd[c]


def _change(  # type: ignore[no-untyped-def]
    g,
    pin_ptr,
    pin_node,
    corner_of,
    cell_type,
    cell_variant,
    cell_vdd,
    type_of,
    n_type,
    n_driver,
    cells,
    point,
    dirty,
    touched,
):
    """New headers of the nodes of ``cells``; marks what their change can touch at once: around the cells, and behind them."""
    node_cell, fan_ptr, fan_node = g.node_cell, g.fan_ptr, g.fan_node
    node_head, node_vdd = point.node_head, point.node_vdd
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
            if node_vdd[v] != cell_vdd[c]:
                node_vdd[v] = cell_vdd[c]
                if n_driver > 1:
                    for f in range(fan_ptr[v], fan_ptr[v + 1]):
                        dirty[fan_node[f]] |= STALE
