"""Every load that the Vdd-MUXes of a run meet: each program at the top frequency of each pair of supplies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.flow.designs import PlacedDesign, SingleVoltages
from finevh.layout.supply.header_sizing import Load
from finevh.power import Activity, DynamicPower, LeakageModel
from finevh.power.tiles.tile_currents import TileCurrents, currents_at
from finevh.power.tiles.tile_cycles import cycle_charge, following_internal
from finevh.technology.model import Real
from finevh.units import frequency_mhz

USUAL = 0.999
"""Share of the cycles that the budget of the drop is for."""
FC_PER_MA_PER_MHZ = 1e6
"""1 mA at 1 MHz is 1e6 fC in each cycle."""


@dataclass(frozen=True)
class ProgramCurrents:
    """What the tiles draw under one program."""

    at: dict[int, TileCurrents]
    """By row of the technology's supplies."""
    charge: Real | None
    """(n_cycle, n_tile) fC of each cycle at the highest of those supplies; None where cycles were not observed."""

    def ratio(self, share: float) -> Real:
        """(n_tile) charge that a share of the cycles stays within over that of an average cycle; 1 where none was observed."""
        if self.charge is None:
            return np.ones(len(next(iter(self.at.values())).switching))
        average, bound = self.charge.mean(axis=0), np.quantile(self.charge, share, axis=0, method="higher")
        return np.where(average > 0, bound / np.where(average > 0, average, 1.0), 1.0)


def program_currents(
    placed: PlacedDesign,
    activities: Mapping[str, Activity],
    cycles: Mapping[str, NDArray[np.float32]],
    single: SingleVoltages,
) -> dict[str, ProgramCurrents]:
    """Currents of all tiles under each program at every supply between which tiles hop, and the charge of each cycle."""
    technology, n_tiles = placed.technology, placed.floorplan.n_tiles
    pairs = placed.flow.schemes.pairs
    supplies = np.unique(np.array([technology.vdd_index(v) for pair in pairs for v in pair], dtype=np.int32))
    at = {}
    for program, activity in activities.items():
        dynamic = DynamicPower(placed.netlist, technology, placed.wires, activity, slew=single.slew)
        leakage = LeakageModel(placed.netlist, technology, activity)
        at[program] = currents_at(
            dynamic, leakage, technology.vdds, single.variant, placed.placement.tile, n_tiles, supplies
        )
    top = int(supplies[-1])
    moved = {}
    for program in at:
        if program in cycles:
            moved[program] = np.zeros((len(cycles[program]), n_tiles))
            moved[program][:, : cycles[program].shape[1]] = cycles[program]
    internal = {program: at[program][top].internal * FC_PER_MA_PER_MHZ for program in moved}
    following = following_internal(list(internal.values()), [column.mean(axis=0) for column in moved.values()])
    charge = {
        program: cycle_charge(
            column,
            at[program][top].switching * FC_PER_MA_PER_MHZ - internal[program],
            internal[program],
            following,
        )
        for program, column in moved.items()
    }
    return {program: ProgramCurrents(found, charge.get(program)) for program, found in at.items()}


def loads_of(placed: PlacedDesign, currents: Mapping[str, ProgramCurrents], single: SingleVoltages) -> list[Load]:
    """Return every situation that the Vdd-MUXes of a run meet."""
    loads = []
    for program, drawn in currents.items():
        peak, usual = drawn.ratio(1.0), drawn.ratio(USUAL)
        for low, high in placed.flow.schemes.pairs:
            frequency = frequency_mhz(single.min_period[placed.technology.vdd_index(high)])
            for on_high in (False, True):
                found = drawn.at[placed.technology.vdd_index(high if on_high else low)]
                moved = found.switching * frequency
                mean, most, often = (moved * ratio + found.leakage for ratio in (1.0, peak, usual))
                loads.append(Load(program, low, high, on_high, mean, most, often))
    return loads
