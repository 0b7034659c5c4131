"""Placed designs of other flows: tiles laid over given places, found in the result folders of those flows."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from finevh.cli import run_command
from finevh.commands.import_design import find_results
from finevh.errors import InputError
from finevh.flow.engine.stage import read_checks
from finevh.layout.formats.def_model import DefComponent, DefLayout, DefPin, DefRow
from finevh.layout.lay_tiles import OUTSIDE, lay_tiles, moved_layout
from finevh.netlist import parse_verilog
from finevh.technology import load_technology
from finevh.technology.lef import LefMacro
from finevh.technology.model import Technology

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "libs" / "finevh45"
FLOW = """seed = 1
[design]
name = "quick"
top = "quick"
files = ["{rtl}/quick_clock_gate.sv", "{rtl}/quick.sv"]
[technology]
path = "finevh45"
[clock]
port = "clk_i"
period = "1.8 ns"
input_delay = "200 ps"
output_delay = "200 ps"
constants = {{ scan_en_i = 0 }}
false_from = ["rst_ni"]
[floorplan]
tiles = {tiles}
[activity]
cycles = 200
reset = "!rst_ni"
[schemes]
vdd_min = "0.80 V"
vdd_max = "1.00 V"
ideal_step = "100 mV"
delta_vdd = ["200 mV", "100 mV"]
variants = ["pb0"]
selectors = ["greedy"]
"""


def run(flow: Path, directory: Path) -> None:
    assert run_command(["run", str(flow), "-o", str(directory), "-j", "1"]) == 0


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The quick design placed by the own flow, in 9 tiles and in one; by number of tiles."""
    folder = tmp_path_factory.mktemp("own")
    runs = {}
    for tiles in (9, 1):
        flow = folder / f"q{tiles}.toml"
        flow.write_text(FLOW.format(rtl=ROOT / "rtl" / "quick", tiles=tiles))
        runs[tiles] = folder / f"run{tiles}"
        run(flow, runs[tiles])
    return runs


def imported(source: Path, folder: Path, tiles: int) -> Path:
    """Import ``out/`` of a run as a foreign design and run it; its run directory."""
    flow = folder / "imported.toml"
    options = ["--technology", "finevh45", "--tiles", str(tiles), "-o", str(flow)]
    assert run_command(["import", str(source / "out"), *options]) == 0
    text = flow.read_text()
    given = FLOW[FLOW.index("[activity]") :]
    flow.write_text(text[: text.index("[activity]")] + given)
    run(flow, folder / "run")
    return folder / "run"


def points(directory: Path) -> pd.DataFrame:
    # A foreign layout has no Vdd-MUXes, whose drops raise tiles: points as they were chosen at the supplies.
    nominal = directory / "tables" / "nominal_points.csv"
    return pd.read_csv(nominal if nominal.is_file() else directory / "operating_points.csv", dtype={"assignment": str})


def test_the_own_layout_imported_over_the_same_mesh_gives_the_same_schemes(
    own: dict[int, Path], tmp_path: Path
) -> None:
    there = imported(own[9], tmp_path, 9)
    ours, theirs = points(own[9]), points(there)
    assert len(ours) == len(theirs) > 20
    assert (ours["assignment"].fillna("") == theirs["assignment"].fillna("")).all()
    # A foreign layout has no Vdd-MUXes and says so; what ours draw is the only difference.
    muxes = ours["power_vdd_mux_leakage_mw"].fillna(0.0)
    assert muxes.max() > 0.0
    assert not theirs["power_vdd_mux_leakage_mw"].fillna(0.0).any()
    assert "vdd_mux_leakage_missing" in read_checks(there)
    for column in ("freq_mhz", "power_switching_mw", "power_internal_mw"):
        np.testing.assert_allclose(theirs[column], ours[column], rtol=1e-3)
    for column in ("power_total_mw", "power_leakage_mw"):
        np.testing.assert_allclose(theirs[column], ours[column] - muxes, rtol=1e-3)
    assert "cells_moved" not in read_checks(there)
    assert "parasitics_not_found" not in read_checks(there)
    assert "nets_without_parasitics" not in read_checks(there)
    # What the constraints hold stands still in the random data too.
    with (
        np.load(there / "06-activity" / "activity-random.npz") as activity,
        np.load(there / "05-optimize" / "netlist.npz", allow_pickle=False) as netlist,
    ):
        names = json.loads(bytes(netlist["plain.json"]))["net_names"]
        assert activity["toggle_rate"][names.index("scan_en_i")] == 0.0
        assert activity["toggle_rate"][names.index("clk_i")] == 2.0


def test_tiles_over_dense_rows_move_what_a_border_cuts(own: dict[int, Path], tmp_path: Path) -> None:
    there = imported(own[1], tmp_path, 9)
    checks = read_checks(there)
    metrics = json.loads((there / "metrics.json").read_text())
    moved = pd.read_csv(there / "tables" / "moved_cells.csv")
    count = metrics["floorplan__cells_moved__count"]
    assert checks["cells_moved"].count == count == len(moved) > 0
    assert metrics["floorplan__cells_moved__distance__um"] == pytest.approx(moved["distance_um"].sum())
    # Borders are one void wide: cells move by about a cell's width, within their rows.
    assert moved["distance_um"].max() < 15.0
    assert metrics["floorplan__tiles__count"] == 9
    # Frequencies are the given layout's: nothing is sized, the wires are the given ones.
    same = points(own[1]).query("scheme == 'ideal-dvfs'")["freq_mhz"].max()
    assert points(there).query("scheme == 'ideal-dvfs'")["freq_mhz"].max() == pytest.approx(same, rel=1e-6)
    # The DEF that is written holds the moved cells, and lays out again without moving any.
    for suffix in ("v", "spef", "sdc"):
        assert (there / "out" / f"quick.{suffix}").is_file()
    again = tmp_path / "again"
    again.mkdir()
    second = imported(there, again, 9)
    assert "cells_moved" not in read_checks(second)
    assert (points(second)["assignment"].fillna("") == points(there)["assignment"].fillna("")).all()


def test_without_parasitics_wires_are_estimated(own: dict[int, Path], tmp_path: Path) -> None:
    bare = tmp_path / "bare" / "out"
    bare.mkdir(parents=True)
    for suffix in ("def", "v", "sdc"):
        shutil.copy(own[9] / "out" / f"quick.{suffix}", bare)
    there = imported(bare.parent, tmp_path, 9)
    ours, theirs = (points(d).query("scheme == 'ideal-dvfs'")["freq_mhz"].max() for d in (own[9], there))
    # The own flow's parasitics are the same estimate.
    assert theirs == pytest.approx(ours, rel=0.02)


# --- where the files lie


def results(folder: Path, files: list[str]) -> Path:
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return folder


ORFS = [f"flow/results/nangate45/gcd/base/6_final.{s}" for s in ("def", "v", "spef", "sdc", "gds")]
LIBRELANE = [
    *(f"runs/RUN_1/final/{s}" for s in ("def/gcd.def", "nl/gcd.nl.v", "pnl/gcd.pnl.v", "sdc/gcd.sdc", "lef/gcd.lef")),
    *(f"runs/RUN_1/final/spef/{c}/gcd.{c}.spef" for c in ("max", "min", "nom")),
]
RUN = "designs/gcd/runs/RUN_2"
BESIDE = [
    "flow/results/nangate45/gcd/base/1_synth.v", "flow/results/nangate45/gcd/base/2_floorplan.sdc",
    "flow/results/nangate45/gcd/base/6_final.odb", "flow/objects/nangate45/gcd/base/lib/merged.lib",
    "flow/reports/nangate45/gcd/base/6_finish.rpt", "flow/designs/nangate45/gcd/config.mk",
]  # fmt: skip
OPENLANE_1 = [
    *(f"{RUN}/results/final/{s}" for s in ("def/gcd.def", "verilog/gl/gcd.v", "verilog/gl/gcd.nl.v", "sdc/gcd.sdc")),
    *(f"{RUN}/results/final/spef/multicorner/gcd.{c}.spef" for c in ("max", "min", "nom")),
    f"{RUN}/results/placement/gcd.def", f"{RUN}/results/routing/gcd.def", f"{RUN}/logs/routing/1-x.log",
]  # fmt: skip
OPENLANE = [f"results/final/{s}" for s in ("def/gcd.def", "verilog/gl/gcd.v", "spef/gcd.spef", "sdc/gcd.sdc")]


@pytest.mark.parametrize(
    ("files", "kind", "spef", "platform"),
    [
        (ORFS, "OpenROAD-flow-scripts", "6_final.spef", "nangate45"),
        ([f"{name}.gz" for name in ORFS], "OpenROAD-flow-scripts", "6_final.spef.gz", "nangate45"),
        (LIBRELANE, "LibreLane", "gcd.nom.spef", "sky130_fd_sc_hd"),
        ([n for n in LIBRELANE if "spef" not in n], "LibreLane", None, "sky130_fd_sc_hd"),
        ([*ORFS, *BESIDE], "OpenROAD-flow-scripts", "6_final.spef", "nangate45"),
        ([n.replace("/nom/", "/nom_/") for n in LIBRELANE], "LibreLane", "gcd.nom.spef", "sky130_fd_sc_hd"),
        ([n for n in LIBRELANE if "/nl/" not in n], "LibreLane", "gcd.nom.spef", "sky130_fd_sc_hd"),
        (OPENLANE, "OpenLane", "gcd.spef", ""),
        (OPENLANE_1, "OpenLane", "gcd.nom.spef", "sky130_fd_sc_hs"),
        (["a/chip.def", "a/chip.v", "a/chip.sdc", "a/other.v"], "a folder of DEF and netlist", None, ""),
    ],
)
def test_result_folders_are_found(tmp_path: Path, files: list[str], kind: str, spef: str | None, platform: str) -> None:
    folder = results(tmp_path, files)
    if kind == "LibreLane":
        (folder / "runs" / "RUN_1" / "final" / "metrics.json").write_text("{}")
        (folder / "runs" / "RUN_1" / "resolved.json").write_text('{"STD_CELL_LIBRARY": "sky130_fd_sc_hd"}')
    if files is OPENLANE_1:
        (folder / RUN / "config.tcl").write_text(
            'set ::env(DESIGN_NAME) gcd\nset ::env(STD_CELL_LIBRARY) "sky130_fd_sc_hs"\n'
        )
    found = find_results(folder)
    if kind != "a folder of DEF and netlist":
        # The same from inside, as where the run's folder or that of the results is named.
        assert find_results(found.layout.parent.parent if "Lane" in kind else found.layout.parent) == found
    assert (found.kind, found.platform) == (kind, platform)
    assert (None if found.spef is None else found.spef.name) == spef
    assert found.sdc is not None


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "no placed design below"),
        (["results/asap7/gcd/base/6_final.def"], "6_final.def without 6_final.v"),
        (["runs/R/final/def/gcd.def", "runs/R/final/nl/other.v"], "a DEF without nl/gcd.nl.v"),
        ([*ORFS, *(n.replace("gcd", "aes") for n in ORFS)], "2 placed designs below; give the folder of one"),
    ],
)
def test_a_folder_without_one_design_is_refused(tmp_path: Path, files: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_results(results(tmp_path, files))


def powered(text: str) -> str:
    """A netlist with its power pins, as the final one of LibreLane."""
    head, _, body = text.partition(");")
    ports, body = head.replace("(", "(VPWR, VGND, ", 1), f" inout VPWR; inout VGND;{body}"
    return ports + ");" + re.sub(r"\);", ", .VDD(VPWR), .VSS(VGND));", body)


FOREIGN = {
    "OpenROAD-flow-scripts": {
        "v": "results/finevh45/quick/base/6_final.v", "def": "results/finevh45/quick/base/6_final.def",
        "spef": "results/finevh45/quick/base/6_final.spef", "sdc": "results/finevh45/quick/base/6_final.sdc",
    },
    "LibreLane": {
        "v": "runs/R/final/pnl/quick.pnl.v", "def": "runs/R/final/def/quick.def", "spef": "runs/R/final/spef/nom_/quick.nom.spef",
        "sdc": "runs/R/final/sdc/quick.sdc",
    },
    "OpenLane": {
        "v": "runs/R/results/final/verilog/gl/quick.v", "def": "runs/R/results/final/def/quick.def",
        "spef": "runs/R/results/final/spef/multicorner/quick.nom.spef", "sdc": "runs/R/results/final/sdc/quick.sdc",
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_design_in_the_folders_of_another_flow_is_imported(own: dict[int, Path], tmp_path: Path, kind: str) -> None:
    """The own layout laid out as theirs, with power pins in the netlist, runs as far as its places and paths."""
    for suffix, name in FOREIGN[kind].items():
        path = tmp_path / "there" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (own[9] / "out" / f"quick.{suffix}").read_text()
        path.write_text(powered(text) if suffix == "v" else text)
    flow = tmp_path / "f.toml"
    assert (
        run_command(["import", str(tmp_path / "there"), "--technology", "finevh45", "--tiles", "9", "-o", str(flow)])
        == 0
    )
    assert f"from a run of {kind}" in flow.read_text()
    assert run_command(["run", str(flow), "-o", str(tmp_path / "run"), "--to", "place", "-j", "1"]) == 0
    found = read_checks(tmp_path / "run").as_dict()
    assert not {"parasitics_not_found", "nets_without_parasitics", "sdc_not_found", "multiple_drivers"} & found.keys()
    of = json.loads((own[9] / "metrics.json").read_text())
    there = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert there["synthesis__design__instance__count"] == of["optimize__design__instance__count"]


def test_an_unknown_technology_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results(tmp_path, [name.replace("nangate45", "asap7") for name in ORFS])
    assert run_command(["import", str(tmp_path), "-o", str(tmp_path / "f.toml")]) == 2
    assert "does not tell a technology that ships ('asap7' there); give --technology" in capsys.readouterr().err


# --- tiles over rows, by hand


@pytest.fixture(scope="module")
def technology() -> Technology:
    return load_technology(LIBRARY / "technology.toml", variants=["PB0"], vdd=1.0)


class Layout:
    """Rows of inverters side by side, without a free site: 8 rows of 120 sites."""

    def __init__(self, technology: Technology, flipped: str = "FS") -> None:
        t = technology
        self.macros = {
            name: LefMacro(name, "CORE", float(t.cell_width[i]), t.row_height, "core", {})
            for name, i in t.cells.index.items()
        }
        self.site, self.height = round(2000 * t.site_width), round(2000 * t.row_height)
        width = round(t.cell_width[t.cells.index["INV_X1"]] / t.site_width)
        self.sites = 40 * width
        self.rows = tuple(
            DefRow(f"r{k}", "core", 0, k * self.height, ("N", flipped)[k % 2], self.sites, self.site) for k in range(8)
        )
        # Every fourth place is free: room for what a border pushes.
        at = [(k, c) for k in range(8) for c in range(40) if c % 4]
        self.names = [f"u{k}_{c}" for k, c in at]
        self.components = [
            DefComponent(f"u{k}_{c}", "INV_X1", "PLACED", c * width * self.site, k * self.height, ("N", flipped)[k % 2])
            for k, c in at
        ]
        chain = ["a", *(f"n{i}" for i in range(len(at) - 1)), "y"]
        cells = "".join(
            f"INV_X1 {name} (.A({i}), .ZN({o}));\n" for name, i, o in zip(self.names, chain, chain[1:], strict=False)
        )
        wires = "".join(f"wire n{i};\n" for i in range(len(at) - 1))
        self.netlist = parse_verilog(f"module top(a, y); input a; output y;\n{wires}{cells}endmodule\n", t, "top")
        pins = tuple(
            DefPin(n, n, d, "SIGNAL", "metal1", (0, 0, 100, 100), 0, 0, "N")
            for n, d in (("a", "INPUT"), ("y", "OUTPUT"))
        )
        die = (0, 0, self.sites * self.site, 8 * self.height)
        self.layout = DefLayout("top", 2000, die, self.rows, (), tuple(self.components), pins, (), (), ())


def test_borders_cut_no_vdd_rail_and_no_cell(technology: Technology) -> None:
    base = Layout(technology)
    over = lay_tiles(base.layout, base.netlist, technology, base.macros, 2)
    # Rows 3 (flipped) and 4 (upright) share the ground rail in the middle.
    assert over.floorplan.tile_box[0, 3] == pytest.approx(4 * technology.row_height)
    left, right = over.floorplan.tile_box[0, 2], over.floorplan.tile_box[1, 0]
    assert right - left == pytest.approx(over.floorplan.wrapper_sites * technology.site_width)
    x, width = over.placement.x, technology.cell_width[base.netlist.cell_type]
    assert not ((x < right - 1e-6) & (x + width > left + 1e-6)).any()
    assert np.bincount(over.placement.tile, minlength=4).min() > 50
    # Free places lie on the border: nothing had to move.
    assert over.moved.sum() == 0


def test_ports_that_no_cell_is_on_need_no_place(technology: Technology) -> None:
    base = Layout(technology)
    cells = "".join(f"INV_X1 {name} (.A(a), .ZN(y_{name}));\n" for name in base.names)
    text = f"module top(a, VPWR); input a; inout VPWR;\n{cells}endmodule\n"
    powered = parse_verilog(text, technology, "top")
    over = lay_tiles(base.layout, powered, technology, base.macros, 2)
    assert np.isfinite(over.placement.port_x).all()
    lost = replace(base.layout, pins=tuple(p for p in base.layout.pins if p.name != "a"))
    with pytest.raises(InputError, match=r"no place for port 'a' \(1 such\)"):
        lay_tiles(lost, powered, technology, base.macros, 2)


def test_mirrored_cells_stay_as_they_are(technology: Technology) -> None:
    base = Layout(technology)
    turned = {"N": "FN", "FS": "S"}
    mirrored = tuple(replace(c, orient=turned[c.orient]) for c in base.components)
    over = lay_tiles(replace(base.layout, components=mirrored), base.netlist, technology, base.macros, 2)
    plain = lay_tiles(base.layout, base.netlist, technology, base.macros, 2)
    assert np.array_equal(over.placement.x, plain.placement.x)
    assert np.array_equal(over.placement.orient, plain.placement.orient)
    kept = moved_layout(replace(base.layout, components=mirrored), base.netlist, over.placement)
    assert {c.orient for c in kept.components} == {"FN", "S"}


def test_a_cell_on_the_border_moves_and_is_counted(technology: Technology) -> None:
    base = Layout(technology)
    step = base.components[1].x - base.components[0].x
    # Shift each row by another amount: no column is free in all of them.
    shifted = tuple(
        replace(
            c, x=min(c.x + (c.y // base.height) * step // 3 // base.site * base.site, base.sites * base.site - step)
        )
        if c.x < 38 * step
        else c
        for c in base.components
    )
    dense = replace(base.layout, components=tuple(c for c in shifted))
    over = lay_tiles(dense, base.netlist, technology, base.macros, 2)
    assert 0 < over.moved.sum() < 0.5 * base.netlist.n_cells
    assert (over.distance[~over.moved] < 1e-3).all()


def test_rows_of_three_tiles_take_the_nearest_ground_rails(technology: Technology) -> None:
    base = Layout(technology)
    over = lay_tiles(base.layout, base.netlist, technology, base.macros, 3)
    # Boundaries that may be cut lie below rows 2, 4 and 6; thirds of 8 rows are 2.67 and 5.33.
    tops = sorted(set(np.round(over.floorplan.tile_box[:, 3] / technology.row_height, 6)))
    assert tops == [2.0, 6.0, 8.0]


def test_rows_that_all_share_vdd_rails_are_refused(technology: Technology) -> None:
    base = Layout(technology, flipped="N")
    with pytest.raises(InputError, match="8 rows with 0 boundaries that no Vdd rail crosses"):
        lay_tiles(base.layout, base.netlist, technology, base.macros, 2)


def test_taps_stay_and_fillers_make_room(technology: Technology) -> None:
    base = Layout(technology)
    free = base.components[2].x + (base.components[1].x - base.components[0].x)
    tap = DefComponent("tap", "TAP", "FIXED", free, 0, "N")
    fill = DefComponent("fill", "SPACE", "PLACED", free, base.height, "FS")
    size = base.macros["INV_X1"]
    macros = base.macros | {
        "TAP": replace(size, name="TAP", kind="CORE WELLTAP"),
        "SPACE": replace(size, name="SPACE", kind="CORE SPACER"),
    }
    layout = replace(base.layout, components=(*base.components, tap, fill))
    plan = lay_tiles(layout, base.netlist, technology, macros, 1).floorplan
    at = free // base.site
    rows = [
        [(s, s + n) for line, s, n in zip(plan.row_line, plan.row_site, plan.row_sites, strict=True) if line == k]
        for k in (0, 1)
    ]
    assert len(rows[0]) == 2
    assert rows[0][0][1] == at
    assert len(rows[1]) == 1


def test_blocks_are_outside_of_all_tiles_and_rows_end_at_them(technology: Technology) -> None:
    base = Layout(technology)
    height = base.height / 2000
    width = technology.cell_width[technology.cells.index["INV_X1"]]
    macros = base.macros | {"INV_X4": LefMacro("INV_X4", "BLOCK", 4 * width, 2 * height, "", {})}
    step = base.components[1].x - base.components[0].x
    kept = [c for c in base.components if not (c.x < 4 * step and c.y < 2 * base.height)]
    block = DefComponent("ram", "INV_X4", "FIXED", 0, 0, "N")
    names = {c.name for c in kept}
    cells = "".join(f"INV_X1 {name} (.A(a), .ZN(y_{name}));\n" for name in base.names if name in names)
    netlist = parse_verilog(
        f"module top(a, y); input a; output y;\n{cells}INV_X4 ram (.A(a), .ZN(y));\nendmodule\n", technology, "top"
    )
    layout = replace(base.layout, components=(*kept, block))
    over = lay_tiles(layout, netlist, technology, macros, 2)
    ram = netlist.instance_index["ram"]
    assert over.blocks.tolist().count(True) == 1
    assert over.placement.tile[ram] == OUTSIDE
    assert (over.placement.x[ram], over.placement.y[ram]) == (0.0, 0.0)
    assert over.floorplan.row_site[over.floorplan.row_line == 0].min() == 4 * step // base.site


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: {"rows": ()}, "no ROW with sites of"),
        (lambda b: {"components": tuple(b.components[1:])}, r"no component 'u0_1' of the netlist \(1 such\)"),
        (lambda b: {"components": (replace(b.components[0], status="UNPLACED"), *b.components[1:])}, "is not placed"),
        (
            lambda b: {"components": (replace(b.components[0], cell="BUF_X1"), *b.components[1:])},
            "is a BUF_X1, in the netlist",
        ),
        (
            lambda b: {"components": (*b.components, DefComponent("t", "TAP", "FIXED", 0, 0, "N"))},
            "no LEF gives the size",
        ),
        (lambda b: {"pins": ()}, r"no place for port 'a' \(2 such\)"),
        (lambda b: {"rows": (replace(b.rows[0], x=7), *b.rows[1:])}, "starts between the sites"),
    ],
)
def test_a_def_that_does_not_fit_is_refused(technology: Technology, change: object, message: str) -> None:
    base = Layout(technology)
    with pytest.raises(InputError, match=message):
        lay_tiles(replace(base.layout, **change(base)), base.netlist, technology, base.macros, 2)
