"""Kinds of paths easily lost or judged by the wrong edge: every value is OpenSTA's, or stands in the test with its sum."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.timing.report import StaOptions, run_sta
from oracles.case import Case
from oracles.plane_library import SDC, arc, check, input_pin, library, output

ENABLE = "clock : true;"


def latch(name: str, enable: str, opens: str, closes: str, checks: bool = True) -> str:
    """A latch: 50 ps from its enable, 60 from its data, setup 40 at the closing edge."""
    return (
        f'  cell ({name}) {{ area : 4; latch (IQ, IQN) {{ data_in : "D"; enable : "{enable}"; }}\n'
        + input_pin("D", more=check(f"setup_{closes}", 40, "G") if checks else "")
        + input_pin("G", "0.001", ENABLE)
        + output("Q", "IQ", arc("G", 50, "non_unate", f"timing_type : {opens}_edge;") + arc("D", 60, "positive_unate"))
        + "  }\n"
    )


def gate(name: str, function: str, sense: str = "positive_unate") -> str:
    """A gate of two inputs, 22 and 24 ps."""
    return (
        f"  cell ({name}) {{ area : 2;\n" + input_pin("A") + input_pin("B")
        + output("Y", function, arc("A", 22, sense) + arc("B", 24, sense)) + "  }\n"
    )  # fmt: skip


MORE = (
    latch("LATCH", "G", "rising", "falling")
    + latch("LATCHN", "!G", "falling", "rising")
    + gate("AND2", "A & B")
    + gate("OR2", "A | B")
    + gate("NOR2", "!(A | B)", "negative_unate")
    + gate("XOR2", "A ^ B", "non_unate")
    + '  cell (DFFN) { area : 5; ff (IQ, IQN) { next_state : "D"; clocked_on : "!CK"; }\n'
    + input_pin("D", more=check("setup_falling", 50) + check("hold_falling", 10))
    + input_pin("CK", "0.001", ENABLE)
    + output("Q", "IQ", arc("CK", 52, "non_unate", "timing_type : falling_edge;"))
    + "  }\n"
)
PORTS = "input clk, a, b; output z;"

NETLISTS = {
    "clock at a data pin": "wire q; DFF r0 (.D(a), .CK(clk), .Q(q)); DFF r1 (.D(clk), .CK(clk), .Q(z));",
    "clock through a gate to data": "wire q, g; DFF r0 (.D(a), .CK(clk), .Q(q)); NAND2 u (.A(clk), .B(q), .Y(g));"
    " DFF r1 (.D(g), .CK(clk), .Q(z));",
    "inverted clock at a data pin": "wire q, c; INV i (.A(clk), .Y(c)); DFF r0 (.D(c), .CK(clk), .Q(q)); DFF r1"
    " (.D(q), .CK(clk), .Q(z));",
    "clock to a port": "wire q; DFF r0 (.D(a), .CK(clk), .Q(q)); BUF u (.A(clk), .Y(z));",
    "clock and data to a port": "wire q; DFF r0 (.D(a), .CK(clk), .Q(q)); AND2 u (.A(clk), .B(q), .Y(z));",
    "clock at a falling register's data": "DFFN r0 (.D(clk), .CK(clk), .Q(z));",
    "and gate": "wire q, g; DFF r0 (.D(a), .CK(clk), .Q(q)); AND2 u (.A(clk), .B(q), .Y(g)); DFF r1 (.D(b), .CK(g), .Q(z));",
    "or gate": "wire q, g; DFF r0 (.D(a), .CK(clk), .Q(q)); OR2 u (.A(clk), .B(q), .Y(g)); DFF r1 (.D(b), .CK(g), .Q(z));",
    "nand gate": "wire q, g; DFF r0 (.D(a), .CK(clk), .Q(q)); NAND2 u (.A(q), .B(clk), .Y(g)); DFF r1 (.D(b), .CK(g), .Q(z));",
    "nor gate": "wire q, g; DFF r0 (.D(a), .CK(clk), .Q(q)); NOR2 u (.A(clk), .B(q), .Y(g)); DFF r1 (.D(b), .CK(g), .Q(z));",
    "and gate from the falling edge": "wire q, g; DFFN r0 (.D(a), .CK(clk), .Q(q)); AND2 u (.A(clk), .B(q), .Y(g));"
    " DFF r1 (.D(b), .CK(g), .Q(z));",
    "and gate from a port": "wire g; AND2 u (.A(clk), .B(a), .Y(g)); DFF r1 (.D(b), .CK(g), .Q(z));",
    "and gate behind a buffer": "wire q, g, c, d; DFF r0 (.D(a), .CK(clk), .Q(q)); BUF u1 (.A(clk), .Y(c));"
    " AND2 u (.A(c), .B(q), .Y(g)); BUF u2 (.A(g), .Y(d)); DFF r1 (.D(b), .CK(d), .Q(z));",
    "exclusive or of the clock": "wire q, g; DFF r0 (.D(a), .CK(clk), .Q(q)); XOR2 u (.A(clk), .B(q), .Y(g));"
    " DFF r1 (.D(b), .CK(g), .Q(z));",
    "two latches of one phase": "wire q, n1, n2; DFF r0 (.D(a), .CK(clk), .Q(q)); LATCHN l0 (.D(q), .G(clk), .Q(n1));"
    " LATCHN l1 (.D(n1), .G(clk), .Q(n2)); DFF r1 (.D(n2), .CK(clk), .Q(z));",
    "master and slave": "wire n1; LATCHN l0 (.D(a), .G(clk), .Q(n1)); LATCH l1 (.D(n1), .G(clk), .Q(z));",
    "register, master, slave, register": "wire q, n1, n2; DFF r0 (.D(a), .CK(clk), .Q(q)); LATCHN l0 (.D(q), .G(clk), .Q(n1));"
    " LATCH l1 (.D(n1), .G(clk), .Q(n2)); DFF r1 (.D(n2), .CK(clk), .Q(z));",
    "latch opened by the launching edge": "wire q, n2; DFF r0 (.D(a), .CK(clk), .Q(q)); LATCH l1 (.D(q), .G(clk), .Q(n2));"
    " DFF r1 (.D(n2), .CK(clk), .Q(z));",
    "latch behind an inverter": "wire q, c, n2; DFF r0 (.D(a), .CK(clk), .Q(q)); INV i (.A(clk), .Y(c));"
    " LATCH l1 (.D(q), .G(c), .Q(n2)); DFF r1 (.D(n2), .CK(clk), .Q(z));",
    "pipeline of four latches": "wire n1, n2, n3; LATCH l0 (.D(a), .G(clk), .Q(n1)); LATCHN l1 (.D(n1), .G(clk), .Q(n2));"
    " LATCH l2 (.D(n2), .G(clk), .Q(n3)); LATCHN l3 (.D(n3), .G(clk), .Q(z));",
    "data late into a latch": "wire q, n1; DFF r0 (.D(a), .CK(clk), .Q(q)); LATCH l0 (.D(b), .G(clk), .Q(n1)); DFF r1"
    " (.D(n1), .CK(clk), .Q(z));",
    "feedthrough": "assign z = a; DFF r0 (.D(b), .CK(clk), .Q());",
    "falling register to rising": "wire q; DFFN r0 (.D(a), .CK(clk), .Q(q)); DFF r1 (.D(q), .CK(clk), .Q(z));",
}  # fmt: skip


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = Case(tmp_path)
    made.write("cells.lib", library(MORE))
    return made


def circuit(case: Case, body: str, ports: str = PORTS, sdc: str = SDC) -> None:
    names = ", ".join(
        w.strip(" ;")
        for w in ports.replace("input", "").replace("output", ",").replace(";", "").split(",")
        if w.strip()
    )
    case.write("top.v", f"module top ({names}); {ports}\n{body}\nendmodule\n")
    case.write("top.sdc", sdc)


@pytest.mark.parametrize("kind", [kind for kind in NETLISTS if kind not in ("or gate", "nor gate")])
def test_every_endpoint_of_every_kind_has_openstas_slacks(case: Case, kind: str) -> None:
    circuit(case, NETLISTS[kind])
    case.agrees_everywhere()


@pytest.mark.parametrize("kind", ["or gate", "nor gate"])
def test_an_enable_that_the_low_clock_passes_holds_until_the_rise_before(case: Case, kind: str) -> None:
    """The clock passes while it is low: data launched at 0 must not change the gate before the rise at 0.

    OpenSTA takes the rise a whole period earlier for these two.
    """
    circuit(case, NETLISTS[kind])
    setup, hold = case.everything()
    late, early = case.all_of_theirs()
    assert setup == pytest.approx(late, abs=0.05)
    assert hold["u/B"] == pytest.approx(50 + 0.5 * 2, abs=0.05)
    assert hold["u/B"] == pytest.approx(early.pop("u/B") - 1000, abs=0.05)
    assert {pin: x for pin, x in hold.items() if pin != "u/B"} == pytest.approx(early, abs=0.05)


@pytest.mark.parametrize(
    "kind", ["clock at a data pin", "and gate behind a buffer", "register, master, slave, register", "feedthrough"]
)
def test_with_propagated_clocks_too(case: Case, kind: str) -> None:
    circuit(case, NETLISTS[kind], sdc=SDC + "set_propagated_clock [all_clocks]\n")
    case.agrees_everywhere()


DIVIDED = """wire g, gn, c, q, y;
DFF div (.D(gn), .CK(clk), .Q(g)); INV u0 (.A(g), .Y(gn)); BUF u5 (.A(g), .Y(c));
DFF r0 (.D(a), .CK(clk), .Q(q)); DFF r1 (.D(q), .CK(c), .Q(y)); DFF r2 (.D(y), .CK(clk), .Q(z));"""
BUFFERED = """wire c, q, y; BUF u5 (.A(clk), .Y(c));
DFF r0 (.D(a), .CK(clk), .Q(q)); DFF r1 (.D(q), .CK(c), .Q(y)); DFF r2 (.D(y), .CK(clk), .Q(z));"""
GENERATED = {
    "divided by two": (DIVIDED, "create_generated_clock -name g -source [get_ports clk] -divide_by 2 [get_pins div/Q]"),
    "from the register's own clock pin": (DIVIDED, "create_generated_clock -name g -source [get_pins div/CK]"
    " -divide_by 2 [get_pins div/Q]"),
    "inverted": (DIVIDED, "create_generated_clock -name g -source [get_ports clk] -divide_by 2 -invert [get_pins div/Q]"),
    "by edges": (DIVIDED, "create_generated_clock -name g -source [get_ports clk] -edges {1 3 5} [get_pins div/Q]"),
    "of the same rate": (BUFFERED, "create_generated_clock -name g -source [get_ports clk] -divide_by 1 [get_pins u5/Y]"),
    "multiplied": (BUFFERED, "create_generated_clock -name g -source [get_ports clk] -multiply_by 2 [get_pins u5/Y]"),
    "own clock on a pin": (BUFFERED, "create_clock -name g -period 1.2 [get_pins u5/Y]"),
    "own clock on a pin, added": (BUFFERED, "create_clock -add -name g -period 1.2 [get_pins u5/Y]"),
    "latency of the master": (DIVIDED, "create_generated_clock -name g -source [get_ports clk] -divide_by 2 [get_pins div/Q]\n"
                              "set_clock_latency 0.1 [get_clocks clk]\nset_clock_latency -source 0.2 [get_clocks clk]"),
    "apart": (DIVIDED, "create_generated_clock -name g -source [get_ports clk] -divide_by 2 [get_pins div/Q]\n"
              "set_clock_groups -asynchronous -group clk -group g"),
}  # fmt: skip


@pytest.mark.parametrize("propagated", [False, True])
@pytest.mark.parametrize("kind", GENERATED)
def test_generated_clocks(case: Case, kind: str, propagated: bool) -> None:
    body, text = GENERATED[kind]
    if propagated and kind == "latency of the master":
        text = text.replace("set_clock_latency 0.1 [get_clocks clk]\n", "")
    sdc = SDC + text + "\n" + ("set_propagated_clock [all_clocks]\n" if propagated else "")
    circuit(case, body, sdc=sdc)
    case.agrees_everywhere()


def test_a_divided_clock_of_a_divided_clock_starts_when_both_have_arrived(case: Case) -> None:
    body = """wire g, gn, h, hn, q, y; DFF d1 (.D(gn), .CK(clk), .Q(g)); INV u0 (.A(g), .Y(gn));
    DFF d2 (.D(hn), .CK(g), .Q(h)); INV u1 (.A(h), .Y(hn));
    DFF r0 (.D(a), .CK(clk), .Q(q)); DFF r1 (.D(q), .CK(h), .Q(y)); DFF r2 (.D(y), .CK(clk), .Q(z));"""
    sdc = (
        SDC + "create_generated_clock -name g -source [get_ports clk] -divide_by 2 [get_pins d1/Q]\n"
        "create_generated_clock -name h -source [get_pins d1/Q] -divide_by 2 [get_pins d2/Q]\nset_propagated_clock [all_clocks]\n"
    )
    circuit(case, body, sdc=sdc)
    case.agrees_everywhere()


@pytest.mark.parametrize(
    "text",
    [
        "set_clock_gating_check -setup 0.05 -hold 0.02\n",
        "set_clock_gating_check -setup 0.05 -hold 0.02 [get_clocks clk]\n",
        "set_clock_gating_check -setup 0.07 [get_cells u]\nset_clock_gating_check -setup 0.05 -hold 0.02\n",
    ],
)
def test_margins_of_clock_gates(case: Case, text: str) -> None:
    circuit(case, NETLISTS["and gate"], sdc=SDC + text)
    case.agrees_everywhere()


def test_data_checks(case: Case) -> None:
    body = (
        "wire q, p, n; DFF r0 (.D(a), .CK(clk), .Q(q)); INV u0 (.A(b), .Y(p)); AND2 u1 (.A(q), .B(p), .Y(n)); DFF r1"
        " (.D(n), .CK(clk), .Q(z));"
    )
    text = (
        "set_data_check -from [get_pins u1/A] -to [get_pins u1/B] -setup 0.03\nset_data_check -from [get_pins u1/A]"
        " -to [get_pins u1/B] -hold 0.02\n"
    )
    circuit(case, body, sdc=SDC + text)
    setup, hold = case.agrees_everywhere()
    assert setup["u1/B"] < 0 < hold["u1/B"]


def test_a_latch_may_borrow_no_more_than_allowed(case: Case) -> None:
    circuit(case, NETLISTS["data late into a latch"], sdc=SDC + "set_input_delay 0.3 -clock clk [get_ports b]\n")
    assert case.agrees_everywhere()[0]["l0/D"] == 0.0
    circuit(case, NETLISTS["data late into a latch"], sdc=SDC + "set_input_delay 0.3 -clock clk [get_ports b]\n"
            "set_max_time_borrow 0.2 [get_cells l0]\n")  # fmt: skip
    # Opens at 0, data come at 300, 200 are allowed.
    assert case.everything()[0]["l0/D"] == pytest.approx(-100.0, abs=0.05)


def test_a_loop_of_latches_keeps_every_other_path_and_says_so(case: Case) -> None:
    body = (
        "wire n1, n2, n3; NAND2 g (.A(n2), .B(a), .Y(n3)); LATCHN l0 (.D(n3), .G(clk), .Q(n1)); LATCH l1 (.D(n1),"
        " .G(clk), .Q(n2)); BUF o (.A(n2), .Y(z));"
    )
    circuit(case, body)
    setup, _ = case.everything()
    # The slave opens at 0; its output passes the gate and is at the master, which opens at 500, long before.
    assert 350 < setup["l0/D"] < 450
    files = [case.folder / name for name in ("top.v", "cells.lib", "top.sdc")]
    found = run_sta(files[0], "top", [files[1]], files[2])
    assert found["checks"]["loops_cut"]["count"] == 2
    assert "a loop through latches" in found["checks"]["loops_cut"]["examples"][0]


GATED_BY_THEIR_OWN = {
    "latch": "LATCHN l (.D(en), .G(clk), .Q(q)); AND2 g0 (.A(clk), .B(q), .Y(g)); DFF r0 (.D(b), .CK(g), .Q(z));"
    " NAND2 u (.A(z), .B(a), .Y(en));",
    "register": "DFFN l (.D(en), .CK(clk), .Q(q)); AND2 g0 (.A(clk), .B(q), .Y(g)); DFF r0 (.D(b), .CK(g), .Q(z));"
    " NAND2 u (.A(z), .B(a), .Y(en));",
    "latches behind each other": "LATCHN l (.D(en), .G(clk), .Q(q)); AND2 g0 (.A(clk), .B(q), .Y(g));"
    " DFF r0 (.D(b), .CK(g), .Q(z)); NAND2 u (.A(z), .B(a), .Y(en));"
    " LATCHN l2 (.D(e2), .G(g), .Q(q2)); AND2 g1 (.A(g), .B(q2), .Y(g2));"
    " DFF r1 (.D(b), .CK(g2), .Q(x)); NAND2 u2 (.A(x), .B(z), .Y(e2));",
}  # fmt: skip


@pytest.mark.parametrize("kind", GATED_BY_THEIR_OWN)
def test_registers_that_enable_their_own_clock_lose_no_path(case: Case, kind: str) -> None:
    """The enable's slew adds nothing to that of the clock here: up to 0.5 ps with propagated clocks."""
    circuit(case, GATED_BY_THEIR_OWN[kind])
    case.agrees_everywhere()
    assert case.ours()["checks"] == {}
    circuit(case, GATED_BY_THEIR_OWN[kind], sdc=SDC + "set_propagated_clock [all_clocks]\n")
    case.agrees_everywhere(within=0.5)


def test_an_enable_straight_from_its_own_register_is_checked(case: Case) -> None:
    """OpenSTA 2.0 cuts the loop at the enable and leaves it out."""
    circuit(case, "DFFN r0 (.D(a), .CK(g), .Q(z)); AND2 g0 (.A(clk), .B(z), .Y(g));")
    setup, hold = case.everything()
    # Launched at the fall at 500, 52 (+ 1 falling) ps and half a fF a ps for its 2 fF: ready before 1000, still until 500.
    assert setup["g0/B"] == pytest.approx(500 - 52 - 1 - 0.5 * 2, abs=0.05)
    assert hold["g0/B"] == pytest.approx(52 + 0.5 * 2, abs=0.05)


def test_data_that_a_loop_through_a_gate_keeps_from_a_register_are_said(case: Case) -> None:
    circuit(
        case,
        "DFFN r0 (.D(a), .CK(g), .Q(q)); AND2 g0 (.A(clk), .B(q), .Y(g)); DFF r1 (.D(g), .CK(clk), .Q(z));",
    )
    checks = case.ours()["checks"]
    assert isinstance(checks, dict)
    assert checks["loops_cut"]["examples"] == [
        "g0: B -> Y (a gate of the clock of its own registers: data through it to data pins are not followed)"
    ]


def test_registers_without_a_clock_are_counted(case: Case) -> None:
    circuit(case, "wire q, n; DFF r0 (.D(a), .CK(clk), .Q(q)); INV u (.A(q), .Y(n)); DFF r1 (.D(n), .CK(clkk), .Q(z));")
    files = [case.folder / name for name in ("top.v", "cells.lib", "top.sdc")]
    checks = run_sta(files[0], "top", [files[1]], files[2])["checks"]
    assert checks["unclocked_registers"]["examples"] == ["r1"]
    assert set(checks["unconstrained_endpoints"]["examples"]) == {"r1/D", "z"}
    assert checks["floating_inputs"]["examples"] == ["r1/CK"]


@pytest.mark.parametrize(
    ("body", "sdc", "kind", "names"),
    [
        ("wire q; DFF r0 (.D(a), .CK(b), .Q(q)); DFF r1 (.D(q), .CK(clk), .Q(z));", SDC, "unclocked_registers", ["r0"]),
        ("wire q; DFF r0 (.D(a), .CK(clk), .Q(q)); DFF r1 (.D(q), .CK(q), .Q(z));", SDC, "unclocked_registers", ["r1"]),
        (
            "wire q; DFF r0 (.D(a), .CK(clk), .Q(q)); LATCH r1 (.D(q), .G(b), .Q(z));",
            SDC,
            "unclocked_registers",
            ["r1"],
        ),
        (
            "wire q; DFF r0 (.D(a), .CK(clk), .Q(q)); DFF r1 (.D(q), .CK(clk), .Q(z));",
            "create_clock -period 1 [get_ports clk]\n",
            "unconstrained_endpoints",
            ["r0/D", "z"],
        ),
        (
            "wire q; DFF r0 (.D(a), .CK(clk), .Q(q)); DFF r1 (.D(q), .CK(clk), .Q(z));",
            "create_clock -period 1 [get_ports clk]\n",
            "inputs_without_delay",
            ["a"],
        ),
        ("wire x; DFF r0 (.D(a), .CK(clk), .Q(z)); NAND2 u (.A(x), .B(b), .Y(x));", SDC, "loops_cut", ["u: A -> Y"]),
        ("wire x; DFF r0 (.D(a), .CK(clk), .Q(z)); INV u (.A(x), .Y());", SDC, "floating_inputs", ["u/A"]),
    ],
)
def test_what_is_not_checked_is_counted_by_kind(case: Case, body: str, sdc: str, kind: str, names: list[str]) -> None:
    circuit(case, body, sdc=sdc)
    files = [case.folder / name for name in ("top.v", "cells.lib", "top.sdc")]
    checks = run_sta(files[0], "top", [files[1]], files[2])["checks"]
    assert checks[kind]["examples"] == names


def test_a_clean_design_has_an_empty_account(case: Case) -> None:
    circuit(
        case,
        "wire q, n; DFF r0 (.D(a), .CK(clk), .Q(q)); NAND2 u (.A(q), .B(b), .Y(n)); DFF r1 (.D(n), .CK(clk), .Q(z));",
    )
    files = [case.folder / name for name in ("top.v", "cells.lib", "top.sdc")]
    assert run_sta(files[0], "top", [files[1]], files[2])["checks"] == {}


def test_constraints_on_a_design_of_gates_alone(case: Case) -> None:
    circuit(case, "wire n; NAND2 u (.A(a), .B(b), .Y(n)); INV i (.A(n), .Y(z));", ports="input a, b; output z;",
            sdc="set_max_delay 0.1 -from [all_inputs] -to [all_outputs]\nset_min_delay 0.02 -to [get_ports z]\n")  # fmt: skip
    case.agrees_everywhere()


def test_nothing_constrained_is_a_message(case: Case) -> None:
    circuit(case, "INV u (.A(a), .Y(z));", sdc="create_clock -name v -period 1\n")
    with pytest.raises(InputError, match="no endpoint is constrained"):
        case.everything()


def test_an_unknown_kind_to_allow_is_named(case: Case) -> None:
    files = [case.folder / name for name in ("top.v", "cells.lib", "top.sdc")]
    with pytest.raises(InputError, match="--allow everything: no such kind of finding"):
        run_sta(files[0], "top", [files[1]], files[2], options=StaOptions(allow=("everything",)))


TWO = """create_clock -name clk -period 1.0 [get_ports clk]
create_clock -name clk2 -period 1.5 [get_ports clk2]
set_input_delay 0.1 -clock clk [get_ports a]
set_output_delay 0.2 -clock clk [get_ports z]
"""


@pytest.mark.parametrize(("register", "gate_cell"), [("DFFN", "NAND2"), ("DFFN", "AND2"), ("DFF", "AND2")])
def test_an_enable_from_another_clock_holds_until_the_open_gate_closes(
    case: Case, register: str, gate_cell: str
) -> None:
    body = (
        f"wire q, g; {register} r0 (.D(a), .CK(clk2), .Q(q)); {gate_cell} u (.A(clk), .B(q), .Y(g));"
        " DFF r1 (.D(a), .CK(g), .Q(z));"
    )
    circuit(case, body, ports="input clk, clk2, a; output z;", sdc=TWO)
    case.agrees_everywhere()


def test_a_data_pin_at_a_constant_port_is_no_endpoint(case: Case) -> None:
    circuit(
        case,
        "wire q; DFF r0 (.D(b), .CK(clk), .Q(q)); NAND2 u (.A(q), .B(a), .Y(z));",
        sdc=SDC + "set_case_analysis 1 b\n",
    )
    setup, _ = case.agrees_everywhere()
    assert "r0/D" not in setup


def test_a_maximum_delay_behind_an_open_latch_counts_from_its_opening(case: Case) -> None:
    sdc = SDC + "set_input_delay 0.3 -clock clk [get_ports b]\nset_max_delay 0.5 -to [get_pins r1/D]\n"
    circuit(case, NETLISTS["data late into a latch"], sdc=sdc)
    case.agrees_everywhere()


def test_lines_of_a_voltage_map_that_match_nothing_are_counted(case: Case) -> None:
    circuit(case, "wire q; DFF r0 (.D(a), .CK(clk), .Q(q)); NAND2 u (.A(q), .B(b), .Y(z));")
    files = [case.folder / name for name in ("top.v", "cells.lib", "top.sdc")]
    voltages = case.write("map.csv", "instance,vdd\ngone,1.0\nr*,1.0\nx*,1.0\n*,1.0\n")
    found = run_sta(files[0], "top", [files[1]], files[2], None, voltages)["checks"]["voltage_map_not_found"]
    assert found["severity"] == "warning"
    assert [text.rpartition(":")[0].rpartition(":")[2] for text in found["examples"]] == ["2", "4"]
