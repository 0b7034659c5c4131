"""The five power grids: rings round the core and stripes over the Vdd-MUX columns and the voids between tiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from finevh.errors import InputError
from finevh.technology.model import Int, Layer, Real, Technology

if TYPE_CHECKING:
    from finevh.layout.floorplan import Floorplan

SUPPLIES = ("VDDH", "VDDL", "VSS", "VBN", "VBP")
"""Nets of the grids (thesis 4.1.2): high and low supply, ground, n- and p-bias."""
_STRIPE_SHARE = 0.25  # of a tile's side that one bundle of stripes may cover


@dataclass(frozen=True)
class PowerGrid:
    """Metal of the grids as columns: ``net`` indexes ``SUPPLIES``, ``layer`` the technology's layers, ``box`` is um."""

    net: Int
    layer: Int
    box: Real
    """(n_shape, 4) x0, y0, x1, y1."""
    is_ring: Int


def _pair(technology: Technology, room: float) -> tuple[int, int]:
    """Return the highest (vertical, horizontal) pair of adjacent layers on which one bundle of stripes fits ``room`` um."""
    layers = technology.layers
    for top in range(len(layers) - 1, 0, -1):
        pair = (top, top - 1)
        directions = {layers[i].direction[:1].upper() for i in pair}
        if directions == {"H", "V"} and max(bundle_width(layers[i]) for i in pair) <= room:
            vertical = pair[0] if layers[pair[0]].direction[:1].upper() == "V" else pair[1]
            return vertical, sum(pair) - vertical
    raise InputError(
        f"technology '{technology.name}': no pair of routing layers fits {len(SUPPLIES)} stripes into {room:.3g} um; "
        "use fewer tiles"
    )


def bundle_width(layer: Layer) -> float:
    """Width, um, of one minimum stripe per supply with minimum spacing between them."""
    return len(SUPPLIES) * layer.width + (len(SUPPLIES) - 1) * layer.spacing


def ring_layers(technology: Technology) -> tuple[int, int]:
    """Return the (vertical, horizontal) layers of the rings: the two topmost."""
    return _pair(technology, float("inf"))


def ring_margin(technology: Technology) -> float:
    """Space, um, between core and die for the five rings, with one spacing on either side."""
    return max(bundle_width(technology.layers[i]) + 2 * technology.layers[i].spacing for i in ring_layers(technology))


def _bundle(centre: float, layer: Layer) -> list[tuple[float, float]]:
    """Return (low, high) of each supply's stripe in a bundle about ``centre``, um."""
    start = centre - bundle_width(layer) / 2
    step = layer.width + layer.spacing
    return [(start + k * step, start + k * step + layer.width) for k in range(len(SUPPLIES))]


def make_power_grid(technology: Technology, floorplan: Floorplan) -> PowerGrid:
    """Draw rings and stripes.

    Vertical bundles run over the left Vdd-MUX column of every tile column, horizontal ones along the bottom of every tile
    row; both reach the rings. Where vias join them is the router's business: layers and nets say which shapes belong together.

    Raises
    ------
    InputError
        If five stripes do not fit a tile on any layer pair.
    """
    n = floorplan.tiles_per_side
    box = floorplan.tile_box
    side = float(min(box[0, 2] - box[0, 0], box[0, 3] - box[0, 1]))
    vertical, horizontal = _pair(technology, _STRIPE_SHARE * side)
    column_width = max(floorplan.header_sites, 1) * floorplan.site_width
    shapes: list[tuple[int, int, tuple[float, float, float, float], int]] = []
    x0, y0, x1, y1 = floorplan.core
    ring_v, ring_h = ring_layers(technology)
    layers = technology.layers
    for k in range(len(SUPPLIES)):
        # Ring k lies k steps outside the innermost one; corners are squares of the wider layer.
        out_v = layers[ring_v].spacing + k * (layers[ring_v].width + layers[ring_v].spacing)
        out_h = layers[ring_h].spacing + k * (layers[ring_h].width + layers[ring_h].spacing)
        wv, wh = layers[ring_v].width, layers[ring_h].width
        left, right, low, high = x0 - out_v - wv, x1 + out_v, y0 - out_h - wh, y1 + out_h
        shapes += [
            (k, ring_v, (left, low, left + wv, high + wh), 1),
            (k, ring_v, (right, low, right + wv, high + wh), 1),
            (k, ring_h, (left, low, right + wv, low + wh), 1),
            (k, ring_h, (left, high, right + wv, high + wh), 1),
        ]
    reach = ring_margin(technology)
    for column in range(n):
        centre = max(float(box[column, 0]) + column_width / 2, x0 + bundle_width(layers[vertical]) / 2)
        for k, (low, high) in enumerate(_bundle(centre, layers[vertical])):
            shapes.append((k, vertical, (low, y0 - reach, high, y1 + reach), 0))
    for row in range(n):
        centre = max(
            float(box[row * n, 1]) - floorplan.wrapper_height / 2,
            y0 + bundle_width(layers[horizontal]) / 2,
        )
        for k, (low, high) in enumerate(_bundle(centre, layers[horizontal])):
            shapes.append((k, horizontal, (x0 - reach, low, x1 + reach, high), 0))
    return PowerGrid(
        net=np.array([s[0] for s in shapes], dtype=np.int32),
        layer=np.array([s[1] for s in shapes], dtype=np.int32),
        box=np.round(np.array([s[2] for s in shapes]), 4),
        is_ring=np.array([s[3] for s in shapes], dtype=np.int32),
    )
