"""Compiled kernel of endpoint needs: from arrivals and check tables to the time that each endpoint row needs.

Edges: 0 rise, 1 fall.
"""

from __future__ import annotations

import numpy as np

from finevh.base.callee import callee
from finevh.technology.model import Index, Int, Real
from finevh.technology.tables.nldm import pair
from finevh.timing.sweep.arrays import Graph, Nets, Point, Rows, Tables, Values
from finevh.timing.sweep.forward import ARRIVES
from finevh.timing.sweep.lanes import Width, ask, columns

_AHEAD = 8
"""Rows between asking for what one reads and reading it."""


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _capture(
    g: Graph, mode: Index, rows: Rows, clock: Values, e: Index, q: Index, n_node: Index, k: Index, lanes: Index
) -> tuple[float, float]:
    """When the capturing edge of row ``e`` arrives in lane ``k``, and its slew, ps; 0 where registers see no clock's arrival.

    ``q``: row of the clock's sink in the columns of ``clock``.
    """
    u, edge = np.int64(rows.clock_node[e]), np.int64(rows.clock_edge[e])
    capture, slew = 0.0, 0.0
    if u < 0:
        return capture, slew
    if not g.ideal[rows.clock_tag[e]]:
        capture = clock.arrival[(2 * (rows.clock_tag[e] * n_node + u) + edge) * lanes + k]
        slew = clock.slew[(2 * u + edge) * lanes + k]
        if mode:
            capture += g.derate[1] * clock.sink_delay[(2 * q + edge) * lanes + k]
            slew = clock.at[(4 * q + 2 + edge) * lanes + k]
    if g.clock_slew[2 * u + edge] >= 0.0:
        slew = g.clock_slew[2 * u + edge]
    return capture, slew


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _need_of(
    g: Graph, mode: Index, rows: Rows, data: Values, e: Index, s: Index, r: Index, n_node: Index, k: Index, lanes: Index,
    margin: float, capture: float, late: bool,
) -> float:  # fmt: skip
    """Time, ps, that row ``e`` needs for a data edge; -inf where nothing arrives or there is no table.

    ``s``: row of the data's sink in the columns of ``data``.
    """
    a = data.arrival[(2 * (rows.tag[e] * n_node + np.int64(rows.node[e])) + r) * lanes + k]
    if not np.isfinite(a) or margin != margin:
        return -np.inf
    if mode:
        a += g.derate[1] * data.sink_delay[(2 * s + r) * lanes + k]
    ahead = a - capture
    need: float = margin + (ahead if late else -ahead)
    return need


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _ask_row(mode: Index, rows: Rows, data: Values, clock: Values, e: Index, s: Index, q: Index, n_node: Index) -> None:
    """Ask for what row ``e`` reads of one lane; its sinks ``s`` and ``q`` as in :func:`_need_of` and :func:`_capture`."""
    u = np.int64(rows.clock_node[e])
    ask(data.arrival, 2 * (rows.tag[e] * n_node + np.int64(rows.node[e])))
    if u >= 0:
        ask(clock.arrival, 2 * (rows.clock_tag[e] * n_node + u))
    if mode:
        ask(data.sink_delay, 2 * s)
        ask(data.at, 4 * s)
        ask(clock.sink_delay, 2 * q)
        ask(clock.at, 4 * q)


# Columns by name: a compiled kernel takes plain arrays.
def _needs(
    graph: Graph,
    slot: Int,
    t: Tables,
    parasitics: Nets,
    choice: Point,
    ends: Rows,
    arrives: Values,
    captures: Values,
    late: bool,
    touched: Int,
    margin: Real,
    need: Real,
    width: Width,
) -> None:
    """Time, ps, that each row needs: its slack is ``coefficient * period - need``; -inf where nothing arrives.

    ``need`` (n_row * lanes). Only rows whose data or clock node is ``touched`` (n_node) are computed. With one lane
    ``margin`` (n_row, 2) keeps what each edge's check adds, nan without a table; it is looked up where more than arrivals
    was touched.
    """
    # Tuples of columns give away fields at no cost.
    g, nets, point, rows = columns(graph), columns(parasitics), columns(choice), columns(ends)
    data, clock = columns(arrives), columns(captures)
    record, axes, table, mode = t.record, t.axes, t.values, np.int64(nets.mode[0])
    lanes, n_node = len(width), graph.node_cell.shape[0]
    n_row = ends.node.shape[0]
    for e in range(n_row):
        ahead = np.int64(e) + _AHEAD
        if lanes == 1 and ahead < n_row and touched[rows.node[ahead]]:
            s = np.int64(slot[rows.sink[ahead]]) if mode else np.int64(0)
            q = np.int64(slot[max(rows.clock_sink[ahead], 0)]) if mode else np.int64(0)
            _ask_row(mode, rows, data, clock, ahead, s, q, n_node)
        v, u, c = np.int64(rows.node[e]), np.int64(rows.clock_node[e]), np.int64(rows.cell[e])
        changed = touched[v] | touched[u] if u >= 0 else touched[v]
        if not changed:
            continue
        anew = lanes > 1 or changed & ~ARRIVES != 0
        s = np.int64(slot[rows.sink[e]]) if mode else np.int64(0)
        q = np.int64(slot[rows.clock_sink[e]]) if mode and u >= 0 else np.int64(0)
        for k in range(lanes):
            capture, clock_slew = _capture(g, mode, rows, clock, e, q, n_node, k, lanes)
            worst = -np.inf
            for r in range(2):
                adds = rows.add[2 * e + r]
                if not anew:
                    adds = margin[e, r]
                elif c >= 0:
                    slew = data.at[(4 * s + 2 + r) * lanes + k] if mode else data.slew[(2 * v + r) * lanes + k]
                    high = point.cell_rail[c] >> k & 1
                    base = point.table_base[c] if lanes == 1 else point.table_base[2 * c + high]
                    rec = (np.int64(base) + rows.local[e]) * 2 + r
                    if record[rec, 1] == 0:
                        adds = np.nan
                    else:
                        check, _ = pair(record, axes, table, rec, clock_slew, slew, False)
                        adds += check
                if lanes == 1:
                    margin[e, r] = adds
                worst = max(worst, _need_of(g, mode, rows, data, e, s, r, n_node, k, lanes, adds, capture, late))
            need[e * lanes + k] = worst


# Columns by name: a compiled kernel takes plain arrays.
def edge_needs(
    graph: Graph, slot: Int, parasitics: Nets, ends: Rows, arrives: Values, captures: Values, late: bool, at: Int, margin: Real,
    need: Real,
) -> None:  # fmt: skip
    """Needs (n_row, 2), ps, of each data edge alone at nodes that ``at`` (n_node) marks, -inf elsewhere."""
    g, nets, rows = columns(graph), columns(parasitics), columns(ends)
    data, clock = columns(arrives), columns(captures)
    mode, n_node = np.int64(nets.mode[0]), graph.node_cell.shape[0]
    for e in range(ends.node.shape[0]):
        need[e, 0], need[e, 1] = -np.inf, -np.inf
        if not at[rows.node[e]]:
            continue
        s = np.int64(slot[rows.sink[e]]) if mode else np.int64(0)
        q = np.int64(slot[rows.clock_sink[e]]) if mode and rows.clock_node[e] >= 0 else np.int64(0)
        capture, _ = _capture(g, mode, rows, clock, e, q, n_node, 0, 1)
        for r in range(2):
            need[e, r] = _need_of(g, mode, rows, data, e, s, r, n_node, 0, 1, margin[e, r], capture, late)
