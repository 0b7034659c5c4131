"""Timing constraints as data: clocks, port conditions, exceptions; object names are patterns until a netlist binds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

Ends = dict[tuple[str, int], float]
"""(``"max"`` or ``"min"``, 0 rise / 1 fall) to a number."""


@dataclass(frozen=True)
class Objects:
    """Design objects by pattern.

    ``kind`` is port, pin, clock, cell, net, lib_cell, inputs, inputs_no_clocks, outputs, clocks or any; ``where`` is
    file:line; ``exact``: the patterns are names.
    """

    kind: str
    patterns: tuple[str, ...]
    where: str = ""
    exact: bool = False
    regexp: bool = False
    nocase: bool = False
    hierarchical: bool = False


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
    propagated: bool = False
    """Whether registers see its arrival; else they see ``latency``."""
    latency: Ends = field(default_factory=dict)
    """ps from its source to the registers while it is ideal."""
    source_latency: Ends = field(default_factory=dict)
    """ps from where it comes from to its source."""
    transition: Ends = field(default_factory=dict)
    """ps at the registers while it is ideal."""
    master: str = ""
    """The clock that a generated clock is made of."""
    inverted: bool = False
    """Whether a rising edge of the generated clock comes from a falling one of its master."""
    add: bool = False
    """Whether other clocks of the same source stay."""
    where: str = ""


@dataclass(frozen=True)
class PortDelay:
    """``set_input_delay`` or ``set_output_delay``: ps from an edge of a clock; only the edges and ends that were given."""

    ports: tuple[Objects, ...]
    clock: str
    clock_fall: bool
    values: Ends
    add: bool = False
    """Whether delays from other clock edges stay."""
    source_included: bool = False
    """Whether the value holds the clock's source latency."""
    network_included: bool = False
    where: str = ""


@dataclass(frozen=True)
class PortValue:
    """A number on ports by (``"max"``/``"min"``, edge): transition in ps, load in fF or resistance in kOhm."""

    ports: tuple[Objects, ...]
    values: Ends
    wire: bool = False
    """A load of the wire outside, which adds to that of the pin."""


@dataclass(frozen=True)
class DrivingCell:
    """A library cell in front of input ports."""

    ports: tuple[Objects, ...]
    cell: str
    pin: str
    from_pin: str
    input_rise: float = 0.0
    input_fall: float = 0.0
    ends: tuple[str, ...] = ("max", "min")
    edges: tuple[int, ...] = (0, 1)


class Rule(StrEnum):
    """What a path exception does, the strongest first."""

    FALSE = "false path"
    MAX_DELAY = "maximum delay"
    MIN_DELAY = "minimum delay"
    MULTICYCLE = "multicycle path"

    @property
    def limits_delay(self) -> bool:
        """Whether it gives paths a maximum or minimum delay in place of clock edges."""
        return self in (Rule.MAX_DELAY, Rule.MIN_DELAY)


@dataclass(frozen=True)
class PathException:
    """A rule for paths: ``multiplier`` of a multicycle path; ``delay``, ps, of a maximum or minimum delay."""

    rule: Rule
    multiplier: int
    setup: bool
    hold: bool
    launch_based: bool | None
    from_: tuple[Objects, ...]
    through: tuple[tuple[Objects, ...], ...]
    to: tuple[Objects, ...]
    where: str = ""
    delay: float = 0.0
    ignore_latency: bool = False
    from_edge: int | None = None
    """Edge of launching clocks, 0 rise or 1 fall."""
    to_edge: int | None = None
    """Edge of the data, or of capturing clocks."""
    clears_hold: bool = False
    """A multicycle path for neither check: of weaker ones for hold nothing is left."""


@dataclass(frozen=True)
class ClockGroups:
    """Groups of clocks between which no path is timed; one group alone is apart from all other clocks."""

    groups: tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Uncertainty:
    """Uncertainty, ps, between an edge of one clock and an edge of another; None for either edge."""

    from_: str
    from_edge: int | None
    to: str
    to_edge: int | None
    setup: float | None
    hold: float | None


@dataclass(frozen=True)
class Disable:
    """Arcs taken out: all of objects, or of cells those between two pins, empty for any."""

    objects: tuple[Objects, ...]
    from_pin: str = ""
    to_pin: str = ""


@dataclass(frozen=True)
class Derates:
    """Factors on delays: ``(end, cell or net, data or clock)``."""

    factors: dict[tuple[str, str, str], float] = field(default_factory=dict)

    def factor(self, end: str, what: str, path: str) -> float:
        """Factor of an end (``"max"``, ``"min"``), of cells or nets, on data or clock paths."""
        return self.factors.get((end, what, path), 1.0)


@dataclass(frozen=True)
class GatingCheck:
    """Margins, ps, of inferred clock gates; None where not given; no ``objects``: of all."""

    objects: tuple[Objects, ...]
    setup: float | None
    hold: float | None
    active: int | None = None
    """0 where the clock passes while it is low, 1 while it is high, None: as the gate's function says."""


@dataclass(frozen=True)
class DataCheck:
    """One pin's data against another's: ps before (setup) and after (hold) the data at ``from_``."""

    from_: tuple[Objects, ...]
    to: tuple[Objects, ...]
    setup: float | None
    hold: float | None
    where: str = ""


@dataclass(frozen=True)
class TimeBorrow:
    """The most, ps, that data may use of the time that a latch is open."""

    objects: tuple[Objects, ...]
    limit: float


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
    """All clocks with sources are propagated; virtual ones keep the latency that they are given."""
    groups: tuple[ClockGroups, ...] = ()
    uncertainties: tuple[Uncertainty, ...] = ()
    disables: tuple[Disable, ...] = ()
    derates: Derates = field(default_factory=Derates)
    gating_checks: tuple[GatingCheck, ...] = ()
    data_checks: tuple[DataCheck, ...] = ()
    borrows: tuple[TimeBorrow, ...] = ()

    def is_propagated(self, clock: Clock) -> bool:
        """Whether registers see when a clock arrives, not its latency."""
        return clock.propagated or (self.propagated and bool(clock.sources))


def single_clock(port: str, period: float = 1000.0, uncertainty: float = 0.0) -> Constraints:
    """Constraints with one clock on a port: every register-to-register path is checked, ports are free."""
    clock = Clock(port, period, 0.0, period / 2, (Objects("port", (port,)),), uncertainty, 0.0)
    return Constraints(clocks=(clock,))
