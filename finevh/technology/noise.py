"""Static noise margin of cells behind drivers on another rail: without level shifters, VddL must still be read as 1."""

from __future__ import annotations

import numpy as np

from finevh.technology.model import Int, Technology


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
