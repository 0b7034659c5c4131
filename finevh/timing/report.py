"""Timing results for people and files: the dictionary of ``finevh sta``, paths as text."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from finevh.checks import Checks, Severity
from finevh.constraints.sdc import read_sdc
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.netlist.spef import read_spef
from finevh.netlist.verilog import read_text, read_verilog
from finevh.technology import technology_from_liberty, with_vdds
from finevh.technology.model import Int, Technology
from finevh.timing.delay.effective_capacitance import DriverResistance
from finevh.timing.engine import TimingGraph
from finevh.timing.sweep.compiled import Progress
from finevh.timing.unconstrained import book_setup
from finevh.timing.worst_paths import endpoint_table, path_report
from finevh.units import VOLTAGE_TOLERANCE, frequency_mhz

_MOST_ADDED = 40  # voltages between characterised ones: tables of every pair of supplies are made for them


def read_voltages(
    path: Path | str, netlist: Netlist, technology: Technology, checks: Checks | None = None
) -> tuple[Technology, Int]:
    """Read a voltage map (``instance,vdd`` with glob patterns, first match wins).

    Parameters
    ----------
    checks : Checks, optional
        Where lines that no instance matches are booked; without it they are errors.

    Returns
    -------
    technology : Technology
        With the map's voltages added between characterised ones where needed.
    cell_vdd : (n_cell) int32
        Rows of its ``vdds``.

    Raises
    ------
    InputError
        With file and line: a wrong header, a voltage outside the library, an instance that does not exist; with the file: an
        instance that no line matches, or too many different voltages between those of the library.
    """
    lines = read_text(path).splitlines()
    rows = [(k, line.split(",")) for k, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not rows or [w.strip() for w in rows[0][1]] != ["instance", "vdd"]:
        raise InputError(f"{path}:{rows[0][0] if rows else 1}: the first line must be 'instance,vdd'")
    exact: dict[str, tuple[int, float]] = {}
    globs: list[tuple[int, re.Pattern[str], float]] = []
    low, high = float(technology.vdds[0]), float(technology.vdds[-1])
    for line, words in rows[1:]:
        if len(words) < 2:
            raise InputError(f"{path}:{line}: '{','.join(words)}' is not 'instance,vdd'")
        pattern, text = ",".join(words[:-1]).strip(), words[-1].strip().removesuffix("V").strip()
        try:
            vdd = float(text)
        except ValueError:
            raise InputError(f"{path}:{line}: '{text}' is no voltage") from None
        if not low - VOLTAGE_TOLERANCE <= vdd <= high + VOLTAGE_TOLERANCE:
            raise InputError(f"{path}:{line}: {vdd:g} V is outside the library's {low:g}..{high:g} V")
        if pattern in netlist.instance_index:
            exact.setdefault(pattern, (line, vdd))
        elif any(c in pattern for c in "*?"):
            # Square brackets are part of instance names, no character class.
            globs.append((line, re.compile(fnmatch.translate(pattern.replace("[", "[[]"))), vdd))
        elif checks is None:
            raise InputError(f"{path}:{line}: the netlist has no instance '{pattern}'")
        else:
            checks.add("voltage_map_not_found", [f"{path}:{line}: {pattern}"])
    chosen = np.empty(netlist.n_cells)
    used: set[int] = set()
    for k, name in enumerate(netlist.instance_names):
        line, vdd = exact.get(name, (len(lines) + 1, np.nan))
        for glob_line, glob, value in globs:
            if glob_line > line:
                break
            if glob.match(name):
                line, vdd = glob_line, value
                used.add(glob_line)
                break
        if np.isnan(vdd):
            raise InputError(f"{path}: no line gives instance '{name}' a voltage; end with '*,<vdd>'")
        chosen[k] = vdd
    if checks is not None:
        checks.add(
            "voltage_map_not_found",
            [f"{path}:{line}: {lines[line - 1].strip()}" for line, _, _ in globs if line not in used],
            severity=Severity.NOTE,
        )
    wanted = np.unique(np.round(chosen, 6))
    missing = [float(v) for v in wanted if np.abs(technology.vdds - v).min() > VOLTAGE_TOLERANCE]
    if len(missing) > _MOST_ADDED:
        raise InputError(
            f"{path}: {len(missing)} voltages between those of the library; round them to at most {_MOST_ADDED} different ones"
        )
    if missing:
        technology = with_vdds(technology, sorted({*technology.vdds.tolist(), *missing}))
    return technology, np.abs(technology.vdds[:, None] - chosen).argmin(axis=0).astype(np.int32)


@dataclass(frozen=True)
class StaOptions:
    """What a static timing run does beside its files.

    ``paths``: how many of the worst to report; ``hold``: also the table and paths of the hold checks; ``allow``: findings that
    are no errors; ``environment``: values of ``$::env(NAME)`` in the SDC.
    """

    paths: int = 1
    hold: bool = False
    wire_model: str = "ceff"
    driver_resistance: str = "tangent"
    allow: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    cross_voltage: bool = True
    progress: Progress | None = None


def run_sta(
    netlist: Path | str,
    top: str | None,
    liberty: Sequence[Path | str],
    sdc: Path | str | None = None,
    spef: Path | str | None = None,
    voltages: Path | str | None = None,
    options: StaOptions | None = None,
    technology: Technology | None = None,
) -> dict[str, Any]:
    """Static timing of a mapped netlist: the dictionary of ``finevh sta --json``.

    Parameters
    ----------
    liberty : sequence of paths
        Ignored where ``technology`` is given.
    sdc : path, optional
        Without it one clock is assumed nowhere: an error asks for it.

    Raises
    ------
    InputError
        From the readers, when nothing is constrained, or when a finding makes the result meaningless and is not allowed.
    """
    options = options or StaOptions()
    if sdc is None:
        raise InputError("no SDC is given: write at least 'create_clock -period 1 [get_ports clk]' to a file for --sdc")
    if technology is None:
        technology = technology_from_liberty([Path(p) for p in liberty])
    checks = Checks()
    technology.book(checks)
    design = read_verilog(netlist, technology, top, checks)
    constraints = read_sdc(Path(sdc), *technology.units, netlist=design, checks=checks, environment=options.environment)
    if not constraints.clocks and not constraints.exceptions:
        raise InputError(f"{sdc}: no create_clock: there is nothing to check")
    if spef is None and technology.wire_load:
        checks.add(
            "liberty_not_modelled", [f"default_wire_load {technology.wire_load}: wires have no capacitance here"]
        )
    wires = read_spef(spef, design, checks, technology.typical_pin_cap) if spef is not None else None
    cell_vdd: Int | int = int(np.abs(technology.vdds - technology.vdd_nominal).argmin())
    if voltages is not None:
        technology, cell_vdd = read_voltages(voltages, design, technology, checks)
    elif len(technology.vdds) > 1:
        raise InputError("several supply voltages and no voltage map: give --voltages with a line '*,<vdd>'")
    graph = TimingGraph(
        design, technology, constraints, wires, wire_model=options.wire_model, cross_voltage=options.cross_voltage, hold=True,
        driver_resistance=DriverResistance[options.driver_resistance.upper()], progress=options.progress,
        port_vdd=int(np.max(cell_vdd)),
    )  # fmt: skip
    book_setup(graph, checks)
    checks.refuse(options.allow)
    state = graph.evaluate(np.asarray(cell_vdd, dtype=np.int32))
    period = constraints.clocks[0].period if constraints.clocks else 1.0
    table, rows = endpoint_table(graph, state, period)
    if not table:
        raise InputError(f"{sdc}: no endpoint is constrained: no register has this clock and no output a delay")
    held, held_rows = endpoint_table(graph, state, period, hold=True)
    found: dict[str, Any] = {
        "checks": checks.as_dict(),
        "worst_slack_ps": table[0]["slack_ps"],
        "tns_ps": float(sum(min(row["slack_ps"], 0.0) for row in table)),
        "worst_hold_slack_ps": held[0]["slack_ps"] if held else None,
        "fmax_mhz": frequency_mhz(state.min_period()) if state.min_period() > 0 else None,
        "endpoints": table,
        "paths": [path_report(graph, state, row, period) for row in rows[: max(options.paths, 0)]],
        "cut_arcs": list(graph.structure.cut_arcs),
    }
    if options.hold:
        found["hold_endpoints"] = held
        found["hold_paths"] = [
            path_report(graph, state, row, period, early=True) for row in held_rows[: max(options.paths, 0)]
        ]
    return found
