"""The main job: a flow file's stages, then the table that a run ends with."""

from __future__ import annotations

import json
from pathlib import Path

from rich.table import Table

from finevh.config import Flow
from finevh.flow.openroad import openroad_of
from finevh.flow.progress import Terminal
from finevh.flow.runner import run_stages
from finevh.flow.stage import RunDirectory
from finevh.flow.stages import STAGES
from finevh.report.tables import comparison, read_points


def run_flow(
    flow: Flow, directory: Path, *, first: str | None = None, last: str | None = None, jobs: int = 1
) -> RunDirectory:
    """Run the main job with progress on the terminal; see :func:`finevh.flow.runner.run_stages`."""
    if flow.engine == "openroad":
        openroad_of(flow)  # before anything long starts
    return run_stages(flow, STAGES, directory, first=first, last=last, jobs=jobs, reporter=Terminal(len(STAGES)))


def final_table(directory: Path) -> list[Table]:
    """Averages of the thesis's Fig. 4.10-4.13 for a run beside the published ones; empty before there are points."""
    path = directory / "operating_points.csv"
    if not path.is_file():
        return []
    metrics = json.loads((directory / "metrics.json").read_text(encoding="utf-8"))
    table = Table(title="Figures of merit")
    for name in ("quantity", "unit", "published", "this run"):
        table.add_column(name)
    for row in comparison(read_points(path), metrics).itertuples():
        table.add_row(str(row.what), str(row.unit), str(row.published), str(row.ours))
    return [table]
