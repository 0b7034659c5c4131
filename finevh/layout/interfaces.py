"""Interface cells: those with an input that a cell of another tile drives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.layout.placement import Placement
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction


def interface_cells(netlist: Netlist, placement: Placement) -> NDArray[np.bool_]:
    """Return which cells are interface cells, (n_cell) bool: an input driven by a cell of another tile (thesis 4.1.2).

    Inputs driven by a port are at VddH and count as no tile.
    """
    driver = netlist.net_driver
    is_input = (netlist.cells.pin_direction[netlist.pin_type] == Direction.INPUT) & (netlist.pin_net != NO_NET)
    source = np.where(is_input, driver[np.where(is_input, netlist.pin_net, 0)], -1)
    crosses = (source >= 0) & (placement.tile[source] != placement.tile[netlist.pin_cell])
    result = np.zeros(netlist.n_cells, dtype=bool)
    result[netlist.pin_cell[crosses]] = True
    return result
