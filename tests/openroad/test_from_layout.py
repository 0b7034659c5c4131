"""The embedded engine's floorplan as OpenROAD's: same rows, tiles, Vdd-MUX sites, voids and chain; the scripts pass the check."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import Floorplan, FloorplanRequest, make_floorplan
from finevh.layout.chain import island_sites, make_chain
from finevh.layout.formats.def_write import CHAIN_PREFIX
from finevh.layout.supply.plan import plan_grid, strap_edges
from finevh.openroad.context import Activity, FlowContext, LibraryFiles, OperatingPoint
from finevh.openroad.from_layout import ClockSpec, Corners, DesignFiles, make_context, planning_netlist, port_name
from finevh.openroad.library_files import TechnologyFiles, suffix_lef, suffix_liberty
from finevh.openroad.render import external_inputs, render_flow
from finevh.openroad.script_check.check import check_scripts
from tests.layout.synthetic import PIN_PITCH, ROW, SITE, make_lef, make_netlist, make_technology

TECHNOLOGY = make_technology()


def context_of(n: int, cells: int = 600) -> tuple[FlowContext, Floorplan]:
    netlist = make_netlist(cells, technology=TECHNOLOGY)
    request = FloorplanRequest(n, 0.7, island_sites=island_sites(TECHNOLOGY) if n > 1 else 0)
    floorplan = make_floorplan(netlist, TECHNOLOGY, request)
    chain = make_chain(TECHNOLOGY, floorplan) if n > 1 else None
    files = TechnologyFiles(Path("tech.lef"), (Path("cells.lef"),), {}, {"PB0": ""}, "unit", make_lef(TECHNOLOGY))
    plain = LibraryFiles("PB0", 1.0, "cells.lib", None, "")
    suffixed = [
        LibraryFiles("PB0", v, f"cells__{v}.lib", f"cells__{v}.lef", f"__{v:.2f}".replace(".", "v")) for v in (0.8, 1.0)
    ]
    point = OperatingPoint("p", 4000.0, tuple(0.8 if t % 2 else 1.0 for t in range(n * n)))
    context = make_context(
        DesignFiles("random", "random.v", ClockSpec("clk", "in[0]", 4000.0)), TECHNOLOGY, files, floorplan,
        Corners([plain], suffixed, [point], Activity(toggle_rate=0.1, duty=0.5)), chain,
    )  # fmt: skip
    return context, floorplan


@pytest.mark.parametrize("n", [1, 3, 5, 7])
def test_every_length_of_the_power_grid_is_on_the_manufacturing_grid(n: int) -> None:
    grid = context_of(n, cells=1000)[0].power_grid
    stripes = [grid.tile_stripes, *grid.mux_stripes, *grid.island_stripes, *grid.top_stripes]
    lengths = [length for s in stripes for length in (s.width, s.pitch, s.offset, s.spacing)]
    lengths += [grid.rail_width, grid.ring_width, grid.ring_spacing, grid.ring_offset]
    steps = np.array(lengths) / 0.005
    assert np.allclose(steps, np.round(steps), atol=1e-6)


def test_one_command_draws_a_strap_down_each_supply_pin_of_a_vdd_mux() -> None:
    context, floorplan = context_of(3)
    macro = make_lef(TECHNOLOGY).macros[floorplan.header_cell]
    tile = context.domains[0].area
    start = context.mux_sites[0].x - tile.x0
    (command,) = context.power_grid.mux_stripes
    assert command.nets == ("VDDH", "VDDL", "VBP", "VBN")
    assert command.count == 1
    assert command.spacing == pytest.approx(PIN_PITCH - command.width)
    for net, (low, high) in zip(command.nets, strap_edges(command, tile.x1 - tile.x0), strict=True):
        ((_, x0, _, x1, _),) = macro.pins[net][2]
        assert (low, high) == (pytest.approx(start + x0), pytest.approx(start + x1))


@pytest.mark.parametrize("headers", [1, 2, 3, 4])
@pytest.mark.parametrize("n", [3, 5])
def test_straps_of_different_commands_stand_more_than_twice_the_spacing_apart(n: int, headers: int) -> None:
    netlist = make_netlist(2000, technology=TECHNOLOGY)
    request = FloorplanRequest(n, 0.6, headers, island_sites=island_sites(TECHNOLOGY))
    floorplan = make_floorplan(netlist, TECHNOLOGY, request)
    plan = plan_grid(TECHNOLOGY, make_lef(TECHNOLOGY), floorplan)
    width = float(floorplan.tile_box[0, 2] - floorplan.tile_box[0, 0])
    own = replace(plan.tile_stripes, nets=("rail", "VSS"))
    commands = [strap_edges(stripes, width) for stripes in (own, *plan.mux_stripes, *plan.island_stripes)]
    assert sum(map(len, commands[1:-1])) == 4 * headers
    for i, one in enumerate(commands):
        for other in commands[:i]:
            assert all(a - d > 2 * own.spacing or c - b > 2 * own.spacing for a, b in one for c, d in other)


@pytest.mark.parametrize("n", [3, 7])
def test_a_strap_of_the_tile_crosses_the_head_of_the_row_that_the_island_cuts(n: int) -> None:
    context, _ = context_of(n, cells=3000)
    stripes = context.power_grid.tile_stripes
    heads = [row for row in context.rows if row.name.endswith("_head")]
    assert len(heads) == n * n
    for head, domain in zip(heads, context.domains, strict=True):
        left, right = (
            domain.area.x0 + stripes.offset - stripes.width / 2,
            domain.area.x0 + stripes.offset + stripes.width / 2,
        )
        assert head.x <= left
        assert right <= head.x + head.sites * SITE + 1e-9


def test_straps_reach_the_rings_step_by_step() -> None:
    grid = context_of(3)[0].power_grid
    assert grid.connections == (("metal4", "metal7"), ("metal7", "metal8"))  # metal5 and 6 are no wider than metal4
    assert [stripes.layer for stripes in grid.top_stripes] == ["metal7", "metal8"]
    assert set(grid.ring_layers) == {"metal7", "metal8"}
    assert context_of(3)[0].pin_layers == ("metal5", "metal6")  # below every strap that reaches the rings


def test_pins_too_close_for_straps_are_refused() -> None:
    netlist = make_netlist(600, technology=TECHNOLOGY)
    floorplan = make_floorplan(netlist, TECHNOLOGY, FloorplanRequest(3, 0.7, island_sites=island_sites(TECHNOLOGY)))
    lef = make_lef(TECHNOLOGY)
    pins = lef.macros[floorplan.header_cell].pins
    pins["VDDL"] = ("INOUT", "POWER", (("metal1", 0.2, 0.35, 0.3, 0.77),))
    with pytest.raises(InputError, match=r"straps of metal4 over its pins on VDDH and VDDL are 0\.11 um apart"):
        plan_grid(TECHNOLOGY, lef, floorplan)
    pins["VDDL"] = ("INOUT", "POWER", (("metal1", 0.35, 0.35, 0.49, 0.77),))
    pins["VBN"] = ("INOUT", "POWER", (("metal1", 1.0, 0.35, 1.1, 0.77),))
    with pytest.raises(InputError, match=r"its supply pins are 0\.28 to 0\.35 um apart, and one command draws"):
        plan_grid(TECHNOLOGY, lef, floorplan)


@pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")
@pytest.mark.parametrize("n", [1, 3])
def test_scripts_of_a_real_floorplan_pass_the_check(n: int) -> None:
    context, _ = context_of(n)
    assert check_scripts(render_flow(context), external_inputs(context)) == []


def test_rows_cover_the_same_sites_without_the_gaps_round_the_islands() -> None:
    context, floorplan = context_of(3)
    islands = [row for row in context.rows if row.name.endswith("_island")]
    assert len(islands) == 9
    gaps = 2 * floorplan.wrapper_sites * 9
    assert sum(row.sites for row in context.rows) == int(floorplan.row_sites.sum()) - gaps
    whole = {(round(row.x, 3), round(row.y, 3), row.sites) for row in context.rows if row.name.count("_") == 3}
    expected = zip(floorplan.row_x.round(3), floorplan.row_y.round(3), floorplan.row_sites, strict=True)
    assert whole <= {(float(x), float(y), int(sites)) for x, y, sites in expected}


def test_vdd_mux_sites_and_orientations_are_those_of_the_floorplan() -> None:
    context, floorplan = context_of(3)
    assert [site.x for site in context.mux_sites] == pytest.approx(floorplan.header_x)
    assert [site.y for site in context.mux_sites] == pytest.approx(floorplan.header_y)
    assert [site.tile for site in context.mux_sites] == floorplan.header_tile.tolist()
    flipped = floorplan.row_flipped[floorplan.header_row]
    assert [site.orientation == "MX" for site in context.mux_sites] == flipped.tolist()


def test_every_row_lies_in_the_domain_of_its_tile() -> None:
    context, floorplan = context_of(3)
    assert len(context.domains) == floorplan.n_tiles
    for row in context.rows:
        x, y = row.x + SITE / 2, row.y + ROW / 2
        inside = [d for d in context.domains if d.area.x0 <= x < d.area.x1 and d.area.y0 <= y < d.area.y1]
        assert [d.tile for d in inside] == [3 * int(row.name.split("_")[1]) + int(row.name.split("_")[2])]


def test_the_rail_of_an_island_faces_the_void_and_spans_its_cells() -> None:
    context, floorplan = context_of(3)
    rows = {row.name: row for row in context.rows}
    assert len(context.islands) == floorplan.n_tiles
    for island in context.islands:
        row = rows[island.row]
        assert row.orientation == "MX"
        assert (island.rail.y0 + island.rail.y1) / 2 == pytest.approx(row.y)
        assert island.rail.x0 == pytest.approx(row.x)
        assert island.rail.x1 - island.rail.x0 == pytest.approx(row.sites * SITE)
    (stripe,) = context.power_grid.island_stripes
    middle = context.domains[0].area.x0 + stripe.offset
    assert context.islands[0].rail.x0 < middle < context.islands[0].rail.x1


def test_wrappers_are_the_voids_between_tiles() -> None:
    context, floorplan = context_of(3)
    area = sum((w.x1 - w.x0) * (w.y1 - w.y0) for w in context.wrappers)
    crossings = 4 * floorplan.wrapper_sites * SITE * floorplan.wrapper_height
    box = floorplan.tile_box
    tiles = float(np.sum((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])))
    assert area - crossings == pytest.approx(floorplan.core_area - tiles, rel=1e-6)


def test_the_chain_hangs_on_vddh_and_selects_every_tile_once() -> None:
    context, _ = context_of(3)
    added = context.configuration
    assert added is not None
    powered = {(i, pin): net for i, pin, net in added.connections}
    for cell in added.cells:
        assert powered[(cell.instance, "VDD")] == "VDDH"
        assert powered[(cell.instance, "VSS")] == "VSS"
    driven = [net for _, pin, net in added.connections if pin == "Q" and "select" in net]
    assert sorted(driven) == sorted(added.select_nets)
    assert added.clock_port == CHAIN_PREFIX + "clk"


def test_vdd_mux_cells_without_a_chain_are_refused() -> None:
    netlist = make_netlist(600, technology=TECHNOLOGY)
    floorplan = make_floorplan(netlist, TECHNOLOGY, FloorplanRequest(3, 0.7))
    files = TechnologyFiles(Path("t"), (Path("c"),), {}, {}, "unit", make_lef(TECHNOLOGY))
    with pytest.raises(InputError, match="no configuration chain"):
        make_context(DesignFiles("d", "d.v", ClockSpec("c", "c", 1.0)), TECHNOLOGY, files, floorplan, Corners([]))


def test_a_planning_netlist_has_the_stated_area() -> None:
    roles = {**TECHNOLOGY.roles, "inverter": ("INV_X1",)}
    planned = planning_netlist("d", replace(TECHNOLOGY, roles=roles), 1000.0)
    area = TECHNOLOGY.cells.area[planned.cell_type].sum()
    assert area == pytest.approx(1000.0, rel=1e-3)
    with pytest.raises(InputError, match="holds no cell"):
        planning_netlist("d", replace(TECHNOLOGY, roles=roles), 0.1)


def test_ports_keep_bus_brackets_and_escape_others() -> None:
    assert port_name("data[3]") == "data[3]"
    assert port_name("odd[name]x") == r"odd\[name\]x"


def test_suffixed_copies_rename_cells_and_nothing_else() -> None:
    pin = "    pin (A) { direction : input; }\n"
    liberty = f'library (cells) {{\n  nom_voltage : 0.8;\n  cell (INV_X1) {{\n{pin}  }}\n  cell ("BUF_X1") {{ }}\n}}\n'
    text = suffix_liberty(liberty, 0.8)
    assert "library (cells__0v80)" in text
    assert "cell (INV_X1__0v80) {" in text
    assert 'cell ("BUF_X1__0v80") {' in text
    assert "pin (A)" in text
    lef = "VERSION 5.8 ;\nMACRO INV_X1\n  SIZE 1 BY 2 ;\n  PIN A\n  END A\nEND INV_X1\nMACRO OTHER\nEND OTHER\nEND LIBRARY\n"
    copy = suffix_lef(lef, 0.8, ["INV_X1"])
    assert "MACRO INV_X1__0v80" in copy
    assert "END INV_X1__0v80" in copy
    assert "OTHER" not in copy
    assert copy.count("END LIBRARY") == 1
