"""Kill commands at random moments; every resume must end with the same bytes: python benchmarks/resume_kill.py [N].

``run``, ``sweep`` and ``characterize`` in turn, each disturbed by KILL, TERM or INT of the command, of its child or of its
whole group. An undisturbed command gives the reference. Then, N times (default 20): start from scratch, signal after a random
share of its work, start again to the end, compare every file but the logs, and look for processes and temporary folders that
are left.
``--power M`` adds M losses of power: everything is killed, and of the files that the command had written, run directory and
library cache alike, each is whole, empty or half by chance, as a rename without its data leaves it.

``--state FOLDER`` keeps references and results there: the same command goes on where it was.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import itertools
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from oracles.processes import processes
from oracles.tiny_design import write_design

REPOSITORY = Path(__file__).resolve().parents[1]
SEED = 1
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
WHOM = ("command", "child", "group")
POWER = "power"
EXPECTED = {"SIGTERM": 143, "SIGINT": 130, "SIGKILL": -signal.SIGKILL, POWER: -signal.SIGKILL}
NOT_COMPARED = ("log.txt", "times.js", ".lock")
PROMISED = 2.0  # s, within which a command ends that was asked to


def start(arguments: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, with temporary folder and library cache below a folder."""
    command = [sys.executable, "-c", "from finevh.entry import main; main()", *arguments]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(folder / "tmp"), "FINEVH_CACHE": str(folder / "cache")},
    )


def processor_seconds(session: int) -> float:
    """Processor time that a session has used, s; unlike the clock it means the same on a busy machine."""
    total = 0
    for pid in processes(session):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(field) for field in fields[11:15])  # man 5 proc: utime, stime, cutime, cstime
    return total / os.sysconf("SC_CLK_TCK")


def wait_until(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait until a command has used so much processor time; False if it ends before."""
    while process.poll() is None:
        if processor_seconds(process.pid) >= seconds:
            return True
        time.sleep(0.05)
    return False


def disturb(process: subprocess.Popen[bytes], name: str, whom: str) -> tuple[int, float]:
    """Signal a command; return its status and how long it took to end, s."""
    begin = time.monotonic()
    number = signal.SIGKILL if name == POWER else signal.Signals[name]
    children = [pid for pid in processes(process.pid) if pid != process.pid]
    if whom == "group":
        os.killpg(process.pid, number)
    else:
        os.kill(min(children) if whom == "child" and children else process.pid, number)
    return process.wait(), time.monotonic() - begin


def lose_data(folders: list[Path], chance: random.Random) -> int:
    """Leave each file whole, empty or half; return how many were spoilt."""
    spoilt = 0
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        kept = chance.choice((1.0, 0.5, 0.0))
        if kept < 1.0:
            os.truncate(path, int(kept * path.stat().st_size))
            spoilt += 1
    return spoilt


def content(path: Path) -> bytes:
    """Bytes of a file; of a characterisation record without the processor time that it took."""
    if not path.name.endswith(".json.gz"):
        return path.read_bytes()
    data = json.loads(gzip.decompress(path.read_bytes()))
    data.pop("cpu_seconds")
    return json.dumps(data, sort_keys=True).encode()


def digests(directory: Path) -> dict[str, str]:
    """SHA-256 of every file but logs and locks."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(content(path)).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name not in NOT_COMPARED
    }


def wait_for_none(session: int) -> list[int]:
    """Processes of a session that are left after two seconds."""
    end = time.monotonic() + PROMISED
    while time.monotonic() < end and processes(session):
        time.sleep(0.02)
    return processes(session)


def jobs(flow: str) -> dict[str, Callable[[Path], list[str]]]:
    """The commands, each for an output folder."""
    return {
        "run": lambda out: ["run", flow, "-o", str(out), "-j", "2"],
        "sweep": lambda out: ["sweep", flow, "--tiles", "1,4", "--delta-vdd", "0.2", "-j", "2", "-o", str(out)],
        "characterize": lambda out: [
            *("characterize", str(REPOSITORY / "libs" / "finevh45" / "technology.toml"), "--cell", "INV,TIE0,TIE1"),
            *("--variant", "PB0", "--vdd", "0.8", "-j", "2", "-o", str(out)),
        ],
    }


def turns(count: int, power: int, wanted: list[str]) -> Iterator[tuple[str, str, str]]:
    """Job, signal and whom of each turn."""
    ways = itertools.cycle((number.name, whom) for number in SIGNALS for whom in WHOM)
    # Every job meets every way: each way comes once for each job.
    for turn in range(count):
        job = wanted[turn % len(wanted)]
        if turn % len(wanted) == 0:
            name, whom = next(ways)
        yield job, name, whom
    for turn in range(power):
        yield wanted[turn % len(wanted)], POWER, "group"


def one_turn(
    job: Callable[[Path], list[str]], folder: Path, moment: float, name: str, whom: str, reference: dict[str, str]
) -> tuple[bool, str]:
    """Disturb, resume, compare: whether all held, and what was found."""
    out = folder / "killed"
    shutil.rmtree(out, ignore_errors=True)
    process = start(job(out), folder)
    status, ended = disturb(process, name, whom) if wait_until(process, moment) else (process.returncode, 0.0)
    left = wait_for_none(process.pid)
    lost = lose_data([out, folder / "cache"], random.Random(moment)) if name == POWER else 0
    again = start(job(out), folder)
    again_status = again.wait()
    left += wait_for_none(again.pid)
    found = digests(out)
    different = sorted(key for key in reference.keys() | found.keys() if reference.get(key) != found.get(key))
    folders = sorted(path.name for path in (folder / "tmp").iterdir())
    late = ended > PROMISED and name not in ("SIGKILL", POWER)
    # A signal that comes before Python itself is there ends the process as the system does.
    odd = whom != "child" and status not in (0, EXPECTED[name], *(-number for number in SIGNALS if number.name == name))
    state = f"DIFFERENT: {', '.join(different[:5])}" if different else "identical"
    extra = f", {lost} files spoilt" if lost else ""
    extra += f", LEFT: {left} {folders}" if left or folders else ""
    extra += f", RESUME ENDS WITH {again_status}" if again_status else ""
    extra += ", LATE" * late + f", STATUS {status}" * odd
    shutil.rmtree(out, ignore_errors=True)
    told = f"{name} to the {whom} after {moment:5.1f} s of work (status {status}, ended in {ended:.1f} s)"
    return not (different or again_status or left or folders or late or odd), f"{told}, resumed: {state}{extra}"


def make_references(wanted: list[str], known: dict[str, Callable[[Path], list[str]]], folder: Path) -> dict[str, dict]:
    """Files and processor time of each undisturbed command; kept in the folder."""
    path = folder / "references.json"
    references = json.loads(path.read_text()) if path.exists() else {}
    for job in wanted:
        if job in references:
            continue
        out = folder / f"{job}-reference"
        found = []
        for _ in range(2):  # the first may compile kernels and fill the cache, which must change nothing
            shutil.rmtree(out, ignore_errors=True)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            status = start(known[job](out), folder).wait()
            if status != 0:
                raise SystemExit(f"{job}: the undisturbed command ends with {status}")
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            found.append(digests(out))
        if found[0] != found[1]:
            raise SystemExit(f"{job}: two undisturbed commands differ")
        seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        references[job] = {"seconds": seconds, "files": found[1]}
        path.write_text(json.dumps(references))
        print(f"{job}, undisturbed: {seconds:.1f} s of processor time, {len(found[1])} files", flush=True)
    return references


def main() -> int:
    """Print a line per signal; 1 if one resume differs or something is left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=20, help="signals")
    parser.add_argument("--power", type=int, default=0, metavar="M", help="losses of power")
    parser.add_argument("--flow", help="a flow file or name (default: the tiny design of the tests)")
    parser.add_argument("--jobs", default="run,sweep,characterize")
    parser.add_argument("--state", type=Path, help="folder that keeps what is done (default: a temporary one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="resume-kill-") as name:
        folder = (options.state or Path(name)).resolve()
        for sub in ("tmp", "cache", "design"):
            (folder / sub).mkdir(parents=True, exist_ok=True)
        wanted, known = options.jobs.split(","), jobs(options.flow or str(write_design(folder / "design")))
        references = make_references(wanted, known, folder)
        done = folder / "done.txt"
        lines = done.read_text().splitlines() if done.exists() else []
        chance = random.Random(SEED)
        for turn, (job, signal_name, whom) in enumerate(turns(options.count, options.power, wanted), 1):
            moment = chance.uniform(0.0, references[job]["seconds"])
            if turn <= len(lines):
                continue
            held, told = one_turn(known[job], folder, moment, signal_name, whom, references[job]["files"])
            lines.append(f"{turn:3d}: {'' if held else 'WRONG '}{job} {told}")
            print(lines[-1], flush=True)
            with done.open("a") as stream:
                stream.write(lines[-1] + "\n")
    wrong = sum(": WRONG " in line for line in lines)
    print(f"{len(lines) - wrong} of {len(lines)} resumes identical, nothing left")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
