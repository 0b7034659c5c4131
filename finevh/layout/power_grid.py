"""What floorplan and power grid share of the five supplies: their names, the layers of straps and rings, the room they take."""

from __future__ import annotations

from finevh.errors import InputError
from finevh.technology.model import Layer, Technology

SUPPLIES = ("VDDH", "VDDL", "VSS", "VBN", "VBP")
"""Nets of the grids (thesis 4.1.2): high and low supply, ground, n- and p-bias."""
_CLEARANCE = 0.01
"""um by which straps stay beyond twice the spacing; a manufacturing grid step is no larger."""


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


def layers_of(technology: Technology, direction: str) -> list[int]:
    """Return the numbers of the routing layers of a direction, H or V, from the bottom up."""
    return [i for i, layer in enumerate(technology.layers) if layer.direction[:1].upper() == direction]


def strap_layers(technology: Technology) -> list[Layer]:
    """Return the layers from the straps inside tiles up to the rings, from the bottom up, each crossing the one before.

    The first step goes to the next wider layer where that leads to the rings: its cut is no wider than the strap, as one
    between two wide layers would be.

    Raises
    ------
    InputError
        If no vertical layer lies between rails and rings, or no layers cross one another up to the rings.
    """
    layers = technology.layers
    rings = sorted(ring_layers(technology))
    inner = [i for i in layers_of(technology, "V") if 0 < i < rings[0]]
    if not inner:
        raise InputError(f"technology '{technology.name}': no vertical layer lies between the rails and the rings")
    mid = inner[-1] if len(inner) < 2 else inner[1]
    for least in (layers[mid].width, 0.0):
        path = [mid]
        for i in range(mid + 1, rings[1] + 1):
            crosses = layers[i].direction[:1].upper() != layers[path[-1]].direction[:1].upper()
            if crosses and (len(path) > 1 or layers[i].width > least):
                path.append(i)
        if path[-2:] == rings:
            return [layers[i] for i in path]
    raise InputError(
        f"technology '{technology.name}': the layers above {layers[mid].name} do not cross up to the rings"
    )


def strap_room(technology: Technology) -> float:
    """Width, um, in which one strap of a tile stands clear of a strap that ends at its left edge.

    Generators of power grids drop a strap whose spacing halo touches that of an earlier one: more than twice the spacing.
    """
    layer = strap_layers(technology)[0]
    return 2.0 * layer.spacing + layer.width + _CLEARANCE
