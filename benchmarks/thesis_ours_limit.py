"""The thesis's flow, ours, and the limit, by one yardstick: python benchmarks/thesis_ours_limit.py THESIS OURS [--gap FILE].

THESIS and OURS are finished runs of flows/ri5cy_thesis.toml and flows/ri5cy.toml. Power of both lies over the ideal-DVFS of the
thesis's layout, at that layout's frequencies. Both are shown as chosen at the supplies, and ours also with every map meeting its
clock on drooped rails, where the run asks for it. The limit is what no voltage map of our tiles can fall below: the bound that
``benchmarks/selection_gap.py OURS --state FILE`` proved, relative to the map that it found. Prints a table as Markdown and draws
docs/images/ri5cy_gains.svg.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from finevh.report.colours import VARIANT_LABEL
from finevh.report.one_yardstick import Real, fine_rows, ideal_rows, measure_runs, power_at
from finevh.report.page.page_data import delta_vdds
from finevh.report.tables import read_points

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "ri5cy_gains.svg"
THESIS, OURS, DROOPED, LIMIT = "#7f7f7f", "#0072b2", "#e69f00", "#d55e00"
"""Colours that stay apart for colour-blind eyes (Okabe and Ito, 2008)."""


def read_limits(path: Path) -> dict[float, float]:
    """By delta-Vdd in V: least share of the proven bound in the power of the map in use, of the unbiased design.

    ``path`` is what ``selection_gap.py`` kept.
    """
    shares: dict[float, list[float]] = {}
    for name, lines in json.loads(path.read_text(encoding="utf-8")).items():
        variant, _, delta, *_ = name.split(", ")
        if variant == "pb0":
            millivolt = float(delta.removeprefix("delta-Vdd ").removesuffix(" mV"))
            shares.setdefault(millivolt / 1000.0, []).extend(line["bound"] / line["best"] for line in lines)
    return {delta: min(found) for delta, found in shares.items()}


def table(thesis: pd.DataFrame, ours: pd.DataFrame, drooped: pd.DataFrame | None, limits: Mapping[float, float]) -> str:
    """Average savings over the ideal-DVFS of the thesis's layout, as Markdown; ``ours`` is at the supplies."""
    runs = [thesis, ours] if drooped is None else [thesis, ours, drooped]
    found = {(one.run, one.variant, one.delta): one for one in measure_runs(runs)}
    deltas = sorted({delta for _, _, delta in found})
    lines = [
        "| flow | bias | " + " | ".join(f"ΔVdd {1000 * d:.0f} mV" for d in deltas) + " |",
        "| --- | --- |" + " --- |" * len(deltas),
        "| thesis, ideal-DVFS | none |" + " 0 |" * len(deltas),
    ]
    for run, name in enumerate(("thesis, FINE-VH", "ours, FINE-VH", "ours, FINE-VH on drooped rails")):
        if run == 1:
            own = next(one for one in found.values() if one.run == 1)
            lines.append(f"| ours, ideal-DVFS | none |{f' {own.ideal:.1f} |' * len(deltas)}")
        for variant, label in VARIANT_LABEL.items():
            cells = [found[run, variant, d].over_first if (run, variant, d) in found else None for d in deltas]
            if any(cell is not None for cell in cells):
                shown = " | ".join("" if cell is None else f"{cell:.1f}" for cell in cells)
                lines.append(f"| {name} | {label} | {shown} |")
    if limits:
        frequencies = sorted(set(ideal_rows(thesis)["freq_mhz"]))
        first = power_at(ideal_rows(thesis), frequencies)
        cells = []
        for delta in deltas:
            power = power_at(fine_rows(ours, "pb0", delta), frequencies) * limits.get(delta, np.nan)
            both = np.isfinite(power)
            cells.append(f"{100 * np.mean(1 - power[both] / first[both]):.1f}" if both.any() else None)
        shown = " | ".join(cell or "" for cell in cells)
        lines.append(f"| ours, less the largest proven gap: no map of these tiles draws less | no bias | {shown} |")
    return "\n".join(lines) + "\n"


def draw(thesis: pd.DataFrame, ours: pd.DataFrame, drooped: pd.DataFrame | None, limits: Mapping[float, float]) -> Figure:
    """Saving over the ideal-DVFS of the thesis's layout at each frequency; one panel per delta-Vdd."""
    deltas = delta_vdds(ours)
    figure = Figure(figsize=(4.6 * len(deltas), 3.6), layout="constrained")
    axes = figure.subplots(1, len(deltas), sharey=True, squeeze=False)[0]
    frequencies = sorted(set(ideal_rows(thesis)["freq_mhz"]))
    first = power_at(ideal_rows(thesis), frequencies)

    def saving(rows: pd.DataFrame) -> Real:
        return np.asarray(100.0 * (1.0 - power_at(rows, frequencies) / first), dtype=np.float64)

    for axis, delta in zip(axes, sorted(deltas), strict=True):
        axis.set_title(f"ΔVdd = {1000 * delta:.0f} mV")
        curves = [
            (fine_rows(thesis, "pb0", delta), "thesis's flow, FINE-VH", THESIS, "-", "s"),
            (ideal_rows(ours), "ours, ideal-DVFS", OURS, ":", ""),
            (fine_rows(ours, "pb0", delta), "ours, FINE-VH", OURS, "-", "o"),
            (fine_rows(ours, "vt", delta), "ours, FINE-VH, Vth offsets", OURS, "--", "^"),
        ]
        if drooped is not None:
            label = "ours, FINE-VH, Vth offsets, drooped rails"
            curves.append((fine_rows(drooped, "vt", delta), label, DROOPED, "--", "v"))
        for rows, label, colour, line, marker in curves:
            if len(rows):
                axis.plot(
                    frequencies, saving(rows), linestyle=line, marker=marker, markersize=3, linewidth=1.4,
                    color=colour, label=label,
                )  # fmt: skip
        if delta in limits:
            least = power_at(fine_rows(ours, "pb0", delta), frequencies) * limits[delta]
            label = "ours, no map of these tiles draws less"
            axis.plot(frequencies, 100.0 * (1.0 - least / first), ".", color=LIMIT, markersize=4, label=label)
        axis.axhline(0, color="#444444", linewidth=0.8)
        axis.set_xlabel("Clock frequency, MHz")
    figure.axes[0].set_ylabel("Below ideal-DVFS\nof the thesis's layout, %")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure


def read_run(run: Path) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Operating points as chosen at the supplies, and on drooped rails where the run asked for it."""
    points, nominal = read_points(run / "operating_points.csv"), run / "tables" / "nominal_points.csv"
    return (read_points(nominal), points) if nominal.is_file() else (points, None)


def main() -> None:
    """Print the table, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("thesis", type=Path)
    parser.add_argument("ours", type=Path)
    parser.add_argument("--gap", type=Path)
    options = parser.parse_args()
    limits = read_limits(options.gap) if options.gap else {}
    (thesis, _), (ours, drooped) = read_run(options.thesis), read_run(options.ours)
    print(table(thesis, ours, drooped, limits))
    draw(thesis, ours, drooped, limits).savefig(PICTURE, metadata={"Date": None})
    print(PICTURE)


if __name__ == "__main__":
    main()
