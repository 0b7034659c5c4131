"""The ratio estimator of own glitches, and what it moves in operating points."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from finevh.flow.moved import with_map
from finevh.flow.own_glitches import MapKey, Middle, OwnGlitches, estimate, estimated_cycles, keys_of, with_own_glitches
from finevh.layout.supply.header_table import HeaderTable
from finevh.layout.supply.vdd_mux import VddMuxes
from finevh.power.glitches import CycleCounts, CycleSample, Replayed
from finevh.schemes import OperatingPoint
from finevh.selection import Energy

CYCLES, NETS = 400, 12


def population(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Glitches of the middle supply and of a map (n_cycle, n_net), busy cycles and idle ones, and the energy of a toggle."""
    random = np.random.default_rng(seed)
    busy = random.gamma(1.0, 3.0, (CYCLES, 1))
    middle = random.poisson(busy * random.uniform(0.2, 2.0, NETS))
    return (
        middle,
        random.binomial(middle, 0.9) + random.poisson(0.3 * busy, (CYCLES, NETS)),
        random.uniform(0.5, 2.0, NETS),
    )


def of_rows(seed: int, rows: np.ndarray) -> tuple[float, float, float]:
    """Estimate from some cycles, its standard error, and the truth, fJ per cycle."""
    middle, own, weight = population(seed)
    replayed = Replayed(own[rows].sum(axis=0), own[rows] @ weight)
    found = estimate(
        middle.mean(axis=0),
        weight,
        Middle(CycleCounts.of(middle[rows]), middle[rows].sum(axis=0)),
        replayed,
        CYCLES,
    )
    return float(found.toggles @ weight), found.error, float((own - middle).mean(axis=0) @ weight)


def test_all_cycles_give_the_truth_without_error() -> None:
    found, error, truth = of_rows(1, np.arange(CYCLES))
    assert found == pytest.approx(truth, rel=1e-9)
    assert error == 0.0


def test_estimates_scatter_about_the_truth_as_their_standard_error_says() -> None:
    random = np.random.default_rng(2)
    found = [of_rows(3, random.choice(CYCLES, 60, replace=False)) for _ in range(300)]
    off = np.array([(estimated - truth) / error for estimated, error, truth in found])
    assert abs(off.mean()) < 0.2
    assert 0.85 < off.std() < 1.2
    # The mean of what single cycles add scatters more: busy cycles add more.
    middle, own, weight = population(3)
    plain = np.std((own - middle) @ weight) / np.sqrt(60)
    assert np.mean([error for _, error, _ in found]) < plain


def test_a_design_whose_middle_supply_makes_no_glitches_takes_the_mean() -> None:
    own = np.array([[2, 0], [0, 0], [4, 2]])
    weight = np.array([1.0, 3.0])
    found = estimate(
        np.zeros(2),
        weight,
        Middle(CycleCounts.of(np.zeros((3, 2), dtype=np.int32)), np.zeros(2)),
        Replayed(own.sum(axis=0), own @ weight),
        300,
    )
    assert found.toggles.tolist() == pytest.approx([2.0, 2.0 / 3.0])
    assert found.error > 0.0


def test_half_of_a_sample_is_left_for_the_check_unless_all_cycles_were_kept() -> None:
    def sample(kept: int, cycles: int) -> CycleSample:
        return CycleSample(np.arange(kept, dtype=np.int32), *[np.zeros((kept, 1), dtype=np.uint8)] * 3, cycles, 3)

    assert estimated_cycles(sample(101, 5000)) == 50
    assert estimated_cycles(sample(300, 300)) == 300


def point(scheme: str, **changed: Any) -> OperatingPoint:
    plain = OperatingPoint(
        "d", 2, cast(Any, scheme), "pb0", 0.2, 200.0, None, None, None, None, None, 0.0, 1.0, 0.5, 0.3, 0.2, 0.0,
        power_glitch_mw=0.3, bound_mw=0.9, energy_per_cycle_pj=5.0,
    )  # fmt: skip
    return replace(plain, **changed)


SINGLE = point("ideal-dvfs", vdd_v=0.8)
DITHERED = point("vdd-dithering", vdd_l_v=0.6, vdd_h_v=0.8)
MAPPED = point("fine-vh", vdd_l_v=0.6, vdd_h_v=0.8, assignment="LH")
ALL_HIGH = point("fine-vh", vdd_l_v=0.6, vdd_h_v=0.8, assignment="HH")
ADDED = {MapKey.at("pb0", 0.6): 100.0, MapKey.at("pb0", 0.8): 300.0, MapKey.of("pb0", 0.6, 0.8, "LH"): -500.0}


class Known:
    """What own glitches add, by heart: fJ per cycle, four fifths of it switching."""

    def prepare(self, keys: object, jobs: int) -> None:
        self.asked = set(cast(Any, keys))

    def shift(self, key: MapKey) -> SimpleNamespace:
        return SimpleNamespace(average=Energy(0.8 * ADDED[key], 0.2 * ADDED[key], 0.0, 0.0))


class Design:
    """Highest frequencies of 100 and 300 MHz at 0.6 and 0.8 V."""

    def __init__(self) -> None:
        self.single_period = {0: 1e6 / 100.0, 1: 1e6 / 300.0}

    def vdd_index(self, vdd: float) -> int:
        return {0.6: 0, 0.8: 1}[vdd]


def test_points_have_one_map_or_two_supplies_and_all_tiles_high_are_one_supply() -> None:
    assert keys_of(SINGLE) == keys_of(ALL_HIGH) == (MapKey("pb0", 0.8, 0.8, ""),)
    assert [key.high for key in keys_of(DITHERED)] == [0.6, 0.8]
    assert keys_of(MAPPED) == (MapKey("pb0", 0.6, 0.8, "LH"),)


def test_power_moves_by_energy_times_frequency_and_bounds_keep_their_distance() -> None:
    own = Known()
    found = with_own_glitches(
        cast(OwnGlitches, own), {"pb0": cast(Any, Design())}, [SINGLE, DITHERED, MAPPED, ALL_HIGH]
    )
    assert own.asked == set(ADDED)
    # 300 fJ at 200 MHz are 0.06 mW; dithering spends half of the time at 100 MHz and 0.6 V, half at 300 MHz and 0.8 V.
    expected = [0.06, 0.5 * 0.01 + 0.5 * 0.09, -0.1, 0.06]
    for before, after, more in zip([SINGLE, DITHERED, MAPPED, ALL_HIGH], found, expected, strict=True):
        assert after.power_total_mw == pytest.approx(1.0 + more)
        assert after.power_switching_mw == pytest.approx(0.5 + 0.8 * more)
        assert after.power_internal_mw == pytest.approx(0.3 + 0.2 * more)
        assert after.power_glitch_mw == pytest.approx(0.3 + more)
        assert after.energy_per_cycle_pj == pytest.approx(5.0 * (1.0 + more))
        assert after.bound_mw == pytest.approx(0.9 * (1.0 + more))
        assert after.weighed_power_mw == before.power_total_mw
        assert after.power_leakage_mw == before.power_leakage_mw


def test_without_glitches_points_stay_as_they_are() -> None:
    assert with_own_glitches(None, {}, [SINGLE]) == (SINGLE,)


def test_a_point_that_takes_the_map_of_another_takes_what_it_was_weighed_with() -> None:
    other = replace(MAPPED, power_total_mw=0.9, weighed_power_mw=1.0, assignment="HL")
    moved = with_map([other], replace(MAPPED, freq_mhz=100.0), (0.6, 0.8), "HL", "raised")
    assert moved is not None
    assert moved.weighed_power_mw == pytest.approx((1.0 - 0.2) / 2 + 0.2)
    plain = with_map([replace(other, weighed_power_mw=None)], MAPPED, (0.6, 0.8), "HL", "raised")
    assert plain is not None
    assert plain.weighed_power_mw is None


def test_all_tiles_at_vddh_draw_what_one_supply_does_and_their_vdd_muxes() -> None:
    table = HeaderTable(
        "made up",
        ("VDDMUX_X1",),
        np.array([0.6]),
        np.array([0.8]),
        np.ones(1),
        np.ones(1),
        np.array([2e-3]),
        np.array([3e-3]),
    )
    muxes = VddMuxes(table, ("VDDMUX_X1", "VDDMUX_X1"), np.array([4, 5], dtype=np.int32))
    ideal = replace(SINGLE, scheme="ideal-dvfs", vdd_v=0.8, power_total_mw=1.0, weighed_power_mw=0.9)
    asked = replace(MAPPED, freq_mhz=ideal.freq_mhz / 2)
    moved = with_map([ideal], asked, (0.6, 0.8), "HH", "signoff", muxes)
    assert moved is not None
    assert moved.power_vdd_mux_leakage_mw == pytest.approx(9 * 3e-3)
    assert moved.power_leakage_mw == pytest.approx(ideal.power_leakage_mw + 9 * 3e-3)
    assert moved.power_total_mw == pytest.approx((1.0 - ideal.power_leakage_mw) / 2 + moved.power_leakage_mw)
    assert moved.weighed_power_mw == pytest.approx((0.9 - ideal.power_leakage_mw) / 2 + moved.power_leakage_mw)
    unknown = with_map([ideal], asked, (0.6, 0.8), "HH", "signoff")
    assert unknown is not None
    assert unknown.power_vdd_mux_leakage_mw is None
    assert unknown.power_leakage_mw == ideal.power_leakage_mw
