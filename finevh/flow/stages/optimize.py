"""The optimize stage: drives on the wires of the placement, or the whole layout by OpenROAD."""

from __future__ import annotations

import numpy as np

from finevh.base.csv_text import table
from finevh.flow.artifacts.layout import load_floorplan, load_placement, save_placement, save_wires
from finevh.flow.artifacts.netlist import FROZEN, SLACK, VERILOG, load_netlist, save_netlist
from finevh.flow.engine.stage import Metrics, Stage, StageContext
from finevh.flow.openroad_layout import run_openroad_layout
from finevh.flow.sizing import sizing_options, sizing_parameters, sizing_target
from finevh.flow.technology import technology_of
from finevh.layout import interface_cells
from finevh.netlist import write_verilog
from finevh.optimize.physical import Optimised, optimise_placed


def run_optimize_stage(context: StageContext) -> Metrics:
    """Drives again on the wires of the final placement; the wires that result."""
    if context.flow.engine == "openroad":
        return run_openroad_layout(context)
    flow, technology, inputs = context.flow, technology_of(context.flow), context.inputs
    netlist = load_netlist(inputs["presize"], technology)
    result = optimise_placed(
        netlist,
        technology,
        load_floorplan(inputs["floorplan"]),
        load_placement(inputs["place"]),
        sizing_target(flow, technology, netlist),
        np.load(inputs["presize"] / FROZEN),
        sizing_options(flow),
        context.note,
    )
    save_netlist(context.directory, result.netlist)
    save_placement(context.directory, result.placement)
    save_wires(context.directory, result.wires)
    write_verilog(result.netlist, technology, context.directory / VERILOG)
    stages = (("before", np.load(inputs["presize"] / SLACK)), ("after", result.slack))
    slacks = [(when, float(slack)) for when, column in stages for slack in np.sort(column[np.isfinite(column)])]
    context.write("results/tables/endpoint_slack.csv", table(("sizing", "slack_ps"), slacks))
    return {
        "place__interface_cells__fraction": float(interface_cells(result.netlist, result.placement).mean()),
        "optimize__design__instance__count": result.netlist.n_cells,
        "optimize__design__area__um2": result.area,
        "optimize__wirelength__um": float(np.nansum(result.wires.length)),
        "timing__setup__min_period__ps": result.min_period,
        **_clock_metrics(result),
    }


def _clock_metrics(result: Optimised) -> Metrics:
    """Insertion delay and skew of the clock at the Vdd of synthesis; nothing where no register has a clock."""
    when = result.insertion
    if not np.isfinite(when.mean):
        return {}
    return {
        "clock__insertion__min__ps": when.least,
        "clock__insertion__mean__ps": when.mean,
        "clock__insertion__max__ps": when.most,
        "clock__skew__ps": when.skew,
        "clock__tree__count": 0 if result.tree is None else len(result.tree.cell),
    }


STAGE = Stage("optimize", run_optimize_stage, ("presize", "floorplan", "place"), sizing_parameters)
