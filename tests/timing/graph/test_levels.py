"""The order of a sweep: sources before targets, and what is read together close together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.technology import Technology
from finevh.technology.model import Int
from finevh.timing import TimingGraph, read_sdc
from finevh.timing.graph import levels
from finevh.timing.graph.levels import arrange, levelise
from oracles.random_design import random_design


def random_arcs(seed: int, n: int) -> tuple[Int, Int]:
    """Arcs of an acyclic graph whose nodes have no order of their own."""
    rng = np.random.default_rng(seed)
    source = rng.integers(0, n - 1, 3 * n)
    target = rng.integers(source + 1, n)
    number = rng.permutation(n).astype(np.int32)
    return number[source], number[target]


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 60), block=st.sampled_from([1, 4, 1 << 20]))
def test_the_order_is_a_permutation_in_which_every_source_precedes_its_targets(seed: int, n: int, block: int) -> None:
    source, target = random_arcs(seed, n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(levels, "BLOCK", block)
        order = arrange(source, target, levelise(n, source, target, np.ones(len(source), dtype=bool)).level)
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    assert sorted(order.tolist()) == list(range(n))
    assert (rank[source] < rank[target]).all()


def test_parts_without_arcs_between_them_are_swept_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "BLOCK", 1)
    source, target = random_arcs(7, 40)
    twice = np.concatenate([2 * source, 2 * source + 1]), np.concatenate([2 * target, 2 * target + 1])
    level = levelise(80, *twice, np.ones(len(twice[0]), dtype=bool)).level
    linked = np.flatnonzero(np.bincount(np.concatenate(twice), minlength=80) > 0)
    part = arrange(*twice, level)
    part = part[np.isin(part, linked)] % 2
    # Level order would change sides at every level.
    assert np.count_nonzero(np.diff(part)) < np.count_nonzero(np.diff(linked[np.argsort(level[linked])] % 2))


def test_the_first_tag_is_the_one_that_most_nodes_have(two_supplies: Technology) -> None:
    sdc = "create_clock -name clk -period 4 [get_ports clk]\nset_input_delay 0.4 -clock clk [get_ports {in* sel}]\n"
    netlist = random_design(two_supplies, 3, n_cells=80)
    graph = TimingGraph(netlist, two_supplies, read_sdc(sdc + "set_false_path -from [get_ports in[0]]\n"))
    reached = [
        np.count_nonzero(graph.node_tags >> k & 1) for k in range(graph.tags.n) if not graph.tags.tags[k].is_clock
    ]
    assert len(reached) > 1
    assert reached == sorted(reached, reverse=True)
