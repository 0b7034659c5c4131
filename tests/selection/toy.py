"""A tiled design small enough to check by hand: every path is a list of (tile, delay at 1 V); delay goes as (1 V / Vdd)**2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from finevh.power.tiles.tile_terms import collect
from finevh.selection import Bits, Energy, Interval, MappedTiming, TilePower
from finevh.timing.bounds import BoundPath
from finevh.units import SLACK_TOLERANCE


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
    interface: tuple[tuple[tuple[int, ...], float], ...] = ()
    """Groups of tiles and the leakage, mW, where the first is high and all others are low."""
    hidden: float = 0.0
    """Share that every path is longer than its least delays say, where any of its tiles is low."""
    beside: tuple[tuple[int, float], ...] = ()
    """Tiles beside every path, and by how many ps all paths are longer while they are low: least delays do not know it."""
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
        late = self.hidden if not all(high[tile] for tile, _ in path) else 0.0
        beside = sum(delay for tile, delay in self.beside if not high[tile])
        return self.fixed + beside + (1.0 + late) * sum(self.delays(interval, high, path))

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
        if self.neighbours is not None:
            return np.asarray(self.neighbours, dtype=np.float64)
        return np.bincount([tile for tile, _ in self.beside], minlength=self.n_tiles).astype(np.float64)

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
        mixed = timing.interval.high > timing.interval.low
        active = [v for g, v in self.interface if timing.high[g[0]] and not timing.high[list(g[1:])].any()]
        crossing = float(sum(active)) if mixed else 0.0
        return Energy(switching, 0.5 * switching, self.leak * float((self.tile_area * vdd).sum()) + crossing, crossing)

    def tile_power(self, interval: Interval) -> TilePower:
        tiles = np.arange(self.n_tiles, dtype=np.int32)[:, None]
        vdd = np.array([interval.low, interval.high])
        dynamic = self.tile_area[:, None] * vdd**2 * 1.5e3
        leakage = self.leak * self.tile_area[:, None] * vdd
        parts = [(tiles, leakage)]
        if self.interface:
            for group, value in self.interface:
                # The first tile of a group is high and all others low.
                table = np.zeros((1, 2 ** len(group)))
                order = sorted(group)
                table[0, 1 << order.index(group[0])] = value
                parts.append((np.array([order], dtype=np.int32), table))
        return TilePower(collect(self.n_tiles, [(tiles, dynamic)]), collect(self.n_tiles, parts))

    def path_bounds(self, interval: Interval) -> ToyBounds:
        return ToyBounds(self, interval)

    def vdd_mux_leakage(self, interval: Interval, high: Bits) -> float | None:
        return None

    def single_voltage(self, vdd: float) -> tuple[float, Energy]:
        timing = self.evaluate(Interval(vdd, vdd), np.zeros(self.n_tiles, dtype=bool))
        return timing.min_period, self.energy(timing)


@dataclass
class ToyBounds:
    """Least delays: those of the paths, without what is hidden."""

    design: ToyDesign
    interval: Interval

    def bound_path(self, path: list[tuple[int, float]]) -> BoundPath:
        tiles = [tile for tile, _ in path]
        vdd = np.array([self.interval.low, self.interval.high])
        delay = np.array([np.broadcast_to(delay / vdd**2, (2, 2)).copy() for _, delay in path])
        delay[1:, 0, 1] *= 1.0 + self.design.crossing
        fixed = np.full((1, 2, 2), self.design.fixed)
        driver, tile = np.array([-1, *tiles[:-1], -1]), np.array([*tiles, -1])
        return BoundPath(1.0, driver.astype(np.int32), tile.astype(np.int32), np.concatenate([delay, fixed]))

    def min_period(self, high: Bits) -> float:
        return max((self.bound_path(path).need(high) for path in self.design.paths), default=0.0)

    def paths(self, high: Bits, period: float, count: int) -> list[BoundPath]:
        needs = [(bound.need(high), bound) for bound in map(self.bound_path, self.design.paths)]
        late = sorted((pair for pair in needs if pair[0] > period), key=lambda pair: -pair[0])
        return [bound for _, bound in late[:count]]

    def paths_of(self, timing: MappedTiming, period: float, count: int) -> list[BoundPath]:
        return self.paths(timing.high, period, count)

    def late_paths(self, timing: MappedTiming, period: float, count: int) -> list[tuple[BoundPath, float]]:
        found = [(self.design.path_delay(self.interval, timing.high, path), path) for path in self.design.paths]
        late = sorted((pair for pair in found if pair[0] > period), key=lambda pair: -pair[0])
        bounds = [(need, self.bound_path(path)) for need, path in late[:count]]
        return [(bound, need - bound.need(timing.high)) for need, bound in bounds]


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


def random_design(
    seed: int, n_tiles: int = 9, n_paths: int = 30, crossing: float = 0.0, groups: int = 0, hidden: float = 0.0
) -> ToyDesign:
    rng = np.random.default_rng(seed)
    paths = [
        [
            (int(tile), float(delay))
            for tile, delay in zip(rng.integers(0, n_tiles, size), rng.uniform(5, 30, size), strict=True)
        ]
        for size in rng.integers(5, 20, n_paths)
    ]
    interface = tuple(
        (tuple(int(tile) for tile in rng.permutation(n_tiles)[:size]), float(value))
        for size, value in zip(
            rng.integers(2, min(5, n_tiles) + 1, groups), rng.uniform(-0.05, 0.5, groups), strict=True
        )
    )
    return ToyDesign(paths, n_tiles, crossing, interface=interface, hidden=hidden)
