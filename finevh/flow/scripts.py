"""``finevh tcl``: the flow as Yosys and OpenROAD scripts, rendered without running anything, and their check."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.inputs import rtl_of, sdc_text, synthesis_liberty, synthesis_vdd, technology_of
from finevh.flow.physical import floorplan_request
from finevh.layout import make_floorplan
from finevh.layout.chain import make_chain
from finevh.openroad.check import check_scripts, require_clean
from finevh.openroad.context import Activity, FlowContext, LibraryFiles, OperatingPoint
from finevh.openroad.from_layout import ClockSpec, FlowOptions, make_context, planning_netlist
from finevh.openroad.library_files import planned_suffixed, read_technology_files
from finevh.openroad.render import external_inputs, render_flow
from finevh.schemes import voltage_grid
from finevh.synthesis import Options, plan_synthesis

NETLIST, SDC, SUFFIXED = "netlist.v", "constraints.sdc", "libraries"


def plan_context(flow: Flow) -> FlowContext:
    """Plan the floorplan of a flow from its expected cell area, with operating points at every pair of voltages.

    Raises
    ------
    InputError
        If the flow gives no ``floorplan.planned_area``.
    """
    if flow.floorplan.planned_area is None:
        raise InputError(
            "floorplan.planned_area: scripts are planned before synthesis; give the cell area, such as '30000 um2'"
        )
    technology, files = technology_of(flow), read_technology_files(flow.technology.path)
    netlist = planning_netlist(flow.design.name, technology, flow.floorplan.planned_area)
    floorplan = make_floorplan(
        netlist, technology, floorplan_request(flow, technology, round(flow.floorplan.tiles**0.5))
    )
    names = [variant.name for variant in technology.variants]
    at = synthesis_vdd(flow)
    plain = [LibraryFiles(name, *_file(files.at(name, at)), None, files.suffixes[name]) for name in names]
    points = _points(flow, floorplan.n_tiles)
    voltages = sorted({vdd for point in points for vdd in point.tile_vdd})
    suffixed = planned_suffixed(files, [(name, vdd) for vdd in voltages for name in names], SUFFIXED)
    clock = ClockSpec(flow.clock.port, flow.clock.port, flow.clock.period, SDC)
    activity = Activity(
        toggle_rate=flow.activity.toggle / 2,
        duty=0.5,
        vcd=None if flow.activity.vcd is None else str(flow.activity.vcd),
        saif=None if flow.activity.saif is None else str(flow.activity.saif),
        scope=flow.activity.scope,
    )
    return make_context(
        flow.design.top or flow.design.name,
        NETLIST,
        technology,
        files,
        floorplan,
        clock,
        plain,
        suffixed,
        points,
        activity,
        chain=make_chain(technology, floorplan) if len(floorplan.island_row) else None,
        options=FlowOptions(seed=flow.seed),
    )


def _file(found: tuple[float, Path]) -> tuple[float, str]:
    return found[0], str(found[1])


def _points(flow: Flow, n_tiles: int) -> list[OperatingPoint]:
    """For each pair of voltages the map with every other tile high: `emulate` names the real maps once a design exists."""
    points: dict[str, OperatingPoint] = {}
    for delta in flow.schemes.delta_vdd:
        grid = voltage_grid(flow.schemes.vdd_min, flow.schemes.vdd_max, delta)
        for low, high in itertools.pairwise(grid):
            name = f"{round(low * 1e3)}_{round(high * 1e3)}mV"
            vdds = np.where(np.arange(n_tiles) % 2 == 0, high, low)
            points[name] = OperatingPoint(name, flow.clock.period, tuple(float(vdd) for vdd in vdds))
    return list(points.values())


def render_scripts(flow: Flow, output: Path, check: bool) -> list[str]:
    """Write every script of a flow into ``output``; returns what was done, line by line.

    Raises
    ------
    NotReachableError
        If the check finds anything; file, line and the nearest known command or option.
    """
    context = plan_context(flow)
    scripts = render_flow(context)
    files = {**scripts, SDC: sdc_text(flow.clock, time=1.0, capacitance=1.0)}
    if flow.design.netlist is None:
        dont_use = technology_of(flow).roles.get("dont_use", ())
        options = Options(period=flow.clock.period, dont_use=dont_use)
        plan = plan_synthesis(rtl_of(flow), [synthesis_liberty(flow)], options)
        files |= {f"synthesis/{name}": text for name, text in plan.files.items()}
    for name, text in files.items():
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    lines = [f"{len(files)} files written to {output}"]
    if check:
        require_clean(check_scripts(scripts, external_inputs(context)))
        lines.append(f"{sum(name.endswith('.tcl') for name in scripts)} scripts checked: nothing found")
    return lines
