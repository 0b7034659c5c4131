"""What ``finevh emulate`` prints: a line per scheme, the saving, the bits, in 80 columns."""

from __future__ import annotations

from typing import Any

from finevh.commands.emulate import WIDTH, emulation_lines


def point(scheme: str, power: float, **more: Any) -> dict[str, Any]:
    return {"scheme": scheme, "vdd_v": None, "vdd_l_v": 0.7, "vdd_h_v": 0.8, "power_total_mw": power, **more}


def row(tiles: int) -> dict[str, Any]:
    others = [
        point("ideal-dvfs", 2.0, vdd_v=0.725, saving_percent=10.0),
        point("vdd-hopping", 2.5, vdd_v=0.8, saving_percent=28.0),
        point("vdd-dithering", 1.5, saving_percent=-20.0),
    ]
    mine = {"design": "toy", "tiles": tiles, "variant": "pb", "delta_vdd_v": 0.1, "freq_mhz": 250.0, "schemes": others}
    mine |= {"tiles_high": 4, "worst_slack_ps": 1.25, "selector": "best:shared", "gap_percent": 2.857}
    mine |= {"bits_hex": "a5" * (tiles // 8), "lower_bound_mw": 1.7, "bound_mw": 1.75}
    return point("fine-vh", 1.8, **mine)


def test_each_frequency_shows_each_scheme_and_what_fine_vh_saves() -> None:
    lines = emulation_lines([row(16), {**row(16), "freq_mhz": 300.0}])
    assert lines[0] == "toy, 16 tiles, variant pb in every scheme, delta-Vdd 100 mV"
    assert [line for line in lines if line.endswith("MHz")] == ["250.000 MHz", "300.000 MHz"]
    shown = [line.split() for line in lines[4:8]]
    assert shown == [
        ["ideal-DVFS", "0.725", "2", "10.00", "%"],
        ["Vdd-hopping", "0.800", "2.5", "28.00", "%"],
        ["Vdd-dithering", "0.700", "/", "0.800", "1.5", "-20.00", "%"],
        ["FINE-VH", "0.700", "/", "0.800", "1.8"],
    ]
    assert lines[8].strip() == "4 of 16 tiles at VddH, slack 1.2 ps"
    assert lines[9].strip() == "selector best:shared, +2.86 % against the proven bound, 1.75 mW"
    assert lines[10].strip() == "bits a5a5"


def test_every_line_fits_a_terminal_and_no_bit_is_lost() -> None:
    lines = emulation_lines([row(400)])
    assert max(map(len, lines)) <= WIDTH
    start = next(k for k, line in enumerate(lines) if line.startswith("  bits"))
    assert "".join(lines[start:]).replace("bits", "").replace(" ", "") == "a5" * 50


def test_a_run_whose_rails_droop_is_told_that_a_search_alone_does_not_judge_them() -> None:
    lines = emulation_lines([{**row(16), "checks": {"rails_not_judged": {"count": 1}}}])
    assert lines[-1].startswith("Chosen at the supplies themselves")
    assert max(map(len, lines)) <= WIDTH
    assert not any("supplies themselves" in line for line in emulation_lines([row(16)]))
