"""From a netlist to a placed, tiled layout: floorplan, power grid, placement, wires; DEF and UPF at the edges."""

from __future__ import annotations

from finevh.layout.floorplan import Floorplan, FloorplanRequest, cell_sites, make_floorplan
from finevh.layout.placement import Placement, check_placement, interface_cells, pin_positions
from finevh.layout.placer import PlacerOptions, place
from finevh.layout.power_grid import PowerGrid, make_power_grid
from finevh.layout.wires import estimate_wires, half_perimeter, nets_of_cells, signal_layers, update_wires

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
    "signal_layers",
    "update_wires",
]
