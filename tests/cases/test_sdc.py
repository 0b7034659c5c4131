"""Constraints as the field writes them: every value is OpenSTA's, or stands in the test with its sum."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.checks import Checks
from finevh.constraints import read_sdc
from finevh.errors import InputError
from finevh.netlist import parse_verilog
from finevh.technology import technology_from_liberty
from finevh.timing.report import StaOptions, run_sta
from oracles.case import Case
from oracles.plane_library import library

TWO_CLOCKS = """module top (clk, clk2, a, b, z, y);
  input clk, clk2, b; input [1:0] a; output [1:0] z; output y;
  wire q0, q1, n1, n2, n3;
  DFF \\core/r0 (.D(a[0]), .CK(clk), .Q(q0));
  DFF r1 (.D(a[1]), .CK(clk), .Q(q1));
  NAND2 u1 (.A(q0), .B(q1), .Y(n1));
  INV u2 (.A(n1), .Y(n2));
  DFF \\reg[0] (.D(n2), .CK(clk2), .Q(z[0]));
  NAND2 u3 (.A(n2), .B(b), .Y(n3));
  DFF \\reg[1] (.D(n3), .CK(clk), .Q(z[1]));
  BUF u4 (.A(z[0]), .Y(y));
endmodule
"""
CLOCKS = "create_clock -name clk -period 1.0 [get_ports clk]\ncreate_clock -name clk2 -period 1.5 [get_ports clk2]\n"
DELAYS = "set_input_delay 0.1 -clock clk [get_ports {a[0] a[1] b}]\nset_output_delay 0.2 -clock clk [all_outputs]\n"
BASE = CLOCKS + DELAYS

KINDS = {
    "variables": "set p 1.0\nset q [expr {$p * 1.5}]\ncreate_clock -name clk -period $p [get_ports clk]\n"
    "create_clock -name clk2 -period ${q} [get_ports clk2]\n" + DELAYS,
    "loop over ports": CLOCKS + "foreach p {a[0] a[1] b} { set_input_delay 0.1 -clock clk [get_ports $p] }\n"
    "foreach p [get_ports {z[*] y}] { set_output_delay 0.2 -clock clk $p }\n",
    "inputs without the clock": "set clk_port [get_ports clk]\n" + CLOCKS
    + "set data [lsearch -inline -all -not -exact [all_inputs] $clk_port]\nset_input_delay 0.1 -clock clk $data\n"
    "set_output_delay 0.2 -clock clk [all_outputs]\n",
    "procedure": "proc constrain {clock value args} { foreach p $args { set_input_delay $value -clock $clock [get_ports $p] } }\n"
    + CLOCKS + "constrain clk 0.1 a[0] a[1]\nif {[llength [get_ports b]] == 1} { constrain clk 0.3 b }\n",
    "carriage returns": BASE.replace("-period 1.0 ", "\\\n  -period 1.0 \\\n ").replace("\n", "\r\n"),
    "units": "set_units -time ps -capacitance fF\ncreate_clock -name clk -period 1000 [get_ports clk]\n"
    "create_clock -name clk2 -period 1500 [get_ports clk2]\nset_input_delay 100 -clock clk [get_ports {a[0] a[1] b}]\n",
    "later delay replaces": CLOCKS + "create_clock -name v -period 1.0 -waveform {0.4 0.9}\n"
    "set_input_delay 0.3 -clock clk [get_ports {a[0] a[1] b}]\nset_input_delay 0.05 -clock v [get_ports {a[0] a[1] b}]\n"
    "set_output_delay 0.2 -clock v [all_outputs]\nset_output_delay 0.1 -clock clk [all_outputs]\n",
    "added delay stays": BASE + "create_clock -name v -period 1.0 -waveform {0.4 0.9}\n"
    "set_input_delay 0.05 -clock v -add_delay [get_ports b]\nset_output_delay 0.3 -clock v -add_delay [get_ports y]\n",
    "delay from a falling edge": BASE + "set_input_delay 0.2 -clock clk -clock_fall -add_delay [get_ports b]\n",
    "only the latest": BASE + "set_input_delay -max 0.35 -clock clk [get_ports b]\nset_output_delay -min 0.05 -clock"
    " clk [get_ports y]\n",
    "edges of data": BASE + "set_input_delay -rise 0.35 -clock clk [get_ports b]\n",
    "asynchronous groups": BASE + "set_clock_groups -asynchronous -group {clk} -group {clk2}\n",
    "exclusive groups": BASE + "set_clock_groups -logically_exclusive -group [get_clocks clk] -group [get_clocks clk2]\n",
    "one group": BASE + "set_clock_groups -asynchronous -group [get_clocks clk2]\n",
    "false path between clocks": BASE + "set_false_path -from [get_clocks clk] -to [get_clocks clk2]\n",
    "false path from a cell and a clock": BASE + "set_false_path -from [list [get_cells r1] [get_clocks clk2]]\n",
    "false path through a port's net": BASE + "set_false_path -through [get_nets b]\n",
    "maximum delay from a port": BASE + "set_max_delay 0.3 -from [get_ports b]\n",
    "maximum delay between clocks": BASE + "set_max_delay 0.4 -from [get_clocks clk] -to [get_clocks clk2]\n",
    "maximum delay to a port": BASE + "set_max_delay 0.5 -to [get_ports y]\nset_min_delay 0.1 -to [get_ports y]\n",
    "maximum delay from a register": BASE + "set_max_delay 0.25 -from [get_pins r1/CK] -to [get_pins {reg[1]/D}]\n",
    "maximum delay with latency": BASE + "set_clock_latency 0.3 [get_clocks clk]\nset_max_delay 0.6 -from [get_clocks clk]\n",
    "maximum delay without latency": BASE + "set_clock_latency 0.3 [get_clocks clk]\n"
    "set_max_delay 0.6 -ignore_clock_latency -from [get_pins r1/CK]\n",
    "false beats maximum": BASE + "set_max_delay 0.1 -from [get_ports b]\nset_false_path -from [get_ports b] -to"
    " [get_clocks clk]\n",
    "exact multicycle wins": BASE + "set_multicycle_path 2 -from [get_clocks clk]\nset_multicycle_path 3 -to"
    " [get_pins {reg[1]/D}]\n",
    "multicycle of the start": BASE + "set_multicycle_path 2 -setup -start -from [get_clocks clk] -to [get_clocks clk2]\n",
    "latency": BASE + "set_clock_latency 0.3 [get_clocks clk]\nset_clock_latency 0.1 [get_clocks clk2]\n",
    "latency of both ends": BASE + "set_clock_latency -max 0.3 [get_clocks clk]\nset_clock_latency -min 0.1 [get_clocks clk]\n",
    "source latency": BASE + "set_clock_latency -source -late 0.05 [get_clocks clk]\n"
    "set_clock_latency -source -early 0.02 [get_clocks clk]\n",
    "latency in the delay": CLOCKS + "set_clock_latency 0.3 [get_clocks clk]\nset_clock_latency -source 0.1 [get_clocks clk]\n"
    "set_input_delay 0.6 -clock clk -network_latency_included -source_latency_included [get_ports {a[0] a[1] b}]\n"
    "set_output_delay 0.2 -clock clk -source_latency_included [all_outputs]\n",
    "transition of the clock": BASE + "set_clock_transition 0.1 [get_clocks clk]\n",
    "uncertainty of a pair": BASE + "set_clock_uncertainty 0.05 [get_clocks clk]\n"
    "set_clock_uncertainty -from [get_clocks clk] -to [get_clocks clk2] -setup 0.12\n",
    "propagated": BASE + "set_propagated_clock [all_clocks]\nset_clock_latency -source 0.2 [get_clocks clk2]\n",
    "derates": BASE + "set_timing_derate -early 0.9\nset_timing_derate -late 1.1\n",
    "derates of cells": BASE + "set_timing_derate -late -cell_delay 1.2\n",
    "disabled arc": BASE + "set_disable_timing -from A -to Y [get_cells u3]\n",
    "disabled cell": BASE + "set_disable_timing [get_cells u3]\n",
    "disabled library cell": BASE + "set_disable_timing -from B -to Y [get_lib_cells planes/NAND2]\n",
    "constant": BASE + "set_logic_zero [get_ports b]\n",
    "case": BASE + "set_case_analysis 1 [get_ports b]\n",
    "inverted waveform": BASE.replace("-period 1.5", "-period 1.5 -waveform {0.75 1.5}"),
    "driving cell": BASE + "set_driving_cell -cell INV -pin Y [get_ports {a[0] a[1] b}]\n",
    "loads of pin and wire": BASE + "set_load -pin_load 0.02 [all_outputs]\nset_load -wire_load 0.01 [get_ports y]\n",
    "regular expressions": CLOCKS + "set_input_delay 0.1 -clock clk [get_ports -regexp {a\\[[01]\\]|b}]\n",
    "filter": BASE + "set_false_path -to [get_pins -of_objects [get_cells {reg[1]}] -filter lib_pin_name==D]\n",
    "a command put together": CLOCKS + "set c [list set_input_delay 0.1 -clock clk]\nforeach p {{a[0]} {a[1]} b} {\n"
    "  eval $c [list [get_ports $p]]\n}\n"
    "set_output_delay [lindex [lmap x {1 2} {expr {$x / 10.0}}] 1] -clock clk [all_outputs]\n",
    "a table of values": CLOCKS + "set late {a[0] 0.1 a[1] 0.15 b 0.2}\n"
    "dict for {p v} $late { set_input_delay $v -clock clk [get_ports $p] }\n"
    'set_output_delay [string cat 0 . [string replace "1x3" 0 1 2]] -clock clk [all_outputs]\n',
    "lines of a text": CLOCKS + 'if {[regexp {^a.*b$} "a\\nb"]} { set_input_delay 0.1 -clock clk [get_ports {a[0] a[1] b}] }\n'
    'set_output_delay 0.[regexp -line {^a.b$} "a\\nb"]5 -clock clk [all_outputs]\n',
    "not timing": "current_design top\n" + BASE + "set_max_fanout 8 [current_design]\nset_dont_touch [get_cells u1]\n"
    "set_max_transition 0.4 [current_design]\n",
}  # fmt: skip
# What this release of OpenSTA reads otherwise, and why ours is kept.
OURS = {
    "units": "it takes the numbers in the library's units and warns",
    "false path through a port's net": "it has no net that is called like a port",
    "regular expressions": "it wants the brackets of a bus escaped twice",
    "filter": "its properties have other names",
    "not timing": "it has no set_dont_touch",
    "driving cell": "it has no -cell",
    "carriage returns": "Tcl reads them as text",
}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = Case(tmp_path)
    made.write("top.v", TWO_CLOCKS)
    return made


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in OURS])
def test_every_kind_gives_openstas_slacks(case: Case, kind: str) -> None:
    case.write("top.sdc", KINDS[kind])
    case.agrees_everywhere()


def written(case: Case, text: str) -> tuple[dict[str, float], dict[str, float]]:
    """Our slacks with these constraints."""
    case.write("top.sdc", text)
    return case.everything()


def test_what_opensta_reads_otherwise_equals_the_same_said_plainly(case: Case) -> None:
    same = written(case, BASE)
    assert written(case, KINDS["carriage returns"]) == same
    assert written(case, KINDS["not timing"]) == same
    assert written(case, KINDS["driving cell"]) == written(case, KINDS["driving cell"].replace("-cell", "-lib_cell"))
    without = CLOCKS + "set_input_delay 0.1 -clock clk [get_ports {a[0] a[1] b}]\n"
    assert written(case, KINDS["units"]) == written(case, without)
    assert written(case, KINDS["regular expressions"]) == written(case, without)
    false_to = written(case, KINDS["filter"])
    assert false_to == written(case, BASE + "set_false_path -to [get_pins {reg[1]/D}]\n")
    assert "reg[1]/D" not in false_to[0]
    through = written(case, KINDS["false path through a port's net"])
    assert through == written(case, BASE + "set_false_path -from [get_ports b]\n")


@pytest.mark.parametrize("kind", ["latency", "maximum delay from a port", "asynchronous groups", "added delay stays",
                                  "exact multicycle wins", "derates", "uncertainty of a pair", "transition of the clock",
                                  "disabled arc", "source latency"])  # fmt: skip
def test_what_opensta_writes_is_read_with_the_same_slacks(case: Case, kind: str) -> None:
    case.write("top.sdc", KINDS[kind])
    before = case.everything()
    case.all_of_theirs(f"write_sdc {case.folder / 'written.sdc'}")
    after = written(case, (case.folder / "written.sdc").read_text())
    assert after[0] == pytest.approx(before[0], abs=0.05)
    assert after[1] == pytest.approx(before[1], abs=0.05)


def test_numbers_by_hand(case: Case) -> None:
    """``set_output_delay`` of 0.1 ns after a replaced one: z[1] leaves after 50 + 1 ps, b passes 0.05 + 0.4 ns late."""
    setup, _ = written(case, KINDS["later delay replaces"])
    assert setup["z[1]"] == pytest.approx(1000 - 100 - 51, abs=0.5)
    assert setup["r1/D"] == pytest.approx(1000 - 50 - 450, abs=0.5)


def test_escaped_bits_are_found_by_the_globs_of_buses(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.write(
        "top.v",
        "module top (clk, \\d[0] , \\d[1] , \\q[0] , \\q[1] );\n input clk; input \\d[0] , \\d[1] ; output \\q[0] , \\q[1] ;\n"
        " DFF \\r[0] (.D(\\d[0] ), .CK(clk), .Q(\\q[0] ));\n DFF \\r[1] (.D(\\d[1] ), .CK(clk), .Q(\\q[1] ));\nendmodule\n",
    )
    for pattern, count in (("d[*]", 2), ("d*", 2), ("d[1]", 1), ("{d[0] d[1]}", 2), ("d", 2), ("{d\\[0\\]}", 1)):
        case.write("top.sdc", f"create_clock -period 1 clk\nset_input_delay 0.1 -clock clk [get_ports {pattern}]\n")
        setup, _ = case.everything()
        assert len([pin for pin in setup if pin.endswith("/D")]) == count, pattern


def test_names_that_do_not_exist_are_counted_and_refused(case: Case) -> None:
    case.write("top.sdc", BASE + "set_false_path -from [get_ports nowhere]\n")
    with pytest.raises(InputError, match=r"top.sdc:5: no port matches 'nowhere'.*--allow sdc_not_found"):
        case.everything()
    files = [case.folder / name for name in ("top.v", "cells.lib", "top.sdc")]
    found = run_sta(files[0], "top", [files[1]], files[2], options=StaOptions(allow=("sdc_not_found",)))
    assert found["checks"]["sdc_not_found"]["count"] == 1
    case.write("top.sdc", BASE)
    assert {row["pin"]: row["slack_ps"] for row in found["endpoints"]} == case.everything()[0]
    case.write("top.sdc", BASE + "set_false_path -from [get_ports -quiet nowhere]\n")
    case.everything()


def test_what_catch_hides_is_said(case: Case) -> None:
    case.write("top.sdc", BASE + "catch { set_load 0.05 [get_nets n2] }\n")
    found = case.ours()["checks"]
    assert isinstance(found, dict)
    assert found["sdc_ignored"]["severity"] == "warning"
    assert "catch went on after: " in found["sdc_ignored"]["examples"][0]
    assert "set_load: of nets is not understood" in found["sdc_ignored"]["examples"][0]


def test_passed_over_commands_stand_in_the_account(case: Case) -> None:
    technology_files = case.folder / "cells.lib"
    technology_files.write_text(library())
    technology = technology_from_liberty([technology_files])
    checks = Checks()
    text = KINDS["not timing"] + "set_ideal_network [get_ports b]\nset_operating_conditions -library planes slow\n"
    read_sdc(text, netlist=parse_verilog(TWO_CLOCKS, technology), checks=checks)
    found = checks.as_dict()["sdc_ignored"]
    assert found["count"] == 5
    assert found["severity"] == "warning"
    assert "set_ideal_network: the real delays are kept" in str(found["examples"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("set_max_delay 1 -from [get_pins u1/A]\n", "'u1/A' starts no path"),
        ("set_max_delay 1 -to [get_pins u1/A]\n", "'u1/A' ends no path"),
        ("set_false_path -rise_from [get_ports b]\n", "-rise_from and -fall_from take clocks"),
        ("create_clock -name w -period 1 [get_pins u3/A]\n", "name the pin or port that drives it"),
        (
            "create_generated_clock -name g -source [get_ports b] -divide_by 2 [get_pins r1/Q]\n",
            "no clock reaches its source 'b'",
        ),
        ("set_wire_load_model -name small\n", "the command 'set_wire_load_model' is not understood"),
        ("set_resistance 1 [get_nets n1]\n", "the command 'set_resistance' is not understood"),
    ],
)
def test_what_would_change_numbers_and_is_not_understood_is_an_error(case: Case, text: str, message: str) -> None:
    case.write("top.sdc", BASE + text)
    with pytest.raises(InputError) as error:
        case.everything()
    assert message in str(error.value)
    assert "top.sdc:" in str(error.value)
