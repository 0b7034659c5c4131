"""A finished run opened again: its flow and its stages, every digest checked; without what times and weighs its designs."""

from __future__ import annotations

from pathlib import Path

from finevh.config import Flow
from finevh.errors import InputError
from finevh.flow.engine.fingerprint import file_digest
from finevh.flow.engine.key import input_parts
from finevh.flow.engine.provenance import require_unchanged
from finevh.flow.engine.runner import OWN_FILES, RESULTS
from finevh.flow.engine.stage import RunDirectory, StageRecord
from finevh.flow.stages import STAGES
from finevh.flow_file import FLOW_FILE, read_run_flow

_NEEDED = ("floorplan", "optimize", "activity", "polybias")
POINTS = "operating_points.csv"


def load_run(directory: Path) -> tuple[Flow, RunDirectory]:
    """Open a finished run.

    Raises
    ------
    InputError
        If the directory holds no run, one that stopped before its operating points, or one whose files were changed.
    """
    flow, run = read_run_flow(directory), RunDirectory(directory, STAGES)
    require_unchanged(directory, *OWN_FILES)
    again = f"'finevh run {directory / FLOW_FILE} -o {directory}'"
    records: dict[str, StageRecord] = {}
    for stage in STAGES:
        record = run.record(stage.name)
        if record is None:
            if stage.name in _NEEDED:
                raise InputError(
                    f"{directory}: stage '{stage.name}' is not finished, or its files were changed; finish it with {again}"
                )
            continue
        records[stage.name] = record
        if record.parts is None or not records.keys() >= set(stage.needs):
            continue
        # The flow and what it names must be those of the run, or the answer would be of another design than the files.
        expected = input_parts(stage, flow, {name: records[name] for name in stage.needs})
        changed = sorted(name for name, value in expected.items() if record.parts.get(name) != value)
        if changed:
            raise InputError(
                f"{directory}: {', '.join(changed)} changed since stage '{stage.name}' ran; bring it up to date with {again}"
            )
    return flow, run


def require_results(directory: Path, *published: str) -> None:
    """Check what numbers are read from at the top of a run directory: the run's own files, and results that are named.

    A folder of results without any stage, which somebody copied, holds nothing to check them against.

    Raises
    ------
    InputError
        If a file is not as the run wrote it.
    """
    if not any(directory.glob("[0-9][0-9]-*")):
        return
    require_unchanged(directory, *OWN_FILES)
    run = RunDirectory(directory, STAGES)
    records = [record for stage in STAGES if (record := run.record(stage.name)) is not None]
    for name in published:
        path = directory / name
        known = {record.outputs.get(f"{RESULTS}/{name}") for record in records}
        if not path.is_file() or file_digest(path) not in known:
            raise InputError(
                f"{path}: not as the run wrote it; bring the run up to date with 'finevh run FLOW.toml -o {directory}'"
            )
