"""Wall and CPU time and peak memory of the physical stages, each group of stages in a process of its own.

    python benchmarks/physical_times.py [flows/ri5cy.toml] [-o DIR] [-j 2]

Bars (RI5CY, 49 tiles, 2 free cores): synthesis 240 s, floorplan to placed and sized 180 s, poly-bias of all sets 60 s, 3 GB.
CPU seconds count all threads and the synthesis process: on a shared machine they say more than the wall time.
Start of Python and reading the technology are included. Exit status 1 if the CPU time of a group on one core, or the memory,
passes its bar.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
MEMORY_BAR = 3.0


@dataclass(frozen=True)
class Group:
    """Stages run together and their bar, s; None for stages of another room."""

    name: str
    first: str
    last: str
    bar: float | None


GROUPS = (
    Group("synthesis", "synthesis", "synthesis", 240.0),
    Group("trees, floorplan, placement, sizing", "presize", "optimize", 180.0),
    Group("activity", "activity", "activity", None),
    Group("poly-bias, all sets", "polybias", "polybias", 60.0),
)


def measure(flow: Path, run: Path, group: Group, jobs: int) -> tuple[float, float, float]:
    """Wall s, CPU s and peak GB of a group."""
    code = "from finevh.cli import main; main()"
    arguments = ["run", str(flow), "-o", str(run), "--from", group.first, "--to", group.last, "-j", str(jobs)]
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=REPOSITORY, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"error: {' '.join(arguments)} ended with status {os.waitstatus_to_exitcode(status)}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flow", type=Path, nargs="?", default=REPOSITORY / "flows" / "ri5cy.toml")
    parser.add_argument("-o", type=Path, dest="run", help="run directory; a temporary one when absent")
    parser.add_argument("-j", type=int, dest="jobs", default=2)
    choice = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        run = choice.run or Path(folder) / "run"
        print(f"{choice.flow.stem}: load of the machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
        print(f"{'stages':38s}   wall s    CPU s    bar s   peak GB")
        for group in GROUPS:
            wall, cpu, peak = measure(choice.flow, run, group, choice.jobs)
            good &= peak <= MEMORY_BAR and (group.bar is None or cpu <= group.bar)
            bar = f"{group.bar:.0f}" if group.bar is not None else "-"
            print(f"{group.name:38s} {wall:8.1f} {cpu:8.1f} {bar:>8s} {peak:9.2f}", flush=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
