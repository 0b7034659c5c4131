"""The presize stage: trees and first drives before there is a floorplan."""

from __future__ import annotations

import numpy as np

from finevh.config import Flow
from finevh.flow.artifacts.netlist import CLOCK_AREA, FROZEN, SLACK, load_netlist, save_netlist
from finevh.flow.engine.stage import Metrics, Stage, StageContext
from finevh.flow.sizing import sizing_options, sizing_parameters, sizing_target
from finevh.flow.technology import technology_of
from finevh.optimize.physical import presize


def run_presize_stage(context: StageContext) -> Metrics:
    """Clock and fan-out trees and first drives on a rough placement without tiles: the floorplan is made for what results."""
    flow, technology = context.flow, technology_of(context.flow)
    netlist = load_netlist(context.inputs["synthesis"], technology)
    target = sizing_target(flow, technology)
    result = presize(netlist, technology, target, flow.floorplan.utilisation, sizing_options(flow), context.note)
    save_netlist(context.directory, result.netlist)
    np.save(context.directory / FROZEN, result.frozen)
    np.save(context.directory / CLOCK_AREA, result.clock_area)
    np.save(context.directory / SLACK, result.slack_before)
    return {
        "presize__design__instance__count": result.netlist.n_cells,
        "presize__design__area__before_sizing__um2": result.area_before,
        "presize__design__area__um2": result.netlist.area,
        "presize__fanout_buffers__count": result.fanout_buffers,
        "presize__clock_buffers__count": result.clock_buffers,
        "presize__clock_tree__area__um2": result.clock_area,
    }


def parameters(flow: Flow) -> object:
    """Everything of the flow that decides the first drives."""
    return {**sizing_parameters(flow), "utilisation": flow.floorplan.utilisation}


STAGE = Stage("presize", run_presize_stage, ("synthesis",), parameters)
