"""Mixed voltages against OpenSTA: cells of each tile replaced by per-Vdd copies, cross-voltage derates off.

    python benchmarks/mixed_voltage_opensta.py NETLIST.v TOP LIB_0v8.lib[.gz] LIB_1v0.lib[.gz] ... [--tiles 49] [--seed 1]

Cells are dealt to tiles in runs of the netlist's order and each tile gets one of the voltages at random.
"""

from __future__ import annotations

import argparse
import gzip
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from opensta import installed_resistance, run_opensta
from sta_accuracy import Comparison, compare, default_sdc, endpoint_slacks

from finevh.netlist import Netlist, Wires, read_verilog, write_spef, write_verilog
from finevh.technology import technology_from_liberty
from finevh.technology.model import Int, Technology
from finevh.timing import TimingGraph, read_sdc


def suffix(vdd: float) -> str:
    """Suffix of a cell's copy at a supply: ``__0v80``."""
    return "__" + f"{vdd:.2f}".replace(".", "v")


def suffixed_liberty(path: Path, folder: Path, vdd: float) -> Path:
    """Copy of a Liberty file whose library and cells carry the suffix of their supply."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = data.decode("latin-1")
    tail = suffix(vdd)
    text = re.sub(r"(\bcell\s*\(\s*\"?)(\w+)(\"?\s*\))", rf"\g<1>\g<2>{tail}\g<3>", text)
    text = re.sub(r"(\blibrary\s*\(\s*\"?)(\w+)(\"?\s*\))", rf"\g<1>\g<2>{tail}\g<3>", text, count=1)
    out = folder / (path.name.removesuffix(".gz").removesuffix(".lib") + tail + ".lib")
    out.write_text(text, encoding="latin-1")
    return out


def random_map(n_cells: int, tiles: int, n_vdd: int, seed: int) -> Int:
    """(n_cell) Vdd row of each cell: tiles are runs of the netlist's order, each at a random supply."""
    tile = np.arange(n_cells) * tiles // max(n_cells, 1)
    return np.random.default_rng(seed).integers(0, n_vdd, tiles)[tile].astype(np.int32)


def mixed_comparison(
    netlist: Netlist, technology: Technology, liberty: Sequence[Path], sdc: str, period: float, cell_vdd: Int,
    wires: Wires | None = None,
) -> dict[str, Comparison]:  # fmt: skip
    """Setup and hold slack of every endpoint, ours and OpenSTA's; ``liberty`` in the order of ``technology.vdds``."""
    graph = TimingGraph(
        netlist, technology, read_sdc(sdc, "1ns", technology.units[1]), wires, wire_model="ceff", cross_voltage=False, hold=True,
        driver_resistance=installed_resistance(),
    )  # fmt: skip
    state = graph.evaluate(cell_vdd)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copies = [suffixed_liberty(p, folder, v) for p, v in zip(liberty, technology.vdds.tolist(), strict=True)]
        tails = tuple(suffix(technology.vdds[k]) for k in cell_vdd.tolist())
        write_verilog(netlist, technology, folder / "design.v", tails)
        spef = None
        if wires is not None:
            spef = folder / "design.spef"
            write_spef(netlist, wires, spef)
        theirs = run_opensta(folder / "design.v", netlist.name, copies, sdc.replace(" -no_clocks", ""), spef)
    return {
        "setup": compare(endpoint_slacks(graph, state, period, False), theirs.setup, theirs.arrival),
        "hold": compare(endpoint_slacks(graph, state, period, True), theirs.hold, theirs.arrival),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("netlist", type=Path)
    parser.add_argument("top")
    parser.add_argument("liberty", type=Path, nargs="+")
    parser.add_argument("--clock", default="clk_i")
    parser.add_argument("--period-ns", type=float, default=4.0)
    parser.add_argument("--tiles", type=int, default=49)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    technology = technology_from_liberty(arguments.liberty)
    netlist = read_verilog(arguments.netlist, technology, arguments.top)
    cell_vdd = random_map(netlist.n_cells, arguments.tiles, len(technology.vdds), arguments.seed)
    sdc = default_sdc(arguments.clock, arguments.period_ns)
    liberty = sorted(arguments.liberty, key=lambda p: float(technology_from_liberty([p]).vdds[0]))
    result = mixed_comparison(netlist, technology, liberty, sdc, arguments.period_ns * 1000, cell_vdd)
    print(f"{netlist.name}: {netlist.n_cells} cells, {arguments.tiles} tiles over {technology.vdds.tolist()} V")
    for kind, c in result.items():
        print(
            f"  {kind:5} {c.count} endpoints ({c.missing} only in OpenSTA, {c.extra} only here): "
            f"worst {c.worst_ps:.3f} ps, {c.worst_fraction:.3%}; outside 1 ps and 0.5 %: {c.outside}"
        )


if __name__ == "__main__":
    main()
