"""The rendered Yosys Tcl on an installed Yosys: as it stands where the version allows, in a reduced form on an older one."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from finevh.synthesis import Options, Rtl, plan_synthesis, run_synthesis
from finevh.synthesis.plan import render_tcl
from oracles.yosys import counts, reduced, version

YOSYS = shutil.which("yosys")
PDK = Path(os.environ.get("FINEVH_PDK", Path(__file__).resolve().parents[3] / "shared" / "pdk"))
LIBERTY = PDK / "nangate45" / "nangate45_typ.lib.gz"
pytestmark = [
    pytest.mark.skipif(YOSYS is None, reason="yosys is not installed (Debian: apt install yosys)"),
    pytest.mark.skipif(not LIBERTY.is_file(), reason=f"no open PDK data at {PDK} (set FINEVH_PDK)"),
]
DESIGN = """module top (input clk, input rst_n, input [3:0] \\a$[x] , input [3:0] b, output reg [7:0] y);
  reg [3:0] \\hostile;[exec{touch}pwned] ;
  always @(posedge clk or negedge rst_n)
    if (!rst_n) begin y <= 0; \\hostile;[exec{touch}pwned]  <= 0; end
    else begin \\hostile;[exec{touch}pwned]  <= \\a$[x] ; y <= y + \\hostile;[exec{touch}pwned]  * b; end
endmodule
"""


def test_the_script_runs_and_maps_the_same_registers_with_nothing_executed(tmp_path: Path) -> None:
    source = tmp_path / "top.v"
    source.write_text(DESIGN)
    plan = plan_synthesis(Rtl((source,), top="top"), [LIBERTY], Options(period=2000.0))
    reference = run_synthesis(plan, tmp_path / "pyosys").cells
    run = tmp_path / "yosys"
    run.mkdir()
    for name, text in plan.files.items():
        (run / name).write_text(text)
    for path, name in plan.libraries.items():
        (run / name).write_bytes(gzip.decompress(path.read_bytes()))
    recent = version(str(YOSYS)) >= (0, 62)
    commands = plan.commands if recent else reduced(plan.commands, source)
    (run / "script.tcl").write_text(render_tcl(commands, {}))
    modules = ["-m", "slang"] if recent else []
    done = subprocess.run(
        [str(YOSYS), *modules, "-q", "-c", "script.tcl"], cwd=run, capture_output=True, text=True, check=False
    )
    if recent and "slang" in done.stderr and done.returncode != 0:
        pytest.skip("this Yosys has no slang plug-in")
    assert done.returncode == 0, done.stderr + done.stdout
    mapped = counts(run / "statistics.json")
    if recent:
        assert mapped == reference
    registers = {name: count for name, count in reference.items() if name.startswith("DFF")}
    assert {name: count for name, count in mapped.items() if name.startswith("DFF")} == registers
    assert not any(name.startswith("$") for name in mapped)
    assert not (run / "pwned").exists()
    assert not (tmp_path / "pwned").exists()


def test_hostile_words_reach_yosys_as_one_argument_each(tmp_path: Path) -> None:
    words = ["a b", "$x", "{", "}", '"', ";", "[exec touch pwned]", "#", "\\", "a\\b"]
    script = render_tcl([("log", *words), ("log", "-stdout", words[6])], {})
    (tmp_path / "script.tcl").write_text(script)
    done = subprocess.run([str(YOSYS), "-c", "script.tcl"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert " ".join(words) in done.stdout
    assert not (tmp_path / "pwned").exists()
