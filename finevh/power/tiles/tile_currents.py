"""Currents that the tiles draw from their supplies: what switches, at 1 MHz, and what leaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.power.dynamic import DynamicPower
from finevh.power.leakage import LeakageModel
from finevh.technology.model import Int, Real


def tile_currents(cell_power: Real, cell_tile: Int, n_tiles: int, vdd: float) -> Real:
    """Return the supply current of every tile, (n_tile) mA.

    Parameters
    ----------
    cell_power : (n_cell) mW, all power that a cell draws from its tile's rail.
    cell_tile : (n_cell) int.
    vdd : V.
    """
    return np.asarray(np.bincount(cell_tile, weights=cell_power, minlength=n_tiles) / vdd, dtype=np.float64)


@dataclass(frozen=True)
class TileCurrents:
    """Currents of every tile at one supply, mA, at a frequency of 1 MHz: ``switching`` rises with frequency."""

    switching: Real
    """(n_tile) mA per MHz."""
    leakage: Real
    """(n_tile) mA."""
    internal: Real
    """(n_tile) mA per MHz, the part of ``switching`` that is drawn inside cells."""


def currents_at(
    dynamic: DynamicPower,
    leakage: LeakageModel,
    vdds: Real,
    cell_variant: NDArray[np.int8],
    tile: Int,
    n_tiles: int,
    supplies: Int,
) -> dict[int, TileCurrents]:
    """Return the currents of all tiles with every cell at one supply, for each index of ``supplies``.

    Parameters
    ----------
    vdds : (n_vdd) V, the technology's supplies.
    tile : (n_cell) tile of each cell.
    supplies : rows of ``vdds``.
    """
    found = {}
    for index in supplies.tolist():
        vdd = float(vdds[index])
        everywhere = np.full(len(cell_variant), index, dtype=np.int32)
        moved = dynamic.evaluate(everywhere, cell_variant, 1.0, port_vdd=index)
        leaked = leakage.evaluate(everywhere, cell_variant, index)
        found[index] = TileCurrents(
            tile_currents(moved.switching + moved.internal, tile, n_tiles, vdd),
            tile_currents(leaked.cell, tile, n_tiles, vdd),
            tile_currents(moved.internal, tile, n_tiles, vdd),
        )
    return found
