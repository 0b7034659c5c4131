"""Leakage of whole small netlists against one ngspice operating point of all their transistors.

Two rails, cells on random tiles, random input vectors; the power of every source counts (both rails and the input ports).
"""

from __future__ import annotations

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
from finevh.power.swing import net_driver_cells, net_rails
from finevh.technology import Technology, load_technology, with_vdds
from finevh.technology.model import Direction
from oracles.small_netlists import adder, decoder, multiplier

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


def compare_leakage(folder: Path, pairs: list[tuple[float, float]], runs: int, variants: tuple[str, ...]) -> list[Case]:
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
