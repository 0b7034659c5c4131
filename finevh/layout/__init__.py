"""From a netlist to a placed, tiled layout: floorplan, power grid, placement, wires; DEF and UPF at the edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finevh.base.on_demand import names_on_demand

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
__getattr__ = names_on_demand(
    __name__,
    {
        "finevh.layout.floorplan": ("Floorplan", "FloorplanRequest", "cell_sites", "make_floorplan"),
        "finevh.layout.interfaces": ("interface_cells",),
        "finevh.layout.placement": ("Placement", "check_placement"),
        "finevh.layout.placer": ("PlacerOptions", "place", "place_ports", "rough_place"),
        "finevh.layout.supply.grid": ("PowerGrid", "make_power_grid"),
        "finevh.layout.terminals": ("pin_positions",),
        "finevh.layout.wirelength": ("half_perimeter", "total_wirelength"),
        "finevh.layout.wires": ("estimate_wires", "nets_of_cells", "signal_layers", "update_wires"),
    },
)
