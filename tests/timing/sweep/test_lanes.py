"""Conditions evaluated side by side have the bits of evaluations of their own."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finevh.constraints import read_sdc
from finevh.errors import InputError
from finevh.technology import Technology
from finevh.timing import TimingGraph
from finevh.timing.batch import lane_groups
from finevh.timing.sweep import lanes
from finevh.timing.sweep.compiled import LANES
from finevh.timing.sweep.slots import shared_slots
from oracles.random_design import random_design, random_wires
from tests.timing.synthetic_cross import with_cross

SDC = """create_clock -name clk -period 4 [get_ports clk]
set_input_delay 0.4 -clock clk [get_ports {in* sel}]
set_output_delay 0.3 -clock clk [all_outputs]
set_multicycle_path 2 -from [get_ports in[1]]
set_driving_cell -lib_cell sg13g2_buf_2 [get_ports in[0]]
"""


@pytest.fixture(scope="module")
def technology(ihp_technology: Technology) -> Technology:
    """Two supplies whose axes differ, and derates for each pair."""
    return with_cross(ihp_technology)


@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    wires=st.sampled_from(["none", "elmore", "shielded", "ceff"]),
    propagated=st.booleans(),
    hold=st.booleans(),
    port=st.integers(0, 1),
)
def test_every_lane_has_the_bits_of_a_single_evaluation(
    technology: Technology, seed: int, wires: str, propagated: bool, hold: bool, port: int
) -> None:
    netlist = random_design(technology, seed % 50, n_cells=80)
    trees = None if wires == "none" else random_wires(netlist, seed)
    model = "elmore" if wires == "none" else wires
    constraints = replace(read_sdc(SDC), propagated=propagated)
    graph = TimingGraph(netlist, technology, constraints, trees, wire_model=model, hold=hold, port_vdd=port)
    maps = np.random.default_rng(seed).integers(0, 2, (LANES + 5, netlist.n_cells)).astype(np.int32)
    # A second batch takes the memory of the first.
    for given_maps in (maps, maps[::-1]):
        for (period, need), one in zip(graph.evaluate_batch(given_maps), given_maps, strict=True):
            state = graph.evaluate(one)
            assert period == state.min_period()
            assert np.array_equal(need, state.setup_need)


@pytest.mark.parametrize("model", ["none", "elmore", "shielded", "ceff"])
def test_screening_puts_maps_in_the_order_of_their_periods(technology: Technology, model: str) -> None:
    netlist = random_design(technology, 11, n_cells=120)
    wires = None if model == "none" else random_wires(netlist, 11)
    constraints = replace(read_sdc(SDC), propagated=True)
    graph = TimingGraph(
        netlist, technology, constraints, wires, wire_model="elmore" if wires is None else model, hold=True
    )
    maps = np.random.default_rng(11).integers(0, 2, (2 * LANES, netlist.n_cells)).astype(np.int32)
    exact, screened = (graph.evaluate_batch(maps, screening=screening) for screening in (False, True))
    periods, rough = (np.array([period for period, _ in found]) for found in (exact, screened))
    for (_, need), (_, rough_need) in zip(exact, screened, strict=True):
        assert np.array_equal(np.isfinite(need), np.isfinite(rough_need))
        there = np.isfinite(need)
        assert np.abs(need - rough_need)[there].max() < 0.02
    order = np.argsort(periods)
    assert (np.diff(rough[order]) > -0.01).all()
    if model == "ceff":  # iterations in double precision in either case
        assert np.array_equal(periods, rough)
    else:
        assert not np.array_equal(periods, rough)


def test_lanes_of_one_supply_and_lanes_without_derates_are_single_evaluations(technology: Technology) -> None:
    netlist = random_design(technology, 7, n_cells=60)
    for crossed in (True, False):
        graph = TimingGraph(netlist, technology, read_sdc(SDC), random_wires(netlist, 7), cross_voltage=crossed)
        maps = [np.full(netlist.n_cells, k % 2, dtype=np.int32) for k in range(6)]
        needs = [need for _, need in graph.evaluate_batch(maps)]
        assert np.array_equal(needs[0], graph.evaluate(0).setup_need)
        assert np.array_equal(needs[1], graph.evaluate(1).setup_need)
        assert not np.array_equal(needs[0], needs[1])


def test_a_graph_whose_ports_have_another_supply_does_not_take_over_the_memory_of_the_first(
    technology: Technology,
) -> None:
    netlist = random_design(technology, 8, n_cells=60)
    graph = TimingGraph(netlist, technology, read_sdc(SDC), port_vdd=1)
    maps = np.random.default_rng(8).integers(0, 2, (5, netlist.n_cells)).astype(np.int32)
    graph.evaluate_batch(maps)
    other = graph.with_port_vdd(0)
    for (_, need), one in zip(other.evaluate_batch(maps), maps, strict=True):
        assert np.array_equal(need, other.evaluate(one).setup_need)


def test_a_missing_derate_is_the_error_of_a_single_evaluation(technology: Technology) -> None:
    netlist = random_design(technology, 9, n_cells=60)
    assert technology.cross is not None
    absent = replace(technology.cross, delay_v=np.full_like(technology.cross.delay_v, -1))
    graph = TimingGraph(netlist, replace(technology, cross=absent), read_sdc(SDC))
    maps = np.random.default_rng(9).integers(0, 2, (6, netlist.n_cells)).astype(np.int32)
    with pytest.raises(InputError, match="no cross-voltage derate for this pair"):
        graph.evaluate_batch(maps)


def test_maps_share_lanes_where_they_share_a_pair_of_supplies_with_the_ports() -> None:
    maps = [np.array(m) for m in ([0, 2], [2, 2], [0, 0], [0, 2], [0, 1], [1, 2], [0, 1])]
    groups, alone = lane_groups(maps, 2)
    assert [(group.maps, group.rails) for group in groups] == [((0, 2, 3, 1), (0, 2))]
    assert sorted(alone) == [4, 5, 6]
    groups, alone = lane_groups([np.array([0, 2])] * (LANES + 4) + [np.array([0, 1])], 2)
    assert [len(g.maps) for g in groups] == [LANES, 4]
    assert alone == [LANES + 4]


@pytest.mark.parametrize("count", [1, 8, 16])
def test_lanes_compute_what_numbers_do(count: int) -> None:
    width = (0,) * count

    @numba.njit(error_model="numpy")
    def compute(a, b, bits, out, width):
        for i in range(len(bits)):
            x, y = lanes.load(a, i, width), lanes.load(b, i, width)
            z = lanes.choose(lanes.mask(bits[i], width), x + y * 2.0, lanes.root(x))
            z = lanes.choose((x > y) & (z != x), lanes.larger(z, 0.3 - y), 1.0 / z)
            lanes.store(out, i, lanes.double(lanes.single(z)))
            if lanes.some(x > y) & 1:
                lanes.store(out, i, lanes.with_lane(lanes.load(out, i, width), count - 1, lanes.lane(x, 0)))

    rng = np.random.default_rng(count)
    a, b = rng.random((2, 50, count))
    bits = rng.integers(0, 1 << count, 50)
    out = lanes.aligned(50 * count, float)
    compute(a.ravel(), b.ravel(), bits, out, width)
    chosen = (bits[:, None] >> np.arange(count) & 1) > 0
    z = np.where(chosen, a + b * 2.0, np.sqrt(a))
    z = np.where((a > b) & (z != a), np.maximum(z, 0.3 - b), 1.0 / z).astype(np.float32).astype(float)
    z[a[:, 0] > b[:, 0], -1] = a[a[:, 0] > b[:, 0], 0]
    assert np.array_equal(out.reshape(50, count), z)


@pytest.mark.skipif(not lanes.PERMUTES, reason="this processor does not look numbers up in registers")
@pytest.mark.parametrize(("count", "dtype"), [(8, np.float64), (16, np.float64), (16, np.float32)])
def test_seeking_in_registers_finds_the_last_point_below(count: int, dtype: type) -> None:
    width = (0,) * count

    @numba.njit(error_model="numpy")
    def find(points, bits, x, long, index, below, width):
        chosen, value = lanes.mask(bits, width), lanes.load(x, 0, width)
        if long:
            i, p = lanes.seek16(points, 20, 36, chosen, value)
        else:
            i, p = lanes.seek8(points, 0, 8, chosen, value)
        lanes.store(index, 0, i)
        lanes.store(below, 0, p)

    rng = np.random.default_rng(count)
    points = np.full(60, np.inf)
    for start, n in ((0, 7), (8, 8), (20, 11), (36, 16)):
        points[start : start + n] = np.sort(rng.random(n)).astype(dtype)
    for _ in range(40):
        bits = int(rng.integers(0, 1 << count))
        x = np.where(
            rng.random(count) < 0.2, rng.choice(points[np.isfinite(points)], count), rng.uniform(-0.2, 1.2, count)
        ).astype(dtype)
        for long, starts, n in ((False, (0, 8), 8), (True, (20, 36), 16)):
            index, below = np.zeros(count, np.int32), np.zeros(count, dtype)
            find(points, bits, x, long, index, below, width)
            for k in range(count):
                axis = points[starts[bits >> k & 1] :][:n]
                expected = max(int(np.searchsorted(axis, x[k], side="right")) - 1, 0)
                assert (index[k], below[k]) == (expected, axis[expected])


@given(st.integers(0, 10_000))
def test_sinks_share_a_row_only_when_the_first_is_read_before_the_second_is_written(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_node = int(rng.integers(2, 30))
    sink_ptr = np.concatenate([[0], np.cumsum(rng.integers(0, 4, n_node))]).astype(np.int32)
    owner = np.repeat(np.arange(n_node), np.diff(sink_ptr))
    sinks = np.flatnonzero(owner < n_node - 1)
    sinks = sinks[rng.random(len(sinks)) < 0.7]
    reader = np.array([rng.integers(owner[s] + 1, n_node) for s in sinks], dtype=np.int32)
    stays = sinks[rng.random(len(sinks)) < 0.2].astype(np.int32)
    slot, n_row = shared_slots(sink_ptr, reader, sinks.astype(np.int32), stays)
    holds = np.full(n_row, -1)
    for v in range(n_node):
        for s in sinks[reader == v]:
            assert holds[slot[s]] == s
        for s in range(sink_ptr[v], sink_ptr[v + 1]):
            holds[slot[s]] = s
    assert all(holds[slot[s]] == s for s in stays)


@numba.njit
def exponentials(x, wide, narrow):
    for row in range(len(x) // 8):
        lanes.store(wide, row, lanes.exponential(lanes.load(x, row, (0, 0, 0, 0, 0, 0, 0, 0))))
    for k in range(len(x)):
        narrow[k] = lanes.exponential(x[k])


def test_exponentials_of_lanes_are_those_of_the_library_to_a_unit_in_the_last_place() -> None:
    rng = np.random.default_rng(3)
    x = np.concatenate(
        [
            rng.uniform(-708.0, 709.0, 4000),
            rng.uniform(-2.0, 2.0, 3992),
            [0.0, -0.0, -708.1, -1e9, -np.inf, 1e-300, -1.0, np.nan],
        ]
    )
    wide, narrow = np.empty_like(x), np.empty_like(x)
    exponentials(x, wide, narrow)
    assert np.array_equal(wide, narrow, equal_nan=True)
    expected = np.where(x < -708.0, 0.0, np.exp(x))
    assert np.isnan(wide[-1])
    assert (np.abs(wide - expected)[:-1] <= 2.0 * np.spacing(expected)[:-1]).all()
    assert wide[-5] == wide[-4] == 0.0
    assert wide[-8] == wide[-7] == wide[-3] == 1.0


@pytest.mark.parametrize("seed", range(4))
def test_hold_alone_has_the_bits_of_hold_beside_setup(technology: Technology, seed: int) -> None:
    netlist = random_design(technology, seed, n_cells=80)
    constraints = replace(read_sdc(SDC), propagated=bool(seed % 2))
    model = "ceff" if seed < 2 else "elmore"
    both = TimingGraph(netlist, technology, constraints, random_wires(netlist, seed), wire_model=model, hold=True)
    for vdd in np.random.default_rng(seed).integers(0, 2, (3, netlist.n_cells)).astype(np.int32):
        assert np.array_equal(both.for_hold().evaluate(vdd).hold_need, both.evaluate(vdd).hold_need)
