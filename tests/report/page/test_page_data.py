"""What the page draws is what the tables hold."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from finevh.report.page.page_data import (
    as_json,
    boundaries,
    critical_paths,
    curves,
    saving_curves,
    sparkline,
    stepped,
    tile_values,
    work_curves,
)


def test_hopping_is_drawn_as_steps() -> None:
    rows = pd.DataFrame(
        {
            "freq_mhz": [100.0, 150.0, 200.0, 250.0, 300.0],
            "vdd_v": [0.6, 0.7, 0.7, 0.8, 0.8],
            "power_total_mw": [1.0, 3.0, 4.0, 10.0, 12.0],
        }
    )
    x, y = stepped(rows)
    assert x == [100.0, 100.0, 150.0, 200.0, 200.0, 250.0, 300.0]
    assert np.allclose(y, [1.0, 2.0, 3.0, 4.0, 8.0, 10.0, 12.0])


def test_savings_are_drawn_against_unbiased_ideal_dvfs(points: pd.DataFrame) -> None:
    found = {(curve["delta"], curve["variant"]): curve["y"] for curve in saving_curves(points)}
    assert np.allclose(found[0.1, "pb0"], 10.0)
    assert np.allclose(found[0.2, "pb"], 28.0)


def test_points_that_fail_sign_off_are_a_curve_of_their_own(points: pd.DataFrame) -> None:
    assert not any(curve["scheme"] == "failed" for curve in curves(points))
    signed = points.assign(signoff="met")
    lost = (points["scheme"] == "fine-vh") & (points["variant"] == "pb0") & (points["freq_mhz"] == 400.0)
    signed.loc[lost, "signoff"] = "failed"
    found = [curve for curve in curves(signed) if curve["scheme"] == "failed"]
    assert {curve["variant"] for curve in found} == {"pb0"}
    assert all(curve["x"] == [400.0] and len(curve["y"]) == 1 for curve in found)


def test_boundaries_are_frequencies_of_ideal_dvfs_at_the_supplies_of_hopping(points: pd.DataFrame) -> None:
    run = points.copy()
    hopping = run["scheme"] == "vdd-hopping"
    run.loc[hopping, "vdd_v"] = np.where(run.loc[hopping, "freq_mhz"] < 150, 0.6, 1.0)
    assert boundaries(run)[0.1] == [100.0]


def test_maps_take_the_quantities_that_the_table_has() -> None:
    table = pd.DataFrame(
        {"variant": "pb0", "delta_vdd_v": 0.1, "freq_mhz": 100.0, "tile": [1, 0], "power_mw": [2.0, 1.0]}
    )
    quantities, values = tile_values(table)
    assert quantities == [("power_mw", "power", " mW")]
    assert values[0]["power_mw"] == [1.0, 2.0]
    assert tile_values(None) == ([], [])


def test_json_holds_no_markup_and_no_nan() -> None:
    text = as_json({"a": ["</script>", float("nan")]})
    assert "<" not in text
    assert json.loads(text) == {"a": ["</script>", None]}


def test_a_sparkline_shows_zero_and_every_value() -> None:
    drawn = sparkline([1.0, -1.0, 3.0])
    assert drawn.count(",") == 3
    assert sparkline([1.0]) == ""


def test_paths_are_grouped_by_their_point_and_older_ones_have_no_places() -> None:
    table = pd.DataFrame(
        {
            "variant": "pb",
            "delta_vdd_v": 0.1,
            "freq_mhz": [100.0, 100.0, 200.0],
            "step": [0, 1, 0],
            "instance": ["a", "b", "c"],
            "cell": "INV_X1",
            "tile": [0, 3, 3],
            "vdd_v": 0.7,
            "delay_ps": [50.126, 60.0, 70.0],
        }
    )
    first, second = critical_paths(table)
    assert (first["variant"], first["delta"], first["freq"], second["freq"]) == ("pb", 0.1, 100.0, 200.0)
    assert [step[:5] for step in first["steps"]] == [["a", "INV_X1", 0, 0.7, 50.13], ["b", "INV_X1", 3, 0.7, 60.0]]
    assert '"c","INV_X1",3,0.7,70.0,null,null' in as_json(second)
    placed = critical_paths(table.assign(x_um=1.25, y_um=2.5))
    assert placed[1]["steps"] == [["c", "INV_X1", 3, 0.7, 70.0, 1.25, 2.5]]
    assert critical_paths(None) == []


def test_energy_curves_are_in_the_order_of_the_schemes_and_draw_one_of_two_points_side_by_side() -> None:
    rows = [("fine-vh", 0.1, f, f) for f in (100.0, 100.001, 200.0)] + [("ideal-dvfs", 0.025, 100.0, 3.0)]
    table = pd.DataFrame(rows, columns=["scheme", "delta_vdd_v", "freq_mhz", "energy_per_unit_pj"])
    table = table.assign(program="crc", unit="byte", variant="pb", energy_per_instruction_pj=np.nan)
    ideal, fine = work_curves(table)
    assert (ideal["scheme"], fine["scheme"]) == ("ideal-dvfs", "fine-vh")
    assert fine["x"] == [100.0, 200.0]
    assert '"instruction":[null,null]' in as_json(fine)
