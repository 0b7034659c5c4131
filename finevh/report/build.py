"""A finished run directory in; tables, plots and ``report.html`` out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import plotly.offline

from finevh.errors import InputError
from finevh.report.plots import HIGH_COLOUR, LOW_COLOUR, SCHEME_STYLE, VARIANT_LABEL, draw_plots
from finevh.report.tables import area_low, comparison, derate_effect, read_points, savings, savings_summary

PLOT_TITLES = {
    "power": "Power against frequency",
    "savings": "Saving of FINE-VH at each operating point",
    "bias_gain": "Average saving over ideal-DVFS, without and with bias",
    "area_low": "Cell area at VddL",
    "bias_shares": "Bias variants of the interface cells",
    "assignment": "Voltage of each tile over frequency",
    "power_split": "Where the power of FINE-VH goes",
    "layout": "Layout",
}


def _optional_table(path: Path) -> pd.DataFrame | None:
    return pd.read_csv(path) if path.is_file() else None


def _json(value: Any) -> str:
    """Serialise for a script element: no ``</script>`` and no HTML comment can come out of a name in the data."""

    def clean(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: clean(entry) for key, entry in item.items()}
        if isinstance(item, list):
            return [clean(entry) for entry in item]
        return None if isinstance(item, float) and not math.isfinite(item) else item

    text = json.dumps(clean(value), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _curves(points: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry per (delta-Vdd, scheme, variant): what the interactive chart shows."""
    curves = []
    run = points[points["tiles"] == points["tiles"].max()]
    deltas = sorted(run.loc[run["scheme"] == "fine-vh", "delta_vdd_v"].dropna().unique(), reverse=True)
    for delta in deltas:
        for scheme, (label, colour, line, _) in SCHEME_STYLE.items():
            rows = run[run["scheme"] == scheme]
            if scheme != "ideal-dvfs":
                rows = rows[(rows["delta_vdd_v"] - delta).abs() < 1e-9]
            for variant, group in rows.groupby("variant", sort=False):
                ordered = group.sort_values("freq_mhz")
                curves.append(
                    {
                        "delta": float(delta),
                        "scheme": scheme,
                        "variant": str(variant),
                        "name": f"{label}, {VARIANT_LABEL.get(str(variant), str(variant))}",
                        "colour": colour,
                        "dash": "dash"
                        if line == "--"
                        else ("solid" if variant != "pb0" or scheme != "fine-vh" else "dot"),
                        "x": ordered["freq_mhz"].tolist(),
                        "y": ordered["power_total_mw"].tolist(),
                    }
                )
    return curves


def _operating_points(points: pd.DataFrame) -> list[dict[str, Any]]:
    """FINE-VH rows of the finest mesh, for the slider."""
    run = points[(points["tiles"] == points["tiles"].max()) & (points["scheme"] == "fine-vh")]
    columns = {
        "variant": "variant",
        "delta_vdd_v": "delta",
        "freq_mhz": "freq",
        "vdd_l_v": "low",
        "vdd_h_v": "high",
        "assignment": "bits",
        "power_total_mw": "power",
        "power_leakage_mw": "leakage",
        "power_interface_leakage_mw": "interface",
        "worst_slack_ps": "slack",
        "area_low_fraction": "areaLow",
    }
    chosen = run.dropna(subset=["assignment"]).sort_values(["variant", "delta_vdd_v", "freq_mhz"])
    return [dict(row) for row in chosen[list(columns)].rename(columns=columns).to_dict("records")]


def build_report(run: Path) -> Path:
    """Rebuild the tables, plots and ``report.html`` of a finished run; return the page.

    Raises
    ------
    InputError
        If the directory holds no finished run.
    """
    points = read_points(run / "operating_points.csv")
    if points.empty:
        raise InputError(f"{run / 'operating_points.csv'}: no rows; the run has no operating points to report")
    metrics_path = run / "metrics.json"
    metrics: dict[str, float] = json.loads(metrics_path.read_text(encoding="utf-8")) if metrics_path.is_file() else {}
    tables = run / "tables"
    tables.mkdir(exist_ok=True)
    all_savings = savings(points)
    written = {
        "savings": all_savings,
        "savings_summary": savings_summary(all_savings),
        "area_low": area_low(points),
        "comparison": comparison(points, metrics),
    }
    plain = tables / "points_without_derates.csv"
    if plain.is_file():
        written["derates"] = derate_effect(points, read_points(plain))
    for name, table in written.items():
        table.to_csv(tables / f"{name}.csv", index=False, lineterminator="\n", float_format="%.9g")
    draw_plots(points, _optional_table(tables / "bias_shares.csv"), run / "plots")
    tiles = _optional_table(tables / "tiles.csv")
    paths = _optional_table(tables / "critical_paths.csv")
    pictures = []
    for name, title in PLOT_TITLES.items():
        picture = run / "plots" / f"{name}.svg"
        if picture.is_file():
            # An SVG prologue is not allowed inside HTML.
            text = picture.read_text(encoding="utf-8")
            pictures.append({"name": name, "title": title, "svg": text[text.index("<svg") :]})
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("finevh.report", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("report.html.j2").render(
        design=str(points["design"].iloc[0]),
        tiles=int(points["tiles"].max()),
        comparison=written["comparison"].to_dict("records"),
        summary=written["savings_summary"].to_dict("records"),
        derates=written["derates"].to_dict("records") if "derates" in written else [],
        metrics=sorted(metrics.items()),
        pictures=pictures,
        plotly=plotly.offline.get_plotlyjs(),
        low_colour=LOW_COLOUR,
        high_colour=HIGH_COLOUR,
        data=_json(
            {
                "curves": _curves(points),
                "points": _operating_points(points),
                "tiles": [] if tiles is None else tiles.to_dict("records"),
                "paths": [] if paths is None else paths.to_dict("records"),
                "low": LOW_COLOUR,
                "high": HIGH_COLOUR,
            }
        ),
    )
    output = run / "report.html"
    temporary = output.with_suffix(".html.partial")
    temporary.write_text(page, encoding="utf-8")
    temporary.replace(output)
    return output
