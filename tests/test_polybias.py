from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.polybias import BiasResult, assign_variants, slack_threshold, stage_order, variant_shares
from finevh.technology.model import Technology

SLOWDOWN = {"PB0": 0.0, "PB4": 0.03, "PB10": 0.09, "PB16": 0.20}
TECHNOLOGY = cast(
    Technology,
    SimpleNamespace(variants=tuple(SimpleNamespace(name=n, suffix="", slowdown=s) for n, s in SLOWDOWN.items())),
)
FACTOR = 1.0 + np.array(list(SLOWDOWN.values()))
PERIOD = 100.0


class PathOracle:
    """Paths as sets of cells; the delay of a path is the sum of its cells' delays, each times its variant's factor."""

    def __init__(self, delay: np.ndarray, paths: list[list[int]]) -> None:
        self.delay, self.paths = delay, paths
        self.variant = np.zeros(len(delay), dtype=np.int8)
        self.kept: list[np.ndarray] = []
        """Variants before each trial that was kept since the last confirmation."""
        self.watched: set[int] = set()
        self.floor = min(0.0, self.worst_slack())

    def slacks(self) -> np.ndarray:
        each = self.delay * FACTOR[self.variant]
        return np.array([PERIOD - each[path].sum() for path in self.paths])

    def cell_slack(self, variant: np.ndarray, only_violated: bool = False) -> np.ndarray:
        self.variant = variant.copy()
        slack = np.full(len(self.delay), np.inf)
        for path, value in zip(self.paths, self.slacks(), strict=True):
            slack[path] = np.minimum(slack[path], value)
        return slack

    def beside(self, slack: np.ndarray) -> np.ndarray:
        return slack

    def worst_slack(self) -> float:
        return float(self.slacks().min())

    def time(self, variant: np.ndarray) -> float:
        self.variant, self.kept = variant.copy(), []
        return self.worst_slack()

    def try_cells(self, cells: np.ndarray, stage: int) -> bool:
        before = self.variant.copy()
        self.variant[cells] = stage
        if any(self.slacks()[path] < self.floor for path in self.watched):
            self.variant = before
            return False
        self.kept.append(before)
        return True

    def in_doubt(self) -> bool:
        return False

    def confirm(self) -> int:
        self.watched |= set(np.flatnonzero(self.slacks() < self.floor).tolist())
        held = len(self.kept)
        while held and self.slacks().min() < self.floor:
            held -= 1
            self.variant = self.kept[held]
        self.kept = []
        return held


def run(delay: np.ndarray, paths: list[list[int]], candidates: np.ndarray) -> tuple[BiasResult, PathOracle]:
    oracle = PathOracle(delay, paths)
    start = np.zeros(len(delay), dtype=np.int8)
    return assign_variants(TECHNOLOGY, ("PB4", "PB10", "PB16"), start, candidates, 10.0, oracle), oracle


designs = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(1.0, 20.0), min_size=n, max_size=n),
        st.lists(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True), min_size=1, max_size=8),
        st.lists(st.booleans(), min_size=n, max_size=n),
    )
)


@settings(max_examples=150, deadline=None)
@given(designs)
def test_worst_slack_is_never_made_worse_than_the_requirement(
    design: tuple[list[float], list[list[int]], list[bool]],
) -> None:
    delay, paths, candidates = design
    result, oracle = run(np.array(delay), paths, np.array(candidates))
    oracle.cell_slack(result.cell_variant)
    assert oracle.worst_slack() == pytest.approx(result.worst_slack_after)
    assert result.worst_slack_after >= min(0.0, result.worst_slack_before)


@settings(max_examples=100, deadline=None)
@given(designs)
def test_a_miss_that_trials_did_not_see_is_given_back(
    design: tuple[list[float], list[list[int]], list[bool]],
) -> None:
    class Sanguine(PathOracle):
        def confirm(self) -> int:
            held, self.kept = len(self.kept), []
            return held

    delay, paths, candidates = np.array(design[0]), design[1], np.array(design[2])
    start = np.zeros(len(delay), dtype=np.int8)
    oracle = Sanguine(delay, paths)
    result = assign_variants(TECHNOLOGY, ("PB4", "PB10", "PB16"), start, candidates, 10.0, oracle)
    assert result.worst_slack_after >= min(0.0, result.worst_slack_before)


@settings(max_examples=100, deadline=None)
@given(designs)
def test_only_candidates_are_biased(design: tuple[list[float], list[list[int]], list[bool]]) -> None:
    delay, paths, candidates = design
    result, _ = run(np.array(delay), paths, np.array(candidates))
    assert not result.cell_variant[~np.array(candidates)].any()


@settings(max_examples=100, deadline=None)
@given(designs)
def test_no_cell_that_a_stage_considered_could_still_take_its_variant(
    design: tuple[list[float], list[list[int]], list[bool]],
) -> None:
    """The last stage leaves a maximal set: any further PB4 cell with slack above its threshold would break a path."""
    delay, paths, candidates = design
    result, oracle = run(np.array(delay), paths, np.array(candidates))
    floor = min(0.0, result.worst_slack_before)
    slack = oracle.cell_slack(result.cell_variant)
    for cell in np.flatnonzero(np.array(candidates) & (result.cell_variant == 0)):
        if slack[cell] > slack_threshold(10.0, SLOWDOWN["PB4"]):
            other = result.cell_variant.copy()
            other[cell] = 1
            assert oracle.time(other) < floor


def test_stages_run_from_the_strongest_bias_to_the_weakest() -> None:
    names = [TECHNOLOGY.variants[i].name for i in stage_order(TECHNOLOGY, ("PB4", "PB10", "PB16"))]
    assert names == ["PB16", "PB10", "PB4"]


def test_a_cell_with_room_for_the_strongest_bias_takes_it() -> None:
    result, _ = run(np.array([10.0, 10.0]), [[0], [1]], np.array([True, False]))
    assert result.cell_variant.tolist() == [3, 0]


def test_slack_below_the_threshold_keeps_a_cell_out_of_a_stage() -> None:
    # 98.5 ps of 100: 1.5 ps of slack is under S_th(PB16) = 2 ps, over S_th(PB10) = 0.9 ps; +9 % of 98.5 ps breaks the path.
    result, _ = run(np.array([98.5]), [[0]], np.array([True]))
    assert [stage.considered for stage in result.stages] == [0, 1, 1]
    assert result.cell_variant.tolist() == [0]


def test_threshold_is_average_delay_times_slowdown() -> None:
    assert slack_threshold(20.0, 0.1988) == pytest.approx(3.976)


def test_shares_count_the_chosen_cells_alone() -> None:
    shares = variant_shares(TECHNOLOGY, np.array([0, 3, 3, 1], dtype=np.int8), np.array([True, True, True, False]))
    assert shares == pytest.approx({"PB0": 1 / 3, "PB16": 2 / 3})


@settings(max_examples=100, deadline=None)
@given(designs)
def test_no_variants_that_missed_are_tried_again_before_something_is_given_back(
    design: tuple[list[float], list[list[int]], list[bool]],
) -> None:
    class Remembering(PathOracle):
        def time(self, variant: np.ndarray) -> float:
            self.missed: list[bytes] = []
            return super().time(variant)

        def try_cells(self, cells: np.ndarray, stage: int) -> bool:
            trial = self.variant.copy()
            trial[cells] = stage
            assert trial.tobytes() not in self.missed
            kept = super().try_cells(cells, stage)
            if not kept:
                self.missed.append(trial.tobytes())
            return kept

        def confirm(self) -> int:
            count = len(self.kept)
            held = super().confirm()
            if held < count:
                self.missed = []
            return held

    delay, paths, candidates = np.array(design[0]), design[1], np.array(design[2])
    oracle = Remembering(delay, paths)
    start = np.zeros(len(delay), dtype=np.int8)
    assign_variants(TECHNOLOGY, ("PB4", "PB10", "PB16"), start, candidates, 10.0, oracle)
