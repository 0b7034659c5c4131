"""A whole technology: every (cell, variant, Vdd) once, in parallel, resumable, failures named."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import shutil
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from finevh.base.quoting import visible
from finevh.characterization.bench.deck import TIGHT_OPTIONS, TRAIN_OPTIONS
from finevh.characterization.bench.measure_edges import moves
from finevh.characterization.bench.ngspice import SimulationError, find_ngspice
from finevh.characterization.cell import characterize_cell
from finevh.characterization.cells.table import load_topologies
from finevh.characterization.cells.topology import Topology
from finevh.characterization.corner import Corner
from finevh.characterization.procedures.arcs import classify
from finevh.characterization.procedures.scale import corner_of
from finevh.characterization.process import Process, Variant, load_process, read_models
from finevh.characterization.record import CellRecord, load_record, record_path, save_record
from finevh.errors import InputError

__all__ = ["Plan", "Summary", "characterize", "digest", "load_cells", "plan_characterization"]


SECONDS_PER_WEIGHT = (0.017, 0.025)
"""Of one core for a unit of `_Task.weight`: 37 cells on FreePDK45 cards, 15 on those of SkyWater 130."""
COMBINATIONAL_PROCEDURE = 2
"""A record of another procedure is measured again. 2: every edge starts from the cell's operating point, every side state is
measured on the full grid."""
SEQUENTIAL_PROCEDURE = 1
"""1: searches of constraints start from one bracket, whichever corner was measured before."""


@dataclass(frozen=True)
class Summary:
    """What a run did: cell-corners simulated now, found finished, and failed (message each)."""

    simulated: int
    reused: int
    failed: tuple[str, ...]


@dataclass(frozen=True)
class _Task:
    topology: Topology
    variant: Variant
    vdd: float
    path: Path
    digest: str

    @property
    def weight(self) -> int:
        """Expected cost: device evaluations go with transistors times input edges."""
        if self.topology.sequential:
            edges = 80
        else:
            moved, _ = classify(self.topology, moves(self.topology, 1.0))
            edges = len({move for members in moved.values() for move in members})
        return 1 + len(self.topology.transistors) * (1 + edges // 2)


@dataclass(frozen=True)
class Plan:
    """What a run would do, before it does anything."""

    process: Process
    topologies: tuple[Topology, ...]
    """All cells of the technology."""
    tasks: tuple[_Task, ...]
    open: tuple[_Task, ...]
    """Those without a record of now."""
    out: Path

    @property
    def counts(self) -> tuple[int, int, int]:
        """Cells, variants and supplies."""
        corners = {(task.variant.name, task.vdd) for task in self.tasks}
        names = {task.topology.name for task in self.tasks}
        return len(names), len({name for name, _ in corners}), len({vdd for _, vdd in corners})

    def minutes(self, jobs: int) -> tuple[float, float]:
        """Least and most that the open cell-corners will take, from what the two shipped technologies took."""
        weight = sum(task.weight for task in self.open) / 60.0 / jobs
        return SECONDS_PER_WEIGHT[0] * weight, SECONDS_PER_WEIGHT[1] * weight


def load_cells(process: Process) -> dict[str, Topology]:
    """Return the topologies of a technology.

    Raises
    ------
    InputError
        If a table is wrong, two tables describe one cell, or a cell to leave out is in none.
    """
    cells: dict[str, Topology] = {}
    for path in process.cells:
        for name, topology in load_topologies(path, process.devices).items():
            if name in cells:
                raise InputError(f"{path}: cell {name} is already described in {cells[name].origin}")
            cells[name] = topology
    unknown = [name for name in process.leave_out if name not in cells]
    if unknown:
        raise InputError(f"{process.path}: leave_out names {', '.join(unknown)}, which no cell table describes")
    return {name: topology for name, topology in cells.items() if name not in process.leave_out}


def digest(process: Process, topology: Topology, variant: Variant, vdd: float, models: str) -> str:
    """Return a hash of everything a record depends on; a record with another hash is measured again.

    `models` is the hash of the model files, taken once for all cells.
    """
    grid = process.grid
    sequential = topology.sequential is not None
    parts = [
        models,
        process.section,
        process.preamble,
        process.instance,
        process.temperature_c,
        process.devices[variant.device],
        process.length_um,
        process.width_n_um,
        process.width_p_um,
        process.diffusion_um,
        process.pair_span,
        process.delay_step,
        process.vdd,
        grid.slew.tolist(),
        grid.load_ff.tolist(),
        grid.side_slew,
        grid.side_load,
        grid.clock_cross_slew if sequential else grid.cross_slew,
        grid.clock_cross_load if sequential else grid.cross_load,
        grid.constraint_slew if topology.sequential else (),
        variant.length_offset_nm,
        variant.vth_offset_mv,
        vdd,
        topology.name,
        topology.inputs,
        [(pin, f.text) for pin, f in topology.outputs],
        [repr(t) for t in topology.transistors],
        repr(topology.sequential),
        *topology.resistors,
        *([grid.rest_ps] if grid.rest_ps else []),
        SEQUENTIAL_PROCEDURE if sequential else COMBINATIONAL_PROCEDURE,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def plan_characterization(
    technology: Path,
    out: Path,
    cells: Sequence[str] = (),
    vdds: Sequence[float] = (),
    variants: Sequence[str] = (),
) -> Plan:
    """Find the cell-corners of a technology and those of them that `out` does not hold yet.

    Parameters
    ----------
    technology : path of `technology.toml`.
    out : folder of the records; may hold an earlier, interrupted run.
    cells : glob patterns of cell names; empty: all.
    vdds : V; empty: the technology's grid.
    variants : names; empty: all.

    Raises
    ------
    InputError, ToolMissingError
        Wrong input or a missing ngspice.
    """
    find_ngspice()
    process = load_process(technology)
    topologies = load_cells(process)
    chosen = [t for t in topologies.values() if not cells or any(fnmatch.fnmatchcase(t.name, glob) for glob in cells)]
    if not chosen:
        raise InputError(f"{technology}: no cell matches {', '.join(cells)}; it has {', '.join(topologies)}")
    rails = [round(float(v), 4) for v in (vdds or process.vdd)]
    for vdd in rails:
        process.check_voltage(vdd)
    names = list(variants) or [v.name for v in process.variants]
    models = hashlib.sha256(read_models(process)).hexdigest()
    tasks = tuple(
        _Task(
            t,
            process.variant(name),
            vdd,
            record_path(out, t.name, name, vdd),
            digest(process, t, process.variant(name), vdd, models),
        )
        for name in names
        for vdd in reversed(rails)
        for t in chosen
    )
    left = tuple(task for task in tasks if not _finished(task))
    return Plan(process, tuple(topologies.values()), tasks, left, out)


def characterize(plan: Plan, jobs: int = 1, console: Console | None = None) -> Summary:
    """Measure the open cell-corners of a plan, `jobs` simulations at a time.

    Raises
    ------
    InputError, ToolMissingError
        Wrong input. A simulation that fails twice (the second time with tighter options) does not stop the others; it is listed
        in `Summary.failed` with its deck.
    """
    failed = _run(plan.process, plan.topologies, plan.open, plan.out, jobs, console or Console(stderr=True))
    return Summary(len(plan.open) - len(failed), len(plan.tasks) - len(plan.open), tuple(failed))


def _finished(task: _Task) -> bool:
    """Tell whether a record is there; one that is damaged, by a loss of power for example, is measured again."""
    try:
        return task.path.exists() and load_record(task.path).digest == task.digest
    except InputError:
        return False


def _run(
    process: Process, cells: Sequence[Topology], tasks: Sequence[_Task], out: Path, jobs: int, console: Console
) -> list[str]:
    """Simulate tasks with a progress bar; the time left counts the expected cost, not the number of cells."""
    failed: list[str] = []
    corners: dict[tuple[str, float], Corner] = {}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    pool = ThreadPoolExecutor(max_workers=jobs)
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("characterize", total=sum(task.weight for task in tasks))
        running: dict[Future[CellRecord], _Task] = {}
        try:
            for task in tasks:
                key = (task.variant.name, task.vdd)
                if key not in corners:
                    corners[key] = corner_of(
                        process, cells, task.variant, task.vdd, out / "failed" / f"{key[0]}-{key[1]:g}"
                    )
                running[pool.submit(_measure, corners[key], task)] = task
            for future in as_completed(running):
                task = running[future]
                try:
                    record = future.result()
                except SimulationError as error:
                    failed.append(str(error))
                    progress.console.print(visible(f"failed: {error}"), markup=False)
                else:
                    save_record(record, task.path)
                progress.update(
                    bar, advance=task.weight, description=f"{task.variant.name} {task.vdd:.2f} V {task.topology.name}"
                )
        finally:
            # An interrupt waits for no simulation: those that run end with the process.
            pool.shutdown(wait=False, cancel_futures=True)
    return failed


def _measure(corner: Corner, task: _Task) -> CellRecord:
    """Measure one cell-corner, once more with tighter options if a simulation fails."""
    scratch = corner.scratch.parent / f"{task.topology.name}-{task.variant.name}-{task.vdd:g}"
    corner = replace(corner, scratch=scratch)
    if task.topology.sequential:
        corner = replace(corner, options=TRAIN_OPTIONS)
    try:
        record = characterize_cell(corner, task.topology)
    except SimulationError:
        record = characterize_cell(replace(corner, options=TIGHT_OPTIONS), task.topology)
        shutil.rmtree(scratch, ignore_errors=True)
    return replace(record, digest=task.digest)
