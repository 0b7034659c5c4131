from __future__ import annotations

import csv
import io

import pytest

from finevh.checks import Checks
from finevh.flow.tables.glitch_table import GlitchRow, _book, glitches_csv, saving_shifts


def row(scheme: str, frequency: float, power: float, own: float | None = None, **supplies: float) -> GlitchRow:
    text = "LH" if scheme == "fine-vh" else ""
    known = {"vdd_v": None, "vdd_l_v": None, "vdd_h_v": None} | supplies
    toggles = None if own is None else 150
    return GlitchRow(scheme, "pb0", 0.1, frequency, **known, selector="", assignment=text, cycles=100.0,
                     toggles_settled=100, toggles_with_glitches=150, power_settled_mw=0.8 * power,
                     power_with_glitches_mw=power, toggles_own_delays=toggles, power_own_delays_mw=own,
                     power_middle_delays_mw=1.03 * power, own_cycles=7, standard_error=0.002)  # fmt: skip


ROWS = [
    row("ideal-dvfs", 100.0, 1.0, 1.0 / 1.008, vdd_v=0.6),
    row("ideal-dvfs", 200.0, 2.0, vdd_v=0.8),
    row("ideal-dvfs", 300.0, 4.0, 4.0 / 0.992, vdd_v=1.0),
    row("fine-vh", 150.0, 1.4, 1.4 / 1.02, vdd_l_v=0.6, vdd_h_v=0.7),
    row("fine-vh", 250.0, 2.8, vdd_l_v=0.8, vdd_h_v=0.9),
]


def test_savings_shift_by_what_both_schemes_miss_of_their_own_glitches() -> None:
    # At 150 MHz: ideal-DVFS 1.5 mW, 0.4 % too much; the map 1.4 mW, 2 % too much.
    expected = 1.4 / 1.5 - (1.4 / 1.02) / (1.5 / 1.004)
    assert saving_shifts(ROWS, 0.8) == {0.1: pytest.approx(expected)}
    assert saving_shifts(ROWS[:3], 0.8) == {}


def test_the_table_has_both_powers_and_the_error_where_it_is_known() -> None:
    found = list(csv.DictReader(io.StringIO(glitches_csv(ROWS))))
    assert [line["error_percent"] for line in found] == ["0.8", "", "-0.8", "2", ""]
    assert [float(line["power_settled_mw"]) / float(line["power_with_glitches_mw"]) for line in found] == [
        pytest.approx(0.8)
    ] * 5
    assert found[1]["power_own_delays_mw"] == found[1]["middle_error_percent"] == ""
    assert float(found[0]["middle_error_percent"]) == pytest.approx(100.0 * (1.03 * 1.008 - 1.0))
    assert {(line["own_cycles"], line["standard_error_percent"]) for line in found} == {("7", "0.2")}


def test_an_error_beyond_one_percent_is_a_warning_and_the_worst_comes_first() -> None:
    checks = Checks()
    _book(ROWS, checks)
    (kind,) = checks.as_dict()
    said = checks.as_dict()["glitches_interpolated"]
    assert kind == "glitches_interpolated"
    assert said["severity"] == "warning"
    assert said["count"] == 1
    assert said["examples"] == ["fine-vh 150 MHz at 0.6/0.7 V: +2.00 % of power"]
    calm = Checks()
    _book(ROWS[:3], calm)
    (kind,) = calm.as_dict()
    said = calm.as_dict()[kind]
    assert (kind, said["severity"], said["count"]) == ("glitches_checked", "note", 2)
    assert "2 points whose power is within 1 %" in calm.lines()[0]
