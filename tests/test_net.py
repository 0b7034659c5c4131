"""One net under all verbs: whatever goes wrong ends in one message and a status, and no raw escape sequence is printed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from finevh.base.children import Terminated
from finevh.base.quoting import visible
from finevh.cli import cli, run_command

ESCAPE = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e"


@pytest.fixture
def verb():
    """Give the command line a verb that raises what it is told to."""
    failures: list[BaseException] = []

    @cli.command("fail")
    def fail() -> None:
        raise failures.pop()

    yield failures
    cli.commands.pop("fail")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyError("x"), 1, "finevh: a defect of finevh: KeyError: 'x' at test_net.py:"),
        (EOFError("Compressed file ended"), 1, "finevh: a defect of finevh: EOFError: Compressed file ended"),
        (RecursionError(), 2, "finevh: an input file is nested too deeply; simplify it\n"),
        (MemoryError(), 2, "finevh: the memory of this machine does not suffice; "),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), 2, "finevh: a file or a name is not UTF-8 text ("),
        (
            OSError(errno.ENOSPC, "No space left on device", "a/b"),
            2,
            "finevh: a/b: No space left on device; free space",
        ),
        (OSError(errno.EMFILE, "Too many open files"), 2, "finevh: Too many open files; check the path, the disk"),
        (OSError("odd"), 2, "finevh: odd; "),
        (KeyboardInterrupt(), 130, "finevh: interrupted; the same command resumes\n"),
        (Terminated(15), 143, "finevh: asked to end; the same command resumes\n"),
        (ValueError(ESCAPE), 1, "finevh: a defect of finevh: ValueError: \\x1b]0;pwned\\x07\\x1b[2J\\x9b31m\\u202e"),
        (click.UsageError(ESCAPE), 2, "Error: \\x1b]0;pwned"),
    ],
)
def test_every_exception_is_one_message(
    verb: list[BaseException], capsys: pytest.CaptureFixture[str], error: BaseException, status: int, message: str
) -> None:
    verb.append(error)
    assert run_command(["fail"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert visible(err) == err


def test_debug_shows_where(verb: list[BaseException], capsys: pytest.CaptureFixture[str]) -> None:
    verb.append(KeyError("x"))
    assert run_command(["fail", "--debug"]) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", ESCAPE],
        ["run", "x.toml", "--from", ESCAPE],
        [ESCAPE],
        ["run", f"--{ESCAPE}"],
        ["emulate", ESCAPE, "--freq", "1 MHz"],
        ["report", ESCAPE],
        ["sta", "--netlist", ESCAPE, "--top", "t", "--liberty", ESCAPE],
        ["leakage", "--netlist", ESCAPE, "--top", "t", "--technology", ESCAPE, "--voltages", ESCAPE],
        ["characterize", ESCAPE],
        ["sweep", ESCAPE, "--tiles", "1", "--delta-vdd", ESCAPE],
        ["tcl", ESCAPE, "-o", "x"],
        ["platform", "add", ESCAPE],
    ],
)
def test_no_verb_prints_an_escape_sequence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(arguments) == 2
    out, err = capsys.readouterr()
    assert visible(out + err) == out + err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", ["0", "-1", "1000000", "1e3", "nan"])
def test_a_number_of_processes_that_no_machine_has_is_refused(capsys: pytest.CaptureFixture[str], number: str) -> None:
    assert run_command(["run", "quick", "-j", number]) == 2
    assert "-j" in capsys.readouterr().err


def test_a_closed_pipe_is_no_message(tmp_path: Path) -> None:
    command = f"{sys.executable} -c 'from finevh.cli import main; main()' --help | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "config.mk",
            "A0 = xxxxxxxxxx\n" + "".join(f"A{i + 1} = $(A{i})$(A{i})\n" for i in range(40)) + "B := $(A40)\n",
        ),
        ("config.mk", "A = x\n" + "A := $(A)$(A)\n" * 60),
        (
            "config.mk",
            "A := $(foreach a,1 2 3 4 5 6 7 8 9,$(foreach b,1 2 3 4 5 6 7 8 9,$(foreach c,1 2 3 4 5 6 7 8,$(X))))\n",
        ),
        ("config.mk", "A := $(word x,1)\n"),
        ("config.mk", "A := $(word 999999999999999999999999999999999999999999999,1)\n"),
        ("config.mk", "A := $(subst a)\n"),
        ("config.mk", "A := $(foreach)\n"),
        ("config.mk", "A = $(A)\nB := $(A)\n"),
        ("config.mk", "$(" * 100_000),
        ("config.mk", "A := " + "(" * 100_000 + "\n"),
    ],
)
def test_a_platform_file_that_grows_or_makes_no_sense_ends_in_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    begin = time.monotonic()
    assert run_command(["platform", "add", str(tmp_path), "-o", str(tmp_path / "out")]) == 2
    assert time.monotonic() - begin < 10
    assert capsys.readouterr().err.startswith(f"finevh: {tmp_path}")
    assert os.listdir(tmp_path) == [name]
