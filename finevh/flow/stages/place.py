"""The place stage: cells on the cut rows, ports on the boundary."""

from __future__ import annotations

import numpy as np

from finevh.config import Flow
from finevh.flow.artifacts.layout import load_floorplan, save_placement
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.engine.stage import Metrics, Stage, StageContext
from finevh.flow.openroad_layout import require_openroad
from finevh.flow.placed import keep_places
from finevh.flow.sizing import engine_parameters
from finevh.flow.technology import technology_of
from finevh.layout import half_perimeter, place


def run_place_stage(context: StageContext) -> Metrics:
    """Cells on the cut rows, ports on the boundary."""
    if context.flow.engine == "openroad":
        return require_openroad(context)
    if context.flow.design.placed is not None:
        return keep_places(context)
    technology = technology_of(context.flow)
    netlist = load_netlist(context.inputs["presize"], technology)
    floorplan = load_floorplan(context.inputs["floorplan"])
    placement = place(netlist, technology, floorplan, progress=lambda step, count: context.note(f"{step} {count}"))
    save_placement(context.directory, placement)
    return {"place__wirelength__um": float(np.nansum(half_perimeter(netlist, technology, placement)))}


def parameters(flow: Flow) -> object:
    """Everything of the flow that decides where cells go."""
    return {
        "technology": flow.technology,
        "seed": flow.seed,
        "placed": flow.design.placed is not None,
        **engine_parameters(flow),
    }


STAGE = Stage("place", run_place_stage, ("presize", "floorplan"), parameters)
