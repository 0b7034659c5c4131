"""The dictionary of ``finevh sta``, voltage maps, propagated clocks, loops, latches: what a user meets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.netlist import parse_verilog, write_verilog
from finevh.technology import Technology
from finevh.timing import TimingGraph, read_sdc, single_clock
from finevh.timing.report import StaOptions, read_voltages, run_sta
from finevh.timing.worst_paths import format_path
from oracles.random_design import random_design
from tests.conftest import liberty_at

SDC = """create_clock -name clk -period 4 [get_ports clk]
set_input_delay 0.4 -clock clk [get_ports {in* sel}]
set_output_delay 0.3 -clock clk [all_outputs]
"""


@pytest.fixture
def files(tmp_path: Path, two_supplies: Technology) -> Path:
    write_verilog(random_design(two_supplies, 5), two_supplies, tmp_path / "d.v")
    (tmp_path / "d.sdc").write_text(SDC)
    return tmp_path


LIBERTY = [liberty_at("0v80"), liberty_at("1v00")]


def test_the_dictionary_has_the_contracts_keys_and_is_json(files: Path) -> None:
    (files / "v.csv").write_text("instance,vdd\nu1*,1.0\n# the rest\n*,0.9\n")
    result = run_sta(files / "d.v", "design", LIBERTY, files / "d.sdc", None, files / "v.csv", StaOptions(3))
    back = json.loads(json.dumps(result))
    assert {"worst_slack_ps", "tns_ps", "worst_hold_slack_ps", "fmax_mhz", "endpoints", "paths"} <= back.keys()
    assert back["worst_slack_ps"] == min(e["slack_ps"] for e in back["endpoints"])
    assert len(back["paths"]) == 3
    assert back["paths"][0]["slack_ps"] == back["worst_slack_ps"]
    assert {s["vdd_v"] for s in back["paths"][0]["steps"]} <= {0.9, 1.0}
    assert "slack" in format_path(result["paths"][0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,vdd\n", "v.csv:1: the first line must be 'instance,vdd'"),
        ("instance,vdd\nu1,0.5\n", "v.csv:2: 0.5 V is outside the library's 0.8..1 V"),
        ("instance,vdd\nnope,0.9\n", "v.csv:2: the netlist has no instance 'nope'"),
        ("instance,vdd\nu1,high\n", "v.csv:2: 'high' is no voltage"),
        ("instance,vdd\nu*,0.9\n", "v.csv: no line gives instance 'ckinv0' a voltage; end with '*,<vdd>'"),
    ],
)
def test_a_wrong_voltage_map_is_named(files: Path, two_supplies: Technology, text: str, message: str) -> None:
    (files / "v.csv").write_text(text)
    with pytest.raises(InputError) as error:
        read_voltages(files / "v.csv", random_design(two_supplies, 5), two_supplies)
    assert str(error.value).endswith(message)


def test_the_first_match_of_a_voltage_map_wins(files: Path, two_supplies: Technology) -> None:
    netlist = random_design(two_supplies, 5)
    (files / "v.csv").write_text("instance,vdd\nu1*,1.0\nu12,0.8\n*,0.8\n")
    technology, rows = read_voltages(files / "v.csv", netlist, two_supplies)
    volts = dict(zip(netlist.instance_names, technology.vdds[rows].tolist(), strict=True))
    assert (volts["u12"], volts["u1"], volts["u2"]) == (1.0, 1.0, 0.8)


def test_units_come_from_the_header_of_the_liberty(two_supplies: Technology) -> None:
    assert two_supplies.units == ("1ps", "1fF")


def test_nothing_to_check_is_an_error(files: Path) -> None:
    (files / "d.sdc").write_text("set_load 1 [all_outputs]\n")
    with pytest.raises(InputError, match="no create_clock"):
        run_sta(files / "d.v", None, LIBERTY[:1], files / "d.sdc")


def test_a_loop_is_cut_and_named(one_supply: Technology) -> None:
    text = """module m (clk, a, q); input clk, a; output q; wire x, y;
    NAND2_X1 u1 (.A1(a), .A2(y), .ZN(x)); INV_X1 u2 (.A(x), .ZN(y)); DFF_X1 f (.D(y), .CK(clk), .Q(q)); endmodule"""
    netlist = parse_verilog(text, one_supply)
    graph = TimingGraph(netlist, one_supply, single_clock("clk"))
    assert len(graph.structure.cut_arcs) == 1
    assert graph.structure.cut_arcs[0] in ("u1: A2 -> ZN", "u2: A -> ZN")


def test_two_drivers_of_a_net_are_an_error(one_supply: Technology) -> None:
    text = "module m (a, y); input a; output y; INV_X1 u (.A(a), .ZN(y)); INV_X1 v (.A(a), .ZN(y)); endmodule"
    with pytest.raises(InputError, match="net 'y' has more than one driver"):
        TimingGraph(parse_verilog(text, one_supply), one_supply, read_sdc("create_clock -period 1 -name c"))


def test_a_propagated_clock_delays_launch_and_capture_alike(one_supply: Technology) -> None:
    text = """module m (clk, q); input clk; output q; wire c, d, n;
    BUF_X1 b (.A(clk), .Z(c)); DFF_X1 f (.D(d), .CK(c), .Q(n)); INV_X1 i (.A(n), .ZN(d));
    DFF_X1 g (.D(d), .CK(c), .Q(q)); endmodule"""
    netlist = parse_verilog(text, one_supply)
    graph = TimingGraph(netlist, one_supply, replace(single_clock("clk"), propagated=True))
    state = graph.evaluate(0)
    q = graph.structure.net_node[netlist.net_index["d"]]
    buffer = graph.structure.net_node[netlist.net_index["c"]]
    clock_tag = next(k for k, tag in enumerate(graph.tags.tags) if tag.is_clock and tag.edge == 0)
    arrival = state.late.arrival
    assert arrival[clock_tag, buffer, 0] > 0
    assert arrival[:, q].max() > arrival[clock_tag, buffer, 0]
    ideal = TimingGraph(netlist, one_supply, single_clock("clk")).evaluate(0)
    assert state.min_period() == pytest.approx(ideal.min_period(), rel=0.3)


def test_data_pass_an_open_latch_and_are_checked_when_it_closes(one_supply: Technology) -> None:
    text = """module m (clk, q); input clk; output q; wire a, b, l;
    DFF_X1 f (.D(q), .CK(clk), .Q(a)); INV_X1 i (.A(a), .ZN(b)); LATCH_X1 h (.D(b), .G(clk), .Q(l));
    DFF_X1 g (.D(l), .CK(clk), .Q(q)); endmodule"""
    netlist = parse_verilog(text, one_supply)
    graph = TimingGraph(netlist, one_supply, single_clock("clk", 1000.0))
    state = graph.evaluate(0)
    coefficients = {}
    for sink, coefficient in zip(graph.setup.rows.sink.tolist(), graph.setup.coefficient.tolist(), strict=True):
        cell = netlist.instance_names[graph.structure.sink_cell[sink]]
        coefficients.setdefault(cell, set()).add(round(coefficient, 3))
    # The edge that launches the data opens the latch: they use the window that closes half a period later.
    assert coefficients["h"] == {0.5}
    assert coefficients["g"] == {1.0}
    assert np.isfinite(state.min_period())


def test_an_enable_of_a_clock_gate_is_checked(one_supply: Technology) -> None:
    text = """module m (clk, q); input clk; output q; wire e, c;
    DFF_X1 f (.D(q), .CK(clk), .Q(e)); AND2_X1 a (.A1(clk), .A2(e), .Z(c)); DFF_X1 g (.D(e), .CK(c), .Q(q));
    endmodule"""
    netlist = parse_verilog(text, one_supply)
    graph = TimingGraph(netlist, one_supply, single_clock("clk"), hold=True)
    gate = netlist.instance_index["a"]
    # The enable must be ready for the next rise, and still until the fall before it.
    for ends, coefficient in ((graph.setup, 1.0), (graph.hold, -0.5)):
        rows = np.flatnonzero(graph.structure.sink_cell[ends.rows.sink] == gate)
        assert ends.coefficient[rows].tolist() == [coefficient]
