"""What is said of the clock and of hold after selection."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from finevh.checks import Checks
from finevh.flow.inputs.hold import coarse_voltages, hold_corners
from finevh.flow.inputs.technology import technology_of
from finevh.flow.tables.clock_table import ClockRow, book_hold, clock_csv, proved
from finevh.flow_file import read_flow

QUICK = Path(__file__).resolve().parents[3] / "flows" / "quick.toml"
SINGLE = ClockRow("tile", 0.8, 0.8, 300.0, 20.0, 40.0, 0.5, 1, 0, None, None, "slow")
PAIR = ClockRow("tile", 0.6, 0.8, 400.0, 90.0, 5.0, 0.6, 12, 0, 30.0, 0, "slow")


def booked(*rows: ClockRow) -> dict[str, dict[str, object]]:
    checks = Checks()
    book_hold(rows, checks)
    return checks.as_dict()


def test_clean_clock_books_nothing_and_says_that_all_maps_are_proved() -> None:
    assert booked(SINGLE, PAIR) == {}
    assert proved([SINGLE, PAIR]) == (
        "hold: 13 supplies and maps checked, 0 of 2 supplies and intervals with a violation; the bound over all maps holds at "
        "every interval"
    )


def test_bound_below_zero_leaves_the_run_s_own_maps() -> None:
    row = replace(PAIR, bound_ps=-12.0, bound_violated=7, hardest_ps=5.5, hardest_violated=0)
    found = {"count": 1, "examples": ["0.6/0.8 V: hardest maps met"], "severity": "note"}
    assert booked(SINGLE, row) == {"hold_unproved": found}
    assert proved([SINGLE, row]).endswith("hardest on each register stand for all, and they meet it")
    missed = replace(row, hardest_ps=-3.0, hardest_violated=2)
    assert booked(missed)["hold_unproved"]["examples"] == ["0.6/0.8 V: hardest maps missed by 3.0 ps"]
    assert proved([SINGLE, missed]).endswith("stand for all, and 1 of these intervals miss it")


def test_violated_map_is_a_warning_with_its_worst_slack() -> None:
    found = booked(SINGLE, replace(PAIR, hold_ps=-3.25, violated=2, bound_ps=-9.0, bound_violated=4))
    assert found["hold_violated"]["severity"] == "warning"
    assert found["hold_violated"]["examples"] == ["0.6/0.8 V: up to 2 endpoints, worst -3.2 ps"]


def test_table_leaves_a_bound_empty_where_there_is_none() -> None:
    lines = clock_csv([SINGLE, PAIR]).splitlines()
    assert lines[0].startswith("policy,vdd_l_v,vdd_h_v,insertion_ps,skew_ps,hold_ps,power_mw,")
    assert lines[1] == "tile,0.8,0.8,300,20,40,0.5,1,0,,,slow,,"
    assert lines[2] == "tile,0.6,0.8,400,90,5,0.6,12,0,30,0,slow,,"


def test_hold_is_asked_at_every_supply_between_which_tiles_hop_and_at_the_fast_corner_if_named() -> None:
    flow = read_flow(QUICK, ("schemes.delta_vdd=['200 mV']",))
    flow = flow.model_copy(update={"technology": flow.technology.model_copy(update={"fast": None})})
    technology = technology_of(flow)
    assert coarse_voltages(flow) == (0.6, 0.8, 1.0)
    (slow,) = hold_corners(flow, technology)
    assert (slow.name, slow.slow) == ("slow", True)
    assert [round(float(technology.vdds[row]), 2) for row in slow.vdds] == [0.6, 0.8, 1.0]
    named = read_flow(QUICK, ("schemes.delta_vdd=['200 mV']", 'technology.fast="finevh45"'))
    corners = hold_corners(named, technology)
    assert [(corner.name, corner.slow, len(corner.technology.vdds)) for corner in corners] == [
        ("slow", True, len(technology.vdds)),
        ("fast", False, 3),
    ]
