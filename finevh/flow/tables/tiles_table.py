"""``tiles.csv``: where each tile is and what is in it."""

from __future__ import annotations

import numpy as np

from finevh.base.csv_text import table
from finevh.flow.designs import PlacedDesign
from finevh.layout import interface_cells


def tiles_table(placed: PlacedDesign) -> str:
    """Where each tile is and what is in it."""
    floorplan, netlist = placed.floorplan, placed.netlist
    tile, n = placed.placement.tile, placed.floorplan.n_tiles
    inside = tile >= 0  # fixed blocks are in no tile
    area = np.bincount(tile[inside], weights=netlist.cells.area[netlist.cell_type[inside]], minlength=n)
    interface = np.bincount(tile[inside & interface_cells(netlist, placed.placement)], minlength=n)
    cells = np.bincount(tile[inside], minlength=n)
    rows = [(t, *map(float, floorplan.tile_box[t]), int(cells[t]), float(area[t]), int(interface[t])) for t in range(n)]
    header = ("tile", "x0_um", "y0_um", "x1_um", "y1_um", "cells", "cell_area_um2", "interface_cells")
    return table(header, rows)
