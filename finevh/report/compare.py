"""Several finished runs in, one page out that sets them side by side: flow files, answers, curves, metrics."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import plotly.offline

from finevh.base.files import read_input_text, replacing
from finevh.errors import InputError
from finevh.report.answer import BIAS_WORDS, sentences
from finevh.report.build import packed, resource
from finevh.report.colours import DARK_COLOUR, SCHEME_STYLE, rail_variables
from finevh.report.metrics import change_text, differing, number_text, read_metrics
from finevh.report.one_yardstick import measure_runs
from finevh.report.page.page_data import as_json, curves, finest
from finevh.report.tables import read_points, savings


def flow_differences(runs: Sequence[Path]) -> list[tuple[str, list[str]]]:
    """Keys of the flow files that differ, with each run's value as text.

    Raises
    ------
    InputError
        If a run has no readable flow file.
    """
    flat = [_flat(run / "flow.toml") for run in runs]
    keys = sorted({key for one in flat for key in one})
    rows = [(key, [one.get(key, "not set") for one in flat]) for key in keys]
    return [(key, values) for key, values in rows if len(set(values)) > 1]


def _flat(path: Path) -> dict[str, str]:
    try:
        data = tomllib.loads(read_input_text(path))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give the directories of finished runs") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None

    def walk(prefix: str, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            return {prefix: str(value)}
        return {name: text for key, item in value.items() for name, text in walk(f"{prefix}.{key}", item).items()}

    return {key.removeprefix("."): text for key, text in walk("", data).items()}


def run_names(runs: Sequence[Path]) -> list[str]:
    """Names of the runs on the page: the folders' own, with as much of their path as tells them apart."""
    depth = 1
    while depth < 8:
        names = ["/".join(run.resolve().parts[-depth:]) for run in runs]
        if len(set(names)) == len(names):
            return names
        depth += 1
    raise InputError(f"{runs[0]}: given twice; name different runs")


def compare_runs(runs: Sequence[Path], output: Path) -> Path:
    """Write a page that compares finished runs; return it.

    Raises
    ------
    InputError
        If a directory holds no finished run, or one is given twice.
    """
    names = run_names(runs)
    points = [read_points(run / "operating_points.csv") for run in runs]
    for run, table in zip(runs, points, strict=True):
        if table.empty:
            raise InputError(f"{run / 'operating_points.csv'}: no rows; the run has no operating points to compare")
    found = differing([read_metrics(run) for run in runs])
    drawn = {
        "runs": names,
        "curves": [{**curve, "run": k} for k, table in enumerate(points) for curve in curves(table)],
        "savings": [
            {
                "run": k,
                "delta": float(delta),
                "variant": str(variant),
                "x": rows["freq_mhz"].tolist(),
                "y": rows["saving_percent"].tolist(),
            }
            for k, table in enumerate(points)
            for (delta, variant), rows in _own_savings(table)
        ],
        "words": BIAS_WORDS,
        "colours": {scheme: style[1] for scheme, style in SCHEME_STYLE.items()},
        "darkColours": DARK_COLOUR,
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("finevh.report.page", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("compare.html.j2").render(
        runs=names,
        differences=flow_differences(runs),
        answers=[(name, sentences(table)) for name, table in zip(names, points, strict=True)],
        measured=[
            (
                names[row.run],
                BIAS_WORDS.get(row.variant, row.variant),
                f"{1000 * row.delta:.0f}",
                [f"{value:.1f}" for value in (row.over_own, row.over_first, row.ideal)],
                f"{row.reached} of {row.asked}",
            )
            for row in measure_runs(points)
        ],
        metrics=[
            (name, [number_text(value) for value in values], change_text(values[0], values[-1]))
            for name, values in found
        ],
        style=rail_variables() + resource("page.css"),
        common=resource("common.js"),
        script=resource("compare.js"),
        plotly=packed(plotly.offline.get_plotlyjs()),
        data=as_json(drawn),
    )
    with replacing(output) as stream:
        stream.write(page.encode("utf-8"))
    return output


def _own_savings(points: Any) -> Any:
    table = savings(finest(points))
    table = table[(table["baseline"] == "ideal-dvfs") & (table["baseline_variant"] == "pb0")]
    return table.groupby(["delta_vdd_v", "variant"], sort=False)
