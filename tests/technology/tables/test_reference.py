"""The compiled look-ups against the plain reference, and the reference against tables whose values are known everywhere."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from finevh.technology.tables import nldm
from finevh.technology.tables.reference import interpolate_table

# What kernels call, for Python.
bilinear, pair = (numba.njit(error_model="numpy")(getattr(nldm, name).py_func) for name in ("bilinear", "pair"))


def table(nx: int, ny: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Axes and values of a table with rising axes."""
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.uniform(0.5, 9.0, nx)), np.cumsum(rng.uniform(0.2, 5.0, ny)), rng.normal(size=(nx, ny))


def points(x: np.ndarray, y: np.ndarray) -> list[tuple[float, float]]:
    """Below, on, between and beyond the points of the axes."""
    rng = np.random.default_rng(7)
    inner = [(s, c) for s in x.tolist() for c in y.tolist()]
    return inner + list(zip(rng.uniform(-5.0, 90.0, 40).tolist(), rng.uniform(-5.0, 60.0, 40).tolist(), strict=True))


def test_a_bilinear_function_is_found_everywhere_also_beyond_the_axes() -> None:
    x, y, _ = table(5, 7, 1)
    values = 3.0 + 0.5 * x[:, None] - 0.25 * y[None, :] + 0.125 * x[:, None] * y[None, :]
    for slew, load in points(x, y):
        exact = 3.0 + 0.5 * slew - 0.25 * load + 0.125 * slew * load
        assert interpolate_table(x, y, values, slew, load) == pytest.approx(exact, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("nx", "ny"), [(7, 7), (2, 5), (1, 6), (6, 1), (1, 1)])
def test_the_compiled_look_up_has_the_bits_of_the_reference(nx: int, ny: int) -> None:
    x, y, values = table(nx, ny, nx * 10 + ny)
    pool = np.concatenate([[np.nan], x, y, values.reshape(-1)])
    for slew, load in points(x, y):
        found = bilinear(pool, 1, nx, 1 + nx, ny, 1 + nx + ny, slew, load)
        assert found == interpolate_table(x, y, values, slew, load)


def test_a_pair_is_two_look_ups() -> None:
    x, y, delay = table(6, 4, 3)
    _, _, slew_out = table(6, 4, 4)
    axes, both = np.concatenate([x, y]), np.stack([delay, slew_out], axis=-1).reshape(-1)
    record = np.array([[0, 6, 6, 4, 0]], dtype=np.int32)
    for slew, load in points(x, y):
        found = pair(record, axes, both, 0, slew, load, False)
        apart = [interpolate_table(x, y, values, slew, load) for values in (delay, slew_out)]
        assert found == pytest.approx(apart, rel=1e-12, abs=1e-11)


def test_a_derate_factor_holds_its_ends_and_its_shift_goes_on() -> None:
    x, y, shift = table(3, 3, 5)
    factor = np.full((3, 3), 1.0) + 0.1 * x[:, None]
    axes, both = np.concatenate([x, y]), np.stack([shift, factor], axis=-1).reshape(-1)
    record = np.array([[0, 3, 3, 3, 0]], dtype=np.int32)
    beyond = pair(record, axes, both, 0, 2.0 * x[-1], y[1], True)
    assert beyond[1] == pytest.approx(1.0 + 0.1 * x[-1])
    assert beyond[0] == pytest.approx(interpolate_table(x, y, shift, 2.0 * x[-1], y[1]))


X = np.array([5.0, 20.0, 80.0, 200.0])
Y = np.array([0.5, 2.0, 16.0])
V = np.array([[10.0, 14.0, 50.0], [12.0, 17.0, 60.0], [20.0, 28.0, 75.0], [33.0, 40.0, 99.0]])
POOL = np.concatenate([X, Y, V.ravel()])


def table_value(slew: float, load: float) -> float:
    return bilinear(POOL, 0, len(X), len(X), len(Y), len(X) + len(Y), slew, load)


@settings(max_examples=200, deadline=None)
@given(st.floats(5.0, 200.0), st.floats(0.5, 16.0))
def test_a_look_up_inside_the_table_is_that_of_scipy(slew: float, load: float) -> None:
    oracle = RegularGridInterpolator((X, Y), V)([[slew, load]])[0]
    assert table_value(slew, load) == pytest.approx(oracle, rel=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.floats(-50.0, 800.0), st.floats(0.0, 90.0))
def test_beyond_the_table_the_outer_cells_go_on_linearly(slew: float, load: float) -> None:
    oracle = RegularGridInterpolator((X, Y), V, bounds_error=False, fill_value=None)([[slew, load]])[0]
    assert table_value(slew, load) == pytest.approx(oracle, rel=1e-9, abs=1e-9)


def test_a_table_with_one_axis_point_is_constant_along_it() -> None:
    pool = np.array([7.0, 1.0, 3.0, 40.0, 60.0])
    assert bilinear(pool, 0, 1, 1, 2, 3, 123.0, 2.0) == pytest.approx(50.0)
