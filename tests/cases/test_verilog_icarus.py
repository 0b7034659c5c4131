"""Netlists of inverters, buffers and NAND gates: every output for every input is that of Icarus Verilog."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.netlist import Netlist, parse_verilog
from finevh.technology import Technology, technology_from_liberty
from oracles.plane_library import library

MODELS = """
module INV (input A, output Y); assign Y = ~A; endmodule
module BUF (input A, output Y); assign Y = A; endmodule
module NAND2 (input A, B, output Y); assign Y = ~(A & B); endmodule
"""
BENCH = """module bench; reg [1:0] x; wire [1:0] y; integer i; top d (.a(x), .y(y));
  initial for (i = 0; i < 4; i = i + 1) begin x = i; #1 $display("%b", y); end endmodule
"""
TWO = "INV u (.A({}), .Y(y[0])); BUF v (.A({}), .Y(y[1]));"
NANDS = "NAND2 u (.A({}), .B(a[0]), .Y(y[0])); NAND2 v (.A({}), .B(a[1]), .Y(y[1]));"


def top(body: str, *wires: str, before: str = "") -> str:
    """A netlist with inputs ``a[1:0]`` and outputs ``y[1:0]``."""
    return f"{before}module top (a, y); input [1:0] a; output [1:0] y; {' '.join(wires)} {body} endmodule\n"


SUB = (
    "module sub (i, o); input [1:0] i; output [1:0] o;"
    " INV u0 (.A(i[0]), .Y(o[0])); BUF u1 (.A(i[1]), .Y(o[1])); endmodule\n"
)
ONE = "module one (input i, output o); wire w; INV u (.A(i), .Y(w)); INV v (.A(w), .Y(o)); endmodule\n"
CASES = {
    "bits turned at an instance": top("sub s (.i({a[0], a[1]}), .o({y[0], y[1]}));", before=SUB),
    "by place": top("sub s (a, {y[0], y[1]});", before=SUB),
    "a constant into a port": top(
        "sub s (.i({1'b1, a[0]}), .o({t, y[0]})); NAND2 v (.A(t), .B(a[1]), .Y(y[1]));", before=SUB
    ),
    "a part of a wider bus": top("assign w[2:1] = a; " + TWO.format("w[2]", "w[1]"), "wire [3:0] w;"),
    "a bus with rising indices": top("assign w = a; " + TWO.format("w[0]", "w[1]"), "wire [0:1] w;"),
    "a bus that starts at 7": top("assign w = a; " + TWO.format("w[8]", "w[7]"), "wire [8:7] w;"),
    "a bus with negative indices": top("assign w = a; " + TWO.format("w[-1]", "w[0]"), "wire [0:-1] w;"),
    "a chain of assigns backwards": top(
        "assign r = q; assign q = p; assign p = a; " + TWO.format("r[1]", "r[0]"), "wire [1:0] p, q, r;"
    ),
    "parts on the left": top("assign {p, q} = a; " + TWO.format("p", "q"), "wire p, q;"),
    "a wire with a repeated value": top(TWO.format("w[3]", "w[2]"), "wire [3:0] w = {2{a}};"),
    "parts of parts": top("assign w = {a, {2{a[1]}}, 1'b1}; " + TWO.format("w[4]", "w[1]"), "wire [4:0] w;"),
    "a signed constant is extended by its sign": top(
        "assign w = 2'sb10; " + NANDS.format("w[3]", "w[0]"), "wire [3:0] w;"
    ),
    "an unsigned one by zeros": top("assign w = 2'b10; " + NANDS.format("w[3]", "w[1]"), "wire [3:0] w;"),
    "a constant cut to its place": top("assign w = 9; " + NANDS.format("w[0]", "w[1]"), "wire [1:0] w;"),
    "underscores and blanks in a constant": top(
        "assign w = 4 'b 10_10; " + NANDS.format("w[1]", "w[0]"), "wire [3:0] w;"
    ),
    "a decimal with underscores": top("assign w = 8'd1_0; " + NANDS.format("w[1]", "w[0]"), "wire [7:0] w;"),
    "half of a hexadecimal unknown": top("assign w = 8'hx1; " + NANDS.format("w[0]", "w[1]"), "wire [7:0] w;"),
    "a question mark": top("assign y = 2'b?1;"),
    "an output at high impedance": top("assign y[0] = 1'bz; INV v (.A(a[1]), .Y(y[1]));"),
    "supplies": top(
        "NAND2 u (.A(a[0]), .B(g), .Y(y[0])); NAND2 v (.A(a[1]), .B(p), .Y(y[1]));", "supply0 g; supply1 p;"
    ),
    "a name with a dot and a bracket": top(
        r"INV \u/1 (.A(a[0]), .Y(\a.b[0] )); INV v (.A(\a.b[0] ), .Y(y[0])); assign y[1] = a[1];"
    ),
    "an escaped name is the plain one": top(
        r"INV u (.A(a[0]), .Y(\foo )); BUF v (.A(foo), .Y(y[0])); assign y[1] = a[1];"
    ),
    "an escaped bit beside a bus": top(
        r"INV u (.A(a[0]), .Y(\b[0] )); assign b[0] = a[1]; BUF v (.A(\b[0] ), .Y(y[0])); BUF w (.A(b[0]), .Y(y[1]));",
        r"wire [1:0] b; wire \b[0] ;",
    ),
    "an escaped name with an equals sign": top(r"assign \p=q = a[0]; " + TWO.format(r"\p=q ", "a[1]"), r"wire \p=q ;"),
    "an escaped name with brackets and commas": top(
        r"INV u (.A(a[0]), .Y(\f(1),{2} )); BUF v (.A(\f(1),{2} ), .Y(y[0])); assign y[1] = a[1];"
    ),
    "words of a memory": top(
        r"assign \m[3] = a; assign {\m[2] [4], \m[2] [5]} = {\m[3] [0], \m[3] [1]}; INV u (.A(\m[2] [4]), .Y(y[0]));"
        r" BUF v (.A(\m[3][1] ), .Y(y[1])); assign \m[3][1] = \m[2] [5];",
        r"wire [1:0] \m[3] ; wire [4:5] \m[2] ; wire \m[3][1] ;",
    ),
    "a port called like a word of a memory": top(
        r"word s (a, {y[0], y[1]});",
        before="module word (\\i[1] , \\o[2] ); input [1:0] \\i[1] ; output [1:0] \\o[2] ; assign \\o[2] = \\i[1] ; endmodule\n",
    ),
    "an instance called like a bit": top(r"one \s[1] (.i(a[0]), .o(y[0])); one s (.i(a[1]), .o(y[1]));", before=ONE),
    "a feedthrough": top(
        "thru s (a[0], y[1]); thru t (a[1], y[0]);", before="module thru (input i, output o); assign o = i; endmodule\n"
    ),
    "two outputs that are one net": top(
        "both s (a[0], y[0], y[1]);",
        before="module both (input i, output o, p); INV u (.A(i), .Y(o)); assign p = o; endmodule\n",
    ),
    "both directions": top(
        "pad s (y[0], a[0]); pad t (y[1], a[1]);",
        before="module pad (inout p, input q); INV u (.A(q), .Y(p)); endmodule\n",
    ),
    "a port left out by place": top(
        "skip s (, a[0], y[0]); assign y[1] = a[1];",
        before="module skip (i, j, o); input i, j; output o; INV u (.A(j), .Y(o)); endmodule\n",
    ),
    "parameters": top(
        "tied #(.K(1)) s (.i(a[0]), .o(y[0])); tied t (.i(a[1]), .o(y[1]));",
        before="module tied #(parameter K = 0) (input i, output o); wire [1:0] k = 2'b01;"
        " NAND2 u (.A(i), .B(k[1-K]), .Y(o)); endmodule\n",
    ),
    "widths of parameters": top(TWO.format("a[L]", "a[M]"), "localparam L = 1, M = L - 1;"),
    "a macro in an argument of a macro": top(
        "`G(u, `B(0), y[0]); `G(v, `B(1), y[1]);", before="`define G(n, i, o) INV n (.A(i), .Y(o))\n`define B(x) a[x]\n"
    ),
    "a list in an argument of a macro": top("`C(y, {a[0], a[1]});", before="`define C(l, r) assign l = r\n"),
    "a macro made anew": top(
        "INV u (.A(`K), .Y(y[0]));\n`define K a[1]\nINV v (.A(`K), .Y(y[1]));", before="`define K a[0]\n"
    ),
    "the second of several conditions": top(
        "`ifdef X\nBUF u (.A(a[0]), .Y(y[0]));\n`elsif Y\nINV u (.A(a[0]), .Y(y[0]));\n`elsif Z\nbad;\n`else\nbad;\n`endif\n"
        "assign y[1] = a[1];",
        before="`define Y\n`define Z\n",
    ),
    "comments in comments": top("/* // */ INV u (.A(a[0]), .Y(y[0])); // /*\nBUF v (.A(a[1]), .Y(y[1])); /* */"),
    "names that differ in case": top(
        "INV u (.A(a[0]), .Y(W)); BUF v (.A(a[0]), .Y(w)); assign y = {W, w};", "wire W, w;"
    ),
    "a net that no declaration names": top("assign w = a[0]; INV u (.A(w), .Y(y[0])); assign y[1] = a[1];"),
}


@pytest.fixture(scope="module")
def planes(tmp_path_factory: pytest.TempPathFactory) -> Technology:
    path = tmp_path_factory.mktemp("icarus") / "cells.lib"
    path.write_text(library())
    return technology_from_liberty([path])


def simulated(text: str, folder: Path) -> list[str]:
    """What Icarus prints for the four inputs."""
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is missing: apt-get install iverilog")
    for name, content in (("top.v", text), ("cells.v", MODELS), ("bench.v", BENCH)):
        (folder / name).write_text(content)
    files = [str(folder / name) for name in ("bench.v", "cells.v", "top.v")]
    subprocess.run(["iverilog", "-g2005", "-s", "bench", "-o", str(folder / "sim"), *files], check=True)
    done = subprocess.run(["vvp", "-n", str(folder / "sim")], check=True, capture_output=True, text=True)
    return done.stdout.split()


def evaluated(netlist: Netlist) -> list[str]:
    """Outputs of the netlist as read, for the four inputs."""
    at = dict(zip(netlist.port_names, netlist.port_net.tolist(), strict=True))
    driver: dict[int, tuple[str, dict[str, int]]] = {}
    for cell in range(netlist.n_cells):
        kind = int(netlist.cell_type[cell])
        first = int(netlist.pin_ptr[cell])
        pins = {pin: int(netlist.pin_net[first + k]) for k, pin in enumerate(netlist.cells.pins(kind))}
        driver[pins["Y"]] = netlist.cells.names[kind], pins

    def value(net: int, known: dict[int, str]) -> str:
        if net < 0 or (net not in driver and net not in known and netlist.net_constant[net] < 0):
            return "x"
        if netlist.net_constant[net] >= 0:
            return str(int(netlist.net_constant[net]))
        if net not in known:
            kind, pins = driver[net]
            inputs = [value(pins[p], known) for p in pins if p != "Y"]
            one = "0" if "0" in inputs else "x" if "x" in inputs else "1"
            known[net] = one if kind == "BUF" else {"0": "1", "1": "0", "x": "x"}[one]
        return known[net]

    found = []
    for code in range(4):
        known = {at[f"a[{k}]"]: str(code >> k & 1) for k in (0, 1)}
        found.append("".join(value(at[f"y[{k}]"], known) for k in (1, 0)))
    return found


@pytest.mark.parametrize("case", CASES)
def test_every_output_is_that_of_icarus(planes: Technology, case: str, tmp_path: Path) -> None:
    found = evaluated(parse_verilog(CASES[case], planes, "top"))
    assert found == [text.replace("z", "x") for text in simulated(CASES[case], tmp_path)]


@pytest.mark.parametrize(
    ("body", "wires", "message"),
    [
        ("assign y = a[0:1];", "", r"'a\[0:1\]' runs against the declared \[1:0\]"),
        ("assign y = a;", "wire w; wire [1:0] w;", "'w' is declared twice with different bounds"),
        ("assign y = a;", "wire [1:0] w; wire [2:0] w;", "'w' is declared twice with different bounds"),
        ("NAND2 u (.A(a[0]), .B(t), .Y(y[0]));", "tri1 t;", "'tri1' pulls its net where nothing drives it"),
        ("assign w = a; assign y = a;", "wire [3:0] w;", "'assign' of 2 bits to 4 bits"),
        ("INV u (.A(a[2]), .Y(y[0]));", "", r"'a\[2\]' is outside the declared \[1:0\]"),
        ("INV u (.A(a[0]), .A(a[1]), .Y(y[0]));", "", "pin 'A' is connected twice"),
        ("assign y = ~a;", "", "'~a' is no net: map the logic to cells first"),
        (
            "one s (.i(a[1]), .o(y[1])); INV u (.A(a[0]), .Y(\\s/w ));",
            "",
            r"the net 's/w' of the top has the name of one in the instance 's'",
        ),
        (
            "INV u (.A(a[0]), .Y(\\s/w )); one s (.i(a[1]), .o(y[1]));",
            "",
            r"the net 's/w' of the top has the name of one in the instance 's'",
        ),
        ("INVu (.A(a[0]), .Y(y[0]));", "", "has no place in a flat mapped netlist"),
    ],
)
def test_what_is_no_netlist_is_refused(planes: Technology, body: str, wires: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_verilog(top(body, wires, before=ONE), planes, "top")
