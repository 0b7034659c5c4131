"""The cheapest tile map between two supplies that meets a clock with each tile below its supply by what its cells draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.selection import Bits, Energy, Interval, MappedTiming, TilePower
from finevh.selection.descent import Descent
from finevh.selection.engine import EngineDesign, TiledTiming
from finevh.selection.tiles import NoPathBounds, PathBounds
from finevh.technology.model import Int
from finevh.timing import NearStates, TimingState
from finevh.timing.bounds import BoundPath, DelayBounds
from finevh.units import period_ps

TRIES = 40
"""Most maps that are timed at one frequency on the way down."""
_NEVER = 1e9
"""ps, what a tile costs a path in a state in which nobody knows its delays."""


@dataclass(frozen=True)
class TimedBounds:
    """A :class:`finevh.selection.tiles.PathBounds` whose paths are as late as the map that they were found under."""

    bounds: DelayBounds

    def min_period(self, high: Bits) -> float:
        """See :class:`finevh.selection.tiles.PathBounds`; nothing is known of maps that were not timed."""
        return 0.0

    def paths(self, high: Bits, period: float, count: int) -> list[BoundPath]:
        """See :class:`finevh.selection.tiles.PathBounds`; nothing is known of maps that were not timed."""
        return []

    def paths_of(self, timing: MappedTiming, period: float, count: int) -> list[BoundPath]:
        """See :class:`finevh.selection.tiles.PathBounds`."""
        assert isinstance(timing.handle, TimingState)
        return self.bounds.paths_as_timed(timing.handle, timing.high, period, count)

    def late_paths(self, timing: MappedTiming, period: float, count: int) -> list[tuple[BoundPath, float]]:
        """See :class:`finevh.selection.tiles.PathBounds`; nothing is left beyond :meth:`paths_of`."""
        return []


@dataclass(frozen=True)
class DroopedTiles(TiledTiming):
    """A design between two supplies at one frequency: timed with each tile at its drop, weighed at the supplies."""

    rows: Int
    """(2, n_tiles) row of ``technology.vdds`` of each tile on VddL and on VddH."""
    engine: EngineDesign
    terms: TilePower
    bounds: PathBounds
    states: NearStates

    def evaluate(self, interval: Interval, high: Bits) -> MappedTiming:
        """See :class:`finevh.selection.TiledDesign`; the state stays valid until the next call that may consume one."""
        state = self.states.time(self.cell_vdd(interval, high), self.cell_variant)
        return MappedTiming(high.copy(), interval, state.min_period(), state)

    def flip(self, timing: MappedTiming, tiles: Sequence[int], consume: bool = False) -> MappedTiming:
        """See :class:`finevh.selection.TiledDesign`; where the timing may be consumed, from the nearest that was timed."""
        if not consume:
            return super().flip(timing, tiles)
        high = timing.high.copy()
        high[list(tiles)] ^= True
        return self.evaluate(timing.interval, high)

    def tile_vdd(self, interval: Interval) -> Int:
        """See :class:`finevh.selection.engine.TiledTiming`."""
        return self.rows

    def energy(self, timing: MappedTiming) -> Energy:
        """See :class:`finevh.selection.TiledDesign`."""
        return self.engine.weigh(timing.interval, timing.high)

    def tile_power(self, interval: Interval) -> TilePower:
        """See :class:`finevh.selection.TiledDesign`."""
        return self.terms

    def path_bounds(self, interval: Interval) -> PathBounds:
        """See :class:`finevh.selection.TiledDesign`."""
        return self.bounds

    def vdd_mux_leakage(self, interval: Interval, high: Bits) -> float | None:
        """See :class:`finevh.selection.TiledDesign`."""
        return self.engine.vdd_mux_leakage(interval, high)

    def single_voltage(self, vdd: float) -> tuple[float, Energy]:
        """See :class:`finevh.selection.TiledDesign`."""
        return self.engine.single_voltage(vdd)


class Raising:
    """One variant set between two supplies: the search at every frequency.

    Parameters
    ----------
    states
        Of a graph with the supplies and the voltages below them; ports at VddH.
    middle
        Rows of ``technology.vdds`` of a usual tile on VddL and on VddH: what moving a tile is reckoned with before it is timed.
    """

    def __init__(self, engine: EngineDesign, states: NearStates, interval: Interval, middle: tuple[int, int]) -> None:
        self.engine, self.states, self.interval = engine, states, interval
        graph = states.graph
        self.terms = engine.tile_power(interval)
        self.bounds: PathBounds = NoPathBounds()
        if DelayBounds.fits(graph):
            self.bounds = TimedBounds(DelayBounds(graph, engine.cell_variant, *middle, engine.movable))

    def tiles(self, rows: Int) -> DroopedTiles:
        """The design with its tiles at rows (2, n_tiles) of ``technology.vdds``."""
        engine = self.engine
        graph = self.states.graph
        return DroopedTiles(
            graph.technology, graph, engine.cell_variant, engine.tile_of_cell, engine.n_tiles, engine.always_high,
            rows, engine, self.terms, self.bounds, self.states,
        )  # fmt: skip

    def search(
        self, rows: Int, unknown: NDArray[np.bool_], frequency: float, starts: Sequence[Bits], tries: int = TRIES
    ) -> list[tuple[Bits, float]]:
        """Maps that meet a frequency, MHz, and their power, mW, cheapest first.

        Parameters
        ----------
        rows
            (2, n_tiles) rows of ``technology.vdds`` on VddL and on VddH.
        unknown
            (2, n_tiles) states in which no tile may be: it drops deeper than its delays are known.
        starts
            Maps to begin from.
        """
        period = period_ps(frequency)
        allowed = list(
            {high.tobytes(): high for high in (start & ~unknown[1] | unknown[0] for start in starts)}.values()
        )
        descent = Descent(self.tiles(rows), self.interval, [period], tries, [])
        for state, tile in zip(*np.nonzero(unknown), strict=True):
            descent.pool.add(_forbidden(int(tile), int(state)))
        for high in allowed:
            if not np.where(high, unknown[1], unknown[0]).any():
                descent.mend(high, period)
        descent.search(0)
        return descent.archive.able(0)


def _forbidden(tile: int, state: int) -> BoundPath:
    """What keeps a tile out of a state (0: VddL, 1: VddH): a path that no clock allows while it is there."""
    own, delay = np.array([tile], dtype=np.int32), np.zeros((1, 2, 2))
    delay[0, state, state] = _NEVER
    return BoundPath(1.0, own, own, delay)
