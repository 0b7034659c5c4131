"""What a sweep refuses before it runs anything, and what it says when nobody works on it any more."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from finevh.cli import run_command
from oracles.tiny_design import write_design

FLOWS = Path(__file__).resolve().parents[2] / "flows"


@pytest.mark.parametrize(
    ("flow", "options", "message"),
    [
        ("quick", ("--program", "sort"), "--program sort: the flow runs no programs, its activity is random data"),
        ("ri5cy", ("--program", "sorting"), "activity.programs: no program 'sorting' beside "),
        ("quick", ("--delta-vdd", "130mV"), "delta_vdd = 0.130 V does not divide the range"),
        ("quick", ("--delta-vdd", "200"), "--delta-vdd 200: a bare number is in volts; write 200mV"),
        ("quick", ("--set", "clock.port=clock"), "clock.port: no source of quick has a 'clock'"),
    ],
)
def test_a_sweep_refuses_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flow: str, options: tuple[str, ...], message: str
) -> None:
    given = ["sweep", str(FLOWS / f"{flow}.toml"), "--tiles", "9", "--delta-vdd", "200mV", "-o", str(tmp_path / "out")]
    assert run_command([*given, *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def start(words: list[str], folder: Path) -> subprocess.Popen[str]:
    """Start a part of dask, or the sweep, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
        start_new_session=True,
    )  # fmt: skip


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A dask scheduler on a free port and one worker without a nurse that would start another."""
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    words = ["--port", "0", "--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(file)]
    parts = [start(["-m", "distributed.cli.dask_scheduler", *words], tmp_path)]
    try:
        end = time.monotonic() + 120
        while not (file.exists() and file.stat().st_size) and time.monotonic() < end:
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        own = ["--no-nanny", "--no-dashboard", "--nthreads", "1", "--local-directory", str(tmp_path / "worker")]
        parts.append(start(["-m", "distributed.cli.dask_worker", address, *own], tmp_path))
        yield address, parts[1]
    finally:
        for part in parts:
            part.kill()
            part.wait()
            assert part.stdout is not None
            part.stdout.close()


SWEEP = """import sys
from finevh.commands import sweep
sweep._ASK, sweep._PATIENCE = 0.2, 1.0
from finevh.cli import main
main()
"""


def test_a_sweep_whose_last_worker_dies_says_so_and_resumes(
    tmp_path: Path, scheduler: tuple[str, subprocess.Popen[str]]
) -> None:
    address, worker = scheduler
    flow, out = write_design(tmp_path), tmp_path / "out"
    given = ["sweep", str(flow), "--tiles", "1", "--delta-vdd", "200mV", "-j", "1", "-o", str(out)]
    sweep = start(["-c", SWEEP, *given, "--scheduler", address], tmp_path)
    end = time.monotonic() + 400
    # The trial is on its way on the worker: some stage of it is done.
    while not (out / "1-tiles" / "03-floorplan").exists() and sweep.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    worker.kill()
    said, _ = sweep.communicate(timeout=200)
    assert sweep.returncode == 1, said
    assert said.count("finevh: ") == 1
    assert f"--scheduler {address}: the scheduler or its last worker is gone" in said
    assert "the same command resumes" in said
    assert "Traceback" not in said
    assert not (out / "sweep.csv").exists()
    done = (out / "1-tiles" / "03-floorplan" / "stage.json").stat().st_mtime_ns
    assert run_command(given) == 0
    assert (out / "1-tiles" / "03-floorplan" / "stage.json").stat().st_mtime_ns == done
    table = (out / "sweep.csv").read_bytes()
    assert run_command([*given[:-1], str(tmp_path / "undisturbed")]) == 0
    assert (tmp_path / "undisturbed" / "sweep.csv").read_bytes() == table
