"""A flow file for own RTL is written from what the RTL says, and reads back."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.base.share import LIBRARIES, shared
from finevh.cli import run_command
from finevh.commands.init import _named, scheme_lines
from finevh.flow.precheck import check_flow, prepared
from finevh.flow_file import read_flow

COUNTER = """
module counter(input clk, input rst_n, input step, output reg [7:0] value);
  always @(posedge clk or negedge rst_n) if (!rst_n) value <= 0; else if (step) value <= value + 8'd1;
endmodule
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "counter.v").write_text(COUNTER)
    return tmp_path


def test_top_clock_reset_and_period_are_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["init", "mine", "--rtl", "counter.v"]) == 0
    said = capsys.readouterr().out
    assert "clock clk: 8 register bits" in said
    assert "next: finevh run mine.toml" in said
    flow = read_flow(folder / "mine.toml")
    assert (flow.design.top, flow.clock.port, flow.clock.false_from) == ("counter", "clk", ("rst_n",))
    assert flow.activity.reset_port is not None
    assert (flow.activity.reset_port.port, flow.activity.reset_port.active) == ("rst_n", 0)
    # Eight bits of a ripple of half adders at 1.00 V: some hundred picoseconds, no nanoseconds.
    assert 100.0 < flow.clock.period < 1500.0
    assert flow.technology.fast is not None, "the corner that ships beside the technology checks hold"
    assert flow.floorplan.header_cell == "VDDMUX_X4"
    moved = folder / "moved"
    moved.mkdir()
    for name in ("mine.toml", "counter.v"):
        (folder / name).rename(moved / name)
    assert read_flow(moved / "mine.toml").design.files == (moved / "counter.v",), "both move together"


PACKAGE = """
package sizes;
  localparam int Width = 4;
  typedef logic [Width-1:0] word_t;
endpackage
"""
ADDER = """
module adder import sizes::*; (input word_t a, input word_t b, output word_t y);
  assign y = a + b + `OFFSET;
endmodule
"""
TOP = """
`include "reset.svh"
module accumulate import sizes::*; (input logic clk_i, input logic rst_i, input word_t data_i, output word_t sum_o);
  word_t next;
  adder u_adder (.a(sum_o), .b(data_i), .y(next));
  always_ff @(posedge clk_i) if (`RESET(rst_i)) sum_o <= '0; else sum_o <= next;
endmodule
"""


def test_a_file_list_with_packages_include_folders_and_macros_is_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "rtl" / "include").mkdir(parents=True)
    for name, text in (("sizes.sv", PACKAGE), ("adder.sv", ADDER), ("top.sv", TOP)):
        (folder / "rtl" / name).write_text(text)
    (folder / "rtl" / "include" / "reset.svh").write_text("`define RESET(port) (port)\n")
    listed = "// of the accumulator\n+incdir+include\n+define+OFFSET=4'd1\nsizes.sv\nadder.sv\ntop.sv\n"
    (folder / "rtl" / "files.f").write_text(listed)
    assert run_command(["init", "mine", "-f", "rtl/files.f"]) == 0
    assert "clock clk_i: 4 register bits" in capsys.readouterr().out
    flow = read_flow(folder / "mine.toml")
    assert (flow.design.top, flow.clock.port) == ("accumulate", "clk_i")
    assert [path.name for path in flow.design.files] == ["sizes.sv", "adder.sv", "top.sv"]
    assert flow.design.defines == {"OFFSET": "4'd1"}
    # A synchronous reset is known by its name alone.
    assert flow.activity.reset_port is not None
    assert flow.activity.reset_port.port == "rst_i"
    check_flow(prepared(flow))


def test_files_are_named_relative_to_the_flow_file_where_they_lie_beside_it(tmp_path: Path) -> None:
    assert _named(tmp_path / "rtl" / "a.v", tmp_path) == "rtl/a.v"
    assert _named(tmp_path / "a.v", tmp_path / "flows") == str(tmp_path / "a.v")
    assert _named(tmp_path / "a.v", None) == str(tmp_path / "a.v"), "a draft lies anywhere"


@pytest.mark.parametrize(
    ("text", "message"),
    [("-y lib\n", "files.f:1: option '-y' is not understood"), ("none.v\n", "files.f:1: no such RTL file")],
)
def test_a_wrong_line_of_a_file_list_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    (folder / "files.f").write_text(text)
    assert run_command(["init", "mine", "-f", "files.f"]) == 2
    assert message in capsys.readouterr().err


def test_an_existing_file_is_never_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.toml").write_text("kept")
    assert run_command(["init", "mine", "--rtl", "counter.v"]) == 2
    assert "mine.toml: exists" in capsys.readouterr().err
    assert (folder / "mine.toml").read_text() == "kept"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["init", "mine"], "give the RTL"),
        (["init", "mine", "--rtl", "none.v"], "no such RTL file"),
        (["init", "mine", "--placed", "results"], "finevh import results -o mine.toml"),
        (["init", "mine", "--rtl", "counter.vhd"], "VHDL is not read here"),
        (["init", "mine", "--rtl", "gate.v"], "no register is clocked by an input port"),
    ],
)
def test_what_cannot_be_done_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (folder / "counter.vhd").write_text("entity counter is end;")
    (folder / "gate.v").write_text("module gate(input a, output y); assign y = ~a; endmodule")
    assert run_command(arguments) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "mine.toml").exists()


@pytest.mark.parametrize(
    ("technology", "lines"),
    [
        (
            "finevh45",
            ['vdd_min = "0.60 V"', 'vdd_max = "1.00 V"', 'ideal_step = "25 mV"', 'delta_vdd = ["200 mV", "100 mV"]'],
        ),
        (
            "sky130",
            ['vdd_min = "1.20 V"', 'vdd_max = "1.80 V"', 'ideal_step = "37.5 mV"', 'delta_vdd = ["300 mV", "150 mV"]'],
        ),
    ],
)
def test_schemes_are_those_that_the_technology_can_have(technology: str, lines: list[str]) -> None:
    found = scheme_lines(shared(LIBRARIES, technology))
    assert found[1:5] == lines
    sets = '["pb0", "pb", "vt"]' if technology == "finevh45" else '["pb0"]'
    assert found[5].startswith(f"variants = {sets} ")
