"""What sign-off says and how it is answered, on tables made by hand; names and supplies of points; what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from finevh.checks import Checks
from finevh.cli import run_command
from finevh.commands.signoff_text import Comparison, SignoffResult, signoff_notes, signoff_tables, verdict
from finevh.errors import InputError
from finevh.flow.signoff import DroopEntry, SupplyMap, activity_by_name, supply_maps, tiles_of
from finevh.flow.stages.signoff import read_droop
from finevh.netlist import parse_verilog
from finevh.power.activity import activity_from_probabilities
from finevh.schemes import OperatingPoint
from finevh.technology.model import Technology

NETLIST = """\
module top (a, y);
  input a; output y; wire n;
  NAND2_X1 u1 (.A1(a), .A2(a), .ZN(n));
  INV_X1 u2 (.A(n), .ZN(y));
endmodule
"""
UPF = """\
create_power_domain PD_0 -elements {u1}
create_power_domain PD_1 -elements {u2}
create_power_switch SW_0 -domain PD_0 -output_supply_port {out V0} -control_port {sel s\\[0\\]}
create_power_switch SW_1 -domain PD_1 -output_supply_port {out V1} -control_port {sel s\\[1\\]}
"""


def result(hold: float = 2.0, comparisons: tuple[Comparison, ...] = ()) -> SignoffResult:
    rows = {
        "scheme": ["ideal-dvfs", "fine-vh"],
        "variant": ["pb0", "pb"],
        "freq_mhz": [500.0, 400.0],
        "corner": ["slow", "slow"],
        "setup_ps": [0.5, 12.25],
        "hold_ps": [4.0, hold],
        "worst_droop_fraction": [np.nan, 0.08],
        "noise_margin_v": [np.nan, 0.31],
        "met": [True, hold >= 0],
    }
    return SignoffResult(pd.DataFrame(rows), 0, Checks(), comparisons)


def point(
    scheme: str, freq: float, low: float | None, high: float | None, vdd: float | None, bits: str = ""
) -> OperatingPoint:
    return OperatingPoint(
        "toy", 2, scheme, "pb0", 0.1, freq, low, high, vdd, None, None, None, 1.0, 0.5, 0.4, 0.1, 0.0, "best", bits
    )  # fmt: skip


def text_of(found: SignoffResult) -> str:
    console = Console(width=140)
    with console.capture() as capture:
        for table in signoff_tables(found):
            console.print(table)
    return capture.get()


def test_the_answer_counts_points_and_gives_the_worst_of_each_check() -> None:
    figures = result().figures()
    assert figures == {
        "points": 2, "met": 2, "unchecked": 0, "corners": ["slow"], "worst_setup_ps": 0.5, "worst_hold_ps": 2.0,
        "worst_droop_fraction": 0.08, "worst_drooped_setup_ps": None, "missed_on_drooped_rails": 0, "smallest_margin_v": 0.31,
    }  # fmt: skip
    assert "8.0%" in text_of(result())
    assert verdict(result()) is None


def test_a_failed_point_is_named_with_its_slack() -> None:
    said = verdict(result(hold=-3.5))
    assert said is not None
    assert "1 of 2 points fail" in said
    assert "fine-vh, variant pb, 400.000 MHz" in said
    assert "hold -3.5 ps" in said


def test_another_timer_agrees_within_a_picosecond_or_half_a_per_cent_of_the_period() -> None:
    near = Comparison("pb0", 1.0, 500.0, 20.0, 29.9, 4.0, 4.2)
    far = Comparison("pb0", 1.0, 500.0, 20.0, 30.1, 4.0, 4.2)
    blind = Comparison("pb0", 1.0, 500.0, 20.0, 20.0, 4.0, None)
    assert (near.agrees, far.agrees, blind.agrees) == (True, False, False)
    said = verdict(result(comparisons=(near, far)))
    assert said == "OpenSTA has other slacks at 1 of 2 points"
    assert "NO" in text_of(result(comparisons=(near, far)))


def test_a_missing_fast_corner_and_a_droop_that_is_not_judged_are_said() -> None:
    said = "\n".join(signoff_notes(result()))
    assert "[technology] fast names no fast corner" in said
    assert "droop is shown, not judged" in said


def test_supplies_that_share_the_time_are_checked_at_their_own_frequencies() -> None:
    alone = {("pb0", 0.8): 300.0, ("pb0", 0.9): 400.0}
    low, high = SupplyMap("pb0", 0.8, 0.8), SupplyMap("pb0", 0.9, 0.9)
    assert supply_maps(point("vdd-dithering", 350.0, 0.8, 0.9, None), alone) == [(low, 300.0), (high, 400.0)]
    assert supply_maps(point("vdd-dithering", 250.0, 0.8, 0.9, None), alone) == [(low, 250.0)]
    assert supply_maps(point("vdd-dithering", 350.0, 0.7, 0.9, None), alone) == []
    assert supply_maps(point("vdd-hopping", 350.0, None, None, 0.9), alone) == [(high, 350.0)]
    mixed = SupplyMap("pb0", 0.8, 0.9, "LH")
    assert supply_maps(point("fine-vh", 350.0, 0.8, 0.9, None, "LH"), alone) == [(mixed, 350.0)]


def test_droop_belongs_to_the_point_of_its_selector_and_frequency() -> None:
    entry = DroopEntry("pb0", 0.1, 350.0000004, "best", 0.04)
    assert entry.of(point("fine-vh", 350.0, 0.8, 0.9, None, "LH"))
    assert not entry.of(point("fine-vh", 351.0, 0.8, 0.9, None, "LH"))
    assert not entry.of(point("ideal-dvfs", 350.0, None, None, 0.9))


def test_tiles_are_those_of_the_power_intent(one_supply: Technology, tmp_path: Path) -> None:
    netlist = parse_verilog(NETLIST, one_supply, "top")
    (tmp_path / "top.upf").write_text(UPF)
    assert dict(zip(netlist.instance_names, tiles_of(netlist, tmp_path / "top.upf"), strict=True)) == {"u1": 0, "u2": 1}
    (tmp_path / "top.upf").write_text(UPF.replace("{u2}", "{u2 u3}"))
    with pytest.raises(InputError, match=r"domain 'PD_1' has 'u3', which the netlist does not have"):
        tiles_of(netlist, tmp_path / "top.upf")
    (tmp_path / "top.upf").write_text(UPF.replace("{sel s\\[1\\]}", "{sel s}"))
    with pytest.raises(InputError, match="switch 'SW_1' has no domain, or no bit"):
        tiles_of(netlist, tmp_path / "top.upf")


def test_patterns_follow_their_instances_into_another_order(one_supply: Technology) -> None:
    netlist = parse_verilog(NETLIST, one_supply, "top")
    probability = np.array([{"a": 0.25, "n": 0.75}.get(name, 0.5) for name in netlist.net_names])
    activity = activity_from_probabilities(netlist, probability, np.zeros(netlist.n_nets))
    turned = parse_verilog(
        NETLIST.replace("  NAND2_X1 u1 (.A1(a), .A2(a), .ZN(n));\n", "").replace(
            "endmodule", "  NAND2_X1 u1 (.A1(a), .A2(a), .ZN(n));\nendmodule"
        ),
        one_supply,
        "top",
    )
    assert turned.instance_names == netlist.instance_names[::-1]
    found = activity_by_name(activity, netlist.instance_names, turned)
    assert found.pattern_probability == pytest.approx([0.25, 0.75, 0.5625, 0.1875, 0.1875, 0.0625])
    with pytest.raises(InputError, match="other instances than the run's"):
        activity_by_name(activity, ("u1", "u9"), turned)


def test_a_damaged_droop_table_is_an_error_and_a_missing_one_is_none(tmp_path: Path) -> None:
    assert read_droop(tmp_path / "droop.csv") == []
    (tmp_path / "droop.csv").write_text("variant,delta_vdd_v,freq_mhz,selector,worst_fraction\npb0,0.1,x,best,0.1\n")
    with pytest.raises(InputError, match=r"droop\.csv: damaged"):
        read_droop(tmp_path / "droop.csv")


def test_a_folder_without_a_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["signoff", str(tmp_path)]) == 2
    assert "no run here" in capsys.readouterr().err


def test_points_that_miss_their_clock_on_drooped_rails_are_counted_and_not_judged() -> None:
    found = result()
    found.table["drooped_worst_ps"] = [np.nan, -40.5]
    figures = found.figures()
    assert (figures["worst_drooped_setup_ps"], figures["missed_on_drooped_rails"], figures["met"]) == (-40.5, 1, 2)
    assert any("1 FINE-VH points miss their clock, by up to 40.5 ps" in note for note in signoff_notes(found))
