"""Operating points in, the tables of the thesis's evaluation out: savings, area at VddL, ours beside the published."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finevh.base.quoting import csv_cell
from finevh.errors import InputError
from finevh.units import SLACK_TOLERANCE

Real = NDArray[np.float64]
BASELINES = ("ideal-dvfs", "vdd-hopping", "vdd-dithering")
VARIANTS = ("pb0", "pb", "vt")
NOT_IN_THIS_RUN = "not in this run"
POINT_COLUMNS = [
    "design",
    "tiles",
    "scheme",
    "variant",
    "delta_vdd_v",
    "freq_mhz",
    "vdd_l_v",
    "vdd_h_v",
    "vdd_v",
    "tiles_high",
    "area_low_fraction",
    "worst_slack_ps",
    "power_total_mw",
    "power_switching_mw",
    "power_internal_mw",
    "power_leakage_mw",
    "power_interface_leakage_mw",
    "selector",
    "assignment",
]


@dataclass(frozen=True)
class PublishedFigure:
    """One published number; ``value`` or a bound is None where the source prints none."""

    key: str
    what: str
    where: str
    unit: str
    value: float | None = None
    low: float | None = None
    high: float | None = None

    def text(self) -> str:
        """Print the figure as the source does: value (low to high)."""
        if self.value is None:
            if self.low is None:
                return f"<= {self.high:g}"
            return f">= {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"
        span = "" if self.low is None or self.high is None else f" ({self.low:g} to {self.high:g})"
        return f"{self.value:g}{span}"


def published_figures() -> list[PublishedFigure]:
    """Read the published figures of merit that ship with the package."""
    data = tomllib.loads((files("finevh.report") / "published.toml").read_text(encoding="utf-8"))
    return [PublishedFigure(**row) for row in data["figure"]]


_WORDS = ("design", "scheme", "variant", "selector", "assignment")
"""Columns of operating points that hold text."""
_MAY_BE_EMPTY = ("delta_vdd_v", "vdd_l_v", "vdd_h_v", "vdd_v", "tiles_high", "area_low_fraction", "worst_slack_ps")
"""Numbers that some schemes do not have."""


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of a run; maps, words and all else as it stands, an empty cell as nan.

    Raises
    ------
    InputError
        If the file is no table.
    """
    try:
        # A design may be called null.
        return pd.read_csv(path, dtype={"assignment": str, "selector": str}, converters={"design": str})
    except ValueError as error:  # a row of too many cells, no header, other bytes than UTF-8
        raise InputError(f"{path}: no table ({str(error).strip()}); the file is damaged, run the flow again") from None


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose words no spreadsheet takes for formulas: those of a run from elsewhere may begin as one."""
    safe = {
        name: [csv_cell(cell) if isinstance(cell, str) else cell for cell in column]
        for name, column in table.items()
        if not pd.api.types.is_numeric_dtype(column)
    }
    return table.assign(**safe)


def read_points(path: Path) -> pd.DataFrame:
    """Read ``operating_points.csv``.

    Raises
    ------
    InputError
        If the file is missing or lacks a column of the contract.
    """
    if not path.is_file():
        raise InputError(f"{path}: no operating points; run 'finevh run' on the flow first")
    points = read_table(path)
    missing = [c for c in POINT_COLUMNS if c not in points.columns]
    if missing:
        raise InputError(f"{path}: column '{missing[0]}' is missing; the file is no operating-point table")
    for column in POINT_COLUMNS:
        if column in _WORDS:
            continue
        values = points[column]
        told = pd.api.types.is_numeric_dtype(values) and not np.isinf(values.to_numpy(dtype=float)).any()
        if not told or (column not in _MAY_BE_EMPTY and values.isna().any()):
            raise InputError(
                f"{path}: column '{column}' holds what is no number; the file is damaged, run the flow again"
            )
    return points


def _curve(points: pd.DataFrame, scheme: str, variant: str, delta_vdd: float | None) -> pd.DataFrame:
    """Return one scheme's rows, indexed by frequency; ideal-DVFS belongs to every delta-Vdd."""
    mask = (points["scheme"] == scheme) & (points["variant"] == variant)
    if scheme != "ideal-dvfs" and delta_vdd is not None:
        mask &= np.isclose(points["delta_vdd_v"], delta_vdd)
    rows = points[mask].copy()
    rows["key"] = rows["freq_mhz"].round(6)
    return rows.drop_duplicates("key").set_index("key").sort_index()


def fails_signoff(rows: pd.DataFrame) -> pd.Series:
    """Whether each of some rows is a point that fails sign-off."""
    return rows["signoff"] == "failed" if "signoff" in rows else pd.Series(data=False, index=rows.index)


def misses_on_rails(rows: pd.DataFrame) -> pd.Series:
    """Whether each of some rows is a FINE-VH point whose clock no map meets on drooped rails, where a run judged it there."""
    if "nominal_power_mw" not in rows or "drooped_slack_ps" not in rows:
        return pd.Series(data=False, index=rows.index)
    return rows["nominal_power_mw"].notna() & ~(rows["drooped_slack_ps"] >= -SLACK_TOLERANCE)


def failed(rows: pd.DataFrame) -> pd.DataFrame:
    """Those of some rows that would not run as they stand: they fail sign-off, or miss their clock on drooped rails."""
    return rows[fails_signoff(rows) | misses_on_rails(rows)]


def met_on_rails(rows: pd.DataFrame) -> pd.DataFrame:
    """Some rows without those that miss their clock on drooped rails."""
    return rows[~misses_on_rails(rows)]


def fine_curve(points: pd.DataFrame, variant: str, delta_vdd: float) -> pd.DataFrame:
    """Rows of FINE-VH of one mesh at the frequencies of the unbiased ideal-DVFS, first selector, ascending frequency.

    A biased design also runs at the frequencies of its own ideal-DVFS, parts per million away; a curve shows one set.
    """
    fine = _curve(points, "fine-vh", variant, delta_vdd)
    both = fine.index.intersection(_curve(points, "ideal-dvfs", "pb0", None).index)
    return fine if both.empty else fine.loc[both]


def savings(points: pd.DataFrame) -> pd.DataFrame:
    """Compare FINE-VH with each baseline at every frequency that both reach, on drooped rails where the run judged it there.

    Returns
    -------
    DataFrame
        Columns design, tiles, variant, baseline, baseline_variant, delta_vdd_v, freq_mhz, saving_percent =
        100 (1 - P_fine / P_baseline), signoff of the FINE-VH point. The baseline appears without bias cells (``pb0``, as
        published) and with the same bias optimisation.
    """
    found: list[tuple[object, ...]] = []
    signoff: list[NDArray[np.object_]] = []
    for (design, tiles), group in points.groupby(["design", "tiles"], sort=True):
        # Each curve is held against several others.
        curve = cache(_Curves(group).curve)
        for delta in sorted(group["delta_vdd_v"][group["scheme"] == "fine-vh"].dropna().unique()):
            for variant in VARIANTS:
                fine = curve("fine-vh", variant, delta)
                fine = fine.at(fine.met)
                for baseline in BASELINES:
                    for base_variant in dict.fromkeys(("pb0", variant)):
                        base = curve(baseline, base_variant, None if baseline == "ideal-dvfs" else delta)
                        both = np.intersect1d(fine.key, base.key, assume_unique=True)
                        # One set of frequencies for every average: those of the baseline's own ideal-DVFS.
                        own = np.intersect1d(both, curve("ideal-dvfs", base_variant, None).key, assume_unique=True)
                        both = own if len(own) else both
                        mine, theirs = (one.at(np.searchsorted(one.key, both)) for one in (fine, base))
                        told = design, tiles, variant, baseline, base_variant, delta
                        saved = 100 * (1 - mine.power / theirs.power)
                        found += [(*told, *point) for point in zip(mine.freq, saved, strict=True)]
                        signoff.append(mine.signoff)
    columns = [
        "design", "tiles", "variant", "baseline", "baseline_variant", "delta_vdd_v", "freq_mhz", "saving_percent",
    ]  # fmt: skip
    table = pd.DataFrame(found, columns=columns)
    table["signoff"] = np.concatenate(signoff) if found else np.zeros(0, dtype=object)
    return table


class _Curve(NamedTuple):
    """Points of one scheme by ascending frequency, each once, as plain columns: tables cost more than a hundred curves do."""

    key: Real
    """MHz, rounded: what tells frequencies apart."""
    freq: Real
    power: Real
    signoff: NDArray[np.object_]
    met: NDArray[np.bool_]
    """False where the clock is missed on drooped rails."""

    def at(self, rows: NDArray[Any]) -> _Curve:
        """Some of the points."""
        return _Curve(*(column[rows] for column in self))


class _Curves:
    """Curves of the points of one mesh."""

    def __init__(self, points: pd.DataFrame) -> None:
        self._scheme, self._variant = (points[name].to_numpy(dtype=object) for name in ("scheme", "variant"))
        self._delta, freq, power = (
            points[name].to_numpy(dtype=np.float64) for name in ("delta_vdd_v", "freq_mhz", "power_total_mw")
        )
        signoff = (
            points["signoff"].to_numpy(dtype=object) if "signoff" in points else np.full(len(points), "", dtype=object)
        )
        met = ~misses_on_rails(points).to_numpy(dtype=bool)
        self._all = _Curve(np.round(freq, 6), freq, power, signoff, met)

    def curve(self, scheme: str, variant: str, delta_vdd: float | None) -> _Curve:
        """Points of one scheme; ideal-DVFS belongs to every delta-Vdd."""
        mask = (self._scheme == scheme) & (self._variant == variant)
        if scheme != "ideal-dvfs" and delta_vdd is not None:
            mask &= np.isclose(self._delta, delta_vdd)
        rows = np.flatnonzero(mask)
        return self._all.at(rows[np.unique(self._all.key[rows], return_index=True)[1]])


def savings_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Average, lowest and highest saving of each comparison of :func:`savings`."""
    keys = ["design", "tiles", "delta_vdd_v", "baseline", "variant", "baseline_variant"]
    summary = table.groupby(keys)["saving_percent"].agg(["mean", "min", "max", "count"]).reset_index()
    return summary.rename(
        columns={"mean": "average_percent", "min": "lowest_percent", "max": "highest_percent", "count": "frequencies"}
    )


def derate_effect(points: pd.DataFrame, plain: pd.DataFrame) -> pd.DataFrame:
    """Average saving over ideal-DVFS with and without the dependence of delay on the driver's Vdd, per cent.

    Parameters
    ----------
    points
        All operating points of a run.
    plain
        The FINE-VH points again, selected without that dependence.

    Returns
    -------
    DataFrame
        Columns design, tiles, delta_vdd_v, variant, baseline_variant, with_percent, without_percent.
    """
    keys = ["design", "tiles", "delta_vdd_v", "variant", "baseline_variant"]
    columns = []
    others = points[points["scheme"] != "fine-vh"]
    for name, chosen in (("with_percent", points), ("without_percent", pd.concat([others, plain], ignore_index=True))):
        summary = savings_summary(savings(chosen))
        rows = summary[summary["baseline"] == "ideal-dvfs"].set_index(keys)
        columns.append(rows["average_percent"].rename(name))
    return pd.concat(columns, axis=1).reset_index()


def _fine_keys(rows: pd.DataFrame) -> pd.MultiIndex:
    """What tells FINE-VH points apart, whatever became of their maps."""
    selector = rows["selector"].astype(object).fillna("").astype(str).str.split(":").str[0]
    return pd.MultiIndex.from_arrays([rows["variant"], rows["delta_vdd_v"], rows["freq_mhz"].round(6), selector])


def met_programs(programs: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``tables/programs.csv`` without the FINE-VH points that miss their clock on drooped rails."""
    fine = points[points["scheme"] == "fine-vh"]
    missed = _fine_keys(fine[misses_on_rails(fine)])
    return programs[(programs["scheme"] != "fine-vh") | ~_fine_keys(programs).isin(missed)]


def program_savings(programs: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Average saving of FINE-VH over ideal-DVFS for each program, both at the program's own activity.

    Parameters
    ----------
    programs : columns program, scheme, variant, delta_vdd_v, freq_mhz, selector, power_total_mw.
    points : the operating points; those that no map brings to their clock on drooped rails are in no average.

    Returns
    -------
    DataFrame
        Columns program, variant, delta_vdd_v, ideal_dvfs_mw (average), saving_percent (average), frequencies.
    """
    programs = met_programs(programs, points)
    rows = []
    for (program, variant), group in programs.groupby(["program", "variant"], sort=True):
        at = group["freq_mhz"].round(6)
        ideal = group[group["scheme"] == "ideal-dvfs"].set_index(at[group["scheme"] == "ideal-dvfs"])["power_total_mw"]
        ideal = ideal[~ideal.index.duplicated()]
        for delta, fine in group[group["scheme"] == "fine-vh"].groupby("delta_vdd_v", sort=True):
            power = fine.set_index(at[fine.index])["power_total_mw"]
            power = power[~power.index.duplicated()]
            both = power.index.intersection(ideal.index)
            if not both.empty:
                saving = 100 * (1 - power.loc[both] / ideal.loc[both])
                rows.append((program, variant, delta, ideal.loc[both].mean(), saving.mean(), len(both)))
    columns = ["program", "variant", "delta_vdd_v", "ideal_dvfs_mw", "saving_percent", "frequencies"]
    return pd.DataFrame(rows, columns=columns)


def area_low(points: pd.DataFrame) -> pd.DataFrame:
    """Cell area at VddL of FINE-VH: average over frequency and at the highest one, per cent (Fig. 4.12).

    Frequencies that no map meets on drooped rails have no area.
    """
    rows = []
    for (design, tiles), mesh in points.groupby(["design", "tiles"], sort=True):
        fine = mesh.loc[mesh["scheme"] == "fine-vh", ["variant", "delta_vdd_v"]].drop_duplicates()
        for variant, delta in fine.sort_values(["variant", "delta_vdd_v"]).itertuples(index=False):
            low = 100 * met_on_rails(fine_curve(mesh, variant, delta))["area_low_fraction"]
            if not low.empty:
                rows.append((design, tiles, variant, delta, low.mean(), low.iloc[-1]))
    columns = ["design", "tiles", "variant", "delta_vdd_v", "average_percent", "at_fmax_percent"]
    return pd.DataFrame(rows, columns=columns)


def frequency_ratio(points: pd.DataFrame, variant: str = "pb0") -> float | None:
    """Highest over lowest ideal-DVFS frequency; None without two points."""
    ideal = points[(points["scheme"] == "ideal-dvfs") & (points["variant"] == variant)]
    return float(ideal["freq_mhz"].max() / ideal["freq_mhz"].min()) if len(ideal) > 1 else None


def our_figures(points: pd.DataFrame, metrics: dict[str, float]) -> dict[str, tuple[float, float | None, float | None]]:
    """Compute each published figure from a run: key -> (value, lowest, highest); absent where the run has no such number.

    The tile count with the most tiles stands for the run, as the thesis's 49.
    """
    figures: dict[str, tuple[float, float | None, float | None]] = {}
    if points.empty:
        return figures
    top = points[points["tiles"] == points["tiles"].max()]
    summary = savings_summary(savings(top))
    for prefix, variant in (("savings", "pb"), ("savings_pb0", "pb0")):
        chosen = summary[(summary["variant"] == variant) & (summary["baseline_variant"] == "pb0")]
        for row in chosen.itertuples():
            key = f"{prefix}__{str(row.baseline).replace('-', '_')}__{round(1000 * row.delta_vdd_v)}mv__average"
            figures[key] = (float(row.average_percent), float(row.lowest_percent), float(row.highest_percent))
    low = area_low(top)
    for row in low[low["variant"] == "pb"].itertuples():
        stem = f"area_low__{round(1000 * row.delta_vdd_v)}mv"
        figures[f"{stem}__average"] = (float(row.average_percent), None, None)
        figures[f"{stem}__fmax"] = (float(row.at_fmax_percent), None, None)
    ratio = frequency_ratio(top)
    if ratio is not None:
        figures["frequency_ratio"] = (ratio, None, None)
    for key, metric in (
        ("interface_fraction", "place__interface_cells__fraction"),
        ("largest_bias_fraction", "polybias__PB16__fraction"),
        ("area_overhead", "floorplan__core__area__overhead"),
    ):
        if metric in metrics:
            figures[key] = (100 * metrics[metric], None, None)
    return figures


def comparison(points: pd.DataFrame, metrics: dict[str, float]) -> pd.DataFrame:
    """Put every published figure beside the run's own; columns key, what, where, unit, published, ours."""
    ours = our_figures(points, metrics)
    rows = []
    for figure in published_figures():
        mine = ours.get(figure.key)
        text = NOT_IN_THIS_RUN
        if mine is not None:
            value, low, high = mine
            text = f"{value:.1f}" + ("" if low is None or high is None else f" ({low:.1f} to {high:.1f})")
        rows.append((figure.key, figure.what, figure.where, figure.unit, figure.text(), text))
    return pd.DataFrame(rows, columns=["key", "what", "where", "unit", "published", "ours"])
