"""Runs the stages of a flow in order, reuses what is unchanged, and puts the results at the top of the run directory."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol, TextIO

from finevh.base.files import remove_unfinished
from finevh.checks import Checks
from finevh.config import Flow
from finevh.flow.engine.fingerprint import file_digest
from finevh.flow.engine.key import StageKey, stage_key
from finevh.flow.engine.progress import Reporter, Silent
from finevh.flow.engine.provenance import PROVENANCE, provenance
from finevh.flow.engine.stage import (
    CHECKS,
    METRICS,
    RunDirectory,
    Stage,
    StageContext,
    StageRecord,
    disk_errors,
    locked,
)
from finevh.flow.stage_names import stage_number
from finevh.flow_file import FLOW_FILE, write_flow

RESULTS = "results"
"""Files under this folder of a stage are results: they appear under the same name at the top of the run directory."""
OWN_FILES = (FLOW_FILE, METRICS, CHECKS)
"""Files at the top of a run directory that the run itself writes; their digests are in ``provenance.json``."""


class Kernels(Protocol):
    """What compiles kernels beside the stages that call none."""

    def begin(self, say: Callable[[str], None]) -> None:
        """Begin to compile, unless this was done before."""

    def wait(self, kernels: str, say: Callable[[str], None]) -> None:
        """Wait until the kernels that a stage calls are compiled: see ``Stage.kernels``."""


class _NoKernels:
    """Each stage compiles what it calls."""

    def begin(self, say: Callable[[str], None]) -> None:
        """Do nothing."""

    def wait(self, kernels: str, say: Callable[[str], None]) -> None:
        """Do nothing."""


# One keyword for each choice of a run; none depends on another.
def run_stages(
    flow: Flow,
    stages: Sequence[Stage],
    directory: Path,
    *,
    first: str | None = None,
    last: str | None = None,
    jobs: int = 1,
    reporter: Reporter | None = None,
    allow: Collection[str] = (),
    kernels: AbstractContextManager[Kernels] | None = None,
) -> RunDirectory:
    """Run a flow.

    Parameters
    ----------
    flow
        The resolved flow.
    stages
        All stages in order.
    directory
        The run directory; made when missing.
    first
        Run this stage and all later ones again even if nothing changed.
    last
        Stop after this stage.
    jobs
        Processes that a stage may use.
    reporter
        Who is told of progress.
    allow
        Kinds of findings that the run goes on with although they make its result meaningless.
    kernels
        What compiles kernels: it begins with the first stage that is not reused, and each waits for those that it calls.

    Returns
    -------
    RunDirectory
        With every stage up to ``last`` finished.

    Raises
    ------
    InputError
        Unknown stage; a run directory that cannot be written or is in use; whatever a stage finds wrong.
    """
    names = [stage.name for stage in stages]
    start = len(names) if first is None else stage_number(first, names)
    stop = len(names) if last is None else stage_number(last, names) + 1
    reporter = reporter or Silent()
    run = RunDirectory(directory, stages)
    with disk_errors(directory), locked(directory), kernels or nullcontext(_NoKernels()) as ready:
        remove_unfinished(directory)
        text = write_flow(flow)
        run.write(FLOW_FILE, text)
        records: dict[str, StageRecord] = {}
        checks = Checks()
        run.remove(CHECKS)
        try:
            for index, stage in enumerate(stages[:stop]):
                key = stage_key(stage, flow, {name: records[name] for name in stage.needs})
                known = run.record(stage.name)
                reused = index < start and known is not None and known.key == key.digest
                if not reused:
                    ready.begin(reporter.beside)
                    ready.wait(stage.kernels, reporter.beside)
                reporter.started(stage.name, run.seconds(stage.name))
                if known is not None and reused:
                    records[stage.name] = known
                    run.remove_beside(stage.name)
                else:
                    if run.stage_path(stage.name).exists():
                        reporter.again(stage.name, key.reason(None if known is None else known.parts))
                    records[stage.name] = _run(run, stage, key, flow, jobs, reporter, allow)
                    _withdraw(run, known, records[stage.name])
                reporter.finished(stage.name, reused)
                checks.merge(run.checks(stage.name))
                _settle(run, checks, allow)
        finally:
            reporter.ended()
        _conclude(run, flow, stages[:stop], records)
    return run


def _conclude(run: RunDirectory, flow: Flow, done: Sequence[Stage], records: Mapping[str, StageRecord]) -> None:
    """Lay out what the stages made at the top of the run: results, metrics, and where all of it comes from."""
    publish_results(run, done, records)
    metrics = {name: value for stage in done for name, value in run.metrics(stage.name).items()}
    run.write(METRICS, json.dumps(metrics, indent=1, sort_keys=True) + "\n")
    files = {name: file_digest(run.path / name) for name in OWN_FILES if (run.path / name).is_file()}
    run.write(PROVENANCE, provenance(flow, {name: record.key for name, record in records.items()}, files))


def _run(
    run: RunDirectory, stage: Stage, key: StageKey, flow: Flow, jobs: int, reporter: Reporter, allow: Collection[str]
) -> StageRecord:
    inputs = {name: run.stage_path(name) for name in stage.needs}

    def context(partial: Path, log: TextIO) -> StageContext:
        return StageContext(
            flow, partial, inputs, jobs, log, reporter.doing, allow=allow, kept=lambda: run.kept(stage.name, key)
        )

    return run.run_stage(stage, key, context, f"finevh run flow.toml -o . --from {stage.name} --to {stage.name}")


def _settle(run: RunDirectory, checks: Checks, allow: Collection[str]) -> None:
    """Write the account so far; stop where it makes the result meaningless."""
    try:
        checks.refuse(allow)
    finally:
        if found := checks.as_dict():
            run.write(CHECKS, json.dumps(found, indent=1) + "\n")


def _withdraw(run: RunDirectory, before: StageRecord | None, now: StageRecord) -> None:
    """Take from the top of the run directory what a stage had published and does not make any more: a stale table misleads."""
    for name in () if before is None else sorted(set(before.outputs) - set(now.outputs)):
        if name.startswith(f"{RESULTS}/"):
            run.remove(name.removeprefix(f"{RESULTS}/"))


def publish_results(run: RunDirectory, stages: Sequence[Stage], records: Mapping[str, StageRecord]) -> None:
    """Copy the results of stages to the top of the run directory."""
    for stage in stages:
        for name in records[stage.name].outputs:
            if name.startswith(f"{RESULTS}/"):
                run.publish(run.stage_path(stage.name) / name, name.removeprefix(f"{RESULTS}/"))
