"""A design of a finished run put together again, to be timed and weighed under any voltage map."""

from __future__ import annotations

from dataclasses import replace

from finevh.config import Flow
from finevh.flow.designs import (
    PlacedDesign,
    average_activity,
    load_activities,
    load_placed,
    load_variant,
    tiled_design,
    time_single_voltages,
)
from finevh.flow.engine.stage import RunDirectory
from finevh.flow.own_glitches import OwnGlitches, own_glitches_of
from finevh.flow.vdd_muxes import finished_vdd_muxes
from finevh.selection.engine import EngineDesign


def load_design(flow: Flow, run: RunDirectory, variant: str) -> tuple[PlacedDesign, EngineDesign]:
    """Put one variant set of a finished run together again; it weighs maps with the glitches of the middle supply."""
    placed, design, _ = load_weighed_design(flow, run, variant)
    return placed, design


def load_weighed_design(
    flow: Flow, run: RunDirectory, variant: str, few_maps: bool = False
) -> tuple[PlacedDesign, EngineDesign, OwnGlitches | None]:
    """The same, and what the glitches of each map's own delays add; None where the run's activities have no glitches.

    With ``few_maps`` delay tables are made as they are read, by one thread at a time.

    Raises
    ------
    InputError
        If another version of finevh ran the activity stage, which keeps the cycles that are simulated.
    """
    assigned = load_variant(run.stage_path("polybias"), variant)
    placed = load_placed(flow, run.stage_path("floorplan"), run.stage_path("optimize"), assigned, few_maps)
    activities = load_activities(run.stage_path("activity"))
    average = average_activity(activities)
    single = time_single_voltages(placed, assigned)
    muxes = finished_vdd_muxes(flow, run.stage_path("operating-points"))
    design = replace(tiled_design(placed, average, single), vdd_muxes=muxes)
    bound = {variant: (single, design)}
    return placed, design, own_glitches_of(placed, activities, average, bound, run.stage_path("activity"))
