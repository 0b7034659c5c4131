"""Verilog in and out: names, buses, constants, assigns; clear errors; no text makes a traceback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finevh.errors import InputError
from finevh.netlist import Netlist, format_verilog, parse_verilog, read_verilog, write_verilog
from finevh.technology import Technology
from oracles.random_design import random_design

SMALL = """
/* a comment */ (* top = 1 *)
module m (a, \\b.c , d, y, z);
  input a; // a line
  input \\b.c ;
  input [1:0] d;
  output [3:2] y;
  output z;
  wire n1, \\n.2[0] ;
  wire [0:2] w;
  (* keep *) INV_X1 \\u.1 (.A(a), .ZN(n1));
  NAND2_X1 u2 (.A1(n1), .A2(\\b.c ), .ZN(\\n.2[0] ));
  NAND2_X1 \\g[3].u (.A1(d[1]), .A2(1'b1), .ZN(w[0]));
  BUF_X1 u4 (.A({w[0]}), .Z(w[2]));
  INV_X1 u5 (.A(1'h0), .ZN());
  assign y = {w[2], \\n.2[0] };
  assign z = 1'b0;
endmodule
"""


def nets_of(netlist: Netlist, instance: str) -> dict[str, str]:
    cell = netlist.instance_index[instance]
    pins = netlist.cells.pins(int(netlist.cell_type[cell]))
    nets = netlist.pin_net[netlist.pin_ptr[cell] : netlist.pin_ptr[cell + 1]].tolist()
    return {p: netlist.net_names[n] if n >= 0 else "" for p, n in zip(pins, nets, strict=True)}


def same(a: Netlist, b: Netlist) -> None:
    assert a.instance_names == b.instance_names
    assert np.array_equal(a.cell_type, b.cell_type)
    assert np.array_equal(a.cell_variant, b.cell_variant)
    assert a.port_names == b.port_names
    assert np.array_equal(a.port_direction, b.port_direction)
    for name in a.instance_names:
        assert nets_of(a, name) == nets_of(b, name)
    for x, y in zip(a.port_net, b.port_net, strict=True):
        assert (a.net_names[x], a.net_constant[x]) == (b.net_names[y], b.net_constant[y])


def test_names_buses_constants_and_assigns_are_read(one_supply: Technology) -> None:
    n = parse_verilog(SMALL, one_supply)
    assert n.name == "m"
    assert n.port_names == ("a", "b.c", "d[1]", "d[0]", "y[3]", "y[2]", "z")
    assert n.instance_names == ("u.1", "u2", "g[3].u", "u4", "u5")
    assert nets_of(n, "u2") == {"A1": "n1", "A2": "b.c", "ZN": "y[2]"}
    assert nets_of(n, "u4") == {"A": "w[0]", "Z": "y[3]"}
    assert nets_of(n, "u5")["ZN"] == ""
    assert n.net_constant[n.pin_net[n.pin_ptr[4]]] == 0
    assert n.net_constant[n.port_net[6]] == 0


def test_what_is_written_is_read_back_with_the_same_names(one_supply: Technology, two_supplies: Technology) -> None:
    n = parse_verilog(SMALL, one_supply)
    same(n, parse_verilog(format_verilog(n, one_supply), one_supply))
    for seed in range(5):
        n = random_design(two_supplies, seed)
        once = parse_verilog(format_verilog(n, two_supplies), two_supplies)
        same(once, parse_verilog(format_verilog(once, two_supplies), two_supplies))


def test_an_escaped_scalar_that_reads_like_a_bit_stays_apart_from_the_bus(one_supply: Technology) -> None:
    text = """module m (y); output y; wire [1:0] w; wire \\w[0] ;
    INV_X1 a (.A(w[0]), .ZN(\\w[0] )); INV_X1 b (.A(\\w[0] ), .ZN(y)); endmodule"""
    n = parse_verilog(text, one_supply)
    assert nets_of(n, "a") == {"A": "w[0]", "ZN": "\\w[0]"}
    same(n, parse_verilog(format_verilog(n, one_supply), one_supply))


def test_ansi_ports_and_a_chosen_top_are_read(one_supply: Technology) -> None:
    text = """module other (a); input a; endmodule
    module m (input wire [1:0] a, b, output y); NAND2_X1 u (.A1(a[1]), .A2(b[0]), .ZN(y)); endmodule"""
    n = parse_verilog(text, one_supply, "m")
    assert n.port_names == ("a[1]", "a[0]", "b[1]", "b[0]", "y")


def test_gzip_is_read_and_written(one_supply: Technology, tmp_path: Path) -> None:
    n = parse_verilog(SMALL, one_supply)
    path = tmp_path / "m.v.gz"
    write_verilog(n, one_supply, path)
    same(n, read_verilog(path, one_supply))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"m\.v\.gz: damaged or truncated gzip"):
        read_verilog(path, one_supply)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("module m; FOO u (.A(a));\nendmodule", "<text>:1: no Liberty given holds a cell 'FOO'"),
        ("module m;\n INV_X1 u (.B(a));\nendmodule", "<text>:2: instance 'u': cell 'INV_X1' has no pin 'B'"),
        ("module m;\n INV_X1 u (.A(a), .A(b));\nendmodule", "<text>:2: instance 'u': pin 'A' is connected twice"),
        ("module m;\n INV_X1 u (.A(a));\n INV_X1 u (.A(a));\nendmodule", "<text>:3: instance 'u' exists already"),
        ("module m;\n INV_X1 u (.A(a + b));\nendmodule", "<text>:2: 'a + b' is no net: map the logic to cells first"),
        ("module m;\n wire [1:0] a;\n INV_X1 u (.A(a[2]));\nendmodule", "<text>:3: 'a[2]' is outside the declared [1:0]"),
        ("module m;\n wire [1:0] a;\n INV_X1 u (.A({a}));\nendmodule", "<text>:3: instance 'u': pin 'A' takes one net, not 2"),
        ("module m;\n INV_X1 u (.A(a[2]));\nendmodule", "<text>:2: 'a' is no declared bus: 'a[2]' has no meaning"),
        ("module m;\n INV_X1 u (a, b);\nendmodule", "<text>:2: instance 'u': 'a, b' is no connection '.pin(net)'"),
        ("module m;\n reg q;\nendmodule", "<text>:2: 'reg' has no place in a flat mapped netlist: synthesise and flatten first"),
        ("module m;\n always @(posedge c) q = d;\nendmodule", "<text>:2: 'always' has no place in a flat mapped netlist: "
         "synthesise and flatten first"),
        ("module m;\n INV_X1 u (.A(a)", "<text>:2: this statement has no ';': the file is truncated or no Verilog"),
        ("module m;\n INV_X1 u (.A(a));\n", "<text>:3: no 'endmodule': the file is truncated"),
        ("module m;\n wire é;\nendmodule", "<text>:2: a character outside ASCII in a name; Verilog has none"),
        ("module m;\n assign a = 1'b0;\n assign a = 1'b1;\nendmodule", "<text>:3: this 'assign' shorts logic 0 and 1"),
        ("module m;\n wire [1:0] a;\n assign a = b;\nendmodule", "<text>:3: 'assign' of 1 bits to 2 bits"),
        ("module m (p); input p; input p;\nendmodule", "<text>:1: port 'p' is declared twice"),
        ("hello world", "<text>:1: this statement has no ';': the file is truncated or no Verilog"),
        ("module m;\n wire [9999999999:0] a;\n assign a = b;\nendmodule",
         "<text>:3: bus 'a' of 10000000000 bits is no netlist's"),
        ("module m;\n assign a = 999999999'b0;\nendmodule", "<text>:2: a constant of 999999999 bits"),
        ("", "<text>: no module"),
    ],
)  # fmt: skip
def test_what_is_no_flat_mapped_netlist_is_named_with_its_line(one_supply: Technology, text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_verilog(text, one_supply)
    assert str(error.value) == message


def test_two_modules_without_a_top_are_an_error(one_supply: Technology) -> None:
    with pytest.raises(InputError, match="2 modules; say which one is the top"):
        parse_verilog("module a; endmodule module b; endmodule", one_supply)


def outcome(text: str, technology: Technology) -> str | None:
    """Message of the error that a text is, None if it is a netlist."""
    try:
        parse_verilog(text, technology)
    except InputError as error:
        return str(error)
    return None


PIECES = st.sampled_from(
    [
        "module",
        "endmodule",
        "wire",
        "input",
        "output",
        "assign",
        "INV_X1",
        "NAND2_X1",
        "m",
        "a",
        "b",
        "u1",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ",",
        ";",
        ".",
        "#",
        "=",
        "0",
        "1'b0",
        "4'hx",
        "3:0",
        "(*",
        "*)",
        "//",
        "/*",
        "*/",
        "'",
        "`",
        "reg",
        "supply0",
        "99999999",
        "é",
        ".A(",
        ".ZN(",
        "\\x.y[1]",
        "\\",
        '"',
        "\n",
        "\t",
    ]
)


@settings(max_examples=300, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=60), header=st.booleans())
def test_no_text_makes_a_traceback(one_supply: Technology, pieces: list[str], header: bool) -> None:
    text = ("module m; " if header else "") + " ".join(pieces)
    message = outcome(text, one_supply)
    assert message is None or message.startswith("<text>")


@settings(max_examples=200, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_netlist_makes_a_traceback(one_supply: Technology, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(SMALL) - 1))
    length = data.draw(st.integers(0, 40))
    put = data.draw(st.text(alphabet="()[]{},;.\\'\"a1 \n", max_size=6))
    text = SMALL[:at] + put + SMALL[at + length :]
    message = outcome(text, one_supply)
    assert message is None or message.startswith("<text>")


def test_a_comma_or_semicolon_inside_an_escaped_name_is_a_character_of_it(one_supply: Technology) -> None:
    text = "module t (\\a,b , z);\n input \\a,b ;\n output z;\n wire \\n=1,2 , \\;m ;\n"
    text += " INV_X1 \\u,1 (.A(\\a,b ), .ZN(\\n=1,2 ));\n INV_X1 v (.A(\\n=1,2 ), .ZN(\\;m ));\n"
    text += " BUF_X1 w (.A(\\;m ), .Z(z));\nendmodule\n"
    netlist = parse_verilog(text, one_supply)
    assert netlist.port_names == ("a,b", "z")
    assert netlist.instance_names == ("u,1", "v", "w")
    assert set(netlist.net_names) == {"a,b", "n=1,2", ";m", "z"}
