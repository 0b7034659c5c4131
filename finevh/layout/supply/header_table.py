"""The characterised Vdd-MUXes of a technology: on-resistance and leakage at pairs of supplies."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finevh.errors import InputError
from finevh.technology.model import Real
from finevh.units import VOLTAGE_TOLERANCE


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
            # A third of a second to load, for pairs of supplies that no library was characterised at.
            from scipy.interpolate import griddata

            low, high = griddata(pairs, columns[mine], (vdd_low, vdd_high))
            if np.isnan(low):
                raise
        return float(low), float(high)


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
