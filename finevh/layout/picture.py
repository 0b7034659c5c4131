"""A picture of the placed layout: tiles, rows, Vdd-MUX columns, cells coloured by tile, a path drawn over them (Fig. 4.8)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from finevh.layout.chain import ConfigurationChain
from finevh.layout.floorplan import Floorplan
from finevh.layout.interfaces import interface_cells
from finevh.layout.placement import Placement
from finevh.layout.power_grid import SUPPLIES
from finevh.layout.supply.draw import RAIL
from finevh.layout.supply.grid import KINDS, PowerGrid
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Real, Technology

_GRID_COLOURS = {"VDDH": "#c0392b", "VDDL": "#e59866", "VSS": "#34495e", "VBN": "#7d8c3c", "VBP": "#7e5a9b"}


def _boxes(x: Real, y: Real, width: Real, height: float) -> Real:
    """Return rectangles as (n, 4, 2) corner points."""
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    return np.stack([np.column_stack(c) for c in corners], axis=1)


def _rectangles(box: Real) -> Real:
    """Return boxes (n, 4) of x0, y0, x1, y1 as (n, 4, 2) corner points."""
    x0, y0, x1, y1 = box.T
    return np.stack([np.column_stack(c) for c in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))], axis=1)


def tile_colours(tiles_per_side: int) -> Real:
    """Return a soft colour per tile, (n_tile, 3), such that neighbours differ in hue."""
    n = tiles_per_side
    row, column = np.divmod(np.arange(n * n), n)
    # Steps by the golden ratio keep near tiles far apart in hue.
    hue = ((column + row * 0.5 * n) * 0.618034 + row * 0.381966) % 1.0
    light = np.where((row + column) % 2 == 0, 0.80, 0.93)
    return np.asarray(hsv_to_rgb(np.column_stack([hue, np.full(n * n, 0.38), light])), dtype=np.float64)


@contextmanager
def _own_style() -> Iterator[None]:
    """Matplotlib as it comes: neither a settings file nor what else this process draws changes the picture."""
    with mpl.rc_context():
        mpl.rcdefaults()
        yield


@_own_style()
def draw_layout(
    netlist: Netlist,
    technology: Technology,
    floorplan: Floorplan,
    placement: Placement,
    path_cells: Int | None = None,
    grid: PowerGrid | None = None,
    chain: ConfigurationChain | None = None,
    title: str = "",
) -> Figure:
    """Draw the layout.

    Parameters
    ----------
    path_cells : cells of a timing path in order, optional; drawn as a line through their centres.
    grid : power grid, optional; rings and stripes drawn faintly over the cells.
    chain : configuration chain, optional; its cells and its snake.
    """
    figure = Figure(figsize=(8.4, 8.9), layout="constrained")
    axes = figure.add_subplot()
    width = technology.cell_width[netlist.cell_type]
    colours = tile_colours(floorplan.tiles_per_side)[placement.tile]
    # Interface cells are darker: they are what poly-biasing works on.
    colours = np.where(interface_cells(netlist, placement)[:, None], colours * 0.72, colours)
    x0, y0, x1, y1 = floorplan.die
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, facecolor="#fbfbf9", edgecolor="#555555", lw=1.0))
    row_width = np.asarray(floorplan.row_sites * floorplan.site_width, dtype=np.float64)
    rows = _boxes(floorplan.row_x, floorplan.row_y, row_width, floorplan.row_height)
    axes.add_collection(
        PolyCollection(list(rows), facecolors="#ffffff", edgecolors="#d9d9d4", linewidths=0.25, rasterized=True)
    )
    cells = _boxes(placement.x, placement.y, width, floorplan.row_height)
    # One raster for all cells: as vectors 36 000 boxes make a file that no viewer likes.
    axes.add_collection(PolyCollection(list(cells), facecolors=colours, edgecolors="none", rasterized=True))
    if len(floorplan.header_row):
        span = np.full(len(floorplan.header_row), floorplan.header_sites * floorplan.site_width)
        headers = _boxes(floorplan.header_x, floorplan.header_y, span, floorplan.row_height)
        axes.add_collection(PolyCollection(list(headers), facecolors="#b03a2e", edgecolors="#fbfbf9", linewidths=0.2))
    tiles = _rectangles(np.asarray(floorplan.tile_box, dtype=np.float64))
    axes.add_collection(PolyCollection(list(tiles), facecolors="none", edgecolors="#333333", linewidths=0.7))
    handles: list[Artist] = []
    if len(floorplan.header_row):
        handles.append(Rectangle((0, 0), 1, 1, facecolor="#b03a2e", label="Vdd-MUX"))
    if grid is not None:
        handles += _draw_grid(axes, grid)
    if chain is not None:
        handles += _draw_chain(axes, chain, technology, floorplan)
    if path_cells is not None and len(path_cells):
        centre = np.column_stack([placement.x + width / 2, placement.y + floorplan.row_height / 2])[path_cells]
        handles += axes.plot(*centre.T, color="#111111", lw=1.6, marker="o", ms=3.0, label="critical path", zorder=6)
    axes.set_xlim(x0, x1)
    axes.set_ylim(y0, y1)
    axes.set_aspect("equal")
    axes.set_xlabel("x, um")
    axes.set_ylabel("y, um")
    axes.set_title(title or f"{netlist.name}: {floorplan.n_tiles} tiles, {netlist.n_cells} cells", fontsize=11)
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8, frameon=False)
    return figure


def _draw_grid(axes: mpl.axes.Axes, grid: PowerGrid) -> list[Artist]:
    """Draw straps and rings of the five supplies, not the rails of the rows; return one legend entry per supply."""
    drawn = grid.kind != KINDS.index(RAIL)
    for k, name in enumerate(SUPPLIES):
        # One artist for all: the layout of the figure asks each for its extent, and a mesh of 400 tiles has thousands of straps.
        straps = _rectangles(grid.box[drawn & (grid.net == k)])
        axes.add_collection(
            PolyCollection(list(straps), facecolors=_GRID_COLOURS[name], edgecolors="none", alpha=0.45, zorder=4)
        )
    return [Rectangle((0, 0), 1, 1, facecolor=_GRID_COLOURS[name], alpha=0.6, label=name) for name in SUPPLIES]


def _draw_chain(
    axes: mpl.axes.Axes, chain: ConfigurationChain, technology: Technology, floorplan: Floorplan
) -> list[Artist]:
    """Draw the chain's cells and the line through its flops; return its legend entry."""
    width = technology.cell_width[chain.netlist.cell_type]
    cells = _boxes(chain.placement.x, chain.placement.y, width, floorplan.row_height)
    axes.add_collection(PolyCollection(list(cells), facecolors="#1a5276", edgecolors="none", zorder=5))
    flops = np.column_stack([chain.placement.x[::2], chain.placement.y[::2] + floorplan.row_height / 2])
    line = LineCollection(
        [flops], colors="#1a5276", linewidths=0.9, linestyles=":", label="configuration chain", zorder=5
    )
    axes.add_collection(line)
    return [line]


def write_picture(figure: Figure, path: Path | str) -> None:
    """Write SVG, PNG or PDF by the name's ending; the same figure gives the same bytes."""
    with _own_style(), mpl.rc_context({"svg.hashsalt": "finevh", "svg.fonttype": "none"}):
        ending = Path(path).suffix.lower()
        figure.savefig(path, dpi=160, metadata={"Date": None} if ending == ".svg" else None)
