"""Endpoints by slack, worst first: where the worst paths of a timing state end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from finevh.constraints.objects import plain
from finevh.technology.model import Real
from finevh.timing.engine import TimingGraph, TimingState
from finevh.timing.names import sink_name


def endpoint_slacks(graph: TimingGraph, state: TimingState, period: float, hold: bool = False) -> Real:
    """(n_row) slack, ps, of each endpoint row as a report gives it.

    A latch is not late while it is open: data before the opening edge have the slack to that edge, data in the window have
    none and take time from the next stage, and data after the closing edge are late by that.
    """
    if hold:
        return state.hold_slacks(period)
    slacks = state.slacks(period)
    at = np.flatnonzero(state.setup.window > 0)
    if not len(at):
        return slacks
    rows, tags = state.setup.rows, graph.tags.tags
    number = {tag: k for k, tag in enumerate(tags)}
    opening = [number.get(replace(tags[k], edge=1 - tags[k].edge), k) for k in rows.clock_tag[at].tolist()]
    columns = {name: np.ascontiguousarray(column[at]) for name, column in rows._asdict().items()}
    at_opening = rows._replace(**columns)._replace(
        cell=np.full(len(at), -1, dtype=np.int32),
        clock_tag=np.array(opening, dtype=np.int32),
        clock_edge=1 - rows.clock_edge[at],
    )
    need = graph.row_needs(state, at_opening) + state.setup.follows[at] * state.insertion
    before = (state.setup.coefficient[at] - state.setup.window[at]) * period - need
    slacks = slacks.copy()
    slacks[at] = np.where(before >= 0, before, np.minimum(slacks[at], 0.0))
    return slacks


def endpoint_table(
    graph: TimingGraph, state: TimingState, period: float, hold: bool = False
) -> tuple[list[dict[str, Any]], list[int]]:
    """Worst setup (or hold) slack and its arrival for each constrained pin, worst first; and the row of each."""
    slacks = endpoint_slacks(graph, state, period, hold)
    ends, values = (state.hold, state.early) if hold else (state.setup, state.late)
    assert values is not None
    worst: dict[int, int] = {}
    for row in np.argsort(slacks, kind="stable").tolist():
        if np.isfinite(slacks[row]):
            worst.setdefault(int(ends.rows.sink[row]), row)
    rows = ends.rows
    table = []
    for sink, row in worst.items():
        arrival = values.arrival[rows.tag[row], rows.node[row]]
        if len(values.sink_delay) > 1:
            arrival = arrival + graph.net_derate(hold) * values.sink_delay[sink]
        arrival = arrival[np.isfinite(arrival)]
        table.append(
            {
                "pin": plain(sink_name(graph.netlist, graph.structure, sink)),
                "slack_ps": float(slacks[row]),
                "arrival_ps": float(arrival.min() if hold else arrival.max()),
            }
        )
    return table, list(worst.values())
