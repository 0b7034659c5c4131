from __future__ import annotations

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.power import RandomStimulus, propagate_probabilities, sample_activity, simulate
from tests.power.tiny import netlist


def known(design: Netlist, values: dict[str, tuple[float, float]]) -> dict[str, np.ndarray]:
    probability, rate = np.full(design.n_nets, np.nan), np.full(design.n_nets, np.nan)
    for name, (p, r) in values.items():
        probability[design.net_index[name]], rate[design.net_index[name]] = p, r
    return {"probability": probability, "toggle_rate": rate}


def test_a_tree_agrees_with_propagation() -> None:
    gates = [("g", "NAND2", {"A1": "a", "A2": "b", "ZN": "n"}), ("h", "XOR2", {"A": "n", "B": "c", "Z": "y"})]
    design = netlist(["a", "b", "c"], ["y"], gates)
    given = known(design, {"a": (0.3, 0.2), "b": (0.8, 0.1), "c": (0.5, 0.6)})
    exact = propagate_probabilities(design, **given)
    found = sample_activity(design, **given, cycles=40000)
    np.testing.assert_allclose(found.probability, exact.probability, atol=0.02)
    np.testing.assert_allclose(found.toggle_rate, exact.toggle_rate, atol=0.02)
    np.testing.assert_allclose(found.pattern_probability, exact.pattern_probability, atol=0.02)
    assert not found.joint


def test_reconvergence_is_followed() -> None:
    gates = [("i", "INV", {"A": "a", "ZN": "n"}), ("g", "AND2", {"A1": "a", "A2": "n", "Z": "y"})]
    design = netlist(["a"], ["y"], gates)
    given = known(design, {"a": (0.5, 0.5)})
    y = design.net_index["y"]
    assert propagate_probabilities(design, **given).toggle_rate[y] > 0.1
    assert sample_activity(design, **given).toggle_rate[y] == 0.0


def test_known_inner_nets_are_drawn_and_kept() -> None:
    gates = [("i", "INV", {"A": "a", "ZN": "n"}), ("j", "INV", {"A": "n", "ZN": "y"})]
    design = netlist(["a"], ["y"], gates)
    found = sample_activity(design, **known(design, {"a": (0.5, 0.5), "n": (0.9, 0.1)}), cycles=20000)
    n, y = design.net_index["n"], design.net_index["y"]
    assert (found.probability[n], found.toggle_rate[n]) == (0.9, 0.1)
    assert found.probability[y] == pytest.approx(0.1, abs=0.02)
    assert found.toggle_rate[y] == pytest.approx(0.1, abs=0.02)


def test_registers_and_gated_clocks_follow_their_logic() -> None:
    gates = [
        ("gate", "CLKGATE", {"CK": "clk", "E": "e", "SE": "0", "GCK": "g"}),
        ("q", "DFFR", {"D": "d", "CK": "g", "RN": "1", "Q": "q"}),
    ]
    design = netlist(["clk", "e", "d"], ["q"], gates)
    observed = simulate(design, RandomStimulus(3, toggle=0.5), 20000, warmup=5)
    ports = {name: design.net_index[name] for name in ("e", "d")}
    given = known(
        design, {k: (float(observed.probability[i]), float(observed.toggle_rate[i])) for k, i in ports.items()}
    )
    found = sample_activity(design, **given, clock="clk", cycles=20000)
    for name in ("g", "q"):
        net = design.net_index[name]
        assert found.toggle_rate[net] == pytest.approx(observed.toggle_rate[net], rel=0.05)
        assert found.probability[net] == pytest.approx(observed.probability[net], abs=0.02)


def test_an_unknown_input_is_named() -> None:
    design = netlist(["a", "b"], ["y"], [("g", "NAND2", {"A1": "a", "A2": "b", "ZN": "y"})])
    with pytest.raises(InputError, match="input net b has no probability"):
        sample_activity(design, **known(design, {"a": (0.5, 0.5)}))
