from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.constraints import read_sdc
from finevh.errors import InputError
from finevh.netlist import parse_verilog
from finevh.netlist.model import Netlist
from finevh.power import RandomStimulus, VectorStimulus, merge_activities
from finevh.power.glitches import GlitchDelays, GlitchSimulator, delays_of, simulate_glitches, uniform_delays
from finevh.technology import technology_from_liberty
from finevh.timing import TimingGraph
from oracles.event_reference import EventReference
from oracles.iverilog_glitches import compare_glitches
from tests.conftest import liberty_at
from tests.power.test_oracles import random_design
from tests.power.tiny import netlist

SDC = (
    "create_clock -name clk -period 5 [get_ports clk]\nset_propagated_clock [get_clocks clk]\n"
    "set_input_delay 0.2 -clock clk [all_inputs]\nset_output_delay 0.2 -clock clk [all_outputs]\n"
)


def words(**columns: list[int]) -> dict[str, np.ndarray]:
    return {name: np.array(column, dtype=np.uint64) for name, column in columns.items()}


def delays(
    design: Netlist, gates: dict[str, tuple[int, int]], launch: dict[str, tuple[int, int]] | None = None
) -> GlitchDelays:
    """Ticks of a rise and a fall of the nets of ``gates``, 10 elsewhere; ticks at which sources rise and fall, 0 elsewhere."""
    found = uniform_delays(design, 10)
    for name, (rise, fall) in gates.items():
        rows = found.net == design.net_index[name]
        found.ticks[rows, :, 0], found.ticks[rows, :, 1] = rise, fall
    for name, times in (launch or {}).items():
        found.launch[design.net_index[name]] = times
    return found


def toggles(design: Netlist, how: GlitchDelays, **columns: list[int]) -> dict[str, tuple[int, int]]:
    """(without delays, with) of each net."""
    cycles = len(next(iter(columns.values())))
    settled, (found,) = simulate_glitches(design, VectorStimulus(words(**columns), clock=None), cycles, [how])
    assert settled.toggles is not None
    assert found.toggles is not None
    pairs = zip(settled.toggles.tolist(), found.toggles.tolist(), strict=True)
    return dict(zip(design.net_names, pairs, strict=True))


def pulse() -> Netlist:
    """AND of a signal and its inverse: a rise of ``a`` makes a pulse as long as the inverter's fall."""
    return netlist(["a"], ["y"], [("i", "INV", {"A": "a", "ZN": "n"}), ("g", "AND2", {"A1": "a", "A2": "n", "Z": "y"})])


@pytest.mark.parametrize(("inverter", "rise", "passes"), [(20, 19, 2), (20, 20, 2), (20, 21, 0), (1, 1, 2), (5, 30, 0)])
def test_a_pulse_passes_a_gate_if_it_is_no_shorter_than_the_delay_of_its_first_edge(
    inverter: int, rise: int, passes: int
) -> None:
    design = pulse()
    found = toggles(design, delays(design, {"n": (7, inverter), "y": (rise, 50)}), a=[0, 1, 0, 1, 1])
    assert found["y"] == (0, 2 * passes)  # two rises of a; its falls make no pulse


def test_a_pulse_that_is_taken_back_leaves_no_trace_in_what_follows() -> None:
    # c rises while the pulse of a is due: y stays low for the pulse and rises once, for c alone.
    design = netlist(
        ["a", "c"],
        ["y"],
        [
            ("i", "INV", {"A": "a", "ZN": "n"}),
            ("g", "NAND2", {"A1": "a", "A2": "n", "ZN": "p"}),
            ("h", "NAND2", {"A1": "p", "A2": "c", "ZN": "y"}),
        ],
    )
    how = delays(design, {"n": (5, 15), "p": (2, 2), "y": (40, 3)}, {"c": (12, 12)})
    # a rises at 0: p falls at 2 and rises at 17. y waits from 2 to rise at 42, but is already high (c = 0).
    assert toggles(design, how, a=[0, 1], c=[0, 1]) == {"a": (1, 1), "c": (1, 1), "y": (1, 1), "n": (1, 1), "p": (0, 2)}


def test_a_multiplexer_of_gates_has_a_hazard_and_a_consensus_term_removes_it() -> None:
    gates = [
        ("i", "INV", {"A": "s", "ZN": "ns"}),
        ("g1", "NAND2", {"A1": "a", "A2": "s", "ZN": "u"}),
        ("g2", "NAND2", {"A1": "b", "A2": "ns", "ZN": "v"}),
    ]
    plain = netlist(["a", "b", "s"], ["y"], [*gates, ("g3", "NAND2", {"A1": "u", "A2": "v", "ZN": "y"})])
    # s falls while a = b = 1: u rises before v falls, and y dips.
    found = toggles(plain, delays(plain, {}), a=[1, 1, 1], b=[1, 1, 1], s=[1, 0, 1])
    assert found["y"] == (0, 2)
    consensus = [
        ("g4", "NAND2", {"A1": "a", "A2": "b", "ZN": "w"}),
        ("g5", "AND2", {"A1": "u", "A2": "v", "Z": "t"}),
        ("g6", "NAND2", {"A1": "t", "A2": "w", "ZN": "y"}),
    ]
    safe = netlist(["a", "b", "s"], ["y"], [*gates, *consensus])
    assert toggles(safe, delays(safe, {}), a=[1, 1, 1], b=[1, 1, 1], s=[1, 0, 1])["y"] == (0, 0)


def test_a_dynamic_hazard_makes_three_changes_of_one() -> None:
    design = netlist(
        ["a", "b"],
        ["y"],
        [
            ("b1", "BUF", {"A": "a", "Z": "c"}),
            ("b2", "BUF", {"A": "c", "Z": "d"}),
            ("x1", "XOR2", {"A": "a", "B": "c", "Z": "p"}),
            ("x2", "XOR2", {"A": "p", "B": "d", "Z": "y"}),
        ],
    )
    # y follows a, 20 ticks early by p alone: y = (a ^ c) ^ d changes with each of a, c and d.
    assert toggles(design, delays(design, {"c": (30, 30), "d": (30, 30)}), a=[0, 1], b=[0, 0])["y"] == (1, 3)


def test_inputs_that_change_together_act_together_after_the_quickest_of_their_delays() -> None:
    design = netlist(
        ["a", "b", "c"],
        ["y"],
        [("x", "XOR2", {"A": "a", "B": "b", "Z": "p"}), ("g", "XOR2", {"A": "p", "B": "c", "Z": "y"})],
    )
    how = delays(design, {}, {"c": (31, 31)})
    assert toggles(design, how, a=[0, 1], b=[0, 1], c=[0, 0])["y"] == (0, 0)
    how.ticks[how.pin == 1] = 80  # pin B of the first gate
    late = replace(how, launch=how.launch + np.where(np.arange(design.n_nets)[:, None] == design.net_index["a"], 1, 0))
    # b changes at 0 and again p at 1 by a: taken back; alone, b would have come at 80.
    assert toggles(design, late, a=[0, 1], b=[0, 1], c=[0, 0])["p"] == (0, 0)
    # p changes with c at 41 and 31: y twice.
    assert toggles(design, delays(design, {}, {"c": (35, 35)}), a=[0, 1], b=[0, 0], c=[0, 1])["y"] == (0, 2)


def test_registers_launch_when_the_clock_has_come_to_them() -> None:
    design = netlist(
        ["clk", "d"],
        ["y"],
        [
            ("i", "INV", {"A": "d", "ZN": "n"}),
            ("f0", "DFFQ", {"D": "d", "CK": "clk", "Q": "q0"}),
            ("f1", "DFFQ", {"D": "n", "CK": "clk", "Q": "q1"}),
            ("g", "AND2", {"A1": "q0", "A2": "q1", "Z": "y"}),
        ],
    )
    stimulus = words(d=[0, 1, 0, 1, 0, 1, 0])
    at_once = delays(design, {})
    skewed = delays(design, {}, {"q1": (30, 30)})
    for how, expected in ((at_once, 0), (skewed, 6)):
        settled, (found,) = simulate_glitches(design, VectorStimulus(stimulus), 7, [how])
        assert found.toggles is not None
        assert settled.toggle_rate[design.net_index["y"]] == 0
        assert found.toggles[design.net_index["y"]] == expected
        sources = [design.net_index[name] for name in ("clk", "d", "q0", "q1")]
        assert (found.toggle_rate[sources] == settled.toggle_rate[sources]).all()


def test_logic_without_reconvergence_has_no_glitch() -> None:
    rows = [("f0", "DFFQ", {"D": "d", "CK": "clk", "Q": "q0"})]
    for k in range(12):
        rows += [
            (f"i{k}", "INV", {"A": f"q{k}", "ZN": f"n{k}"}),
            (f"f{k + 1}", "DFFQ", {"D": f"n{k}", "CK": "clk", "Q": f"q{k + 1}"}),
        ]
    design = netlist(["clk", "d"], ["q12"], rows)
    settled, (found,) = simulate_glitches(design, RandomStimulus(3), 400, [uniform_delays(design, 17, 5)])
    assert settled.toggle_rate.sum() > 10
    assert np.array_equal(found.toggle_rate, settled.toggle_rate)
    assert found.glitch_rate is not None
    assert not found.glitch_rate.any()


def test_counts_begin_where_they_are_reset() -> None:
    design = pulse()
    how = delays(design, {"y": (3, 3)})
    simulator = GlitchSimulator(design, None, [how])
    stimulus = VectorStimulus(words(a=[0, 1, 0, 1, 0, 1, 0, 1]), clock=None)
    stimulus.start(simulator.ports)
    simulator.run(stimulus, 4)
    simulator.reset_counts()
    simulator.run(stimulus, 4)
    (found,) = simulator.toggles()
    assert found[design.net_index["y"]] == 4


@st.composite
def circuits(draw: st.DrawFn) -> tuple[str, int]:
    return random_design(draw(st.integers(0, 10**6)), draw(st.integers(5, 60)) + 24, 24), draw(st.integers(0, 10**6))


@settings(max_examples=15, deadline=None)
@given(circuit=circuits())
def test_settled_values_and_toggles_are_those_of_a_plain_simulator(circuit: tuple[str, int]) -> None:
    text, seed = circuit
    design = parse_verilog(text, technology_from_liberty([liberty_at("1v00")]))
    random = np.random.default_rng(seed)
    how = uniform_delays(design, 1)
    how = replace(
        how,
        ticks=random.integers(1, random.choice([3, 30, 300]), how.ticks.shape).astype(np.int32),
        launch=random.integers(0, 40, how.launch.shape).astype(np.int32),
    )
    simulator = GlitchSimulator(design, "clk", [how])
    plain = EventReference(design, simulator.pins, how)
    stimulus = RandomStimulus(seed, toggle=0.4, reset=("rn", 0, 2))
    stimulus.start(simulator.ports)
    simulator.answer()
    simulator.reset_counts()
    value = simulator.state.value[: design.n_nets]
    plain.start(value)
    for _ in range(25):
        stimulus.edge(simulator.cycle, simulator.ports)
        simulator.rise()
        plain.settle(value)
        simulator.fall()  # raises where a net settles at another value
        plain.settle(value)
        assert all(plain.value[net] == value[net] for net in plain.function)
    (found,) = simulator.toggles()
    assert found.tolist() == [plain.toggles[net] for net in range(design.n_nets)]
    assert simulator.missing_names() == []


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog (iverilog) is not installed")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_toggles_are_those_of_icarus_verilog_with_sdf_delays(seed: int, tmp_path: Path) -> None:
    technology = technology_from_liberty([liberty_at("1v00")])
    design = parse_verilog(random_design(seed), technology)
    graph = TimingGraph(design, technology, read_sdc(SDC))
    how = delays_of(graph, graph.evaluate(0))
    found = compare_glitches(
        design, technology, RandomStimulus(seed, toggle=0.5, reset=("rn", 0, 3)), how, 120, tmp_path
    )
    assert found.ours.sum() > 1.15 * found.settled.sum()
    assert abs(found.total) < 0.01
    # Net by net: the plain reference counts the same; with the rule of Icarus for pulses (see the oracle) it counts as Icarus.
    assert np.array_equal(found.plain, found.ours)
    assert found.spread < 0.02
    assert found.spread_with_their_rule < 0.005


def test_launches_and_arcs_are_those_of_the_timing() -> None:
    technology = technology_from_liberty([liberty_at("1v00")])
    text = """module m(clk, d, y); input clk, d; output y; wire c, n, q;
    BUF_X1 b (.A(clk), .Z(c)); DFF_X1 f (.D(d), .CK(c), .Q(q)); INV_X1 i (.A(q), .ZN(n)); XOR2_X1 x (.A(n), .B(d), .Z(y));
    endmodule"""
    design = parse_verilog(text, technology)
    graph = TimingGraph(design, technology, read_sdc(SDC))
    state = graph.evaluate(0)
    how = delays_of(graph, state)
    path = graph.path(state, 0)
    at = {design.net_names[n]: how.launch[n] / 10.0 for n in range(design.n_nets)}
    assert at["clk"].tolist() == [0.0, 0.0]
    assert state.insertion > 10.0
    assert at["d"] == pytest.approx([200.0 + state.insertion] * 2, abs=0.06)
    node = graph.structure.net_node[design.net_index["q"]]
    assert at["q"] == pytest.approx(state.late.arrival[:, node].max(axis=0), abs=0.06)
    assert at["q"].min() > at["c"].min() > 10.0
    pairs = {(int(p), int(n)): t for p, n, t in zip(how.pin, how.net, how.ticks, strict=True)}
    inverter = pairs[int(design.pin_ptr[2]), design.net_index["n"]]
    assert (inverter[[0, 1], [1, 0]] < 2**30).all()
    assert (inverter[[0, 1], [0, 1]] == 2**30).all()  # a rise makes no rise
    assert len(path.node) > 0


def test_a_loop_that_a_glitch_sets_or_excites_is_refused() -> None:
    rows = [
        ("i", "INV", {"A": "a", "ZN": "na"}),
        ("g1", "NAND2", {"A1": "a", "A2": "na", "ZN": "s"}),  # at 0 for a moment when a rises
        ("g", "NAND2", {"A1": "s", "A2": "y", "ZN": "x"}),
    ]
    set_by = netlist(["a", "r"], ["y"], [*rows, ("h", "NAND2", {"A1": "r", "A2": "x", "ZN": "y"})])
    stimulus = VectorStimulus(words(a=[0, 0, 1], r=[0, 1, 1]), clock=None)
    with pytest.raises(InputError, match=r"net [xy] settles in cycle 2 at another value than without delays"):
        simulate_glitches(set_by, stimulus, 3, [delays(set_by, {"na": (30, 30)})])
    other = [
        ("g2", "NAND2", {"A1": "a", "A2": "na", "ZN": "t"}),
        ("g3", "AND2", {"A1": "t", "A2": "r", "Z": "u"}),
        ("b", "BUF", {"A": "s", "Z": "v"}),
    ]
    pair = [("g", "NAND2", {"A1": "v", "A2": "y", "ZN": "x"}), ("h", "NAND2", {"A1": "u", "A2": "x", "ZN": "y"})]
    rung = netlist(["a", "r"], ["y"], [*rows[:2], *other, *pair])
    with pytest.raises(InputError, match=r"with delays, a combinational loop oscillates in cycle 2; break it"):
        simulate_glitches(rung, stimulus, 3, [delays(rung, {"na": (30, 30)})])


def test_a_delay_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"a delay of 0 ticks: an event-driven simulator needs at least one"):
        uniform_delays(pulse(), 0)


def test_activities_with_and_without_glitches_do_not_mix() -> None:
    design = pulse()
    stimulus = VectorStimulus(words(a=[0, 1, 0, 1]), clock=None)
    settled, (found,) = simulate_glitches(design, stimulus, 4, [uniform_delays(design, 10)])
    back = found.without_glitches()
    assert np.array_equal(back.toggle_rate, settled.toggle_rate)
    assert settled.toggles is not None
    assert np.array_equal(back.toggles, settled.toggles)
    assert found.glitch_rate is not None
    assert found.glitch_rate[design.net_index["y"]] == 4 / 4
    both = merge_activities([found, found])
    assert np.array_equal(both.glitch_rate, found.glitch_rate)
    with pytest.raises(InputError, match="activities with glitches and without cannot be merged"):
        merge_activities([found, settled])
