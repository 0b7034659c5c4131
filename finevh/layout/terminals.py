"""What each net connects, driver first, and where those pins and ports are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.layout.placement import Placement
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction, Int, Real, Technology


@dataclass(frozen=True)
class Terminals:
    """Pins and ports of nets in CSR form, the driver first in each net.

    ``what`` is a pin row, or ``-1 - port`` for a port. ``nets`` are the rows of the netlist's nets.
    """

    nets: Int
    ptr: NDArray[np.int64]
    what: NDArray[np.int64]


def pin_positions(netlist: Netlist, technology: Technology, placement: Placement) -> tuple[Real, Real]:
    """Return the position of every netlist pin as its cell's centre, (n_pin) um each.

    Pins lie within a cell of about 1 um; the estimate of a net's length does not resolve them.
    """
    width = technology.cell_width[netlist.cell_type]
    return (
        (placement.x + width / 2)[netlist.pin_cell],
        (placement.y + technology.row_height / 2)[netlist.pin_cell],
    )


def net_terminals(netlist: Netlist, nets: Int | None = None) -> Terminals:
    """Collect what each net connects, its driver first (an output pin, else an input port); constants connect nothing."""
    chosen = np.arange(netlist.n_nets, dtype=np.int32) if nets is None else np.asarray(nets, dtype=np.int32)
    slot = np.full(netlist.n_nets, -1, dtype=np.int64)
    slot[chosen] = np.arange(len(chosen))
    slot[netlist.net_constant >= 0] = -1
    pins = np.flatnonzero(netlist.pin_net != NO_NET)
    pins = pins[slot[netlist.pin_net[pins]] >= 0]
    ports = np.flatnonzero(netlist.port_net != NO_NET)
    ports = ports[slot[netlist.port_net[ports]] >= 0]
    where = np.concatenate([slot[netlist.pin_net[pins]], slot[netlist.port_net[ports]]])
    what = np.concatenate([pins, -1 - ports])
    drives = np.concatenate(
        [
            netlist.cells.pin_direction[netlist.pin_type[pins]] == Direction.OUTPUT,
            netlist.port_direction[ports] == Direction.INPUT,
        ]
    )
    order = np.lexsort((~drives, where))
    count = np.bincount(where, minlength=len(chosen))
    return Terminals(chosen, np.concatenate([[0], np.cumsum(count)]).astype(np.int64), what[order].astype(np.int64))


def terminal_positions(
    netlist: Netlist, technology: Technology, placement: Placement, what: NDArray[np.int64]
) -> tuple[Real, Real]:
    """Return the place of each terminal, um."""
    pin_x, pin_y = pin_positions(netlist, technology, placement)
    is_pin = what >= 0
    x, y = np.empty(len(what)), np.empty(len(what))
    x[is_pin], y[is_pin] = pin_x[what[is_pin]], pin_y[what[is_pin]]
    x[~is_pin], y[~is_pin] = placement.port_x[-1 - what[~is_pin]], placement.port_y[-1 - what[~is_pin]]
    return np.round(x, 4), np.round(y, 4)
