"""Verilog netlists of other tools: what Icarus makes of them, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.netlist import Netlist, parse_verilog, read_verilog
from finevh.technology import Technology, technology_from_liberty
from oracles.case import Case
from oracles.plane_library import CELLS, NETLIST, library

PG = "pg_pin (VDD) { pg_type : primary_power; } pg_pin (VSS) { pg_type : primary_ground; } "


@pytest.fixture(scope="module")
def planes(tmp_path_factory: pytest.TempPathFactory) -> Technology:
    path = tmp_path_factory.mktemp("verilog") / "cells.lib"
    path.write_text(library())
    return technology_from_liberty([path])


def pins(netlist: Netlist) -> dict[str, str]:
    """Net of each connected pin."""
    names = netlist.cells.pin_name
    return {
        f"{netlist.instance_names[cell]}/{names[kind]}": netlist.net_names[net]
        for cell, kind, net in zip(
            netlist.pin_cell.tolist(), netlist.pin_type.tolist(), netlist.pin_net.tolist(), strict=True
        )
        if net >= 0
    }


def ports(netlist: Netlist) -> dict[str, str | int]:
    """Net of each port, or the constant that it has."""
    constant = netlist.net_constant.tolist()
    return {
        name: constant[net] if constant[net] >= 0 else netlist.net_names[net]
        for name, net in zip(netlist.port_names, netlist.port_net.tolist(), strict=True)
    }


def read(text: str, planes: Technology) -> Netlist:
    return parse_verilog(text, planes)


INVERTER = "INV u (.A(a), .Y(y));"
HEAD = "module top (a, b, y); input a, b; output y;\n"
ONE = {
    "ifdef": f"{HEAD}`ifdef SIM\nNAND2 u (.A(a), .B(b), .Y(y));\n`else\n{INVERTER}\n`endif\nendmodule",
    "ifndef": f"{HEAD}`ifndef SIM\n{INVERTER}\n`else\nNAND2 u (.A(a), .B(b), .Y(y));\n`endif\nendmodule",
    "nested": f"{HEAD}`ifdef A\n`ifdef B\nX\n`else\nY\n`endif\n`elsif C\nZ\n`else\n{INVERTER}\n`endif\nendmodule",
    "defined": f"`define SIM\n{HEAD}`ifdef SIM\n{INVERTER}\n`else\nbroken\n`endif\nendmodule",
    "undefined again": f"`define SIM\n`undef SIM\n{HEAD}`ifndef SIM\n{INVERTER}\n`endif\nendmodule",
    "in a line": f"{HEAD}`ifdef SIM NAND2 u (.A(a)); `else {INVERTER} `endif endmodule",
    "macro": f"`define CELL INV\n{HEAD}`CELL u (.A(a), .Y(y));\nendmodule",
    "macro with arguments": f"`define INVERT(n, i, o) INV n (.A(i), .Y(o));\n{HEAD}`INVERT(u, a, y)\nendmodule",
    "macro of lines": f"`define BODY INV u \\\n (.A(a), .Y(y));\n{HEAD}`BODY\nendmodule",
    "macro with a comment": f"`define CELL INV // the cell\n{HEAD}`CELL u (.A(a), .Y(y));\nendmodule",
    "simulation directives": f"`timescale 1ns / 1ps\n`default_nettype none\n`celldefine {HEAD}{INVERTER}endmodule `endcelldefine",
    "translate_off": f"{HEAD}// synopsys translate_off\ninitial broken;\n// synopsys translate_on\n{INVERTER}\nendmodule",
    "translate_off in a block": f"{HEAD}/* synthesis translate_off */ x /* synthesis translate_on */{INVERTER}endmodule",
    "pragma": f"{HEAD}// pragma translate_off\nalways begin end\n// pragma translate_on\n{INVERTER}\nendmodule",
    "attribute with a star": f'(* src = "x.v:3 *) foo" *)\n{HEAD}(* keep, k = 1\'sh0 *) {INVERTER}endmodule',
    "attribute of a port": "module top (input a, (* keep *) input b, output y); INV (* dont_touch *) u (.A(a), .Y(y)); endmodule",
    "escaped names": "module \\top (\\a , b, y); input \\a ; input b; output y; \\INV \\u (.\\A (\\a ), .\\Y (y)); endmodule",
    "delay": f"{HEAD}INV #1 u (.A(a), .Y(y));\nendmodule",
    "delays": f"{HEAD}INV #(1:2:3, 2) u (.A(a), .Y(y));\nendmodule",
    "models behind": f"{HEAD}{INVERTER}endmodule\nmodule INV (A, Y); input A; output Y; not (Y, A); endmodule",
    "late declaration": "module top (a, b, y); INV u (.A(a), .Y(y)); output y; input a, b; endmodule",
    "wire with a value": "module top (a, b, y); input a, b; output y; wire x = a; INV u (.A(x), .Y(y)); endmodule",
    "several assigns": f"{HEAD}wire x, w; assign x = a, y = w; INV u (.A(x), .Y(w)); endmodule",
    "delayed assign": "module top (a, b, y); input a, b; output y; wire w; assign #0.1 y = w; INV u (.A(a), .Y(w)); endmodule",
    "carriage returns": f"{HEAD}{INVERTER}\nendmodule\n".replace("\n", "\r\n"),
    "a cell array of one": "module top (a, b, y); input [0:0] a; input b; output y; INV u (.A(a), .Y(y)); endmodule",
}  # fmt: skip


@pytest.mark.parametrize("name", ONE)
def test_one_inverter_is_read_however_it_is_written(planes: Technology, name: str) -> None:
    netlist = parse_verilog(ONE[name], planes, "top")
    assert pins(netlist) == {"u/A": "a[0]" if "array" in name else "a", "u/Y": "y"}
    assert netlist.name == "top"


CONSTANTS = {
    "8'hx": [-1] * 8,
    "8'hz1": [-1, -1, -1, -1, 0, 0, 0, 1],
    "8'h1": [0, 0, 0, 0, 0, 0, 0, 1],
    "8'bx1": [-1] * 7 + [1],
    "8'dx": [-1] * 8,
    "8'sd3": [0, 0, 0, 0, 0, 0, 1, 1],
    "8'b1010_0101": [1, 0, 1, 0, 0, 1, 0, 1],
    "8'o17": [0, 0, 0, 0, 1, 1, 1, 1],
    "{2{4'h9}}": [1, 0, 0, 1] * 2,
    "{4{1'b1, 1'b0}}": [1, 0] * 4,
    "{{3{1'b1}}, 5'h0}": [1, 1, 1, 0, 0, 0, 0, 0],
    "{2'b10, {2{{2{1'b1}}, 1'b0}}}": [1, 0, 1, 1, 0, 1, 1, 0],
    "5": [0, 0, 0, 0, 0, 1, 0, 1],
    "'hff": [1] * 8,
    "16'h12f0": [1, 1, 1, 1, 0, 0, 0, 0],
    "'bx": [-1] * 8,
    "{W{1'b1}}": [1] * 8,
}


@pytest.mark.parametrize("text", CONSTANTS)
def test_constants_are_those_of_verilog(planes: Technology, text: str) -> None:
    netlist = read(f"module top (y); parameter W = 8; output [W-1:0] y; assign y = {text}; endmodule", planes)
    assert [netlist.net_constant[net] for net in netlist.port_net] == CONSTANTS[text]


BITS = {
    "on the next line": "\\a.b\n   [1]",
    "behind a tab": "\\a.b\t[1]",
    "with blanks inside": "\\a.b  [ 1 ]",
    "in braces": "{\\a.b [1]}",
    "as a part": "\\a.b [1:1]",
    "of a parameter": "\\a.b [W-1]",
}


@pytest.mark.parametrize("name", BITS)
def test_a_bit_of_an_escaped_bus_is_that_bit(planes: Technology, name: str) -> None:
    text = f"module top (y); output y; parameter W = 2; wire [1:0] \\a.b ; INV u (.A({BITS[name]}), .Y(y)); endmodule"
    assert pins(read(text, planes)) == {"u/A": "a.b[1]", "u/Y": "y"}


def test_replicated_and_joined_nets(planes: Technology) -> None:
    netlist = read("module top (c, x, y); input c; output x, y; assign {x, y} = {2{c}}; endmodule", planes)
    assert ports(netlist) == {"c": "c", "x": "c", "y": "c"}


SUB = """module pair (i, o); input [1:0] i; output [1:0] o; wire m;
  INV u0 (.A(i[0]), .Y(o[0])); INV \\u.1 (.A(i[1]), .Y(m)); BUF u2 (.A(m), .Y(o[1])); endmodule
"""
DEEP = """module deep (input a, output y); wire [1:0] w;
  pair p (.i({a, 1'b1}), .o(w)); NAND2 n (.A(w[0]), .B(w[1]), .Y(y)); endmodule
"""
TOP = "module top (input a, output y, output z); deep \\d[0] (.a(a), .y(y)); pair q (.i({2{y}}), .o({z, open})); endmodule\n"
FLAT = {
    "d[0]/p/u0/A": "1'b1", "d[0]/p/u0/Y": "d[0]/w[0]", "d[0]/p/u.1/A": "a", "d[0]/p/u.1/Y": "d[0]/p/m", "d[0]/p/u2/A": "d[0]/p/m",
    "d[0]/p/u2/Y": "d[0]/w[1]", "d[0]/n/A": "d[0]/w[0]", "d[0]/n/B": "d[0]/w[1]", "d[0]/n/Y": "y",
    "q/u0/A": "y", "q/u0/Y": "open", "q/u.1/A": "y", "q/u.1/Y": "q/m", "q/u2/A": "q/m", "q/u2/Y": "z",
}  # fmt: skip


@pytest.mark.parametrize("text", [SUB + DEEP + TOP, TOP + DEEP + SUB, DEEP + TOP + SUB])
def test_hierarchy_is_flattened_with_the_names_of_its_instances(planes: Technology, text: str) -> None:
    assert pins(read(text, planes)) == FLAT


def test_connections_by_place_and_given_parameters(planes: Technology) -> None:
    sub = "module wide #(parameter W = 1) (input [W-1:0] i, output [W-1:0] o); INV u (.A(i[W-1]), .Y(o[W-1])); endmodule\n"
    text = sub + "module top (input [2:0] a, output [2:0] y); wide #(.W(3)) s (a, y); wide t (a[0], y[0]); endmodule"
    assert pins(read(text, planes)) == {"s/u/A": "a[2]", "s/u/Y": "y[2]", "t/u/A": "a[0]", "t/u/Y": "y[0]"}


def test_a_hierarchical_netlist_has_the_slacks_of_the_flat_one(tmp_path: Path) -> None:
    case = Case(tmp_path)
    flat = case.slacks()
    stage = "module stage (input q, b, output n2); wire n1; NAND2 u1 (.A(q), .B(b), .Y(n1)); INV u2 (.A(n1), .Y(n2)); endmodule\n"
    top = NETLIST.replace("NAND2 u1 (.A(q), .B(b), .Y(n1));", "stage s (.q(q), .b(b), .n2(n2));")
    case.write("top.v", stage + top.replace("INV u2 (.A(n1), .Y(n2));", ""))
    assert case.agrees() == flat


def test_files_beside_the_netlist_are_included_once(planes: Technology, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    guarded = (
        "`ifndef GUARD\n`define GUARD\nmodule inner (input a, output y); INV u (.A(a), .Y(y)); endmodule\n`endif\n"
    )
    (tmp_path / "sub" / "inner.vh").write_text(guarded)
    (tmp_path / "top.v").write_text(
        '`include "sub/inner.vh"\n`include "sub/inner.vh"\nmodule top (input a, output y); inner i (.a(a), .y(y)); endmodule\n'
    )
    assert pins(read_verilog(tmp_path / "top.v", planes)) == {"i/u/A": "a", "i/u/Y": "y"}
    (tmp_path / "sub" / "inner.vh").write_text(guarded.replace("INV", "\n\nNOPE"))
    with pytest.raises(InputError, match=r"sub/inner\.vh:5: no Liberty given holds a cell 'NOPE'"):
        read_verilog(tmp_path / "top.v", planes, "top")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("`ifdef A\nmodule top; endmodule\n", "<text>:1: `ifdef without `endif: the file is truncated"),
        ("module top; endmodule\n`endif\n", "<text>:2: `endif without `ifdef"),
        ("module top;\n`NONE u (.A(a));\nendmodule", "<text>:2: macro '`NONE' is not defined"),
        ("`define X `X\nmodule top; `X endmodule", "<text>:2: macro '`X' expands into itself"),
        ('`include "none.v"\n', '<text>:1: `include "none.v" from a text without a file can\'t be followed'),
        ("module top; sub s (); endmodule\nmodule sub;\n top t (); endmodule", "<text>: 2 modules; say which one is the top"),
        ("module sub (input a); endmodule\nmodule top;\n sub s (.b(x)); endmodule",
         "<text>:3: instance 's': module 'sub' has no port 'b'"),
        ("module sub (input [1:0] a); endmodule\nmodule top;\n sub s (.a(x)); endmodule",
         "<text>:3: instance 's': port 'a' takes 2 bits, not 1"),
        ("module top;\n INV u (.A({a, b}));\nendmodule", "<text>:2: instance 'u': pin 'A' takes one net, not 2"),
        ("module top;\n wire [3:0] a;\n assign a = {99999999{b}};\nendmodule", "<text>:3: a repetition of 99999999 bits"),
        ("module top;\n wire [N:0] a;\nendmodule", "<text>:2: 'N' is no whole number"),
        ("module a; endmodule\nmodule a; endmodule", "<text>:2: module 'a' stands twice in this file"),
        ("module a; wire x;\nmodule b; endmodule", "<text>:1: no 'endmodule' before the next 'module': the file is damaged"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_named_with_its_line(planes: Technology, text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read(text, planes)
    assert str(error.value) == message


def test_a_module_in_itself_is_an_error(planes: Technology) -> None:
    with pytest.raises(InputError, match="is in itself, or the hierarchy has no end"):
        parse_verilog("module top; top t (); endmodule", planes, "top")
    doubled = (
        "".join(f"module m{k}; m{k + 1} a (); m{k + 1} b (); endmodule\n" for k in range(60)) + "module m60; endmodule"
    )
    with pytest.raises(InputError, match="is in itself, or the hierarchy has no end"):
        parse_verilog(doubled, planes, "m0")


POWERED = (
    NETLIST.replace("z);", "z, VDD, VSS);", 1)
    .replace("output z;", "output z; inout VDD, VSS;")
    .replace("));\n", "), .VDD(VDD), .VSS(VSS));\n")
)
PHYSICAL = "  TAPCELL t0 ();\n  FILL_X8 f0 (.VDD(VDD), .VSS(VSS));\n  DECAP d0 (.VPWR(VDD), .VGND(VSS), .VPB(VDD), .VNB(VSS));\n"


@pytest.mark.parametrize("known", [True, False])
def test_power_pins_taps_and_fillers_change_nothing(tmp_path: Path, known: bool) -> None:
    case = Case(tmp_path)
    flat = case.slacks()
    if known:
        case.write("cells.lib", library(**{name: text.replace("area", PG + "area") for name, text in CELLS.items()}))
    text = POWERED.replace("endmodule", PHYSICAL + "endmodule")
    assert ".VDD(VDD)" in text
    assert "f0" in text
    path = case.write("top.v", text)
    assert case.slacks() == flat
    checks = Checks()
    read_verilog(path, technology_from_liberty([case.folder / "cells.lib"]), "top", checks)
    assert checks.as_dict().keys() == {"cells_without_liberty"}
    assert checks["cells_without_liberty"].examples == ["t0 (TAPCELL)", "f0 (FILL_X8)", "d0 (DECAP)"]


def test_a_cell_without_liberty_that_has_a_signal_is_an_error(planes: Technology) -> None:
    with pytest.raises(InputError, match="no Liberty given holds a cell 'ANTENNA'"):
        read("module top (input a); ANTENNA x (.A(a), .VDD(v)); endmodule", planes)
    with pytest.raises(InputError, match="cell 'INV' has no pin 'EN'"):
        read("module top (input a); INV x (.A(a), .EN(a)); endmodule", planes)


ODD = {
    "typing error": ("NAND2 u (.A(a), .B(typo), .Y(y));", {"floating_inputs": ["u/B"]}),
    "open pin": ("NAND2 u (.A(a), .B(), .Y(y));", {"floating_inputs": ["u/B"]}),
    "unknown constant": ("NAND2 u (.A(a), .B(1'bx), .Y(y));", {"floating_inputs": ["u/B"]}),
    "tied": ("NAND2 u (.A(a), .B(1'b1), .Y(y));", {}),
    "two drivers": ("INV u (.A(a), .Y(y)); INV v (.A(b), .Y(y));", {"multiple_drivers": ["y"]}),
    "driven port": ("INV u (.A(a), .Y(b));", {"multiple_drivers": ["b"]}),
    "joined ports": ("assign a = b; INV u (.A(a), .Y(y));", {"multiple_drivers": ["a"]}),
    "supply nets": ("supply1 one; NAND2 u (.A(a), .B(one), .Y(y));", {}),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_about_the_connections_is_counted(planes: Technology, name: str) -> None:
    body, expected = ODD[name]
    checks = Checks()
    parse_verilog(f"module top (a, b, y); input a, b; output y; {body} endmodule", planes, "top", checks=checks)
    assert {kind: found.examples for kind, found in checks} == expected


def test_a_netlist_cut_anywhere_is_an_error(planes: Technology) -> None:
    for text in (NETLIST, SUB + DEEP + TOP):
        for at in range(len(text.rstrip())):
            with pytest.raises(InputError):
                parse_verilog(text[:at], planes, "top")


def test_supply_ports_are_no_endpoints(tmp_path: Path) -> None:
    case = Case(tmp_path)
    plain = case.ours()["checks"]
    case.write("top.v", POWERED)
    assert case.ours()["checks"] == plain
