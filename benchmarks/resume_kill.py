"""Kill commands at random moments; every resume must end with the same bytes: python benchmarks/resume_kill.py [N] [FLOW].

``run``, ``sweep`` and ``characterize`` in turn, each disturbed by KILL, TERM or INT of the command, of its child or of its
whole group. An undisturbed command gives the reference. Then, N times (default 20): start from scratch, signal after a random
time, start again to the end, compare every file but the logs, and look for processes and temporary folders that are left.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SEED = 1
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
WHOM = ("command", "child", "group")
EXPECTED = {signal.SIGTERM: 143, signal.SIGINT: 130}
NOT_COMPARED = ("log.txt", "times.js", ".lock")


def start(arguments: list[str], temporary: Path) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own."""
    command = [sys.executable, "-c", "from finevh.cli import main; main()", *arguments]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )


def processes(session: int) -> list[int]:
    """Living processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def disturb(process: subprocess.Popen[bytes], number: signal.Signals, whom: str) -> tuple[int, float]:
    """Signal a command; return its status and how long it took to end, s."""
    begin = time.monotonic()
    children = [pid for pid in processes(process.pid) if pid != process.pid]
    if whom == "group":
        os.killpg(process.pid, number)
    else:
        os.kill(min(children) if whom == "child" and children else process.pid, number)
    return process.wait(), time.monotonic() - begin


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
    end = time.monotonic() + 2.0
    while time.monotonic() < end and processes(session):
        time.sleep(0.02)
    return processes(session)


def jobs(flow: str) -> dict[str, Callable[[Path], list[str]]]:
    """The commands, each for an output folder."""
    return {
        "run": lambda out: ["run", flow, "-o", str(out), "-j", "2"],
        "sweep": lambda out: ["sweep", flow, "--tiles", "4,9", "--delta-vdd", "0.2", "-j", "2", "-o", str(out)],
        "characterize": lambda out: [
            *("characterize", "libs/finevh45/technology.toml", "--cell", "INV,NAND2,NOR2"),
            *("--variant", "PB0", "--vdd", "0.8", "-j", "2", "-o", str(out)),
        ],
    }


def main() -> int:
    """Print a line per signal; 1 if one resume differs or something is left."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    flow = sys.argv[2] if len(sys.argv) > 2 else "flows/quick.toml"
    wanted = sys.argv[3].split(",") if len(sys.argv) > 3 else ["run", "sweep", "characterize"]
    random.seed(SEED)
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="resume-kill-") as name:
        folder, temporary = Path(name), Path(name) / "tmp"
        temporary.mkdir()
        references, lengths = {}, {}
        for job in wanted:
            begin = time.monotonic()
            if start(jobs(flow)[job](folder / f"{job}-reference"), temporary).wait() != 0:
                print(f"{job}: the undisturbed command fails")
                return 1
            lengths[job] = time.monotonic() - begin
            references[job] = digests(folder / f"{job}-reference")
            print(f"{job}, undisturbed: {lengths[job]:.1f} s, {len(references[job])} files", flush=True)
        ways = itertools.cycle(itertools.product(SIGNALS, WHOM))
        for turn, job, (number, whom) in zip(range(1, count + 1), itertools.cycle(wanted), ways, strict=False):
            out = folder / "killed"
            moment = random.uniform(0.0, lengths[job])
            process = start(jobs(flow)[job](out), temporary)
            try:
                process.wait(moment)
                status, ended = 0, 0.0
            except subprocess.TimeoutExpired:
                status, ended = disturb(process, number, whom)
            left = wait_for_none(process.pid)
            again = start(jobs(flow)[job](out), temporary)
            again_status = again.wait()
            left += wait_for_none(again.pid)
            found, reference = digests(out), references[job]
            different = sorted(key for key in reference.keys() | found.keys() if reference.get(key) != found.get(key))
            folders = sorted(path.name for path in temporary.iterdir())
            late = ended > 2.0 and number != signal.SIGKILL
            odd = whom != "child" and status not in (0, EXPECTED.get(number, -signal.SIGKILL))
            bad = bool(different or again_status or left or folders or late or odd)
            wrong += bad
            state = f"DIFFERENT: {', '.join(different[:5])}" if different else "identical"
            extra = f", left: {left} {folders}" if left or folders else ""
            extra += ", LATE" * late + f", STATUS {status}" * odd
            told = f"{job} {number.name} to the {whom} after {moment:5.1f} s (status {status}, ended in {ended:.1f} s)"
            print(f"{turn:3d}: {told}, resumed: {state}{extra}", flush=True)
            shutil.rmtree(out, ignore_errors=True)
    print(f"{count - wrong} of {count} resumes identical, nothing left")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
