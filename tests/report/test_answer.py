"""The first lines of a report say what its tables say."""

from __future__ import annotations

import numpy as np
import pandas as pd

from finevh.report.answer import choices, sentences, sign_off


def test_the_best_choice_is_the_one_with_the_largest_average_saving(points: pd.DataFrame) -> None:
    best = choices(points)[0]
    # Biased FINE-VH draws 0.8 * 0.9 of the unbiased ideal-DVFS at every frequency and 0.9 of its own.
    assert (best.delta_vdd, best.variant) == (0.1, "pb")
    assert np.isclose(best.average, 28.0)
    assert np.isclose(best.own_average, 10.0)
    assert (best.losing, best.frequencies) == (0, 4)


def test_the_answer_names_delta_vdd_bias_average_and_span(points: pd.DataFrame) -> None:
    said = sentences(points)
    assert said[0] == (
        "At ΔVdd = 100 mV, FINE-VH with poly-bias draws 28.0 % less than ideal-DVFS without bias on average "
        "(saving 28.0 to 28.0 % over 4 frequencies), and 10.0 % less than ideal-DVFS with the same bias."
    )
    assert any("interface leakage" in sentence and "5.0 % of the power" in sentence for sentence in said)


def test_frequencies_at_which_it_loses_are_said(points: pd.DataFrame) -> None:
    worse = points.copy()
    at = (worse["scheme"] == "fine-vh") & (worse["freq_mhz"] == 400.0)
    worse.loc[at, "power_total_mw"] *= 2.0
    assert any("At 1 of 4 frequencies it draws more, at worst 44.0 % at 400 MHz" in s for s in sentences(worse))


def test_a_run_without_fine_vh_says_so_first_and_shows_the_others(points: pd.DataFrame) -> None:
    said = sentences(points[points["scheme"] != "fine-vh"])
    assert said[0].startswith("FINE-VH is left out: the technology has no cross-voltage tables")
    one = points[points["scheme"] != "fine-vh"].assign(tiles=1)
    assert sentences(one)[0].startswith("FINE-VH is left out: the design is one tile")
    assert "At ΔVdd = 100 mV, Vdd-hopping draws 25.0 % more than ideal-DVFS on average." in said


def test_sign_off_is_said_to_be_missing_met_or_failed() -> None:
    assert sign_off(None) == "Sign-off: not run (finevh signoff)."
    table = pd.DataFrame({"met": [True, True], "setup_ps": [3.0, 1.0], "hold_ps": [5.0, 2.0]})
    assert sign_off(table) == "Sign-off: all points met (2 checked, worst setup 1.0 ps, worst hold 2.0 ps)."
    table.loc[1, "met"] = False
    assert "1 of 2 points FAIL" in sign_off(table)
    table["corner"] = ["slow", "slow"]
    assert sign_off(table).endswith("worst hold 2.0 ps; no fast corner).")
    table["corner"] = ["slow fast", "slow fast"]
    assert sign_off(table).endswith("worst hold 2.0 ps).")
    table["drooped_worst_ps"] = [float("nan"), 4.0]
    assert sign_off(table).endswith("0 of 1 FINE-VH points miss their clock.")
    table["drooped_worst_ps"] = [float("nan"), -31.0]
    assert sign_off(table).endswith("1 of 1 FINE-VH points miss their clock, by up to 31 ps.")


def test_what_drooped_rails_cost_and_where_no_map_meets_them_is_said_and_left_out(points: pd.DataFrame) -> None:
    assert "drooped rails" not in " ".join(sentences(points))
    fine = points["scheme"] == "fine-vh"
    raised = points.assign(
        nominal_power_mw=np.where(fine, points["power_total_mw"] / 1.05, np.nan),
        drooped_slack_ps=np.where(fine, 1.0, np.nan),
    )
    assert "Meeting the clock on drooped rails costs 5.0 %" in sentences(raised)[-1]
    raised.loc[fine & (points["freq_mhz"] == 400.0), "drooped_slack_ps"] = -5.0
    raised.loc[fine & (points["freq_mhz"] == 300.0), "drooped_slack_ps"] = np.nan  # a drop that nothing could time
    assert "over 2 frequencies" in sentences(raised)[0]
    assert any(
        said.startswith("At 2 of 4 frequencies no map meets its clock on drooped rails") for said in sentences(raised)
    )
