"""Technologies without a cell or corner that a real clock and real rails need: a run says so in its first lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finevh.cli import run_command

LIBRARY = Path(__file__).parents[2] / "libs" / "finevh45"
BANK = """module bank(input clk, input en, input [7:0] d, output reg [7:0] q, output reg [7:0] r);
  always @(posedge clk) begin if (en) q <= d + q; r <= q; end
endmodule
"""
FLOW = """[design]
name = "bank"
top = "bank"
files = ["bank.v"]
[technology]
path = "{technology}"
[clock]
port = "clk"
period = "1.5 ns"
[floorplan]
tiles = 4
utilisation = 0.4
[activity]
cycles = 40
[schemes]
vdd_min = "0.80 V"
vdd_max = "1.00 V"
ideal_step = "200 mV"
delta_vdd = ["200 mV"]
variants = ["pb0"]
selectors = ["greedy"]
"""


def bare_technology(folder: Path) -> Path:
    """The shipped library without the resistances of its Vdd-MUXes."""
    folder.mkdir()
    for path in LIBRARY.iterdir():
        if path.name not in ("technology.toml", "headers.csv"):
            (folder / path.name).symlink_to(path)
    text = (LIBRARY / "technology.toml").read_text(encoding="utf-8")
    text = text.replace("../cells/", f"{LIBRARY.parent / 'cells'}/")
    (folder / "technology.toml").write_text(text, encoding="utf-8")
    return folder


def said(folder: Path, technology: Path, capsys: pytest.CaptureFixture[str]) -> tuple[set[str], str]:
    """Kinds of findings of a run, and what it printed before its first table."""
    (folder / "bank.v").write_text(BANK, encoding="utf-8")
    (folder / "bank.toml").write_text(FLOW.format(technology=technology), encoding="utf-8")
    run = folder / "run"
    assert run_command(["run", str(folder / "bank.toml"), "-o", str(run), "-j", "1"]) == 0
    printed = capsys.readouterr().out
    page = (run / "report.html").read_text(encoding="utf-8")
    for words in ("slow corner alone", "delay cell"):
        assert words in page
    return set(json.loads((run / "checks.json").read_text())), printed.split("┏")[0].split("╭")[0]


def test_what_the_shipped_library_lacks_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kinds, first = said(tmp_path, LIBRARY, capsys)
    assert {"fast_corner_missing", "delay_cell_missing", "decap_missing"} <= kinds
    assert not kinds & {"clock_gate_missing", "clock_tree_missing", "rails_ideal"}
    for words in ("hold is checked at the slow corner alone", "for want of a delay cell", "without decap cells"):
        assert words in first


def test_a_library_without_vdd_mux_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kinds, first = said(tmp_path, bare_technology(tmp_path / "bare"), capsys)
    assert {"rails_ideal", "fast_corner_missing", "delay_cell_missing"} <= kinds
    assert "decap_missing" not in kinds
    assert "on ideal rails" in first
