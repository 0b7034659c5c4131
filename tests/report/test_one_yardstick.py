from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from finevh.report.one_yardstick import Measured, measure_runs, power_at
from finevh.report.tables import POINT_COLUMNS


def row(scheme: str, freq: float, dynamic: float, leakage: float, slack: float = 0.0, **more: Any) -> dict[str, Any]:
    parts = {"power_switching_mw": 0.25 * dynamic, "power_internal_mw": 0.75 * dynamic, "power_leakage_mw": leakage}
    common = {"design": "d", "tiles": 9, "variant": "pb0", "scheme": scheme, "freq_mhz": freq, "worst_slack_ps": slack}
    return {**common, "power_total_mw": dynamic + leakage, "power_interface_leakage_mw": 0.0, **parts, **more}


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows).reindex(columns=POINT_COLUMNS)


def fine(freq: float, dynamic: float, leakage: float, selector: str = "best") -> dict[str, Any]:
    return row("fine-vh", freq, dynamic, leakage, delta_vdd_v=0.1, selector=selector, assignment="L" * 9)


def test_a_row_serves_lower_frequencies_at_its_energy_per_cycle() -> None:
    rows = table(row("ideal-dvfs", 100.0, 1.0, 0.5), row("ideal-dvfs", 200.0, 4.0, 1.0))
    found = power_at(rows, [50.0, 100.0, 150.0, 200.0, 250.0])
    assert found[:4] == pytest.approx([0.5 + 0.5, 1.0 + 0.5, 3.0 + 1.0, 5.0])
    assert np.isnan(found[4])


def test_slack_is_frequency_that_a_row_could_have_had() -> None:
    rows = table(row("fine-vh", 100.0, 1.0, 0.5, slack=2000.0))  # 10 ns less 2 ns is 125 MHz
    found = power_at(rows, [125.0, 126.0])
    assert found[0] == pytest.approx(1.25 + 0.5)
    assert np.isnan(found[1])


def test_slack_on_drooped_rails_is_what_counts_where_a_run_judged_it() -> None:
    rows = pd.DataFrame([row("fine-vh", 100.0, 1.0, 0.5, slack=2000.0, drooped_slack_ps=0.0)])
    assert np.isnan(power_at(rows, [125.0])[0]), "at the supplies it would reach 125 MHz"
    missed = pd.DataFrame([row("fine-vh", 100.0, 1.0, 0.5, slack=2000.0, drooped_slack_ps=-100.0)])
    assert np.isnan(power_at(missed, [100.0])[0])
    assert power_at(missed, [99.0])[0] == pytest.approx(0.99 + 0.5)


def test_a_faster_layout_is_measured_by_the_first_ones_curve_and_by_its_own() -> None:
    first = table(row("ideal-dvfs", 100.0, 1.0, 1.0), row("ideal-dvfs", 200.0, 3.0, 1.0), fine(200.0, 2.0, 1.0))
    faster = table(row("ideal-dvfs", 200.0, 1.0, 1.0), fine(200.0, 0.9, 0.9), fine(200.0, 9.0, 9.0, "greedy"))
    found = measure_runs([first, faster])
    # At 100 and 200 MHz: ideal-DVFS of the first run 2 and 4 mW, its FINE-VH 2 and 3; of the faster one 1.5 and 2, 1.35 and 1.8.
    assert found == [
        Measured(0, "pb0", 0.1, pytest.approx(12.5), pytest.approx(12.5), pytest.approx(0.0), 2, 2),
        Measured(1, "pb0", 0.1, pytest.approx(10.0), pytest.approx(43.75), pytest.approx(37.5), 2, 2),
    ]


def test_frequencies_out_of_reach_are_left_out_and_counted() -> None:
    first = table(row("ideal-dvfs", 100.0, 1.0, 1.0), row("ideal-dvfs", 200.0, 3.0, 1.0), fine(200.0, 2.0, 1.0))
    slower = table(row("ideal-dvfs", 150.0, 1.5, 1.0), fine(150.0, 1.5, 0.5))
    assert [(one.reached, one.asked) for one in measure_runs([first, slower])] == [(2, 2), (1, 2)]
