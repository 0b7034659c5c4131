"""The physical stages: synthesis, floorplan, placement, fan-out trees and sizing."""

from __future__ import annotations

import fnmatch
import shutil

import numpy as np

from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.artifacts import (
    VERILOG,
    load_floorplan,
    load_netlist,
    load_placement,
    save_chain_order,
    save_floorplan,
    save_netlist,
    save_placement,
    save_wires,
)
from finevh.flow.csv_text import table
from finevh.flow.inputs import (
    constraints_of,
    rtl_of,
    synthesis_liberty,
    synthesis_options,
    synthesis_vdd,
    technology_of,
)
from finevh.flow.openroad import require_openroad, run_openroad_layout
from finevh.flow.planning import floorplan_request
from finevh.flow.stage import Metrics, StageContext
from finevh.layout import (
    FloorplanRequest,
    half_perimeter,
    interface_cells,
    make_floorplan,
    place,
)
from finevh.layout.chain import snake_order
from finevh.netlist import read_verilog, write_verilog
from finevh.netlist.model import NO_NET, Netlist
from finevh.optimize.physical import PhysicalOptions, Target, optimise_placed, presize
from finevh.synthesis import plan_synthesis, run_synthesis
from finevh.synthesis.run import LOG
from finevh.technology.model import Direction, Kind, Technology

FROZEN, SLACK = "frozen.npy", "endpoint_slack.npy"


def cell_area(netlist: Netlist) -> float:
    """Sum of the cells' areas, um2."""
    return float(netlist.cells.area[netlist.cell_type].sum())


def check_clock(flow: Flow, netlist: Netlist) -> None:
    """Refuse names of the clock section that are no input of the design; a constraint file names its own lines.

    Raises
    ------
    InputError
        With the key, the name and the inputs that there are.
    """
    if flow.clock.sdc is not None:
        return
    inputs = [
        name
        for name, direction in zip(netlist.port_names, netlist.port_direction, strict=True)
        if direction == Direction.INPUT
    ]
    known = sorted({*inputs, *(name.partition("[")[0] for name in inputs)})
    asked = [("port", flow.clock.port)]
    asked += [("constants", name) for name in flow.clock.constants]
    asked += [("false_from", name) for name in flow.clock.false_from]
    for key, name in asked:
        if not fnmatch.filter(known, name):
            words = sorted({name.partition("[")[0] for name in inputs})
            some = ", ".join(words[:12]) + (", ..." if len(words) > 12 else "")
            raise InputError(f"clock.{key}: '{netlist.name}' has no input '{name}'; its inputs are {some}")


def count_gated(netlist: Netlist) -> tuple[int, int, int]:
    """Return the number of clock gates, of registers whose clock comes from one, and of registers."""
    cells = netlist.cells
    gate = cells.kind[netlist.cell_type] == Kind.CLOCK_GATE
    behind = np.zeros(netlist.n_nets, dtype=bool)
    out = gate[netlist.pin_cell] & (cells.pin_direction[netlist.pin_type] == Direction.OUTPUT)
    behind[netlist.pin_net[out & (netlist.pin_net != NO_NET)]] = True
    register = np.isin(cells.kind[netlist.cell_type], (Kind.FLOP, Kind.LATCH))
    clocked = register[netlist.pin_cell] & cells.pin_is_clock[netlist.pin_type] & (netlist.pin_net != NO_NET)
    return int(gate.sum()), int(behind[netlist.pin_net[clocked]].sum()), int(register.sum())


def run_synthesis_stage(context: StageContext) -> Metrics:
    """RTL to a flat mapped netlist at the highest Vdd; a design that is given as a netlist is read and checked."""
    flow, technology = context.flow, technology_of(context.flow)
    if flow.design.netlist is not None:
        source, top = flow.design.netlist, flow.design.top
    else:
        rtl = rtl_of(flow)
        options = synthesis_options(flow, technology)
        plan = plan_synthesis(rtl, [synthesis_liberty(flow)], options)
        if plan.gating_left_out:
            context.note(f"warning: {plan.gating_left_out}")
        work = context.directory / "work"
        result = run_synthesis(plan, work, lambda command, seconds: context.note(f"{command} {seconds:.1f} s"))
        source, top = result.netlist, result.top
        context.log.write((work / LOG).read_text(encoding="utf-8", errors="replace"))
        for name, text in plan.files.items():
            context.write(f"script/{name}", text)
    netlist = read_verilog(source, technology, top)
    check_clock(flow, netlist)
    if flow.design.netlist is None:
        shutil.rmtree(work)
    save_netlist(context.directory, netlist)
    write_verilog(netlist, technology, context.directory / VERILOG)
    gates, gated, registers = count_gated(netlist)
    return {
        "synthesis__clock_gates__count": gates,
        "synthesis__gated_registers__fraction": gated / registers if registers else 0.0,
        "synthesis__design__instance__count": netlist.n_cells,
        "synthesis__design__nets__count": netlist.n_nets,
        "synthesis__design__area__um2": cell_area(netlist),
    }


def _target(flow: Flow, technology: Technology) -> Target:
    vdd = int(np.argmin(np.abs(technology.vdds - synthesis_vdd(flow))))
    return Target(constraints_of(flow), int(technology.corner_of[0, vdd]), vdd, flow.clock.period)


def _options(flow: Flow) -> PhysicalOptions:
    choice = flow.optimize
    # OpenROAD makes its own clock tree; a second one inside would only add delay.
    trees = choice.clock_tree and flow.engine == "builtin"
    return PhysicalOptions(buffering=choice.buffering, sizing=choice.sizing, clock_tree=trees, passes=choice.passes)


def run_presize_stage(context: StageContext) -> Metrics:
    """Clock and fan-out trees and first drives on a rough placement without tiles: the floorplan is made for what results."""
    flow, technology = context.flow, technology_of(context.flow)
    netlist = load_netlist(context.inputs["synthesis"], technology)
    target = _target(flow, technology)
    result = presize(netlist, technology, target, flow.floorplan.utilisation, _options(flow), context.note)
    save_netlist(context.directory, result.netlist)
    np.save(context.directory / FROZEN, result.frozen)
    np.save(context.directory / SLACK, result.slack_before)
    return {
        "presize__design__instance__count": result.netlist.n_cells,
        "presize__design__area__before_sizing__um2": result.area_before,
        "presize__design__area__um2": cell_area(result.netlist),
        "presize__fanout_buffers__count": result.fanout_buffers,
        "presize__clock_buffers__count": result.clock_buffers,
    }


def run_floorplan_stage(context: StageContext) -> Metrics:
    """Empty layout: N x N tiles with wrappers, Vdd-MUX sites, power grid."""
    flow, technology = context.flow, technology_of(context.flow)
    netlist = load_netlist(context.inputs["presize"], technology)
    per_side = round(flow.floorplan.tiles**0.5)
    floorplan = make_floorplan(netlist, technology, floorplan_request(flow, technology, per_side))
    whole = make_floorplan(netlist, technology, FloorplanRequest(1, flow.floorplan.utilisation))
    save_floorplan(context.directory, floorplan)
    save_chain_order(context.directory, snake_order(per_side))
    return {
        "floorplan__core__area__um2": floorplan.core_area,
        "floorplan__core__area__overhead": floorplan.core_area / whole.core_area - 1.0,
        "floorplan__rows__count": floorplan.core_lines,
        "floorplan__tiles__count": floorplan.n_tiles,
        "floorplan__vdd_mux__count": len(floorplan.header_row),
    }


def run_place_stage(context: StageContext) -> Metrics:
    """Cells on the cut rows, ports on the boundary."""
    if context.flow.engine == "openroad":
        return require_openroad(context)
    technology = technology_of(context.flow)
    netlist = load_netlist(context.inputs["presize"], technology)
    floorplan = load_floorplan(context.inputs["floorplan"])
    placement = place(netlist, technology, floorplan, progress=lambda step, count: context.note(f"{step} {count}"))
    save_placement(context.directory, placement)
    return {"place__wirelength__um": float(np.nansum(half_perimeter(netlist, technology, placement)))}


def run_optimize_stage(context: StageContext) -> Metrics:
    """Drives again on the wires of the final placement; the wires that result."""
    if context.flow.engine == "openroad":
        return run_openroad_layout(context)
    flow, technology, inputs = context.flow, technology_of(context.flow), context.inputs
    result = optimise_placed(
        load_netlist(inputs["presize"], technology),
        technology,
        load_floorplan(inputs["floorplan"]),
        load_placement(inputs["place"]),
        _target(flow, technology),
        np.load(inputs["presize"] / FROZEN),
        _options(flow),
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
    }
