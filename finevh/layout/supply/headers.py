"""How many Vdd-MUXes a row needs for a budget of voltage drop, from their characterised on-resistance."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.interpolate import griddata

from finevh.errors import InputError
from finevh.technology.model import Int, Real, Technology
from finevh.units import VOLTAGE_TOLERANCE

DROP_BUDGET = 0.05
"""Fraction of Vdd that a tile may lose over its Vdd-MUXes."""


@dataclass(frozen=True)
class HeaderTable:
    """On-resistances of the characterised Vdd-MUXes, kOhm: one row per cell and supply pair (V)."""

    source: str
    cell: tuple[str, ...]
    """Library cells, with drive."""
    vdd_low: Real
    vdd_high: Real
    resistance_low: Real
    """Of the switch to VddL."""
    resistance_high: Real
    leakage_low: Real | None = None
    """Static power of a whole cell, mW, while the switch to VddL is closed; None where it is not characterised."""
    leakage_high: Real | None = None

    def _row(self, cell: str, vdd_low: float, vdd_high: float) -> int:
        for k, name in enumerate(self.cell):
            if (
                name == cell
                and abs(self.vdd_low[k] - vdd_low) <= VOLTAGE_TOLERANCE
                and abs(self.vdd_high[k] - vdd_high) <= VOLTAGE_TOLERANCE
            ):
                return k
        raise InputError(f"{self.source}: no Vdd-MUX '{cell}' at VddL {vdd_low:g} V and VddH {vdd_high:g} V")

    def resistance(self, cell: str, vdd_low: float, vdd_high: float, on_high: bool) -> float:
        """Return the on-resistance of a cell's switch to VddH or to VddL at a supply pair, kOhm.

        Raises
        ------
        InputError
            If the pair or the cell is not characterised.
        """
        return float((self.resistance_high if on_high else self.resistance_low)[self._row(cell, vdd_low, vdd_high)])

    def worst(self, cell: str, vdd_low: float, vdd_high: float) -> float:
        """Return the larger on-resistance of a cell at a supply pair, kOhm.

        Raises
        ------
        InputError
            If the pair or the cell is not characterised.
        """
        row = self._row(cell, vdd_low, vdd_high)
        return float(max(self.resistance_low[row], self.resistance_high[row]))

    def leakage(self, cell: str, vdd_low: float, vdd_high: float) -> tuple[float, float]:
        """Static power of a cell, mW, with the tile on VddL and on VddH: switches, well and select inverters.

        Between characterised pairs of supplies it is interpolated linearly.

        Raises
        ------
        InputError
            If the pair lies beyond those that are characterised, or no leakage is.
        """
        if self.leakage_low is None or self.leakage_high is None:
            raise InputError(f"{self.source}: no leakage of Vdd-MUXes; characterise the headers")
        columns = np.column_stack([self.leakage_low, self.leakage_high])
        try:
            low, high = columns[self._row(cell, vdd_low, vdd_high)]
        except InputError:
            mine = np.array([name == cell for name in self.cell])
            pairs = np.column_stack([self.vdd_low, self.vdd_high])[mine]
            if len(pairs) < 3 or np.linalg.matrix_rank(pairs[1:] - pairs[0]) < 2:
                raise
            low, high = griddata(pairs, columns[mine], (vdd_low, vdd_high))
            if np.isnan(low):
                raise
        return float(low), float(high)


@dataclass(frozen=True)
class HeaderChoice:
    """The narrowest Vdd-MUXes that keep the budget: ``count`` of ``cell`` per row, ``sites`` of each row in all."""

    cell: str
    count: int
    sites: int
    resistance: float
    """kOhm of one."""


def read_header_table(path: Path | str) -> HeaderTable:
    """Read a technology's ``headers.csv`` (columns ``cell, drive, vdd_l, vdd_h, resistance_h_kohm, resistance_l_kohm``).

    Columns ``static_h_mw`` and ``static_l_mw`` may be missing; those of the open switch alone are not read.

    Raises
    ------
    InputError
        If the file is missing or lacks a column or a number.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        leaks = [key for key in ("static_l_mw", "static_h_mw") if rows and key in rows[0]]
        column = {
            key: np.array([float(row[key]) for row in rows])
            for key in ("vdd_l", "vdd_h", "resistance_l_kohm", "resistance_h_kohm", *leaks)
        }
        names = tuple(f"{row['cell']}_X{int(row['drive'])}" for row in rows)
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path}: not a table of Vdd-MUX resistances ({error}); characterise the headers") from error
    return HeaderTable(
        str(path), names, column["vdd_l"], column["vdd_h"], column["resistance_l_kohm"], column["resistance_h_kohm"],
        *((column[key] for key in leaks) if len(leaks) == 2 else ()),
    )  # fmt: skip


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


def tile_currents(cell_power: Real, cell_tile: Int, n_tiles: int, vdd: float) -> Real:
    """Return the supply current of every tile, (n_tile) mA.

    Parameters
    ----------
    cell_power : (n_cell) mW, all power that a cell draws from its tile's rail.
    cell_tile : (n_cell) int.
    vdd : V.
    """
    return np.asarray(np.bincount(cell_tile, weights=cell_power, minlength=n_tiles) / vdd, dtype=np.float64)


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
