"""The report stage: tables, plots and the page, made from the results of the earlier stages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from finevh.checks import Checks, Severity
from finevh.config import Flow
from finevh.flow.engine.runner import RESULTS
from finevh.flow.engine.stage import CHECKS, METRICS, Metrics, StageContext, read_checks
from finevh.flow.inputs.technology import marked_name
from finevh.report.about import ABOUT, About, write_about
from finevh.technology.manifest import read_manifest


def run_stage(context: StageContext) -> Metrics:
    """Build the report in the stage's own directory from copies of what it reads."""
    render_report(context.flow, context.inputs, context.directory / RESULTS, context.jobs)
    return {}


def render_report(flow: Flow, inputs: Mapping[str, Path], folder: Path, jobs: int = 1) -> None:
    """Build the report of finished stages in a folder: tables, plots, the page."""
    # What draws is loaded by those who draw: a finished run is opened without it.
    from finevh.report.build import build_report

    metrics: Metrics = {}
    checks = Checks()
    for path in inputs.values():
        checks.merge(read_checks(path))
        metrics |= json.loads((path / METRICS).read_text(encoding="utf-8"))
        source = path / RESULTS
        for sub in ("operating_points.csv", "tables", "plots"):
            if (source / sub).is_dir():
                shutil.copytree(source / sub, folder / sub, dirs_exist_ok=True)
            elif (source / sub).is_file():
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / sub, folder / sub)
    (folder / METRICS).write_text(json.dumps(metrics, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (folder / ABOUT).write_text(write_about(about_of(flow)), encoding="utf-8")
    # What made the result meaningless was allowed, or the run would not be here.
    checks.allow([kind for kind, found in checks if found.severity == Severity.ERROR])
    (folder / CHECKS).write_text(json.dumps(checks.as_dict()) + "\n", encoding="utf-8")
    build_report(folder, jobs)
    # The run's own are of all stages.
    (folder / METRICS).unlink()
    (folder / CHECKS).unlink()


def about_of(flow: Flow) -> About:
    """Facts of a flow for its report."""
    manifest = read_manifest(flow.technology.path)
    process, temperature = manifest.models.get("corner"), manifest.models.get("temperature_c")
    corner = "" if process is None or temperature is None else f"{process}, {temperature:g} C"
    return About(marked_name(flow), manifest.name, corner, flow.engine, flow.published or "")
