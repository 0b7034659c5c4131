"""``finevh report``: the report of a finished run once more, from its stages."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from finevh.base.files import work_folder
from finevh.commands.given import require_run
from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.engine.key import input_parts
from finevh.flow.engine.provenance import require_unchanged
from finevh.flow.engine.runner import publish_results
from finevh.flow.engine.stage import LOG, RunDirectory, disk_errors, locked
from finevh.flow.stages import REPORT, SIGNOFF, STAGES
from finevh.flow.stages.report import render_report
from finevh.flow_file import FLOW_FILE, read_run_flow


def signed_off_others(run: RunDirectory, flow: Flow) -> bool:
    """Whether a run's sign-off is whole, but of other results than it has now. A damaged one may be of these."""
    record = run.record(SIGNOFF.name)
    if record is None:
        return False
    records = {name: found for name in SIGNOFF.needs if (found := run.record(name)) is not None}
    these = len(records) == len(SIGNOFF.needs) and record.parts is not None
    return not these or not input_parts(SIGNOFF, flow, records).items() <= (record.parts or {}).items()


def drop_signoff(run: RunDirectory) -> None:
    """Remove a sign-off that is not of the run's results, and its tables."""
    path = run.stage_path(SIGNOFF.name)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    if not (run.path / "tables").is_symlink():
        run.remove("tables/signoff.csv")


TIMES = "times.js"
"""Seconds of each stage, beside the page: the page itself is the same whenever a run is made."""


def write_times(directory: Path) -> None:
    """Write what each finished stage took, for the report to show."""
    run = RunDirectory(directory, STAGES)
    took = [
        (stage.name, seconds, f"{run.stage_path(stage.name).name}/{LOG}")
        for stage in STAGES
        if (seconds := run.seconds(stage.name)) is not None
    ]
    run.write(TIMES, f"window.stageTimes = {json.dumps(took)};\n")


def rebuild_report(directory: Path) -> Path:
    """Rebuild tables, plots and ``report.html`` from the stages of a run, whose digests are checked; return the page.

    The result equals the run's own report byte for byte, whatever became of the files at the top of the run directory. Where the
    run was signed off and nothing has changed since, the report shows it; a sign-off of other results is removed.

    Raises
    ------
    InputError
        If the directory holds no finished run, or a stage that the report needs was changed or damaged.
    """
    require_run(directory)
    run = RunDirectory(directory, STAGES)
    records = {}
    # A trial of a sweep stops before the export, whose pictures its report does without; a sign-off must be of these results.
    needs = [name for name in REPORT.needs if name not in ("export", SIGNOFF.name) or run.stage_path(name).exists()]
    if SIGNOFF.name in needs and signed_off_others(run, read_run_flow(directory)):
        needs.remove(SIGNOFF.name)
    for name in needs:
        record = run.record(name)
        if record is None:
            raise InputError(
                f"{run.stage_path(name)}: stage '{name}' is not finished, or its files were changed; finish it with"
                f" 'finevh run {directory / 'flow.toml'} -o {directory}'"
            )
        records[name] = record
    with disk_errors(directory), locked(directory), work_folder() as folder:
        flow = read_run_flow(directory)
        require_unchanged(directory, FLOW_FILE)
        inputs = {name: run.stage_path(name) for name in needs}
        if SIGNOFF.name not in needs:
            drop_signoff(run)
        render_report(flow, inputs, folder / "results", os.cpu_count() or 1)
        publish_results(run, [stage for stage in STAGES if stage.name in records], records)
        for path in sorted((folder / "results").rglob("*")):
            if path.is_file():
                run.publish(path, str(path.relative_to(folder / "results")))
    write_times(directory)
    return directory / "report.html"
