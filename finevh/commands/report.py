"""``finevh report``: the report of a finished run once more, from its stages."""

from __future__ import annotations

from pathlib import Path

from finevh.base.files import work_folder
from finevh.errors import InputError
from finevh.flow.engine.runner import publish_results
from finevh.flow.engine.stage import RunDirectory, disk_errors, locked
from finevh.flow.stages import STAGES
from finevh.flow.stages.report import STAGE, render_report
from finevh.flow_file import read_run_flow


def rebuild_report(directory: Path) -> Path:
    """Rebuild tables, plots and ``report.html`` from the stages of a run, whose digests are checked; return the page.

    The result equals the run's own report byte for byte, whatever became of the files at the top of the run directory.

    Raises
    ------
    InputError
        If the directory holds no finished run, or a stage that the report needs was changed or damaged.
    """
    if not (directory / "operating_points.csv").exists() and not any(directory.glob("[0-9][0-9]-*")):
        raise InputError(f"{directory}/operating_points.csv: no operating points; run 'finevh run' on the flow first")
    run = RunDirectory(directory, STAGES)
    records = {}
    # A trial of a sweep stops before the export, whose pictures its report then does without.
    needs = [name for name in STAGE.needs if name != "export" or run.stage_path(name).exists()]
    for name in needs:
        record = run.record(name)
        if record is None:
            raise InputError(
                f"{run.stage_path(name)}: stage '{name}' is not finished, or its files were changed; finish it with"
                f" 'finevh run {directory / 'flow.toml'} -o {directory}'"
            )
        records[name] = record
    with disk_errors(directory), locked(directory), work_folder() as folder:
        render_report(read_run_flow(directory), {name: run.stage_path(name) for name in needs}, folder / "results")
        publish_results(run, [stage for stage in STAGES if stage.name in records], records)
        for path in sorted((folder / "results").rglob("*")):
            if path.is_file():
                run.publish(path, str(path.relative_to(folder / "results")))
    return directory / "report.html"
