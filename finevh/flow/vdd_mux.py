"""Currents of the tiles and the Vdd-MUXes that carry them: a drive per tile from the budget of the drop.

Power at each supply and the busiest cycles (:mod:`finevh.flow.peaks`) become currents; the on-resistance of the characterised
Vdd-MUXes turns currents into drops.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from finevh.config import Schemes
from finevh.errors import InputError
from finevh.flow.csv_text import Row, table
from finevh.flow.designs import PlacedDesign, SingleVoltages
from finevh.layout import Floorplan
from finevh.layout.headers import HeaderTable, choose_header, tile_currents
from finevh.power import Activity, DynamicPower, LeakageModel
from finevh.schemes import voltage_grid
from finevh.technology.model import Int, Real, Technology

HEADER = (
    "tile", "current_ma", "vdd_mux", "drop_v", "cell", "vdd_v", "drop_fraction", "program", "peak_current_ma",
    "peak_drop_fraction",
)  # fmt: skip


@dataclass(frozen=True)
class TileCurrents:
    """Currents of every tile at one supply, mA, at a frequency of 1 MHz: ``switching`` rises with frequency."""

    switching: Real
    """(n_tile) mA per MHz."""
    leakage: Real
    """(n_tile) mA."""


def currents_at(
    placed: PlacedDesign, activity: Activity, single: SingleVoltages, supplies: Int
) -> dict[int, TileCurrents]:
    """Return the currents of all tiles with every cell at one supply, for each index of ``supplies``."""
    dynamic = DynamicPower(placed.netlist, placed.technology, placed.wires, activity, slew=single.slew)
    leakage = LeakageModel(placed.netlist, placed.technology, activity)
    found = {}
    for index in supplies.tolist():
        vdd = float(placed.technology.vdds[index])
        everywhere = np.full(placed.netlist.n_cells, index, dtype=np.int32)
        moved = dynamic.evaluate(everywhere, single.variant, 1.0, port_vdd=index)
        leaked = leakage.evaluate(everywhere, single.variant, index)
        tiles, n = placed.placement.tile, placed.floorplan.n_tiles
        found[index] = TileCurrents(
            tile_currents(moved.switching + moved.internal, tiles, n, vdd), tile_currents(leaked.cell, tiles, n, vdd)
        )
    return found


@dataclass(frozen=True)
class Load:
    """One situation of the tiles' switches: all on VddL or all on VddH of a pair, one program at the pair's top frequency."""

    program: str
    vdd_low: float
    vdd_high: float
    on_high: bool
    mean: Real
    """(n_tile) mA."""
    peak: Real
    """(n_tile) mA in the tile's busiest cycle; the mean where cycles were not observed."""

    @property
    def vdd(self) -> float:
        """Supply of the tiles, V."""
        return self.vdd_high if self.on_high else self.vdd_low


def supply_pairs(schemes: Schemes) -> list[tuple[float, float]]:
    """Pairs (VddL, VddH) of every interval of every delta-Vdd, V."""
    grids = (voltage_grid(schemes.vdd_min, schemes.vdd_max, delta) for delta in schemes.delta_vdd)
    return sorted({pair for grid in grids for pair in itertools.pairwise(grid)})


def loads_of(
    placed: PlacedDesign, activities: Mapping[str, Activity], peaks: Mapping[str, Real], single: SingleVoltages
) -> list[Load]:
    """Return every situation that the Vdd-MUXes of a run meet."""
    vdds = placed.technology.vdds
    pairs = supply_pairs(placed.flow.schemes)
    index = {vdd: int(np.argmin(np.abs(vdds - vdd))) for pair in pairs for vdd in pair}
    loads = []
    for program, activity in activities.items():
        at = currents_at(placed, activity, single, np.unique(np.array(list(index.values()))))
        peak = peaks.get(program, np.ones(placed.floorplan.n_tiles))
        for low, high in pairs:
            frequency = 1e6 / single.min_period[index[high]]
            for on_high in (False, True):
                found = at[index[high if on_high else low]]
                moved = found.switching * frequency
                loads.append(Load(program, low, high, on_high, moved + found.leakage, moved * peak + found.leakage))
    return loads


@dataclass(frozen=True)
class HeaderPlan:
    """The Vdd-MUX of each tile: its cell, and the situation in which it drops the largest fraction of the supply."""

    cell: tuple[str, ...]
    count: Int
    """(n_tile) Vdd-MUXes in parallel."""
    fraction: Real
    """(n_tile) drop over supply in the worst situation, at the current that decides."""
    peak_fraction: Real
    """(n_tile) the same in the busiest cycle, over all situations."""
    load: Int
    """(n_tile) index of the worst situation."""
    warnings: tuple[str, ...]


def header_cells(technology: Technology, table: HeaderTable, slot_sites: int) -> list[str]:
    """Characterised cells of role ``header`` that fit a slot, narrowest first.

    Raises
    ------
    InputError
        If none fits.
    """
    width = {
        name: math.ceil(float(technology.cell_width[technology.cells.index[name]]) / technology.site_width - 1e-6)
        for name in technology.roles.get("header", ())
        if name in table.cell
    }
    fitting = sorted((name for name in width if width[name] <= slot_sites), key=lambda name: width[name])
    if not fitting:
        raise InputError(
            f"technology '{technology.name}': no cell of role 'header' in {table.source} fits a slot of {slot_sites} sites"
        )
    return fitting


def choose_headers(
    floorplan: Floorplan,
    technology: Technology,
    header_table: HeaderTable,
    loads: Sequence[Load],
    budget: float,
    of: Literal["average", "peak"] = "average",
) -> HeaderPlan:
    """Give each tile the weakest Vdd-MUX of its slots' width that keeps its drop within the budget in every situation.

    Drop of a tile: I R / n, n Vdd-MUXes in parallel, R of the switch that is on. Tiles that no such cell serves get the strongest
    that fits and a warning.

    Parameters
    ----------
    budget : drop over supply.
    of : the current that decides, the average of a program or the tile's busiest cycle.
    """
    count = np.bincount(floorplan.header_tile, minlength=floorplan.n_tiles).astype(np.int32)
    cells = header_cells(technology, header_table, floorplan.header_sites)

    def fractions(name: str, peak: bool) -> Real:
        """(n_load, n_tile) drop over supply."""
        rows = []
        for load in loads:
            resistance = header_table.resistance(name, load.vdd_low, load.vdd_high, load.on_high)
            rows.append((load.peak if peak else load.mean) * resistance / load.vdd)
        return np.asarray(np.array(rows) / count)

    found = np.stack([fractions(name, of == "peak") for name in cells])
    worst = found.max(axis=1)
    good = worst <= budget
    chosen = np.where(good.any(axis=0), good.argmax(axis=0), len(cells) - 1)
    tiles = np.arange(floorplan.n_tiles)
    fraction = worst[chosen, tiles]
    warnings = tuple(
        f"tile {t}: {count[t]} x {cells[chosen[t]]} drop {fraction[t]:.1%} of the supply, over the budget of {budget:.0%}"
        for t in np.flatnonzero(fraction > budget)
    )
    return HeaderPlan(
        cell=tuple(cells[k] for k in chosen),
        count=count,
        fraction=fraction,
        peak_fraction=np.stack([fractions(name, True).max(axis=0) for name in cells])[chosen, tiles],
        load=found[chosen, :, tiles].argmax(axis=1).astype(np.int32),
        warnings=warnings,
    )


def slots_for(
    floorplan: Floorplan,
    technology: Technology,
    header_table: HeaderTable,
    loads: Sequence[Load],
    budget: float,
    of: Literal["average", "peak"],
) -> str:
    """Name the narrowest slots that would keep the budget everywhere."""
    rows = floorplan.n_rows // floorplan.n_tiles
    choices = [
        choose_header(technology, header_table, currents, rows, load.vdd_low, load.vdd_high, budget)
        for load in loads
        if not load.on_high
        for currents in [load.peak if of == "peak" else load.mean]
    ]
    widest = max(choices, key=lambda choice: choice.sites)
    return f"floorplan.header_cell = '{widest.cell}' with floorplan.headers_per_row = {widest.count} would do"


def header_plan_table(plan: HeaderPlan, loads: Sequence[Load]) -> str:
    """Return the plan as CSV: currents, mA, and drop, V, of the worst situation of each tile."""
    rows: list[Row] = []
    for tile, cell in enumerate(plan.cell):
        load = loads[int(plan.load[tile])]
        fraction = float(plan.fraction[tile])
        currents = float(load.mean[tile]), float(load.peak[tile])
        drops = float(fraction * load.vdd), float(plan.peak_fraction[tile])
        row = (
            tile,
            currents[0],
            int(plan.count[tile]),
            drops[0],
            cell,
            load.vdd,
            fraction,
            load.program,
            currents[1],
            drops[1],
        )
        rows.append(row)
    return table(HEADER, rows)


def read_header_cells(path: Path) -> tuple[str, ...]:
    """Return the Vdd-MUX cell of each tile from a finished table; empty if there is none."""
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("cell")
    return tuple(line.split(",")[column] for line in lines[1:])
