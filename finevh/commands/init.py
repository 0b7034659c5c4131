"""``finevh init``: a commented flow file for own RTL, with top module, clock, reset and period found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from finevh.base.files import work_folder, write_whole
from finevh.base.quoting import plain_name
from finevh.base.share import technology_folder, technology_names
from finevh.base.toml import toml_value
from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.engine.runner import run_stages
from finevh.flow.inputs.constraints import constraints_of
from finevh.flow.inputs.technology import synthesis_vdd, technology_of, variant_sets
from finevh.flow.stages import STAGES
from finevh.flow_file import read_flow, schema_line
from finevh.synthesis import Rtl
from finevh.synthesis.survey import RtlSurvey, survey_rtl
from finevh.technology.liberty import read_liberty
from finevh.technology.manifest import read_manifest
from finevh.timing import TimingGraph
from finevh.units import frequency_mhz

_FIRST_PERIOD = "1 ns"
_WIRES = 1.4
"""Period over that of the mapped netlist without wires: what wires, trees and sizing have cost on the designs that ship."""
_RESET_NAME = re.compile(r"(?:^|_)(?:a?rst|a?reset)(?:_|n|$)", re.IGNORECASE)


def init_flow(name: str, rtl: Rtl, technology: str, say: Callable[[str], None]) -> Path:
    """Write ``NAME.toml`` in the current folder; return it.

    Parameters
    ----------
    say : told what was found, line by line.

    Raises
    ------
    InputError
        A file of that name exists; RTL that does not elaborate; no register is clocked by a port.
    """
    output = Path(f"{plain_name(name, 'the design')}.toml")
    if output.exists():
        raise InputError(f"{output}: exists; choose another name or remove it")
    schemes = scheme_lines(technology_folder(Path(technology)))
    survey = survey_rtl(rtl)
    say(f"top module {survey.top}")
    if not survey.clocks:
        raise InputError(
            f"{survey.top}: no register is clocked by an input port directly; inputs are {', '.join(survey.inputs)}:"
            " write the flow file by hand, or name a top module whose clock is a port"
        )
    for port, count in survey.clocks:
        say(f"clock {port}: {count} register bits")
    for port, level, count in survey.resets:
        say(f"reset {port}, active at {level}: {count} register bits")
    head = _text(name, rtl, survey, technology, _FIRST_PERIOD, folder=None)
    period = _first_period("\n".join([head, *schemes]), say)
    text = _text(name, rtl, survey, technology, f"{period / 1000.0:.2f} ns", folder=Path.cwd())
    write_whole(output, "\n".join([text, *schemes]))
    return output


def _first_period(draft: str, say: Callable[[str], None]) -> float:
    """Period to ask for, ps: of the mapped netlist at the highest supply, with room for wires."""
    with work_folder() as folder:
        file = folder / "draft.toml"
        file.write_text(draft, encoding="utf-8")
        flow = read_flow(file)
        say("synthesis for a first period")
        run = run_stages(flow, STAGES, folder / "run", last="synthesis")
        return _period_of(flow, run.stage_path("synthesis"), say)


def _period_of(flow: Flow, synthesis: Path, say: Callable[[str], None]) -> float:
    technology = technology_of(flow)
    netlist = load_netlist(synthesis, technology)
    vdd = technology.vdd_index(synthesis_vdd(flow))
    graph = TimingGraph(netlist, technology, constraints_of(flow), port_vdd=vdd)
    bare = graph.evaluate(np.full(netlist.n_cells, vdd, dtype=np.int32)).min_period()
    if not bare > 0:
        raise InputError(f"{netlist.name}: no path from register to register: give the period yourself")
    period = bare * _WIRES
    say(
        f"{netlist.n_cells} cells, {netlist.area:.0f} um2; {bare:.0f} ps without wires: "
        f"period {period:.0f} ps ({frequency_mhz(period):.0f} MHz)"
    )
    return period


def _resets(survey: RtlSurvey) -> list[tuple[str, int]]:
    """Resets of registers; else inputs that are called so, active low where the name ends in ``n``."""
    found = [(port, level) for port, level, _ in survey.resets]
    named = [port for port in survey.inputs if _RESET_NAME.search(port) and port not in dict(survey.clocks)]
    return found or [(port, 0 if re.search(r"n(?:_?i)?$", port, re.IGNORECASE) else 1) for port in named]


def _named(path: Path, folder: Path | None) -> str:
    """Path as a flow file in a folder names it: relative where it lies inside, so that both can move together."""
    whole = path.resolve()
    return str(whole.relative_to(folder)) if folder is not None and whole.is_relative_to(folder) else str(whole)


def _header_lines(technology: str) -> list[str]:
    """Wide Vdd-MUXes where there are several: small tiles average little over their cells, single cycles draw much."""
    known = (read_manifest(technology_folder(Path(technology))).roles or {}).get("header", ())
    if len(known) < 2:
        return []
    return [
        f"header_cell = {toml_value(known[-2])}    # maps must meet their clock on drooped rails: wider costs area",
        'drop_of = "cycles"',
    ]


def _fast_line(technology: str) -> list[str]:
    """The corner that hold is checked at, where one ships beside the technology."""
    fast = f"{technology}_ff"
    return (
        [f"fast = {toml_value(fast)}    # hold is checked and repaired here, too"] if fast in technology_names() else []
    )


def _text(name: str, rtl: Rtl, survey: RtlSurvey, technology: str, period: str, folder: Path | None) -> str:
    """The flow file but for its schemes; ``folder`` is its own, None for a draft that lies anywhere."""
    clock = survey.clocks[0][0]
    place = str(Path(technology).resolve()) if Path(technology).exists() else technology
    resets = _resets(survey)
    lines = [
        schema_line(),
        f"# {name}: made by finevh init; every key is explained in docs/flow_file.md. Run it with: finevh run {name}.toml",
        "seed = 1",
        "",
        "[design]",
        f"name = {toml_value(name)}",
        f"top = {toml_value(survey.top)}",
        f"files = {toml_value([_named(path, folder) for path in rtl.files])}",
    ]
    if rtl.include_dirs:
        lines.append(f"include_dirs = {toml_value([_named(path, folder) for path in rtl.include_dirs])}")
    if rtl.defines:
        lines.append(f"defines = {toml_value(dict(rtl.defines))}")
    lines += [
        "",
        "[technology]",
        f"path = {toml_value(place)}    # a name of finevh flows, or the folder of a technology.toml",
        *_fast_line(technology),
        "",
        "[clock]",
        f"port = {toml_value(clock)}    # clocks {survey.clocks[0][1]} register bits",
        f"period = {toml_value(period)}    # target of synthesis and sizing: the netlist without wires, times {_WIRES:g}",
        f"false_from = {toml_value([port for port, _ in resets])}    # static in operation",
    ]
    lines += [f"# also clocks registers: {port} ({count} bits); name it in an SDC" for port, count in survey.clocks[1:]]
    lines += [
        "",
        "[floorplan]",
        "tiles = 9    # N x N tiles, each on VddL or VddH",
        "utilisation = 0.70",
        *_header_lines(technology),
        "",
        "[activity]",
        '# Inputs toggle at random. Better: vcd = "recording.vcd" or saif = ..., or stimulus and programs of a processor.',
        "cycles = 2000",
    ]
    if resets:
        port, level = resets[0]
        lines.append(f"reset = {toml_value(port if level else '!' + port)}    # level that resets: {level}")
    return "\n".join([*lines, ""])


def scheme_lines(folder: Path) -> list[str]:
    """The section ``[schemes]`` for a technology: its whole range of supplies, in halves and quarters, and its variant sets.

    Raises
    ------
    InputError
        If the technology is missing, or has a single supply.
    """
    manifest = read_manifest(folder)
    supplies = list(manifest.vdds([variant.name for variant in manifest.published()]))
    if not supplies and manifest.views is not None and not isinstance(manifest.views.liberty, str):
        files = folder.parent if folder.is_file() else folder
        supplies = sorted(read_liberty(files / name).vdd for name in manifest.views.liberty)
    if len(supplies) < 2:
        raise InputError(
            f"technology {manifest.name} has libraries at one supply alone: schemes hop between two or more"
        )
    low, high = supplies[0], supplies[-1]
    half = 1000.0 * (high - low) / 2.0
    return [
        "[schemes]",
        f'vdd_min = "{low:.2f} V"',
        f'vdd_max = "{high:.2f} V"',
        f'ideal_step = "{half / 8:g} mV"',
        f'delta_vdd = ["{half:g} mV", "{half / 2:g} mV"]',
        f"variants = {toml_value(variant_sets(manifest))}    # pb0: without bias; pb: gate length; vt: threshold",
        "",
    ]
