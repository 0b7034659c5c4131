"""The whole flow with OpenROAD as its engine, on a stand-in that leaves a real design in OpenROAD's formats; hostile names."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from finevh.cli import run_command
from finevh.layout.formats.def_read import read_def
from tests.end_to_end.conftest import library_is_there
from tests.openroad.small_design import REPOSITORY, hostile, plain, write_design

LIBRARY = REPOSITORY / "libs" / "finevh45"
PLAYER = Path(__file__).with_name("player.py")
Run = Callable[[str, str], Path]
# The stand-in draws no power grid; the recorded run has one (test_replay).
ALLOWED = [word for kind in ("open", "short", "misplaced") for word in ("--allow", f"supply_{kind}")]
pytestmark = pytest.mark.skipif(not library_is_there(LIBRARY), reason="libs/finevh45 holds no Liberty files")


def player(folder: Path) -> Path:
    executable = folder / "openroad"
    executable.write_text(
        f'#!/bin/sh\nPYTHONPATH="{REPOSITORY}" PLAYER_TECHNOLOGY="{LIBRARY}" exec "{sys.executable}" "{PLAYER}" "$@"\n'
    )
    executable.chmod(0o755)
    return executable


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of an engine on the design with plain or hostile names, made once."""
    folder = tmp_path_factory.mktemp("engines")
    finished: dict[tuple[str, str], Path] = {}

    def made(engine: str, kind: str) -> Path:
        if (engine, kind) not in finished:
            place = folder / f"{engine}-{kind}"
            flow = write_design(place, {"plain": plain, "hostile": hostile}[kind], engine)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("FINEVH_OPENROAD", str(player(folder)))
                patch.chdir(place)
                assert (
                    run_command(
                        ["run", str(flow), "-o", str(place / "run"), "-j", "1", "--set", "openroad.points=2", *ALLOWED]
                    )
                    == 0
                )
            finished[engine, kind] = place / "run"
        return finished[engine, kind]

    return made


def test_every_later_stage_runs_on_what_openroad_left(run: Run) -> None:
    directory = run("openroad", "plain")
    assert len(pd.read_csv(directory / "operating_points.csv")) > 4
    assert (directory / "report.html").is_file()
    for ending in ("v", "def", "spef", "sdc", "upf"):
        assert (directory / "out" / f"small.{ending}").stat().st_size > 100
    points = pd.read_csv(directory / "tables" / "openroad_points.csv")
    assert points["setup_openroad_ps"].tolist() == [120.0] * len(points)
    assert 1 <= len(points) <= 2
    metrics = json.loads((directory / "metrics.json").read_text())
    assert metrics["openroad__place__timing__setup__ws"] == 120.0
    assert metrics["place__wirelength__um"] > 0.0
    assert "optimize__wirelength__um" not in metrics  # SPEF tells no lengths
    messages = pd.read_csv(directory / "05-optimize" / "results" / "tables" / "openroad_messages.csv")
    assert messages.loc[0, ["stage", "severity", "code"]].tolist() == ["floorplan", "warning", "STA-0101"]


def test_the_tools_clock_buffer_stays_and_the_configuration_chain_goes(run: Run) -> None:
    netlist = (run("openroad", "plain") / "05-optimize" / "netlist.v").read_text()
    assert "clkbuf_0_clk_i" in netlist
    assert "finevh_config" not in netlist
    assert "hold1" not in netlist  # the tool's buffer in the chain


@pytest.mark.parametrize("engine", ["builtin", "openroad"])
def test_hostile_names_execute_nothing_and_change_no_operating_point(engine: str, run: Run) -> None:
    names, tame = run(engine, "hostile"), run(engine, "plain")
    assert (names / "operating_points.csv").read_bytes() == (tame / "operating_points.csv").read_bytes()
    assert not [path for path in names.parent.rglob("*") if "pwned" in path.name]
    assert not Path("pwned").exists()


FAULTS = {
    "error:routing": (1, "stage 'routing' ended with status 1"),
    "killed:placement": (1, "stage 'placement' was killed by SIGKILL"),
    "truncated:parasitics": (1, "final.def: cut short"),
    "no-metrics:placement": (1, "wrote no metrics"),
}


@pytest.fixture
def again(run: Run, tmp_path: Path) -> Callable[[list[str]], int]:
    """Runs the layout once more in a copy of the finished run."""
    source = run("openroad", "plain")
    shutil.copytree(source, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "openroad")  # or every script would be reused
    flow = source.parent / "small.toml"
    return lambda options: run_command(
        [
            "run",
            str(flow),
            "-o",
            str(tmp_path / "run"),
            "--from",
            "optimize",
            "--to",
            "optimize",
            "--set",
            "openroad.points=2",
            *ALLOWED,
            *options,
        ]
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_run_names_its_stage(
    fault: str,
    again: Callable[[list[str]], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FINEVH_OPENROAD", str(player(tmp_path)))
    monkeypatch.setenv("PLAYER_FAULT", fault)
    status, message = FAULTS[fault]
    assert again([]) == status
    text = capsys.readouterr().err
    assert message in text
    assert "run it again" in text.lower()


def test_a_failure_late_in_the_run_costs_no_earlier_script(
    again: Callable[[list[str]], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINEVH_OPENROAD", str(player(tmp_path)))
    monkeypatch.setenv("PLAYER_FAULT", "truncated:parasitics")
    assert again([]) == 1
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "openroad").glob("*.odb")}
    assert {path.name for path in before} >= {"floorplan.odb", "placement.odb", "routing.odb"}
    monkeypatch.delenv("PLAYER_FAULT")
    assert again([]) == 0
    kept = {path for path, time in before.items() if path.stat().st_mtime_ns == time}
    assert {path.name for path in before.keys() - kept} <= {"final.odb"}
    log = (tmp_path / "run" / "05-optimize" / "log.txt").read_text()
    assert "routing: reused" in log
    assert "parasitics: reused" not in log


def test_a_missing_or_untested_tool_is_exit_status_3(
    again: Callable[[list[str]], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FINEVH_OPENROAD", str(player(tmp_path)))
    monkeypatch.setenv("PLAYER_VERSION", "v2.0-17598-ga008522d8")
    assert again([]) == 3
    assert "tested range" in capsys.readouterr().err
    monkeypatch.delenv("FINEVH_OPENROAD")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert again([]) == 3
    assert "openroad is not installed" in capsys.readouterr().err


def test_clock_cells_stand_where_the_policy_wants_them_or_are_named(
    again: Callable[[list[str]], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Policy high: the stand-in's clock buffer on a row at VddH; then on the row of a tile."""
    monkeypatch.setenv("FINEVH_OPENROAD", str(player(tmp_path)))
    assert again(["--set", "clock.policy=high", "--set", "floorplan.utilisation=0.3"]) == 0
    assert "cells_of_the_clock" in (tmp_path / "run" / "openroad" / "clock_tree.tcl").read_text()
    assert "clkbuf_0_clk_i" not in misplaced(tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "openroad")
    monkeypatch.setenv("PLAYER_FAULT", "unseated")
    assert again(["--set", "clock.policy=high", "--set", "floorplan.utilisation=0.3"]) == 0
    assert "clkbuf_0_clk_i stands on the rail of tile" in misplaced(tmp_path / "run")


def misplaced(run: Path) -> str:
    checks = json.loads((run / "05-optimize" / "checks.json").read_text())
    return str(checks.get("supply_misplaced", {}).get("examples"))


def test_the_embedded_engine_seats_the_cells_of_its_tree_that_stay_at_vddh(run: Run, tmp_path: Path) -> None:
    source = run("builtin", "plain")
    shutil.copytree(source, tmp_path / "run")
    flow = source.parent / "small.toml"
    words = [
        "run",
        str(flow),
        "-o",
        str(tmp_path / "run"),
        "-j",
        "1",
        "--to",
        "export",
        "--set",
        "clock.policy=high",
        "--set",
        "floorplan.tiles=4",
    ]
    assert run_command(words) == 0
    checks = (tmp_path / "run" / "checks.json").read_text()
    assert "supply_" not in checks
    nets = {net.name: net for net in read_def(tmp_path / "run" / "out" / "small.def").special_nets}
    high = {instance for instance, _ in nets["VDDH"].pins}
    assert any(name.startswith("clock_root") for name in high)
    assert any(name.startswith("clock_leaf") for name in high)
    assert "clock_root" not in (tmp_path / "run" / "out" / "small.upf").read_text()
