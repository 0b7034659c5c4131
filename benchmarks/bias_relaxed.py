"""Poly-bias at a relaxed clock: shares per variant of the interface cells, worst slack and leakage before and after.

    python benchmarks/bias_relaxed.py RUN_DIRECTORY [--relax 0.05] [SET ...]

On a finished run. The clock is the minimum period of the unbiased design at each coarse voltage times 1 + relax. The thesis has
more than 57 % of the interface cells at PB16. Leakage is that of the interface cells, with all tiles at the highest Vdd and with
the tiles in a checkerboard of VddH and VddL. Exit status 1 if a set makes the worst slack negative or leaves its strongest
variant at 57 % or less.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from finevh.config import Flow
from finevh.flow.designs import PlacedDesign, average_activity, load_activities, load_placed
from finevh.flow.finished import load_run
from finevh.flow.stages.polybias import checked_voltages, variants_of_set
from finevh.layout import interface_cells
from finevh.polybias import assign_variants, variant_shares
from finevh.polybias.conditions import single_voltage_conditions
from finevh.polybias.oracle import TimingOracle
from finevh.power import LeakageModel

PUBLISHED = 0.57
"""Share of the interface cells that end at PB16 (thesis, Fig. 4.9: above 57 % in all three meshes)."""


def leakages(placed: PlacedDesign, model: LeakageModel, cells: np.ndarray, variant: np.ndarray) -> dict[str, float]:
    """Leakage of the interface cells, mW, by voltage map."""
    vdds = placed.technology.vdds
    high = len(vdds) - 1
    row, column = np.divmod(placed.placement.tile, placed.floorplan.tiles_per_side)
    dark = (row + column) % 2 == 1
    found = {}
    for name, delta in (
        ("all at VddH", 0.0),
        *((f"checkerboard, {d * 1e3:.0f} mV", d) for d in sorted(placed.flow.schemes.delta_vdd)),
    ):
        low = int(np.argmin(np.abs(vdds - (vdds[high] - delta))))
        cell_vdd = np.where(dark, low, high).astype(np.int32)
        found[name] = float(model.evaluate(cell_vdd, variant, high).cell[cells].sum())
    return found


def relaxed(flow: Flow, relax: float) -> Flow:
    return flow.model_copy(update={"polybias": flow.polybias.model_copy(update={"relax": relax})})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("sets", nargs="*", default=["pb", "vt"])
    parser.add_argument("--relax", type=float, default=0.05)
    choice = parser.parse_args()
    flow, run = load_run(choice.run)
    placed = load_placed(relaxed(flow, choice.relax), run.stage_path("floorplan"), run.stage_path("optimize"))
    model = LeakageModel(
        placed.netlist, placed.technology, average_activity(load_activities(run.stage_path("activity")))
    )
    start = np.zeros(placed.netlist.n_cells, dtype=np.int8)
    interface = interface_cells(placed.netlist, placed.placement)
    conditions = single_voltage_conditions(placed.graph, checked_voltages(placed.flow), placed.flow.polybias.relax)
    before = leakages(placed, model, interface, start)
    print(
        f"{flow.design.name}: {placed.netlist.n_cells} cells, {interface.mean():.1%} interface cells, clock relaxed by "
        f"{choice.relax:.0%}, {len(conditions)} voltages"
    )
    good = True
    for name in choice.sets:
        wall, cpu = time.perf_counter(), time.process_time()
        members = variants_of_set(flow, placed.technology, name)
        oracle = TimingOracle(placed.graph, conditions)
        result = assign_variants(placed.technology, members, start, interface, oracle.average_path_delay(), oracle)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        shares = variant_shares(placed.technology, result.cell_variant, interface)
        strongest = max(
            members, key=lambda member: next(v.slowdown for v in placed.technology.variants if v.name == member)
        )
        good &= result.worst_slack_after >= 0.0 and shares.get(strongest, 0.0) > PUBLISHED
        print(
            f"{name}: "
            + ", ".join(f"{variant} {100 * share:.1f} %" for variant, share in shares.items())
            + f" (published: above {100 * PUBLISHED:.0f} % PB16); worst slack {result.worst_slack_before:.2f} -> "
            f"{result.worst_slack_after:.2f} ps; {cpu:.1f} CPU s, {wall:.1f} s"
        )
        for stage in result.stages:
            print(f"    {stage.variant:5s} S_th {stage.threshold:6.2f} ps, {stage.kept} of {stage.considered} cells")
        after = leakages(placed, model, interface, result.cell_variant)
        for where, value in before.items():
            print(
                f"    leakage of interface cells, {where:22s} {1e3 * value:9.2f} -> {1e3 * after[where]:9.2f} uW, "
                f"saved {1 - after[where] / value:.1%}"
            )
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
