"""A part of a library has the numbers of the whole, and its structure is there without any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from finevh.technology import library_key, load_part, load_structure, load_technology, with_vdds
from finevh.technology.cross.cross_corners import MixedCross
from finevh.technology.model import Technology
from finevh.technology.part import Part, table_slots
from finevh.technology.tables.reference import table_of
from finevh.technology.vdd_interpolation import time_units

SHIPPED = Path(__file__).resolve().parents[2] / "libs" / "finevh45" / "technology.toml"
SUPPLIES = (0.7, 0.725, 0.8)


@pytest.fixture(scope="module")
def part() -> Part:
    cells = load_technology(SHIPPED).cells
    return Part(tuple(sorted(cells.index[name] for name in cells.names[::40])), (0, 2))


@pytest.fixture(scope="module")
def both(part: Part) -> tuple[Technology, Technology]:
    """The whole library and the part, at characterised supplies and between them."""
    key = library_key(SHIPPED)
    load_part(SHIPPED, key, part)
    some = load_part(SHIPPED, key, part)  # as it is kept
    return tuple(with_vdds(one, SUPPLIES, only=part) for one in (load_technology(SHIPPED), some))  # type: ignore[return-value]


def test_unit_delays_of_a_part_are_those_of_the_whole(part: Part) -> None:
    whole, some = load_technology(SHIPPED), load_part(SHIPPED, library_key(SHIPPED), part)
    rows = whole.corner_of[list(part.variants)].ravel()
    assert np.array_equal(time_units(whole)[rows], time_units(some))
    assert some.corners.pool.size < whole.corners.pool.size / 4


def test_tables_and_columns_of_a_part_are_those_of_the_whole(both: tuple[Technology, Technology]) -> None:
    whole, some = both
    assert np.array_equal(whole.corner_of, some.corner_of)
    compared = 0
    for row in range(whole.corners.vdd.size):
        assert np.array_equal(whole.corners.table_v[row] >= 0, some.corners.table_v[row] >= 0)
        for slot in np.flatnonzero(whole.corners.table_v[row] >= 0).tolist():
            pairs = zip(table_of(whole.corners, row, slot), table_of(some.corners, row, slot), strict=True)
            assert all(np.array_equal(a, b) for a, b in pairs)
            compared += 1
    assert compared > 100
    for name in ("variant", "vdd", "pin_cap", "pin_cap_rise_low", "pin_max_slew", "leakage"):
        assert np.array_equal(getattr(whole.corners, name), getattr(some.corners, name))


def test_derates_of_a_part_are_those_of_the_whole(part: Part, both: tuple[Technology, Technology]) -> None:
    whole, some = (one.cross for one in both)
    assert isinstance(whole, MixedCross)
    assert isinstance(some, MixedCross)
    assert np.array_equal(whole.leakage_offset, some.leakage_offset)
    assert np.array_equal(whole.leakage_k, some.leakage_k, equal_nan=True)
    assert np.array_equal(whole.noise_margin, some.noise_margin, equal_nan=True)
    slots, compared = np.flatnonzero(table_slots(whole.old, part)), 0
    for corner in range(both[0].corners.vdd.size):
        for driver in range(len(SUPPLIES)):
            for (row, j, weight), (other, k, same) in zip(
                whole.parts(corner, driver), some.parts(corner, driver), strict=True
            ):
                assert (j, weight) == (k, same)
                compared += _equal_derates(whole.old, some.old, row, other, j, slots)
    assert compared > 100


def _equal_derates(
    whole: Technology, some: Technology, row: int, other: int, driver: int, slots: NDArray[np.int64]
) -> int:
    """Compare derates of a characterised pair; returns of how many tables."""
    assert whole.cross is not None
    assert some.cross is not None
    one, two = whole.cross.delays(row, driver), some.cross.delays(other, driver)
    assert np.array_equal(one.v[slots] >= 0, two.v[slots] >= 0)
    there = slots[one.v[slots] >= 0].tolist()
    for slot in there:
        nx, ny = int(one.nx[slot]), int(one.ny[slot])
        for a, b, size in ((one.x, two.x, nx), (one.y, two.y, ny), (one.v, two.v, nx * ny)):
            assert np.array_equal(one.pool[a[slot] :][:size], two.pool[b[slot] :][:size])
    return len(there)


def test_the_structure_of_a_library_has_its_cells_and_no_corner() -> None:
    whole = load_technology(SHIPPED)
    bare = load_structure(SHIPPED, library_key(SHIPPED))
    assert bare.cells.names == whole.cells.names
    assert bare.units == whole.units
    assert np.array_equal(bare.cells.arc_table, whole.cells.arc_table)
    assert bare.cross is None
    assert bare.corners.vdd.size == 0
    assert (bare.corner_of == -1).all()
