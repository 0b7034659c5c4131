"""A finished run directory in; tables, plots and ``report.html`` out."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import plotly.offline

from finevh.base.files import replacing
from finevh.checks import Checks
from finevh.errors import InputError
from finevh.report.about import ABOUT, About, read_about
from finevh.report.answer import BIAS_WORDS, choices, sentences, sign_off
from finevh.report.colours import DARK_COLOUR, SCHEME_STYLE, rail_variables
from finevh.report.energy_per_work import energy_per_work, least_energy
from finevh.report.page.page_data import (
    as_json,
    boundaries,
    critical_paths,
    curves,
    delta_vdds,
    fine_points,
    saving_curves,
    sparkline,
    tile_values,
    work_curves,
)
from finevh.report.plots import draw_plots
from finevh.report.tables import (
    area_low,
    comparison,
    derate_effect,
    met_programs,
    program_savings,
    read_points,
    read_table,
    savings,
    savings_summary,
    without_formulas,
)

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
CHECKS = "checks.json"
RUN_FILES = ("operating_points.csv", "flow.toml", "metrics.json", "provenance.json", CHECKS)
"""Files of every run that the page links to beside its tables and plots."""
SHOWN_TABLES = {
    "signoff": ("Sign-off", "Every operating point again from the exported files, with exact wires."),
    "clock": ("Clock tree", "Insertion, skew and hold by supply policy."),
    "hold": ("Hold repair", "Worst slack and violated endpoints at single supplies, before and after buffers."),
    "layouts": ("Layouts", ""),
    "vdd_mux": ("Vdd-MUX of each tile", "Cells between the rails and each tile, and what they drop."),
    "work": (
        "Work of a pass",
        "Units of work that each program counts, instructions that the core counts, clock cycles of one pass.",
    ),
    "least_energy": ("Frequency of least energy", "Where a unit of work takes least energy, by program and scheme."),
    "program_savings": ("By program", "Average saving of FINE-VH over ideal-DVFS, both at the program's own activity."),
}
_MOST_ROWS = 60
_SHORT_TABLE = 16  # rows; longer ones open at a click
_LARGEST_PICTURE = (
    1_000_000  # bytes; a larger one, such as a layout of many tiles, is a link, so that the page opens at once
)


def _optional_table(path: Path) -> pd.DataFrame | None:
    return read_table(path) if path.is_file() else None


def _optional_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InputError(f"{path}: damaged; run 'finevh run' again, which makes it anew")
    return found


def build_report(run: Path, jobs: int = 1) -> Path:
    """Rebuild the tables, plots and ``report.html`` of a finished run in ``jobs`` processes; return the page.

    Raises
    ------
    InputError
        If the directory holds no finished run.
    """
    points = read_points(run / "operating_points.csv")
    if points.empty:
        raise InputError(f"{run / 'operating_points.csv'}: no rows; the run has no operating points to report")
    metrics = _optional_json(run / "metrics.json")
    about = read_about(run / ABOUT)
    written = _write_tables(run, points, metrics, about)
    draw_plots(points, _optional_table(run / "tables" / "bias_shares.csv"), run / "plots", jobs)
    page = _render(run, points, metrics, about, written)
    output = run / "report.html"
    with replacing(output) as stream:
        stream.write(page.encode("utf-8"))
    return output


def _write_tables(
    run: Path, points: pd.DataFrame, metrics: dict[str, float], about: About | None
) -> dict[str, pd.DataFrame]:
    tables = run / "tables"
    tables.mkdir(exist_ok=True)
    every_saving = savings(points)
    written = {"savings": every_saving, "savings_summary": savings_summary(every_saving), "area_low": area_low(points)}
    # Only a flow that says so repeats the published experiment: another design has nothing to be held against there.
    if about is None or about.published:
        written["comparison"] = comparison(points, metrics)
    plain, programs = tables / "points_without_derates.csv", _optional_table(tables / "programs.csv")
    if plain.is_file():
        nominal = tables / "nominal_points.csv"  # both without the drops of rails
        written["derates"] = derate_effect(read_points(nominal) if nominal.is_file() else points, read_points(plain))
    if programs is not None:
        written["program_savings"] = program_savings(programs, points)
    work = _optional_table(tables / "work.csv")
    if programs is not None and work is not None:
        written["energy_per_work"] = energy_per_work(met_programs(programs, points), work)
        written["least_energy"] = least_energy(written["energy_per_work"])
    for name, table in written.items():
        without_formulas(table).to_csv(tables / f"{name}.csv", index=False, lineterminator="\n", float_format="%.9g")
    return written


def _render(
    run: Path, points: pd.DataFrame, metrics: dict[str, float], about: About | None, written: dict[str, pd.DataFrame]
) -> str:
    tiles = _optional_table(run / "tables" / "tiles.csv")
    paths = _optional_table(run / "tables" / "critical_paths.csv")
    quantities, values = tile_values(_optional_table(run / "tables" / "tile_points.csv"))
    found = choices(points)
    drawn = {
        "curves": curves(points),
        "savings": saving_curves(points),
        "boundaries": boundaries(points),
        "best": {"delta": found[0].delta_vdd, "variant": found[0].variant} if found else {},
        "words": BIAS_WORDS,
        "colours": {scheme: style[1] for scheme, style in SCHEME_STYLE.items()},
        "darkColours": DARK_COLOUR,
        "points": fine_points(points),
        "tiles": [] if tiles is None else tiles.to_dict("records"),
        "paths": critical_paths(paths),
        "tileQuantities": [list(quantity) for quantity in quantities],
        "tileValues": values,
        "work": work_curves(written["energy_per_work"]) if "energy_per_work" in written else [],
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("finevh.report.page", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("page.html.j2").render(
        design=str(points["design"].iloc[0]),
        tiles=int(points["tiles"].max()),
        facts=_facts(points, about),
        sentences=sentences(points),
        checks=_check_lines(run),
        sign_off=sign_off(_optional_table(run / "tables" / "signoff.csv")),
        has_maps=tiles is not None and bool(drawn["points"]),
        has_work=bool(drawn["work"]),
        comparison=written["comparison"].to_dict("records") if "comparison" in written else [],
        summary=_with_sparklines(written["savings_summary"], written["savings"]),
        derates=written["derates"].to_dict("records") if "derates" in written else [],
        tables=_shown_tables(run / "tables"),
        metrics=[(name, short(value)) for name, value in sorted(metrics.items())],
        pictures=_pictures(run / "plots"),
        files=_files(run),
        style=rail_variables() + resource("page.css"),
        common=resource("common.js"),
        script=resource("page.js"),
        plotly=packed(plotly.offline.get_plotlyjs()),
        data=as_json(drawn),
    )


def _facts(points: pd.DataFrame, about: About | None) -> list[tuple[str, str]]:
    """What was run, in a few words; the page adds the date of its own file."""
    deltas = ", ".join(f"{1000 * delta:.0f}" for delta in delta_vdds(points))
    own = [("tiles", str(int(points["tiles"].max()))), ("ΔVdd, mV", deltas)]
    if about is None:
        return own
    told = {**asdict(about)}
    return [(name, told[name]) for name in ("technology", "corner") if told[name]] + own + [("layout by", about.engine)]


def _check_lines(run: Path) -> list[dict[str, str]]:
    """The account of what was understood, one entry a line; a run without one gets none."""
    found = _optional_json(run / CHECKS)
    if not found and not (run / CHECKS).is_file():
        return []
    return [{"severity": line.partition(":")[0], "text": line} for line in Checks.from_dict(found).lines()]


def _with_sparklines(summary: pd.DataFrame, every: pd.DataFrame) -> list[dict[str, Any]]:
    keys = ["design", "tiles", "delta_vdd_v", "baseline", "variant", "baseline_variant"]
    of = {key: rows.sort_values("freq_mhz")["saving_percent"].tolist() for key, rows in every.groupby(keys)}
    return [{**row, "spark": sparkline(of[tuple(row[key] for key in keys)])} for row in summary.to_dict("records")]


def _shown_tables(folder: Path) -> list[dict[str, Any]]:
    shown = []
    for name, (title, text) in SHOWN_TABLES.items():
        table = _optional_table(folder / f"{name}.csv")
        if table is None or table.empty:
            continue
        if "met" in table:  # what fails comes first
            table = table.sort_values("met", kind="stable")
        table = table.drop(columns=["assignment", "failed_assignment"], errors="ignore")  # the file has it
        more = len(table) - _MOST_ROWS
        about = f"{text} The first {_MOST_ROWS} rows; {more} more are in tables/{name}.csv." if more > 0 else text
        shown.append(
            {
                "name": name,
                "title": title,
                "long": len(table) > _SHORT_TABLE,
                "about": about,
                "columns": list(table.columns),
                "numbers": set(table.select_dtypes("number").columns),
                "rows": [
                    [(column, short(row[column])) for column in table.columns]
                    for row in table.head(_MOST_ROWS).to_dict("records")
                ],
            }
        )
    return shown


def short(value: object) -> str:
    """Four digits are what a reader wants; the files have them all."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    if value != value:
        return ""
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e9 else f"{value:.4g}"


def _pictures(folder: Path) -> list[dict[str, str]]:
    pictures = []
    for name, title in PLOT_TITLES.items():
        picture = folder / f"{name}.svg"
        if not picture.is_file():
            continue
        if picture.stat().st_size > _LARGEST_PICTURE:
            pictures.append({"name": name, "title": title, "svg": f'<a href="plots/{name}.svg">plots/{name}.svg</a>'})
            continue
        # An SVG prologue is not allowed inside HTML.
        text = picture.read_text(encoding="utf-8")
        pictures.append({"name": name, "title": title, "svg": text[text.index("<svg") :]})
    return pictures


def _files(run: Path) -> Sequence[str]:
    """Files of the run that the page links to, by their path in the run directory."""
    inside = [f"{sub}/{path.name}" for sub in ("tables", "plots") for path in sorted((run / sub).glob("*"))]
    return [*RUN_FILES, "out/", *inside]


def resource(name: str) -> str:
    """Text of a file of this package."""
    return (files("finevh.report.page") / name).read_text(encoding="utf-8")


def packed(text: str) -> str:
    """Pack a script: a third of its size; the time of packing is left out, so equal texts give equal bytes."""
    return base64.b64encode(gzip.compress(text.encode("utf-8"), 9, mtime=0)).decode("ascii")
