"""Insertion and skew of a clock tree are those of its registers' clock pins, one by one."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.constraints import parse_sdc
from finevh.netlist import Netlist, NetlistBuilder
from finevh.technology import Technology
from finevh.technology.model import Direction
from finevh.timing import TimingGraph
from finevh.timing.skew import insertion_of
from oracles.random_design import random_wires
from oracles.slow_timer import SlowTimer
from tests.timing.pipelines import ROUNDING

SDC = "create_clock -name clk -period 2 [get_ports clk]\nset_propagated_clock [get_clocks clk]\n"


def clock_tree(technology: Technology, seed: int, buffers: int = 7, registers: int = 8) -> Netlist:
    """Buffers of random drives below one another, registers below any of them."""
    rng, cells = random.Random(seed), technology.cells
    build = NetlistBuilder(cells)
    build.add_port("clk", None, Direction.INPUT)
    nets = [build.net("clk")]
    for k in range(buffers):
        row = cells.index[rng.choice(technology.roles["clock_buffer"])]
        at = {"A": rng.choice(nets), "Z": build.net(f"c{k}")}
        build.add_instance(f"b{k}", row, 0, [at[pin] for pin in cells.pins(row)])
        nets.append(at["Z"])
    row = cells.index["DFF_X1"]
    for k in range(registers):
        at = {"CK": rng.choice(nets[1:]), "D": build.net(f"q{(k + 1) % registers}"), "Q": build.net(f"q{k}")}
        build.add_instance(f"r{k}", row, 0, [at.get(pin, build.net(f"{pin}{k}")) for pin in cells.pins(row)])
    return build.finish("tree")


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100_000), wired=st.booleans())
def test_insertion_is_that_of_the_clock_pins(two_supplies: Technology, seed: int, wired: bool) -> None:
    netlist = clock_tree(two_supplies, seed)
    vdd = np.random.default_rng(seed).integers(0, 2, netlist.n_cells).astype(np.int32)
    wires = random_wires(netlist, seed) if wired else None
    graph = TimingGraph(netlist, two_supplies, parse_sdc(SDC), wires, cross_voltage=False)
    found = insertion_of(graph, graph.evaluate(vdd))
    plain = SlowTimer(
        netlist, two_supplies, vdd, np.zeros(netlist.n_cells, np.int8), graph.port_vdd, True, wires, False, True
    )
    clocked = np.flatnonzero(netlist.cells.pin_is_clock[netlist.pin_type]).tolist()
    arrivals = [plain.at_pin(pin, 0)[0] for pin in clocked]
    assert len(arrivals) == 8
    assert found.least == pytest.approx(min(arrivals), abs=20 * ROUNDING)
    assert found.mean == pytest.approx(np.mean(arrivals), abs=20 * ROUNDING)
    assert found.most == pytest.approx(max(arrivals), abs=20 * ROUNDING)
    assert found.skew == pytest.approx(max(arrivals) - min(arrivals), abs=40 * ROUNDING)


def test_registers_without_a_clock_have_no_insertion(two_supplies: Technology) -> None:
    netlist = clock_tree(two_supplies, 0)
    sdc = "create_clock -name nowhere -period 2\nset_max_delay 1 -to [get_cells r*]\n"
    graph = TimingGraph(netlist, two_supplies, parse_sdc(sdc), cross_voltage=False)
    found = insertion_of(graph, graph.evaluate(1))
    assert math.isnan(found.least)
    assert math.isnan(found.skew)
