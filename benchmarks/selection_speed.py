"""Time the selection and power part of a finished run: python benchmarks/selection_speed.py DIR (bound: 5 s at 49 tiles).

Everything from the placed design in memory to all operating points: slews and energies at every voltage, every scheme,
variant, delta-Vdd and frequency. Loading and compilation are printed apart.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from finevh.flow.artifacts import load_variants
from finevh.flow.designs import average_activity, load_activities, load_placed, tiled_design
from finevh.flow.emulate import load_run
from finevh.flow.operating import compute_points


def main() -> int:
    """Print the times; 1 if the bound is missed."""
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/ri5cy")
    start = time.perf_counter()
    flow, run = load_run(directory)
    placed = load_placed(flow, run.stage_path("floorplan"), run.stage_path("optimize"))
    activity = average_activity(load_activities(run.stage_path("activity")))
    variants = load_variants(run.stage_path("polybias"))
    fine = placed.technology.cross is not None and placed.floorplan.n_tiles > 1
    loaded = time.perf_counter()
    first = flow.schemes.variants[0]
    warm = tiled_design(placed, activity, variants[first])
    warm.single_voltage(flow.schemes.vdd_max)
    compiled = time.perf_counter()
    designs = {name: tiled_design(placed, activity, variants[name]) for name in flow.schemes.variants}
    prepared = time.perf_counter()
    result = compute_points(flow, designs, fine)
    done = time.perf_counter()
    print(f"{placed.netlist.n_cells} cells, {placed.floorplan.n_tiles} tiles, {len(result.points)} operating points")
    print(f"load {loaded - start:.2f} s, kernels ready {compiled - loaded:.2f} s")
    print(f"slews and energies {prepared - compiled:.2f} s, selection and schemes {done - prepared:.2f} s")
    total = done - compiled
    print(f"selection and power part: {total:.2f} s (bound 5 s)")
    return 0 if total <= 5.0 else 1


if __name__ == "__main__":
    sys.exit(main())
