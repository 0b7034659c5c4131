"""Rows that are always on: the pieces of tiles' rows on VddH, which cells stand on them, what room they have left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.layout.floorplan import Floorplan
from finevh.layout.placement import Placement

Mask = NDArray[np.bool_]
_EPS = 1e-4  # um, below any manufacturing grid


@dataclass(frozen=True)
class FreeSpan:
    """A piece of a row on VddH without configuration cells: row, left and right end, um."""

    row: int
    x0: float
    x1: float


def on_islands(floorplan: Floorplan, placement: Placement) -> Mask:
    """(n_cell) whether each cell's lower left corner lies on a piece of a row on VddH."""
    found = np.zeros(len(placement.x), dtype=bool)
    bottom = floorplan.row_y[floorplan.island_row]
    left = floorplan.core[0] + floorplan.island_site * floorplan.site_width
    width = floorplan.island_sites * floorplan.site_width
    order = np.argsort(placement.y, kind="stable")
    ys = placement.y[order]
    for x, y in zip(left.tolist(), bottom.tolist(), strict=True):
        rows = order[np.searchsorted(ys, y - _EPS) : np.searchsorted(ys, y + _EPS)]
        found[rows] |= (placement.x[rows] > x - _EPS) & (placement.x[rows] < x + width - _EPS)
    return found


def free_spans(floorplan: Floorplan, own: int) -> tuple[FreeSpan, ...]:
    """Return the pieces on VddH that are left for clock cells.

    Parameters
    ----------
    own : sites of the configuration cells, at the left end of the first island of each tile.
    """
    spans = []
    for k, (row, site) in enumerate(zip(floorplan.island_row.tolist(), floorplan.island_site.tolist(), strict=True)):
        taken = own if k < floorplan.n_tiles else 0
        if floorplan.island_sites > taken:
            x0 = floorplan.core[0] + (site + taken) * floorplan.site_width
            x1 = floorplan.core[0] + (site + floorplan.island_sites) * floorplan.site_width
            spans.append(FreeSpan(row, round(x0, 4), round(x1, 4)))
    return tuple(spans)


def ground_rails(floorplan: Floorplan) -> tuple[tuple[float, float, float], ...]:
    """Return (x0, x1, y), um, of the ground rails between two pieces on VddH that lie one above the other.

    No row of the tile runs along them, so nobody else draws them; they reach a site into the rails to their left and right.
    """
    here = {(row, site) for row, site in zip(floorplan.island_row.tolist(), floorplan.island_site.tolist(), strict=True)}
    found = []
    for row, site in sorted(here):
        if (row - 1, site) in here and not floorplan.row_flipped[row]:
            beside = floorplan.wrapper_sites + 1
            x0 = floorplan.core[0] + (site - beside) * floorplan.site_width
            x1 = floorplan.core[0] + (site + floorplan.island_sites + beside) * floorplan.site_width
            found.append((round(x0, 4), round(x1, 4), round(float(floorplan.row_y[row]), 4)))
    return tuple(found)
