"""``finevh characterize``: what is to be measured is shown, measured and written."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from finevh.base.quoting import visible
from finevh.characterization.publish.files import publish
from finevh.characterization.run import Plan, characterize, plan_characterization
from finevh.commands.quantities import entries, voltages_of
from finevh.errors import InputError, NotReachableError
from finevh.technology.manifest import library_file, read_manifest


def characterize_technology(
    technology: Path,
    cell: Sequence[str],
    vdd: Sequence[str],
    variant: Sequence[str],
    jobs: int,
    output: Path | None,
    sure: bool = False,
) -> None:
    """Show what is to be done; measure what is not measured yet; write the views if the whole technology is there.

    Parameters
    ----------
    sure
        Write over library files without asking.

    Raises
    ------
    InputError
        If library files are there and nobody can be asked.
    NotReachableError
        If simulations failed; each is named with its deck. If writing over library files was refused.
    """
    folder = output or (technology if technology.is_dir() else technology.parent)
    records = folder / "records"
    if output is None and records.is_symlink():
        raise InputError(f"{records}: a link, which may lead anywhere; name the folder to write with -o")
    file = technology / "technology.toml" if technology.is_dir() else technology
    cells, vdds, variants = entries(cell, "--cell"), voltages_of(vdd, "--vdd"), entries(variant, "--variant")
    plan = plan_characterization(file, records, cells, vdds, variants)
    whole = not (cells or vdds or variants) and read_manifest(file).views is not None
    there = library_files(file, folder) if whole else []
    for line in plan_lines(plan, jobs, folder, there):
        click.echo(visible(line))
    if there and not sure:
        _ask(len(there), folder)
    summary = characterize(plan, jobs)
    click.echo(
        f"{summary.simulated} cell-corners simulated, {summary.reused} found finished, {len(summary.failed)} failed"
    )
    if summary.failed:
        raise NotReachableError("simulations failed:\n" + "\n".join(summary.failed))
    if cells or vdds or variants:
        click.echo(f"records in {records}; run without --cell, --vdd and --variant to write the library files")
        return
    if whole:
        written = publish(file, records, folder)
        click.echo(f"{len(written)} files written to {folder}")


def plan_lines(plan: Plan, jobs: int, folder: Path, there: Sequence[Path]) -> list[str]:
    """What a characterisation will do: cells and corners, what is finished, minutes, folder, files that it replaces."""
    cells, variants, supplies = plan.counts
    least, most = plan.minutes(jobs)
    about = "nothing to simulate" if not plan.open else f"about {max(1, round(least))} to {max(1, round(most))} minutes"
    lines = [
        f"{cells} cells, {variants} variants, {supplies} supplies: {len(plan.tasks)} cell-corners, "
        f"{len(plan.tasks) - len(plan.open)} finished",
        f"{about} with -j {jobs}; folder {folder}",
    ]
    return [*lines, f"{len(there)} library files there will be written over"] if there else lines


def library_files(technology: Path, folder: Path) -> list[Path]:
    """Files of a technology's views that stand in a folder."""
    manifest = read_manifest(technology)
    views = manifest.views
    if views is None:
        return []
    named = [views.cross_voltage, views.tech_lef, views.verilog, *views.cell_lef]
    if isinstance(views.liberty, str):
        named += [
            library_file(views.liberty, manifest.suffix(variant.name), variant.name, vdd)
            for variant in manifest.published()
            for vdd in manifest.vdds([variant.name])
        ]
    return [folder / name for name in named if name and (folder / name).is_file()]


def _ask(count: int, folder: Path) -> None:
    question = f"{folder} holds {count} library files, which would be written over"
    if not sys.stdin.isatty():
        raise InputError(f"{question}; say so with --yes, or give another folder with -o")
    if not click.confirm(f"{question}. Go on?", err=True):
        raise NotReachableError("nothing was simulated or written; -o gives another folder")
