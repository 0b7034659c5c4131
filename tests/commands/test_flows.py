"""Ready flows are listed by name, in a terminal's width, with what they are about; one that cannot run here says why."""

from __future__ import annotations

import json

import pytest

from finevh.base.share import flow_names
from finevh.cli import run_command
from finevh.commands.flows import WIDTH, flow_lines, ready_flows


def test_each_flow_stands_in_the_list_within_the_width(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["flows"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= WIDTH
    assert {line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "} == set(flow_names())
    assert run_command(["flows", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in found["flows"]} == set(flow_names())


def test_what_a_flow_is_about_is_the_first_sentence_of_its_comment() -> None:
    about = {row["name"]: row["about"] for row in ready_flows()}
    assert about["quick"] == "A small multiply-accumulate engine through the whole line in about half a minute"
    assert all(text and not text.startswith("#") for text in about.values())


def test_a_flow_that_cannot_run_here_says_why() -> None:
    lines = flow_lines([{"name": "other", "about": "A flow", "missing": "line 9: no such file or folder " + "x" * 20}])
    assert lines[1].startswith("  other           not ready: line 9")
