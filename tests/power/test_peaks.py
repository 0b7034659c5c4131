"""The busiest cycle of a tile, found while simulating, against counting every cycle apart."""

from __future__ import annotations

import numpy as np

from finevh.layout import Placement
from finevh.power import VectorStimulus, simulate
from finevh.power.peaks import simulate_with_peaks
from tests.power.tiny import netlist


def test_the_busiest_cycle_is_that_of_the_simulation() -> None:
    design = netlist(
        ["a", "b"], ["y"], [("i", "INV", {"A": "a", "ZN": "n"}), ("g", "AND2", {"A1": "n", "A2": "b", "Z": "y"})]
    )
    words = {"a": np.array([0, 1, 1, 0, 0, 1]), "b": np.array([1, 1, 1, 1, 0, 0])}
    stimulus = {name: column.astype(np.uint64) for name, column in words.items()}
    zeros = np.zeros(2)
    placement = Placement(zeros, zeros, zeros.astype(np.int8), np.array([0, 2], dtype=np.int32), zeros, zeros)
    capacitance = np.ones(design.n_nets)
    activity, peak = simulate_with_peaks(design, VectorStimulus(stimulus, clock=None), 6, 0, placement, capacitance)
    plain = simulate(design, VectorStimulus(stimulus, clock=None), 6)
    assert activity.toggle_rate.tolist() == plain.toggle_rate.tolist()
    # Both gates toggle at most once a cycle; tile 1 is empty.
    toggles = [plain.toggle_rate[design.net_index[name]] for name in ("n", "y")]
    assert np.allclose(peak, [1 / toggles[0], 1.0, 1 / toggles[1]])
