"""``finevh tcl``: the flow as Yosys and OpenROAD scripts, rendered without running anything, and their check."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from finevh.base.files import write_whole
from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.inputs.constraints import engine_constraints
from finevh.flow.inputs.planning import clock_area, floorplan_request
from finevh.flow.inputs.rtl import rtl_of, synthesis_options
from finevh.flow.inputs.technology import synthesis_liberty, synthesis_vdd
from finevh.layout import make_floorplan
from finevh.layout.chain import make_chain
from finevh.openroad.context import Activity, FlowContext, LibraryFiles, OperatingPoint
from finevh.openroad.from_layout import ClockSpec, Corners, DesignFiles, FlowOptions, make_context, planning_netlist
from finevh.openroad.library_files import planned_suffixed, read_technology_files
from finevh.openroad.render import external_inputs, render_flow
from finevh.openroad.script_check.check import check_scripts, require_clean
from finevh.openroad.script_check.pdn_rules import grid_facts
from finevh.synthesis import plan_synthesis
from finevh.technology.load import load_technology
from finevh.technology.manifest import read_manifest
from finevh.technology.model import Technology

NETLIST, SDC, SUFFIXED = "netlist.v", "constraints.sdc", "libraries"


def plan_context(flow: Flow) -> FlowContext:
    """Plan the floorplan of a flow from its expected cell area, with operating points at every pair of voltages.

    Raises
    ------
    InputError
        If the flow gives no ``floorplan.planned_area``, or the technology has no library at a voltage of the schemes.
    """
    if flow.floorplan.planned_area is None:
        raise InputError(
            "floorplan.planned_area: scripts are planned before synthesis; give the cell area, such as '30000 um2'"
        )
    technology, files = _planning_technology(flow), read_technology_files(flow.technology.path)
    netlist = planning_netlist(flow.design.name, technology, flow.floorplan.planned_area)
    room = clock_area(flow, flow.floorplan.planned_area)
    request = floorplan_request(flow, technology, round(flow.floorplan.tiles**0.5), room)
    floorplan = make_floorplan(netlist, technology, request)
    names = [variant.name for variant in read_manifest(flow.technology.path).published()]
    at = synthesis_vdd(flow)
    plain = [LibraryFiles(name, *_file(files.at(name, at)), None, files.suffixes[name]) for name in names]
    points = _points(flow, floorplan.n_tiles)
    voltages = sorted({vdd for point in points for vdd in point.supplies})
    suffixed = planned_suffixed(files, [(name, vdd) for vdd in voltages for name in names], SUFFIXED)
    constraints = engine_constraints(flow)
    clock = ClockSpec(constraints.clock, flow.clock.port, flow.clock.period, SDC, constraints.units)
    activity = Activity(
        toggle_rate=flow.activity.toggle / 2,
        duty=0.5,
        vcd=None if flow.activity.vcd is None else str(flow.activity.vcd),
        saif=None if flow.activity.saif is None else str(flow.activity.saif),
        scope=flow.activity.scope,
    )
    return make_context(
        DesignFiles(flow.design.top or flow.design.name, NETLIST, clock),
        technology,
        files,
        floorplan,
        Corners(plain, suffixed, points, activity),
        chain=make_chain(technology, floorplan) if len(floorplan.island_row) else None,
        options=FlowOptions(
            seed=flow.seed,
            density=flow.openroad.density,
            rcx_rules=None if flow.openroad.rcx_rules is None else str(flow.openroad.rcx_rules),
            clock_supply=flow.clock.supply_policy,
        ),
    )


@lru_cache(maxsize=1)
def _load_planning(path: Path, variant: str, vdd: float) -> Technology:
    return load_technology(path, variants=[variant], vdd=vdd)


def _planning_technology(flow: Flow) -> Technology:
    """One corner is enough to plan with: footprints, roles and layers are the same at every Vdd and in every variant."""
    path = flow.technology.path
    return _load_planning(path, read_manifest(path).published()[0].name, synthesis_vdd(flow))


def _file(found: tuple[float, Path]) -> tuple[float, str]:
    return found[0], str(found[1])


def _points(flow: Flow, n_tiles: int) -> list[OperatingPoint]:
    """For each pair of voltages the map with every other tile high: `emulate` names the real maps once a design exists."""
    points: dict[str, OperatingPoint] = {}
    for delta in flow.schemes.delta_vdd:
        grid = flow.schemes.grid(delta)
        for low, high in itertools.pairwise(grid):
            name = f"{round(low * 1e3)}_{round(high * 1e3)}mV"
            vdds = np.where(np.arange(n_tiles) % 2 == 0, high, low)
            points[name] = OperatingPoint(name, flow.clock.period, tuple(float(vdd) for vdd in vdds), float(high))
    return list(points.values())


def render_scripts(flow: Flow, output: Path, check: bool, tiles: Sequence[int] = ()) -> list[str]:
    """Write every script of a flow into ``output``; returns what was done, line by line.

    Parameters
    ----------
    flow, output
        The flow; the folder to write.
    check
        Validate every command and option of what was written.
    tiles
        Tile counts in place of the flow's, each a square number; each one's scripts go into ``output/<count>-tiles``.

    Raises
    ------
    NotReachableError
        If the check finds anything; file, line and the nearest known command or option.
    """
    synthesis = _synthesis_scripts(flow)
    lines: list[str] = []
    findings: list[str] = []
    for count in tiles or (flow.floorplan.tiles,):
        plan = flow.floorplan.model_copy(update={"tiles": count})
        context = plan_context(flow.model_copy(update={"floorplan": plan}))
        scripts = render_flow(context)
        files = {**scripts, SDC: engine_constraints(flow).text, **synthesis}
        part = f"{count}-tiles/" if tiles else ""
        folder = output / part
        _write(folder, files)
        lines.append(f"{len(files)} files written to {folder}")
        if check:
            found = check_scripts(scripts, external_inputs(context), facts=grid_facts(context))
            findings += [f"{part}{finding}" for finding in found]
            checked = sum(name.endswith(".tcl") for name in scripts)
            lines.append(f"{checked} scripts checked: {len(found) or 'nothing'} found")
    require_clean(findings)
    return lines


def _synthesis_scripts(flow: Flow) -> dict[str, str]:
    """Yosys scripts, the same for every floorplan; none for a design that is given as a netlist."""
    if flow.design.mapped is not None:
        return {}
    options = synthesis_options(flow, _planning_technology(flow))
    plan = plan_synthesis(rtl_of(flow), [synthesis_liberty(flow)], options)
    return {f"synthesis/{name}": text for name, text in plan.files.items()}


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        write_whole(path, text)
