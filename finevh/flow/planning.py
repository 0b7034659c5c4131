"""What a flow asks of a floorplan; apart from the stages, so that planning one does not load them."""

from __future__ import annotations

from finevh.config import Flow
from finevh.layout.chain import island_sites
from finevh.layout.floorplan import FloorplanRequest
from finevh.technology.model import Technology


def floorplan_request(flow: Flow, technology: Technology, per_side: int) -> FloorplanRequest:
    """Vdd-MUXes and islands for the configuration chain where the flow wants them and the technology has the cells."""
    use = flow.floorplan.utilisation
    plan = flow.floorplan
    if per_side == 1:
        return FloorplanRequest(1, use)
    if not (plan.header and technology.roles.get("header")):
        return FloorplanRequest(per_side, use, header_sites=0)
    return FloorplanRequest(
        per_side, use, plan.headers_per_row, plan.header_cell, island_sites=island_sites(technology)
    )
