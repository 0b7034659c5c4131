"""Compiled timing kernels over plain arrays; one node function serves full, incremental and batch evaluation.

Arrivals are relative to the edges of their clocks, so that no clock period enters. Edges: 0 rise, 1 fall.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from finevh.technology.model import Int, Real


class Graph(NamedTuple):
    """Arrays of the structure that the kernels read (see :class:`Structure`)."""

    node_cell: Int
    node_port: Int
    arc_ptr: Int
    arc_source: Int
    arc_sink: Int
    arc_local: Int
    arc_mask: np.ndarray
    sink_ptr: Int
    sink_port: Int
    sink_cell: Int
    sink_local: Int
    fan_ptr: Int
    fan_node: Int
    tags: np.ndarray
    """(n_node, 2) int32 bit sets of the tags that reach each node and edge."""
    launch: Int
    """(n_tag) data tag that a clock tag launches, -1 for data tags."""
    ideal: np.ndarray
    """(n_tag) uint8, 1 where registers see the tag's clock as ideal."""
    port_arrival: Real
    """(n_tag, n_port, 2) ps, -inf or inf where none."""
    port_slew: Real
    """(n_port, 2) ps."""
    port_load: Real
    """(n_port, 2) fF."""
    port_drive: Int
    """(n_port, 3) table record of a driving cell by edge and its driver's input slew row, -1 where none."""
    port_drive_slew: Real
    """(n_port, 2) ps at the driving cell's input."""


class Tables(NamedTuple):
    """Arrays of :class:`PackedTables`."""

    record: Int
    cross_record: Int
    axes: Real
    values: Real
    pin_cap: Real


class Point(NamedTuple):
    """What one evaluation looks up for each cell and net."""

    table_base: Int
    """(n_cell) row of the cell's first arc in ``record``, in units of two edges."""
    cap_base: Int
    """(n_cell) row of the cell's first pin in ``pin_cap``."""
    cell_vdd: Int
    wire_cap: Real
    """(n_node) fF."""
    port_vdd: np.ndarray
    """(1) int32 Vdd index of the ports."""


class Values(NamedTuple):
    """What one evaluation finds; ``late`` says which extreme."""

    arrival: Real
    """(n_tag, n_node, 2) ps."""
    slew: Real
    """(n_node, 2) ps."""
    load: Real
    """(n_node, 2) fF."""
    late: np.ndarray
    """(1) uint8."""


@numba.njit(inline="always")
def pair(record, axes, u, rec, slew, load, clamp):  # type: ignore[no-untyped-def]
    """Delay and output slew of a record: bilinear; beyond the axes linear, or held where ``clamp``."""
    x, nx, y, ny, v = record[rec, 0], record[rec, 1], record[rec, 2], record[rec, 3], record[rec, 4]
    i = x
    while i < x + nx - 2 and slew >= axes[i + 1]:
        i += 1
    j = y
    while j < y + ny - 2 and load >= axes[j + 1]:
        j += 1
    f = (slew - axes[i]) / (axes[i + 1] - axes[i])
    g = (load - axes[j]) / (axes[j + 1] - axes[j])
    if clamp:
        f = min(max(f, 0.0), 1.0)
        g = min(max(g, 0.0), 1.0)
    p = v + 2 * ((i - x) * ny + j - y)
    q = p + 2 * ny
    a, b, c, d = (1.0 - f) * (1.0 - g), f * (1.0 - g), f * g, (1.0 - f) * g
    delay = a * u[p] + b * u[q] + c * u[q + 2] + d * u[p + 2]
    out = a * u[p + 1] + b * u[q + 1] + c * u[q + 3] + d * u[p + 3]
    return delay, out


def _sweep(g, t, point, values, dirty, full):  # type: ignore[no-untyped-def]
    """Evaluate dirty nodes in order and, unless ``full``, what changes behind them; returns how many were evaluated.

    The one body of code for full and incremental evaluation, so that both give the same bits.
    """
    # Local names: numba counts references at every access to a field of a tuple.
    node_cell, node_port, arc_ptr, arc_source = g.node_cell, g.node_port, g.arc_ptr, g.arc_source
    arc_local, arc_mask, tags, launch, ideal = g.arc_local, g.arc_mask, g.tags, g.launch, g.ideal
    sink_ptr, sink_cell, sink_local, sink_port = g.sink_ptr, g.sink_cell, g.sink_local, g.sink_port
    fan_ptr, fan_node, port_load, port_drive = g.fan_ptr, g.fan_node, g.port_load, g.port_drive
    port_slew, port_arrival, port_drive_slew = g.port_slew, g.port_arrival, g.port_drive_slew
    record, cross_record, axes, table, pin_cap = t.record, t.cross_record, t.axes, t.values, t.pin_cap
    table_base, cap_base, cell_vdd, wire_cap = point.table_base, point.cap_base, point.cell_vdd, point.wire_cap
    arrival, slew, load = values.arrival, values.slew, values.load
    port_vdd = point.port_vdd[0]
    late = values.late[0] != 0
    worst = -np.inf if late else np.inf
    n_tag = arrival.shape[0]
    n_vdd = cross_record.shape[0] // record.shape[0]
    new_arrival = np.empty((n_tag, 2))
    new_slew = np.empty(2)
    last_y = np.empty(2, np.int32)
    last_j = np.empty(2, np.int32)
    last_g = np.empty(2)
    ideal_clock = ideal[0] != 0
    count = 0
    for v in range(node_cell.shape[0]):
        if not dirty[v]:
            continue
        dirty[v] = 0
        count += 1
        for r in range(2):
            total = 0.0
            for s in range(sink_ptr[v], sink_ptr[v + 1]):
                c = sink_cell[s]
                if c >= 0:
                    total += pin_cap[cap_base[c] + sink_local[s], r]
                else:
                    total += port_load[sink_port[s], r]
            load[v, r] = total + wire_cap[v]
            new_slew[r] = worst
            last_y[r] = -1
            for k in range(n_tag):
                new_arrival[k, r] = worst
        cell = node_cell[v]
        if cell < 0:
            port = node_port[v]
            for r in range(2):
                new_slew[r] = port_slew[port, r]
                extra = 0.0
                rec = port_drive[port, r]
                if rec >= 0:
                    d1, s1 = pair(record, axes, table, rec, port_drive_slew[port, r], load[v, r], False)
                    d0, s0 = pair(record, axes, table, rec, port_drive_slew[port, r], 0.0, False)
                    extra = d1 - d0
                    new_slew[r] = s1
                for k in range(n_tag):
                    new_arrival[k, r] = port_arrival[k, port, r] + extra
        else:
            base = table_base[cell]
            own_vdd = cell_vdd[cell]
            for a in range(arc_ptr[v], arc_ptr[v + 1]):
                u = arc_source[a]
                mask = arc_mask[a]
                starts = mask & 16
                driver = node_cell[u]
                driver_vdd = cell_vdd[driver] if driver >= 0 else port_vdd
                for e in range(4):
                    if not (mask >> e) & 1:
                        continue
                    i = e >> 1
                    r = e & 1
                    m = tags[u, i]
                    slew_in = slew[u, i]
                    if starts and m and ideal_clock:
                        slew_in = 0.0
                    rec = (base + arc_local[a]) * 2 + r
                    x, nx, y, ny = record[rec, 0], record[rec, 1], record[rec, 2], record[rec, 3]
                    # Arcs into one pin share the load and nearly always its axis: search that once.
                    if y != last_y[r]:
                        last_y[r] = y
                        j = y
                        while j < y + ny - 2 and load[v, r] >= axes[j + 1]:
                            j += 1
                        last_j[r] = j - y
                        last_g[r] = (load[v, r] - axes[j]) / (axes[j + 1] - axes[j])
                    n = x
                    while n < x + nx - 2 and slew_in >= axes[n + 1]:
                        n += 1
                    f = (slew_in - axes[n]) / (axes[n + 1] - axes[n])
                    h = last_g[r]
                    p = record[rec, 4] + 2 * ((n - x) * ny + last_j[r])
                    q = p + 2 * ny
                    w0, w1, w2, w3 = (1.0 - f) * (1.0 - h), f * (1.0 - h), f * h, (1.0 - f) * h
                    delay = w0 * table[p] + w1 * table[q] + w2 * table[q + 2] + w3 * table[p + 2]
                    out = w0 * table[p + 1] + w1 * table[q + 1] + w2 * table[q + 3] + w3 * table[p + 3]
                    if n_vdd and driver_vdd != own_vdd:
                        cross = rec * n_vdd + driver_vdd
                        if cross_record[cross, 1] == 0:
                            delay = np.nan
                        else:
                            kd, ks = pair(cross_record, axes, table, cross, slew_in, load[v, r], True)
                            delay *= kd
                            out *= ks
                    if (out > new_slew[r]) == late:
                        new_slew[r] = out
                    k = 0
                    while m:
                        if m & 1:
                            to = k
                            start = arrival[k, u, i]
                            if starts:
                                to = launch[k]
                                if to >= 0 and ideal[k]:
                                    start = 0.0
                            if to >= 0:
                                end = start + delay
                                if (end > new_arrival[to, r]) == late:
                                    new_arrival[to, r] = end
                        m >>= 1
                        k += 1
            for r in range(2):
                if new_slew[r] == worst:
                    new_slew[r] = 0.0
        changed = False
        for r in range(2):
            if slew[v, r] != new_slew[r]:
                changed = True
                slew[v, r] = new_slew[r]
            for k in range(n_tag):
                if arrival[k, v, r] != new_arrival[k, r]:
                    changed = True
                    arrival[k, v, r] = new_arrival[k, r]
        if changed and not full:
            for f in range(fan_ptr[v], fan_ptr[v + 1]):
                dirty[fan_node[f]] = 1
    return count


class Rows(NamedTuple):
    """Endpoints: one row per (constrained pin, launching tag, capturing tag)."""

    sink: Int
    """(n_row) row of the sinks."""
    node: Int
    tag: Int
    cell: Int
    """(n_row) cell of the check arc, -1 for a port."""
    local: Int
    add: Real
    """(n_row, 2) ps beside the table: uncertainty, output delay."""
    clock_node: Int
    """(n_row) node of the capturing pin, -1 for none."""
    clock_sink: Int
    clock_tag: Int
    clock_edge: Int


def _needs(g, t, point, rows, data, clock, need):  # type: ignore[no-untyped-def]
    """Time, ps, that each row needs: its slack is ``coefficient * period - need``; -inf where nothing arrives."""
    late = data.late[0]
    record, axes, table, table_base = t.record, t.axes, t.values, point.table_base
    row_node, row_tag, row_clock, row_clock_tag, row_edge = (
        rows.node, rows.tag, rows.clock_node, rows.clock_tag, rows.clock_edge
    )  # fmt: skip
    row_cell, row_local, row_add, ideal = rows.cell, rows.local, rows.add, g.ideal
    data_arrival, data_slew, clock_arrival, slews = data.arrival, data.slew, clock.arrival, clock.slew
    for e in range(row_node.shape[0]):
        worst = -np.inf
        v = row_node[e]
        k = row_tag[e]
        capture = 0.0
        clock_slew = 0.0
        u = row_clock[e]
        if u >= 0 and not ideal[row_clock_tag[e]]:
            capture = clock_arrival[row_clock_tag[e], u, row_edge[e]]
            clock_slew = slews[u, row_edge[e]]
        for r in range(2):
            a = data_arrival[k, v, r]
            if not np.isfinite(a):
                continue
            margin = row_add[e, r]
            c = row_cell[e]
            if c >= 0:
                rec = (table_base[c] + row_local[e]) * 2 + r
                if record[rec, 1] == 0:
                    continue
                d, _ = pair(record, axes, table, rec, clock_slew, data_slew[v, r], False)
                margin += d
            if late:
                worst = max(worst, a + margin - capture)
            else:
                worst = max(worst, capture + margin - a)
        need[e] = worst


def _prepare(corner_of, n_arc, n_pin, arc_ptr, pin_ptr, cell_type, cell_variant, point, cells):  # type: ignore[no-untyped-def]
    """Fill the look-up bases of ``cells``."""
    table_base, cap_base, cell_vdd = point.table_base, point.cap_base, point.cell_vdd
    for i in range(cells.shape[0]):
        c = cells[i]
        corner = corner_of[cell_variant[c], cell_vdd[c]]
        kind = cell_type[c]
        table_base[c] = corner * n_arc + arc_ptr[kind]
        cap_base[c] = corner * n_pin + pin_ptr[kind]


def _mark(g, pin_ptr, pin_node, cross, cells, dirty):  # type: ignore[no-untyped-def]
    """Mark the nodes whose value a change of ``cells`` can touch at once: around the cells, and behind them."""
    node_cell, fan_ptr, fan_node = g.node_cell, g.fan_ptr, g.fan_node
    for i in range(cells.shape[0]):
        c = cells[i]
        for p in range(pin_ptr[c], pin_ptr[c + 1]):
            v = pin_node[p]
            if v < 0:
                continue
            dirty[v] = 1
            if cross and node_cell[v] == c:
                for f in range(fan_ptr[v], fan_ptr[v + 1]):
                    dirty[fan_node[f]] = 1
