"""Liberty reader: a file in, a :class:`~finevh.technology.library.Library` in the house's units out.

Read are NLDM timing, internal power, leakage and sequential groups; derating to the default operating conditions is applied.
Not read are current-source (CCS, ECSM) groups and ``test_cell``. A cell that can't be read is left out with its reason, and
what changes numbers and is not modelled is listed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from finevh.base.numbers import decimal
from finevh.errors import InputError
from finevh.technology.liberty.boolean import parse_boolean, support
from finevh.technology.liberty.groups import Reader, Units, read_arc, read_power, read_templates
from finevh.technology.liberty.pins import PinGroups, bus_types, expand_pins
from finevh.technology.liberty.power import sum_leakage, sum_supplies
from finevh.technology.liberty.sequential import latch_of_statetable, rename
from finevh.technology.liberty.syntax import Group, parse_liberty, read_liberty_text
from finevh.technology.library import Arc, Cell, Library, Pin, PowerArc
from finevh.technology.model import ArcType, Direction, Kind
from finevh.units import Dimension, unit_scale

__all__ = ["read_liberty"]

_UNIT = re.compile(r"^\s*([\d.eE+-]+)\s*([A-Za-zµ]+)\s*$")
_SYMBOL: dict[Dimension, str] = {"time": "s", "capacitance": "F", "voltage": "V", "power": "W"}
_BARE = str.maketrans("", "", '" \t\r\n\\')
_DIRECTION = {"input": Direction.INPUT, "output": Direction.OUTPUT, "inout": Direction.INOUT}


def read_liberty(path: Path) -> Library:
    """Read one ``.lib`` or ``.lib.gz``.

    Raises
    ------
    InputError
        If the file is damaged, a unit or threshold is missing or wrong, or a cell lacks a needed table; the message
        names file and cell.
    """
    source = str(path)
    return _library(parse_liberty(read_liberty_text(path), source), source)


def _unit(number: str, unit: str, dimension: Dimension) -> tuple[float, str]:
    """Size of a unit in the house's, and its spelling; letters may be of any case: no Liberty header states mega."""
    prefix = unit[:-1].lower()
    if not prefix.isascii():
        prefix = "u"
    amount = decimal(number)
    if unit[-1:].lower() != _SYMBOL[dimension].lower() or not 0.0 < amount < math.inf:
        raise ValueError
    spelling = prefix + _SYMBOL[dimension]
    # Powers of ten are not exact in binary: without rounding, 2 pF would be 1999.9999999999998 fF.
    return float(f"{amount * unit_scale(spelling, dimension):.12g}"), f"{amount:g}{spelling}"


def _unit_of(group: Group, key: str, default: str, dimension: Dimension, source: str) -> tuple[float, str]:
    text = group.attributes.get(key, default)
    match = _UNIT.match(text)
    if match is None:
        raise InputError(f"{source}: {key} '{text}' is not a number and a unit, for example '{default}'")
    try:
        return _unit(match.group(1), match.group(2), dimension)
    except (ValueError, InputError):
        raise InputError(
            f"{source}: {key} '{text}': '{match.group(2)}' is not a unit of {dimension}; write for example '{default}'"
        ) from None


def _units(group: Group, source: str) -> Units:
    """Read the unit attributes; absent ones have Liberty's defaults: 1 ns, 1 pF, 1 V."""
    raw = group.arguments("capacitive_load_unit") or "1,pf"
    parts = raw.translate(_BARE).split(",")
    try:
        number, unit = parts
        capacitance, capacitance_name = _unit(number, unit, "capacitance")
    except (ValueError, InputError):
        raise InputError(f"{source}: capacitive_load_unit ({raw}) is not (number, ff|pf)") from None
    voltage, _ = _unit_of(group, "voltage_unit", "1V", "voltage", source)
    time, time_name = _unit_of(group, "time_unit", "1ns", "time", source)
    stated = "leakage_power_unit" in group.attributes
    return Units(
        time=time,
        capacitance=capacitance,
        energy=capacitance * voltage**2,
        # Liberty gives leakage no default unit: a library that leaves it out must not state leakage.
        leakage=_unit_of(group, "leakage_power_unit", "1nW", "power", source)[0] if stated else None,
        voltage=voltage,
        slew_derate=decimal(group.attributes.get("slew_derate_from_library", "1")),
        names=(time_name, capacitance_name),
    )


def _thresholds(group: Group, source: str) -> tuple[float, float]:
    def percent(kind: str, default: float) -> float:
        values = {decimal(group.attributes.get(f"{kind}_{edge}", str(default))) for edge in ("rise", "fall")}
        if len(values) != 1:
            raise InputError(f"{source}: {kind}_rise and {kind}_fall differ; one threshold for both edges is supported")
        return values.pop() / 100

    for side in ("input", "output"):
        if abs(percent(f"{side}_threshold_pct", 50.0) - 0.5) > 1e-9:
            raise InputError(f"{source}: {side}_threshold_pct is not 50; delays must run from 50 % to 50 %")
    lower, upper = percent("slew_lower_threshold_pct", 20.0), percent("slew_upper_threshold_pct", 80.0)
    if not 0.0 <= lower < upper <= 1.0 or upper <= 0.01:
        raise InputError(
            f"{source}: slews from {100 * lower:g} to {100 * upper:g} %: the thresholds are percentages, the lower one first"
        )
    return lower, upper


_DERATED = (
    *(f"cell_{edge}" for edge in ("rise", "fall")),
    *(f"{edge}_transition" for edge in ("rise", "fall")),
    *(f"{check}_{edge}" for check in ("setup", "hold", "recovery", "removal") for edge in ("rise", "fall")),
    "internal_power",
    "cell_leakage_power",
    "pin_cap",
)
"""Quantities that Liberty derates from the nominal to the operating conditions."""


@dataclass(frozen=True)
class _Conditions:
    """Supply, V, and temperature of a library, and what its k-factors make of each quantity there."""

    vdd: float
    temperature: float
    factors: dict[str, float]
    """Of those in :data:`_DERATED` that differ from one."""
    away: bool
    """Whether the operating conditions are others than the nominal ones."""


def _conditions(group: Group, units: Units, source: str) -> _Conditions:
    """Default operating conditions, else the nominal ones.

    The factor of a quantity is the product of ``1 + k (actual - nominal)`` over process, temperature and voltage.
    """
    conditions = {g.names[0]: g for g in group.all("operating_conditions") if g.names}
    chosen = conditions.get(group.attributes.get("default_operating_conditions", ""))
    inner = chosen.attributes if chosen else {}
    defaults = {"process": "1", "temperature": "25", "voltage": ""}
    actual: dict[str, float] = {}
    shift: dict[str, float] = {}
    for name, key in (("process", "process"), ("temperature", "temp"), ("voltage", "volt")):
        nominal = group.attributes.get(f"nom_{name}", defaults[name])
        stated = inner.get(name) or nominal
        if not stated:
            raise InputError(
                f"{source}: the library states no nom_voltage; add it: the supply of a corner is never guessed"
            )
        actual[name] = decimal(stated)
        shift[key] = actual[name] - decimal(nominal or stated)
    if not actual["voltage"] > 0.0:
        raise InputError(f"{source}: the library is for a supply of {actual['voltage']:g} V; state the corner's")
    factors = {}
    for quantity in _DERATED:
        factor = 1.0
        for key, difference in shift.items():
            factor *= 1.0 + difference * decimal(group.attributes.get(f"k_{key}_{quantity}", "0"))
        if factor != 1.0:
            factors[quantity] = factor
    return _Conditions(round(actual["voltage"] * units.voltage, 9), actual["temperature"], factors, any(shift.values()))


def _not_modelled(group: Group, conditions: _Conditions, reader: Reader) -> list[str]:
    """Attributes of a library that change numbers and that nothing here takes into account."""
    found = []
    if conditions.away and group.all("scaling_factors"):
        found.append("scaling_factors of single cells")
    if group.all("scaled_cell"):
        found.append("scaled_cell")
    if "default_ocv_derate_group" in group.attributes:
        found.append("default_ocv_derate_group")
    return found + sorted(name for name in reader.seen if name.startswith("ocv_sigma_"))


def _wire_load(group: Group) -> str:
    """The default wire load model, where it has a capacitance."""
    loads = {g.names[0]: g for g in group.all("wire_load") if g.names}
    default = loads.get(group.attributes.get("default_wire_load", ""))
    known = default is not None and decimal(default.attributes.get("capacitance", "0")) > 0.0
    return default.names[0] if default is not None and known else ""


@dataclass
class _Context:
    """What every cell of a library shares."""

    source: str
    units: Units
    reader: Reader
    defaults: dict[str, str]
    conditions: _Conditions
    types: dict[str, tuple[int, int]]
    notes: dict[str, None]
    """What the cell that is being read states and is not modelled."""


def _library(group: Group, source: str) -> Library:
    try:
        units = _units(group, source)
        lower, upper = _thresholds(group, source)
        conditions = _conditions(group, units, source)
        model = group.attributes.get("delay_model", "table_lookup")
        if "include_file" in group.text:
            raise InputError(f"{source}: include_file is not followed; put the text of that file in its place")
        if model != "table_lookup":
            raise InputError(f"{source}: delay_model is {model}; only table_lookup is read")
        reader = Reader(units, read_templates(group), conditions.factors)
        reader.convert(group)
        missing = _not_modelled(group, conditions, reader)
        wire_load = _wire_load(group)
        context = _Context(source, units, reader, group.attributes, conditions, bus_types(group), {})
    except ValueError as error:
        raise InputError(f"{source}: library {group.args} (line {group.line}): not a number: {error}") from error
    name = group.names[0] if group.names else ""
    library = Library(source, name, conditions.vdd, conditions.temperature, lower, upper, units=units.names)
    library.wire_load = wire_load
    for inner in group.all("cell"):
        name = inner.names[0] if inner.names else "?"
        if name in library.cells or name in library.skipped:
            raise InputError(f"{source}: cell {name} (line {inner.line}) is defined twice")
        context.notes.clear()
        try:
            cell = _cell(inner, context)
        except InputError as error:
            library.skipped[name] = f"{source}: cell {name} (line {inner.line}): {error}"
        except ValueError as error:
            library.skipped[name] = f"{source}: cell {name} (line {inner.line}): not a number: {error}"
        else:
            library.cells[name] = cell
            library.power_pins[name] = _power_pins(inner)
            if context.notes:
                library.cell_notes[name] = ", ".join(context.notes)
    if library.skipped and not library.cells:
        raise InputError(next(iter(library.skipped.values())))
    library.not_modelled = [f"{name} ({source})" for name in missing]
    return library


def _power_pins(group: Group) -> tuple[str, ...]:
    """Pins that carry supplies: ``pg_pin`` groups, and ``rail_connection`` of older files."""
    pins = [name for inner in group.all("pg_pin") for name in inner.names]
    for key, args in group.complex:
        if key == "rail_connection":
            pins += args.translate(_BARE).split(",")[:1]
    return tuple(pins)


def _cell(group: Group, context: _Context) -> Cell:
    attributes = group.attributes
    cell = Cell(group.title, decimal(attributes.get("area", "0")), attributes.get("cell_footprint", ""))
    cell.dont_use = attributes.get("dont_use", "").lower() == "true"
    names, several = _sequential(group, cell)
    expanded = expand_pins(group, context.types)
    supplies = set(_power_pins(group))
    pins = []
    for name, inner in expanded.pins:
        if inner.attributes.get("direction") == "internal":
            names[inner.attributes.get("internal_node", "IQ")] = "IQ"
            names[name] = "IQ"
        elif name not in supplies:
            pins.append((name, inner))
    cell.pins = [_pin(name, inner, names, expanded, context) for name, inner in pins]
    if several:
        # The columns hold one state per cell: outputs of several registers have no function here, only timing.
        for pin in cell.pins:
            if pin.function and set(support(pin.function)) & {"IQ", "IQN"}:
                pin.function = ""
    functions = {pin.name: pin.function for pin in cell.pins}
    powers: list[tuple[str, PowerArc]] = []
    for name, inner in pins:
        for timing in inner.all("timing"):
            cell.arcs += _arcs(timing, name, functions[name], expanded, context)
        for power in inner.all("internal_power"):
            related = _related(power, name, expanded)
            supply = power.attributes.get("related_pg_pin", "")
            powers += [(supply, arc) for arc in read_power(power, name, related, context.reader)]
    cell.powers = sum_supplies(powers, lambda what: context.notes.setdefault(what))
    _kind(group, cell)
    _leakage(group, cell, context)
    _check_names(cell)
    return cell


def _related(group: Group, pin: str, expanded: PinGroups) -> list[str]:
    attributes = group.attributes
    found = expanded.related(attributes.get("related_pin", ""), pin)
    return found + expanded.every(attributes.get("related_bus_pins", ""))


def _arcs(group: Group, pin: str, function: str, expanded: PinGroups, context: _Context) -> list[Arc]:
    arcs = read_arc(group, pin, _related(group, pin, expanded), function, context.reader)
    kind = group.attributes.get("timing_type", "")
    if not arcs and kind.startswith(("skew_", "nochange_", "non_seq_")):
        context.notes.setdefault(f"timing_type {kind}")
    return arcs


def _check_names(cell: Cell) -> None:
    """Every pin that a group names is one of the cell's."""
    pins = {pin.name for pin in cell.pins}
    named = {arc.related: "a timing group" for arc in cell.arcs}
    named |= {power.related: "internal_power" for power in cell.powers if power.related}
    named |= {name: "a condition of leakage_power" for when, _ in cell.leakage for name in support(when)}
    for name, what in named.items():
        if name not in pins:
            raise InputError(f"{what} names pin {name}, which the cell does not have")


def _sequential(group: Group, cell: Cell) -> tuple[dict[str, str], bool]:
    """Fill the sequential fields.

    Returns
    -------
    names : state variables of the file with their names here (IQ, IQN).
    several : whether the cell holds more than one bit.
    """
    groups = [inner for kind in ("ff", "ff_bank", "latch", "latch_bank") for inner in group.all(kind)]
    several = len(groups) > 1 or any(inner.name.endswith("_bank") for inner in groups)
    names: dict[str, str] = {}
    for inner in groups:
        # Behind the two variables a bank has its width; some writers put internal pins before them.
        words = [word.strip(' "\t\n\\') for word in inner.args.split(",")]
        words = words[: -1 if inner.name.endswith("_bank") and len(words) > 2 else None]
        names.update(zip(words[-2:], ("IQ", "IQN"), strict=False))
    if groups:
        inner = groups[0]
        flop = inner.name.startswith("ff")
        cell.kind = Kind.FLOP if flop else Kind.LATCH
        if not several:
            cell.next_state = rename(inner.attributes.get("next_state" if flop else "data_in", ""), names)
        cell.clocked_on = inner.attributes.get("clocked_on" if flop else "enable", "")
        cell.clear, cell.preset = inner.attributes.get("clear", ""), inner.attributes.get("preset", "")
    tables = group.all("statetable")
    if tables and not groups:
        inner = tables[0]
        raw = [part.replace(",", " ").split() for part in inner.args.split('"') if part.strip(" ,\\\n\t")]
        if len(raw) != 2 or len(raw[1]) not in (1, 2):
            raise InputError("a statetable with one internal node, or one and its inverse, is expected")
        cell.kind = Kind.CLOCK_GATE
        cell.next_state, cell.clocked_on = latch_of_statetable(tuple(raw[0]), inner.attributes.get("table", ""))
        names = dict(zip(raw[1], ("IQ", "IQN"), strict=False))
    return names, several


def _pin(name: str, group: Group, names: dict[str, str], expanded: PinGroups, context: _Context) -> Pin:
    attributes, units, defaults = group.attributes, context.units, context.defaults
    direction = _DIRECTION.get(attributes.get("direction", ""))
    if direction is None:
        raise InputError(f"pin {name}: direction '{attributes.get('direction', '')}' is not input, output or inout")
    pin = Pin(name, direction)
    _capacitances(pin, group, decimal(defaults.get(f"default_{direction.name.lower()}_pin_cap", "0")), context)
    function = expanded.bit_of(attributes.get("function", attributes.get("state_function", "")), name)
    pin.function = rename(function, names)
    if pin.function:
        parse_boolean(pin.function)
    pin.clock = attributes.get("clock", "").lower() == "true" or (
        attributes.get("clock_gate_clock_pin", "").lower() == "true"
    )
    if direction != Direction.INPUT:
        limit = attributes.get("max_capacitance", defaults.get("default_max_capacitance"))
        pin.max_cap = pin.max_cap if limit is None else decimal(limit) * units.capacitance
    limit = attributes.get("max_transition", defaults.get("default_max_transition"))
    pin.max_slew = pin.max_slew if limit is None else decimal(limit) * units.time * units.slew_derate
    return pin


def _capacitances(pin: Pin, group: Group, default: float, context: _Context) -> None:
    """Fill the capacitances: the upper end of a range is for late paths, the lower end for early ones."""
    attributes = group.attributes
    scale = context.units.capacitance * context.conditions.factors.get("pin_cap", 1.0)
    cap = scale * (decimal(attributes["capacitance"]) if "capacitance" in attributes else default)
    ends = []
    for edge in ("rise", "fall"):
        one = decimal(attributes[f"{edge}_capacitance"]) * scale if f"{edge}_capacitance" in attributes else cap
        raw = group.arguments(f"{edge}_capacitance_range")
        if raw is None:
            ends.append((one, one))
            continue
        numbers = [decimal(word) * scale for word in raw.translate(_BARE).split(",")]
        if len(numbers) != 2 or numbers[0] > numbers[1]:
            raise InputError(f"pin {pin.name}: {edge}_capacitance_range ({raw}) is not (lowest, highest)")
        ends.append((numbers[0], numbers[1]))
    (pin.cap_rise_low, pin.cap_rise), (pin.cap_fall_low, pin.cap_fall) = ends
    if "capacitance" not in attributes and "rise_capacitance" in attributes:
        cap = max(pin.cap_rise, pin.cap_fall)
    pin.cap = cap
    if not 0.0 <= min(cap, pin.cap_rise_low, pin.cap_fall_low) <= max(cap, pin.cap_rise, pin.cap_fall) < math.inf:
        raise InputError(f"pin {pin.name}: a capacitance is negative or not finite")


def _kind(group: Group, cell: Cell) -> None:
    if "clock_gating_integrated_cell" in group.attributes:
        cell.kind = Kind.CLOCK_GATE
    if cell.kind == Kind.COMBINATIONAL and any(
        arc.type in (ArcType.RISING_EDGE, ArcType.FALLING_EDGE) for arc in cell.arcs
    ):
        # A macro: registers inside that no group describes.
        cell.kind = Kind.FLOP
    if cell.kind != Kind.COMBINATIONAL:
        clocks = support(cell.clocked_on) if cell.clocked_on else ()
        for pin in cell.pins:
            pin.clock = pin.clock or pin.name in clocks
        return
    outputs = [pin for pin in cell.pins if pin.direction != Direction.INPUT]
    if not outputs:
        cell.kind = Kind.PHYSICAL
    elif all(pin.function and not support(pin.function) for pin in outputs):
        cell.kind = Kind.TIE


def _leakage(group: Group, cell: Cell, context: _Context) -> None:
    """Collect leakage by condition; groups of several supply pins add up."""
    groups = group.all("leakage_power")
    unit = context.units.leakage
    stated = group.attributes.get("cell_leakage_power")
    if unit is None:
        if groups or stated is not None:
            raise InputError("states leakage but the library has no leakage_power_unit")
        return
    unit *= context.conditions.factors.get("cell_leakage_power", 1.0)
    found = []
    for inner in groups:
        value = inner.attributes.get("value")
        if value is None:
            raise InputError(f"leakage_power of line {inner.line} has no value")
        supply = inner.attributes.get("related_pg_pin", inner.attributes.get("power_level", ""))
        found.append((supply, inner.attributes.get("when", ""), decimal(value) * unit))
    cell.leakage, bare = sum_leakage(found, [pin.name for pin in cell.pins]) if found else ([], None)
    if stated is None and not groups:
        # The library's default is for cells that state nothing; it must not fill gaps between stated conditions.
        stated = context.defaults.get("default_cell_leakage_power")
    cell.default_leakage = bare if bare is not None or stated is None else decimal(stated) * unit
