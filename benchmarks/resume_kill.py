"""Kill -9 a quick run at random moments; every resume must end with the same bytes: python benchmarks/resume_kill.py [N] [FLOW].

A run that is not disturbed gives the reference. Then, N times (default 20): start from scratch, kill after a random time,
start again to the end, compare every file but the logs.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SEED = 1


def run(flow: Path, directory: Path, kill_after: float | None = None) -> int:
    """Run the flow; kill it after some seconds. Returns the exit status, negative for a signal."""
    command = [sys.executable, "-c", "from finevh.cli import main; main()", "run", str(flow), "-o", str(directory)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as child:
        try:
            return child.wait(kill_after)
        except subprocess.TimeoutExpired:
            # The synthesis runs in a child of its own: the whole session goes.
            os.killpg(child.pid, signal.SIGKILL)
            return child.wait()


def digests(directory: Path) -> dict[str, str]:
    """SHA-256 of every file of a run but its logs and its lock."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name not in ("log.txt", ".lock")
    }


def main() -> int:
    """Print a line per kill; 1 if one resume differs."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    flow = Path(sys.argv[2] if len(sys.argv) > 2 else "flows/quick.toml")
    random.seed(SEED)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        if run(flow, Path(folder) / "reference") != 0:
            print("the undisturbed run fails")
            return 1
        length = time.monotonic() - start
        reference = digests(Path(folder) / "reference")
        print(f"undisturbed: {length:.1f} s, {len(reference)} files")
        for number in range(1, count + 1):
            directory = Path(folder) / "killed"
            moment = random.uniform(0.0, length)
            status = run(flow, directory, moment)
            done = sorted(path.name for path in directory.glob("[0-9][0-9]-*"))
            again = run(flow, directory)
            found = digests(directory)
            different = sorted(
                name for name in reference.keys() | found.keys() if reference.get(name) != found.get(name)
            )
            wrong += bool(different) or again != 0
            state = "identical" if not different else f"DIFFERENT: {', '.join(different[:5])}"
            killed = f"killed after {moment:5.1f} s (status {status}, {len(done)} stages done)"
            print(f"{number:2d}: {killed}, resumed: {state}", flush=True)
            shutil.rmtree(directory)
    print(f"{count - wrong} of {count} resumes identical")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
