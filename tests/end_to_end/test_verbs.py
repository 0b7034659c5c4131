"""The verbs that take any netlist, on a foreign kit: what they print and how they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finevh.cli import run_command
from tests.conftest import need_pdk

NETLIST = """\
module top (input a, input clk, output q);
  wire n, y;
  sg13g2_inv_1 u1 (.A(a), .Y(n));
  sg13g2_inv_2 u2 (.A(q), .Y(y));
  sg13g2_nand2_1 u3 (.A(n), .B(y), .Y(d));
  sg13g2_dfrbp_1 u4 (.CLK(clk), .D(d), .RESET_B(a), .Q(q));
endmodule
"""
SDC = "create_clock -name clk -period 2 [get_ports clk]\nset_input_delay 0.2 -clock clk [get_ports a]\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "top.v").write_text(NETLIST)
    (tmp_path / "top.sdc").write_text(SDC)
    (tmp_path / "map.csv").write_text("instance,vdd\n*,1.08\n")
    return tmp_path


def sta_arguments(files: Path, *more: str) -> list[str]:
    liberty = need_pdk("ihp-sg13g2") / "sg13g2_stdcell_slow_1p08V_125C.lib.gz"
    given = [
        "--netlist",
        str(files / "top.v"),
        "--top",
        "top",
        "--liberty",
        str(liberty),
        "--sdc",
        str(files / "top.sdc"),
    ]
    return ["sta", *given, *more]


def test_sta_prints_the_figures_of_the_contract(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(sta_arguments(files, "--json", "--paths", "2")) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= {"worst_slack_ps", "tns_ps", "worst_hold_slack_ps", "fmax_mhz", "endpoints", "paths"}
    assert found["worst_slack_ps"] == min(row["slack_ps"] for row in found["endpoints"])
    assert {"pin", "slack_ps", "arrival_ps"} <= set(found["endpoints"][0])
    assert run_command(sta_arguments(files)) == 0
    text = capsys.readouterr().out
    assert f"worst slack {found['worst_slack_ps']:.3f} ps" in text
    assert "endpoint u4/D" in text


def test_sta_at_several_corners_gives_each_and_the_worst(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kit = need_pdk("ihp-sg13g2")
    low, high = (kit / f"sg13g2_stdcell_slow_{v}V_125C.lib.gz" for v in ("1p08", "1p35"))
    given = ["sta", "--netlist", str(files / "top.v"), "--top", "top", "--sdc", str(files / "top.sdc"), "--hold"]
    alone = {}
    for name, liberty in (("low", low), ("high", high)):
        assert run_command([*given, "--liberty", str(liberty), "--json"]) == 0
        alone[name] = json.loads(capsys.readouterr().out)
    corners = ["--corner", f"low={low}", "--corner", f"high={high}"]
    assert run_command([*given, *corners, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["corners"] == alone
    # The lower supply is slower: it decides setup, the higher one hold.
    assert found["worst_slack_ps"] == alone["low"]["worst_slack_ps"] < alone["high"]["worst_slack_ps"]
    assert found["worst_hold_slack_ps"] == alone["high"]["worst_hold_slack_ps"] < alone["low"]["worst_hold_slack_ps"]
    assert run_command([*given, *corners]) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[3].split()[:2] == ["worst", f"{found['worst_slack_ps']:.3f}"]
    for wrong in ("low", "low=", f"low={low}"):
        assert run_command([*given, "--corner", f"low={low}", "--corner", wrong]) == 2
        assert f"--corner {wrong}" in capsys.readouterr().err
    assert run_command(given) == 2
    assert "--liberty FILE for one corner, or --corner NAME=FILE" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["elmore", "shielded", "ceff"])
def test_sta_takes_each_wire_model_and_lists_hold_paths(
    files: Path, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    assert run_command(sta_arguments(files, "--wire-model", model, "--hold")) == 0
    text = capsys.readouterr().out
    assert "worst hold slack " in text
    assert "\nhold\n" in text


def test_sta_names_a_command_that_it_does_not_know(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "top.sdc").write_text(SDC + "set_magic 1\n")
    assert run_command(sta_arguments(files)) == 2
    err = capsys.readouterr().err
    assert f"{files / 'top.sdc'}:3: the command 'set_magic' is not understood" in err
    assert "Traceback" not in err


def test_leakage_prints_sums_and_cells(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kit = need_pdk("ihp-sg13g2")
    assert run_command(["platform", "add", str(kit), "-o", str(files / "ihp")]) == 0
    capsys.readouterr()
    given = ["--netlist", str(files / "top.v"), "--top", "top", "--technology", str(files / "ihp")]
    arguments = ["leakage", *given, "--voltages", str(files / "map.csv")]
    assert run_command([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [cell["instance"] for cell in found["cells"]] == ["u1", "u2", "u3", "u4"]
    assert found["leakage_mw"] == pytest.approx(sum(cell["leakage_nw"] for cell in found["cells"]) * 1e-6)
    assert found["interface_leakage_mw"] == 0.0
    assert run_command(arguments) == 0
    assert capsys.readouterr().out.startswith(f"leakage {found['leakage_mw']:.6g} mW\n")
    (files / "map.csv").write_text("instance,vdd\n*,2.5\n")
    assert run_command(arguments) == 2
    assert "2.5 V" in capsys.readouterr().err


def test_missing_files_of_a_verb_are_input_errors(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "top.v").unlink()
    assert run_command(sta_arguments(files)) == 2
    assert "top.v" in capsys.readouterr().err
