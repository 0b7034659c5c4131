"""The command line: one verb per command, no logic. Exit status: 0 done, 1 the answer is no, 2 wrong input, 3 a missing
tool, 130 ended by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from finevh.base.children import Terminated, supervised
from finevh.base.quoting import visible
from finevh.checks import Checks
from finevh.commands.asked import asked_of
from finevh.commands.given import require_files, require_run
from finevh.commands.quantities import counts_of, tile_counts, voltage_of, voltages_of
from finevh.config import Selector
from finevh.errors import DefectError, FinevhError, InputError, NotReachableError
from finevh.flow.stage_names import stage_number
from finevh.flow_file import read_flow, read_run_flow
from finevh.version import VERSION

if TYPE_CHECKING:
    from rich.table import Table

_FLOW = click.argument("flow_file", metavar="FLOW.toml", type=click.Path(path_type=Path))
_OUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Directory to write (default runs/<flow name>)."
)
_JOBS = click.option(
    "-j", "--jobs", type=click.IntRange(1, 1024), default=os.cpu_count() or 1, help="Processes to use."
)
_SET = click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Override a key of the flow file.")
_ALLOW = click.option(
    "--allow", multiple=True, metavar="KIND", help="Go on with findings of this kind that make the result meaningless."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION)
@click.option("--debug", is_flag=True, help="Show the traceback of an error (anywhere on the line).")
def cli(debug: bool) -> None:
    """From RTL to power-against-frequency curves under ultra-fine grain Vdd-hopping."""


@cli.command()
@_FLOW
@_OUT
@click.option("--from", "first", metavar="STAGE", help="Run this stage and all later ones again.")
@click.option("--to", "last", metavar="STAGE", help="Stop after this stage.")
@click.option("--engine", type=click.Choice(["builtin", "openroad"]), help="Layout engine.")
@_ALLOW
@_SET
@_JOBS
def run(
    flow_file: Path,
    output: Path | None,
    first: str | None,
    last: str | None,
    engine: str | None,
    allow: tuple[str, ...],
    assignments: tuple[str, ...],
    jobs: int,
) -> None:
    """The main job: RTL to curves to report."""
    # Read before the stages are loaded: a wrong flow file is answered at once.
    flow = read_flow(flow_file, assignments + ((f"engine={engine}",) if engine else ()))
    for name in (first, last):
        if name is not None:
            stage_number(name)
    Checks().refuse(allow)  # names of kinds that do not exist
    from finevh.commands.run import account, conclusion, final_tables, run_flow

    directory = output or Path("runs") / flow_file.stem
    run_flow(flow, directory, first=first, last=last, jobs=jobs, allow=allow)
    for line in (*conclusion(directory), *account(directory)):
        _print(line)
    _print_tables(final_tables(directory))
    _print(f"written to {directory}")


@cli.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--freq",
    "frequencies",
    multiple=True,
    required=True,
    metavar="FREQ,...",
    help="Clock frequency, for example 250MHz; a list, or repeat it.",
)
@click.option(
    "--delta-vdd", metavar="V", help="VddH - VddL, for example 100mV or 0.1 (default: the smallest of the run)."
)
@click.option(
    "--selector", type=click.Choice(get_args(Selector)), help="How maps are chosen (default: the flow file's first)."
)
@click.option(
    "--time-limit", type=click.FloatRange(min=0.0), metavar="S", help="exact: seconds per frequency (default 30)."
)
@click.option(
    "--variant", type=click.Choice(["pb0", "pb", "vt"]), help="Variant set (default: pb where the run has it)."
)
@_JSON
def emulate(
    directory: Path,
    frequencies: tuple[str, ...],
    delta_vdd: str | None,
    selector: str | None,
    time_limit: float | None,
    variant: str | None,
    as_json: bool,
) -> None:
    """Vdd selection on a finished run at given frequencies, beside the other schemes."""
    asked_of(read_run_flow(directory), frequencies, delta_vdd, time_limit)  # a slip is answered before all is loaded
    from finevh.commands.emulate import emulate_run, emulation_lines

    points = emulate_run(directory, frequencies, delta_vdd, selector, variant, time_limit)
    if as_json:
        _print(json.dumps(points, indent=1))
        return
    for line in emulation_lines(points):
        _print(line)


@cli.command()
@_FLOW
@click.option(
    "--tiles", required=True, multiple=True, metavar="N,...", help="Tile counts, for example 1,9,25,49, or repeat it."
)
@click.option(
    "--delta-vdd",
    required=True,
    multiple=True,
    metavar="V,...",
    help="VddH - VddL, for example 100mV,200mV or 0.1,0.2, or repeat it.",
)
@click.option(
    "--program", "programs", multiple=True, help="One run per program (default: those of the flow, together)."
)
@click.option("--scheduler", metavar="ADDRESS", help="A dask scheduler, for example tcp://host:8786.")
@_OUT
@_SET
@_JOBS
def sweep(
    flow_file: Path,
    tiles: tuple[str, ...],
    delta_vdd: tuple[str, ...],
    programs: tuple[str, ...],
    scheduler: str | None,
    output: Path | None,
    assignments: tuple[str, ...],
    jobs: int,
) -> None:
    """Every combination of tiles, delta-Vdd and programs; one tidy table, its summary and its map."""
    read_flow(flow_file, assignments)
    counts_of(tiles, "--tiles")
    voltages_of(delta_vdd, "--delta-vdd")
    from finevh.commands.sweep import run_sweep, sweep_summary

    directory = output or Path("runs") / f"{flow_file.stem}-sweep"
    table = run_sweep(flow_file, tiles, delta_vdd, programs, assignments, directory, jobs, scheduler)
    for line in sweep_summary(table):
        _print(line)
    _print(f"written to {table}")


@cli.command()
@click.argument("technology", metavar="TECHNOLOGY.toml", type=click.Path(path_type=Path))
@click.option("--cell", multiple=True, metavar="GLOB,...", help="Only the cells that match.")
@click.option("--vdd", multiple=True, metavar="V,...", help="Only these voltages, for example 0.8,1.0 or 800mV.")
@click.option("--variant", multiple=True, metavar="NAME,...", help="Only these variants.")
@click.option("--yes", "sure", is_flag=True, help="Write over library files without asking.")
@_JOBS
@_OUT
def characterize(
    technology: Path,
    cell: tuple[str, ...],
    vdd: tuple[str, ...],
    variant: tuple[str, ...],
    sure: bool,
    jobs: int,
    output: Path | None,
) -> None:
    """Technology data from transistor netlists; shows its plan first; resumable."""
    require_files(technology)
    from finevh.commands.characterize import characterize_technology

    with _writing(output or technology):
        characterize_technology(technology, cell, vdd, variant, jobs, output, sure)


# One parameter for each option of the command.
@cli.command()
@click.option("--netlist", required=True, type=click.Path(path_type=Path), help="Flat mapped Verilog.")
@click.option("--top", required=True)
@click.option(
    "--liberty", "liberties", multiple=True, type=click.Path(path_type=Path), help=".lib or .lib.gz; repeat it."
)
@click.option(
    "--corner",
    "corners",
    multiple=True,
    metavar="NAME=LIB,...",
    help="In place of --liberty: a corner and its files; repeat it.",
)
@click.option("--sdc", type=click.Path(path_type=Path))
@click.option("--spef", type=click.Path(path_type=Path))
@click.option(
    "--voltages", type=click.Path(path_type=Path), help="CSV: instance (glob allowed), vdd; the first match wins."
)
@click.option("--paths", type=click.IntRange(0, 100_000), default=1, help="Worst paths to report.")
@click.option("--hold", is_flag=True, help="Also list the hold checks and their paths.")
@click.option(
    "--wire-model",
    type=click.Choice(["elmore", "shielded", "ceff"]),
    default="ceff",
    help="How parasitics act (default ceff).",
)
@click.option(
    "--driver-resistance",
    type=click.Choice(["tangent", "secant"]),
    default="tangent",
    help="Of ceff: as OpenSTA 3 has it (default), or its releases 2.",
)
@click.option("--allow", multiple=True, metavar="KIND", help="A kind of finding that shall be a warning, no error.")
@click.option("--env", "variables", multiple=True, metavar="NAME=VALUE", help="Value of $::env(NAME) in the SDC.")
@_JSON
def sta(
    netlist: Path,
    top: str,
    liberties: tuple[Path, ...],
    corners: tuple[str, ...],
    sdc: Path | None,
    spef: Path | None,
    voltages: Path | None,
    paths: int,
    hold: bool,
    wire_model: str,
    driver_resistance: str,
    allow: tuple[str, ...],
    variables: tuple[str, ...],
    as_json: bool,
) -> None:
    """Static timing of any mapped netlist."""
    require_files(netlist, *liberties, sdc, spef, voltages)
    from finevh.commands.sta import corner_text, corners_of, environment_of, timing_text, worst_of_corners

    if bool(liberties) == bool(corners):
        raise InputError(
            "give the Liberty files: --liberty FILE for one corner, or --corner NAME=FILE,... for each of several"
        )
    by_corner, environment = corners_of(corners), environment_of(variables)
    Checks().refuse(allow)  # names of kinds that do not exist
    from finevh.timing.report import StaOptions, run_sta

    options = StaOptions(paths, hold, wire_model, driver_resistance, allow, environment)
    if corners:
        each = {name: run_sta(netlist, top, files, sdc, spef, voltages, options) for name, files in by_corner.items()}
        _print(json.dumps(worst_of_corners(each), indent=1) if as_json else corner_text(each))
        return
    found = run_sta(netlist, top, liberties, sdc, spef, voltages, options)
    _print(json.dumps(found, indent=1) if as_json else timing_text(found))


@cli.command()
@click.option("--netlist", required=True, type=click.Path(path_type=Path), help="Flat mapped Verilog.")
@click.option("--top", required=True)
@click.option(
    "--technology", required=True, type=click.Path(path_type=Path), help="A name of finevh flows, or a folder."
)
@click.option("--voltages", required=True, type=click.Path(path_type=Path), help="CSV: instance (glob allowed), vdd.")
@click.option("--probabilities", type=click.Path(path_type=Path), help="CSV: net or port, probability of a 1.")
@_JSON
def leakage(
    netlist: Path, top: str, technology: Path, voltages: Path, probabilities: Path | None, as_json: bool
) -> None:
    """Static leakage of any mapped netlist."""
    from finevh.base.share import technology_folder

    require_files(netlist, technology_folder(technology), voltages, probabilities)
    from finevh.commands.leakage import leakage_text, run_leakage

    found = run_leakage(netlist, top, technology_folder(technology), voltages, probabilities)
    _print(json.dumps(found, indent=1) if as_json else leakage_text(found))


# One parameter for each option of the command.
@cli.command()
@click.option("--netlist", required=True, type=click.Path(path_type=Path), help="Flat mapped Verilog.")
@click.option("--top", required=True)
@click.option(
    "--technology", required=True, type=click.Path(path_type=Path), help="A name of finevh flows, or a folder."
)
@click.option("--sdc", type=click.Path(path_type=Path))
@click.option("--spef", type=click.Path(path_type=Path))
@click.option("--variants", metavar="SET", help="Variant set, for example pb or vt (default: the technology's first).")
@click.option("--vdd", metavar="V", help="Supply of all cells, for example 0.9V (default: the technology's nominal).")
@click.option("--probabilities", type=click.Path(path_type=Path), help="CSV: net or port, probability of a 1.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Verilog to write, cells by their variants.")
@click.option("--allow", multiple=True, metavar="KIND", help="A kind of finding that shall be a warning, no error.")
@_JSON
def bias(
    netlist: Path,
    top: str,
    technology: Path,
    sdc: Path | None,
    spef: Path | None,
    variants: str | None,
    vdd: str | None,
    probabilities: Path | None,
    output: Path | None,
    allow: tuple[str, ...],
    as_json: bool,
) -> None:
    """Leakage recovery of any mapped netlist: slower variants wherever the clock is still met."""
    from finevh.base.share import technology_folder

    require_files(netlist, technology_folder(technology), sdc, spef, probabilities)
    supply = None if vdd is None else voltage_of(vdd, "--vdd")
    Checks().refuse(allow)  # names of kinds that do not exist
    from finevh.commands.bias import BiasOptions, bias_text, run_bias

    options = BiasOptions(variants, supply, probabilities, allow)
    with _writing(output):
        found = run_bias(netlist, top, technology_folder(technology), sdc, spef, output, options)
    _print(json.dumps(found, indent=1) if as_json else bias_text(found, output))


@cli.command()
@_FLOW
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Directory to write.")
@click.option("--check", is_flag=True, help="Validate each command and option.")
@click.option(
    "--tiles", metavar="N,...", help="Tile counts in place of the flow's, a folder each: for example 1,9,25,49."
)
@_SET
def tcl(flow_file: Path, output: Path, check: bool, tiles: str | None, assignments: tuple[str, ...]) -> None:
    """Render every Yosys and OpenROAD script."""
    flow = read_flow(flow_file, assignments)
    counts = tile_counts(tiles)
    from finevh.commands.tcl import render_scripts

    with _writing(output):
        lines = render_scripts(flow, output, check, counts)
    for line in lines:
        _print(line)


@cli.command()
@click.argument("directories", metavar="DIR [DIR ...]", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Page of several runs (default comparison.html).")
def report(directories: tuple[Path, ...], output: Path | None) -> None:
    """Rebuild tables, plots and report.html of a finished run; of several, a page that compares them."""
    for directory in directories:
        require_run(directory)
    if len(directories) > 1:
        from finevh.flow.finished import POINTS, require_results
        from finevh.report.compare import compare_runs

        for directory in directories:
            require_results(directory, POINTS)
        page = output or Path("comparison.html")
        with _writing(page):
            compare_runs(directories, page)
        _print(f"written to {page}")
        return
    if output is not None:
        raise InputError("-o is for a comparison: the report of one run is written into its directory")
    from finevh.commands.report import rebuild_report

    _print(f"written to {rebuild_report(directories[0])}")


@cli.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--opensta", is_flag=True, help="Also time a few single-supply points with OpenSTA.")
@_JSON
@_JOBS
def signoff(directory: Path, opensta: bool, as_json: bool, jobs: int) -> None:
    """Every operating point of a finished run again, from its exported files."""
    read_run_flow(directory)
    from finevh.commands.signoff import sign_off_run
    from finevh.commands.signoff_text import signoff_notes, signoff_tables, verdict

    found = sign_off_run(directory, jobs, opensta)
    if as_json:
        _print(json.dumps(found.as_dict(), indent=1))
    else:
        _print_tables(signoff_tables(found))
        for note in signoff_notes(found):
            _print(note)
    failure = verdict(found)
    if failure is not None:
        raise NotReachableError(failure)


@cli.command()
@click.argument("directory", metavar="DIR", required=False, type=click.Path(path_type=Path))
@click.option("--compare", nargs=2, metavar="A B", type=click.Path(path_type=Path), help="Two runs: what differs.")
@_JSON
def metrics(directory: Path | None, compare: tuple[Path, Path] | None, as_json: bool) -> None:
    """Metrics of a finished run, or how those of two runs differ."""
    if (directory is None) == (compare is None):
        raise InputError("give the directory of a run, or two with --compare A B")
    require_files(directory, *(compare or ()))
    from finevh.commands.metrics import compared_data, compared_lines, metric_lines
    from finevh.flow.finished import require_results
    from finevh.report.metrics import read_metrics

    for run in compare or (directory,):
        if run is not None:
            require_results(run)
    if compare is not None:
        lines = [json.dumps(compared_data(*compare), indent=1)] if as_json else compared_lines(*compare)
    else:
        assert directory is not None
        lines = [json.dumps(read_metrics(directory), indent=1)] if as_json else metric_lines(directory)
    for line in lines:
        _print(line)


@cli.command()
@_JSON
def doctor(as_json: bool) -> None:
    """Versions, tools found and missing, technologies found."""
    from finevh.commands.doctor import diagnose

    found = diagnose()
    if as_json:
        _print(json.dumps(found.as_dict(), indent=1))
        return
    _print(f"finevh {found.finevh}")
    for name, version in found.packages.items():
        _print(f"  {name} {version}")
    for tool in found.tools:
        state = f"{tool.path} ({tool.version or 'version unknown'})" if tool.path else f"missing: {tool.install}"
        _print(f"{tool.name}: {state}; for {tool.purpose}" + (f"; {tool.note}" if tool.note else ""))
    for technology in found.technologies:
        _print(f"technology {technology}")


@cli.command()
@_JSON
def flows(as_json: bool) -> None:
    """Ready flows and technologies by name."""
    from finevh.commands.flows import flow_lines, ready_flows, ready_technologies

    found, technologies = ready_flows(), ready_technologies()
    if as_json:
        _print(json.dumps({"flows": found, "technologies": technologies}, indent=1))
        return
    for line in flow_lines(found):
        _print(line)
    for technology in technologies:
        _print(f"technology {technology['name']}: {technology['library']}")


@cli.command()
@click.argument("name")
@click.option(
    "--rtl", multiple=True, type=click.Path(path_type=Path), help="A Verilog or SystemVerilog file; repeat it."
)
@click.option(
    "-f",
    "--file-list",
    "lists",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file list: files, +incdir+, +define+.",
)
@click.option("--include", "includes", multiple=True, type=click.Path(path_type=Path), help="An include folder.")
@click.option("--top", help="Top module (default: the one that no other instantiates).")
@click.option("--technology", default="finevh45", show_default=True, help="A name of finevh flows, or a folder.")
@click.option("--placed", type=click.Path(path_type=Path), help="A placed design instead of RTL: see finevh import.")
def init(
    name: str,
    rtl: tuple[Path, ...],
    lists: tuple[Path, ...],
    includes: tuple[Path, ...],
    top: str | None,
    technology: str,
    placed: Path | None,
) -> None:
    """A commented flow file NAME.toml for own RTL: top module, clock, reset and period are found."""
    if placed is not None:
        raise InputError(f"--placed: write 'finevh import {placed} -o {name}.toml'")
    if not rtl and not lists:
        raise InputError(f"give the RTL: finevh init {name} --rtl FILE [--rtl FILE ...], or a list of files with -f")
    from finevh.commands.file_lists import rtl_of

    given = rtl_of(rtl, lists, includes, top)
    from finevh.commands.init import init_flow

    with _writing(Path(f"{name}.toml")):
        written = init_flow(name, given, technology, _print)
    _print(f"written to {written}; next: finevh run {written}")


@cli.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Flow file to write (default <design>.toml).")
@click.option("--technology", help="A name of finevh flows, or a folder (default: what the folder tells).")
@click.option("--tiles", type=click.IntRange(1), default=9, show_default=True, help="Tiles to lay over the places.")
def import_placed(path: Path, output: Path | None, technology: str | None, tiles: int) -> None:
    """A flow file for a placed design in a result folder of OpenROAD-flow-scripts, LibreLane, or of DEF and netlist."""
    require_files(path)
    from finevh.commands.import_design import import_design

    with _writing(output or Path()):
        written = import_design(path, output, technology, tiles, _print)
    _print(f"written to {written}; next: finevh run {written}")


@cli.group()
def platform() -> None:
    """Technologies from other tools' platform folders."""


@platform.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder of the new technology (default libs/<name>)."
)
@click.option("--name", help="Name of the new technology (default: the folder's).")
@click.option(
    "--leakage-slope",
    metavar="VOLTAGE",
    help="Derive leakage derates from this slope per decade, for example 140mV; they are marked as derived.",
)
def platform_add(path: Path, output: Path | None, name: str | None, leakage_slope: str | None) -> None:
    """Make a technology from an OpenROAD-flow-scripts platform folder."""
    require_files(path)
    from finevh.commands.platform import add_platform_folder

    with _writing(output or Path()):
        lines = add_platform_folder(path, output, name, leakage_slope)
    for line in lines:
        _print(line)


@cli.command()
@click.option("--prune", is_flag=True, help="Remove leftovers, and what was used longest ago beyond the limit.")
@click.option("--clear", is_flag=True, help="Remove everything.")
@_JSON
def cache(prune: bool, clear: bool, as_json: bool) -> None:
    """Show the library cache; it keeps to $FINEVH_CACHE_MB megabytes (4096) by itself."""
    from finevh.commands.cache import cache_text, inspect_cache

    found = inspect_cache(prune, clear)
    _print(json.dumps(found, indent=1) if as_json else cache_text(found))


@contextmanager
def _writing(path: Path | None) -> Iterator[None]:
    """Name the place where a disk is full: the system names no file when data are written."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in _MENDS and path is not None:
            error.filename = str(path)
        raise


def _print_tables(tables: Iterable[Table]) -> None:
    from rich.console import Console

    for table in tables:
        Console().print(table)


def _print(text: str) -> None:
    """Print what is partly from input files: an escape sequence in a name is shown, never sent to the terminal."""
    click.echo(visible(text))


def run_command(arguments: list[str]) -> int:
    """Run one command line and return its exit status; messages go to stderr, and no exception leaves."""
    debug = "--debug" in arguments
    try:
        cli.main(
            [argument for argument in arguments if argument != "--debug"], prog_name="finevh", standalone_mode=False
        )
    except SystemExit as done:  # the other end of a pipe is closed
        return done.code if isinstance(done.code, int) else 1
    except (KeyboardInterrupt, click.exceptions.Abort) as error:
        # click calls the end of an input an abort, too.
        if isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt):
            _say("interrupted; the same command resumes")
            return 128 + signal.SIGINT
        return _answer(error.__cause__ if isinstance(error.__cause__, Exception) else error, debug)
    except Terminated as asked:
        _say("asked to end; the same command resumes")
        return 128 + asked.signal
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(file=shown)
        with suppress(OSError):
            click.echo(visible(shown.getvalue()), err=True, nl=False)
        return InputError.exit_status
    except Exception as error:
        return _answer(error, debug)
    return 0


def _answer(error: Exception, debug: bool) -> int:
    """Say what went wrong and return the exit status."""
    if debug:
        traceback.print_exception(error)
    known = _known(error)
    _say(str(known))
    return known.exit_status


def _say(text: str) -> None:
    with suppress(OSError):  # nobody reads
        click.echo(visible(f"finevh: {text}"), err=True)


_MENDS = {
    errno.ENOSPC: "free space there or choose another directory with -o",
    errno.EDQUOT: "free space there or choose another directory with -o",
    errno.EROFS: "choose a writable directory with -o",
    errno.EACCES: "change its permissions or choose another",
    errno.EPERM: "change its permissions or choose another",
}


def _known(error: Exception) -> FinevhError:
    """Turn any exception into one of ours: what the machine refuses is wrong input, everything else a defect of finevh."""
    if isinstance(error, FinevhError):
        return error
    if isinstance(error, OSError):
        what = f"{error.filename}: " if error.filename is not None else ""
        mend = _MENDS.get(error.errno or 0, "check the path, the disk and the limits of the system")
        return InputError(f"{what}{error.strerror or error}; {mend}")
    if isinstance(error, MemoryError):
        return InputError(
            "the memory of this machine does not suffice; use a smaller design, fewer voltages or fewer -j"
        )
    if isinstance(error, RecursionError):
        return InputError("an input file is nested too deeply; simplify it")
    if isinstance(error, UnicodeError):
        return InputError(f"a file or a name is not UTF-8 text ({error}); convert or rename it")
    if isinstance(error, ValueError) and str(error).startswith("embedded null"):
        return InputError("a path with a NUL character can be no file; correct the name")
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" at {Path(last[0].filename).name}:{last[0].lineno}" if last else ""
    return DefectError(
        f"a defect of finevh: {type(error).__name__}: {error}{where}. Please report it with the output of the same command"
        " and --debug"
    )


def main() -> None:
    """Entry point of the ``finevh`` command."""
    sys.exit(supervised(lambda: run_command(sys.argv[1:])))
