from __future__ import annotations

import numpy as np

from finevh.layout import Placement, interface_cells
from finevh.netlist.model import Netlist
from finevh.technology.model import Direction


def test_interface_cells_have_a_driver_in_another_tile(netlist: Netlist, placement: Placement) -> None:
    expected = np.zeros(netlist.n_cells, dtype=bool)
    drivers: dict[int, int] = {}
    for i in range(netlist.n_cells):
        for p in range(netlist.pin_ptr[i], netlist.pin_ptr[i + 1]):
            if netlist.cells.pin_direction[netlist.pin_type[p]] == Direction.OUTPUT:
                drivers[int(netlist.pin_net[p])] = i
    for i in range(netlist.n_cells):
        for p in range(netlist.pin_ptr[i], netlist.pin_ptr[i + 1]):
            if netlist.cells.pin_direction[netlist.pin_type[p]] == Direction.INPUT:
                source = drivers.get(int(netlist.pin_net[p]))
                expected[i] |= source is not None and placement.tile[source] != placement.tile[i]
    assert np.array_equal(interface_cells(netlist, placement), expected)
    assert 0.05 < expected.mean() < 0.6
