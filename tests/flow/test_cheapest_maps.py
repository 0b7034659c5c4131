"""The cheapest map by own glitches: against every map of a small design, and what points of each scheme take."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from finevh.config import Schemes
from finevh.flow.cheapest_maps import Envelope, MapOf
from finevh.flow.own_glitches import MapKey
from finevh.schemes import OperatingPoint
from finevh.selection import Bits, Energy, Interval, parse_map
from finevh.units import period_ps

GRID = (0.6, 0.7, 0.8)
SCHEMES = Schemes.model_validate(
    {
        "vdd_min": "0.6 V",
        "vdd_max": "0.8 V",
        "ideal_step": "0.1 V",
        "delta_vdd": ["0.2 V", "0.1 V"],
        "variants": ["pb0"],
    }
)
EVERY = [
    MapOf("pb0", pair, "".join(letters)) for pair in SCHEMES.pairs for letters in itertools.product("LH", repeat=3)
]


class Design:
    """Three tiles: a map's period falls with the sum of its voltages, its energy by the middle supply with their squares."""

    n_tiles = 3
    single_trajectory = True

    def __init__(self) -> None:
        self.single_period = {row: 1e4 / vdd**2 for row, vdd in enumerate(GRID)}
        self.tile_area = np.ones(3)

    def vdd_index(self, vdd: float) -> int:
        return int(np.abs(np.array(GRID) - vdd).argmin())

    def evaluate(self, interval: Interval, high: Bits) -> SimpleNamespace:
        return SimpleNamespace(min_period=1e4 / float(np.where(high, interval.high, interval.low).mean()) ** 2)

    def weigh(self, interval: Interval, high: Bits) -> Energy:
        vdd = np.where(high, interval.high, interval.low)
        return Energy(600.0 * float((vdd**2).sum()), 0.0, 0.01 * float(vdd.sum()), 0.0)

    def vdd_mux_leakage(self, interval: Interval, high: Bits) -> float | None:
        return None

    def single_voltage(self, vdd: float) -> tuple[float, Energy]:
        return self.single_period[self.vdd_index(vdd)], self.weigh(Interval(vdd, vdd), np.ones(3, dtype=bool))


class Own:
    """What own glitches add: mixed maps more, one of them much less, and 0.7 V more than 0.8 V."""

    def __init__(self, unknown: tuple[MapKey, ...] = ()) -> None:
        self.unknown = unknown

    def prepare(self, keys: object, jobs: int = 1) -> None:
        pass

    def left(self, keys: Any) -> list[MapKey]:
        return [key for key in keys if key in self.unknown]

    def shift(self, key: MapKey) -> SimpleNamespace:
        if key.single:
            added = 400.0 if key.high == 0.7 else 0.0
        else:
            added = 30.0 * (key.assignment.count("H") + sum(map(ord, key.assignment)) % 5) - 200.0 * (
                key.assignment == "HLH"
            )
        return SimpleNamespace(average=Energy(added, 0.0, 0.0, 0.0))

    interpolated = shift


def point(one: MapOf, frequency: float, delta: float, selector: str = "best") -> OperatingPoint:
    power = DESIGN.weigh(one.interval, parse_map(one.assignment)).at(frequency)
    slack = period_ps(frequency) - DESIGN.evaluate(one.interval, parse_map(one.assignment)).min_period
    return OperatingPoint(
        "d", 3, "fine-vh", "pb0", delta, frequency, *one.supplies, None, one.assignment.count("H"), 0.0, slack, power.total,
        power.switching, 0.0, power.leakage, 0.0, selector, one.assignment, power_clock_mw=0.1,
    )  # fmt: skip


DESIGN = Design()


def envelope(points: list[OperatingPoint], own: Own | None = None) -> Envelope:
    flow = SimpleNamespace(schemes=SCHEMES)
    return Envelope(cast(Any, flow), cast(Any, own or Own()), {"pb0": cast(Any, DESIGN)}, points)


def price(one: MapOf, frequency: float) -> float:
    own = Own().shift(one.key).average
    return DESIGN.weigh(one.interval, parse_map(one.assignment)).plus(own).power(frequency)


def able(frequency: float, delta: float) -> list[MapOf]:
    grid = SCHEMES.grid(delta)
    periods = {one: DESIGN.evaluate(one.interval, parse_map(one.assignment)).min_period for one in EVERY}
    return [
        one
        for one in EVERY
        if periods[one] <= period_ps(frequency) and all(min(abs(vdd - g) for g in grid) < 1e-9 for vdd in one.supplies)
    ]


FREQUENCIES = np.linspace(34.0, 63.5, 12).tolist()


@pytest.mark.parametrize("delta", [0.1, 0.2])
def test_each_frequency_takes_the_cheapest_of_all_maps_that_meet_it_and_power_never_falls(delta: float) -> None:
    every = [point(one, 34.0, 0.1) for one in EVERY]
    start = [point(MapOf("pb0", (0.6, 0.8), "HHH"), frequency, delta) for frequency in FREQUENCIES]
    start[-1] = point(MapOf("pb0", (0.6, 0.8), "HHH"), 63.5, delta, "greedy")
    found = envelope([*every, *start]).settle(start)
    powers = []
    for before, after in zip(start[:-1], found[:-1], strict=True):
        best = min(able(before.freq_mhz, delta), key=lambda one: price(one, before.freq_mhz))
        assert MapOf.of(after) == best
        powers.append(price(best, before.freq_mhz))
        if best == MapOf.of(before):
            assert after is before
            continue
        assert after.selector == "best:shared"
        assert after.worst_slack_ps == pytest.approx(
            period_ps(before.freq_mhz) - DESIGN.evaluate(best.interval, parse_map(best.assignment)).min_period
        )
        # Columns are those of the middle supply until own glitches are added.
        weighed = DESIGN.weigh(best.interval, parse_map(best.assignment)).power(before.freq_mhz)
        assert after.power_total_mw == pytest.approx(weighed)
        assert after.power_clock_mw is None
    assert powers == sorted(powers)
    assert len({MapOf.of(one) for one in found}) > 2
    assert found[-1] is start[-1]  # Algorithm 5's curve


def test_a_point_whose_map_is_the_cheapest_stays_as_it_is() -> None:
    best = min(able(50.0, 0.2), key=lambda one: price(one, 50.0))
    start = [point(best, 50.0, 0.2), *(point(one, 50.0, 0.2) for one in able(50.0, 0.2))]
    found = envelope(start).settle(start)
    assert found[0] is start[0]
    assert {MapOf.of(one) for one in found} == {best}


def test_maps_whose_glitches_were_not_simulated_are_taken_by_nobody() -> None:
    best, second = sorted(able(50.0, 0.2), key=lambda one: price(one, 50.0))[:2]
    start = [point(one, 50.0, 0.2) for one in able(50.0, 0.2)]
    found = envelope(start, Own((best.key,))).settle(start)
    taken = {MapOf.of(before): MapOf.of(after) for before, after in zip(start, found, strict=True)}
    assert taken.pop(best) == best
    assert best not in taken.values()
    assert {price(one, 50.0) for one in taken.values()} == {price(second, 50.0)}


def test_hopping_and_dithering_take_the_cheapest_supplies_by_own_glitches() -> None:
    plain = replace(point(MapOf("pb0", (0.6, 0.7), "HHH"), 45.0, 0.1), selector="", assignment="", tiles_high=None)
    hopping = replace(plain, scheme="vdd-hopping", vdd_l_v=None, vdd_h_v=None, vdd_v=0.7)
    dithering = replace(plain, scheme="vdd-dithering")
    moved, mixed = envelope([hopping, dithering]).settle([hopping, dithering])
    # 0.7 V alone draws 882 + 400 fJ with its own glitches, 0.8 V 1152.
    assert (moved.vdd_v, moved.power_clock_mw) == (0.8, None)
    assert moved.power_total_mw == pytest.approx(DESIGN.single_voltage(0.8)[1].power(45.0))
    assert moved.worst_slack_ps == pytest.approx(period_ps(45.0) - DESIGN.single_period[2])
    assert (mixed.vdd_l_v, mixed.vdd_h_v) == (0.6, 0.8)
    ideal = replace(hopping, scheme="ideal-dvfs", delta_vdd_v=0.1, vdd_v=0.8, power_total_mw=1.0)
    assert envelope([ideal]).settle([ideal]) == [ideal]
