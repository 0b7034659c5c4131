"""From a netlist to a placed, tiled layout: floorplan, power grid, placement, wires; DEF and UPF at the edges."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finevh.layout.floorplan import Floorplan, FloorplanRequest, cell_sites, make_floorplan
    from finevh.layout.interfaces import interface_cells
    from finevh.layout.placement import Placement, check_placement
    from finevh.layout.placer import PlacerOptions, place, place_ports, rough_place
    from finevh.layout.supply.grid import PowerGrid, make_power_grid
    from finevh.layout.terminals import pin_positions
    from finevh.layout.wirelength import half_perimeter, total_wirelength
    from finevh.layout.wires import estimate_wires, nets_of_cells, signal_layers, update_wires

__all__ = [
    "Floorplan",
    "FloorplanRequest",
    "Placement",
    "PlacerOptions",
    "PowerGrid",
    "cell_sites",
    "check_placement",
    "estimate_wires",
    "half_perimeter",
    "interface_cells",
    "make_floorplan",
    "make_power_grid",
    "nets_of_cells",
    "pin_positions",
    "place",
    "place_ports",
    "rough_place",
    "signal_layers",
    "total_wirelength",
    "update_wires",
]

# Only the placer needs the solvers: a floorplan is planned without waiting for them.
_HOMES = {
    "Floorplan": "floorplan",
    "FloorplanRequest": "floorplan",
    "Placement": "placement",
    "PlacerOptions": "placer",
    "rough_place": "placer",
    "place_ports": "placer",
    "PowerGrid": "supply.grid",
    "cell_sites": "floorplan",
    "check_placement": "placement",
    "estimate_wires": "wires",
    "half_perimeter": "wirelength",
    "interface_cells": "interfaces",
    "make_floorplan": "floorplan",
    "make_power_grid": "supply.grid",
    "nets_of_cells": "wires",
    "pin_positions": "terminals",
    "place": "placer",
    "signal_layers": "wires",
    "total_wirelength": "wirelength",
    "update_wires": "wires",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
