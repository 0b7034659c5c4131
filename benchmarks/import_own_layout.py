"""A finished run written out and imported again as a foreign placed design: do the schemes come out the same?

    python benchmarks/import_own_layout.py RUN [-j N]

Takes ``out/`` of the run (DEF, netlist, SPEF, SDC), lays the same mesh over it and runs the same flow from there. Prints the
largest difference of each figure over all operating points, and how many voltage maps differ.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from finevh.commands.run import run_flow
from finevh.config import Flow
from finevh.flow_file import read_run_flow

FIGURES = ("freq_mhz", "power_total_mw", "power_switching_mw", "power_internal_mw", "power_leakage_mw")


def as_foreign(flow: Flow, run: Path) -> Flow:
    """The flow with its RTL replaced by what the run has written out."""
    files = {key: run / "out" / f"{flow.design.name}.{suffix}" for key, suffix in
             (("def", "def"), ("netlist", "v"), ("spef", "spef"), ("sdc", "sdc"))}  # fmt: skip
    placed = {"name": flow.design.name, "top": flow.design.top, "placed": files}
    return flow.model_copy(
        update={
            "design": type(flow.design).model_validate(placed, context={"folder": str(run)}),
            "clock": flow.clock.model_copy(update={"sdc": files["sdc"]}),
            "engine": "builtin",
        }
    )


def compare(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Print the largest differences, point by point in the order of the tables."""
    keys = ["scheme", "variant", "delta_vdd_v", "selector"]
    for table in (ours, theirs):
        table["nth"] = table.groupby(keys, dropna=False).cumcount()
    both = ours.merge(theirs, on=[*keys, "nth"], suffixes=("", "_there"), how="outer")
    print(f"{len(ours)} points here, {len(theirs)} there")
    for name in FIGURES:
        worst = np.nanmax(np.abs(both[f"{name}_there"] / both[name] - 1.0))
        print(f"{name:20s} largest difference {100 * worst:.4f} %")
    maps = (both["assignment"].fillna("") != both["assignment_there"].fillna("")).sum()
    print(f"{maps} voltage maps differ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("-j", "--jobs", type=int, default=1)
    options = parser.parse_args()
    run = options.run.resolve()
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder) / "run"
        run_flow(as_foreign(read_run_flow(run), run), there, jobs=options.jobs)
        tables = [pd.read_csv(d / "operating_points.csv", dtype={"assignment": str}) for d in (run, there)]
        moved = len(pd.read_csv(there / "tables" / "moved_cells.csv"))
    print(f"{moved} cells moved")
    compare(*tables)


if __name__ == "__main__":
    main()
