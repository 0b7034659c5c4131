from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from finevh.constraints import single_clock
from finevh.netlist import read_verilog
from finevh.netlist.model import Netlist
from finevh.optimize.criticality import (
    criticality_under,
    net_criticality,
    net_slacks,
    net_weights,
    next_criticality,
)
from finevh.technology import load_technology, with_vdds
from finevh.technology.model import Technology
from finevh.timing import TimingGraph

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"


@pytest.fixture(scope="module")
def technology() -> Technology:
    return with_vdds(load_technology(LIBRARY / "technology.toml"), (0.9, 1.0))


@pytest.fixture(scope="module")
def graph(technology: Technology, tmp_path_factory: pytest.TempPathFactory) -> TimingGraph:
    """Two paths between registers, one of twenty inverters, one of two, and a net that leads nowhere timed."""
    lines = ["module two (input clk, input a, output z);", "wire l0, s0, n;"]
    lines += ["DFF_X1 f (.CK(clk), .D(a), .Q(l0));", "DFF_X1 g (.CK(clk), .D(a), .Q(s0));"]
    lines += [f"wire l{k + 1}; INV_X1 u{k} (.A(l{k}), .ZN(l{k + 1}));" for k in range(20)]
    lines += [f"wire s{k + 1}; INV_X1 v{k} (.A(s{k}), .ZN(s{k + 1}));" for k in range(2)]
    lines += ["wire q, r;", "DFF_X1 h (.CK(clk), .D(l20), .Q(q));", "DFF_X1 i (.CK(clk), .D(s2), .Q(r));"]
    lines += ["INV_X1 w (.A(r), .ZN(n));", "endmodule", ""]
    source = tmp_path_factory.mktemp("two") / "two.v"
    source.write_text("\n".join(lines), encoding="utf-8")
    return TimingGraph(read_verilog(source, technology), technology, single_clock("clk", 1000.0))


def net(netlist: Netlist, name: str) -> int:
    return netlist.net_names.index(name)


def test_the_long_path_alone_is_critical_and_all_of_it_alike(graph: TimingGraph) -> None:
    top = np.full(graph.netlist.n_cells, 1, dtype=np.int32)
    state = graph.evaluate(top)
    period = state.min_period()
    slack = net_slacks(graph, state, period)
    long = [net(graph.netlist, f"l{k}") for k in range(21)]
    assert slack[long] == pytest.approx(0.0, abs=0.01)
    assert slack[net(graph.netlist, "s1")] > 0.5 * period
    assert np.isinf(slack[net(graph.netlist, "n")])
    critical = net_criticality(slack, period)
    assert critical[long] == pytest.approx(1.0, abs=1e-3)
    assert critical[net(graph.netlist, "s1")] == 0.0
    assert critical[net(graph.netlist, "n")] == 0.0


def test_criticality_is_the_square_of_what_is_missing_of_a_tenth_of_the_period() -> None:
    slack = np.array([-5.0, 0.0, 25.0, 50.0, 100.0, np.inf])
    assert net_criticality(slack, 1000.0) == pytest.approx([1.0, 1.0, 0.5625, 0.25, 0.0, 0.0])


def test_maps_count_alike_each_at_its_own_period(graph: TimingGraph) -> None:
    low, high = (np.full(graph.netlist.n_cells, index, dtype=np.int32) for index in (0, 1))
    both, periods = criticality_under(graph, [high, low])
    assert periods[1] > 1.05 * periods[0]
    one, _ = criticality_under(graph, [high])
    other, _ = criticality_under(graph, [low])
    assert both == pytest.approx((one + other) / 2)


def test_a_net_that_was_critical_is_forgotten_slowly_and_none_counts_less_than_now() -> None:
    now, before = np.array([0.0, 0.9, 0.3]), np.array([1.0, 1.0, 0.1])
    assert next_criticality(now, None) == pytest.approx(now)
    assert next_criticality(now, before) == pytest.approx([0.7, 0.9, 0.3])


def test_weights_are_one_to_four_and_clocks_weigh_one(graph: TimingGraph) -> None:
    clock = net(graph.netlist, "clk")
    weight = net_weights(graph.netlist, np.ones(graph.netlist.n_nets), np.array([clock]))
    assert weight[clock] == 1.0
    assert set(np.delete(weight, clock)) == {4.0}
