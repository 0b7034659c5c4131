from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import FloorplanRequest, make_floorplan
from finevh.layout.supply.header_sizing import choose_header, size_headers
from finevh.layout.supply.header_table import read_header_table
from finevh.layout.supply.vdd_mux import VddMuxes, read_vdd_muxes
from finevh.netlist.model import Netlist
from finevh.power.tiles.tile_currents import tile_currents
from finevh.technology.model import Technology
from tests.layout.synthetic import PINS, make_technology


def test_tile_currents_sum_the_power_of_their_cells() -> None:
    currents = tile_currents(np.array([0.5, 0.25, 1.0]), np.array([1, 1, 3]), 4, 0.5)
    assert currents.tolist() == [0.0, 1.5, 0.0, 2.0]


PAIRS = """cell,drive,vdd_l,vdd_h,resistance_h_kohm,resistance_l_kohm,static_h_mw,static_l_mw
VDDMUX,1,0.8,0.9,1,1,3e-6,2e-6
VDDMUX,1,0.8,1.0,1,1,7e-6,4e-6
VDDMUX,1,0.9,1.0,1,1,5e-6,1e-6
VDDMUX,2,0.8,0.9,1,1,9e-6,8e-6
"""


def test_vdd_muxes_of_a_tile_draw_their_number_times_what_one_does(tmp_path: Path) -> None:
    path = tmp_path / "headers.csv"
    path.write_text(PAIRS, encoding="utf-8")
    table = read_header_table(path)
    muxes = VddMuxes(table, ("VDDMUX_X1", "VDDMUX_X2", "VDDMUX_X1"), np.array([4, 3, 0], dtype=np.int32))
    assert muxes.leakage(0.8, 0.9) == pytest.approx(np.array([[8e-6, 24e-6, 0.0], [12e-6, 27e-6, 0.0]]))
    assert muxes.of_map(0.8, 0.9, np.array([True, False, True])) == pytest.approx([12e-6, 24e-6, 0.0])
    # Between three pairs that are characterised, and not beyond them.
    assert table.leakage("VDDMUX_X1", 0.85, 0.95) == pytest.approx((1.5e-6, 4e-6))
    for cell, low, high in (("VDDMUX_X1", 0.7, 0.9), ("VDDMUX_X2", 0.8, 1.0)):
        with pytest.raises(InputError, match="no Vdd-MUX"):
            table.leakage(cell, low, high)


def test_a_table_without_static_power_says_so(tmp_path: Path) -> None:
    path = tmp_path / "headers.csv"
    path.write_text("\n".join(line.rsplit(",", 2)[0] for line in PAIRS.splitlines()), encoding="utf-8")
    table, plan = read_header_table(path), tmp_path / "vdd_mux.csv"
    plan.write_text("tile,vdd_mux,cell\n0,4,VDDMUX_X1\n", encoding="utf-8")
    assert read_vdd_muxes(plan, table) is None
    with pytest.raises(InputError, match="no leakage of Vdd-MUXes; characterise the headers"):
        table.leakage("VDDMUX_X1", 0.8, 0.9)
    path.write_text(PAIRS, encoding="utf-8")
    found = read_vdd_muxes(plan, read_header_table(path))
    assert found is not None
    assert found.leakage(0.8, 0.9).tolist() == [[8e-6], [12e-6]]
    assert read_vdd_muxes(tmp_path / "none.csv", read_header_table(path)) is None


@pytest.mark.parametrize("current", [0.001, 0.2, 0.7, 2.3])
def test_sized_headers_keep_the_budget_and_one_less_does_not(
    netlist: Netlist, technology: Technology, current: float
) -> None:
    currents = np.full(4, current)
    rows = make_floorplan(netlist, technology, FloorplanRequest(2)).n_rows // 4
    count = size_headers(currents, 3.0, rows, 0.6)
    plan = make_floorplan(netlist, technology, FloorplanRequest(2, headers_per_row=count))
    per_tile = len(plan.header_row) // 4
    assert per_tile == count * plan.n_rows // 4
    if plan.n_rows // 4 == rows:
        assert current * 3.0 / per_tile <= 0.05 * 0.6 + 1e-9
    if count > 1:
        assert current * 3.0 / ((count - 1) * rows) > 0.05 * 0.6


def test_bad_numbers_are_input_errors() -> None:
    with pytest.raises(InputError, match="on-resistance 0 kOhm"):
        size_headers(np.ones(4), 0.0, 10, 1.0)


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
    assert (little.cell, little.count, little.sites, little.resistance) == ("VDDMUX_X1", 1, 6, 1.2)
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
