"""The floorplan stage: N x N empty tiles with wrappers, Vdd-MUX sites and islands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from finevh.flow.artifacts.layout import save_chain_order, save_floorplan
from finevh.flow.artifacts.netlist import CLOCK_AREA, load_netlist
from finevh.flow.engine.stage import Metrics, StageContext
from finevh.flow.inputs.planning import clock_area, floorplan_request
from finevh.flow.inputs.technology import technology_of
from finevh.flow.placed import overlay_tiles
from finevh.layout import FloorplanRequest, make_floorplan
from finevh.layout.chain import snake_order
from finevh.technology.model import Kind


def run_stage(context: StageContext) -> Metrics:
    """Empty layout: N x N tiles with wrappers, Vdd-MUX sites, power grid."""
    if context.flow.design.placed is not None:
        return overlay_tiles(context)
    flow, technology = context.flow, technology_of(context.flow)
    netlist = load_netlist(context.inputs["presize"], technology)
    per_side = round(flow.floorplan.tiles**0.5)
    # The clock tree comes after placement: its area is kept free now.
    later = float(np.load(context.inputs["presize"] / CLOCK_AREA))
    share = netlist.area / (netlist.area + later)
    gates = netlist.cells.area[netlist.cell_type[netlist.cells.kind[netlist.cell_type] == Kind.CLOCK_GATE]].sum()
    planned = None if flow.engine == "openroad" else later + float(gates)
    request = floorplan_request(flow, technology, per_side, clock_area(flow, netlist.area, planned))
    floorplan = make_floorplan(netlist, technology, replace(request, utilization=request.utilization * share))
    whole = make_floorplan(netlist, technology, FloorplanRequest(1, flow.floorplan.utilisation * share))
    save_floorplan(context.directory, floorplan)
    save_chain_order(context.directory, snake_order(per_side))
    return {
        "floorplan__core__area__um2": floorplan.core_area,
        "floorplan__core__area__overhead": floorplan.overhead_over(whole),
        "floorplan__rows__count": floorplan.core_lines,
        "floorplan__tiles__count": floorplan.n_tiles,
        "floorplan__vdd_mux__count": len(floorplan.header_row),
    }
