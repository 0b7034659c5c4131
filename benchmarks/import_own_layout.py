"""A finished run written out and imported again as a foreign placed design: do the schemes come out the same?

    python benchmarks/import_own_layout.py RUN [-j N] [-o DIR] [--to STAGE]

Takes ``out/`` of the run (DEF, netlist, SPEF, SDC), lays the same mesh over it and runs the same flow from there, with ports that
follow the tree as they do in a run's own constraints. Prints the
largest difference of each figure over all operating points, and how many voltage maps differ. With ``-o`` the imported run stays
there and goes on where it ended; ``--to`` ends it early.
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
            "clock": flow.clock.model_copy(update={"sdc": files["sdc"], "ports_follow_tree": True}),
            "engine": "builtin",
        }
    )


def compare(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Print the largest differences, point by point in the order of the tables."""
    keys = ["scheme", "variant", "delta_vdd_v", "asked"]
    for table in (ours, theirs):
        # How a selector came to its map may differ where two maps cost the same but for Vdd-MUXes.
        table["asked"] = table["selector"].str.split(":").str[0]
        table.sort_values([*keys, "freq_mhz"], inplace=True, kind="stable")
        # A foreign layout has no Vdd-MUXes: what ours draw is left out.
        muxes = table.get("power_vdd_mux_leakage_mw", pd.Series(0.0, index=table.index)).fillna(0.0)
        table[["power_total_mw", "power_leakage_mw"]] = table[["power_total_mw", "power_leakage_mw"]].sub(muxes, axis=0)
        table["nth"] = table.groupby(keys, dropna=False).cumcount()
    both = ours.merge(theirs, on=[*keys, "nth"], suffixes=("", "_there"))
    print(f"{len(ours)} points here, {len(theirs)} there, {len(both)} compared")
    for name in FIGURES:
        worst = np.nanmax(np.abs(both[f"{name}_there"] / both[name] - 1.0))
        print(f"{name:20s} largest difference {100 * worst:.4f} %")
    maps = (both["assignment"].fillna("") != both["assignment_there"].fillna("")).sum()
    print(f"{maps} voltage maps differ")


def chosen_points(run: Path) -> Path:
    """Points as they were chosen at the supplies: a foreign layout has no Vdd-MUXes, so no rails that droop."""
    results = next(run.glob("*-operating-points")) / "results"
    nominal = results / "tables" / "nominal_points.csv"
    return nominal if nominal.is_file() else results / "operating_points.csv"


def run_and_compare(run: Path, there: Path, jobs: int, last: str | None) -> None:
    """Run the imported flow in a folder; compare where it came to operating points."""
    run_flow(as_foreign(read_run_flow(run), run), there, last=last, jobs=jobs)
    if last is not None:
        return
    tables = [pd.read_csv(chosen_points(folder), dtype={"assignment": str}) for folder in (run, there)]
    print(f"{len(pd.read_csv(there / 'tables' / 'moved_cells.csv'))} cells moved")
    compare(*tables)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("-j", "--jobs", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--to", metavar="STAGE")
    options = parser.parse_args()
    if options.output is not None:
        run_and_compare(options.run.resolve(), options.output, options.jobs, options.to)
        return
    with tempfile.TemporaryDirectory() as folder:
        run_and_compare(options.run.resolve(), Path(folder) / "run", options.jobs, options.to)


if __name__ == "__main__":
    main()
