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
from finevh.layout.def_write import CHAIN_PREFIX
from finevh.openroad.check import check_scripts
from finevh.openroad.context import Activity, FlowContext, LibraryFiles, MuxPins, OperatingPoint, Supplies
from finevh.openroad.from_layout import ClockSpec, make_context, planning_netlist, port_name
from finevh.openroad.grid_from_layout import power_grid_of
from finevh.openroad.library_files import TechnologyFiles, suffix_lef, suffix_liberty
from finevh.openroad.render import external_inputs, render_flow
from finevh.technology.lef import Lef, LefMacro
from finevh.technology.model import Technology
from tests.layout.synthetic import ROW, SITE, make_netlist, make_technology

TECHNOLOGY = make_technology()
PIN_PITCH = 0.28  # um, of the supply pins of a Vdd-MUX


def lef_of(technology: Technology) -> Lef:
    lef = Lef(grid=0.005)
    for name, width in zip(technology.cells.names, technology.cell_width.tolist(), strict=True):
        rail = (("metal1", 0.0, -0.085, width, 0.085),)
        pins = {"VDD": ("INOUT", "POWER", rail), "VSS": ("INOUT", "GROUND", rail)}
        if name in technology.roles.get("header", ()):
            for k, supply in enumerate(("VDDH", "VDDL", "VBP", "VBN")):
                x = PIN_PITCH * (k + 0.5)
                pins[supply] = ("INOUT", "POWER", (("metal1", x - 0.07, 0.35, x + 0.07, 0.77),))
        lef.macros[name] = LefMacro(name, "CORE", width, ROW, "unit", pins)
    return lef


def context_of(n: int, cells: int = 600) -> tuple[FlowContext, Floorplan]:
    netlist = make_netlist(cells, technology=TECHNOLOGY)
    request = FloorplanRequest(n, 0.7, island_sites=island_sites(TECHNOLOGY) if n > 1 else 0)
    floorplan = make_floorplan(netlist, TECHNOLOGY, request)
    chain = make_chain(TECHNOLOGY, floorplan) if n > 1 else None
    files = TechnologyFiles(Path("tech.lef"), (Path("cells.lef"),), {}, {"PB0": ""}, "unit", lef_of(TECHNOLOGY))
    plain = LibraryFiles("PB0", 1.0, "cells.lib", None, "")
    suffixed = [
        LibraryFiles("PB0", v, f"cells__{v}.lib", f"cells__{v}.lef", f"__{v:.2f}".replace(".", "v")) for v in (0.8, 1.0)
    ]
    point = OperatingPoint("p", 4000.0, tuple(0.8 if t % 2 else 1.0 for t in range(n * n)))
    context = make_context(
        "random", "random.v", TECHNOLOGY, files, floorplan, ClockSpec("clk", "in[0]", 4000.0), [plain], suffixed, [point],
        Activity(toggle_rate=0.1, duty=0.5), chain,
    )  # fmt: skip
    return context, floorplan


@pytest.mark.parametrize("n", [1, 3, 5, 7])
def test_every_length_of_the_power_grid_is_on_the_manufacturing_grid(n: int) -> None:
    grid = context_of(n)[0].power_grid
    stripes = [grid.tile_stripes, *grid.mux_stripes, *grid.island_stripes, *grid.top_stripes]
    lengths = [length for s in stripes for length in (s.width, s.pitch, s.offset, s.spacing)]
    lengths += [grid.rail_width, grid.ring_width, grid.ring_spacing, grid.ring_offset]
    steps = np.array(lengths) / 0.005
    assert np.allclose(steps, np.round(steps), atol=1e-6)


def test_each_supply_pin_of_a_vdd_mux_lies_under_its_strap() -> None:
    context, floorplan = context_of(3)
    macro = lef_of(TECHNOLOGY).macros[floorplan.header_cell]
    tile = context.domains[0].area
    start = context.mux_sites[0].x - tile.x0
    assert [s.nets for s in context.power_grid.mux_stripes] == [("VDDH",), ("VDDL",), ("VBP",), ("VBN",)]
    for strap in context.power_grid.mux_stripes:
        ((_, x0, _, x1, _),) = macro.pins[strap.nets[0]][2]
        assert start + x0 <= strap.offset <= start + x1
        assert strap.pitch > tile.x1 - tile.x0 - strap.offset  # one strap per tile


def test_straps_reach_the_rings_step_by_step() -> None:
    grid = context_of(3)[0].power_grid
    assert grid.connections == (("metal4", "metal7"), ("metal7", "metal8"))  # metal5 and 6 are no wider than metal4
    assert [stripes.layer for stripes in grid.top_stripes] == ["metal7", "metal8"]
    assert set(grid.ring_layers) == {"metal7", "metal8"}
    assert context_of(3)[0].pin_layers == ("metal5", "metal6")  # below every strap that reaches the rings


def test_pins_too_close_for_straps_are_refused() -> None:
    netlist = make_netlist(600, technology=TECHNOLOGY)
    floorplan = make_floorplan(netlist, TECHNOLOGY, FloorplanRequest(3, 0.7, island_sites=island_sites(TECHNOLOGY)))
    lef = lef_of(TECHNOLOGY)
    pins = lef.macros[floorplan.header_cell].pins
    pins["VDDL"] = ("INOUT", "POWER", (("metal1", 0.2, 0.35, 0.3, 0.77),))
    with pytest.raises(InputError, match=r"straps of metal4 over its pins on VDDH and VDDL are 0\.11 um apart"):
        power_grid_of(TECHNOLOGY, lef, floorplan, Supplies(), MuxPins())


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
    files = TechnologyFiles(Path("t"), (Path("c"),), {}, {}, "unit", lef_of(TECHNOLOGY))
    with pytest.raises(InputError, match="no configuration chain"):
        make_context("d", "d.v", TECHNOLOGY, files, floorplan, ClockSpec("c", "c", 1.0), [], [], [], Activity(0.1, 0.5))


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
