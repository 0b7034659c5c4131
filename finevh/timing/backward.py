"""Compiled kernels that go from endpoints to their sources: tracing one path, and slack of every node."""

from __future__ import annotations

import numba
import numpy as np

from finevh.timing.lookup import pair


@numba.njit(inline="always")
def _arc_delay(  # type: ignore[no-untyped-def]
    record, cross_record, axes, table, rec, slew_in, load, own_vdd, driver_vdd, n_vdd
):
    """Delay, ps, of one arc and edge, as the forward kernel computes it."""
    delay, out = pair(record, axes, table, rec, slew_in, load, False)
    if n_vdd and driver_vdd != own_vdd:
        kd, ks = pair(cross_record, axes, table, rec * n_vdd + driver_vdd, slew_in, load, True)
        delay += kd
        out *= ks
    return delay, out


def trace(g, t, nets, point, values, node, edge, tag, steps, numbers):  # type: ignore[no-untyped-def]
    """Follow the arrival of (node, edge, tag) back to its source; returns how many steps were written.

    ``steps`` (n, 4): node, edge, tag, arc into it (-1 at the source). ``numbers`` (n, 4): arrival, delay of the arc, slew,
    load; ps and fF.
    """
    node_cell, arc_ptr, arc_source, arc_local, arc_mask = g.node_cell, g.arc_ptr, g.arc_source, g.arc_local, g.arc_mask
    tags, ideal, arc_class, remap = g.tags, g.ideal, g.arc_class, g.remap
    record, cross_record, axes, table = t.record, t.cross_record, t.axes, t.values
    table_base, cell_vdd, port_vdd = point.table_base, point.cell_vdd, point.port_vdd[0]
    arrival, slew, load = values.arrival, values.slew, values.load
    mode, arc_sink, sink_delay, sink_slew = nets.mode[0], g.arc_sink, values.sink_delay, values.sink_slew
    arc_delay = values.arc_delay
    n_vdd = cross_record.shape[0] // record.shape[0]
    v, r, k = node, edge, tag
    n = 0
    while n < steps.shape[0]:
        steps[n, 0], steps[n, 1], steps[n, 2], steps[n, 3] = v, r, k, -1
        numbers[n, 0], numbers[n, 1], numbers[n, 2], numbers[n, 3] = arrival[k, v, r], 0.0, slew[v, r], load[v, r]
        n += 1
        cell = node_cell[v]
        if cell < 0:
            break
        best = np.inf
        b_u, b_i, b_k, b_a, b_delay = -1, 0, 0, -1, 0.0
        for a in range(arc_ptr[v], arc_ptr[v + 1]):
            u = arc_source[a]
            driver = node_cell[u]
            driver_vdd = cell_vdd[driver] if driver >= 0 else port_vdd
            starts = arc_mask[a] & 16
            for i in range(2):
                if not (arc_mask[a] >> (2 * i + r)) & 1:
                    continue
                for c in range(arrival.shape[0]):
                    if not (tags[u, i] >> c) & 1 or (remap[arc_class[a], c] if arc_class[a] else c) != k:
                        continue
                    start = arrival[c, u, i]
                    slew_in = slew[u, i]
                    if mode:
                        start += sink_delay[arc_sink[a], i]
                        slew_in = sink_slew[arc_sink[a], i]
                    if starts and ideal[c]:
                        start = 0.0
                        slew_in = 0.0
                    rec = (table_base[cell] + arc_local[a]) * 2 + r
                    delay, _ = _arc_delay(
                        record, cross_record, axes, table, rec, slew_in, load[v, r], cell_vdd[cell], driver_vdd, n_vdd
                    )
                    if mode == 2:
                        delay = arc_delay[a, 2 * i + r]
                    miss = abs(start + delay - arrival[k, v, r])
                    if miss < best:
                        best = miss
                        b_u, b_i, b_k, b_a, b_delay = u, i, c, a, delay
        if b_u < 0:
            break
        steps[n - 1, 3] = b_a
        numbers[n - 1, 1] = b_delay
        if (arc_mask[b_a] & 16) and ideal[b_k]:
            # An ideal clock ends the path at the register.
            if n < steps.shape[0]:
                steps[n, 0], steps[n, 1], steps[n, 2], steps[n, 3] = b_u, b_i, b_k, -1
                numbers[n, 0], numbers[n, 1], numbers[n, 2], numbers[n, 3] = 0.0, 0.0, 0.0, load[b_u, b_i]
                n += 1
            break
        v, r, k = b_u, b_i, b_k
    return n


def require(g, t, nets, point, values, required):  # type: ignore[no-untyped-def]
    """Propagate required times (n_tag, n_node, 2), set at endpoints and inf elsewhere, back to every node; late paths."""
    node_cell, arc_ptr, arc_source, arc_local, arc_mask = g.node_cell, g.arc_ptr, g.arc_source, g.arc_local, g.arc_mask
    tags, arc_class, remap = g.tags, g.arc_class, g.remap
    record, cross_record, axes, table = t.record, t.cross_record, t.axes, t.values
    table_base, cell_vdd, port_vdd = point.table_base, point.cell_vdd, point.port_vdd[0]
    slew, load = values.slew, values.load
    mode, arc_sink, sink_delay, sink_slew = nets.mode[0], g.arc_sink, values.sink_delay, values.sink_slew
    arc_delay = values.arc_delay
    n_vdd = cross_record.shape[0] // record.shape[0]
    n_tag = required.shape[0]
    for v in range(node_cell.shape[0] - 1, -1, -1):
        cell = node_cell[v]
        if cell < 0:
            continue
        for r in range(2):
            due = False
            for k in range(n_tag):
                due = due or required[k, v, r] < np.inf
            if not due:
                continue
            for a in range(arc_ptr[v], arc_ptr[v + 1]):
                if arc_mask[a] & 16:
                    continue
                u = arc_source[a]
                driver = node_cell[u]
                driver_vdd = cell_vdd[driver] if driver >= 0 else port_vdd
                for i in range(2):
                    m = tags[u, i]
                    if not m or not (arc_mask[a] >> (2 * i + r)) & 1:
                        continue
                    rec = (table_base[cell] + arc_local[a]) * 2 + r
                    wire = 0.0
                    slew_in = slew[u, i]
                    if mode:
                        wire = sink_delay[arc_sink[a], i]
                        slew_in = sink_slew[arc_sink[a], i]
                    if mode == 2:
                        delay = arc_delay[a, 2 * i + r]
                    else:
                        delay, _ = _arc_delay(
                            record,
                            cross_record,
                            axes,
                            table,
                            rec,
                            slew_in,
                            load[v, r],
                            cell_vdd[cell],
                            driver_vdd,
                            n_vdd,
                        )
                    for k in range(n_tag):
                        to = remap[arc_class[a], k] if arc_class[a] else k
                        if (m >> k) & 1 and to >= 0:
                            required[k, u, i] = min(required[k, u, i], required[to, v, r] - delay - wire)
