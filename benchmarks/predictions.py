"""Published figures beside what devices of the published speed over supply predict.

    python benchmarks/predictions.py RUN [--beside RUN] [--within POINTS]

RUN is a finished run of flows/ri5cy_low_vth.toml. Of all published numbers one, the frequency ratio, chose the thresholds of its
library; every other figure is a prediction. Threshold offsets stand where the source has poly-bias: both slow a cell by the
published per cent. ``--beside`` adds a column, such as a run of flows/ri5cy_thesis.toml. A published number is contradicted where
the run's average lies outside of the range that the source prints, or, if it prints none, more than ``--within`` points away from
it. Prints Markdown, for ``benchmarks/results_page.py --insert predictions=FILE``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from finevh.report.metrics import read_metrics
from finevh.report.tables import NOT_IN_THIS_RUN, PublishedFigure, our_figures, published_figures, read_points

CHOSEN = ("frequency_ratio",)
"""What chose the thresholds, and so is no prediction."""
LAYOUT = ("interface_fraction", "area_overhead")
"""What netlist and layout decide, whatever the devices."""
STAND_IN = {"vt": "pb", "polybias__VT16__fraction": "polybias__PB16__fraction"}
"""Names of a run with threshold offsets alone, and the names under which figures are read."""
WITHIN = 3.0
"""Points; the published averages that two fitted numbers explain together lie 2.8 apart (published_regime.py)."""

Figures = dict[str, tuple[float, float | None, float | None]]


def figures_of(run: Path) -> Figures:
    """Figures of a run; its threshold variants stand in for poly-bias where it has no poly-bias."""
    points, metrics = read_points(run / "operating_points.csv"), read_metrics(run)
    if "pb" not in set(points["variant"]):
        points = points.assign(variant=points["variant"].replace(STAND_IN))
        metrics = {STAND_IN.get(name, name): value for name, value in metrics.items()}
    return our_figures(points, metrics)


def verdict(figure: PublishedFigure, value: float, within: float) -> str:
    """Say whether a published figure is contradicted."""
    if figure.key in CHOSEN:
        return "chose the thresholds"
    if figure.key in LAYOUT:
        return "of the layout"
    if figure.low is not None or figure.high is not None:
        low, high = (limit if limit is not None else np.nan for limit in (figure.low, figure.high))
        return "contradicted" if value < low or value > high else "in the published range"
    assert figure.value is not None
    return "agrees" if abs(value - figure.value) <= within else "contradicted"


def text_of(found: tuple[float, float | None, float | None] | None) -> str:
    """A value, with its range where it has one."""
    if found is None:
        return NOT_IN_THIS_RUN
    value, low, high = found
    return f"{value:.1f}" + ("" if low is None or high is None else f" ({low:.1f} to {high:.1f})")


def table(figures: Figures, beside: Figures | None, within: float) -> str:
    """Markdown: figure, published, predicted, the run beside, verdict."""
    lines = [
        "| figure | unit | published | predicted |" + ("" if beside is None else " finevh45 |") + " |",
        "| --- | --- | --- | --- |" + ("" if beside is None else " --- |") + " --- |",
    ]
    for figure in published_figures():
        if figure.key not in figures:
            continue
        cells = [figure.what, figure.unit, figure.text(), text_of(figures[figure.key])]
        if beside is not None:
            cells.append(text_of(beside.get(figure.key)))
        lines.append("| " + " | ".join([*cells, verdict(figure, figures[figure.key][0], within)]) + " |")
    return "\n".join(lines)


def leakage_share(points: pd.DataFrame) -> tuple[float, float]:
    """Per cent of the power of the unbiased ideal-DVFS that is leakage, at the lowest and the highest supply."""
    ideal = points[(points["scheme"] == "ideal-dvfs") & (points["variant"] == "pb0")].sort_values("vdd_v")
    share = (100 * ideal["power_leakage_mw"] / ideal["power_total_mw"]).to_numpy()
    return float(share[0]), float(share[-1])


def main() -> int:
    """Print the table, the distance over all published average savings, and the share of leakage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--beside", type=Path, metavar="RUN")
    parser.add_argument("--within", type=float, default=WITHIN, metavar="POINTS")
    options = parser.parse_args()
    figures = figures_of(options.run)
    print(table(figures, figures_of(options.beside) if options.beside else None, options.within))
    miss = [
        figures[figure.key][0] - figure.value
        for figure in published_figures()
        if figure.key.startswith("savings") and figure.value is not None and figure.key in figures
    ]
    low, high = leakage_share(read_points(options.run / "operating_points.csv"))
    print(
        f"\nRoot mean square over the {len(miss)} published average savings: {np.sqrt(np.mean(np.square(miss))):.1f} points. "
        f"Leakage of the unbiased design is {low:.0f} % of its power at the lowest supply and {high:.0f} % at the highest."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
