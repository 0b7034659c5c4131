"""A finished OpenROAD run, read back through the readers that the embedded engine's files go through."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from finevh.checks import Checks
from finevh.layout.floorplan import Floorplan
from finevh.layout.formats.def_model import DefLayout
from finevh.layout.formats.def_read import placement_from_def, read_def
from finevh.layout.placement import Placement
from finevh.netlist import Netlist, Wires, read_spef, read_verilog
from finevh.openroad.context import FlowContext
from finevh.openroad.expected import require_same_layout
from finevh.technology.model import Technology


@dataclass(frozen=True)
class RoutedDesign:
    """What every later stage needs: netlist with clock tree and chain, places, wires, and the DEF itself."""

    netlist: Netlist
    placement: Placement
    wires: Wires
    layout: DefLayout


def read_results(
    context: FlowContext,
    directory: Path,
    technology: Technology,
    floorplan: Floorplan,
    stage: str = "final",
    checks: Checks | None = None,
) -> RoutedDesign:
    """Read ``<stage>.v``, ``<stage>.def`` and ``<stage>.spef`` of a run directory.

    Parameters
    ----------
    context
        What the run was rendered from; the DEF must agree with it in rows, voids, Vdd-MUX and configuration cells.
    directory
        Run directory of :func:`~finevh.openroad.run.run_flow`.
    technology, floorplan
        The cell library, and the floorplan that the context was made from.
    stage
        ``final``, or ``handover`` for what the poly-bias assignment starts from.
    checks
        Account of what the readers could not use.

    Raises
    ------
    LayoutMismatchError
        If the DEF is not of this floorplan.
    InputError
        If a file is missing, cut short or contradicts the netlist; with file and line.
    """
    layout = read_def(directory / f"{stage}.def")
    require_same_layout(context, layout, str(directory / f"{stage}.def"))
    netlist = read_verilog(directory / f"{stage}.v", technology, context.design, checks)
    placement = placement_from_def(layout, netlist, floorplan)
    return RoutedDesign(netlist, placement, read_spef(directory / f"{stage}.spef", netlist, checks), layout)
