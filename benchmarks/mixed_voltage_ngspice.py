"""Mixed voltages with cross-voltage derates against ngspice: the worst path to each output of small netlists, in transistors.

    python benchmarks/mixed_voltage_ngspice.py libs/finevh45 [--low 0.8] [--high 1.0] [--paths 20] [--derates-off]

Cells stand on random tiles at one of two supplies. A path is simulated with every cell of it in transistors, its side inputs
at the rail of their drivers and in the state that the arc's table stands for (a table without ``when`` is the slowest of the
states), and the pins that it does not go through as capacitances. The delay is from 50 % of the input port's rail to 50 % of
the last cell's rail. The error is that of the path's own slews: the graph takes the worst slew at every pin, whichever path
brings it, as every static analysis does; its figure stands in the column before.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numba
import numpy as np

from finevh.characterization.bench.deck import TIGHT_OPTIONS, model_lines
from finevh.characterization.bench.ngspice import simulate
from finevh.characterization.cells.table import load_topologies
from finevh.characterization.cells.topology import Topology
from finevh.characterization.process import Process, Variant, load_process, transistor_line
from finevh.netlist import Netlist, parse_verilog
from finevh.netlist.logic import parse_function
from finevh.technology import Technology, load_technology, with_vdds
from finevh.technology.model import Int
from finevh.technology.tables import nldm
from finevh.timing import TimingGraph, TimingState, read_sdc
from finevh.timing.state import Path as TimingPath
from oracles.ngspice_leakage import split_cell
from oracles.small_netlists import adder, multiplier

_inner: Any = nldm.pair
pair = numba.njit(error_model="numpy")(_inner.py_func)
"""What kernels call, for Python."""
TILES = 6
SLEW_NS = 0.02
CONSTRAINTS = """create_clock -name c -period 1
set_input_delay 0 -clock c [all_inputs]
set_output_delay 0 -clock c [all_outputs]
set_input_transition {slew} [all_inputs]
"""


@dataclass(frozen=True)
class Case:
    """One path: delays in ps and how many of its stages have inputs from another rail."""

    design: str
    endpoint: str
    stages: int
    crossings: int
    graph: float
    ours: float
    theirs: float

    @property
    def error(self) -> float:
        """Relative difference."""
        return self.ours / self.theirs - 1.0


def side_values(
    netlist: Netlist, kind: int, source: int, target: int, when: str, rising: bool, falling_out: bool
) -> dict[str, int]:
    """Values of the other inputs under which the arc switches as wanted."""
    cells = netlist.cells
    names = cells.pins(kind)
    function = parse_function(cells.pin_function[cells.pin_ptr[kind] + target])
    others = [p for p in names if p in function.pins and p != names[source]]
    for bits in product((0, 1), repeat=len(others)):
        held = dict(zip(others, bits, strict=True))
        if when and parse_function(when).value(held) == 0:
            continue
        before, after = (function.value(held | {names[source]: int(v == rising)}) for v in (False, True))
        if (before, after) == (int(falling_out), int(not falling_out)):
            return held
    raise ValueError(f"{cells.names[kind]}: no state lets {names[source]} switch {names[target]}")


def path_deck(
    graph: TimingGraph,
    state: TimingState,
    path: TimingPath,
    process: Process,
    variant: Variant,
    topologies: dict[str, Topology],
) -> tuple[str, float, float]:
    """Deck of one path, and the levels, V, at which its first and last node are read."""
    netlist, s, technology = graph.netlist, graph.structure, graph.technology
    cells = netlist.cells
    volts = technology.vdds
    port = float(volts[graph.port_vdd])
    ramp = float(state.late.slew[path.node[0], path.edge[0]]) / (technology.slew_upper - technology.slew_lower)
    levels = (port, 0.0) if path.edge[0] else (0.0, port)
    start = 200.0
    lines = [
        f"* {netlist.name}",
        *model_lines(process),
        f".temp {process.temperature_c:g}",
        f".options {TIGHT_OPTIONS}",
    ]
    lines.append(f"vin p0 0 pwl(0 {levels[0]:g} {start}p {levels[0]:g} {start + ramp:.6g}p {levels[1]:g})")
    count = 0

    def source(value: float) -> str:
        nonlocal count
        count += 1
        lines.append(f"vs{count} s{count} 0 {value:.6g}")
        return f"s{count}"

    for k in range(1, len(path.node)):
        node, cell = int(path.node[k]), int(path.cell[k])
        arc = step_arc(graph, state, path, k, float(path.slew[k - 1]), True)[0]
        kind = int(netlist.cell_type[cell])
        row = int(cells.arc_ptr[kind] + s.arc_local[arc])
        pin_in, pin_out = int(cells.arc_from[row]), int(cells.arc_to[row])
        when = cells.arc_when[row] or slowest_state(graph, state, path, k)
        held = side_values(netlist, kind, pin_in, pin_out, when, not path.edge[k - 1], bool(path.edge[k]))
        names = cells.pins(kind)
        nodes = {"VSS": "0", "VDD": source(float(volts[state.cell_vdd[cell]]))}
        for j, name in enumerate(names):
            net = int(netlist.pin_net[netlist.pin_ptr[cell] + j])
            if j == pin_in:
                nodes[name] = f"p{k - 1}"
            elif j == pin_out:
                nodes[name] = f"p{k}"
            elif name in held:
                driver = int(s.node_cell[s.net_node[net]])
                rail = volts[state.cell_vdd[driver]] if driver >= 0 else port
                nodes[name] = source(float(rail) * held[name])
        family, drive = split_cell(cells.names[kind])
        for t, transistor in enumerate(topologies[family].transistors):
            for inner in (transistor.drain, transistor.gate, transistor.source):
                nodes.setdefault(inner, f"x{k}_{len(nodes)}")
            lines.append(transistor_line(process, variant, transistor, f"{k}_{t}", nodes, drive))
        following = int(s.arc_sink[path.arc[k + 1]]) if k + 1 < len(path.node) else -1
        load = 0.0
        for sink in range(s.sink_ptr[node], s.sink_ptr[node + 1]):
            other = int(s.sink_cell[sink])
            if sink != following and other >= 0:
                load += graph.tables.pin_cap[state.point.cap_base[other] + s.sink_local[sink], path.edge[k]]
        lines.append(f"cl{k} p{k} 0 {load:.6g}f")
    last = len(path.node) - 1
    length = start + ramp + 2.0 * float(path.arrival[-1]) + 200.0
    lines += [
        f".save v(p0) v(p{last})", ".control", "set noinit", "set filetype=binary", f"tran 1p {length:.6g}p 0 2p",
        "write out.raw", "quit", ".endc", ".end", "",
    ]  # fmt: skip
    return "\n".join(lines), 0.5 * port, 0.5 * float(volts[state.cell_vdd[int(path.cell[-1])]])


def slowest_state(graph: TimingGraph, state: TimingState, path: TimingPath, k: int) -> str:
    """The side state that a table without condition stands for: the slowest of the states that have tables; '' if none has."""
    cells, s = graph.netlist.cells, graph.structure
    first = int(cells.arc_ptr[int(graph.netlist.cell_type[int(path.cell[k])])])
    found = [
        (delay, cells.arc_when[first + int(s.arc_local[arc])])
        for delay, arc, _ in step_arcs(graph, state, path, k, float(path.slew[k - 1]), True)
    ]
    return max((entry for entry in found if entry[1]), default=(0.0, ""))[1]


def step_arc(
    graph: TimingGraph, state: TimingState, path: TimingPath, k: int, slew: float, derates: bool
) -> tuple[int, float, float]:
    """The slowest of the conditional arcs of a path's step with an input slew in ps: its row, and its delay and slew, ps."""
    found = step_arcs(graph, state, path, k, slew, derates)
    delay, arc, _ = max(found)
    return arc, float(delay), float(max(out for _, _, out in found))


def step_arcs(
    graph: TimingGraph, state: TimingState, path: TimingPath, k: int, slew: float, derates: bool
) -> list[tuple[float, int, float]]:
    """Delay, ps, row and slew, ps, of each of the conditional arcs of a path's step with an input slew in ps."""
    s, tables = graph.structure, graph.tables
    cell, edge, before = int(path.cell[k]), int(path.edge[k]), int(path.cell[k - 1])
    driver = int(state.cell_vdd[before]) if before >= 0 else graph.port_vdd
    load = float(state.late.load[path.node[k], edge])
    pair_bit = 1 << (2 * int(path.edge[k - 1]) + edge)
    found = []
    for arc in range(s.arc_ptr[path.node[k]], s.arc_ptr[path.node[k] + 1]):
        if s.arc_sink[arc] != s.arc_sink[path.arc[k]] or not s.arc_mask[arc] & pair_bit:
            continue
        record = (int(state.point.table_base[cell]) + int(s.arc_local[arc])) * 2 + edge
        delay, out = pair(tables.record, tables.axes, tables.values, record, slew, load, False)
        if derates and driver != state.cell_vdd[cell]:
            crossed = driver * len(tables.record) + record
            shift, factor = pair(tables.cross_record, tables.axes, tables.values, crossed, slew, load, True)
            delay, out = delay + shift, out * factor
        found.append((float(delay), arc, float(out)))
    return found


def own_delay(graph: TimingGraph, state: TimingState, path: TimingPath, derates: bool) -> float:
    """Delay, ps, of a path with the slews of the path itself."""
    slew = float(state.late.slew[path.node[0], path.edge[0]])
    total = 0.0
    for k in range(1, len(path.node)):
        _, delay, slew = step_arc(graph, state, path, k, slew, derates)
        total += delay
    return total


def crossing(time: np.ndarray, wave: np.ndarray, level: float) -> float:
    """Last time, ps, at which a wave passes a level."""
    side = wave > level
    at = int(np.flatnonzero(side[1:] != side[:-1])[-1])
    share = (level - wave[at]) / (wave[at + 1] - wave[at])
    return float(1e12 * (time[at] + share * (time[at + 1] - time[at])))


def compare_paths(
    verilog: str, technology: Technology, process: Process, topologies: dict[str, Topology], pair: tuple[int, int], limit: int,
    scratch: Path, derates: bool,
) -> list[Case]:  # fmt: skip
    """The worst path to each output of a netlist on a random tile map, by both."""
    netlist = parse_verilog(verilog, technology)
    random = np.random.default_rng(1)
    tile = random.integers(TILES, size=netlist.n_cells)
    cell_vdd: Int = np.where((random.permutation(TILES) % 2)[tile] == 1, pair[1], pair[0]).astype(np.int32)
    constraints = read_sdc(CONSTRAINTS.format(slew=SLEW_NS), "1ns", "1fF")
    graph = TimingGraph(netlist, technology, constraints, port_vdd=pair[1], cross_voltage=derates)
    state = graph.evaluate(cell_vdd)
    variant = process.variant(technology.variants[0].name)
    cases = []
    seen: set[int] = set()
    for row in np.argsort(state.slacks(1000.0), kind="stable").tolist():
        node = int(state.setup.rows.node[row])
        if node in seen or len(cases) == limit:
            continue
        seen.add(node)
        path = graph.path(state, row)
        deck, first, last = path_deck(graph, state, path, process, variant, topologies)
        plot = simulate(deck, 1, scratch, timeout_s=3600.0)[0]
        time = plot["time"]
        theirs = crossing(time, plot[f"v(p{len(path.node) - 1})"], last) - crossing(time, plot["v(p0)"], first)
        rails = [graph.port_vdd, *cell_vdd[path.cell[1:]].tolist()]
        crossings = sum(a != b for a, b in pairwise(rails))
        merged = float(path.arrival[-1] - path.arrival[0])
        ours = own_delay(graph, state, path, derates)
        endpoint = netlist.net_names[graph.structure.node_net[node]]
        c = Case(netlist.name, endpoint, len(path.node) - 1, crossings, merged, ours, theirs)
        cases.append(c)
        print(
            f"{c.design:12} {c.endpoint:8} {c.stages:7d} {c.crossings:9d} {c.graph:9.2f} {c.ours:9.2f} {c.theirs:9.2f} "
            f"{c.error:+8.2%}",
            flush=True,
        )
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("technology", type=Path)
    parser.add_argument("--low", type=float, default=0.8)
    parser.add_argument("--high", type=float, default=1.0)
    parser.add_argument("--paths", type=int, default=20)
    parser.add_argument(
        "--derates-off", action="store_true", help="leave the cross-voltage derates out: what they are worth"
    )
    arguments = parser.parse_args()
    technology = load_technology(arguments.technology / "technology.toml")
    technology = with_vdds(technology, sorted({*technology.vdds.tolist(), arguments.low, arguments.high}))
    pair = tuple(int(np.abs(technology.vdds - v).argmin()) for v in (arguments.low, arguments.high))
    process = load_process(arguments.technology / "technology.toml")
    topologies: dict[str, Topology] = {}
    for table in process.cells:
        topologies |= load_topologies(table)
    print("design       output    stages crossings  graph ps   path ps ngspice ps   error")
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as name:
        for text in (adder(16), multiplier(8)):
            share = (arguments.paths + 1) // 2
            cases += compare_paths(
                text, technology, process, topologies, (pair[0], pair[1]), share, Path(name), not arguments.derates_off
            )
    errors = np.abs([c.error for c in cases])
    merged = np.abs([c.graph / c.theirs - 1.0 for c in cases])
    print(f"graph, worst slews: worst {merged.max():.2%}, average {merged.mean():.2%}")
    print(f"{len(cases)} paths: worst {errors.max():.2%}, average {errors.mean():.2%} (bounds 5 % and 2 %)")


if __name__ == "__main__":
    main()
