"""Rows that are always on: the pieces of tiles' rows on VddH, which cells stand on them, and seats there for clock cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.layout.floorplan import Floorplan, cell_sites
from finevh.layout.placement import Placement
from finevh.layout.tile_at import FLIPPED_SOUTH, NORTH
from finevh.netlist.model import Netlist
from finevh.technology.model import Real, Technology

Mask = NDArray[np.bool_]
_EPS = 1e-4  # um, below any manufacturing grid


def on_islands(floorplan: Floorplan, x: Real, y: Real) -> Mask:
    """(n_cell) whether lower left corners lie on a piece of a row on VddH that clock cells have; um."""
    found = np.zeros(len(x), dtype=bool)
    seg = floorplan.clock_segments
    order = np.argsort(y, kind="stable")
    ys = y[order]
    for line, site, sites in zip(seg.line.tolist(), seg.site.tolist(), seg.sites.tolist(), strict=True):
        bottom, left = float(floorplan.line_y[line]), floorplan.core[0] + site * floorplan.site_width
        rows = order[np.searchsorted(ys, bottom - _EPS) : np.searchsorted(ys, bottom + _EPS)]
        found[rows] |= (x[rows] > left - _EPS) & (x[rows] < left + sites * floorplan.site_width - _EPS)
    return found


def seat(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement, cells: Sequence[int]
) -> Placement:
    """Move cells to the pieces of rows on VddH, each as near to its place as there is room, from the left end on.

    Raises
    ------
    InputError
        If a cell finds no room.
    """
    seg, sites = floorplan.clock_segments, cell_sites(netlist, technology)
    at, end = seg.site.astype(np.int64), (seg.site + seg.sites).astype(np.int64)
    x, y, orient, tile = placement.x.copy(), placement.y.copy(), placement.orient.copy(), placement.tile.copy()
    bottom = floorplan.line_y[seg.line]
    # The widest first: what is left of a row takes the others.
    for cell in sorted(cells, key=lambda cell: -int(sites[cell])):
        left = floorplan.core[0] + at * floorplan.site_width
        away = np.where(end - at >= sites[cell], abs(left - x[cell]) + abs(bottom - y[cell]), np.inf)
        if not np.isfinite(away).any():
            raise InputError(
                f"no row that is always on has room for clock cell '{netlist.instance_names[cell]}' ({sites[cell]} sites); "
                'use fewer tiles, or write clock.policy = "split" or "tile"'
            )
        k = int(np.argmin(away))
        x[cell], y[cell], tile[cell] = round(float(left[k]), 4), round(float(bottom[k]), 4), seg.tile[k]
        orient[cell] = FLIPPED_SOUTH if seg.flipped[k] else NORTH
        at[k] += sites[cell]
    return replace(placement, x=x, y=y, orient=orient, tile=tile)


def ground_rails(floorplan: Floorplan) -> tuple[tuple[float, float, float], ...]:
    """Return (x0, x1, y), um, of the ground rails between two pieces on VddH that lie one above the other.

    No row of the tile runs along them, so nobody else draws them; they reach a site into the rails to their left and right.
    """
    here = {
        (row, site) for row, site in zip(floorplan.island_row.tolist(), floorplan.island_site.tolist(), strict=True)
    }
    found = []
    for row, site in sorted(here):
        if (row - 1, site) in here and not floorplan.row_flipped[row]:
            beside = floorplan.wrapper_sites + 1
            x0 = floorplan.core[0] + (site - beside) * floorplan.site_width
            x1 = floorplan.core[0] + (site + floorplan.island_sites + beside) * floorplan.site_width
            found.append((round(x0, 4), round(x1, 4), round(float(floorplan.row_y[row]), 4)))
    return tuple(found)
