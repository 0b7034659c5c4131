"""Exceptions act on the paths they name and on no other: against all paths of small designs, one by one."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.constraints import parse_sdc
from finevh.netlist import Netlist
from finevh.technology import Technology
from finevh.timing import TimingGraph
from oracles.slow_timer import SlowPath, SlowTimer
from tests.timing.pipelines import PERIOD, ROUNDING, needs_by_pin, pipeline

Covers = Callable[[SlowPath], bool]


def one_exception(netlist: Netlist, rng: random.Random) -> tuple[str, Covers]:
    """Points of a random exception, as SDC, and which paths have them."""
    registers = [k for k, name in enumerate(netlist.instance_names) if name.startswith("r")]
    gates = [k for k, name in enumerate(netlist.instance_names) if name.startswith("u")]
    text, covers = [], []
    if rng.random() < 0.6:
        start = rng.choice(registers)
        text.append(f"-from [get_cells {netlist.instance_names[start]}]")
        covers.append(lambda path: path.start == start)
    if rng.random() < 0.6:
        gate = rng.choice(gates)
        pin = netlist.cells.pins(int(netlist.cell_type[gate]))[-1]
        net = int(netlist.pin_net[netlist.pin_ptr[gate + 1] - 1])
        text.append(f"-through [get_pins {netlist.instance_names[gate]}/{pin}]")
        covers.append(lambda path: net in path.nets)
    if rng.random() < 0.6 or not text:
        end = rng.choice(registers)
        text.append(f"-to [get_cells {netlist.instance_names[end]}]")
        covers.append(lambda path: int(netlist.pin_cell[path.end]) == end)
    return " ".join(text), lambda path: all(cover(path) for cover in covers)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100_000), kind=st.sampled_from(["false", "multicycle", "maximum"]))
def test_each_endpoint_has_the_worst_slack_of_the_paths_that_are_left(
    two_supplies: Technology, seed: int, kind: str
) -> None:
    rng = random.Random(seed)
    netlist = pipeline(two_supplies, seed, gates=14, registers=5)
    points, covers = one_exception(netlist, rng)
    command = {
        "false": f"set_false_path {points}",
        "multicycle": f"set_multicycle_path 3 -setup {points}",
        "maximum": f"set_max_delay 0.7 {points}",
    }[kind]
    sdc = f"create_clock -name clk -period {PERIOD / 1000} [get_ports clk]\n{command}\n"
    graph = TimingGraph(netlist, two_supplies, parse_sdc(sdc))
    state = graph.evaluate(1)
    plain = SlowTimer(
        netlist, two_supplies, np.ones(netlist.n_cells, np.int32), np.zeros(netlist.n_cells, np.int8), graph.port_vdd
    )
    worst: dict[int, float] = {}
    for path in plain.paths():
        limit = {"false": np.inf, "multicycle": 3 * PERIOD, "maximum": 700.0}[kind] if covers(path) else PERIOD
        if np.isfinite(limit):
            worst[path.end] = min(worst.get(path.end, np.inf), limit - path.need)
    pins = graph.structure.sink_pin[state.setup.rows.sink].tolist()
    found: dict[int, float] = {}
    for pin, slack in zip(pins, state.slacks(PERIOD).tolist(), strict=True):
        if np.isfinite(slack):
            found[pin] = min(found.get(pin, np.inf), slack)
    assert found.keys() == worst.keys()
    for pin, slack in worst.items():
        assert found[pin] == pytest.approx(slack, abs=100 * ROUNDING)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_without_exceptions_the_worst_of_all_paths_is_the_arrival_that_was_propagated(
    two_supplies: Technology, seed: int
) -> None:
    netlist = pipeline(two_supplies, seed, gates=14, registers=5)
    rng = np.random.default_rng(seed)
    vdd = rng.integers(0, 2, netlist.n_cells).astype(np.int32)
    plain = SlowTimer(
        netlist, two_supplies, vdd, np.zeros(netlist.n_cells, np.int8), len(two_supplies.vdds) - 1, derates=False
    )
    worst: dict[int, float] = {}
    for path in plain.paths():
        worst[path.end] = max(worst.get(path.end, -np.inf), path.need)
    assert worst == pytest.approx(plain.endpoints())
    sdc = f"create_clock -name clk -period {PERIOD / 1000} [get_ports clk]\n"
    graph = TimingGraph(netlist, two_supplies, parse_sdc(sdc), cross_voltage=False)
    assert needs_by_pin(graph, graph.evaluate(vdd)) == pytest.approx(worst, abs=100 * ROUNDING)
