"""The forward kernel: arrivals, slews and delays of dirty drivers in order; one body for full, incremental and batch use.

Delays and slews are rounded to ``2**-10`` ps. So a change dies out where it no longer matters, and because one body of code
computes everything, an incremental evaluation still has the bits of a full one. Delays are kept: where only arrivals
change, the kernel adds and compares, and looks nothing up.
"""

from __future__ import annotations

import math

import numpy as np

from finevh.timing.ceff import N_DRIVER
from finevh.timing.entries import GENERAL, PORT
from finevh.timing.groups import each, each_pi, shielded, spot
from finevh.timing.lookup import pair, reduce_tree

ARRIVES, LOADED, STALE = 1, 2, 4
"""Bits of ``dirty``: what arrives may have changed; the net's load may have; the delays of the driver may have."""
_SMALL_RES = 1e-3
"""Ratio of a net's to its driver's resistance below which a net is a capacitance (OpenSTA)."""
_LN2 = math.log(2.0)
_ROUND = 1.5 * 2.0**42
"""Adding and taking away this number leaves a multiple of 2**-10."""


def _advance(g, b, t, nets, point, values, dirty, touched, full):  # type: ignore[no-untyped-def]
    """Evaluate dirty nodes in order and, unless ``full``, what changes behind them; returns how many were evaluated.

    ``dirty`` (n_node) holds ``ARRIVES``, ``LOADED``, ``STALE`` and is zero afterwards; ``touched`` (n_node) is set to 1 where
    anything changed. Where a table or a derate that is needed is absent, returns -1 minus the entry.
    """
    # Local names: numba counts references at every access to a field of a tuple.
    node_cell, node_port, tags, ideal, arc_class, remap = (
        g.node_cell,
        g.node_port,
        g.tags,
        g.ideal,
        g.arc_class,
        g.remap,
    )
    sink_ptr, sink_cell, sink_local, sink_port = g.sink_ptr, g.sink_cell, g.sink_local, g.sink_port
    fan_ptr, fan_node, port_load, port_drive = g.fan_ptr, g.fan_node, g.port_load, g.port_drive
    port_slew, port_arrival, port_drive_slew, arc_mask = g.port_slew, g.port_arrival, g.port_drive_slew, g.arc_mask
    ptr, place, source, line, group, arc, kind = b.ptr, b.place, b.source, b.line, b.group, b.arc, b.kind
    group_ptr, member, head, points, lines = b.group_ptr, b.member, b.head, b.points, b.lines
    n_type, n_driver = b.sizes[0], b.sizes[1]
    record, cross_record, axes, table, pin_cap = t.record, t.cross_record, t.axes, t.values, t.pin_cap
    table_base, cap_base, wire_cap = point.table_base, point.cap_base, point.wire_cap
    node_head, node_vdd = point.node_head, point.node_vdd
    arrival, slew, load, sink_delay, delays = values.arrival, values.slew, values.load, values.sink_delay, values.delay
    at = values.at
    tree_ptr, tree_parent, tree_res, tree_cap = nets.tree_ptr, nets.tree_parent, nets.tree_res, nets.tree_cap
    share_ptr, share, sink_base = nets.share_ptr, nets.share, nets.sink_base
    shape, response, driver_slew, kept_elmore = nets.shape, nets.response, nets.driver_slew, values.sink_elmore
    sink_tree, mode, lo, hi = nets.sink_tree, nets.mode[0], nets.thresholds[0], nets.thresholds[1]
    spread = math.log((1.0 - lo) / (1.0 - hi))
    late = values.late[0] != 0
    worst = -np.inf if late else np.inf
    n_tag = arrival.shape[0]
    new_arrival = np.empty((n_tag, 2))
    new_slew = np.empty(2)
    longest, most = 1, 1
    if mode:
        for v in range(node_cell.shape[0]):
            longest = max(longest, tree_ptr[v + 1] - tree_ptr[v])
            most = max(most, sink_ptr[v + 1] - sink_ptr[v])
    below, second = np.empty(longest), np.empty(longest)
    elmore = np.empty(longest)
    sink_elmore = np.zeros((2, most))
    sink_cap = np.zeros((most, 2))
    far_delay, far_slew = np.empty((2, most)), np.empty((2, most))
    pi = np.zeros((2, 3))
    wave = np.zeros(N_DRIVER)
    ideal_clock = ideal[0] != 0
    # From a driver's time constant and its table's slew to a place in ``driver_slew``.
    to_place = (driver_slew.shape[0] - 2) / driver_slew[-1] * (hi - lo) / (0.5 - lo)
    absent = -1
    count = 0
    for v in range(node_cell.shape[0]):
        state = dirty[v]
        if not state:
            continue
        dirty[v] = 0
        count += 1
        sort = kind[v]
        cell = node_cell[v]
        first_sink = sink_ptr[v]
        n_sink = sink_ptr[v + 1] - first_sink
        # What a port gives does not change, but through its net.
        stale = state & (LOADED if sort == PORT else LOADED | STALE)
        if state & LOADED:
            # Something on the net changed, not only what arrives at the cell: sum its load again, in sink order.
            total0 = 0.0
            total1 = 0.0
            for f in range(n_sink):
                c = sink_cell[first_sink + f]
                if c >= 0:
                    p = cap_base[c] + sink_local[first_sink + f]
                    own0, own1 = pin_cap[p, 0], pin_cap[p, 1]
                else:
                    p = sink_port[first_sink + f]
                    own0, own1 = port_load[p, 0], port_load[p, 1]
                total0 += own0
                total1 += own1
                if mode:
                    sink_cap[f, 0], sink_cap[f, 1] = own0, own1
            load[v, 0] = total0 + wire_cap[v]
            load[v, 1] = total1 + wire_cap[v]
        if mode & 1 and state & LOADED and share_ptr[v + 1] > share_ptr[v]:
            p = share_ptr[v]
            for f in range(n_sink):
                e0 = e1 = sink_base[first_sink + f]
                for s in range(n_sink):
                    e0 += share[p] * sink_cap[s, 0]
                    e1 += share[p] * sink_cap[s, 1]
                    p += 1
                sink_elmore[0, f], sink_elmore[1, f] = e0, e1
        elif mode and (state & LOADED or (stale and mode == 2)):
            low = tree_ptr[v]
            size = tree_ptr[v + 1] - low
            for r in range(2):
                if size:
                    loose = load[v, r] - wire_cap[v]
                    for i in range(size):
                        below[i] = tree_cap[low + i]
                    for s in range(first_sink, first_sink + n_sink):
                        if sink_tree[s] >= 0:
                            c = sink_cell[s]
                            own = pin_cap[cap_base[c] + sink_local[s], r] if c >= 0 else port_load[sink_port[s], r]
                            below[sink_tree[s]] += own
                            loose -= own
                    below[0] += max(loose, 0.0)
                    reduce_tree(tree_parent, tree_res, low, size, below, elmore, second, pi[r], mode == 2)
                else:
                    elmore[0] = 0.0
                    pi[r, 0], pi[r, 1], pi[r, 2] = load[v, r], 0.0, 0.0
                for s in range(n_sink):
                    far_delay[r, s], far_slew[r, s] = worst, worst
                    node = sink_tree[first_sink + s]
                    sink_elmore[r, s] = elmore[node] if node >= 0 else 0.0
        n_here = 1
        if sort != 0:
            # Data tags have the lowest numbers: most nodes stop at the first.
            while (tags[v, 0] | tags[v, 1]) >> n_here:
                n_here += 1
        if sort == PORT:
            port = node_port[v]
            for r in range(2):
                new_slew[r] = port_slew[port, r]
                extra = 0.0
                rec = port_drive[port, r]
                if rec >= 0:
                    d1, s1 = pair(record, axes, table, rec, port_drive_slew[port, r], load[v, r], False)
                    d0, _ = pair(record, axes, table, rec, port_drive_slew[port, r], 0.0, False)
                    extra = d1 - d0
                    new_slew[r] = max(s1, 0.0)
                for k in range(n_here):
                    new_arrival[k, r] = port_arrival[k, port, r] + extra
        else:
            own = np.int64(node_vdd[v])
            first_head = np.int64(node_head[v])
            own_head = first_head + (n_driver - 1) * n_type
            size, per_row, x_axis = (
                np.int64(head[own_head, 1]),
                np.int64(head[own_head, 2]),
                np.int64(head[own_head, 3]),
            )
            own_line, x_steps, y_steps = np.int64(head[own_head, 0]), head[own_head, 5], head[own_head, 6]
            for r in range(2):
                begin, end = ptr[2 * v + r], ptr[2 * v + r + 1]
                if stale:
                    y_axis = head[own_head, 4]
                    y = load[v, r]
                    far_res = shape[v, 1] / shape[v, 0] if mode == 3 and shape[v, 1] > 0.0 else 0.0
                    if mode == 3 and shape[v, 1] > 0.0 and end > begin:
                        y = shielded(
                            y,
                            shape[v, 0],
                            shape[v, 1] * y,
                            hi - lo,
                            begin,
                            end,
                            at,
                            place,
                            source,
                            line,
                            node_vdd,
                            own,
                            n_type,
                            n_driver,
                            first_head,
                            head,
                            points,
                            lines,
                        )
                    j = spot(points, y_axis, y_steps, y)
                    dy = np.float32(y - points[y_axis + j])
                    slowest = worst
                    for e in range(begin, end):
                        x = at[np.uintp(place[np.uintp(e)] + 2)]
                        if sort == GENERAL and ideal_clock and arc_mask[arc[e]] & 16 and tags[source[e], place[e] & 1]:
                            x = 0.0
                        driver = np.int64(node_vdd[np.uintp(source[np.uintp(e)])])
                        code = np.int64(line[np.uintp(e)])
                        wide = code & 1
                        if n_driver > 1 and driver != own:
                            # The pair's derated tables have axes of their own.
                            h = first_head + driver * n_type
                            x_at, y_at = np.int64(head[h, 3]), head[h, 4]
                            i, q = spot(points, x_at, head[h, 5], x), spot(points, y_at, head[h, 6], y)
                            p = (head[h, 0] + (code >> 1) * head[h, 1] + ((i * head[h, 2] + q) << wide)) << 3
                            ds, dl = np.float32(x - points[x_at + i]), np.float32(y - points[y_at + q])
                        else:
                            driver = np.int64(-1)
                            i = spot(points, x_axis, x_steps, x)
                            p = (own_line + (code >> 1) * size + ((i * per_row + j) << wide)) << 3
                            ds, dl = np.float32(x - points[np.uintp(x_axis + i)]), dy
                        d = lines[np.uintp(p)] + lines[np.uintp(p + 1)] * ds
                        d += dl * (lines[np.uintp(p + 2)] + lines[np.uintp(p + 3)] * ds)
                        o = lines[np.uintp(p + 4)] + lines[np.uintp(p + 5)] * ds
                        o += dl * (lines[np.uintp(p + 6)] + lines[np.uintp(p + 7)] * ds)
                        if wide:
                            d2 = lines[np.uintp(p + 8)] + lines[np.uintp(p + 9)] * ds
                            d2 += dl * (lines[np.uintp(p + 10)] + lines[np.uintp(p + 11)] * ds)
                            o2 = lines[np.uintp(p + 12)] + lines[np.uintp(p + 13)] * ds
                            o2 += dl * (lines[np.uintp(p + 14)] + lines[np.uintp(p + 15)] * ds)
                            if (d2 > d) == late:
                                d = d2
                            if (o2 > o) == late:
                                o = o2
                        exact_d, exact_o = np.float64(d), np.float64(o)
                        resistance = np.float64(lines[np.uintp(p + 2)] + lines[np.uintp(p + 3)] * ds)
                        if mode == 2 or d != d:
                            first = np.int64(table_base[cell]) * 2 + r
                            g0, g1 = np.int64(group_ptr[group[e]]), np.int64(group_ptr[group[e] + 1])
                            if mode == 2:
                                exact_d, exact_o, found = each_pi(
                                    record,
                                    cross_record,
                                    axes,
                                    table,
                                    first,
                                    member,
                                    g0,
                                    g1,
                                    n_driver - 1,
                                    driver,
                                    x,
                                    pi[r],
                                    sink_elmore[r],
                                    far_delay[r],
                                    far_slew[r],
                                    n_sink,
                                    lo,
                                    hi,
                                    wave,
                                    late,
                                )
                            else:
                                exact_d, exact_o, found = each(
                                    record,
                                    cross_record,
                                    axes,
                                    table,
                                    first,
                                    member,
                                    g0,
                                    g1,
                                    n_driver - 1,
                                    driver,
                                    x,
                                    load[v, r],
                                    late,
                                )
                            if found == 0.0:
                                absent = e
                        if mode == 3 and resistance > 0.0 and exact_o > 0.0 and far_res > _SMALL_RES * resistance:
                            place_in = (resistance + shape[v, 1]) * load[v, r] / exact_o * to_place
                            k = int(place_in)
                            if k < driver_slew.shape[0] - 2:
                                place_in -= k
                                exact_o *= driver_slew[k] + place_in * (driver_slew[k + 1] - driver_slew[k])
                        delays[e] = np.float32((exact_d + _ROUND) - _ROUND)
                        if (exact_o > slowest) == late:
                            slowest = exact_o
                    # Far beyond its axes a table may give a negative slew; OpenSTA takes none below zero.
                    new_slew[r] = max((slowest + _ROUND) - _ROUND, 0.0) if slowest != worst else 0.0
                else:
                    new_slew[r] = slew[v, r]
                if sort == 0:
                    latest = worst
                    for e in range(begin, end):
                        arrives = at[np.uintp(place[np.uintp(e)])] + np.float64(delays[np.uintp(e)])
                        if (arrives > latest) == late:
                            latest = arrives
                    new_arrival[0, r] = latest
                    continue
                for k in range(n_here):
                    new_arrival[k, r] = worst
                for e in range(begin, end):
                    u, i = source[e], place[e] & 1
                    a = arc[e]
                    m = tags[u, i]
                    k = 0
                    while m:
                        if m & 1:
                            to = remap[arc_class[a], k] if arc_class[a] else k
                            start = arrival[k, u, i]
                            if mode:
                                start += sink_delay[place[e] >> 2, i]
                            if arc_mask[a] & 16 and ideal[k]:
                                start = 0.0
                            if to >= 0:
                                arrives = start + np.float64(delays[e])
                                if (arrives > new_arrival[to, r]) == late:
                                    new_arrival[to, r] = arrives
                        m >>= 1
                        k += 1
        changed = 0
        for r in range(2):
            if slew[v, r] != new_slew[r]:
                # With wires it is the slews at the sinks that count.
                changed |= STALE if mode == 0 else ARRIVES
                slew[v, r] = new_slew[r]
            for k in range(n_here):
                if arrival[k, v, r] != new_arrival[k, r]:
                    changed |= ARRIVES
                    arrival[k, v, r] = new_arrival[k, r]
        if mode == 3 and state & LOADED:
            for f in range(n_sink):
                kept_elmore[first_sink + f, 0], kept_elmore[first_sink + f, 1] = sink_elmore[0, f], sink_elmore[1, f]
        if mode == 0:
            for r in range(2):
                at[4 * v + r] = new_arrival[0, r]
                at[4 * v + 2 + r] = new_slew[r]
        else:
            for r in range(2):
                for f in range(n_sink):
                    s = first_sink + f
                    if stale:
                        if mode == 2 and sort != PORT and far_delay[r, f] != worst:
                            d_far, s_far = far_delay[r, f], far_slew[r, f]
                        elif sort == PORT:
                            # Behind a port the net's time constant shapes an exponential, as in OpenSTA.
                            d_far, s_far = _LN2 * sink_elmore[r, f], new_slew[r] + spread * sink_elmore[r, f]
                        elif mode == 3:
                            d_far, s_far = kept_elmore[s, r], new_slew[r]
                            if d_far > 0.0 and s_far > 0.0:
                                # A pole behind a ramp of the driver's slew.
                                ramp = s_far / (hi - lo)
                                u = d_far / (d_far + ramp) * (response.shape[0] - 1)
                                k = min(int(u), response.shape[0] - 2)
                                u -= k
                                s_far = (
                                    (response[k, 1] + u * (response[k + 1, 1] - response[k, 1]))
                                    * (d_far + ramp)
                                    * (hi - lo)
                                )
                                d_far *= response[k, 0] + u * (response[k + 1, 0] - response[k, 0])
                        else:
                            d_far = sink_elmore[r, f] if state & LOADED or mode == 2 else sink_delay[s, r]
                            # The wire's step response adds to the driver's transition in squares (PERI, Kashyap 2002).
                            wire = spread * d_far
                            s_far = math.sqrt(new_slew[r] * new_slew[r] + wire * wire)
                        s_far = (s_far + _ROUND) - _ROUND
                        if at[4 * s + 2 + r] != s_far:
                            changed |= STALE
                            at[4 * s + 2 + r] = s_far
                        if sink_delay[s, r] != d_far:
                            changed |= ARRIVES
                            sink_delay[s, r] = d_far
                    at[4 * s + r] = new_arrival[0, r] + sink_delay[s, r]
        if changed and not full:
            touched[v] = 1
            for f in range(fan_ptr[v], fan_ptr[v + 1]):
                dirty[fan_node[f]] |= changed
    return count if absent < 0 else -1 - absent
