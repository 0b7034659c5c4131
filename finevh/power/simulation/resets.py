"""Which level of a reset holds the registers: found by watching them, at both levels, under random data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.simulation.simulator import Simulator
from finevh.power.simulation.stimulus import RandomStimulus
from finevh.technology.liberty.boolean import support
from finevh.technology.model import Direction, Int, Kind

__all__ = ["ResetEffect", "book_resets_at_random", "reset_level", "watch_reset"]

_START = 8  # cycles at the other level first, so that registers leave their start at 0
_SETTLED = 8  # cycles until the level has come through synchronisers to every register
_WATCHED = 64  # cycles in which a register that is free moves with near certainty
_LEVEL = {0: "low", 1: "high"}


@dataclass(frozen=True)
class ResetEffect:
    """Registers that change their value while a reset stays at a level, by level."""

    moving: tuple[int, int]
    registers: int

    @property
    def active(self) -> int | None:
        """The level that holds more registers still; None where both levels look alike."""
        low, high = self.moving
        return None if low == high else int(high < low)


def watch_reset(netlist: Netlist, clock: str, port: str, hold: Mapping[str, int], seed: int) -> ResetEffect:
    """Count the registers that move while the reset is at 0, and while it is at 1, each after some cycles at the other level.

    Raises
    ------
    InputError
        If the design has no such input of one bit.
    """
    register = np.isin(netlist.cells.kind[netlist.cell_type], (Kind.FLOP, Kind.LATCH))
    out = register[netlist.pin_cell] & (netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT)
    pins = np.flatnonzero(out & (netlist.pin_net != NO_NET))
    simulator = Simulator(netlist, clock)
    if simulator.ports.inputs.get(port) != 1:
        raise InputError(
            f"activity.reset: '{netlist.name}' has no input '{port}' of one bit; its inputs are"
            f" {', '.join(sorted(simulator.ports.inputs)[:12])}"
        )
    moving = []
    for level in (0, 1):
        simulator = Simulator(netlist, clock)
        held = {name: value for name, value in hold.items() if name != port}
        stimulus = RandomStimulus(seed, clock, hold=held, reset=(port, 1 - level, _START))
        stimulus.start(simulator.ports)
        simulator.answer()
        simulator.run(stimulus, _START + _SETTLED)
        simulator.reset_counts()
        simulator.run(stimulus, _WATCHED)
        rate = simulator.activity().toggle_rate
        moving.append(len(np.unique(netlist.pin_cell[pins[rate[netlist.pin_net[pins]] > 0.0]])))
    return ResetEffect((moving[0], moving[1]), int(register.sum()))


def reset_level(port: str, stated: int | None, effect: ResetEffect, checks: Checks) -> int:
    """Active level of a reset: as stated where the registers agree, as they show where nothing is stated.

    Raises
    ------
    InputError
        If the registers are held at the other level than the stated one.
    """
    low = effect.moving[0]
    found = effect.active
    if found is None:
        if effect.registers:
            checks.add("reset_unseen", [f"{port} ({low} of {effect.registers} registers move at either level)"])
        return 0 if stated is None else stated
    if stated is not None and stated != found:
        right = f'"!{port}"' if found == 0 else f'{{ port = "{port}", active = 1 }}'
        raise InputError(
            f"activity.reset: '{port}' is stated active {_LEVEL[stated]}, but {effect.moving[stated]} registers move while it"
            f" is {stated} and {effect.moving[found]} while it is {found}: they leave reset at {stated}; write reset = {right}"
        )
    return found


def book_resets_at_random(netlist: Netlist, held: set[str], checks: Checks) -> None:
    """Book input ports that clear or set registers at once and that random data would drive."""
    cells = netlist.cells
    asynchronous = np.zeros(len(cells.pin_name), dtype=bool)
    for kind in np.unique(netlist.cell_type).tolist():
        text = [cells.clear[kind], cells.preset[kind]]
        names = {name for function in text if function for name in support(function)}
        base = int(cells.pin_ptr[kind])
        for local, name in enumerate(cells.pins(kind)):
            asynchronous[base + local] = name in names
    pins = np.flatnonzero(asynchronous[netlist.pin_type] & (netlist.pin_net != NO_NET))
    driver = netlist.net_driver
    found: set[str] = set()
    port_of = {int(net): name for name, net in zip(netlist.port_names, netlist.port_net, strict=True) if net != NO_NET}
    for net in {_root(netlist, driver, int(n)) for n in np.unique(netlist.pin_net[pins])}:
        name = port_of.get(net, "")
        if driver[net] < 0 and name and name.partition("[")[0] not in held:
            found.add(name)
    checks.add("reset_at_random", sorted(found))


def _root(netlist: Netlist, driver: Int, net: int) -> int:
    """Follow a net back through cells of one input: buffers and inverters."""
    for _ in range(netlist.n_cells):
        cell = int(driver[net])
        if cell < 0 or netlist.cells.kind[netlist.cell_type[cell]] != Kind.COMBINATIONAL:
            return net
        pins = np.arange(netlist.pin_ptr[cell], netlist.pin_ptr[cell + 1])
        inputs = pins[netlist.cells.pin_direction[netlist.pin_type[pins]] == Direction.INPUT]
        if len(inputs) != 1 or netlist.pin_net[inputs[0]] == NO_NET:
            return net
        net = int(netlist.pin_net[inputs[0]])
    return net
