from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.power import merge_activities, read_saif, read_vcd
from tests.power.tiny import netlist

VCD = """$date today $end
$timescale 1ps $end
$scope module tb $end
$scope module dut $end
$var wire 1 ! a $end
$var wire 1 " b $end
$var wire 1 # y $end
$upscope $end
$upscope $end
$enddefinitions $end
#0
$dumpvars
0!
x"
x#
$end
#10
1!
1"
0#
#20
0!
1#
#25
1!
#25
0!
#30
b0 "
1#
#40
"""


@pytest.fixture
def gate() -> Netlist:
    return netlist(["a", "b"], ["y"], [("g", "NAND2", {"A1": "a", "A2": "b", "ZN": "y"})])


def write(folder: Path, text: str, name: str = "dump.vcd") -> Path:
    path = folder / name
    path.write_text(text, encoding="ascii")
    return path


def test_vcd_toggles_and_joint_patterns(tmp_path: Path, gate: Netlist) -> None:
    activity = read_vcd(write(tmp_path, VCD), gate, period_ps=10.0)
    assert activity.toggles is not None
    # a rises at 10 and falls at 20; the pair at 25 ps cancels; b falls at 30; the first values are no toggles.
    assert dict(zip(gate.net_names, activity.toggles.tolist(), strict=True)) == {"a": 2, "b": 1, "y": 1}
    assert activity.probability[gate.net_index["b"]] == 0.5
    # 0..10 a=0 b unknown (0), 10..20 a=b=1, 20..30 a=0 b=1, 30..40 both 0.
    assert activity.pattern_probability.tolist() == [0.5, 0.0, 0.25, 0.25]
    assert activity.joint


def test_vcd_window_counts_only_inside(tmp_path: Path, gate: Netlist) -> None:
    activity = read_vcd(write(tmp_path, VCD), gate, period_ps=10.0, start_ps=15.0, end_ps=35.0)
    assert activity.toggles is not None
    assert activity.toggles[gate.net_index["a"]] == 1
    assert activity.cycles == 2.0
    assert activity.pattern_probability.tolist() == [0.25, 0.0, 0.5, 0.25]


def test_vcd_cycles_come_from_the_clock(tmp_path: Path, gate: Netlist) -> None:
    assert read_vcd(write(tmp_path, VCD), gate, clock="a").cycles == 1.0
    with pytest.raises(InputError, match="name the clock port"):
        read_vcd(write(tmp_path, VCD), gate)


def test_vcd_without_an_inner_net_is_completed_by_propagation(tmp_path: Path, gate: Netlist) -> None:
    text = VCD.replace("$var wire 1 # y $end\n", "")
    activity = read_vcd(write(tmp_path, text), gate, period_ps=10.0)
    assert not activity.joint
    assert activity.probability[gate.net_index["y"]] == pytest.approx(1 - 0.25 * 0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "no .enddefinitions"),
        (VCD.replace("$timescale 1ps $end", ""), "no .timescale"),
        (VCD.replace(" a ", " q ").replace(" b ", " r ").replace(" y ", " s "), "shows no net"),
        (VCD.replace("#20", "#later"), "dump.vcd:21: '#later' is no time"),
        (VCD.replace("#20", "#5"), "dump.vcd:21: '#5' is no time after #10"),
        (VCD.replace("#40", "#99999999999999999999"), "is no time after"),
        (VCD.replace("wire 1 !", "wire one !"), "dump.vcd:5: 'one' is no number of bits"),
        (VCD.replace("1ps", "1 parsec"), "parsec"),
    ],
)
def test_wrong_vcd_is_refused_with_its_place(tmp_path: Path, gate: Netlist, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_vcd(write(tmp_path, text), gate, period_ps=10.0)


SAIF = """(SAIFILE (SAIFVERSION "2.0") (DIRECTION "backward") (TIMESCALE 1 ps) (DURATION 400)
 (INSTANCE tb (INSTANCE dut
  (PORT (a (T0 300) (T1 100) (TX 0) (TC 4) (IG 0)) (b (T0 200) (T1 100) (TX 100) (TC 2) (IG 0)))
  (NET (y (T0 100) (T1 300) (TX 0) (TC 3) (IG 0))))))
"""


def test_saif_rates_and_probabilities(tmp_path: Path, gate: Netlist) -> None:
    activity = read_saif(write(tmp_path, SAIF, "a.saif"), gate, period_ps=100.0)
    assert activity.toggle_rate.tolist() == [1.0, 0.5, 0.75]
    assert activity.probability.tolist() == pytest.approx([0.25, 1 / 3, 0.75])
    assert not activity.joint
    assert activity.pattern_probability.tolist() == pytest.approx([0.5, 1 / 6, 0.25, 1 / 12])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(VCD)", "does not begin"),
        (SAIF[:-30], "truncated"),
        (SAIF.replace("400", "x"), "'x' is not a number"),
        (SAIF.replace("400", "nan"), "'nan' is not a number"),
        (SAIF + ")", "follows the end"),
        (SAIF.replace("(INSTANCE tb ", "(INSTANCE tb " * 200), "nested more than"),
    ],
)
def test_wrong_saif_is_refused(tmp_path: Path, gate: Netlist, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_saif(write(tmp_path, text, "a.saif"), gate, period_ps=100.0)


def test_merged_activities_are_weighted_with_cycles(tmp_path: Path, gate: Netlist) -> None:
    long = read_vcd(write(tmp_path, VCD), gate, period_ps=10.0)
    short = read_vcd(write(tmp_path, VCD), gate, period_ps=10.0, start_ps=15.0, end_ps=35.0)
    merged = merge_activities([long, short])
    assert merged.cycles == 6.0
    np.testing.assert_allclose(
        merged.pattern_probability, (4 * long.pattern_probability + 2 * short.pattern_probability) / 6
    )
    other = netlist(["a"], ["y"], [("g", "INV", {"A": "a", "ZN": "y"})])
    foreign = read_vcd(write(tmp_path, VCD), other, period_ps=10.0)
    with pytest.raises(InputError, match="different netlists"):
        merge_activities([long, foreign])
