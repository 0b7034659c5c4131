"""Weighted sums of many small tables in one flat pool at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Real
from finevh.technology.tables.distinct import distinct

__all__ = ["EVEN", "mix_tables"]

EVEN = 1e-9
"""Within this of 1 the sum of weights is 1 but for rounding: where all that is mixed is the same, so is the mixture."""


def mix_tables(
    pool: Real, offsets: NDArray[np.int64], sizes: NDArray[np.int64], weights: Real, start: int
) -> tuple[NDArray[np.int64], Real]:
    """Mix tables entry by entry.

    Parameters
    ----------
    pool : (n,) values of all tables.
    offsets : (n_node, n_table) where each table starts at each node.
    sizes : (n_table,) entries of each table.
    weights : (n_node, n_table).
    start : offset of the first new entry, added to the returned offsets.

    Returns
    -------
    tuple
        Offsets (n_table,) and values of the mixtures; equal mixtures are stored once.
    """
    first, table = distinct(offsets[0], (*offsets[1:], sizes, *weights))
    lengths = sizes[first]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    within = np.arange(int(starts[-1])) - np.repeat(starts[:-1], lengths)
    total = np.zeros(int(starts[-1]))
    base = pool[np.repeat(offsets[0, first], lengths) + within]
    same = np.ones(total.size, dtype=np.bool_)
    for row, share in zip(offsets[:, first], weights[:, first], strict=True):
        values = pool[np.repeat(row, lengths) + within]
        same &= values == base
        total += np.repeat(share, lengths) * values
    # Weights of one kind sum to 1 but for rounding: an axis that does not move stays exactly what it was.
    even = np.repeat(np.abs(weights[:, first].sum(axis=0) - 1) < EVEN, lengths)
    return start + starts[:-1][table], np.where(same & even, base, total)
