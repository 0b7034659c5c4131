"""Points on drooped rails take the cheapest map, priced with its own glitches, of all that meet their clock there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial

import numpy as np

from finevh.base.children import in_turn
from finevh.errors import InputError
from finevh.flow.cheapest_maps import Envelope, MapOf, takes_part
from finevh.flow.droop.drooped_pair import DroopedDesign, DroopedPair, drops_between
from finevh.flow.droop.drooped_points import DroopedPoint
from finevh.flow.droop.rails import RailModel
from finevh.schemes import OperatingPoint
from finevh.selection import parse_map
from finevh.units import SLACK_TOLERANCE, period_ps

_Supplies = tuple[float, float]
_At = tuple[MapOf, float]
"""A map at a frequency, MHz."""


@dataclass(frozen=True)
class _Timed:
    """Drops, in the usual and in the worst cycles, and slacks, ps: at the supplies, in the usual and in the worst cycles."""

    drops: tuple[float, float]
    slacks: tuple[float, float, float]
    trouble: str = ""

    @property
    def met(self) -> bool:
        return self.slacks[2] >= -SLACK_TOLERANCE


@dataclass
class _Asked:
    """What is to be timed between two supplies."""

    maps: list[_At] = field(default_factory=list)
    """Each of them."""
    first: list[list[_At]] = field(default_factory=list)
    """Of each list, cheapest first, up to the first that meets its clock."""

    @property
    def work(self) -> int:
        """Maps that are timed at most."""
        return len(self.maps) + sum(map(len, self.first))


def _timed(design: DroopedDesign, rails: RailModel, supplies: _Supplies, asked: _Asked) -> dict[_At, _Timed]:
    every = [*asked.maps, *(at for some in asked.first for at in some)]
    drops = drops_between(rails, supplies, sorted({frequency for _, frequency in every}))
    found: dict[_At, _Timed] = {}

    def lost(at: _At, error: InputError) -> _Timed:
        greatest = drops[at[1]].greatest(parse_map(at[0].assignment))
        return _Timed(greatest, (float("nan"), -np.inf, -np.inf), str(error))

    try:
        pair = DroopedPair(design, supplies, list(drops.values()))
    except InputError as error:
        return {at: lost(at, error) for at in asked.maps}

    def time(at: _At) -> _Timed:
        if at not in found:
            (one, frequency), high = at, parse_map(at[0].assignment)
            try:
                slacks = pair.slacks(one.variant, high, drops[frequency], period_ps(frequency))
                found[at] = _Timed(drops[frequency].greatest(high), slacks)
            except InputError as error:
                found[at] = lost(at, error)
        return found[at]

    for at in asked.maps:
        time(at)
    for some in asked.first:
        next((at for at in some if time(at).met), None)
    return found


class _Pool:
    """What is known of maps on their rails, and what is left to time."""

    def __init__(
        self,
        envelope: Envelope,
        before: Sequence[OperatingPoint],
        points: Sequence[OperatingPoint],
        found: Sequence[DroopedPoint],
    ) -> None:
        self.envelope, self.points = envelope, points
        self.known: dict[_At, _Timed] = {}
        """Found by the search."""
        self._missed: dict[MapOf, float] = {}
        """The lowest frequency that a map was seen to miss, MHz."""
        for one in found:
            frequency = before[one.number].freq_mhz
            own = MapOf.of(before[one.number])
            slacks = one.slack, one.slack_usual, one.slack_worst
            self.known[own, frequency] = _Timed((one.drop_usual, one.drop_worst), slacks, one.trouble)
            if not one.met:
                self._missed[own] = min(self._missed.get(own, np.inf), frequency)
                if one.raised and one.raised_supplies is not None:
                    slacks = one.raised_slack, one.raised_slack_usual, one.raised_slack_worst
                    raised = MapOf(own.variant, one.raised_supplies, one.raised)
                    self.known.setdefault((raised, frequency), _Timed((np.nan, np.nan), slacks))

    def able(self, number: int) -> list[tuple[float, MapOf]]:
        """Maps that a point may have and that are known to meet its clock on their rails, with their power, mW."""
        point = self.points[number]
        maps = self.envelope.below(point, np.inf)
        return [pair for pair in maps if (timed := self.known.get((pair[1], point.freq_mhz))) is not None and timed.met]

    def cheaper(self, number: int) -> list[MapOf]:
        """Maps that may meet a point's clock on their rails and draw less than those known to do, cheapest first."""
        point = self.points[number]
        limit = min((power for power, _ in self.able(number)), default=np.inf)
        return [
            one
            for _, one in self.envelope.below(point, limit)
            if (one, point.freq_mhz) not in self.known and self._missed.get(one, np.inf) > point.freq_mhz
        ]


def cheapest_on_rails(
    design: DroopedDesign,
    rails: RailModel,
    envelope: Envelope,
    before: Sequence[OperatingPoint],
    points: Sequence[OperatingPoint],
    found: Sequence[DroopedPoint],
    jobs: int = 1,
) -> list[DroopedPoint]:
    """What became of points on their rails, once each may take any map that was simulated.

    Parameters
    ----------
    before, points
        The rows with the maps that were chosen by the glitches of the middle supply, and by their own.
    found
        What became of ``before``.
    """
    pool = _Pool(envelope, before, points, found)
    taking = [one for one in found if takes_part(points[one.number])]
    asked: dict[_Supplies, _Asked] = {}
    for one in taking:
        point = points[one.number]
        own = MapOf.of(point), point.freq_mhz
        if own not in pool.known:
            asked.setdefault(own[0].supplies, _Asked()).maps.append(own)
        by_pair: dict[_Supplies, list[_At]] = {}
        for other in pool.cheaper(one.number):
            by_pair.setdefault(other.supplies, []).append((other, point.freq_mhz))
        for supplies, some in by_pair.items():
            asked.setdefault(supplies, _Asked()).first.append(some)
    longest = sorted(asked, key=lambda supplies: (-asked[supplies].work, supplies))
    for timed in in_turn([partial(_timed, design, rails, supplies, asked[supplies]) for supplies in longest], jobs):
        pool.known |= timed
    settled = {one.number: _settled(pool, before[one.number], one) for one in taking}
    return [settled.get(one.number, one) for one in found]


def _settled(pool: _Pool, before: OperatingPoint, one: DroopedPoint) -> DroopedPoint:
    point = pool.points[one.number]
    own = MapOf.of(point)
    timed = pool.known[own, point.freq_mhz]
    plain = DroopedPoint(one.number, *timed.drops, *timed.slacks, trouble=timed.trouble)
    able = pool.able(one.number)
    if timed.met:
        able = [(point.power_total_mw, own)]
    if not able:
        if own == MapOf.of(before):
            return one
        return replace(
            plain,
            **{column.name: getattr(one, column.name) for column in fields(one) if column.name.startswith("raised")},
        )
    power, best = min(able, key=lambda pair: pair[0])
    slack, usual, worst = pool.known[best, point.freq_mhz].slacks
    return replace(
        plain,
        raised=best.assignment,
        raised_supplies=best.supplies,
        raised_slack=slack,
        raised_slack_usual=usual,
        raised_slack_worst=worst,
        raised_power=power,
    )
