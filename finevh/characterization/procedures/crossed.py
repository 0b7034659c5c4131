"""Delay when the driver stands on another rail: the worst edges again, their input driven to every rail of the span."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from finevh.characterization.bench.measure_edges import Move, Table, measure_edges
from finevh.characterization.cells.topology import Topology
from finevh.characterization.corner import Corner
from finevh.characterization.procedures.arcs import Group, edge_table, points
from finevh.characterization.record import CrossDelay
from finevh.units import VOLTAGE_TOLERANCE

__all__ = ["crossed_delays"]


def crossed_delays(
    corner: Corner, topology: Topology, table: Table, worst: Mapping[tuple[Group, bool], Move]
) -> tuple[CrossDelay, ...]:
    """Repeat worst edges of all but asynchronous arcs with the moving input's driver on every other rail."""
    grid = corner.process.grid
    small = (grid.cross_slew, grid.cross_load)
    if topology.sequential is not None:
        small = (grid.clock_cross_slew, grid.clock_cross_load)
    axes = corner.slew_ps[list(small[0])], corner.load_ff[list(small[1])]
    drivers = corner.process.delay_drivers(corner.vdd)
    chosen = {key: move for key, move in worst.items() if not key[0].asynchronous}
    other = [float(v) for v in drivers if abs(v - corner.vdd) > VOLTAGE_TOLERANCE]
    crossed: Table = {}
    measure_edges(corner, topology, crossed, [(m.by(v), points(*axes)) for m in chosen.values() for v in other])
    found = []
    for (group, up), move in chosen.items():
        delay, out_slew = (np.empty((len(drivers), len(axes[0]), len(axes[1]))) for _ in range(2))
        for d, rail in enumerate(drivers):
            own = abs(rail - corner.vdd) <= VOLTAGE_TOLERANCE
            edge = edge_table(corner, table if own else crossed, move if own else move.by(float(rail)), group.pin, axes)
            delay[d], out_slew[d] = edge.delay_ps, edge.slew_ps
        found.append(
            CrossDelay(
                group.related,
                group.pin,
                group.sense,
                "rise" if up else "fall",
                move.side,
                drivers,
                *axes,
                delay,
                out_slew,
            )
        )
    return tuple(found)
