"""The verbs that work on any netlist or technology, apart from a run: each binds one room to the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from finevh.base.quoting import visible
from finevh.base.share import LIBRARIES, shared, technology_names
from finevh.characterization.publish.files import publish
from finevh.characterization.run import Plan, characterize, plan_characterization
from finevh.checks import Checks
from finevh.commands.quantities import entries, voltage_of, voltages_of
from finevh.errors import InputError, NotReachableError
from finevh.technology.manifest import library_file, read_manifest
from finevh.technology.platform import add_platform
from finevh.timing.worst_paths import format_path

# Cells listed by ``finevh leakage`` without --json: the rest is in the JSON.
LISTED_CELLS = 20


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


def corners_of(texts: Sequence[str]) -> dict[str, tuple[Path, ...]]:
    """Liberty files by corner, of ``--corner NAME=FILE,...``.

    Raises
    ------
    InputError
        If one is not of that form, or a name stands twice.
    """
    found: dict[str, tuple[Path, ...]] = {}
    for text in texts:
        name, equals, files = text.partition("=")
        paths = tuple(Path(file) for file in files.split(",") if file)
        if not name or not equals or not paths:
            raise InputError(f"--corner {text}: write NAME=FILE, or NAME=FILE,FILE for several supplies")
        if name in found:
            raise InputError(f"--corner {text}: corner '{name}' is given twice; name its files in one list")
        found[name] = paths
    return found


def worst_of_corners(each: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Timing at several corners: the worst of each figure, and every corner's own under ``corners``."""
    hold = [found["worst_hold_slack_ps"] for found in each.values() if found["worst_hold_slack_ps"] is not None]
    fmax = [found["fmax_mhz"] for found in each.values() if found["fmax_mhz"] is not None]
    return {
        "worst_slack_ps": min(found["worst_slack_ps"] for found in each.values()),
        "tns_ps": min(found["tns_ps"] for found in each.values()),
        "worst_hold_slack_ps": min(hold) if hold else None,
        "fmax_mhz": min(fmax) if fmax else None,
        "corners": each,
    }


def corner_text(each: dict[str, dict[str, Any]]) -> str:
    """Timing at several corners for people: a line per corner, the worst, then what the worst corners show."""
    worst = worst_of_corners(each)
    lines = [f"{'corner':16s} {'slack, ps':>12s} {'hold, ps':>12s} {'fmax, MHz':>12s}"]

    def line(name: str, found: dict[str, Any]) -> str:
        shown = (found["worst_slack_ps"], found["worst_hold_slack_ps"], found["fmax_mhz"])
        return f"{name:16s} " + " ".join(f"{'none' if value is None else f'{value:.3f}':>12s}" for value in shown)

    lines += [line(name, found) for name, found in each.items()]
    lines += [line("worst", worst)]
    for name, found in each.items():
        lines += ["", f"corner {name}", timing_text(found)]
    return "\n".join(lines)


def leakage_text(found: dict[str, Any]) -> str:
    """Leakage for people: the sums, then the cells that leak most."""
    lines = [f"leakage {found['leakage_mw']:.6g} mW", f"of it at interfaces {found['interface_leakage_mw']:.6g} mW"]
    for cell in sorted(found["cells"], key=lambda cell: -cell["leakage_nw"])[:LISTED_CELLS]:
        lines.append(f"{cell['instance']}: {cell['leakage_nw']:.4g} nW, interface {cell['interface_nw']:.4g} nW")
    if len(found["cells"]) > LISTED_CELLS:
        lines.append(f"... {len(found['cells']) - LISTED_CELLS} further cells: see --json")
    return "\n".join(lines)


def technology_folder(given: Path) -> Path:
    """Folder of a technology that is given by its path, or by the name of one that ships where no such path exists."""
    named = len(given.parts) == 1 and not given.exists() and given.name in technology_names()
    return shared(LIBRARIES, given.name) if named else given


def bias_text(found: dict[str, Any], output: Path | None) -> str:
    """Leakage recovery for people: what was understood, cells per variant, leakage and slack before and after."""
    before, after = found["leakage_before_mw"], found["leakage_after_mw"]
    saved = f"{100.0 * (1.0 - after / before):.2f} % less" if before > 0 else "none before"
    slack = found["worst_slack_before_ps"], found["worst_slack_after_ps"]
    lines = [
        *Checks.from_dict(found["checks"]).lines(),
        f"variant set {found['variant_set']} at {found['vdd_v']:g} V",
        f"{'variant':12s} {'before':>8s} {'after':>8s}  cells",
        *(f"{name:12s} {count['before']:8d} {count['after']:8d}" for name, count in found["cells"].items()),
        f"leakage {before:.6g} mW before, {after:.6g} mW after: {saved}",
        f"worst slack {slack[0]:.3f} ps before, {slack[1]:.3f} ps after",
    ]
    if slack[0] < 0:
        lines.append("the clock was missed before: paths that were late are no later")
    if output is not None:
        lines.append(f"written to {output}")
    return "\n".join(lines)


def add_platform_folder(path: Path, output: Path | None, name: str | None, leakage_slope: str | None) -> list[str]:
    """Make a technology from a platform folder; returns where it is and what a user must know."""
    slope = None if leakage_slope is None else voltage_of(leakage_slope, "--leakage-slope")
    result = add_platform(path, output, name, leakage_slope=slope)
    return [*(f"note: {note}" for note in result.notes), f"written to {result.folder}"]
