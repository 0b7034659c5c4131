"""A sweep on one process, on two, on two dask workers, and on two of which one is killed: times, tables, and what is done again.

    python benchmarks/sweep_workers.py FLOW.toml [--tiles 9,16,25,49] [--delta-vdd 200mV,100mV] [--work FOLDER]

Synthesis is shared and made once before the clock starts: what is measured are the trials. Every sweep must give the table of
the first, byte by byte. The killed worker dies when it has finished some stage of a trial; stages that were finished by then, in
whatever trial, must not be made again. What travels to a worker, and back, is counted in bytes.
"""

from __future__ import annotations

import argparse
import json
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from finevh.commands.quantities import voltages_of
from finevh.commands.sweep import SHARED, Trial, run_trial, trial_flow
from finevh.flow.engine.runner import run_stages
from finevh.flow.stages import STAGES

COMMAND = ("-c", "from finevh.cli import main; main()")
STAGE = "04-place"
"""A worker is killed when this stage of a trial stands."""


def start(*words: str) -> subprocess.Popen[bytes]:
    """Begin a Python process that says nothing."""
    return subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def dask(folder: Path, count: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler on loopback and workers of one thread each, without nurses that would start others."""
    file = folder / "scheduler.json"
    words = ("--port", "0", "--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(file))
    parts = [start("-m", "distributed.cli.dask_scheduler", *words)]
    try:
        while not (file.exists() and file.stat().st_size):
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        for k in range(count):
            own = ("--no-nanny", "--no-dashboard", "--nthreads", "1", "--local-directory", str(folder / f"worker{k}"))
            parts.append(start("-m", "distributed.cli.dask_worker", address, *own))
        yield address, parts[1:]
    finally:
        for part in parts:
            part.kill()
            part.wait()


def finished(out: Path) -> dict[Path, int]:
    """When each finished stage of each trial was written, ns."""
    return {path.parent.relative_to(out): path.stat().st_mtime_ns for path in out.glob("*-tiles*/[0-9]*/stage.json")}


def sweep(
    given: list[str], out: Path, shared: Path, extra: tuple[str, ...], kill: subprocess.Popen[bytes] | None = None
) -> tuple[float, int, int]:
    """Run a sweep; its time, s, how many stages stood when the worker was killed, and how many of these were made again."""
    shutil.copytree(shared, out / SHARED)
    begun = time.perf_counter()
    running = subprocess.Popen([sys.executable, *COMMAND, "sweep", *given, *extra, "-o", str(out)])
    before: dict[Path, int] = {}
    while running.poll() is None:
        if kill is not None and any(path.name == STAGE for path in finished(out)):
            before = finished(out)
            kill.kill()
            kill = None
        time.sleep(0.1)
    took = time.perf_counter() - begun
    if running.returncode:
        raise SystemExit(f"the sweep with {' '.join(extra)} failed")
    after = finished(out)
    return took, len(before), sum(after.get(path) != stamp for path, stamp in before.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flow", type=Path)
    parser.add_argument("--tiles", default="9,16,25,49")
    parser.add_argument("--delta-vdd", default="200mV,100mV")
    parser.add_argument("--work", type=Path, help="where to put the sweeps (default: a folder that goes)")
    arguments = parser.parse_args()
    given = [str(arguments.flow.resolve()), "--tiles", arguments.tiles, "--delta-vdd", arguments.delta_vdd]
    with tempfile.TemporaryDirectory(dir=arguments.work) as name:
        work = Path(name)
        shared = work / SHARED
        trial, deltas = Trial(int(arguments.tiles.split(",")[0]), ""), voltages_of(arguments.delta_vdd, "--delta-vdd")
        run_stages(trial_flow(arguments.flow.resolve(), (), trial, deltas), STAGES, shared, last="presize")
        times = {}
        for label, extra in (("one process", ("-j", "1")), ("two processes", ("-j", "2"))):
            times[label] = sweep(given, work / label.replace(" ", "-"), shared, extra)
        for label, victim in (("two dask workers", False), ("two, one of them killed", True)):
            folder = work / label.replace(" ", "-").replace(",", "")
            folder.mkdir()
            with dask(folder, 2) as (address, workers):
                extra = ("--scheduler", address)
                times[label] = sweep(given, folder / "out", shared, extra, workers[0] if victim else None)
        tables = [path.read_bytes() for path in work.glob("*/sweep.csv")] + [
            path.read_bytes() for path in work.glob("*/out/sweep.csv")
        ]
        sent = len(pickle.dumps((run_trial, arguments.flow.resolve(), (), trial, deltas, work)))
        back = [path.stat().st_size for path in (work / "one-process").glob("*-tiles/operating_points.csv")]
        first = times["one process"][0]
        print(f"{arguments.flow.stem}: {len(back)} meshes x {len(arguments.delta_vdd.split(','))} delta-Vdd")
        for label, (took, stood, again) in times.items():
            killed = f"; {stood} stages stood at the kill, {again} of them made again" if stood else ""
            print(f"{label:26}{took:9.1f} s   {first / took:5.2f} x{killed}")
        print(
            f"tables of the four sweeps: {'the same bytes' if len(tables) == 4 and len(set(tables)) == 1 else 'DIFFER'}"
        )
        print(f"to a worker: {sent} bytes a trial; back: {min(back)} to {max(back)} bytes")


if __name__ == "__main__":
    main()
