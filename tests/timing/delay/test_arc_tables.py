"""Axes of delay tables: where a value lies is found by comparing with all bounds of a line at once."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from finevh.technology.model import Real
from finevh.timing.delay.arc_tables import grid_cell, with_axis


@numba.njit(error_model="numpy")
def cells_of(points: Real, axis: int, steps: int, values: Real) -> Real:
    """Cell of the grid that each value falls in."""
    return np.array([float(grid_cell(points, axis, steps, x)) for x in values])


@pytest.mark.parametrize("n", [2, 7, 8, 9, 10, 16, 17, 18, 25, 40])
def test_a_value_lies_in_the_cell_of_the_last_point_at_or_below_it_whatever_lies_beside_the_axis(n: int) -> None:
    rng = np.random.default_rng(n)
    axes = [np.sort(rng.uniform(0.0, 100.0, k)) for k in (5, n, 12)]
    pool, begins = np.empty(0), []
    for points in axes:
        pool = with_axis(pool, points)
        begins.append(len(pool) - 8 * (1 + max(-(-(len(points) - 1) // 8), 1)))
    points, first = axes[1], begins[1]
    assert np.array_equal(pool[first : first + n], points)
    values = np.concatenate([points, rng.uniform(-10.0, 110.0, 200), [0.0, -1.0, 1e9]])
    expected = np.maximum(np.searchsorted(points, values, side="right") - 1, 0)
    found = cells_of(pool, first, -(-(n - 1) // 8), values)
    assert np.array_equal(found, expected)
