"""A tiled design small enough to check by hand: every path is a list of (tile, delay at 1 V); delay goes as (1 V / Vdd)**2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from finevh.selection import SLACK_TOLERANCE, Bits, Energy, Interval, MappedTiming


@dataclass
class ToyDesign:
    paths: list[list[tuple[int, float]]]
    n_tiles: int
    crossing: float = 0.0
    """Extra delay factor of a high cell behind a low one: what makes timing not monotone."""
    leak: float = 0.01
    fixed: float = 0.0
    """Delay outside all tiles, ps, on every path."""
    single_trajectory: bool = True
    neighbours: list[float] | None = None
    evaluations: int = field(default=0)

    @property
    def tile_area(self) -> NDArray[np.float64]:
        return np.arange(1.0, self.n_tiles + 1.0)

    def delays(self, interval: Interval, high: Bits, path: list[tuple[int, float]]) -> list[float]:
        result, previous = [], True
        for tile, delay in path:
            vdd = interval.high if high[tile] else interval.low
            crossing = self.crossing if high[tile] and not previous else 0.0
            result.append(delay / vdd**2 * (1.0 + crossing))
            previous = bool(high[tile])
        return result

    def path_delay(self, interval: Interval, high: Bits, path: list[tuple[int, float]]) -> float:
        return self.fixed + sum(self.delays(interval, high, path))

    def evaluate(self, interval: Interval, high: Bits) -> MappedTiming:
        self.evaluations += 1
        worst = max(self.path_delay(interval, high, path) for path in self.paths)
        return MappedTiming(high.copy(), interval, worst, None)

    def flip(self, timing: MappedTiming, tiles: Sequence[int], consume: bool = False) -> MappedTiming:
        high = timing.high.copy()
        high[list(tiles)] ^= True
        return self.evaluate(timing.interval, high)

    def trials(self, timing: MappedTiming, period: float) -> ToyTrials:
        return ToyTrials(self, timing, period)

    def worst_slack(self, timing: MappedTiming, period: float) -> float:
        return period - timing.min_period

    def critical_path(self, timing: MappedTiming, period: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        path = max(self.paths, key=lambda path: self.path_delay(timing.interval, timing.high, path))
        tiles = np.array([-1, *(tile for tile, _ in path)], dtype=np.intp)
        return tiles, np.array([self.fixed, *self.delays(timing.interval, timing.high, path)])

    def path_neighbours(self, timing: MappedTiming, period: float) -> NDArray[np.float64]:
        return np.asarray(self.neighbours if self.neighbours is not None else np.zeros(self.n_tiles), dtype=np.float64)

    def critical_cells(self, timing: MappedTiming, period: float) -> NDArray[np.intp]:
        count = np.zeros(self.n_tiles, dtype=np.intp)
        for path in self.paths:
            if self.path_delay(timing.interval, timing.high, path) > period:
                for tile, _ in path:
                    count[tile] += 1
        return count

    def energy(self, timing: MappedTiming) -> Energy:
        vdd = np.where(timing.high, timing.interval.high, timing.interval.low)
        switching = float((self.tile_area * vdd**2).sum()) * 1e3
        return Energy(switching, 0.5 * switching, self.leak * float((self.tile_area * vdd).sum()), 0.0)

    def single_voltage(self, vdd: float) -> tuple[float, Energy]:
        timing = self.evaluate(Interval(vdd, vdd), np.zeros(self.n_tiles, dtype=bool))
        return timing.min_period, self.energy(timing)


@dataclass
class ToyTrials:
    design: ToyDesign
    timing: MappedTiming
    period: float

    def flip(self, tile: int) -> MappedTiming | None:
        found = self.design.flip(self.timing, [tile])
        if found.min_period > self.period + SLACK_TOLERANCE:
            return None
        self.timing = found
        return found


def random_design(seed: int, n_tiles: int = 9, n_paths: int = 30, crossing: float = 0.0) -> ToyDesign:
    rng = np.random.default_rng(seed)
    paths = [
        [
            (int(tile), float(delay))
            for tile, delay in zip(rng.integers(0, n_tiles, size), rng.uniform(5, 30, size), strict=True)
        ]
        for size in rng.integers(5, 20, n_paths)
    ]
    return ToyDesign(paths, n_tiles, crossing)
