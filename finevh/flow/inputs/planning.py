"""What a flow asks of a floorplan; apart from the stages, so that planning one does not load them."""

from __future__ import annotations

import math

import numpy as np

from finevh.config import Flow
from finevh.layout.chain import island_sites
from finevh.layout.floorplan import FloorplanRequest
from finevh.technology.model import Kind, Technology

_CLOCK_SHARE = {"tile": 0.0, "high": 0.07, "split": 0.04}
"""Of the cell area that clock cells at VddH take, by policy: those of OpenROAD's tree of quick with buffers X8 and X16, 26 and
the ten of them above others; larger designs need a smaller share."""
_ROOM = 1.3
"""Room over the area of a tree that is known: pieces of rows are never filled to their ends."""


def clock_area(flow: Flow, cell_area: float, tree_area: float | None = None) -> float:
    """Return the area that clock cells get on rows at VddH, um2; 0 where the policy wants none there.

    Parameters
    ----------
    cell_area : um2, of the design.
    tree_area : um2, of tree and clock gates where they are planned already.
    """
    policy = flow.clock.supply_policy
    if policy == "tile" or tree_area is None:
        return _CLOCK_SHARE[policy] * cell_area
    return _ROOM * tree_area


def _widest_clock_cell(technology: Technology) -> int:
    """Sites of the widest buffer or gate that a clock tree may be made of."""
    cells = technology.cells
    names = technology.roles.get("clock_buffer") or technology.roles.get("buffer", ())
    rows = [cells.index[name] for name in names if name in cells.index]
    rows += [row for row in np.flatnonzero(cells.kind == Kind.CLOCK_GATE).tolist() if technology.cell_width[row] > 0.0]
    return math.ceil(max((float(technology.cell_width[row]) for row in rows), default=0.0) / technology.site_width)


def floorplan_request(flow: Flow, technology: Technology, per_side: int, clock: float) -> FloorplanRequest:
    """Vdd-MUXes, and islands for configuration chain and clock cells, where the flow wants them and the technology has the cells.

    Parameters
    ----------
    clock : um2, for clock cells on rows at VddH (:func:`clock_area`).
    """
    use = flow.floorplan.utilisation
    plan = flow.floorplan
    if per_side == 1:
        return FloorplanRequest(1, use)
    if not (plan.header and technology.roles.get("header")):
        return FloorplanRequest(per_side, use, header_sites=0)
    # Each tile's part of the area, and one cell that fits nowhere else.
    widest = _widest_clock_cell(technology) if clock else 0
    part = math.ceil(clock / per_side**2 / (technology.site_width * technology.row_height))
    return FloorplanRequest(
        per_side,
        use,
        plan.headers_per_row,
        plan.header_cell,
        island_sites=island_sites(technology),
        clock_sites=part + widest,
        clock_widest=widest,
    )
