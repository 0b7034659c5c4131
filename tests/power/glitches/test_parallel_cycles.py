"""Cycles side by side toggle as each of them alone, to the last bit of their energies."""

from __future__ import annotations

import numpy as np
import pytest

from finevh.netlist import parse_verilog
from finevh.power.glitches import CycleSample, Replayer, ReplayNetwork, sample, uniform_delays
from finevh.power.glitches.parallel_cycles import CYCLES, GIVEN_UP, word_network
from finevh.power.glitches.wiring import PIN
from finevh.technology import Technology
from tests.power.glitches.test_glitch_sample import recorded, some_delays
from tests.power.test_oracles import random_design


def replayed(seed: int, technology: Technology, kept: int) -> tuple[CycleSample, Replayer, Replayer]:
    """Cycles of a design that chance made, what replays them side by side, and what replays them one by one."""
    design = parse_verilog(random_design(seed), technology)
    parallel = ReplayNetwork(design, "clk").plan(some_delays(design, seed + 10))
    return recorded(design, seed, kept), parallel, Replayer(design, parallel._plan, parallel._gate, None, [])


def same(kept: CycleSample, parallel: Replayer, single: Replayer, cycles: tuple[int, int]) -> None:
    weight = np.random.default_rng(kept.n_nets).random(kept.n_nets)
    for _ in range(2):  # again, from what the first left behind
        one, other = (each.run(kept, *cycles, weight) for each in (parallel, single))
        assert np.array_equal(one.glitches, other.glitches)
        assert one.energy.tobytes() == other.energy.tobytes()
    assert np.array_equal(parallel.count(kept, *cycles), single.count(kept, *cycles))
    assert parallel._state is None  # never asked


@pytest.mark.parametrize("seed", range(1, 7))
@pytest.mark.parametrize("cycles", [(0, 1), (0, 60), (7, 43), (59, 60)])
def test_cycles_side_by_side_have_the_glitches_and_energies_of_cycles_one_by_one(
    seed: int, cycles: tuple[int, int], one_supply: Technology
) -> None:
    same(*replayed(seed, one_supply, 60), cycles)


@pytest.mark.parametrize("seed", range(1, 4))
def test_gates_of_five_and_six_inputs_toggle_side_by_side_as_one_by_one(seed: int, one_supply: Technology) -> None:
    wide = (
        "AOI222_X1 A1 A2 B1 B2 C1 C2 ZN", "OAI222_X1 A1 A2 B1 B2 C1 C2 ZN", "AOI221_X1 A B1 B2 C1 C2 ZN", "XOR2_X1 A B Z",
        "INV_X1 A ZN",
    )  # fmt: skip
    design = parse_verilog(random_design(seed, cells=wide), one_supply)
    parallel = ReplayNetwork(design, "clk").plan(some_delays(design, seed))
    assert parallel._words is not None
    assert parallel._words.header[:, 5].max() == 6
    kept, single = recorded(design, seed, 60), Replayer(design, parallel._plan, parallel._gate, None, [])
    assert single.count(kept, 0, 60).sum() > 100
    same(kept, parallel, single, (0, 60))


@pytest.mark.parametrize("ticks", [1, 5])
def test_inputs_that_change_in_one_tick_are_heard_together(ticks: int, one_supply: Technology) -> None:
    design = parse_verilog(random_design(2), one_supply)
    parallel = ReplayNetwork(design, "clk").plan(uniform_delays(design, ticks))
    single = Replayer(design, parallel._plan, parallel._gate, None, [])
    same(recorded(design, 2, 60), parallel, single, (0, 60))


def test_more_cycles_than_a_word_has_go_into_several(one_supply: Technology) -> None:
    kept, parallel, single = replayed(9, one_supply, 60)
    rows = np.random.default_rng(9).integers(0, 60, 2 * CYCLES + 11)
    many = CycleSample(rows, kept.before[rows], kept.rise[rows], kept.fall[rows], kept.cycles, kept.n_nets)
    assert many.words.shape == (3, 3, kept.n_nets, CYCLES // 64)
    for moment, values in enumerate(many.values(0, len(rows))):
        for row in (0, 63, 64, 255, 256, 522):
            numbers = many.words[moment, row // CYCLES, :, row % CYCLES // 64]
            assert np.array_equal(numbers >> np.uint64(row % 64) & np.uint64(1), values[row])
    weight = np.random.default_rng(10).random(kept.n_nets)
    for first, last in ((0, len(rows)), (200, 520), (256, 512), (70, 135)):
        one, other = (each.run(many, first, last, weight) for each in (parallel, single))
        assert np.array_equal(one.glitches, other.glitches)
        assert one.energy.tobytes() == other.energy.tobytes()


def test_cycles_that_are_given_up_are_replayed_one_by_one(
    one_supply: Technology, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, parallel, single = replayed(3, one_supply, 60)
    weight = np.ones(kept.n_nets)
    monkeypatch.setattr(sample, "replay_words", lambda *rest: GIVEN_UP)
    one, other = (each.run(kept, 5, 60, weight) for each in (parallel, single))
    assert parallel._state is not None
    assert np.array_equal(one.glitches, other.glitches)
    assert one.energy.tobytes() == other.energy.tobytes()


def test_a_gate_of_seven_inputs_has_no_word_for_its_truth_table(one_supply: Technology) -> None:
    network = ReplayNetwork(parse_verilog(random_design(1), one_supply), "clk")
    wired, output = network._wired, network._pins.output
    assert word_network(wired, output) is not None
    wired.fan[0, PIN] = 6
    assert word_network(wired, output) is None
