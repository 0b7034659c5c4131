"""Programs run side by side leave what they leave one after the other."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from finevh.checks import Checks
from finevh.errors import InputError
from finevh.flow.engine.stage import StageContext
from finevh.flow.stages import activity


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stage of three programs; netlist, placement and wires are of no account."""
    for name in ("technology_of", "load_netlist", "load_placement", "load_wires", "switched_capacitance"):
        monkeypatch.setattr(activity, name, lambda *arguments: None)
    monkeypatch.setattr(activity, "programs_of", lambda flow: ("long", "short", "wrong"))
    notes: list[str] = []
    flow = SimpleNamespace(activity=SimpleNamespace(cycles=100, stimulus=None, glitches=False))
    return SimpleNamespace(
        flow=flow, inputs={"optimize": tmp_path}, directory=tmp_path, notes=notes, note=notes.append, say=notes.append,
        checks=Checks(),
    )  # fmt: skip


def ran(context: StageContext, program: str, *design: object) -> activity._Ran:
    (context.directory / program).write_text(program)
    checks = Checks()
    checks.add("activity_simulated", count=10)
    if program == "wrong":
        checks.add("program_failed", ["wrong (exit 0x2 in cycle 7)"])
    return activity._Ran({f"activity__{program}__cycles__count": 100}, None, checks, (f"{program} is done",))


@pytest.mark.parametrize("jobs", [1, 2])
def test_programs_are_accounted_for_in_their_order(
    context: SimpleNamespace, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "_run_program", ran)
    context.jobs = jobs
    metrics = activity.run_stage(cast(StageContext, context))
    assert list(metrics) == [f"activity__{program}__cycles__count" for program in ("long", "short", "wrong")]
    assert [text for text in context.notes if "done" in text] == ["long is done", "short is done", "wrong is done"]
    assert context.checks["activity_simulated"].count == 30
    assert context.checks["program_failed"].examples == ["wrong (exit 0x2 in cycle 7)"]
    assert {path.name for path in context.directory.iterdir()} == {"long", "short", "wrong"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_wrong_with_a_program_reaches_the_user(
    context: SimpleNamespace, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(context: StageContext, program: str, *design: object) -> activity._Ran:
        if program == "short":
            raise InputError("activity.programs: no program 'short'")
        return ran(context, program)

    monkeypatch.setattr(activity, "_run_program", fails)
    context.jobs = jobs
    with pytest.raises(InputError, match="no program 'short'"):
        activity.run_stage(cast(StageContext, context))
