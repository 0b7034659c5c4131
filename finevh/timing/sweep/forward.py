"""The forward sweep: arrivals, slews and delays of dirty drivers in order; one body for full, incremental and batch use.

Delays and slews are rounded to ``2**-10`` ps. So a change dies out where it no longer matters, and because one body of code
computes everything, an incremental evaluation still has the bits of a full one. Delays are kept: where only arrivals
change, the kernel adds and compares, and looks nothing up.

``width`` is a tuple of as many zeros as conditions are evaluated side by side (see :mod:`finevh.timing.sweep.lanes`): every
column holds the lanes of a row side by side, and a lane has the bits of an evaluation of its own.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from finevh.base.callee import callee, constants
from finevh.technology.model import Index, Int, Real
from finevh.technology.tables.nldm import pair_at
from finevh.timing.delay.arc_tables import (
    FIRST,
    LOAD_AXIS,
    LOAD_STEPS,
    N_LOAD,
    PER_CELL,
    SLEW_AXIS,
    SLEW_STEPS,
    Seat,
    arc_by_arc,
    below,
    grid_cell,
    line_values,
    make_line,
    seat,
)
from finevh.timing.delay.effective_capacitance import LANES as BLOCK
from finevh.timing.delay.effective_capacitance import (
    N_NUMBERS,
    N_WHOLE,
    TANGENT,
    Worst,
    add_arc,
    drive_block,
)
from finevh.timing.delay.input_port import behind_port, driven_port
from finevh.timing.delay.peri import step_slew
from finevh.timing.delay.rc_tree import elmore_delays, reduced_pi
from finevh.timing.delay.shielded import driver_slew_factor, pole_behind_ramp, seen_load
from finevh.timing.delay.wire_model import CEFF, ELMORE, SHIELDED
from finevh.timing.graph.entries import GENERAL, PLAIN, PORT
from finevh.timing.sweep.arrays import LAUNCHES, Array, Byte, Graph, Nets, Point, Tables, Values, Walk
from finevh.timing.sweep.lanes import (
    Number,
    Width,
    ask,
    choose,
    columns,
    lane,
    larger,
    load,
    mask,
    precise,
    prefetch,
    rounded,
    scratch,
    single,
    some,
    spread,
    store,
    with_lane,
)

ARRIVES, LOADED, STALE, WAITS = 1, 2, 4, 8
"""Bits of ``dirty``: what arrives may have changed; the net's load may have; the delays of the driver may have; what arrives may
have changed where slack is ample."""
EVERYTHING = ARRIVES | LOADED | STALE
INCREMENTAL, FULL, LEAN = 0, 1, 2
"""What follows a change; a full evaluation does not ask what changed, a lean one keeps only what endpoints need."""
_LN2 = math.log(2.0)
_RISE, _FALL = constants(0, 1)
_EIGHT = (0,) * 8
_SIXTEEN = (0,) * 16
_AHEAD = 8
"""Entries between asking for what arrives and reading it, with several lanes."""
_FAR, _MIDDLE, _NEAR, _RING = 16, 6, 11, 32
"""Dirty nodes ahead that are known, with one lane: the first ``_MIDDLE`` of them by their numbers alone, those beyond with their
entries and sinks, those beyond the first ``_NEAR`` with what arrives; and how many are kept."""
_ROWS_LATER, _ARRIVALS_LATER = 3, 6
"""Nodes marked after one where the cursor has passed until its entries and sinks are asked for, and what arrives."""
_TOGETHER, _SINKS, _ENTRIES = 64, 256, 512
"""Nodes that drive side by side with effective capacitances, at most, and about as many sinks and entries of theirs."""


class Net(NamedTuple):
    """Memory for one net, or for those of the nodes that drive side by side: rows of lanes."""

    below: Real
    """Capacitance, fF, behind each node of the tree."""
    elmore: Real
    """ps, by node of the tree."""
    second: Real
    node_cap: Real
    """fF at each node of the tree."""
    sink_cap: Real
    """fF, two edges per sink."""
    sink_elmore: Real
    """ps, two edges per sink, of all nodes that drive side by side; so are the three that follow."""
    pi: Real
    """Near fF, kOhm, far fF of the rising edge, then of the falling one."""
    far_delay: Real
    """ps, two edges per sink: the worst of the arcs so far."""
    far_slew: Real
    arrival: Real
    """ps by tag and edge, at the driver."""
    exact: Real
    """By entry delay and slew, ps, and 1, with effective capacitances."""
    wave: Real
    """Numbers of a block of arcs: see :mod:`finevh.timing.delay.effective_capacitance`."""
    whole: Array
    """Its integers."""
    ring: Array
    """The last ``_RING`` dirty nodes that were found ahead."""
    recent: Array
    """The last ``_RING`` nodes that were marked where nodes ahead had been looked for."""
    held: Array
    """Of each of the nodes that drive side by side: node, bits of ``dirty``, where its sinks and its entries begin above."""
    held_load: Real
    """fF of each of them, two edges."""


class Terms(NamedTuple):
    """What holds at every node of a sweep."""

    late: bool
    sign: float
    """What makes the wanted extreme the largest: 1 late, -1 early."""
    worst: float
    """What no arrival is worse than: -inf late, inf early."""
    follow: bool
    """Whether nodes behind a change are evaluated too."""
    keep: bool
    """Whether all results are kept, not only what endpoints need."""
    n_node: Index
    n_tag: Index
    n_port: Index
    n_record: Index
    """Records of the cells' tables."""
    last: Index
    """The last entry."""
    cell_derate: float
    net_derate: float
    spread_time: float
    """Time constants that a step needs from the lower to the upper threshold."""
    to_place: float
    """From a driver's time constant over its table's slew to a place in ``driver_slew``."""
    of_slope: float
    """Driver resistance over the slope of its delay with load."""


@callee(error_model="numpy")
def _net(n_tag: Index, longest: Index, most: Index, entries: Index, width: Width) -> Net:
    """Memory for nets of at most ``longest`` nodes and ``most`` sinks, and for nodes of at most ``entries``."""
    sinks = max(most, _SINKS)
    return Net(
        scratch(longest, width), scratch(longest, width), scratch(longest, width), scratch(longest, width),
        scratch(2 * most, width), scratch(2 * sinks, width), scratch(6, width), scratch(2 * sinks, width),
        scratch(2 * sinks, width), scratch(2 * n_tag, width), scratch(3 * max(entries, _ENTRIES), width),
        scratch(N_NUMBERS, _EIGHT), np.zeros(N_WHOLE * BLOCK, np.int64), np.zeros(_RING, np.int64),
        np.zeros(_RING, np.int64), np.zeros(4 * _TOGETHER, np.int64), scratch(2 * _TOGETHER, width),
    )  # fmt: skip


@callee(forceinline=True, error_model="numpy")
def _pin_load(g: Graph, pin_cap: Real, point: Point, s: Index, r: Index, width: Width) -> Number:
    """Capacitance, fF, of sink ``s`` for an edge: that of its cell's corner, or of an output port."""
    c = g.sink_cell[s]
    if c < 0:
        return spread(g.port_load[2 * g.sink_port[s] + r], width)
    rails = 1 if len(width) == 1 else 2
    local = g.sink_local[s]
    low, high = point.cap_base[rails * c] + local, point.cap_base[rails * c + rails - 1] + local
    at_high, at_low = precise(pin_cap[2 * high + r], width), precise(pin_cap[2 * low + r], width)
    return choose(mask(point.cell_rail[c], width), at_high, at_low)


@callee(forceinline=True, error_model="numpy")
def _net_load(
    g: Graph, pin_cap: Real, point: Point, net: Net, v: Index, first: Index, n_sink: Index, width: Width
) -> Number:
    """Load, fF, of a driver: the sum over its sinks in their order, and its wires; those of the sinks into ``net``."""
    rise, fall = spread(0.0, width), spread(0.0, width)
    for f in range(n_sink):
        own_rise, own_fall = (
            _pin_load(g, pin_cap, point, first + f, _RISE, width),
            _pin_load(g, pin_cap, point, first + f, _FALL, width),
        )
        rise += own_rise
        fall += own_fall
        store(net.sink_cap, 2 * f, own_rise)
        store(net.sink_cap, 2 * f + 1, own_fall)
    wire = point.wire_cap[v]
    return rise + wire, fall + wire


@callee(forceinline=True, error_model="numpy")
def _shared_elmore(nets: Nets, net: Net, p: Index, first: Index, n_sink: Index, width: Width) -> None:
    """Elmore delays, ps, of a small net: that of the wires, and the shared resistance times the capacitance of each sink.

    ``p``: row of ``nets.share`` of the net's first pair of sinks.
    """
    for f in range(n_sink):
        base = nets.sink_base[first + f]
        rise, fall = spread(base, width), spread(base, width)
        for s in range(n_sink):
            shared = nets.share[p]
            rise += shared * load(net.sink_cap, 2 * s, width)
            fall += shared * load(net.sink_cap, 2 * s + 1, width)
            p += 1
        store(net.sink_elmore, 2 * f, rise)
        store(net.sink_elmore, 2 * f + 1, fall)


# Columns by name: a compiled kernel takes plain arrays.
@callee(error_model="numpy")
def _tree_elmore(
    nets: Nets,
    net: Net,
    wire_cap: Number,
    low: Index,
    size: Index,
    first: Index,
    n_sink: Index,
    to: Index,
    rise: Number,
    fall: Number,
    with_pi: bool,
    width: Width,
) -> None:
    """Elmore delays, ps, of a net's sinks from its tree of ``size`` nodes to sink ``to`` of ``net``, and its pi."""
    for r in range(2):
        total = fall if r else rise
        if size:
            loose = total - wire_cap
            for i in range(size):
                store(net.below, i, spread(nets.tree_cap[low + i], width))
            for f in range(n_sink):
                at = nets.sink_tree[first + f]
                if at >= 0:
                    own = load(net.sink_cap, 2 * f + r, width)
                    store(net.below, at, load(net.below, at, width) + own)
                    loose -= own
            store(net.below, 0, load(net.below, 0, width) + choose(loose > 0.0, loose, 0.0))
            if with_pi:
                for i in range(size):
                    store(net.node_cap, i, load(net.below, i, width))
            elmore_delays(nets.tree_parent, nets.tree_res, low, size, net.below, net.elmore, width)
            if with_pi:
                near, wire, far = reduced_pi(
                    nets.tree_parent, nets.tree_res, low, size, net.node_cap, net.below, net.elmore, net.second, width
                )
                store(net.pi, 3 * r, near)
                store(net.pi, 3 * r + 1, wire)
                store(net.pi, 3 * r + 2, far)
        else:
            store(net.elmore, 0, spread(0.0, width))
            store(net.pi, 3 * r, total)
            store(net.pi, 3 * r + 1, spread(0.0, width))
            store(net.pi, 3 * r + 2, spread(0.0, width))
        for f in range(n_sink):
            at = nets.sink_tree[first + f]
            store(net.sink_elmore, 2 * (to + f) + r, load(net.elmore, at, width) if at >= 0 else spread(0.0, width))


# Columns by name: a compiled kernel takes plain arrays.
@callee(error_model="numpy")
def _need_line(
    g: Graph, b: Walk, t: Tables, point: Point, v: Index, e: Index, r: Index, line: Index, late: bool
) -> None:
    """Make the lines of entry ``e`` from ``line`` on, unless they are there, see :class:`Blocks`; of one lane."""
    for z in range(8):
        if b.lines[line * 8 + z] != 0.0:
            return
    driver, n_driver = np.int64(point.node_rail[b.source[e]]), np.int64(b.sizes[1])
    crosses = n_driver > 1 and driver != np.int64(point.node_rail[v])
    row = np.int64(point.node_head[v]) + (driver if crosses else n_driver - 1) * b.sizes[0]
    begin, end = np.int64(b.group_ptr[b.group[e]]), np.int64(b.group_ptr[b.group[e] + 1])
    make_line(
        t.record, t.cross_record, t.axes, t.values, driver if crosses else np.int64(-1),
        np.int64(point.table_base[g.node_cell[v]]) * 2 + r, b.member, begin, end, b.points, b.head, row,
        np.int64(b.line[e] >> 1), late, line, b.lines,
    )  # fmt: skip


# Columns by name: a compiled kernel takes plain arrays.
@callee(error_model="numpy")
def _shielded_load(
    g: Graph,
    b: Walk,
    t: Tables,
    nets: Nets,
    point: Point,
    values: Values,
    v: Index,
    begin: Index,
    end: Index,
    k: Index,
    load_here: Number,
    late: bool,
    width: Width,
) -> Number:
    """Capacitance, fF, that the driver of a net sees in lane ``k``: one for all arcs, by the ramp of the slowest pin's slew.

    Two rounds between the load and the driver's slew are enough.
    """
    lanes = len(width)
    chosen, x = begin, -np.inf
    for e in range(begin, end):
        here = values.at[(b.place[e] + 2) * lanes + k]
        if here > x:
            chosen, x = e, here
    u = b.source[chosen]
    if lanes == 1:
        row, driver = point.node_head[v], np.int64(point.node_rail[u])
        own = driver == np.int64(point.node_rail[v])
    else:
        high, from_high = point.node_rail[v] >> k & 1, point.node_rail[u] >> k & 1
        row, driver, own = point.node_head[2 * v + high], np.int64(point.rails[from_high]), high == from_high
    n_type, n_driver = b.sizes[0], b.sizes[1]
    row += (driver if n_driver > 1 and not own else n_driver - 1) * n_type
    h = np.int64(row) * 8
    i = grid_cell(b.points, b.head[h + SLEW_AXIS], b.head[h + SLEW_STEPS], x)
    ds = np.float32(x - b.points[b.head[h + SLEW_AXIS] + i])
    swing = nets.thresholds[1] - nets.thresholds[0]
    y = load_here
    for _ in range(2):
        j = grid_cell(b.points, b.head[h + LOAD_AXIS], b.head[h + LOAD_STEPS], y)
        dl = np.float32(y - b.points[b.head[h + LOAD_AXIS] + j])
        index = b.head[h + FIRST] + (b.line[chosen] >> 1) + (i * b.head[h + N_LOAD] + j) * b.head[h + PER_CELL]
        delay, slew = line_values(b.lines, index, ds, dl)
        if lanes == 1 and delay == 0.0:
            _need_line(g, b, t, point, v, chosen, 1 if chosen >= b.ptr[2 * v + 1] else 0, np.int64(index), late)
            delay, slew = line_values(b.lines, index, ds, dl)
        ramp = np.float64(slew) / swing
        if not ramp > 0.0:
            return load_here
        y = seen_load(load_here, nets.shape[2 * v], nets.shape[2 * v + 1] * load_here, ramp)
    return y


# Columns by name: a compiled kernel takes plain arrays.
@callee(error_model="numpy")
def _exact_arcs(
    g: Graph,
    b: Walk,
    t: Tables,
    point: Point,
    v: Index,
    e: Index,
    r: Index,
    k: Index,
    x: Number,
    y: Number,
    late: bool,
    width: Width,
) -> tuple[float, float, float]:
    """Delay and slew of entry ``e`` in lane ``k`` from its arcs one by one."""
    lanes = len(width)
    cell, u = g.node_cell[v], b.source[e]
    if lanes == 1:
        first, driver = np.int64(point.table_base[cell]) * 2 + r, np.int64(point.node_rail[u])
        if driver == np.int64(point.node_rail[v]):
            driver = np.int64(-1)
    else:
        high, from_high = point.node_rail[v] >> k & 1, point.node_rail[u] >> k & 1
        first = np.int64(point.table_base[2 * cell + high]) * 2 + r
        driver = np.int64(-1) if high == from_high else np.int64(point.rails[from_high])
    if b.sizes[1] == 1:
        driver = np.int64(-1)
    begin, end = np.int64(b.group_ptr[b.group[e]]), np.int64(b.group_ptr[b.group[e] + 1])
    return arc_by_arc(t.record, t.cross_record, t.axes, t.values, first, b.member, begin, end, driver, x, y, late)


# Columns by name: a compiled kernel takes plain arrays.
@callee(error_model="numpy")
def _arcs_over_pi(
    g: Graph,
    b: Walk,
    t: Tables,
    n_record: Index,
    nets: Nets,
    point: Point,
    values: Values,
    net: Net,
    worst: Worst,
    v: Index,
    to: Index,
    to_entry: Index,
    n_sink: Index,
) -> None:
    """Put the arcs of all entries of a node to those that drive side by side, and drive what fills a block.

    Delays and slews of entries come into ``net.exact`` from entry ``to_entry`` on, those at sinks into ``net.far_delay`` from
    sink ``to`` on. Delay and slew of an entry are followed by 0 where a table is absent. With one lane alone.
    """
    start, own = np.int64(b.ptr[2 * v]), np.int64(point.node_rail[v])
    extreme = -np.inf if worst.late else np.inf
    for r in range(2):
        near, wire, far = net.pi[3 * r], net.pi[3 * r + 1], net.pi[3 * r + 2]
        first = np.int64(point.table_base[g.node_cell[v]]) * 2 + r
        for e in range(np.int64(b.ptr[2 * v + r]), np.int64(b.ptr[2 * v + r + 1])):
            u, out = b.source[e], 3 * (to_entry + e - start)
            net.exact[out], net.exact[out + 1], net.exact[out + 2] = extreme, extreme, 1.0
            slew = values.at[np.int64(b.place[e]) + 2]
            clock = g.clock_slew[2 * u + (b.place[e] & 1)]
            if b.kind[v] == GENERAL and g.arc_mask[b.arc[e]] & LAUNCHES and clock >= 0.0:
                slew = clock
            driver = np.int64(point.node_rail[u])
            if driver == own or b.sizes[1] == 1:
                driver = np.int64(-1)
            for m in range(np.int64(b.group_ptr[b.group[e]]), np.int64(b.group_ptr[b.group[e] + 1])):
                rec = first + 2 * b.member[m]
                cross = 5 * (driver * n_record + rec)
                if t.record[5 * rec + 1] == 0 or (driver >= 0 and t.cross_record[cross + 1] == 0):
                    net.exact[out + 2] = 0.0
                    break
                shift, factor = 0.0, 1.0
                if driver >= 0:
                    x, nx, y, ny, low = (
                        t.cross_record[cross], t.cross_record[cross + 1], t.cross_record[cross + 2],
                        t.cross_record[cross + 3], t.cross_record[cross + 4],
                    )  # fmt: skip
                    shift, factor = pair_at(t.axes, t.values, x, nx, y, ny, low, slew, near + far, True)
                if add_arc(
                    t.record,
                    t.axes,
                    rec,
                    slew,
                    shift,
                    factor,
                    near,
                    wire,
                    far,
                    out,
                    2 * to + r,
                    n_sink,
                    net.wave,
                    net.whole,
                ):
                    _drive(t, nets, net, worst, False)


@callee(error_model="numpy")
def _drive(t: Tables, nets: Nets, net: Net, worst: Worst, last: bool) -> None:
    """Drive the arcs that wait, if these are not the ``last`` only where they fill a block."""
    lo, hi, rule = nets.thresholds[0], nets.thresholds[1], np.int64(nets.mode[1])
    drive_block(t.axes, t.values, net.wave, net.whole, worst, lo, hi, rule, last)


@callee(forceinline=True, error_model="numpy")
def _crossed_rows(
    point: Point, v: Index, driver: Index, n_type: Index, n_driver: Index, width: Width
) -> tuple[Number, Number]:
    """Headers of a node's type for a driver of another supply, at the node's low and high rail."""
    if len(width) == 1:
        row = point.node_head[v] + (driver - 1) * n_type
        return row, row
    low, high = point.node_head[2 * v], point.node_head[2 * v + 1]
    return low + point.rails[1] * n_type, high + point.rails[0] * n_type


@callee(forceinline=True, error_model="numpy")
def _own_seat(b: Walk, point: Point, v: Index, width: Width) -> Seat:
    """Where the lines of a node's type lie for drivers of its own supply."""
    one = len(width) == 1
    first = (b.sizes[1] - 1) * b.sizes[0]
    low = point.node_head[v if one else 2 * v] + first
    high = low if one else point.node_head[2 * v + 1] + first
    return seat(b.head, low, high, mask(point.node_rail[v], width), width)


# Long: inlined into the sweep, where a call and its copies of lanes would cost as much as the look-up.
@callee(forceinline=True, error_model="numpy")
def _look_up(
    g: Graph,
    b: Walk,
    t: Tables,
    nets: Nets,
    point: Point,
    values: Values,
    net: Net,
    own: Seat,
    v: Index,
    r: Index,
    load_here: Number,
    last: Index,
    cell_derate: float,
    of_slope: float,
    to_place: float,
    late: bool,
    keep: bool,
    width: Width,
) -> tuple[Number, Number, Number]:
    """Delays of all arcs into one edge of a node: the slowest slew, the latest arrival of the first tag, an absent entry or -1.

    Slew and arrival are times a sign that makes the wanted extreme the largest.
    """
    one = len(width) == 1
    n_type, n_driver = b.sizes[0], b.sizes[1]
    mode, sort = nets.mode[0], b.kind[v]
    begin, end = np.int64(b.ptr[2 * v + r]), np.int64(b.ptr[2 * v + r + 1])
    sign = 1.0 if late else -1.0
    single_sign = np.float32(sign)
    slowest, latest = spread(-np.inf, width), spread(-np.inf, width)
    absent = np.int64(-1)
    rail = point.node_rail[v]
    at_high = mask(rail, width)
    seen = load_here
    if mode == SHIELDED and nets.shape[2 * v + 1] > 0.0 and end > begin:
        for k in range(len(width)):
            seen = with_lane(
                seen, k, _shielded_load(g, b, t, nets, point, values, v, begin, end, k, lane(load_here, k), late, width)
            )
    own_j, point_below = below(b.points, own.load_low, own.load_high, own.load_size, at_high, seen)
    own_dl = single(seen - point_below)
    known, crossed, crossed_j, crossed_dl = np.int64(0), own, own_j, own_dl
    for e in range(begin, end):
        u, place, code = np.int64(b.source[e]), np.int64(b.place[e]), b.line[e]
        ahead = b.place[min(e + _AHEAD, last)]
        prefetch(values.at, ahead, width)
        prefetch(values.at, ahead + 2, width)
        x = load(values.at, place + 2, width)
        if sort == GENERAL and g.arc_mask[b.arc[e]] & LAUNCHES and g.clock_slew[2 * u + (place & 1)] >= 0.0:
            x = spread(g.clock_slew[2 * u + (place & 1)], width)
        if one:
            driver = np.int64(point.node_rail[u])
            crossing = driver + 1 if driver != rail else np.int64(0)
        else:
            crossing = np.int64(point.node_rail[u] ^ rail)
        if n_driver > 1 and crossing:
            if known == 0 or (one and known != crossing):
                known = crossing
                low, high = _crossed_rows(point, v, crossing, n_type, n_driver, width)
                crossed = seat(b.head, low, high, at_high, width)
                crossed_j, point_below = below(
                    b.points, crossed.load_low, crossed.load_high, crossed.load_size, at_high, seen
                )
                crossed_dl = single(seen - point_below)
            i, point_below = below(b.points, crossed.slew_low, crossed.slew_high, crossed.slew_size, at_high, x)
            index = crossed.first + (code >> 1) + (i * crossed.per_row + crossed_j) * crossed.per_cell
            ds, dl = single(x - point_below), crossed_dl
            if not one:
                i, point_below = below(b.points, own.slew_low, own.slew_high, own.slew_size, at_high, x)
                elsewhere = mask(crossing, width)
                index = choose(elsewhere, index, own.first + (code >> 1) + (i * own.per_row + own_j) * own.per_cell)
                ds, dl = choose(elsewhere, ds, single(x - point_below)), choose(elsewhere, dl, own_dl)
        else:
            i, point_below = below(b.points, own.slew_low, own.slew_high, own.slew_size, at_high, x)
            index = own.first + (code >> 1) + (i * own.per_row + own_j) * own.per_cell
            ds, dl = single(x - point_below), own_dl
        d, o = line_values(b.lines, index, ds, dl)
        if one and lane(d, 0) == 0.0:
            _need_line(g, b, t, point, v, e, r, np.int64(lane(index, 0)), late)
            d, o = line_values(b.lines, index, ds, dl)
        if code & 1:
            d2, o2 = line_values(b.lines, index + 1, ds, dl)
            d = single_sign * larger(single_sign * d, single_sign * d2)
            o = single_sign * larger(single_sign * o, single_sign * o2)
        delay, slew = precise(d, width), precise(o, width)
        bad = some(d != d)
        if bad:
            for k in range(len(width)):
                if bad >> k & 1:
                    exact_delay, exact_slew, found = _exact_arcs(
                        g, b, t, point, v, e, r, k, np.float64(lane(x, k)), np.float64(lane(load_here, k)), late, width
                    )  # fmt: skip
                    delay, slew = with_lane(delay, k, exact_delay), with_lane(slew, k, exact_slew)
                    if found == 0.0:
                        absent = np.int64(e)
        if mode == SHIELDED and nets.shape[2 * v + 1] > 0.0:
            for k in range(len(width)):
                if lane(slew, k) > 0.0:
                    p = np.int64(lane(index, k)) * 8
                    slope = np.float64(b.lines[p + 2] + b.lines[p + 3] * lane(ds, k)) * of_slope
                    factor = driver_slew_factor(
                        nets.driver_slew,
                        slope,
                        nets.shape[2 * v],
                        nets.shape[2 * v + 1],
                        lane(load_here, k),
                        lane(slew, k),
                        to_place,
                    )
                    slew = with_lane(slew, k, lane(slew, k) * factor)
        kept = single(rounded(cell_derate * delay))
        if keep:
            store(values.delay, e, kept)
        slowest = larger(slowest, sign * slew)
        latest = larger(latest, sign * (load(values.at, place, width) + precise(kept, width)))
    return slowest, latest, absent


# Columns by name: a compiled kernel takes plain arrays and numbers.
@callee(forceinline=True, error_model="numpy")
def _take_exact(
    b: Walk,
    values: Values,
    net: Net,
    v: Index,
    r: Index,
    to_entry: Index,
    cell_derate: float,
    sign: float,
    keep: bool,
    width: Width,
) -> tuple[Number, Number, Number]:
    """As :func:`_look_up` from the delays and slews of ``net.exact``, from entry ``to_entry`` on."""
    slowest, latest = spread(-np.inf, width), spread(-np.inf, width)
    absent, start = np.int64(-1), np.int64(b.ptr[2 * v]) - to_entry
    for e in range(np.int64(b.ptr[2 * v + r]), np.int64(b.ptr[2 * v + r + 1])):
        row = 3 * (e - start)
        if some(load(net.exact, row + 2, width) == 0.0):
            absent = np.int64(e)
        kept = single(rounded(cell_derate * load(net.exact, row, width)))
        if keep:
            store(values.delay, e, kept)
        slowest = larger(slowest, sign * load(net.exact, row + 1, width))
        latest = larger(latest, sign * (load(values.at, b.place[e], width) + precise(kept, width)))
    return slowest, latest, absent


@callee(forceinline=True, error_model="numpy")
def _kept_arrival(b: Walk, values: Values, v: Index, r: Index, sign: float, width: Width) -> Number:
    """Latest arrival of the first tag at an edge of a node, times ``sign``, with the delays that are known."""
    latest = spread(-np.inf, width)
    for e in range(b.ptr[2 * v + r], b.ptr[2 * v + r + 1]):
        arrives = load(values.at, b.place[e], width) + precise(load(values.delay, e, width), width)
        latest = larger(latest, sign * arrives)
    return latest


# Columns by name: a compiled kernel takes plain arrays.
@callee(error_model="numpy")
def _tag_arrivals(
    g: Graph,
    b: Walk,
    mode: Int,
    values: Values,
    net: Net,
    v: Index,
    n_here: Index,
    n_node: Index,
    n_tag: Index,
    n_port: Index,
    net_derate: float,
    late: bool,
    width: Width,
) -> None:
    """Arrivals of all tags at a node into ``net.arrival``: as a path exception, a latch or a launch makes of them."""
    for k in range(2 * n_here):
        store(net.arrival, k, spread(-np.inf if late else np.inf, width))
    for e in range(b.ptr[2 * v], b.ptr[2 * v + 2]):
        r = int(e >= b.ptr[2 * v + 1])
        u, i, a = b.source[e], b.place[e] & 1, b.arc[e]
        m, k = g.tags[2 * u + i], 0
        while m:
            if m & 1:
                to = g.remap[g.arc_class[a] * n_tag + k] if g.arc_class[a] else k
                if k == 0:
                    start = load(values.at, b.place[e], width)
                else:
                    start = load(values.arrival, 2 * (k * n_node + u) + i, width)
                    if mode:
                        start = start + net_derate * load(values.sink_delay, 2 * (b.place[e] >> 2) + i, width)
                if g.arc_mask[a] & LAUNCHES and g.ideal[k]:
                    start = spread(0.0, width)
                if to >= 0:
                    arrives = start + precise(load(values.delay, e, width), width)
                    before = load(net.arrival, 2 * to + r, width)
                    worse = arrives > before if late else arrives <= before
                    store(net.arrival, 2 * to + r, choose(worse, arrives, before))
            m >>= 1
            k += 1
    if g.seed[v] >= 0:
        # A clock is made here: nothing passes the arcs into the node.
        for k in range(n_here):
            for r in range(2):
                store(net.arrival, 2 * k + r, spread(g.port_arrival[2 * (k * n_port + g.seed[v]) + r], width))


# Columns by name: a compiled kernel takes plain arrays.
@callee(error_model="numpy")
def _port(
    g: Graph,
    t: Tables,
    net: Net,
    v: Index,
    rise: Number,
    fall: Number,
    n_here: Index,
    n_tag: Index,
    n_port: Index,
    width: Width,
) -> tuple[Number, Number]:
    """Slews of an input port; its arrivals by tag into ``net.arrival``."""
    port = g.node_port[v]
    slew0, slew1 = rise, fall
    for r in range(2):
        extra, slew = driven_port(
            t.record, t.axes, t.values, g.port_drive[2 * port + r], g.port_drive_slew[2 * port + r],
            g.port_slew[2 * port + r],
            fall if r else rise, width,
        )  # fmt: skip
        for k in range(n_here if n_tag else 0):
            store(net.arrival, 2 * k + r, g.port_arrival[2 * (k * n_port + port) + r] + extra)
        if r:
            slew1 = slew
        else:
            slew0 = slew
    return slew0, slew1


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _plain_sinks(
    b: Walk,
    values: Values,
    net: Net,
    first: Index,
    n_sink: Index,
    rise: Number,
    fall: Number,
    slew0: Number,
    slew1: Number,
    spread_time: float,
    net_derate: float,
    new_wires: bool,
    follow: bool,
    keep: bool,
    width: Width,
) -> Number:
    """Arrivals and slews at the sinks of a cell's net by Elmore delay; returns what changed.

    ``rise`` and ``fall`` are the arrivals of the first tag at the driver, ps; ``new_wires``: Elmore delays are in ``net``.
    """
    changed = 0
    for f in range(n_sink):
        s = first + f if len(width) == 1 else np.int64(b.slot[first + f])
        if new_wires:
            far0, far1 = load(net.sink_elmore, 2 * f, width), load(net.sink_elmore, 2 * f + 1, width)
            if follow:
                differs = (load(values.sink_delay, 2 * s, width) != far0) | (
                    load(values.sink_delay, 2 * s + 1, width) != far1
                )
                changed |= ARRIVES if some(differs) else 0
            if keep:
                store(values.sink_delay, 2 * s, far0)
                store(values.sink_delay, 2 * s + 1, far1)
        else:
            far0, far1 = load(values.sink_delay, 2 * s, width), load(values.sink_delay, 2 * s + 1, width)
        s0, s1 = rounded(step_slew(slew0, far0, spread_time)), rounded(step_slew(slew1, far1, spread_time))
        if follow:
            differs = (load(values.at, 4 * s + 2, width) != s0) | (load(values.at, 4 * s + 3, width) != s1)
            changed |= STALE if some(differs) else 0
        store(values.at, 4 * s + 2, s0)
        store(values.at, 4 * s + 3, s1)
        store(values.at, 4 * s, rise + net_derate * far0)
        store(values.at, 4 * s + 1, fall + net_derate * far1)
    return changed


@callee(error_model="numpy")
def _far_end(
    nets: Nets,
    sort: Index,
    wire: float,
    slew: float,
    far_delay: float,
    far_slew: float,
    worst: float,
    spread_time: float,
) -> tuple[float, float]:
    """Delay from the driver and slew, ps, at a sink of Elmore delay ``wire``: behind a port, or by the wire model."""
    mode = nets.mode[0]
    if sort == PORT:
        return behind_port(wire, slew, _LN2, spread_time)
    if mode == CEFF and far_delay != worst:
        return far_delay, far_slew
    if mode == SHIELDED:
        return pole_behind_ramp(nets.response, wire, slew, nets.thresholds[1] - nets.thresholds[0])
    return wire, step_slew(slew, wire, spread_time)


# Columns by name: a compiled kernel takes plain arrays.
@callee(error_model="numpy")
def _shaped_sinks(
    b: Walk,
    nets: Nets,
    values: Values,
    net: Net,
    sort: Index,
    first: Index,
    n_sink: Index,
    to: Index,
    rise: Number,
    fall: Number,
    slew0: Number,
    slew1: Number,
    worst: float,
    spread_time: float,
    net_derate: float,
    new_wires: bool,
    follow: bool,
    width: Width,
) -> Number:
    """Arrivals and slews at the sinks of a net whose waveform its driver or its model shapes; returns what changed.

    What is known of them in ``net`` begins at sink ``to``.
    """
    changed = 0
    lanes = len(width)
    mode = nets.mode[0]
    for f in range(n_sink):
        s = first + f if lanes == 1 else np.int64(b.slot[first + f])
        for r in range(2):
            row = 2 * s + r
            known = new_wires or mode == CEFF
            wire = load(net.sink_elmore, 2 * (to + f) + r, width) if known else load(values.sink_elmore, row, width)
            if mode == SHIELDED:
                store(values.sink_elmore, row, wire)
            delay, slew = wire, slew1 if r else slew0
            for k in range(lanes):
                at = (2 * (to + f) + r) * lanes + k
                d, o = _far_end(
                    nets, sort, np.float64(lane(wire, k)), np.float64(lane(slew, k)), np.float64(net.far_delay[at]),
                    np.float64(net.far_slew[at]), worst, spread_time,
                )  # fmt: skip
                delay, slew = with_lane(delay, k, d), with_lane(slew, k, o)
            slew = rounded(slew)
            if follow:
                changed |= STALE if some(load(values.at, 4 * s + 2 + r, width) != slew) else 0
                changed |= ARRIVES if some(load(values.sink_delay, row, width) != delay) else 0
            store(values.at, 4 * s + 2 + r, slew)
            store(values.sink_delay, row, delay)
            store(values.at, 4 * s + r, (fall if r else rise) + net_derate * delay)
    return changed


@callee(forceinline=True, error_model="numpy")
def _moved_sinks(
    values: Values, first: Index, n_sink: Index, rise: Number, fall: Number, net_derate: float, width: Width
) -> None:
    """Arrivals at the sinks of a net of which only the driver's arrivals changed."""
    for s in range(first, first + n_sink):
        store(values.at, 4 * s, rise + net_derate * load(values.sink_delay, 2 * s, width))
        store(values.at, 4 * s + 1, fall + net_derate * load(values.sink_delay, 2 * s + 1, width))


@callee(forceinline=True, error_model="numpy")
def _next_dirty(dirty: Byte, v: Index, n_node: Index) -> Index:
    """The first node from ``v`` on that may be dirty: clean ones are passed sixteen at a time."""
    while v & 15 == 0 and v + 16 <= n_node and not some(load(dirty, v >> 4, _SIXTEEN) != 0):
        v += 16
    return v


@callee(forceinline=True, error_model="numpy")
def _ask_node(g: Graph, b: Walk, point: Point, values: Values, v: Index) -> None:
    """Ask for what lies at the number of a node."""
    ask(b.ptr, 2 * v)
    ask(g.sink_ptr, v)
    ask(g.fan_ptr, v)
    ask(point.node_head, v)
    ask(point.node_rail, v)
    ask(values.load, 2 * v)
    ask(values.slew, 2 * v)
    ask(values.arrival, 2 * v)


@callee(forceinline=True, error_model="numpy")
def _ask_rows(g: Graph, b: Walk, point: Point, values: Values, mode: Index, v: Index) -> None:
    """Ask for the entries, sinks and header of a node."""
    begin, last = np.int64(b.ptr[2 * v]), np.int64(b.ptr[2 * v + 2]) - 1
    ask(b.place, begin)
    ask(b.source, begin)
    ask(b.line, begin)
    ask(values.delay, begin)
    if last > begin:
        ask(b.place, last)
        ask(b.source, last)
        ask(b.line, last)
        ask(values.delay, last)
    ask(g.fan_node, g.fan_ptr[v])
    ask(b.head, 8 * (point.node_head[v] + (b.sizes[1] - 1) * b.sizes[0]))
    if mode:
        # Two sinks lie in a line of the cache.
        for s in range(np.int64(g.sink_ptr[v]), np.int64(g.sink_ptr[v + 1]), 2):
            ask(values.sink_delay, 2 * s)
            ask(values.at, 4 * s)


@callee(forceinline=True, error_model="numpy")
def _ask_arrivals(b: Walk, values: Values, v: Index) -> None:
    """Ask for what arrives at a node."""
    for e in range(np.int64(b.ptr[2 * v]), np.int64(b.ptr[2 * v + 2])):
        ask(values.at, b.place[e])


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _ask_ahead(
    g: Graph,
    b: Walk,
    point: Point,
    values: Values,
    net: Net,
    mode: Index,
    dirty: Byte,
    v: Index,
    n_node: Index,
    cursor: Index,
    done: Index,
    found: Index,
    asked: Index,
) -> tuple[Index, Index, Index]:
    """Ask for the memory of nodes behind ``v`` that are dirty by the bits ``asked``.

    The sooner the more is to be read before its place is known. ``cursor`` is the last node that was looked at; of those
    ``found`` ahead some are ``done``. Returns the three anew. What is marked before the cursor later on is left to
    :func:`_ask_marked`.
    """
    while done < found and net.ring[done & (_RING - 1)] <= v:
        done += 1
    cursor = max(cursor, v)
    while found - done < _FAR and cursor < n_node:
        cursor = _next_dirty(dirty, cursor + 1, n_node)
        if cursor >= n_node or not dirty[cursor] & asked:
            continue
        net.ring[found & (_RING - 1)] = cursor
        _ask_node(g, b, point, values, cursor)
        if found >= _MIDDLE:
            _ask_rows(g, b, point, values, mode, net.ring[(found - _MIDDLE) & (_RING - 1)])
        if found >= _NEAR:
            _ask_arrivals(b, values, net.ring[(found - _NEAR) & (_RING - 1)])
        found += 1
    return cursor, done, found


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _ask_marked(
    g: Graph, b: Walk, point: Point, values: Values, net: Net, mode: Index, v: Index, marked: Index
) -> Index:
    """Ask for the memory of a node that is marked where the cursor of :func:`_ask_ahead` has passed; as many are ``marked``."""
    net.recent[marked & (_RING - 1)] = v
    _ask_node(g, b, point, values, v)
    if marked >= _ROWS_LATER:
        _ask_rows(g, b, point, values, mode, net.recent[(marked - _ROWS_LATER) & (_RING - 1)])
    if marked >= _ARRIVALS_LATER:
        _ask_arrivals(b, values, net.recent[(marked - _ARRIVALS_LATER) & (_RING - 1)])
    return marked + 1


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _mark_behind(
    g: Graph,
    b: Walk,
    point: Point,
    values: Values,
    net: Net,
    mode: Index,
    dirty: Byte,
    v: Index,
    changed: Index,
    cursor: Index,
    marked: Index,
    width: Width,
) -> Index:
    """Mark what a node drives, and ask for what is marked up to the ``cursor``; as many were ``marked`` there."""
    for f in range(g.fan_ptr[v], g.fan_ptr[v + 1]):
        behind = np.int64(g.fan_node[f])
        if len(width) == 1 and behind <= cursor and not dirty[behind]:
            marked = _ask_marked(g, b, point, values, net, mode, behind, marked)
        dirty[behind] |= changed
    return marked


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _wire_delays(
    g: Graph,
    nets: Nets,
    pin_cap: Real,
    point: Point,
    net: Net,
    v: Index,
    first: Index,
    n_sink: Index,
    to: Index,
    rise: Number,
    fall: Number,
    new_wires: bool,
    stale: bool,
    width: Width,
) -> None:
    """Elmore delays of a net whose load or wires changed to sink ``to`` of ``net``, and with effective capacitances its pi."""
    mode = nets.mode[0]
    if mode & 1 and new_wires and nets.share_ptr[v + 1] > nets.share_ptr[v]:
        _shared_elmore(nets, net, np.int64(nets.share_ptr[v]), first, n_sink, width)
    elif mode and (new_wires or (stale and mode == CEFF)):
        if not new_wires:
            _net_load(g, pin_cap, point, net, v, first, n_sink, width)
        low = np.int64(nets.tree_ptr[v])
        size = np.int64(nets.tree_ptr[v + 1]) - low
        _tree_elmore(nets, net, point.wire_cap[v], low, size, first, n_sink, to, rise, fall, mode == CEFF, width)


@callee(forceinline=True, error_model="numpy")
def _output_slew(slowest: Number, sign: float, width: Width) -> Number:
    """Slew of an edge from the extreme over its arcs, 0 where there is none.

    Far beyond its axes a table may give a negative slew; OpenSTA takes none below zero.
    """
    return choose(slowest != -np.inf, larger(spread(0.0, width), rounded(sign * slowest)), 0.0)


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _cell(
    g: Graph,
    b: Walk,
    t: Tables,
    nets: Nets,
    point: Point,
    values: Values,
    net: Net,
    terms: Terms,
    v: Index,
    rise: Number,
    fall: Number,
    n_here: Index,
    to_entry: Index,
    stale: bool,
    exact: bool,
    width: Width,
) -> tuple[Number, Number, Number]:
    """Slews of a cell's output and an absent entry or -1; its arrivals into ``net.arrival``."""
    sort, absent = b.kind[v], np.int64(-1)
    if stale:
        keep = terms.keep or sort == GENERAL
        if exact:
            slowest0, late0, absent0 = _take_exact(
                b, values, net, v, _RISE, to_entry, terms.cell_derate, terms.sign, keep, width
            )
            slowest1, late1, absent1 = _take_exact(
                b, values, net, v, _FALL, to_entry, terms.cell_derate, terms.sign, keep, width
            )
        else:
            own = _own_seat(b, point, v, width)
            slowest0, late0, absent0 = _look_up(
                g, b, t, nets, point, values, net, own, v, _RISE, rise, terms.last, terms.cell_derate, terms.of_slope,
                terms.to_place, terms.late, keep, width,
            )  # fmt: skip
            slowest1, late1, absent1 = _look_up(
                g, b, t, nets, point, values, net, own, v, _FALL, fall, terms.last, terms.cell_derate, terms.of_slope,
                terms.to_place, terms.late, keep, width,
            )  # fmt: skip
        absent = max(absent0, absent1)
        slew0, slew1 = _output_slew(slowest0, terms.sign, width), _output_slew(slowest1, terms.sign, width)
    else:
        slew0, slew1 = load(values.slew, 2 * v, width), load(values.slew, 2 * v + 1, width)
        late0 = _kept_arrival(b, values, v, _RISE, terms.sign, width)
        late1 = _kept_arrival(b, values, v, _FALL, terms.sign, width)
    if sort == PLAIN:
        store(net.arrival, 0, terms.sign * late0)
        store(net.arrival, 1, terms.sign * late1)
    else:
        _tag_arrivals(
            g, b, nets.mode[0], values, net, v, n_here, terms.n_node, terms.n_tag, terms.n_port, terms.net_derate,
            terms.late, width,
        )  # fmt: skip
    return slew0, slew1, absent


@callee(forceinline=True, error_model="numpy")
def _slews_differ(values: Values, v: Index, slew0: Number, slew1: Number, width: Width) -> Number:
    """Whether a driver's slews are others than before in some lane."""
    return some((load(values.slew, 2 * v, width) != slew0) | (load(values.slew, 2 * v + 1, width) != slew1)) != 0


@callee(forceinline=True, error_model="numpy")
def _is_ample(values: Values, net: Net, ample: Real, sort: Index, mode: Index, new_wires: bool, v: Index) -> bool:
    """Whether arrivals at a plain driver were and are no later than ``ample``, ps, and its wires are those of before."""
    if ample.shape[0] == 0 or sort != PLAIN or mode > ELMORE or new_wires:
        return False
    rise: bool = max(values.arrival[2 * v], net.arrival[0]) <= ample[2 * v]
    fall: bool = max(values.arrival[2 * v + 1], net.arrival[1]) <= ample[2 * v + 1]
    return rise and fall


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _keep_node(
    values: Values,
    net: Net,
    terms: Terms,
    v: Index,
    n_here: Index,
    slew0: Number,
    slew1: Number,
    differs: bool,
    kept: bool,
    mode: Index,
    width: Width,
) -> Number:
    """Slews and arrivals at a driver into ``values``, as far as they are kept; returns what changed."""
    changed = 0
    if terms.follow:
        # With wires it is the slews at the sinks that count.
        changed |= (ARRIVES if mode else STALE) if differs else 0
    if terms.keep or mode == 0:
        store(values.slew, 2 * v, slew0)
        store(values.slew, 2 * v + 1, slew1)
    if kept:
        for k in range(n_here):
            for r in range(2):
                row, arrives = 2 * (k * terms.n_node + v) + r, load(net.arrival, 2 * k + r, width)
                if terms.follow:
                    changed |= ARRIVES if some(load(values.arrival, row, width) != arrives) else 0
                store(values.arrival, row, arrives)
    return changed


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _sinks(
    b: Walk,
    nets: Nets,
    values: Values,
    net: Net,
    terms: Terms,
    v: Index,
    first: Index,
    n_sink: Index,
    to: Index,
    slew0: Number,
    slew1: Number,
    kept: bool,
    new_wires: bool,
    stale: bool,
    width: Width,
) -> Number:
    """Arrivals and slews at the sinks of a driver by its wire model; returns what changed."""
    mode, sort, changed = nets.mode[0], b.kind[v], 0
    arrival0, arrival1 = load(net.arrival, 0, width), load(net.arrival, 1, width)
    if mode == 0:
        store(values.at, 4 * v, arrival0)
        store(values.at, 4 * v + 1, arrival1)
        store(values.at, 4 * v + 2, slew0)
        store(values.at, 4 * v + 3, slew1)
    elif not stale:
        _moved_sinks(values, first, n_sink, arrival0, arrival1, terms.net_derate, width)
    elif mode == ELMORE and sort != PORT:
        changed |= _plain_sinks(
            b, values, net, first, n_sink, arrival0, arrival1, slew0, slew1, terms.spread_time, terms.net_derate,
            new_wires, terms.follow, kept, width,
        )  # fmt: skip
    else:
        changed |= _shaped_sinks(
            b, nets, values, net, sort, first, n_sink, to, arrival0, arrival1, slew0, slew1, terms.worst,
            terms.spread_time, terms.net_derate, new_wires, terms.follow, width,
        )  # fmt: skip
    return changed


@callee(forceinline=True, error_model="numpy")
def _terms(g: Graph, b: Walk, t: Tables, parasitics: Nets, late: bool, follows: Index) -> Terms:
    """The terms of a sweep."""
    lo, hi = parasitics.thresholds[0], parasitics.thresholds[1]
    return Terms(
        late,
        1.0 if late else -1.0,
        -np.inf if late else np.inf,
        follows == INCREMENTAL,
        follows != LEAN,
        g.node_cell.shape[0],
        g.port_arrival.shape[0],
        g.port_arrival.shape[1],
        t.record.shape[0],
        np.int64(b.ptr[2 * g.node_cell.shape[0]]) - 1,
        g.derate[0],
        g.derate[1],
        math.log((1.0 - lo) / (1.0 - hi)),
        (parasitics.driver_slew.shape[0] - 2) / parasitics.driver_slew[-1] * (hi - lo) / (0.5 - lo),
        _LN2 if parasitics.mode[1] == TANGENT else 1.0,
    )


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _loads(
    g: Graph,
    b: Walk,
    plain: Tables,
    nets: Nets,
    point: Point,
    values: Values,
    net: Net,
    worst: Worst,
    terms: Terms,
    v: Index,
    state: Index,
    to: Index,
    to_entry: Index,
    exact: bool,
    width: Width,
) -> tuple[Number, Number]:
    """The first visit of a node: the load of its net, which is returned, fF, its wires, and its arcs where they are exact."""
    first = np.int64(g.sink_ptr[v])
    n_sink = np.int64(g.sink_ptr[v + 1]) - first
    stale, new_wires = _is_stale(b, v, state), state & LOADED != 0
    if new_wires:
        rise, fall = _net_load(g, plain.pin_cap, point, net, v, first, n_sink, width)
        if terms.keep:
            store(values.load, 2 * v, rise)
            store(values.load, 2 * v + 1, fall)
    else:
        rise, fall = load(values.load, 2 * v, width), load(values.load, 2 * v + 1, width)
    _wire_delays(g, nets, plain.pin_cap, point, net, v, first, n_sink, to, rise, fall, new_wires, stale, width)
    if exact and stale:
        for k in range(2 * to, 2 * (to + n_sink)):
            store(net.far_delay, k, spread(terms.worst, width))
            store(net.far_slew, k, spread(terms.worst, width))
        if b.kind[v] != PORT:
            _arcs_over_pi(g, b, plain, terms.n_record, nets, point, values, net, worst, v, to, to_entry, n_sink)
    return rise, fall


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _drives(
    g: Graph,
    b: Walk,
    t: Tables,
    nets: Nets,
    point: Point,
    values: Values,
    net: Net,
    terms: Terms,
    v: Index,
    state: Index,
    to: Index,
    to_entry: Index,
    rise: Number,
    fall: Number,
    ample: Real,
    exact: bool,
    width: Width,
) -> tuple[Index, bool, Index]:
    """The second visit of a node: its arrivals and slews and those at its sinks.

    Returns what changed, whether what follows may wait, and an absent entry or -1.
    """
    mode, sort = nets.mode[0], b.kind[v]
    first = np.int64(g.sink_ptr[v])
    n_sink = np.int64(g.sink_ptr[v + 1]) - first
    stale, new_wires, absent = _is_stale(b, v, state), state & LOADED != 0, np.int64(-1)
    n_here = 1
    if sort != PLAIN:
        # Data tags have the lowest numbers: most nodes stop at the first.
        while (g.tags[2 * v] | g.tags[2 * v + 1]) >> n_here:
            n_here += 1
    if sort == PORT:
        slew0, slew1 = _port(g, t, net, v, rise, fall, n_here, terms.n_tag, terms.n_port, width)
    else:
        slew0, slew1, absent = _cell(
            g, b, t, nets, point, values, net, terms, v, rise, fall, n_here, to_entry, stale, exact, width
        )
    kept = terms.keep or b.kept[v] != 0
    differs = terms.follow and _slews_differ(values, v, slew0, slew1, width)
    waits = len(width) == 1 and not exact and _is_ample(values, net, ample, sort, mode, new_wires, v)
    changed = _keep_node(values, net, terms, v, n_here, slew0, slew1, differs, kept, mode, width)
    # Else nothing but the driver's arrivals reaches the sinks.
    reaches = stale and (mode != ELMORE or not terms.follow or differs or new_wires)
    changed |= _sinks(b, nets, values, net, terms, v, first, n_sink, to, slew0, slew1, kept, new_wires, reaches, width)
    return changed, waits and changed == ARRIVES, absent


@callee(forceinline=True, error_model="numpy")
def _is_stale(b: Walk, v: Index, state: Index) -> bool:
    """Whether what a node's arcs give may have changed: of what a port gives only its net decides."""
    return state & (LOADED if b.kind[v] == PORT else LOADED | STALE) != 0


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _hold(
    g: Graph,
    b: Walk,
    net: Net,
    held: Index,
    v: Index,
    state: Index,
    to: Index,
    to_entry: Index,
    rise: Number,
    fall: Number,
) -> tuple[Index, Index]:
    """Note a node that drives side by side with others, and its load, fF; where the sinks and entries of the next one begin."""
    net.held[4 * held], net.held[4 * held + 1] = v, state
    net.held[4 * held + 2], net.held[4 * held + 3] = to, to_entry
    store(net.held_load, 2 * held, rise)
    store(net.held_load, 2 * held + 1, fall)
    if not _is_stale(b, v, state):
        return to, to_entry
    n_sink, n_entry = np.int64(g.sink_ptr[v + 1] - g.sink_ptr[v]), np.int64(b.ptr[2 * v + 2] - b.ptr[2 * v])
    return to + n_sink, to_entry + n_entry


@callee(forceinline=True, error_model="numpy")
def _joins(g: Graph, b: Walk, v: Index, held: Index, to: Index, to_entry: Index, entries: Index) -> bool:
    """Whether there is room for a node beside those that are held; for one there is."""
    n_sink, n_entry = np.int64(g.sink_ptr[v + 1] - g.sink_ptr[v]), np.int64(b.ptr[2 * v + 2] - b.ptr[2 * v])
    room: Index = max(np.int64(b.sizes[3]), np.int64(_SINKS))
    entry_room = max(entries, np.int64(_ENTRIES))
    return bool(held < _TOGETHER and to + n_sink <= room and to_entry + n_entry <= entry_room)


@callee(forceinline=True, error_model="numpy")
def _first_behind(g: Graph, v: Index, first: Index) -> Index:
    """The first of ``first`` and the nodes behind a node."""
    for f in range(g.fan_ptr[v], g.fan_ptr[v + 1]):
        first = min(first, np.int64(g.fan_node[f]))
    return first


@callee(error_model="numpy")
def _most_entries(b: Walk, n_node: Index) -> Index:
    """Entries of the node that has most."""
    most: Index = np.int64(0)
    for v in range(n_node):
        most = max(most, np.int64(b.ptr[2 * v + 2] - b.ptr[2 * v]))
    return most


# Long: the loop over nodes; what it calls is inlined, what remains are the cases of one visit.
@callee(forceinline=True, error_model="numpy")
def _sweep(
    graph: Graph,
    walk: Walk,
    tables: Tables,
    parasitics: Nets,
    choice: Point,
    found: Values,
    late: bool,
    allowed: Number,
    dirty: Byte,
    touched: Int,
    follows: Index,
    ample: Real,
    exact: bool,
    width: Width,
) -> Index:
    """See :func:`_advance`, or where ``exact`` :func:`_advance_exact`.

    A node is visited twice: for the load of its net, and for what it drives. With effective capacitances these visits lie apart:
    nodes none of which is behind another are held, and their arcs drive side by side.
    """
    # Tuples of columns give away fields at no cost, and no reference to them is counted.
    g, b, nets, point, values = columns(graph), columns(walk), columns(parasitics), columns(choice), columns(found)
    plain = columns(tables)
    terms = _terms(graph, walk, tables, parasitics, late, follows)
    n_node = terms.n_node
    entries = _most_entries(b, n_node) if exact else np.int64(0)
    memory = _net(max(terms.n_tag, 1), np.int64(b.sizes[2]), np.int64(b.sizes[3]), entries, width)
    net = columns(memory)
    worst = Worst(net.sink_elmore, net.far_delay, net.far_slew, net.exact, late)
    for k in range(N_NUMBERS * BLOCK):
        net.wave[k] = 1.0
    for k in range(2 * max(terms.n_tag, 1)):
        store(net.arrival, k, spread(terms.worst, width))
    absent: Index = np.int64(-1)
    count = 0
    v: Index = -1
    cursor: Index = np.int64(-1)
    done: Index = np.int64(0)
    ahead: Index = np.int64(0)
    marked: Index = np.int64(0)
    asked = EVERYTHING if ample.shape[0] > 0 else EVERYTHING | WAITS
    held: Index = np.int64(0)
    limit: Index = n_node
    to: Index = np.int64(0)
    to_entry: Index = np.int64(0)
    while True:
        u = _next_dirty(dirty, v + 1, n_node)
        if held == 0 and u >= n_node:
            break
        if u < limit and (held == 0 or _joins(g, b, u, held, to, to_entry, entries)):
            v = u
            state: Index = np.int64(dirty[v])
            if not state & asked or not allowed[v]:
                continue
            if len(width) == 1:
                cursor, done, ahead = _ask_ahead(
                    g, b, point, values, net, nets.mode[0], dirty, v, n_node, cursor, done, ahead, asked
                )
            dirty[v] = 0
            count += 1
            rise, fall = _loads(
                g, b, plain, nets, point, values, net, worst, terms, v, state, to, to_entry, exact, width
            )
            if exact:
                to, to_entry = _hold(g, b, net, held, v, state, to, to_entry, rise, fall)
                held += 1
                limit = _first_behind(g, v, limit)
                continue
            held = np.int64(1)
        if exact:
            _drive(plain, nets, net, worst, True)
        for h in range(held):
            node, at, at_entry = v, np.int64(0), np.int64(0)
            if exact:
                node, state, at, at_entry = (
                    net.held[4 * h],
                    net.held[4 * h + 1],
                    net.held[4 * h + 2],
                    net.held[4 * h + 3],
                )
                rise, fall = load(net.held_load, 2 * h, width), load(net.held_load, 2 * h + 1, width)
            changed, waits, gap = _drives(
                g, b, tables, nets, point, values, net, terms, node, state, at, at_entry, rise, fall, ample, exact, width,
            )  # fmt: skip
            absent = max(absent, gap)
            if changed:
                touched[node] |= changed
                behind = WAITS if waits else changed
                marked = _mark_behind(
                    g, b, point, values, net, nets.mode[0], dirty, node, behind, cursor, marked, width
                )
        held, limit, to, to_entry = np.int64(0), n_node, np.int64(0), np.int64(0)
    # Columns do not keep an array: this last use does.
    memory.below[0] = 0.0
    return count if absent < 0 else -1 - absent


# Columns by name: a compiled kernel takes plain arrays.
def _advance(
    graph: Graph,
    walk: Walk,
    tables: Tables,
    parasitics: Nets,
    choice: Point,
    found: Values,
    late: bool,
    allowed: Number,
    dirty: Byte,
    touched: Int,
    follows: Index,
    ample: Real,
    width: Width,
) -> Index:
    """Evaluate dirty nodes in order and, if ``INCREMENTAL``, what changes behind them; returns how many were evaluated.

    ``dirty`` (n_node) holds ``ARRIVES``, ``LOADED``, ``STALE`` and is zero afterwards, but for nodes that are not
    ``allowed`` (n_node): they wait. ``touched`` (n_node) takes ``ARRIVES`` and ``STALE`` where that
    changed. Where a table or a derate that is needed is absent, returns -1 minus the entry. Not with effective capacitances.

    ``ample`` (2 * n_node), or nothing: ps of late arrivals at plain nodes. Where arrivals alone changed, and were and are no
    later at both edges, what follows is marked ``WAITS`` and left to a sweep without.
    """
    return _sweep(
        graph, walk, tables, parasitics, choice, found, late, allowed, dirty, touched, follows, ample, False, width
    )


# Columns by name: a compiled kernel takes plain arrays.
def _advance_exact(
    graph: Graph,
    walk: Walk,
    tables: Tables,
    parasitics: Nets,
    choice: Point,
    found: Values,
    late: bool,
    allowed: Number,
    dirty: Byte,
    touched: Int,
    follows: Index,
    ample: Real,
    width: Width,
) -> Index:
    """As :func:`_advance` with effective capacitances, in one lane; there nothing is ample."""
    return _sweep(
        graph, walk, tables, parasitics, choice, found, late, allowed, dirty, touched, follows, ample, True, width
    )
