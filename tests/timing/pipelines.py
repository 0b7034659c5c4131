"""Registers around clouds of random gates, and what a timer says of their endpoints."""

from __future__ import annotations

import random

import numpy as np

from finevh.netlist import Netlist, NetlistBuilder
from finevh.technology import Technology
from finevh.technology.model import Direction
from finevh.timing import TimingGraph, TimingState

GATES = (
    "INV_X1", "BUF_X2", "NAND2_X1", "NOR2_X1", "XOR2_X1", "AOI21_X1", "OAI21_X2", "MUX2_X1", "NAND3_X1", "HA_X1",
)  # fmt: skip
PERIOD = 2000.0
ROUNDING = 2.0**-10
"""Delays and slews of the compiled timer are multiples of it, ps."""


def pipeline(technology: Technology, seed: int, gates: int = 30, registers: int = 6) -> Netlist:
    """Registers around a cloud of gates, every net driven once."""
    rng, cells = random.Random(seed), technology.cells
    build = NetlistBuilder(cells)
    build.add_port("clk", None, Direction.INPUT)
    clock, stored = build.net("clk"), [build.net(f"q{k}") for k in range(registers)]
    signals = list(stored)
    for k in range(gates):
        name = rng.choice(GATES)
        row = cells.index[name]
        directions = cells.pin_direction[cells.pin_ptr[row] : cells.pin_ptr[row + 1]].tolist()
        nets = [
            build.net(f"n{k}_{pin}") if direction == Direction.OUTPUT else rng.choice(signals[-12:])
            for pin, direction in zip(cells.pins(row), directions, strict=True)
        ]
        build.add_instance(f"u{k}", row, 0, nets)
        signals += [net for net, direction in zip(nets, directions, strict=True) if direction == Direction.OUTPUT]
    row = cells.index["DFF_X1"]
    for k, net in enumerate(stored):
        given_nets = {"CK": clock, "D": rng.choice(signals[-15:]), "Q": net, "QN": build.net(f"qn{k}")}
        build.add_instance(f"r{k}", row, 0, [given_nets[pin] for pin in cells.pins(row)])
    return build.finish("pipeline")


def needs_by_pin(graph: TimingGraph, state: TimingState) -> dict[int, float]:
    pins = graph.structure.sink_pin[state.setup.rows.sink].tolist()
    return {pin: need for pin, need in zip(pins, state.setup_need.tolist(), strict=True) if np.isfinite(need)}
