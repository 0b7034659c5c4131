"""The clock of finished runs side by side, and one mixed voltage map's propagated clock against OpenSTA.

    python benchmarks/clock.py compare RUN [RUN ...]
    python benchmarks/clock.py policies RUN [--ideal] [-j N]
    python benchmarks/clock.py opensta RUN [--low V --high V] [--variant pb0]

Runs to compare differ in their flow file, for example ``--set synthesis.gate_registers=0``, ``--set clock.tree=buffered``,
``--set clock.propagated=false``, ``--set clock.policy=split``: layout is reused where only the policy differs.

``policies`` takes a run up to its activity and computes the unbiased schemes and the clock's figures under each supply policy,
and with ``--ideal`` once more with ideal clocks. Saving is the average over the frequencies of FINE-VH (Algorithm 5).

The oracle takes the run's map nearest to half of its tiles at VddH: cells of each supply become copies with a suffix, the
clock is propagated, ports refer to a clock that is late by the mean insertion; effective-capacitance wires, driver derates
off. Exit status 1 if an endpoint is outside 1 ps and 0.5 % of its path.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from mixed_voltage_opensta import suffix, suffixed_liberty
from opensta import installed_resistance, run_opensta
from sta_accuracy import Comparison, compare, endpoint_slacks

from finevh.flow.clock_table import clock_rows
from finevh.flow.constraints import sdc_of, timed_constraints
from finevh.flow.designs import (
    average_activity,
    load_activities,
    load_placed,
    load_variant,
    tiled_design,
    time_single_voltages,
)
from finevh.flow.stages.operating_points import compute_points
from finevh.flow_file import read_flow
from finevh.netlist import write_spef, write_verilog
from finevh.optimize.clock import insertion_of
from finevh.report.tables import read_points
from finevh.schemes import OperatingPoint
from finevh.selection import parse_map
from finevh.technology.manifest import read_manifest, vdd_label
from finevh.timing import TimingGraph

SCHEMES = ("ideal-dvfs", "vdd-hopping", "vdd-dithering")


def row_of(run: Path) -> dict[str, object]:
    """What a run says of its clock, by column."""
    flow = read_flow(run / "flow.toml")
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    points = read_points(run / "operating_points.csv")
    ideal = points[(points["scheme"] == "ideal-dvfs") & (points["variant"] == "pb0")].sort_values("freq_mhz")
    row: dict[str, object] = {
        "run": run.name,
        "gates": int(metrics["synthesis__clock_gates__count"]),
        "tree": flow.clock.tree if flow.optimize.clock_tree else "none",
        "clock": "propagated" if flow.clock.propagated else "ideal",
        "policy": flow.clock.supply_policy,
        "insertion ps": metrics.get("clock__insertion__mean__ps", float("nan")),
        "skew ps": metrics.get("clock__skew__ps", float("nan")),
        "skew in maps ps": metrics.get("clock__skew__maps__ps", float("nan")),
        "hold ps": metrics.get("timing__hold__ws__maps__ps", float("nan")),
        "fmax MHz": float(ideal["freq_mhz"].iloc[-1]),
        "top mW": float(ideal["power_total_mw"].iloc[-1]),
        "bottom mW": float(ideal["power_total_mw"].iloc[0]),
    }
    clock = run / "tables" / "clock.csv"
    if clock.is_file():
        table = pd.read_csv(clock)
        top = table[table["vdd_l_v"] == table["vdd_h_v"]].sort_values("vdd_h_v").iloc[-1]
        row["clock mW"] = float(top["power_mw"])
        row["open bounds"] = int((table["bound_violated"] > 0).sum())
    path = run / "tables" / "savings_summary.csv"
    if path.is_file():
        summary = pd.read_csv(path)
        for _, found in summary.iterrows():
            if found["baseline"] in SCHEMES and found["baseline_variant"] == "pb0":
                name = f"{found['variant']} {1000 * found['delta_vdd_v']:.0f} over {found['baseline']}"
                row[name] = float(found["average_percent"])
    return row


@dataclass(frozen=True)
class Oracle:
    """One map's endpoints against OpenSTA."""

    pair: tuple[float, float]
    tiles_high: int
    insertion: float
    skew: float
    setup: Comparison
    hold: Comparison


def mixed_map_oracle(run: Path, low: float | None = None, high: float | None = None, variant: str = "pb0") -> Oracle:
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
    library = [
        flow.technology.path / manifest.views.liberty.format(suffix="", variant="PB0", vdd=vdd_label(vdd))
        for vdd in pair
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copies = [suffixed_liberty(path, folder, vdd) for path, vdd in zip(library, pair, strict=True)]
        write_verilog(placed.netlist, technology, folder / "d.v", tuple(suffix(technology.vdds[k]) for k in cell_vdd))
        write_spef(placed.netlist, placed.wires, folder / "d.spef")
        sdc = sdc_of(flow, placed.netlist, ("1ns", technology.units[1]), state.insertion)
        sdc = "\n".join(line for line in sdc.splitlines() if not line.startswith("set_units")) + "\n"
        found = run_opensta(folder / "d.v", placed.netlist.name, copies, sdc, folder / "d.spef")
    period, when = flow.clock.period, insertion_of(graph, state)
    return Oracle(
        pair,
        int(bits.sum()),
        when.mean,
        when.skew,
        compare(endpoint_slacks(graph, state, period, False), found.setup, found.arrival),
        compare(endpoint_slacks(graph, state, period, True), found.hold, found.arrival),
    )


def savings_over(points: Sequence[OperatingPoint], delta: float) -> dict[str, float]:
    """Average saving, percent, of FINE-VH at a delta-Vdd over each other scheme at the same frequencies."""
    fine = {p.freq_mhz: p.power_total_mw for p in points if p.scheme == "fine-vh" and np.isclose(p.delta_vdd_v, delta)}
    found = {}
    for scheme in SCHEMES:
        other = {
            p.freq_mhz: p.power_total_mw
            for p in points
            if p.scheme == scheme and (scheme == "ideal-dvfs" or np.isclose(p.delta_vdd_v, delta))
        }
        common = sorted(fine.keys() & other.keys())
        if common:
            found[scheme] = float(np.mean([100.0 * (1.0 - fine[f] / other[f]) for f in common]))
    return found


def policy_columns(run: Path, policy: str, propagated: bool, jobs: int) -> dict[str, object]:
    """Savings and clock of a placed design under one supply policy, by row."""
    read = read_flow(run / "flow.toml")
    clock = read.clock.model_copy(update={"policy": policy, "tree_vdd": None, "propagated": propagated})
    schemes = read.schemes.model_copy(update={"variants": ("pb0",), "selectors": ("greedy",)})
    flow = read.model_copy(update={"clock": clock, "schemes": schemes})
    placed = load_placed(flow, run / "03-floorplan", run / "05-optimize")
    activity = average_activity(load_activities(run / "06-activity"))
    variant = np.zeros(placed.netlist.n_cells, dtype=np.int8)
    design = tiled_design(placed, activity, time_single_voltages(placed, variant, jobs), jobs)
    points = compute_points(flow, {"pb0": design}, True, jobs).points
    rows = clock_rows(placed, {"pb0": design}, points, jobs)
    top = max(rows, key=lambda row: (row.vdd_l_v, row.vdd_h_v))
    ideal = sorted((p for p in points if p.scheme == "ideal-dvfs"), key=lambda p: p.freq_mhz)
    column: dict[str, object] = {
        "fmax MHz": ideal[-1].freq_mhz,
        "ideal-DVFS top mW": ideal[-1].power_total_mw,
        "ideal-DVFS bottom mW": ideal[0].power_total_mw,
        "clock top mW": top.power_mw,
        "insertion top ps": top.insertion_ps,
        "skew top ps": top.skew_ps,
        "worst hold single ps": min(row.hold_ps for row in rows if row.vdd_l_v == row.vdd_h_v),
        "worst single skew of period": max(
            row.skew_ps / design.single_voltage(row.vdd_h_v)[0] for row in rows if row.vdd_l_v == row.vdd_h_v
        ),
    }
    for delta in flow.schemes.delta_vdd:
        mine = [row for row in rows if np.isclose(row.vdd_h_v - row.vdd_l_v, delta)]
        label = f"{1000 * delta:.0f} mV: "
        for scheme, saving in savings_over(points, delta).items():
            column[f"{label}saving over {scheme} %"] = saving
        if mine:
            column[f"{label}worst skew ps"] = max(row.skew_ps for row in mine)
            column[f"{label}worst hold ps"] = min(row.hold_ps for row in mine)
            column[f"{label}endpoints violated"] = max(row.violated for row in mine)
            column[f"{label}worst bound ps"] = min(row.bound_ps for row in mine if row.bound_ps is not None)
    return column


def main() -> None:
    """Compare runs, or one map with OpenSTA."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="what", required=True)
    side = parts.add_parser("compare")
    side.add_argument("runs", type=Path, nargs="+")
    three = parts.add_parser("policies")
    three.add_argument("run", type=Path)
    three.add_argument("--ideal", action="store_true")
    three.add_argument("-j", "--jobs", type=int, default=2)
    other = parts.add_parser("opensta")
    other.add_argument("run", type=Path)
    other.add_argument("--low", type=float)
    other.add_argument("--high", type=float)
    other.add_argument("--variant", default="pb0")
    choice = parser.parse_args()
    if choice.what == "compare":
        table = pd.DataFrame([row_of(run) for run in choice.runs]).set_index("run").T
        print(table.to_string(float_format=lambda value: f"{value:.2f}"))
        return
    if choice.what == "policies":
        asked = [("tile", True), ("split", True), ("high", True), *([("tile", False)] if choice.ideal else [])]
        columns = {}
        for policy, propagated in asked:
            columns[policy if propagated else "ideal"] = policy_columns(choice.run, policy, propagated, choice.jobs)
            print(pd.DataFrame(columns).to_string(float_format=lambda value: f"{value:.3f}"), flush=True)
        return
    found = mixed_map_oracle(choice.run, choice.low, choice.high, choice.variant)
    print(
        f"{found.pair[0]:g}/{found.pair[1]:g} V, {found.tiles_high} tiles high: mean insertion {found.insertion:.1f} ps, "
        f"skew {found.skew:.1f} ps"
    )
    for name, result in (("setup", found.setup), ("hold", found.hold)):
        print(
            f"  {name}: {result.count} endpoints ({result.missing} only in OpenSTA, {result.extra} only here), worst "
            f"{result.worst_ps:.3f} ps at {result.worst_name}, {result.worst_fraction:.3%}; outside {result.outside}"
        )
    sys.exit(1 if found.setup.outside or found.hold.outside else 0)


if __name__ == "__main__":
    main()
