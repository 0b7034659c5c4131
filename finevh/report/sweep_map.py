"""The table of a sweep in; its summary and its map of savings over tiles and delta-Vdd out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from finevh.report.colours import VARIANT_LABEL
from finevh.report.tables import read_points, savings, savings_summary

SAVINGS_COLUMNS = (
    "program",
    "tiles",
    "delta_vdd_v",
    "variant",
    "ideal_pb0",
    "ideal_same",
    "hopping_pb0",
    "hopping_same",
)
"""Savings are averages over the frequencies, per cent: below ideal-DVFS and Vdd-hopping, without bias and with the same."""


def read_sweep(path: Path) -> pd.DataFrame:
    """Read ``sweep.csv``; the program of a trial that runs those of the flow is empty.

    Raises
    ------
    InputError
        If the file is missing or lacks a column.
    """
    points = read_points(path)
    return points.assign(program=points["program"].astype(object).fillna("").astype(str))


def sweep_savings(points: pd.DataFrame) -> pd.DataFrame:
    """Average savings of FINE-VH for every mesh, delta-Vdd, bias and program that has it.

    Returns
    -------
    DataFrame
        Columns :data:`SAVINGS_COLUMNS`; nan where a baseline is not in the sweep.
    """
    rows = []
    for program, group in points.groupby("program", sort=True):
        table = savings(group) if (group["scheme"] == "fine-vh").any() else None
        if table is None or table.empty:
            continue
        summary = savings_summary(table)
        for (tiles, delta, variant), part in summary.groupby(["tiles", "delta_vdd_v", "variant"], sort=True):
            of = {(row.baseline, row.baseline_variant): row.average_percent for row in part.itertuples()}
            found = [
                of.get((baseline, bias), np.nan)
                for baseline in ("ideal-dvfs", "vdd-hopping")
                for bias in ("pb0", variant)
            ]
            rows.append((program, tiles, delta, variant, *found))
    return pd.DataFrame(rows, columns=list(SAVINGS_COLUMNS))


def summary_lines(table: pd.DataFrame, missing: Sequence[int] = ()) -> list[str]:
    """The summary for people, in 80 columns; ``missing``: tile counts without a FINE-VH point."""
    lines = []
    if not table.empty:
        named = bool((table["program"] != "").any())
        head = f"{'program':14s} " if named else ""
        lines = [
            "FINE-VH below each scheme, %: average over the frequencies",
            f"{head}{'tiles':>5s} {'delta-Vdd':>10s}  {'bias':4s} {'ideal-DVFS':>19s} {'Vdd-hopping':>19s}",
            f"{'':{len(head)}s}{'':5s} {'':10s}  {'':4s} {'no bias':>9s} {'same':>9s} {'no bias':>9s} {'same':>9s}",
        ]
        for row in table.itertuples():
            name = f"{(row.program or 'all')[:14]:14s} " if named else ""
            values = (row.ideal_pb0, row.ideal_same, row.hopping_pb0, row.hopping_same)
            shown = " ".join(f"{'-' if np.isnan(value) else f'{value:.1f}':>9s}" for value in values)
            delta = f"{1000 * row.delta_vdd_v:.0f} mV"
            lines.append(f"{name}{row.tiles:5d} {delta:>10s}  {row.variant:4s} {shown}")
    lines += [f"{count} tile{'s' if count > 1 else ''}: no FINE-VH point" for count in missing]
    return lines


def without_points(points: pd.DataFrame) -> list[int]:
    """Tile counts of a sweep for which no FINE-VH point exists: one tile, or a technology without cross-voltage tables."""
    fine = set(points.loc[points["scheme"] == "fine-vh", "tiles"])
    return sorted(set(points["tiles"].tolist()) - fine)


def plot_sweep(table: pd.DataFrame) -> Figure:
    """Draw the saving below ideal-DVFS over tiles and delta-Vdd: a row of maps per program, a map per bias.

    The baseline is without bias, as published; where the sweep has none, with the same bias.
    """
    programs, variants = sorted(table["program"].unique()), [v for v in VARIANT_LABEL if v in set(table["variant"])]
    tiles, deltas = sorted(table["tiles"].unique()), sorted(table["delta_vdd_v"].unique())
    shown = table.assign(saving=table["ideal_pb0"].fillna(table["ideal_same"]))
    widest = max(float(shown["saving"].abs().max()), 0.1)
    size = (2.0 + len(variants) * (0.8 + 0.7 * len(tiles)), len(programs) * (1.3 + 0.5 * len(deltas)))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(programs), len(variants), squeeze=False, sharex=True, sharey=True)
    image = None
    for i, program in enumerate(programs):
        for j, variant in enumerate(variants):
            axis, grid = axes[i, j], np.full((len(deltas), len(tiles)), np.nan)
            rows = shown[(shown["program"] == program) & (shown["variant"] == variant)]
            for row in rows.itertuples():
                at = deltas.index(row.delta_vdd_v), tiles.index(row.tiles)
                grid[at] = row.saving
                dark = abs(row.saving) > 0.6 * widest
                axis.text(
                    at[1], at[0], f"{row.saving:.1f}", ha="center", va="center", color="white" if dark else "black"
                )
            # Orange to violet stays readable for colour-blind eyes; zero is white.
            image = axis.imshow(
                grid, cmap="PuOr", norm=TwoSlopeNorm(0.0, -widest, widest), aspect="auto", origin="lower"
            )
            axis.grid(visible=False)
            axis.set_xticks(range(len(tiles)), [str(count) for count in tiles])
            axis.set_yticks(range(len(deltas)), [f"{1000 * delta:.0f}" for delta in deltas])
            axis.set_title(VARIANT_LABEL[variant] + (f", {program}" if program else ""))
            if i == len(programs) - 1:
                axis.set_xlabel("Tiles")
            if j == 0:
                axis.set_ylabel("ΔVdd, mV")
    if image is not None:
        figure.colorbar(image, ax=axes.ravel().tolist(), label="FINE-VH below ideal-DVFS, %")
    return figure


def write_map(table: pd.DataFrame, path: Path) -> None:
    """Write :func:`plot_sweep` as SVG; nothing where the table is empty."""
    if not table.empty:
        plot_sweep(table).savefig(path, metadata={"Date": None})
