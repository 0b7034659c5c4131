"""Write docs/results.md: every published figure of merit beside the run's own, with the reason where the shape differs.

Usage: python benchmarks/results_page.py RUN [RUN ...] [--thesis RUN [--gap FILE]] [--insert NAME=FILE.md ...]

With a run of the thesis's own flow the page leads with both by one yardstick, and with the limit that benchmarks/selection_gap.py
kept in FILE (benchmarks/thesis_ours_limit.py). The first run stands for the main result; further runs of the same design (other
tile counts) add rows to the table of meshes, runs of other designs a table of their own. The reasons are text in
benchmarks/results_reasons.toml, keyed like finevh/report/published.toml; a reason stands only beside the number it explains, and
a figure without one is printed without. A line ``{NAME}`` in a text stands for a table of a file that is given with ``--insert``;
a text whose table is not given is left out.
"""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from benchmarks.thesis_ours_limit import PICTURE, draw, read_limits, read_run, table
from finevh.report.tables import area_low, comparison, read_points, savings, savings_summary

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "results.md"

# Table 4.1 and Fig. 4.12 of the thesis by tile count: overhead, interface cells, area at VddL (200 mV, 100 mV), per cent.
PUBLISHED_MESHES = {
    1: (0.0, 0.0, None, None),
    9: (2.42, 38.44, 38.5, 54.0),
    25: (3.86, 56.89, 52.0, 60.7),
    49: (5.95, 62.65, 58.9, 69.2),
}


def markdown(table: pd.DataFrame) -> str:
    head = "| " + " | ".join(table.columns) + " |\n|" + " --- |" * len(table.columns)
    rows = [
        "| " + " | ".join("" if pd.isna(v) else str(v) for v in row) + " |" for row in table.itertuples(index=False)
    ]
    return "\n".join([head, *rows]) + "\n"


def mesh_row(run: Path) -> dict[str, object]:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    points = read_points(run / "operating_points.csv")
    tiles = int(points["tiles"].max())
    published = PUBLISHED_MESHES.get(tiles, (None, None, None, None))
    low = area_low(points)
    share = {(row.variant, round(1000 * row.delta_vdd_v)): row.average_percent for row in low.itertuples()}

    def pair(mine: float | None, theirs: float | None) -> str:
        return ("-" if mine is None else f"{mine:.1f}") + " / " + ("-" if theirs is None else f"{theirs:g}")

    def shares(delta: int, theirs: float | None) -> str:
        mine = [share.get((variant, delta)) if tiles > 1 else None for variant in ("pb0", "pb")]
        return " / ".join("-" if value is None else f"{value:.1f}" for value in (*mine, theirs))

    overhead, interface = (
        metrics.get("floorplan__core__area__overhead"),
        metrics.get("place__interface_cells__fraction"),
    )
    return {
        "tiles": tiles,
        "core area, um2": f"{metrics['floorplan__core__area__um2']:.0f}",
        "overhead, % (ours / published)": pair(None if overhead is None else 100 * overhead, published[0]),
        "cell area, um2": f"{metrics['optimize__design__area__um2']:.0f}",
        "delay at the highest Vdd, ps": f"{metrics['timing__setup__min_period__ps']:.0f}",
        "interface cells, % (ours / published)": pair(None if interface is None else 100 * interface, published[1]),
        "area at VddL 200 mV, % (no bias / poly-bias / published)": shares(200, published[2]),
        "area at VddL 100 mV, %": shares(100, published[3]),
    }


def design_of(run: Path) -> str:
    return str(read_points(run / "operating_points.csv")["design"].iloc[0])


def other_designs(runs: list[Path]) -> pd.DataFrame:
    """Savings of FINE-VH without bias in designs beside the main one, per delta-Vdd."""
    rows = []
    for run in runs:
        points = read_points(run / "operating_points.csv")
        metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
        summary = savings_summary(savings(points))
        low = area_low(points).set_index(["variant", "delta_vdd_v"])["average_percent"]
        for (delta, variant), group in summary[summary["baseline_variant"] == "pb0"].groupby(
            ["delta_vdd_v", "variant"]
        ):
            of = group.set_index("baseline")
            row: dict[str, object] = {
                "design": design_of(run),
                "tiles": int(points["tiles"].max()),
                "cells": int(metrics["optimize__design__instance__count"]),
                "delta-Vdd, mV": round(1000 * delta),
                "bias": variant,
            }
            for baseline, label in (("ideal-dvfs", "ideal-DVFS"), ("vdd-hopping", "Vdd-hopping")):
                best = of.loc[baseline, "highest_percent"]
                row[f"below {label}, %"] = f"{of.loc[baseline, 'average_percent']:.1f} (at most {best:.1f})"
            row["area at VddL, %"] = f"{low[variant, delta]:.1f}"
            row["interface cells, %"] = f"{100 * metrics['place__interface_cells__fraction']:.1f}"
            row["overhead, %"] = f"{100 * metrics['floorplan__core__area__overhead']:.1f}"
            rows.append(row)
    return pd.DataFrame(rows)


def three_ways(thesis: Path, ours: Path, gap: Path | None, reasons: Sequence[str]) -> list[str]:
    """The first section, and its picture."""
    limits = read_limits(gap) if gap else {}
    (first, _), (points, drooped) = read_run(thesis), read_run(ours)
    draw(first, points, drooped, limits).savefig(PICTURE, metadata={"Date": None})
    return [
        "## The thesis's flow, ours, and the limit\n",
        f"![Saving of the thesis's flow and of ours over one ideal-DVFS](images/{PICTURE.name})\n",
        "Power averaged over 17 frequencies, per cent below the ideal-DVFS of the layout that the thesis's flow makes, at that",
        "layout's frequencies. Both flows have the same netlist before placement.\n",
        table(first, points, drooped, limits),
        *(f"\n{text.strip()}\n" for text in reasons),
        "\n## Published and ours\n",
    ]


def filled(texts: Sequence[str], tables: Mapping[str, str]) -> list[str]:
    """Texts with their tables in place of the lines that name them; without those whose table is not there."""
    found = []
    for text in texts:
        names = re.findall(r"^\{(\w+)\}$", text, re.MULTILINE)
        if all(name in tables for name in names):
            for name in names:
                text = text.replace(f"{{{name}}}", tables[name].strip())
            found.append(text)
    return found


def main(
    runs: list[Path], thesis: Path | None = None, gap: Path | None = None, tables: Mapping[str, str] | None = None
) -> None:
    same = [run for run in runs if design_of(run) == design_of(runs[0])]
    others = [run for run in runs if run not in same]
    points = read_points(runs[0] / "operating_points.csv")
    metrics = json.loads((runs[0] / "metrics.json").read_text(encoding="utf-8"))
    reasons = tomllib.loads((HERE / "results_reasons.toml").read_text(encoding="utf-8"))
    beside = comparison(points, metrics)
    beside["why it differs"] = [reasons.get("figure", {}).get(key, "") for key in beside["key"]]
    summary = savings_summary(savings(points))
    for column in ("average_percent", "lowest_percent", "highest_percent"):
        summary[column] = summary[column].map("{:.1f}".format)
    summary["delta_vdd_v"] = summary["delta_vdd_v"].map("{:.3f}".format)
    meshes = pd.DataFrame(sorted((mesh_row(run) for run in same), key=lambda row: int(str(row["tiles"]))))
    parts = [
        "# Published figures beside ours\n",
        "Generated by `python benchmarks/results_page.py RUN [RUN ...]`; do not edit by hand. Published: 28 nm FDSOI, commercial",
        "libraries and tools. Ours: finevh45 (FreePDK45 devices, ss, 125 C), RI5CY as CV32E40P, the project's own engines.\n",
        *(
            []
            if thesis is None
            else three_ways(thesis, runs[0], gap, filled(reasons.get("three_ways", []), tables or {}))
        ),
        markdown(beside.drop(columns="key")),
        "\n![Average saving of FINE-VH over ideal-DVFS, with and without bias](images/ri5cy_bias_gain.svg)\n",
        *(f"\n{text.strip()}\n" for text in filled(reasons.get("discussion", []), tables or {})),
        "\n## All comparisons\n",
        markdown(summary.drop(columns=["design", "tiles"])),
        "\n## Meshes (Table 4.1, Fig. 4.12)\n",
        markdown(meshes),
    ]
    if others:
        parts += [
            "\n## Other designs\n",
            *(f"{text.strip()}\n" for text in reasons.get("others", [])),
            markdown(other_designs(others)),
        ]
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--thesis", type=Path)
    parser.add_argument("--gap", type=Path)
    parser.add_argument("--insert", action="append", default=[], metavar="NAME=FILE.md")
    options = parser.parse_args()
    given = dict(one.split("=", 1) for one in options.insert)
    main(
        options.runs,
        options.thesis,
        options.gap,
        {name: Path(file).read_text(encoding="utf-8") for name, file in given.items()},
    )
