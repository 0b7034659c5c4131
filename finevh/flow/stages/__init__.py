"""The stages of the main job, in order; one file each, named like the stage: what it needs, what decides it, what it does."""

from __future__ import annotations

from finevh.flow.engine.stage import Stage
from finevh.flow.stages import (
    activity,
    export,
    floorplan,
    operating_points,
    optimize,
    place,
    polybias,
    presize,
    report,
    signoff,
    synthesis,
)

STAGES: tuple[Stage, ...] = (
    synthesis.STAGE,
    presize.STAGE,
    floorplan.STAGE,
    place.STAGE,
    optimize.STAGE,
    activity.STAGE,
    polybias.STAGE,
    operating_points.STAGE,
    export.STAGE,
    signoff.STAGE,
    report.STAGE,
)
