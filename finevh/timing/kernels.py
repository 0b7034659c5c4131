"""Compiled timing kernels over plain arrays; one node function serves full, incremental and batch evaluation.

Arrivals are relative to the edges of their clocks, so that no clock period enters. Edges: 0 rise, 1 fall.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from finevh.technology.model import Int, Real

_CALL = {"cache": True, "nogil": True, "error_model": "numpy"}


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
    """(n_node, 2) int64 bit sets of the tags that reach each node and edge."""
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
def _find(axes, start, n, x):  # type: ignore[no-untyped-def]
    """Lower end of the interval of an axis that holds ``x``; the outer intervals reach to infinity."""
    i = 0
    while i < n - 2 and x >= axes[start + i + 1]:
        i += 1
    return i


@numba.njit(inline="always")
def _pair(tables, rec, slew, load):  # type: ignore[no-untyped-def]
    """Delay and output slew of a record: bilinear, linear beyond the axes."""
    r = tables.record
    x, nx, y, ny, v = r[rec, 0], r[rec, 1], r[rec, 2], r[rec, 3], r[rec, 4]
    axes = tables.axes
    i = _find(axes, x, nx, slew)
    j = _find(axes, y, ny, load)
    x0 = axes[x + i]
    y0 = axes[y + j]
    f = (slew - x0) / (axes[x + i + 1] - x0)
    g = (load - y0) / (axes[y + j + 1] - y0)
    p = v + 2 * (i * ny + j)
    q = p + 2 * ny
    u = tables.values
    a, b, c, d = (1.0 - f) * (1.0 - g), f * (1.0 - g), f * g, (1.0 - f) * g
    delay = a * u[p] + b * u[q] + c * u[q + 2] + d * u[p + 2]
    out = a * u[p + 1] + b * u[q + 1] + c * u[q + 3] + d * u[p + 3]
    return delay, out


@numba.njit(inline="always")
def _factor(tables, rec, slew, load):  # type: ignore[no-untyped-def]
    """Delay shift, ps, and slew factor of a cross-voltage record: the shift goes on linearly, the factor holds its ends."""
    r = tables.cross_record
    x, nx, y, ny, v = r[rec, 0], r[rec, 1], r[rec, 2], r[rec, 3], r[rec, 4]
    if nx == 0:
        return np.nan, np.nan
    axes = tables.axes
    i = _find(axes, x, nx, slew)
    j = _find(axes, y, ny, load)
    x0 = axes[x + i]
    y0 = axes[y + j]
    f = (slew - x0) / (axes[x + i + 1] - x0)
    g = (load - y0) / (axes[y + j + 1] - y0)
    p = v + 2 * (i * ny + j)
    q = p + 2 * ny
    u = tables.values
    delay = (1.0 - f) * ((1.0 - g) * u[p] + g * u[p + 2]) + f * ((1.0 - g) * u[q] + g * u[q + 2])
    f = min(max(f, 0.0), 1.0)
    g = min(max(g, 0.0), 1.0)
    out = (1.0 - f) * ((1.0 - g) * u[p + 1] + g * u[p + 3]) + f * ((1.0 - g) * u[q + 1] + g * u[q + 3])
    return delay, out


@numba.njit(inline="always")
def net_load(g, t, point, v, edge):  # type: ignore[no-untyped-def]
    """Capacitance, fF, on node ``v``: pins and ports in sink order, then the wire."""
    total = 0.0
    for s in range(g.sink_ptr[v], g.sink_ptr[v + 1]):
        c = g.sink_cell[s]
        if c >= 0:
            total += t.pin_cap[point.cap_base[c] + g.sink_local[s], edge]
        else:
            total += g.port_load[g.sink_port[s], edge]
    return total + point.wire_cap[v]


@numba.njit(inline="always")
def _arc(g, t, point, values, a, base, cell_vdd, load, i, r):  # type: ignore[no-untyped-def]
    """Delay and output slew, ps, of arc ``a`` from input edge ``i`` to output edge ``r``."""
    u = g.arc_source[a]
    slew_in = values.slew[u, i]
    if g.arc_mask[a] & 16:
        m = g.tags[u, i]
        if m and g.ideal[0]:
            slew_in = 0.0
    rec = (base + g.arc_local[a]) * 2 + r
    delay, out = _pair(t, rec, slew_in, load)
    if t.cross_record.shape[0]:
        uc = g.node_cell[u]
        driver_vdd = point.cell_vdd[uc] if uc >= 0 else point.port_vdd[0]
        if driver_vdd != cell_vdd:
            n_vdd = t.cross_record.shape[0] // t.record.shape[0]
            kd, ks = _factor(t, rec * n_vdd + driver_vdd, slew_in, load)
            delay += kd
            out *= ks
    return delay, out


@numba.njit(inline="always")
def _node(g, t, point, values, v, arrival, slew):  # type: ignore[no-untyped-def]
    """Arrivals (n_tag, 2) and slews (2) of node ``v`` into ``arrival`` and ``slew``; its load into ``values.load``."""
    late = values.late[0]
    n_tag = arrival.shape[0]
    worst = -np.inf if late else np.inf
    for r in range(2):
        values.load[v, r] = net_load(g, t, point, v, r)
        slew[r] = worst
        for k in range(n_tag):
            arrival[k, r] = worst
    cell = g.node_cell[v]
    if cell < 0:
        port = g.node_port[v]
        for r in range(2):
            slew[r] = g.port_slew[port, r]
            extra = 0.0
            rec = g.port_drive[port, r]
            if rec >= 0:
                d1, s1 = _pair(t, rec, g.port_drive_slew[port, r], values.load[v, r])
                d0, _ = _pair(t, rec, g.port_drive_slew[port, r], 0.0)
                extra = d1 - d0
                slew[r] = s1
            for k in range(n_tag):
                arrival[k, r] = g.port_arrival[k, port, r] + extra
        return
    base = point.table_base[cell]
    cell_vdd = point.cell_vdd[cell]
    for a in range(g.arc_ptr[v], g.arc_ptr[v + 1]):
        u = g.arc_source[a]
        mask = g.arc_mask[a]
        for i in range(2):
            for r in range(2):
                if not (mask >> (2 * i + r)) & 1:
                    continue
                delay, out = _arc(g, t, point, values, a, base, cell_vdd, values.load[v, r], i, r)
                if late:
                    slew[r] = max(slew[r], out)
                else:
                    slew[r] = min(slew[r], out)
                m = g.tags[u, i]
                k = 0
                while m:
                    if m & 1:
                        to = k
                        start = values.arrival[k, u, i]
                        if mask & 16:
                            to = g.launch[k]
                            if to >= 0 and g.ideal[k]:
                                start = 0.0
                        if to >= 0:
                            if late:
                                arrival[to, r] = max(arrival[to, r], start + delay)
                            else:
                                arrival[to, r] = min(arrival[to, r], start + delay)
                    m >>= 1
                    k += 1
    for r in range(2):
        if slew[r] == worst:
            slew[r] = 0.0


def _full(g, t, point, values):  # type: ignore[no-untyped-def]
    """Evaluate every node in order."""
    n_tag = values.arrival.shape[0]
    arrival = np.empty((n_tag, 2))
    slew = np.empty(2)
    for v in range(g.node_cell.shape[0]):
        _node(g, t, point, values, v, arrival, slew)
        values.slew[v, 0] = slew[0]
        values.slew[v, 1] = slew[1]
        for k in range(n_tag):
            values.arrival[k, v, 0] = arrival[k, 0]
            values.arrival[k, v, 1] = arrival[k, 1]


def _sweep(g, t, point, values, dirty):  # type: ignore[no-untyped-def]
    """Evaluate dirty nodes in order and what changes behind them; returns how many nodes were evaluated."""
    n_tag = values.arrival.shape[0]
    arrival = np.empty((n_tag, 2))
    slew = np.empty(2)
    count = 0
    for v in range(g.node_cell.shape[0]):
        if not dirty[v]:
            continue
        dirty[v] = 0
        count += 1
        _node(g, t, point, values, v, arrival, slew)
        changed = values.slew[v, 0] != slew[0] or values.slew[v, 1] != slew[1]
        values.slew[v, 0] = slew[0]
        values.slew[v, 1] = slew[1]
        for k in range(n_tag):
            for r in range(2):
                if values.arrival[k, v, r] != arrival[k, r]:
                    changed = True
                    values.arrival[k, v, r] = arrival[k, r]
        if changed:
            for f in range(g.fan_ptr[v], g.fan_ptr[v + 1]):
                dirty[g.fan_node[f]] = 1
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
    for e in range(rows.node.shape[0]):
        worst = -np.inf
        v = rows.node[e]
        k = rows.tag[e]
        capture = 0.0
        clock_slew = 0.0
        u = rows.clock_node[e]
        if u >= 0 and not g.ideal[rows.clock_tag[e]]:
            capture = clock.arrival[rows.clock_tag[e], u, rows.clock_edge[e]]
            clock_slew = clock.slew[u, rows.clock_edge[e]]
        for r in range(2):
            a = data.arrival[k, v, r]
            if not np.isfinite(a):
                continue
            margin = rows.add[e, r]
            c = rows.cell[e]
            if c >= 0:
                rec = (point.table_base[c] + rows.local[e]) * 2 + r
                if t.record[rec, 1] == 0:
                    continue
                d, _ = _pair(t, rec, clock_slew, data.slew[v, r])
                margin += d
            if late:
                worst = max(worst, a + margin - capture)
            else:
                worst = max(worst, capture + margin - a)
        need[e] = worst


def _prepare(corner_of, n_arc, n_pin, arc_ptr, pin_ptr, cell_type, cell_variant, point, cells):  # type: ignore[no-untyped-def]
    """Fill the look-up bases of ``cells``."""
    for i in range(cells.shape[0]):
        c = cells[i]
        corner = corner_of[cell_variant[c], point.cell_vdd[c]]
        kind = cell_type[c]
        point.table_base[c] = corner * n_arc + arc_ptr[kind]
        point.cap_base[c] = corner * n_pin + pin_ptr[kind]


def _mark(g, pin_ptr, pin_node, cross, cells, dirty):  # type: ignore[no-untyped-def]
    """Mark the nodes whose value a change of ``cells`` can touch at once: around the cells, and behind them."""
    for i in range(cells.shape[0]):
        c = cells[i]
        for p in range(pin_ptr[c], pin_ptr[c + 1]):
            v = pin_node[p]
            if v < 0:
                continue
            dirty[v] = 1
            if cross and g.node_cell[v] == c:
                for f in range(g.fan_ptr[v], g.fan_ptr[v + 1]):
                    dirty[g.fan_node[f]] = 1
