"""Input capacitances: charge over swing at the middle of the grid."""

from __future__ import annotations

import numpy as np

from finevh.characterization.bench.measure_edges import Table
from finevh.characterization.cells.topology import Topology
from finevh.characterization.corner import Corner
from finevh.characterization.record import PinCapacitance

__all__ = ["pin_capacitances"]


def pin_capacitances(corner: Corner, topology: Topology, table: Table) -> tuple[PinCapacitance, ...]:
    """Return mean and range of every input's capacitance, fF.

    The range is over all edges of the pin. The mean is over those that move an output, of a cell that stores over all: its
    data pins move none.
    """
    slew, load = corner.middle
    found = []
    for pin in topology.inputs:
        mean, span = [], []
        for rising in (True, False):
            sign = 1.0 if rising else -1.0
            samples = [
                sample
                for (move, at, on), sample in table.items()
                if move.pin == pin and move.rising == rising and (at, on) == (slew, load)
            ]
            counted = [s for s in samples if topology.sequential is not None or s.delay_ps]
            mean.append(float(np.mean([sign * s.charge_fc / corner.vdd for s in counted])))
            values = [sign * s.charge_fc / corner.vdd for s in samples]
            span.append((min(values), max(values)))
        found.append(PinCapacitance(pin, mean[0], mean[1], span[0], span[1]))
    return tuple(found)
