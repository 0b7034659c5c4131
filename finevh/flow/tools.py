"""The verbs that work on any netlist or technology, apart from a run: each binds one room to the command line."""

from __future__ import annotations

from pathlib import Path

import click

from finevh.characterization.publish import publish
from finevh.characterization.run import characterize
from finevh.errors import InputError, NotReachableError
from finevh.technology.manifest import read_manifest


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
    click.echo(f"{summary.simulated} cell-corners simulated, {summary.reused} found finished, {len(summary.failed)} failed")
    if summary.failed:
        raise NotReachableError("simulations failed:\n" + "\n".join(summary.failed))
    if cells or vdds or variants:
        click.echo(f"records in {records}; run without --cell, --vdd and --variant to write the library files")
        return
    if read_manifest(file).views is not None:
        written = publish(file, records, folder)
        click.echo(f"{len(written)} files written to {folder}")
