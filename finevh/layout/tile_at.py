"""Which row, piece of a row, orientation and tile a place is on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.layout.floorplan import Floorplan, Segments
from finevh.technology.model import Int, Real

NORTH, FLIPPED_SOUTH = 0, 1


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
