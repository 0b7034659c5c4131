"""The mapped netlist does at its ports what the RTL does, cycle by cycle."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from finevh.netlist.verilog import read_verilog
from finevh.synthesis import (
    Options,
    Rtl,
    SynthesisResult,
    plan_rtl_export,
    plan_synthesis,
    run_rtl_export,
    run_synthesis,
)
from finevh.technology import technology_from_liberty
from tests.synthesis.equivalence import random_words, trace_gates, trace_rtl

INPUTS = {"rst_ni": 1, "scan_en_i": 1, "cmd_valid_i": 1, "cmd_start_i": 1, "cmd_addr_i": 3, "cmd_data_i": 16}
OUTPUTS = {"cmd_ready_o": 1, "result_valid_o": 1, "result_o": 16, "saturated_o": 1, "checksum_o": 8}
CYCLES = 2500

needs_iverilog = pytest.mark.skipif(
    shutil.which("iverilog") is None, reason="iverilog is missing; install the Debian package"
)


def follows(rtl: Rtl, library: Path, options: Options, folder: Path) -> SynthesisResult:
    """Map the quick design, run netlist and RTL side by side, and return the mapping."""
    plain = run_rtl_export(plan_rtl_export(rtl), folder / "rtl")
    mapped = run_synthesis(plan_synthesis(rtl, [library], options), folder / "gates")
    technology = technology_from_liberty([library], [], name="cells")
    netlist = read_verilog(mapped.netlist, technology, mapped.top)
    words = random_words(INPUTS, CYCLES, seed=7)
    cycle = np.arange(CYCLES)
    words["rst_ni"] = np.where((cycle < 3) | (cycle == 1000), 0, 1).astype(np.uint64)
    words["scan_en_i"] = np.zeros(CYCLES, dtype=np.uint64)
    # One command in eight starts a dot product, so that the registers fill and results come.
    words["cmd_start_i"] = (words["cmd_data_i"] % 8 == 0).astype(np.uint64)
    widths = {**INPUTS, **OUTPUTS}
    expected = trace_rtl(plain, "quick", "clk_i", words, widths, list(OUTPUTS), folder)
    found = trace_gates(netlist, "clk_i", words, list(OUTPUTS))
    assert len(expected) == len(found) == CYCLES
    # The simulator starts at 0, iverilog at x: they meet at the reset.
    assert expected[1:] == found[1:]
    assert sum(line[1] == "1" for line in expected) > 50
    assert len({line[2] for line in expected}) > 30
    return mapped


@needs_iverilog
@pytest.mark.parametrize("gate_registers", [0, 3, 8])
def test_quick_netlist_follows_its_rtl(quick_rtl: Rtl, tiny_liberty: Path, tmp_path: Path, gate_registers: int) -> None:
    mapped = follows(quick_rtl, tiny_liberty, Options(period=2000.0, gate_registers=gate_registers), tmp_path)
    assert mapped.cells["GATE"] == (1 if gate_registers == 0 else pytest.approx(12, abs=4))


@needs_iverilog
def test_full_adders_of_the_library_follow_the_rtl(quick_rtl: Rtl, nangate_folder: Path, tmp_path: Path) -> None:
    mapped = follows(
        quick_rtl, nangate_folder / "nangate45_typ.lib.gz", Options(period=2000.0, full_adders=True), tmp_path
    )
    assert mapped.cells["FA_X1"] > 10


SYNCHRONOUS = """module loader (input clk_i, input rst_i, input en_i, input [1:0] sel_i, input [7:0] d_i,
               output reg [7:0] q_o, output reg [7:0] p_o);
  always @(posedge clk_i) if (rst_i) q_o <= 8'd0; else if (en_i) q_o <= d_i;
  always @(posedge clk_i)
    if (rst_i) p_o <= 8'h5a;
    else case (sel_i) 2'd1: p_o <= d_i; 2'd2: p_o <= p_o + d_i; default: p_o <= p_o; endcase
endmodule
"""


@needs_iverilog
def test_registers_with_synchronous_reset_are_gated_and_follow_the_rtl(tiny_liberty: Path, tmp_path: Path) -> None:
    source = tmp_path / "loader.sv"
    source.write_text(SYNCHRONOUS, encoding="utf-8")
    rtl = Rtl((source,), top="loader")
    plain = run_rtl_export(plan_rtl_export(rtl), tmp_path / "rtl")
    mapped = run_synthesis(plan_synthesis(rtl, [tiny_liberty], Options(period=2000.0)), tmp_path / "gates")
    assert mapped.cells["GATE"] == 2
    netlist = read_verilog(mapped.netlist, technology_from_liberty([tiny_liberty], [], name="cells"), "loader")
    widths = {"rst_i": 1, "en_i": 1, "sel_i": 2, "d_i": 8}
    words = random_words(widths, 1000, seed=3)
    words["rst_i"] = np.where((np.arange(1000) < 3) | (words["d_i"] > 250), 1, 0).astype(np.uint64)
    outputs = ["q_o", "p_o"]
    expected = trace_rtl(plain, "loader", "clk_i", words, {**widths, "q_o": 8, "p_o": 8}, outputs, tmp_path)
    found = trace_gates(netlist, "clk_i", words, outputs)
    assert expected[1:] == found[1:]
    assert len({line[1] for line in expected}) > 100
