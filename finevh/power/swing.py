"""Which supply swings a net: shared by the leakage and the dynamic power models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction, Int, Technology

__all__ = ["check_map", "net_driver_cells", "net_rails", "port_rail"]


def check_map(netlist: Netlist, technology: Technology, cell_vdd: Int, cell_variant: NDArray[np.int8] | None) -> Int:
    """Return the (n_cell,) corner of each cell.

    Raises
    ------
    InputError
        If the map has the wrong length, an index outside the technology, or a variant without that voltage.
    """
    variant = netlist.cell_variant if cell_variant is None else cell_variant
    for what, column, limit in (
        ("voltage", cell_vdd, len(technology.vdds)),
        ("variant", variant, len(technology.variants)),
    ):
        if len(column) != netlist.n_cells:
            raise InputError(f"the {what} map has {len(column)} entries, {netlist.name} has {netlist.n_cells} cells")
        if len(column) and (int(column.min()) < 0 or int(column.max()) >= limit):
            raise InputError(f"the {what} map holds indices outside 0..{limit - 1} of technology {technology.name}")
    corner = technology.corner_of[variant, cell_vdd]
    if corner.min(initial=0) < 0:
        cell = int(np.argmin(corner))
        raise InputError(
            f"{netlist.instance_names[cell]}: technology {technology.name} has no library of variant "
            f"{technology.variants[int(variant[cell])].name} at {technology.vdds[int(cell_vdd[cell])]:g} V"
        )
    return np.asarray(corner, dtype=np.int32)


def port_rail(technology: Technology, cell_vdd: Int, port_vdd: int | None) -> int:
    """Supply index behind the input ports: the given one, or the highest of the map."""
    if port_vdd is None:
        return int(cell_vdd.max(initial=0))
    if not 0 <= port_vdd < len(technology.vdds):
        raise InputError(f"port supply index {port_vdd} is outside 0..{len(technology.vdds) - 1}")
    return port_vdd


def net_driver_cells(netlist: Netlist) -> Int:
    """(n_net,) cell that drives each net; ``n_cells`` for an input port, ``n_cells + 1`` for no driver or a constant."""
    driver = np.full(netlist.n_nets, netlist.n_cells + 1, dtype=np.int32)
    inputs = netlist.port_net[(netlist.port_direction != Direction.OUTPUT) & (netlist.port_net != NO_NET)]
    driver[inputs] = netlist.n_cells
    output = (netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT) & (netlist.pin_net != NO_NET)
    driver[netlist.pin_net[output]] = netlist.pin_cell[output]
    return driver


def net_rails(driver: Int, cell_vdd: Int, port_vdd: int) -> Int:
    """(n_net,) supply index whose swing each net has, -1 without a driver; ``driver`` as from `net_driver_cells`."""
    return np.concatenate((cell_vdd, (port_vdd, -1)))[driver].astype(np.int32)
