from __future__ import annotations

import itertools

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.power import Ports, RandomStimulus, Simulator, VectorStimulus, simulate
from tests.power.tiny import netlist


def words(**columns: list[int]) -> dict[str, np.ndarray]:
    return {name: np.array(column, dtype=np.uint64) for name, column in columns.items()}


def toggles(design: Netlist, stimulus: VectorStimulus, cycles: int) -> dict[str, float]:
    activity = simulate(design, stimulus, cycles)
    return dict(zip(design.net_names, activity.toggle_rate * cycles, strict=True))


@pytest.fixture
def gates() -> Netlist:
    return netlist(
        ["a", "b", "c"],
        ["y"],
        [
            ("n", "NAND2", {"A1": "a", "A2": "b", "ZN": "x"}),
            ("m", "MUX2", {"A": "x", "B": "c", "S": "a", "Z": "m"}),
            ("e", "XOR2", {"A": "m", "B": "b", "Z": "y"}),
        ],
    )


def test_combinational_values_follow_the_functions(gates: Netlist) -> None:
    simulator = Simulator(gates, None)
    for a, b, c in itertools.product((0, 1), repeat=3):
        for name, value in (("a", a), ("b", b), ("c", c)):
            simulator.ports[name] = value
        simulator.answer()
        assert simulator.ports["y"] == ((c if a else 1 - (a & b)) ^ b)


def test_toggles_and_probabilities_are_exact(gates: Netlist) -> None:
    stimulus = VectorStimulus(words(a=[0, 1, 1, 0], b=[1, 1, 1, 1], c=[0, 0, 0, 0]), clock=None)
    activity = simulate(gates, stimulus, 4)
    x = gates.net_index["x"]
    assert activity.toggle_rate[x] == 2 / 4
    assert activity.probability[x] == 0.5
    nand = activity.pattern_probability[activity.pattern_ptr[0] : activity.pattern_ptr[1]]
    assert nand.tolist() == [0.0, 0.0, 0.5, 0.5]


def test_pattern_probabilities_are_joint_not_products() -> None:
    design = netlist(
        ["a"], ["y"], [("i", "INV", {"A": "a", "ZN": "n"}), ("g", "AND2", {"A1": "a", "A2": "n", "Z": "y"})]
    )
    activity = simulate(design, VectorStimulus(words(a=[0, 1] * 50), clock=None), 100)
    and2 = activity.pattern_probability[activity.pattern_ptr[1] : activity.pattern_ptr[2]]
    assert and2.tolist() == [0.0, 0.5, 0.5, 0.0]


def test_a_glitch_is_no_toggle() -> None:
    design = netlist(
        ["a"], ["y"], [("i", "INV", {"A": "a", "ZN": "n"}), ("g", "AND2", {"A1": "a", "A2": "n", "Z": "y"})]
    )
    assert toggles(design, VectorStimulus(words(a=[0, 1] * 10), clock=None), 20)["y"] == 0


def test_counter_counts_and_clock_toggles_twice_per_cycle() -> None:
    design = netlist(
        ["clk", "rn"],
        ["q0", "q1"],
        [
            ("i", "INV", {"A": "q0", "ZN": "n0"}),
            ("x", "XOR2", {"A": "q0", "B": "q1", "Z": "n1"}),
            ("f0", "DFFR", {"D": "n0", "CK": "clk", "RN": "rn", "Q": "q0"}),
            ("f1", "DFFR", {"D": "n1", "CK": "clk", "RN": "rn", "Q": "q1"}),
        ],
    )
    activity = simulate(design, VectorStimulus(words(rn=[0, 1])), 400, warmup=4)
    rate = dict(zip(design.net_names, activity.toggle_rate, strict=True))
    assert (rate["clk"], rate["q0"], rate["q1"]) == (2.0, 1.0, 0.5)
    flop = activity.pattern_probability[activity.pattern_ptr[2] : activity.pattern_ptr[3]]
    # D and CK are independent here and RN is 1: four patterns of a quarter each.
    assert flop.tolist() == [0.0, 0.0, 0.0, 0.0, 0.25, 0.25, 0.25, 0.25]


def test_shift_register_moves_one_stage_per_cycle() -> None:
    stages = [(f"f{i}", "DFFQ", {"D": f"s{i}", "CK": "clk", "Q": f"s{i + 1}"}) for i in range(5)]
    design = netlist(["clk", "s0"], ["s5"], stages)
    simulator = Simulator(design, "clk")
    seen = []
    sent = [1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]
    for bit in sent:
        simulator.ports["s0"] = bit
        simulator.rise()
        simulator.fall()
        seen.append(simulator.ports["s5"])
    # The input changes with the edge, so the first stage samples it one edge later.
    assert seen == [0] * 5 + sent[: len(sent) - 5]


def test_gated_clock_toggles_only_in_enabled_cycles() -> None:
    design = netlist(
        ["clk", "en"],
        ["q"],
        [
            ("g", "CLKGATE", {"CK": "clk", "E": "en", "SE": "0", "GCK": "gck"}),
            ("f", "DFFQ", {"D": "n", "CK": "gck", "Q": "q"}),
            ("i", "INV", {"A": "q", "ZN": "n"}),
        ],
    )
    result = toggles(design, VectorStimulus(words(en=[1, 1, 0, 0, 1, 0, 0, 0])), 8)
    # The latch takes en in the low phase before an edge: the first vector stands before edge 0, those of cycles 0, 1 and 4
    # open the pulses of cycles 1, 2 and 5.
    assert result["gck"] == 2 * 4
    assert result["q"] == 4


def test_discrete_clock_gate_with_latch_behaves_as_the_integrated_one() -> None:
    design = netlist(
        ["clk", "en"],
        [],
        [
            ("i", "INV", {"A": "clk", "ZN": "low"}),
            ("l", "LATCH", {"D": "en", "G": "low", "Q": "hold"}),
            ("a", "AND2", {"A1": "clk", "A2": "hold", "Z": "gck"}),
            ("g", "CLKGATE", {"CK": "clk", "E": "en", "SE": "0", "GCK": "gck2"}),
            ("f", "DFFQ", {"D": "en", "CK": "gck", "Q": "q"}),
            ("f2", "DFFQ", {"D": "en", "CK": "gck2", "Q": "q2"}),
        ],
    )
    activity = simulate(design, RandomStimulus(3), 500)
    rate = dict(zip(design.net_names, activity.toggle_rate, strict=True))
    assert rate["gck"] == rate["gck2"] > 0.5
    assert rate["q"] == rate["q2"]


def test_asynchronous_clear_acts_without_a_clock() -> None:
    design = netlist(["clk", "rn"], ["q"], [("f", "DFFR", {"D": "1", "CK": "clk", "RN": "rn", "Q": "q"})])
    simulator = Simulator(design, "clk")
    simulator.ports["rn"] = 1
    simulator.rise()
    simulator.fall()
    simulator.rise()
    assert simulator.ports["q"] == 1
    simulator.ports["rn"] = 0
    simulator.answer()
    assert simulator.ports["q"] == 0
    simulator.ports["rn"] = 1
    simulator.answer()
    assert simulator.ports["q"] == 0


def test_divided_clock_drives_flops() -> None:
    design = netlist(
        ["clk"],
        ["q"],
        [
            ("f0", "DFFQ", {"D": "n0", "CK": "clk", "Q": "half", "QN": "n0"}),
            ("f1", "DFFQ", {"D": "n1", "CK": "half", "Q": "q", "QN": "n1"}),
        ],
    )
    result = toggles(design, VectorStimulus({}), 64)
    assert (result["half"], result["q"]) == (64, 32)


def test_combinational_answer_reaches_the_same_cycle(gates: Netlist) -> None:
    class Grant:
        clock = None
        asked: list[int]

        def start(self, ports: Ports) -> None:
            self.asked = []

        def edge(self, cycle: int, ports: Ports) -> None:
            ports["a"] = cycle % 2
            ports["b"] = 0
            self.asked.append(ports["y"])

        def respond(self, cycle: int, ports: Ports) -> bool:
            # c follows a, so y (= c where a is 1) must see it within the cycle.
            if ports["c"] == cycle % 2:
                return False
            ports["c"] = cycle % 2
            return True

    stimulus = Grant()
    simulate(gates, stimulus, 6)
    assert stimulus.asked[1:] == [1, 1, 1, 1, 1]


def test_oscillating_loop_is_refused_with_its_cells() -> None:
    design = netlist(["a"], ["y"], [("ring", "NAND2", {"A1": "a", "A2": "y", "ZN": "y"})])
    simulator = Simulator(design, None)
    simulator.ports["a"] = 1
    with pytest.raises(InputError, match=r"oscillates.*ring"):
        simulator.answer()


def test_sequential_design_without_a_clock_is_refused() -> None:
    design = netlist(["clk", "d"], ["q"], [("f", "DFFQ", {"D": "d", "CK": "clk", "Q": "q"})])
    with pytest.raises(InputError, match="instance f is sequential: name the clock port"):
        Simulator(design, None)
    with pytest.raises(InputError, match="clock port 'ck' is no port"):
        Simulator(design, "ck")


def test_net_with_two_drivers_is_refused() -> None:
    gate = {"A": "a", "ZN": "y"}
    with pytest.raises(InputError, match="net y has 2 drivers"):
        Simulator(netlist(["a"], ["y"], [("i", "INV", gate), ("j", "INV", gate)]), None)


def test_wide_words_are_read_and_set_whole() -> None:
    bits = range(100)
    cells = [(f"i{b}", "INV", {"A": f"d[{b}]", "ZN": f"y[{b}]"}) for b in bits]
    simulator = Simulator(netlist([f"d[{b}]" for b in bits], [f"y[{b}]" for b in bits], cells), None)
    value = 0x123456789ABCDEF0F1E2D3C4B
    simulator.ports["d"] = value
    simulator.answer()
    assert simulator.ports["y"] == (1 << 100) - 1 - value
    with pytest.raises(InputError, match="'y' is an output"):
        simulator.ports["y"] = 0
    with pytest.raises(InputError, match="no port 'z'"):
        simulator.ports["z"] = 0
