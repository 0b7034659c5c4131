"""Which of many tables are the same: each is stored and computed once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Real


def distinct(
    first: NDArray[np.integer[Any]], more: Iterable[NDArray[np.integer[Any]] | Real]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Tables of which no two are alike in every key (n_table), and the row of each table among them.

    ``first`` tells nearly all apart; each of ``more`` is looked at and divides what it has to.
    """
    _, which, table = np.unique(first, return_index=True, return_inverse=True)
    for key in more:
        if not np.array_equal(key, key[which[table]]):
            kinds, kind = np.unique(key, return_inverse=True)
            _, which, table = np.unique(table * len(kinds) + kind, return_index=True, return_inverse=True)
    return which, table
