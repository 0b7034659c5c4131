"""Quoted names come back from a real Tcl, a real shell and a Tcl list unchanged, and nothing in them is executed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finevh.base.quoting import (
    odb_name,
    shell_word,
    tcl_comment,
    tcl_list,
    tcl_list_word,
    tcl_regexp,
    tcl_word,
    verilog_identifier,
    yosys_pattern,
)
from finevh.errors import InputError

needs_tclsh = pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")

HOSTILE = [
    "a[3]",
    "\\[exec touch pwned] ",
    "[exec touch pwned]",
    "$env(HOME)",
    "a b",
    "{",
    "}",
    "}{",
    "a}",
    "{a",
    '"',
    'x"y',
    ";exec touch pwned",
    "#c",
    "a\\",
    "\\",
    "a\nb",
    "a\n exec touch pwned",
    "${x}",
    "$(touch pwned)",
    "`touch pwned`",
    "-name",
    "~",
    "*",
    "?",
    "a;b",
    "'",
    "a'b",
    "",
    " ",
    "é",
    "a\tb",
    "\\{",
    "\\}",
    "{[exec touch pwned]}",
    "%s",
    "\x7f",
    "\x01",
]
names = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(min_codepoint=1, max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=30),
    st.text(alphabet='ab[]{}$\\";# \n*?', max_size=12),
)

# Writes every value as hexadecimal code points, so the answer does not depend on an encoding.
DUMP = """
proc dump { value } {
  set codes {}
  foreach character [split $value {}] { lappend codes [format %x [scan $character %c]] }
  puts [join $codes ,]
}
"""


def decode(line: str) -> str:
    return "".join(chr(int(code, 16)) for code in line.split(",")) if line else ""


def run_tclsh(script: str, folder: Path) -> list[str]:
    path = folder / "probe.tcl"
    path.write_text(script, encoding="utf-8")
    done = subprocess.run(["tclsh", path.name], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in folder.iterdir()) == ["probe.tcl"]
    return [decode(line) for line in done.stdout.splitlines()]


@needs_tclsh
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(names, min_size=1, max_size=12))
def test_words_lists_and_braced_bodies_give_the_names_back(tmp_path: Path, texts: list[str]) -> None:
    lines = [DUMP]
    lines += [f"dump {tcl_word(text)}" for text in texts]
    lines += ["if { 1 } {", *(f"  dump {tcl_word(text)}" for text in texts), "}"]
    lines += [f"foreach item {tcl_list_word(texts)} {{ dump $item }}"]
    lines += ["# " + tcl_comment(text) for text in texts]
    answer = run_tclsh("\n".join(lines) + "\n", tmp_path)
    assert answer == texts * 3


@needs_tclsh
def test_a_line_of_a_table_is_one_tcl_list(tmp_path: Path) -> None:
    assert "\n" not in tcl_list(HOSTILE)
    (tmp_path / "probe.tcl").unlink(missing_ok=True)
    script = DUMP + "set line " + tcl_word(tcl_list(HOSTILE)) + "\nforeach item $line { dump $item }\n"
    assert run_tclsh(script, tmp_path) == HOSTILE


@needs_tclsh
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(names, min_size=1, max_size=8))
def test_expressions_match_only_their_own_name(tmp_path: Path, texts: list[str]) -> None:
    lines = []
    for text in texts:
        other = tcl_word(text + "x")
        lines.append(f"puts [regexp -- {tcl_word(tcl_regexp(text))} {tcl_word(text)}]")
        lines.append(f"puts [regexp -- {tcl_word(tcl_regexp(text))} {other}]")
    path = tmp_path / "probe.tcl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run(["tclsh", str(path)], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == ["1", "0"] * len(texts)


@settings(max_examples=25, deadline=None)
@given(st.lists(names, min_size=1, max_size=8))
def test_shell_words_come_back_from_a_shell(texts: list[str]) -> None:
    command = "printf '%s\\0' " + " ".join(shell_word(text) for text in texts)
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=30, check=True)
    assert done.stdout.decode("utf-8").split("\0")[:-1] == texts


def test_odb_names_follow_the_verilog_reader_of_opensta() -> None:
    assert odb_name("plain_1") == "plain_1"
    assert odb_name("q_reg[3]") == r"q_reg\[3\]"
    assert odb_name("u0/u1") == r"u0\/u1"
    assert odb_name("back\\slash") == "back\\\\slash"


def test_verilog_identifiers_are_escaped_only_where_needed() -> None:
    assert verilog_identifier("q_1") == "q_1"
    assert verilog_identifier("q[1]") == "\\q[1] "
    with pytest.raises(InputError, match="cannot be a Verilog identifier"):
        verilog_identifier("a b")


def test_yosys_patterns_are_exact() -> None:
    assert yosys_pattern("top") == "\\top"
    assert yosys_pattern("q[1]*") == "\\q\\[1]\\*"


def test_nul_and_characters_beyond_tcl_are_refused() -> None:
    with pytest.raises(InputError, match="NUL"):
        tcl_word("a\0b")
    with pytest.raises(InputError, match="U\\+1F600"):
        tcl_word("\U0001f600")
    with pytest.raises(InputError, match="NUL"):
        shell_word("\0")
