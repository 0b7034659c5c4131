"""What the supply checker found on the layout of a run, into the run's account of checks and its log."""

from __future__ import annotations

import numpy as np

from finevh.checks import Severity
from finevh.flow.engine.stage import StageContext
from finevh.layout import Floorplan, Placement
from finevh.layout.always_on import on_islands
from finevh.layout.supply.check import SupplyReport, book_supply
from finevh.netlist import Netlist
from finevh.technology.model import Int


def account_for_supply(context: StageContext, report: SupplyReport) -> None:
    """Book a report; supplies that are not whole stop the run where its account is settled."""
    book_supply(report, context.checks)
    pieces = sum(report.components.values())
    context.note(f"supplies: {len(report.components)} nets in {pieces} pieces, {sum(report.count.values())} faults")


def book_clock_cells(
    context: StageContext, netlist: Netlist, floorplan: Floorplan, placement: Placement, high_cells: Int
) -> None:
    """Book clock cells that the policy keeps at VddH and that stand on a tile's rail, and others that stand at VddH.

    A warning where the floorplan has no rows at VddH: then there are no Vdd-MUXes and no supplies to be wrong.

    Parameters
    ----------
    high_cells : instances that are timed at VddH.
    """
    if floorplan.n_tiles == 1:
        return
    wanted = np.zeros(netlist.n_cells, dtype=bool)
    wanted[high_cells] = True
    stands = on_islands(floorplan, placement.x, placement.y)
    level = Severity.ERROR if len(floorplan.island_row) else Severity.WARNING
    policy = context.flow.clock.supply_policy
    for wrong, text in ((wanted & ~stands, "stands on the rail of tile"), (stands & ~wanted, "stands at VddH in tile")):
        rows = np.flatnonzero(wrong).tolist()
        texts = [
            f"{netlist.instance_names[row]} {text} {placement.tile[row]} (clock.policy = {policy})" for row in rows
        ]
        context.checks.add("supply_misplaced", texts, severity=level)
