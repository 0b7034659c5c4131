"""The tree of a placed design brings the clock to all registers together, at every supply, and costs no register its gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.constraints import single_clock
from finevh.errors import InputError
from finevh.layout import Floorplan, FloorplanRequest, Placement, check_placement, estimate_wires, make_floorplan, place
from finevh.netlist import read_verilog
from finevh.netlist.model import Netlist
from finevh.optimize.clock import (
    PlacedTree,
    build_clock_tree,
    choose_drives,
    plan_clock_tree,
    settle_clock_tree,
)
from finevh.optimize.target import Target
from finevh.technology import Technology, load_technology, with_vdds
from finevh.timing import TimingGraph
from finevh.timing.skew import insertion_of

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"
BANKS, BITS, FREE = 12, 24, 9
PERIOD = 1000.0


@pytest.fixture(scope="module")
def technology() -> Technology:
    return with_vdds(load_technology(LIBRARY / "technology.toml"), (0.6, 0.8, 1.0))


@pytest.fixture(scope="module")
def design(technology: Technology, tmp_path_factory: pytest.TempPathFactory) -> tuple[Netlist, Floorplan, Placement]:
    """Banks of registers of unlike sizes behind gates, a shift chain through all of them, and registers without a gate."""
    lines = [
        f"module banks (input clk, input [{BANKS - 1}:0] en, input d, output q);",
        "wire w0;",
        "BUF_X1 i (.A(d), .Z(w0));",
    ]
    at = 0
    for g in range(BANKS):
        lines.append(f"wire g{g}; CLKGATE_X1 gate{g} (.CK(clk), .E(en[{g}]), .SE(1'b0), .GCK(g{g}));")
        for _ in range(3 + 2 * g if g < BANKS - 1 else 4 * BITS):
            lines.append(f"wire w{at + 1}; DFF_X1 r{at} (.CK(g{g}), .D(w{at}), .Q(w{at + 1}));")
            at += 1
    for _ in range(FREE):
        lines.append(f"wire w{at + 1}; DFF_X1 r{at} (.CK(clk), .D(w{at}), .Q(w{at + 1}));")
        at += 1
    lines.append(f"BUF_X1 o (.A(w{at}), .Z(q));")
    source = tmp_path_factory.mktemp("banks") / "banks.v"
    source.write_text("\n".join([*lines, "endmodule", ""]), encoding="utf-8")
    netlist = read_verilog(source, technology)
    floorplan = make_floorplan(netlist, technology, FloorplanRequest(1, 0.6))
    return netlist, floorplan, place(netlist, technology, floorplan)


def target(technology: Technology) -> Target:
    top = len(technology.vdds) - 1
    return Target(single_clock("clk", PERIOD), int(technology.corner_of[0, top]), top, PERIOD)


@pytest.fixture(scope="module")
def built(technology: Technology, design: tuple[Netlist, Floorplan, Placement]) -> PlacedTree:
    netlist, floorplan, placement = design
    return build_clock_tree(netlist, technology, floorplan, placement, target(technology))


def graph_of(technology: Technology, tree: PlacedTree) -> TimingGraph:
    wires = estimate_wires(tree.netlist, technology, tree.placement)
    return TimingGraph(tree.netlist, technology, replace(single_clock("clk", PERIOD), propagated=True), wires)


def test_skew_is_small_at_every_supply_and_hold_of_a_shift_chain_is_met(
    technology: Technology, built: PlacedTree
) -> None:
    wires = estimate_wires(built.netlist, technology, built.placement)
    constraints = replace(single_clock("clk", PERIOD), propagated=True)
    graph = TimingGraph(built.netlist, technology, constraints, wires, hold=True)
    unit = None
    for index in range(len(technology.vdds) - 1, -1, -1):
        state = graph.with_port_vdd(index).evaluate(index)
        when = insertion_of(graph, state)
        unit = when.mean if unit is None else unit
        assert when.skew < 18.0 * when.mean / unit, technology.vdds[index]
        assert state.worst_hold_slack(PERIOD) > 0.0


def test_places_are_legal(
    technology: Technology, design: tuple[Netlist, Floorplan, Placement], built: PlacedTree
) -> None:
    check_placement(built.netlist, technology, design[1], built.placement)


def test_drives_bring_a_spoilt_tree_together_again(
    technology: Technology, design: tuple[Netlist, Floorplan, Placement], built: PlacedTree
) -> None:
    weakest = built.netlist.cell_type.copy()
    buffers = np.isin(weakest, built.cells.buffers)
    weakest[buffers] = built.cells.buffers[0]
    spoilt = replace(built, netlist=replace(built.netlist, cell_type=weakest))
    graph = graph_of(technology, spoilt)
    vdd = target(technology).vdd
    before = insertion_of(graph, graph.evaluate(vdd))
    kinds = choose_drives(graph, graph.evaluate(vdd), spoilt.tree, target(technology).corner, spoilt.cells, 4.0)
    # The search believes in tables at fixed wires; the timing engine is its judge.
    after = insertion_of(graph, graph.evaluate(vdd, None, kinds))
    assert before.skew > 40.0
    assert after.skew < 0.5 * before.skew
    settled = settle_clock_tree(spoilt, technology, design[1], target(technology))
    again = graph_of(technology, settled)
    assert insertion_of(again, again.evaluate(vdd)).skew < 15.0


def test_split_supply_keeps_the_trunk_high_and_leaves_on_their_own(technology: Technology, built: PlacedTree) -> None:
    wires = estimate_wires(built.netlist, technology, built.placement)
    constraints = replace(single_clock("clk", PERIOD), propagated=True)
    means = {}
    for policy in ("tile", "split", "high"):
        graph = TimingGraph(built.netlist, technology, constraints, wires, clock_supply=policy)
        means[policy] = graph.evaluate(1).insertion
        names = {built.netlist.instance_names[k].partition("_")[2].rpartition("_")[0] for k in graph.high_cells}
        if policy == "split":
            assert "root" in names
            assert "leaf" not in names
    assert means["high"] < means["split"] < means["tile"]
    with pytest.raises(InputError, match="clock supply 'both' is unknown; there are tile, high, split"):
        TimingGraph(built.netlist, technology, constraints, wires, clock_supply="both")


def test_technology_without_clock_buffers_makes_the_tree_of_plain_ones(
    technology: Technology, design: tuple[Netlist, Floorplan, Placement]
) -> None:
    netlist, floorplan, placement = design
    bare = replace(technology, roles={**technology.roles, "clock_buffer": ()})
    tree = build_clock_tree(netlist, bare, floorplan, placement, target(technology))
    names = {tree.netlist.cells.names[k] for k in tree.netlist.cell_type[tree.tree.cell]}
    assert {name.partition("_")[0] for name in names} == {"BUF", "CLKGATE"}
    graph = graph_of(technology, tree)
    assert insertion_of(graph, graph.evaluate(target(technology).vdd)).skew < 20.0


def test_design_without_registers_has_no_tree(technology: Technology, tmp_path: Path) -> None:
    source = tmp_path / "plain.v"
    source.write_text(
        "module plain (input clk, input a, output y);\n  INV_X1 g (.A(a), .ZN(y));\nendmodule\n", encoding="utf-8"
    )
    netlist = read_verilog(source, technology)
    floorplan = make_floorplan(netlist, technology, FloorplanRequest(1, 0.5))
    placement = place(netlist, technology, floorplan)
    plan, _ = plan_clock_tree(netlist, technology, placement, 0, single_clock("clk"))
    assert plan.n == 0
    tree = build_clock_tree(netlist, technology, floorplan, placement, target(technology))
    assert tree.netlist.instance_names == netlist.instance_names
