"""The layout by OpenROAD instead of the embedded engine: from the same floorplan to the same artifacts."""

from __future__ import annotations

import numpy as np

from finevh.flow.artifacts import (
    VERILOG,
    load_floorplan,
    load_netlist,
    save_netlist,
    save_placement,
    save_wires,
)
from finevh.flow.inputs import sdc_text, synthesis_vdd, technology_of
from finevh.flow.stage import Metrics, StageContext
from finevh.layout import interface_cells
from finevh.layout.chain import make_chain
from finevh.netlist import write_verilog
from finevh.openroad.engine import LayoutRequest, run_layout
from finevh.openroad.from_layout import FlowOptions
from finevh.openroad.library_files import read_technology_files
from finevh.openroad.tool import find_openroad


def require_openroad(context: StageContext) -> Metrics:
    """Placement is a part of OpenROAD's own run; here only its presence is checked, before anything long starts.

    Raises
    ------
    ToolMissingError
        If there is no OpenROAD of a tested version.
    """
    tool = find_openroad()
    context.note(f"OpenROAD {tool.version}")
    return {}


def run_openroad_layout(context: StageContext) -> Metrics:
    """Placement, clock tree, timing repair and routing in OpenROAD; netlist, places and wires read back."""
    flow, technology = context.flow, technology_of(context.flow)
    floorplan = load_floorplan(context.inputs["floorplan"])
    request = LayoutRequest(
        netlist=load_netlist(context.inputs["presize"], technology),
        technology=technology,
        files=read_technology_files(flow.technology.path),
        floorplan=floorplan,
        chain=make_chain(technology, floorplan) if len(floorplan.island_row) else None,
        clock_port=flow.clock.port,
        period=flow.clock.period,
        sdc=sdc_text(flow.clock, time=1.0, capacitance=1.0),
        vdd=synthesis_vdd(flow),
        options=FlowOptions(seed=flow.seed, threads=context.jobs),
    )
    routed, _ = run_layout(request, context.directory / "openroad", say=context.note)
    save_netlist(context.directory, routed.netlist)
    save_placement(context.directory, routed.placement)
    save_wires(context.directory, routed.wires)
    write_verilog(routed.netlist, technology, context.directory / VERILOG)
    area = routed.netlist.cells.area[routed.netlist.cell_type]
    return {
        "place__interface_cells__fraction": float(interface_cells(routed.netlist, routed.placement).mean()),
        "optimize__design__instance__count": routed.netlist.n_cells,
        "optimize__design__area__um2": float(area.sum()),
        "optimize__wirelength__um": float(np.nansum(routed.wires.length)),
    }
