"""Wirelength as placers count it, half the perimeter of each net's bounding box, and the load of a wire that long."""

from __future__ import annotations

import numpy as np

from finevh.layout.placement import Placement
from finevh.layout.terminals import net_terminals, terminal_positions
from finevh.netlist.model import Netlist
from finevh.technology.model import Real, Technology


def half_perimeter(netlist: Netlist, technology: Technology, placement: Placement) -> Real:
    """Return the half perimeter of each net's bounding box, (n_net) um: the placer's wirelength, a lower bound of trees."""
    terminals = net_terminals(netlist)
    x, y = terminal_positions(netlist, technology, placement, terminals.what)
    result = np.zeros(netlist.n_nets)
    filled = np.diff(terminals.ptr) > 0
    starts = terminals.ptr[:-1][filled]
    if len(starts):
        for v in (x, y):
            result[filled] += np.maximum.reduceat(v, starts) - np.minimum.reduceat(v, starts)
    return result


def total_wirelength(netlist: Netlist, technology: Technology, placement: Placement) -> float:
    """Return the half perimeters of all nets, um."""
    return float(np.nansum(half_perimeter(netlist, technology, placement)))


def load_of(x: Real, y: Real, cap: Real, wire_cap: float) -> float:
    """Capacitance, fF, of points and of a wire along half the perimeter of their box."""
    return float(cap.sum() + wire_cap * (np.ptp(x) + np.ptp(y)))
