"""Sampled cycles replayed with other delays: the same glitches as a simulation of all cycles counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.errors import InputError
from finevh.netlist import parse_verilog
from finevh.netlist.model import Netlist
from finevh.power import DynamicPower, RandomStimulus, VectorStimulus, simulate
from finevh.power.glitches import (
    CycleSample,
    GlitchDelays,
    GlitchSimulator,
    ReplayNetwork,
    draw_cycles,
    simulate_glitches,
    uniform_delays,
)
from finevh.technology import Technology
from tests.power.test_oracles import random_design
from tests.power.tiny import netlist

CYCLES, WARMUP = 60, 3


@given(st.integers(1, 300), st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_drawn_cycles_lie_one_in_each_part_of_equal_length(cycles: int, most: int) -> None:
    drawn = draw_cycles(cycles, most)
    count = min(cycles, most)
    edges = np.arange(count + 1) * cycles // count
    part = np.searchsorted(edges, drawn, side="right") - 1
    assert sorted(part.tolist()) == list(range(count))
    if most >= cycles:
        assert sorted(drawn.tolist()) == list(range(cycles))


def test_the_first_half_of_the_drawn_cycles_is_spread_over_all_and_shares_none_with_the_other() -> None:
    drawn = draw_cycles(8000, 64)
    assert np.bincount(drawn[:32] // 250, minlength=32).tolist() == [1] * 32
    assert not set(drawn[:32].tolist()) & set(drawn[32:].tolist())
    assert not np.array_equal(drawn, draw_cycles(8000, 64, seed=2))


def some_delays(design: Netlist, seed: int) -> GlitchDelays:
    random = np.random.default_rng(seed)
    how = uniform_delays(design, 1)
    return replace(
        how,
        ticks=random.integers(1, 40, how.ticks.shape).astype(np.int32),
        launch=random.integers(0, 40, how.launch.shape).astype(np.int32),
    )


def stimulus(seed: int) -> RandomStimulus:
    return RandomStimulus(seed, toggle=0.4, reset=("rn", 0, 2))


def recorded(design: Netlist, seed: int, kept: int) -> CycleSample:
    simulator, driven = GlitchSimulator(design, "clk", [uniform_delays(design, 7)]), stimulus(seed)
    simulator.record(draw_cycles(CYCLES, kept))
    driven.start(simulator.ports)
    simulator.answer()
    simulator.run(driven, WARMUP)
    simulator.reset_counts()
    simulator.run(driven, CYCLES)
    simulator.stop_following()
    simulator.run(driven, 5)  # on, without delays: no part of the sample
    return simulator.sample()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_cycles_replayed_have_the_glitches_of_the_whole_simulation(seed: int, one_supply: Technology) -> None:
    design = parse_verilog(random_design(seed), one_supply)
    how = some_delays(design, seed + 10)
    _, (whole,) = simulate_glitches(design, stimulus(seed), CYCLES, [how], warmup=WARMUP)
    assert whole.glitch_rate is not None
    weight = np.random.default_rng(seed).random(design.n_nets)
    sample = recorded(design, seed, CYCLES)
    replayer = ReplayNetwork(design, "clk").plan(how)
    found = replayer.run(sample, 0, 25, weight) + replayer.run(sample, 25, CYCLES, weight)
    expected = np.rint(whole.glitch_rate * CYCLES)
    assert expected.sum() > 100
    assert np.array_equal(found.glitches, expected)
    assert found.energy.sum() == pytest.approx(float(weight @ expected))
    counts = replayer.count(sample, 0, CYCLES)
    assert np.array_equal(counts.sum(axis=0), expected)
    assert np.allclose(counts @ weight, found.energy)


def test_a_cycle_has_the_same_glitches_whatever_was_replayed_before(one_supply: Technology) -> None:
    design = parse_verilog(random_design(6), one_supply)
    sample, weight = recorded(design, 6, CYCLES), np.random.default_rng(6).random(design.n_nets)
    network, how = ReplayNetwork(design, "clk"), some_delays(design, 16)
    alone = [network.plan(how).run(sample, row, row + 1, weight) for row in range(CYCLES)]
    shared = network.plan(how)
    for row in np.random.default_rng(7).permutation(CYCLES).tolist():
        found = shared.run(sample, row, row + 1, weight)
        assert np.array_equal(found.glitches, alone[row].glitches)
        assert np.array_equal(found.energy, alone[row].energy)
    together = shared.count(sample, 0, CYCLES)
    assert np.array_equal(together, np.stack([one.glitches for one in alone]))


def test_sampled_cycles_are_those_of_the_simulation(one_supply: Technology) -> None:
    design = parse_verilog(random_design(4), one_supply)
    every, some = recorded(design, 4, CYCLES), recorded(design, 4, 9)
    assert (every.cycles, some.cycles, len(some.cycle)) == (CYCLES, CYCLES, 9)
    where = {cycle: row for row, cycle in enumerate(every.cycle.tolist())}
    for row, cycle in enumerate(some.cycle.tolist()):
        for one, other in zip(some.values(row, row + 1), every.values(where[cycle], where[cycle] + 1), strict=True):
            assert np.array_equal(one, other)
    turned = every.reversed()
    assert turned.cycle.tolist() == every.cycle[::-1].tolist()
    assert np.array_equal(turned.values(0, 1)[2], every.values(CYCLES - 1, CYCLES)[2])


@pytest.mark.parametrize("last", [0, 1, 40, CYCLES])
def test_cycles_by_toggles_are_all_there_the_quietest_first(last: int, one_supply: Technology) -> None:
    sample = recorded(parse_verilog(random_design(8), one_supply), 8, CYCLES)
    ordered, rows = sample.by_toggles(last)
    assert sorted(rows.tolist()) == list(range(last))
    assert np.array_equal(ordered.cycle, sample.cycle[rows])
    before, high, after = ordered.values(0, last)
    for one, other in zip((before, high, after), sample.values(0, last), strict=True):
        assert np.array_equal(one, other[rows])
    assert np.all(np.diff((before != high).sum(axis=1)) >= 0)


def test_nothing_is_returned_that_was_not_recorded(one_supply: Technology) -> None:
    design = parse_verilog(random_design(1), one_supply)
    with pytest.raises(InputError, match="no cycles were recorded"):
        GlitchSimulator(design, "clk", []).sample()


def test_a_loop_that_remembers_is_refused_with_its_net_and_cycle() -> None:
    # q = s | q remembers: without delays it is 1 from the first cycle on; the sample says it fell again.
    design = netlist(
        ["s"], ["q"], [("n", "NOR2", {"A1": "s", "A2": "q", "ZN": "m"}), ("i", "INV", {"A": "m", "ZN": "q"})]
    )
    before = np.zeros((1, design.n_nets), dtype=np.uint8)
    before[0, design.net_index["m"]] = 1
    rise = np.zeros_like(before)
    rise[0, design.net_index["s"]] = 1
    packed = [np.packbits(values, axis=1) for values in (before, rise, np.zeros_like(rise))]
    sample = CycleSample(np.array([17], dtype=np.int32), *packed, 100, design.n_nets)
    replayer = ReplayNetwork(design, None).plan(uniform_delays(design, 3))
    with pytest.raises(InputError, match=r"net [mq] settles in counted cycle 17 at another value than without delays"):
        replayer.run(sample, 0, 1, np.ones(design.n_nets))


def test_energy_of_toggles_adds_up_to_dynamic_power_cell_by_cell(two_supplies: Technology) -> None:
    design = parse_verilog(random_design(5), two_supplies)
    activity = simulate(design, stimulus(5), 200, warmup=3)
    random = np.random.default_rng(5)
    slew = {row: random.uniform(5.0, 80.0, (len(design.pin_net), 2)) for row in range(2)}
    power = DynamicPower(design, two_supplies, None, activity, slew=slew)
    for cell_vdd in (np.zeros(design.n_cells, dtype=np.int32), random.integers(0, 2, design.n_cells).astype(np.int32)):
        whole = power.evaluate(cell_vdd, None, 1e6, port_vdd=1)  # mW at 1e6 MHz: fJ per cycle
        energy = power.toggle_energy(cell_vdd, None, port_vdd=1)
        switching, internal = energy.of_cells(activity.toggle_rate)
        assert np.allclose(switching, whole.switching)
        assert np.allclose(internal, whole.internal)
        assert float(energy.of_nets @ activity.toggle_rate) == pytest.approx(
            whole.total_switching + whole.total_internal
        )


def test_a_toggle_of_one_net_costs_its_driver_and_whom_it_drives(two_supplies: Technology) -> None:
    text = "module m(a, y); input a; output y; wire n; INV_X1 i (.A(a), .ZN(n)); INV_X1 j (.A(n), .ZN(y)); endmodule"
    design = parse_verilog(text, two_supplies)
    activity = simulate(design, VectorStimulus({"a": np.array([0, 1] * 5, dtype=np.uint64)}, clock=None), 10)
    slew = np.full((len(design.pin_net), 2), 20.0)
    energy = DynamicPower(design, two_supplies, None, activity, slew=slew).toggle_energy(
        np.array([0, 1], dtype=np.int32), None, port_vdd=1
    )
    capacitance = np.maximum(two_supplies.corners.pin_cap_rise, two_supplies.corners.pin_cap_fall)
    pin = int(np.flatnonzero((design.pin_cell == 1) & (design.pin_net == design.net_index["n"]))[0])
    corner = int(two_supplies.corner_of[0, 1])
    swing = float(two_supplies.vdds[0])
    assert energy.switching[design.net_index["n"]] == pytest.approx(
        0.5 * capacitance[corner, design.pin_type[pin]] * swing**2
    )
    assert energy.switching[design.net_index["a"]] == 0.0  # charged from outside
    assert energy.of_nets[design.net_index["n"]] > energy.switching[design.net_index["n"]]
