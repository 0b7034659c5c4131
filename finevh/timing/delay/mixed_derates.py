"""Derates between interpolated supplies, mixed from packed ones of characterised pairs: log of factors, linear shifts.

All drivers of a corner are mixed at once: their tables are small and alike, so what a table costs is its bookkeeping.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.technology.model import Int, Real
from finevh.technology.tables.distinct import distinct
from finevh.technology.tables.mixing import EVEN


def mix_derates(
    given: Int, weights: Real, values: Real, axes: Real, add_axis: Callable[[Real], int], start: int
) -> tuple[Int, Real]:
    """Mix tables of shifts and factors entry by entry.

    Parameters
    ----------
    given : (n_driver, n_part, n_table, 5) records as in :class:`~finevh.timing.delay.packed_tables.PackedTables`.
    weights : (n_driver, n_part) those of a pair of equal supplies are left out.
    values, axes : what the records point into.
    add_axis : keeps an axis of the mixtures and gives its offset.
    start : offset of the first new value.

    Returns
    -------
    tuple
        Records (n_driver, n_table, 5), zero where a part is absent, and the values that they point to from ``start`` on.

    Raises
    ------
    InputError
        If tables of parts differ in size.
    """
    there: NDArray[np.bool_] = np.all(given[..., 1] > 0, axis=1)
    # What is absent is like nothing that is there.
    given = np.where(there[:, None, :, None], given, -1)
    if (given[..., [1, 3]] != given[:, :1, :, [1, 3]]).any():
        raise InputError(
            "tables of cross-voltage derates differ in size between pairs of supplies: characterise them on one grid"
        )
    found = given[:, 0].copy()
    for axis in (0, 2):
        found[..., axis] = _mixed_axes(given[..., axis], given[:, 0, :, axis + 1], weights, axes, add_axis)
    # Drives of a family share their values: each is mixed once.
    which, table = distinct(given[0, 0, :, 4], given[..., 4].reshape(-1, given.shape[2]))
    sizes = np.where(there, given[:, 0, :, 1] * given[:, 0, :, 3], 0)[:, which]
    parts: list[Real] = []
    offset = np.zeros(sizes.shape, dtype=np.int32)
    for size in np.unique(sizes[sizes > 0]).tolist():
        driver, of = np.nonzero(sizes == size)
        block = _mixed_values(given[driver, :, which[of], 4], weights[driver], values, size)
        offset[driver, of] = start + 2 * size * np.arange(len(driver))
        parts.append(block.ravel())
        start += block.size
    found[..., 4] = offset[:, table]
    found[~there] = 0
    return found, np.concatenate(parts) if parts else np.empty(0)


def _mixed_values(offsets: Int, weights: Real, values: Real, size: int) -> Real:
    """Shifts and factors (n_table, 2 * size) of tables at ``offsets`` (n_table, n_part) with ``weights`` (n_table, n_part)."""
    span = np.arange(2 * size)
    first = values[offsets[:, 0, None] + span]
    # What does not move stays exactly what it was, unless a pair of one supply, of shift 0 and factor 1, has some of the weight.
    stays = np.repeat(np.abs(weights.sum(axis=1) - 1.0)[:, None] < EVEN, 2 * size, axis=1)
    absent = first[:, 1::2] <= 0.0  # of slew, where there is only a shift
    total = np.zeros(first.shape)
    for k in range(offsets.shape[1]):
        part = first.copy() if k == 0 else values[offsets[:, k, None] + span]
        stays &= part == first
        part[:, 1::2] = np.log(np.where(absent, 1.0, part[:, 1::2]))
        part *= weights[:, k, None]
        total += part
    total[:, 1::2] = np.where(absent, 0.0, np.exp(total[:, 1::2]))
    return np.where(stays, first, total)


def _mixed_axes(codes: Int, sizes: Int, weights: Real, axes: Real, add_axis: Callable[[Real], int]) -> Int:
    """Offsets (n_driver, n_table) of the axes of mixtures of tables on the axes ``codes`` (n_driver, n_part, n_table)."""
    which, table = distinct(codes[0, 0], codes.reshape(-1, codes.shape[-1]))
    size = sizes[:, which]
    found = np.zeros(size.shape, dtype=np.int32)
    for n in np.unique(size[size > 0]).tolist():
        driver, of = np.nonzero(size == n)
        points = axes[codes[driver, :, which[of]][..., None] + np.arange(n)]
        first = points[:, 0]
        share = weights[driver] / weights[driver].sum(axis=1, keepdims=True)
        mixed = np.zeros(first.shape)
        for k in range(points.shape[1]):
            mixed += share[:, k, None] * points[:, k]
        mixed = np.where((points == first[:, None]).all(axis=1), first, mixed)
        found[driver, of] = [add_axis(axis) for axis in mixed]
    return found[:, table]
