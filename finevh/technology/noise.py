"""Static noise margin of cells behind drivers on another rail: without level shifters, VddL must still be read as 1."""

from __future__ import annotations

import numpy as np

from finevh.technology.model import Int, Real, Technology


def worst_noise_margin(technology: Technology, cell_types: Int, low: float, high: float) -> float:
    """Smallest static noise margin, V, of cells at VddH behind a driver at VddL; nan where not characterised.

    Parameters
    ----------
    cell_types : (n) rows of ``technology.cells``, each once.
    low, high : supplies of driver and cell, V.
    """
    cross = technology.cross
    if cross is None:
        return float("nan")
    driver, receiver = technology.vdd_index(low), technology.vdd_index(high)
    corners = technology.corner_of[:, receiver]
    margins = cross.noise_margin[corners[:, None], driver, cell_types[None, :]]
    return float(np.nanmin(margins)) if np.isfinite(margins).any() else float("nan")


def noise_margins(technology: Technology, cell_types: Int, variants: Int, drivers: Int, supplies: Int) -> Real:
    """(n) static noise margin, V, of each of n cells; nan where not characterised, or without cross-voltage tables.

    Parameters
    ----------
    cell_types : (n) rows of ``technology.cells``.
    variants : (n) variant of each cell.
    drivers, supplies : (n) rows of ``technology.vdds``: of what drives the cell, and its own.
    """
    if technology.cross is None:
        return np.full(len(cell_types), np.nan)
    return np.asarray(technology.cross.noise_margin[technology.corner_of[variants, supplies], drivers, cell_types])
