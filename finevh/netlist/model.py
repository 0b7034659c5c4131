"""A flat mapped netlist as columns: cell rows, pin-to-net in CSR form, ports; names only at the edges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import CellTable, Direction, Int

NO_NET = -1


@dataclass(frozen=True)
class Netlist:
    """One flat module bound to a cell library.

    ``cell_type[i]`` is a row of ``cells``, ``cell_variant[i]`` the poly-bias variant (changing it never changes structure).
    Pins of instance ``i`` are ``pin_net[pin_ptr[i]:pin_ptr[i + 1]]`` in the order of ``cells.pins(cell_type[i])``.
    """

    name: str
    cells: CellTable
    instance_names: tuple[str, ...]
    cell_type: Int
    cell_variant: NDArray[np.int8]
    pin_ptr: Int
    pin_net: Int
    """(n_pin) net of each pin, ``NO_NET`` where open."""
    net_names: tuple[str, ...]
    net_constant: NDArray[np.int8]
    """(n_net) -1 for a signal, 0 or 1 for a net tied in the Verilog."""
    port_names: tuple[str, ...]
    """Bit-blasted, e.g. ``data[3]``."""
    port_direction: NDArray[np.int8]
    port_net: Int

    @property
    def n_cells(self) -> int:
        """Number of instances."""
        return len(self.cell_type)

    @property
    def n_nets(self) -> int:
        """Number of nets."""
        return len(self.net_names)

    @cached_property
    def pin_cell(self) -> Int:
        """(n_pin) instance of each pin."""
        return np.repeat(np.arange(self.n_cells, dtype=np.int32), np.diff(self.pin_ptr))

    @cached_property
    def pin_type(self) -> Int:
        """(n_pin) row of each pin in the pin columns of ``cells``."""
        local = np.arange(len(self.pin_net), dtype=np.int32) - self.pin_ptr[self.pin_cell]
        return np.asarray(self.cells.pin_ptr[self.cell_type[self.pin_cell]] + local, dtype=np.int32)

    @cached_property
    def net_driver(self) -> Int:
        """(n_net) instance that drives each net; -1 for input ports, constants and nets that nothing drives."""
        pin = self.net_driver_pin
        return np.where(pin >= 0, self.pin_cell[pin], -1).astype(np.int32) if len(self.pin_cell) else pin

    @cached_property
    def net_driver_pin(self) -> Int:
        """(n_net) pin row that drives each net; -1 where none does."""
        driver = np.full(self.n_nets, -1, dtype=np.int32)
        drives = (self.cells.pin_direction[self.pin_type] == Direction.OUTPUT) & (self.pin_net != NO_NET)
        driver[self.pin_net[drives]] = np.flatnonzero(drives)
        return driver

    @property
    def area(self) -> float:
        """Sum of the cells' areas, um2."""
        return float(self.cells.area[self.cell_type].sum())

    @cached_property
    def instance_index(self) -> dict[str, int]:
        """Instance name to row."""
        return {name: i for i, name in enumerate(self.instance_names)}

    @cached_property
    def net_index(self) -> dict[str, int]:
        """Net name to row."""
        return {name: i for i, name in enumerate(self.net_names)}
