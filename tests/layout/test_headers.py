from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import FloorplanRequest, make_floorplan
from finevh.layout.supply.headers import choose_header, read_header_table, size_headers, tile_currents
from finevh.netlist.model import Netlist
from finevh.technology.model import Technology
from tests.layout.synthetic import PINS, make_technology


def test_tile_currents_sum_the_power_of_their_cells() -> None:
    currents = tile_currents(np.array([0.5, 0.25, 1.0]), np.array([1, 1, 3]), 4, 0.5)
    assert currents.tolist() == [0.0, 1.5, 0.0, 2.0]


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
