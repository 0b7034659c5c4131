from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from finevh.optimize.kernels import lookup

X = np.array([5.0, 20.0, 80.0, 200.0])
Y = np.array([0.5, 2.0, 16.0])
V = np.array([[10.0, 14.0, 50.0], [12.0, 17.0, 60.0], [20.0, 28.0, 75.0], [33.0, 40.0, 99.0]])
POOL = np.concatenate([X, Y, V.ravel()])


def table_value(slew: float, load: float) -> float:
    return lookup(POOL, 0, len(X), len(X), len(Y), len(X) + len(Y), slew, load)


@settings(max_examples=200, deadline=None)
@given(st.floats(5.0, 200.0), st.floats(0.5, 16.0))
def test_lookup_is_bilinear_inside_the_table(slew: float, load: float) -> None:
    oracle = RegularGridInterpolator((X, Y), V)([[slew, load]])[0]
    assert table_value(slew, load) == pytest.approx(oracle, rel=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.floats(-50.0, 800.0), st.floats(0.0, 90.0))
def test_lookup_extrapolates_the_outer_cells_linearly(slew: float, load: float) -> None:
    oracle = RegularGridInterpolator((X, Y), V, bounds_error=False, fill_value=None)([[slew, load]])[0]
    assert table_value(slew, load) == pytest.approx(oracle, rel=1e-9, abs=1e-9)


def test_a_table_with_one_axis_point_is_constant_along_it() -> None:
    pool = np.array([7.0, 1.0, 3.0, 40.0, 60.0])
    assert lookup(pool, 0, 1, 1, 2, 3, 123.0, 2.0) == pytest.approx(50.0)
