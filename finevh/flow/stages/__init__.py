"""The stages of the main job, in order: what each needs and what decides it.

What it does stands in the file of its name, which is loaded when there is something to do.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Literal

from finevh.config import Flow
from finevh.flow.engine.stage import Metrics, Stage, StageContext
from finevh.flow.stages import decisive


def _stage(
    name: str,
    needs: tuple[str, ...],
    parameters: Callable[[Flow], object],
    kernels: Literal["none", "layout", "all"] = "all",
) -> Stage:
    """A stage whose work is ``run_stage`` of the module of its name."""
    module = f"{__name__}.{name.replace('-', '_')}"

    def run(context: StageContext) -> Metrics:
        metrics: Metrics = import_module(module).run_stage(context)
        return metrics

    # The code that decides a stage is found by the module of its work.
    run.__module__ = module
    return Stage(name, run, needs, parameters, kernels)


SIGNOFF = _stage("signoff", ("floorplan", "optimize", "activity", "operating-points", "export"), decisive.signoff)
_BEFORE_REPORT = (
    _stage("synthesis", (), decisive.synthesis, "none"),
    _stage("presize", ("synthesis",), decisive.presize, "layout"),
    _stage("floorplan", ("presize",), decisive.floorplan, "layout"),
    _stage("place", ("presize", "floorplan"), decisive.place, "layout"),
    _stage("optimize", ("presize", "floorplan", "place"), decisive.optimize, "layout"),
    _stage("activity", ("optimize",), decisive.activity),
    _stage("polybias", ("floorplan", "optimize"), decisive.polybias),
    _stage("operating-points", ("floorplan", "optimize", "activity", "polybias"), decisive.operating_points),
    _stage("export", ("presize", "floorplan", "optimize", "polybias", "operating-points"), decisive.export),
    SIGNOFF,
)
REPORT = _stage("report", tuple(stage.name for stage in _BEFORE_REPORT), decisive.report)
STAGES: tuple[Stage, ...] = (*_BEFORE_REPORT, REPORT)
