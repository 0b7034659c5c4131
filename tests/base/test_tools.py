"""One finder for every external program: a variable, then PATH; what is missing says how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.base.tools import OPENROAD, TCLSH, TOOLS, look_for, require, version_of
from finevh.commands.doctor import diagnose
from finevh.errors import ToolMissingError


def program(folder: Path, name: str, says: str = "26Q3-7-g5c9e487") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_a_variable_names_the_program_before_path_does(tmp_path: Path) -> None:
    on_path, named = program(tmp_path / "bin", "openroad"), program(tmp_path / "own", "built")
    environment = {"PATH": str(on_path.parent)}
    assert look_for(OPENROAD, environment) == str(on_path)
    assert look_for(OPENROAD, environment | {"FINEVH_OPENROAD": str(named)}) == str(named)
    assert look_for(OPENROAD, environment | {"FINEVH_OPENROAD": "/none"}) is None


def test_a_missing_program_is_exit_status_3_with_purpose_and_mend(tmp_path: Path) -> None:
    with pytest.raises(
        ToolMissingError, match=r"tclsh is not on PATH; needed for checking .*: apt-get install tcl"
    ) as caught:
        require(TCLSH, {"PATH": str(tmp_path)})
    assert caught.value.exit_status == 3
    with pytest.raises(
        ToolMissingError, match="FINEVH_OPENROAD=/none: no such executable; needed for the other layout"
    ):
        require(OPENROAD, {"PATH": str(tmp_path), "FINEVH_OPENROAD": "/none"})


def test_a_version_is_the_first_line_with_a_digit(tmp_path: Path) -> None:
    assert version_of(str(program(tmp_path, "openroad")), OPENROAD) == "26Q3-7-g5c9e487"
    assert version_of("/none/openroad", OPENROAD) is None


def test_doctor_finds_openroad_by_its_variable_and_says_what_an_untested_version_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def state(says: str) -> tuple[str | None, str | None, str | None]:
        path = program(tmp_path, f"built-{says}", says)
        monkeypatch.setenv("FINEVH_OPENROAD", str(path))
        found = next(tool for tool in diagnose().tools if tool.name == "openroad")
        assert found.path == str(path)
        return found.version, found.note, found.path

    assert state("26Q3-7-g5c9e487")[:2] == ("26Q3-7-g5c9e487", None)
    version, note, _ = state("27Q1-3-gabcdef0")
    assert version == "27Q1-3-gabcdef0"
    assert note is not None
    assert "outside the tested range 26Q3" in note
    assert "What may differ" in note


def test_every_program_says_what_it_is_for_and_how_to_get_it() -> None:
    assert len({tool.name for tool in TOOLS}) == len(TOOLS)
    assert all(tool.purpose and tool.install for tool in TOOLS)


def test_a_program_is_asked_in_no_folder_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some programs take settings from files of the current folder."""
    monkeypatch.chdir(tmp_path)
    path = program(tmp_path / "bin", "openroad", "$(pwd) 1")
    path.write_text('#!/bin/sh\necho "$(pwd) 1"\n')
    assert version_of("bin/openroad", OPENROAD) == "/ 1"
