"""The verbs that work on any netlist or technology, apart from a run: each binds one room to the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from finevh.characterization.publish import publish
from finevh.characterization.run import characterize
from finevh.checks import Checks
from finevh.errors import InputError, NotReachableError
from finevh.technology.manifest import read_manifest
from finevh.technology.platform import add_platform
from finevh.timing.report import format_path
from finevh.units import parse_quantity

# Cells listed by ``finevh leakage`` without --json: the rest is in the JSON.
LISTED_CELLS = 20


def split_list(text: str | None) -> list[str]:
    """Split a comma-separated option; empty where it was not given."""
    return [] if text is None else [entry.strip() for entry in text.split(",") if entry.strip()]


def voltages_of(text: str | None, option: str = "--vdd") -> list[float]:
    """Parse a comma-separated list of voltages, V.

    Raises
    ------
    InputError
        Naming the option and the entry.
    """
    found = []
    for entry in split_list(text):
        try:
            found.append(float(entry.removesuffix("V").strip()))
        except ValueError:
            raise InputError(f"{option} {text}: '{entry}' is not a voltage; write for example 0.8,1.0") from None
    return found


def characterize_technology(
    technology: Path, cell: str | None, vdd: str | None, variant: str | None, jobs: int, output: Path | None
) -> None:
    """Measure what is not measured yet, then write the views if the whole technology is there.

    Raises
    ------
    NotReachableError
        If simulations failed; each is named with its deck.
    """
    folder = output or (technology if technology.is_dir() else technology.parent)
    records = folder / "records"
    file = technology / "technology.toml" if technology.is_dir() else technology
    cells, vdds, variants = split_list(cell), voltages_of(vdd), split_list(variant)
    summary = characterize(file, records, cells, vdds, variants, jobs)
    click.echo(
        f"{summary.simulated} cell-corners simulated, {summary.reused} found finished, {len(summary.failed)} failed"
    )
    if summary.failed:
        raise NotReachableError("simulations failed:\n" + "\n".join(summary.failed))
    if cells or vdds or variants:
        click.echo(f"records in {records}; run without --cell, --vdd and --variant to write the library files")
        return
    if read_manifest(file).views is not None:
        written = publish(file, records, folder)
        click.echo(f"{len(written)} files written to {folder}")


def environment_of(variables: Sequence[str]) -> dict[str, str]:
    """Values of ``--env NAME=VALUE``.

    Raises
    ------
    InputError
        If one is not of that form.
    """
    found = {}
    for text in variables:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InputError(f"--env {text}: write NAME=VALUE")
        found[name] = value
    return found


def timing_text(found: dict[str, Any]) -> str:
    """Static timing for people: what was understood, the figures, then the paths asked for."""
    hold, fmax = found["worst_hold_slack_ps"], found["fmax_mhz"]
    lines = [
        *Checks.from_dict(found["checks"]).lines(),
        f"worst slack {found['worst_slack_ps']:.3f} ps",
        f"total negative slack {found['tns_ps']:.3f} ps",
        "worst hold slack " + ("none checked" if hold is None else f"{hold:.3f} ps"),
        "fmax " + ("none: no register-to-register path" if fmax is None else f"{fmax:.3f} MHz"),
        f"endpoints {len(found['endpoints'])}",
    ]
    lines += [f"cut: {arc}" for arc in found["cut_arcs"]]
    lines += [format_path(path) for path in found["paths"]]
    if "hold_paths" in found:
        lines += ["hold", *(format_path(path) for path in found["hold_paths"])]
    return "\n".join(lines)


def leakage_text(found: dict[str, Any]) -> str:
    """Leakage for people: the sums, then the cells that leak most."""
    lines = [f"leakage {found['leakage_mw']:.6g} mW", f"of it at interfaces {found['interface_leakage_mw']:.6g} mW"]
    for cell in sorted(found["cells"], key=lambda cell: -cell["leakage_nw"])[:LISTED_CELLS]:
        lines.append(f"{cell['instance']}: {cell['leakage_nw']:.4g} nW, interface {cell['interface_nw']:.4g} nW")
    if len(found["cells"]) > LISTED_CELLS:
        lines.append(f"... {len(found['cells']) - LISTED_CELLS} further cells: see --json")
    return "\n".join(lines)


def add_platform_folder(path: Path, output: Path | None, name: str | None, leakage_slope: str | None) -> list[str]:
    """Make a technology from a platform folder; returns where it is and what a user must know."""
    slope = None if leakage_slope is None else parse_quantity(leakage_slope, "voltage")
    result = add_platform(path, output, name, leakage_slope=slope)
    return [*(f"note: {note}" for note in result.notes), f"written to {result.folder}"]
