"""The script of an operating point on a real OpenSTA: every cell at the Vdd of its tile, odd names and all."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from finevh.base.quoting import odb_name, tcl_list
from finevh.openroad.context import Domain, LibraryFiles, OperatingPoint, Rect
from finevh.openroad.library_files import read_text, suffix_liberty
from finevh.openroad.render import render_flow
from oracles.openroad.mesh import mesh

PDK = Path(os.environ.get("FINEVH_PDK", Path(__file__).resolve().parents[3] / "shared" / "pdk"))
pytestmark = [
    pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed (Debian: apt install opensta)"),
    pytest.mark.skipif(not (PDK / "nangate45").is_dir(), reason=f"no open PDK data at {PDK} (set FINEVH_PDK)"),
]
# Slow and typical libraries stand for two supplies: what counts is that each cell gets the one of its tile.
LOW, HIGH = 0.95, 1.10
TILES = {"r[0]": 0, "u{a": 1, "u2": 1, "u3": 0, "r1": 0, "u[exec": 2, "c0": -1, "m0": -2}
NETLIST = """module top (clk_i, a, y);
  input clk_i, a;
  output y;
  wire q, n1, \\n[2] , n3, n4, ck;
  DFF_X1 \\r[0]  (.D(a), .CK(clk_i), .Q(q));
  INV_X1 \\u{a  (.A(q), .ZN(n1));
  NAND2_X1 u2 (.A1(n1), .A2(n1), .ZN(\\n[2] ));
  INV_X1 u3 (.A(\\n[2] ), .ZN(n3));
  BUF_X1 \\u[exec  (.A(n3), .Z(n4));
  DFF_X1 r1 (.D(n4), .CK(ck), .Q(y));
  BUF_X1 c0 (.A(clk_i), .Z(ck));
  BUF_X1 m0 (.A(n4), .Z());
endmodule
"""
SPEF = """*SPEF "IEEE 1481-1998"
*DESIGN "top"
*DATE "-"
*VENDOR "-"
*PROGRAM "-"
*VERSION "-"
*DESIGN_FLOW "-"
*DIVIDER /
*DELIMITER :
*BUS_DELIMITER []
*T_UNIT 1 PS
*C_UNIT 1 FF
*R_UNIT 1 OHM
*L_UNIT 1 HENRY

*D_NET n1 2.0
*CONN
*I u2:A1 I
*CAP
1 n1 2.0
*END
"""
# Stand-ins for what OpenROAD adds to OpenSTA; an OpenSTA of 2019 writes no JSON.
PRELUDE = """namespace eval utl { proc set_metrics_stage { stage } { } }
foreach name { read_lef report_worst_slack_metric report_tns_metric report_fmax_metric report_power_metric } {
  proc $name { args } { }
}
rename report_power opensta_report_power
proc report_power { args } { }
"""
EPILOGUE = """puts "SLACK [sta::time_sta_ui [sta::worst_slack_cmd max]]"
foreach instance [get_cells *] { puts "CELL [get_full_name $instance] [get_property $instance ref_name]" }
"""


def few_cells(text: str) -> str:
    """The library with the netlist's cells alone: OpenSTA reads it in no time."""
    starts = [match.start() for match in re.finditer(r"^\s*cell\s*\(", text, re.MULTILINE)]
    groups = [text[a:b] for a, b in zip(starts, [*starts[1:], text.rindex("}")], strict=True)]
    wanted = re.compile(r"^\s*cell\s*\(\s*\"?(?:DFF_X1|INV_X1|NAND2_X1|BUF_X1)\"?\s*\)")
    return text[: starts[0]] + "".join(group for group in groups if wanted.match(group)) + "}\n"


def run_point(folder: Path, tile_vdd: tuple[float, ...], vddh: float | None = None) -> tuple[float, dict[str, str]]:
    suffixed = []
    for corner, vdd in (("slow", LOW), ("typ", HIGH)):
        text = few_cells(read_text(PDK / "nangate45" / f"nangate45_{corner}.lib.gz"))
        (folder / f"plain_{corner}.lib").write_text(text)
        (folder / f"{corner}.lib").write_text(suffix_liberty(text, vdd))
        suffixed.append(LibraryFiles("PB0", vdd, f"{corner}.lib", None, f"__{vdd:.2f}".replace(".", "v")))
    domains = tuple(Domain(f"t{i}", Rect(10.0 * i, 0.0, 10.0 * i + 9.0, 9.0), i) for i in range(4))
    context = replace(
        mesh(1, rows=2), tiles_per_side=2, domains=domains, rails=tuple("abcd"), sdc=None, configuration=None, mux_sites=(),
        islands=(),
        libraries=(LibraryFiles("PB0", HIGH, "plain_typ.lib", None, ""),), voltage_libraries=tuple(suffixed),
        operating_points=(OperatingPoint("p", 1000.0, tile_vdd, vddh),),
    )  # fmt: skip
    for name, text in render_flow(context).items():
        (folder / name).write_text(text)
    (folder / "final.v").write_text(NETLIST)
    (folder / "final.spef").write_text(SPEF)
    rows = [(odb_name(name), str(tile)) for name, tile in TILES.items()] + [("FILLER_1", "0")]
    (folder / "tile_of_instance.txt").write_text("".join(tcl_list(row) + "\n" for row in rows))
    (folder / "run.tcl").write_text(f"{PRELUDE}source point_p.tcl\n{EPILOGUE}")
    words = ["sta", "-no_init", "-no_splash", "-exit", "run.tcl"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    output = done.stdout + done.stderr
    assert "Error" not in output, output
    slack = re.search(r"^SLACK (\S+)$", output, re.MULTILINE)
    assert slack is not None, output
    return float(slack[1]), dict(re.findall(r"^CELL (\S+) (\S+)$", output, re.MULTILINE))


def test_every_cell_has_the_library_of_its_tile_and_slack_lies_between_all_low_and_all_high(tmp_path: Path) -> None:
    mixed, cells = run_point(tmp_path, (HIGH, LOW, LOW, HIGH))
    for name, tile in TILES.items():
        suffix = "_X1" if tile == -2 else "__0v95" if tile in (1, 2) else "__1v10"
        assert cells[name].endswith(suffix), name
    high, _ = run_point(tmp_path, (HIGH,) * 4)
    low, _ = run_point(tmp_path, (LOW,) * 4)
    assert low < mixed < high


def test_what_is_always_on_has_the_higher_supply_where_every_tile_is_low(tmp_path: Path) -> None:
    """A clock cell of an always-on tree (tile -1) beside tiles at VddL; a Vdd-MUX (-2) keeps its plain name."""
    _, cells = run_point(tmp_path, (LOW,) * 4, HIGH)
    assert cells["c0"] == "BUF_X1__1v10"
    assert cells["m0"] == "BUF_X1"
    assert cells["u3"] == "INV_X1__0v95"
