"""Sizing of the Vdd-MUXes: the weakest, or the fewest, that keep a tile's drop within its budget under every load it meets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from finevh.errors import InputError
from finevh.layout.floorplan import Floorplan
from finevh.layout.supply.header_table import HeaderTable
from finevh.technology.model import Int, Real, Technology

DROP_BUDGET = 0.05
"""Fraction of Vdd that a tile may lose over its Vdd-MUXes."""
DropOf = Literal["average", "peak", "cycles"]


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
    usual: Real | None = None
    """(n_tile) mA that 99.9 % of the cycles stay within; the peak where it is not known."""

    @property
    def vdd(self) -> float:
        """Supply of the tiles, V."""
        return self.vdd_high if self.on_high else self.vdd_low

    def deciding(self, of: DropOf) -> Real:
        """(n_tile) mA that the budget is for: ``cycles`` keeps it in 99.9 % of the cycles, and twice it in the busiest."""
        if of == "average":
            return self.mean
        if of == "peak":
            return self.peak
        return np.maximum(self.peak if self.usual is None else self.usual, self.peak / 2.0)


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


@dataclass(frozen=True)
class HeaderChoice:
    """The narrowest Vdd-MUXes that keep the budget: ``count`` of ``cell`` per row, ``sites`` of each row in all."""

    cell: str
    count: int
    sites: int
    resistance: float
    """kOhm of one."""


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
    of: DropOf = "average",
    widest: bool = False,
) -> HeaderPlan:
    """Give each tile the weakest Vdd-MUX of its slots' width that keeps its drop within the budget in every situation.

    With ``widest`` every slot takes the strongest that fits: its width is paid for in any case.

    Drop of a tile: I R / n, n Vdd-MUXes in parallel, R of the switch that is on. Tiles that no such cell serves get the strongest
    that fits and a warning.

    Parameters
    ----------
    budget : drop over supply.
    of : the current that decides: the average of a program, the tile's busiest cycle, or what 99.9 % of the cycles stay within.
    """
    count = np.bincount(floorplan.header_tile, minlength=floorplan.n_tiles).astype(np.int32)
    cells = header_cells(technology, header_table, floorplan.header_sites)

    def fractions(name: str, deciding: DropOf) -> Real:
        """(n_load, n_tile) drop over supply."""
        rows = []
        for load in loads:
            resistance = header_table.resistance(name, load.vdd_low, load.vdd_high, load.on_high)
            rows.append(load.deciding(deciding) * resistance / load.vdd)
        return np.asarray(np.array(rows) / count)

    found = np.stack([fractions(name, of) for name in cells])
    worst = found.max(axis=1)
    good = worst <= budget
    weakest = np.where(good.any(axis=0), good.argmax(axis=0), len(cells) - 1)
    chosen = np.full_like(weakest, len(cells) - 1) if widest else weakest
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
        peak_fraction=np.stack([fractions(name, "peak").max(axis=0) for name in cells])[chosen, tiles],
        load=found[chosen, :, tiles].argmax(axis=1).astype(np.int32),
        warnings=warnings,
    )


def slots_for(
    floorplan: Floorplan,
    technology: Technology,
    header_table: HeaderTable,
    loads: Sequence[Load],
    budget: float,
    of: DropOf,
) -> str:
    """Name the narrowest slots that would keep the budget everywhere."""
    rows = floorplan.n_rows // floorplan.n_tiles
    choices = [
        choose_header(technology, header_table, currents, rows, load.vdd_low, load.vdd_high, budget)
        for load in loads
        if not load.on_high
        for currents in [load.deciding(of)]
    ]
    widest = max(choices, key=lambda choice: choice.sites)
    return f"floorplan.header_cell = '{widest.cell}' with floorplan.headers_per_row = {widest.count} would do"


def choose_header(
    technology: Technology,
    table: HeaderTable,
    currents: Real,
    rows_per_tile: int,
    vdd_low: float,
    vdd_high: float,
    budget: float = DROP_BUDGET,
) -> HeaderChoice:
    """Return the Vdd-MUX and its count per row that keep the budget at the least width; ties go to fewer cells.

    Parameters
    ----------
    currents : (n_tile) mA, drawn at ``vdd_low``; the budget is a fraction of it and the worse of the two switches counts.

    Raises
    ------
    InputError
        If no cell of role ``header`` is in the table at this pair.
    """
    choices = []
    for name in technology.roles.get("header", ()):
        if name not in table.cell:
            continue
        resistance = table.worst(name, vdd_low, vdd_high)
        count = size_headers(currents, resistance, rows_per_tile, vdd_low, budget)
        width = float(technology.cell_width[technology.cells.index[name]]) / technology.site_width
        choices.append(HeaderChoice(name, count, count * math.ceil(width - 1e-6), resistance))
    if not choices:
        raise InputError(f"technology '{technology.name}': no cell of role 'header' is in {table.source}")
    return min(choices, key=lambda choice: (choice.sites, choice.count))


def size_headers(
    currents: Real, on_resistance: float, rows_per_tile: int, vdd: float, budget: float = DROP_BUDGET
) -> int:
    """Return the least number of Vdd-MUXes per row that keeps the drop of the hungriest tile within the budget.

    Parameters
    ----------
    currents : (n_tile) mA.
    on_resistance : kOhm of one Vdd-MUX at ``vdd``.
    vdd : V; the worst case is the lowest supply at which the currents were taken.

    Notes
    -----
    Vdd-MUXes of a tile are in parallel on its rails: drop = I * R / n.

    Raises
    ------
    InputError
        If a number is not positive.
    """
    if not (on_resistance > 0 and rows_per_tile > 0 and vdd > 0 and 0 < budget < 1):
        raise InputError(
            f"Vdd-MUX sizing: on-resistance {on_resistance:g} kOhm, {rows_per_tile} rows, Vdd {vdd:g} V and budget {budget:g} "
            "must be positive, the budget below 1"
        )
    needed = float(np.max(currents, initial=0.0)) * on_resistance / (budget * vdd)
    return max(1, math.ceil(needed / rows_per_tile - 1e-9))
