"""What tiles switch cycle by cycle, found while simulating, against counting by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from finevh.layout import Placement
from finevh.power import VectorStimulus, simulate
from finevh.power.glitches import GlitchSimulator, uniform_delays
from finevh.power.tiles.tile_cycles import cycle_charge, following_internal, simulate_tile_cycles, tile_capacitance
from tests.power.tiny import netlist

DESIGN = netlist(
    ["a", "b"], ["y"], [("i", "INV", {"A": "a", "ZN": "n"}), ("g", "AND2", {"A1": "n", "A2": "b", "Z": "y"})]
)
WORDS = {"a": np.array([0, 1, 1, 0, 0, 1]), "b": np.array([1, 1, 1, 1, 0, 0])}
TILES = np.array([0, 2], dtype=np.int32)


def stimulus() -> VectorStimulus:
    return VectorStimulus({name: column.astype(np.uint64) for name, column in WORDS.items()}, clock=None)


def test_each_cycle_holds_what_its_toggles_move() -> None:
    zeros = np.zeros(2)
    placement = Placement(zeros, zeros, zeros.astype(np.int8), TILES, zeros, zeros)
    capacitance = np.where(np.arange(DESIGN.n_nets) == DESIGN.net_index["n"], 2.0, 3.0)
    activity, moved, _ = simulate_tile_cycles(DESIGN, stimulus(), 6, 0, placement, capacitance)
    plain = simulate(DESIGN, stimulus(), 6)
    assert activity.toggle_rate.tolist() == plain.toggle_rate.tolist()
    # n = !a toggles as a does after its first value, y = n & b; tile 1 is empty.
    n = 1 - WORDS["a"]
    y = n & WORDS["b"]
    assert moved[1:, 0].tolist() == (2.0 * np.abs(np.diff(n))).tolist()
    assert moved[1:, 2].tolist() == (3.0 * np.abs(np.diff(y))).tolist()
    assert not moved[:, 1].any()


def test_with_delays_each_cycle_also_holds_what_its_glitches_move() -> None:
    hazard = netlist(
        ["a"], ["y"], [("i", "INV", {"A": "a", "ZN": "n"}), ("g", "AND2", {"A1": "a", "A2": "n", "Z": "y"})]
    )
    words = VectorStimulus({"a": WORDS["a"].astype(np.uint64)}, clock=None)
    zeros = np.zeros(2)
    placement = Placement(zeros, zeros, zeros.astype(np.int8), TILES, zeros, zeros)
    delays = uniform_delays(hazard, 10)
    activity, moved, simulator = simulate_tile_cycles(hazard, words, 6, 0, placement, np.full(3, 3.0), delays)
    rises = np.diff(WORDS["a"], prepend=0) > 0
    assert moved[:, 2].tolist() == (6.0 * rises).tolist()  # y goes up and down when a rises
    assert activity.glitch_rate is not None
    assert activity.glitch_rate[hazard.net_index["y"]] == 2 * rises.sum() / 6
    simulator.run(words, 3)
    assert isinstance(simulator, GlitchSimulator)
    assert simulator.toggles()[0].tolist() == (activity.toggle_rate * 6).tolist()  # what follows is not counted


def test_charge_of_a_cycle_follows_what_moves_and_keeps_its_average() -> None:
    moved = np.array([[0.0, 0.0], [4.0, 0.0], [2.0, 0.0], [2.0, 0.0]])
    found = cycle_charge(moved, np.array([6.0, 0.0]), np.array([5.0, 3.0]), np.array([1.5, 0.0]))
    # 3 fC per fF onto nets and 1.5 inside cells; the 2 fC left of the inside, and all of an idle tile, in every cycle.
    assert found.tolist() == [[2.0, 3.0], [20.0, 3.0], [11.0, 3.0], [11.0, 3.0]]
    assert found.mean(axis=0).tolist() == [11.0, 3.0]


def test_an_idle_program_does_not_blow_up_a_cycle() -> None:
    # Clock pins draw 10 fC a cycle in both; one program moves 5 fF in one of a thousand cycles.
    busy, idle = np.full((1000, 1), 5.0), np.zeros((1000, 1))
    idle[7] = 5.0
    internal = [np.array([10.0 + 2.0 * column.mean()]) for column in (busy, idle)]
    share = following_internal(internal, [column.mean(axis=0) for column in (busy, idle)])
    charge = cycle_charge(idle, 1.0 * idle.mean(axis=0), internal[1], share)
    # 1 fC onto nets and 4 inside cells for each of 5 fF, over what is always drawn: not a thousand times the average.
    assert np.isclose(charge.max(), 5.0 * (1.0 + 4.0) + 9.99)
    assert np.isclose(charge.mean(), 10.015)


def test_the_share_that_follows_is_the_least_over_programs_and_at_most_that_of_the_design() -> None:
    share = following_internal(
        [np.array([6.0, 9.0]), np.array([8.0, 0.5])], [np.array([3.0, 1.0]), np.array([2.0, 0.0])]
    )
    assert np.allclose(share, [2.0, 23.5 / 6.0])
    assert following_internal([np.array([1.0])], [np.array([0.0])]).tolist() == [0.0]


def test_a_tile_holds_the_capacitance_of_its_nets_at_one() -> None:
    activity = replace(simulate(DESIGN, stimulus(), 6), probability=np.full(DESIGN.n_nets, 0.25))
    held = tile_capacitance(DESIGN, activity, np.full(DESIGN.n_nets, 8.0), TILES, 3)
    assert held.tolist() == [2.0, 0.0, 2.0]
