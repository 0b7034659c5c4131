"""Every combination of tiles, delta-Vdd and programs: synthesis once, one placement per mesh, one tidy table."""

from __future__ import annotations

import csv
import io
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from finevh.base.children import start_worker
from finevh.commands.quantities import counts_of, voltages_of
from finevh.config import Flow
from finevh.errors import FinevhError, InputError, ToolMissingError
from finevh.flow.engine.progress import Terminal
from finevh.flow.engine.runner import run_stages
from finevh.flow.engine.stage import RunDirectory, disk_errors
from finevh.flow.kernels import kernels_beside
from finevh.flow.precheck import check_flow, prepared
from finevh.flow.stages import STAGES
from finevh.flow_file import find_flow, read_flow
from finevh.report.sweep_map import read_sweep, summary_lines, sweep_savings, without_points, write_map

if TYPE_CHECKING:
    from concurrent.futures import Executor

MAP = "sweep.svg"
"""Savings over tiles and delta-Vdd."""
SHARED = "shared"
"""Run directory of the stages that all trials share."""
_ASK, _PATIENCE = 5.0, 60.0
"""s; how often a scheduler is asked for its workers, and how long it may have none after it had some."""


@dataclass(frozen=True)
class Trial:
    """One combination: a mesh and a program (empty: the flow's own); its delta-Vdd are columns of one table."""

    tiles: int
    program: str

    @property
    def name(self) -> str:
        """Name of its run directory."""
        return f"{self.tiles}-tiles" + (f"-{self.program}" if self.program else "")


def trial_flow(flow_file: Path, assignments: tuple[str, ...], trial: Trial, deltas: Sequence[float]) -> Flow:
    """Return the flow of one trial."""
    own = [f"floorplan.tiles={trial.tiles}", f"schemes.delta_vdd={[f'{delta:g} V' for delta in deltas]}"]
    if trial.program:
        own.append(f"activity.programs={[trial.program]}")
    return prepared(read_flow(flow_file, (*assignments, *own)))


def run_trial(
    flow_file: Path, assignments: tuple[str, ...], trial: Trial, deltas: Sequence[float], directory: Path
) -> str:
    """Run one trial, starting from whatever it shares with trials that are done; return its operating points as CSV."""
    target = directory / trial.name
    _inherit(directory / SHARED, target, ("synthesis", "presize"))
    if trial.program:
        _inherit(directory / Trial(trial.tiles, "").name, target, ("floorplan", "place", "optimize"))
    run_stages(trial_flow(flow_file, assignments, trial, deltas), STAGES, target, last="operating-points")
    return (target / "operating_points.csv").read_text(encoding="utf-8")


def _inherit(source: Path, target: Path, stages: Sequence[str]) -> None:
    """Copy finished stages; the run itself decides by content whether they fit."""
    have, want = RunDirectory(source, STAGES), RunDirectory(target, STAGES)
    for name in stages:
        if have.record(name) is not None and want.record(name) is None:
            partial = want.stage_path(name).with_name(f".{name}.inherited")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(want.stage_path(name), ignore_errors=True)
            shutil.copytree(have.stage_path(name), partial)
            partial.rename(want.stage_path(name))


def run_sweep(
    flow_file: Path,
    tiles: str | Sequence[str],
    delta_vdd: str | Sequence[str],
    programs: tuple[str, ...],
    assignments: tuple[str, ...],
    directory: Path,
    jobs: int,
    scheduler: str | None = None,
) -> Path:
    """Run every combination; a killed sweep resumes, and a finished trial is not run again.

    Parameters
    ----------
    tiles, delta_vdd
        Lists by comma or by repetition; volts, or with a unit.
    programs
        One trial per program and mesh; none: the flow's programs together.
    scheduler
        Address of a dask scheduler whose workers see ``directory``; None uses ``jobs`` processes here.

    Returns
    -------
    Path
        ``sweep.csv``: the columns of ``operating_points.csv`` after a column ``program``; ``sweep.svg`` lies beside it.

    Raises
    ------
    InputError
        Before anything runs: see :func:`finevh.flow.precheck.check_flow`; programs for a flow that runs none.
    """
    meshes = counts_of(tiles, "--tiles")
    deltas = voltages_of(delta_vdd, "--delta-vdd")
    trials = [Trial(n, "") for n in meshes]
    by_program = [Trial(n, program) for n in meshes for program in programs]
    _check_programs(read_flow(flow_file, assignments), programs)
    for trial in trials + by_program:
        check_flow(trial_flow(flow_file, assignments, trial, deltas))
    console = Console(stderr=True, highlight=False)
    # Workers elsewhere have working folders of their own.
    flow_file, directory = find_flow(flow_file).absolute(), directory.absolute()
    with disk_errors(directory):
        shared = trial_flow(flow_file, assignments, trials[0], deltas)
        reporter = Terminal(2)
        with kernels_beside(jobs) as kernels:
            run_stages(
                shared, STAGES, directory / SHARED, last="presize", reporter=reporter, kernels=nullcontext(kernels)
            )
            kernels.begin(reporter.beside)
            kernels.wait("all", reporter.beside)
        tables: dict[Trial, str] = {}
        # Programs start from the placement of their mesh, so the meshes come first.
        for group in (trials, by_program):
            with _executor(jobs, scheduler) as (executor, workers):
                futures = [
                    executor.submit(run_trial, flow_file, assignments, trial, deltas, directory) for trial in group
                ]
                for trial, future in zip(group, futures, strict=True):
                    tables[trial] = _result(future, scheduler, workers)
                    console.print(f"{len(tables)}/{len(trials) + len(by_program)} {trial.name} done", markup=False)
        path = directory / "sweep.csv"
        partial = path.with_name(".sweep.csv.partial")
        partial.write_text(_tidy(tables), encoding="utf-8")
        partial.replace(path)
        write_map(sweep_savings(read_sweep(path)), directory / MAP)
    return path


def _check_programs(flow: Flow, programs: Sequence[str]) -> None:
    """A row with a program's name is of that program.

    Raises
    ------
    InputError
        If the flow's activity is of random data or a recording, which would be booked under the name.
    """
    source = flow.activity
    recording = source.vcd or source.saif
    if programs and (recording is not None or source.stimulus is None):
        what = "random data" if recording is None else f"the recording {recording.name}"
        raise InputError(
            f"--program {programs[0]}: the flow runs no programs, its activity is {what}; leave --program out, or give"
            " activity.stimulus"
        )


def sweep_summary(table: Path) -> list[str]:
    """What a sweep ends with on the terminal: average savings per mesh, delta-Vdd and bias."""
    points = read_sweep(table)
    return summary_lines(sweep_savings(points), without_points(points))


@contextmanager
def _executor(jobs: int, scheduler: str | None) -> Iterator[tuple[Executor, _Workers | None]]:
    """Who runs trials; the workers of a scheduler."""
    if scheduler is None:
        # Each trial loads compiled kernels; forking a process that already runs threads is not safe.
        pool = ProcessPoolExecutor(
            jobs, mp_context=get_context("spawn"), initializer=start_worker, initargs=(os.getpid(),)
        )
        try:
            yield pool, None
        except BaseException:
            # Nobody waits for trials of a sweep that has failed; what they finished stands.
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in active_children():
                worker.kill()
            raise
        pool.shutdown()
        return
    try:
        from distributed import Client
    except ImportError:
        raise ToolMissingError("--scheduler needs the package distributed: pip install 'finevh[cluster]'") from None
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError(
            f"--scheduler {scheduler}: nobody answers ({error}); start one with 'dask scheduler'"
        ) from None
    executor = client.get_executor()
    try:
        yield executor, _Workers(lambda: len(client.nthreads()))
        executor.shutdown()
    finally:
        # Of a sweep that has failed nobody waits for trials: what they finished stands.
        client.close(timeout=_ASK)


class _Workers:
    """Whether the workers of a scheduler are gone: a queue may start them late, one that loses its last has us wait for ever."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count, self._seen = count, float("inf")

    def gone(self) -> bool:
        """Whether there were some, and have been none for as long as we wait."""
        if self._count():
            self._seen = time.monotonic()
        return time.monotonic() - self._seen > _PATIENCE


def _result(future: Future[str], scheduler: str | None, workers: _Workers | None) -> str:
    """Wait for a trial; a worker or a scheduler that is gone ends in a message, and the same command resumes.

    Raises
    ------
    FinevhError
        If nobody works on the trial any more.
    """
    try:
        while workers is not None and not future.done():
            wait([future], timeout=_ASK)
            if workers.gone():
                raise CancelledError
        return future.result()
    except BrokenProcessPool:
        raise FinevhError(
            "a process of the sweep was killed; a lack of memory is the usual cause: give fewer with -j. Finished stages are"
            " kept: the same command resumes"
        ) from None
    except (FinevhError, KeyboardInterrupt):
        raise
    except Exception as error:
        # Dask has errors of its own, such as KilledWorker; what a trial raises by itself comes as it is.
        if scheduler is None or not (
            isinstance(error, CancelledError | ConnectionError) or type(error).__module__.startswith("distributed")
        ):
            raise
        raise FinevhError(
            f"--scheduler {scheduler}: the scheduler or its last worker is gone ({type(error).__name__}). Finished stages are"
            " kept: the same command resumes"
        ) from None


def _tidy(tables: dict[Trial, str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header: list[str] = []
    for trial, table in tables.items():
        rows = list(csv.reader(io.StringIO(table)))
        if not header:
            header = ["program", *rows[0]]
            writer.writerow(header)
        writer.writerows([trial.program, *row] for row in rows[1:])
    return text.getvalue()
