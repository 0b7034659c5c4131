"""Operating points and their table, ``operating_points.csv``: one schema for writing and reading it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from finevh.errors import InputError
from finevh.selection import Power

SchemeName = Literal["ideal-dvfs", "vdd-hopping", "vdd-dithering", "fine-vh"]

# Decimals of a column; a column without an entry is a power or an energy.
_DECIMALS = {
    "delta_vdd_v": 4,
    "vdd_l_v": 4,
    "vdd_h_v": 4,
    "vdd_v": 4,
    "area_low_fraction": 6,
    "drooped_slack_ps": 6,
    "worst_slack_ps": 6,  # slacks are multiples of 2^-10 ps: rounding must not turn one that is met into one that is not
    "freq_mhz": 6,
}
_POWER_DECIMALS = 9


@dataclass(frozen=True)
class OperatingPoint:
    """One row of ``operating_points.csv``; None where a scheme has no such quantity."""

    design: str
    tiles: int
    scheme: SchemeName
    variant: str
    delta_vdd_v: float
    freq_mhz: float
    vdd_l_v: float | None
    vdd_h_v: float | None
    vdd_v: float | None
    tiles_high: int | None
    area_low_fraction: float | None
    worst_slack_ps: float | None
    power_total_mw: float
    power_switching_mw: float
    power_internal_mw: float
    power_leakage_mw: float
    power_interface_leakage_mw: float
    selector: str = ""
    assignment: str = ""
    power_clock_mw: float | None = None
    """Clock nets, their buffers and gates, clock pins: contained in switching and internal."""
    power_glitch_mw: float | None = None
    """Contained in switching and internal."""
    energy_per_cycle_pj: float | None = None
    bound_mw: float | None = None
    """Power that no map of the scheme's pairs of voltages undercuts; None where nothing was proved."""
    signoff: str = ""
    """``met``, ``failed`` or nothing."""
    drooped_slack_ps: float | None = None
    """Worst setup slack with each tile at the drop of its worst cycle; None where rails were not followed."""
    nominal_power_mw: float | None = None
    """What the point would draw with the map that meets its clock at the supplies themselves; None likewise."""
    weighed_power_mw: float | None = None
    """Power with the glitches of one supply's delays, by which maps are chosen and bounds proved; None without glitches."""
    power_vdd_mux_leakage_mw: float | None = None
    """Static power of the Vdd-MUXes: contained in leakage; None where there are none, or it is not known."""


def power_columns(power: Power, frequency: float) -> dict[str, Any]:
    """The columns of a point that its power and its frequency, MHz, decide."""
    return {
        "freq_mhz": frequency,
        "power_total_mw": power.total,
        "power_switching_mw": power.switching,
        "power_internal_mw": power.internal,
        "power_leakage_mw": power.leakage,
        "power_interface_leakage_mw": power.interface,
        "energy_per_cycle_pj": power.total / frequency * 1e3,  # mW / MHz = nJ
    }


def points_csv(points: Sequence[OperatingPoint]) -> str:
    """Return ``operating_points.csv``: one header line, one row per point, empty where a quantity does not exist."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [field.name for field in fields(OperatingPoint)]
    writer.writerow(names)
    for point in points:
        writer.writerow([_cell(name, getattr(point, name)) for name in names])
    return text.getvalue()


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        decimals = _DECIMALS.get(name, _POWER_DECIMALS)
        return f"{round(value, decimals) + 0.0:.{decimals}f}"  # no minus sign before a zero
    return str(value)


def read_points_csv(text: str, where: str = "operating_points.csv") -> list[OperatingPoint]:
    """Read the table back; columns that an earlier version did not write are empty.

    Raises
    ------
    InputError
        If a column without a default is missing, or a number is none.
    """
    reader = csv.DictReader(io.StringIO(text))
    given = reader.fieldnames or []
    known = fields(OperatingPoint)
    for field in known[: [f.name for f in known].index("selector")]:
        if field.name not in given:
            raise InputError(f"{where}: column '{field.name}' is missing; the file is no operating-point table")
    points = []
    for line, row in enumerate(reader, start=2):
        values = {}
        for field in known:
            if field.name in given:
                values[field.name] = _read(field.name, str(field.type), row[field.name], f"{where}:{line}")
        points.append(OperatingPoint(**values))
    return points


def _read(name: str, kind: str, text: str | None, where: str) -> Any:
    if text is None:
        raise InputError(f"{where}: the row ends before column '{name}'")
    if name == "scheme" and text not in get_args(SchemeName):
        raise InputError(f"{where}: scheme '{text}' is not one of {', '.join(get_args(SchemeName))}")
    if kind in ("str", "SchemeName"):
        return text
    if not text:
        if "None" in kind:
            return None
        raise InputError(f"{where}: column '{name}' is empty")
    try:
        return int(text) if kind.startswith("int") else float(text)
    except ValueError:
        raise InputError(f"{where}: column '{name}' holds '{text}', which is no number") from None
