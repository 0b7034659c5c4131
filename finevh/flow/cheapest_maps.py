"""The cheapest map of every frequency, once maps are priced with the glitches of their own delays.

Selectors and schemes choose by the glitches of one supply's delays. What the own glitches of a map draw in a cycle is a property
of the map, not of the frequency, so a map that was simulated once has a price at every frequency that it meets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from finevh.config import Flow, may_pair
from finevh.flow.moved import weighed_anew
from finevh.flow.own_glitches import MapKey, OwnGlitches, added_power, keys_of
from finevh.schemes import Curve, OperatingPoint, SingleVoltageScheme, VddDithering
from finevh.schemes.operating_point import power_columns
from finevh.selection import SELECTORS, Energy, Interval, parse_map
from finevh.selection.engine import EngineDesign
from finevh.units import SLACK_TOLERANCE, VOLTAGE_TOLERANCE, period_ps

_SAME = 1e-9
"""Relative difference below which two powers are one: they were summed in another order."""
_DECIMALS = 4
"""Of a volt: two supplies that agree in these are one."""


@dataclass(frozen=True)
class MapOf:
    """A voltage map of a variant set: supplies, V, and a letter per tile."""

    variant: str
    supplies: tuple[float, float]
    assignment: str

    @staticmethod
    def of(point: OperatingPoint) -> MapOf:
        """The map of a FINE-VH point."""
        assert point.vdd_l_v is not None  # a FINE-VH point has both
        assert point.vdd_h_v is not None
        supplies = round(point.vdd_l_v, _DECIMALS), round(point.vdd_h_v, _DECIMALS)
        return MapOf(point.variant, supplies, point.assignment)

    @property
    def interval(self) -> Interval:
        """Its supplies."""
        return Interval(*self.supplies)

    @property
    def key(self) -> MapKey:
        """What its glitches go by."""
        return MapKey.of(self.variant, *self.supplies, self.assignment)


def takes_part(point: OperatingPoint) -> bool:
    """Whether a point is one of FINE-VH that may take another map; Algorithm 5's curve keeps its own."""
    return point.scheme == "fine-vh" and bool(point.assignment) and SELECTORS[point.selector.split(":")[0]].envelope


class Envelope:
    """Maps of a run with their prices, and which of them a point may take.

    Parameters
    ----------
    points
        Whose maps are known, weighed with the glitches of the middle supply.
    """

    def __init__(
        self,
        flow: Flow,
        own: OwnGlitches,
        designs: Mapping[str, EngineDesign],
        points: Sequence[OperatingPoint],
        jobs: int = 1,
    ) -> None:
        self._flow, self._own, self._designs = flow, own, designs
        schemes = flow.schemes
        self._grids = {delta: schemes.grid(delta) for delta in schemes.delta_vdd}
        self._widest = max(schemes.delta_vdd, default=0.0)
        supplies = {vdd for grid in self._grids.values() for vdd in (*grid, *schemes.grid(schemes.ideal_step))}
        own.prepare([MapKey.at(variant, vdd) for variant in designs for vdd in sorted(supplies)], jobs)
        self._periods: dict[MapOf, float] = {}
        found: dict[MapOf, None] = {}
        for point in points:
            if point.scheme == "fine-vh" and point.assignment:
                one = MapOf.of(point)
                found[one] = None
                if point.worst_slack_ps is not None and designs[point.variant].single_trajectory:
                    self._periods.setdefault(one, period_ps(point.freq_mhz) - point.worst_slack_ps)
        for variant, design in designs.items():
            for low, high in schemes.pairs:
                found[MapOf(variant, (round(low, _DECIMALS), round(high, _DECIMALS)), "H" * design.n_tiles)] = None
        self._maps = list(found) if any(point.scheme == "fine-vh" for point in points) else []
        self._prices: dict[MapOf, Energy] = {}

    @cached_property
    def simulated(self) -> list[MapOf]:
        """Maps whose glitches were simulated, those whose supplies are all that was included."""
        left = set(self._own.left(one.key for one in self._maps))
        return [one for one in self._maps if one.key not in left]

    def price(self, one: MapOf) -> Energy:
        """Energy of a map with its own glitches; where these were not simulated, with those of the nearest maps."""
        if one not in self._prices:
            weighed = self._designs[one.variant].weigh(one.interval, parse_map(one.assignment))
            self._prices[one] = weighed.plus(self._own.interpolated(one.key).average)
        return self._prices[one]

    def min_period(self, one: MapOf) -> float:
        """Least clock period of a map at its supplies, ps."""
        if one not in self._periods:
            timing = self._designs[one.variant].evaluate(one.interval, parse_map(one.assignment))
            self._periods[one] = timing.min_period
        return self._periods[one]

    def _allows(self, delta: float, supplies: tuple[float, float]) -> bool:
        grid = next(grid for known, grid in self._grids.items() if abs(known - delta) < VOLTAGE_TOLERANCE)
        return may_pair(*supplies, grid, self._widest)

    def below(self, point: OperatingPoint, power: float) -> list[tuple[float, MapOf]]:
        """Simulated maps that a point may have, that meet its clock at their supplies and draw less than some mW, in order."""
        priced = [
            (self.price(one).power(point.freq_mhz), one)
            for one in self.simulated
            if one.variant == point.variant and self._allows(point.delta_vdd_v, one.supplies)
        ]
        cheaper = sorted(
            (pair for pair in priced if pair[0] < power * (1.0 - _SAME)),
            key=lambda pair: (pair[0], pair[1].supplies, pair[1].assignment),
        )
        return [pair for pair in cheaper if self.min_period(pair[1]) <= period_ps(point.freq_mhz) + SLACK_TOLERANCE]

    def settle(self, points: Sequence[OperatingPoint]) -> list[OperatingPoint]:
        """Points, weighed with the glitches of the middle supply, each with the cheapest map or supplies by own glitches.

        Those that move have no share of the clock and of glitches yet.
        """
        plain = {
            (variant, scheme.name, _volts(scheme.delta_vdd)): scheme
            for variant in self._designs
            for scheme in self._plain(variant)
        }
        settled = []
        for point in points:
            scheme = plain.get((point.variant, point.scheme, _volts(point.delta_vdd_v)))
            if takes_part(point):
                settled.append(self._mapped(point))
            elif scheme is not None:
                settled.append(self._supplied(point, scheme))
            else:
                settled.append(point)
        return settled

    def _mapped(self, point: OperatingPoint) -> OperatingPoint:
        known = self.price(MapOf.of(point)).power(point.freq_mhz)
        for _, one in self.below(point, known)[:1]:
            moved = weighed_anew(point, one.supplies, one.assignment, self._designs[point.variant], "shared")
            return replace(moved, worst_slack_ps=period_ps(point.freq_mhz) - self.min_period(one))
        return point

    def _plain(self, variant: str) -> Iterable[SingleVoltageScheme | VddDithering]:
        """The schemes without maps, of a design that draws its own glitches at each supply."""
        schemes = self._flow.schemes
        design = self._designs[variant]
        ideal = self._curve(variant, design, schemes.grid(schemes.ideal_step))
        yield SingleVoltageScheme("ideal-dvfs", ideal, schemes.ideal_step)
        for delta, grid in self._grids.items():
            coarse = self._curve(variant, design, grid)
            yield SingleVoltageScheme("vdd-hopping", coarse, delta)
            yield VddDithering(coarse, delta, self._widest)

    def _curve(self, variant: str, design: EngineDesign, grid: Sequence[float]) -> Curve:
        known = [(vdd, *design.single_voltage(vdd)) for vdd in grid]
        energy = [each.plus(self._own.shift(MapKey.at(variant, vdd)).average) for vdd, _, each in known]
        return Curve(design, "", variant, tuple(grid), tuple(period for _, period, _ in known), tuple(energy))

    def _supplied(self, point: OperatingPoint, scheme: SingleVoltageScheme | VddDithering) -> OperatingPoint:
        (found,) = scheme.points([point.freq_mhz])
        assert isinstance(found, OperatingPoint)  # the point's own supplies meet its clock
        if keys_of(found) == keys_of(point):
            return point
        design = self._designs[point.variant]
        power = added_power(found, design, lambda key: design.single_voltage(key.high)[1])
        return replace(
            point,
            vdd_l_v=found.vdd_l_v,
            vdd_h_v=found.vdd_h_v,
            vdd_v=found.vdd_v,
            worst_slack_ps=found.worst_slack_ps,
            power_clock_mw=None,
            power_glitch_mw=None,
            **power_columns(power, point.freq_mhz),
        )


def _volts(delta: float) -> float:
    return round(delta, _DECIMALS)
