"""Time the selection and power part of a finished run: python benchmarks/selection_speed.py DIR (bound: 5 s at 49 tiles).

Everything from the placed design in memory to all operating points: slews and energies at every voltage, every scheme,
variant, delta-Vdd and frequency. Loading and compilation are printed apart.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.flow.artifacts.variants import load_variants
from finevh.flow.designs import (
    PlacedDesign,
    average_activity,
    load_activities,
    load_placed,
    tiled_design,
    time_single_voltages,
)
from finevh.flow.finished import load_run
from finevh.flow.stages.operating_points import compute_points
from finevh.power import Activity
from finevh.selection.engine import EngineDesign

CORES = 2


def bind(placed: PlacedDesign, activity: Activity, variant: NDArray[np.int8]) -> EngineDesign:
    """Slews and energies of one variant set at every voltage, on both cores."""
    return tiled_design(placed, activity, time_single_voltages(placed, variant, CORES), CORES)


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
    names = flow.schemes.variants
    bind(placed, activity, variants[names[0]])
    compiled, compiled_cpu = time.perf_counter(), time.process_time()
    designs = {name: bind(placed, activity, variants[name]) for name in names}
    prepared = time.perf_counter()
    result = compute_points(flow, designs, fine, jobs=CORES)
    done, done_cpu = time.perf_counter(), time.process_time()
    print(f"{placed.netlist.n_cells} cells, {placed.floorplan.n_tiles} tiles, {len(result.points)} operating points")
    print(f"load {loaded - start:.2f} s, kernels ready {compiled - loaded:.2f} s")
    print(f"slews and energies {prepared - compiled:.2f} s, selection and schemes {done - prepared:.2f} s")
    total = done - compiled
    print(f"selection and power part: {total:.2f} s (bound 5 s), {done_cpu - compiled_cpu:.2f} s CPU")
    return 0 if total <= 5.0 else 1


if __name__ == "__main__":
    sys.exit(main())
