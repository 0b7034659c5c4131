"""Progress: time left from the last run on a terminal, a line in a while in a log, and quiet after a failure."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from finevh.errors import InputError
from finevh.flow.engine.progress import Terminal
from finevh.flow.engine.runner import run_stages
from finevh.flow.engine.stage import LOG, RunDirectory, Stage, StageContext
from finevh.flow_file import read_flow

QUICK = Path(__file__).resolve().parents[3] / "flows" / "quick.toml"


def console(terminal: bool) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, force_terminal=terminal, width=100, highlight=False), text


def until(text: io.StringIO, word: str) -> None:
    """Wait for a word, at most some seconds."""
    end = time.monotonic() + 20.0
    while word not in text.getvalue() and time.monotonic() < end:
        time.sleep(0.01)
    assert word in text.getvalue()


def test_a_log_says_in_a_while_what_goes_on_and_its_count() -> None:
    given, text = console(terminal=False)
    terminal = Terminal(3, given, log_seconds=0.02)
    terminal.started("polybias", 500.0)
    terminal.doing("pb: PB4 12 of 340")
    until(text, "polybias: pb: PB4 12 of 340  [0 s, about 8.3 min left]\n")
    terminal.finished("polybias", reused=False)
    said = text.getvalue()
    assert " 1/3 polybias" in said.splitlines()[-1]
    time.sleep(0.1)
    assert text.getvalue() == said


@pytest.mark.parametrize(
    ("expected", "shown"),
    [
        (None, "place: nets  [0 s]"),
        (90.0, "place: nets  [0 s, about 90 s left]"),
        (0.0, "place: nets  [0 s, 0 s last time]"),
    ],
)
def test_a_terminal_shows_the_time_left_where_the_last_run_tells_it(expected: float | None, shown: str) -> None:
    given, text = console(terminal=True)
    terminal = Terminal(3, given)
    terminal.started("place", expected)
    terminal.doing("nets")
    until(text, shown)
    terminal.finished("place", reused=True)
    assert "reused" in text.getvalue()


def test_names_from_files_send_nothing_to_the_terminal() -> None:
    given, text = console(terminal=False)
    terminal = Terminal(1, given, log_seconds=0.02)
    terminal.started("read")
    terminal.doing("\x1b[2J[bold]x")
    until(text, "[bold]x")
    terminal.ended()
    assert "\x1b" not in text.getvalue()


def test_a_stage_that_ran_says_how_long_and_a_failure_ends_the_progress(tmp_path: Path) -> None:
    def work(context: StageContext) -> dict[str, float]:
        if context.flow.seed == 2:
            raise InputError("no")
        return {}

    stages = [Stage("work", work, (), lambda flow: flow.seed)]
    run = RunDirectory(tmp_path, stages)
    assert run.seconds("work") is None
    run_stages(read_flow(QUICK), stages, tmp_path)
    took = run.seconds("work")
    assert took is not None
    assert 0 <= took < 60
    before = threading.active_count()
    given, _ = console(terminal=False)
    with pytest.raises(InputError):
        run_stages(read_flow(QUICK, ("seed=2",)), stages, tmp_path, reporter=Terminal(1, given, log_seconds=0.02))
    end = time.monotonic() + 20.0
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() <= before
    (run.stage_path("work") / LOG).write_text("$ run\ndone in 3.5 s\nkilled", encoding="utf-8")
    assert run.seconds("work") is None
