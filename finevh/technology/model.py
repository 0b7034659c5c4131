"""The columnar cell library: structure shared by all corners, numbers per corner, cross-voltage tables.

A *corner* is one (variant, Vdd) pair. Structure (pins, arcs, table slots, leakage states) lives once in :class:`CellTable`;
every number lives in :class:`Corners`, one row per corner, with table values in one flat pool that a compiled kernel reads
directly. :class:`CrossVoltage` adds what a single-supply Liberty cannot say: the derates of a cell whose inputs swing to
another rail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.units import VOLTAGE_TOLERANCE

Int = NDArray[np.int32]
Byte = NDArray[np.int8]
Real = NDArray[np.float64]
Index = int | np.int64
"""A place in an array, in compiled kernels."""


class Direction(IntEnum):
    """Direction of a signal pin."""

    INPUT = 0
    OUTPUT = 1
    INOUT = 2


class Kind(IntEnum):
    """What a cell is."""

    COMBINATIONAL = 0
    FLOP = 1
    LATCH = 2
    CLOCK_GATE = 3
    TIE = 4
    PHYSICAL = 5  # fill, tap, header switch: no timing


class ArcType(IntEnum):
    """What a timing arc is; constraints follow the edges."""

    COMBINATIONAL = 0
    RISING_EDGE = 1
    FALLING_EDGE = 2
    PRESET = 3
    CLEAR = 4
    SETUP_RISING = 5
    SETUP_FALLING = 6
    HOLD_RISING = 7
    HOLD_FALLING = 8
    RECOVERY_RISING = 9
    RECOVERY_FALLING = 10
    REMOVAL_RISING = 11
    REMOVAL_FALLING = 12
    THREE_STATE_ENABLE = 13
    THREE_STATE_DISABLE = 14
    MIN_PULSE_WIDTH = 15
    """Tables: shortest high pulse, shortest low pulse over the slew of the pin; from and to are the pin itself."""


class Sense(IntEnum):
    """Unateness of an arc."""

    POSITIVE = 0
    NEGATIVE = 1
    NON_UNATE = 2


@dataclass(frozen=True)
class CellTable:
    """Structure of the base cells (one row per cell and drive, no variants).

    All CSR pointers have one entry more than there are cells. Pins are the signal pins only, in Liberty order. Pin numbers
    in arcs are local to the cell. Table slots are global numbers into ``Corners.table_*``; -1 where absent.
    """

    names: tuple[str, ...]
    family: tuple[str, ...]
    """Topology or footprint: cells of one family differ in drive only."""
    drive: Real
    """Drive strength relative to the smallest of the family."""
    kind: Byte
    area: Real
    """um2."""
    pin_ptr: Int
    pin_name: tuple[str, ...]
    pin_direction: Byte
    pin_function: tuple[str, ...]
    """Liberty Boolean of an output over input pins and IQ/IQN, else ''."""
    pin_is_clock: NDArray[np.bool_]
    next_state: tuple[str, ...]
    """Flops: Liberty next_state; latches: data_in; else ''."""
    clocked_on: tuple[str, ...]
    """Flops: clocked_on; latches: enable; else ''."""
    clear: tuple[str, ...]
    preset: tuple[str, ...]
    arc_ptr: Int
    arc_from: Int
    arc_to: Int
    arc_type: Byte
    arc_sense: Byte
    arc_when: tuple[str, ...]
    arc_table: Int
    """(n_arc, 4): delay rise, delay fall, output slew rise, output slew fall; constraints: rise, fall, -1, -1."""
    power_ptr: Int
    power_from: Int
    """Related pin of an internal-power group, -1 for a group of the pin alone."""
    power_to: Int
    power_when: tuple[str, ...]
    power_table: Int
    """(n_power, 2): energy of a rise and of a fall of ``power_to``."""
    state_ptr: Int
    """CSR into ``state_pin``: the pins whose values make the leakage state; bit j of a pattern is ``state_pin[j]``."""
    state_pin: Int
    leak_ptr: NDArray[np.int64]
    """Into ``Corners.leakage``: 2**n_state_pins values per cell, at least one (the average) for a cell without states."""
    ternary_ptr: NDArray[np.int64]
    """Into the leakage derates: 3**n_state_pins values per cell; digit 0 logic 0, 1 logic 1 at the cell's own rail,
    2 logic 1 at the driver's rail; digit j has weight 3**j and belongs to ``state_pin[j]``."""

    @cached_property
    def index(self) -> dict[str, int]:
        """Cell name to row."""
        return {name: i for i, name in enumerate(self.names)}

    def pins(self, cell: int) -> tuple[str, ...]:
        """Names of the signal pins of a cell, in column order."""
        return self.pin_name[self.pin_ptr[cell] : self.pin_ptr[cell + 1]]


@dataclass(frozen=True)
class Corners:
    """All numbers of all corners. Row ``c`` of every array is the corner ``(variant[c], vdd[c])``."""

    variant: Int
    vdd: Real
    pin_cap: Real
    """(n_corner, n_pin), fF."""
    pin_cap_rise: Real
    """Upper end of its range, for late paths."""
    pin_cap_fall: Real
    pin_cap_rise_low: Real
    """Lower end of its range, for early paths."""
    pin_cap_fall_low: Real
    pin_max_cap: Real
    """fF, inf where the library sets none."""
    pin_max_slew: Real
    """ps, inf where the library sets none."""
    table_x: NDArray[np.int64]
    """(n_corner, n_table) offset of the first axis (input slew, ps) in ``pool``; -1 where the corner has no such table."""
    table_nx: Int
    table_y: NDArray[np.int64]
    """Offset of the second axis (output load, fF; constraints: clock slew is x, data slew is y, as stored in the Liberty)."""
    table_ny: Int
    table_v: NDArray[np.int64]
    """Offset of the values, row-major (nx, ny)."""
    pool: Real
    """ps, fF and fJ."""
    leakage: Real
    """(n_corner, n_leak), mW."""


class PairDerates(NamedTuple):
    """Derates of the tables of one corner whose inputs are driven from one Vdd: columns (n_table), -1 in ``v`` where absent."""

    x: NDArray[np.int64]
    nx: Int
    y: NDArray[np.int64]
    ny: Int
    v: NDArray[np.int64]
    pool: Real
    """What the offsets ``x``, ``y`` and ``v`` point into."""


@dataclass(frozen=True)
class CrossVoltage:
    """Derates of a cell at one Vdd whose inputs are driven from another.

    Leading axes are (corner, index of the driver's Vdd in ``Technology.vdds``). Absent pairs hold -1 in offsets: reading one
    is an error, never a factor of one.
    """

    leakage_offset: NDArray[np.int64]
    """(n_corner, n_vdd) offset of the corner's 3**n block in ``leakage_k``; -1 where the pair is absent."""
    leakage_k: NDArray[np.float32]
    delay_x: NDArray[np.int64]
    """(n_corner, n_vdd, n_table) axis/value offsets in ``pool`` of the derate of a delay or slew table; -1 where absent.

    A delay table's derate is a *shift*, ps, added to the delay: near bilinear in slew and load and defined where the delay
    crosses zero (slow inputs), where a ratio is not. It goes on linearly beyond its axes, as the delay itself does. A slew
    table's derate is a factor, held at the ends of its axes."""
    delay_nx: Int
    delay_y: NDArray[np.int64]
    delay_ny: Int
    delay_v: NDArray[np.int64]
    pool: Real
    noise_margin: Real
    """(n_corner, n_vdd, n_cell) static noise margin, V; nan where not characterised."""

    def delays(self, corner: int, driver: int) -> PairDerates:
        """Derates of delays and slews of one pair: row of the corner, index of the driver's Vdd."""
        at = corner, driver
        return PairDerates(
            self.delay_x[at], self.delay_nx[at], self.delay_y[at], self.delay_ny[at], self.delay_v[at], self.pool
        )


@dataclass(frozen=True)
class Layer:
    """A routing layer: pitch and width in um, resistance kOhm/um, capacitance fF/um."""

    name: str
    direction: str
    pitch: float
    width: float
    spacing: float
    resistance: float
    capacitance: float


@dataclass(frozen=True)
class Variant:
    """A Vth flavour of every cell: cells of the variant carry ``suffix`` in Liberty and Verilog."""

    name: str
    suffix: str
    slowdown: float
    """Average delay increase over the first variant, a fraction (alpha_sd of Eq. 4.2)."""


@dataclass(frozen=True)
class Technology:
    """What a flow knows of its technology. ``vdds`` ascend; ``corner_of[variant, vdd index]`` is a row of ``corners``."""

    name: str
    variants: tuple[Variant, ...]
    vdds: Real
    corner_of: Int
    cells: CellTable
    corners: Corners
    cross: CrossVoltage | None
    layers: tuple[Layer, ...]
    site_width: float
    row_height: float
    cell_width: Real
    """(n_cell) um; nan where no LEF names the cell."""
    roles: dict[str, tuple[str, ...]]
    """Special cells by role: tie_low, tie_high, buffer, inverter, clock_buffer, clock_gate, flop, header, fill, dont_use."""
    slew_lower: float
    slew_upper: float
    """Slew thresholds as fractions, and the Liberty slew derate folded in: slew time = (upper-lower) of the full ramp."""
    vdd_nominal: float
    units: tuple[str, str] = ("1ns", "1pF")
    """Time and capacitance unit of the first Liberty: those of an SDC that states none."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Cells of the libraries that could not be read, with the reason: a netlist that uses one is refused."""
    not_modelled: tuple[str, ...] = ()
    """Liberty attributes that change numbers and that no analysis here takes into account."""
    cell_notes: dict[str, str] = field(default_factory=dict)
    """By cell, Liberty attributes of that kind: they matter where a netlist uses the cell."""
    wire_load: str = ""
    """Default model of wires of the first Liberty, '' where it has no capacitance: nets without parasitics have none here."""
    power_pins: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By cell, pins that carry supplies: a netlist may connect them."""
    unit_delay: Real | None = None
    """(n_corner) of a part of a library: unit delays of the whole, see :func:`finevh.technology.vdd_interpolation.time_units`."""

    @cached_property
    def typical_pin_cap(self) -> Real:
        """(n_pin of the library) fF at the nominal supply, first variant, the mean of rise and fall."""
        corner = int(self.corner_of[0, int(np.abs(self.vdds - self.vdd_nominal).argmin())])
        mean: Real = 0.5 * (self.corners.pin_cap_rise[corner] + self.corners.pin_cap_fall[corner])
        return mean

    def book(self, checks: Checks) -> None:
        """Book what the readers of the libraries could not use."""
        checks.add("cells_skipped", (f"{name} ({why})" for name, why in self.skipped.items()))
        checks.add("liberty_not_modelled", self.not_modelled)

    def vdd_index(self, vdd: float) -> int:
        """Row of ``vdds`` that is this supply, V; two supplies are equal within ``VOLTAGE_TOLERANCE``.

        Raises
        ------
        InputError
            If the technology does not have it.
        """
        index = int(np.argmin(np.abs(self.vdds - vdd)))
        if abs(float(self.vdds[index]) - vdd) > VOLTAGE_TOLERANCE:
            known = ", ".join(f"{value:g}" for value in self.vdds)
            raise InputError(f"technology '{self.name}': no library at {vdd:g} V; it has {known} V")
        return index
