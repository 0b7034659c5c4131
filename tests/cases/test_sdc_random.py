"""Constraints by chance: every slack is OpenSTA's; ``benchmarks/sdc_random.py`` draws more of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.timing.report import run_sta
from oracles.case import Case
from oracles.random_sdc import LIBERTY, NETLIST, random_sdc


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = Case(tmp_path)
    made.write("top.v", NETLIST)
    made.write("cells.lib", LIBERTY)
    return made


@pytest.mark.parametrize("first", [0, 20, 40])
def test_every_slack_of_constraints_by_chance_is_that_of_opensta(case: Case, first: int) -> None:
    refused = 0
    for seed in range(first, first + 8):
        case.write("top.sdc", random_sdc(seed))
        try:
            differ = case.differences()
        except InputError:
            refused += 1
            continue
        assert differ == [], f"seed {seed}:\n{random_sdc(seed)}"
    assert refused <= 3


BASE = """create_clock -name clk -period 1.0 [get_ports clk]
create_clock -name clk2 -period 2.0 [get_ports clk2]
create_generated_clock -name div -source [get_ports clk] -divide_by 4 [get_pins rd/Q]
set_input_delay 0.2 -clock clk [get_ports {a b c rst}]
set_input_delay 0.1 -clock div [get_ports en]
"""


@pytest.mark.parametrize(
    "line",
    [
        "-to [get_ports ck]",
        "-from [get_clocks clk]",
        "-from [get_clocks clk] -to [get_ports ck]",
        "-from [get_ports clk] -to [get_ports ck]",
    ],
)
def test_a_delay_to_a_port_that_the_clock_reaches_is_checked(case: Case, line: str) -> None:
    case.write("top.sdc", f"{BASE}set_max_delay 0.5 {line}\nset_min_delay 0.1 {line}\n")
    assert case.differences() == []
    assert case.slacks()["ck"] == pytest.approx(421.9, abs=0.1)


@pytest.mark.parametrize("line", ["-from [get_pins rd/Q]", "-from [get_pins r0/Q]", "-from [get_pins u0/Y]",
                                  "-to [get_pins cg/Y]", "-to [get_pins u0/Y]", "-to [get_pins r0/Q]"])  # fmt: skip
def test_a_delay_from_or_to_a_pin_inside_logic_is_refused_because_it_would_cut_paths(case: Case, line: str) -> None:
    case.write("top.sdc", f"{BASE}set_max_delay 0.5 {line}\n")
    with pytest.raises(InputError, match=r"(starts|ends) no path"):
        case.ours()


@pytest.mark.parametrize(
    ("line", "idle"),
    [
        ("set_false_path -from [get_pins r0/Q]", "r0/Q"),
        ("set_multicycle_path 2 -from [get_pins u0/Y]", "u0/Y"),
        ("set_false_path -to [get_pins u0/A]", "u0/A"),
        ("set_false_path -to [get_ports a]", "a"),
        ("set_false_path -from [get_ports z]", "z"),
    ],
)
def test_exceptions_from_or_to_what_ends_no_path_change_nothing_and_the_account_says_so(
    case: Case, line: str, idle: str
) -> None:
    case.write("top.sdc", f"{BASE}{line}\n")
    assert case.differences() == []
    files = (case.folder / name for name in ("top.v", "cells.lib", "top.sdc"))
    netlist, liberty, sdc = files
    found = run_sta(netlist, "top", [liberty], sdc)["checks"]["exceptions_without_effect"]
    assert found["examples"] == [f"{sdc}:6: {idle}"]


def test_an_exception_to_an_inferred_clock_gate_has_effect(case: Case) -> None:
    case.write("top.sdc", f"{BASE}set_multicycle_path 2 -to [get_pins cg/B]\n")
    assert case.differences() == []
    assert (
        "exceptions_without_effect"
        not in run_sta(case.folder / "top.v", "top", [case.folder / "cells.lib"], case.folder / "top.sdc")["checks"]
    )
