from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest

from finevh.cli import run_command
from tests.end_to_end.test_open_kit import flow_on_ihp

FAST = ("--set", "optimize.sizing=false", "--set", 'schemes.selectors=["greedy"]', "-j", "2")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    folder = tmp_path_factory.mktemp("sweep")
    flow = flow_on_ihp(folder, "--leakage-slope", "140mV")
    command = ["sweep", str(flow), "--tiles", "1,4", "--delta-vdd", "0.27,0.135", "-o", str(folder / "out"), *FAST]
    assert run_command(command) == 0
    return command, folder / "out"


def test_table_is_tidy_and_complete(sweep: tuple[list[str], Path]) -> None:
    table = pd.read_csv(sweep[1] / "sweep.csv")
    assert table.columns[0] == "program"
    assert set(table["tiles"]) == {1, 4}
    counts = table[table["scheme"] == "vdd-hopping"].groupby(["tiles", "delta_vdd_v"]).size()
    assert set(counts.index) == {(1, 0.135), (1, 0.27), (4, 0.135), (4, 0.27)}
    assert not table[(table["tiles"] == 4) & (table["scheme"] == "fine-vh")].empty


def test_synthesis_ran_once_and_its_output_is_shared(sweep: tuple[list[str], Path]) -> None:
    digests = {(sweep[1] / name / "01-synthesis" / "log.txt").read_bytes() for name in ("shared", "1-tiles", "4-tiles")}
    assert len(digests) == 1


def test_finished_sweep_is_not_run_again(sweep: tuple[list[str], Path]) -> None:
    command, folder = sweep
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("stage.json")}
    start = time.monotonic()
    assert run_command(command) == 0
    assert time.monotonic() - start < 60
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("stage.json")} == before


def test_scheduler_that_does_not_answer_is_an_input_error(
    sweep: tuple[list[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([*sweep[0], "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert "--scheduler tcp://127.0.0.1:1: nobody answers" in capsys.readouterr().err


def test_mesh_that_is_not_square_is_an_input_error(
    sweep: tuple[list[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["sweep", *sweep[0][1:], "--tiles", "5"]
    assert run_command(command) == 2
    assert "5 is not a square number" in capsys.readouterr().err
