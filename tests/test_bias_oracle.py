"""The bias on the engine: every condition is met, and which conditions a trial is asked in at once changes nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from finevh.polybias import assign_variants, oracle
from finevh.polybias.conditions import Condition
from finevh.technology import Technology
from finevh.timing import TimingGraph, read_sdc
from oracles.random_design import random_design, random_wires
from tests.timing.synthetic_cross import with_cross
from tests.timing.test_incremental import SDC


@pytest.fixture(scope="module")
def technology(two_supplies: Technology) -> Technology:
    """The second variant has the corner of the first supply at both."""
    t = with_cross(two_supplies)
    variants = (t.variants[0], replace(t.variants[0], name="slow", suffix="_S", slowdown=0.1))
    slow = np.full_like(t.corner_of[0], t.corner_of[0][0])
    return replace(t, variants=variants, corner_of=np.stack([t.corner_of[0], slow]))


@pytest.mark.parametrize("seed", range(3))
def test_conditions_are_met_whichever_are_asked_at_once_and_by_however_many_threads(
    technology: Technology, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    netlist = random_design(technology, seed, n_cells=120)
    graph = TimingGraph(netlist, technology, read_sdc(SDC), random_wires(netlist, seed))
    start = np.zeros(netlist.n_cells, dtype=np.int8)
    maps = [np.full(netlist.n_cells, 1, dtype=np.int32)]
    maps += [(rng.random(netlist.n_cells) < 0.8).astype(np.int32) for _ in range(5)]
    conditions = [Condition(vdd, 1, 1.02 * graph.evaluate(vdd, start).min_period()) for vdd in maps]
    found = []
    for ample, threads in ((0.0, 1), (1.0, 1), (1.0, 3), (np.inf, 1), (np.inf, 2)):
        monkeypatch.setattr(oracle, "_AMPLE", ample)
        times = oracle.TimingOracle(graph, conditions, partial(int, threads))
        candidates = np.ones(netlist.n_cells, dtype=bool)
        result = assign_variants(technology, ("slow",), start, candidates, times.average_path_delay(), times)
        for condition in conditions:
            state = graph.evaluate(condition.cell_vdd, result.cell_variant)
            assert state.worst_slack(condition.period) >= 0.0
        found.append(result.cell_variant)
    assert 0 < found[0].sum() < netlist.n_cells
    assert all(np.array_equal(variant, found[0]) for variant in found[1:])


def test_cells_beside_are_those_that_nets_join(technology: Technology) -> None:
    netlist = random_design(technology, 0, n_cells=40)
    graph = TimingGraph(netlist, technology, read_sdc(SDC))
    everywhere = np.zeros(netlist.n_cells, dtype=np.int32)
    times = oracle.TimingOracle(graph, [Condition(everywhere, 0, 1e4)])
    slack = np.random.default_rng(0).random(netlist.n_cells)
    expected = slack.copy()
    node = graph.structure
    for driver, sink in zip(node.node_cell[node.sink_node].tolist(), node.sink_cell.tolist(), strict=True):
        if driver >= 0 and sink >= 0:
            expected[sink] = min(expected[sink], slack[driver])
            expected[driver] = min(expected[driver], slack[sink])
    assert np.array_equal(times.beside(slack), expected)
    assert (expected < slack).any()
