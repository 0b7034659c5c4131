"""Derates between interpolated supplies: shifts mix linearly and factors in their logarithm, what is absent stays absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.technology import Technology, load_technology, with_vdds
from finevh.timing.delay.mixed_derates import mix_derates
from finevh.timing.delay.packed_tables import PackedTables, pack_tables

SHIPPED = Path(__file__).resolve().parents[3] / "libs" / "finevh45" / "technology.toml"
Plane = tuple[list[float], list[float], np.ndarray]


@pytest.fixture(scope="module")
def shipped() -> Technology:
    return load_technology(SHIPPED)


def plane(record: np.ndarray, axes: np.ndarray, values: np.ndarray) -> Plane:
    """Axes of a record, and its shifts and factors (nx, ny, 2)."""
    x, nx, y, ny, v = record.tolist()
    return axes[x : x + nx].tolist(), axes[y : y + ny].tolist(), values[v : v + 2 * nx * ny].reshape(nx, ny, 2)


class Parts:
    """Records of 2 x 2 tables, built one by one."""

    def __init__(self) -> None:
        self.axes, self.values = [0.0, 1.0, 0.0, 4.0], list[float]()

    def add(self, x: int, y: int, shifts: list[float], factors: list[float]) -> tuple[int, ...]:
        self.values += np.stack([shifts, factors], axis=-1).ravel().tolist()
        return x, 2, y, 2, len(self.values) - 8

    def mix(self, given: list[list[list[tuple[int, ...]]]], weights: list[list[float]]) -> list[list[Plane | None]]:
        """Mixtures by driver and table; None where one is absent."""
        made: list[np.ndarray] = []

        def keep(axis: np.ndarray) -> int:
            made.append(axis)
            return 2 * (len(made) - 1)

        start, known = 24, np.array(self.values)
        found, values = mix_derates(
            np.array(given, dtype=np.int32), np.array(weights), known, np.array(self.axes), keep, start
        )
        axes, values = np.concatenate([*made, np.empty(0)]), np.concatenate([np.zeros(start), values])
        return [[plane(row, axes, values) if row[1] else None for row in rows] for rows in found]


ABSENT = (0, 0, 0, 0, 0)


def test_shifts_mix_linearly_factors_in_their_logarithm_and_axes_by_their_share() -> None:
    parts = Parts()
    one = parts.add(0, 0, [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 4.0, 8.0])
    two = parts.add(0, 2, [3.0, 2.0, 5.0, 0.0], [4.0, 2.0, 1.0, 2.0])
    ((mixed,),) = parts.mix([[[one], [two]]], [[0.25, 0.75]])
    assert mixed is not None
    x, y, values = mixed
    assert (x, y) == ([0.0, 1.0], [0.0, 3.25])
    assert values[..., 0].ravel().tolist() == [2.5, 2.0, 4.5, 1.0]
    assert values[..., 1].ravel() == pytest.approx([4**0.75, 2.0, 4**0.25, 8**0.25 * 2**0.75], rel=1e-14)


def test_a_pair_of_one_supply_that_was_left_out_keeps_its_weight() -> None:
    parts = Parts()
    one = parts.add(0, 0, [4.0] * 4, [16.0] * 4)
    ((mixed,),) = parts.mix([[[one]]], [[0.5]])
    assert mixed is not None
    assert mixed[2][..., 0].tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert mixed[2][..., 1] == pytest.approx(np.full((2, 2), 4.0))


def test_what_does_not_move_stays_exactly_what_it_was() -> None:
    parts = Parts()
    numbers = [0.1, 0.2, 0.3, 0.7]
    same = [parts.add(0, 2, numbers, numbers) for _ in range(3)]
    ((mixed,),) = parts.mix([[[one] for one in same]], [[0.1, 0.7, 0.2]])
    assert mixed is not None
    assert mixed[1] == [0.0, 4.0]
    assert mixed[2][..., 0].ravel().tolist() == mixed[2][..., 1].ravel().tolist() == numbers


def test_a_table_that_a_part_lacks_is_absent_and_takes_nothing_from_one_that_begins_where_it_would() -> None:
    parts = Parts()
    there = parts.add(0, 0, [1.0] * 4, [2.0] * 4)
    assert there[::2] == (0, 0, 0)
    found = parts.mix([[[ABSENT, there, ABSENT], [there, there, ABSENT]]], [[0.5, 0.5]])
    assert found[0][0] is None
    assert found[0][2] is None
    assert found[0][1] is not None
    assert found[0][1][2][..., 1].tolist() == [[2.0, 2.0], [2.0, 2.0]]


def test_a_slew_table_that_is_absent_has_no_factor() -> None:
    parts = Parts()
    one, two = (parts.add(0, 0, [shift] * 4, [0.0] * 4) for shift in (1.0, 3.0))
    ((mixed,),) = parts.mix([[[one], [two]]], [[0.5, 0.5]])
    assert mixed is not None
    assert mixed[2].reshape(-1, 2).tolist() == [[2.0, 0.0]] * 4


def test_drivers_are_mixed_each_by_its_own_parts() -> None:
    parts = Parts()
    one, two = (parts.add(0, 0, [shift] * 4, [1.0] * 4) for shift in (1.0, 3.0))
    found = parts.mix([[[one, two], [two, two]], [[two, one], [two, one]]], [[0.5, 0.5], [1.0, 0.0]])
    assert [[one[2][0, 0, 0] for one in row if one is not None] for row in found] == [[2.0, 3.0], [3.0, 1.0]]


def test_tables_of_unlike_size_are_refused() -> None:
    parts = Parts()
    one = parts.add(0, 0, [1.0] * 4, [1.0] * 4)
    with pytest.raises(InputError, match="differ in size"):
        parts.mix([[[one], [(0, 2, 0, 1, 0)]]], [[0.5, 0.5]])


def derates(technology: Technology, cell: float, driver: float) -> list[Plane | None]:
    """Derates of the first variant's arcs between two supplies."""
    tables, vdds = pack_tables(technology), technology.vdds
    corner, at = (int(np.abs(vdds - volts).argmin()) for volts in (cell, driver))
    row = int(tables.corner_of[0, corner])
    tables.need_cross(row, [at])
    found = tables.cross_record.reshape(len(vdds), tables.n_corner, -1, 5)[at, row]
    return [plane(one, tables.axes, tables.values) if one[1] else None for one in found]


def same(first: list[Plane | None], second: list[Plane | None]) -> bool:
    """Whether the same tables are there, at the same points and with the same bits."""
    return len(first) == len(second) and all(
        (a is None) == (b is None) and (a is None or b is None or (a[:2] == b[:2] and np.array_equal(a[2], b[2])))
        for a, b in zip(first, second, strict=True)
    )


def test_derates_between_pairs_are_means_of_those_of_equal_difference(shipped: Technology) -> None:
    made = derates(with_vdds(shipped, [0.65, 0.725, 0.825, 0.85]), 0.725, 0.825)
    ends = [derates(shipped, *pair) for pair in ((0.70, 0.80), (0.75, 0.85))]
    moved = 0
    for mixed, one, two in zip(made, *ends, strict=True):
        assert (mixed is None) == (one is None or two is None)
        if mixed is not None and one is not None and two is not None:
            assert np.allclose(mixed[2][..., 0], (one[2][..., 0] + two[2][..., 0]) / 2, rtol=1e-12, atol=1e-12)
            assert np.allclose(mixed[2][..., 1], np.sqrt(one[2][..., 1] * two[2][..., 1]), rtol=1e-12)
            moved += not np.array_equal(one[2], two[2])
    assert moved > 1000


def test_a_characterised_pair_keeps_its_tables_and_the_own_pair_has_none(shipped: Technology) -> None:
    kept = with_vdds(shipped, [0.65, 0.85, 0.9])
    mine, theirs = (derates(one, 0.65, 0.85) for one in (kept, shipped))
    assert same(mine, theirs)
    assert any(one is not None for one in mine)
    assert all(one is None for one in derates(kept, 0.85, 0.85))


def test_derates_of_interpolated_supplies_interpolate_again(shipped: Technology) -> None:
    once = derates(with_vdds(shipped, [0.725, 0.825]), 0.725, 0.825)
    wider = with_vdds(shipped, [0.7, 0.725, 0.75, 0.8, 0.825, 0.85])
    again = derates(with_vdds(wider, [0.725, 0.825]), 0.725, 0.825)
    assert same(once, again)
    assert any(one is not None for one in once)
    middle = with_vdds(shipped, [0.675, 0.725, 0.775, 0.825])
    half = derates(with_vdds(middle, [0.75, 0.80]), 0.75, 0.80)
    ends = [derates(middle, *pair) for pair in ((0.725, 0.775), (0.775, 0.825))]
    compared = 0
    for mixed, one, two in zip(half, *ends, strict=True):
        if mixed is not None and one is not None and two is not None:
            assert np.allclose(mixed[2][..., 0], (one[2][..., 0] + two[2][..., 0]) / 2, rtol=1e-12, atol=1e-12)
            compared += 1
    assert compared > 1000


def test_cell_types_that_are_timed_alone_have_the_same_derates_and_others_none(shipped: Technology) -> None:
    cells, supplies = shipped.cells, [0.65, 0.725, 0.825]
    kinds = np.array([cells.index["NAND2_X1"], cells.index["DFFR_X1"]])
    mine = np.repeat(np.isin(np.repeat(np.arange(len(cells.names)), np.diff(cells.arc_ptr)), kinds), 2)
    whole, some = (derates(with_vdds(shipped, supplies, timed=timed), 0.725, 0.825) for timed in (None, kinds))
    shared = set(cells.arc_table[mine[::2], :2].ravel().tolist())
    for k, (one, two) in enumerate(zip(whole, some, strict=True)):
        if mine[k]:
            assert (one is None) == (two is None)
            assert one is None or two is None or (one[:2] == two[:2] and np.array_equal(one[2], two[2]))
        elif int(cells.arc_table[k // 2, k % 2]) not in shared:
            assert two is None
    assert sum(one is not None for one in some) > 4


def test_parts_that_were_packed_before_are_those_that_a_mixture_packs(shipped: Technology) -> None:
    before, after = (with_vdds(load_technology(SHIPPED), [0.725, 0.825]) for _ in range(2))
    pack_tables(before).need_parts()
    one, two = (derates(technology, 0.725, 0.825) for technology in (before, after))
    assert same(one, two)
    assert any(table is not None for table in one)
    PackedTables(shipped).need_parts()  # nothing is mixed here
