"""The cells a mapper must know by role (ties, buffer, clock gate), found by function in any Liberty file."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.base.numbers import decimal
from finevh.base.quoting import plain_name
from finevh.errors import InputError
from finevh.technology.liberty.boolean import truth_table
from finevh.technology.liberty.syntax import Group, parse_liberty, read_liberty_text
from finevh.units import unit_scale

_PLAIN_GATES = {"latch_posedge": 0, "latch_posedge_precontrol": 1}
"""Integrated clock gates for rising-edge flops, the one without test pin first."""


@dataclass(frozen=True)
class Pin:
    """One pin of a library cell."""

    cell: str
    pin: str


@dataclass(frozen=True)
class Buffer:
    """A buffer: cell, input and output pin."""

    cell: str
    input: str
    output: str


@dataclass(frozen=True)
class ClockGate:
    """An integrated clock gate (latch and AND); ``tests`` are its test enables, tied low by the mapper."""

    cell: str
    clock: str
    enable: str
    output: str
    tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class FullAdder:
    """A full adder; ``inputs`` are its three addends, any order."""

    cell: str
    inputs: tuple[str, str, str]
    carry: str
    sum: str


@dataclass(frozen=True)
class SpecialCells:
    """Cells by role. A role that the library does not have is None and an error only where the design needs it.

    Attributes
    ----------
    dont_use : exact names that the mapper must leave out: those the library or the caller excludes.
    known : every cell of the library with its area in um2; 0 where Liberty gives none.
    slew : output slew of the smallest inverter with four inverters as load, at its own fixed point, ps: a typical slew
        inside logic of this library.
    """

    tie_high: Pin | None
    tie_low: Pin | None
    buffer: Buffer | None
    clock_gate: ClockGate | None
    full_adder: FullAdder | None
    dont_use: tuple[str, ...]
    known: dict[str, float]
    slew: float


def find_special_cells(libraries: Sequence[Path], dont_use: Sequence[str] = ()) -> SpecialCells:
    """Find the special cells of a library by what they do.

    Parameters
    ----------
    libraries : Liberty files (``.lib`` or ``.lib.gz``) of one corner.
    dont_use : further cell names to leave out of logic mapping; shell patterns are allowed.

    Returns
    -------
    SpecialCells
        Of several candidates for a role, the one with the least area; then the first by name.

    Raises
    ------
    InputError
        For an unreadable Liberty file, a pattern that matches no cell, a library without an inverter.
    """
    cells: dict[str, Group] = {}
    templates: dict[str, Group] = {}
    for path in libraries:
        library = parse_liberty(read_liberty_text(path), str(path))
        for group in library.all("cell"):
            # ABC hands lines that begin with '!' to a shell, and splits names at blanks.
            plain_name(group.names[0] if group.names else "", f"{path}: cell")
        cells.update({group.names[0]: group for group in library.all("cell")})
        templates.update({group.names[0]: group for group in library.all("lu_table_template") if group.names})
    excluded = {name for name, group in cells.items() if group.attributes.get("dont_use") == "true"}
    for pattern in dont_use:
        matches = fnmatch.filter(cells, pattern)
        if not matches:
            raise InputError(f"dont_use '{pattern}' matches no cell of {', '.join(path.name for path in libraries)}")
        excluded.update(matches)
    time_unit = library.attributes.get("time_unit", "1ns")
    ordered = sorted(cells.items(), key=lambda item: (_area(item[1]), item[0]))
    usable = [(name, group) for name, group in ordered if name not in excluded]
    # Libraries keep ties and scan-ready clock gates from the optimiser by dont_use: for these roles it does not count.
    return SpecialCells(
        tie_high=next(_ties(ordered, "1"), None),
        tie_low=next(_ties(ordered, "0"), None),
        buffer=next(_buffers(usable), None),
        clock_gate=min(_clock_gates(ordered), key=lambda rank_gate: rank_gate[0], default=(0, None))[1],
        full_adder=next(_full_adders(usable), None),
        dont_use=tuple(sorted(excluded)),
        known={name: _area(group) for name, group in cells.items()},
        slew=_inverter_slew(usable, templates) * _picoseconds(time_unit),
    )


def _area(group: Group) -> float:
    try:
        return decimal(group.attributes.get("area", "0"))
    except ValueError as error:
        raise InputError(f"cell '{group.names[0]}': its area is no number ({error}); correct the library") from None


def _pins(group: Group, direction: str) -> list[Group]:
    return [pin for pin in group.all("pin") if pin.attributes.get("direction") == direction]


def _function(pin: Group) -> str:
    """Function without blanks and parentheses: of a cell of one input nothing is lost."""
    return re.sub(r"[\s()]", "", pin.attributes.get("function", ""))


def _ties(cells: Sequence[tuple[str, Group]], value: str) -> Iterator[Pin]:
    for name, group in cells:
        outputs = _pins(group, "output")
        if not _pins(group, "input") and len(outputs) == 1 and _function(outputs[0]) == value:
            yield Pin(name, outputs[0].title)


def _buffers(cells: Sequence[tuple[str, Group]]) -> Iterator[Buffer]:
    for name, group in cells:
        inputs, outputs = _pins(group, "input"), _pins(group, "output")
        stores = {"ff", "latch", "statetable"} & {inner.name for inner in group.groups}
        if stores or len(inputs) != 1 or len(outputs) != 1 or "three_state" in outputs[0].attributes:
            continue
        if _function(outputs[0]) == inputs[0].title:
            yield Buffer(name, inputs[0].title, outputs[0].title)


def _clock_gates(cells: Sequence[tuple[str, Group]]) -> Iterator[tuple[int, ClockGate]]:
    for name, group in cells:
        rank = _PLAIN_GATES.get(group.attributes.get("clock_gating_integrated_cell", ""))
        if rank is None:
            continue

        def role(attribute: str, group: Group = group) -> list[str]:
            return [pin.title for pin in group.all("pin") if pin.attributes.get(attribute) == "true"]

        clock, enable, output = role("clock_gate_clock_pin"), role("clock_gate_enable_pin"), role("clock_gate_out_pin")
        if len(clock) == len(enable) == len(output) == 1:
            yield rank, ClockGate(name, clock[0], enable[0], output[0], tuple(role("clock_gate_test_pin")))


_MAJORITY = np.array([bin(pattern).count("1") > 1 for pattern in range(8)])
_PARITY = np.array([bin(pattern).count("1") % 2 == 1 for pattern in range(8)])


def _full_adders(cells: Sequence[tuple[str, Group]]) -> Iterator[FullAdder]:
    for name, group in cells:
        inputs = [pin.title for pin in _pins(group, "input")]
        outputs = [pin for pin in _pins(group, "output") if "function" in pin.attributes]
        if (
            len(inputs) != 3
            or len(outputs) != 2
            or {"ff", "latch", "statetable"} & {inner.name for inner in group.groups}
        ):
            continue
        tables = {pin.title: truth_table(pin.attributes["function"], inputs) for pin in outputs}
        carry = [pin for pin, table in tables.items() if np.array_equal(table, _MAJORITY)]
        total = [pin for pin, table in tables.items() if np.array_equal(table, _PARITY)]
        if carry and total:
            yield FullAdder(name, (inputs[0], inputs[1], inputs[2]), carry[0], total[0])


def _inverter_slew(cells: Sequence[tuple[str, Group]], templates: Mapping[str, Group]) -> float:
    """Return the fan-out-of-four slew of the smallest inverter in library time units."""
    for name, group in cells:
        inputs, outputs = _pins(group, "input"), _pins(group, "output")
        if len(inputs) == len(outputs) == 1 and _function(outputs[0]) == f"!{inputs[0].title}":
            if "three_state" in outputs[0].attributes:
                continue
            try:
                load = 4.0 * decimal(inputs[0].attributes["capacitance"])
                timing = outputs[0].all("timing")[0]
                tables = [_table(timing.all(edge)[0], templates) for edge in ("rise_transition", "fall_transition")]
                slew = float(tables[0][0][0])
                # The fixed point contracts by the slew's influence on itself, about 0.1 to 0.4 a round.
                for _ in range(20):
                    slew = float(np.mean([_interpolate(table, slew, load) for table in tables]))
            except (KeyError, IndexError, ValueError) as error:
                raise InputError(
                    f"cell '{name}': its capacitance or a transition table cannot be read ({error}); correct the library"
                ) from None
            return slew
    raise InputError("the library has no inverter to take a typical slew from; give one with a function like '!A'")


_Table = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _table(group: Group, templates: Mapping[str, Group]) -> _Table:
    """Return (slews, loads, values) of a two-dimensional table, the slew axis first."""
    template = templates.get(group.title)

    def axis(number: int) -> NDArray[np.float64]:
        text = (
            group.arguments(f"index_{number}") or (template.arguments(f"index_{number}") if template else None) or "0"
        )
        return _numbers(text)

    first, second = axis(1), axis(2)
    values = _numbers(group.arguments("values") or "0").reshape(len(first), len(second))
    if template is not None and template.attributes.get("variable_1") == "total_output_net_capacitance":
        return second, first, values.T
    return first, second, values


def _interpolate(table: _Table, slew: float, load: float) -> float:
    """Return a table's value at a slew and a load, linear between entries, held at the ends."""
    slews, loads, values = table
    return float(np.interp(slew, slews, [np.interp(load, loads, row) for row in values]))


def _numbers(text: str) -> NDArray[np.float64]:
    return np.array([decimal(item) for item in re.split(r"[\s,\"\\]+", text) if item])


def _picoseconds(unit: str) -> float:
    """Return the length of a Liberty time unit such as "1ns" in ps."""
    match = re.fullmatch(r"\s*([\d.]+)\s*(\w+)\s*", unit)
    if match is None:
        raise InputError(f"time_unit '{unit}' is not a number and a unit, for example '1ns'")
    try:
        return decimal(match[1]) * unit_scale(match[2], "time")
    except ValueError:
        raise InputError(f"time_unit '{unit}' is not a number and a unit, for example '1ns'") from None
