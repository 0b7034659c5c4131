"""Hidden energies: what a cell draws when an input moves and no output does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from finevh.characterization.bench.measure_edges import Move, Table
from finevh.characterization.cells.topology import Topology
from finevh.characterization.corner import Corner
from finevh.characterization.record import HiddenEnergy, State

__all__ = ["hidden_energies"]


def hidden_energies(
    corner: Corner, topology: Topology, table: Table, quiet: Sequence[Move]
) -> tuple[HiddenEnergy, ...]:
    """Pair the two edges of a pin under one side state; an edge that moves an output there is NaN here.

    An edge that changes the stored bit (data of a transparent latch) is filed without IQ, which follows the pin there.
    """
    slew, load = corner.middle
    pairs: dict[tuple[str, State], dict[bool, float]] = defaultdict(dict)
    for move in quiet:
        kept = topology.apply(move.state, move.pin, int(move.rising)).stored == move.state.stored
        side = move.side if kept else move.side[:-1]
        pairs[move.pin, side][move.rising] = table[move, slew, load].energy_fj
    return tuple(
        HiddenEnergy(
            pin, side, np.array([slew]), np.array([edges.get(True, np.nan)]), np.array([edges.get(False, np.nan)])
        )
        for (pin, side), edges in pairs.items()
    )
