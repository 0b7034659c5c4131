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
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from finevh.flow.designs import (
    average_activity,
    load_activities,
    load_placed,
    tiled_design,
    time_single_voltages,
)
from finevh.flow.stages.operating_points import compute_points
from finevh.flow.tables.clock_table import clock_rows
from finevh.flow_file import read_flow
from finevh.report.tables import read_points
from finevh.schemes import OperatingPoint
from oracles.mixed_voltage import mixed_map_oracle

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
        print(f"  {name}: {result}")
    sys.exit(1 if found.setup.outside or found.hold.outside else 0)


if __name__ == "__main__":
    main()
