"""Liberty writer: a :class:`~finevh.technology.library.Library` in, text out that reads back to the same library.

Time unit 1 ps, capacitance 1 fF, leakage 1 nW: numbers keep few digits and files compress well.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from finevh.base.files import replacing
from finevh.technology.library import Arc, Cell, Library, Pin, PowerArc, Table
from finevh.technology.model import ArcType, Direction, Kind, Real, Sense

__all__ = ["render_liberty", "write_gzip", "write_text"]

_NW_PER_MW = 1e6
_ROUNDING = {"rise_transition": 2.5e-3, "fall_transition": 2.5e-3, "rise_power": 5e-3, "fall_power": 5e-3}
"""Largest relative rounding of table values (half of what their simulation is uncertain by): digits are most of a file."""
_FINE_ROUNDING = 1e-3
"""Of delays and constraints."""
_SENSE = {Sense.POSITIVE: "positive_unate", Sense.NEGATIVE: "negative_unate", Sense.NON_UNATE: "non_unate"}
_CONSTRAINT = range(ArcType.SETUP_RISING, ArcType.REMOVAL_FALLING + 1)


def number(value: float, digits: int = 5) -> str:
    """Shortest text of a number at a number of significant digits.

    Examples
    --------
    >>> number(12.340001), number(0.0)
    ('12.34', '0')
    """
    text = f"{value:.{digits}g}"
    return "0" if float(text) == 0 else text


def brief(value: float, rounding: float) -> str:
    """Shortest text of a number within a relative rounding.

    Examples
    --------
    >>> brief(168.9, 1e-3), brief(11.84, 1e-3), brief(1234.0, 5e-3)
    ('169', '11.84', '1230')
    """
    for digits in range(1, 5):
        text = f"{value:.{digits}g}"
        if abs(float(text) - value) <= rounding * abs(value):
            return f"{float(text):g}" if "e" in text else text
    return number(value)


def _list(values: Real) -> str:
    return '"' + ",".join(number(v) for v in values.tolist()) + '"'


class _Templates:
    """Names of table templates by kind and size, collected while tables are written."""

    def __init__(self) -> None:
        self.used: dict[str, tuple[str, tuple[str, ...], tuple[int, ...]]] = {}

    def name(self, kind: str, table: Table) -> str:
        nx, ny = table.values.shape
        if nx * ny == 1:
            return "scalar"
        first, second = {
            "timing": ("input_net_transition", "total_output_net_capacitance"),
            "power": ("input_transition_time", "total_output_net_capacitance"),
            "constraint": ("related_pin_transition", "constrained_pin_transition"),
            "pulse": ("constrained_pin_transition", ""),
        }[kind]
        name = f"{kind}_{nx}x{ny}"
        variables = (first, second) if nx > 1 and ny > 1 else ((first,) if nx > 1 else (second,))
        group = "power_lut_template" if kind == "power" else "lu_table_template"
        self.used[name] = (group, variables, (nx, ny) if len(variables) == 2 else (nx * ny,))
        return name

    def lines(self) -> Iterator[str]:
        for name, (group, variables, sizes) in sorted(self.used.items()):
            yield f"  {group} ({name}) {{"
            for i, variable in enumerate(variables, start=1):
                yield f"    variable_{i} : {variable};"
            for i, size in enumerate(sizes, start=1):
                yield f'    index_{i} ("{",".join(str(k + 1) for k in range(size))}");'
            yield "  }"


def _table(group: str, kind: str, table: Table, templates: _Templates) -> Iterator[str]:
    name = templates.name(kind, table)
    yield f"        {group} ({name}) {{"
    nx, ny = table.values.shape
    axes = [axis for axis, n in ((table.x, nx), (table.y, ny)) if n > 1]
    for i, axis in enumerate(axes, start=1):
        yield f"          index_{i} ({_list(axis)});"
    rows = table.values if nx > 1 and ny > 1 else table.values.reshape(1, -1)
    rounding = _ROUNDING.get(group, _FINE_ROUNDING)
    lines = ('"' + ",".join(brief(v, rounding) for v in row) + '"' for row in rows.tolist())
    yield "          values (" + ", \\\n".join(lines) + ");"
    yield "        }"


def _arc(arc: Arc, templates: _Templates) -> Iterator[str]:
    yield "      timing () {"
    yield f'        related_pin : "{arc.related}";'
    name = arc.type.name.lower()
    if arc.type != ArcType.COMBINATIONAL:
        yield f"        timing_type : {name};"
    constraint, pulse = arc.type in _CONSTRAINT, arc.type == ArcType.MIN_PULSE_WIDTH
    if not (constraint or pulse):
        yield f"        timing_sense : {_SENSE[arc.sense]};"
    if arc.when:
        yield f'        when : "{arc.when}";'
    names = (
        ("rise_constraint", "fall_constraint", "", "")
        if constraint or pulse
        else ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
    )
    kind = "pulse" if pulse else "constraint" if constraint else "timing"
    for group, table in zip(names, arc.tables, strict=True):
        if table is not None:
            yield from _table(group, kind, table, templates)
    yield "      }"


def _power(power: PowerArc, templates: _Templates) -> Iterator[str]:
    yield "      internal_power () {"
    if power.related:
        yield f'        related_pin : "{power.related}";'
    if power.when:
        yield f'        when : "{power.when}";'
    for group, table in (("rise_power", power.rise), ("fall_power", power.fall)):
        if table is not None:
            yield from _table(group, "power", table, templates)
    yield "      }"


def _pin(cell: Cell, pin: Pin, templates: _Templates) -> Iterator[str]:
    yield f"    pin ({pin.name}) {{"
    yield f"      direction : {pin.direction.name.lower()};"
    yield "      related_power_pin : VDD;"
    yield "      related_ground_pin : VSS;"
    if pin.clock:
        yield "      clock : true;"
    gate = cell.kind == Kind.CLOCK_GATE
    if gate:
        role = (
            "clock_gate_out_pin"
            if pin.direction == Direction.OUTPUT
            else (
                "clock_gate_clock_pin"
                if pin.clock
                else "clock_gate_test_pin"
                if pin.name == "SE"
                else "clock_gate_enable_pin"
            )
        )
        yield f"      {role} : true;"
    yield f"      capacitance : {number(pin.cap)};"
    if pin.direction == Direction.INPUT or pin.cap_rise != pin.cap_fall:
        yield f"      rise_capacitance : {number(pin.cap_rise)};"
        yield f"      fall_capacitance : {number(pin.cap_fall)};"
    if np.isfinite(pin.max_cap):
        yield f"      max_capacitance : {number(pin.max_cap)};"
    if np.isfinite(pin.max_slew):
        yield f"      max_transition : {number(pin.max_slew)};"
    if pin.function:
        yield f'      {"state_function" if gate else "function"} : "{pin.function}";'
    for arc in cell.arcs:
        if arc.pin == pin.name:
            yield from _arc(arc, templates)
    for power in cell.powers:
        if power.pin == pin.name:
            yield from _power(power, templates)
    yield "    }"


def _sequential(cell: Cell) -> Iterator[str]:
    if cell.kind in (Kind.FLOP, Kind.LATCH):
        flop = cell.kind == Kind.FLOP
        yield f"    {'ff' if flop else 'latch'} (IQ, IQN) {{"
        yield f'      {"next_state" if flop else "data_in"} : "{cell.next_state}";'
        yield f'      {"clocked_on" if flop else "enable"} : "{cell.clocked_on}";'
        for name, value in (("clear", cell.clear), ("preset", cell.preset)):
            if value:
                yield f'      {name} : "{value}";'
        yield "    }"
    elif cell.kind == Kind.CLOCK_GATE:
        yield from _statetable(cell)


def _statetable(cell: Cell) -> Iterator[str]:
    """State table of the latch in a positive-edge clock gate: transparent while the clock is low, E or SE sets it."""
    clock = next(pin.name for pin in cell.pins if pin.clock)
    enables = [pin.name for pin in cell.pins if pin.direction == Direction.INPUT and not pin.clock]
    rows = ["L " + " ".join("L" for _ in enables) + " : - : L"]
    rows += [
        "L " + " ".join("H" if i == j else "-" for j in range(len(enables))) + " : - : H" for i in range(len(enables))
    ]
    rows.append("H " + " ".join("-" for _ in enables) + " : - : N")
    style = "latch_posedge_precontrol" if len(enables) > 1 else "latch_posedge"
    yield f'    clock_gating_integrated_cell : "{style}";'
    yield f'    statetable ("{clock} {" ".join(enables)}", "IQ") {{'
    yield '      table : "' + ", \\\n               ".join(rows) + '";'
    yield "    }"
    yield "    pin (IQ) {"
    yield "      direction : internal;"
    yield '      internal_node : "IQ";'
    yield "    }"


def _cell(cell: Cell, templates: _Templates) -> Iterator[str]:
    yield f"  cell ({cell.name}) {{"
    yield f"    area : {number(cell.area, 7)};"
    if cell.footprint:
        yield f'    cell_footprint : "{cell.footprint}";'
    if cell.dont_use:
        yield "    dont_use : true;"
        yield "    dont_touch : true;"
    for name, kind in (("VDD", "primary_power"), ("VSS", "primary_ground")):
        yield f"    pg_pin ({name}) {{ voltage_name : {name}; pg_type : {kind}; }}"
    if cell.default_leakage is not None:
        yield f"    cell_leakage_power : {number(cell.default_leakage * _NW_PER_MW)};"
    for when, value in cell.leakage:
        yield f'    leakage_power () {{ when : "{when}"; value : {number(value * _NW_PER_MW)}; }}'
    yield from _sequential(cell)
    for pin in cell.pins:
        yield from _pin(cell, pin, templates)
    yield "  }"


def render_liberty(library: Library, *, threshold_voltage_group: str = "", comment: str = "") -> str:
    """Render a library as Liberty text.

    Parameters
    ----------
    library : cells in the order in which they are written: drives of a family side by side compress best.
    threshold_voltage_group : name of the variant.
    comment : one line of provenance.
    """
    templates = _Templates()
    body: list[str] = []
    for cell in library.cells.values():
        lines = list(_cell(cell, templates))
        if threshold_voltage_group:
            lines.insert(2, f'    threshold_voltage_group : "{threshold_voltage_group}";')
        body += lines
    slews = [pin.max_slew for cell in library.cells.values() for pin in cell.pins if np.isfinite(pin.max_slew)]
    head = [
        f"library ({library.name}) {{",
        f'  comment : "{comment}";',
        "  technology (cmos);",
        "  delay_model : table_lookup;",
        '  time_unit : "1ps";',
        '  voltage_unit : "1V";',
        '  current_unit : "1mA";',
        '  pulling_resistance_unit : "1kohm";',
        '  leakage_power_unit : "1nW";',
        "  capacitive_load_unit (1, ff);",
        "  nom_process : 1;",
        f"  nom_temperature : {number(library.temperature)};",
        f"  nom_voltage : {number(library.vdd)};",
        f"  voltage_map (VDD, {number(library.vdd)});",
        "  voltage_map (VSS, 0);",
        f"  slew_lower_threshold_pct_rise : {number(library.slew_lower * 100)};",
        f"  slew_lower_threshold_pct_fall : {number(library.slew_lower * 100)};",
        f"  slew_upper_threshold_pct_rise : {number(library.slew_upper * 100)};",
        f"  slew_upper_threshold_pct_fall : {number(library.slew_upper * 100)};",
        "  slew_derate_from_library : 1;",
        *(f"  {side}_threshold_pct_{edge} : 50;" for side in ("input", "output") for edge in ("rise", "fall")),
        *([f"  default_max_transition : {number(max(slews))};"] if slews else []),
        "  default_cell_leakage_power : 0;",
        "  default_fanout_load : 1;",
        *(f"  default_{side}_pin_cap : 0;" for side in ("input", "output", "inout")),
        "  operating_conditions (corner) {",
        "    process : 1;",
        f"    temperature : {number(library.temperature)};",
        f"    voltage : {number(library.vdd)};",
        "  }",
        "  default_operating_conditions : corner;",
    ]
    return "\n".join([*head, *templates.lines(), *body, "}", ""])


def write_gzip(text: str, path: Path) -> None:
    """Write a gzipped text atomically; equal text gives equal bytes (no time stamp, no name)."""
    with (
        replacing(path) as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=9, mtime=0, filename="") as out,
    ):
        out.write(text.encode())


def write_text(lines: Iterable[str], path: Path) -> None:
    """Write lines as a text file, atomically."""
    with replacing(path) as stream:
        stream.write(("\n".join(lines) + "\n").encode())
