"""Constraints on a design with divided, gated, inverted and chosen clocks: every slack is OpenSTA's, or by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.errors import InputError
from oracles.case import Case
from oracles.plane_library import arc, check, library, output


def _inputs(names: str, more: str = "") -> str:
    return "".join(f"    pin ({n}) {{ direction : input; capacitance : 0.002; {more} }}\n" for n in names.split())


MORE = (
    "  cell (MUX) { area : 3;\n" + _inputs("A B S")
    + output("Y", "(A & !S) | (B & S)", arc("A", 30, "positive_unate") + arc("B", 32, "positive_unate")
    + arc("S", 35, "non_unate"))
    + "  }\n  cell (AND2) { area : 3;\n" + _inputs("A B")
    + output("Y", "A & B", arc("A", 22, "positive_unate") + arc("B", 24, "positive_unate"))
    + '  }\n  cell (DFFN) { area : 5; ff (IQ, IQN) { next_state : "D"; clocked_on : "!CK"; }\n'
    + _inputs("D", check("setup_falling", 50) + check("hold_falling", 10))
    + "    pin (CK) { direction : input; capacitance : 0.001; clock : true; }\n"
    + output("Q", "IQ", arc("CK", 50, "non_unate", "timing_type : falling_edge;")) + "  }\n"
)  # fmt: skip
DESIGN = """module top (clk, clk2, sel, en, a, b, z, y, w);
  input clk, clk2, sel, en, b; input [3:0] a; output [3:0] z; output y, w;
  BUF cb (.A(clk), .Y(ck));
  AND2 cg (.A(ck), .B(en), .Y(gck));
  INV ci (.A(ck), .Y(cki));
  DFF rdiv (.D(ndiv), .CK(ck), .Q(div));  INV idiv (.A(div), .Y(ndiv));
  DFF r0 (.D(a[0]), .CK(ck), .Q(q0));
  DFFN r1 (.D(a[1]), .CK(ck), .Q(q1));
  NAND2 u1 (.A(q0), .B(q1), .Y(n1));
  MUX m1 (.A(n1), .B(q1), .S(sel), .Y(n2));
  DFF r2 (.D(n2), .CK(gck), .Q(z[0]));
  DFF r3 (.D(n2), .CK(div), .Q(z[1]));
  DFF r4 (.D(n2), .CK(clk2), .Q(n3));
  NAND2 u3 (.A(n3), .B(b), .Y(n4));
  DFF r5 (.D(n4), .CK(cki), .Q(z[2]));
  MUX mck (.A(clk2), .B(ck), .S(sel), .Y(n5));
  DFF r6 (.D(n4), .CK(n5), .Q(z[3]));
  BUF u4 (.A(n3), .Y(y));
  NAND2 u5 (.A(a[2]), .B(a[3]), .Y(w));
endmodule
"""
CLK, CLK2 = (
    "create_clock -name clk -period 1.0 [get_ports clk]\n",
    "create_clock -name clk2 -period 1.5 [get_ports clk2]\n",
)
DIV = "create_generated_clock -name div -source [get_ports clk] -divide_by 2 [get_pins rdiv/Q]\n"
IO = (
    "set_input_delay 0.1 -clock clk [get_ports {a[0] a[1] a[2] a[3] b en sel}]\n"
    "set_output_delay 0.2 -clock clk [all_outputs]\n"
)
BASE = CLK + CLK2 + DIV + IO
ALL = "set_propagated_clock [all_clocks]\n"


def made(recipe: str, more: str = "", wave: str = "") -> str:
    """Constraints with another generated clock, and another waveform of its master."""
    return CLK.replace("1.0 ", f"1.0 {wave} ") + CLK2 + DIV.replace("-divide_by 2", recipe) + IO + more


KINDS = {
    "plain": BASE,
    "odd waveform": made("-divide_by 2", wave="-waveform {0.1 0.35}"),
    "waveform before zero": made("-divide_by 2", wave="-waveform {-0.2 0.3}"),
    "waveform around the period": BASE.replace("-period 1.5", "-period 1.5 -waveform {0.9 1.9}"),
    "periods 1.1 and 0.7": BASE.replace("1.0 ", "1.1 ").replace("1.5", "0.7"),
    "divided by 3": made("-divide_by 3"),
    "divided by 3, odd waveform": made("-divide_by 3", wave="-waveform {0.1 0.35}"),
    "divided by 4": made("-divide_by 4"),
    "multiplied": made("-multiply_by 2", wave="-waveform {0.1 0.35}"),
    "multiplied with a duty cycle": made("-multiply_by 2 -duty_cycle 25"),
    "inverted": made("-divide_by 2 -invert"),
    "edges": made("-edges {2 4 6}"),
    "uneven edges": made("-edges {1 2 5}"),
    "shifted edges": made("-edges {1 3 5} -edge_shift {0.1 0.1 0.1}"),
    "propagated": BASE + ALL,
    "propagated from the pin": (CLK + CLK2 + DIV.replace("[get_ports clk]", "[get_pins rdiv/CK]") + IO) + ALL,
    "divided clock behind an inverter, twice": CLK + CLK2 + DIV
    + "create_generated_clock -name dd -source [get_pins rdiv/Q] -divide_by 2 [get_pins idiv/Y]\n" + IO + ALL,
    "inverted clock of an inverter": CLK + CLK2
    + "create_generated_clock -name gi -source [get_ports clk] -divide_by 1 -invert [get_pins ci/Y]\n" + DIV + IO + ALL,
    "latencies of master and divided clock": BASE + "set_clock_latency 0.2 [get_clocks clk]\n"
    "set_clock_latency 0.15 [get_clocks div]\n",
    "source latency of the divided clock in place of its master's": BASE
    + "set_clock_latency -source 0.2 [get_clocks clk]\nset_clock_latency -source 0.1 [get_clocks div]\n" + ALL,
    "late source latency of one edge": CLK + CLK2 + IO
    + "set_clock_latency -source -late -rise 0.2 [get_clocks clk]\nset_clock_latency -source -early -rise 0.1 [get_clocks clk]\n",
    "latency of one edge": BASE + "set_clock_latency -rise 0.2 [get_clocks clk]\nset_clock_latency -fall 0.3 [get_clocks clk]\n",
    "transition of one of two clocks of a register": BASE + "set_clock_transition 0.2 [get_clocks clk2]\n",
    "transitions by end": BASE + "set_clock_transition -max 0.2 [get_clocks clk]\n"
    "set_clock_transition -min 0.1 [get_clocks clk]\n",
    "uncertainty by check": BASE + "set_clock_uncertainty -setup 0.1 [get_clocks clk]\n"
    "set_clock_uncertainty -hold 0.05 [get_clocks clk2]\n",
    "uncertainty of edges": BASE + "set_clock_uncertainty -rise_from [get_clocks clk] -fall_to [get_clocks clk] 0.1\n",
    "uncertainty of a pair in place of a clock's": BASE
    + "set_clock_uncertainty 0.3 [get_clocks clk]\nset_clock_uncertainty -from clk2 -to clk 0.05\n",
    "a clock made anew": BASE + "create_clock -name clk -period 2.0 [get_ports clk]\n",
    "a clock made anew keeps its uncertainty": BASE
    + "set_clock_uncertainty 0.1 clk\nset_clock_latency 0.2 clk\ncreate_clock -name clk -period 2.0 [get_ports clk]\n",
    "multicycle at the start": BASE
    + "set_multicycle_path 3 -setup -start -from [get_clocks clk2] -to [get_clocks clk]\n"
    "set_multicycle_path 2 -hold -start -from [get_clocks clk2] -to [get_clocks clk]\n",
    "multicycle, hold at the end": BASE
    + "set_multicycle_path 3 -setup -from [get_clocks clk2] -to [get_clocks clk]\n"
    "set_multicycle_path 2 -hold -end -from [get_clocks clk2] -to [get_clocks clk]\n",
    "hold before setup": BASE + "set_multicycle_path 2 -hold -to [get_pins r5/D]\n"
    "set_multicycle_path 3 -setup -to [get_pins r5/D]\n",
    "multicycle to the divided clock": BASE
    + "set_multicycle_path 2 -start -from [get_clocks clk] -to [get_clocks div]\n"
    "set_multicycle_path 1 -hold -start -from [get_clocks clk] -to [get_clocks div]\n",
    "multicycle through two pins": BASE + "set_multicycle_path 2 -through [get_pins u1/Y] -through [get_pins m1/Y]\n",
    "multicycle said again": BASE + "set_multicycle_path 2 -setup -to [get_pins r5/D]\n"
    "set_multicycle_path 3 -setup -to [get_pins r5/D]\n",
    "multicycle of registers": BASE + "set_multicycle_path 2 -from [all_registers -clock_pins] -to [all_registers -data_pins]\n",
    "multicycle of none": BASE + "set_multicycle_path 0 -setup -to r5/D\n",
    "maximum said again": BASE + "set_max_delay 0.3 -to [get_pins r5/D]\nset_max_delay 0.4 -to [get_pins r5/D]\n",
    "maximum of cells": BASE + "set_max_delay 0.4 -from [get_cells r4] -to [get_cells r5]\n",
    "maximum with uncertainty": BASE + "set_clock_uncertainty 0.1 [all_clocks]\n"
    "set_max_delay 0.5 -to r5/D\nset_min_delay 0.2 -to r5/D\n",
    "maximum of a propagated clock": BASE + ALL + "set_max_delay 0.5 -from r4/CK -to r5/D\n",
    "multicycle in place of a false path": BASE + "set_false_path -to [get_pins r5/D]\n"
    "set_multicycle_path -reset_path 2 -to [get_pins r5/D]\n",
    "false to rising edges": BASE + "set_false_path -rise_to [get_clocks clk2]\n",
    "false from falling to rising edges": BASE + "set_false_path -fall_from [get_clocks clk] -rise_to [get_clocks div]\n",
    "false for rising data": BASE + "set_false_path -rise -to [get_pins r5/D]\n",
    "false through pins in a list": BASE + "set_false_path -through {u1/A m1/B}\n",
    "false for hold": BASE + "set_false_path -hold -from [get_clocks clk]\n",
    "groups": BASE + "set_clock_groups -physically_exclusive -name x -group {clk} -group {clk2 div}\n",
    "groups before delays": BASE + "set_clock_groups -asynchronous -group clk2 -group {clk div}\nset_max_delay 0.2 -to r5/D\n"
    "set_min_delay 0.2 -through m1/Y\nset_input_delay 0.3 -clock clk2 -add_delay b\n",
    "chosen clock": BASE + "set_case_analysis 0 [get_ports sel]\nset_case_analysis 1 [get_ports en]\n",
    "constant register": BASE + "set_case_analysis 0 [get_pins r4/Q]\n",
    "constant in the logic": BASE + "set_case_analysis 1 [get_pins u3/B]\n",
    "gating margins": BASE + "set_clock_gating_check -setup 0.1 -hold 0.05 [get_cells cg]\n",
    "multicycle of both over a weaker one for hold": BASE
    + "set_multicycle_path 1 -hold -to [get_clocks clk]\nset_multicycle_path 2 -to r5/D\n",
    "multicycle for hold over a weaker one of both": BASE
    + "set_multicycle_path 1 -hold -to r5/D\nset_multicycle_path 2 -to [get_clocks clk]\n",
    "multicycle of both over hold of clocks through a pin": BASE
    + "set_multicycle_path 2 -hold -end -from [get_clocks {clk clk2}] -through m1/B\nset_multicycle_path 2 -from r1/CK\n",
    "multicycle for setup over one of both": BASE
    + "set_multicycle_path 2 -to r5/D\nset_multicycle_path 3 -setup -from [get_clocks clk2]\n",
    "maximum without latency to a port, clocks propagated": BASE + ALL
    + "set_max_delay 0.5 -ignore_clock_latency -from [get_ports a[2]] -to w\n",
    "multiplied by 3": made("-multiply_by 3"),
    "multiplied by 7 and inverted": made("-multiply_by 7 -invert"),
    "a third to the femtosecond": BASE.replace("-period 1.5", "-period 0.333333"),
    "waveform of thirds": made("-divide_by 2", wave="-waveform {0.333333 0.666667}"),
    "maximum from anywhere taken back": BASE + "set_max_delay 0.3 -from a[2] -to w\nset_max_delay -reset_path 0.5 -to w\n",
    "multicycle paths taken back": BASE + "set_multicycle_path 3 -to r5/D\nset_multicycle_path -hold 1 -to r5/D\n"
    "set_multicycle_path 2 -setup -reset_path -to r5/D\n",
    "constant at a register's data pin": BASE + "set_case_analysis 0 [get_pins r4/D]\n",
    "registers of a clock": BASE + "set_false_path -to [all_registers -data_pins -clock clk]\n",
    "registers of another clock": BASE + "set_multicycle_path 2 -from [all_registers -clock clk2]\n",
    "through cells and nets": BASE + "set_false_path -through [get_cells u1]\nset_multicycle_path 2 -through [get_nets n4]\n",
    "disabled pins": BASE + "set_disable_timing [get_pins u1/A]\nset_disable_timing u3/Y\nset_disable_timing [get_ports en]\n",
    "disabled pins of a library cell": BASE + "set_disable_timing [get_lib_pins planes/NAND2/A]\n",
    "clock on two ports": "create_clock -name clk -period 1.0 {clk clk2}\n" + DIV + IO + ALL,
    "two masters of one pin": CLK + CLK2 + "create_clock -name b -add -period 0.8 clk\n"
    "create_generated_clock -name d1 -source clk -master_clock clk -divide_by 2 rdiv/Q\n"
    "create_generated_clock -name d2 -add -source clk -master_clock b -divide_by 4 rdiv/Q\n" + IO,
    "second clock on a port": CLK + CLK2 + "create_clock -name fast -period 0.4 -add [get_ports clk]\n" + IO,
    "virtual clock": BASE + "create_clock -name v -period 0.75\nset_clock_latency 0.2 v\nset_clock_uncertainty 0.05 v\n"
    "set_input_delay 0.1 -clock v b\nset_output_delay 0.3 -clock v y\n",
    "delays to the divided clock": BASE + "set_output_delay 0.3 -clock div y\nset_input_delay 0.05 -clock div b\n",
    "negative delays": BASE + "set_output_delay -0.3 -clock clk w\nset_input_delay -0.1 -clock clk a[2]\n",
    "loads by end": BASE + "set_load -max 0.1 [get_ports w]\nset_load -min 0.01 y\n",
    "driver and slew": BASE + "set_input_transition 0.3 b\nset_driving_cell -lib_cell NAND2 -from_pin B -pin Y"
    " -input_transition_rise 0.1 [get_ports {b a[2]}]\n",
    "slews by end": BASE + "set_input_transition -max 0.2 [get_ports {a[2] b}]\nset_input_transition -rise -min 0.05 a[3]\n",
}  # fmt: skip


@pytest.fixture
def case(tmp_path: Path) -> Case:
    found = Case(tmp_path)
    found.write("top.v", DESIGN)
    found.write("cells.lib", library(MORE))
    return found


# A register that a divided clock does not reach has no clock here and is counted; OpenSTA times its output from 0.
WITHOUT_DIV = {"late source latency of one edge", "second clock on a port"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_slack_is_that_of_opensta(case: Case, kind: str) -> None:
    case.write("top.sdc", KINDS[kind])
    setup, hold = case.everything()
    theirs, early = case.all_of_theirs()
    for both in (theirs, early) if kind in WITHOUT_DIV else ():
        both.pop("z[1]")
    assert setup == pytest.approx(theirs, abs=0.05)
    assert hold == pytest.approx(early, abs=0.05)


def test_a_divided_clock_falls_by_its_duty_cycle(case: Case) -> None:
    """High for a quarter of 2 ns. OpenSTA takes a duty cycle of multiplied clocks alone."""
    case.write("top.sdc", made("-divide_by 2 -duty_cycle 25") + "set_output_delay 0.2 -clock div -clock_fall z[1]\n")
    # r3 launches at 0 and needs 51 ps for its falling output; the outside takes it at 500.
    assert case.everything()[0]["z[1]"] == pytest.approx(500 - 200 - 51, abs=0.05)


def test_one_check_of_a_false_path_is_taken_back(case: Case) -> None:
    """OpenSTA 2.0 leaves a false path for both checks as it was."""
    case.write("top.sdc", BASE)
    setup = case.everything()[0]["r5/D"]
    case.write("top.sdc", BASE + "set_false_path -to r5/D\nset_multicycle_path 2 -setup -reset_path -to r5/D\n")
    late, early = case.everything()
    assert late["r5/D"] == pytest.approx(setup + 1000, abs=0.05)
    assert "r5/D" not in early


def test_an_edge_of_an_uncertainty_is_that_of_the_capturing_clock(case: Case) -> None:
    """OpenSTA 2.0 takes ``-fall`` for both edges."""
    case.write("top.sdc", BASE + "set_clock_uncertainty -from clk2 -fall_to clk -setup 0.1\n")
    at_falls = case.everything()
    case.write("top.sdc", BASE + "set_clock_uncertainty -from clk2 -to clk -fall -setup 0.1\n")
    assert case.everything() == at_falls
    case.write("top.sdc", BASE)
    plain, _ = case.everything()
    # r5 takes at falls what b, 46.36 ps later than clk2, brings; y is taken at rises.
    assert at_falls[0]["r5/D"] == pytest.approx(plain["r5/D"] + 46.36 - 100, abs=0.05)
    assert at_falls[0]["y"] == plain["y"]


def test_clocks_without_a_common_period_are_named(case: Case) -> None:
    case.write("top.sdc", BASE.replace("-period 1.5", "-period 0.0011111"))
    with pytest.raises(InputError, match=r"'clk' and 'clk2' have no common period; .*set_clock_groups -asynchronous"):
        case.everything()


def test_a_clock_through_a_gate_starts_by_the_clock_and_not_by_the_enable(case: Case) -> None:
    """b reaches the gate's other input later than the clock: the clock made there starts 24.5 + 22 + ... ps after its master."""
    gated = "create_generated_clock -name gg -source [get_ports clk] -divide_by 1 [get_pins cg/Y]\n"
    case.write("top.sdc", CLK + CLK2 + gated + DIV + IO + ALL)
    setup, hold = case.everything()
    theirs, early = case.all_of_theirs()
    # OpenSTA looks for no enable where another clock starts behind the gate.
    assert {pin: value for pin, value in setup.items() if pin != "cg/B"} == pytest.approx(theirs, abs=0.05)
    assert {pin: value for pin, value in hold.items() if pin != "cg/B"} == pytest.approx(early, abs=0.05)
    # ck carries 9 fF: 20 + 4.5, slew 27.2; behind it 22 + 0.2 * 27.2 + 0.5.
    arrival = 24.5 + 22 + 0.2 * 27.2 + 0.5
    slew = 20 + 0.1 * 27.2 + 0.8
    assert setup["z[0]"] == pytest.approx(800 - arrival - 51 - 0.2 * slew, abs=0.01)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("set_propagated_clock clk\n", "generated clock 'div' is ideal and its master 'clk' is propagated"),
        (ALL + "set_output_delay 0.3 -clock div y\n", "relative to 'div', which starts when its propagated master arrives"),
        ("set_max_delay 0.3 -rise_to [get_ports w]\n", "an edge of the data is understood in set_false_path alone"),
        ("set_multicycle_path 2 -fall -to [get_pins r5/D]\n", "an edge of the data is understood in set_false_path alone"),
        (ALL + "set_max_delay 0.5 -ignore_clock_latency -from r0/CK -to r2/D\n",
         "-ignore_clock_latency is not understood where a clock is propagated, as 'clk' is"),
        (ALL + "set_min_delay 0.1 -ignore_clock_latency -from [get_ports b] -to r5/D\n",
         "-ignore_clock_latency is not understood where a clock is propagated, as 'clk' is"),
        ("set_clock_uncertainty -rise 0.1 clk\n", "of one edge is not understood without -from and -to"),
        ("set_multicycle_path 2 -to {w y}\nset_false_path -reset_path -to y\n", "-reset_path of a part of the paths of"),
        ("create_generated_clock -name e -source clk -edges {1 3 5} -duty_cycle 25 ci/Y\n", "-duty_cycle does not go with it"),
        ("set_false_path -from [all_registers -clock none]\n", "no clock 'none'"),
        ("set_clock_groups -asynchronous -group\n", "-group has no value"),
        ("set_false_path -rise -to [get_clocks clk2]\n", "-rise and -fall of the data at registers of a clock"),
    ],
)  # fmt: skip
def test_what_would_change_numbers_is_refused(case: Case, text: str, message: str) -> None:
    case.write("top.sdc", BASE + text)
    with pytest.raises(InputError, match=message) as error:
        case.everything()
    assert "top.sdc:" in str(error.value)


def test_values_of_a_port_are_taken_for_its_clock_and_said(case: Case) -> None:
    case.write("top.sdc", BASE + "set_clock_uncertainty 0.1 [get_ports clk]\nset_clock_latency 0.2 [get_ports clk]\n")
    found = case.ours()
    checks = found["checks"]
    assert isinstance(checks, dict)
    assert checks["sdc_ignored"]["severity"] == "warning"
    assert checks["sdc_ignored"]["count"] == 2
    case.write("top.sdc", BASE + "set_clock_uncertainty 0.1 [get_clocks clk]\nset_clock_latency 0.2 [get_clocks clk]\n")
    assert case.ours()["endpoints"] == found["endpoints"]


def test_the_gating_check_of_the_design_is_that_of_all_gates(case: Case) -> None:
    case.write("top.sdc", BASE + "set_clock_gating_check -setup 0.1 [current_design]\n")
    of_design = case.everything()
    case.write("top.sdc", BASE + "set_clock_gating_check -setup 0.1\n")
    assert case.everything() == of_design
    assert of_design[0]["cg/B"] == pytest.approx(1000 - 100 - 100)
