from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from finevh.errors import InputError
from finevh.report.tables import (
    area_low,
    comparison,
    derate_effect,
    fine_curve,
    frequency_ratio,
    program_savings,
    read_points,
    savings,
    savings_summary,
    without_formulas,
)


def average(summary: pd.DataFrame, baseline: str, variant: str, base_variant: str) -> float:
    row = summary[
        (summary["tiles"] == 49)
        & (summary["baseline"] == baseline)
        & (summary["variant"] == variant)
        & (summary["baseline_variant"] == base_variant)
        & np.isclose(summary["delta_vdd_v"], 0.1)
    ]
    assert len(row) == 1
    return float(row["average_percent"].iloc[0])


def test_saving_is_one_minus_the_power_ratio_at_the_same_frequency(points: pd.DataFrame) -> None:
    summary = savings_summary(savings(points))
    assert average(summary, "ideal-dvfs", "pb0", "pb0") == pytest.approx(10.0)
    assert average(summary, "vdd-hopping", "pb0", "pb0") == pytest.approx(100 * (1 - 0.9 / 1.25))


def test_biased_fine_vh_is_compared_with_both_baselines(points: pd.DataFrame) -> None:
    summary = savings_summary(savings(points))
    assert average(summary, "ideal-dvfs", "pb", "pb0") == pytest.approx(28.0)
    assert average(summary, "ideal-dvfs", "pb", "pb") == pytest.approx(10.0)


def test_a_frequency_that_one_scheme_misses_is_left_out_of_the_comparison(points: pd.DataFrame) -> None:
    reduced = points[~((points["scheme"] == "vdd-hopping") & (points["freq_mhz"] == 400.0))]
    table = savings(reduced)
    assert 400.0 not in set(table.loc[table["baseline"] == "vdd-hopping", "freq_mhz"])
    assert 400.0 in set(table.loc[table["baseline"] == "ideal-dvfs", "freq_mhz"])


def test_area_low_reports_the_average_and_the_value_at_the_highest_frequency(points: pd.DataFrame) -> None:
    table = area_low(points)
    row = table[(table["tiles"] == 49) & (table["variant"] == "pb")].iloc[0]
    assert row["at_fmax_percent"] == 0.0
    assert 0.0 < row["average_percent"] < 100.0


def test_area_low_has_no_frequency_that_no_map_meets_on_drooped_rails(points: pd.DataFrame) -> None:
    fine = points["scheme"] == "fine-vh"
    judged = points.assign(
        nominal_power_mw=points["power_total_mw"].where(fine), drooped_slack_ps=pd.Series(1.0, points.index).where(fine)
    )
    assert area_low(judged).equals(area_low(points))
    judged.loc[fine & (judged["freq_mhz"] == judged.loc[fine, "freq_mhz"].max()), "drooped_slack_ps"] = -5.0
    keys = ["tiles", "variant", "delta_vdd_v"]
    before, after = area_low(points).set_index(keys), area_low(judged).set_index(keys)
    assert (after["at_fmax_percent"] > before["at_fmax_percent"]).all()
    assert (after["average_percent"] > before["average_percent"]).all()
    judged.loc[fine, "drooped_slack_ps"] = -5.0
    assert area_low(judged).empty


def test_frequency_ratio_is_that_of_ideal_dvfs(points: pd.DataFrame) -> None:
    assert frequency_ratio(points) == pytest.approx(4.0)


def test_comparison_never_fills_a_figure_that_the_run_lacks(points: pd.DataFrame) -> None:
    table = comparison(points, {}).set_index("key")
    assert table.loc["largest_bias_fraction", "ours"] == "not in this run"
    assert table.loc["savings__ideal_dvfs__100mv__average", "ours"].startswith("28.0")


def test_a_missing_point_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no operating points; run 'finevh run'"):
        read_points(tmp_path / "operating_points.csv")


def test_a_missing_column_is_named(tmp_path: Path, points: pd.DataFrame) -> None:
    path = tmp_path / "operating_points.csv"
    points.drop(columns="freq_mhz").to_csv(path, index=False)
    with pytest.raises(InputError, match="column 'freq_mhz' is missing"):
        read_points(path)


def test_derate_effect_puts_the_same_average_beside_itself_timed_without_derates(points: pd.DataFrame) -> None:
    plain = points[points["scheme"] == "fine-vh"].copy()
    plain["power_total_mw"] *= 0.95
    table = derate_effect(points, plain)
    row = table[
        (table["tiles"] == 49)
        & (table["variant"] == "pb0")
        & (table["baseline_variant"] == "pb0")
        & np.isclose(table["delta_vdd_v"], 0.1)
    ].iloc[0]
    assert row["with_percent"] == pytest.approx(10.0)
    assert row["without_percent"] == pytest.approx(100 - 0.95 * 90.0)


def test_a_fine_vh_curve_has_one_point_at_each_frequency_of_the_unbiased_ideal(points: pd.DataFrame) -> None:
    mesh = points[points["tiles"] == 49]
    fine = mesh[(mesh["scheme"] == "fine-vh") & (mesh["variant"] == "pb")]
    beside = fine.assign(freq_mhz=fine["freq_mhz"] + 0.001)  # the frequencies of the biased ideal-DVFS
    again = fine.assign(selector="exact", power_total_mw=0.0)  # a second selector
    curve = fine_curve(pd.concat([mesh, beside, again], ignore_index=True), "pb", 0.1)
    expected = fine[fine["delta_vdd_v"] == 0.1]
    assert curve["freq_mhz"].tolist() == expected["freq_mhz"].tolist()
    assert curve["power_total_mw"].tolist() == expected["power_total_mw"].tolist()


def test_savings_of_points_that_fail_sign_off_say_so(points: pd.DataFrame) -> None:
    assert (savings(points)["signoff"] == "").all()
    signed = points.assign(signoff="met")
    signed.loc[(points["scheme"] == "fine-vh") & (points["freq_mhz"] == 400.0), "signoff"] = "failed"
    table = savings(signed)
    assert set(table.loc[table["signoff"] == "failed", "freq_mhz"]) == {400.0}
    assert set(table.loc[table["freq_mhz"] != 400.0, "signoff"]) == {"met"}


def test_no_word_of_a_table_is_a_formula() -> None:
    table = pd.DataFrame({"scheme": ["=cmd|' /C calc'!A0", "ideal-dvfs", None], "power_mw": [-1.0, 2.0, 3.0]})
    assert without_formulas(table).to_csv(index=False).splitlines()[1:] == [
        "'=cmd|' /C calc'!A0,-1.0",
        "ideal-dvfs,2.0",
        ",3.0",
    ]


def test_programs_average_the_frequencies_that_their_maps_meet_on_drooped_rails(points: pd.DataFrame) -> None:
    mesh = points[(points["tiles"] == 49) & (points["variant"] == "pb0")].copy()
    fine = mesh["scheme"] == "fine-vh"
    mesh["nominal_power_mw"] = np.where(fine, mesh["power_total_mw"], np.nan)
    mesh["drooped_slack_ps"] = np.where(fine, 1.0, np.nan)
    programs = mesh.assign(program="loop")[
        ["program", "scheme", "variant", "delta_vdd_v", "freq_mhz", "selector", "power_total_mw"]
    ]
    top = mesh.loc[fine, "freq_mhz"].max()
    programs.loc[(programs["scheme"] == "fine-vh") & (programs["freq_mhz"] == top), "power_total_mw"] *= 2.0
    before = program_savings(programs, mesh)
    mesh.loc[fine & (mesh["freq_mhz"] == top), "drooped_slack_ps"] = -5.0
    after = program_savings(programs, mesh)
    assert (after["frequencies"] == before["frequencies"] - 1).all()
    # All other points of the fixture lie a tenth below ideal-DVFS.
    assert np.allclose(after["saving_percent"], 10.0)
    assert (before["saving_percent"] < 10.0).all()
    # The averages over all programs leave out the same frequencies.
    assert top not in set(savings(mesh)["freq_mhz"])
    judged = mesh.drop(columns=["nominal_power_mw", "drooped_slack_ps"])
    assert program_savings(programs, judged).equals(before)
