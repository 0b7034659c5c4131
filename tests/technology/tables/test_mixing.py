"""Many small tables are mixed as each of them would be alone."""

from __future__ import annotations

import numpy as np

from finevh.technology.tables.distinct import distinct
from finevh.technology.tables.mixing import mix_tables


def test_mixing_many_tables_is_mixing_each() -> None:
    pool = np.array([1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0, 7.0])
    offsets = np.array([[0, 2, 8, 0], [4, 6, 8, 4]])
    weights = np.array([[0.5, 0.25, 0.4, 0.5], [0.5, 0.75, 0.6, 0.5]])
    found, values = mix_tables(pool, offsets, np.array([2, 2, 1, 2]), weights, 100)
    tables = [values[f - 100 : f - 100 + n].tolist() for f, n in zip(found, (2, 2, 1, 2), strict=True)]
    assert tables == [[5.5, 11.0], [23.25, 31.0], [7.0], [5.5, 11.0]]
    assert found[0] == found[3]


def test_tables_alike_in_every_key_are_one_and_others_are_not() -> None:
    first = np.array([3, 1, 3, 3, 1])
    assert distinct(first, ())[1].tolist() == [1, 0, 1, 1, 0]
    which, table = distinct(first, (np.array([7, 8, 7, 9, 8]), np.array([0.5, 0.5, 0.5, 0.5, 0.25])))
    assert len(which) == 4
    assert table[0] == table[2]
    assert len({int(table[k]) for k in (0, 1, 3, 4)}) == 4
    assert (which[table] == [0, 1, 0, 3, 4]).all()
