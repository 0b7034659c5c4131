"""Rings, stripes and rails for OpenROAD from the technology's layers and the embedded engine's floorplan."""

from __future__ import annotations

from finevh.errors import InputError
from finevh.layout.floorplan import Floorplan
from finevh.layout.power_grid import ring_layers
from finevh.openroad.context import PowerGrid, Stripes, Supplies
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


def power_grid_of(technology: Technology, lef: Lef, floorplan: Floorplan, supplies: Supplies) -> PowerGrid:
    """Return the grid: rails of the cells, bundles over Vdd-MUX columns, islands and tiles, rings on the two top layers.

    Raises
    ------
    InputError
        If no vertical layer lies between rails and rings, or no cell has a ground rail.
    """
    layers = technology.layers
    ring_v, ring_h = ring_layers(technology)
    inner = [i for i in layers_of(technology, "V") if 0 < i < min(ring_v, ring_h)]
    if not inner:
        raise InputError(f"technology '{technology.name}': no vertical layer lies between the rails and the rings")
    mid = layers[inner[-1] if len(inner) < 2 else inner[1]]
    tile_width = float(floorplan.tile_box[0, 2] - floorplan.tile_box[0, 0])
    taken = (supplies.vddh, supplies.vddl, supplies.nwell, supplies.pwell)
    step = mid.width + mid.spacing
    tile = Stripes(mid.name, (), mid.width, round(tile_width / 4, 4), round(step * (len(taken) + 1), 4), mid.spacing)
    mux = Stripes(mid.name, taken, mid.width, round(tile_width, 4), round(mid.width / 2 + mid.spacing, 4), mid.spacing)
    nets = (*taken[:2], supplies.ground, *taken[2:])
    box = floorplan.tile_box
    # One bundle per tile row and per tile column; the horizontal ones cross the stripes inside the tiles.
    height = float(box[0, 3] - box[0, 1]) + floorplan.wrapper_height
    width = tile_width + floorplan.wrapper_sites * floorplan.site_width
    across = _bundles(layers[ring_h], nets, height)
    upright = _bundles(layers[ring_v], nets, width)
    top = layers[ring_v]
    return PowerGrid(
        rail_layer=layers[0].name,
        rail_width=rail_width(lef, layers[0].name),
        tile_stripes=tile,
        mux_stripes=(mux,),
        island_stripes=_island_stripes(floorplan, mid, supplies),
        top_stripes=(across, upright),
        ring_layers=(top.name, layers[ring_h].name),
        ring_width=max(top.width, layers[ring_h].width),
        ring_spacing=max(top.spacing, layers[ring_h].spacing),
        ring_offset=max(top.spacing, layers[ring_h].spacing),
        connections=((mid.name, layers[ring_h].name), (layers[ring_h].name, top.name)),
    )


def _bundles(layer: Layer, nets: tuple[str, ...], pitch: float) -> Stripes:
    """One stripe per net in the middle of every tile; farther apart where the tiles are smaller than the bundle."""
    step = layer.width + layer.spacing
    pitch = round(max(pitch, (len(nets) + 1) * step), 4)
    return Stripes(layer.name, nets, layer.width, pitch, round((pitch - (len(nets) - 1) * step) / 2, 4), layer.spacing)


def _island_stripes(floorplan: Floorplan, layer: Layer, supplies: Supplies) -> tuple[Stripes, ...]:
    """One VddH stripe per tile, over the middle of its island."""
    if len(floorplan.island_row) == 0:
        return ()
    first = float(floorplan.core[0] + (floorplan.island_site[0] + floorplan.island_sites / 2) * floorplan.site_width)
    box = floorplan.tile_box[floorplan.row_tile[floorplan.island_row[0]]]
    pitch = round(float(box[2] - box[0]), 4)
    return (Stripes(layer.name, (supplies.vddh,), layer.width, pitch, round(first - float(box[0]), 4), layer.spacing),)
