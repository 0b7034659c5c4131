from __future__ import annotations

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import Floorplan, FloorplanRequest, cell_sites, make_floorplan, make_power_grid
from finevh.layout.power_grid import SUPPLIES
from finevh.layout.supply.grid import KINDS
from finevh.netlist.model import Netlist
from finevh.technology.model import Technology
from tests.layout.synthetic import make_lef, make_netlist


def test_tiles_are_equal_squares_apart_by_the_wrapper(floorplan: Floorplan) -> None:
    box = floorplan.tile_box
    width, height = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
    assert np.ptp(width) < 1e-9
    assert np.ptp(height) < 1e-9
    assert abs(width[0] - height[0]) <= floorplan.row_height
    assert box[1, 0] - box[0, 2] == pytest.approx(floorplan.wrapper_sites * floorplan.site_width)
    assert box[3, 1] - box[0, 3] == pytest.approx(floorplan.wrapper_height)
    assert box[-1, 2:] == pytest.approx(floorplan.core[2:])


def test_every_row_of_a_tile_has_a_vdd_mux_at_the_boundary(floorplan: Floorplan) -> None:
    assert set(floorplan.header_row.tolist()) == set(range(floorplan.n_rows))
    assert np.allclose(floorplan.header_x, floorplan.tile_box[floorplan.header_tile, 0])


def test_two_vdd_muxes_per_row_stand_at_both_boundaries(netlist: Netlist, technology: Technology) -> None:
    plan = make_floorplan(netlist, technology, FloorplanRequest(2, 0.7, headers_per_row=2))
    right = plan.header_x[plan.n_rows :] + plan.header_sites * plan.site_width
    assert np.allclose(right, plan.tile_box[plan.header_tile[plan.n_rows :], 2])


def test_rows_alternate_and_segments_avoid_vdd_muxes_and_islands(floorplan: Floorplan) -> None:
    rows = floorplan.row_flipped.reshape(floorplan.n_tiles, -1)
    assert (rows[:, 1:] != rows[:, :-1]).all()
    assert rows[:, 0].all(), "the first row has its Vdd rail at the bottom, facing the void"
    free = floorplan.segments.sites.sum()
    taken = len(floorplan.header_row) * floorplan.header_sites
    islands = floorplan.n_tiles * (floorplan.island_sites + 2 * floorplan.wrapper_sites)
    assert free + taken + islands == floorplan.row_sites.sum()


def test_placeable_area_is_cell_area_over_utilisation(netlist: Netlist, technology: Technology) -> None:
    used = cell_sites(netlist, technology).sum()
    for n in (1, 2, 3):
        plan = make_floorplan(netlist, technology, FloorplanRequest(n, 0.6))
        assert 0.96 * 0.6 <= used / plan.segments.sites.sum() <= 0.6


def test_one_tile_has_no_wrapper_and_no_vdd_mux(netlist: Netlist, technology: Technology) -> None:
    plan = make_floorplan(netlist, technology, FloorplanRequest(1, 0.7, island_sites=30))
    assert (plan.wrapper_sites, plan.wrapper_height, len(plan.header_row), len(plan.island_row)) == (0, 0, 0, 0)
    assert plan.core_lines == plan.n_rows


def test_five_grids_run_in_rings_and_over_every_vdd_mux_column(floorplan: Floorplan, technology: Technology) -> None:
    grid = make_power_grid(technology, floorplan, make_lef(technology))
    rings = grid.is_ring == 1
    assert np.array_equal(np.bincount(grid.net[rings]), [4] * len(SUPPLIES))
    assert (grid.box[:, :2] >= -1e-9).all()
    assert (grid.box[:, 2:] <= np.array(floorplan.die[2:]) + 1e-9).all()
    over = (grid.kind == KINDS.index("STRIPE")) & (grid.layer == 3)  # metal4, the layer of the straps inside tiles
    counts = {net: int(np.sum(over & (grid.net == k))) for k, net in enumerate(grid.nets)}
    assert counts["VDDL"] == counts["VBP"] == counts["VBN"] == floorplan.n_tiles
    assert counts["VDDH"] == 2 * floorplan.n_tiles  # the islands have one of their own
    assert all(counts[f"VDD_T_{t // 3}_{t % 3}"] >= 3 for t in range(9))


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (FloorplanRequest(3, 1.2), "utilisation = 1.2 cannot fit"),
        (FloorplanRequest(3, 0.0), "utilisation = 0 cannot fit"),
        (FloorplanRequest(0), "the mesh is N x N with N >= 1, got N = 0"),
        (FloorplanRequest(40), "N = 40 leaves tiles lower than two rows"),
        (FloorplanRequest(14, headers_per_row=1), "narrower than cell 'DFF_X1' (17 sites)"),
        (FloorplanRequest(8, island_sites=60), "narrower than their configuration cells (65 sites)"),
        (FloorplanRequest(2, headers_per_row=0), "needs at least one Vdd-MUX"),
        (FloorplanRequest(2, header_cell="PSW"), "Vdd-MUX cell 'PSW' has no Liberty cell"),
    ],
)
def test_bad_requests_are_input_errors(
    netlist: Netlist, technology: Technology, request_: FloorplanRequest, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        make_floorplan(netlist, technology, request_)
    assert message in str(caught.value)


def test_reserved_width_replaces_a_missing_vdd_mux_cell(netlist: Netlist, technology: Technology) -> None:
    from dataclasses import replace

    bare = replace(technology, roles={})
    with pytest.raises(InputError, match="names no cell of role 'header'"):
        make_floorplan(netlist, bare, FloorplanRequest(2))
    plan = make_floorplan(netlist, bare, FloorplanRequest(2, header_sites=3))
    assert (plan.header_cell, plan.header_sites) == ("", 3)


def test_no_vdd_mux_is_counted_where_none_is_wanted(netlist: Netlist, technology: Technology) -> None:
    plan = make_floorplan(netlist, technology, FloorplanRequest(3, header_sites=0))
    assert len(plan.header_row) == 0
    assert plan.segments.sites.sum() == plan.row_sites.sum()
    with pytest.raises(InputError, match="header_sites and island_sites are widths"):
        make_floorplan(netlist, technology, FloorplanRequest(3, header_sites=-1))


def test_a_cell_without_lef_is_named(technology: Technology) -> None:
    from dataclasses import replace

    width = technology.cell_width.copy()
    width[technology.cells.index["NAND2_X1"]] = np.nan
    with pytest.raises(InputError, match="no LEF macro gives the size of cell 'NAND2_X1'"):
        make_floorplan(make_netlist(50), replace(technology, cell_width=width))
