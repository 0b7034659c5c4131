"""The worst paths of a timing state: endpoints by slack, worst first, and each path pin by pin, as data and as text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from finevh.constraints.objects import plain
from finevh.technology.model import Int, Real
from finevh.timing.engine import TimingGraph, TimingState
from finevh.timing.names import node_name, sink_name


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


def path_report(
    graph: TimingGraph,
    state: TimingState,
    row: int,
    period: float,
    early: bool = False,
    tile_of_cell: Int | None = None,
) -> dict[str, Any]:
    """One path as a dictionary: endpoint, slack, and per step pin, cell, edge, arc delay, slew, load, arrival, voltage, tile.

    Parameters
    ----------
    tile_of_cell : (n_cell) int32, optional
        Tile of each cell, -1 outside all; without it steps have no tile.
    """
    path = graph.path(state, row, early=early)
    ends = state.hold if early else state.setup
    slack = float(endpoint_slacks(graph, state, period, early)[row])
    netlist, s, technology = graph.netlist, graph.structure, graph.technology
    values = state.early if early else state.late
    assert values is not None
    sinks = [int(s.arc_sink[a]) if a >= 0 else -1 for a in path.arc] + [int(ends.rows.sink[row])]
    steps = []
    for k, node in enumerate(path.node.tolist()):
        cell = int(path.cell[k])
        variant = technology.variants[state.cell_variant[cell]].suffix if cell >= 0 else ""
        arc = int(path.arc[k])
        wire = 0.0
        if arc >= 0 and len(values.sink_delay) > 1:
            wire = graph.net_derate(early) * float(values.sink_delay[sinks[k], path.edge[k - 1]])
        steps.append(
            {
                "pin": plain(node_name(netlist, s, node)),
                "cell": netlist.cells.names[state.cell_type[cell]] + variant if cell >= 0 else "port",
                "from": plain(sink_name(netlist, s, sinks[k])) if arc >= 0 else None,
                "edge": "fall" if path.edge[k] else "rise",
                "wire_delay_ps": wire,
                "delay_ps": float(path.delay[k]),
                "arrival_ps": float(path.arrival[k]),
                "slew_ps": float(path.slew[k]),
                "load_ff": float(path.load[k]),
                "vdd_v": float(technology.vdds[state.cell_vdd[cell] if cell >= 0 else graph.port_vdd]),
                "tile": int(tile_of_cell[cell]) if tile_of_cell is not None and cell >= 0 else None,
            }
        )
    return {"endpoint": plain(sink_name(netlist, s, sinks[-1])), "slack_ps": slack, "steps": steps}


def format_path(path: dict[str, Any]) -> str:
    """A path of :func:`path_report` as a table of text."""
    head = (
        f"{'pin':40} {'cell':16} {'edge':4} {'wire':>8} {'delay':>9} {'arrival':>10} {'slew':>8} {'load':>8} {'vdd':>5} "
        f"{'tile':>4}"
    )
    lines = [f"endpoint {path['endpoint']}  slack {path['slack_ps']:.2f} ps", head]
    for s in path["steps"]:
        tile = "-" if s["tile"] is None else s["tile"]
        lines.append(
            f"{s['pin'][-40:]:40} {s['cell'][:16]:16} {s['edge']:4} {s['wire_delay_ps']:8.2f} {s['delay_ps']:9.2f} "
            f"{s['arrival_ps']:10.2f} {s['slew_ps']:8.2f} {s['load_ff']:8.2f} {s['vdd_v']:5.2f} {tile:>4}"
        )
    return "\n".join(lines)
