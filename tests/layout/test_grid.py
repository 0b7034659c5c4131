"""The embedded engine's power grid passes the supply checker, and each part of it is needed for that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from finevh.layout import Floorplan, FloorplanRequest, Placement, make_floorplan, make_power_grid
from finevh.layout import floorplan as floorplan_module
from finevh.layout.chain import island_sites, make_chain
from finevh.layout.floorplan import cell_sites, tile_rail
from finevh.layout.formats.def_model import DefLayout
from finevh.layout.formats.def_read import parse_def
from finevh.layout.formats.def_write import CHAIN_PREFIX, DefOptions, format_def, make_def
from finevh.layout.supply.check import SupplyReport, always_on_cells, check_supply, intent_of
from finevh.layout.supply.grid import PowerGrid
from finevh.layout.supply.plan import rail_pins
from tests.layout.synthetic import make_lef, make_netlist, make_technology

TECHNOLOGY = make_technology()
LEF = make_lef(TECHNOLOGY)


def legal_places(floorplan: Floorplan, widths: np.ndarray) -> Placement:
    """Cells one after the other into the pieces of rows, piece by piece in turn."""
    pieces = floorplan.segments
    free, at = pieces.sites.copy(), pieces.site.copy()
    rows = np.zeros(len(widths), dtype=np.int64)
    site = np.zeros(len(widths))
    k = 0
    for cell, width in enumerate(widths.tolist()):
        k = next((k + step) % len(free) for step in range(1, len(free) + 1) if free[(k + step) % len(free)] >= width)
        rows[cell], site[cell] = k, at[k]
        at[k] += width
        free[k] -= width
    return Placement(
        x=np.round(floorplan.core[0] + site * floorplan.site_width, 4),
        y=floorplan.line_y[pieces.line[rows]],
        orient=pieces.flipped[rows].astype(np.int8),
        tile=pieces.tile[rows],
        port_x=np.zeros(40),
        port_y=np.arange(40) * 0.5,
    )


def placed(n: int, headers: int = 1, cells: int = 2000) -> tuple[Floorplan, PowerGrid, Placement]:
    netlist = make_netlist(cells, technology=TECHNOLOGY)
    request = FloorplanRequest(n, 0.6, headers, island_sites=island_sites(TECHNOLOGY) if n > 1 else 0)
    floorplan = make_floorplan(netlist, TECHNOLOGY, request)
    places = legal_places(floorplan, cell_sites(netlist, TECHNOLOGY))
    return floorplan, make_power_grid(TECHNOLOGY, floorplan, LEF), places


def layout_of(floorplan: Floorplan, grid: PowerGrid, places: Placement) -> DefLayout:
    netlist = make_netlist(len(places.x), technology=TECHNOLOGY)
    options = DefOptions("unit", *rail_pins(LEF, "metal1"))
    chain = make_chain(TECHNOLOGY, floorplan) if floorplan.n_tiles > 1 else None
    layout = make_def(netlist, TECHNOLOGY, floorplan, places, grid, options, chain)
    return parse_def(format_def(layout))  # as written and read: vias and terminals come back


def report_of(floorplan: Floorplan, layout: DefLayout) -> SupplyReport:
    rails = tuple(tile_rail(floorplan, tile) for tile in range(floorplan.n_tiles))
    return check_supply(layout, LEF, intent_of(floorplan, rails, always_on_cells(layout, CHAIN_PREFIX)))


@pytest.mark.parametrize(("n", "headers"), [(1, 1), (2, 1), (3, 1), (3, 2), (3, 4), (5, 1), (5, 3), (7, 1)])
def test_every_supply_is_one_piece_and_meets_no_other(n: int, headers: int) -> None:
    floorplan, grid, places = placed(n, headers)
    report = report_of(floorplan, layout_of(floorplan, grid, places))
    assert (report.opens, report.shorts, report.misplaced) == ((), (), ())
    assert report.clean
    assert report.components == dict.fromkeys(grid.nets, 1)


def test_a_head_as_narrow_as_its_vdd_mux_leaves_its_rail_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floorplan_module, "head_sites", lambda technology: 0)
    floorplan, grid, places = placed(3)
    report = report_of(floorplan, layout_of(floorplan, grid, places))
    assert [report.components[f"VDD_T_{t // 3}_{t % 3}"] for t in range(9)] == [2] * 9
    assert "such as finevh_vddmux_" in report.opens[0]


@pytest.mark.parametrize("net", ["VDDH", "VDDL", "VBP", "VSS", "VDD_T_1_1"])
def test_a_net_without_its_vias_falls_apart(net: str) -> None:
    floorplan, grid, places = placed(3)
    layout = layout_of(floorplan, grid, places)
    nets = tuple(replace(n, vias=()) if n.name == net else n for n in layout.special_nets)
    report = report_of(floorplan, replace(layout, special_nets=nets))
    assert report.components[net] > 1
    assert {name for name, count in report.components.items() if count > 1} == {net}


def test_a_cell_told_to_be_in_another_tile_is_on_a_wrong_rail() -> None:
    floorplan, grid, places = placed(3)
    tile = places.tile.copy()
    tile[7] = (tile[7] + 1) % 9
    report = report_of(floorplan, layout_of(floorplan, grid, replace(places, tile=tile)))
    assert report.count["supply_misplaced"] == 1
    assert "u7/VDD" in report.misplaced[0]
    assert report.count["supply_short"] > 0  # its pin lies on the rail of the tile that it stands in
