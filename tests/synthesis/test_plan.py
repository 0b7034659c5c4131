"""A plan is text and a digest; nothing of it needs a tool."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.synthesis import Options, Rtl, SynthesisPlan, plan_rtl_export, plan_synthesis
from finevh.synthesis.plan import render_tcl
from tests.synthesis.library import liberty_text


def test_same_contents_elsewhere_have_the_same_digest(
    quick_rtl: Rtl, quick_plan: SynthesisPlan, tmp_path: Path
) -> None:
    copies = tuple(Path(shutil.copy(file, tmp_path)) for file in quick_rtl.files)
    library = tmp_path / "tiny.lib"
    library.write_text(liberty_text(), encoding="utf-8")
    moved = plan_synthesis(replace(quick_rtl, files=copies), [library], Options(period=2000.0))
    assert moved.digest == quick_plan.digest


@pytest.mark.parametrize("change", ["source", "library", "period", "adder", "parameter"])
def test_any_change_of_the_input_changes_the_digest(
    quick_rtl: Rtl, quick_plan: SynthesisPlan, tmp_path: Path, change: str
) -> None:
    rtl, options = quick_rtl, Options(period=2000.0)
    library = tmp_path / "tiny.lib"
    library.write_text(liberty_text() + ("\n" if change == "library" else ""), encoding="utf-8")
    if change == "source":
        copy = Path(shutil.copy(rtl.files[1], tmp_path))
        copy.write_text(copy.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        rtl = replace(rtl, files=(rtl.files[0], copy))
    elif change == "parameter":
        rtl = replace(rtl, parameters={"Width": 8})
    elif change == "period":
        options = replace(options, period=1500.0)
    elif change == "adder":
        options = replace(options, adder="sklansky")
    assert plan_synthesis(rtl, [library], options).digest != quick_plan.digest


def test_tcl_and_command_list_say_the_same(quick_plan: SynthesisPlan) -> None:
    tclsh = shutil.which("tclsh")
    if tclsh is None:
        pytest.skip("tclsh is missing; install the Debian package tcl")
    # 'yosys' prints its arguments one a line, then a blank line.
    prelude = 'proc yosys {args} { foreach word $args { puts "<$word>" }; puts "" }\n'
    script = prelude + quick_plan.files["synthesis.tcl"]
    printed = subprocess.run([tclsh], input=script, capture_output=True, text=True, check=True)
    blocks = [tuple(line[1:-1] for line in block.splitlines()) for block in printed.stdout.strip().split("\n\n")]
    assert blocks[0] == ("-import",)
    assert blocks[1:] == [tuple(command) for command in quick_plan.commands]
    assert json.loads(quick_plan.files["commands.json"]) == [list(command) for command in quick_plan.commands]


def test_rendered_script_names_the_library_it_stands_for() -> None:
    text = render_tcl([("opt",)], {"/a/cells.lib.gz": "library_0.lib"})
    assert "# library_0.lib is /a/cells.lib.gz, decompressed." in text
    assert text.endswith("yosys -import\nyosys opt\n")


def test_mapping_script_leaves_out_what_shall_not_be_used(quick_rtl: Rtl, tiny_liberty: Path) -> None:
    plan = plan_synthesis(quick_rtl, [tiny_liberty], Options(period=2000.0, dont_use=("XOR*",)))
    script = plan.files["mapping.abc"]
    assert "-X TIE0 -X TIE1 -X XOR2" in script
    assert script.startswith("read_lib -S ")


def test_no_buffer_chain_is_asked_for(quick_plan: SynthesisPlan) -> None:
    lines = quick_plan.files["mapping.abc"].splitlines()
    assert not [line for line in lines if line.split()[0] in ("buffer", "upsize", "dnsize")]


def test_compressed_library_is_read(quick_rtl: Rtl, quick_plan: SynthesisPlan, tmp_path: Path) -> None:
    library = tmp_path / "tiny.lib.gz"
    library.write_bytes(gzip.compress(liberty_text().encode()))
    plan = plan_synthesis(quick_rtl, [library], Options(period=2000.0))
    assert plan.commands == quick_plan.commands


def test_period_is_positive(quick_rtl: Rtl, tiny_liberty: Path) -> None:
    with pytest.raises(InputError, match=r"^the target period is 0 ps; a period is positive$"):
        plan_synthesis(quick_rtl, [tiny_liberty], Options(period=0.0))


def test_plan_wants_a_top_module(quick_rtl: Rtl) -> None:
    with pytest.raises(InputError, match="names no top module"):
        plan_rtl_export(replace(quick_rtl, top=None))
