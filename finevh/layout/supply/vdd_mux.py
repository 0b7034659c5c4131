"""The Vdd-MUXes that stand in the tiles, what they leak, and the table that keeps them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.base.csv_text import Row, table
from finevh.layout.supply.header_sizing import HeaderPlan, Load
from finevh.layout.supply.header_table import HeaderTable
from finevh.technology.model import Int, Real

HEADER = (
    "tile", "current_ma", "vdd_mux", "drop_v", "cell", "vdd_v", "drop_fraction", "program", "peak_current_ma",
    "peak_drop_fraction",
)  # fmt: skip


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
