"""FINE-VH: a voltage per tile, chosen by a selector, and the lower envelope over all maps that were found."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from finevh.config import may_pair
from finevh.errors import NotReachableError
from finevh.schemes.operating_point import OperatingPoint, SchemeName, power_columns
from finevh.schemes.scheme import Answer
from finevh.schemes.voltage_curve import Curve
from finevh.selection import (
    SELECTORS,
    Choice,
    Energy,
    Interval,
    Selector,
    VoltageMap,
    area_low_fraction,
    select_lowered,
)
from finevh.units import SLACK_TOLERANCE, period_ps


@dataclass(frozen=True)
class KnownMap:
    """A voltage map that was timed and weighed: it serves every frequency up to its own."""

    map: VoltageMap
    min_period: float
    """ps."""
    energy: Energy


@dataclass(frozen=True)
class FoundMap(Answer):
    """An answer of FINE-VH, and the map behind it."""

    known: KnownMap
    seconds: float | None = None
    """What a search with a proof took."""


def known_maps(answers: Iterable[Answer]) -> list[KnownMap]:
    """The maps behind answers."""
    return [answer.known for answer in answers if isinstance(answer, FoundMap)]


@dataclass(frozen=True)
class FineVh:
    """A voltage per tile between two voltages of a grid."""

    curve: Curve
    delta_vdd: float
    selector: str = "greedy"
    widest: float = 0.0
    """Pairs of voltages this far apart, V, may be used beside neighbours of the grid."""
    seconds: float | None = None
    """Time limit of a point, for selectors that take one."""
    name: SchemeName = "fine-vh"

    @property
    def _selector(self) -> Selector:
        return SELECTORS[self.selector]

    def interval_of(self, frequency: float) -> Interval:
        """Return the interval whose VddH is the lowest that meets the frequency, MHz."""
        high = max(self.curve.lowest(frequency), 1)
        return Interval(self.curve.vdds[high - 1], self.curve.vdds[high])

    def parts(self, frequencies: Sequence[float]) -> list[list[float]]:
        """See :class:`finevh.schemes.Scheme`: a part per interval."""
        return [list(part) for _, part in itertools.groupby(frequencies, self._interval_if_reached)]

    def _interval_if_reached(self, frequency: float) -> Interval | None:
        try:
            return self.interval_of(frequency)
        except NotReachableError:
            return None

    def answers(self, frequencies: Sequence[float]) -> list[Answer]:
        """See :class:`finevh.schemes.Scheme`; the frequencies of one interval share one run of the selector."""
        results: dict[float, Answer] = {}
        by_interval: dict[Interval, list[float]] = {}
        for frequency in frequencies:
            try:
                by_interval.setdefault(self.interval_of(frequency), []).append(frequency)
            except NotReachableError as error:
                results[frequency] = Answer(frequency, error)
        for interval, inside in by_interval.items():
            periods = [period_ps(frequency) for frequency in inside]
            choices = self._selector.choose(self.curve.design, interval, periods, self.seconds)
            for frequency, choice in zip(inside, choices, strict=True):
                if isinstance(choice, NotReachableError):
                    # Algorithm 5 may end without an answer; all tiles at VddH is Vdd-hopping and always meets the clock.
                    choice = select_lowered(self.curve.design, interval, period_ps(frequency))
                known = KnownMap(VoltageMap(interval, choice.high), choice.min_period, choice.energy)
                results[frequency] = FoundMap(frequency, self._point(known, frequency, choice), known, choice.seconds)
        return [results[frequency] for frequency in frequencies]

    def points(self, frequencies: Sequence[float]) -> list[OperatingPoint | NotReachableError]:
        """See :class:`finevh.schemes.Scheme`."""
        return self.settle(self.answers(frequencies))

    def settle(
        self, answers: Sequence[Answer], others: Sequence[KnownMap] = ()
    ) -> list[OperatingPoint | NotReachableError]:
        """Give each frequency the cheapest of all maps known that meet it, its own answer where none is cheaper.

        Selectors whose curve is that of the thesis keep their answers.

        Parameters
        ----------
        others
            Maps found elsewhere; taken where both voltages are on this grid and near enough to each other.
        """
        if not self._selector.envelope:
            return [answer.result for answer in answers]
        known = [
            *known_maps(answers),
            *(other for other in others if self._allows(other.map.interval)),
            *self._single(),
        ]
        results: list[OperatingPoint | NotReachableError] = []
        for answer in answers:
            if not isinstance(answer, FoundMap):
                results.append(answer.result)
                continue
            frequency, period = answer.frequency, period_ps(answer.frequency)
            able = [other for other in known if other.min_period <= period + SLACK_TOLERANCE]
            cheapest = min([answer.known, *able], key=lambda other: other.energy.power(frequency))
            if cheapest is answer.known:
                results.append(answer.result)
                continue
            point = self._point(cheapest, frequency)
            bound = None if isinstance(answer.result, NotReachableError) else answer.result.bound_mw
            results.append(point if bound is None else replace(point, bound_mw=min(bound, point.power_total_mw)))
        return results

    def _single(self) -> list[KnownMap]:
        """All tiles at one voltage of the grid: Vdd-hopping is a map too, behind Vdd-MUXes that leak."""
        curve, high = self.curve, np.ones(self.curve.design.n_tiles, dtype=bool)
        found = []
        for i, pair in enumerate(itertools.pairwise(curve.vdds)):
            leaks = curve.design.vdd_mux_leakage(Interval(*pair), high) or 0.0
            energy = curve.energy[i + 1].plus(Energy(0.0, 0.0, leaks, 0.0))
            found.append(KnownMap(VoltageMap(Interval(*pair), high), curve.min_period[i + 1], energy))
        return found

    def _allows(self, interval: Interval) -> bool:
        return may_pair(interval.low, interval.high, self.curve.vdds, max(self.widest, self.delta_vdd))

    def _point(self, known: KnownMap, frequency: float, choice: Choice | None = None) -> OperatingPoint:
        design, interval, high = self.curve.design, known.map.interval, known.map.high
        return OperatingPoint(
            self.curve.name,
            design.n_tiles,
            self.name,
            self.curve.variant,
            self.delta_vdd,
            vdd_l_v=interval.low,
            vdd_h_v=interval.high,
            vdd_v=None,
            tiles_high=int(high.sum()),
            area_low_fraction=area_low_fraction(design, high),
            worst_slack_ps=period_ps(frequency) - known.min_period if choice is None else choice.slack,
            selector=self.selector + (":shared" if choice is None else choice.note),
            assignment=known.map.text,
            bound_mw=None if choice is None else choice.bound,
            power_vdd_mux_leakage_mw=design.vdd_mux_leakage(interval, high),
            **power_columns(known.energy.at(frequency), frequency),
        )
