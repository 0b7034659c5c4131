"""How much slower and how much less leaky a variant of a library is than the first."""

from __future__ import annotations

import numpy as np

from finevh.technology.model import ArcType, Real, Technology
from finevh.technology.tables.reference import interpolate_table, table_of

__all__ = ["delay_ratios", "leakage_ratios", "nominal_index", "slowdown"]

_DELAYS = (ArcType.COMBINATIONAL, ArcType.RISING_EDGE, ArcType.FALLING_EDGE)


def nominal_index(technology: Technology) -> int:
    """Index of the supply nearest to the nominal one."""
    return int(np.argmin(np.abs(technology.vdds - technology.vdd_nominal)))


def delay_ratios(technology: Technology, variant: int, vdd: int) -> Real:
    """Delay of a variant over that of the first, (n,): each unconditional arc and edge at the middle of its axes.

    Both are read at the same slew and load, those of the first variant's table. Arcs whose delay is not positive there
    (slow inputs) are left out: a ratio says nothing about them.
    """
    base, other = int(technology.corner_of[0, vdd]), int(technology.corner_of[variant, vdd])
    cells, corners = technology.cells, technology.corners
    ratios = []
    for arc in range(len(cells.arc_type)):
        if cells.arc_type[arc] not in _DELAYS or cells.arc_when[arc]:
            continue
        for slot in cells.arc_table[arc, :2].tolist():
            if slot < 0 or corners.table_x[base, slot] < 0 or corners.table_x[other, slot] < 0:
                continue
            x, y, values = table_of(corners, base, slot)
            i, j = (x.size - 1) // 2, (y.size - 1) // 2
            if values[i, j] > 0:
                ratios.append(
                    interpolate_table(*table_of(corners, other, slot), float(x[i]), float(y[j])) / values[i, j]
                )
    return np.array(ratios)


def slowdown(technology: Technology, variant: int) -> float:
    """Average delay increase of a variant over the first at the nominal supply, a fraction (alpha_sd of Eq. 4.2)."""
    if variant == 0:
        return 0.0
    ratios = delay_ratios(technology, variant, nominal_index(technology))
    return float(np.mean(ratios) - 1.0) if ratios.size else 0.0


def leakage_ratios(technology: Technology, variant: int, vdd: int) -> Real:
    """State-averaged leakage of each cell of a variant over that of the first, (n_cell,); nan for cells that leak nothing."""
    rows = technology.corners.leakage
    starts = technology.cells.leak_ptr[:-1]
    counts = np.diff(technology.cells.leak_ptr)
    base, other = (np.add.reduceat(rows[int(technology.corner_of[v, vdd])], starts) / counts for v in (0, variant))
    ratio: Real = np.divide(other, base, out=np.full(base.shape, np.nan), where=base > 0)
    return ratio
