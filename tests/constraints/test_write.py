"""Constraints written for other tools: read back, by us and by OpenSTA, they give the same slacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.constraints import Constraints, read_sdc, with_propagated_clocks, write_sdc
from finevh.errors import InputError
from finevh.netlist import parse_verilog
from finevh.netlist.model import Netlist
from finevh.technology import Technology, technology_from_liberty
from finevh.timing import TimingGraph
from oracles.case import Case
from tests.cases.test_sdc import BASE, KINDS, TWO_CLOCKS

NOT_WRITTEN = ("disabled arc", "disabled cell", "disabled library cell")


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = Case(tmp_path)
    made.write("top.v", TWO_CLOCKS)
    return made


@pytest.fixture
def technology(case: Case) -> Technology:
    return technology_from_liberty([case.folder / "cells.lib"])


@pytest.fixture
def netlist(technology: Technology) -> Netlist:
    return parse_verilog(TWO_CLOCKS, technology)


def slacks(netlist: Netlist, technology: Technology, constraints: Constraints) -> tuple[list[float], list[float]]:
    graph = TimingGraph(netlist, technology, constraints, hold=True)
    state = graph.evaluate(0)
    return sorted(state.slacks(1000.0).tolist()), sorted(state.hold_slacks(1000.0).tolist())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NOT_WRITTEN])
@pytest.mark.parametrize("units", [("1ns", "1pF"), ("1ps", "1fF")])
def test_what_is_written_is_read_with_the_same_slacks(
    netlist: Netlist, technology: Technology, kind: str, units: tuple[str, str]
) -> None:
    made = read_sdc(KINDS[kind], "1ns", "1pF", netlist=netlist)
    text = write_sdc(made, netlist, units)
    assert text.startswith(f"set_units -time {units[0][1:]} -capacitance {units[1][1:]}\n")
    again = read_sdc(text, "1us", "1nF", netlist=netlist)
    for ours, theirs in zip(slacks(netlist, technology, made), slacks(netlist, technology, again), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize(
    "kind",
    ["later delay replaces", "maximum delay with latency", "uncertainty of a pair", "derates", "source latency",
     "exact multicycle wins", "false path from a cell and a clock", "regular expressions", "units"],
)  # fmt: skip
def test_opensta_reads_it_with_the_same_slacks(case: Case, netlist: Netlist, kind: str) -> None:
    case.write("top.sdc", write_sdc(read_sdc(KINDS[kind], "1ns", "1pF", netlist=netlist), netlist, ("1ns", "1pF")))
    case.agrees_everywhere()


def test_clocks_of_the_surroundings_are_late_by_the_insertion_of_the_moment(
    netlist: Netlist, technology: Technology
) -> None:
    made = with_propagated_clocks(read_sdc(BASE, netlist=netlist))
    graph = TimingGraph(netlist, technology, made)
    state = graph.evaluate(np.zeros(netlist.n_cells, dtype=np.int32))
    text = write_sdc(made, netlist, technology.units, state.insertion + 40.0)
    assert "set_clock_latency 0.04 [get_clocks {clk_outside}]" in text or "set_clock_latency 0.04" in text
    again = TimingGraph(netlist, technology, read_sdc(text, netlist=netlist)).evaluate(0)
    moved = replace(state, insertion=state.insertion + 40.0)
    assert sorted(again.slacks(1000.0)) == pytest.approx(sorted(moved.slacks(1000.0)), abs=1e-3)


def test_what_has_no_place_in_it_is_an_error(netlist: Netlist) -> None:
    with pytest.raises(InputError, match="disabled arcs and own checks are not written"):
        write_sdc(read_sdc(KINDS["disabled arc"], netlist=netlist), netlist, ("1ns", "1pF"))
    text = BASE + "create_generated_clock -name g -source [get_ports clk] -divide_by 2 [get_pins r1/Q]\n"
    with pytest.raises(InputError, match="clock 'g' is made of another"):
        write_sdc(read_sdc(text, netlist=netlist), netlist, ("1ns", "1pF"))
