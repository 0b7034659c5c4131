"""What sign-off found, for people and as JSON: tables, notes, the verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
from rich.table import Table

from finevh.checks import Checks
from finevh.units import period_ps

_TOLERANCE_PS, _TOLERANCE = 1.0, 0.005
"""ps, and share of the period, within which two timers agree."""


@dataclass(frozen=True)
class Comparison:
    """A single-supply point beside OpenSTA: worst slacks, ps; ours with the driver resistance of that release."""

    variant: str
    vdd_v: float
    freq_mhz: float
    setup_ps: float
    opensta_setup_ps: float
    hold_ps: float | None
    opensta_hold_ps: float | None

    @property
    def agrees(self) -> bool:
        """Whether both slacks are within 1 ps, or 0.5 % of the period."""
        within = max(_TOLERANCE_PS, _TOLERANCE * period_ps(self.freq_mhz))
        same = abs(self.setup_ps - self.opensta_setup_ps) <= within
        if self.hold_ps is None or self.opensta_hold_ps is None:
            return same and self.hold_ps is None and self.opensta_hold_ps is None
        return same and abs(self.hold_ps - self.opensta_hold_ps) <= within


@dataclass(frozen=True)
class SignoffResult:
    """What sign-off found: the table, points that were not checked, the account of the files read, OpenSTA's figures."""

    table: pd.DataFrame
    unchecked: int
    checks: Checks
    comparisons: tuple[Comparison, ...]

    @property
    def failed(self) -> int:
        """Points that do not meet a check."""
        return int((~self.table["met"]).sum())

    @property
    def disagreeing(self) -> int:
        """Points at which OpenSTA has other slacks."""
        return sum(not one.agrees for one in self.comparisons)

    @property
    def _drooped(self) -> pd.Series[float]:
        """Worst slack of each point on drooped rails, ps; empty where the run has no rails, or was signed off before."""
        name = "drooped_worst_ps"
        return self.table[name] if name in self.table else pd.Series(dtype=float)

    def figures(self) -> dict[str, Any]:
        """The short answer; None where the run has no such quantity."""
        return {
            "points": len(self.table),
            "met": int(self.table["met"].sum()),
            "unchecked": self.unchecked,
            "corners": str(self.table["corner"].iloc[0]).split(),
            "worst_setup_ps": _least(self.table["setup_ps"]),
            "worst_hold_ps": _least(self.table["hold_ps"]),
            "worst_droop_fraction": _least(-self.table["worst_droop_fraction"], -1.0),
            "worst_drooped_setup_ps": _least(self._drooped),
            "missed_on_drooped_rails": int((self._drooped < 0.0).sum()),
            "smallest_margin_v": _least(self.table["noise_margin_v"]),
        }

    def as_dict(self) -> dict[str, Any]:
        """Everything, as ``--json`` prints it."""
        rows = json.loads(self.table.to_json(orient="records", double_precision=9))
        opensta = [asdict(one) | {"agrees": one.agrees} for one in self.comparisons]
        return {"checks": self.checks.as_dict(), **self.figures(), "points_checked": rows, "opensta": opensta}


def _least(column: pd.Series[float], sign: float = 1.0) -> float | None:
    value = column.min()
    return None if pd.isna(value) else sign * float(value)


def signoff_tables(result: SignoffResult) -> list[Table]:
    """Tables for people: the short answer by scheme, then OpenSTA's figures."""
    found = Table(title="Sign-off from the exported files: exact wires, setup and hold")
    for name in ("scheme", "points", "met", "setup, ps", "hold, ps", "worst droop", "margin, V"):
        found.add_column(name, justify="left" if name == "scheme" else "right")
    groups = [(str(name), rows) for name, rows in result.table.groupby("scheme", sort=False)]
    for name, rows in [*groups, ("all", result.table)]:
        found.add_row(
            name,
            str(len(rows)),
            str(int(rows["met"].sum())),
            _shown(_least(rows["setup_ps"]), ".1f"),
            _shown(_least(rows["hold_ps"]), ".1f"),
            _shown(_least(-rows["worst_droop_fraction"], -1.0), ".1%"),
            _shown(_least(rows["noise_margin_v"]), ".3f"),
        )
    return [found, *([_opensta_table(result.comparisons)] if result.comparisons else [])]


def _opensta_table(comparisons: Sequence[Comparison]) -> Table:
    found = Table(title="Beside OpenSTA, with the driver resistance of its release")
    for name in ("variant", "Vdd, V", "f, MHz", "setup, ps", "theirs", "hold, ps", "theirs", "agrees"):
        found.add_column(name, justify="left" if name == "variant" else "right")
    for one in comparisons:
        slacks = (one.setup_ps, one.opensta_setup_ps, one.hold_ps, one.opensta_hold_ps)
        shown = (_shown(value, ".3f") for value in slacks)
        found.add_row(one.variant, f"{one.vdd_v:.3f}", f"{one.freq_mhz:.3f}", *shown, "yes" if one.agrees else "NO")
    return found


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def signoff_notes(result: SignoffResult) -> list[str]:
    """What the tables do not say: corners, points left out, droop."""
    figures = result.figures()
    notes = [] if result.checks.as_dict() == {} else result.checks.lines()
    if figures["corners"] == ["slow"]:
        notes.append("hold at the library's own corner alone: [technology] fast names no fast corner")
    if figures["worst_hold_ps"] is None:
        notes.append("hold: the design has no hold check")
    if figures["worst_droop_fraction"] is None:
        notes.append("droop: the run has no droop.csv")
    elif figures["worst_drooped_setup_ps"] is None:
        notes.append("timed at the nominal supplies: droop is shown, not judged")
    else:
        notes.append(
            f"judged at the nominal supplies; with each tile at the drop of its worst cycle {figures['missed_on_drooped_rails']}"
            f" FINE-VH points miss their clock, by up to {max(0.0, -figures['worst_drooped_setup_ps']):.1f} ps"
        )
    late = sum(
        one.opensta_setup_ps < -_TOLERANCE_PS or (one.opensta_hold_ps or 0.0) < 0.0 for one in result.comparisons
    )
    if late:
        notes.append(
            f"OpenSTA: {late} of {len(result.comparisons)} points have a negative slack there; releases before 3 take another"
            " driver resistance than the current one, which sign-off judges by"
        )
    if result.unchecked:
        notes.append(f"{result.unchecked} points of shared time not checked: no ideal-DVFS point at their supplies")
    return notes


def verdict(result: SignoffResult) -> str | None:
    """Why the answer is no; None where every point is met and OpenSTA agrees."""
    said = []
    if result.failed:
        first = result.table[~result.table["met"]].iloc[0]
        said.append(
            f"sign-off: {result.failed} of {len(result.table)} points fail, the first is {first.scheme}, variant"
            f" {first.variant}, {first.freq_mhz:.3f} MHz (setup {first.setup_ps:.1f} ps, hold {first.hold_ps:.1f} ps); see"
            " tables/signoff.csv"
        )
    if result.disagreeing:
        said.append(f"OpenSTA has other slacks at {result.disagreeing} of {len(result.comparisons)} points")
    return "; ".join(said) or None
