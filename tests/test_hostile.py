"""Hostile text as path, name and file name through every verb: nothing runs, nothing is written elsewhere, one message."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from finevh.base.quoting import visible
from finevh.base.toml import toml_value
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


def answer(
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    before: set[str],
    told: tuple[str, ...] = (),
) -> int:
    """Run a command line; check what must hold whatever the answer."""
    status = run_command(arguments)
    out, err = capsys.readouterr()
    assert status in (0, 1, 2, 3), err
    assert "a defect of finevh" not in err
    assert "Traceback" not in err
    assert visible(out + err) == out + err
    if status == 2:
        assert err.count("finevh: ") + err.count("Error: ") >= 1
    assert [word for word in told if word not in err] == [], err
    assert "pwned" not in os.listdir()
    assert set(os.listdir(folder)) <= before | {"out"}
    return status


@pytest.mark.parametrize("text", CORPUS)
def test_as_a_path_and_an_option_of_every_verb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    # An option that is taken meets a wrong one after it, so that no verb begins its work.
    tiles_and_steps = ["--delta-vdd", "9 V", "-o", "out"], ["--tiles", "2", "-o", "out"]
    for arguments in (
        ["run", text], ["run", "x.toml", "--set", text], ["run", "x.toml", "--from", text], ["run", "x.toml", "--allow", text],
        ["run", "quick", "-o", "out", "--from", text, "--to", "none"], ["run", text, "-o", text],
        ["emulate", text, "--freq", "1 GHz"], ["emulate", "x", "--freq", text],
        ["emulate", "x", "--freq", "1 GHz", "--delta-vdd", text],
        ["sweep", text, "--tiles", "1", "--delta-vdd", "0.1"], ["sweep", "quick", "--tiles", text, *tiles_and_steps[0]],
        ["sweep", "quick", "--delta-vdd", text, *tiles_and_steps[1]],
        ["sweep", "quick", "--tiles", "2", "--delta-vdd", "0.1", "--program", text, "--scheduler", text, "-o", "out"],
        ["characterize", text], ["characterize", str(LIBRARY), "--cell", text, "--variant", text, "--vdd", text, "-o", "out"],
        ["sta", "--netlist", text, "--top", text, "--liberty", text], ["sta", "--netlist", "x", "--top", text, "--corner", text],
        ["sta", "--netlist", "x", "--top", "x", "--liberty", "x", "--env", text, "--allow", text, "--sdc", text, "--spef", text],
        ["leakage", "--netlist", text, "--top", text, "--technology", text, "--voltages", text],
        ["bias", "--netlist", text, "--top", text, "--technology", text, "--sdc", text, "--spef", text, "-o", text],
        ["bias", "--netlist", "x", "--top", "x", "--technology", str(LIBRARY), "--variants", text, "--vdd", text, "-o", "out"],
        ["tcl", text, "-o", "out"], ["tcl", "x.toml", "-o", "out", "--tiles", text], ["report", text],
        ["report", text, text, "-o", "out"],
        ["signoff", text], ["metrics", text], ["metrics", "--compare", text, text], ["cache", text],
        ["flows", text], ["doctor", text],
        ["init", text, "--rtl", text], ["init", text, "-f", text, "--include", text, "--top", text, "--technology", text],
        ["init", text, "--placed", text], ["import", text, "--technology", text], ["import", text, "-o", "out", "--tiles", text],
        ["platform", "add", text], ["platform", "add", "x", "--name", text], ["platform", "add", "x", "--leakage-slope", text],
    ):  # fmt: skip
        if any(word in ("--help", "-h") for word in arguments):
            continue
        status = answer(arguments, capsys, tmp_path, set())
        # Beside those that only tell what there is, nothing is done with such a text.
        assert status != 0 or arguments[0] in ("cache", "flows", "doctor")


@pytest.mark.parametrize("text", CORPUS)
def test_as_a_name_in_a_flow_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    quoted = toml_value(text)
    keys = {
        "design.name": quoted, "design.top": quoted, "design.files": f"[{quoted}]", "design.file_list": quoted,
        "technology.path": quoted, "clock.port": quoted, "clock.false_from": f"[{quoted}]",
        "activity.programs": f"[{quoted}]", "floorplan.header_cell": quoted, "clock.period": quoted,
    }  # fmt: skip
    if PLAIN.fullmatch(text):
        # A word that every language takes: at all places at once, and again at those where it must name something.
        named = (
            "design.name",
            "design.top",
            "clock.port",
            "clock.false_from",
            "floorplan.header_cell",
            "activity.programs",
        )
        answer(
            ["tcl", "quick", "-o", "out", *assignments(*((key, keys[key]) for key in named))], capsys, tmp_path, set()
        )
        for key in keys.keys() - set(named):
            assert answer(["tcl", "quick", "-o", "out", *assignments((key, keys[key]))], capsys, tmp_path, set()) == 2
        return
    for key, value in keys.items():
        status = answer(["tcl", "quick", "-o", "out", *assignments((key, value))], capsys, tmp_path, set())
        if key in ("design.name", "activity.programs"):
            assert status == 2
    rest = assignments(("design.name", quoted))
    for verb in (["run", "quick", "-o", "out"], ["sweep", "quick", "--tiles", "1", "--delta-vdd", "0.1", "-o", "out"]):
        assert answer([*verb, *rest], capsys, tmp_path, set()) == 2


TECHNOLOGY_VERBS = (
    ["run", "quick", "-o", "out"],
    ["tcl", "quick", "-o", "out"],
    ["sweep", "quick", "--tiles", "1", "--delta-vdd", "0.1", "-o", "out"],
    ["leakage", "--netlist", "n.v", "--top", "top", "--voltages", "m.csv"],
    ["bias", "--netlist", "n.v", "--top", "top", "--sdc", "c.sdc", "-o", "out"],
    ["import", "placed", "-o", "out"],
    ["init", "made", "--rtl", "n.v"],
    ["characterize", "technology", "-o", "out"],
)


@pytest.mark.parametrize("text", [text for text in CORPUS if not re.fullmatch(r"[A-Za-z0-9_+.-]{0,128}", text)])
def test_as_a_name_in_a_technology_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Names of technology, variant, suffix, site and layer are refused together, by every verb that reads one."""
    monkeypatch.chdir(tmp_path)
    whole, quoted = (LIBRARY / "technology.toml").read_text(encoding="utf-8"), toml_value(text)
    for old in ('name = "finevh45"', 'name = "PB0"', 'name = "finevh45_site"', 'name = "metal1"'):
        assert old in whole
        whole = whole.replace(old, f"name = {quoted}", 1)
    files = {
        "n.v": "module top (input a, output y); INV_X1 u (.A(a), .ZN(y)); endmodule\n",
        "c.sdc": "",
        "m.csv": "instance,vdd\n*,0.6\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "technology").mkdir()
    (tmp_path / "technology" / "technology.toml").write_text(whole, encoding="utf-8")
    (tmp_path / "placed").mkdir()
    for name, content in (("top.def", ""), ("top.v", ""), ("top.sdc", "")):
        (tmp_path / "placed" / name).write_text(content)
    before = {*files, "technology", "placed"}
    words = TECHNOLOGY_VERBS[CORPUS.index(text) % len(TECHNOLOGY_VERBS)]
    named = (
        ["--set", f"technology.path={tmp_path / 'technology'}"]
        if words[1] == "quick"
        else ["--technology", "technology"]
    )
    option = [] if words[0] == "characterize" else named
    # Characterisation stops at the first.
    told = ("name", "variants.0.name", "site.name", "layers.0.name")[: 1 if words[0] == "characterize" else 4]
    assert answer([*words, *option], capsys, tmp_path, before, told) == 2


PLAIN = re.compile(r"\w+", re.ASCII)


def assignments(*values: tuple[str, str]) -> list[str]:
    return [word for key, value in values for word in ("--set", f"{key}={value}")]


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
    for more in (["--json"], ["--voltages", "m.csv"], ["--sdc", "c.sdc"]):
        answer([*base, *more], capsys, tmp_path, set(files))
