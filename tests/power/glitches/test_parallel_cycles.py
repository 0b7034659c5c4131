"""Sixty-four cycles side by side toggle as each of them alone, to the last bit of their energies."""

from __future__ import annotations

import numpy as np
import pytest

from finevh.netlist import parse_verilog
from finevh.power.glitches import CycleSample, Replayer, ReplayNetwork, sample
from finevh.power.glitches.parallel_cycles import CYCLES, GIVEN_UP, gate_words
from finevh.power.glitches.wiring import PIN
from finevh.technology import Technology
from tests.power.glitches.test_glitch_sample import recorded, some_delays
from tests.power.test_oracles import random_design


def replayed(seed: int, technology: Technology, kept: int) -> tuple[CycleSample, Replayer, Replayer]:
    """Cycles of a design that chance made, what replays them side by side, and what replays them one by one."""
    design = parse_verilog(random_design(seed), technology)
    parallel = ReplayNetwork(design, "clk").plan(some_delays(design, seed + 10))
    return recorded(design, seed, kept), parallel, Replayer(design, parallel._plan, parallel._gate, None)


@pytest.mark.parametrize("seed", range(1, 7))
@pytest.mark.parametrize("cycles", [(0, 1), (0, 60), (7, 43), (59, 60)])
def test_cycles_side_by_side_have_the_glitches_and_energies_of_cycles_one_by_one(
    seed: int, cycles: tuple[int, int], one_supply: Technology
) -> None:
    kept, parallel, single = replayed(seed, one_supply, 60)
    weight = np.random.default_rng(seed).random(kept.n_nets)
    for _ in range(2):  # again, from what the first left behind
        one, other = (each.run(kept, *cycles, weight) for each in (parallel, single))
        assert np.array_equal(one.glitches, other.glitches)
        assert one.energy.tobytes() == other.energy.tobytes()
    assert np.array_equal(parallel.count(kept, *cycles), single.count(kept, *cycles))
    assert parallel._state is None  # never asked


def test_more_cycles_than_a_word_has_go_into_several(one_supply: Technology) -> None:
    kept, parallel, single = replayed(9, one_supply, 60)
    rows = np.random.default_rng(9).integers(0, 60, 2 * CYCLES + 11)
    many = CycleSample(rows, kept.before[rows], kept.rise[rows], kept.fall[rows], kept.cycles, kept.n_nets)
    assert many.words.shape == (3, 3, kept.n_nets)
    for moment, values in enumerate(many.values(0, len(rows))):
        for row in (0, 63, 64, 138):
            assert np.array_equal(many.words[moment, row // 64] >> np.uint64(row % 64) & np.uint64(1), values[row])
    weight = np.random.default_rng(10).random(kept.n_nets)
    for first, last in ((0, len(rows)), (50, 130), (64, 128)):
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
    _, parallel, _ = replayed(1, one_supply, 1)
    plan = parallel._plan
    assert gate_words(plan, parallel._gate) is not None
    plan.fan[0, PIN] = 6
    assert gate_words(plan, parallel._gate) is None
