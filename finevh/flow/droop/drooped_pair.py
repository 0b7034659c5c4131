"""A design between two supplies with each tile below its supply by what its cells draw: timed, and searched for maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.flow.droop.rails import RailModel
from finevh.flow.droop.raising import Raising
from finevh.selection import Bits, Interval, map_text
from finevh.selection.engine import EngineDesign
from finevh.technology import with_vdds
from finevh.technology.cross.cross_corners import continued_triangle
from finevh.technology.model import Int, Real, Technology
from finevh.timing import NearStates, TimingGraph
from finevh.units import SLACK_TOLERANCE, period_ps

LEVELS = 4
"""Most voltages below each supply that tiles are timed at: each tile at the next one below its own."""
_PLAIN = 2
"""States of maps at the supplies themselves that are kept."""
_BELOW = 1.2
"""Of the library's grid step: what a rail may lie below the lowest characterised supply. A step below, delay is 1 % off."""


@dataclass(frozen=True)
class DroopedDesign:
    """A design that is timed at any voltages: its library, tiles, variants by set, and how a graph of it is made."""

    technology: Technology
    """With the supplies that were characterised or interpolated for the flow."""
    tile: Int
    """(n_cell) -1 outside all tiles."""
    variants: Mapping[str, NDArray[np.int8]]
    graph: Callable[[Technology], TimingGraph]
    engines: Mapping[str, EngineDesign]
    """By variant set, to weigh maps."""
    timed: Int | None = None
    """Cell types whose tables are needed; all without such."""


@dataclass(frozen=True)
class Drops:
    """Drops of the tiles of a pair of supplies at a frequency, on either supply: a tile's is nothing to the others."""

    usual: Real
    """(2, n_tile) on VddL and on VddH, in 99.9 % of the cycles."""
    worst: Real
    """(2, n_tile) likewise, in the worst."""

    def greatest(self, high: Bits) -> tuple[float, float]:
        """Greatest drop of a tile of a map, in 99.9 % of the cycles and in the worst."""
        usual, worst = (float(np.where(high, each[1], each[0]).max()) for each in (self.usual, self.worst))
        return usual, worst


def drops_between(rails: RailModel, supplies: tuple[float, float], frequencies: Sequence[float]) -> dict[float, Drops]:
    """Drops of all tiles between two supplies at clock frequencies, MHz; of programs that were simulated there is one."""
    n_tiles = rails.resistance.shape[2]
    states = np.repeat([[False], [True]], n_tiles, axis=1)
    high = np.tile(states, (len(frequencies), 1))
    period = np.repeat([period_ps(frequency) for frequency in frequencies], 2)
    drop, _ = rails.follow([supplies] * len(high), high, period)
    usual, worst = (each.reshape(-1, 2, n_tiles) for each in (drop.most_usual, drop.most_worst))
    return {frequency: Drops(usual[k], worst[k]) for k, frequency in enumerate(frequencies)}


@dataclass(frozen=True)
class Raised:
    """A map that meets a clock on drooped rails, and its slacks, ps: at the supplies, in the usual and in the worst cycles."""

    text: str
    supplies: tuple[float, float]
    power: float
    """mW."""
    slacks: tuple[float, float, float]


class DroopedPair:
    """A design between a pair of supplies, its tiles at levels below them.

    Parameters
    ----------
    drops
        All that tiles are to be timed at: levels are chosen for them.
    """

    def __init__(self, design: DroopedDesign, supplies: tuple[float, float], drops: Sequence[Drops]) -> None:
        self.design, self.supplies = design, supplies
        known = design.technology.vdds
        beyond = _BELOW * float(np.diff(known).min()) if len(known) > 1 else 0.0
        floors = [float(known[0]) - beyond + 1e-3] * 2
        floors[0] = _derated_floor(design.technology, supplies, floors[0])
        self.reach = [1.0 - floor / vdd for floor, vdd in zip(floors, supplies, strict=True)]
        self.levels = [
            _levels(np.concatenate([_volts(vdd, np.minimum(drop.worst[state], reach)) for drop in drops]))
            for state, (vdd, reach) in enumerate(zip(supplies, self.reach, strict=True))
        ]
        volts = [*self.levels[0], *self.levels[1], supplies[1]]
        technology = with_vdds(design.technology, volts, beyond=beyond, timed=design.timed)

        def rows(volts: Sequence[float]) -> Int:
            return np.array([int(np.abs(technology.vdds - one).argmin()) for one in volts], dtype=np.int32)

        self._rows, self._port = [rows(levels) for levels in self.levels], int(rows(supplies[1:])[0])
        graph = design.graph(technology).with_port_vdd(self._port)
        graph.tables.need_parts()
        self._drooped = NearStates(graph)
        self._plain: dict[str, NearStates] = {}
        self._raising: dict[str, Raising] = {}

    def rows(self, drop: Real) -> Int:
        """(2, n_tile) rows of the library's supplies of tiles at a drop (2, n_tile), on VddL and on VddH."""
        found = []
        for vdd, levels, rows, own in zip(self.supplies, self.levels, self._rows, drop, strict=True):
            below = np.searchsorted(-np.array(levels), -_volts(vdd, own) - 1e-6)
            found.append(rows[np.minimum(below, len(levels) - 1)])
        return np.array(found, dtype=np.int32)

    def unknown(self, drop: Real) -> NDArray[np.bool_]:
        """(2, n_tile) where a tile drops deeper than the library reaches: nobody knows its delay, so it meets no clock."""
        return np.array([drop[state] > self.reach[state] for state in (0, 1)])

    def slack(self, variant: str, high: Bits, drop: Real, period: float) -> float:
        """Worst setup slack, ps, of a map with tiles at a drop (2, n_tile) below their supplies, ports at VddH.

        Minus infinity where a tile drops deeper than the library reaches.
        """
        unknown, rows = self.unknown(drop), self.rows(drop)
        if np.where(high, unknown[1], unknown[0]).any():
            return -np.inf
        row = np.append(np.where(high, rows[1], rows[0]), self._port)
        vdd = row[self.design.tile].astype(np.int32)  # tile -1 is the last
        return self._drooped.time(vdd, self.design.variants[variant]).worst_slack(period)

    def slacks(self, variant: str, high: Bits, drops: Drops, period: float) -> tuple[float, float, float]:
        """Worst slacks, ps, of a map at the supplies themselves, in the usual and in the worst cycles.

        A deeper drop may be faster: of a driver, for falling inputs. The worst cycles contain the others.
        """
        engine, interval = self.design.engines[variant], Interval(*self.supplies)
        if variant not in self._plain:
            graph = engine.graph.with_port_vdd(engine.vdd_index(interval.high))
            self._plain[variant] = NearStates(graph, _PLAIN)
        state = self._plain[variant].time(engine.cell_vdd(interval, high), self.design.variants[variant])
        plain = state.worst_slack(period)
        worst = usual = self.slack(variant, high, drops.worst, period)
        if not np.array_equal(self.rows(drops.usual), self.rows(drops.worst)):
            usual = self.slack(variant, high, drops.usual, period)
        return plain, usual, min(usual, worst)

    def search(self, variant: str, frequency: float, drops: Drops, starts: Sequence[Bits]) -> Raised | None:
        """The cheapest map found that meets a frequency, MHz, in the worst cycles; None where none does."""
        if variant not in self._raising:
            middle = [int(rows[len(rows) // 2]) for rows in self._rows]
            self._raising[variant] = Raising(
                self.design.engines[variant], self._drooped, Interval(*self.supplies), (middle[0], middle[1])
            )
        rows, unknown = self.rows(drops.worst), self.unknown(drops.worst)
        for high, power in self._raising[variant].search(rows, unknown, frequency, starts):
            slacks = self.slacks(variant, high, drops, period_ps(frequency))
            if slacks[2] >= -SLACK_TOLERANCE:
                return Raised(map_text(high), self.supplies, power, slacks)
        return None


def _volts(vdd: float, drop: Real) -> Real:
    """Voltages below a supply in whole millivolts, rounded down: supplies of a library that lie closer are one to it."""
    return np.asarray(np.floor(1e3 * vdd * (1.0 - drop) + 1e-6) / 1e3)


def _levels(volts: Real) -> list[float]:
    """At most ``LEVELS`` voltages, V, descending, that lose least when each of ``volts`` is rounded down to one of them."""
    known, count = np.unique(volts, return_counts=True)
    n = len(known)
    # lost[a, b]: V in all that voltages a..b lose at a.
    lost = np.array([[np.sum(count[a : b + 1] * (known[a : b + 1] - known[a])) for b in range(n)] for a in range(n)])
    # Of the k lowest groups up to b, the least that is lost and where the highest group begins.
    best = lost[0].copy()
    begins = [np.zeros(n, dtype=np.intp)]
    for _ in range(1, min(LEVELS, n)):
        sums = np.full((n, n), np.inf)
        for a in range(1, n):
            sums[a, a:] = best[a - 1] + lost[a, a:]
        sums[0] = best
        begins.append(sums.argmin(axis=0))
        best = sums.min(axis=0)
    found, last = list[float](), n - 1
    for begin in begins[::-1]:
        first = int(begin[last])
        if first == 0 and begin is not begins[0]:
            continue
        found.append(float(known[first]))
        last = first - 1
        if last < 0:
            break
    return found


def _derated_floor(technology: Technology, supplies: tuple[float, float], floor: float) -> float:
    """The lowest voltage of a tile on VddL, V, at which derates between it and VddH are known, at or above a floor."""
    if technology.cross is None:
        return floor
    there = [technology.cross.leakage_offset[rows] >= 0 for rows in technology.corner_of]

    def known(volts: float) -> bool:
        pairs = (volts, supplies[1]), (supplies[1], volts)
        return all(continued_triangle(technology.vdds, *pair, one) for pair in pairs for one in there)

    if known(floor) or not known(supplies[0]):
        return floor
    below, above = floor, supplies[0]
    while above - below > 1e-3:
        middle = 0.5 * (below + above)
        below, above = (below, middle) if known(middle) else (middle, above)
    return above
