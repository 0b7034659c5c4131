"""Hostile texts as names of folders and files through every verb: one folder below another, so that each path holds them all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from oracles.tiny_design import FREQUENCY, RTL, command, finished_run, write_design
from tests.technology.platform import test_platform as kit
from tests.test_hostile import CORPUS

REPOSITORY = Path(__file__).resolve().parents[2]
TECHNOLOGY = REPOSITORY / "libs" / "finevh45"


def can_name(text: str) -> bool:
    """Whether Linux takes it for the name of a file."""
    return text not in ("", ".", "..") and not set("/\0") & set(text) and len(text.encode()) <= 200


NAMES = [text for text in CORPUS if can_name(text)]
PATTERNS = [text for text in NAMES if set("*?") & set(text) or "..." in text]
"""What the elaborator of RTL takes for a pattern: tests/synthesis/test_hostile_paths.py."""
BEYOND = [text for text in NAMES if any(char > "\uffff" for char in text)]
"""What Tcl 8.6 cannot hold."""


def below(folder: Path, names: list[str]) -> Path:
    """A folder whose path holds all names; made in steps, since a call takes a path of 4096 bytes at most."""
    here = os.getcwd()
    os.chdir(folder)
    try:
        for name in names:
            os.mkdir(name)
            os.chdir(name)
        return Path(os.getcwd())
    finally:
        os.chdir(here)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The deepest folder; nothing may appear beside it."""
    deep = below(tmp_path, [name for name in NAMES if name not in PATTERNS + BEYOND])
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    yield deep
    assert os.listdir() == []
    assert sorted(os.listdir(tmp_path)) == sorted(["cwd", deep.relative_to(tmp_path).parts[0]])
    for folder, folders, files in os.walk(tmp_path):
        assert "pwned" not in [*folders, *files]
        if Path(folder) != deep and deep.is_relative_to(folder) and Path(folder) != tmp_path:
            assert len(folders) == 1
            assert files == []


def done(*words: str, status: int = 0) -> str:
    found, out, said = command(*words)
    assert found == status, (words[0], said)
    assert "a defect of finevh" not in said
    return out + said


def test_there_are_many_names() -> None:
    assert len(NAMES) >= 60


def test_a_run_and_every_verb_on_it(place: Path) -> None:
    """The same bytes as in a plain folder."""
    flow, run = write_design(place), place / "run"
    done("run", str(flow), "-o", str(run), "-j", "1")
    plain = finished_run()
    for name in ("out/tiny.v", "out/tiny.def", "out/tiny.spef", "out/tiny.upf", "operating_points.csv", "metrics.json"):
        assert (run / name).read_bytes() == (plain / name).read_bytes(), name
    done("emulate", str(run), "--freq", FREQUENCY)
    done("metrics", "--compare", str(run), str(plain))
    done("report", str(run))
    done("report", str(run), str(plain), "-o", str(place / "page.html"))
    done("tcl", str(flow), "-o", str(place / "tcl"), "--check")
    out = run / "out"
    mapped = ["--netlist", str(out / "tiny.v"), "--top", "tiny"]
    (place / "map.csv").write_text("instance,vdd\n*,0.8\n", encoding="utf-8")
    (place / "cells.lib.gz").write_bytes((TECHNOLOGY / "liberty" / "finevh45_0v80.lib.gz").read_bytes())
    constraints = ["--sdc", str(out / "tiny.sdc"), "--spef", str(out / "tiny.spef")]
    done("sta", *mapped, "--liberty", str(place / "cells.lib.gz"), *constraints)
    done("leakage", *mapped, "--technology", str(TECHNOLOGY), "--voltages", str(place / "map.csv"))
    done("bias", *mapped, "--technology", str(TECHNOLOGY), *constraints, "-o", str(place / "biased.v"))
    done("import", str(out), "--technology", str(TECHNOLOGY), "-o", str(place / "imported.toml"))
    assert command("signoff", str(run), "-j", "1")[0] in (0, 1)


def test_a_technology_there(place: Path) -> None:
    """Lists in makefiles part at blanks, and ngspice knows no way to name such a folder: an answer or a message, no more."""
    platform = place / "platform"
    kit.write_platform(platform, "std_typ_1p20V_25C.lib", kit.NAMES)
    kit.write_library(platform / "lib", "std_typ_1p20V_25C.lib", 1.2, 25, kit.CELLS)
    shutil.copytree(TECHNOLOGY.parent / "cells", place / "libs" / "cells")
    (place / "libs" / "finevh45").mkdir()
    shutil.copyfile(TECHNOLOGY / "technology.toml", place / "libs" / "finevh45" / "technology.toml")
    one = ["--cell", "TIE0", "--variant", "PB0", "--vdd", "0.8", "-j", "1"]
    for words in (
        ["platform", "add", str(platform), "-o", str(place / "technology")],
        ["characterize", str(place / "libs" / "finevh45"), *one, "-o", str(place / "records")],
    ):
        status, _, said = command(*words)
        assert status in (0, 2), said
        assert "a defect of finevh" not in said


def test_names_that_a_tool_cannot_be_told_of_are_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in PATTERNS + BEYOND:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "tiny.v").write_text(RTL, encoding="utf-8")
        status, _, said = command("init", "made", "--rtl", str(folder / "tiny.v"))
        assert (status, said.count("finevh: ")) == (2, 1), said
        assert "rename" in said
        shutil.rmtree(folder)
    assert os.listdir(tmp_path) == []
