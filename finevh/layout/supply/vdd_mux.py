"""The Vdd-MUX of each tile: the weakest that keeps the drop within its budget under every load the tile meets."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from finevh.base.csv_text import Row, table
from finevh.errors import InputError
from finevh.layout.floorplan import Floorplan
from finevh.layout.supply.headers import HeaderTable, choose_header
from finevh.technology.model import Int, Real, Technology

HEADER = (
    "tile", "current_ma", "vdd_mux", "drop_v", "cell", "vdd_v", "drop_fraction", "program", "peak_current_ma",
    "peak_drop_fraction",
)  # fmt: skip


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
class VddMuxes:
    """The Vdd-MUXes of the tiles, ``count`` (n_tile) of a ``cell`` (n_tile) in parallel, and what they leak."""

    table: HeaderTable
    cell: tuple[str, ...]
    count: Int

    def leakage(self, vdd_low: float, vdd_high: float) -> Real:
        """(2, n_tile) mW, static power of each tile's cells between two supplies, V, with the tile on VddL and on VddH.

        Raises
        ------
        InputError
            If the pair is not characterised.
        """
        kinds = {cell: self.table.leakage(cell, vdd_low, vdd_high) for cell in sorted(set(self.cell))}
        return np.asarray(np.array([kinds[cell] for cell in self.cell]).T * self.count)

    def of_map(self, vdd_low: float, vdd_high: float, high: NDArray[np.bool_]) -> Real:
        """(n_tile) mW, static power of each tile's cells under a map, ``high`` (n_tile) where a tile is on VddH.

        Raises
        ------
        InputError
            If the pair is not characterised.
        """
        low, top = self.leakage(vdd_low, vdd_high)
        return np.asarray(np.where(high, top, low), dtype=np.float64)


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


def read_vdd_muxes(path: Path, table: HeaderTable) -> VddMuxes | None:
    """The Vdd-MUXes of a finished table of a plan; None if there is none, or their leakage is not characterised."""
    if not path.is_file() or table.leakage_low is None:
        return None
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    count = np.array([int(row["vdd_mux"]) for row in rows], dtype=np.int32)
    return VddMuxes(table, tuple(row["cell"] for row in rows), count)


def read_header_cells(path: Path) -> tuple[str, ...]:
    """Return the Vdd-MUX cell of each tile from a finished table; empty if there is none."""
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("cell")
    return tuple(line.split(",")[column] for line in lines[1:])
