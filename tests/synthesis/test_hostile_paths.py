"""A path or a name is a word of no shell: whatever it holds, nothing is executed and the result is the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from finevh.base.files import work_folder
from finevh.errors import InputError
from finevh.synthesis import Options, Rtl, SynthesisPlan, SynthesisResult, find_top, plan_synthesis, run_synthesis
from tests.synthesis.conftest import QUICK
from tests.synthesis.library import liberty_text


@pytest.mark.parametrize(
    "name", ["d$(touch pwned)x", "a b", "a;touch pwned", "it's", 'say "x"', "`touch pwned`", "a\nb"]
)
def test_the_run_directory_may_have_any_name(
    quick_plan: SynthesisPlan,
    quick_result: SynthesisResult,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run_synthesis(quick_plan, tmp_path / name)
    assert result.netlist.read_bytes() == quick_result.netlist.read_bytes()
    assert not list(tmp_path.rglob("pwned*"))


@pytest.mark.parametrize("name", ["d$(touch pwned)x", "a b", "[a]", "$HOME", "%COMSPEC%", "a\nb", "-x", "é"])
def test_the_sources_and_the_library_may_lie_anywhere(
    quick_result: SynthesisResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = tmp_path / name
    source.mkdir()
    for file in ("quick_clock_gate.sv", "quick.sv"):
        shutil.copy(QUICK / file, source / file)
    (source / f"{name}.lib").write_text(liberty_text())
    rtl = Rtl(files=(source / "quick_clock_gate.sv", source / "quick.sv"), include_dirs=(source,))
    plan = plan_synthesis(rtl.with_top(find_top(rtl)), [source / f"{name}.lib"], Options(period=2000.0))
    result = run_synthesis(plan, tmp_path / "run")
    assert result.netlist.read_bytes() == quick_result.netlist.read_bytes()
    assert not list(tmp_path.rglob("pwned*"))


@pytest.mark.parametrize("name", ["*", "a?b", "..."])
def test_a_path_that_the_elaborator_takes_for_a_pattern_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    source = tmp_path / name / "one.v"
    source.write_text("module one (input a, output b); assign b = a; endmodule\n")
    with pytest.raises(InputError, match="for a pattern; rename the file or folder"):
        find_top(Rtl((source,)))


@pytest.mark.parametrize("name", ["X; !touch pwned", "A B", 'a"b', "!touch pwned", ""])
def test_a_cell_name_that_is_no_word_is_refused(quick_rtl: Rtl, tmp_path: Path, name: str) -> None:
    path = tmp_path / "cells.lib"
    quoted = name.replace('"', '\\"')
    path.write_text(liberty_text().replace("cell (XOR2)", f'cell ("{quoted}")'))
    with pytest.raises(InputError, match=r"cells\.lib"):
        plan_synthesis(quick_rtl, [path], Options(period=2000.0, dont_use=("XOR*",)))


def test_a_work_folder_avoids_a_hostile_tmpdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = tmp_path / "a b;touch pwned"
    hostile.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(hostile))
    with work_folder() as folder:
        assert " " not in str(folder)
    assert not folder.exists()
