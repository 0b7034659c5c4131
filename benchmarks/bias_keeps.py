"""What bias brings when it may not cost a tile its VddL: python benchmarks/bias_keeps.py RUN [SET ...].

On a finished run, each set is assigned twice: keeping the maximum frequency at every coarse voltage (the thesis), and
keeping also every voltage map that FINE-VH chooses for the unbiased design. Then all schemes, and the averages.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from finevh.flow.designs import (
    average_activity,
    load_activities,
    load_placed,
    tiled_design,
    tiled_timing,
    time_single_voltages,
)
from finevh.flow.finished import load_run
from finevh.flow.stages.operating_points import compute_points
from finevh.flow.stages.polybias import checked_voltages, variants_of_set
from finevh.layout import interface_cells
from finevh.polybias import assign_variants, variant_shares
from finevh.polybias.conditions import selected_conditions, single_voltage_conditions
from finevh.polybias.oracle import TimingOracle
from finevh.report.tables import savings, savings_summary
from finevh.schemes import points_csv


def main() -> None:
    """Print stages, shares, times and savings of both rules."""
    directory, sets = Path(sys.argv[1]), sys.argv[2:] or ["pb", "vt"]
    flow, run = load_run(directory)
    placed = load_placed(flow, run.stage_path("floorplan"), run.stage_path("optimize"))
    activity = average_activity(load_activities(run.stage_path("activity")))
    start = np.zeros(placed.netlist.n_cells, dtype=np.int8)
    candidates = interface_cells(placed.netlist, placed.placement)
    clock = time.perf_counter()
    frequency = single_voltage_conditions(placed.graph, checked_voltages(placed.flow), placed.flow.polybias.relax)
    selected = selected_conditions(tiled_timing(placed, np.zeros(placed.netlist.n_cells, dtype=np.int8)), flow.schemes)
    print(f"{len(frequency)} voltages, {len(selected)} maps: {time.perf_counter() - clock:.1f} s", flush=True)
    unbiased = tiled_design(placed, activity, time_single_voltages(placed, start))
    for keeps, conditions in (("frequency", frequency), ("maps", frequency + selected)):
        designs = {"pb0": unbiased}
        for name in sets:
            clock = time.perf_counter()
            oracle = TimingOracle(placed.graph, conditions)
            members = variants_of_set(flow, placed.technology, name)
            result = assign_variants(placed.technology, members, start, candidates, oracle.average_path_delay(), oracle)
            shares = variant_shares(placed.technology, result.cell_variant, candidates)
            print(
                f"{name} keeps {keeps}: {time.perf_counter() - clock:.1f} s; "
                + ", ".join(f"{variant} {100 * share:.1f} %" for variant, share in shares.items())
                + f"; worst slack {result.worst_slack_before:.3f} -> {result.worst_slack_after:.3f} ps",
                flush=True,
            )
            designs[name] = tiled_design(placed, activity, time_single_voltages(placed, result.cell_variant))
        points = compute_points(flow, designs, fine=True, jobs=2).points
        table = pd.read_csv(io.StringIO(points_csv(points)))
        fine = table[table["scheme"] == "fine-vh"]
        print(fine.groupby(["variant", "delta_vdd_v"])["area_low_fraction"].mean().round(3).to_string())
        print(savings_summary(savings(table)).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
