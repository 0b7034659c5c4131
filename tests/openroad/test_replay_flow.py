"""The whole flow on the recorded run of the real OpenROAD, to the report; a failure anywhere costs nothing that was done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest

from finevh.cli import run_command
from finevh.errors import InputError
from finevh.flow.engine.stage import Metrics, RunDirectory, Stage, StageContext, StageRecord
from finevh.flow.stages import STAGES
from oracles.openroad.recorded_flow import ALLOWED, replayed, write_recorded_flow
from oracles.openroad.recorded_run import LIBRARY
from tests.end_to_end.conftest import library_is_there
from tests.openroad.test_replay import SCRIPTS

pytestmark = pytest.mark.skipif(not library_is_there(LIBRARY), reason="libs/finevh45 holds no Liberty files")

NAMES = tuple(stage.name for stage in STAGES)


@dataclass
class Run:
    """One run directory, what ran in it since the log was last read, and the stage that ends in an error."""

    folder: Path
    ran: list[str]
    struck: str = ""

    def once(self) -> tuple[int, list[str], list[str]]:
        """Run the flow once; its exit status, the stages and the scripts that ran."""
        self.ran.clear()
        log = self.folder / "scripts"
        log.unlink(missing_ok=True)
        words = ["run", str(self.folder / "quick.toml"), "-o", str(self.folder / "run"), "-j", "1"]
        status = run_command([*words, *ALLOWED])
        return status, list(self.ran), log.read_text().split() if log.is_file() else []


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    write_recorded_flow(tmp_path)
    run = Run(tmp_path, [])
    original = RunDirectory.run_stage

    def run_stage(self: RunDirectory, stage: Stage, *rest: object) -> StageRecord:
        run.ran.append(stage.name)

        def work(context: StageContext) -> Metrics:
            metrics = stage.run(context)
            if run.struck == stage.name:
                raise InputError(f"{stage.name} is struck")  # when all its work is done
            return metrics

        return original(self, replace(stage, run=work), *rest)

    monkeypatch.setattr(RunDirectory, "run_stage", run_stage)
    with replayed(tmp_path):
        yield run


def test_a_failure_at_any_script_or_stage_costs_nothing_that_was_done(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One run directory, struck at every script and after every stage in turn: each attempt begins where the last one fell."""
    points_script = "point"
    order: list[tuple[str, str]] = [("stage", name) for name in NAMES[: NAMES.index("optimize")]]
    order += [("script", name) for name in SCRIPTS]
    order += [("stage", name) for name in NAMES[NAMES.index("optimize") : NAMES.index("export")]]
    order += [("script", points_script), ("stage", "export"), ("stage", "report")]
    at_stage, scripts_done = 0, 0
    all_scripts = [*SCRIPTS]
    for kind, name in order:
        run.struck = name if kind == "stage" else ""
        if kind == "script":
            monkeypatch.setenv("REPLAY_FAULT", name)
        status, stages, scripts = run.once()
        text = capsys.readouterr().err
        assert status != 0
        assert (f"stage '{name}" if kind == "script" else f"{name} is struck") in text
        monkeypatch.delenv("REPLAY_FAULT", raising=False)
        home = name if kind == "stage" else "export" if name == points_script else "optimize"
        assert stages == list(NAMES[at_stage : NAMES.index(home) + 1])
        if kind == "script" and name != points_script:
            assert scripts == all_scripts[scripts_done : SCRIPTS.index(name) + 1]
            scripts_done = SCRIPTS.index(name)
        elif name == "optimize":
            assert scripts == all_scripts[scripts_done:]
            scripts_done = len(SCRIPTS)
        elif home == "export":
            assert [script.partition("_")[0] for script in scripts] == ["point"]
        else:
            assert scripts == []
        at_stage = NAMES.index(home)
    run.struck = ""
    status, stages, scripts = run.once()
    assert (status, stages, scripts) == (0, ["report"], [])
    assert run.once() == (0, [], [])
    directory = run.folder / "run"
    assert (directory / "report.html").is_file()
    points = pd.read_csv(directory / "tables" / "openroad_points.csv")
    assert points["setup_openroad_ps"].tolist() == [-491.516]
    assert points["fmax_openroad_mhz"].tolist() == [pytest.approx(436.392)]
    assert len(pd.read_csv(directory / "operating_points.csv")) > 4
