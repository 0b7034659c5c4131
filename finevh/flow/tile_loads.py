"""Every load that the Vdd-MUXes of a run meet: each program at the top frequency of each pair of supplies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from finevh.flow.designs import PlacedDesign, SingleVoltages
from finevh.layout.supply.vdd_mux import Load
from finevh.power import Activity, DynamicPower, LeakageModel
from finevh.power.tile_currents import currents_at
from finevh.power.tile_cycles import busiest_cycle
from finevh.units import frequency_mhz


def loads_of(
    placed: PlacedDesign,
    activities: Mapping[str, Activity],
    cycles: Mapping[str, NDArray[np.float32]],
    single: SingleVoltages,
) -> list[Load]:
    """Return every situation that the Vdd-MUXes of a run meet."""
    vdds = placed.technology.vdds
    pairs = placed.flow.schemes.pairs
    index = {vdd: placed.technology.vdd_index(vdd) for pair in pairs for vdd in pair}
    supplies = np.unique(np.array(list(index.values()), dtype=np.int32))
    loads = []
    for program, activity in activities.items():
        dynamic = DynamicPower(placed.netlist, placed.technology, placed.wires, activity, slew=single.slew)
        leakage = LeakageModel(placed.netlist, placed.technology, activity)
        tiles, n_tiles = placed.placement.tile, placed.floorplan.n_tiles
        at = currents_at(dynamic, leakage, vdds, single.variant, tiles, n_tiles, supplies)
        peak = busiest_cycle(cycles[program], n_tiles) if program in cycles else np.ones(n_tiles)
        for low, high in pairs:
            frequency = frequency_mhz(single.min_period[index[high]])
            for on_high in (False, True):
                found = at[index[high if on_high else low]]
                moved = found.switching * frequency
                loads.append(Load(program, low, high, on_high, moved + found.leakage, moved * peak + found.leakage))
    return loads
