"""The main job: a flow file's stages, then the table that a run ends with."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import pandas as pd
from rich.table import Table

from finevh.checks import Checks
from finevh.commands.report import write_times
from finevh.commands.signoff_text import SignoffResult, signoff_tables
from finevh.config import Flow
from finevh.flow.engine.progress import Terminal
from finevh.flow.engine.runner import run_stages
from finevh.flow.engine.stage import RunDirectory, read_checks
from finevh.flow.kernels import kernels_beside
from finevh.flow.precheck import check_flow, prepared
from finevh.flow.stages import STAGES
from finevh.report.about import ABOUT, read_about
from finevh.report.answer import sentences
from finevh.report.tables import BASELINES, NOT_IN_THIS_RUN, comparison, read_points, savings, savings_summary


def run_flow(
    flow: Flow,
    directory: Path,
    *,
    first: str | None = None,
    last: str | None = None,
    jobs: int = 1,
    allow: Collection[str] = (),
) -> RunDirectory:
    """Run the main job with progress on the terminal; see :func:`finevh.flow.engine.runner.run_stages`."""
    if flow.engine == "openroad":
        from finevh.flow.openroad.layout import openroad_of

        openroad_of(flow)  # before anything long starts
    Checks().refuse(allow)  # names of kinds that do not exist
    flow = prepared(flow)
    check_flow(flow)
    run = run_stages(
        flow,
        STAGES,
        directory,
        first=first,
        last=last,
        jobs=jobs,
        reporter=Terminal(len(STAGES)),
        allow=allow,
        kernels=kernels_beside(jobs),
    )
    write_times(directory)
    return run


def account(directory: Path) -> list[str]:
    """What a run's end begins with: what was not understood, missing or assumed, one line per kind."""
    return read_checks(directory).lines()


def conclusion(directory: Path) -> list[str]:
    """What a run found, in words: the first lines of its report; empty before there are points."""
    path = directory / "operating_points.csv"
    return sentences(read_points(path)) if path.is_file() else []


def final_tables(directory: Path) -> list[Table]:
    """Tables of a run's end: sign-off, average savings of FINE-VH, published averages (Fig. 4.10-4.13) beside the run's own.

    Empty before there are points; a published figure without a counterpart in the run is left to the report.
    """
    path = directory / "operating_points.csv"
    if not path.is_file():
        return []
    points = read_points(path)
    checked = directory / "tables" / "signoff.csv"
    signed = checked.is_file() and points["signoff"].notna().any()
    judged = signoff_tables(SignoffResult(pd.read_csv(checked), 0, Checks(), ())) if signed else []
    return [*judged, *_savings_tables(directory, points)]


def _savings_tables(directory: Path, points: pd.DataFrame) -> list[Table]:
    summary = savings_summary(savings(points))
    baselines = [(name, "pb0") for name in BASELINES] + [("ideal-dvfs", "own")]
    if summary.empty:
        return []
    own = Table(title="FINE-VH below each scheme, %: average over the frequencies")
    for name in (
        "delta-Vdd",
        "bias",
        *(f"{name}\n{'no' if bias == 'pb0' else 'same'} bias" for name, bias in baselines),
    ):
        own.add_column(name, overflow="fold")
    for (delta, variant), rows in summary.groupby(["delta_vdd_v", "variant"]):
        of = {(row.baseline, "pb0" if row.baseline_variant == "pb0" else "own"): row for row in rows.itertuples()}
        averages = (f"{of[key].average_percent:.1f}" if key in of else "" for key in baselines)
        own.add_row(f"{1000 * delta:.0f} mV", variant, *averages)
    about = read_about(directory / ABOUT)
    if about is not None and not about.published:
        return [own]
    metrics = json.loads((directory / "metrics.json").read_text(encoding="utf-8"))
    table = comparison(points, metrics)
    with_ours = table[table["ours"] != NOT_IN_THIS_RUN]
    beside = Table(title="Published figures of merit beside this run")
    for name in ("quantity", "unit", "published", "this run"):
        beside.add_column(name, overflow="fold")
    for row in with_ours.itertuples():
        beside.add_row(row.what, row.unit, row.published, row.ours)
    if len(with_ours) < len(table):
        beside.caption = f"{len(table) - len(with_ours)} published figures are of other settings than this run's"
    return [own, beside]
