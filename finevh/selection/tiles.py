"""What Vdd selection needs of a placed design: timing and energy of a tile-voltage map, and nothing of cells or nets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from finevh.power.tiles.tile_terms import TileTerms
from finevh.selection.energy import Energy
from finevh.selection.voltage_map import Bits, Interval
from finevh.timing.bounds import BoundPath


@dataclass(frozen=True)
class MappedTiming:
    """Timing of one voltage map. ``handle`` is the engine's own state, which an incremental step starts from."""

    high: Bits
    interval: Interval
    min_period: float
    """ps."""
    handle: object


class TileTrials(Protocol):
    """Tiles moved one after the other as long as a clock period is met."""

    def flip(self, tile: int) -> MappedTiming | None:
        """Move a tile to the other voltage; None, and the tile stays, where the period is then missed.

        Of what is returned the slacks stay valid; the engine's state only until the next call.
        """


class TimedTiles(Protocol):
    """The timing of a placed netlist with one assignment of variants, seen as tiles: what Algorithm 5 asks for."""

    @property
    def n_tiles(self) -> int:
        """Number of tiles."""

    @property
    def tile_area(self) -> NDArray[np.float64]:
        """(n_tiles) cell area, um2."""

    @property
    def single_trajectory(self) -> bool:
        """True where every path has the same number of clock periods, so the worst path is that of every frequency."""

    def evaluate(self, interval: Interval, high: Bits) -> MappedTiming:
        """Time a voltage map."""

    def flip(self, timing: MappedTiming, tiles: Sequence[int], consume: bool = False) -> MappedTiming:
        """Time the map with the given tiles moved to the other voltage; equal to :meth:`evaluate`.

        ``consume`` lets the engine reuse the arrays of ``timing``, whose slacks stay valid but nothing else.
        """

    def trials(self, timing: MappedTiming, period: float) -> TileTrials:
        """Move tiles from a map on, as long as a period, ps, is met; the map stays valid."""

    def worst_slack(self, timing: MappedTiming, period: float) -> float:
        """Worst setup slack, ps."""

    def critical_path(self, timing: MappedTiming, period: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Tile (-1: none) and delay, ps, of each cell on the path of the worst slack."""

    def path_neighbours(self, timing: MappedTiming, period: float) -> NDArray[np.float64]:
        """(n_tiles) number of connections between each tile's cells and the cells on the path of the worst slack."""

    def critical_cells(self, timing: MappedTiming, period: float) -> NDArray[np.intp]:
        """(n_tiles) number of cells with negative slack."""


@dataclass(frozen=True)
class TilePower:
    """Power of the maps of one interval as sums over groups of tiles, equal to what all cells add up to."""

    dynamic: TileTerms
    """Energy per clock cycle, fJ."""
    leakage: TileTerms
    """mW."""

    def power(self, high: Bits, frequency_mhz: float) -> float:
        """Total power, mW, of a map."""
        return self.dynamic.value(high) * frequency_mhz * 1e-6 + self.leakage.value(high)

    def flips(self, high: Bits, frequency_mhz: float) -> tuple[float, NDArray[np.float64]]:
        """Power, mW, and its change (n_tiles, n_tiles) by moving two tiles, one alone on the diagonal."""
        scale = frequency_mhz * 1e-6
        (dynamic, dynamic_pair), (leakage, leakage_pair) = self.dynamic.flips(high), self.leakage.flips(high)
        single = dynamic * scale + leakage
        change = single[:, None] + single[None, :] + dynamic_pair * scale + leakage_pair
        np.fill_diagonal(change, single)
        return self.power(high, frequency_mhz), change


class PathBounds(Protocol):
    """Least delays of the paths of a design in one interval: what they forbid, no map can do."""

    def min_period(self, high: Bits) -> float:
        """Lower bound, ps, of the minimum period of a map."""

    def paths(self, high: Bits, period: float, count: int) -> list[BoundPath]:
        """Paths that miss a period, ps, under a map by least delays, worst first."""

    def paths_of(self, timing: MappedTiming, period: float, count: int) -> list[BoundPath]:
        """The same, of the worst paths of a map that was timed."""

    def late_paths(self, timing: MappedTiming, period: float, count: int) -> list[tuple[BoundPath, float]]:
        """Worst paths of a timed map that miss a period, ps, each with how much longer than its least delays it was, ps."""


class NoPathBounds:
    """Nothing is known about paths beforehand: every map has to be timed."""

    def min_period(self, high: Bits) -> float:
        """See :class:`PathBounds`."""
        return 0.0

    def paths(self, high: Bits, period: float, count: int) -> list[BoundPath]:
        """See :class:`PathBounds`."""
        return []

    def paths_of(self, timing: MappedTiming, period: float, count: int) -> list[BoundPath]:
        """See :class:`PathBounds`."""
        return []

    def late_paths(self, timing: MappedTiming, period: float, count: int) -> list[tuple[BoundPath, float]]:
        """See :class:`PathBounds`."""
        return []


class TiledDesign(TimedTiles, Protocol):
    """A placed netlist with one assignment of variants, seen as tiles that can be timed and weighed."""

    def tile_power(self, interval: Interval) -> TilePower:
        """Weigh all maps of an interval at once."""

    def path_bounds(self, interval: Interval) -> PathBounds:
        """Least delays of an interval."""

    def energy(self, timing: MappedTiming) -> Energy:
        """Weigh a voltage map."""

    def single_voltage(self, vdd: float) -> tuple[float, Energy]:
        """Minimum period, ps, and energy with every cell at ``vdd``, which then needs no Vdd-MUXes."""

    def vdd_mux_leakage(self, interval: Interval, high: Bits) -> float | None:
        """Static power of the Vdd-MUXes under a map, mW, contained in its energy; None where it is not known."""


def area_low_fraction(design: TiledDesign, high: Bits) -> float:
    """Share of the tiles' cell area that is at VddL."""
    area = design.tile_area
    return float(area[~high].sum() / area.sum())
