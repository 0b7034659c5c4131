"""The layout by OpenROAD instead of the embedded engine: from the same floorplan to the same artifacts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from finevh.base.csv_text import table
from finevh.config import Flow
from finevh.flow.artifacts.layout import load_floorplan, save_placement, save_wires
from finevh.flow.artifacts.netlist import VERILOG, load_netlist, save_netlist
from finevh.flow.engine.stage import Metrics, StageContext
from finevh.flow.inputs.constraints import engine_constraints
from finevh.flow.inputs.technology import synthesis_vdd, technology_of
from finevh.flow.supply_account import book_clock_cells
from finevh.flow.timing_graph import timing_graph
from finevh.layout import interface_cells, total_wirelength
from finevh.layout.chain import make_chain
from finevh.layout.formats.def_read import placement_from_def
from finevh.layout.formats.def_write import CHAIN_PREFIX
from finevh.netlist import write_verilog
from finevh.openroad.chain_removal import remove_chain
from finevh.openroad.context import Activity, OperatingPoint
from finevh.openroad.from_layout import FlowOptions
from finevh.openroad.library_files import read_technology_files
from finevh.openroad.place_and_route import LayoutRequest, run_layout
from finevh.openroad.tool import OpenRoad, check_version, find_openroad

WORK = "openroad"
"""Folder of OpenROAD's own stages in a run directory; what is small and final of it is kept in the stage's."""
_KEPT = ("final.def", "final.v", "final.spef")


def _keep(work: Path, target: Path) -> None:
    """Copy scripts, tables and the final files; databases, logs and layouts of stages between stay where they are."""
    target.mkdir()
    for path in sorted(work.iterdir()):
        if path.suffix in (".tcl", ".txt") or path.name in _KEPT:
            shutil.copyfile(path, target / path.name)


def openroad_of(flow: Flow) -> OpenRoad:
    """Find the OpenROAD of a flow: installed, or the container image that the flow names.

    Raises
    ------
    ToolMissingError
        If there is none of a tested version.
    """
    tool = find_openroad(flow.openroad.image)
    if not flow.openroad.allow_untested:
        check_version(tool.version)
    return tool


def require_openroad(context: StageContext) -> Metrics:
    """Placement is a part of OpenROAD's own run; here only its presence is checked, before anything long starts.

    Raises
    ------
    ToolMissingError
        If there is no OpenROAD of a tested version.
    """
    context.note(f"OpenROAD {openroad_of(context.flow).version}")
    return {}


def layout_request(
    context: StageContext, points: Sequence[OperatingPoint] = (), activity: Activity | None = None
) -> LayoutRequest:
    """Return the design of a stage whose inputs are those of the layout; ``points`` to be timed and weighed as well."""
    flow, technology = context.flow, technology_of(context.flow)
    rules = flow.openroad.rcx_rules
    floorplan = load_floorplan(context.inputs["floorplan"])
    netlist = load_netlist(context.inputs["presize"], technology)
    constraints = engine_constraints(flow, netlist)
    return LayoutRequest(
        netlist=netlist,
        technology=technology,
        files=read_technology_files(flow.technology.path),
        floorplan=floorplan,
        chain=make_chain(technology, floorplan) if len(floorplan.island_row) else None,
        clock_port=flow.clock.port,
        period=flow.clock.period,
        sdc=constraints.text,
        vdd=synthesis_vdd(flow),
        operating_points=points,
        activity=activity or Activity(toggle_rate=flow.activity.toggle / 2, duty=0.5),
        options=FlowOptions(
            seed=flow.seed,
            threads=context.jobs,
            density=flow.openroad.density,
            rcx_rules=None if rules is None else str(rules.resolve()),
            clock_supply=flow.clock.supply_policy,
        ),
        clock=constraints.clock,
        sdc_units=constraints.units,
    )


def run_openroad_layout(context: StageContext) -> Metrics:
    """Placement, clock tree, timing repair and routing in OpenROAD; netlist, places and wires read back."""
    flow, technology = context.flow, technology_of(context.flow)
    request = layout_request(context)
    floorplan = request.floorplan
    # Beside the stages: each script is reused by its own key, so a failure after routing never costs routing again.
    work = context.directory.parent / WORK
    routed, result = run_layout(
        request,
        work,
        tool=openroad_of(flow),
        allow_untested=flow.openroad.allow_untested,
        say=context.note,
        checks=context.checks,
    )
    _keep(work, context.directory / WORK)
    netlist, wires = remove_chain(routed.netlist, routed.wires, CHAIN_PREFIX)
    placement = placement_from_def(routed.layout, netlist, floorplan)
    if flow.clock.supply_policy != "tile":
        graph = timing_graph(flow, technology, netlist, None, driver_derates=False)
        book_clock_cells(context, netlist, floorplan, placement, graph.high_cells)
    save_netlist(context.directory, netlist)
    save_placement(context.directory, placement)
    save_wires(context.directory, wires)
    write_verilog(netlist, technology, context.directory / VERILOG)
    messages = ((stage.name, m.severity, m.code, m.count, m.text) for stage in result.stages for m in stage.messages)
    context.write(
        "results/tables/openroad_messages.csv", table(("stage", "severity", "code", "count", "text"), messages)
    )
    own = {f"openroad__{name}": value for name, value in result.metrics.items() if isinstance(value, float | int)}
    return own | {
        "place__interface_cells__fraction": float(interface_cells(netlist, placement).mean()),
        "place__wirelength__um": total_wirelength(netlist, technology, placement),
        "optimize__design__instance__count": netlist.n_cells,
        "optimize__design__area__um2": netlist.area,
    }
