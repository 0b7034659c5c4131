"""Least delays are never above the engine's, under any map; with nothing left to relax they equal them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finevh.constraints import Constraints, read_sdc
from finevh.errors import InputError
from finevh.technology import Technology, load_technology, with_vdds
from finevh.timing import TimingGraph
from finevh.timing import bounds as bounds_module
from finevh.timing.bounds import TOLERANCE, DelayBounds
from finevh.timing.delay import table_windows
from oracles.random_design import random_design, random_wires

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"
SDC = """create_clock -name clk -period 4 [get_ports clk]
create_clock -name outside -period 4
set_input_delay 0.4 -clock outside [get_ports {in* sel}]
set_output_delay 0.3 -clock outside [all_outputs]
set_multicycle_path 2 -from [get_ports in[1]]
"""
N_TILES = 4


@pytest.fixture(scope="module")
def technology() -> Technology:
    return with_vdds(load_technology(LIBRARY / "technology.toml"), (0.8, 1.0))


def constraints(propagated: bool) -> Constraints:
    read = read_sdc(SDC)
    clocks = tuple(replace(c, follows_tree=propagated and c.name == "outside") for c in read.clocks)
    return replace(read, clocks=clocks, propagated=propagated)


def bounds_of(graph: TimingGraph, tiles: np.ndarray) -> DelayBounds:
    return DelayBounds(graph, np.zeros(graph.netlist.n_cells, dtype=np.int8), 0, 1, tiles)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), wires=st.booleans(), propagated=st.booleans(), high=st.booleans())
def test_least_delays_are_never_above_the_engines(
    technology: Technology, seed: int, wires: bool, propagated: bool, high: bool
) -> None:
    netlist = random_design(technology, seed, 100, 12)
    rng = np.random.default_rng(seed)
    tiles = rng.integers(0, N_TILES, netlist.n_cells).astype(np.int32)
    graph = TimingGraph(
        netlist, technology, constraints(propagated), random_wires(netlist, seed) if wires else None,
        clock_supply="high" if high else "tile",
    )  # fmt: skip
    tiles[graph.high_cells] = -1
    bounds = bounds_of(graph, tiles)
    for code in range(2**N_TILES):
        bits = (code >> np.arange(N_TILES) & 1).astype(bool)
        cell_vdd = np.append(bits, True)[tiles].astype(np.int32)
        state = graph.evaluate(cell_vdd)
        period = state.min_period()
        reached = np.isfinite(state.setup_need)
        above = bounds.needs(bits)[reached] - state.setup_need[reached]
        assert above.max(initial=-1.0) <= TOLERANCE * period
        assert bounds.min_period(bits) <= period + TOLERANCE * period
        for path in bounds.paths(bits, 0.9 * period, 4) + bounds.paths_of(state, bits, 0.9 * period, 4):
            assert path.need(bits) <= path.coefficient * period + TOLERANCE * period
        late = bounds.paths_as_timed(state, bits, 0.9 * period, 4)
        slack = np.sort(state.slacks(0.9 * period))[:4]
        assert [path.coefficient * 0.9 * period - path.need(bits) for path in late] == pytest.approx(slack[slack < 0.0])


@pytest.mark.parametrize("propagated", [False, True])
@pytest.mark.parametrize("wires", [False, True])
def test_one_tile_leaves_nothing_to_relax(technology: Technology, wires: bool, propagated: bool) -> None:
    netlist = random_design(technology, 7, 100, 12)
    graph = TimingGraph(netlist, technology, constraints(propagated), random_wires(netlist, 7) if wires else None)
    bounds = bounds_of(graph, np.zeros(netlist.n_cells, dtype=np.int32))
    for bit in (0, 1):
        period = graph.evaluate(np.full(netlist.n_cells, bit, dtype=np.int32)).min_period()
        # The two ends of a clock's trunk are relaxed apart, and ports swing to the higher supply under both maps.
        assert bounds.min_period(np.array([bool(bit)])) == pytest.approx(period, rel=2e-3)


def test_other_wires_are_refused(technology: Technology) -> None:
    netlist = random_design(technology, 7, 60, 8)
    graph = TimingGraph(netlist, technology, constraints(False), random_wires(netlist, 7), wire_model="shielded")
    assert not DelayBounds.fits(graph)
    with pytest.raises(InputError, match="least delays need Elmore wires"):
        bounds_of(graph, np.zeros(netlist.n_cells, dtype=np.int32))


def test_kernels_that_are_compiled_beforehand_are_those_that_a_search_calls(technology: Technology) -> None:
    bounds_module.compile_kernels()
    netlist = random_design(technology, 5, 100, 12)
    graph = TimingGraph(netlist, technology, constraints(True), random_wires(netlist, 5))
    bounds = bounds_of(graph, np.random.default_rng(5).integers(0, N_TILES, netlist.n_cells).astype(np.int32))
    bits = np.zeros(N_TILES, dtype=bool)
    state = graph.evaluate(np.zeros(netlist.n_cells, dtype=np.int32))
    period = 0.9 * state.min_period()
    assert bounds.paths(bits, period, 4)
    assert bounds.paths_of(state, bits, period, 4)
    for name in bounds_module._ARGUMENTS:
        assert len(getattr(bounds_module, name).signatures) == 1, name
    for kernel in (table_windows._join_axes, table_windows._tabulate):
        assert len(kernel.signatures) == 1


@pytest.mark.parametrize("propagated", [False, True])
def test_a_path_takes_what_its_endpoint_needs_at_least_and_each_pair_of_tiles_once(
    technology: Technology, propagated: bool
) -> None:
    netlist = random_design(technology, 11, 100, 12)
    graph = TimingGraph(netlist, technology, constraints(propagated), random_wires(netlist, 11))
    bounds = bounds_of(graph, np.random.default_rng(11).integers(0, N_TILES, netlist.n_cells).astype(np.int32))
    traced = 0
    for code in range(2**N_TILES):
        bits = (code >> np.arange(N_TILES) & 1).astype(bool)
        need, _, origin = bounds._arrive(bits)
        for row in np.flatnonzero(np.isfinite(need)).tolist():
            path = bounds._trace(row, origin)
            pairs = list(zip(path.driver.tolist(), path.tile.tolist(), strict=True))
            assert pairs == sorted(set(pairs))
            # Slews on the way only add; of a port that several clocks launch from the least arrival is taken.
            if pairs[0] != (-1, -1):
                assert path.need(bits) >= need[row] - 1e-6
                traced += 1
    assert traced > 50 or propagated
    assert not bounds._sums.any()
