"""Incremental evaluation equals full evaluation bit for bit, whatever changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finevh.technology import Technology
from finevh.timing import TimingGraph, TimingState, Trials, read_sdc
from oracles.random_design import random_design, random_wires
from tests.timing.synthetic_cross import with_cross

SDC = """create_clock -name clk -period 4 [get_ports clk]
set_input_delay 0.4 -clock clk [get_ports {in* sel}]
set_output_delay 0.3 -clock clk [all_outputs]
set_multicycle_path 2 -from [get_ports in[1]]
"""


@pytest.fixture(scope="module")
def technology(two_supplies: Technology) -> Technology:
    """Two supplies, two variants (the second a copy of the first's corners the other way round), with derates."""
    t = with_cross(two_supplies)
    variants = (t.variants[0], replace(t.variants[0], name="swapped", suffix="_SW"))
    return replace(t, variants=variants, corner_of=np.stack([t.corner_of[0], t.corner_of[0][::-1]]))


def assert_same(one: TimingState, other: TimingState) -> None:
    for a, b in ((one.late, other.late), (one.early, other.early)):
        assert a is not None
        assert b is not None
        for name, x, y in zip(a._fields, a, b, strict=True):
            assert np.array_equal(x, y, equal_nan=True), name
    assert np.array_equal(one.setup_need, other.setup_need)
    assert one.hold_need is not None
    assert other.hold_need is not None
    assert np.array_equal(one.hold_need, other.hold_need)


def drives(technology: Technology, row: int) -> list[int]:
    """Cells that can replace a cell: the same pins and arcs."""
    cells = technology.cells

    def shape(k: int) -> tuple[object, ...]:
        arcs = slice(cells.arc_ptr[k], cells.arc_ptr[k + 1])
        columns = (cells.arc_from, cells.arc_to, cells.arc_type, cells.arc_sense)
        return (cells.pins(k), cells.arc_when[arcs], *(tuple(c[arcs].tolist()) for c in columns))

    return [k for k in range(len(cells.names)) if cells.family[k] == cells.family[row] and shape(k) == shape(row)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), wires=st.sampled_from(["none", "elmore", "shielded", "ceff"]))
def test_incremental_equals_full_after_random_flips_swaps_and_resizes(
    technology: Technology, seed: int, wires: str
) -> None:
    rng = np.random.default_rng(seed)
    netlist = random_design(technology, seed % 50, n_cells=80)
    trees = None if wires == "none" else random_wires(netlist, seed)
    model = "elmore" if wires == "none" else wires
    graph = TimingGraph(netlist, technology, read_sdc(SDC), trees, wire_model=model, hold=True)
    n = netlist.n_cells
    tile = rng.integers(0, 6, n)
    vdd = rng.integers(0, 2, 6)[tile].astype(np.int32)
    variant = rng.integers(0, 2, n).astype(np.int8)
    kind = netlist.cell_type.copy()
    state = graph.evaluate(vdd, variant, kind)
    for _ in range(4):
        vdd, variant, kind = vdd.copy(), variant.copy(), kind.copy()
        flipped = rng.integers(0, 6)
        vdd[tile == flipped] = 1 - vdd[tile == flipped]
        swapped = rng.choice(n, 3, replace=False)
        variant[swapped] = 1 - variant[swapped]
        resized = rng.choice(n, 3, replace=False)
        for cell in resized.tolist():
            kind[cell] = rng.choice(drives(technology, int(kind[cell])))
        changed = np.unique(np.concatenate([np.flatnonzero(tile == flipped), swapped, resized]))
        state = graph.update(state, changed, vdd, variant, kind, inplace=bool(rng.integers(2)))
        assert_same(state, graph.evaluate(vdd, variant, kind))


def test_update_without_inplace_leaves_the_old_state_valid(technology: Technology) -> None:
    netlist = random_design(technology, 3)
    graph = TimingGraph(netlist, technology, read_sdc(SDC), hold=True)
    low = np.zeros(netlist.n_cells, dtype=np.int32)
    before = graph.evaluate(low)
    kept = before.late.arrival.copy()
    high = low.copy()
    high[:20] = 1
    graph.update(before, np.arange(20), high)
    assert np.array_equal(before.late.arrival, kept, equal_nan=True)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), propagated=st.booleans())
def test_trials_keep_what_meets_the_period_and_equal_full_evaluation(
    technology: Technology, seed: int, propagated: bool
) -> None:
    rng = np.random.default_rng(seed)
    netlist = random_design(technology, seed % 50, n_cells=80)
    constraints = replace(read_sdc(SDC), propagated=propagated)
    graph = TimingGraph(netlist, technology, constraints, random_wires(netlist, seed), hold=True)
    tile = rng.integers(0, 8, netlist.n_cells)
    kept = np.ones(netlist.n_cells, dtype=np.int32)
    start = graph.evaluate(kept)
    slow = graph.evaluate(0)
    share = rng.uniform(0.0, 0.6)
    period = float((1.0 - share) * start.min_period() + share * slow.min_period())
    trials = Trials(graph, start, period)
    for k in rng.permutation(np.tile(np.arange(8), 2)).tolist():
        vdd = np.where(tile == k, 1 - kept, kept).astype(np.int32)
        full = graph.evaluate(vdd)
        found = trials.attempt(vdd)
        assert (found is not None) == (full.worst_slack(period) >= 0.0)
        if found is not None:
            assert_same(found, full)
            kept = vdd
    assert_same(start, graph.evaluate(1))


def test_a_state_in_the_memory_of_another_has_the_bits_of_a_fresh_one(technology: Technology) -> None:
    netlist = random_design(technology, 5, n_cells=80)
    graph = TimingGraph(netlist, technology, read_sdc(SDC), random_wires(netlist, 5), hold=True)
    before = graph.evaluate(np.arange(netlist.n_cells, dtype=np.int32) % 2)
    assert_same(graph.with_port_vdd(0).evaluate(0, reuse=before), graph.with_port_vdd(0).evaluate(0))


def test_a_batch_of_maps_equals_single_evaluations(technology: Technology) -> None:
    netlist = random_design(technology, 4)
    graph = TimingGraph(netlist, technology, read_sdc(SDC), hold=True)
    maps = np.random.default_rng(0).integers(0, 2, (8, netlist.n_cells)).astype(np.int32)
    for (period, need), one in zip(graph.evaluate_batch(maps), maps, strict=True):
        state = graph.evaluate(one)
        assert period == state.min_period()
        assert np.array_equal(need, state.setup_need)


@pytest.mark.parametrize("model", ["elmore", "shielded", "ceff"])
def test_tables_that_are_made_as_they_are_read_give_the_bits_of_whole_ones(technology: Technology, model: str) -> None:
    netlist = random_design(technology, 6, n_cells=80)
    given = netlist, technology, read_sdc(SDC), random_wires(netlist, 6)
    whole = TimingGraph(*given, hold=True, wire_model=model)
    as_read = TimingGraph(*given, hold=True, wire_model=model, tables_as_read=True)
    rng = np.random.default_rng(6)
    variant = rng.integers(0, 2, netlist.n_cells).astype(np.int8)
    maps = rng.integers(0, 2, (5, netlist.n_cells)).astype(np.int32)
    state, vdd = as_read.evaluate(maps[0], variant), maps[0]
    assert_same(state, whole.evaluate(vdd, variant))
    for one in maps[1:]:
        state = as_read.update(state, np.flatnonzero(one != vdd).astype(np.int32), one, variant, inplace=True)
        assert_same(state, whole.evaluate(one, variant))
        vdd = one
    for (period, need), one in zip(as_read.evaluate_batch(maps, variant), maps, strict=True):
        assert period == whole.evaluate(one, variant).min_period()
        assert np.array_equal(need, whole.evaluate(one, variant).setup_need)


def test_derates_act_only_where_supplies_differ(technology: Technology, two_supplies: Technology) -> None:
    netlist = random_design(technology, 5)
    with_derates = TimingGraph(netlist, technology, read_sdc(SDC), port_vdd=0)
    without = TimingGraph(netlist, technology, read_sdc(SDC), port_vdd=0, cross_voltage=False)
    flat = np.zeros(netlist.n_cells, dtype=np.int32)
    assert with_derates.evaluate(flat).min_period() == without.evaluate(flat).min_period()
    mixed = (np.arange(netlist.n_cells) % 2).astype(np.int32)
    assert with_derates.evaluate(mixed).min_period() != without.evaluate(mixed).min_period()


def test_shielded_nets_are_nearer_to_effective_capacitances_than_lumped_ones(technology: Technology) -> None:
    netlist = random_design(technology, 5)
    wires, constraints = random_wires(netlist, 5), read_sdc(SDC)
    needs = {
        model: TimingGraph(netlist, technology, constraints, wires, wire_model=model).evaluate(0).setup_need
        for model in ("elmore", "shielded", "ceff")
    }
    reached = np.isfinite(needs["ceff"])
    error = {model: np.abs(needs[model] - needs["ceff"])[reached].mean() for model in ("elmore", "shielded")}
    assert error["shielded"] < 0.5 * error["elmore"]


def test_one_evaluation_serves_every_period(technology: Technology) -> None:
    graph = TimingGraph(random_design(technology, 6), technology, read_sdc(SDC))
    state = graph.evaluate(0)
    period = state.min_period()
    assert state.worst_slack(period) == pytest.approx(0.0, abs=1e-9)
    assert state.worst_slack(period + 100) > 0 > state.worst_slack(period - 1)


def test_critical_path_adds_up_to_its_arrival(technology: Technology) -> None:
    netlist = random_design(technology, 8)
    for wires, model in ((None, "elmore"), (random_wires(netlist, 8), "elmore"), (random_wires(netlist, 8), "ceff")):
        graph = TimingGraph(netlist, technology, read_sdc(SDC), wires, wire_model=model)
        state = graph.evaluate((np.arange(netlist.n_cells) % 2).astype(np.int32))
        path = graph.critical_path(state, 4000.0)
        total = path.arrival[0]
        for k in range(1, len(path.node)):
            arc = int(path.arc[k])
            wire = 0.0 if wires is None else state.late.sink_delay[graph.structure.arc_sink[arc], path.edge[k - 1]]
            total = (0.0 if k == 1 and path.cell[0] < 0 and path.arrival[0] == 0.0 else total) + path.delay[k]
            total += 0.0 if path.arrival[k - 1] == 0.0 and graph.structure.arc_mask[arc] & 16 else wire
            assert total == pytest.approx(path.arrival[k], abs=1e-6)


def test_worst_cell_slack_is_the_worst_slack(technology: Technology) -> None:
    netlist = random_design(technology, 9)
    for model in ("elmore", "ceff"):
        graph = TimingGraph(netlist, technology, read_sdc(SDC), random_wires(netlist, 9), wire_model=model)
        state = graph.evaluate(0)
        slack = graph.node_slacks(state, 4000.0)
        assert slack.min() == pytest.approx(state.worst_slack(4000.0), abs=1e-6)
