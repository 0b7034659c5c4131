"""``finevh signoff``: every operating point of a finished run again, from its exported files; on demand beside OpenSTA."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from finevh.base.tools import OPENSTA, require
from finevh.checks import Checks
from finevh.commands.report import rebuild_report
from finevh.commands.signoff_text import Comparison, SignoffResult
from finevh.config import Flow
from finevh.constraints import Constraints, write_sdc
from finevh.errors import InputError
from finevh.flow.artifacts.exported import netlist_name
from finevh.flow.engine.key import stage_key
from finevh.flow.engine.progress import Terminal
from finevh.flow.engine.stage import RunDirectory, StageContext, StageRecord, disk_errors, locked
from finevh.flow.finished import load_run
from finevh.flow.inputs.technology import liberty_files, technology_of
from finevh.flow.signoff import SupplyMap, corner_graph, read_exported
from finevh.flow.stages import SIGNOFF, STAGES
from finevh.flow.stages.signoff import TABLE
from finevh.report.tables import read_table
from finevh.timing.opensta import StaFiles, resistance_of, worst_slacks
from finevh.units import period_ps


def sign_off_run(directory: Path, jobs: int = 1, opensta: bool = False) -> SignoffResult:
    """Sign a finished run off; the stage runs again only where something that decides it has changed.

    Raises
    ------
    InputError
        If the directory holds no finished run with exported files.
    ToolMissingError
        If OpenSTA is asked for and is not installed.
    """
    executable = require(OPENSTA) if opensta else None
    flow, _ = load_run(directory)
    run = RunDirectory(directory, STAGES)
    records = _needed(run, directory)
    key = stage_key(SIGNOFF, flow, records)
    reporter = Terminal(1)
    with disk_errors(directory), locked(directory):
        known = run.record(SIGNOFF.name)
        reused = known is not None and known.key == key.digest
        reporter.started(SIGNOFF.name)
        if not reused:
            inputs = {name: run.stage_path(name) for name in SIGNOFF.needs}
            run.run_stage(
                SIGNOFF,
                key,
                lambda partial, log: StageContext(flow, partial, inputs, jobs, log, reporter.doing),
                f"finevh run flow.toml -o . --from {SIGNOFF.name} --to {SIGNOFF.name}",
            )
        reporter.finished(SIGNOFF.name, reused)
    rebuild_report(directory)
    table = read_table(run.stage_path(SIGNOFF.name) / TABLE)
    if table.empty:
        raise InputError(f"{directory}: the run has no operating points to check")
    compared = () if executable is None else _compare(flow, run, table, executable)
    unchecked = int(run.metrics(SIGNOFF.name)["signoff__unchecked__count"])
    return SignoffResult(table, unchecked, run.checks(SIGNOFF.name), compared)


def _needed(run: RunDirectory, directory: Path) -> dict[str, StageRecord]:
    records = {}
    for name in SIGNOFF.needs:
        record = run.record(name)
        if record is None:
            raise InputError(
                f"{directory}: stage '{name}' is not finished, or its files were changed; finish it with"
                f" 'finevh run {directory / 'flow.toml'} -o {directory}'"
            )
        records[name] = record
    return records


def _compare(flow: Flow, run: RunDirectory, table: pd.DataFrame, executable: str) -> tuple[Comparison, ...]:
    """Time the lowest and the highest supply of each variant set that a library was characterised at with OpenSTA, too."""
    technology = technology_of(flow)
    out = run.stage_path("export") / "results" / "out"
    resistance = resistance_of(executable)
    found = []
    for variant, rows in table[table["scheme"] == "ideal-dvfs"].groupby("variant", sort=False):
        design = read_exported(flow, technology, out, str(variant), Checks())
        corner = corner_graph(flow, design, technology, resistance=resistance)
        used = [technology.variants[k].name for k in np.unique(design.netlist.cell_variant).tolist()]
        known = [
            (float(row.vdd_h_v), float(row.freq_mhz), files)
            for row in rows.itertuples()
            if (files := liberty_files(flow, float(row.vdd_h_v), used))
        ]
        ends = sorted(known)[:1] + sorted(known)[1:][-1:]
        for vdd, frequency, files in ends:
            period = period_ps(frequency)
            state = corner.evaluate(SupplyMap(str(variant), vdd, vdd))
            sdc = write_sdc(_at_period(design.constraints, period), design.netlist, technology.units, state.insertion)
            name = flow.design.name
            given = StaFiles(
                out / netlist_name(name, str(variant)), design.netlist.name, files, out / f"{name}.spef", sdc
            )
            setup, hold = worst_slacks(executable, given)
            own = state.worst_hold_slack(period)
            ours = (state.worst_slack(period), own if np.isfinite(own) else None)
            found.append(Comparison(str(variant), vdd, frequency, ours[0], setup, ours[1], hold))
    return tuple(found)


def _at_period(constraints: Constraints, period: float) -> Constraints:
    """Constraints whose clocks are scaled so that the first has another period, ps; delays of ports stay."""
    scale = period / constraints.clocks[0].period
    clocks = tuple(
        replace(clock, period=clock.period * scale, rise=clock.rise * scale, fall=clock.fall * scale)
        for clock in constraints.clocks
    )
    return replace(constraints, clocks=clocks)
