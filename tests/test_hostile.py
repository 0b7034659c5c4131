"""Hostile text as path, name and file name through every verb: nothing runs, nothing is written elsewhere, one message."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from finevh.base.quoting import visible
from finevh.cli import run_command

CORPUS = [
    "$(touch pwned)", "`touch pwned`", ";touch pwned", "|touch pwned", "&& touch pwned", "a b", " a", "a ", "\t",
    "a\nb", "a\rb", "\n.control\nshell touch pwned\n.endc", "'", '"', "a'b", 'a"b', "\\", "a\\", "\\n", "{", "}", "}{",
    "[exec touch pwned]", "{}", "[", "]", "a[0]", "${HOME}", "$HOME", "$env(HOME)", "%s%n", "%(x)s", "{0.__class__}",
    "{{7*7}}", "<script>alert(1)</script>", "&lt;", "=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "-o", "-rf",
    "--help", "..", "../x", "../../x", "/abs/olute", ".", "./a", "a/b", "a//b", "~", "~root", "*", "?", "*.v", "[a-z]",
    "...", "#", "# x", "//x", "/*x*/", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x00", "\x7f", "\x85", "\u2028",
    "\u202e", "\ufeff", "é", "e\u0301", "日本", "😀", "\xed\xa0\x80", "a" * 300, "a" * 5000, "nan", "inf", "1e400",
    "9" * 5000, "1_000", "null", "true", "CON", "module", "endmodule", "top", "VDD", "1'b0", "__proto__", "", "\u0661",
]  # fmt: skip
LIBRARY = Path(__file__).resolve().parents[1] / "libs" / "finevh45"


def test_the_corpus_is_large() -> None:
    assert len(set(CORPUS)) == len(CORPUS) >= 60


def answer(arguments: list[str], capsys: pytest.CaptureFixture[str], folder: Path, before: set[str]) -> int:
    """Run a command line; check what must hold whatever the answer."""
    status = run_command(arguments)
    out, err = capsys.readouterr()
    assert status in (0, 1, 2, 3), err
    assert "a defect of finevh" not in err
    assert "Traceback" not in err
    assert visible(out + err) == out + err
    if status == 2:
        assert err.count("finevh: ") + err.count("Error: ") >= 1
    assert "pwned" not in os.listdir()
    assert set(os.listdir(folder)) <= before | {"out"}
    return status


@pytest.mark.parametrize("text", CORPUS)
def test_as_a_path_and_an_option_of_every_verb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (
        ["run", text], ["run", "x.toml", "--set", text], ["run", "x.toml", "--from", text], ["emulate", text, "--freq", "1 GHz"],
        ["emulate", "x", "--freq", text], ["sweep", text, "--tiles", "1", "--delta-vdd", "0.1"],
        ["sweep", "quick", "--tiles", text, "--delta-vdd", "0.1", "-o", "out"],
        ["sweep", "quick", "--tiles", "1", "--delta-vdd", text, "-o", "out"],
        ["characterize", text], ["sta", "--netlist", text, "--top", text, "--liberty", text],
        ["leakage", "--netlist", text, "--top", text, "--technology", text, "--voltages", text],
        ["tcl", text, "-o", "out"], ["report", text], ["platform", "add", text], ["platform", "add", "x", "--name", text],
    ):  # fmt: skip
        if any(word in ("--help", "-h") for word in arguments):
            continue
        answer(arguments, capsys, tmp_path, set())


@pytest.mark.parametrize("text", CORPUS)
def test_as_a_name_in_a_flow_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    quoted = json.dumps(text)
    for key, value in (
        ("design.name", quoted), ("design.top", quoted), ("design.files", f"[{quoted}]"), ("design.file_list", quoted),
        ("technology.path", quoted), ("clock.port", quoted), ("clock.false_from", f"[{quoted}]"),
        ("activity.programs", f"[{quoted}]"), ("floorplan.header_cell", quoted), ("clock.period", quoted),
    ):  # fmt: skip
        status = answer(["tcl", "quick", "-o", "out", "--set", f"{key}={value}"], capsys, tmp_path, set())
        if key in ("design.name", "activity.programs") and not text.replace("_", "").isalnum():
            assert status == 2


@pytest.mark.parametrize("text", CORPUS)
def test_as_a_name_in_a_netlist_and_its_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    liberty = sorted((LIBRARY / "liberty").glob("finevh45_0v60.lib*"))[0]
    netlist = f"module top (a, y); input a; output y; INV_X1 \\{text}  (.A(a), .ZN(y)); endmodule\n"
    files = {
        "n.v": netlist,
        "m.csv": f"instance,vdd\n{text},0.6\n*,0.6\n",
        "c.sdc": f"set_load 0.1 [get_ports {{{text}}}]\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content.encode("utf-8", "surrogatepass"))
    base = ["sta", "--netlist", "n.v", "--top", "top", "--liberty", str(liberty)]
    for more in ([], ["--voltages", "m.csv"], ["--sdc", "c.sdc"], ["--json"]):
        answer([*base, *more], capsys, tmp_path, set(files))
