from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh import config
from finevh.base.kernel_types import compile_table
from finevh.errors import InputError, NotReachableError
from finevh.flow import kernels
from finevh.selection import (
    SELECTORS,
    Choice,
    GreedyAnswer,
    Interval,
    select_best,
    select_exact,
    select_exhaustive,
    select_greedy,
)
from finevh.selection.annealing import Annealing
from finevh.selection.cuts import CutPool
from finevh.selection.descent import Descent, _other_than
from finevh.selection.milp import path_row, quadratic_below
from finevh.units import SLACK_TOLERANCE
from tests.selection.toy import ToyDesign, random_design

INTERVAL = Interval(0.8, 1.0)
DESIGNS = {
    "seed": st.integers(0, 100_000),
    "crossing": st.sampled_from([0.0, 0.3, 0.8]),
    "groups": st.sampled_from([0, 8]),
    "hidden": st.sampled_from([0.0, 0.02]),
}


def periods(design: ToyDesign, count: int) -> list[float]:
    fast, slow = design.single_voltage(INTERVAL.high)[0], design.single_voltage(INTERVAL.low)[0]
    return [float(period) for period in np.linspace(slow, fast, count)]


def maps(n_tiles: int) -> np.ndarray:
    return (np.arange(2**n_tiles)[:, None] >> np.arange(n_tiles) & 1).astype(bool)


@settings(deadline=None, max_examples=12)
@given(**DESIGNS)
def test_the_bound_is_never_above_the_best_of_all_512_maps_and_the_answer_is_that_map(
    seed: int, crossing: float, groups: int, hidden: float
) -> None:
    design = random_design(seed, 9, 20, crossing, groups, hidden)
    asked = periods(design, 4)
    for period, best, exact in zip(
        asked, select_exhaustive(design, INTERVAL, asked), select_exact(design, INTERVAL, asked, 20.0), strict=True
    ):
        assert isinstance(best, Choice)
        assert isinstance(exact, Choice)
        optimum, found = best.energy.power(1e6 / period), exact.energy.power(1e6 / period)
        assert exact.bound is not None
        assert exact.bound <= optimum * (1 + 1e-9)
        assert optimum <= found * (1 + 1e-9)
        # Closed: what the program leaves open is its own tolerance.
        assert exact.bound >= found * (1 - 1e-5)


@settings(deadline=None, max_examples=15)
@given(**DESIGNS)
def test_no_map_of_any_selector_misses_its_clock_and_best_is_never_above_algorithm_5_or_hopping(
    seed: int, crossing: float, groups: int, hidden: float
) -> None:
    design = random_design(seed, 8, 16, crossing, groups, hidden)
    asked = periods(design, 5)
    hopping = design.energy(design.evaluate(INTERVAL, np.ones(8, dtype=bool)))
    chosen = {name: selector.choose(design, INTERVAL, asked, 5.0) for name, selector in SELECTORS.items()}
    for name, choices in chosen.items():
        for period, choice in zip(asked, choices, strict=True):
            if isinstance(choice, NotReachableError):
                assert name in ("greedy", "count")
                continue
            again = design.evaluate(INTERVAL, choice.high)
            assert again.min_period <= period + SLACK_TOLERANCE, name
            assert choice.energy == design.energy(again)
    for period, greedy, best, exact in zip(asked, chosen["greedy"], chosen["best"], chosen["exact"], strict=True):
        f = 1e6 / period
        assert isinstance(best, Choice)
        assert isinstance(exact, Choice)
        assert best.energy.power(f) <= hopping.power(f) * (1 + 1e-12)
        assert exact.energy.power(f) <= best.energy.power(f) * (1 + 1e-12)
        if isinstance(greedy, Choice):
            assert best.energy.power(f) <= greedy.energy.power(f) * (1 + 1e-12)


def test_best_takes_the_map_that_no_single_tile_leads_to() -> None:
    # Algorithm 5 raises the large tile 3, most of the path; tiles 0 and 1, together smaller, do it as well.
    design = ToyDesign([[(3, 50.0), (0, 30.0), (1, 25.0)]], n_tiles=4)
    period = 136.5
    (greedy,), (best,) = select_greedy(design, INTERVAL, [period]), select_best(design, INTERVAL, [period])
    assert isinstance(greedy, GreedyAnswer)
    assert isinstance(best, Choice)
    assert greedy.timing.high.tolist() == [False, False, False, True]
    assert best.energy.power(1e6 / period) < design.energy(greedy.timing).power(1e6 / period)
    assert best.high.tolist() == [True, True, False, False]


@pytest.mark.parametrize("beside", [((2, 3.0),), ((2, 1.5), (3, 1.5))], ids=["one", "two together"])
def test_best_raises_the_tiles_beside_a_path_that_least_delays_do_not_know(
    beside: tuple[tuple[int, float], ...],
) -> None:
    # Algorithm 5 raises the dear tiles 4 to 6 of the path. Raising what is beside it would do instead, and not by least delays.
    design = ToyDesign([[(1, 100.0), (4, 2.0), (5, 2.0), (6, 2.0)]], n_tiles=8, beside=beside)
    period = design.evaluate(INTERVAL, np.isin(np.arange(8), [1, *(tile for tile, _ in beside)])).min_period
    (best,), (optimum,) = (select(design, INTERVAL, [period]) for select in (select_best, select_exhaustive))
    assert isinstance(best, Choice)
    assert isinstance(optimum, Choice)
    assert best.high.tolist() == optimum.high.tolist()
    assert np.flatnonzero(best.high).tolist() == [1, *(tile for tile, _ in beside)]


def test_best_is_the_cheapest_of_all_512_maps_with_tiles_beside_the_paths() -> None:
    gaps = []
    for seed in range(14):
        beside = (seed % 9, 3.0), ((seed + 4) % 9, 2.0)
        design = replace(random_design(seed, 9, 20, 0.3 * (seed % 2), 8 * (seed % 2)), beside=beside)
        asked = periods(design, 6)
        for period, best, optimum in zip(
            asked, select_best(design, INTERVAL, asked), select_exhaustive(design, INTERVAL, asked), strict=True
        ):
            assert isinstance(best, Choice)
            assert isinstance(optimum, Choice)
            gaps.append(best.energy.power(1e6 / period) / optimum.energy.power(1e6 / period) - 1.0)
    assert min(gaps) > -1e-12
    assert sum(gap > 1e-9 for gap in gaps) <= 1  # four by moves alone
    assert max(gaps) < 0.02


@settings(deadline=None, max_examples=12)
@given(**DESIGNS, share=st.floats(0.0, 0.9))
def test_no_tile_of_a_map_of_best_can_be_lowered(
    seed: int, crossing: float, groups: int, hidden: float, share: float
) -> None:
    design = replace(random_design(seed, 9, 20, crossing, groups, hidden), beside=((seed % 9, 3.0),))
    fast, slow = design.single_voltage(INTERVAL.high)[0], design.single_voltage(INTERVAL.low)[0]
    period = fast + share * (slow - fast)
    (best,) = select_best(design, INTERVAL, [period])
    assert isinstance(best, Choice)
    for tile in np.flatnonzero(best.high).tolist():
        lowered = best.high.copy()
        lowered[tile] = False
        timing = design.evaluate(INTERVAL, lowered)
        dearer = design.energy(timing).power(1e6 / period) >= best.energy.power(1e6 / period) * (1 - 1e-9)
        assert dearer or timing.min_period > period + SLACK_TOLERANCE


def test_walks_end_at_the_cheapest_map_that_cuts_allow() -> None:
    gaps = []
    for seed in range(24):
        design = random_design(seed, 8, 6, 0.5 * (seed % 2), 6)
        bounds, cuts = design.path_bounds(INTERVAL), CutPool(8)
        for path in design.paths:
            cuts.add(bounds.bound_path(path))
        terms, period = design.tile_power(INTERVAL), periods(design, 6)[1 + seed % 4]
        least = min(terms.power(high, 1e6 / period) for high in maps(8) if cuts.excess(high, period) <= SLACK_TOLERANCE)
        annealing, low = Annealing(terms, 8), np.zeros(8, dtype=bool)
        found = [annealing.run(cuts, low, period, walk) for walk in range(3)]
        able = [high for high in found if high is not None]
        assert all(cuts.excess(high, period) <= SLACK_TOLERANCE for high in able)
        gaps.append(min(terms.power(high, 1e6 / period) for high in able) / least - 1.0)
        again = [annealing.run(cuts, low, period, walk) for walk in range(3)]
        assert [None if high is None else high.tolist() for high in again] == [
            None if high is None else high.tolist() for high in found
        ]
    assert min(gaps) > -1e-12
    assert np.mean(np.array(gaps) < 1e-9) > 0.9


@pytest.mark.parametrize("proven", [False, True])
def test_moves_of_a_map_that_was_asked_for_before_are_those_of_all_cuts_that_are_known_by_then(proven: bool) -> None:
    for seed in range(8):
        design, rng = random_design(seed, 8, 6, 0.5), np.random.default_rng(seed)
        bounds, known, period = design.path_bounds(INTERVAL), CutPool(8), periods(design, 6)[1 + seed % 4]
        asked = [rng.random(8) < 0.5 for _ in range(3)]
        for number, path in enumerate(design.paths):
            known.add(bounds.bound_path(path), reserve=float(number % 2))
            fresh = CutPool(8)
            for cut in known.cuts:
                fresh.add(cut.path, cut.reserve)
            for high in asked[: 1 + number % 3]:
                (excess, found), (expected, table) = (pool.moves(high, period, proven) for pool in (known, fresh))
                late = np.maximum(found, 0.0), np.maximum(table, 0.0)  # what is met is told apart from nothing else
                assert excess == expected
                assert np.array_equal(*late)
                found[:] = np.nan  # the caller's own


def test_a_walk_where_cuts_forbid_every_map_finds_none() -> None:
    design = random_design(3, 8, 6)
    cuts, period = CutPool(8), 0.5 * design.single_voltage(INTERVAL.high)[0]
    for path in design.paths:
        cuts.add(design.path_bounds(INTERVAL).bound_path(path))
    assert Annealing(design.tile_power(INTERVAL), 8).run(cuts, np.ones(8, dtype=bool), period, 1) is None


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 100_000), bits=st.integers(0, 63))
def test_a_map_alone_is_excluded_where_it_misses_the_clock(seed: int, bits: int) -> None:
    design, high = random_design(seed, 6, 3), maps(6)[bits]
    timing, cuts = design.evaluate(INTERVAL, high), CutPool(6)
    cuts.add(_other_than(timing))
    early, late = timing.min_period - 0.01, timing.min_period + 0.01
    assert [bool(cuts.excess(other, early) > SLACK_TOLERANCE) for other in maps(6)] == [
        bool(np.array_equal(other, high)) for other in maps(6)
    ]
    assert all(cuts.excess(other, late) <= 0.0 for other in maps(6))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 100_000))
def test_the_quadratic_part_is_nowhere_above_the_power_and_equal_at_its_map(seed: int) -> None:
    design = random_design(seed, 6, 3, groups=10)
    terms, all_maps = design.tile_power(INTERVAL).leakage, maps(6)
    at = all_maps[seed % 64]
    below = quadratic_below(terms, at)
    values = terms.values(all_maps)
    assert all(below.value(high) <= value + 1e-12 for high, value in zip(all_maps, values, strict=True))
    assert below.value(at) == pytest.approx(terms.value(at), abs=1e-12)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 100_000), crossing=st.sampled_from([0.0, 0.5]))
def test_the_row_of_a_path_is_its_need_under_every_map(seed: int, crossing: float) -> None:
    design = random_design(seed, 5, 2, crossing)
    bounds = design.path_bounds(INTERVAL)
    for path in design.paths:
        bound = bounds.bound_path(path)
        row, short = path_row(bound), path_row(bound.merged())
        for high in maps(5):
            assert row.value(high) == pytest.approx(bound.need(high))
            assert short.value(high) == pytest.approx(bound.need(high))
            assert bound.need(high) == pytest.approx(design.path_delay(INTERVAL, high, path))


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 100_000))
def test_power_by_tiles_and_its_changes_are_those_of_the_design(seed: int) -> None:
    design = random_design(seed, 7, 3, groups=9)
    terms, all_maps = design.tile_power(INTERVAL), maps(7)
    high = all_maps[seed % 128]
    power, change = terms.flips(high, 300.0)
    assert power == pytest.approx(design.energy(design.evaluate(INTERVAL, high)).power(300.0))
    for a in range(7):
        for b in range(7):
            moved = high.copy()
            moved[list({a, b})] ^= True
            expected = design.energy(design.evaluate(INTERVAL, moved)).power(300.0) - power
            assert change[a, b] == pytest.approx(expected, abs=1e-12)


def test_exact_refuses_a_mesh_too_large_for_it() -> None:
    with pytest.raises(InputError, match=r"takes at most 100 tiles, this mesh has 121: use 'best'"):
        select_exact(random_design(1, n_tiles=121), INTERVAL, [100.0])


def test_a_time_limit_of_nothing_still_gives_the_map_of_best_and_a_true_bound() -> None:
    design = random_design(12, 9, 30, 0.3, 6)
    period = periods(design, 3)[1]
    (best,), (exact,) = select_best(design, INTERVAL, [period]), select_exact(design, INTERVAL, [period], 0.0)
    (optimum,) = select_exhaustive(design, INTERVAL, [period])
    assert isinstance(best, Choice)
    assert isinstance(exact, Choice)
    assert isinstance(optimum, Choice)
    assert exact.energy.power(1e6 / period) <= best.energy.power(1e6 / period)
    assert exact.bound is not None
    assert exact.bound <= optimum.energy.power(1e6 / period)


def test_the_selectors_are_those_that_a_flow_file_may_name() -> None:
    assert set(SELECTORS) == set(get_args(config.Selector))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 100_000), tight=st.floats(0.8, 1.2))
def test_the_excess_after_a_move_is_that_of_the_moved_map(seed: int, tight: float) -> None:
    design = random_design(seed, 6, 8, 0.5)
    bounds, pool = design.path_bounds(INTERVAL), CutPool(6)
    for path in design.paths:
        pool.add(bounds.bound_path(path))
    high = maps(6)[seed % 64]
    period = tight * design.evaluate(INTERVAL, high).min_period
    now, after = pool.moves(high, period)
    assert now == pool.excess(high, period)
    assert np.array_equal(after, pool.flips(high, period))
    for a in range(6):
        for b in range(6):
            moved = high.copy()
            moved[list({a, b})] ^= True
            excess = pool.excess(moved, period)
            # Paths that are met are left out of the moves; terms are added up in another order, and a sum may end beside zero.
            assert after[a, b] <= excess + 1e-9
            assert max(after[a, b], 0.0) == pytest.approx(max(excess, 0.0), abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(**DESIGNS, share=st.floats(0.05, 0.95))
def test_a_search_from_given_maps_mends_them_and_never_ends_above_them(
    seed: int, crossing: float, groups: int, hidden: float, share: float
) -> None:
    design = random_design(seed, 9, 20, crossing, groups, hidden)
    fast, slow = design.single_voltage(INTERVAL.high)[0], design.single_voltage(INTERVAL.low)[0]
    period = fast + share * (slow - fast)
    rng = np.random.default_rng(seed)
    starts = [*(rng.random((3, 9)) < 0.5), np.ones(9, dtype=bool)]
    search = Descent(design, INTERVAL, [period], starts=starts)
    search.search(0)
    able = search.archive.able(0)
    assert able  # all tiles at VddH are among the starts
    power = {high.tobytes(): design.energy(design.evaluate(INTERVAL, high)).power(1e6 / period) for high in maps(9)}
    meets = {
        high.tobytes() for high in maps(9) if design.evaluate(INTERVAL, high).min_period <= period + SLACK_TOLERANCE
    }
    assert all(high.tobytes() in meets and found == power[high.tobytes()] for high, found in able)
    assert [found for _, found in able] == sorted(found for _, found in able)
    assert able[0][1] <= min(power[start.tobytes()] for start in starts if start.tobytes() in meets)
    best = min(power[one] for one in meets)
    assert able[0][1] <= 1.05 * best


def test_a_search_from_given_maps_is_near_the_best_of_all_512() -> None:
    gaps = []
    for seed in range(20):
        design = random_design(seed, 9, 20, crossing=0.3, groups=8, hidden=0.02)
        period = periods(design, 3)[1]
        (best,) = select_exhaustive(design, INTERVAL, [period])
        assert isinstance(best, Choice)
        search = Descent(design, INTERVAL, [period], starts=[np.zeros(9, dtype=bool), np.ones(9, dtype=bool)])
        search.search(0)
        gaps.append(search.archive.able(0)[0][1] / best.energy.power(1e6 / period) - 1.0)
    assert min(gaps) >= -1e-12
    assert np.mean(gaps) < 0.002
    assert max(gaps) < 0.02


def test_kernels_that_are_compiled_beforehand_are_those_that_a_search_calls() -> None:
    compile_table(kernels._SELECTION)
    design = random_design(5, 9, 20, 0.5)
    fast, slow = design.single_voltage(INTERVAL.high)[0], design.single_voltage(INTERVAL.low)[0]
    Descent(design, INTERVAL, [fast + 0.3 * (slow - fast)]).run()
    for name, table in kernels._SELECTION.items():
        for kernel in table:
            assert len(getattr(import_module(f"finevh.{name}"), kernel).signatures) == 1, kernel
