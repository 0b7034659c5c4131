"""Compiled kernel of the checks at endpoints: what time each setup or hold check needs.

Arrivals are relative to the edges of their clocks, so that no clock period enters. Edges: 0 rise, 1 fall.
"""

from __future__ import annotations

import numpy as np

from finevh.technology.model import Int, Real
from finevh.technology.tables.nldm import pair
from finevh.timing.sweep.arrays import Graph, Nets, Point, Rows, Tables, Values
from finevh.timing.sweep.lanes import Width


# Columns by name: a compiled kernel takes plain arrays.
def _needs(
    g: Graph,
    slot: Int,
    t: Tables,
    nets: Nets,
    point: Point,
    rows: Rows,
    data: Values,
    clock: Values,
    late: bool,
    touched: Int,
    need: Real,
    width: Width,
) -> None:
    """Time, ps, that each row needs: its slack is ``coefficient * period - need``; -inf where nothing arrives.

    ``need`` (n_row * lanes). Only rows whose data or clock node is ``touched`` (n_node) are computed.
    """
    lanes = len(width)
    n_node = g.node_cell.shape[0]
    record, axes, table, mode, net = t.record, t.axes, t.values, nets.mode[0], g.derate[1]
    for e in range(rows.node.shape[0]):
        v, u = np.int64(rows.node[e]), np.int64(rows.clock_node[e])
        if not touched[v] and (u < 0 or not touched[u]):
            continue
        seen = u >= 0 and not g.ideal[rows.clock_tag[e]]
        edge, c = rows.clock_edge[e], np.int64(rows.cell[e])
        s = np.int64(slot[rows.sink[e]]) if mode else np.int64(0)
        for k in range(lanes):
            worst, capture, clock_slew = -np.inf, 0.0, 0.0
            if seen:
                capture = clock.arrival[(2 * (rows.clock_tag[e] * n_node + u) + edge) * lanes + k]
                clock_slew = clock.slew[(2 * u + edge) * lanes + k]
                if mode:
                    q = np.int64(slot[rows.clock_sink[e]])
                    capture += net * clock.sink_delay[(2 * q + edge) * lanes + k]
                    clock_slew = clock.at[(4 * q + 2 + edge) * lanes + k]
            if u >= 0 and g.clock_slew[u, edge] >= 0.0:
                clock_slew = g.clock_slew[u, edge]
            for r in range(2):
                a = data.arrival[(2 * (rows.tag[e] * n_node + v) + r) * lanes + k]
                if not np.isfinite(a):
                    continue
                data_slew = data.slew[(2 * v + r) * lanes + k]
                if mode:
                    a += net * data.sink_delay[(2 * s + r) * lanes + k]
                    data_slew = data.at[(4 * s + 2 + r) * lanes + k]
                margin = rows.add[e, r]
                if c >= 0:
                    base = (
                        point.table_base[c] if lanes == 1 else point.table_base[2 * c + (point.cell_rail[c] >> k & 1)]
                    )
                    rec = (np.int64(base) + rows.local[e]) * 2 + r
                    if record[rec, 1] == 0:
                        continue
                    d, _ = pair(record, axes, table, rec, clock_slew, data_slew, False)
                    margin += d
                ahead = a - capture
                worst = max(worst, margin + (ahead if late else -ahead))
            need[e * lanes + k] = worst
