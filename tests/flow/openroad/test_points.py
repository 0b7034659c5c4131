"""Points of a run beside OpenROAD's figures: which are chosen, what each column means, on metrics that the real tool wrote."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from finevh.flow.openroad.points import chosen_points, comparison, operating_point
from finevh.openroad.run import FlowResult, StageResult
from oracles.openroad.recorded_run import RECORDED


def row(frequency: float, assignment: str, variant: str = "pb0", selector: str = "greedy") -> dict[str, str]:
    return {
        "scheme": "fine-vh", "variant": variant, "selector": selector, "assignment": assignment, "delta_vdd_v": "0.2",
        "freq_mhz": str(frequency), "vdd_l_v": "0.8", "vdd_h_v": "1.0", "worst_slack_ps": "1.5", "power_total_mw": "11.0",
        "power_switching_mw": "5.0", "power_internal_mw": "5.9", "power_leakage_mw": "0.1",
    }  # fmt: skip


def test_points_are_mixed_unbiased_maps_of_one_selector_spread_over_the_table() -> None:
    rows = [row(400.0 + k, "LH" if k else "HH") for k in range(9)]
    rows += [
        row(999.0, "LH", variant="pb"),
        row(998.0, "LH", selector="exact"),
        row(997.0, "") | {"scheme": "ideal-dvfs"},
    ]
    assert [float(r["freq_mhz"]) for r in chosen_points(rows, 2)] == [403.0, 407.0]
    assert len(chosen_points(rows, 100)) == 8
    assert chosen_points(rows[:1], 3) == rows[:1]
    assert chosen_points([], 3) == []


def test_a_point_gives_every_tile_its_supply_and_the_period_of_its_frequency() -> None:
    point = operating_point(row(500.0, "LHHL"))
    assert point.name == "800_1000mV_500.0MHz"
    assert point.period == pytest.approx(2000.0)  # ps
    assert point.tile_vdd == (0.8, 1.0, 1.0, 0.8)


def test_figures_are_those_of_the_working_clock_in_the_runs_units() -> None:
    """``timing__fmax`` of the recorded run is the configuration clock's 7.76 GHz; the working clock reaches 436 MHz."""
    recorded = json.loads((RECORDED / "metrics" / "12-point_800_1000mV.json").read_text())
    name = operating_point(row(555.6, "HL")).name
    metrics = {key.replace("800_1000mV", name): value for key, value in recorded.items()}
    result = FlowResult(Path(), "26Q3", (StageResult(f"point_{name}", Path(), metrics, (), False),))
    (line,) = csv.DictReader(io.StringIO(comparison([row(555.6, "HL")], result, "clk_i")))
    assert float(line["setup_openroad_ps"]) == pytest.approx(-491.516)
    assert float(line["hold_openroad_ps"]) == pytest.approx(-63.7323)
    assert float(line["fmax_openroad_mhz"]) == pytest.approx(436.392)
    assert float(line["power_openroad_mw"]) == pytest.approx(11.5684)
    assert float(line["leakage_openroad_mw"]) == pytest.approx(0.0445528)
    assert float(line["setup_ps"]) == 1.5


def test_what_openroad_did_not_report_is_empty() -> None:
    result = FlowResult(Path(), "26Q3", ())
    (line,) = csv.DictReader(io.StringIO(comparison([row(500.0, "HL")], result, "clk_i")))
    assert line["setup_openroad_ps"] == line["power_openroad_mw"] == ""
