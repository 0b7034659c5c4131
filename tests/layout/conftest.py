from __future__ import annotations

import pytest

from finevh.layout import Floorplan, FloorplanRequest, Placement, make_floorplan, place
from finevh.netlist.model import Netlist
from finevh.technology.model import Technology
from tests.layout.synthetic import make_netlist, make_technology


@pytest.fixture(scope="session")
def technology() -> Technology:
    return make_technology()


@pytest.fixture(scope="session")
def netlist(technology: Technology) -> Netlist:
    return make_netlist(600, technology=technology)


@pytest.fixture(scope="session")
def floorplan(netlist: Netlist, technology: Technology) -> Floorplan:
    return make_floorplan(netlist, technology, FloorplanRequest(3, 0.7, island_sites=30))


@pytest.fixture(scope="session")
def placement(netlist: Netlist, technology: Technology, floorplan: Floorplan) -> Placement:
    return place(netlist, technology, floorplan)
