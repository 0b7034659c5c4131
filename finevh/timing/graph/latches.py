"""Latches: when they are open, and which clock edge opens them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from finevh.constraints.edges import separation
from finevh.constraints.model import Clock
from finevh.netlist.model import Netlist
from finevh.technology.model import ArcType, Int, Kind
from finevh.timing.graph.structure import Structure

MAX_BORROW = 8
"""Latches in a row that one path may pass while they are open."""


def latch_window(clock: Clock, edge: int) -> float:
    """Time, ps, that a latch is open which a clock edge (0 rise, 1 fall) opens."""
    return (clock.fall - clock.rise) * (-1 if edge else 1) % clock.period


def latch_opening(launch: Clock, launch_edge: int, capture: Clock, edge: int) -> float:
    """Time, ps, from a launching edge to the opening edge of the window that it is captured in; ``edge`` opens the latch.

    The window is the one that closes first after the launch; data launched by the edge that opens it use it.
    """
    closing, _ = separation(launch, launch_edge, capture, 1 - edge)
    return closing - latch_window(capture, edge)


def find_latches(
    netlist: Netlist, structure: Structure, node_tags: Int, clock_tags: Mapping[int, tuple[int, int]]
) -> dict[int, tuple[int, int]]:
    """Latch to the clock and the clock edge that open it, for the latches that a clock reaches.

    Where several clocks reach an enable the first is taken.

    Parameters
    ----------
    node_tags : (n_node, 2) bit sets of the tags that reach a node and edge.
    clock_tags : clock and edge of each tag that is a clock.
    """
    clock_bits = sum(1 << k for k in clock_tags)
    cells = netlist.cells
    latches = np.flatnonzero(cells.kind[netlist.cell_type] == Kind.LATCH)
    found: dict[int, tuple[int, int]] = {}
    for cell in latches.tolist():
        kind = int(netlist.cell_type[cell])
        base = int(netlist.pin_ptr[cell])
        # The arc from the enable to the output says which edge of the pin opens the latch.
        for k in range(cells.arc_ptr[kind], cells.arc_ptr[kind + 1]):
            if cells.arc_type[k] not in (ArcType.RISING_EDGE, ArcType.FALLING_EDGE):
                continue
            net = int(netlist.pin_net[base + cells.arc_from[k]])
            node = int(structure.net_node[net]) if net >= 0 else -1
            if node < 0:
                continue
            bits = int(node_tags[node, 0 if cells.arc_type[k] == ArcType.RISING_EDGE else 1]) & clock_bits
            if bits:
                found.setdefault(cell, clock_tags[(bits & -bits).bit_length() - 1])
    return found
