from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.collections import PolyCollection

from finevh.layout import Floorplan, Placement, make_power_grid
from finevh.layout.chain import make_chain
from finevh.layout.picture import draw_layout, tile_colours, write_picture
from finevh.layout.power_grid import SUPPLIES
from finevh.layout.supply.draw import RAIL
from finevh.layout.supply.grid import KINDS
from finevh.netlist.model import Netlist
from finevh.technology.model import Technology
from tests.layout.synthetic import make_lef


def test_neighbouring_tiles_differ_in_colour() -> None:
    for n in (3, 7):
        grid = tile_colours(n).reshape(n, n, 3)
        assert abs(np.diff(grid, axis=0)).sum(axis=2).min() > 0.1
        assert abs(np.diff(grid, axis=1)).sum(axis=2).min() > 0.1


def test_picture_shows_rows_cells_headers_and_path(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement, tmp_path: Path
) -> None:
    grid = make_power_grid(technology, floorplan, make_lef(technology))
    figure = draw_layout(
        netlist,
        technology,
        floorplan,
        placement,
        np.array([1, 50, 200], dtype=np.int32),
        grid,
        make_chain(technology, floorplan),
    )
    axes = figure.axes[0]
    drawn = [len(c.get_paths()) for c in axes.collections if isinstance(c, PolyCollection)]
    straps = [int(((grid.net == k) & (grid.kind != KINDS.index(RAIL))).sum()) for k in range(len(SUPPLIES))]
    sizes = [floorplan.n_rows, netlist.n_cells, len(floorplan.header_row), floorplan.n_tiles, *straps]
    assert drawn == [*sizes, 2 * floorplan.n_tiles]  # the chain
    labels = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"Vdd-MUX", "VDDH", "VDDL", "VSS", "VBN", "VBP", "configuration chain", "critical path"} <= labels
    write_picture(figure, tmp_path / "layout.png")
    assert (tmp_path / "layout.png").stat().st_size > 10_000


def test_same_figure_gives_the_same_svg(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement, tmp_path: Path
) -> None:
    texts = []
    for settings in ({}, {"font.size": 30, "axes.grid": True}):  # of whatever else this process draws
        with mpl.rc_context(settings):
            write_picture(draw_layout(netlist, technology, floorplan, placement), tmp_path / "a.svg")
        texts.append((tmp_path / "a.svg").read_bytes())
    assert texts[0] == texts[1]
