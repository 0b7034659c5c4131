"""A run's FINE-VH points timed and weighed by OpenROAD as well: scripts, results, a table beside the run's own figures."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from finevh.base.csv_text import table
from finevh.checks import Checks
from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.engine.stage import StageContext
from finevh.flow.openroad.layout import WORK, layout_request, openroad_of
from finevh.openroad.context import Activity, OperatingPoint
from finevh.openroad.place_and_route import prepare_run
from finevh.openroad.run import FlowResult, run_flow
from finevh.units import period_ps

TABLE = "results/tables/openroad_points.csv"
COLUMNS = (
    "point", "delta_vdd_v", "freq_mhz", "vdd_l_v", "vdd_h_v", "assignment", "setup_ps", "setup_openroad_ps", "hold_openroad_ps",
    "fmax_openroad_mhz", "power_mw", "power_openroad_mw", "switching_mw", "switching_openroad_mw", "internal_mw",
    "internal_openroad_mw", "leakage_mw", "leakage_openroad_mw",
)  # fmt: skip
_WATT = 1e3  # mW; OpenROAD's metrics are in W
_HERTZ = 1e-6  # MHz
_PIN_NOT_FOUND = ("STA-1648", "STA-1650")
"""OpenSTA's warnings for pins and nodes of a SPEF that the netlist does not have."""


def chosen_points(rows: Sequence[Mapping[str, str]], most: int) -> list[Mapping[str, str]]:
    """Return at most ``most`` unbiased FINE-VH rows of ``operating_points.csv``, spread evenly over the table.

    Rows of the first selector; all tiles at one supply are no test of a map, so mixed ones come first.
    """
    found = [row for row in rows if row["scheme"] == "fine-vh" and row["variant"] == "pb0" and row["assignment"]]
    first = found[0]["selector"] if found else ""
    found = [row for row in found if row["selector"] == first]
    mixed = [row for row in found if {"L", "H"} <= set(row["assignment"])] or found
    count = min(most, len(mixed))
    return [mixed[(2 * k + 1) * len(mixed) // (2 * count)] for k in range(count)]


def operating_point(row: Mapping[str, str]) -> OperatingPoint:
    """Return a row as a point: every tile at VddL or VddH, the period of its frequency (ps)."""
    low, high, frequency = float(row["vdd_l_v"]), float(row["vdd_h_v"]), float(row["freq_mhz"])
    name = f"{round(low * 1e3)}_{round(high * 1e3)}mV_{frequency:.1f}MHz"
    return OperatingPoint(name, period_ps(frequency), tuple(high if c == "H" else low for c in row["assignment"]), high)


def activity_of(flow: Flow) -> Activity:
    """Return where OpenROAD's switching comes from: the flow's recording, else its toggle rate at the inputs."""
    source = flow.activity
    files = [None if path is None else str(path.resolve()) for path in (source.vcd, source.saif)]
    return Activity(source.toggle / 2, 0.5, files[0], files[1], source.scope)


def run_points(context: StageContext, points_csv: Path) -> None:
    """Time and weigh points of a finished run with OpenROAD; writes ``tables/openroad_points.csv``.

    Scripts of earlier stages are reused; each point is a process of its own, since activities can stick in a session.

    Raises
    ------
    InputError
        If a voltage of a point has no library of its own.
    ToolMissingError, OpenRoadError
        As the run of scripts.
    """
    flow = context.flow
    with points_csv.open(encoding="utf-8", newline="") as file:
        rows = chosen_points(list(csv.DictReader(file)), flow.openroad.points)
    points = {operating_point(row).name: operating_point(row) for row in rows}
    request = layout_request(context, list(points.values()), activity_of(flow))
    work = context.directory.parent / WORK
    prepared = prepare_run(request, work)
    if not (work / "final.v").is_file():
        raise InputError(f"{work}: no final.v; run the layout again with --from optimize")
    tool = openroad_of(flow)
    untested = flow.openroad.allow_untested
    result = run_flow(prepared, work, tool=tool, allow_untested=untested, say=context.note)
    book_points(result, prepared.clock, context.checks)
    context.write(TABLE, comparison(rows, result, prepared.clock))


def _fmax(clock: str) -> str:
    """OpenSTA's ``timing__fmax`` is that of the fastest clock, the configuration's; each clock's own has its name."""
    return f"timing__fmax__clock:{clock}"


def book_points(result: FlowResult, clock: str, checks: Checks) -> None:
    """Book what the points of a run left open: figures without a value, parasitics without a pin."""
    for stage in result.stages:
        if not stage.name.startswith("point_"):
            continue
        wanted = ("timing__setup__ws", "timing__hold__ws", _fmax(clock), "power__total")
        missing = [key for key in wanted if f"{stage.name}__{key}" not in stage.metrics]
        checks.add("openroad_unmeasured", [f"{stage.name}: no {key}" for key in missing])
        lost = [message for message in stage.messages if message.code in _PIN_NOT_FOUND]
        texts = [f"{stage.name}: {message.code} {message.text}" for message in lost]
        checks.add("parasitics_not_found", texts, sum(message.count for message in lost))


def comparison(rows: Sequence[Mapping[str, str]], result: FlowResult, clock: str) -> str:
    """Return the table: the run's own figures beside OpenROAD's; what OpenROAD did not report is empty."""

    def found(name: str, key: str, unit: float) -> float | str:
        value = result.metrics.get(f"point_{name}__{key}")
        return float(value) * unit if isinstance(value, int | float) else ""

    lines = []
    for row in rows:
        name = operating_point(row).name
        lines.append(
            (
                name, row["delta_vdd_v"], row["freq_mhz"], row["vdd_l_v"], row["vdd_h_v"], row["assignment"],
                row["worst_slack_ps"], found(name, "timing__setup__ws", 1.0), found(name, "timing__hold__ws", 1.0),
                found(name, _fmax(clock), _HERTZ),
                row["power_total_mw"], found(name, "power__total", _WATT),
                row["power_switching_mw"], found(name, "power__switching__total", _WATT),
                row["power_internal_mw"], found(name, "power__internal__total", _WATT),
                row["power_leakage_mw"], found(name, "power__leakage__total", _WATT),
            )
        )  # fmt: skip
    return table(COLUMNS, lines)
