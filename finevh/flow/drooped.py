"""Operating points on their drooped rails: timed with each tile below its supply, and tiles raised until the clock is met."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finevh.base.csv_text import Row, table
from finevh.flow.moved import with_map
from finevh.flow.rails import RailModel
from finevh.schemes import OperatingPoint
from finevh.selection import parse_map
from finevh.selection.tiles import SLACK_TOLERANCE
from finevh.technology import with_vdds
from finevh.technology.model import Int, Real, Technology
from finevh.timing import TimingGraph, TimingState
from finevh.units import period_ps

LEVELS = 4
"""Voltages below each supply that tiles are timed at: their drop is rounded up to quarters of that of the worst tile."""
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


@dataclass(frozen=True)
class DroopedPoint:
    """What became of a FINE-VH point on its rails: slacks, ps, and the map with which it meets its clock.

    Attributes
    ----------
    number : row of the points that were given.
    drop_usual, drop_worst : greatest drop of a tile over its supply, in 99.9 % of the cycles and in the worst.
    slack : at the supplies themselves.
    slack_usual, slack_worst : with each tile at those drops.
    raised : a map of the same pair of supplies that meets the clock in the worst cycles; empty where none of the run does, the
        point's own where it does.
    """

    number: int
    drop_usual: float
    drop_worst: float
    slack: float
    slack_usual: float
    slack_worst: float
    raised: str = ""

    @property
    def met(self) -> bool:
        """Whether the point's own map meets its clock in the worst cycles."""
        return self.slack_worst >= -SLACK_TOLERANCE


class _Pair:
    """A design at the levels below a pair of supplies."""

    def __init__(self, design: DroopedDesign, supplies: tuple[float, float], deepest: tuple[float, float]) -> None:
        self.design = design
        self.step = [max(drop, 1e-6) / LEVELS for drop in deepest]
        # Whole millivolts, rounded down: supplies of a library that lie closer are one to it.
        self.levels = [
            [vdd, *(np.floor(1e3 * vdd * (1.0 - step * k) + 1e-6) / 1e3 for k in range(1, LEVELS + 1))]
            for vdd, step in zip(supplies, self.step, strict=True)
        ]
        known = design.technology.vdds
        beyond = _BELOW * float(np.diff(known).min()) if len(known) > 1 else 0.0
        technology = with_vdds(design.technology, [*self.levels[0], *self.levels[1]], beyond=beyond)
        self._rows = [
            np.array([int(np.abs(technology.vdds - vdd).argmin()) for vdd in levels], dtype=np.int32)
            for levels in self.levels
        ]
        self.graph = design.graph(technology).with_port_vdd(int(self._rows[1][0]))
        self._state: TimingState | None = None

    def slack(self, variant: str, high: NDArray[np.bool_], drop: Real, period: float) -> float:
        """Worst setup slack, ps, of a map with tiles at a drop (n_tile) below their supplies, ports at VddH."""
        level = [np.minimum(np.ceil(drop / step - 1e-9), LEVELS).astype(np.intp) for step in self.step]
        row = np.where(high, self._rows[1][level[1]], self._rows[0][level[0]])
        tile = self.design.tile
        vdd = np.where(tile < 0, self._rows[1][0], row[np.maximum(tile, 0)]).astype(np.int32)
        self._state = self.graph.evaluate(vdd, self.design.variants[variant], reuse=self._state)
        return self._state.worst_slack(period)


def drooped_points(
    design: DroopedDesign,
    rails: RailModel,
    points: Sequence[OperatingPoint],
    jobs: int = 1,
    say: Callable[[str], None] = lambda text: None,
) -> list[DroopedPoint]:
    """Time every FINE-VH point with its tiles at the drops of their rails, and raise tiles where the clock is missed.

    Raising takes the run's own maps for higher frequencies of the same variant set and supplies, the nearest first: each has
    more, or other, tiles at VddH. Points of other schemes are left out: a single supply has no Vdd-MUXes.
    """
    chosen = [number for number, point in enumerate(points) if point.scheme == "fine-vh" and point.assignment]
    groups: dict[tuple[float, float], list[int]] = {}
    for number in chosen:
        groups.setdefault((points[number].vdd_l_v or 0.0, points[number].vdd_h_v or 0.0), []).append(number)
    done: list[DroopedPoint] = []

    def some(pair: tuple[float, float]) -> list[DroopedPoint]:
        found = _group(design, rails, pair, [points[k] for k in groups[pair]])
        say(f"drooped rails at {pair[0]:g}/{pair[1]:g} V")
        return [replace(one, number=groups[pair][one.number]) for one in found]

    with ThreadPoolExecutor(jobs) as pool:
        for part in pool.map(some, groups):
            done += part
    return sorted(done, key=lambda one: one.number)


def _group(
    design: DroopedDesign, rails: RailModel, supplies: tuple[float, float], points: Sequence[OperatingPoint]
) -> list[DroopedPoint]:
    """Points of one pair of supplies."""
    if not rails.programs:
        return []
    n_tiles = rails.resistance.shape[2]
    deepest = _Drops(rails, max(points, key=lambda point: point.freq_mhz))
    pair = _Pair(design, supplies, (float(deepest.worst[0].max()), float(deepest.worst[1].max())))
    order = sorted(range(len(points)), key=lambda k: points[k].freq_mhz)
    found: list[DroopedPoint] = []
    drops: dict[float, _Drops] = {}
    known: dict[tuple[str, float, str], DroopedPoint] = {}
    for k, point in enumerate(points):
        same = (point.variant, point.freq_mhz, point.assignment)
        if same in known:  # of another delta-Vdd or selector
            found.append(replace(known[same], number=k))
            continue
        if point.freq_mhz not in drops:
            drops[point.freq_mhz] = _Drops(rails, point)
        drop = drops[point.freq_mhz]
        period, high = period_ps(point.freq_mhz), parse_map(point.assignment)
        usual, worst = drop.of(high)
        at_usual, at_worst = (pair.slack(point.variant, high, each, period) for each in (usual, worst))
        # A deeper drop may be faster: of a driver, for falling inputs. The worst cycles contain the others.
        one = DroopedPoint(
            k,
            float(usual.max()),
            float(worst.max()),
            pair.slack(point.variant, high, np.zeros(n_tiles), period),
            at_usual,
            min(at_usual, at_worst),
        )
        above = dict.fromkeys(
            points[j].assignment
            for j in order
            if points[j].variant == point.variant and points[j].freq_mhz > point.freq_mhz
        )
        raised = point.assignment if one.met else _raise(pair, drop, point, [*above, "H" * n_tiles])
        known[same] = replace(one, raised=raised)
        found.append(known[same])
    return found


class _Drops:
    """Drops of the tiles of a pair of supplies at a frequency, on either supply: a tile's is nothing to the others.

    ``usual``, ``worst`` : (2, n_tile) on VddL and on VddH.
    """

    def __init__(self, rails: RailModel, point: OperatingPoint) -> None:
        n_tiles = rails.resistance.shape[2]
        found = rails.droop([replace(point, assignment=state * n_tiles) for state in "LH"])
        assert found is not None  # there are programs and two maps
        self.usual, self.worst = found.usual, found.worst

    def of(self, high: NDArray[np.bool_]) -> tuple[Real, Real]:
        """(n_tile) drops of a map: in 99.9 % of the cycles and in the worst."""
        usual, worst = (np.where(high, drop[1], drop[0]) for drop in (self.usual, self.worst))
        return usual, worst


def _raise(pair: _Pair, drop: _Drops, point: OperatingPoint, candidates: Sequence[str]) -> str:
    """The first of some maps, in their order, that meets a point's clock in the worst cycles; '' where none does.

    Found by halving: a map for a higher frequency is faster on drooped rails too, but for details.
    """
    period = period_ps(point.freq_mhz)

    def meets(k: int) -> bool:
        high = parse_map(candidates[k])
        return all(pair.slack(point.variant, high, each, period) >= -SLACK_TOLERANCE for each in drop.of(high)[::-1])

    first, last = 0, len(candidates) - 1
    if not meets(last):
        return ""
    while first < last:
        middle = (first + last) // 2
        if meets(middle):
            last = middle
        else:
            first = middle + 1
    return candidates[last]


def raised_power(points: Sequence[OperatingPoint], one: DroopedPoint) -> float | None:
    """Power, mW, of a point with the tiles that meet its clock on drooped rails; None where no map does."""
    point = points[one.number]
    if not one.raised or point.vdd_l_v is None or point.vdd_h_v is None:
        return None
    found = with_map(points, point, (point.vdd_l_v, point.vdd_h_v), one.raised, "raised")
    return None if found is None else found.power_total_mw


def drooped_csv(points: Sequence[OperatingPoint], found: Sequence[DroopedPoint]) -> str:
    """Slacks on drooped rails and the map that meets the clock there, as CSV."""
    rows: list[Row] = []
    for one in found:
        point = points[one.number]
        tiles = one.raised.count("H") if one.raised else None
        rows.append(
            (
                point.variant, point.delta_vdd_v, f"{point.freq_mhz:.6f}", point.selector, point.vdd_l_v, point.vdd_h_v,
                one.drop_usual, one.drop_worst, one.slack, one.slack_usual, one.slack_worst,
                "true" if one.met else "false", point.tiles_high, tiles, one.raised, point.power_total_mw,
                raised_power(points, one),
            )
        )  # fmt: skip
    columns = (
        "variant", "delta_vdd_v", "freq_mhz", "selector", "vdd_l_v", "vdd_h_v", "drop_usual_fraction", "drop_worst_fraction",
        "slack_ps", "slack_usual_ps", "slack_worst_ps", "met", "tiles_high", "raised_tiles_high", "raised_assignment",
        "power_total_mw", "raised_power_mw",
    )  # fmt: skip
    return table(columns, rows)
