from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import Floorplan, FloorplanRequest, make_floorplan
from finevh.layout.headers import choose_header, header_drops, read_header_table, size_headers, tile_currents
from finevh.netlist.model import Netlist
from finevh.technology.model import Technology
from tests.layout.synthetic import PINS, make_technology


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


def test_narrowest_header_that_keeps_the_budget_is_chosen(technology: Technology, tmp_path: Path) -> None:
    path = tmp_path / "headers.csv"
    path.write_text(
        "cell,drive,vdd_l,vdd_h,resistance_h_kohm,resistance_l_kohm,leakage_h_mw,leakage_l_mw\n"
        "VDDMUX,1,0.8,0.9,1.0,1.2,0,0\nVDDMUX,2,0.8,0.9,0.5,0.6,0,0\n"
    )
    table = read_header_table(path)
    pins = {**PINS, "VDDMUX_X2": (6, ("S",), ())}
    two = make_technology(pins)
    two = replace(two, roles={"header": ("VDDMUX_X1", "VDDMUX_X2")})
    little = choose_header(two, table, np.array([0.1]), 10, 0.8, 0.9)
    assert (little.cell, little.count, little.sites, little.resistance) == ("VDDMUX_X1", 1, 4, 1.2)
    # 0.6 mA over 10 rows: 0.6 * 1.2 / (0.05 * 0.8 * 10) = 1.8, two X1 (8 sites) or one X2 (6 sites).
    much = choose_header(two, table, np.array([0.6]), 10, 0.8, 0.9)
    assert (much.cell, much.count, much.sites) == ("VDDMUX_X2", 1, 6)
    with pytest.raises(InputError, match=r"no Vdd-MUX 'VDDMUX_X1' at VddL 0\.7 V and VddH 0\.9 V"):
        choose_header(two, table, np.array([0.1]), 10, 0.7, 0.9)
    with pytest.raises(InputError, match="no cell of role 'header'"):
        choose_header(replace(technology, roles={}), table, np.array([0.1]), 10, 0.8, 0.9)


def test_a_table_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.csv: not a table of Vdd-MUX resistances"):
        read_header_table(tmp_path / "gone.csv")
    (tmp_path / "short.csv").write_text("cell,drive\nVDDMUX,1\n")
    with pytest.raises(InputError, match=r"short\.csv: not a table"):
        read_header_table(tmp_path / "short.csv")
