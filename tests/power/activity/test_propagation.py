from __future__ import annotations

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.power import Activity, RandomStimulus, propagate_probabilities, simulate
from tests.power.tiny import netlist


def propagated(design: Netlist, observed: Activity, clock: str | None) -> Activity:
    known = np.full(design.n_nets, np.nan)
    rate = known.copy()
    inputs = [n for p, n in zip(design.port_names, design.port_net, strict=True) if p in ("a", "b", "c", "en")]
    known[inputs], rate[inputs] = observed.probability[inputs], observed.toggle_rate[inputs]
    return propagate_probabilities(design, probability=known, toggle_rate=rate, clock=clock)


def test_a_tree_of_gates_is_exact() -> None:
    design = netlist(
        ["a", "b", "c"],
        ["y"],
        [("n", "NAND2", {"A1": "a", "A2": "b", "ZN": "x"}), ("e", "XOR2", {"A": "x", "B": "c", "Z": "y"})],
    )
    observed = simulate(design, RandomStimulus(1, clock=None, toggle=0.3), 20000)
    result = propagated(design, observed, None)
    np.testing.assert_allclose(result.probability, observed.probability, atol=0.02)
    np.testing.assert_allclose(result.toggle_rate, observed.toggle_rate, atol=0.02)


def test_simultaneous_changes_cancel_in_an_exclusive_or() -> None:
    design = netlist(["a", "b"], ["y"], [("e", "XOR2", {"A": "a", "B": "b", "Z": "y"})])
    p, rate = np.array([0.5, 0.5, np.nan]), np.array([1.0, 1.0, np.nan])
    assert propagate_probabilities(design, probability=p, toggle_rate=rate).toggle_rate[2] == 0.0


def test_a_flop_passes_its_data_on_and_a_gated_one_less_often() -> None:
    design = netlist(
        ["clk", "a", "en"],
        ["q", "r"],
        [
            ("f", "DFFQ", {"D": "a", "CK": "clk", "Q": "q"}),
            ("g", "CLKGATE", {"CK": "clk", "E": "en", "SE": "0", "GCK": "gck"}),
            ("h", "DFFQ", {"D": "a", "CK": "gck", "Q": "r"}),
        ],
    )
    observed = simulate(design, RandomStimulus(2, toggle=0.4), 20000)
    result = propagated(design, observed, "clk")
    for name in ("q", "gck", "r"):
        net = design.net_index[name]
        assert result.probability[net] == pytest.approx(observed.probability[net], abs=0.02), name
        assert result.toggle_rate[net] == pytest.approx(observed.toggle_rate[net], abs=0.03), name


def test_known_nets_keep_their_values() -> None:
    design = netlist(["a"], ["y"], [("i", "INV", {"A": "a", "ZN": "n"}), ("j", "INV", {"A": "n", "ZN": "y"})])
    p = np.array([0.5, np.nan, 0.9])
    result = propagate_probabilities(design, probability=p, toggle_rate=np.array([0.5, np.nan, 0.1]))
    assert result.probability.tolist() == pytest.approx([0.5, 0.1, 0.9])
    assert result.toggle_rate.tolist() == pytest.approx([0.5, 0.1, 0.1])


def test_an_unknown_input_is_refused() -> None:
    design = netlist(["a"], ["y"], [("i", "INV", {"A": "a", "ZN": "y"})])
    nothing = np.full(2, np.nan)
    with pytest.raises(InputError, match="input net a has no probability"):
        propagate_probabilities(design, probability=nothing, toggle_rate=nothing)
