"""The compiled timer gives the times of a plain recursive one: any supplies, variants, derates and wires."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.constraints import single_clock
from finevh.netlist import Netlist, Wires
from finevh.technology import Technology, load_technology
from finevh.technology.model import Int
from finevh.timing import TimingGraph, TimingState
from oracles.random_design import random_wires
from oracles.slow_timer import SlowTimer
from tests.conftest import LIBRARY
from tests.timing.pipelines import PERIOD, ROUNDING, needs_by_pin, pipeline
from tests.timing.synthetic_cross import with_cross


@pytest.fixture(scope="module")
def technology(two_supplies: Technology) -> Technology:
    """Two supplies; the second variant is the first one at the other supply; derates of every pair, constant per table."""
    t = with_cross(two_supplies)
    variants = (t.variants[0], replace(t.variants[0], name="swapped", suffix="_SW"))
    return replace(t, variants=variants, corner_of=np.stack([t.corner_of[0], t.corner_of[0][::-1]]))


@pytest.fixture(scope="module")
def shipped() -> Technology:
    """The shipped library without bias, all supplies, with its characterised derates."""
    return load_technology(LIBRARY, variants=["PB0"])


def hold_by_pin(graph: TimingGraph, state: TimingState) -> dict[int, float]:
    pins = graph.structure.sink_pin[state.hold.rows.sink].tolist()
    slacks = state.hold_slacks(PERIOD).tolist()
    return {pin: slack for pin, slack in zip(pins, slacks, strict=True) if np.isfinite(slack)}


def any_map(netlist: Netlist, seed: int) -> tuple[Int, Int]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, netlist.n_cells).astype(np.int32), rng.integers(0, 2, netlist.n_cells).astype(np.int8)


def wires_of(netlist: Netlist, seed: int, kind: bool) -> Wires | None:
    return random_wires(netlist, seed) if kind else None


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100_000), wired=st.booleans(), port=st.integers(0, 1), derates=st.booleans())
def test_every_setup_need_and_hold_slack_is_that_of_the_plain_timer(
    technology: Technology, seed: int, wired: bool, port: int, derates: bool
) -> None:
    netlist = pipeline(technology, seed)
    vdd, variant = any_map(netlist, seed)
    wires = wires_of(netlist, seed, wired)
    graph = TimingGraph(
        netlist, technology, single_clock("clk", PERIOD), wires, hold=True, port_vdd=port, cross_voltage=derates
    )
    state = graph.evaluate(vdd, variant)
    late = SlowTimer(netlist, technology, vdd, variant, port, True, wires, derates).endpoints()
    early = SlowTimer(netlist, technology, vdd, variant, port, False, wires, derates).endpoints()
    found, held = needs_by_pin(graph, state), hold_by_pin(graph, state)
    assert found.keys() == late.keys() == held.keys() == early.keys()
    assert len(late) > 2
    for pin, need in late.items():
        assert found[pin] == pytest.approx(need, abs=100 * ROUNDING)
    for pin, slack in early.items():
        assert held[pin] == pytest.approx(slack, abs=100 * ROUNDING)
    assert state.min_period() == pytest.approx(max(late.values()), abs=100 * ROUNDING)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 100_000), wired=st.booleans())
def test_slack_of_a_driver_is_that_of_the_worst_path_through_it(technology: Technology, seed: int, wired: bool) -> None:
    netlist = pipeline(technology, seed)
    vdd, variant = any_map(netlist, seed + 1)
    wires = wires_of(netlist, seed, wired)
    graph = TimingGraph(netlist, technology, single_clock("clk", PERIOD), wires)
    state = graph.evaluate(vdd, variant)
    plain = SlowTimer(netlist, technology, vdd, variant, graph.port_vdd, True, wires)
    slack = graph.node_slacks(state, PERIOD)
    clock = int(netlist.port_net[0])
    met = 0
    for net in range(netlist.n_nets):
        node = int(graph.structure.net_node[net])
        if net == clock or node < 0:
            continue
        need = plain.through(net)
        if np.isfinite(need):
            assert slack[node] == pytest.approx(PERIOD - need, abs=100 * ROUNDING)
            met += 1
        else:
            assert slack[node] == np.inf
    assert met > 10


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_the_critical_path_is_a_path_of_the_netlist_whose_delays_are_those_of_the_plain_timer(
    technology: Technology, seed: int
) -> None:
    netlist = pipeline(technology, seed)
    vdd, variant = any_map(netlist, seed + 2)
    graph = TimingGraph(netlist, technology, single_clock("clk", PERIOD))
    state = graph.evaluate(vdd, variant)
    path = graph.critical_path(state, PERIOD)
    plain = SlowTimer(netlist, technology, vdd, variant, graph.port_vdd)
    nets = graph.structure.node_net[path.node].tolist()
    for k, (net, edge) in enumerate(zip(nets, path.edge.tolist(), strict=True)):
        arrival, slew = plain.at_net(net, edge) if k else (0.0, 0.0)
        if k:
            assert path.arrival[k] == pytest.approx(arrival, abs=100 * ROUNDING)
            assert path.slew[k] == pytest.approx(slew, abs=100 * ROUNDING)
            assert path.load[k] == pytest.approx(plain.load(net, edge), rel=1e-6)
            # What drives this net reads the one before.
            cell = int(path.cell[k])
            pins = range(int(netlist.pin_ptr[cell]), int(netlist.pin_ptr[cell + 1]))
            assert nets[k - 1] in {int(netlist.pin_net[pin]) for pin in pins}
    assert path.arrival[-1] + plain.tail(nets[-1], int(path.edge[-1])) == pytest.approx(
        state.min_period(), abs=100 * ROUNDING
    )


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_characterised_derates_move_delays_by_what_their_tables_say(shipped: Technology, seed: int) -> None:
    # A crossing arc's slew is the product of two tables at the points of a common grid, bilinear between them: a few per mille.
    netlist = pipeline(shipped, seed)
    low, high = (int(np.argmin(np.abs(shipped.vdds - volt))) for volt in (0.8, 1.0))
    vdd = np.where(any_map(netlist, seed)[0] > 0, high, low).astype(np.int32)
    variant = np.zeros(netlist.n_cells, dtype=np.int8)
    graph = TimingGraph(netlist, shipped, single_clock("clk", PERIOD))
    state = graph.evaluate(vdd, variant)
    late = SlowTimer(netlist, shipped, vdd, variant, graph.port_vdd).endpoints()
    found = needs_by_pin(graph, state)
    assert found.keys() == late.keys()
    for pin, need in late.items():
        assert found[pin] == pytest.approx(need, rel=5e-3, abs=0.5)
    plain = SlowTimer(netlist, shipped, vdd, variant, graph.port_vdd, derates=False).endpoints()
    assert max(abs(late[pin] - plain[pin]) for pin in late) > 1.0
