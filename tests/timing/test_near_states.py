"""Maps timed from the nearest of those before have the bits of evaluations of their own, whatever came before them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from finevh.constraints import single_clock
from finevh.technology import Technology, load_technology, with_vdds
from finevh.timing import NearStates, TimingGraph
from oracles.random_design import random_design, random_wires

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"


@pytest.fixture(scope="module")
def technology() -> Technology:
    return with_vdds(load_technology(LIBRARY / "technology.toml"), (0.8, 0.9, 1.0))


@pytest.fixture(scope="module")
def graph(technology: Technology) -> TimingGraph:
    netlist = random_design(technology, 3, 200, 20)
    return TimingGraph(netlist, technology, single_clock("clk", 1000.0), random_wires(netlist, 3))


@pytest.mark.parametrize("most", [1, 3])
def test_every_map_has_the_bits_of_an_evaluation_of_its_own(graph: TimingGraph, most: int) -> None:
    rng, n = np.random.default_rng(most), graph.netlist.n_cells
    states, variants = NearStates(graph, most), [np.zeros(n, dtype=np.int8), np.ones(n, dtype=np.int8)]
    base = rng.integers(0, 3, (4, n)).astype(np.int32)
    for step in range(60):
        vdd = base[rng.integers(4)]
        # Some maps as they were, some near them, some far.
        moved = rng.random(n) < (0.0, 0.03, 0.3, 0.9)[step % 4]
        vdd[moved] = rng.integers(0, 3, int(moved.sum()))
        variant = variants[step // 7 % 2]
        found, expected = states.time(vdd, variant), graph.evaluate(vdd, variant)
        assert np.array_equal(found.setup_need, expected.setup_need)
        assert np.array_equal(found.late.arrival, expected.late.arrival)
        assert len(states._states) <= most


def test_slacks_of_an_earlier_map_stay_valid(graph: TimingGraph) -> None:
    n = graph.netlist.n_cells
    states, variant = NearStates(graph, 1), np.zeros(n, dtype=np.int8)
    first = states.time(np.zeros(n, dtype=np.int32), variant)
    slack = first.worst_slack(1000.0)
    assert states.time(np.full(n, 2, dtype=np.int32), variant).worst_slack(1000.0) > slack
    assert first.worst_slack(1000.0) == slack


def test_a_map_that_is_asked_for_again_is_not_timed_again(graph: TimingGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    n = graph.netlist.n_cells
    states, variant = NearStates(graph, 2), np.zeros(n, dtype=np.int8)
    low, high = np.zeros(n, dtype=np.int32), np.full(n, 2, dtype=np.int32)
    known = [states.time(vdd, variant).worst_slack(1000.0) for vdd in (low, high)]
    for name in ("evaluate", "update"):
        monkeypatch.setattr(TimingGraph, name, lambda *_args, **_kwargs: pytest.fail("timed again"))
    assert [states.time(vdd, variant).worst_slack(1000.0) for vdd in (low, high)] == known
