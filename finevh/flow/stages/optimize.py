"""The optimize stage: drives on the wires of the placement, or the whole layout by OpenROAD."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from finevh.base.csv_text import table
from finevh.flow.artifacts.layout import load_floorplan, load_placement, save_placement, save_wires
from finevh.flow.artifacts.netlist import FROZEN, SLACK, VERILOG, load_netlist, save_netlist
from finevh.flow.engine.stage import Metrics, StageContext
from finevh.flow.inputs.constraints import book_clocks
from finevh.flow.inputs.hold import hold_corners
from finevh.flow.inputs.sizing import sizing_options, sizing_target
from finevh.flow.inputs.technology import technology_of
from finevh.flow.openroad.layout import run_openroad_layout
from finevh.flow.placed import keep_wires
from finevh.flow.timing_graph import timing_graph
from finevh.layout import estimate_wires, interface_cells
from finevh.layout.always_on import seat
from finevh.netlist import write_verilog
from finevh.optimize.hold import HoldCheck, Timing, repair_hold
from finevh.optimize.physical import Optimised, optimise_placed, timed_again
from finevh.technology.model import Technology


def run_stage(context: StageContext) -> Metrics:
    """Drives again on the wires of the final placement; the wires that result."""
    if context.flow.engine == "openroad":
        return run_openroad_layout(context)
    if context.flow.design.placed is not None:
        return keep_wires(context)
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
    if flow.clock.supply_policy != "tile":
        result = _seat_clock_cells(context, result, technology)
    book_clocks(flow, technology, result.netlist, context.checks)
    if flow.optimize.hold:
        result, hold = _repair(context, result, technology)
    else:
        hold = Metrics()
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
        **hold,
    }


def _seat_clock_cells(context: StageContext, result: Optimised, technology: Technology) -> Optimised:
    """Move clock cells that the policy keeps at VddH to the rows there; wires and timing again."""
    flow = context.flow
    floorplan = load_floorplan(context.inputs["floorplan"])
    if not len(floorplan.clock_segments.line):
        return result
    netlist = result.netlist
    high = timing_graph(flow, technology, netlist, None, driver_derates=False).high_cells
    placement = seat(netlist, technology, floorplan, result.placement, high.tolist())
    context.note(f"clock cells at VddH: {len(high)} on rows of their own")
    wires = estimate_wires(netlist, technology, placement)
    return timed_again(result, netlist, placement, wires, technology, sizing_target(flow, technology, netlist))


def _repair(context: StageContext, result: Optimised, technology: Technology) -> tuple[Optimised, Metrics]:
    """Mend hold at every single supply of every corner; what was found and left goes to ``tables/hold.csv``."""
    flow = context.flow
    if flow.technology.fast is None:
        context.checks.add("fast_corner_missing", [technology.name])
    if not technology.roles.get("delay"):
        missing = "delay_cell_missing" if technology.roles.get("buffer") else "hold_not_repaired"
        context.checks.add(missing, [technology.name])
    target = sizing_target(flow, technology, result.netlist)
    floorplan = load_floorplan(context.inputs["floorplan"])
    mended = repair_hold(
        result.netlist,
        result.placement,
        floorplan,
        Timing(target.constraints, flow.schemes.driver_derates, flow.clock.supply_policy),
        hold_corners(flow, technology),
        report=context.note,
        workers=context.jobs,
    )
    rows = [
        (b.corner, b.vdd, b.worst, b.violated, a.worst, a.violated, a.vdd if a.vdd_low is None else a.vdd_low, a.maps)
        for b, a in zip(mended.before, mended.after, strict=True)
    ]
    columns = ("corner", "vdd_v", "worst_before_ps", "violated_before", "worst_ps", "violated", "vdd_l_v", "maps")
    context.write("results/tables/hold.csv", table(columns, rows))
    left = max((check.violated for check in mended.after), default=0)
    context.checks.add(
        "hold_violated",
        [f"{c.where}: {c.violated} endpoints, worst {c.worst:.1f} ps" for c in mended.after if c.violated],
    )
    metrics: Metrics = {
        "hold__buffers__count": mended.buffers,
        "hold__buffers__area__um2": mended.area,
        "hold__violated__before__count": max((check.violated for check in mended.before), default=0),
        "hold__violated__count": left,
        **_worst_hold(mended.after),
    }
    return timed_again(result, mended.netlist, mended.placement, mended.wires, technology, target), metrics


def _worst_hold(checks: Sequence[HoldCheck]) -> Metrics:
    """Worst slack of each corner, at single supplies and under the hardest maps of two."""
    worst: dict[str, float] = {}
    for check in checks:
        name = f"timing__hold__ws__{'' if check.vdd_low is None else 'hardest_maps__'}{check.corner}__ps"
        worst[name] = min(worst.get(name, np.inf), check.worst)
    return {name: value for name, value in sorted(worst.items()) if np.isfinite(value)}


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
