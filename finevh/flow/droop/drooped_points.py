"""Operating points on their drooped rails: timed with each tile below its supply, and tiles raised until the clock is met."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from finevh.base.children import in_turn
from finevh.base.csv_text import Row, table
from finevh.checks import Checks
from finevh.config import may_pair, voltage_grid
from finevh.errors import InputError
from finevh.flow.droop.drooped_pair import DroopedDesign, DroopedPair, Drops, Raised, drops_between
from finevh.flow.droop.rails import RailModel
from finevh.flow.moved import weighed_anew
from finevh.schemes import OperatingPoint
from finevh.selection import Bits, Interval, parse_map
from finevh.selection.engine import EngineDesign
from finevh.units import SLACK_TOLERANCE, period_ps

_DECIMALS = 4
"""Of a volt: two supplies of a run that agree in these are one."""
_Supplies = tuple[float, float]
_Wanted = tuple[str, float]
"""Variant set and frequency, MHz."""


@dataclass(frozen=True)
class DroopedPoint:
    """What became of a FINE-VH point on its rails: slacks, ps, and the map with which it meets its clock.

    Attributes
    ----------
    number : row of the points that were given.
    drop_usual, drop_worst : greatest drop of a tile over its supply, in 99.9 % of the cycles and in the worst.
    slack : at the supplies themselves.
    slack_usual, slack_worst : with each tile at those drops; minus infinity where one drops deeper than the library reaches.
    raised : the cheapest map found that meets the clock in the worst cycles, between ``raised_supplies``, V, a pair of the run on
        the point's grid; empty where none does, the point's own where it does.
    raised_slack, raised_slack_usual, raised_slack_worst : the same slacks of that map.
    """

    number: int
    drop_usual: float
    drop_worst: float
    slack: float
    slack_usual: float
    slack_worst: float
    raised: str = ""
    raised_supplies: tuple[float, float] | None = None
    raised_slack: float = float("nan")
    raised_slack_usual: float = float("nan")
    raised_slack_worst: float = float("nan")
    raised_power: float | None = None
    """mW; that of the point itself where its own map meets the clock."""
    trouble: str = ""
    """Why the point could not be timed."""

    @property
    def met(self) -> bool:
        """Whether the point's own map meets its clock in the worst cycles."""
        return self.slack_worst >= -SLACK_TOLERANCE


_Found = tuple[list[DroopedPoint], dict[_Wanted, Raised]]


class _Task:
    """What is to be timed and found, and what was, pair by pair of supplies."""

    def __init__(
        self, design: DroopedDesign, rails: RailModel, points: Sequence[OperatingPoint], chosen: Sequence[int]
    ) -> None:
        self.design, self.rails, self.points = design, rails, points
        self.pairs = [(round(low, _DECIMALS), round(high, _DECIMALS)) for low, high in rails.pairs.tolist()]
        self._widest = max(high - low for low, high in self.pairs)
        self._range = min(low for low, _ in self.pairs), max(high for _, high in self.pairs)
        self.wanted: dict[_Wanted, list[int]] = {}
        """Points of each variant set and frequency, MHz."""
        for number in chosen:
            self.wanted.setdefault((points[number].variant, points[number].freq_mhz), []).append(number)
        self._timed: dict[int, DroopedPoint] = {}
        self._raised: dict[_Wanted, list[Raised]] = {}

    def _pair_of(self, number: int) -> _Supplies:
        point = self.points[number]
        return round(point.vdd_l_v or 0.0, _DECIMALS), round(point.vdd_h_v or 0.0, _DECIMALS)

    def _allows(self, number: int, pair: _Supplies) -> bool:
        """Whether a point may be between two supplies: those of its grid, no wider apart than any pair of the run."""
        delta = self.points[number].delta_vdd_v
        return pair == self._pair_of(number) or may_pair(*pair, voltage_grid(*self._range, delta), self._widest)

    def _best(self, number: int) -> Raised | None:
        """The cheapest map found that a point may have."""
        point = self.points[number]
        found = [
            one for one in self._raised.get((point.variant, point.freq_mhz), []) if self._allows(number, one.supplies)
        ]
        return min(found, key=lambda one: one.power, default=None)

    def _asks(self, pair: _Supplies) -> list[_Wanted]:
        """What a pair of supplies may serve at less power than is known, highest frequency first."""
        found = []
        for wanted, numbers in self.wanted.items():
            variant, frequency = wanted
            engine = self.design.engines[variant]
            period = engine.single_period[engine.vdd_index(pair[1])]
            if period > period_ps(frequency) + SLACK_TOLERANCE:
                continue
            low = engine.weigh(Interval(*pair), np.zeros(engine.n_tiles, dtype=bool)).power(frequency)
            open_ = [number for number in numbers if self._allows(number, pair) and not self._is_met(number)]
            best = [self._best(number) for number in open_]
            if any(one is None or low < one.power for one in best):
                found.append(wanted)
        return sorted(found, key=lambda wanted: (wanted[0], -wanted[1]))

    def _is_met(self, number: int) -> bool:
        return number in self._timed and self._timed[number].met

    def begin(self, supplies: _Supplies) -> list[Callable[[], _Found]]:
        """What is to be done between a pair of supplies, by variant set: time its points, search maps for those that miss."""
        own = [number for numbers in self.wanted.values() for number in numbers if self._pair_of(number) == supplies]
        asked = self._asks(supplies)
        frequencies = {self.points[number].freq_mhz for number in own} | {frequency for _, frequency in asked}
        if not frequencies:
            return []
        drops = drops_between(self.rails, supplies, sorted(frequencies))
        try:
            pair = DroopedPair(self.design, supplies, list(drops.values()))
        except InputError as error:
            troubled = self._troubled(own, drops, error)
            return [lambda: (troubled, {})]
        variants = dict.fromkeys([*(self.points[number].variant for number in own), *(variant for variant, _ in asked)])
        return [
            partial(
                self._find,
                pair,
                [number for number in own if self.points[number].variant == variant],
                [wanted for wanted in asked if wanted[0] == variant],
                drops,
            )
            for variant in variants
        ]

    def _find(
        self, pair: DroopedPair, own: Sequence[int], asked: Sequence[_Wanted], drops: Mapping[float, Drops]
    ) -> _Found:
        """The points of one variant set as they are, and the maps that serve any that misses."""
        try:
            timed = self._timed_points(pair, own, drops)
            return timed, self._searched(pair, asked, drops, {one.number for one in timed if one.met})
        except InputError as error:
            return self._troubled(own, drops, error), {}

    def _troubled(self, own: Sequence[int], drops: Mapping[float, Drops], error: InputError) -> list[DroopedPoint]:
        nothing = float("nan")
        return [
            DroopedPoint(number, *self._greatest(number, drops), nothing, -np.inf, -np.inf, trouble=str(error))
            for number in own
        ]

    def _greatest(self, number: int, drops: Mapping[float, Drops]) -> tuple[float, float]:
        point = self.points[number]
        return drops[point.freq_mhz].greatest(parse_map(point.assignment))

    def _timed_points(self, pair: DroopedPair, own: Sequence[int], drops: Mapping[float, Drops]) -> list[DroopedPoint]:
        found: dict[tuple[str, float, str], DroopedPoint] = {}
        for number in own:
            point = self.points[number]
            same = point.variant, point.freq_mhz, point.assignment
            if same not in found:  # of another delta-Vdd or selector
                period, high = period_ps(point.freq_mhz), parse_map(point.assignment)
                slacks = pair.slacks(point.variant, high, drops[point.freq_mhz], period)
                found[same] = DroopedPoint(number, *self._greatest(number, drops), *slacks)
        return [
            replace(found[point.variant, point.freq_mhz, point.assignment], number=number)
            for number in own
            for point in [self.points[number]]
        ]

    def _searched(
        self, pair: DroopedPair, asked: Sequence[_Wanted], drops: Mapping[float, Drops], met: set[int]
    ) -> dict[_Wanted, Raised]:
        found: dict[_Wanted, Raised] = {}
        last: tuple[str, Bits] | None = None
        for variant, frequency in asked:
            numbers = [number for number in self.wanted[variant, frequency] if self._allows(number, pair.supplies)]
            if all(number in met or self._is_met(number) for number in numbers):
                continue
            starts = self._starts(variant, frequency, pair.supplies)
            if last is not None and last[0] == variant:
                starts.append(last[1])  # what meets a higher frequency meets this one, but for details
            one = pair.search(variant, frequency, drops[frequency], starts)
            if one is not None:
                found[variant, frequency] = one
                last = variant, parse_map(one.text)
        return found

    def _starts(self, variant: str, frequency: float, supplies: _Supplies) -> list[Bits]:
        """Maps of the run to begin from: of this frequency and of the next one above; those without any of its tiles at VddH."""
        maps: dict[float, list[str]] = {}
        for (other, at), numbers in self.wanted.items():
            if other == variant and at >= frequency:
                texts = [self.points[number].assignment for number in numbers if self._pair_of(number) == supplies]
                if texts:
                    maps[at] = texts
        near = [text for at in sorted(maps)[:2] for text in maps[at]]
        n_tiles = self.rails.resistance.shape[2]
        ends = ["H" * n_tiles] if near else ["H" * n_tiles, "L" * n_tiles]
        return [parse_map(text) for text in dict.fromkeys([*near, *ends])]

    def take(self, found: _Found) -> None:
        """Keep what a variant set gave between a pair of supplies."""
        timed, raised = found
        self._timed.update({one.number: one for one in timed})
        for wanted, one in raised.items():
            self._raised.setdefault(wanted, []).append(one)

    def settled(self, number: int) -> DroopedPoint:
        """A point with the map that meets its clock."""
        one, point = self._timed[number], self.points[number]
        if one.met:
            raised = Raised(
                point.assignment,
                self._pair_of(number),
                point.power_total_mw,
                (one.slack, one.slack_usual, one.slack_worst),
            )
        else:
            best = self._best(number)
            if best is None:
                return one
            raised = best
        plain, usual, worst = raised.slacks
        return replace(
            one,
            raised=raised.text,
            raised_supplies=raised.supplies,
            raised_slack=plain,
            raised_slack_usual=usual,
            raised_slack_worst=worst,
            raised_power=raised.power,
        )


def drooped_points(
    design: DroopedDesign,
    rails: RailModel,
    points: Sequence[OperatingPoint],
    jobs: int = 1,
    say: Callable[[str], None] = lambda text: None,
) -> list[DroopedPoint]:
    """Time every FINE-VH point with its tiles at the drops of their rails, and take another map where the clock is missed.

    It is the cheapest that a search with drooped timing finds between any two supplies of the run on the point's grid, no wider
    apart than the widest of the run. Points of other schemes are left out: a single supply has no Vdd-MUXes.
    """
    chosen = [number for number, point in enumerate(points) if point.scheme == "fine-vh" and point.assignment]
    if not rails.programs or not chosen:
        return []
    task = _Task(design, rails, points, chosen)
    # From the lowest supplies up: what is found there bounds what those above may draw.
    for low in sorted({pair[0] for pair in task.pairs}):
        level = [pair for pair in task.pairs if pair[0] == low]
        with ThreadPoolExecutor(jobs) as pool:
            begun = list(pool.map(task.begin, level))
        # A variant set after the other, pairs beside each other: a child mostly stays with a pair, whose tables it has.
        beside = [one for tasks in itertools.zip_longest(*begun) for one in tasks if one is not None]
        for found in in_turn(beside, jobs):
            task.take(found)
        for pair in level:
            say(f"drooped rails at {pair[0]:g}/{pair[1]:g} V")
    return [task.settled(number) for number in chosen]


def settle_on_rails(
    points: Sequence[OperatingPoint], found: Sequence[DroopedPoint], engines: Mapping[str, EngineDesign]
) -> tuple[OperatingPoint, ...]:
    """The points with the maps that meet their clocks on drooped rails, where there is one; both numbers in each.

    Maps that ``engines`` weighed have no share of the clock and of glitches yet.
    """
    settled = list(points)
    for one in found:
        point = points[one.number]
        moved, slack = point, one.slack_worst
        if not one.met and one.raised_supplies is not None:
            moved = weighed_anew(point, one.raised_supplies, one.raised, engines[point.variant], "raised")
            moved, slack = replace(moved, worst_slack_ps=one.raised_slack), one.raised_slack_worst
        settled[one.number] = replace(moved, drooped_slack_ps=_known(slack), nominal_power_mw=point.power_total_mw)
    return tuple(settled)


def with_nominal_power(
    points: Sequence[OperatingPoint], nominal: Sequence[OperatingPoint]
) -> tuple[OperatingPoint, ...]:
    """Points on their rails beside the power of the same rows of ``nominal``, before tiles were raised."""
    return tuple(
        point if point.nominal_power_mw is None else replace(point, nominal_power_mw=before.power_total_mw)
        for point, before in zip(points, nominal, strict=True)
    )


def _known(slack: float) -> float | None:
    return slack if np.isfinite(slack) else None


def book_rails(checks: Checks, points: Sequence[OperatingPoint], found: Sequence[DroopedPoint]) -> None:
    """Say how many points their rails cost a map, what the others draw more, and which no map of the run serves."""
    missed = [one for one in found if not one.met]
    if not missed:
        return
    raised = [(power, points[one.number]) for one in missed if (power := one.raised_power) is not None]
    cost = sum(power / point.power_total_mw - 1.0 for power, point in raised) / max(len(raised), 1)
    worst = max(one.drop_worst for one in missed)
    checks.add(
        "rails_raised",
        [f"{len(raised)} of {len(found)} FINE-VH points, drops up to {worst:.1%}, at {cost:+.1%} power on average"],
        count=len(raised),
    )
    lost = sorted({round(points[one.number].freq_mhz) for one in missed if not one.raised})
    checks.add("rails_missed", [f"{frequency} MHz" for frequency in lost], count=len(missed) - len(raised))
    deep = [one for one in missed if not one.raised and _known(one.slack_worst) is None]
    checks.add(
        "rails_not_timed",
        [one.trouble or f"{points[one.number].freq_mhz:.0f} MHz, a drop of {one.drop_worst:.1%}" for one in deep],
    )


def drooped_csv(points: Sequence[OperatingPoint], found: Sequence[DroopedPoint]) -> str:
    """Slacks on drooped rails and the map that meets the clock there, as CSV."""
    rows: list[Row] = []
    for one in found:
        point = points[one.number]
        tiles = one.raised.count("H") if one.raised else None
        rows.append(
            (
                point.variant, point.delta_vdd_v, f"{point.freq_mhz:.6f}", point.selector, point.vdd_l_v, point.vdd_h_v,
                one.drop_usual, one.drop_worst, _known(one.slack), _known(one.slack_usual), _known(one.slack_worst),
                "true" if one.met else "false", point.tiles_high, tiles, one.raised, point.power_total_mw,
                one.raised_power, *(one.raised_supplies or (None, None)),
                *(value if one.raised else None for value in (one.raised_slack, one.raised_slack_usual, one.raised_slack_worst)),
            )
        )  # fmt: skip
    columns = (
        "variant", "delta_vdd_v", "freq_mhz", "selector", "vdd_l_v", "vdd_h_v", "drop_usual_fraction", "drop_worst_fraction",
        "slack_ps", "slack_usual_ps", "slack_worst_ps", "met", "tiles_high", "raised_tiles_high", "raised_assignment",
        "power_total_mw", "raised_power_mw", "raised_vdd_l_v", "raised_vdd_h_v", "raised_slack_ps", "raised_slack_usual_ps",
        "raised_slack_worst_ps",
    )  # fmt: skip
    return table(columns, rows)
