"""Operating points on their drooped rails: timed with each tile below its supply, and tiles raised until the clock is met."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from finevh.base.csv_text import Row, table
from finevh.checks import Checks
from finevh.flow.moved import with_map
from finevh.flow.rails import RailModel
from finevh.schemes import OperatingPoint
from finevh.schemes.points import power_columns
from finevh.selection import Interval, area_low_fraction, map_text, parse_map
from finevh.selection.engine import EngineDesign
from finevh.technology import with_vdds
from finevh.technology.model import Int, Real, Technology
from finevh.timing import TimingGraph, TimingState
from finevh.units import SLACK_TOLERANCE, VOLTAGE_TOLERANCE, period_ps

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
    engines: Mapping[str, EngineDesign] = field(default_factory=dict)
    """By variant set, to weigh maps that the run does not have; without them its own maps alone are taken."""


@dataclass(frozen=True)
class DroopedPoint:
    """What became of a FINE-VH point on its rails: slacks, ps, and the map with which it meets its clock.

    Attributes
    ----------
    number : row of the points that were given.
    drop_usual, drop_worst : greatest drop of a tile over its supply, in 99.9 % of the cycles and in the worst.
    slack : at the supplies themselves.
    slack_usual, slack_worst : with each tile at those drops; minus infinity where one drops deeper than the library reaches.
    raised : a map of the run that meets the clock in the worst cycles, between ``raised_supplies``, V: those of the point, or of
        the interval above where no map of its own does; empty where none does, the point's own where it does.
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
    """mW, where the map was weighed."""

    @property
    def met(self) -> bool:
        """Whether the point's own map meets its clock in the worst cycles."""
        return self.slack_worst >= -SLACK_TOLERANCE


class _Pair:
    """A design at the levels below a pair of supplies."""

    def __init__(self, design: DroopedDesign, supplies: tuple[float, float], deepest: tuple[float, float]) -> None:
        self.design, self.supplies = design, supplies
        known = design.technology.vdds
        beyond = _BELOW * float(np.diff(known).min()) if len(known) > 1 else 0.0
        floor = float(known[0]) - beyond + 1e-3
        self.reach = [1.0 - floor / vdd for vdd in supplies]
        self.step = [max(min(drop, reach), 1e-6) / LEVELS for drop, reach in zip(deepest, self.reach, strict=True)]
        # Whole millivolts, rounded down: supplies of a library that lie closer are one to it.
        self.levels = [
            [vdd, *(np.floor(1e3 * vdd * (1.0 - step * k) + 1e-6) / 1e3 for k in range(1, LEVELS + 1))]
            for vdd, step in zip(supplies, self.step, strict=True)
        ]
        technology = with_vdds(design.technology, [*self.levels[0], *self.levels[1]], beyond=beyond)
        self._rows = [
            np.array([int(np.abs(technology.vdds - vdd).argmin()) for vdd in levels], dtype=np.int32)
            for levels in self.levels
        ]
        self.graph = design.graph(technology).with_port_vdd(int(self._rows[1][0]))
        self._state: TimingState | None = None

    def slack(self, variant: str, high: NDArray[np.bool_], drop: Real, period: float) -> float:
        """Worst setup slack, ps, of a map with tiles at a drop (n_tile) below their supplies, ports at VddH.

        Minus infinity where a tile drops deeper than the library reaches: nobody knows its delay, so it meets no clock.
        """
        if (drop > np.where(high, self.reach[1], self.reach[0])).any():
            return -np.inf
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
    more, or other, tiles at VddH. Where none of them meets the clock, those of the interval above follow, whose VddL is the
    point's VddH. Points of other schemes are left out: a single supply has no Vdd-MUXes.
    """
    chosen = [number for number, point in enumerate(points) if point.scheme == "fine-vh" and point.assignment]
    if not rails.programs:
        return []
    groups: dict[tuple[float, float], list[int]] = {}
    for number in chosen:
        groups.setdefault((points[number].vdd_l_v or 0.0, points[number].vdd_h_v or 0.0), []).append(number)
    done: dict[int, DroopedPoint] = {}

    def some(pair: tuple[float, float]) -> list[DroopedPoint]:
        guests = [one for one in done.values() if not one.raised and _pair_above(points[one.number], groups) == pair]
        found = _group(design, rails, pair, points, groups[pair], guests)
        say(f"drooped rails at {pair[0]:g}/{pair[1]:g} V")
        return found

    # From the lowest supplies up: an interval takes what the one below could not serve.
    for low in sorted({pair[0] for pair in groups}):
        with ThreadPoolExecutor(jobs) as pool:
            for part in list(pool.map(some, [pair for pair in groups if pair[0] == low])):
                done.update({one.number: one for one in part})
    return [done[number] for number in sorted(done)]


def _pair_above(point: OperatingPoint, pairs: Iterable[tuple[float, float]]) -> tuple[float, float] | None:
    """The pair of supplies above a point's, as wide as its own if there is one, never wider."""
    low, high = point.vdd_l_v or 0.0, point.vdd_h_v or 0.0
    near = [
        pair
        for pair in pairs
        if abs(pair[0] - high) < VOLTAGE_TOLERANCE and pair[1] - pair[0] <= high - low + VOLTAGE_TOLERANCE
    ]
    return max(near, key=lambda pair: pair[1], default=None)


def _group(
    design: DroopedDesign,
    rails: RailModel,
    supplies: tuple[float, float],
    points: Sequence[OperatingPoint],
    chosen: Sequence[int],
    guests: Sequence[DroopedPoint],
) -> list[DroopedPoint]:
    """The points ``chosen``, of one pair of supplies, and those of ``guests`` of the pair below that its maps serve."""
    n_tiles = rails.resistance.shape[2]
    deepest = _Drops(rails, max((points[k] for k in chosen), key=lambda point: point.freq_mhz))
    pair = _Pair(design, supplies, (float(deepest.worst[0].max()), float(deepest.worst[1].max())))
    order = sorted(chosen, key=lambda k: points[k].freq_mhz)

    def above(point: OperatingPoint) -> list[str]:
        """Maps of higher frequencies, ascending, and all tiles at VddH."""
        faster = (points[j] for j in order if points[j].freq_mhz > point.freq_mhz)
        return [*dict.fromkeys(one.assignment for one in faster if one.variant == point.variant), "H" * n_tiles]

    found: list[DroopedPoint] = []
    drops: dict[float, _Drops] = {}
    known: dict[tuple[str, float, str], DroopedPoint] = {}
    for k in chosen:
        point = points[k]
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
        if one.met:
            known[same] = replace(one, raised=point.assignment, raised_supplies=supplies, raised_slack=one.slack,
                                  raised_slack_usual=at_usual, raised_slack_worst=one.slack_worst)  # fmt: skip
        else:
            known[same] = _raised(pair, drop, point, one, above(point))
        found.append(known[same])
    for one in guests:
        point = replace(points[one.number], vdd_l_v=supplies[0], vdd_h_v=supplies[1])
        if point.freq_mhz not in drops:
            drops[point.freq_mhz] = _Drops(rails, point)
        found.append(_raised(pair, drops[point.freq_mhz], point, one, above(point)))
    return found


def _raised(
    pair: _Pair, drop: _Drops, point: OperatingPoint, one: DroopedPoint, candidates: Sequence[str]
) -> DroopedPoint:
    """The point with the first of some maps that meets its clock, and that map's slacks; as it is where none does."""
    text = _raise(pair, drop, point, candidates)
    if not text:
        return one
    engine, power = pair.design.engines.get(point.variant), None
    if engine is not None:
        text, power = _lowered(pair, drop, point, text, engine)
    high, period = parse_map(text), period_ps(point.freq_mhz)
    at = [pair.slack(point.variant, high, each, period) for each in (np.zeros(len(high)), *drop.of(high))]
    return replace(
        one,
        raised=text,
        raised_supplies=pair.supplies,
        raised_slack=at[0],
        raised_slack_usual=at[1],
        raised_slack_worst=min(at[1:]),
        raised_power=power,
    )


def _lowered(pair: _Pair, drop: _Drops, point: OperatingPoint, text: str, engine: EngineDesign) -> tuple[str, float]:
    """A map that meets a point's clock without the tiles at VddH that it can do without, and its power, mW.

    Tiles go to VddL one by one, those first that save most alone. The maps of the run lie one step of frequency apart, and a
    rail that costs a hundredth of the period would cost a whole step.
    """
    interval, high = Interval(*pair.supplies), parse_map(text)

    def without(tile: int) -> NDArray[np.bool_]:
        lower = high.copy()
        lower[tile] = False
        return lower

    def power(bits: NDArray[np.bool_]) -> float:
        return engine.weigh(interval, bits).power(point.freq_mhz)

    least, before = power(high), np.inf
    while least < before:  # a tile that could not go may go once others have gone: timing is not monotone
        before = least
        saved = {tile: power(without(tile)) for tile in np.flatnonzero(high).tolist()}
        for tile in sorted((tile for tile in saved if saved[tile] < least), key=lambda tile: saved[tile]):
            lower = without(tile)
            if (found := power(lower)) < least and _meets(pair, drop, point, lower):
                high, least = lower, found
    return map_text(high), least


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

    def meets(k: int) -> bool:
        return _meets(pair, drop, point, parse_map(candidates[k]))

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


def _meets(pair: _Pair, drop: _Drops, point: OperatingPoint, high: NDArray[np.bool_]) -> bool:
    """Whether a map meets a point's clock in the worst cycles, and in those that 99.9 % stay within."""
    period = period_ps(point.freq_mhz)
    return all(pair.slack(point.variant, high, each, period) >= -SLACK_TOLERANCE for each in drop.of(high)[::-1])


def raised_power(points: Sequence[OperatingPoint], one: DroopedPoint) -> float | None:
    """Power, mW, of a point with the tiles that meet its clock on drooped rails; None where no map does."""
    point = points[one.number]
    if one.raised_supplies is None:
        return None
    if one.raised_power is not None:
        return one.raised_power
    found = with_map(points, point, one.raised_supplies, one.raised, "raised")
    return None if found is None else found.power_total_mw


def settle_on_rails(
    points: Sequence[OperatingPoint], found: Sequence[DroopedPoint], engines: Mapping[str, EngineDesign] | None = None
) -> tuple[OperatingPoint, ...]:
    """The points with the maps that meet their clocks on drooped rails, where there is one; both numbers in each.

    Maps that ``engines`` weigh have no share of the clock and of glitches yet.
    """
    settled = list(points)
    for one in found:
        point = points[one.number]
        moved = None
        if not one.met and one.raised_supplies is not None:
            engine = (engines or {}).get(point.variant)
            if engine is None:
                moved = with_map(points, point, one.raised_supplies, one.raised, "raised")
            else:
                moved = _weighed(point, one.raised_supplies, one.raised, engine)
        if moved is None:
            moved, slack = point, one.slack_worst
        else:
            moved, slack = replace(moved, worst_slack_ps=one.raised_slack), one.raised_slack_worst
        settled[one.number] = replace(moved, drooped_slack_ps=_known(slack), nominal_power_mw=point.power_total_mw)
    return tuple(settled)


def _weighed(
    point: OperatingPoint, supplies: tuple[float, float], assignment: str, engine: EngineDesign
) -> OperatingPoint:
    """The point with another map, weighed anew."""
    interval, high = Interval(*supplies), parse_map(assignment)
    columns = power_columns(engine.weigh(interval, high).at(point.freq_mhz), point.freq_mhz)
    return replace(
        point,
        vdd_l_v=supplies[0],
        vdd_h_v=supplies[1],
        tiles_high=int(high.sum()),
        area_low_fraction=area_low_fraction(engine, high),
        selector=f"{point.selector.split(':')[0]}:raised",
        assignment=assignment,
        power_clock_mw=None,
        power_glitch_mw=None,
        bound_mw=None if point.bound_mw is None else min(point.bound_mw, columns["power_total_mw"]),
        **columns,
    )


def _known(slack: float) -> float | None:
    return slack if np.isfinite(slack) else None


def book_rails(checks: Checks, points: Sequence[OperatingPoint], found: Sequence[DroopedPoint]) -> None:
    """Say how many points their rails cost a map, what the others draw more, and which no map of the run serves."""
    missed = [one for one in found if not one.met]
    if not missed:
        return
    raised = [(power, points[one.number]) for one in missed if (power := raised_power(points, one)) is not None]
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
    checks.add("rails_not_timed", [f"{points[k.number].freq_mhz:.0f} MHz, a drop of {k.drop_worst:.1%}" for k in deep])


def drooped_csv(points: Sequence[OperatingPoint], found: Sequence[DroopedPoint]) -> str:
    """Slacks on drooped rails and the map that meets the clock there, as CSV."""
    rows: list[Row] = []
    for one in found:
        point = points[one.number]
        tiles = one.raised.count("H") if one.raised else None
        rows.append(
            (
                point.variant, point.delta_vdd_v, f"{point.freq_mhz:.6f}", point.selector, point.vdd_l_v, point.vdd_h_v,
                one.drop_usual, one.drop_worst, one.slack, _known(one.slack_usual), _known(one.slack_worst),
                "true" if one.met else "false", point.tiles_high, tiles, one.raised, point.power_total_mw,
                raised_power(points, one), *(one.raised_supplies or (None, None)),
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
