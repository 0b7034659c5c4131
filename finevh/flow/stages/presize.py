"""The presize stage: trees and first drives before there is a floorplan."""

from __future__ import annotations

import numpy as np

from finevh.checks import Severity
from finevh.errors import InputError
from finevh.flow.artifacts.netlist import CLOCK_AREA, FROZEN, SLACK, load_netlist, save_netlist
from finevh.flow.engine.stage import Metrics, StageContext
from finevh.flow.inputs.sizing import sizing_options, sizing_target
from finevh.flow.inputs.technology import technology_of
from finevh.flow.placed import keep_sizes
from finevh.flow.timing_graph import timing_graph
from finevh.netlist.model import Netlist
from finevh.optimize.physical import at_target, presize
from finevh.technology.model import Kind, Technology
from finevh.timing.unconstrained import book_setup


def run_stage(context: StageContext) -> Metrics:
    """Clock and fan-out trees and first drives on a rough placement without tiles: the floorplan is made for what results."""
    flow, technology = context.flow, technology_of(context.flow)
    netlist = load_netlist(context.inputs["synthesis"], technology)
    target = sizing_target(flow, technology, netlist)
    # One corner is enough to see what is constrained; packing the tables of all of them takes a second.
    _check_constraints(context, netlist, at_target(technology, target)[0])
    if flow.design.placed is not None:
        return keep_sizes(context)
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


def _check_constraints(context: StageContext, netlist: Netlist, technology: Technology) -> None:
    """Book what the constraints leave out, and stop before anything is sized for it.

    Raises
    ------
    InputError
        If registers have no clock and that is not allowed, or nothing at all is constrained.
    """
    graph = timing_graph(context.flow, technology, netlist, None, driver_derates=False)
    book_setup(graph, context.checks, Severity.ERROR)
    context.require_sound()
    if not graph.setup.n:
        clock = context.flow.clock
        where = f"clock '{clock.port}'" if clock.sdc is None else str(clock.sdc)
        registers = int(np.isin(netlist.cells.kind[netlist.cell_type], (Kind.FLOP, Kind.LATCH)).sum())
        raise InputError(
            f"design '{netlist.name}': no endpoint is constrained by {where} ({netlist.n_cells} cells, {registers} registers"
            " after synthesis): no path leads from an input or register to an output or register; a design of constants has"
            " no timing and no curves"
        )
