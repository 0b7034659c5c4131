"""Leakage of whole small netlists against one ngspice operating point of all their transistors.

    python benchmarks/leakage_ngspice.py libs/finevh45 [--pairs 0.9:1.0,0.8:1.0] [--runs 4]

Two rails, cells on random tiles, random input vectors; the power of every source counts (both rails and the input ports).
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finevh.characterization.bench.deck import STATIC_OPTIONS
from finevh.characterization.bench.ngspice import simulate as run_ngspice
from finevh.characterization.cells.table import load_topologies
from finevh.characterization.cells.topology import Topology
from finevh.characterization.process import Process, Variant, load_process, transistor_line
from finevh.netlist import parse_verilog
from finevh.netlist.model import Netlist
from finevh.power import LeakageModel, Simulator, VectorStimulus
from finevh.power.rails import net_driver_cells, net_rails
from finevh.technology import Technology, load_technology, with_vdds
from finevh.technology.model import Direction

TILES = 6


@dataclass(frozen=True)
class Case:
    """One netlist, voltage map and input state: leakage by both engines, mW."""

    name: str
    low: float
    high: float
    ours: float
    theirs: float
    interface: float

    @property
    def error(self) -> float:
        """Relative difference."""
        return self.ours / self.theirs - 1.0


def adder(bits: int) -> str:
    """Ripple adder of mapped gates, carry by complex gates of alternating polarity."""
    lines = [
        "module adder(a, b, ci, s, co);",
        f"input [{bits - 1}:0] a, b; input ci; output [{bits - 1}:0] s; output co;",
    ]
    lines.append("wire " + ", ".join(f"p{i}, g{i}, h{i}, c{i}, n{i}" for i in range(bits + 1)) + ";")
    lines.append("BUF_X1 c_in (.A(ci), .Z(c0));")
    for i in range(bits):
        lines += [
            f"XOR2_X1 xp{i} (.A(a[{i}]), .B(b[{i}]), .Z(p{i}));",
            f"XNOR2_X1 xs{i} (.A(p{i}), .B(c{i}), .ZN(h{i}));",
            f"INV_X1 is{i} (.A(h{i}), .ZN(s[{i}]));",
            f"NAND2_X1 ag{i} (.A1(a[{i}]), .A2(b[{i}]), .ZN(g{i}));",
        ]
        if i % 2:
            lines.append(f"NAND2_X2 ac{i} (.A1(p{i}), .A2(c{i}), .ZN(n{i}));")
            lines.append(f"NAND2_X1 oc{i} (.A1(n{i}), .A2(g{i}), .ZN(c{i + 1}));")
        else:
            lines.append(f"INV_X1 ig{i} (.A(g{i}), .ZN(h{i}x));")
            lines.append(f"AOI21_X1 ac{i} (.A(h{i}x), .B1(p{i}), .B2(c{i}), .ZN(n{i}));")
            lines.append(f"INV_X2 oc{i} (.A(n{i}), .ZN(c{i + 1}));")
    return "\n".join([*lines, f"BUF_X2 c_out (.A(c{bits}), .Z(co));", "endmodule"])


def multiplier(bits: int) -> str:
    """Array multiplier of AND gates, half and full adders."""
    lines = ["module multiplier(a, b, p);", f"input [{bits - 1}:0] a, b; output [{2 * bits - 1}:0] p;"]
    body: list[str] = []
    wires: list[str] = []
    columns: list[list[str]] = [[] for _ in range(2 * bits)]
    for i in range(bits):
        for j in range(bits):
            wires.append(f"m{i}_{j}")
            body.append(f"AND2_X1 a{i}_{j} (.A1(a[{i}]), .A2(b[{j}]), .Z(m{i}_{j}));")
            columns[i + j].append(f"m{i}_{j}")
    number = 0
    for k in range(2 * bits):
        while len(columns[k]) > 1:
            number += 1
            take, columns[k] = columns[k][:3], columns[k][3:]
            wires += [f"s{number}", f"k{number}"]
            pins = dict(zip(("A", "B", "CI"), take, strict=False))
            cell = "FA_X1" if len(take) == 3 else "HA_X1"
            ports = ", ".join(f".{pin}({net})" for pin, net in pins.items())
            body.append(f"{cell} u{number} ({ports}, .CO(k{number}), .S(s{number}));")
            columns[k].append(f"s{number}")
            if k + 1 < 2 * bits:
                columns[k + 1].append(f"k{number}")
        if columns[k]:
            body.append(f"BUF_X1 o{k} (.A({columns[k][0]}), .Z(p[{k}]));")
    return "\n".join([*lines, f"wire {', '.join(wires)};", *body, "endmodule"])


def decoder(bits: int) -> str:
    """Decoder with enable: inverters, NAND and NOR stages, a parity and a priority output of complex gates."""
    n = 1 << bits
    lines = [
        "module decoder(a, en, y, odd, any);",
        f"input [{bits - 1}:0] a; input en; output [{n - 1}:0] y; output odd, any;",
    ]
    lines += [f"INV_X2 i{j} (.A(a[{j}]), .ZN(n{j}));" for j in range(bits)]
    for k in range(n):
        literals = [f"a[{j}]" if k >> j & 1 else f"n{j}" for j in range(bits)]
        half = len(literals) // 2
        first = ", ".join(f".A{q + 1}({x})" for q, x in enumerate(literals[:half]))
        second = ", ".join(f".A{q + 1}({x})" for q, x in enumerate([*literals[half:], "en"]))
        lines += [
            f"NAND{half}_X1 f{k} ({first}, .ZN(f{k}n));",
            f"NAND{bits - half + 1}_X1 g{k} ({second}, .ZN(g{k}n));",
        ]
        lines.append(f"NOR2_X1 y{k} (.A1(f{k}n), .A2(g{k}n), .ZN(y[{k}]));")
    lines += ["XOR2_X1 x1 (.A(a[0]), .B(a[1]), .Z(x1n));", "XOR2_X1 x2 (.A(x1n), .B(a[2]), .Z(odd));"]
    lines += ["AOI222_X1 q1 (.A1(y[1]), .A2(en), .B1(y[3]), .B2(a[0]), .C1(y[5]), .C2(a[2]), .ZN(q1n));"]
    lines += ["OAI211_X1 q2 (.A(q1n), .B(en), .C1(y[2]), .C2(y[6]), .ZN(q2n));"]
    lines += ["MUX2_X1 q3 (.A(q1n), .B(q2n), .S(a[1]), .Z(any));"]
    return "\n".join([*lines, "endmodule"])


def split_cell(name: str) -> tuple[str, int]:
    """Family and drive of a cell name."""
    family, _, drive = name.rpartition("_X")
    return family, int(drive)


def netlist_deck(
    netlist: Netlist,
    process: Process,
    variant: Variant,
    topologies: dict[str, Topology],
    volts: np.ndarray,
    levels: np.ndarray,
    inputs: dict[int, float],
) -> tuple[str, list[str]]:
    """Flat deck of all transistors and the names of its sources.

    Parameters
    ----------
    volts
        (n_cell,) supply of each cell, V.
    levels
        (n_net,) expected voltage of each net, V: the start of the operating point search.
    inputs
        Voltage of each input port's net.
    """
    rails = {f"{v:.4f}": f"vdd{i}" for i, v in enumerate(np.unique(volts))}
    lines = [f"* {netlist.name}"]
    lines.append(f'.lib "{process.models}" {process.section}' if process.section else f'.include "{process.models}"')
    lines += [*process.preamble, f".temp {process.temperature_c:g}", f".options {STATIC_OPTIONS} itl1=1000"]
    sources = []
    for text, node in rails.items():
        lines.append(f"v{node} {node} 0 {text}")
        sources.append(f"v{node}")
    for net, value in inputs.items():
        lines.append(f"vin{net} n{net} 0 {value:.6g}")
        sources.append(f"vin{net}")
    hints = [f".nodeset v(n{net})={level:.4g}" for net, level in enumerate(levels) if net not in inputs]
    for cell in range(netlist.n_cells):
        kind = int(netlist.cell_type[cell])
        family, drive = split_cell(netlist.cells.names[kind])
        nodes = {"VSS": "0", "VDD": rails[f"{volts[cell]:.4f}"]}
        first = int(netlist.pin_ptr[cell])
        nodes |= {pin: f"n{netlist.pin_net[first + j]}" for j, pin in enumerate(netlist.cells.pins(kind))}
        for t, transistor in enumerate(topologies[family].transistors):
            for node in (transistor.drain, transistor.gate, transistor.source):
                nodes.setdefault(node, f"x{cell}_{len(nodes)}")
            lines.append(transistor_line(process, variant, transistor, f"{cell}_{t}", nodes, drive))
    saved = " ".join(f"i({s})" for s in sources) + " " + " ".join(f"v(n{n})" for n in range(netlist.n_nets))
    commands = [".control", "set noinit", "set filetype=binary", "op", "write out.raw", "quit", ".endc", ".end", ""]
    return "\n".join([*lines, *hints, f".save {saved}", *commands]), sources


def measure(
    netlist: Netlist,
    technology: Technology,
    process: Process,
    topologies: dict[str, Topology],
    variant: int,
    pair: tuple[int, int],
    seed: int,
    scratch: Path,
) -> Case:
    """One random tile map and input vector, by both engines."""
    random = np.random.default_rng(seed)
    tile = random.integers(TILES, size=netlist.n_cells)
    chosen = random.permutation(np.arange(TILES) % 2)
    vdd = np.where(chosen[tile] == 1, pair[1], pair[0]).astype(np.int32)
    variants = np.full(netlist.n_cells, variant, dtype=np.int8)
    simulator = Simulator(netlist, None)
    vector = {
        w: np.array([int(random.integers(1 << width))], dtype=np.uint64) for w, width in simulator.ports.inputs.items()
    }
    stimulus = VectorStimulus(vector, clock=None)
    stimulus.start(simulator.ports)
    simulator.answer()
    simulator.reset_counts()
    simulator.run(stimulus, 1)
    activity = simulator.activity()
    ours = LeakageModel(netlist, technology, activity).evaluate(vdd, variants, port_vdd=pair[1])
    value = simulator.state.value[: netlist.n_nets].astype(float)
    rail = net_rails(net_driver_cells(netlist), vdd, pair[1])
    levels = value * technology.vdds[rail]
    ports = netlist.port_net[netlist.port_direction == Direction.INPUT]
    inputs = {int(n): float(levels[n]) for n in ports}
    flavour = process.variant(technology.variants[variant].name)
    deck, sources = netlist_deck(netlist, process, flavour, topologies, technology.vdds[vdd], levels, inputs)
    plot = run_ngspice(deck, 1, scratch)[0]
    rails = np.unique(technology.vdds[vdd])
    volts = [*rails, *inputs.values()]
    theirs = -1e3 * sum(v * float(plot[f"i({s})"][0]) for v, s in zip(volts, sources, strict=True))
    low, high = float(technology.vdds[pair[0]]), float(technology.vdds[pair[1]])
    for net in range(netlist.n_nets):
        if abs(plot[f"v(n{net})"][0] - levels[net]) > 0.1 * high:
            raise RuntimeError(f"{netlist.name}: net {netlist.net_names[net]} is not at its logic level in ngspice")
    return Case(netlist.name, low, high, ours.total, theirs, ours.total_interface)


def run(folder: Path, pairs: list[tuple[float, float]], runs: int, variants: tuple[str, ...]) -> list[Case]:
    """All netlists, pairs and seeds."""
    technology = load_technology(folder, variants=variants)
    wanted = {v for pair in pairs for v in pair}
    between = [v for v in wanted if np.abs(technology.vdds - v).min() > 1e-6]
    if between:
        technology = with_vdds(technology, sorted({*technology.vdds.tolist(), *between}))
    process = load_process(folder / "technology.toml")
    topologies: dict[str, Topology] = {}
    for table in process.cells:
        topologies |= load_topologies(table)
    cases = []
    for text in (adder(8), multiplier(4), decoder(4)):
        netlist = parse_verilog(text, technology)
        for low, high in pairs:
            index = tuple(int(np.flatnonzero(np.isclose(technology.vdds, v))[0]) for v in (low, high))
            for seed in range(runs):
                with tempfile.TemporaryDirectory() as scratch:
                    variant = seed % len(variants)
                    pair = (index[0], index[1])
                    cases.append(measure(netlist, technology, process, topologies, variant, pair, seed, Path(scratch)))
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("technology", type=Path)
    parser.add_argument("--pairs", default="0.9:1.0,0.8:1.0")
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--variants", default="PB0")
    options = parser.parse_args()
    pairs = [(float(a), float(b)) for a, b in (p.split(":") for p in options.pairs.split(","))]
    cases = run(options.technology, pairs, options.runs, tuple(options.variants.split(",")))
    print(
        f"{'netlist':12s} {'low V':>6s} {'high V':>6s} {'finevh uW':>10s} {'ngspice uW':>10s} {'interface':>9s} {'error':>8s}"
    )
    for c in cases:
        row = f"{c.name:12s} {c.low:6.2f} {c.high:6.2f} {1e3 * c.ours:10.4f} {1e3 * c.theirs:10.4f}"
        print(f"{row} {100 * c.interface / c.ours:8.1f}% {100 * c.error:+7.2f}%")
    errors = np.abs([c.error for c in cases])
    print(f"worst {100 * errors.max():.2f} %, mean {100 * errors.mean():.2f} % of {len(cases)}")


if __name__ == "__main__":
    main()
