"""Compiled timing kernels over plain arrays; one node function serves full, incremental and batch evaluation.

Arrivals are relative to the edges of their clocks, so that no clock period enters. Edges: 0 rise, 1 fall.
"""

from __future__ import annotations

import math

import numpy as np

from finevh.timing.ceff import N_DRIVER, arrive, drive
from finevh.timing.lookup import pair, reduce_tree


def _sweep(g, t, nets, point, values, dirty, full):  # type: ignore[no-untyped-def]
    """Evaluate dirty nodes in order and, unless ``full``, what changes behind them; returns how many were evaluated.

    ``dirty`` (n_node): bit 0 where what arrives may have changed, bit 1 where the net's load may have.

    Without a multiplier for a pair of supplies that meet, returns -1 minus the arc. The one body of code for full and
    incremental evaluation, so that both give the same bits.
    """
    # Local names: numba counts references at every access to a field of a tuple.
    node_cell, node_port, arc_ptr, arc_source = g.node_cell, g.node_port, g.arc_ptr, g.arc_source
    arc_local, arc_mask, tags, ideal = g.arc_local, g.arc_mask, g.tags, g.ideal
    arc_class, remap = g.arc_class, g.remap
    sink_ptr, sink_cell, sink_local, sink_port = g.sink_ptr, g.sink_cell, g.sink_local, g.sink_port
    fan_ptr, fan_node, port_load, port_drive = g.fan_ptr, g.fan_node, g.port_load, g.port_drive
    port_slew, port_arrival, port_drive_slew = g.port_slew, g.port_arrival, g.port_drive_slew
    record, cross_record, axes, table, pin_cap = t.record, t.cross_record, t.axes, t.values, t.pin_cap
    table_base, cap_base, cell_vdd, wire_cap = point.table_base, point.cap_base, point.cell_vdd, point.wire_cap
    arrival, slew, load = values.arrival, values.slew, values.load
    tree_ptr, tree_parent, tree_res, tree_cap = nets.tree_ptr, nets.tree_parent, nets.tree_res, nets.tree_cap
    arc_sink, sink_tree, sink_delay, sink_slew = g.arc_sink, nets.sink_tree, values.sink_delay, values.sink_slew
    mode, lo, hi = nets.mode[0], nets.thresholds[0], nets.thresholds[1]
    arc_delay = values.arc_delay
    spread = math.log((1.0 - lo) / (1.0 - hi))
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
    longest, most = 1, 1
    if mode:
        for v in range(node_cell.shape[0]):
            longest = max(longest, tree_ptr[v + 1] - tree_ptr[v])
            most = max(most, sink_ptr[v + 1] - sink_ptr[v])
    below = np.empty(longest)
    elmore = np.empty((2, longest))
    second = np.empty(longest)
    far_delay, far_slew = np.empty((2, most)), np.empty((2, most))
    pi = np.zeros((2, 3))
    wave = np.zeros(N_DRIVER)
    ideal_clock = ideal[0] != 0
    absent = -1
    count = 0
    for v in range(node_cell.shape[0]):
        if not dirty[v]:
            continue
        state = dirty[v]
        dirty[v] = 0
        count += 1
        # Data tags have the lowest numbers: most nodes stop at the first.
        n_here = 0
        while (tags[v, 0] | tags[v, 1]) >> n_here:
            n_here += 1
        if state & 2:
            # Something on the net changed, not only what arrives at the cell: sum its load again, in sink order.
            total0 = 0.0
            total1 = 0.0
            for s in range(sink_ptr[v], sink_ptr[v + 1]):
                c = sink_cell[s]
                if c >= 0:
                    p = cap_base[c] + sink_local[s]
                    total0 += pin_cap[p, 0]
                    total1 += pin_cap[p, 1]
                else:
                    total0 += port_load[sink_port[s], 0]
                    total1 += port_load[sink_port[s], 1]
            load[v, 0] = total0 + wire_cap[v]
            load[v, 1] = total1 + wire_cap[v]
        for r in range(2):
            if mode:
                low = tree_ptr[v]
                size = tree_ptr[v + 1] - low
                if size:
                    loose = load[v, r] - wire_cap[v]
                    for i in range(size):
                        below[i] = tree_cap[low + i]
                    for s in range(sink_ptr[v], sink_ptr[v + 1]):
                        if sink_tree[s] >= 0:
                            c = sink_cell[s]
                            own = pin_cap[cap_base[c] + sink_local[s], r] if c >= 0 else port_load[sink_port[s], r]
                            below[sink_tree[s]] += own
                            loose -= own
                    below[0] += max(loose, 0.0)
                    reduce_tree(tree_parent, tree_res, low, size, below, elmore[r], second, pi[r], mode == 2)
                else:
                    elmore[r, 0] = 0.0
                    pi[r, 0], pi[r, 1], pi[r, 2] = load[v, r], 0.0, 0.0
                for s in range(sink_ptr[v], sink_ptr[v + 1]):
                    far_delay[r, s - sink_ptr[v]] = worst
                    far_slew[r, s - sink_ptr[v]] = worst
            new_slew[r] = worst
            last_y[r] = -1
            for k in range(n_here):
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
                    d0, _ = pair(record, axes, table, rec, port_drive_slew[port, r], 0.0, False)
                    extra = d1 - d0
                    new_slew[r] = s1
                for k in range(n_here):
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
                    slew_in = sink_slew[arc_sink[a], i] if mode else slew[u, i]
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
                            absent = a
                            continue
                        kd, ks = pair(cross_record, axes, table, cross, slew_in, load[v, r], True)
                        delay += kd
                        out *= ks
                    else:
                        kd, ks = 0.0, 1.0
                    if mode == 2:
                        delay, out = drive(
                            record, axes, table, rec, slew_in, kd, ks, pi[r, 0], pi[r, 1], pi[r, 2], lo, hi, wave
                        )
                        arc_delay[a, e] = delay
                        for s in range(sink_ptr[v], sink_ptr[v + 1]):
                            e_far = elmore[r, sink_tree[s]] if sink_tree[s] >= 0 else 0.0
                            d_far, s_far = arrive(wave, e_far, lo, hi)
                            f = s - sink_ptr[v]
                            if (d_far > far_delay[r, f]) == late:
                                far_delay[r, f] = d_far
                            if (s_far > far_slew[r, f]) == late:
                                far_slew[r, f] = s_far
                    if (out > new_slew[r]) == late:
                        new_slew[r] = out
                    k = 0
                    while m:
                        if m & 1:
                            to = remap[arc_class[a], k] if arc_class[a] else k
                            start = arrival[k, u, i]
                            if mode:
                                start += sink_delay[arc_sink[a], i]
                            if starts and ideal[k]:
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
        if mode:
            for r in range(2):
                for s in range(sink_ptr[v], sink_ptr[v + 1]):
                    f = s - sink_ptr[v]
                    e_far = elmore[r, sink_tree[s]] if sink_tree[s] >= 0 else 0.0
                    if cell < 0:
                        # Behind a port the net's time constant shapes an exponential, as in OpenSTA.
                        d_far, s_far = math.log(2.0) * e_far, new_slew[r] + spread * e_far
                    elif mode == 1 or far_delay[r, f] == worst:
                        # The wire's step response adds to the driver's transition in squares (PERI, Kashyap 2002).
                        d_far, s_far = e_far, math.sqrt(new_slew[r] * new_slew[r] + (spread * e_far) ** 2)
                    else:
                        d_far, s_far = far_delay[r, f], far_slew[r, f]
                    if sink_delay[s, r] != d_far or sink_slew[s, r] != s_far:
                        changed = True
                        sink_delay[s, r] = d_far
                        sink_slew[s, r] = s_far
        for r in range(2):
            if slew[v, r] != new_slew[r]:
                changed = True
                slew[v, r] = new_slew[r]
            for k in range(n_here):
                if arrival[k, v, r] != new_arrival[k, r]:
                    changed = True
                    arrival[k, v, r] = new_arrival[k, r]
        if changed and not full:
            for f in range(fan_ptr[v], fan_ptr[v + 1]):
                dirty[fan_node[f]] |= 1
    return count if absent < 0 else -1 - absent


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


def _needs(g, t, nets, point, rows, data, clock, need):  # type: ignore[no-untyped-def]
    """Time, ps, that each row needs: its slack is ``coefficient * period - need``; -inf where nothing arrives."""
    late = data.late[0]
    record, axes, table, table_base = t.record, t.axes, t.values, point.table_base
    row_node, row_tag, row_clock, row_clock_tag, row_edge = (
        rows.node, rows.tag, rows.clock_node, rows.clock_tag, rows.clock_edge
    )  # fmt: skip
    row_cell, row_local, row_add, ideal = rows.cell, rows.local, rows.add, g.ideal
    data_arrival, data_slew, clock_arrival, slews = data.arrival, data.slew, clock.arrival, clock.slew
    mode, row_sink, row_clock_sink = nets.mode[0], rows.sink, rows.clock_sink
    data_far, data_far_slew, clock_far, clock_far_slew = (
        data.sink_delay, data.sink_slew, clock.sink_delay, clock.sink_slew
    )  # fmt: skip
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
            if mode:
                capture += clock_far[row_clock_sink[e], row_edge[e]]
                clock_slew = clock_far_slew[row_clock_sink[e], row_edge[e]]
        for r in range(2):
            a = data_arrival[k, v, r]
            if not np.isfinite(a):
                continue
            data_slew_here = data_slew[v, r]
            if mode:
                a += data_far[row_sink[e], r]
                data_slew_here = data_far_slew[row_sink[e], r]
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
            dirty[v] = 3
            if cross and node_cell[v] == c:
                for f in range(fan_ptr[v], fan_ptr[v + 1]):
                    dirty[fan_node[f]] |= 1
