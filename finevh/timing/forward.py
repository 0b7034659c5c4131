"""The forward kernel: arrivals, slews and delays of dirty drivers in order; one body for full, incremental and batch use.

Delays and slews are rounded to ``2**-10`` ps. So a change dies out where it no longer matters, and because one body of code
computes everything, an incremental evaluation still has the bits of a full one. Delays are kept: where only arrivals
change, the kernel adds and compares, and looks nothing up.
"""

from __future__ import annotations

import math

import numpy as np

from finevh.timing.ceff import N_DRIVER, TANGENT
from finevh.timing.entries import GENERAL, PORT
from finevh.timing.groups import both, each, each_pi, larger, shielded, spot
from finevh.timing.lookup import pair, reduce_tree

ARRIVES, LOADED, STALE = 1, 2, 4
"""Bits of ``dirty``: what arrives may have changed; the net's load may have; the delays of the driver may have."""
_SMALL_RES = 1e-3
"""Ratio of a net's to its driver's resistance below which a net is a capacitance (OpenSTA)."""
_LN2 = math.log(2.0)
_ROUND = 1.5 * 2.0**42
"""Adding and taking away this number leaves a multiple of 2**-10."""


def _advance(g, b, t, nets, point, values, allowed, dirty, touched, full):  # type: ignore[no-untyped-def]
    """Evaluate dirty nodes in order and, unless ``full``, what changes behind them; returns how many were evaluated.

    ``dirty`` (n_node) holds ``ARRIVES``, ``LOADED``, ``STALE`` and is zero afterwards, but for nodes that are not
    ``allowed`` (n_node): they wait. ``touched`` (n_node) is set to 1 where anything changed. Where a table or a derate that
    is needed is absent, returns -1 minus the entry.
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
    sink_tree, mode, rule, lo, hi = (
        nets.sink_tree,
        nets.mode[0],
        np.int64(nets.mode[1]),
        nets.thresholds[0],
        nets.thresholds[1],
    )
    of_slope = _LN2 if rule == TANGENT else 1.0
    spread = math.log((1.0 - lo) / (1.0 - hi))
    late = values.late[0] != 0
    worst = -np.inf if late else np.inf
    # The later of two is the larger, the earlier the larger with its sign changed: no branch on numbers.
    sign, single = (1.0, np.float32(1.0)) if late else (-1.0, np.float32(-1.0))
    n_tag = arrival.shape[0]
    new_arrival = np.empty((n_tag, 2))
    new_slew, latest, slowest = np.empty(2), np.empty(2), np.empty(2)
    near_y, over_y, seen_y = np.empty(2, np.int64), np.empty(2, np.float32), np.empty(2)
    longest, most = np.int64(b.sizes[2]), np.int64(b.sizes[3])
    below, second = np.empty(longest), np.empty(longest)
    elmore = np.empty(longest)
    sink_elmore = np.zeros((2, most))
    sink_cap = np.zeros((most, 2))
    far_delay, far_slew = np.empty((2, most)), np.empty((2, most))
    pi = np.zeros((2, 3))
    wave = np.zeros(N_DRIVER)
    cell_derate, net_derate = g.derate[0], g.derate[1]
    seed, clock_slew = g.seed, g.clock_slew
    # From a driver's time constant and its table's slew to a place in ``driver_slew``.
    to_place = (driver_slew.shape[0] - 2) / driver_slew[-1] * (hi - lo) / (0.5 - lo)
    absent = -1
    count = 0
    for v in range(node_cell.shape[0]):
        state = dirty[v]
        if not state or not allowed[v]:
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
            begin, middle, end = np.int64(ptr[2 * v]), np.int64(ptr[2 * v + 1]), np.int64(ptr[2 * v + 2])
            latest[0] = latest[1] = -np.inf
            if stale:
                own = np.int64(node_vdd[v])
                first_head = np.int64(node_head[v])
                own_head = first_head + (n_driver - 1) * n_type
                own_line, per_cell = np.int64(head[own_head, 0]), np.int64(head[own_head, 1])
                per_row = np.int64(head[own_head, 2])
                x_axis, y_axis = np.int64(head[own_head, 3]), np.int64(head[own_head, 4])
                x_steps, y_steps = head[own_head, 5], head[own_head, 6]
                for r in range(2):
                    y = load[v, r]
                    low, high = (middle, end) if r else (begin, middle)
                    if mode == 3 and shape[v, 1] > 0.0 and high > low:
                        y = shielded(
                            y, shape[v, 0], shape[v, 1] * y, hi - lo, low, high, at, place, source, line, node_vdd, own,
                            n_type, n_driver, first_head, head, points, lines,
                        )  # fmt: skip
                    j = spot(points, y_axis, y_steps, y)
                    near_y[r], over_y[r], seen_y[r] = j, np.float32(y - points[y_axis + j]), y
                slowest[0] = slowest[1] = -np.inf
                for e in range(begin, end):
                    r = int(e >= middle)
                    x = at[np.uintp(place[np.uintp(e)] + 2)]
                    if sort == GENERAL and arc_mask[arc[e]] & 16 and clock_slew[source[e], place[e] & 1] >= 0.0:
                        x = clock_slew[source[e], place[e] & 1]
                    driver = np.int64(node_vdd[np.uintp(source[np.uintp(e)])])
                    code = np.int64(line[np.uintp(e)])
                    wide = code & 1
                    if n_driver > 1 and driver != own:
                        # The pair's derated tables have axes of their own.
                        h = first_head + driver * n_type
                        x_at, y_at = np.int64(head[h, 3]), head[h, 4]
                        i, q = spot(points, x_at, head[h, 5], x), spot(points, y_at, head[h, 6], seen_y[r])
                        p = (head[h, 0] + (code >> 1) + (i * head[h, 2] + q) * head[h, 1]) << 3
                        ds, dl = np.float32(x - points[x_at + i]), np.float32(seen_y[r] - points[y_at + q])
                    else:
                        driver = np.int64(-1)
                        i = spot(points, x_axis, x_steps, x)
                        p = (own_line + (code >> 1) + (i * per_row + near_y[r]) * per_cell) << 3
                        ds, dl = np.float32(x - points[np.uintp(x_axis + i)]), over_y[r]
                    d, o = both(lines, p, ds, dl)
                    if wide:
                        d2, o2 = both(lines, p + 8, ds, dl)
                        d = single * larger(single * d, single * d2)
                        o = single * larger(single * o, single * o2)
                    exact_d, exact_o = np.float64(d), np.float64(o)
                    if mode == 2 or d != d:
                        first = np.int64(table_base[cell]) * 2 + r
                        g0, g1 = np.int64(group_ptr[group[e]]), np.int64(group_ptr[group[e] + 1])
                        if mode == 2:
                            exact_d, exact_o, found = each_pi(
                                record, cross_record, axes, table, first, member, g0, g1, driver, x, pi[r],
                                sink_elmore[r], far_delay[r], far_slew[r], n_sink, lo, hi, rule, wave, late,
                            )  # fmt: skip
                        else:
                            exact_d, exact_o, found = each(
                                record, cross_record, axes, table, first, member, g0, g1, driver, x,
                                load[v, r], late,
                            )  # fmt: skip
                        if found == 0.0:
                            absent = e
                    if mode == 3 and exact_o > 0.0 and shape[v, 1] > 0.0:
                        resistance = np.float64(lines[np.uintp(p + 2)] + lines[np.uintp(p + 3)] * ds) * of_slope
                        if resistance > 0.0 and shape[v, 1] / shape[v, 0] > _SMALL_RES * resistance:
                            place_in = (resistance + shape[v, 1]) * load[v, r] / exact_o * to_place
                            k = int(place_in)
                            if k < driver_slew.shape[0] - 2:
                                place_in -= k
                                exact_o *= driver_slew[k] + place_in * (driver_slew[k + 1] - driver_slew[k])
                    kept = np.float32((cell_derate * exact_d + _ROUND) - _ROUND)
                    delays[np.uintp(e)] = kept
                    slowest[r] = larger(slowest[r], sign * exact_o)
                    latest[r] = larger(latest[r], sign * (at[np.uintp(place[np.uintp(e)])] + np.float64(kept)))
                for r in range(2):
                    # Far beyond its axes a table may give a negative slew; OpenSTA takes none below zero.
                    found_slew = (sign * slowest[r] + _ROUND) - _ROUND
                    new_slew[r] = larger(0.0, found_slew) if slowest[r] != -np.inf else 0.0
            else:
                new_slew[0], new_slew[1] = slew[v, 0], slew[v, 1]
                for e in range(begin, end):
                    r = int(e >= middle)
                    arrives = at[np.uintp(place[np.uintp(e)])] + np.float64(delays[np.uintp(e)])
                    latest[r] = larger(latest[r], sign * arrives)
            if sort == 0:
                new_arrival[0, 0], new_arrival[0, 1] = sign * latest[0], sign * latest[1]
            else:
                for k in range(n_here):
                    new_arrival[k, 0] = new_arrival[k, 1] = worst
                for e in range(begin, end):
                    r = int(e >= middle)
                    u, i = source[e], place[e] & 1
                    a = arc[e]
                    m = tags[u, i]
                    k = 0
                    while m:
                        if m & 1:
                            to = remap[arc_class[a], k] if arc_class[a] else k
                            start = arrival[k, u, i]
                            if mode:
                                start += net_derate * sink_delay[place[e] >> 2, i]
                            if arc_mask[a] & 16 and ideal[k]:
                                start = 0.0
                            if to >= 0:
                                arrives = start + np.float64(delays[e])
                                if (arrives > new_arrival[to, r]) == late:
                                    new_arrival[to, r] = arrives
                        m >>= 1
                        k += 1
                if seed[v] >= 0:
                    # A clock is made here: nothing passes the arcs into the node.
                    for k in range(n_here):
                        for r in range(2):
                            new_arrival[k, r] = port_arrival[k, seed[v], r]
        changed = 0
        for r in range(2):
            # With wires it is the slews at the sinks that count.
            changed |= int(slew[v, r] != new_slew[r]) * (ARRIVES if mode else STALE)
            slew[v, r] = new_slew[r]
        for k in range(n_here):
            for r in range(2):
                changed |= int(arrival[k, v, r] != new_arrival[k, r]) * ARRIVES
                arrival[k, v, r] = new_arrival[k, r]
        if mode == 0:
            for r in range(2):
                at[4 * v + r] = new_arrival[0, r]
                at[4 * v + 2 + r] = new_slew[r]
        else:
            arrival0, arrival1, slew0, slew1 = new_arrival[0, 0], new_arrival[0, 1], new_slew[0], new_slew[1]
            plain = mode == 1 and sort != PORT
            for f in range(n_sink):
                row = np.uintp(first_sink + f)
                q = np.uintp(4 * (first_sink + f))
                far0, far1 = sink_delay[row, 0], sink_delay[row, 1]
                if stale and plain:
                    if state & LOADED:
                        changed |= int((far0 != sink_elmore[0, f]) | (far1 != sink_elmore[1, f])) * ARRIVES
                        far0, far1 = sink_elmore[0, f], sink_elmore[1, f]
                        sink_delay[row, 0], sink_delay[row, 1] = far0, far1
                    # The wire's step response adds to the driver's transition in squares (PERI, Kashyap 2002).
                    step0, step1 = spread * far0, spread * far1
                    s0, s1 = math.sqrt(slew0 * slew0 + step0 * step0), math.sqrt(slew1 * slew1 + step1 * step1)
                    s0, s1 = (s0 + _ROUND) - _ROUND, (s1 + _ROUND) - _ROUND
                    changed |= int((at[q + np.uintp(2)] != s0) | (at[q + np.uintp(3)] != s1)) * STALE
                    at[q + np.uintp(2)], at[q + np.uintp(3)] = s0, s1
                elif stale:
                    for r in range(2):
                        wire = sink_elmore[r, f] if state & LOADED or mode == 2 else kept_elmore[row, r]
                        d_far, s_far = wire, new_slew[r]
                        if mode == 3:
                            kept_elmore[row, r] = wire
                        if sort == PORT:
                            # Behind a port the net's time constant shapes an exponential, as in OpenSTA.
                            d_far, s_far = _LN2 * wire, s_far + spread * wire
                        elif mode == 2 and far_delay[r, f] != worst:
                            d_far, s_far = far_delay[r, f], far_slew[r, f]
                        elif mode == 2:
                            s_far = math.sqrt(s_far * s_far + spread * wire * (spread * wire))
                        elif d_far > 0.0 and s_far > 0.0:
                            # A pole behind a ramp of the driver's slew.
                            ramp = s_far / (hi - lo)
                            u = d_far / (d_far + ramp) * (response.shape[0] - 1)
                            k = min(int(u), response.shape[0] - 2)
                            u -= k
                            s_far = response[k, 1] + u * (response[k + 1, 1] - response[k, 1])
                            s_far *= (d_far + ramp) * (hi - lo)
                            d_far *= response[k, 0] + u * (response[k + 1, 0] - response[k, 0])
                        s_far = (s_far + _ROUND) - _ROUND
                        changed |= int(at[q + np.uintp(2 + r)] != s_far) * STALE
                        changed |= int(sink_delay[row, r] != d_far) * ARRIVES
                        at[q + np.uintp(2 + r)], sink_delay[row, r] = s_far, d_far
                    far0, far1 = sink_delay[row, 0], sink_delay[row, 1]
                at[q], at[q + np.uintp(1)] = arrival0 + net_derate * far0, arrival1 + net_derate * far1
        if changed and not full:
            touched[v] = 1
            for f in range(fan_ptr[v], fan_ptr[v + 1]):
                dirty[fan_node[f]] |= changed
    return count if absent < 0 else -1 - absent
