"""The Vdd-MUX of each tile follows from its currents, the on-resistances and the budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import Floorplan, FloorplanRequest, make_floorplan
from finevh.layout.supply.header_sizing import Load, choose_headers, slots_for
from finevh.layout.supply.header_table import HeaderTable
from finevh.layout.supply.vdd_mux import header_plan_table, read_header_cells
from finevh.technology.model import Technology
from tests.layout.synthetic import PINS, make_netlist, make_technology

TABLE = HeaderTable(
    source="headers.csv",
    cell=("VDDMUX_X1", "VDDMUX_X2", "VDDMUX_X8"),
    vdd_low=np.full(3, 0.8),
    vdd_high=np.full(3, 1.0),
    resistance_low=np.array([4.0, 2.0, 0.5]),
    resistance_high=np.array([2.0, 1.0, 0.25]),
)


@pytest.fixture(scope="module")
def technology() -> Technology:
    pins = {**PINS, "VDDMUX_X2": (6, ("S",), ()), "VDDMUX_X8": (18, ("S",), ())}
    return replace(make_technology(pins), roles={"header": ("VDDMUX_X1", "VDDMUX_X2", "VDDMUX_X8")})


@pytest.fixture(scope="module")
def floorplan(technology: Technology) -> Floorplan:
    return make_floorplan(
        make_netlist(600, technology=technology), technology, FloorplanRequest(2, header_cell="VDDMUX_X2")
    )


def load(mean: np.ndarray, peak: np.ndarray, on_high: bool = False) -> Load:
    return Load("program", 0.8, 1.0, on_high, mean, peak)


def test_each_tile_gets_the_weakest_switch_that_keeps_the_budget(floorplan: Floorplan, technology: Technology) -> None:
    rows = floorplan.n_rows // 4
    # Drop over supply is I * R / (rows * V): of the weak switch 5 % at I = 0.05 * 0.8 * rows / 4.
    limit = 0.01 * rows
    mean = limit * np.array([0.5, 0.99, 1.01, 1.99])
    plan = choose_headers(floorplan, technology, TABLE, [load(mean, 3 * mean)], 0.05)
    assert plan.cell == ("VDDMUX_X1", "VDDMUX_X1", "VDDMUX_X2", "VDDMUX_X2")
    assert np.allclose(plan.fraction, 0.05 * np.array([0.5, 0.99, 0.505, 0.995]))
    assert np.allclose(plan.peak_fraction, 3 * plan.fraction)
    assert (plan.count == rows).all()
    assert plan.warnings == ()


def test_the_worst_situation_decides(floorplan: Floorplan, technology: Technology) -> None:
    limit = 0.01 * (floorplan.n_rows // 4)
    mean = np.full(4, 0.9 * limit)
    # On VddH the resistance is half and the supply higher: three times the current still drops more.
    plan = choose_headers(floorplan, technology, TABLE, [load(mean, mean), load(3 * mean, 3 * mean, True)], 0.05)
    assert plan.load.tolist() == [1, 1, 1, 1]
    assert np.allclose(plan.fraction, 0.05 * 0.9 * 3 * 0.5 * 0.8 / 2)
    assert plan.cell == ("VDDMUX_X2",) * 4


def test_peak_cycles_decide_where_they_are_asked_for(floorplan: Floorplan, technology: Technology) -> None:
    limit = 0.01 * (floorplan.n_rows // 4)
    loads = [load(np.full(4, 0.5 * limit), np.full(4, 1.5 * limit))]
    assert choose_headers(floorplan, technology, TABLE, loads, 0.05).cell == ("VDDMUX_X1",) * 4
    assert choose_headers(floorplan, technology, TABLE, loads, 0.05, "peak").cell == ("VDDMUX_X2",) * 4


def test_slots_that_are_filled_take_the_strongest_switch_that_fits_and_drop_the_least(
    floorplan: Floorplan, technology: Technology
) -> None:
    limit = 0.01 * (floorplan.n_rows // 4)
    loads = [load(np.full(4, 0.5 * limit), np.full(4, 0.5 * limit))]
    weakest, widest = (choose_headers(floorplan, technology, TABLE, loads, 0.05, "average", w) for w in (False, True))
    assert weakest.cell == ("VDDMUX_X1",) * 4
    assert widest.cell == ("VDDMUX_X2",) * 4
    assert np.allclose(widest.fraction, weakest.fraction / 2)


def test_the_budget_holds_in_the_usual_cycles_and_twice_it_in_the_busiest(
    floorplan: Floorplan, technology: Technology
) -> None:
    limit = 0.01 * (floorplan.n_rows // 4)
    mean, usual, peak = (limit * np.array(x) for x in ([0.1] * 4, [0.9, 1.1, 0.9, 0.1], [1.9, 1.1, 2.1, 0.1]))
    one = Load("program", 0.8, 1.0, False, mean, peak, usual)
    plan = choose_headers(floorplan, technology, TABLE, [one], 0.05, "cycles")
    assert plan.cell == ("VDDMUX_X1", "VDDMUX_X2", "VDDMUX_X2", "VDDMUX_X1")
    assert np.allclose(plan.peak_fraction, 0.05 * peak / limit / np.array([1, 2, 2, 1]))


def test_tiles_over_the_budget_are_named_and_the_mend_with_them(floorplan: Floorplan, technology: Technology) -> None:
    rows = floorplan.n_rows // 4
    mean = 0.01 * rows * np.array([0.1, 0.1, 4.0, 0.1])
    loads = [load(mean, mean)]
    plan = choose_headers(floorplan, technology, TABLE, loads, 0.05)
    # The eightfold switch would do, and is wider than the slots.
    assert plan.cell[2] == "VDDMUX_X2"
    assert plan.warnings == (f"tile 2: {rows} x VDDMUX_X2 drop 10.0% of the supply, over the budget of 5%",)
    mend = slots_for(floorplan, technology, TABLE, loads, 0.05, "average")
    assert mend == "floorplan.header_cell = 'VDDMUX_X2' with floorplan.headers_per_row = 2 would do"


def test_slots_narrower_than_every_switch_are_refused(floorplan: Floorplan, technology: Technology) -> None:
    with pytest.raises(InputError, match=r"no cell of role 'header' in headers\.csv fits a slot of 3 sites"):
        choose_headers(replace(floorplan, header_sites=3), technology, TABLE, [], 0.05)


def test_the_table_gives_back_the_cells(floorplan: Floorplan, technology: Technology, tmp_path: Path) -> None:
    mean = 0.01 * (floorplan.n_rows // 4) * np.array([0.5, 1.5, 0.5, 1.5])
    loads = [load(mean, 2 * mean)]
    plan = choose_headers(floorplan, technology, TABLE, loads, 0.05)
    path = tmp_path / "vdd_mux.csv"
    path.write_text(header_plan_table(plan, loads))
    assert read_header_cells(path) == plan.cell
    assert read_header_cells(tmp_path / "none.csv") == ()
