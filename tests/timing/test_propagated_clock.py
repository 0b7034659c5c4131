"""A clock that is propagated through its tree, and surroundings that are late by the tree's mean."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.constraints import Constraints, read_sdc, with_propagated_clocks
from finevh.errors import InputError
from finevh.netlist import read_verilog
from finevh.technology import Technology, load_technology, with_vdds
from finevh.timing import TimingGraph
from oracles.opensta import opensta, run_opensta
from oracles.slacks import endpoint_slacks

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"
VERILOG = """module small (input clk, input en, input a, input b, output y, output z);
  wire root, gated, leaf_0, leaf_1, qa, qb, qc, n0, n1, n2;
  CLKBUF_X4 root_buf (.A(clk), .Z(root));
  CLKGATE_X2 gate (.CK(root), .E(n2), .GCK(gated));
  CLKBUF_X2 buf_0 (.A(gated), .Z(leaf_0));
  CLKBUF_X1 buf_1 (.A(root), .Z(leaf_1));
  DFF_X1 ra (.CK(leaf_0), .D(n0), .Q(qa));
  DFF_X1 rb (.CK(leaf_0), .D(n1), .Q(qb));
  DFF_X1 rc (.CK(leaf_1), .D(b), .Q(qc));
  NAND2_X1 g0 (.A1(a), .A2(qb), .ZN(n0));
  XOR2_X1 g1 (.A(qa), .B(qc), .Z(n1));
  NAND2_X1 g2 (.A1(en), .A2(qc), .ZN(n2));
  BUF_X1 g3 (.A(n1), .Z(y));
  BUF_X1 g4 (.A(a), .Z(z));
endmodule
"""
SDC = """create_clock -name clk -period 2 [get_ports clk]
create_clock -name outside -period 2
set_input_delay 0.3 -clock {around} [get_ports {en a b}]
set_output_delay 0.2 -clock {around} [all_outputs]
"""


@pytest.fixture(scope="module")
def technology() -> Technology:
    return with_vdds(load_technology(LIBRARY / "technology.toml"), (0.8, 1.0))


def constraints(around: str = "outside", propagated: bool = True, follows: bool = True) -> Constraints:
    read = read_sdc(SDC.replace("{around}", around))
    clocks = tuple(replace(c, follows_tree=follows and c.name == "outside") for c in read.clocks)
    return replace(read, clocks=clocks, propagated=propagated)


def graph(technology: Technology, tmp_path: Path, chosen: Constraints) -> TimingGraph:
    source = tmp_path / "small.v"
    source.write_text(VERILOG, encoding="utf-8")
    return TimingGraph(read_verilog(source, technology), technology, chosen, hold=True)


def test_surroundings_late_by_the_mean_insertion_shift_port_paths_alone(technology: Technology, tmp_path: Path) -> None:
    late = graph(technology, tmp_path, constraints())
    prompt = graph(technology, tmp_path, constraints(follows=False))
    one, other = late.evaluate(1), prompt.evaluate(1)
    pins, arrival = late.clock_arrivals(one)
    assert len(pins) == 3
    assert 20.0 < arrival.min() < arrival.max() < 200.0
    mean = arrival.mean()
    assert one.insertion == pytest.approx(mean)
    setup, hold = one.slacks(2000.0) - other.slacks(2000.0), one.hold_slacks(2000.0) - other.hold_slacks(2000.0)
    # Into registers data come later by the mean, at outputs they may; from port to port nothing changes.
    assert sorted(set(np.round(setup / mean, 6))) == [-1.0, 0.0, 1.0]
    assert sorted(set(np.round(hold / mean, 6))) == [-1.0, 0.0, 1.0]
    assert np.round(setup / mean).sum() == np.count_nonzero(late.setup.follows < 0) - np.count_nonzero(
        late.setup.follows > 0
    )


def test_ideal_clocks_are_followed_by_nothing(technology: Technology, tmp_path: Path) -> None:
    slacks = []
    for around in ("outside", "clk"):
        timing = graph(technology, tmp_path, constraints(around, propagated=False))
        state = timing.evaluate(1)
        assert state.insertion == 0.0
        slacks.append(endpoint_slacks(timing, state, 2000.0, False))
    assert slacks[0] == slacks[1]


def slacks_of(technology: Technology, tmp_path: Path, sdc: str) -> dict[str, float]:
    """Setup slacks at 2 ns where the flow propagates the clocks of an SDC."""
    timing = graph(technology, tmp_path, with_propagated_clocks(read_sdc(sdc)))
    return endpoint_slacks(timing, timing.evaluate(1), 2000.0, False)


def test_a_source_latency_moves_the_design_and_its_surroundings_alike(technology: Technology, tmp_path: Path) -> None:
    plain = SDC.replace("{around}", "clk")
    source = plain + "set_clock_latency -source 0.25 [get_clocks clk]\n"
    expected = slacks_of(technology, tmp_path, plain)
    assert slacks_of(technology, tmp_path, source) == pytest.approx(expected)
    # A delay of 0.55 that holds the source latency is one of 0.3.
    held = source.replace("set_input_delay 0.3", "set_input_delay 0.55 -source_latency_included")
    assert slacks_of(technology, tmp_path, held) == pytest.approx(expected)


def test_a_virtual_clock_keeps_its_latency_where_the_flow_propagates_the_design_s(
    technology: Technology, tmp_path: Path
) -> None:
    late = "set_clock_latency 0.1 [get_clocks outside]\n"
    prompt = slacks_of(technology, tmp_path, SDC.replace("{around}", "outside"))
    found = slacks_of(technology, tmp_path, SDC.replace("{around}", "outside") + late)
    moved = {key: round(found[key] - prompt[key], 6) for key in found}
    assert set(moved.values()) == {-100.0, 0.0, 100.0}  # at registers, from port to port, at outputs
    assert {moved[key] for key in moved if key == "y"} == {100.0}


def test_input_delays_that_hold_the_network_s_latency_do_not_follow_the_tree(
    technology: Technology, tmp_path: Path
) -> None:
    sdc = SDC.replace("{around}", "clk")
    held = sdc.replace("set_input_delay 0.3", "set_input_delay 0.3 -network_latency_included")
    follows, stays = (slacks_of(technology, tmp_path, text) for text in (sdc, held))
    insertion = graph(technology, tmp_path, constraints()).evaluate(1).insertion
    assert stays["rc/D"] == pytest.approx(follows["rc/D"] + insertion)


def test_incremental_follows_the_tree(technology: Technology, tmp_path: Path) -> None:
    timing = graph(technology, tmp_path, constraints())
    vdd = np.ones(timing.netlist.n_cells, dtype=np.int32)
    state = timing.evaluate(vdd)
    slow = timing.netlist.instance_names.index("buf_0")
    vdd[slow] = 0
    after, whole = timing.update(state, np.array([slow]), vdd), timing.evaluate(vdd)
    assert after.insertion > state.insertion + 1.0
    assert np.array_equal(after.slacks(2000.0), whole.slacks(2000.0))
    assert np.array_equal(after.hold_slacks(2000.0), whole.hold_slacks(2000.0))
    row = int(np.argmin(whole.slacks(2000.0)))
    assert timing.slack_of(whole, row, 2000.0) == pytest.approx(whole.slacks(2000.0)[row])


def test_hold_between_two_states_takes_early_data_of_one_and_the_late_clock_of_the_other(
    technology: Technology, tmp_path: Path
) -> None:
    timing = graph(technology, tmp_path, constraints())
    cells = timing.netlist.instance_names
    fast = np.ones(len(cells), dtype=np.int32)
    slow = fast.copy()
    slow[[cells.index(name) for name in ("root_buf", "gate", "buf_0", "buf_1")]] = 0
    launch, capture = timing.evaluate(fast), timing.evaluate(slow)
    registers = timing.hold.follows == 0.0
    assert registers.sum() >= 3
    same = timing.hold_slacks_between(launch, launch, 2000.0)
    assert np.array_equal(same[registers], launch.hold_slacks(2000.0)[registers])
    inputs = timing.hold.follows < 0.0
    assert inputs.any()
    assert np.array_equal(same[inputs], launch.hold_slacks(2000.0)[inputs]), "data of ports start with the tree's mean"
    assert np.isinf(same[timing.hold.follows > 0.0]).all()
    bound = timing.hold_slacks_between(launch, capture, 2000.0)
    rows = timing.hold.rows
    ends = registers & np.isin(rows.cell, [cells.index(name) for name in ("ra", "rb")])
    pins, before = timing.clock_arrivals(launch)
    _, after = timing.clock_arrivals(capture)
    later = (after - before)[timing.netlist.pin_cell[pins] == cells.index("ra")]
    assert later[0] > 15.0
    # What the clock is later by is lost, but for the small change of the hold time with the clock's slew.
    assert np.abs(launch.hold_slacks(2000.0)[ends] - bound[ends] - later[0]).max() < 4.0
    assert (bound <= capture.hold_slacks(2000.0) + 1e-6)[ends].all()


@pytest.mark.skipif(opensta() is None, reason="OpenSTA is missing: apt-get install opensta")
def test_every_endpoint_agrees_with_opensta(technology: Technology, tmp_path: Path) -> None:
    timing = graph(technology, tmp_path, constraints())
    state = timing.evaluate(1)
    latency = (
        f"set_propagated_clock [get_clocks clk]\nset_clock_latency {state.insertion / 1000:.9f} [get_clocks outside]\n"
    )
    sdc = SDC.replace("{around}", "outside") + latency
    other = run_opensta(tmp_path / "small.v", "small", [LIBRARY / "liberty" / "finevh45_1v00.lib.gz"], sdc)
    setup, hold = (endpoint_slacks(timing, state, 2000.0, hold) for hold in (False, True))
    assert setup.keys() == other.setup.keys()
    assert hold.keys() == other.hold.keys()
    assert max(abs(setup[name] - slack) for name, slack in other.setup.items()) < 0.1
    assert max(abs(hold[name] - slack) for name, slack in other.hold.items()) < 0.1


def test_hold_alone_needs_the_longest_paths_of_clocks_only(technology: Technology, tmp_path: Path) -> None:
    both = graph(technology, tmp_path, constraints())
    alone = both.for_hold()
    rng = np.random.default_rng(5)
    maps = rng.integers(0, 2, (6, both.netlist.n_cells)).astype(np.int32)
    state = alone.evaluate(maps[0])
    for before, vdd in itertools.pairwise(maps):
        expected = both.evaluate(vdd)
        state = alone.update(state, np.flatnonzero(before != vdd).astype(np.int32), vdd, inplace=True)
        for found in (state, alone.evaluate(vdd)):
            assert np.array_equal(found.hold_need, expected.hold_need)
            assert found.insertion == expected.insertion
            assert np.isnan(found.setup_need).all()
    quiet = [
        node for node in range(both.structure.n_node) if not np.isfinite(alone.evaluate(1).late.arrival[:, node]).any()
    ]
    assert quiet, "data are followed as far as hold asks"
    with pytest.raises(InputError, match="hold=True"):
        TimingGraph(both.netlist, technology, replace(constraints(), propagated=False)).for_hold()
