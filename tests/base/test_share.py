"""What ships is found by name, written down without its place, and never a way out of its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finevh.base.share import expand, flow_names, portable, shared, technology_names
from finevh.cli import run_command
from finevh.flow_file import find_flow, read_flow, write_flow


def test_flows_and_technologies_that_ship_have_names() -> None:
    assert {"quick", "ri5cy", "loc1_pe"} <= set(flow_names())
    assert "finevh45" in technology_names()


def test_a_shipped_path_is_written_without_the_place_and_reads_back() -> None:
    library = shared("libs", "finevh45")
    assert portable(library) == "finevh:libs/finevh45"
    assert expand("finevh:libs/finevh45") == library
    assert portable(Path("/elsewhere/lib")) == "/elsewhere/lib"


@pytest.mark.parametrize("text", ["finevh:../secret", "finevh:/etc/passwd", "finevh:libs/../../x"])
def test_a_shipped_path_never_leaves_its_folder(text: str) -> None:
    with pytest.raises(ValueError, match="leaves the folder"):
        expand(text)


def test_a_ready_flow_is_found_by_its_name_and_a_file_of_that_name_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_flow(Path("quick")) == shared("flows", "quick.toml")
    (tmp_path / "quick").write_text("")
    assert find_flow(Path("quick")) == Path("quick")
    assert find_flow(Path("nosuch")) == Path("nosuch")


def test_a_written_flow_holds_no_place_of_what_ships_and_reads_back_equal(tmp_path: Path) -> None:
    flow = read_flow(Path("quick"))
    text = write_flow(flow)
    assert str(shared()) not in text
    assert 'path = "finevh:libs/finevh45"' in text
    (tmp_path / "flow.toml").write_text(text)
    assert read_flow(tmp_path / "flow.toml") == flow


def test_an_unknown_technology_name_says_which_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["run", "quick", "--set", "technology.path=finevh46", "-o", str(tmp_path / "r")]) == 2
    message = capsys.readouterr().err
    assert "no technology 'finevh46'" in message
    assert "finevh45" in message


def test_the_flows_command_lists_what_can_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["flows", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"quick", "ri5cy"} <= {row["name"] for row in found["flows"]}
    assert {"name": "finevh45", "library": "ready"} in found["technologies"]
    assert run_command(["flows"]) == 0
