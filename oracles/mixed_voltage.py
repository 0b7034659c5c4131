"""Mixed voltages against OpenSTA, which knows none: the cells of each tile become copies, named and timed for their supply.

Cross-voltage derates are off, since no Liberty says what a cell does behind a driver on another rail.
"""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finevh.flow.designs import load_placed, load_variant
from finevh.flow.inputs.constraints import sdc_of, timed_constraints
from finevh.flow_file import read_flow
from finevh.netlist import Netlist, Wires, write_spef, write_verilog
from finevh.report.tables import read_points
from finevh.selection import parse_map
from finevh.technology.manifest import read_manifest, vdd_label
from finevh.technology.model import Int, Technology
from finevh.timing import TimingGraph, TimingState, read_sdc
from finevh.timing.skew import insertion_of
from oracles.opensta import StaRun, installed_resistance, run_opensta
from oracles.slacks import Comparison, compare_slacks, endpoint_slacks


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


def opensta_of_copies(
    netlist: Netlist,
    technology: Technology,
    liberty: Mapping[float, Path],
    sdc: str,
    cell_vdd: Int,
    wires: Wires | None,
) -> StaRun:
    """OpenSTA's slacks, each cell a copy from the Liberty of its supply, V."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copies = [suffixed_liberty(path, folder, vdd) for vdd, path in liberty.items()]
        write_verilog(netlist, technology, folder / "design.v", tuple(suffix(technology.vdds[k]) for k in cell_vdd))
        spef = folder / "design.spef"
        if wires is not None:
            write_spef(netlist, wires, spef)
        return run_opensta(folder / "design.v", netlist.name, copies, sdc, None if wires is None else spef)


def both_ends(graph: TimingGraph, state: TimingState, period: float, theirs: StaRun) -> dict[str, Comparison]:
    """Setup and hold slacks, ours and OpenSTA's."""
    return {
        "setup": compare_slacks(endpoint_slacks(graph, state, period, False), theirs.setup, theirs.arrival),
        "hold": compare_slacks(endpoint_slacks(graph, state, period, True), theirs.hold, theirs.arrival),
    }


def mixed_comparison(
    netlist: Netlist, technology: Technology, liberty: Sequence[Path], sdc: str, period: float, cell_vdd: Int,
    wires: Wires | None = None,
) -> dict[str, Comparison]:  # fmt: skip
    """Setup and hold slack of every endpoint, ours and OpenSTA's; ``liberty`` in the order of ``technology.vdds``."""
    graph = TimingGraph(
        netlist, technology, read_sdc(sdc, "1ns", technology.units[1]), wires, wire_model="ceff", cross_voltage=False, hold=True,
        driver_resistance=installed_resistance(),
    )  # fmt: skip
    files = dict(zip(technology.vdds.tolist(), liberty, strict=True))
    theirs = opensta_of_copies(netlist, technology, files, sdc.replace(" -no_clocks", ""), cell_vdd, wires)
    return both_ends(graph, graph.evaluate(cell_vdd), period, theirs)


@dataclass(frozen=True)
class MapOfRun:
    """Endpoints of one map of a finished run against OpenSTA; insertion and skew of its clock, ps."""

    pair: tuple[float, float]
    tiles_high: int
    insertion: float
    skew: float
    setup: Comparison
    hold: Comparison


def mixed_map_oracle(run: Path, low: float | None = None, high: float | None = None, variant: str = "pb0") -> MapOfRun:
    """Compare all endpoints of one voltage map of a run, clock propagated, with OpenSTA."""
    flow = read_flow(run / "flow.toml")
    placed = load_placed(flow, run / "03-floorplan", run / "05-optimize")
    technology = placed.technology
    points = read_points(run / "operating_points.csv")
    fine = points[(points["scheme"] == "fine-vh") & (points["variant"] == variant)]
    if low is not None:
        fine = fine[np.isclose(fine["vdd_l_v"], low)]
    if high is not None:
        fine = fine[np.isclose(fine["vdd_h_v"], high)]
    point = fine.iloc[int((fine["tiles_high"] - placed.floorplan.n_tiles / 2).abs().argmin())]
    pair = float(point["vdd_l_v"]), float(point["vdd_h_v"])
    rows = [technology.vdd_index(v) for v in pair]
    bits = parse_map(str(point["assignment"]))
    is_high = placed.clock_cells | (placed.placement.tile < 0) | bits[np.maximum(placed.placement.tile, 0)]
    cell_vdd = np.where(is_high, rows[1], rows[0]).astype(np.int32)
    graph = TimingGraph(
        placed.netlist,
        technology,
        timed_constraints(flow, technology, placed.netlist),
        placed.wires,
        wire_model="ceff",
        cross_voltage=False,
        port_vdd=rows[1],
        clock_supply=flow.clock.supply_policy,
        hold=True,
        driver_resistance=installed_resistance(),
    )
    state = graph.evaluate(cell_vdd, load_variant(run / "07-polybias", variant) if variant != "pb0" else None)
    manifest = read_manifest(flow.technology.path)
    assert manifest.views is not None
    assert isinstance(manifest.views.liberty, str)
    library = {
        vdd: flow.technology.path / manifest.views.liberty.format(suffix="", variant="PB0", vdd=vdd_label(vdd))
        for vdd in pair
    }
    sdc = sdc_of(flow, placed.netlist, ("1ns", technology.units[1]), state.insertion)
    sdc = "\n".join(line for line in sdc.splitlines() if not line.startswith("set_units")) + "\n"
    found = opensta_of_copies(placed.netlist, technology, library, sdc, cell_vdd, placed.wires)
    ends, when = both_ends(graph, state, flow.clock.period, found), insertion_of(graph, state)
    return MapOfRun(pair, int(bits.sum()), when.mean, when.skew, ends["setup"], ends["hold"])
