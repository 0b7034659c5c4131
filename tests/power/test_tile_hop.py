"""What it costs to turn a tile, by hand."""

from __future__ import annotations

import numpy as np

from finevh.power.tile_hop import transition


def test_turning_a_tile_costs_what_a_capacitor_behind_a_resistor_costs() -> None:
    cost = transition(np.array([1000.0]), np.array([0.5]), 0.8, 0.9, 0.009)
    assert np.isclose(cost.energy[0], 1000.0 * 0.1 * 0.9)
    assert np.isclose(cost.settling[0], 500.0 * np.log(0.1 / 0.009))
    assert np.isclose(cost.rush[0], 0.2)
