"""Trials of variants have the bits of full evaluations, those that are taken back included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from finevh.technology import Technology
from finevh.timing import TimingGraph, TimingState, read_sdc
from finevh.timing.trials import VariantTrials
from oracles.random_design import random_design, random_wires
from tests.timing.synthetic_cross import with_cross
from tests.timing.test_incremental import SDC, assert_same


@pytest.fixture(scope="module")
def technology(two_supplies: Technology) -> Technology:
    """The second variant has the corner of the first supply at both."""
    t = with_cross(two_supplies)
    variants = (t.variants[0], replace(t.variants[0], name="slow", suffix="_S"))
    slow = np.full_like(t.corner_of[0], t.corner_of[0][0])
    return replace(t, variants=variants, corner_of=np.stack([t.corner_of[0], slow]))


def unbiased(
    technology: Technology, seed: int, propagated: bool
) -> tuple[np.random.Generator, TimingGraph, NDArray[np.int8], TimingState]:
    """Chance, the graph of a design that it made, and its first variants with their state."""
    netlist = random_design(technology, seed, n_cells=80)
    constraints = replace(read_sdc(SDC), propagated=propagated)
    graph = TimingGraph(netlist, technology, constraints, random_wires(netlist, seed), hold=True)
    variant = np.zeros(netlist.n_cells, dtype=np.int8)
    return np.random.default_rng(seed), graph, variant, graph.evaluate(1, variant)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("propagated", [False, True])
def test_variants_that_are_followed_have_the_bits_of_a_full_evaluation(
    technology: Technology, seed: int, propagated: bool
) -> None:
    rng, graph, variant, start = unbiased(technology, seed, propagated)
    period = 1.01 * start.min_period()
    trials = VariantTrials(graph, start, period)
    for _ in range(30):
        trial = variant.copy()
        trial[rng.choice(len(variant), rng.integers(1, 4), replace=False)] = 1
        assert trials.follow(trial) == graph.evaluate(1, trial).worst_slack(period)
        if rng.random() < 0.5:
            variant = trial
    assert trials.follow(variant) == trials.worst_slack == graph.evaluate(1, variant).worst_slack(period)
    assert_same(trials.state, graph.evaluate(1, variant))
    assert np.array_equal(trials.cell_slacks(), graph.cell_slacks(graph.evaluate(1, variant), period))


@pytest.mark.parametrize("seed", range(3))
def test_slacks_below_a_bound_are_those_without_one(technology: Technology, seed: int) -> None:
    netlist = random_design(technology, seed, n_cells=80)
    graph = TimingGraph(netlist, technology, read_sdc(SDC), random_wires(netlist, seed))
    state = graph.evaluate(1)
    period = state.min_period()
    full = graph.cell_slacks(state, period)
    bound = float(np.median(full[np.isfinite(full)]))
    found = graph.cell_slacks(state, period, bound)
    assert 0 < (full < bound - 1e-6).sum() < len(full)
    assert np.array_equal(found[full < bound - 1e-6], full[full < bound - 1e-6])
    assert (found[full >= bound - 1e-6] >= bound - 1e-6).all()
    assert (found > full).any()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("propagated", [False, True])
def test_a_miss_seen_at_one_endpoint_is_one_and_what_waits_has_the_bits_of_a_full_evaluation(
    technology: Technology, seed: int, propagated: bool
) -> None:
    rng, graph, variant, start = unbiased(technology, seed, propagated)
    period = start.min_period()
    trials, seen = VariantTrials(graph, start, period), 0
    assert not trials.misses(1 - variant, 0.0)
    for _ in range(40):
        trial = variant.copy()
        trial[rng.choice(len(variant), rng.integers(1, 4), replace=False)] = 1
        slack = graph.evaluate(1, trial).worst_slack(period)
        if trials.misses(trial, 0.0):
            assert slack < 0.0
            assert trials.worst_slack < 0.0
            seen += 1
            if rng.random() < 0.7:
                continue
        assert trials.follow(trial) == slack
        if slack < 0.0:
            trials.aim()
        else:
            variant = trial
    assert seen > 0
    assert trials.follow(variant) == graph.evaluate(1, variant).worst_slack(period)
    assert_same(trials.state, graph.evaluate(1, variant))


@pytest.mark.parametrize("seed", [0, 1, 3])
@pytest.mark.parametrize("propagated", [False, True])
def test_cells_given_back_leave_late_slacks_exact_and_what_waits_has_the_bits_of_a_full_evaluation(
    technology: Technology, seed: int, propagated: bool
) -> None:
    rng, graph, variant, start = unbiased(technology, seed, propagated)
    period = 0.9 * start.min_period()
    trials, trial = VariantTrials(graph, start, period), np.ones_like(variant)
    trials.follow(trial)
    trials.cell_slacks()
    waited = 0
    for back in np.array_split(rng.permutation(len(trial)), 10):
        trial[back] = 0
        full = graph.evaluate(1, trial)
        assert trials.follow(trial, quicker=True) == full.worst_slack(period) < 0.0
        waited += int(np.count_nonzero(trials._dirty[0]))
        exact, found = graph.cell_slacks(full, period), trials.cell_slacks(1.0)
        assert np.array_equal(found[exact < 1.0], exact[exact < 1.0])
        assert (found[exact >= 1.0] >= 1.0).all()
    assert waited > 0
    assert trials.follow(trial) == graph.evaluate(1, trial).worst_slack(period)
    assert_same(trials.state, graph.evaluate(1, trial))
