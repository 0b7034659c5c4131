"""Tables of a run in, figures out: each function draws one figure of the thesis's evaluation and returns it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from finevh.base.children import in_turn
from finevh.report.colours import HIGH_COLOUR, LOW_COLOUR, SCHEME_STYLE, VARIANT_LABEL, WARNING_COLOUR
from finevh.report.tables import area_low, failed, fails_signoff, fine_curve, misses_on_rails, savings

WHAT_IF = ", what if: "
"""Of a marked design's name, before what is changed."""
_MARK_INCHES = 0.2
"""Height of the strip below a picture that its mark stands in."""

if "matplotlib.pyplot" not in sys.modules:
    # A file matplotlibrc of the current folder, which may belong to a design, changes no picture and runs no TeX.
    mpl.rcdefaults()
mpl.rcParams.update(
    {
        "font.size": 9,
        "axes.grid": True,
        "grid.alpha": 0.3,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.hashsalt": "finevh",
        "svg.fonttype": "path",
    }
)


def _deltas(points: pd.DataFrame) -> list[float]:
    return sorted(points.loc[points["scheme"] == "fine-vh", "delta_vdd_v"].dropna().unique(), reverse=True)


def _panels(points: pd.DataFrame, height: float) -> Iterator[tuple[Figure, Axes, float]]:
    """Yield (figure, axes, delta-Vdd): one panel per delta-Vdd of the run, side by side."""
    deltas = _deltas(points)
    figure = Figure(figsize=(4.6 * len(deltas), height), layout="constrained")
    axes = figure.subplots(1, len(deltas), sharey=True, squeeze=False)[0]
    for axis, delta in zip(axes, deltas, strict=True):
        axis.set_title(f"ΔVdd = {1000 * delta:.0f} mV")
        yield figure, axis, delta


def shown_variant(points: pd.DataFrame) -> str:
    """The bias set that single-set plots show: poly-bias as published, else the first set that the run has."""
    present = set(points.loc[points["scheme"] == "fine-vh", "variant"])
    return next(v for v in ("pb", "vt", "pb0") if v in present)


def _widest(points: pd.DataFrame) -> pd.DataFrame:
    """Rows of the finest mesh of the run."""
    return points[points["tiles"] == points["tiles"].max()]


def _cross(axis: Axes, rows: pd.DataFrame, column: str) -> None:
    """Mark points that would not run as they stand."""
    axis.plot(rows["freq_mhz"], rows[column], linestyle="", marker="x", markersize=7, color=WARNING_COLOUR)


def plot_power(points: pd.DataFrame) -> Figure:
    """Draw power against frequency of the four schemes (Fig. 4.10): FINE-VH with bias, baselines without, as published."""
    run = _widest(points)
    figure = Figure()
    for figure, axis, delta in _panels(run, 3.6):  # noqa: B007 - the last figure is the only one
        for scheme, (label, colour, line, marker) in SCHEME_STYLE.items():
            biased = shown_variant(points)
            variants = tuple(dict.fromkeys((biased, "pb0"))) if scheme == "fine-vh" else ("pb0",)
            for variant in variants:
                if scheme == "fine-vh":
                    rows = fine_curve(run, variant, delta)
                else:
                    rows = run[(run["scheme"] == scheme) & (run["variant"] == variant)].sort_values("freq_mhz")
                    if scheme != "ideal-dvfs":
                        rows = rows[np.isclose(rows["delta_vdd_v"], delta)]
                if rows.empty:
                    continue
                suffix = f", {VARIANT_LABEL[variant]}" if scheme == "fine-vh" else ""
                faded = scheme == "fine-vh" and variant != biased
                axis.plot(
                    rows["freq_mhz"],
                    rows["power_total_mw"],
                    linestyle=":" if faded else line,
                    marker=marker,
                    markersize=3,
                    linewidth=1.4,
                    color=colour,
                    alpha=0.6 if faded else 1.0,
                    label=label + suffix,
                )
                _cross(axis, failed(rows), "power_total_mw")
        axis.set_xlabel("Clock frequency, MHz")
        axis.set_ylim(bottom=0)
    figure.axes[0].set_ylabel("Power, mW")
    figure.axes[0].legend(frameon=False)
    return figure


def plot_savings(points: pd.DataFrame) -> Figure:
    """Draw the saving of FINE-VH over each baseline at each frequency (Fig. 4.11)."""
    table = savings(_widest(points))
    variant = shown_variant(points)
    figure = Figure()
    for figure, axis, delta in _panels(_widest(points), 3.2):  # noqa: B007
        for scheme, (label, colour, _, marker) in SCHEME_STYLE.items():
            for base_variant, fill in {"pb0": "full", variant: "none" if variant != "pb0" else "full"}.items():
                rows = table[
                    (table["variant"] == variant)
                    & (table["baseline"] == scheme)
                    & (table["baseline_variant"] == base_variant)
                    & np.isclose(table["delta_vdd_v"], delta)
                ].sort_values("freq_mhz")
                if rows.empty:
                    continue
                axis.plot(
                    rows["freq_mhz"],
                    rows["saving_percent"],
                    marker=marker or "d",
                    fillstyle=fill,
                    markersize=4,
                    linewidth=1 if fill == "full" else 0.6,
                    linestyle="-" if fill == "full" else ":",
                    color=colour,
                    label=f"over {label}, {'no bias' if base_variant == 'pb0' else 'biased alike'}",
                )
                _cross(axis, failed(rows), "saving_percent")
        axis.axhline(0, color="#444444", linewidth=0.8)
        axis.set_xlabel("Clock frequency, MHz")
    figure.axes[0].set_ylabel(f"Power saving of FINE-VH,\n{VARIANT_LABEL[variant]}, %")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize=7)
    return figure


def plot_area_low(points: pd.DataFrame) -> Figure:
    """Draw the share of cell area at VddL over frequency for each tile count (Fig. 4.12)."""
    figure = Figure()
    counts = sorted(points.loc[points["scheme"] == "fine-vh", "tiles"].unique())
    colours = mpl.colormaps["viridis"](np.linspace(0.15, 0.8, max(len(counts), 1)))
    for figure, axis, delta in _panels(points, 3.0):  # noqa: B007
        for tiles, colour in zip(counts, colours, strict=True):
            rows = fine_curve(points[points["tiles"] == tiles], shown_variant(points), delta)
            if not rows.empty:
                axis.plot(
                    rows["freq_mhz"],
                    100 * rows["area_low_fraction"],
                    marker="o",
                    markersize=3,
                    color=colour,
                    label=f"{tiles} tiles",
                )
                lost = failed(rows)
                _cross(axis, lost.assign(low=100 * lost["area_low_fraction"]), "low")
        axis.set_ylim(0, 100)
        axis.set_xlabel("Clock frequency, MHz")
    figure.axes[0].set_ylabel("Cell area at VddL, %")
    figure.axes[0].legend(frameon=False)
    return figure


def plot_bias_gain(points: pd.DataFrame) -> Figure:
    """Draw the average saving over ideal-DVFS without and with each bias set, against both baselines (Fig. 4.13)."""
    table = savings(_widest(points))
    table = table[table["baseline"] == "ideal-dvfs"]
    figure = Figure(figsize=(7.4, 3.0), layout="constrained")
    axis = figure.subplots()
    deltas = _deltas(points)
    bars = [("pb0", "pb0"), ("pb", "pb0"), ("pb", "pb"), ("vt", "pb0"), ("vt", "vt")]
    bars = [b for b in bars if not table[(table["variant"] == b[0]) & (table["baseline_variant"] == b[1])].empty]
    colours = {"pb0": "#9e9e9e", "pb": "#1b7fbd", "vt": "#1b9e77"}
    width = 0.8 / max(len(bars), 1)
    for k, (variant, base_variant) in enumerate(bars):
        chosen = table[(table["variant"] == variant) & (table["baseline_variant"] == base_variant)]
        heights = [chosen.loc[np.isclose(chosen["delta_vdd_v"], d), "saving_percent"].mean() for d in deltas]
        positions = np.arange(len(deltas)) + (k - (len(bars) - 1) / 2) * width
        drawn = axis.bar(
            positions,
            heights,
            width * 0.92,
            color=colours[variant],
            alpha=1.0 if base_variant == "pb0" else 0.5,
            label=f"FINE-VH {VARIANT_LABEL[variant]} vs ideal {VARIANT_LABEL[base_variant]}",
        )
        axis.bar_label(drawn, fmt="%.1f", fontsize=7)
    axis.axhline(0, color="#444444", linewidth=0.8)
    axis.set_xticks(range(len(deltas)), [f"ΔVdd = {1000 * d:.0f} mV" for d in deltas])
    axis.set_ylabel("Average saving, %")
    axis.margins(y=0.15)
    figure.legend(loc="outside right center", frameon=False, fontsize=7)
    return figure


def plot_bias_shares(shares: pd.DataFrame) -> Figure:
    """Draw the share of interface cells in each variant (Fig. 4.9).

    Parameters
    ----------
    shares : columns set (pb, vt), tiles, variant (PB0, PB4, ...), fraction.
    """
    figure = Figure(figsize=(5.2, 2.6), layout="constrained")
    axis = figure.subplots()
    groups = [(s, int(t)) for s, t in shares[["set", "tiles"]].drop_duplicates().itertuples(index=False)]
    variants = list(dict.fromkeys(shares["variant"]))
    colours = dict(zip(variants, mpl.colormaps["viridis"](np.linspace(0.9, 0.1, len(variants))), strict=True))
    labels = [f"{s}, {t} tiles" for s, t in groups]
    left = np.zeros(len(groups))
    for variant in variants:
        values = np.array(
            [
                100
                * shares.loc[
                    (shares["set"] == s) & (shares["tiles"] == t) & (shares["variant"] == variant), "fraction"
                ].sum()
                for s, t in groups
            ]
        )
        axis.barh(labels, values, left=left, color=colours[variant], label=variant)
        for row, value in enumerate(values):
            if value > 6:
                axis.text(
                    left[row] + value / 2, row, f"{value:.0f}", ha="center", va="center", fontsize=7, color="white"
                )
        left += values
    axis.set_xlabel("Interface cells, %")
    axis.legend(frameon=False, ncols=len(variants), fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    axis.grid(visible=False)
    return figure


def plot_assignment(points: pd.DataFrame) -> Figure:
    """Draw the voltage of each tile over frequency (Fig. 4.14); intervals are separated by lines."""
    run, variant = _widest(points), shown_variant(points)
    figure = Figure()
    for figure, axis, delta in _panels(run, 4.2):  # noqa: B007
        rows = fine_curve(run, variant, delta).dropna(subset=["assignment"])
        if rows.empty:
            continue
        high = np.array([[c == "H" for c in text] for text in rows["assignment"]]).T
        colours = ListedColormap([LOW_COLOUR, HIGH_COLOUR])
        axis.imshow(high, aspect="auto", origin="lower", interpolation="nearest", cmap=colours, vmin=0, vmax=1)
        intervals = rows["vdd_l_v"].to_numpy()
        for k in np.flatnonzero(np.diff(intervals) != 0):
            axis.axvline(k + 0.5, color="white", linewidth=2)
        axis.set_xticks(range(len(rows)), [f"{f:.0f}" for f in rows["freq_mhz"]], rotation=90, fontsize=6)
        axis.set_xlabel("Clock frequency, MHz")
        axis.grid(visible=False)
    figure.axes[0].set_ylabel("Tile (orange: VddH, blue: VddL)")
    return figure


def plot_power_split(points: pd.DataFrame) -> Figure:
    """Draw switching, internal, leakage and interface-leakage power of FINE-VH over frequency."""
    run, variant = _widest(points), shown_variant(points)
    figure = Figure()
    for figure, axis, delta in _panels(run, 3.0):  # noqa: B007
        rows = fine_curve(run, variant, delta)
        own_leakage = rows["power_leakage_mw"] - rows["power_interface_leakage_mw"]
        axis.stackplot(
            rows["freq_mhz"],
            rows["power_switching_mw"],
            rows["power_internal_mw"],
            own_leakage,
            rows["power_interface_leakage_mw"],
            labels=["switching", "internal", "leakage", "interface leakage"],
            colors=["#4c78a8", "#72b7b2", "#e6a532", "#d6404e"],
        )
        axis.set_xlabel("Clock frequency, MHz")
    figure.axes[0].set_ylabel("Power of FINE-VH, mW")
    figure.axes[0].legend(frameon=False, loc="upper left", fontsize=7)
    return figure


def what_if_mark(points: pd.DataFrame) -> str:
    """What a run's flow file changes of its technology, as the name of its design says; empty for a run of things as they are."""
    _, found, what = str(points["design"].iloc[0]).partition(WHAT_IF)
    return found[2:] + what


def signoff_mark(points: pd.DataFrame) -> str:
    """How many FINE-VH points of a run fail sign-off or miss their clock on drooped rails, for its pictures; empty for none."""
    fine = _widest(points)[lambda run: run["scheme"] == "fine-vh"]
    counts = {
        "fail sign-off": int(fails_signoff(fine).sum()),
        "miss their clock on drooped rails": int(misses_on_rails(fine).sum()),
    }
    said = [f"{number} of {len(fine)} FINE-VH points {what}" for what, number in counts.items() if number]
    return ", ".join(said) + " (a cross where a curve shows them; no saving is counted there)" if said else ""


def draw_plots(points: pd.DataFrame, shares: pd.DataFrame | None, folder: Path, jobs: int = 1) -> list[Path]:
    """Write every plot that the tables allow as SVG into ``folder``, in ``jobs`` processes; return the files.

    The same tables give the same bytes.
    """
    plots: dict[str, Callable[[], Figure]] = {
        "power": lambda: plot_power(points),
        "savings": lambda: plot_savings(points),
        "area_low": lambda: plot_area_low(points),
        "bias_gain": lambda: plot_bias_gain(points),
        "assignment": lambda: plot_assignment(points),
        "power_split": lambda: plot_power_split(points),
    }
    if shares is not None and not shares.empty:
        plots["bias_shares"] = lambda: plot_bias_shares(shares)
    folder.mkdir(parents=True, exist_ok=True)
    if area_low(points).empty:
        return []
    mark = "; ".join(text for text in (what_if_mark(points), signoff_mark(points)) if text)
    return in_turn([partial(_write, draw, mark, folder / f"{name}.svg") for name, draw in plots.items()], jobs)


def _write(draw: Callable[[], Figure], mark: str, path: Path) -> Path:
    """Draw a plot into a file, marked below where there is something to say of all plots; return the file."""
    figure = draw()
    if mark:
        strip = _MARK_INCHES / figure.get_figheight()
        engine = figure.get_layout_engine()
        if isinstance(engine, ConstrainedLayoutEngine):
            engine.set(rect=(0.0, strip, 1.0, 1.0 - strip))
        figure.text(0.01, 0.2 * strip, mark, fontsize=7, color=WARNING_COLOUR)
    figure.savefig(path, metadata={"Date": None})
    return path
