"""What a flow asks of a floorplan; apart from the stages, so that planning one does not load them."""

from __future__ import annotations

import math

from finevh.config import Flow
from finevh.layout.chain import island_sites
from finevh.layout.floorplan import FloorplanRequest
from finevh.technology.model import Technology

_CLOCK_SHARE = {"tile": 0.0, "high": 0.07, "split": 0.04}
"""Of the cell area that clock cells at VddH take, by policy: those of OpenROAD's tree of quick with buffers X8 and X16, 26 and
the ten of them above others; larger designs need a smaller share."""


def clock_sites(flow: Flow, technology: Technology, per_side: int, cell_area: float) -> int:
    """Sites of each tile for clock cells at VddH: its part of what the policy needs, and one buffer that fits nowhere else."""
    share = _CLOCK_SHARE[flow.clock.supply_policy]
    if share * cell_area == 0.0:
        return 0
    site = technology.site_width * technology.row_height
    names = technology.roles.get("clock_buffer") or technology.roles.get("buffer", ())
    widths = [
        float(technology.cell_width[technology.cells.index[name]]) for name in names if name in technology.cells.index
    ]
    spare = math.ceil(max(widths, default=0.0) / technology.site_width)
    return math.ceil(share * cell_area / per_side**2 / site) + spare


def floorplan_request(flow: Flow, technology: Technology, per_side: int, cell_area: float) -> FloorplanRequest:
    """Vdd-MUXes, and islands for configuration chain and clock cells, where the flow wants them and the technology has the cells.

    Parameters
    ----------
    cell_area : um2, of the design: its clock cells get rows on VddH where the clock policy wants them there.
    """
    use = flow.floorplan.utilisation
    plan = flow.floorplan
    if per_side == 1:
        return FloorplanRequest(1, use)
    if not (plan.header and technology.roles.get("header")):
        return FloorplanRequest(per_side, use, header_sites=0)
    return FloorplanRequest(
        per_side,
        use,
        plan.headers_per_row,
        plan.header_cell,
        island_sites=island_sites(technology),
        clock_sites=clock_sites(flow, technology, per_side, cell_area),
    )
