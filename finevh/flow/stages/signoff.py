"""The sign-off stage: every operating point again, from the files of the export; what fails gets its next best map."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.bitstreams import write_bitstreams
from finevh.flow.designs import average_activity, load_activities
from finevh.flow.engine.stage import Metrics, StageContext
from finevh.flow.inputs.constraints import timed_constraints
from finevh.flow.inputs.technology import technology_of
from finevh.flow.signoff import (
    DroopEntry,
    Exported,
    RailCost,
    RailKey,
    Signoff,
    SignoffRow,
    fast_corner,
    rail_key,
    read_exported,
    signoff_csv,
)
from finevh.flow.timing_graph import timed_types
from finevh.flow.vdd_muxes import finished_vdd_muxes
from finevh.schemes import OperatingPoint, points_csv, read_points_csv

POINTS, TABLE = "results/operating_points.csv", "results/tables/signoff.csv"
"""What the stage writes: the run's points with their ``signoff`` column, and its own table."""


def run_stage(context: StageContext) -> Metrics:
    """Time, leak and judge every point of the run; write the table, and the points with what came of them."""
    flow, technology = context.flow, technology_of(context.flow)
    found = context.inputs["operating-points"] / "results"
    points = read_points_csv((found / "operating_points.csv").read_text(encoding="utf-8"))
    netlist = load_netlist(context.inputs["optimize"], technology)
    fast = fast_corner(flow, technology, timed_types(netlist, timed_constraints(flow, technology, netlist)))
    if fast is None:
        context.note("hold at the library's own corner alone: [technology] fast names no other")
    context.note("reading the exported files")
    out = context.inputs["export"] / "results" / "out"
    designs: dict[str, Exported] = {}
    for variant in dict.fromkeys(point.variant for point in points):
        other = next(iter(designs.values()), None)
        designs[variant] = read_exported(flow, technology, out, variant, context.checks, other)
    context.require_sound()
    activity = average_activity(load_activities(context.inputs["activity"]))
    checker = Signoff(flow, technology, fast, designs, activity, netlist.instance_names, context.checks)
    droop = read_droop(found / "tables" / "droop.csv")
    rails = read_rail_costs(found / "tables" / "drooped.csv")
    rows = checker.rows(points, droop, rails, context.jobs, context.note)
    muxes = finished_vdd_muxes(flow, context.inputs["operating-points"])
    moved, theirs = checker.second_choices(points, rows, rails, muxes)
    if moved:
        before, points = points, [moved.get(number, point) for number, point in enumerate(points)]
        rails = {**rails, **theirs}
        rows = [
            (_instead_of(row, [before[k] for k in numbers if k in moved]), numbers)
            for row, numbers in checker.rows(points, droop, rails, context.jobs)
        ]
        write_bitstreams(context, points)
    context.write(TABLE, signoff_csv([row for row, _ in rows]))
    judged = list(points)
    for row, numbers in rows:
        for number in numbers:
            judged[number] = replace(judged[number], signoff="met" if row.met else "failed")
    context.write(POINTS, points_csv(judged))
    _book(context.checks, [row for row, _ in rows])
    return _metrics([row for row, _ in rows], judged)


def _instead_of(row: SignoffRow, before: Sequence[OperatingPoint]) -> SignoffRow:
    """The row of points some of which had another map, which failed."""
    if not before:
        return row
    return replace(row, failed_assignment=before[0].assignment, failed_power_mw=before[0].power_total_mw)


def _book(checks: Checks, rows: Sequence[SignoffRow]) -> None:
    """Say which points fail, and which have their second map."""

    def names(some: Sequence[SignoffRow]) -> list[str]:
        ordered = sorted(some, key=lambda row: min(row.setup_ps, np.inf if row.hold_ps is None else row.hold_ps))
        return [f"{row.scheme} {row.variant} {row.freq_mhz:.0f} MHz at {_supplies(row)} V" for row in ordered]

    checks.add("signoff_failed", names([row for row in rows if not row.met]))
    checks.add("signoff_reselected", names([row for row in rows if row.failed_assignment and row.met]))


def _supplies(row: SignoffRow) -> str:
    return f"{row.vdd_h_v:g}" if row.vdd_l_v == row.vdd_h_v else f"{row.vdd_l_v:g}/{row.vdd_h_v:g}"


def _metrics(rows: list[SignoffRow], points: list[OperatingPoint]) -> Metrics:
    holds = [row.hold_ps for row in rows if row.hold_ps is not None]
    margins = [row.noise_margin_v for row in rows if row.noise_margin_v is not None]
    metrics: Metrics = {
        "signoff__points__count": len(rows),
        "signoff__failed__count": sum(not row.met for row in rows),
        "signoff__reselected__count": sum(bool(row.failed_assignment) for row in rows),
        "signoff__unchecked__count": sum(not point.signoff for point in points),
    }
    if rows:
        metrics["signoff__setup__ws__ps"] = min(row.setup_ps for row in rows)
    if holds:
        metrics["signoff__hold__ws__ps"] = min(holds)
    if margins:
        metrics["signoff__noise_margin__V"] = min(margins)
    return metrics


def read_droop(path: Path) -> list[DroopEntry]:
    """Rows of a run's ``droop.csv``; none where it has no such table.

    Raises
    ------
    InputError
        If the table is damaged.
    """
    if not path.is_file():
        return []
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    try:
        return [
            DroopEntry(
                row["variant"],
                float(row["delta_vdd_v"]),
                float(row["freq_mhz"]),
                row["selector"],
                max(float(row["worst_fraction"]), float(row["mean_worst_fraction"])),
            )
            for row in reader
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: damaged ({error}); run 'finevh run' again, which makes it anew") from None


def read_rail_costs(path: Path) -> dict[RailKey, RailCost]:
    """What the rails cost each FINE-VH point of a run with the map that it ended with; none where the run has no such table.

    Raises
    ------
    InputError
        If the table is damaged.
    """
    if not path.is_file():
        return {}
    found = {}
    try:
        for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))):
            of = "raised_" if row["raised_assignment"] else ""
            columns = [row[f"{of}slack{which}_ps"] for which in ("", "_usual", "_worst")]
            if not all(columns):  # a drop deeper than the library reaches, which nothing could time
                continue
            slack, usual, worst = map(float, columns)
            key = rail_key(row["variant"], float(row["delta_vdd_v"]), float(row["freq_mhz"]), row["selector"])
            found[key] = RailCost(slack - usual, slack - worst)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: damaged ({error}); run 'finevh run' again, which makes it anew") from None
    return found
