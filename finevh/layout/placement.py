"""Where every cell and port lies, and the proof that it may lie there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.errors import FinevhError
from finevh.layout.floorplan import Floorplan, Segments, cell_sites
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction, Int, Real, Technology

NORTH, FLIPPED_SOUTH = 0, 1
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


def nearest_line(floorplan: Floorplan, y: Real) -> NDArray[np.int64]:
    """Return the row line whose bottom is nearest to each ``y``, um."""
    lines = floorplan.line_y
    if len(lines) == 1:
        return np.zeros(len(y), dtype=np.int64)
    above = np.clip(np.searchsorted(lines, y), 1, len(lines) - 1)
    return np.asarray(np.where(y - lines[above - 1] <= lines[above] - y, above - 1, above), dtype=np.int64)


def pieces_at(pieces: Segments, line: NDArray[np.int64], site: NDArray[np.int64]) -> NDArray[np.int64]:
    """Piece of a row, and so the tile, that each (line, site) lies on: the last that begins there or before it.

    A place that lies on none gets a piece that does not hold it.
    """
    order = np.lexsort((pieces.site, pieces.line))
    key = pieces.line[order].astype(np.int64) << 32 | pieces.site[order]
    return np.asarray(order[np.clip(np.searchsorted(key, line << 32 | site, side="right") - 1, 0, None)])


def orient_and_tile(pieces: Segments, piece: NDArray[np.int64]) -> tuple[NDArray[np.int8], Int]:
    """Orientation and tile of cells on pieces of rows."""
    return np.where(pieces.flipped[piece], FLIPPED_SOUTH, NORTH).astype(np.int8), pieces.tile[piece].astype(np.int32)


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


def pin_positions(netlist: Netlist, technology: Technology, placement: Placement) -> tuple[Real, Real]:
    """Return the position of every netlist pin as its cell's centre, (n_pin) um each.

    Pins lie within a cell of about 1 um; the estimate of a net's length does not resolve them.
    """
    width = technology.cell_width[netlist.cell_type]
    return (
        (placement.x + width / 2)[netlist.pin_cell],
        (placement.y + technology.row_height / 2)[netlist.pin_cell],
    )


def interface_cells(netlist: Netlist, placement: Placement) -> NDArray[np.bool_]:
    """Return which cells are interface cells, (n_cell) bool: an input driven by a cell of another tile (thesis 4.1.2).

    Inputs driven by a port are at VddH and count as no tile.
    """
    driver = netlist.net_driver
    is_input = (netlist.cells.pin_direction[netlist.pin_type] == Direction.INPUT) & (netlist.pin_net != NO_NET)
    source = np.where(is_input, driver[np.where(is_input, netlist.pin_net, 0)], -1)
    crosses = (source >= 0) & (placement.tile[source] != placement.tile[netlist.pin_cell])
    result = np.zeros(netlist.n_cells, dtype=bool)
    result[netlist.pin_cell[crosses]] = True
    return result
