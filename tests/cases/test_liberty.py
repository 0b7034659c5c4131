"""Liberty as the field writes it: slacks by hand on planes (``oracles/plane_library.py``), and OpenSTA's where it is right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.netlist import parse_verilog
from finevh.power import DynamicPower
from finevh.power.activity import activity_from_probabilities
from finevh.technology import Technology, technology_from_liberty
from finevh.technology.liberty import read_liberty
from oracles.case import Case
from oracles.plane_library import CELLS, HEAD, NETLIST, SDC, arc, check, input_pin, library, output, plane

# b falls or rises at 100; u1: 18 + 1 for its load (+ 1 falling); u2: 10 + 1 (+ 1) and a fifth of the slower slew at n1, 23.76.
BASE = {"r1/D": 950 - 100 - 20 - 15.752, "z": 749.0, "r0/D": 850.0}


def near(value: Any) -> Any:
    """The engine keeps delays in single precision."""
    return pytest.approx(value, abs=0.01)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def technology(case: Case) -> Technology:
    return technology_from_liberty([case.folder / "cells.lib"])


def test_the_base_is_as_by_hand(case: Case) -> None:
    assert case.agrees() == near(BASE)
    assert case.hold() == near(51 + 21.32 + 10 + 0.2 * 21.6 + 1 - 10)


UNITS = {
    "commented": HEAD.replace("  time_unit", '  /* time_unit : "1ps"; capacitive_load_unit (1, ff); */ time_unit'),
    "line comment": HEAD.replace("  time_unit", '  // time_unit : "1ps";\n  time_unit'),
    "quoted": HEAD.replace("(1, pf)", '("1","pf")'),
    "capitals": HEAD.replace("(1, pf)", "( 1.0 , PF )").replace('"1ns"', '"1NS"'),
    "bare": HEAD.replace('"1ns"', "1ns"),
    "continued": HEAD.replace("(1, pf)", "( 1, \\\n pf)"),
    "behind a line's end": HEAD.replace("capacitive_load_unit (1, pf)", "capacitive_load_unit\\\n   (1, pf)"),
    "in text": HEAD.replace("  time_unit", '  comment : "time_unit : 1ps;"; time_unit'),
    "fractions": HEAD.replace("(1, pf)", "(1000.0, ff)").replace('"1ns"', '"1000ps"'),
}


@pytest.mark.parametrize("spelling", UNITS)
def test_units_are_those_of_the_header(case: Case, spelling: str) -> None:
    case.write("cells.lib", library(head=UNITS[spelling]))
    slacks = case.slacks() if spelling != "fractions" else None
    if slacks is not None:
        assert slacks == near(BASE)
    read = technology(case)
    assert read.units == (("1000ps", "1000fF") if spelling == "fractions" else ("1ns", "1pF"))
    inverter = read.cells.index["INV"]
    assert read.corners.pin_cap[0, read.cells.pin_ptr[inverter]] == near(2.0)


def test_the_second_file_does_not_change_the_units_of_the_sdc(case: Case) -> None:
    macro = "  cell (EXTRA) { area : 1;\n" + input_pin("A", "2") + "  }\n"
    other = HEAD.replace("(1, pf)", "(1, ff)").replace("(planes)", "(more)") + macro + "}\n"
    both = technology_from_liberty([case.folder / "cells.lib", case.write("more.lib", other)])
    assert both.units == ("1ns", "1pF")
    assert both.corners.pin_cap[0, both.cells.pin_ptr[both.cells.index["EXTRA"]]] == near(2.0)


def test_the_capacitance_of_an_output_pin_loads_its_net(case: Case) -> None:
    case.write(
        "cells.lib", library(NAND2=CELLS["NAND2"].replace("max_capacitance", "capacitance : 0.05; max_capacitance"))
    )
    # n1: 52 fF instead of 2: 25 ps more, and 40 ps more slew at u2, which is 8 ps.
    assert case.agrees()["r1/D"] == near(BASE["r1/D"] - 25 - 8)
    assert case.hold() == near(90.0)  # r0/D; the path to r1/D is no longer the worst


def test_an_output_pin_that_loads_its_net_counts_in_switching_power(case: Case) -> None:
    with_cap = CELLS["INV"].replace("max_capacitance", "capacitance : 0.004; max_capacitance")
    case.write("cells.lib", library(INV=with_cap))
    read = technology(case)
    text = "module top (a, y); input a; output y; INV u (.A(a), .Y(y)); endmodule"
    netlist = parse_verilog(text, read)
    one_toggle = activity_from_probabilities(netlist, np.full(2, 0.5), np.full(2, 1.0))
    power = DynamicPower(netlist, read, wires=None, activity=one_toggle, slew=np.zeros((2, 2)))
    assert power.loads(np.zeros(1, dtype=np.int32)).tolist() == near([2.0, 4.0])


RANGED = (
    "rise_capacitance : 0.03; fall_capacitance : 0.06; "
    "rise_capacitance_range (0.02, 0.04); fall_capacitance_range (0.05, 0.07);"
)


def test_early_paths_take_the_lower_end_of_a_capacitance_range(case: Case) -> None:
    case.write(
        "cells.lib", library(INV=CELLS["INV"].replace("capacitance : 0.002;", f"capacitance : 0.002; {RANGED}", 1))
    )
    # Late, n1 falls on 70 fF: 34 ps and 54.4 ps of slew more, the latter worth 10.88 ps at u2; rising 40 fF.
    rising = 100 + 18 + 0.5 * 40 + 10 + 0.2 * (22.16 + 0.8 * 40) + 1 + 1
    falling = 100 + 18 + 1 + 0.5 * 70 + 10 + 0.2 * (22.16 + 0.8 * 70) + 1
    assert case.agrees()["r1/D"] == near(950 - max(rising, falling))
    case.write("top.sdc", "create_clock -name clk -period 1.0 [get_ports clk]\n")
    # Early: q rises, n1 falls on 50 fF; q falls, n1 rises on 20 fF. The faster slew at n1 is that from b, which has none.
    falls = 51 + 15 + 1 + 0.2 * 21.6 + 0.5 * 50 + 10 + 0.2 * (20 + 0.8 * 50) + 1
    rises = 52 + 15 + 0.2 * 21.6 + 0.5 * 20 + 10 + 0.2 * (20 + 0.8 * 20) + 1 + 1
    assert case.hold() == near(min(falls, rises) - 10)


def test_a_range_without_its_own_edge_is_that_edge(case: Case) -> None:
    text = CELLS["INV"].replace(
        "capacitance : 0.002;", "capacitance : 0.002; fall_capacitance_range (0.001, 0.004);", 1
    )
    pin = read_liberty(case.write("cells.lib", library(INV=text))).cells["INV"].pins[0]
    assert (pin.cap_rise_low, pin.cap_rise) == near((2.0, 2.0))
    assert (pin.cap_fall_low, pin.cap_fall) == near((1.0, 4.0))


def test_k_factors_derate_to_the_operating_conditions(case: Case) -> None:
    k = """k_volt_cell_rise : -1; k_temp_cell_rise : 0.002; k_process_cell_rise : 0.5; k_volt_cell_fall : -2;
      k_volt_setup_rise : -1; k_volt_setup_fall : -1; k_volt_rise_transition : -3;
      operating_conditions (slow) { process : 1.2; voltage : 0.9; temperature : 125; }
      default_operating_conditions : slow; """
    case.write("cells.lib", library(head=HEAD.replace("  nom_process", k + " nom_process")))
    rise = (1 + 0.5 * 0.2) * (1 + 0.002 * 100) * (1 + 0.1)
    slacks = case.agrees()
    assert slacks["z"] == near(800 - max(rise * 50, 1.2 * 51))
    # Rising slews are 1.3 times as long: at q 28.08, at n1 from a falling q 30.888, and 24.408 falling from a rising q.
    first = 100 + rise * 19 + 1.2 * (10 + 0.2 * 30.888 + 2)
    second = 100 + 1.2 * 20 + rise * (10 + 0.2 * 24.408 + 1)
    assert slacks["r1/D"] == near(1000 - 1.1 * 50 - max(first, second))
    assert technology(case).vdds.tolist() == [0.9]


def test_k_factors_do_nothing_at_nominal_conditions(case: Case) -> None:
    case.write("cells.lib", library(head=HEAD.replace("  nom_process", "  k_volt_cell_rise : -1; nom_process")))
    assert case.agrees() == near(BASE)


ADDER = (
    "  cell (FA) { area : 9;\n"
    + "".join(input_pin(pin) for pin in ("A", "B", "CI"))
    + output("CON", "!((A & B) | (CI & (A | B)))", "".join(arc(pin, 30) for pin in ("A", "B", "CI")))
    + output(
        "SN", "!(A ^ B ^ CI)", "".join(arc(p, 200, "non_unate") for p in ("A", "B", "CI")) + arc("CON", 25, "non_unate")
    )
    + "  }\n"
)


@pytest.mark.parametrize("con", ["c", ""])
def test_an_arc_may_start_at_an_output_pin(case: Case, con: str) -> None:
    """The path through CON starts with CON's own slew, whether the netlist connects that pin or not."""
    adder = ADDER.replace(arc("A", 200, "non_unate"), "")
    case.write("cells.lib", library(adder))
    register = "DFF r2 (.D(c), .CK(clk), .Q(y)); " if con else ""
    case.write(
        "top.v",
        "module top (clk, a, b, z, y); input clk, a, b; output z, y; wire c, s; "
        f"FA u (.A(a), .B(b), .CI(b), .CON({con}), .SN(s)); {register}"
        "DFF r1 (.D(s), .CK(clk), .Q(z)); endmodule",
    )
    load = 2.0 if con else 0.0
    slew = 20 + 0.8 * load
    early = 100 + min(30 + 0.5 * load + 25 + 0.2 * slew + 1, 1000)
    assert case.hold() == near((100 + 30 + 0.5 * 2 - 10) if con else early - 10)
    theirs, _ = case.theirs()
    assert case.slacks()["r1/D"] == near(theirs["r1/D"])


BUS_TYPE = (
    "  type (two) { base_type : array; data_type : bit; bit_width : 2; bit_from : 1; bit_to : 0; downto : true; }\n"
)
THREE = """  lu_table_template (three) { variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    variable_3 : related_out_total_output_net_capacitance; index_1 ("0, 1"); index_2 ("0, 1"); index_3 ("0, 1"); }
"""
DEEP = 'timing () { related_pin : "A"; ' + " ".join(
    f'{name} (three) {{ values ("1, 1, 1, 1, 1, 1, 1, 1"); }}'
    for name in ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
) + " }"  # fmt: skip
ODD = {
    "no tables": "  cell (ODD) { area : 1;\n" + input_pin("A") + output("Y", "A", 'timing () { related_pin : "A"; }') + "  }\n",
    "three axes": THREE + "  cell (ODD) { area : 1;\n" + input_pin("A") + output("Y", "A", DEEP) + "  }\n",
    "unknown pin": "  cell (ODD) { area : 1;\n" + input_pin("A") + output("Y", "A", arc("NONE", 1)) + "  }\n",
    "unknown pin in leakage": '  cell (ODD) { area : 1; leakage_power () { when : "X"; value : 1; }\n' + input_pin("A") + "  }\n",
    "bad function": "  cell (ODD) { area : 1;\n" + input_pin("A") + output("Y", "A &", arc("A", 1)) + "  }\n",
    "bad number": "  cell (ODD) { area : big;\n" + input_pin("A") + "  }\n",
    "bus of no type": "  cell (ODD) { area : 1; bus (A) { bus_type : none; direction : input; } }\n",
    "no direction": "  cell (ODD) { area : 1; pin (A) { capacitance : 1; } }\n",
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_cell_matters_only_where_it_is_used(case: Case, odd: str) -> None:
    case.write("cells.lib", library(ODD[odd]))
    assert case.slacks() == near(BASE)
    checks = Checks()
    technology(case).book(checks)
    assert checks["cells_skipped"].count == 1
    assert checks["cells_skipped"].examples[0].startswith("ODD (")
    case.write("top.v", NETLIST.replace("INV u2 (.A(n1), .Y(n2));", "INV u2 (.A(n1), .Y(n2)); ODD u3 (.A(b));"))
    with pytest.raises(InputError, match=r"top\.v:7: cell 'ODD' could not be read: .*cells\.lib: cell ODD \(line"):
        case.ours()


def test_registers_of_several_bits_are_timed(case: Case) -> None:
    twin = (
        '  cell (TWIN) { area : 9; ff (IQ1, IQN1) { next_state : "D1"; clocked_on : "CK"; }\n'
        '    ff (IQ2, IQN2) { next_state : "D2"; clocked_on : "CK"; }\n'
        + "".join(input_pin(d, more=check("setup_rising", 50) + check("hold_rising", 10)) for d in ("D1", "D2"))
        + input_pin("CK", "0.001", "clock : true;")
        + "".join(output(f"Q{k}", f"IQ{k}", arc("CK", 50, "non_unate", "timing_type : rising_edge;")) for k in (1, 2))
        + "  }\n"
    )
    case.write("cells.lib", library(twin))
    case.write(
        "top.v",
        NETLIST.replace("DFF r0 (.D(a), .CK(clk), .Q(q));", "").replace(
            "DFF r1 (.D(n2), .CK(clk), .Q(z));", "TWIN t (.D1(a), .D2(n2), .CK(clk), .Q1(q), .Q2(z));"
        ),
    )
    assert case.agrees() == near({"t/D2": BASE["r1/D"], "z": 749.0, "t/D1": 850.0})


def test_banks_and_buses_are_taken_apart(case: Case) -> None:
    bank = (
        BUS_TYPE + '  cell (BANK) { area : 9; ff_bank (IQ, IQN, 2) { next_state : "D"; clocked_on : "CK"; }\n'
        "    bus (D) { bus_type : two; direction : input; capacitance : 0.002;\n"
        + check("setup_rising", 50) + check("hold_rising", 10)
        + "      pin (D[0]) { capacitance : 0.004; } }\n"
        + input_pin("CK", "0.001", "clock : true;")
        + '    bus (Q) { bus_type : two; direction : output; function : "IQ";\n'
        + arc("CK", 50, "non_unate", "timing_type : rising_edge;") + " }\n  }\n"
    )  # fmt: skip
    case.write("cells.lib", library(bank))
    case.write(
        "top.v",
        NETLIST.replace("DFF r0 (.D(a), .CK(clk), .Q(q));", "").replace(
            "DFF r1 (.D(n2), .CK(clk), .Q(z));", "BANK t (.D({a, n2}), .CK(clk), .Q({q, z}));"
        ),
    )
    slacks = case.agrees()
    # D[0] is 4 fF: 1 ps more for u2.
    assert slacks == near({"t/D[0]": BASE["r1/D"] - 1, "z": 749.0, "t/D[1]": 850.0})


def test_a_bundle_goes_member_by_member(case: Case) -> None:
    bundle = (
        "  cell (PAIR) { area : 2; bundle (A) { members (A0, A1); direction : input; capacitance : 0.002; }\n"
        '    bundle (Y) { members (Y0, Y1); direction : output; function : "!A"; ' + arc("A", 10) + " }\n  }\n"
    )
    case.write("cells.lib", library(bundle))
    cell = read_liberty(case.folder / "cells.lib").cells["PAIR"]
    assert [pin.name for pin in cell.pins] == ["A0", "A1", "Y0", "Y1"]
    assert [(a.related, a.pin) for a in cell.arcs] == [("A0", "Y0"), ("A1", "Y1")]
    assert [pin.function for pin in cell.pins[2:]] == ["!A0", "!A1"]
    case.write("top.v", NETLIST.replace("INV u2 (.A(n1), .Y(n2));", "PAIR u2 (.A0(n1), .Y0(n2), .A1(b));"))
    assert case.slacks()["r1/D"] == near(BASE["r1/D"])


def test_a_macro_is_timed_at_its_buses(case: Case) -> None:
    macro = (
        BUS_TYPE + "  cell (RAM) { area : 900; memory () { type : ram; address_width : 2; word_width : 2; }\n"
        + input_pin("CLK", "0.005", "clock : true;")
        + "    bus (AD) { bus_type : two; direction : input; capacitance : 0.003;\n"
        + check("setup_rising", 80, "CLK") + check("hold_rising", 5, "CLK") + " }\n"
        + "    bus (DO) { bus_type : two; direction : output; max_capacitance : 0.4; memory_read () { address : AD; }\n"
        + arc("CLK", 300, "non_unate", "timing_type : rising_edge;") + " }\n  }\n"
    )  # fmt: skip
    case.write("cells.lib", library(macro))
    case.write(
        "top.v",
        "module top (clk, a, b, z); input clk, a, b; output [1:0] z; RAM m (.CLK(clk), .AD({b, a}), .DO(z)); endmodule",
    )
    assert case.agrees() == near({"m/AD[1]": 820.0, "m/AD[0]": 820.0, "z[1]": 499.0, "z[0]": 499.0})


PAD = (
    "  cell (PAD) { area : 50;\n" + input_pin("I")
    + '    pin (P) { direction : inout; capacitance : 0.01; function : "I"; ' + arc("I", 40, "positive_unate") + " }\n"
    + output("C", "P", arc("P", 30, "positive_unate")) + "  }\n"
)  # fmt: skip


def test_a_bidirectional_pad_drives_its_net_and_is_not_read_back(case: Case) -> None:
    case.write("cells.lib", library(PAD))
    case.write("top.sdc", "create_clock -name clk -period 1.0\nset_input_delay 0.1 -clock clk [get_ports a]\n"
               "set_output_delay 0.2 -clock clk [get_ports {z w}]\n")  # fmt: skip
    case.write("top.v", "module top (a, z, w); input a; output z, w; PAD p (.I(a), .P(z), .C(w)); endmodule")
    assert case.agrees() == near({"z": 800 - (100 + 41 + 0.5 * 10)})
    found = case.ours()["checks"]
    assert isinstance(found, dict)
    assert found["unconstrained_endpoints"]["examples"] == ["w"]


def test_a_bidirectional_pin_that_another_cell_drives_is_an_input(case: Case) -> None:
    case.write("cells.lib", library(PAD))
    case.write("top.sdc", SDC.replace("{a b}", "a"))
    body = "wire n; BUF u (.A(a), .Y(n)); PAD p (.P(n), .C(w));"
    case.write("top.v", f"module top (clk, a, b, w); input clk, a, b; output w; {body} endmodule")
    # By hand alone: OpenSTA takes the two as drivers in parallel.
    assert case.slacks() == near({"w": 800 - (100 + 21 + 0.5 * 10 + 31 + 0.2 * (20 + 0.8 * 10))})


POWER = """internal_power () { related_pin : "A"; related_pg_pin : VDD; VDDWHEN rise_power (scalar) { values ("0.01"); }
      fall_power (scalar) { values ("0.03"); } }
    internal_power () { related_pin : "A"; related_pg_pin : VSS; rise_power (POWERS) { values (SECOND); }
      fall_power (scalar) { values ("0.02"); } }"""


def powers(case: Case, text: str) -> list[tuple[str, float, float]]:
    template = '  power_lut_template (slews) { variable_1 : input_transition_time; index_1 ("0, 0.4"); }\n'
    case.write(
        "cells.lib",
        library(head=HEAD + template, INV=CELLS["INV"].replace("max_capacitance", text + " max_capacitance")),
    )
    found = read_liberty(case.folder / "cells.lib").cells["INV"].powers
    assert all(p.rise is not None and p.fall is not None for p in found)
    return [(p.when, float(p.rise.values[-1, -1]), float(p.fall.values[-1, -1])) for p in found]


def test_internal_power_of_several_supply_pins_adds_up(case: Case) -> None:
    plain = POWER.replace("VDDWHEN", "")
    one = plain.replace("POWERS", "scalar").replace("SECOND", '"0.02"')
    assert powers(case, one) == [("", near(30.0), near(50.0))]
    two = plain.replace("POWERS", "slews").replace("SECOND", '"0.02, 0.04"')
    assert powers(case, two) == [("", near(50.0), near(50.0))]
    conditioned = POWER.replace("VDDWHEN", 'when : "A";').replace("POWERS", "scalar").replace("SECOND", '"0.02"')
    assert powers(case, conditioned) == [("A", near(30.0), near(50.0))]


SPELLINGS = {
    "continued function": ("INV", '"!A"', '"!( \\\n  A )"'),
    "apostrophe": ("INV", '"!A"', '"A\'"'),
    "no quotes": ("INV", 'related_pin : "A"', "related_pin : A"),
    "several related pins": ("NAND2", arc("A", 15) + arc("B", 18), arc("A, B", 18)),
    "blanks before values": ("INV", "values (", "values ( \\\n      "),
    "crlf": ("INV", "\n", "\r\n"),
    "boolean words": ("NAND2", "!(A & B)", "(A B)'"),
    "internal pins before the variables": ("DFF", "ff (IQ, IQN)", 'ff ("pa pb", IQ, IQN)'),
    "variables in quotes": ("DFF", "ff (IQ, IQN)", 'ff ("IQ","IQN")'),
    "one variable": ("DFF", "ff (IQ, IQN)", "ff (IQ)"),
    "supply with a mark": (
        "INV",
        "area : 1;",
        "area : 1; pg_pin (vdd!) { pg_type : primary_power; voltage_name : vdd!; }",
    ),
    "attribute without an end": ("INV", "area : 1;", "area : 1\n revision : .x.y\n"),
    "escaped quotes": ("INV", 'function : "!A"', 'function : "!\\"A\\""'),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_the_field_are_read(case: Case, spelling: str) -> None:
    cell, old, new = SPELLINGS[spelling]
    assert old in CELLS[cell]
    case.write("cells.lib", library(**{cell: CELLS[cell].replace(old, new)}))
    assert case.slacks() == near(BASE)
    read = read_liberty(case.folder / "cells.lib")
    assert read.skipped == {}
    assert read.cells["DFF"].pins[-1].function == "IQ"


def test_what_changes_numbers_and_is_not_modelled_is_said(case: Case) -> None:
    load = '  wire_load ("w") { capacitance : 0.1; slope : 1; fanout_length (1, 1); }\n  default_wire_load : "w";\n'
    sigma = f"ocv_sigma_cell_rise (plane) {{ values ({plane(1, 0, 0)}); }} cell_rise"
    skew = CELLS["DFF"].replace("hold_rising", "non_seq_hold_rising")
    case.write("cells.lib", library(head=HEAD + load, INV=CELLS["INV"].replace("cell_rise", sigma, 1), DFF=skew))
    found = case.ours()["checks"]
    assert isinstance(found, dict)
    assert [text.split(" (")[0] for text in found["liberty_not_modelled"]["examples"]] == [
        "ocv_sigma_cell_rise",
        "timing_type non_seq_hold_rising of cell DFF",
        "default_wire_load w: wires have no capacitance here",
    ]
    case.write("top.v", "module top (clk, a, b, z); input clk, a, b; output z; BUF u (.A(a), .Y(z)); endmodule")
    case.write("cells.lib", library(DFF=skew))
    found = case.ours()["checks"]
    assert isinstance(found, dict)
    assert "liberty_not_modelled" not in found


def test_a_clean_library_has_nothing_to_report(case: Case) -> None:
    checks = Checks()
    technology(case).book(checks)
    assert checks.as_dict() == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (": 80;", ": 20;", "slews from 20 to 20 %: the thresholds are percentages, the lower one first"),
        (": 20;", ": 90;", "slews from 90 to 80 %"),
        (" 20; slew_lower_threshold_pct_fall : 20", " 0.2; slew_lower_threshold_pct_fall : 0.2", ""),
        ("nom_voltage : 1.0", "nom_voltage : 0.0", "the library is for a supply of 0 V"),
    ],
)
def test_a_header_that_gives_numbers_no_meaning_is_refused(case: Case, old: str, new: str, message: str) -> None:
    head = HEAD.replace(old, new)
    assert head != HEAD
    if not message:  # as fractions
        head, message = head.replace(": 80;", ": 0.8;"), "slews from 0.2 to 0.8 %"
    case.write("cells.lib", library(head=head))
    with pytest.raises(InputError, match=re.escape(f"cells.lib: {message}")):
        case.ours()


def test_another_delay_model_is_refused(case: Case) -> None:
    case.write("cells.lib", library(head=HEAD.replace("table_lookup", "polynomial")))
    with pytest.raises(InputError, match=r"cells\.lib: delay_model is polynomial; only table_lookup is read"):
        case.ours()


WRITTEN = {
    "time unit in capitals": (HEAD.replace('"1ns"', '"1NS"'), {}),
    "time unit without quotes": (HEAD.replace('"1ns"', "1ns"), {}),
    "no time unit": (HEAD.replace('time_unit : "1ns"; ', ""), {}),
    "capacitance in thousands": (HEAD.replace("(1, pf)", "(1000,ff)"), {}),
    "capacitance in quotes": (HEAD.replace("(1, pf)", '("1", pF)'), {}),
    "capacitance on lines": (HEAD.replace("(1, pf)", "(1.0,\\\n pf )"), {}),
    "units after a comment with others": (
        HEAD.replace('time_unit : "1ns";', '/* time_unit : "1ps"; */ time_unit : "1ns"; /* " */'), {}
    ),
    "slews from 10 to 90": (HEAD.replace(": 20;", ": 10;").replace(": 80;", ": 90;"), {}),
    "a derate of slews": (HEAD.replace("  slew_lower", "  slew_derate_from_library : 0.5;\n  slew_lower", 1), {}),
    "axes the other way round": (
        HEAD + "  lu_table_template (other) { variable_1 : total_output_net_capacitance; variable_2 : input_net_transition;"
        ' index_1 ("0, 0.4"); index_2 ("0, 0.4"); }\n',
        {"INV": ("(plane)", "(other)")},
    ),
    "axes of its own": (HEAD, {"INV": ("cell_rise (plane) { values", 'cell_rise (plane) { index_1 ("0, 0.8"); values')}),
    "a scalar": (
        HEAD,
        {"INV": ("cell_rise (plane) { values (", 'cell_rise (scalar) { values ("0.010"); } x (plane) { values (')},
    ),
    "one axis": (
        HEAD + '  lu_table_template (one) { variable_1 : input_transition_time; index_1 ("0, 0.4"); }\n',
        {"INV": ("cell_rise (plane) { values (", 'cell_rise (one) { values ("0.010, 0.090"); } x (plane) { values (')},
    ),
    "no sense": (HEAD, {"INV": ("timing_sense : negative_unate;", ""), "NAND2": ("timing_sense : negative_unate;", "")}),
    "an arc by state": (
        HEAD,
        {"NAND2": ('timing () { related_pin : "A";', 'timing () { when : "B"; sdf_cond : "B"; related_pin : "A";')},
    ),
    "a slower arc by state": (
        HEAD, {"NAND2": ('timing () { related_pin : "A";', arc("A", 40, more='when : "B";') + 'timing () { related_pin : "A";')},
    ),
    "a falling edge alone": (HEAD, {"INV": ('related_pin : "A";', 'related_pin : "A"; timing_type : combinational_fall;')}),
    "own attributes and groups": (
        HEAD + '  define ("foo", "cell", "string");\n  foo_group (a, b) { bar : 1; baz (1, "2, 3"); qux () { x : y; } }\n',
        {"INV": ("area : 1;", 'area : 1; foo : "x;y{";')},
    ),
    "a comment that looks nested": (HEAD.replace("  delay_model", "  /* a /* b */ delay_model"), {}),
    "a default capacitance": (HEAD + "  default_input_pin_cap : 0.005;\n", {"INV": ("capacitance : 0.002;", "")}),
    "a setup time over the data's slew alone": (
        HEAD + '  lu_table_template (data) { variable_1 : constrained_pin_transition; index_1 ("0, 0.4"); }\n',
        {"DFF": (check("setup_rising", 50), 'timing () { related_pin : "CK"; timing_type : setup_rising;'
                 ' rise_constraint (data) { values ("0.05, 0.15"); } fall_constraint (data) { values ("0.05, 0.25"); } }')},
    ),
    "a setup time over the clock's slew alone": (
        HEAD + '  lu_table_template (clock) { variable_1 : related_pin_transition; index_1 ("0, 0.4"); }\n',
        {"DFF": (check("setup_rising", 50), 'timing () { related_pin : "CK"; timing_type : setup_rising;'
                 ' rise_constraint (clock) { values ("0.05, 0.15"); } fall_constraint (clock) { values ("0.05, 0.25"); } }')},
    ),
    "a setup time with its axes the other way round": (
        HEAD + "  lu_table_template (turned) { variable_1 : related_pin_transition; variable_2 : constrained_pin_transition;"
        ' index_1 ("0, 0.4"); index_2 ("0, 0.4"); }\n',
        {"DFF": (check("setup_rising", 50), 'timing () { related_pin : "CK"; timing_type : setup_rising;'
                 ' rise_constraint (turned) { values ("0.05, 0.15", "0.02, 0.3"); }'
                 ' fall_constraint (turned) { values ("0.05, 0.15", "0.02, 0.3"); } }')},
    ),
    "a value on the next line": (HEAD, {"INV": ('function : "!A"', 'function : \\\n   "!A"')}),
    "two setup times by state": (
        HEAD, {"DFF": (check("setup_rising", 50), check("setup_rising", 50) + check("setup_rising", 80).replace(
            "timing_type", 'when : "Q"; timing_type'))},
    ),
    "cells to test and cells at another corner": (
        HEAD + "  scaled_cell (INV, slow) { area : 9; pin (A) { direction : input; capacitance : 8; } }\n",
        {"DFF": ("area : 5;", 'area : 5; test_cell () { ff (IQ, IQN) { next_state : "D"; clocked_on : "CK"; } pin (D) {'
                 ' direction : input; capacitance : 9; } pin (Q) { direction : output; function : "IQ"; } }')},
    ),
    "pins of one group": (
        HEAD,
        {"NAND2": (input_pin("A") + input_pin("B", "0.003"), "    pin (A, B) { direction : input; capacitance : 0.0025; }\n")},
    ),
    "a negative delay": (HEAD, {"INV": ('cell_rise (plane) { values ("0.010000', 'cell_rise (plane) { values ("-0.010000')}),
}  # fmt: skip


@pytest.mark.parametrize("written", WRITTEN)
def test_slacks_are_those_of_opensta_however_a_library_is_written(case: Case, written: str) -> None:
    head, changes = WRITTEN[written]
    cells = {}
    for name, (old, new) in changes.items():
        assert old in CELLS[name]
        cells[name] = CELLS[name].replace(old, new, 1)
    case.write("cells.lib", library(head=head, **cells))
    case.agrees_everywhere()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("capacitance : 0.002;", "capacitance : 0.00_2;", "cell INV (line 13): not a number: '0.00_2' is not a number"),
        ('values ("0.010000, 0.210000"', 'values ("0.010000 0.2_1"', "cell INV (line 13): not a number: "),
        ("cell_rise", "rise_propagation", "has rise_transition but no cell_rise"),
        ("values (" + plane(10, 0.2, 0.5) + ")", 'values ("0.010")', "has 1 values for axes of 2 x 2"),
        ("area : 1;", 'area : 1; include_file ("more.lib");', "include_file is not followed"),
    ],
)  # fmt: skip
def test_what_would_be_lost_is_an_error(case: Case, old: str, new: str, message: str) -> None:
    assert old in CELLS["INV"]
    case.write("cells.lib", library(INV=CELLS["INV"].replace(old, new, 1)))
    with pytest.raises(InputError, match=re.escape(message)):
        case.ours()


def test_a_mark_of_byte_order_is_no_text(case: Case) -> None:
    before = case.slacks()
    for name in ("cells.lib", "top.v", "top.sdc"):
        path = case.folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert case.slacks() == before


def test_of_two_arcs_without_a_condition_each_end_takes_its_worst(case: Case) -> None:
    """A second arc 30 ps slower: setup goes by it, hold by the first. OpenSTA keeps the last alone."""
    case.write("cells.lib", library(INV=CELLS["INV"].replace(arc("A", 10), arc("A", 10) + arc("A", 40))))
    assert case.slacks()["r1/D"] == near(BASE["r1/D"] - 30)
    before = case.hold()
    case.write("cells.lib", library())
    assert case.hold() == near(before)


def test_a_library_cut_anywhere_is_an_error(case: Case) -> None:
    text = library()
    for at in range(0, len(text) - 2, 97):
        case.write("cells.lib", text[:at])
        with pytest.raises(InputError):
            technology(case)
