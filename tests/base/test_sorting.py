"""The order that kernels sort by is that of a stable sort."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from finevh.base.sorting import stable_order

order_of = numba.njit(lambda values: stable_order(values))


@pytest.mark.parametrize("n", [0, 1, 2, 15, 16, 17, 32, 33, 100, 1000])
@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_the_order_is_that_of_numpys_stable_sort(n: int, dtype: type) -> None:
    rng = np.random.default_rng(n)
    for different in (3, n + 1):
        values = rng.integers(0, different, n).astype(dtype)
        assert order_of(values).tolist() == np.argsort(values, kind="stable").tolist()
