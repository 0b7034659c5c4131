"""Where every cell and port lies, and the proof that it may lie there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.errors import FinevhError
from finevh.layout.floorplan import Floorplan, cell_sites
from finevh.layout.tile_at import nearest_line, orient_and_tile, pieces_at
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Real, Technology

ORIENT_NAMES = ("N", "FS")


@dataclass(frozen=True)
class Placement:
    """Places as columns, um. ``x``, ``y`` are lower left corners; ``orient`` is 0 for N, 1 for FS (mirrored about x)."""

    x: Real
    """(n_cell)."""
    y: Real
    orient: NDArray[np.int8]
    tile: Int
    """(n_cell) tile of each cell."""
    port_x: Real
    """(n_port)."""
    port_y: Real


class IllegalPlacementError(FinevhError):
    """A placement that cannot be built: a bug or an edited file, never a user's parameter."""


def _illegal(netlist: Netlist, cells: NDArray[np.int64], what: str, mend: str) -> IllegalPlacementError:
    name = netlist.instance_names[int(cells[0])]
    return IllegalPlacementError(
        f"placement of '{netlist.name}': cell '{name}' {what} ({len(cells)} such cells); {mend}"
    )


def check_placement(netlist: Netlist, technology: Technology, floorplan: Floorplan, placement: Placement) -> None:
    """Prove a placement: every cell on site and row, inside one tile, clear of Vdd-MUXes and islands, none overlapping.

    Raises
    ------
    IllegalPlacementError
        Naming the first offending cell and their number.
    """
    sites = cell_sites(netlist, technology)
    column = (placement.x - floorplan.core[0]) / floorplan.site_width
    at = np.rint(column).astype(np.int64)
    on = nearest_line(floorplan, placement.y)
    # A tenth of a nanometre is far above float64 rounding and far below any grid.
    off_site = abs(column - at) * floorplan.site_width > 1e-4
    off = np.flatnonzero(off_site | (abs(placement.y - floorplan.line_y[on]) > 1e-4))
    if len(off):
        raise _illegal(netlist, off, "is off the grid of sites and rows", "legalize it")
    seg = floorplan.segments.joined(floorplan.clock_segments)
    piece = pieces_at(seg, on, at)
    inside = (seg.line[piece] == on) & (seg.site[piece] <= at)
    inside &= at + sites <= seg.site[piece] + seg.sites[piece]
    outside = np.flatnonzero(~inside)
    if len(outside):
        raise _illegal(netlist, outside, "leaves its row, straddles a tile or covers a Vdd-MUX", "legalize it")
    orient, tile = orient_and_tile(seg, piece)
    wrong = np.flatnonzero((tile != placement.tile) | (orient != placement.orient))
    if len(wrong):
        raise _illegal(netlist, wrong, "has the tile or orientation of another row", "legalize it")
    by_row = np.lexsort((at, on))
    same = on[by_row][1:] == on[by_row][:-1]
    overlap = np.flatnonzero(same & (at[by_row][1:] < (at + sites)[by_row][:-1]))
    if len(overlap):
        raise _illegal(netlist, by_row[overlap + 1], "overlaps its left neighbour", "legalize it")
