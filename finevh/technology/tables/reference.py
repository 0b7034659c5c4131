"""One table read at one point: the plain reference of the compiled kernels, and good enough for tables and tests."""

from __future__ import annotations

import numpy as np

from finevh.technology.model import Corners, Real

__all__ = ["interpolate_table", "lookup", "table_of"]


def table_of(corners: Corners, corner: int, slot: int) -> tuple[Real, Real, Real]:
    """Axes and values (nx,), (ny,), (nx, ny) of a table slot at a corner.

    Raises
    ------
    KeyError
        If the corner has no such table.
    """
    if slot < 0 or corners.table_x[corner, slot] < 0:
        raise KeyError(f"corner {corner} has no table {slot}")
    nx, ny = int(corners.table_nx[corner, slot]), int(corners.table_ny[corner, slot])
    x, y, v = (int(where[corner, slot]) for where in (corners.table_x, corners.table_y, corners.table_v))
    return corners.pool[x : x + nx], corners.pool[y : y + ny], corners.pool[v : v + nx * ny].reshape(nx, ny)


def _place(axis: Real, at: float) -> tuple[int, float]:
    """Lower index and fraction; outside the axis the fraction leaves [0, 1]: linear extrapolation as in every STA."""
    if axis.size == 1:
        return 0, 0.0
    i = int(np.clip(np.searchsorted(axis, at, side="right") - 1, 0, axis.size - 2))
    return i, float((at - axis[i]) / (axis[i + 1] - axis[i]))


def interpolate_table(x: Real, y: Real, values: Real, slew: float, load: float) -> float:
    """Bilinear value of a table (nx, ny) at a slew, ps, and a load, fF; a missing axis (one entry) is constant."""
    i, f = _place(x, slew)
    j, g = _place(y, load)
    i1, j1 = min(i + 1, x.size - 1), min(j + 1, y.size - 1)
    low = (1 - g) * values[i, j] + g * values[i, j1]
    high = (1 - g) * values[i1, j] + g * values[i1, j1]
    return float((1 - f) * low + f * high)


def lookup(corners: Corners, corner: int, slot: int, slew: float, load: float) -> float:
    """Bilinear value of a table slot at a corner."""
    return interpolate_table(*table_of(corners, corner, slot), slew, load)
