"""Timing constraints as data: clocks, port conditions, exceptions; object names are patterns until a netlist binds them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Objects:
    """Design objects by pattern: ``kind`` is port, pin, clock, cell, net, inputs, outputs or any; ``where`` is file:line."""

    kind: str
    patterns: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True)
class Clock:
    """A clock: period and edge times in ps; ``sources`` are ports or pins, none for a virtual clock.

    ``follows_tree``: a virtual clock that is late by the mean insertion delay of the registers' clocks, whatever that is at the
    supplies of the moment; 0 where the clocks are ideal. The surroundings of a design run on it.
    """

    name: str
    period: float
    rise: float
    fall: float
    sources: tuple[Objects, ...] = ()
    setup_uncertainty: float = 0.0
    hold_uncertainty: float = 0.0
    follows_tree: bool = False


@dataclass(frozen=True)
class PortDelay:
    """``set_input_delay`` or ``set_output_delay``: ps from an edge of a clock; None where not given for that edge and end."""

    ports: tuple[Objects, ...]
    clock: str
    clock_fall: bool
    values: dict[tuple[str, int], float]
    """(``"max"`` or ``"min"``, 0 rise / 1 fall) to ps."""


@dataclass(frozen=True)
class PortValue:
    """A number on ports by (``"max"``/``"min"``, edge): transition in ps or load in fF."""

    ports: tuple[Objects, ...]
    values: dict[tuple[str, int], float]


@dataclass(frozen=True)
class DrivingCell:
    """A library cell in front of input ports."""

    ports: tuple[Objects, ...]
    cell: str
    pin: str
    from_pin: str
    input_rise: float = 0.0
    input_fall: float = 0.0


@dataclass(frozen=True)
class PathException:
    """A false path (``setup`` and ``hold`` multipliers None) or a multicycle path."""

    false_path: bool
    multiplier: int
    setup: bool
    hold: bool
    launch_based: bool | None
    from_: tuple[Objects, ...]
    through: tuple[tuple[Objects, ...], ...]
    to: tuple[Objects, ...]
    where: str = ""


@dataclass(frozen=True)
class Constraints:
    """Everything an SDC file says."""

    clocks: tuple[Clock, ...] = ()
    input_delays: tuple[PortDelay, ...] = ()
    output_delays: tuple[PortDelay, ...] = ()
    transitions: tuple[PortValue, ...] = ()
    loads: tuple[PortValue, ...] = ()
    driving_cells: tuple[DrivingCell, ...] = ()
    exceptions: tuple[PathException, ...] = ()
    cases: tuple[tuple[tuple[Objects, ...], int], ...] = ()
    propagated: bool = False
    names: dict[str, str] = field(default_factory=dict)
    """Where each clock was created, for messages."""


def single_clock(port: str, period: float = 1000.0, uncertainty: float = 0.0) -> Constraints:
    """Constraints with one clock on a port: every register-to-register path is checked, ports are free."""
    clock = Clock(port, period, 0.0, period / 2, (Objects("port", (port,)),), uncertainty, 0.0)
    return Constraints(clocks=(clock,))
