"""Ctrl-C at random moments of every stage and verb: status 130 within two seconds, no process and no temporary folder left.

``python benchmarks/interrupts.py [N]`` interrupts each stage of a run and each other verb N times (default 2) on the tiny design
of the oracles: the run directory holds the stages before, and the signal comes at a random share of the command's work, counted
from where the stage begins. Prints a line per stage and verb with the longest time to the end.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.resume_kill import PROMISED, start, wait_for_none, wait_until
from finevh.flow.stages import STAGES
from oracles.processes import processes
from oracles.tiny_design import FREQUENCY, write_design

REPOSITORY = Path(__file__).resolve().parents[1]
SEED = 1


def verbs(flow: Path, run: Path, folder: Path) -> dict[str, list[str]]:
    """Every other verb that works for more than a moment."""
    technology = REPOSITORY / "libs" / "finevh45"
    out, netlist = run / "out", ["--netlist", str(run / "out" / "tiny.v"), "--top", "tiny"]
    voltages = folder / "map.csv"
    voltages.write_text("instance,vdd\n*,0.8\n", encoding="utf-8")
    liberty = sorted((technology / "liberty").glob("finevh45_0v80.lib*"))[0]
    constraints = ["--sdc", str(out / "tiny.sdc"), "--spef", str(out / "tiny.spef")]
    return {
        "emulate": ["emulate", str(run), "--freq", FREQUENCY],
        "signoff": ["signoff", str(run), "-j", "2"],
        "report": ["report", str(run)],
        "sweep": ["sweep", str(flow), "--tiles", "1,4", "--delta-vdd", "0.2", "-j", "2", "-o", str(folder / "sweep")],
        "characterize": [
            *("characterize", str(technology / "technology.toml"), "--cell", "DFFR,FA", "--variant", "PB0"),
            *("--vdd", "0.8", "-j", "2", "-o", str(folder / "records")),
        ],
        "sta": ["sta", *netlist, "--liberty", str(liberty), *constraints],
        "leakage": ["leakage", *netlist, "--technology", str(technology), "--voltages", str(voltages)],
        "bias": ["bias", *netlist, "--technology", str(technology), *constraints, "-o", str(folder / "biased.v")],
        "tcl": ["tcl", str(flow), "-o", str(folder / "tcl"), "--check"],
        "init": ["init", "made", "--rtl", str(flow.with_name("tiny.v"))],
        "import": ["import", str(out), "--technology", str(technology), "-o", str(folder / "imported.toml")],
        "doctor": ["doctor"],
    }


def interrupt(process: subprocess.Popen[bytes]) -> tuple[int, float, list[int]]:
    """Send Ctrl-C as a terminal does, to the whole group; status, seconds to the end, processes that are left."""
    begin = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    status = process.wait()
    return status, time.monotonic() - begin, wait_for_none(process.pid) if processes(process.pid) else []


def measured(words: list[str], folder: Path) -> float:
    """Processor time of a command that nobody disturbs, s."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    status = start(words, folder).wait()
    if status not in (0, 1):
        raise SystemExit(f"{words[0]}: the undisturbed command ends with {status}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print the table; 1 if a command was late, ended otherwise or left something."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    chance, wrong = random.Random(SEED), 0
    with tempfile.TemporaryDirectory(prefix="interrupts-") as name:
        folder = Path(name)
        for sub in ("tmp", "cache", "design", "work"):
            (folder / sub).mkdir()
        os.chdir(folder / "work")
        flow, whole = write_design(folder / "design"), folder / "whole"
        command = ["run", str(flow), "-o", str(whole), "-j", "2"]
        for _ in range(2):  # the first fills the cache
            shutil.rmtree(whole, ignore_errors=True)
            used = measured(command, folder)
        idle = measured(command, folder)  # of a run that has nothing to do
        print(f"a run takes {used:.1f} s of processor time, {idle:.1f} s of it where nothing is to be done")
        names = [stage.name for stage in STAGES]
        jobs: list[tuple[str, list[str], float, float]] = []
        for number, stage in enumerate(names, 1):
            words = ["run", str(flow), "-o", str(folder / "copy"), "-j", "2", "--from", stage, "--to", stage]
            shutil.rmtree(folder / "copy", ignore_errors=True)
            shutil.copytree(whole, folder / "copy")
            jobs.append((f"{number:02d}-{stage}", words, min(idle, 1.0), measured(words, folder)))
        for verb, words in verbs(flow, folder / "copy", folder).items():
            jobs.append((verb, words, 0.0, 0.0))
        for what, words, least, most in jobs:
            seconds = most or measured(words, folder)
            times, faults = [], []
            for _ in range(count):
                for made in ("sweep", "records", "tcl", "imported.toml", "work/made.toml"):
                    path = folder / made
                    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
                if what[:2].isdigit():
                    shutil.rmtree(folder / "copy", ignore_errors=True)
                    shutil.copytree(whole, folder / "copy")
                moment = chance.uniform(min(least, seconds), seconds)
                process = start(words, folder)
                if not wait_until(process, moment):
                    continue
                status, ended, left = interrupt(process)
                times.append(ended)
                folders = sorted(path.name for path in (folder / "tmp").iterdir())
                # A command that was about to end may have ended well.
                if status not in (130, -signal.SIGINT, 0, 1) or ended > PROMISED or left or folders:
                    faults.append(f"after {moment:.1f} s: status {status}, {ended:.1f} s, left {left} {folders}")
            wrong += len(faults)
            longest = f"{max(times):.2f} s" if times else "ended before"
            print(f"{what:20s} {len(times)} of {count} interrupted, longest {longest} {'; '.join(faults)}", flush=True)
    print(f"{wrong} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
