"""Constants: what is said to stand still does so under every input, and arcs that remain are those that can switch."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.errors import InputError
from finevh.netlist import Netlist, NetlistBuilder
from finevh.netlist.logic import parse_function
from finevh.technology import Technology
from finevh.technology.model import Direction
from finevh.timing.graph.constants import Constants, propagate_constants
from tests.timing.pipelines import GATES

INPUTS = 4


def cloud(technology: Technology, seed: int, gates: int = 12) -> Netlist:
    """Gates behind four inputs and the two constants."""
    rng, cells = random.Random(seed), technology.cells
    build = NetlistBuilder(cells)
    build.add_port("a", (INPUTS - 1, 0), Direction.INPUT)
    signals = [build.net(f"a[{k}]") for k in range(INPUTS)] + [build.constant("0"), build.constant("1")]
    for k in range(gates):
        row = cells.index[rng.choice(GATES)]
        directions = cells.pin_direction[cells.pin_ptr[row] : cells.pin_ptr[row + 1]].tolist()
        nets = [
            build.net(f"n{k}_{pin}") if direction == Direction.OUTPUT else rng.choice(signals)
            for pin, direction in zip(cells.pins(row), directions, strict=True)
        ]
        build.add_instance(f"u{k}", row, 0, nets)
        signals += [net for net, direction in zip(nets, directions, strict=True) if direction == Direction.OUTPUT]
    return build.finish("cloud")


def settled(netlist: Netlist, inputs: tuple[int, ...]) -> list[int]:
    """Value of every net under one pattern of the inputs; gates stand in topological order."""
    cells, value = netlist.cells, netlist.net_constant.astype(int).tolist()
    for name, net in zip(netlist.port_names, netlist.port_net.tolist(), strict=True):
        if value[net] < 0:
            value[net] = inputs[int(name[2:-1])]
    for cell in range(netlist.n_cells):
        row, base = int(netlist.cell_type[cell]), int(netlist.pin_ptr[cell])
        names = cells.pins(row)
        at = {name: value[int(netlist.pin_net[base + k])] for k, name in enumerate(names)}
        for k, name in enumerate(names):
            text = cells.pin_function[cells.pin_ptr[row] + k]
            if text and name in at:
                value[int(netlist.pin_net[base + k])] = at[name] = parse_function(text).value(at)
    return value


def all_values(netlist: Netlist, fixed: dict[int, int]) -> list[list[int]]:
    """Values of all nets under every pattern that has the case analysis's values."""
    port = {int(net): int(name[2:-1]) for name, net in zip(netlist.port_names, netlist.port_net, strict=True)}
    return [
        settled(netlist, pattern)
        for pattern in itertools.product((0, 1), repeat=INPUTS)
        if all(pattern[port[net]] == v for net, v in fixed.items())
    ]


def with_case(technology: Technology, seed: int) -> tuple[Netlist, Constants, list[list[int]]]:
    netlist = cloud(technology, seed)
    fixed = {int(netlist.port_net[0]): seed % 2} if seed % 3 else {}
    return netlist, propagate_constants(netlist, fixed, {}), all_values(netlist, fixed)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_a_net_that_is_said_to_be_constant_has_that_value_under_every_input(
    two_supplies: Technology, seed: int
) -> None:
    netlist, constants, values = with_case(two_supplies, seed)
    for net in range(netlist.n_nets):
        said = int(constants.net_value[net])
        if said >= 0:
            assert {row[net] for row in values} == {said}, netlist.net_names[net]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_a_gate_with_constant_inputs_alone_has_a_constant_output(two_supplies: Technology, seed: int) -> None:
    netlist, constants, _ = with_case(two_supplies, seed)
    cells = netlist.cells
    for cell in range(netlist.n_cells):
        base, row = int(netlist.pin_ptr[cell]), int(netlist.cell_type[cell])
        pins = range(base, int(netlist.pin_ptr[cell + 1]))
        outputs = [p for p in pins if cells.pin_direction[cells.pin_ptr[row] + p - base] == Direction.OUTPUT]
        if all(constants.net_value[netlist.pin_net[p]] >= 0 for p in pins if p not in outputs):
            assert all(constants.net_value[netlist.pin_net[p]] >= 0 for p in outputs)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_an_arc_through_which_a_change_is_seen_is_alive(two_supplies: Technology, seed: int) -> None:
    # Two patterns that differ at one input of a gate and at its output: the change passes by an arc from there.
    netlist, constants, values = with_case(two_supplies, seed)
    cells = netlist.cells
    for cell in range(netlist.n_cells):
        base, row = int(netlist.pin_ptr[cell]), int(netlist.cell_type[cell])
        nets = netlist.pin_net[base : int(netlist.pin_ptr[cell + 1])].tolist()
        arcs = np.arange(cells.arc_ptr[row + 1] - cells.arc_ptr[row], dtype=np.int32)
        alive = constants.arc_alive(np.full(len(arcs), cell, dtype=np.int32), arcs)
        joined = {
            (int(cells.arc_from[a + cells.arc_ptr[row]]), int(cells.arc_to[a + cells.arc_ptr[row]]))
            for a in arcs[alive].tolist()
        }
        direction = cells.pin_direction[cells.pin_ptr[row] : cells.pin_ptr[row + 1]].tolist()
        ins = [k for k, d in enumerate(direction) if d == Direction.INPUT]
        for one, other in itertools.combinations(values, 2):
            moved = [k for k in ins if one[nets[k]] != other[nets[k]]]
            if len(moved) == 1:
                for out in (k for k, d in enumerate(direction) if d == Direction.OUTPUT):
                    if one[nets[out]] != other[nets[out]]:
                        assert (moved[0], out) in joined


def test_a_case_against_a_tied_net_is_refused(two_supplies: Technology) -> None:
    build = NetlistBuilder(two_supplies.cells)
    build.add_port("a", None, Direction.INPUT)
    row = two_supplies.cells.index["INV_X1"]
    one = build.constant("1")
    build.add_instance("u0", row, 0, [one if pin == "A" else build.net("n") for pin in two_supplies.cells.pins(row)])
    netlist = build.finish("tied")
    tied = int(np.flatnonzero(netlist.net_constant == 1)[0])
    with pytest.raises(InputError):
        propagate_constants(netlist, {tied: 0}, {})
