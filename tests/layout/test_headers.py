from __future__ import annotations

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import Floorplan, FloorplanRequest, make_floorplan
from finevh.layout.headers import header_drops, size_headers, tile_currents
from finevh.netlist.model import Netlist
from finevh.technology.model import Technology


def test_tile_currents_sum_the_power_of_their_cells() -> None:
    currents = tile_currents(np.array([0.5, 0.25, 1.0]), np.array([1, 1, 3]), 4, 0.5)
    assert currents.tolist() == [0.0, 1.5, 0.0, 2.0]


def test_drop_is_current_times_parallel_resistance(floorplan: Floorplan) -> None:
    rows = floorplan.n_rows // floorplan.n_tiles
    report = header_drops(floorplan, np.full(9, 0.09), 2.0, 1.0)
    assert np.allclose(report.drop, 0.09 * 2.0 / rows)
    assert (report.headers == rows).all()
    assert report.warnings == ()


def test_tiles_over_the_budget_are_named(floorplan: Floorplan) -> None:
    currents = np.full(9, 0.01)
    currents[4] = 0.5
    report = header_drops(floorplan, currents, 2.0, 0.8)
    rows = floorplan.n_rows // floorplan.n_tiles
    millivolts = 1e3 * 0.5 * 2.0 / rows
    assert report.warnings == (
        f"tile 4: {millivolts:.1f} mV over {rows} Vdd-MUXes, {millivolts / 800:.1%} of Vdd, over the budget of 5%",
    )


@pytest.mark.parametrize("current", [0.001, 0.2, 0.7, 2.3])
def test_sized_headers_keep_the_budget_and_one_less_does_not(
    netlist: Netlist, technology: Technology, current: float
) -> None:
    currents = np.full(4, current)
    rows = make_floorplan(netlist, technology, FloorplanRequest(2)).n_rows // 4
    count = size_headers(currents, 3.0, rows, 0.6)
    plan = make_floorplan(netlist, technology, FloorplanRequest(2, headers_per_row=count))
    report = header_drops(plan, currents, 3.0, 0.6)
    per_tile = len(plan.header_row) // 4
    assert per_tile == count * plan.n_rows // 4
    if plan.n_rows // 4 == rows:
        assert report.fraction.max() <= 0.05 + 1e-9
    if count > 1:
        assert current * 3.0 / ((count - 1) * rows) > 0.05 * 0.6


def test_bad_numbers_are_input_errors(netlist: Netlist, technology: Technology, floorplan: Floorplan) -> None:
    with pytest.raises(InputError, match="on-resistance 0 kOhm"):
        size_headers(np.ones(4), 0.0, 10, 1.0)
    with pytest.raises(InputError, match="4 currents for 9 tiles"):
        header_drops(floorplan, np.ones(4), 1.0, 1.0)
    with pytest.raises(InputError, match="one tile and no Vdd-MUX"):
        header_drops(make_floorplan(netlist, technology), np.ones(1), 1.0, 1.0)
