"""Slack of the paths through one pin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from finevh.constraints import read_sdc
from finevh.technology import Technology, load_technology, with_vdds
from finevh.timing import TimingGraph
from oracles.random_design import random_design, random_wires

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"
SDC = """create_clock -name clk -period 4 [get_ports clk]
set_input_delay 0.4 -clock clk [get_ports {in* sel}]
set_output_delay 0.3 -clock clk [all_outputs]
"""


@pytest.fixture(scope="module")
def technology() -> Technology:
    return with_vdds(load_technology(LIBRARY / "technology.toml"), (1.0,))


@pytest.mark.parametrize("with_wires", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_slack_of_a_driver_is_the_least_of_its_sinks(technology: Technology, seed: int, with_wires: bool) -> None:
    netlist = random_design(technology, seed, n_cells=120)
    graph = TimingGraph(netlist, technology, read_sdc(SDC), random_wires(netlist, seed) if with_wires else None)
    state = graph.evaluate(np.zeros(netlist.n_cells, dtype=np.int32))
    period = state.min_period()
    nodes, sinks = graph.node_slacks(state, period), graph.sink_slacks(state, period)
    least = np.full(len(nodes), np.inf)
    np.minimum.at(least, graph.structure.sink_node, sinks)
    data = np.isfinite(nodes) & (graph.node_tags & graph.tags.clock_bits == 0).all(axis=1)
    assert data.sum() > 50
    assert np.allclose(least[data], nodes[data], atol=0.01)
