"""OpenROAD in the place of the embedded engine: a netlist and a floorplan in, a routed design out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.layout.always_on import on_islands
from finevh.layout.chain import ConfigurationChain
from finevh.layout.floorplan import Floorplan
from finevh.layout.formats.def_write import CHAIN_PREFIX
from finevh.layout.supply.check import always_on_cells, book_supply, check_supply, intent_of
from finevh.netlist import Netlist, write_verilog
from finevh.openroad.context import Activity, FlowContext, LibraryFiles, OperatingPoint
from finevh.openroad.from_layout import ClockSpec, Corners, DesignFiles, FlowOptions, make_context
from finevh.openroad.library_files import TechnologyFiles, planned_suffixed, write_suffixed
from finevh.openroad.results import RoutedDesign, read_results
from finevh.openroad.run import Assignment, FlowResult, run_flow
from finevh.openroad.tool import OpenRoad
from finevh.technology.model import Technology

NETLIST, CONSTRAINTS, SUFFIXED = "netlist.v", "constraints.sdc", "libraries"


@dataclass(frozen=True)
class LayoutRequest:
    """One design for OpenROAD.

    ``clock_port`` and ``period`` ps; ``sdc`` text of all constraints, in ``sdc_units``, with the working clock under the name
    ``clock`` (the port's where empty); ``vdd`` V that the layout is optimised at;
    ``operating_points`` and ``activity`` for the power reports (none: no reports).
    """

    netlist: Netlist
    technology: Technology
    files: TechnologyFiles
    floorplan: Floorplan
    chain: ConfigurationChain | None
    clock_port: str
    period: float
    sdc: str
    vdd: float
    operating_points: Sequence[OperatingPoint] = ()
    activity: Activity = field(default_factory=lambda: Activity(toggle_rate=0.1, duty=0.5))
    options: FlowOptions = field(default_factory=FlowOptions)
    clock: str = ""
    sdc_units: tuple[str, str] = ("ps", "fF")


def prepare_run(request: LayoutRequest, directory: Path) -> FlowContext:
    """Write netlist, constraints and suffixed libraries into a run directory and return the context of its scripts.

    Raises
    ------
    InputError
        If a library is missing at a Vdd that is asked for.
    """
    directory.mkdir(parents=True, exist_ok=True)
    technology, files = request.technology, request.files
    write_verilog(request.netlist, technology, directory / NETLIST)
    (directory / CONSTRAINTS).write_text(request.sdc, encoding="utf-8")
    names = [variant.name for variant in technology.variants]
    plain = []
    for name in names:
        vdd, path = files.at(name, request.vdd)
        plain.append(LibraryFiles(name, vdd, str(path), None, files.suffixes[name]))
    voltages = sorted({vdd for point in request.operating_points for vdd in point.supplies})
    corners = [(name, vdd) for vdd in voltages for name in names]
    write_suffixed(files, corners, directory / SUFFIXED)
    suffixed = planned_suffixed(files, corners, SUFFIXED)  # the same files, seen from the run directory
    clock = ClockSpec(
        request.clock or request.clock_port, request.clock_port, request.period, CONSTRAINTS, request.sdc_units
    )
    return make_context(
        DesignFiles(request.netlist.name, NETLIST, clock),
        technology,
        files,
        request.floorplan,
        Corners(plain, suffixed, request.operating_points, request.activity),
        chain=request.chain,
        options=request.options,
    )


def run_layout(
    request: LayoutRequest,
    directory: Path,
    *,
    assign: Callable[[RoutedDesign], Assignment] | None = None,
    tool: OpenRoad | None = None,
    allow_untested: bool = False,
    say: Callable[[str], None] = lambda line: None,
    checks: Checks | None = None,
) -> tuple[RoutedDesign, FlowResult]:
    """Place, clock, repair, bias and route a design on OpenROAD.

    Parameters
    ----------
    request
        The design.
    directory
        Run directory.
    assign
        Gets the design as it is after timing repair, returns the poly-bias assignment as (instance, cell).
    tool, allow_untested, say
        As in :func:`~finevh.openroad.run.run_flow`.
    checks
        Account of what could not be used of the files that come back, and of their supplies.

    Returns
    -------
    RoutedDesign, FlowResult
        The design read back through the common readers, and the stages with their metrics and warnings.

    Raises
    ------
    ToolMissingError, InputError, OpenRoadError, LayoutMismatchError
        As the parts that it is made of.
    """
    context = prepare_run(request, directory)

    def assign_from(folder: Path) -> Assignment:
        if assign is None:
            return ()
        return assign(read_results(context, folder, request.technology, request.floorplan, "handover"))

    result = run_flow(
        context,
        directory,
        tool=tool,
        allow_untested=allow_untested,
        assign=assign_from if assign else None,
        say=say,
    )
    if not (directory / "final.def").is_file():
        raise InputError(f"{directory}: the run ended before the final layout; run its last stages")
    routed = read_results(context, directory, request.technology, request.floorplan, checks=checks)
    if checks is not None:
        names = np.array(routed.netlist.instance_names)[
            on_islands(request.floorplan, routed.placement.x, routed.placement.y)
        ]
        always_on = always_on_cells(routed.layout, CHAIN_PREFIX).union(names.tolist())
        intent = intent_of(request.floorplan, context.rails, always_on)
        book_supply(check_supply(routed.layout, request.files.lef, intent), checks)
    return routed, result
