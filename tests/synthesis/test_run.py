"""What a mapped netlist looks like."""

from __future__ import annotations

import re
from pathlib import Path

from finevh.synthesis import Options, Rtl, SynthesisPlan, SynthesisResult, plan_synthesis, run_synthesis
from tests.synthesis.library import liberty_text


def test_netlist_holds_library_cells_and_nets_only(quick_result: SynthesisResult) -> None:
    text = quick_result.netlist.read_text(encoding="utf-8")
    assert "assign" not in text
    assert "\\" not in text  # no escaped names
    assert text.count("endmodule") == 1
    assert set(quick_result.cells) <= {"INV", "BUF", "NAND2", "NOR2", "XOR2", "DFF", "DFFR", "GATE", "TIE0", "TIE1"}


def test_area_and_count_are_those_of_the_cells(quick_result: SynthesisResult, quick_plan: SynthesisPlan) -> None:
    instances = re.findall(r"^  (\w+) \w+ \($", quick_result.netlist.read_text(encoding="utf-8"), re.MULTILINE)
    assert quick_result.cell_count == len(instances)
    assert quick_result.area == sum(quick_plan.known_cells[name] for name in instances)


def test_clock_gate_of_the_rtl_becomes_that_of_the_library(quick_rtl: Rtl, tiny_liberty: Path, tmp_path: Path) -> None:
    plan = plan_synthesis(quick_rtl, [tiny_liberty], Options(period=2000.0, gate_registers=0))
    assert run_synthesis(plan, tmp_path).cells["GATE"] == 1


def test_registers_with_enables_go_behind_named_gates_with_one_tie(quick_result: SynthesisResult) -> None:
    text = quick_result.netlist.read_text(encoding="utf-8")
    gates = re.findall(r"^  GATE (\w+) \((.*?)\);", text, re.DOTALL | re.MULTILINE)
    assert len(gates) > 8
    assert sorted(name for name, _ in gates) == sorted(f"clock_gate_{k}" for k in range(len(gates)))
    tests = {re.search(r"\.T\((\w+)\)", pins)[1] for _, pins in gates}
    assert len(tests) == 1
    assert len(re.findall(rf"TIE0 \w+ \(\s*\.Z\({tests.pop()}\)", text)) == 1


def test_registers_keep_the_names_of_the_rtl(quick_result: SynthesisResult) -> None:
    text = quick_result.netlist.read_text(encoding="utf-8")
    assert re.search(r"DFFR acc_q_17__reg \(", text)


def test_flops_of_the_rtl_are_all_there(quick_result: SynthesisResult) -> None:
    # 128 register file, 10 control, 17 operands, 18 accumulator, 26 outputs; five more where the encoding is one-hot.
    assert 199 <= quick_result.cells["DFFR"] + quick_result.cells.get("DFF", 0) <= 204


def test_two_runs_write_the_same_bytes(
    quick_plan: SynthesisPlan, quick_result: SynthesisResult, tmp_path: Path
) -> None:
    again = run_synthesis(quick_plan, tmp_path)
    assert again.netlist.read_bytes() == quick_result.netlist.read_bytes()


def test_high_fan_out_nets_have_no_buffers(quick_result: SynthesisResult) -> None:
    text = quick_result.netlist.read_text(encoding="utf-8")
    assert text.count(".RN(rst_ni)") == quick_result.cells["DFFR"]


def test_tighter_period_costs_area(nangate_folder: Path, quick_rtl: Rtl, tmp_path: Path) -> None:
    library = nangate_folder / "nangate45_typ.lib.gz"
    area = {
        period: run_synthesis(plan_synthesis(quick_rtl, [library], Options(period=period)), tmp_path / str(period)).area
        for period in (1000.0, 4000.0)
    }
    assert area[1000.0] > 1.05 * area[4000.0]


def test_undriven_nets_are_warned_of(tiny_liberty: Path, tmp_path: Path) -> None:
    source = tmp_path / "open.v"
    source.write_text("module open (input a, output b);\n  wire c;\n  assign b = a & c;\nendmodule\n", encoding="utf-8")
    result = run_synthesis(
        plan_synthesis(Rtl((source,), top="open"), [tiny_liberty], Options(period=1000.0)), tmp_path / "r"
    )
    assert any("no driver" in warning for warning in result.warnings)


def test_outputs_that_share_a_net_get_buffers(tiny_liberty: Path, tmp_path: Path) -> None:
    source = tmp_path / "pass.v"
    source.write_text(
        "module pass (input a, output b, output c, output d, output e);\n  assign b = a, c = a, d = 0, e = 1;\nendmodule\n",
        encoding="utf-8",
    )
    result = run_synthesis(
        plan_synthesis(Rtl((source,), top="pass"), [tiny_liberty], Options(period=1000.0)), tmp_path / "r"
    )
    assert result.cells == {"BUF": 2, "TIE0": 1, "TIE1": 1}
    assert "assign" not in result.netlist.read_text(encoding="utf-8")


def test_library_without_clock_gate_keeps_latch_and_gate(quick_rtl: Rtl, tmp_path: Path) -> None:
    path = tmp_path / "tiny.lib"
    latch = """cell (LATCH) { area : 6; latch (IQ, IQN) { enable : "G"; data_in : "D"; }
pin (D) { direction : input; capacitance : 0.001; } pin (G) { direction : input; capacitance : 0.001; clock : true; }
pin (Q) { direction : output; max_capacitance : 0.1; function : "IQ"; } }
"""
    text = liberty_text("GATE")
    path.write_text(text.rstrip().removesuffix("}") + latch + "}\n", encoding="utf-8")
    plan = plan_synthesis(quick_rtl, [path], Options(period=2000.0))
    assert plan.gating_left_out.startswith("tiny.lib: no clock gate")
    assert run_synthesis(plan, tmp_path / "r").cells["LATCH"] == 1


def test_library_with_clock_gate_leaves_nothing_to_say(quick_plan: SynthesisPlan) -> None:
    assert quick_plan.gating_left_out == ""
