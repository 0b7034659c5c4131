"""A full and a read-only disk under every verb that writes: one message that names the file, and no half-written file."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oracles.damage import digests
from oracles.tiny_design import command, finished_run, write_design
from tests.technology.platform import test_platform as kit

REPOSITORY = Path(__file__).resolve().parents[2]
TECHNOLOGY = REPOSITORY / "libs" / "finevh45"


@contextmanager
def disk(path: Path, size: int) -> Iterator[Path]:
    """A disk of so many bytes at a folder."""
    path.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    if shutil.which("mount") is None or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("mounting a small tmpfs needs root with the right to mount")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(folder: Path) -> None:
    """Leave no byte."""
    with (folder / "filler").open("wb", buffering=0) as stream:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    stream.write(b"x" * size)
            except OSError:
                continue


def writers(folder: Path, at: Path) -> dict[str, list[str]]:
    """Command lines of every verb that writes a place of its own; ``at`` lies on the disk."""
    flow, run = str(write_design(folder)), finished_run()
    platform = folder / "platform"
    if not platform.exists():
        kit.write_platform(platform, "std_typ_1p20V_25C.lib", kit.NAMES)
        kit.write_library(platform / "lib", "std_typ_1p20V_25C.lib", 1.2, 25, kit.CELLS)
    mapped = ["--netlist", str(run / "out" / "tiny.v"), "--top", "tiny", "--technology", str(TECHNOLOGY)]
    one = ["--cell", "TIE0", "--variant", "PB0", "--vdd", "0.8", "-j", "1"]
    return {
        "run": ["run", flow, "-o", str(at / "run"), "-j", "1"],
        "sweep": ["sweep", flow, "--tiles", "1", "--delta-vdd", "0.2", "-j", "1", "-o", str(at / "sweep")],
        "characterize": ["characterize", str(TECHNOLOGY), *one, "-o", str(at / "records")],
        "tcl": ["tcl", flow, "-o", str(at / "tcl")],
        "compare": ["report", str(run), str(copy_of(run, folder)), "-o", str(at / "page.html")],
        "bias": ["bias", *mapped, "--sdc", str(run / "out" / "tiny.sdc"), "-o", str(at / "biased.v")],
        "import": ["import", str(run / "out"), "--technology", str(TECHNOLOGY), "-o", str(at / "flow.toml")],
        "platform": ["platform", "add", str(platform), "-o", str(at / "technology")],
    }


def copy_of(run: Path, folder: Path) -> Path:
    if not (folder / "other").exists():
        shutil.copytree(run, folder / "other")
    return folder / "other"


VERBS = ["run", "sweep", "characterize", "tcl", "compare", "bias", "import", "platform"]
IN_PLACE = {"report": ["report"], "run again": ["run"], "signoff": ["signoff", "-j", "1"]}


def check_message(status: int, said: str, place: Path, *reasons: str) -> None:
    assert status == 2, said
    assert "a defect of finevh" not in said
    assert said.count("finevh: ") == 1
    message = said[said.index("finevh: ") :]
    assert any(reason in message for reason in reasons), message
    assert str(place) in message


@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk(tmp_path: Path, verb: str) -> None:
    with disk(tmp_path / "disk", 1 << 16) as place:
        words = writers(tmp_path, place)[verb]
        fill(place)
        status, _, said = command(*words)
        check_message(status, said, place, "No space left on device")
        left = [path for path in place.rglob("*") if path.is_file() and path.name != "filler"]
        # Of a run the stage that was being written lies aside, under a name of its own.
        assert [path for path in left if path.stat().st_size and ".partial" not in str(path)] == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_read_only_disk(tmp_path: Path, verb: str) -> None:
    with disk(tmp_path / "disk", 1 << 16) as place:
        words = writers(tmp_path, place)[verb]
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        status, _, said = command(*words)
        check_message(status, said, place, "Read-only file system")
        assert os.listdir(place) == []


@pytest.mark.parametrize("state", ["full", "read-only"])
@pytest.mark.parametrize("verb", list(IN_PLACE))
def test_a_finished_run_on_such_a_disk_stays_as_it_is(tmp_path: Path, verb: str, state: str) -> None:
    size = sum(path.stat().st_size + 8192 for path in finished_run().rglob("*"))
    with disk(tmp_path / "disk", size + (1 << 18)) as place:
        run = place / "run"
        shutil.copytree(finished_run(), run)
        before = digests(run)
        if state == "full":
            fill(place)
        else:
            subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        words = IN_PLACE[verb]
        given = (
            [str(write_design(tmp_path)), "-o", str(run), "-j", "1", "--from", "report"]
            if words == ["run"]
            else [str(run)]
        )
        status, _, said = command(words[0], *given, *words[1:])
        check_message(status, said, place, "No space left on device", "Read-only file system")
        assert digests(run) == before


def test_init_in_a_folder_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_design(tmp_path)
    with disk(tmp_path / "disk", 1 << 16) as place:
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        monkeypatch.chdir(place)
        status, _, said = command("init", "made", "--rtl", str(tmp_path / "tiny.v"))
        monkeypatch.undo()
        check_message(status, said, place, "Read-only file system")
