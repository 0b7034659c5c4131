from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import Floorplan, FloorplanRequest, Placement, half_perimeter, make_floorplan, place
from finevh.layout.legalize import legalize, replace_incremental
from finevh.netlist.edit import BufferPlan, insert_buffers, replace_cells
from finevh.netlist.model import Netlist
from finevh.technology.model import Technology
from tests.layout.synthetic import make_netlist


def _buffered(netlist: Netlist, technology: Technology, count: int) -> Netlist:
    nets = np.arange(20, 20 + count, dtype=np.int32)
    none = np.zeros(0, dtype=np.int32)
    kind = np.full(count, technology.cells.index["BUF_X4"], dtype=np.int32)
    return insert_buffers(netlist, BufferPlan(kind, nets, np.full(count, -1, np.int32), none, none), "buf")


def test_a_legal_placement_is_kept(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement
) -> None:
    again = replace_incremental(netlist, technology, floorplan, placement)
    assert np.array_equal(again.x, placement.x)
    assert np.array_equal(again.y, placement.y)
    assert np.array_equal(again.tile, placement.tile)
    assert np.array_equal(again.orient, placement.orient)


def test_resized_cells_stay_and_push_only_neighbours(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement
) -> None:
    small, large = technology.cells.index["NAND2_X1"], technology.cells.index["NAND2_X2"]
    chosen = np.flatnonzero(netlist.cell_type == small)[:25]
    kind = netlist.cell_type.copy()
    kind[chosen] = large
    after = replace_incremental(replace_cells(netlist, kind), technology, floorplan, placement)
    shift = abs(after.x - placement.x) + abs(after.y - placement.y)
    assert np.median(shift) == 0.0
    assert shift[chosen].mean() < 1.0


def test_appended_buffers_land_near_their_wish(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement
) -> None:
    grown = _buffered(netlist, technology, 12)
    wish_x, wish_y = placement.x[100:112] + 0.3, placement.y[100:112] + 0.5
    after = replace_incremental(grown, technology, floorplan, placement, wish_x, wish_y)
    n = netlist.n_cells
    width = technology.cell_width[grown.cell_type[n:]]
    away = abs(after.x[n:] + width / 2 - wish_x) + abs(after.y[n:] + technology.row_height / 2 - wish_y)
    assert away.mean() < 4.0
    assert (abs(after.x[:n] - placement.x) + abs(after.y[:n] - placement.y)).mean() < 0.5


def test_rough_places_become_legal_near_by(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement
) -> None:
    rng = np.random.default_rng(2)
    x = placement.x + rng.normal(0, 0.5, netlist.n_cells)
    y = placement.y + rng.normal(0, 0.5, netlist.n_cells)
    after = legalize(netlist, technology, floorplan, x, y, placement.port_x, placement.port_y)
    assert (abs(after.x - x) + abs(after.y - y)).mean() < 1.5
    wires = [half_perimeter(netlist, technology, p).sum() for p in (placement, after)]
    assert wires[1] < 1.25 * wires[0]


def test_wishes_outside_the_core_are_brought_in(technology: Technology) -> None:
    netlist = make_netlist(60, technology=technology)
    plan = make_floorplan(netlist, technology, FloorplanRequest(1, 0.7))
    far = np.full(60, 1e4)
    after = legalize(netlist, technology, plan, far, -far, np.zeros(40), np.zeros(40))
    assert after.x.max() <= plan.core[2]


def test_cells_beyond_the_rows_are_refused_by_name(technology: Technology) -> None:
    netlist = make_netlist(200, technology=technology)
    plan = make_floorplan(netlist, technology, FloorplanRequest(2, 0.95))
    placed = place(netlist, technology, make_floorplan(netlist, technology, FloorplanRequest(2, 0.6)))
    grown = _buffered(netlist, technology, 60)
    centre = np.full(60, 10.0)
    x, y = np.append(placed.x, centre), np.append(placed.y, centre)
    with pytest.raises(InputError, match=r"utilisation: no row has \d+ free sites for cell '"):
        legalize(grown, technology, plan, x, y, placed.port_x, placed.port_y)


def test_wishes_must_match_the_appended_cells(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement
) -> None:
    with pytest.raises(InputError, match="12 appended cells, but 3 and 3 wished places"):
        replace_incremental(
            _buffered(netlist, technology, 12), technology, floorplan, placement, np.ones(3), np.ones(3)
        )
    longer = replace(placement, x=np.append(placement.x, 0.0))
    with pytest.raises(InputError, match="-1 appended cells"):
        replace_incremental(netlist, technology, floorplan, longer)
