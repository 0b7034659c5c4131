"""What tiles switch cycle by cycle, found while simulating, against counting by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from finevh.layout import Placement
from finevh.power import VectorStimulus, simulate
from finevh.power.tile_cycles import busiest_cycle, simulate_tile_cycles, tile_capacitance
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


def test_the_busiest_cycle_is_over_the_average_and_one_where_nothing_switches() -> None:
    moved = np.array([[0.0, 0.0], [4.0, 0.0], [2.0, 0.0], [2.0, 0.0]], dtype=np.float32)
    assert busiest_cycle(moved, 3).tolist() == [2.0, 1.0, 1.0]


def test_a_tile_holds_the_capacitance_of_its_nets_at_one() -> None:
    activity = replace(simulate(DESIGN, stimulus(), 6), probability=np.full(DESIGN.n_nets, 0.25))
    held = tile_capacitance(DESIGN, activity, np.full(DESIGN.n_nets, 8.0), TILES, 3)
    assert held.tolist() == [2.0, 0.0, 2.0]
