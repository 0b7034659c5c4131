"""Rings, stripes and rails for OpenROAD from the technology's layers and the embedded engine's floorplan."""

from __future__ import annotations

import itertools
import math

from finevh.errors import InputError
from finevh.layout.floorplan import Floorplan
from finevh.layout.power_grid import ring_layers
from finevh.openroad.context import MuxPins, PowerGrid, Stripes, Supplies
from finevh.technology.lef import Lef
from finevh.technology.model import Layer, Technology


def layers_of(technology: Technology, direction: str) -> list[int]:
    """Return the numbers of the routing layers of a direction, H or V, from the bottom up."""
    return [i for i, layer in enumerate(technology.layers) if layer.direction[:1].upper() == direction]


def rail_width(lef: Lef, layer: str) -> float:
    """Return the height of a ground rail of a core cell, um: the tallest rectangle that spans the cell's width.

    Raises
    ------
    InputError
        If no cell has one on that layer.
    """
    for macro in lef.macros.values():
        for _, use, shapes in macro.pins.values():
            if use.upper() == "GROUND":
                rails = [y1 - y0 for name, x0, y0, x1, y1 in shapes if name == layer and x1 - x0 >= 0.99 * macro.width]
                if rails:
                    return round(max(rails), 4)
    raise InputError(f"no LEF cell has a ground rail on {layer}: the power grid cannot follow it")


def power_grid_of(
    technology: Technology, lef: Lef, floorplan: Floorplan, supplies: Supplies, mux_pins: MuxPins
) -> PowerGrid:
    """Return the grid: rails of the cells, straps over Vdd-MUX pins, islands and tiles, rings on the two top layers.

    Every length is a multiple of the manufacturing grid: OpenROAD's generator refuses others.

    Raises
    ------
    InputError
        If no vertical layer lies between rails and rings, no cell has a ground rail, or straps over the Vdd-MUX pins
        would touch.
    """
    layers, grid = technology.layers, lef.grid
    ring_v, ring_h = ring_layers(technology)
    path = strap_layers(technology)
    mid = path[0]
    tile_width = float(floorplan.tile_box[0, 2] - floorplan.tile_box[0, 0])
    taken = (supplies.vddh, supplies.vddl, supplies.nwell, supplies.pwell)
    step = mid.width + mid.spacing
    pitch, offset = snap(tile_width / 4, grid), snap(step * (len(taken) + 1), grid)
    tile = Stripes(mid.name, (), mid.width, pitch, offset, mid.spacing)
    nets = (*taken[:2], supplies.ground, *taken[2:])
    box = floorplan.tile_box
    # One bundle per tile row and per tile column; the horizontal ones cross the stripes inside the tiles.
    height = float(box[0, 3] - box[0, 1]) + floorplan.wrapper_height
    width = tile_width + floorplan.wrapper_sites * floorplan.site_width
    top = layers[ring_v]
    return PowerGrid(
        rail_layer=layers[0].name,
        rail_width=rail_width(lef, layers[0].name),
        tile_stripes=tile,
        mux_stripes=_mux_stripes(lef, floorplan, layers[0], mid, supplies, mux_pins),
        island_stripes=_island_stripes(floorplan, mid, supplies, grid),
        top_stripes=tuple(
            _bundles(layer, nets, height if layer.direction[:1].upper() == "H" else width, grid) for layer in path[1:]
        ),
        ring_layers=(top.name, layers[ring_h].name),
        ring_width=max(top.width, layers[ring_h].width),
        ring_spacing=max(top.spacing, layers[ring_h].spacing),
        ring_offset=max(top.spacing, layers[ring_h].spacing),
        connections=tuple((below.name, above.name) for below, above in itertools.pairwise(path)),
    )


def strap_layers(technology: Technology) -> list[Layer]:
    """Return the layers from the straps inside tiles up to the rings, each crossing the one before.

    The first step goes to the next wider layer: its cut is no wider than the strap, as one between two wide layers would be.

    Raises
    ------
    InputError
        If no vertical layer lies between rails and rings.
    """
    layers = technology.layers
    ring_v, ring_h = ring_layers(technology)
    inner = [i for i in layers_of(technology, "V") if 0 < i < min(ring_v, ring_h)]
    if not inner:
        raise InputError(f"technology '{technology.name}': no vertical layer lies between the rails and the rings")
    mid = inner[-1] if len(inner) < 2 else inner[1]
    path = [layers[mid]]
    for layer in layers[mid + 1 :]:
        crosses = layer.direction[:1].upper() != path[-1].direction[:1].upper()
        if crosses and (len(path) > 1 or layer.width > path[0].width):
            path.append(layer)
    rings = [layers[ring_h], layers[ring_v]]
    return path if {layer.name for layer in path[-2:]} == {layer.name for layer in rings} else [layers[mid], *rings]


def snap(length: float, grid: float) -> float:
    """Round a length, um, down to the manufacturing grid (0: none)."""
    tolerance = 1e-6  # of a grid step; what binary fractions lose
    return round(math.floor(length / grid + tolerance) * grid, 6) if grid > 0.0 else round(length, 4)


def _mux_stripes(
    lef: Lef, floorplan: Floorplan, rail: Layer, mid: Layer, supplies: Supplies, pins: MuxPins
) -> tuple[Stripes, ...]:
    """One strap per supply pin of each column of Vdd-MUX cells, down the middle of the pin."""
    if not floorplan.header_cell or len(floorplan.header_row) == 0:
        return ()
    macro = lef.macros.get(floorplan.header_cell)
    if macro is None:
        raise InputError(f"no LEF has the Vdd-MUX cell '{floorplan.header_cell}'; add its macro")
    width = float(floorplan.tile_box[0, 2] - floorplan.tile_box[0, 0])
    starts = floorplan.header_x - floorplan.tile_box[floorplan.row_tile[floorplan.header_row], 0]
    nets = {
        pins.vddh: supplies.vddh,
        pins.vddl: supplies.vddl,
        pins.nwell: supplies.nwell,
        pins.pwell: supplies.pwell,
    }
    found: list[tuple[float, str]] = []
    for start in sorted({round(float(start), 4) for start in starts}):
        for pin, net in nets.items():
            boxes = (
                [(x0, x1) for name, x0, _, x1, _ in macro.pins[pin][2] if name == rail.name]
                if pin in macro.pins
                else []
            )
            if not boxes:
                raise InputError(
                    f"Vdd-MUX cell '{macro.name}': LEF gives pin '{pin}' no shape on {rail.name}; correct it"
                )
            found.append((snap(start + (boxes[0][0] + boxes[0][1]) / 2, lef.grid), net))
    found.sort()
    for (left, one), (right, other) in itertools.pairwise(found):
        if right - left < mid.width + mid.spacing - 1e-6:
            raise InputError(
                f"Vdd-MUX cell '{macro.name}': straps of {mid.name} over its pins on {one} and {other} are "
                f"{right - left:.4g} um apart and would touch; place the pins {mid.width + mid.spacing:.4g} um apart in its LEF"
            )
    return tuple(Stripes(mid.name, (net,), mid.width, snap(width, lef.grid), at, mid.spacing) for at, net in found)


def _bundles(layer: Layer, nets: tuple[str, ...], pitch: float, grid: float) -> Stripes:
    """One stripe per net in the middle of every tile; farther apart where the tiles are smaller than the bundle."""
    step = layer.width + layer.spacing
    pitch = snap(max(pitch, (len(nets) + 1) * step), grid)
    offset = snap((pitch - (len(nets) - 1) * step) / 2, grid)
    return Stripes(layer.name, nets, layer.width, pitch, offset, layer.spacing)


def _island_stripes(floorplan: Floorplan, layer: Layer, supplies: Supplies, grid: float) -> tuple[Stripes, ...]:
    """One VddH stripe per tile, over the middle of its island."""
    if len(floorplan.island_row) == 0:
        return ()
    first = float(floorplan.core[0] + (floorplan.island_site[0] + floorplan.island_sites / 2) * floorplan.site_width)
    box = floorplan.tile_box[floorplan.row_tile[floorplan.island_row[0]]]
    pitch, offset = snap(float(box[2] - box[0]), grid), snap(first - float(box[0]), grid)
    return (Stripes(layer.name, (supplies.vddh,), layer.width, pitch, offset, layer.spacing),)
