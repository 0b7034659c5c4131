"""Timing results for people and files: the dictionary of ``finevh sta``, paths as text."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from finevh.constraints.sdc import read_sdc
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.netlist.spef import read_spef
from finevh.netlist.verilog import read_text, read_verilog
from finevh.technology import technology_from_liberty, with_vdds
from finevh.technology.model import Int, Technology
from finevh.timing.compiled import Progress
from finevh.timing.engine import TimingGraph, TimingState
from finevh.timing.names import node_name, sink_name
from finevh.units import frequency_mhz

_MOST_ADDED = 40  # voltages between characterised ones: tables of every pair of supplies are made for them


def read_voltages(path: Path | str, netlist: Netlist, technology: Technology) -> tuple[Technology, Int]:
    """Read a voltage map (``instance,vdd`` with glob patterns, first match wins).

    Returns
    -------
    technology : Technology
        With the map's voltages added between characterised ones where needed.
    cell_vdd : (n_cell) int32
        Rows of its ``vdds``.

    Raises
    ------
    InputError
        With file and line: a wrong header, a voltage outside the library, an instance that does not exist; with the file: an
        instance that no line matches, or too many different voltages between those of the library.
    """
    lines = read_text(path).splitlines()
    rows = [(k, line.split(",")) for k, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not rows or [w.strip() for w in rows[0][1]] != ["instance", "vdd"]:
        raise InputError(f"{path}:{rows[0][0] if rows else 1}: the first line must be 'instance,vdd'")
    exact: dict[str, tuple[int, float]] = {}
    globs: list[tuple[int, re.Pattern[str], float]] = []
    low, high = float(technology.vdds[0]), float(technology.vdds[-1])
    for line, words in rows[1:]:
        if len(words) < 2:
            raise InputError(f"{path}:{line}: '{','.join(words)}' is not 'instance,vdd'")
        pattern, text = ",".join(words[:-1]).strip(), words[-1].strip().removesuffix("V").strip()
        try:
            vdd = float(text)
        except ValueError:
            raise InputError(f"{path}:{line}: '{text}' is no voltage") from None
        if not low - 1e-9 <= vdd <= high + 1e-9:
            raise InputError(f"{path}:{line}: {vdd:g} V is outside the library's {low:g}..{high:g} V")
        if pattern in netlist.instance_index:
            exact.setdefault(pattern, (line, vdd))
        elif any(c in pattern for c in "*?"):
            # Square brackets are part of instance names, no character class.
            globs.append((line, re.compile(fnmatch.translate(pattern.replace("[", "[[]"))), vdd))
        else:
            raise InputError(f"{path}:{line}: the netlist has no instance '{pattern}'")
    chosen = np.empty(netlist.n_cells)
    for k, name in enumerate(netlist.instance_names):
        line, vdd = exact.get(name, (len(lines) + 1, np.nan))
        for glob_line, glob, value in globs:
            if glob_line > line:
                break
            if glob.match(name):
                line, vdd = glob_line, value
                break
        if np.isnan(vdd):
            raise InputError(f"{path}: no line gives instance '{name}' a voltage; end with '*,<vdd>'")
        chosen[k] = vdd
    wanted = np.unique(np.round(chosen, 6))
    missing = [float(v) for v in wanted if np.abs(technology.vdds - v).min() > 1e-6]
    if len(missing) > _MOST_ADDED:
        raise InputError(
            f"{path}: {len(missing)} voltages between those of the library; round them to at most {_MOST_ADDED} different ones"
        )
    if missing:
        technology = with_vdds(technology, sorted({*technology.vdds.tolist(), *missing}))
    return technology, np.abs(technology.vdds[:, None] - chosen).argmin(axis=0).astype(np.int32)


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
    slack = float((state.hold_slacks(period) if early else state.slacks(period))[row])
    netlist, s, technology = graph.netlist, graph.structure, graph.technology
    values = state.early if early else state.late
    assert values is not None
    sinks = [int(s.arc_sink[a]) for a in path.arc] + [int(ends.rows.sink[row])]
    steps = []
    for k, node in enumerate(path.node.tolist()):
        cell = int(path.cell[k])
        variant = technology.variants[state.cell_variant[cell]].suffix if cell >= 0 else ""
        arc = int(path.arc[k])
        wire = 0.0
        if arc >= 0 and len(values.sink_delay) > 1:
            wire = float(values.sink_delay[sinks[k], path.edge[k - 1]])
        steps.append(
            {
                "pin": node_name(netlist, s, node),
                "cell": netlist.cells.names[state.cell_type[cell]] + variant if cell >= 0 else "port",
                "from": sink_name(netlist, s, sinks[k]) if arc >= 0 else None,
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
    return {"endpoint": sink_name(netlist, s, sinks[-1]), "slack_ps": slack, "steps": steps}


def endpoint_table(graph: TimingGraph, state: TimingState, period: float) -> list[dict[str, Any]]:
    """Worst setup slack and its arrival for each constrained pin, worst first."""
    slacks = state.slacks(period)
    worst: dict[int, int] = {}
    for row in np.argsort(slacks, kind="stable").tolist():
        if np.isfinite(slacks[row]):
            worst.setdefault(int(state.setup.rows.sink[row]), row)
    rows = state.setup.rows
    table = []
    for sink, row in worst.items():
        arrival = state.late.arrival[rows.tag[row], rows.node[row]]
        if len(state.late.sink_delay) > 1:
            arrival = arrival + state.late.sink_delay[sink]
        table.append(
            {
                "pin": sink_name(graph.netlist, graph.structure, sink),
                "slack_ps": float(slacks[row]),
                "arrival_ps": float(arrival[np.isfinite(arrival)].max()),
            }
        )
    return table


def run_sta(
    netlist: Path | str,
    top: str | None,
    liberty: Sequence[Path | str],
    sdc: Path | str | None = None,
    spef: Path | str | None = None,
    voltages: Path | str | None = None,
    paths: int = 1,
    *,
    technology: Technology | None = None,
    cross_voltage: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Static timing of a mapped netlist: the dictionary of ``finevh sta --json``.

    Parameters
    ----------
    liberty : sequence of paths
        Ignored where ``technology`` is given.
    sdc : path, optional
        Without it one clock is assumed nowhere: an error asks for it.
    paths : int
        How many of the worst paths to report.

    Raises
    ------
    InputError
        From the readers, or when nothing is constrained.
    """
    if sdc is None:
        raise InputError("no SDC is given: write at least 'create_clock -period 1 [get_ports clk]' to a file for --sdc")
    if technology is None:
        technology = technology_from_liberty([Path(p) for p in liberty])
    design = read_verilog(netlist, technology, top)
    constraints = read_sdc(Path(sdc), *technology.units)
    if not constraints.clocks:
        raise InputError(f"{sdc}: no create_clock: there is nothing to check")
    wires = read_spef(spef, design, pin_cap=technology.typical_pin_cap[design.pin_type]) if spef is not None else None
    cell_vdd: Int | int = int(np.abs(technology.vdds - technology.vdd_nominal).argmin())
    if voltages is not None:
        technology, cell_vdd = read_voltages(voltages, design, technology)
    elif len(technology.vdds) > 1:
        raise InputError("several supply voltages and no voltage map: give --voltages with a line '*,<vdd>'")
    graph = TimingGraph(
        design, technology, constraints, wires, wire_model="ceff", cross_voltage=cross_voltage, hold=True, progress=progress,
        port_vdd=int(np.max(cell_vdd)),
    )  # fmt: skip
    state = graph.evaluate(np.asarray(cell_vdd, dtype=np.int32))
    period = constraints.clocks[0].period
    table = endpoint_table(graph, state, period)
    if not table:
        raise InputError(f"{sdc}: no endpoint is constrained: no register has this clock and no output a delay")
    hold = state.worst_hold_slack(period)
    worst_rows = np.argsort(state.slacks(period), kind="stable")
    return {
        "worst_slack_ps": table[0]["slack_ps"],
        "tns_ps": float(sum(min(row["slack_ps"], 0.0) for row in table)),
        "worst_hold_slack_ps": hold if np.isfinite(hold) else None,
        "fmax_mhz": frequency_mhz(state.min_period()) if state.min_period() > 0 else None,
        "endpoints": table,
        "paths": [path_report(graph, state, int(r), period) for r in worst_rows[: max(paths, 0)]],
        "cut_arcs": list(graph.structure.cut_arcs),
    }


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
