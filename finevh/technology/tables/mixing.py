"""Weighted sums of many small tables in one flat pool at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Real

__all__ = ["mix_tables"]


def mix_tables(
    pool: Real,
    offsets: NDArray[np.int64],
    sizes: NDArray[np.int64],
    weights: Real,
    start: int,
    logarithmic: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.int64], Real]:
    """Mix tables entry by entry.

    Parameters
    ----------
    pool : (n,) values of all tables.
    offsets : (n_node, n_table) where each table starts at each node.
    sizes : (n_table,) entries of each table.
    weights : (n_node, n_table).
    start : offset of the first new entry, added to the returned offsets.
    logarithmic : (n_table,) whether a table is mixed in its logarithm; default: none.

    Returns
    -------
    tuple
        Offsets (n_table,) and values of the mixtures; equal mixtures are stored once.
    """
    log = np.zeros(sizes.size, dtype=np.bool_) if logarithmic is None else logarithmic
    keys = np.vstack([offsets, sizes[None], log[None], np.ascontiguousarray(weights).view(np.int64)])
    order = np.lexsort(keys)
    changed = np.ones(order.size, dtype=np.bool_)
    changed[1:] = (np.diff(keys[:, order], axis=1) != 0).any(axis=0)
    group = np.empty(order.size, dtype=np.int64)
    group[order] = np.cumsum(changed) - 1
    first = order[changed]
    lengths = sizes[first]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    within = np.arange(int(starts[-1])) - np.repeat(starts[:-1], lengths)
    total = np.zeros(int(starts[-1]))
    as_log = np.repeat(log[first], lengths)
    base = pool[np.repeat(offsets[0, first], lengths) + within]
    same = np.ones(total.size, dtype=np.bool_)
    for row, share in zip(offsets[:, first], weights[:, first], strict=True):
        values = pool[np.repeat(row, lengths) + within]
        same &= values == base
        total += np.repeat(share, lengths) * np.where(as_log, np.log(np.where(as_log, values, 1.0)), values)
    total = np.where(as_log, np.exp(np.where(as_log, total, 0.0)), total)
    # Weights of one kind sum to 1 but for rounding: an axis that does not move stays exactly what it was.
    even = np.repeat(np.abs(weights[:, first].sum(axis=0) - 1) < 1e-9, lengths)
    total = np.where(same & even, base, total)
    return start + starts[:-1][group], total
