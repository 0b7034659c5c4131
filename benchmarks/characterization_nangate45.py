"""Nangate45 netlists simulated with FreePDK45 VTL devices beside the published slow Liberty (0.95 V, 125 C).

    python benchmarks/characterization_nangate45.py ../shared/pdk/nangate45 [--device VTL] [--cells 'NAND2_X1,...'] [-j 2]

Prints distributions of ours / published for delay, transition, capacitance and leakage, rising and falling outputs apart
(the n and the p device answer for one each). A common gap is expected: our netlists are schematic, the published ones
were extracted from layout, and the published cards need not be these. Scatter between cells would be a bug: exit status 1
if a cell's median is more than 25 % off the common gap of its edge.

Leakage has four sources, each with a gap of its own if the published cards are other cards: current through the gates of n
and of p devices and through the channels of both. They are told apart by simulating every state again with cards without gate
current, and with a p channel that never conducts. Four ratios, fitted to all states, must then explain every published value:
exit status 1 if a cell's median state is more than 10 % off.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from benchmarks.characterization_independent import attribute, group, groups, numbers
from finevh.characterization.bench.measure_edges import Move, Table, measure_edges, moves
from finevh.characterization.cells.foreign import read_subcircuits, to_transistors
from finevh.characterization.cells.logic import parse_function
from finevh.characterization.cells.topology import Topology, check_connections
from finevh.characterization.corner import Corner
from finevh.characterization.procedures.cell_leakage import leakage
from finevh.characterization.procedures.scale import corner_of
from finevh.characterization.process import Process, Variant, load_process
from finevh.characterization.run import load_cells

VDD = 0.95
CELLS = (
    "INV_X1,INV_X4,BUF_X1,NAND2_X1,NAND2_X2,NAND3_X1,NAND4_X1,NOR2_X1,NOR3_X1,NOR4_X1,AND2_X1,AND3_X1,OR2_X1,OR3_X1,"
    "AOI21_X1,AOI22_X1,AOI211_X1,OAI21_X1,OAI22_X1,OAI211_X1,XOR2_X1,XNOR2_X1,MUX2_X1"
)
SINGLE = ("INV", "NAND", "NOR", "AOI", "OAI")
REPOSITORY = Path(__file__).resolve().parents[1]
Ratios = dict[str, list[float]]
QUANTITIES = ("delay rise", "delay fall", "transition rise", "transition fall", "capacitance", "leakage")
SOURCES = ("gates of n", "gates of p", "channels of p", "channels of n")
CLOSED_V = 0.4
"""Added to a threshold: leaves a ten-thousandth of the channel's current."""


def altered(corner: Corner, folder: Path, ungated: str, closed: str = "") -> Corner:
    """The same corner with cards of some kinds ("N", "P") without gate current, or with a channel that never conducts."""
    lines, kind = [], ""
    for line in corner.process.models.read_text().splitlines():
        model = re.match(r"\.model\s+(\w)", line, re.IGNORECASE)
        kind = model.group(1).upper() if model else kind
        if kind and kind in ungated:
            line = re.sub(r"(ig[cb]mod\s*=\s*)1", r"\g<1>0", line)
        if kind and kind in closed:
            away = CLOSED_V if kind == "N" else -CLOSED_V
            line = re.sub(r"(vth0\s*=\s*)(-?[\d.]+)", lambda m, v=away: f"{m.group(1)}{float(m.group(2)) + v}", line)
        lines.append(line)
    cards = folder / f"cards_{ungated}_{closed}.spi"
    cards.write_text("\n".join(lines) + "\n")
    return replace(corner, process=replace(corner.process, models=cards))


def leakage_sources(corners: Sequence[Corner], cell: Topology, text: str) -> list[list[float]]:
    """Per published state: our leakage by source, and the published one, nW."""
    full, no_n, no_gate, only_n = (leakage(corner, cell)[0] for corner in corners)
    published = {attribute(g, "when"): float(attribute(g, "value")) for g in groups(text, "leakage_power ()")}
    rows = []
    for states in zip(full, no_n, no_gate, only_n, strict=True):
        a, b, c, d = (state.leakage_mw * 1e6 for state in states)
        for when, value in published.items():
            if when and parse_function(when).evaluate(dict(states[0].state)):
                rows.append([a - b, b - c, c - d, d, value])
    return rows


def explain(names: Sequence[str], tables: Sequence[list[list[float]]]) -> bool:
    """Fit one ratio per source to all states, print what is left; True if no cell's median is more than 10 % off."""
    every = np.array([row for table in tables for row in table])
    share, _ = nnls(every[:, :4] / every[:, 4:], np.ones(len(every)))
    print(
        "leakage by source, ours / published: "
        + ", ".join(f"{n} {1 / s:.2f}" for n, s in zip(SOURCES, share, strict=True))
    )
    left = every[:, :4] @ share / every[:, 4]
    medians = [float(np.median((t := np.array(table))[:, :4] @ share / t[:, 4])) for table in tables]
    low, middle, high = np.quantile(left, [0.05, 0.5, 0.95])
    print(
        f"{'  these four over published':27s} {len(left)} states: p5 {low:.2f}  median {middle:.2f}  p95 {high:.2f}  "
        f"all {left.min():.2f} .. {left.max():.2f}; medians of the cells {min(medians):.2f} .. {max(medians):.2f}"
    )
    for name, median in zip(names, medians, strict=True):
        if abs(median - 1) > 0.1:
            print(f"  {name}: {median:.2f}")
    return all(abs(median - 1) <= 0.1 for median in medians)


def topology(name: str, text: str, folder: Path, process: Process) -> Topology:
    """Cell from the CDL netlist and the published pins and functions."""
    pins = [
        (re.sub(r"pin \(|\).*", "", g.split("{")[0]).strip(), attribute(g, "direction"), attribute(g, "function"))
        for g in groups(text, "pin (")
        if "pg_" not in g.split("{")[0]
    ]
    inputs = tuple(pin for pin, direction, _ in pins if direction == "input")
    outputs = tuple((pin, parse_function(function)) for pin, direction, function in pins if direction == "output")
    transistors = to_transistors(
        read_subcircuits(folder / "cells.cdl")[name], process.devices, {"VDD": "VDD", "VSS": "VSS"}, 1e6
    )
    found = Topology(name, inputs, outputs, transistors, (1,), 0, 0, None, str(folder / "cells.cdl"))
    check_connections(found, name)
    return found


def compare(corner: Corner, cell: Topology, text: str) -> Ratios:
    """Ratios ours / published of one cell."""
    ratios: Ratios = {name: [] for name in QUANTITIES}
    states, _ = leakage(corner, cell)
    published = {attribute(g, "when"): float(attribute(g, "value")) for g in groups(text, "leakage_power ()")}
    for state in states:
        for when, value in published.items():
            if when and parse_function(when).evaluate(dict(state.state)):
                ratios["leakage"].append(state.leakage_mw * 1e6 / value)
    charge: dict[tuple[str, bool], list[float]] = {}
    for output, function in cell.outputs:
        for timing in groups(group(text, f"pin ({output})"), "timing ()"):
            pin, sense, when = (attribute(timing, key) for key in ("related_pin", "timing_sense", "when"))
            members = []
            for move in moves(cell, VDD):
                side = dict(move.side)
                low, high = (function.evaluate({**side, move.pin: bit}) for bit in (0, 1))
                if (
                    move.pin == pin
                    and low != high
                    and (high == 1) == (sense == "positive_unate")
                    and (not when or parse_function(when).evaluate({**side, pin: 0}))
                ):
                    members.append(move)
            if members:
                _timing(corner, cell, output, timing, members, ratios, charge)
    for (pin, rising), values in charge.items():
        table = float(attribute(group(text, f"pin ({pin})"), "rise_capacitance" if rising else "fall_capacitance"))
        ratios["capacitance"].append(float(np.mean(values)) / VDD / table)
    return ratios


def _timing(
    corner: Corner,
    cell: Topology,
    output: str,
    timing: str,
    members: list[Move],
    ratios: Ratios,
    charge: dict[tuple[str, bool], list[float]],
) -> None:
    """Every second point of one timing group; a group without `when` is compared with its slowest state."""
    table = group(timing, "cell_rise(")
    slews, loads = np.array(numbers(table, "index_1")) * 1e3, np.array(numbers(table, "index_2"))
    picked_s, picked_l = range(0, len(slews), 2), range(0, len(loads), 2)
    ramps = [float(slews[i]) for i in picked_s]
    simulated: Table = {}
    grid = [(slew, float(loads[j])) for slew in ramps for j in picked_l]
    measure_edges(corner, cell, simulated, [(move, grid) for move in members])
    samples = list(simulated.values())
    tables = {
        (way, kind): np.array(numbers(group(timing, f"{kind.format(way)}("), "values")).reshape(len(slews), -1) * 1e3
        for way in ("rise", "fall")
        for kind in ("cell_{}", "{}_transition")
    }
    for i in picked_s:
        for j in picked_l:
            for way in ("rise", "fall"):
                at = [
                    s
                    for s in samples
                    if (s.slew_ps, s.load_ff) == (slews[i], loads[j]) and s.out_rising.get(output) == (way == "rise")
                ]
                slowest = max(at, key=lambda s: s.delay_ps[output])
                delay, slew = tables[way, "cell_{}"][i, j], tables[way, "{}_transition"][i, j]
                # Ratios of delays that pass through zero say nothing; such points are left out.
                if delay > 0.5 * slew and slowest.delay_ps[output] > 0.5 * slowest.out_slew_ps[output]:
                    ratios[f"delay {way}"].append(slowest.delay_ps[output] / delay)
                ratios[f"transition {way}"].append(slowest.out_slew_ps[output] / slew)
    for s in samples:
        charge.setdefault((s.move.pin, s.move.rising), []).append(abs(s.charge_fc))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="VTL", help="flavour of the cards; the netlists say VTL")
    parser.add_argument("--cells", default=CELLS)
    parser.add_argument("-j", "--jobs", type=int, default=1)
    arguments = parser.parse_args()
    library = re.sub(
        r"[ \t]+", " ", gzip.decompress((arguments.folder / "nangate45_slow.lib.gz").read_bytes()).decode()
    )
    own = load_process(REPOSITORY / "libs" / "finevh45" / "technology.toml")
    variant = Variant("VTL", "VTL", 0.0, 0.0)
    process = replace(own, name="nangate45", devices={"VTL": own.devices["VTL"]}, variants=(variant,))
    with tempfile.TemporaryDirectory() as scratch:
        simulated = replace(process, devices={"VTL": own.devices[arguments.device]})
        corner = corner_of(simulated, load_cells(own).values(), variant, VDD, Path(scratch))
        names = arguments.cells.split(",")
        with ThreadPoolExecutor(arguments.jobs) as pool:
            texts = [group(library, f"cell ({name})") for name in names]
            cells = [topology(name, text, arguments.folder, process) for name, text in zip(names, texts, strict=True)]
            results = list(pool.map(lambda pair: compare(corner, *pair), zip(cells, texts, strict=True)))
            corners = [corner, *(altered(corner, Path(scratch), *kinds) for kinds in (("N",), ("NP",), ("NP", "P")))]
            sources = list(pool.map(lambda pair: leakage_sources(corners, *pair), zip(cells, texts, strict=True)))
    print(f"{'ours / published':16s} {'points':>7s} {'median':>8s} {'p5':>7s} {'p95':>7s}   medians of the cells")
    scattered = False
    for quantity in QUANTITIES:
        everything = np.array([x for r in results for x in r[quantity]])
        middle = float(np.median(everything))
        medians = np.array([np.median(r[quantity]) for r in results if r[quantity]])
        print(
            f"{quantity:16s} {len(everything):7d} {middle:8.3f} {np.quantile(everything, 0.05):7.3f} "
            f"{np.quantile(everything, 0.95):7.3f}   {medians.min():.3f} .. {medians.max():.3f}"
        )
        if quantity.startswith("delay"):
            # Cells of two stages mix both devices in one edge; single stages must agree among themselves.
            single = np.array(
                [np.median(r[quantity]) for n, r in zip(names, results, strict=True) if n.startswith(SINGLE)]
            )
            print(
                f"{'  single stage':16s} {'':7s} {np.median(single):8.3f} {'':15s}   {single.min():.3f} .. {single.max():.3f}"
            )
            scattered |= bool(np.any(np.abs(single / np.median(single) - 1) > 0.25))
    scattered |= not explain(names, sources)
    for name, result in zip(names, results, strict=True):
        print(f"  {name:12s} " + "  ".join(f"{q} {np.median(v):.3f}" for q, v in result.items() if v))
    return 1 if scattered else 0


if __name__ == "__main__":
    sys.exit(main())
