"""Runs side by side: what differs in their flow files first, then answers, curves and metrics."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from finevh.cli import run_command
from finevh.errors import InputError
from finevh.report.compare import compare_runs, flow_differences, run_names
from finevh.report.metrics import change_text, differing, number_text, read_metrics


@pytest.fixture
def two_runs(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("runs")
    runs = folder / "first", folder / "second"
    for run, tiles in zip(runs, (9, 49), strict=True):
        shutil.copytree(run_directory, run)
        (run / "flow.toml").write_text(f'seed = 1\n[floorplan]\ntiles = {tiles}\n[design]\nname = "<b>toy"\n')
    (runs[1] / "metrics.json").write_text('{"polybias__PB16__fraction": 0.9, "place__wirelength__um": 12.0}')
    return runs


def test_only_keys_that_differ_are_listed(two_runs: tuple[Path, Path]) -> None:
    assert flow_differences(two_runs) == [("floorplan.tiles", ["9", "49"])]


def test_the_page_holds_answers_and_metrics_of_each_run(two_runs: tuple[Path, Path], tmp_path: Path) -> None:
    page = compare_runs(two_runs, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "first against second" in page
    assert page.count("draws 28.0") >= 2
    assert "+50.00 %" in page
    assert "FINE-VH over the first run's" in page
    assert page.count("4 of 4") == 8  # two runs, two variant sets, two delta-Vdd
    assert "absent" in page
    assert "<b>toy" not in page


def test_a_run_given_twice_or_no_run_is_refused(two_runs: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="given twice"):
        compare_runs([two_runs[0], two_runs[0]], tmp_path / "page.html")
    with pytest.raises(InputError, match="no operating points"):
        compare_runs([two_runs[0], tmp_path / "nothing"], tmp_path / "page.html")


def test_folders_of_one_name_are_told_apart_by_their_path(tmp_path: Path) -> None:
    assert run_names([tmp_path / "a" / "run", tmp_path / "b" / "run"]) == ["a/run", "b/run"]


def test_metrics_that_are_equal_are_not_listed_and_absent_ones_stay_absent() -> None:
    rows = differing([{"a": 1.0, "b": 2.0}, {"a": 1.0 + 1e-12, "c": 3.0}])
    assert rows == [("b", (2.0, None)), ("c", (None, 3.0))]
    assert (change_text(2.0, 3.0), change_text(0.0, 3.0), change_text(None, 3.0)) == ("+50.00 %", "", "")
    assert (number_text(None), number_text(3.0), number_text(0.123456)) == ("absent", "3", "0.12346")


def test_the_metrics_command_compares_two_runs(two_runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["metrics", "--compare", *map(str, two_runs)]) == 0
    said = capsys.readouterr().out
    assert "polybias__PB16__fraction" in said
    assert "+50.00 %" in said
    assert run_command(["metrics", "--compare", str(two_runs[0]), str(two_runs[0])]) == 0
    assert capsys.readouterr().out == "no metric differs\n"
    assert run_command(["metrics"]) == 2


@pytest.mark.parametrize("text", ["", "[]", '{"a": "b"}'])
def test_damaged_metrics_are_an_input_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(InputError, match=r"metrics\.json"):
        read_metrics(tmp_path)
