"""The smallest design that goes through every stage: an accumulator of some sixty cells on four tiles, seconds per run."""

from __future__ import annotations

import atexit
import contextlib
import io
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from finevh.cli import run_command

RTL = """module tiny (input clk, input rst_n, input [7:0] a, output reg [7:0] y, output p);
  reg [7:0] r;
  assign p = ^y;
  always @(posedge clk or negedge rst_n)
    if (!rst_n) begin r <= 8'd0; y <= 8'd0; end
    else begin r <= a; y <= y + r; end
endmodule
"""
FLOW = """seed = 1

[design]
name = "tiny"
top = "tiny"
files = ["tiny.v"]

[technology]
path = "finevh45"

[clock]
port = "clk"
period = "1.5 ns"
input_delay = "200 ps"
output_delay = "200 ps"
false_from = ["rst_n"]

[floorplan]
tiles = 4
utilisation = 0.5
planned_area = "300 um2"

[activity]
cycles = 100
reset = "rst_n"

[schemes]
vdd_min = "0.60 V"
vdd_max = "1.00 V"
ideal_step = "200 mV"
delta_vdd = ["200 mV"]
variants = ["pb0"]
selectors = ["greedy"]
"""
FREQUENCY = "400MHz"
"""Within the reach of the design."""


def write_design(folder: Path) -> Path:
    """Write RTL and flow file; return the flow file."""
    (folder / "tiny.v").write_text(RTL, encoding="utf-8")
    flow = folder / "tiny.toml"
    flow.write_text(FLOW, encoding="utf-8")
    return flow


def command(*arguments: str) -> tuple[int, str, str]:
    """Run a command line in this process; return status and what was printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run_command(list(arguments))
    return status, out.getvalue(), err.getvalue()


@lru_cache(maxsize=1)
def finished_run() -> Path:
    """A finished run of the tiny design, made once in a process and not to be changed; its design lies beside it."""
    folder = Path(tempfile.mkdtemp(prefix="finevh-tiny-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    status, _, said = command("run", str(write_design(folder)), "-o", str(folder / "run"), "-j", "1")
    if status != 0:
        raise RuntimeError(f"the run of the tiny design ends with {status}: {said}")
    return folder / "run"
