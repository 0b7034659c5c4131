"""The report stage: tables, plots and the page, made from the results of the earlier stages."""

from __future__ import annotations

import json
import shutil

from finevh.config import Flow
from finevh.flow.engine.runner import RESULTS
from finevh.flow.engine.stage import METRICS, Metrics, Stage, StageContext
from finevh.report import build_report


def run_report_stage(context: StageContext) -> Metrics:
    """Build the report in the stage's own directory from copies of what it reads."""
    folder = context.directory / RESULTS
    metrics: Metrics = {}
    for name in context.inputs:
        metrics |= json.loads((context.inputs[name] / METRICS).read_text(encoding="utf-8"))
        source = context.inputs[name] / RESULTS
        for sub in ("operating_points.csv", "tables", "plots"):
            if (source / sub).is_dir():
                shutil.copytree(source / sub, folder / sub, dirs_exist_ok=True)
            elif (source / sub).is_file():
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / sub, folder / sub)
    (folder / METRICS).write_text(json.dumps(metrics, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    build_report(folder)
    (folder / METRICS).unlink()
    return {}


def parameters(flow: Flow) -> object:
    """Everything of the flow that decides the report beside its inputs."""
    return {"name": flow.design.name}


STAGE = Stage(
    "report", run_report_stage, ("floorplan", "optimize", "polybias", "operating-points", "export"), parameters
)
