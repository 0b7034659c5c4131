"""What each step from ideal to real does to the power of ideal-DVFS and to every saving of a flow, added one by one.

    python benchmarks/steps.py FLOW.toml -o DIR [--only NAME,...] [-j N]

Each row is a run of the flow of its own in DIR/NAME, up to its operating points, the last up to sign-off, with the step of its
name and all those before it; the two other supply policies of the clock stand beside the flow's. A run starts as a copy of the
one before, whose stages it keeps as far as the step leaves them alone. Runs are kept and resumed: the command can be stopped
and given again, and rows that are not there yet are left out of the table. DIR/steps.csv and DIR/steps.md hold the table. Exact
wires change no map: their row is that of the last run, with frequency as far as sign-off's slack allows.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from finevh.commands.run import run_flow
from finevh.config import Flow
from finevh.flow_file import read_flow
from finevh.report.tables import read_points, savings, savings_summary

LAST, SIGNED = "operating-points", "signoff"
POINTS = "operating_points.csv"


@dataclass(frozen=True)
class Step:
    """A name, what people read, and sections of the flow with the keys that it has from here on; None: the flow's own."""

    name: str
    what: str
    sections: dict[str, dict[str, Any] | None]


IDEAL: dict[str, dict[str, Any] | None] = {
    "synthesis": {"gate_registers": 0},
    "clock": {"propagated": False, "policy": "tile", "tree_vdd": None},
    "technology": {"fast": None},
    "optimize": {"hold": False, "hold_maps": False},
    "floorplan": {"drop_of": "average", "header_cell": None},
    "rails": {"drooped": False},
    "activity": {"glitches": False},
}
"""Nothing of it: where the steps begin."""
STEPS = (
    Step("ideal", "ungated, ideal clock, no hold, rails or glitches", {}),
    Step("gating", "+ clock gating", {"synthesis": None}),
    Step("tree", "+ clock tree, timed", {"clock": None}),
    Step("hold", "+ hold, at both corners and in maps", {"technology": None, "optimize": None}),
    Step("headers", "+ Vdd-MUXes for single cycles", {"floorplan": None}),
    Step("rails", "+ drooped rails", {"rails": None}),
    Step("glitches", "+ glitches", {"activity": None}),
)
HEADS = {
    "ideal_low_mw": "ideal-DVFS at the lowest supply, mW",
    "ideal_high_mw": "at the highest, mW",
    "fmax_mhz": "highest frequency, MHz",
}
"""What people read over the columns."""
POLICIES = ("tile", "high", "split")
WIRES = "exact wires"


def flow_of(flow: Flow, steps: Sequence[Step], policy: str | None = None) -> Flow:
    """The flow with some steps done and the rest left ideal; the clock's supplies by a policy."""
    changes = dict(IDEAL)
    for step in steps:
        for section, keys in step.sections.items():
            if keys is None:
                changes.pop(section)
            else:
                changes[section] = keys
    sections = {name: getattr(flow, name).model_copy(update=keys) for name, keys in changes.items() if keys is not None}
    if policy is not None:
        sections["clock"] = flow.clock.model_copy(update={"policy": policy, "tree_vdd": None})
    # Written and read again by the run: what does not go together is refused there.
    return flow.model_copy(update=sections)


def runs_of(flow: Flow) -> list[tuple[str, str, Flow]]:
    """(name, what, flow) of every row, in order; the policies follow the tree."""
    found = []
    for number, step in enumerate(STEPS):
        found.append((step.name, step.what, flow_of(flow, STEPS[: number + 1])))
        if step.name == "tree":
            for policy in POLICIES:
                if policy != flow.clock.supply_policy:
                    what = f"(the same with policy {policy})"
                    found.append((f"tree_{policy}", what, flow_of(flow, STEPS[: number + 1], policy)))
    return found


def row_of(what: str, directory: Path) -> dict[str, Any]:
    """Power of unbiased ideal-DVFS at both ends, and the average savings over it, of a finished run."""
    points = read_points(directory / POINTS)
    ideal = points[(points["scheme"] == "ideal-dvfs") & (points["variant"] == "pb0")].sort_values("vdd_v")
    row: dict[str, Any] = {
        "step": what,
        "ideal_low_mw": float(ideal["power_total_mw"].iloc[0]),
        "ideal_high_mw": float(ideal["power_total_mw"].iloc[-1]),
        "fmax_mhz": float(ideal["freq_mhz"].iloc[-1]),
    }
    summary = savings_summary(savings(points))
    over = summary[(summary["baseline"] == "ideal-dvfs") & (summary["baseline_variant"] == "pb0")]
    for one in over.sort_values(["delta_vdd_v", "variant"]).itertuples():
        row[f"{one.variant} {1e3 * one.delta_vdd_v:.0f} mV"] = float(one.average_percent)
    return row


def exact_wires(last: dict[str, Any], directory: Path) -> dict[str, Any] | None:
    """The last row with exact wires: each point could run as much faster as sign-off has slack, at the same energy per cycle.

    What it saves at the frequencies of ideal-DVFS then changes by the difference of both slacks alone, which is given as the
    mean slack of ideal-DVFS and of FINE-VH over the period, per cent.
    """
    path = directory / "tables" / "signoff.csv"
    if not path.is_file():
        return None
    table = pd.read_csv(path)
    share = 100.0 * table["setup_ps"] * table["freq_mhz"] * 1e-6
    mean = {scheme: float(share[table["scheme"] == scheme].mean()) for scheme in ("ideal-dvfs", "fine-vh")}
    top = table[(table["scheme"] == "ideal-dvfs") & (table["variant"] == "pb0")].nlargest(1, "freq_mhz").iloc[0]
    period = 1e6 / float(top["freq_mhz"]) - float(top["setup_ps"])
    gained = ", ".join(f"{scheme} {value:+.1f} %" for scheme, value in mean.items() if np.isfinite(value))
    return {**last, "step": f"+ {WIRES} (slack over period: {gained})", "fmax_mhz": 1e6 / period}


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """The table for people."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    heads = [HEADS.get(name, name.replace("pb0", "no bias")) for name in columns]
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    for row in rows:
        cells = (row.get(name, "") for name in columns)
        lines.append(
            "| " + " | ".join(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("flow", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--only", default="", help="names of rows to run now; the others are shown where they are done")
    parser.add_argument("-j", "--jobs", type=int, default=1)
    options = parser.parse_args()
    wanted = [name for name in options.only.split(",") if name]
    runs = runs_of(read_flow(options.flow))
    unknown = set(wanted) - {name for name, _, _ in runs}
    if unknown:
        print(
            f"no such row: {', '.join(sorted(unknown))}; rows are {', '.join(name for name, _, _ in runs)}",
            file=sys.stderr,
        )
        return 2
    rows: list[dict[str, Any]] = []
    before: Path | None = None
    for name, what, flow in runs:
        directory = options.output / name
        if not wanted or name in wanted:
            print(f"{name}: {what}", file=sys.stderr)
            if before is not None and not directory.exists():
                shutil.copytree(before, directory)
                (directory / POINTS).unlink(missing_ok=True)  # not this row's
            run_flow(flow, directory, last=SIGNED if name == runs[-1][0] else LAST, jobs=options.jobs)
        if (directory / POINTS).is_file():
            rows.append(row_of(what, directory))
            before = directory
    done = options.output / runs[-1][0]
    exact = exact_wires(rows[-1], done) if rows and (done / POINTS).is_file() else None
    rows += [exact] if exact is not None else []
    options.output.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(options.output / "steps.csv", index=False, lineterminator="\n", float_format="%.6g")
    (options.output / "steps.md").write_text(markdown(rows), encoding="utf-8")
    print(markdown(rows), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
