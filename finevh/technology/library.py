"""One Liberty file as data: cells with pins, arcs, tables and leakage states, in the house's units.

What one file says about one corner, before several corners are merged into columns (:mod:`finevh.technology.columns`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from finevh.technology.model import ArcType, Direction, Kind, Real, Sense

__all__ = ["Arc", "Cell", "Library", "Pin", "PowerArc", "Table"]


class Table(NamedTuple):
    """A lookup table normalised to (slew, load); constraints: (slew of the clock, slew of the data).

    ``x``: (nx,) ps; ``y``: (ny,) fF, constraints ps; ``values``: (nx, ny) ps or fJ. An axis that the Liberty table does
    not have is a single 0.
    """

    x: Real
    y: Real
    values: Real


class Arc(NamedTuple):
    """A timing arc; ``tables``: delay rise, delay fall, slew rise, slew fall, or constraint rise, fall, None, None."""

    related: str
    pin: str
    type: ArcType
    sense: Sense
    when: str
    tables: tuple[Table | None, Table | None, Table | None, Table | None]

    @property
    def key(self) -> tuple[str, str, int, int, str]:
        """What names the arc in every corner."""
        return (self.related, self.pin, self.type, self.sense, self.when)


class PowerArc(NamedTuple):
    """Internal energy, fJ, of a rise and a fall of ``pin``; ``related`` is empty for a group of the pin alone."""

    related: str
    pin: str
    when: str
    rise: Table | None
    fall: Table | None

    @property
    def key(self) -> tuple[str, str, str]:
        """What names the group in every corner."""
        return (self.related, self.pin, self.when)


@dataclass(slots=True)
class Pin:
    """A signal pin: capacitances and limits in fF and ps, infinite where the library sets no limit.

    ``cap_rise`` and ``cap_fall`` are the upper ends of their ranges, for late paths; ``_low`` the lower ones, for early paths.
    """

    name: str
    direction: Direction
    function: str = ""
    clock: bool = False
    cap: float = 0.0
    cap_rise: float = 0.0
    cap_fall: float = 0.0
    cap_rise_low: float = 0.0
    cap_fall_low: float = 0.0
    max_cap: float = np.inf
    max_slew: float = np.inf


@dataclass(slots=True)
class Cell:
    """A cell at one corner. Leakage in mW: by ``when`` condition, and the value of states without condition."""

    name: str
    area: float
    footprint: str = ""
    kind: Kind = Kind.COMBINATIONAL
    pins: list[Pin] = field(default_factory=list)
    arcs: list[Arc] = field(default_factory=list)
    powers: list[PowerArc] = field(default_factory=list)
    next_state: str = ""
    clocked_on: str = ""
    clear: str = ""
    preset: str = ""
    leakage: list[tuple[str, float]] = field(default_factory=list)
    default_leakage: float | None = None
    dont_use: bool = False


@dataclass(slots=True)
class Library:
    """A Liberty file: one corner. ``slew_lower``/``slew_upper`` are fractions of the rail.

    Attributes
    ----------
    units : time and capacitance unit of the header, ``("1ns", "1pF")``: those of an SDC that states none.
    skipped : cells that could not be read, with the reason.
    not_modelled : attributes that change numbers and that no analysis here takes into account.
    cell_notes : by cell, attributes of that kind.
    wire_load : the default model of wires for nets without parasitics, where it has a capacitance: it is not used here.
    power_pins : by cell, the pins that carry supplies.
    """

    source: str
    name: str
    vdd: float
    temperature: float
    slew_lower: float
    slew_upper: float
    cells: dict[str, Cell] = field(default_factory=dict)
    units: tuple[str, str] = ("1ns", "1pF")
    skipped: dict[str, str] = field(default_factory=dict)
    not_modelled: list[str] = field(default_factory=list)
    cell_notes: dict[str, str] = field(default_factory=dict)
    wire_load: str = ""
    power_pins: dict[str, tuple[str, ...]] = field(default_factory=dict)
