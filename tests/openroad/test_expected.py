"""Round trip: the embedded engine's DEF, read back, is the floorplan that OpenROAD's scripts are rendered from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from finevh.layout import FloorplanRequest, Placement, make_floorplan, make_power_grid
from finevh.layout.chain import island_sites, make_chain
from finevh.layout.floorplan import tile_rail
from finevh.layout.formats.def_model import DefLayout
from finevh.layout.formats.def_read import parse_def
from finevh.layout.formats.def_write import DefOptions, format_def, make_def
from finevh.openroad.context import FlowContext, Row
from finevh.openroad.expected import LayoutMismatchError, compare_layout, require_same_layout
from tests.layout.synthetic import make_lef, make_netlist
from tests.openroad.test_from_layout import TECHNOLOGY, context_of


def embedded_def(n: int) -> DefLayout:
    """The DEF that the embedded engine writes for the floorplan of ``context_of``; cells lie anywhere, ports at the corner."""
    netlist = make_netlist(600, technology=TECHNOLOGY)
    request = FloorplanRequest(n, 0.7, island_sites=island_sites(TECHNOLOGY) if n > 1 else 0)
    floorplan = make_floorplan(netlist, TECHNOLOGY, request)
    cells, ports = np.zeros(netlist.n_cells), np.zeros(len(netlist.port_names))
    none = np.zeros(netlist.n_cells, dtype=np.int32)
    placement = Placement(cells, cells, none.astype(np.int8), none, ports, ports)
    chain = make_chain(TECHNOLOGY, floorplan) if n > 1 else None
    grid = make_power_grid(TECHNOLOGY, floorplan, make_lef(TECHNOLOGY))
    layout = make_def(netlist, TECHNOLOGY, floorplan, placement, grid, DefOptions("unit"), chain)
    return parse_def(format_def(layout))


def whole_rows(context: FlowContext) -> FlowContext:
    """The context with the pieces of rows that an island cuts joined again, as the embedded engine's DEF has them."""
    pieces: dict[str, list[Row]] = {}
    for row in context.rows:
        name = row.name.removesuffix("_head").removesuffix("_island").removesuffix("_rest")
        pieces.setdefault(name, []).append(row)
    joined = []
    for name, parts in pieces.items():
        first, last = parts[0], parts[-1]
        sites = round((last.x - first.x) / context.site_width) + last.sites
        joined.append(Row(name, first.x, first.y, sites, first.orientation))
    return replace(context, rows=tuple(joined))


@pytest.mark.parametrize("n", [1, 3])
def test_both_engines_agree_in_rows_tiles_vdd_mux_sites_and_voids(n: int) -> None:
    context, floorplan = context_of(n)
    assert compare_layout(whole_rows(context), embedded_def(n)) == []
    assert context.rails == tuple(tile_rail(floorplan, tile) for tile in range(floorplan.n_tiles))


def test_a_layout_that_differs_is_refused_with_what_differs() -> None:
    context, _ = context_of(3)
    layout, wanted = embedded_def(3), whole_rows(context)
    fewer = replace(layout, rows=layout.rows[1:], blockages=())
    problems = compare_layout(wanted, fewer)
    assert problems[0] == f"1 rows missing, the first '{layout.rows[0].name}'"
    assert problems[1].startswith("4 voids missing")
    moved = [replace(c, x=c.x + 10) if c.name.startswith("finevh_vddmux") else c for c in layout.components]
    with pytest.raises(
        LayoutMismatchError, match=r"final\.def: not the floorplan that was asked for: .* fixed cells differ"
    ):
        require_same_layout(wanted, replace(layout, components=tuple(moved)), "final.def")
