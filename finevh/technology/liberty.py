"""Liberty reader: a file in, a :class:`~finevh.technology.library.Library` in the house's units out.

Read are NLDM timing, internal power, leakage and sequential groups. Not read are current-source (CCS, ECSM) groups,
``test_cell`` and the checks ``skew``, ``nochange`` and ``non_seq_*``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from finevh.errors import InputError
from finevh.technology.boolean import parse_boolean, support
from finevh.technology.liberty_syntax import Group, parse_liberty, read_liberty_text
from finevh.technology.liberty_tables import Reader, Units, read_arc, read_power, read_templates
from finevh.technology.library import Cell, Library, Pin
from finevh.technology.model import Direction, Kind
from finevh.technology.sequential import latch_of_statetable, rename
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
    amount = float(number)
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
        slew_derate=float(group.attributes.get("slew_derate_from_library", "1")),
        names=(time_name, capacitance_name),
    )


def _thresholds(group: Group, source: str) -> tuple[float, float]:
    def percent(kind: str, default: float) -> float:
        values = {float(group.attributes.get(f"{kind}_{edge}", default)) for edge in ("rise", "fall")}
        if len(values) != 1:
            raise InputError(f"{source}: {kind}_rise and {kind}_fall differ; one threshold for both edges is supported")
        return values.pop() / 100

    for side in ("input", "output"):
        if abs(percent(f"{side}_threshold_pct", 50.0) - 0.5) > 1e-9:
            raise InputError(f"{source}: {side}_threshold_pct is not 50; delays must run from 50 % to 50 %")
    return percent("slew_lower_threshold_pct", 20.0), percent("slew_upper_threshold_pct", 80.0)


def _voltage(group: Group, units: Units, source: str) -> tuple[float, float]:
    """Supply and temperature of the library: nominal values, else the default operating conditions."""
    conditions = {g.names[0]: g for g in group.all("operating_conditions") if g.names}
    chosen = conditions.get(group.attributes.get("default_operating_conditions", ""))
    inner = chosen.attributes if chosen else {}
    voltage = inner.get("voltage") or group.attributes.get("nom_voltage")
    if voltage is None:
        raise InputError(
            f"{source}: the library states no nom_voltage; add it: the supply of a corner is never guessed"
        )
    temperature = inner.get("temperature") or group.attributes.get("nom_temperature", "25")
    return round(float(voltage) * units.voltage, 9), float(temperature)


@dataclass(frozen=True)
class _Context:
    """What every cell of a library shares."""

    source: str
    units: Units
    reader: Reader
    defaults: dict[str, str]


def _library(group: Group, source: str) -> Library:
    try:
        units = _units(group, source)
        lower, upper = _thresholds(group, source)
        vdd, temperature = _voltage(group, units, source)
    except ValueError as error:
        raise InputError(f"{source}: library {group.args} (line {group.line}): not a number: {error}") from error
    name = group.names[0] if group.names else ""
    library = Library(source, name, vdd, temperature, lower, upper, units=units.names)
    reader = Reader(units, read_templates(group))
    reader.convert(group)
    context = _Context(source, units, reader, group.attributes)
    for inner in group.all("cell"):
        try:
            cell = _cell(inner, context)
        except InputError as error:
            name = inner.names[0] if inner.names else "?"
            raise InputError(f"{source}: cell {name} (line {inner.line}): {error}") from error
        except ValueError as error:
            raise InputError(f"{source}: cell {inner.args} (line {inner.line}): not a number: {error}") from error
        if cell.name in library.cells:
            raise InputError(f"{source}: cell {cell.name} (line {inner.line}) is defined twice")
        library.cells[cell.name] = cell
    return library


def _cell(group: Group, context: _Context) -> Cell:
    attributes = group.attributes
    if group.all("bus") or group.all("bundle"):
        raise InputError("buses and bundles of pins are not supported; remove the cell or expand its pins")
    cell = Cell(group.names[0], float(attributes.get("area", 0)), attributes.get("cell_footprint", ""))
    cell.dont_use = attributes.get("dont_use", "").lower() == "true"
    names = _sequential(group, cell)
    arcs = []
    for inner in group.all("pin"):
        if inner.attributes.get("direction") == "internal":
            names[inner.attributes.get("internal_node", "IQ")] = "IQ"
            names[inner.names[0]] = "IQ"
        else:
            arcs += [(name, inner) for name in inner.names]
    cell.pins = [_pin(name, inner, names, context) for name, inner in arcs]
    functions = {pin.name: pin.function for pin in cell.pins}
    for name, inner in arcs:
        for timing in inner.all("timing"):
            cell.arcs += read_arc(timing, name, functions[name], context.reader)
        for power in inner.all("internal_power"):
            cell.powers += read_power(power, name, context.reader)
    _kind(group, cell)
    _leakage(group, cell, context)
    return cell


def _sequential(group: Group, cell: Cell) -> dict[str, str]:
    """Fill the sequential fields; return the state variables of the file with their names here (IQ, IQN)."""
    if group.all("ff_bank") or group.all("latch_bank"):
        raise InputError("ff_bank and latch_bank are not supported; expand the cell's pins")
    groups = group.all("ff") + group.all("latch")
    if len(groups) > 1:
        raise InputError("more than one ff or latch group; multi-bit cells are not supported")
    names: dict[str, str] = {}
    if groups:
        inner = groups[0]
        names = dict(zip(inner.names, ("IQ", "IQN"), strict=False))
        flop = inner.name == "ff"
        cell.kind = Kind.FLOP if flop else Kind.LATCH
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
    return names


def _pin(name: str, group: Group, names: dict[str, str], context: _Context) -> Pin:
    attributes, units, defaults = group.attributes, context.units, context.defaults
    direction = _DIRECTION.get(attributes.get("direction", ""))
    if direction is None:
        raise InputError(f"pin {name}: direction '{attributes.get('direction', '')}' is not input, output or inout")
    default_cap = defaults.get(f"default_{direction.name.lower()}_pin_cap", "0")
    cap = float(attributes.get("capacitance", default_cap)) * units.capacitance
    rise = float(attributes["rise_capacitance"]) * units.capacitance if "rise_capacitance" in attributes else cap
    fall = float(attributes["fall_capacitance"]) * units.capacitance if "fall_capacitance" in attributes else cap
    if "capacitance" not in attributes and "rise_capacitance" in attributes:
        cap = max(rise, fall)
    pin = Pin(name, direction, cap=cap, cap_rise=rise, cap_fall=fall)
    pin.function = rename(attributes.get("function", attributes.get("state_function", "")), names)
    if pin.function:
        parse_boolean(pin.function)
    pin.clock = attributes.get("clock", "").lower() == "true" or (
        attributes.get("clock_gate_clock_pin", "").lower() == "true"
    )
    if direction != Direction.INPUT:
        limit = attributes.get("max_capacitance", defaults.get("default_max_capacitance"))
        pin.max_cap = pin.max_cap if limit is None else float(limit) * units.capacitance
    limit = attributes.get("max_transition", defaults.get("default_max_transition"))
    pin.max_slew = pin.max_slew if limit is None else float(limit) * units.time * units.slew_derate
    return pin


def _kind(group: Group, cell: Cell) -> None:
    if "clock_gating_integrated_cell" in group.attributes:
        cell.kind = Kind.CLOCK_GATE
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
    """Collect leakage by condition; groups of several supply pins with one condition add up."""
    states: dict[str, float] = {}
    groups = group.all("leakage_power")
    unit = context.units.leakage
    stated = group.attributes.get("cell_leakage_power")
    if unit is None:
        if groups or stated is not None:
            raise InputError("states leakage but the library has no leakage_power_unit")
        return
    for inner in groups:
        when = inner.attributes.get("when", "")
        value = inner.attributes.get("value")
        if value is None:
            raise InputError(f"leakage_power of line {inner.line} has no value")
        states[when] = states.get(when, 0.0) + float(value) * unit
    bare = states.pop("", None)
    if stated is None and not groups:
        # The library's default is for cells that state nothing; it must not fill gaps between stated conditions.
        stated = context.defaults.get("default_cell_leakage_power")
    cell.default_leakage = bare if bare is not None or stated is None else float(stated) * unit
    cell.leakage = list(states.items())
