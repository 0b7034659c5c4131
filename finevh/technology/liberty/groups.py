"""Timing and power groups of Liberty: templates, axes in any order, units; arcs with normalised tables out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from finevh.errors import InputError
from finevh.technology.liberty.boolean import parse_boolean, sense_of
from finevh.technology.liberty.syntax import Group
from finevh.technology.library import Arc, PowerArc, Table
from finevh.technology.model import ArcType, Real, Sense

__all__ = ["Reader", "Templates", "Units", "read_arc", "read_power", "read_templates"]

Templates: TypeAlias = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
"""Template name to (variables, raw indices)."""


@dataclass(frozen=True)
class Units:
    """Factors from a library's units to the house's: ps, fF, fJ, mW, V; ``leakage`` None where the library has none."""

    time: float
    capacitance: float
    energy: float
    leakage: float | None
    voltage: float
    slew_derate: float
    names: tuple[str, str]
    """Time and capacitance unit as SDC spells them, ``("1ns", "1pF")``."""


_SLEW = {"input_net_transition", "input_transition_time", "related_pin_transition"}
_LOAD = {"total_output_net_capacitance", "constrained_pin_transition", "output_net_wire_cap", "output_net_pin_cap"}
_TYPES = {t.name.lower(): t for t in ArcType}
_SENSES = {"positive_unate": Sense.POSITIVE, "negative_unate": Sense.NEGATIVE, "non_unate": Sense.NON_UNATE}
_UNREAD = (
    "skew_",
    "nochange_",
    "non_seq_",
    "max_clock_tree_path",
    "min_clock_tree_path",
    "clock_tree_path",
    "minimum_period",
    "retaining_time",
)
_CONSTRAINTS = frozenset(t for t in ArcType if ArcType.SETUP_RISING <= t <= ArcType.REMOVAL_FALLING) | {
    ArcType.MIN_PULSE_WIDTH
}
_ERASE = str.maketrans({'"': " ", "\\": " ", "\n": " ", "\t": " "})
_SCALAR_AXIS: Real = np.zeros(1)


def _split(text: str) -> Real:
    """Numbers between commas; none if the text holds anything else."""
    with warnings.catch_warnings():
        # Depending on its version numpy warns or raises at a text that is no number.
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text, sep=",")
        except (ValueError, DeprecationWarning):
            return np.empty(0)


@lru_cache(maxsize=1 << 15)
def _numbers(raw: str) -> Real:
    """Numbers of a raw argument. Axes, and the delays of parallel drives, repeat: equal texts are read once."""
    text = raw.translate(_ERASE)
    if "_" in text:
        raise ValueError(f"'{text.strip()[:40]}'")  # which Python and numpy would take
    values = _split(text) if "," in text else np.array(text.split(), dtype=np.float64)
    if values.size != text.count(",") + 1 and "," in text:
        # Blanks as separators, or a trailing comma: rare, so the slow way.
        values = np.array(text.replace(",", " ").split(), dtype=np.float64)
    values.flags.writeable = False
    return values


@lru_cache(maxsize=1 << 15)
def _axis(raw: str, scale: float) -> tuple[Real, bool]:
    """Axis in the house's unit, and whether it ascends."""
    values = _numbers(raw) * scale
    return values, bool((values[1:] > values[:-1]).all())


def read_templates(library: Group) -> Templates:
    """Collect table templates of a library."""
    found: Templates = {}
    for group in library.groups:
        if group.name.endswith("_template") and group.names:
            variables = tuple(
                group.attributes[f"variable_{i}"] for i in (1, 2, 3) if f"variable_{i}" in group.attributes
            )
            indices = tuple(group.arguments(f"index_{i}") or "" for i in (1, 2, 3)[: len(variables)])
            found[group.title] = (variables, indices)
    return found


@dataclass(frozen=True, slots=True)
class _Grid:
    """Axes of a table, normalised to (slew, load), and the shape of its values as they stand in the file."""

    x: Real
    y: Real
    shape: tuple[int, ...]
    size: int
    normal: tuple[int, int]
    """Shape over slew and load."""
    turned: bool


class Reader:
    """Reads the tables of one library; tables of one text, which the parser gives as one group, become one table."""

    def __init__(self, units: Units, templates: Templates, factors: Mapping[str, float]) -> None:
        """``factors`` derate quantities to the operating conditions."""
        self._units = units
        self._templates = templates
        self.factors = factors
        self.seen: set[str] = set()
        """Names of the tables of the library."""
        self._known: dict[int, Table] = {}
        self._grids: dict[tuple[object, ...], _Grid] = {}
        self._places: dict[str, slice] = {}
        self._scaled: dict[float, Real] = {}
        delays, slews = ("cell_rise", "cell_fall"), ("rise_transition", "fall_transition")
        energy = units.energy * factors.get("internal_power", 1.0)
        self._scales = {
            **{name: units.time * factors.get(name, 1.0) for name in delays},
            **{name: units.time * units.slew_derate * factors.get(name, 1.0) for name in slews},
            **dict.fromkeys(("rise_constraint", "fall_constraint"), units.time),
            **dict.fromkeys(("rise_power", "fall_power", "power"), energy),
        }

    def convert(self, library: Group) -> None:
        """Convert the numbers of all tables of a library at once; what does not stand in the usual form is left."""
        scales, places = self._scales, self._places
        texts: list[str] = []
        begin = 0
        for cell in library.groups:
            for pin in cell.groups:
                for holder in pin.groups:
                    for group in holder.groups:
                        self.seen.add(group.name)
                        if group.name in scales and group.complex:
                            text = group.complex[-1][1]
                            if text not in places:
                                end = begin + text.count(",") + 1
                                places[text] = slice(begin, end)
                                texts.append(text)
                                begin = end
        numbers = _split(",".join(texts).translate(_ERASE))
        if len(numbers) != begin or not np.isfinite(numbers).all():
            places.clear()
            return
        for scale in set(scales.values()):
            self._scaled[scale] = numbers * scale
            self._scaled[scale].flags.writeable = False

    def tables(self, group: Group) -> dict[str, Table]:
        """Tables of a timing or power group by name."""
        found: dict[str, Table] = {}
        known, scales = self._known, self._scales
        for inner in group.groups:
            name = inner.name
            if name in scales:
                table = known.get(id(inner))
                if table is None:
                    table = known[id(inner)] = self._read(inner, scales[name])
                found[name] = table
        return found

    def _read(self, group: Group, scale: float) -> Table:
        *axes, (last, raw) = group.complex or [("", "")]
        if last != "values":
            own = dict(group.complex)
            axes, raw = [entry for entry in group.complex if entry[0] != "values"], own.get("values", "")
        if not raw:
            raise InputError(f"{group.name} (line {group.line}) has no values")
        place = self._places.get(raw)
        if place is not None:
            values = self._scaled[scale][place]
        else:
            values = _numbers(raw) * scale
            if not np.isfinite(values).all():
                raise InputError(f"{group.name} (line {group.line}) holds a value that is not finite")
        if values.size == 1 and not self._wider(group, dict(axes)):
            return Table(_SCALAR_AXIS, _SCALAR_AXIS, values.reshape(1, 1))
        key = group.args, *axes
        grid = self._grids.get(key)
        if grid is None:
            grid = self._grids[key] = self._grid(group, dict(axes))
        if values.size != grid.size:
            raise InputError(
                f"{group.name} (line {group.line}) has {values.size} values for axes of "
                f"{' x '.join(str(size) for size in grid.shape)}"
            )
        if grid.turned:
            return Table(grid.x, grid.y, np.ascontiguousarray(values.reshape(grid.shape).T))
        return Table(grid.x, grid.y, values.reshape(grid.normal))

    def _wider(self, group: Group, own: dict[str, str]) -> bool:
        """Whether a table has axes of more than one value."""
        variables, indices = self._template(group)
        raws = (own.get(f"index_{i + 1}") or index for i, index in enumerate(indices[: len(variables)]))
        return any(raw and _numbers(raw).size > 1 for raw in raws)

    def _template(self, group: Group) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Variables and indices of the template that a table names; none for ``scalar``."""
        name = group.names[0] if group.names else "scalar"
        if name != "scalar" and name not in self._templates:
            raise InputError(
                f"{group.name} (line {group.line}) uses template '{name}', which the library does not define"
            )
        return self._templates.get(name, ((), ()))

    def _grid(self, group: Group, own: dict[str, str]) -> _Grid:
        """Axes of a 1-D or 2-D table as slew, ps, and load, fF, whatever their order in the file."""
        variables, indices = self._template(group)
        if not 1 <= len(variables) <= 2:
            raise InputError(
                f"{group.name} (line {group.line}): tables of {len(variables)} variables are not supported"
            )
        units = self._units
        x, y = _SCALAR_AXIS, _SCALAR_AXIS
        order: list[int] = []
        sizes: list[int] = []
        for i, (variable, index) in enumerate(zip(variables, indices, strict=True)):
            slew = variable.endswith(("transition", "transition_time"))
            raw = own.get(f"index_{i + 1}") or index
            axis, ascends = _axis(raw, units.time * units.slew_derate if slew else units.capacitance)
            if not ascends:
                raise InputError(f"{group.name} (line {group.line}): an axis does not ascend")
            sizes.append(axis.size)
            if variable in _SLEW:
                x = axis
                order.append(0)
            elif variable in _LOAD:
                y = axis
                order.append(1)
            else:
                raise InputError(f"{group.name} (line {group.line}): variable '{variable}' is not supported")
        if order in ([0, 0], [1, 1]):
            raise InputError(f"{group.name} (line {group.line}): both axes are of one kind, {' and '.join(variables)}")
        return _Grid(x, y, tuple(sizes), math.prod(sizes), (x.size, y.size), order == [1, 0])


def _arc_type(group: Group) -> tuple[ArcType | None, str]:
    """Type of a timing group and the only edge it describes ('' for both); None for a check that is not read."""
    text = group.attributes.get("timing_type", "combinational")
    if text.startswith(_UNREAD):
        return None, ""
    edge = ""
    if text not in _TYPES:
        stem, _, last = text.rpartition("_")
        if stem in _TYPES and last in ("rise", "fall"):
            text, edge = stem, last
    if text not in _TYPES:
        raise InputError(f"timing group of line {group.line}: timing_type '{text}' is unknown")
    return _TYPES[text], edge


def read_arc(group: Group, pin: str, related: list[str], function: str, reader: Reader) -> list[Arc]:
    """Read a timing group of ``pin``: one arc per ``related`` pin, none for a check that is not supported.

    Raises
    ------
    InputError
        If a table that the arc's type needs is missing or malformed.
    """
    kind, edge = _arc_type(group)
    if kind is None:
        return []
    when = group.attributes.get("when", "")
    if when:
        parse_boolean(when)
    related = related or ([pin] if kind == ArcType.MIN_PULSE_WIDTH else [])
    if not related:
        raise InputError(f"timing group of pin {pin} (line {group.line}) has no related_pin")
    found = reader.tables(group)

    def error(text: str) -> InputError:
        return InputError(f"timing group {' '.join(related)} -> {pin} (line {group.line}) {text}")

    if kind in _CONSTRAINTS:
        rise, fall = found.get("rise_constraint"), found.get("fall_constraint")
        if rise is None and fall is None:
            raise error("has neither rise_constraint nor fall_constraint")
        if kind == ArcType.MIN_PULSE_WIDTH:
            rise, fall = _of_own_slew(rise), _of_own_slew(fall)
        stem = kind.name.split("_")[0].lower()
        rise, fall = (
            _scaled(table, reader.factors.get(f"{stem}_{e}")) for table, e in ((rise, "rise"), (fall, "fall"))
        )
        tables: tuple[Table | None, Table | None, Table | None, Table | None] = (rise, fall, None, None)
        return [Arc(name, pin, kind, Sense.NON_UNATE, when, tables) for name in related]
    delay_rise, delay_fall = found.get("cell_rise"), found.get("cell_fall")
    slew_rise, slew_fall = found.get("rise_transition"), found.get("fall_transition")
    if delay_rise is None and delay_fall is None:
        raise error("has neither cell_rise nor cell_fall")
    if kind != ArcType.THREE_STATE_DISABLE:
        for delay, slew, name in ((delay_rise, slew_rise, "rise"), (delay_fall, slew_fall, "fall")):
            if delay is not None and slew is None:
                raise error(f"has cell_{name} but no {name}_transition")
            if slew is not None and delay is None and edge in ("", name):
                raise error(f"has {name}_transition but no cell_{name}")
    tables = (
        delay_rise if edge != "fall" else None,
        delay_fall if edge != "rise" else None,
        slew_rise if edge != "fall" else None,
        slew_fall if edge != "rise" else None,
    )
    return [Arc(name, pin, kind, _sense(group, kind, name, function), when, tables) for name in related]


def _of_own_slew(table: Table | None) -> Table | None:
    """A pulse width over the slew of the pin alone, with that slew where slews are looked up."""
    return Table(table.y, table.x, table.values.T) if table is not None and table.x.size == 1 < table.y.size else table


def _scaled(table: Table | None, factor: float | None) -> Table | None:
    return table if table is None or factor is None else Table(table.x, table.y, table.values * factor)


def _sense(group: Group, kind: ArcType, related: str, function: str) -> Sense:
    """Stated unateness; else that of the output's function (combinational) or none (edges, clear, preset)."""
    stated = _SENSES.get(group.attributes.get("timing_sense", ""))
    if stated is not None:
        return stated
    if kind == ArcType.COMBINATIONAL and function:
        inferred = sense_of(function, related)
        return Sense.NON_UNATE if inferred is None else inferred
    return Sense.NON_UNATE


def read_power(group: Group, pin: str, related: list[str], reader: Reader) -> list[PowerArc]:
    """Read an internal-power group of ``pin``: one entry per ``related`` pin, one with no related pin if none is named."""
    found = reader.tables(group)
    both = found.get("power")
    rise, fall = found.get("rise_power", both), found.get("fall_power", both)
    if rise is None and fall is None:
        raise InputError(f"internal_power of pin {pin} (line {group.line}) has no table")
    return [PowerArc(name, pin, group.attributes.get("when", ""), rise, fall) for name in related or [""]]
