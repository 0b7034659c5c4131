"""Clock cells that stay at VddH: rows for them in the floorplan, the scripts, the grid, DEF, UPF and the checker."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import Floorplan, FloorplanRequest, Placement, make_floorplan, make_power_grid
from finevh.layout.always_on import on_islands, seat
from finevh.layout.chain import island_sites, make_chain
from finevh.layout.floorplan import tile_rail
from finevh.layout.formats.def_read import parse_def
from finevh.layout.formats.def_write import CHAIN_PREFIX, DefOptions, format_def, make_def
from finevh.layout.formats.upf_read import parse_upf
from finevh.layout.formats.upf_write import format_upf
from finevh.layout.legalize import legalize
from finevh.layout.placement import check_placement
from finevh.layout.supply.check import always_on_cells, check_supply, intent_of
from finevh.layout.tile_at import FLIPPED_SOUTH, NORTH
from finevh.netlist.model import Netlist
from finevh.openroad.context import FlowContext, LibraryFiles, OperatingPoint, validate_context
from finevh.openroad.from_layout import ClockSpec, Corners, DesignFiles, FlowOptions, make_context
from finevh.openroad.library_files import TechnologyFiles
from finevh.openroad.render import external_inputs, render_flow
from finevh.openroad.script_check.check import check_scripts
from finevh.openroad.script_check.pdn_rules import grid_facts
from tests.layout.synthetic import ROW, SITE, make_lef, make_netlist
from tests.openroad.test_from_layout import TECHNOLOGY

needs_tcl = pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")


@lru_cache(maxsize=4)
def plan(clock_sites: int) -> tuple[Netlist, Floorplan]:
    netlist = make_netlist(600, technology=TECHNOLOGY)
    request = FloorplanRequest(3, 0.7, island_sites=island_sites(TECHNOLOGY), clock_sites=clock_sites)
    return netlist, make_floorplan(netlist, TECHNOLOGY, request)


@lru_cache(maxsize=4)
def context_of(policy: str, clock_sites: int = 60) -> FlowContext:
    _, floorplan = plan(clock_sites)
    files = TechnologyFiles(Path("tech.lef"), (Path("cells.lef"),), {}, {"PB0": ""}, "unit", make_lef(TECHNOLOGY))
    libraries = [LibraryFiles("PB0", v, f"c{v}.lib", None, f"__{v:.2f}".replace(".", "v")) for v in (0.8, 1.0)]
    low = OperatingPoint("low", 4000.0, (0.8,) * 9, 1.0)
    return make_context(
        DesignFiles("random", "random.v", ClockSpec("clk", "clk", 4000.0)), TECHNOLOGY, files, floorplan,
        Corners([LibraryFiles("PB0", 1.0, "cells.lib", None, "")], libraries, [low]),
        make_chain(TECHNOLOGY, floorplan), options=FlowOptions(clock_supply=policy),
    )  # fmt: skip


def test_without_clock_cells_the_floorplan_is_what_it_was() -> None:
    _, floorplan = plan(0)
    assert floorplan.island_sites == island_sites(TECHNOLOGY)
    assert len(floorplan.island_row) == 9
    assert len(floorplan.clock_segments.line) == 0


@pytest.mark.parametrize(("sites", "rows"), [(4, 1), (60, 3), (130, 5)])
def test_a_tile_keeps_the_sites_that_are_asked_for_in_an_odd_number_of_rows(sites: int, rows: int) -> None:
    """Odd, so that the topmost of them ends at a ground rail and shares no Vdd rail with its tile."""
    _, floorplan = plan(sites)
    assert len(floorplan.island_row) == 9 * rows
    per_tile = floorplan.n_rows // 9
    assert sorted(set(floorplan.island_row.tolist())) == [
        9 * [0] and t * per_tile + k for t in range(9) for k in range(rows)
    ]
    assert floorplan.clock_segments.sites.sum() >= 9 * sites


def test_more_than_a_tile_can_keep_is_refused() -> None:
    with pytest.raises(InputError, match=r"clock\.policy: \d+ sites of a tile are to stay at VddH"):
        plan(2000)


def seated() -> tuple[Netlist, Floorplan, Placement, list[int]]:
    """The random netlist anywhere in its tiles' segments, and as many buffers as there are pieces at VddH seated there."""
    netlist, floorplan = plan(60)
    segments = floorplan.segments
    at = segments.site.copy()
    x, y, tile, flipped = (np.zeros(netlist.n_cells) for _ in range(4))
    width = np.ceil(TECHNOLOGY.cell_width[netlist.cell_type] / SITE - 1e-6).astype(int)
    spans = floorplan.clock_segments
    buffers = [i for i, c in enumerate(netlist.cell_type.tolist()) if TECHNOLOGY.cells.names[c] == "BUF_X1"]
    high = buffers[: len(spans.line)]
    for cell in sorted(set(range(netlist.n_cells)) - set(high)):
        k = next(k for k in range(len(at)) if at[k] + width[cell] <= segments.site[k] + segments.sites[k])
        x[cell], y[cell] = floorplan.core[0] + at[k] * SITE, floorplan.line_y[segments.line[k]]
        tile[cell], flipped[cell] = segments.tile[k], segments.flipped[k]
        at[k] += width[cell]
    ports = np.full(len(netlist.port_names), 0.1)
    orient = np.where(flipped > 0, FLIPPED_SOUTH, NORTH).astype(np.int8)
    anywhere = Placement(x, y, orient, tile.astype(np.int32), ports, ports)
    return netlist, floorplan, seat(netlist, TECHNOLOGY, floorplan, anywhere, high), high


def test_def_and_upf_give_cells_on_those_rows_vddh_and_every_net_is_one_piece() -> None:
    netlist, floorplan, placement, high = seated()
    assert np.flatnonzero(on_islands(floorplan, placement.x, placement.y)).tolist() == sorted(high)
    lef = make_lef(TECHNOLOGY)
    grid = make_power_grid(TECHNOLOGY, floorplan, lef)
    chain = make_chain(TECHNOLOGY, floorplan)
    layout = parse_def(format_def(make_def(netlist, TECHNOLOGY, floorplan, placement, grid, DefOptions("unit"), chain)))
    names = {netlist.instance_names[cell] for cell in high}
    (vddh,) = [net for net in layout.special_nets if net.name == "VDDH"]
    assert names <= {instance for instance, _ in vddh.pins}
    rails = tuple(tile_rail(floorplan, tile) for tile in range(9))
    intent = intent_of(floorplan, rails, always_on_cells(layout, CHAIN_PREFIX) | names)
    report = check_supply(layout, lef, intent)
    assert report.clean, (report.opens, report.shorts, report.misplaced)
    # One of them on its tile's rail instead: named.
    less = check_supply(layout, lef, replace(intent, always_on=intent.always_on - {next(iter(sorted(names)))}))
    assert re.search(r"is on VDDH, must be on VDD_T_\d_\d", less.misplaced[0])
    upf = parse_upf(format_upf(netlist, floorplan, placement, 1.0, 0.9))
    inside = {name for domain in upf.domains.values() for name in domain.elements}
    assert not names & inside
    assert len(inside - {"."}) == netlist.n_cells - len(names)


def test_seated_cells_keep_their_seats_when_others_are_made_legal() -> None:
    netlist, floorplan, placement, high = seated()
    check_placement(netlist, TECHNOLOGY, floorplan, placement)
    rng = np.random.default_rng(3)
    x, y = placement.x + rng.normal(0.0, 2.0, netlist.n_cells), placement.y + rng.normal(0.0, 2.0, netlist.n_cells)
    x[high], y[high] = placement.x[high], placement.y[high]
    legal = legalize(netlist, TECHNOLOGY, floorplan, x, y, placement.port_x, placement.port_y)
    for name in ("x", "y", "orient", "tile"):
        assert np.array_equal(getattr(legal, name)[high], getattr(placement, name)[high])
    assert not on_islands(floorplan, np.delete(legal.x, high), np.delete(legal.y, high)).any()


def test_a_cell_that_finds_no_seat_is_named() -> None:
    netlist, floorplan, placement, _ = seated()
    with pytest.raises(InputError, match=r"no row that is always on has room for clock cell 'u\d+' \(\d+ sites\)"):
        seat(netlist, TECHNOLOGY, floorplan, placement, list(range(netlist.n_cells)))


@needs_tcl
@pytest.mark.parametrize("policy", ["high", "split"])
@pytest.mark.parametrize("sites", [4, 60, 130])
def test_scripts_of_each_policy_are_clean_and_their_grid_is_whole(policy: str, sites: int) -> None:
    context = context_of(policy, sites)
    assert check_scripts(render_flow(context), external_inputs(context), facts=grid_facts(context)) == []


MUTANTS = {
    "floorplan.tcl": ("block_spans [always_on_spans]\n", "ordinary cells may stand on the rows that are always on"),
    "clock_tree.tcl": ("  $instance setPlacementStatus FIRM\n", "the tree's cells stay on the rails of tiles"),
    "power_grid.tcl": ("unblock_spans $spans\n", "would hang on the rails of tiles"),
}


@needs_tcl
@pytest.mark.parametrize("file", MUTANTS)
def test_a_script_that_leaves_clock_cells_on_tiles_rails_is_named(file: str) -> None:
    context = context_of("high")
    scripts = render_flow(context)
    line, message = MUTANTS[file]
    assert line in scripts[file]
    changed = scripts | {file: scripts[file].replace(line, "")}
    found = [str(finding) for finding in check_scripts(changed, external_inputs(context), facts=grid_facts(context))]
    assert any(message in text for text in found), found


def test_a_policy_without_such_rows_is_refused() -> None:
    with pytest.raises(InputError, match="clock_supply: high needs rows that are always on; the floorplan has none"):
        validate_context(replace(context_of("high"), always_on=()))


def test_what_is_always_on_has_the_higher_supply_in_a_point_whose_tiles_are_all_low() -> None:
    point = render_flow(context_of("high"))["point_low.tcl"]
    assert "set always_on_suffix __1v00\n" in point
    assert "c1.0.lib" in point


# The database of OpenROAD in a few procedures: instances with a master, terminals, nets, places and blockages.
MODEL = """
proc unknown { args } { return "" }
namespace eval ord { }
proc ord::get_db { } { return db }
proc ord::microns_to_dbu { um } { return [expr { round($um * 1000) }] }
proc db { method args } { return db }
set blockages {}
set made 0
namespace eval odb { }
proc odb::dbBlockage_create { block x0 y0 x1 y1 } {
  global blockages boxes made
  set name blockage[incr made]
  set boxes($name) [list $x0 $y0 $x1 $y1]
  interp alias {} $name {} placed $name
  lappend blockages $name
}
proc odb::dbBlockage_destroy { name } {
  global blockages
  set blockages [lsearch -all -inline -not -exact $blockages $name]
}
rename db {}
proc db { method args } {
  global blockages
  switch $method {
    getBlockages { return $blockages }
    findBTerm { return [expr { [lindex $args 0] eq "clk" ? "port" : "NULL" }] }
    default { return db }
  }
}
proc port { method } { return net_clk }
proc placed { name method args } {
  global boxes
  if { $method eq "getBBox" } { return $name }
  return [lindex $boxes($name) [lsearch {xMin yMin xMax yMax} $method]]
}
proc cell { name master width x y pins } {
  global boxes cells
  set boxes($name) [list $x $y [expr { $x + $width }] [expr { $y + 1400 }]]
  set cells($name) [dict create master $master width $width pins {} status PLACED]
  foreach {direction net} $pins {
    set pin pin_${name}_$net
    interp alias {} $pin {} terminal $name $direction $net
    dict lappend cells($name) pins $pin
    lappend ::terminals($net) $pin
    interp alias {} net_$net {} net $net
  }
  interp alias {} $name {} instance $name
}
proc net { name method } { return $::terminals($name) }
proc terminal { name direction net method } {
  switch $method {
    isInputSignal { return [expr { $direction eq "in" }] }
    isOutputSignal { return [expr { $direction eq "out" }] }
    getInst { return $name }
    getNet { return [expr { $net eq "-" ? "NULL" : "net_$net" }] }
  }
}
proc instance { name method args } {
  global boxes cells
  switch $method {
    getName { return $name }
    getMaster { return master_$name }
    getITerms { return [dict get $cells($name) pins] }
    setLocation { dict set cells($name) at $args }
    setOrient { dict set cells($name) orient $args }
    setPlacementStatus { dict set cells($name) status $args }
    setDoNotTouch { dict set cells($name) kept $args }
    default { return [placed $name $method {*}$args] }
  }
}
proc master { name method } {
  global cells
  return [dict get $cells($name) [expr { $method eq "getName" ? "master" : "width" }]]
}
"""


def run_tree(folder: Path, policy: str, cells: list[tuple[str, str, int, int, int, str]]) -> str:
    context = context_of(policy)
    for name, text in render_flow(context).items():
        (folder / name).write_text(text)
    lines = [f"cell {name} {kind} {width} {x} {y} {{{pins}}}" for name, kind, width, x, y, pins in cells]
    lines += [f"interp alias {{}} master_{name} {{}} master {name}" for name, *_ in cells]
    end = (
        'foreach name [lsort [array names cells]] { puts "$name $cells($name)" }\nputs "blockages [llength $blockages]"'
    )
    (folder / "run.tcl").write_text("\n".join([MODEL, *lines, "block_first", "source clock_tree.tcl", end, ""]))
    text = (folder / "run.tcl").read_text()
    first = "source common.tcl\nblock_spans [always_on_spans]"  # as floorplan.tcl does
    (folder / "run.tcl").write_text(text.replace("block_first", first))
    done = subprocess.run(["tclsh", "run.tcl"], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


TREE = [
    ("root", "BUF_X4", 760, 40000, 40000, "in clk out a"),
    ("leaf", "BUF_X4", 760, 13000, 7000, "in a out b"),
    ("gate", "AND2_X1", 570, 30000, 20000, "in a out c"),
    ("dummy", "BUF_X1", 380, 12000, 7000, "in a out -"),
    ("r1", "DFF_X1", 3000, 13000, 8400, "in b out q1"),
    ("r2", "DFF_X1", 3000, 33000, 28000, "in c out q2"),
    ("logic", "INV_X1", 380, 20000, 9800, "in q1 out z"),
]


@needs_tcl
def test_the_scripts_procedure_seats_the_clock_cells_of_a_policy_and_no_others(tmp_path: Path) -> None:
    """On a model of the tool's database: registers, dummy loads and logic stay; a split tree's last stage stays, too."""
    output = run_tree(tmp_path, "high", TREE)
    seats = dict(re.findall(r"^(\w+) .* at \{(\d+ \d+)\}", output, re.MULTILINE))
    assert set(seats) == {"root", "leaf", "gate"}, output
    spans = {(round(s.box.x0 * 1000), round(s.box.y0 * 1000)): s for s in context_of("high").always_on}
    for name, at in seats.items():
        x, y = map(int, at.split())
        span = next(s for (x0, y0), s in spans.items() if y == y0 and x0 <= x < round(s.box.x1 * 1000))
        line = next(line for line in output.split("\n") if line.startswith(f"{name} "))
        assert (
            f"orient {span.orientation} status" in line or f"status FIRM at {{{at}}} orient" in line or "orient" in line
        )
        assert "status FIRM" in line
        assert "kept 1" in line
    assert f"blockages {len(spans)}" in output  # what is left of each row is closed again
    split = dict(re.findall(r"^(\w+) .* at \{(\d+ \d+)\}", run_tree(tmp_path, "split", TREE), re.MULTILINE))
    assert set(split) == {"root"}


@needs_tcl
def test_a_tree_too_wide_for_the_rows_ends_the_run(tmp_path: Path) -> None:
    wide = [("root", "BUF_X4", 10**6, 40000, 40000, "in clk out a"), TREE[4]]
    assert "no row that is always on has room for clock cell 'root'" in run_tree(tmp_path, "high", wide)


def test_rows_of_clock_cells_are_one_row_high(tmp_path: Path) -> None:
    for span in context_of("high").always_on:
        assert span.box.y1 - span.box.y0 == pytest.approx(ROW)
