from __future__ import annotations

import numpy as np

from finevh.layout import Floorplan, Placement
from finevh.layout.tile_at import FLIPPED_SOUTH, NORTH, nearest_line, orient_and_tile, pieces_at


def test_the_nearest_row_is_that_of_the_least_distance(floorplan: Floorplan) -> None:
    bottom, top = floorplan.line_y[0], floorplan.line_y[-1]
    y = np.random.default_rng(3).uniform(bottom - 5.0, top + 5.0, 500)
    expected = abs(y[:, None] - floorplan.line_y[None, :]).argmin(axis=1)
    assert np.array_equal(nearest_line(floorplan, y), expected)


def test_every_site_of_every_piece_is_found_on_that_piece_with_its_tile_and_orientation(floorplan: Floorplan) -> None:
    pieces = floorplan.segments
    for k in range(len(pieces.site)):
        site = np.arange(pieces.site[k], pieces.site[k] + pieces.sites[k], dtype=np.int64)
        found = pieces_at(pieces, np.full(len(site), pieces.line[k], dtype=np.int64), site)
        assert (found == k).all()
        orient, tile = orient_and_tile(pieces, found)
        assert (orient == (FLIPPED_SOUTH if pieces.flipped[k] else NORTH)).all()
        assert (tile == pieces.tile[k]).all()


def test_the_tile_of_a_place_is_the_box_that_holds_it(floorplan: Floorplan, placement: Placement) -> None:
    x0, y0, x1, y1 = floorplan.tile_box[placement.tile].T
    assert ((placement.x >= x0 - 1e-6) & (placement.x < x1)).all()
    assert ((placement.y >= y0 - 1e-6) & (placement.y < y1)).all()
