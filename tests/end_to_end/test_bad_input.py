"""Wrong designs, clocks and floorplans end with a message that names the mend, status 2, and nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finevh.cli import run_command
from tests.end_to_end.conftest import REPOSITORY, library_is_there

RTL = """module tally (input logic clk_i, input logic rst_ni, input logic [3:0] a_i, output logic [3:0] q_o);
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) q_o <= '0;
    else q_o <= q_o + a_i;
  end
endmodule
"""
NETLIST = "module tally (clk_i, q_o);\n  input clk_i;\n  output q_o;\n  NAND9_X1 u (.A1(clk_i), .ZN(q_o));\nendmodule\n"
FLOW = """[design]
name = "tally"
top = "tally"
files = ["tally.sv"]
[technology]
path = "{library}"
[clock]
port = "clk_i"
period = "1 ns"
[floorplan]
tiles = 4
[schemes]
vdd_min = "0.60 V"
vdd_max = "1.00 V"
ideal_step = "200 mV"
delta_vdd = ["200 mV"]
variants = ["pb0"]
"""
WIDEST = (
    "leaves tiles of 16 free sites, narrower than cell 'DFFR_X1' (19 sites); use a smaller N or a lower utilisation"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    library = REPOSITORY / "libs" / "finevh45"
    if not library_is_there(library):
        pytest.skip("libs/finevh45 holds no Liberty files: run 'finevh characterize libs/finevh45/technology.toml'")
    (tmp_path / "tally.sv").write_text(RTL)
    (tmp_path / "wrong.sv").write_text(RTL.replace("+ a_i", "+ nowhere"))
    (tmp_path / "odd.v").write_text(NETLIST)
    (tmp_path / "flow.toml").write_text(FLOW.format(library=library))
    return tmp_path


@pytest.mark.parametrize(
    ("assignments", "finished", "message"),
    [
        (
            ('design.files=["wrong.sv"]',),
            [],
            "{folder}/wrong.sv:4: use of undeclared identifier 'nowhere'\nthe RTL does not elaborate; correct it and run again",
        ),
        (
            ("design.files=[]", "design.netlist=odd.v"),
            [],
            "{folder}/odd.v:4: no Liberty given holds a cell 'NAND9_X1'",
        ),
        (("clock.port=clock",), [], "clock.port: no source of tally has a 'clock'; write the name of an input port"),
        (
            ("clock.false_from=['reset']",),
            [],
            "clock.false_from: no source of tally has a 'reset'; write the name of an input port",
        ),
        (
            ("floorplan.utilisation=1.0",),
            ["01-synthesis", "02-presize"],
            "tiles: N = 2 leaves tiles of 23 free sites, narrower than their configuration cells (33 sites)",
        ),
        (
            ("floorplan.utilisation=1.0", "floorplan.tiles=1"),
            ["01-synthesis", "02-presize", "03-floorplan"],
            "utilisation: the placer found no legal place for every cell (Not all cells have been placed); lower the utilisation"
            " or use fewer tiles",
        ),
        (("floorplan.tiles=400",), ["01-synthesis", "02-presize"], f"tiles: N = 20 {WIDEST}"),
        (
            ("floorplan.header_cell=VDDMUX_X3",),
            [],
            "floorplan.header_cell: technology finevh45 has no Vdd-MUX 'VDDMUX_X3'; it has VDDMUX_X1, VDDMUX_X2, VDDMUX_X4,"
            " VDDMUX_X8",
        ),
    ],
)
def test_wrong_designs_are_status_2_and_leave_whole_stages_only(
    folder: Path, capsys: pytest.CaptureFixture[str], assignments: tuple[str, ...], finished: list[str], message: str
) -> None:
    run = folder / "run"
    options = [word for assignment in assignments for word in ("--set", assignment)]
    assert run_command(["run", str(folder / "flow.toml"), "-o", str(run), "--to", "optimize", *options]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if not line.lstrip()[:1].isdigit()]
    assert "\n".join(said) == "finevh: " + message.format(folder=folder)
    made = run.iterdir() if run.exists() else ()
    stages = sorted(path.name for path in made if path.is_dir() and not path.name.startswith("."))
    assert stages == finished
    for stage in stages:
        assert json.loads((run / stage / "stage.json").read_text())
    assert not (run / "metrics.json").exists()


@pytest.mark.parametrize("value", ["1.5", "0"])
def test_a_utilisation_outside_its_range_starts_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    run = folder / "run"
    arguments = ["run", str(folder / "flow.toml"), "-o", str(run), "--set", f"floorplan.utilisation={value}"]
    assert run_command(arguments) == 2
    assert capsys.readouterr().err.startswith(f"finevh: --set floorplan.utilisation={value}: floorplan.utilisation: ")
    assert not run.exists()
