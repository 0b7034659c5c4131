"""SPEF of other extractors: capacitances and Elmore delays by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from finevh.checks import Checks, Severity
from finevh.errors import InputError
from finevh.netlist import Netlist, Wires, format_spef, parse_spef, parse_verilog
from finevh.technology import Technology, technology_from_liberty
from oracles.case import Case
from oracles.plane_library import library

HEAD = """*SPEF "IEEE 1481-1998"
*DESIGN "top"
*DIVIDER /
*DELIMITER :
*BUS_DELIMITER [ ]
*T_UNIT 1 PS
*C_UNIT 1 FF
*R_UNIT 1 KOHM
"""
NET = """*D_NET n 30
*CONN
*I u1:Y O
*I u2:A I
*I u3:A I
*CAP
1 u1:Y 5
2 n:1 10
3 u2:A 7
4 u3:A 8
*RES
1 u1:Y n:1 1
2 n:1 u2:A 2
3 n:1 u3:A 3
*END
"""
TEXT = """module top (a, y, z, d, \\e[0] ); input a; output y, z; output [1:0] d; output \\e[0] ; wire n; wire \\w.x[1] ;
  INV u1 (.A(a), .Y(n)); INV u2 (.A(n), .Y(y)); INV u3 (.A(n), .Y(z));
  INV \\h/u4 (.A(a), .Y(d[0])); INV u5 (.A(a), .Y(\\e[0] ));
  INV u6 (.A(\\w.x[1] ), .Y(d[1])); INV u7 (.A(a), .Y(\\w.x[1] )); endmodule"""
# Elmore delay from u1:Y, ps: 25 fF behind the first resistor, then 7 and 8.
HAND = {"n:1": 25.0, "u2:A": 25.0 + 14, "u3:A": 25.0 + 24}


@pytest.fixture(scope="module")
def planes(tmp_path_factory: pytest.TempPathFactory) -> Technology:
    path = tmp_path_factory.mktemp("spef") / "cells.lib"
    path.write_text(library())
    return technology_from_liberty([path])


@pytest.fixture(scope="module")
def design(planes: Technology) -> Netlist:
    return parse_verilog(TEXT, planes)


def pin_row(netlist: Netlist, name: str) -> int:
    instance, pin = name.rsplit(":", 1)
    cell = netlist.instance_index[instance]
    return int(netlist.pin_ptr[cell]) + netlist.cells.pins(int(netlist.cell_type[cell])).index(pin)


def total(netlist: Netlist, wires: Wires, net: str) -> float:
    n = netlist.net_index[net]
    return float(wires.node_cap[wires.node_ptr[n] : wires.node_ptr[n + 1]].sum())


def elmore(netlist: Netlist, wires: Wires, net: str) -> dict[str, float]:
    """Delay, ps, from the driver to each pin of a net by its wires alone."""
    n = netlist.net_index[net]
    low, high = int(wires.node_ptr[n]), int(wires.node_ptr[n + 1])
    below = wires.node_cap[low:high].copy()
    parent = wires.node_parent[low:high] - low
    for k in range(high - low - 1, 0, -1):
        below[parent[k]] += below[k]
    delay = np.zeros(high - low)
    for k in range(1, high - low):
        delay[k] = delay[parent[k]] + wires.node_res[low + k] * below[k]
    names = netlist.cells.pin_name
    return {
        f"{netlist.instance_names[netlist.pin_cell[p]]}:{names[netlist.pin_type[p]]}": float(
            delay[wires.pin_node[p] - low]
        )
        for p in np.flatnonzero(netlist.pin_net == n).tolist()
        if wires.pin_node[p] >= 0
    }


def read(text: str, design: Netlist) -> tuple[Wires, Checks]:
    checks = Checks()
    return parse_spef(text, design, "x.spef", checks), checks


def test_the_base_is_as_by_hand(design: Netlist) -> None:
    wires = parse_spef(HEAD + NET, design)
    assert total(design, wires, "n") == pytest.approx(30.0)
    assert elmore(design, wires, "n") == pytest.approx({"u1:Y": 0.0, "u2:A": HAND["u2:A"], "u3:A": HAND["u3:A"]})


OTHER = "*D_NET y 4\n*CONN\n*P y O\n*I u2:Y O\n*CAP\n1 u2:Y 4\n*END\n"
COUPLED = {
    "own node first": "2 n:1 y:7 10",
    "own node second": "2 y:7 n:1 10",
    "own pin second": "2 u2:Y u3:A 10",
    "own pin first": "2 u3:A u2:Y 10",
    "with sensitivities": "2 y:7 n:1 10 *SC 0:0.1",
    "pin of no net here": "2 other/u9:Z n:1 10",
}


@pytest.mark.parametrize("name", COUPLED)
def test_a_coupling_capacitance_is_at_the_nets_own_node(design: Netlist, name: str) -> None:
    wires, _ = read(HEAD + NET.replace("2 n:1 10", COUPLED[name]) + OTHER, design)
    assert total(design, wires, "n") == pytest.approx(30.0)
    behind = {"u2:A": 25.0 + 14, "u3:A": 25.0 + (54 if "pin" in name and "no net" not in name else 24)}
    assert elmore(design, wires, "n") == pytest.approx({"u1:Y": 0.0, **behind})


def test_both_orders_give_one_slack(tmp_path: Path) -> None:
    case = Case(tmp_path)
    net = "*NAME_MAP\n*1 n1\n*D_NET *1 0.03\n"
    net += "*CONN\n*I u1:Y O\n*I u2:A I\n*CAP\n1 u2:A 0.01\n2 {} 0.02\n*RES\n1 u1:Y u2:A 300\n*END\n"
    about = '*DATE "x"\n*VENDOR "x"\n*PROGRAM "x"\n*VERSION "1"\n*DESIGN_FLOW ""\n*DIVIDER'
    head = HEAD.replace("1 FF", "1 PF").replace("1 KOHM", "1 OHM").replace("*DIVIDER", about) + "*L_UNIT 1 HENRY\n"
    case.write("top.spef", head + net.format("u2:A r0:Q"))
    one = case.slacks()
    case.write("top.spef", head + net.format("r0:Q u2:A"))
    assert case.slacks() == one
    theirs, _ = case.theirs()
    # OpenSTA before 3 has another rule for the resistance of drivers.
    assert one["r1/D"] == pytest.approx(theirs["r1/D"], abs=1.0)


def test_a_capacitance_between_nodes_of_one_net_is_no_load(design: Netlist) -> None:
    wires, _ = read(HEAD + NET.replace("*RES", "5 n:1 u3:A 9\n*RES"), design)
    assert total(design, wires, "n") == pytest.approx(30.0)


LUMPED = {
    "no resistors": (NET[: NET.index("*RES")] + "*END\n", 30.0, {"u1:Y": 0.0}),
    "a node apart": (NET.replace("*RES", "5 n:9 6\n*RES").replace("n 30", "n 36"), 36.0, {"u2:A": 39.0}),
    "a resistor between nodes apart": (NET.replace("*RES", "5 n:9 6\n*RES\n4 n:9 n:8 1"), 36.0, {"u3:A": 49.0}),
    "only a total": ("*D_NET n 30\n*CONN\n*I u1:Y O\n*I u2:A I\n*I u3:A I\n*END\n", 30.0, {"u1:Y": 0.0}),
    "less than the total": (NET.replace("n 30", "n 40"), 40.0, {"u2:A": 39.0}),
    "a driver not listed": (NET.replace("*I u1:Y O\n", "").replace("u1:Y", "n:5"), 30.0, {}),
}


@pytest.mark.parametrize("name", LUMPED)
def test_capacitance_without_a_way_is_at_the_driver_and_counted(design: Netlist, name: str) -> None:
    text, expected, delays = LUMPED[name]
    wires, checks = read(HEAD + text, design)
    assert total(design, wires, "n") == pytest.approx(expected)
    found = elmore(design, wires, "n")
    assert {pin: found[pin] for pin in delays} == pytest.approx(delays)
    assert checks["parasitics_adjusted"].count == 1
    assert checks["parasitics_adjusted"].examples[0].startswith("n: ")


def test_rounding_of_a_total_is_no_capacitance(design: Netlist) -> None:
    for total_text in ("30.1", "29.9", "25"):
        wires, checks = read(HEAD + NET.replace("n 30", f"n {total_text}"), design)
        assert total(design, wires, "n") == pytest.approx(30.0)
        assert "parasitics_adjusted" not in checks


def test_a_driver_that_only_a_resistor_names_is_found(design: Netlist) -> None:
    wires, checks = read(HEAD + NET.replace("*I u1:Y O\n", ""), design)
    assert elmore(design, wires, "n")["u2:A"] == pytest.approx(39.0)
    assert "parasitics_adjusted" not in checks


def solution(edges: list[tuple[str, str, float]], caps: dict[str, float], root: str) -> dict[str, float]:
    """Elmore delays of any network: conductances times delays are capacitances."""
    nodes = [n for n in caps if n != root]
    g = np.zeros((len(nodes), len(nodes)))
    for a, b, r in edges:
        for x, y in ((a, b), (b, a)):
            if x in nodes:
                g[nodes.index(x), nodes.index(x)] += 1 / r
                if y in nodes:
                    g[nodes.index(x), nodes.index(y)] -= 1 / r
    return dict(zip(nodes, np.linalg.solve(g, [caps[n] for n in nodes]).tolist(), strict=True))


CAPS = {"u1:Y": 5.0, "n:1": 10.0, "u2:A": 7.0, "u3:A": 8.0}
TREE = [("u1:Y", "n:1", 1.0), ("n:1", "u2:A", 2.0), ("n:1", "u3:A", 3.0)]
MESHES = {
    "two ways to a pin": [("u1:Y", "u2:A", 4.0)],
    "bridge between pins": [("u2:A", "u3:A", 1.5)],
    "parallel": [("u1:Y", "n:1", 1.0)],
    "all of it": [("u1:Y", "u2:A", 4.0), ("u2:A", "u3:A", 1.5), ("u1:Y", "u3:A", 0.5), ("n:1", "u2:A", 0.25)],
    "to itself": [("n:1", "n:1", 2.0)],
}


@pytest.mark.parametrize("name", MESHES)
@pytest.mark.parametrize("pin_cap", [0.0, 3.0])
def test_resistors_that_close_loops_count(design: Netlist, name: str, pin_cap: float) -> None:
    lines = "".join(f"{k} {a} {b} {r}\n" for k, (a, b, r) in enumerate(MESHES[name], 4))
    pins = np.full(len(design.cells.pin_name), pin_cap)
    wires = parse_spef(HEAD + NET.replace("*END", lines + "*END"), design, pin_cap=pins)
    assert total(design, wires, "n") == pytest.approx(30.0)
    edges = [e for e in TREE + MESHES[name] if e[0] != e[1]]
    expected = solution(edges, {k: c + (pin_cap if ":A" in k else 0) for k, c in CAPS.items()}, "u1:Y")
    for pin in ("u2:A", "u3:A"):
        wires.node_cap[wires.pin_node[pin_row(design, pin)]] += pin_cap
    found = elmore(design, wires, "n")
    assert {k: found[k] for k in ("u2:A", "u3:A")} == pytest.approx({k: expected[k] for k in ("u2:A", "u3:A")})


def test_a_random_mesh_has_the_delays_of_its_network(planes: Technology) -> None:
    count = 30
    text = "module top (a, y); input a; output y; wire n; INV d (.A(a), .Y(n)); " + "".join(
        f"INV s{k} (.A(n)); " for k in range(count)
    )
    design = parse_verilog(text + "INV e (.A(n), .Y(y)); endmodule", planes)
    random = np.random.default_rng(7)
    names = ["d:Y", *(f"s{k}:A" for k in range(count))]
    caps = {name: float(random.uniform(0.1, 5)) for name in names}
    edges = [(names[int(random.integers(k))], names[k], float(random.uniform(0.1, 2))) for k in range(1, count + 1)]
    edges += [
        (names[i], names[j], float(random.uniform(0.1, 2))) for i, j in random.integers(0, count, (40, 2)) if i != j
    ]
    net = "*D_NET n 1\n*CONN\n" + "".join(f"*I {name} B\n" for name in names)
    net += "*CAP\n" + "".join(f"{k} {name} {caps[name]}\n" for k, name in enumerate(names))
    net += "*RES\n" + "".join(f"{k} {a} {b} {r}\n" for k, (a, b, r) in enumerate(edges)) + "*END\n"
    wires = parse_spef(HEAD + net, design)
    expected = solution(edges, caps, "d:Y")
    found = elmore(design, wires, "n")
    assert {k: found[k] for k in expected} == pytest.approx(expected)
    assert (wires.node_res >= 0.0).all()


def test_resistors_of_zero_in_a_loop_join_their_nodes(design: Netlist) -> None:
    wires, _ = read(HEAD + NET.replace("2 n:1 u2:A 2", "2 n:1 u2:A 2\n4 u2:A u3:A 0\n5 u1:Y u1:Y 0"), design)
    # 2 and 3 kOhm side by side are 1.2.
    assert elmore(design, wires, "n") == pytest.approx({"u1:Y": 0.0, "u2:A": 25 + 1.2 * 15, "u3:A": 25 + 1.2 * 15})


SAME = {
    "triplets": (
        NET.replace("u1:Y 5", "u1:Y 4:5:6").replace("n:1 u2:A 2", "n:1 u2:A 1:2:9").replace("n 30", "n 27:30:33"),
        HEAD,
    ),
    "name map": (
        NET.replace("D_NET n ", "D_NET *1 ").replace("n:1", "*1:1").replace("u1:Y", "*2:Y").replace("u2:", "*3:"),
        HEAD + "*NAME_MAP\n*1 n\n*2 u1\n*3 u2\n",
    ),
    "coordinates": (
        NET.replace("u2:A I", "u2:A I *C 1.5 2.5 *L 0.002 *D INV").replace("*CAP", "*N n:1 *C 3 4\n*CAP"),
        HEAD,
    ),
    "other delimiter": (NET.replace(":", "|"), HEAD.replace("DELIMITER :", "DELIMITER |")),
    "comments": (NET.replace("*RES\n", "// resistors\n*RES // here\n"), HEAD + "// tool\n"),
    "units in other steps": (NET, HEAD.replace("1 FF", "0.001 PF").replace("1 KOHM", "1000.0 OHM")),
    "units in small letters": (NET, HEAD.replace("1 FF", "1 ff").replace("1 KOHM", "1 kohm")),
    "confidence": (NET.replace("n 30", "n 30 *V 2"), HEAD),
    "ports": (NET, HEAD + "*PORTS\na I\ny O\n"),
    "inductance": (NET.replace("*END", "*INDUC\n1 n:1 u2:A 0.1\n*END"), HEAD),
    "variations": (
        NET.replace("2 n:1 10", "2 n:1 10 *SC 0:1.2 1:0.3"),
        HEAD + '*VARIATION_PARAMETERS\n0 "M1_W" N 1 0.1\n1 "M1_T" N 1 0.1\n',
    ),
    "a comment of lines": (NET, HEAD + "/* made by hand\n*D_NET n 5 */\n"),
    "capacitances of wires alone": (
        NET,
        HEAD.replace("*DIV", '*DESIGN_FLOW "PIN_CAP NONE" "NAME_SCOPE LOCAL"\n*DIV', 1),
    ),
    "resistors first": (
        NET[: NET.index("*CAP")]
        + NET[NET.index("*RES") : NET.index("*END")]
        + NET[NET.index("*CAP") : NET.index("*RES")]
        + "*END\n",
        HEAD,
    ),
    "slews of pins": (
        NET.replace("u2:A I", "u2:A I *S 0.1 0.9 *L 0.002"),
        HEAD + "*POWER_NETS VDD\n*GROUND_NETS VSS\n",
    ),
    "halves of a capacitance": (NET.replace("2 n:1 10", "2 n:1 4\n9 n:1 6"), HEAD),
    "carriage returns": (NET.replace("\n", "\r\n"), HEAD.replace("\n", "\r\n")),
}


@pytest.mark.parametrize("name", SAME)
def test_spellings_of_the_field_are_read(design: Netlist, name: str) -> None:
    net, head = SAME[name]
    wires, checks = read(head + net, design)
    assert total(design, wires, "n") == pytest.approx(30.0)
    assert elmore(design, wires, "n") == pytest.approx({"u1:Y": 0.0, "u2:A": 39.0, "u3:A": 49.0})
    assert "parasitics_not_found" not in checks


LONE = "*D_NET {net} 4\n*CONN\n*I {driver} O\n*P {net} O\n*CAP\n1 {driver} 4\n*RES\n1 {driver} {net} 1\n*END\n"
NAMES = {
    "bit": ("d[0]", "h/u4:Y", HEAD, "d[0]"),
    "bit in angles": ("d<0>", "h/u4:Y", HEAD.replace("[ ]", "< >"), "d[0]"),
    "bit in angles without a blank": ("d<0>", "h/u4:Y", HEAD.replace("[ ]", "<>"), "d[0]"),
    "bit in round brackets": ("d(0)", "h/u4:Y", HEAD.replace("[ ]", "( )"), "d[0]"),
    "escaped bit": (r"d\[0\]", "h/u4:Y", HEAD, "d[0]"),
    "escaped scalar": (r"e\[0\]", "u5:Y", HEAD, "\\e[0]"),
    "scalar without escapes": ("e[0]", "u5:Y", HEAD, "\\e[0]"),
    "divider": ("d[0]", "h.u4:Y", HEAD.replace("DIVIDER /", "DIVIDER ."), "d[0]"),
    "escaped divider": ("d[0]", r"h\/u4:Y", HEAD, "d[0]"),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_found_by_their_usual_spellings(design: Netlist, name: str) -> None:
    net, driver, head, found = NAMES[name]
    wires, checks = read(head + LONE.format(net=net, driver=driver), design)
    assert total(design, wires, found) == pytest.approx(4.0)
    assert wires.port_node[design.port_names.index(found)] >= 0
    assert "parasitics_not_found" not in checks


def test_escaped_names_across_hierarchy_are_found(design: Netlist) -> None:
    text = "*D_NET w\\.x\\[1\\] 4\n*CONN\n*I u7:Y O\n*I u6:A I\n*CAP\n1 u6:A 4\n*RES\n1 u7:Y u6:A 2\n*END\n"
    wires, _ = read(HEAD + text, design)
    assert elmore(design, wires, "\\w.x[1]") == pytest.approx({"u7:Y": 0.0, "u6:A": 8.0})


HIERARCHY = r"""module top (a, y, z, w); input a; output y, z; output [1:0] w; wire [1:0] \i_top/inst_b ;
  INV \soc/gen[14].filter/_14_ (.A(a), .Y(\soc/gen[14].n )); INV u2 (.A(\soc/gen[14].n ), .Y(y));
  INV u3 (.A(a), .Y(\i_top/inst_b [1])); INV u4 (.A(\i_top/inst_b [1]), .Y(z));
  INV u5 (.A(a), .Y(\g_q[1] )); INV u6 (.A(\g_q[1] ), .Y(w[0]));
  INV \a.b/c[3]/u7 (.A(a), .Y(\x$y-z )); INV u8 (.A(\x$y-z ), .Y(w[1])); endmodule"""


@pytest.mark.parametrize(
    ("net", "driver", "sink"),
    [
        (r"soc/gen\[14\]\.n", r"soc/gen\[14\]\.filter/_14_", "u2"),
        (r"soc\/gen\[14\]\.n", r"soc\/gen\[14\]\.filter\/_14_", "u2"),
        ("soc/gen[14].n", "soc/gen[14].filter/_14_", "u2"),
        ("i_top/inst_b[1]", "u3", "u4"),
        (r"i_top\/inst_b[1]", "u3", "u4"),
        (r"i_top\/inst_b\[1\]", "u3", "u4"),
        ("g_q[1]", "u5", "u6"),
        (r"x\$y\-z", r"a\.b\/c\[3\]\/u7", "u8"),
        ("x$y-z", "a.b/c[3]/u7", "u8"),
    ],
)
def test_names_with_marks_of_hierarchy_are_found(planes: Technology, net: str, driver: str, sink: str) -> None:
    design = parse_verilog(HIERARCHY, planes)
    text = f"*D_NET {net} 4\n*CONN\n*I {driver}:Y O\n*I {sink}:A I\n*CAP\n1 {sink}:A 4\n*RES\n1 {driver}:Y {sink}:A 2\n*END\n"
    wires, checks = read(HEAD + text, design)
    row = int(design.pin_net[pin_row(design, f"{sink}:A")])
    assert elmore(design, wires, design.net_names[row])[f"{sink}:A"] == pytest.approx(8.0)
    assert "parasitics_not_found" not in checks


def test_what_is_written_is_read_back_port_by_port(design: Netlist) -> None:
    text = HEAD + NET + LONE.format(net=r"e\[0\]", driver="u5:Y") + LONE.format(net="d[0]", driver="h/u4:Y")
    wires = parse_spef(text, design)
    back = parse_spef(format_spef(design, wires), design)
    assert np.array_equal(wires.node_ptr, back.node_ptr)
    assert back.node_cap.tolist() == pytest.approx(wires.node_cap.tolist())
    assert np.array_equal(wires.port_node, back.port_node)


def test_what_is_not_found_is_counted(design: Netlist) -> None:
    lost = "*D_NET nowhere 3\n*CONN\n*I u9:Y O\n*CAP\n1 nowhere:1 1\n2 nowhere:1 n:1 2\n*END\n"
    named = "*NAME_MAP\n*1 n\n" + NET.replace("D_NET n", "D_NET *1").replace("*I u3:A I", "*I u3:A I\n*I u9:A I")
    _, checks = read(HEAD + named + OTHER + lost, design)
    assert checks["parasitics_not_found"].examples == [
        "the netlist has no pin 'u9:A' on this net (x.spef:16)",
        "the netlist has no net 'nowhere' (x.spef:34)",
    ]
    assert checks["nets_without_parasitics"].count == 6
    assert checks["nets_without_parasitics"].severity == Severity.WARNING
    with pytest.raises(InputError, match=r"x\.spef:14: the netlist has no pin 'u9:A' on this net"):
        parse_spef(HEAD + NET.replace("*I u3:A I", "*I u3:A I\n*I u9:A I"), design, "x.spef")


def test_the_spef_of_another_design_is_an_error(design: Netlist) -> None:
    lost = "".join(f"*D_NET x{k} 3\n*CAP\n1 x{k}:1 3\n*END\n" for k in range(3))
    with pytest.raises(InputError, match=r"x\.spef: 3 of 4 nets are not in the netlist.*another design"):
        read(HEAD + NET + lost, design)


WRONG = {
    "*C_UNIT 1 FF\n": ("", "8: the header has no *C_UNIT: capacitances have no meaning; add it"),
    "*R_UNIT 1 KOHM\n": ("", "19: the header has no *R_UNIT: resistances have no meaning; add it"),
    "*C_UNIT 1 FF": ("*C_UNIT 1 FS", "7: '1 FS' is no unit of capacitance"),
    "2 n:1 10": ("2 x:1 y:1 10", "9: a coupling capacitance of this net is between 'x:1' and 'y:1', neither of it"),
    "1 u1:Y 5": ("1 u1:Y 5:6", "15: '1 u1:Y 5:6' is no line of *CAP"),
    "1 u1:Y n:1 1": ("1 u1:Y n:1 -1", "20: '1 u1:Y n:1 -1' is no line of *RES"),
    "3 u2:A 7": ("3 u2:A nan", "17: '3 u2:A nan' is no line of *CAP"),
    "2 n:1 10\n": ("2 n:1 1_0\n", "16: '2 n:1 1_0' is no line of *CAP"),
    "*R_UNIT 1 KOHM": ("*R_UNIT 1 MOHM", "8: '1 MOHM' is no unit of resistance"),
    "*T_UNIT 1 PS\n": ("*DEFINE u9 x\n", "6: *DEFINE (parts with a SPEF of their own) is not understood; extract the whole"),
    "*C_UNIT": ("*NAME_MAP\n*1 n\n*1 y\n*C_UNIT", "9: '*1' is 'n' and 'y' in the name map"),
    "*END\n": ("*D_NET y 1\n", "23: the net begun at line 9 has no *END"),
    "*I u2:A I": ("*X u2:A I", "12: '*X u2:A I' is no line of *CONN"),
}  # fmt: skip


@pytest.mark.parametrize("old", WRONG)
def test_wrong_lines_are_named(design: Netlist, old: str) -> None:
    new, message = WRONG[old]
    assert old in HEAD + NET
    with pytest.raises(InputError) as error:
        read((HEAD + NET).replace(old, new, 1), design)
    assert str(error.value) == f"x.spef:{message}"


@pytest.mark.parametrize("flow", ['"PIN_CAP INPUT_CAP"', '"NETLIST_TYPE_VERILOG" "PIN_CAP INOUT_CAP"'])
def test_capacitances_that_hold_those_of_pins_are_refused(design: Netlist, flow: str) -> None:
    with pytest.raises(InputError, match=r"x\.spef:3: 'PIN_CAP .*_CAP': its capacitances hold those of pins"):
        read(HEAD.replace("*DIV", f"*DESIGN_FLOW {flow}\n*DIV", 1) + NET, design)


def test_a_net_twice_is_an_error(design: Netlist) -> None:
    with pytest.raises(InputError, match=r"x\.spef:24: net 'n' stands twice in this file"):
        read(HEAD + NET + NET, design)


@pytest.mark.parametrize("how", ["sorted map", "map in no order", "no map"])
def test_a_file_cut_anywhere_is_an_error(design: Netlist, how: str) -> None:
    """Behind a whole net it ends like a file; the name map, or the design itself, tells that others were to come."""
    number = {"n": "*1", "y": "*2", "z": "*3"} if how == "sorted map" else {"n": "*3", "y": "*1", "z": "*2"}
    other = OTHER.replace("D_NET y", "D_NET *y")
    blocks = NET.replace("D_NET n", "D_NET *n") + other + other.replace("y", "z").replace("u2", "u3")
    names = "*NAME_MAP\n" + "".join(f"{key} {name}\n" for name, key in number.items())
    for name, key in number.items():
        blocks = blocks.replace(f"D_NET *{name}", f"D_NET {name if how == 'no map' else key}")
    text = HEAD + ("" if how == "no map" else names) + blocks
    whole, _ = read(text, design)
    assert total(design, whole, "z") == pytest.approx(4.0)
    for at in range(len(text) - 1):
        try:
            _, checks = read(text[:at], design)
        except InputError:
            continue
        assert checks["nets_without_parasitics"].severity == Severity.ERROR, text[:at][-20:]


UNITS = {
    "*C_UNIT 1FF": "*C_UNIT 1 FF",
    "*C_UNIT 1.0E-3 PF": "*C_UNIT 1 FF",
    "*C_UNIT +0.001\tpf": "*C_UNIT 1 FF",
    "*R_UNIT 1000 OHM": "*R_UNIT 1 KOHM",
    "*R_UNIT 1.0e3 ohm": "*R_UNIT 1 KOHM",
}


@pytest.mark.parametrize("written", UNITS)
def test_units_are_read_however_they_are_written(design: Netlist, written: str) -> None:
    wires, _ = read((HEAD + NET).replace(UNITS[written], written), design)
    assert total(design, wires, "n") == pytest.approx(30.0)
    assert elmore(design, wires, "n") == pytest.approx({"u1:Y": 0.0, "u2:A": HAND["u2:A"], "u3:A": HAND["u3:A"]})


def test_pins_that_conn_does_not_list_are_found_by_their_nodes(design: Netlist) -> None:
    for listed in ("*I u1:Y O\n", "", "*I u3:A I\n"):
        text = NET.replace("*I u1:Y O\n*I u2:A I\n*I u3:A I\n", listed)
        wires, checks = read(HEAD + text, design)
        assert elmore(design, wires, "n") == pytest.approx({"u1:Y": 0.0, "u2:A": HAND["u2:A"], "u3:A": HAND["u3:A"]})
        assert "parasitics_adjusted" not in checks.as_dict()
    _, checks = read(HEAD + NET.replace("*I u3:A I\n", "").replace("u3:A", "n:3"), design)
    assert checks["parasitics_adjusted"].examples == ["n: 1 of its pins and ports at no node"]


FORMS = {
    "delimiter of a point": (".", "/"), "delimiter of a bar": ("|", "/"), "delimiter and divider changed": ("/", "."),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_delimiters_may_be_any(design: Netlist, form: str) -> None:
    delimiter, divider = FORMS[form]
    head = HEAD.replace("*DELIMITER :", f"*DELIMITER {delimiter}").replace("*DIVIDER /", f"*DIVIDER {divider}")
    inside = f"*D_NET d[0] 4\n*CONN\n*P d[0] O\n*I h{divider}u4:Y O\n*CAP\n1 h{divider}u4:Y 4\n*END\n"
    wires, _ = read(head + (NET + inside).replace(":", delimiter), design)
    assert elmore(design, wires, "n") == pytest.approx({"u1:Y": 0.0, "u2:A": HAND["u2:A"], "u3:A": HAND["u3:A"]})
    assert total(design, wires, "d[0]") == pytest.approx(4.0)


def random_net(seed: int) -> tuple[str, float, tuple[float, float]]:
    """A network between three pins in any spelling; its capacitance, fF, and Elmore delays, ps, by its equations."""
    random = np.random.default_rng(seed)
    names = ["u1:Y", "u2:A", "u3:A", *(f"n:{k}" for k in range(1, int(random.integers(1, 7))))]
    order = [names[0], *random.permutation(names[1:]).tolist()]
    edges = [(order[int(random.integers(k))], order[k]) for k in range(1, len(order))]
    edges += [tuple(random.choice(names, 2, replace=False).tolist()) for _ in range(int(random.integers(3)))]
    ohms = random.uniform(0.1, 3.0, len(edges)).round(3)
    ground = [(name, "", round(float(random.uniform(0.1, 8.0)), 3)) for name in names]
    beside = [
        (str(random.choice(names)), "y:3", round(float(random.uniform(0.1, 3.0)), 3))
        for _ in range(int(random.integers(3)))
    ]
    c_unit, c_scale = [("1 FF", 1.0), ("1 PF", 1e-3), ("10 FF", 0.1), ("0.001 PF", 1.0)][int(random.integers(4))]
    r_unit, r_scale = [("1 KOHM", 1.0), ("1 OHM", 1e3), ("100 OHM", 10.0)][int(random.integers(3))]

    def number(value: float) -> str:
        shown = [f"{f * value:.9g}" for f in (0.5, 1.0, 2.0)]
        return ":".join(shown) if random.random() < 0.2 else f"{value:.8E}" if random.random() < 0.5 else shown[1]

    def turned(a: str, b: str) -> str:
        return f"{a} {b}" if random.random() < 0.5 else f"{b} {a}"

    caps = [
        f"{turned(a, b) if b else a} {number(c * c_scale)}"
        for a, b, c in random.permutation(np.array(ground + beside, dtype=object))
    ]
    wires = [f"{turned(a, b)} {number(r * r_scale)}" for (a, b), r in zip(edges, ohms.tolist(), strict=True)]
    total_cap = sum(c for _, _, c in ground + beside)
    lines = [
        f"*D_NET n {number(total_cap * c_scale)}",
        "*CONN",
        "*I u1:Y O",
        "*I u2:A I *C 1 2",
        "*I u3:A I *L 3",
        "*CAP",
    ]
    lines += (
        [f"{k} {text}" for k, text in enumerate(caps)]
        + ["*RES"]
        + [f"{k} {text}" for k, text in enumerate(wires)]
        + ["*END", ""]
    )
    place = {name: k for k, name in enumerate(names)}
    conductance, load = np.zeros((len(names), len(names))), np.zeros(len(names))
    for (a, b), r in zip(edges, ohms.tolist(), strict=True):
        i, j = place[a], place[b]
        conductance[[i, j, i, j], [i, j, j, i]] += np.array([1.0, 1.0, -1.0, -1.0]) / r
    for name, _, c in ground + beside:
        load[place[name]] += c
    delay = np.linalg.solve(conductance[1:, 1:], load[1:])
    head = HEAD.replace("1 FF", c_unit).replace("1 KOHM", r_unit)
    return head + "\n".join(lines), total_cap, (float(delay[0]), float(delay[1]))


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_have_the_delays_of_their_equations(design: Netlist, seed: int) -> None:
    text, capacitance, delays = random_net(seed)
    wires, checks = read(text, design)
    assert total(design, wires, "n") == pytest.approx(capacitance, rel=1e-6)
    found = elmore(design, wires, "n")
    assert (found["u2:A"], found["u3:A"]) == pytest.approx(delays, rel=1e-5)
    assert "parasitics_adjusted" not in checks.as_dict()
