"""Which boxes touch: components of each net, and pairs of boxes of two nets that meet."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from finevh.base.kernel import kernel
from finevh.layout.supply.shapes import SIGNAL, UNCONNECTED, Long, SupplyShapes
from finevh.technology.model import Int


@kernel()
def _root(parent: NDArray[np.int64], a: int) -> int:
    """Representative of a box; the path to it is halved on the way."""
    while parent[a] != a:
        parent[a] = parent[parent[a]]
        a = parent[a]
    return a


@kernel()
def _join(
    shape: NDArray[np.int64], band: NDArray[np.int64], box: NDArray[np.int64], net: NDArray[np.int32],
    band_height: int, parent: NDArray[np.int64], pairs: NDArray[np.int64],
) -> int:  # fmt: skip
    """Join touching boxes of one net and note touching ones of two nets in ``pairs`` (2, room); returns how many there are.

    ``shape`` and ``band``: (n) boxes by layer and band of y, ascending in x0 inside one band; a box stands in every band it
    crosses, a pair counts in the first band that both cross.
    """
    found = 0
    n = len(shape)
    for k in range(n):
        i = shape[k]
        if net[i] == UNCONNECTED:
            continue
        right = box[i, 2]
        m = k + 1
        while m < n and band[m] == band[k] and box[shape[m], 0] <= right:
            j = shape[m]
            m += 1
            if net[j] == UNCONNECTED or box[i, 1] > box[j, 3] or box[j, 1] > box[i, 3]:
                continue
            if net[i] == net[j] and net[i] != SIGNAL:
                a, b = _root(parent, i), _root(parent, j)
                parent[a] = b
                continue
            if net[i] == SIGNAL and net[j] == SIGNAL:
                continue
            first = max(box[i, 1], box[j, 1]) // band_height
            if band[k] % 1048576 == first:
                if found < pairs.shape[1]:
                    pairs[0, found], pairs[1, found] = i, j
                found += 1
    return found


@kernel()
def _roots(parent: NDArray[np.int64]) -> NDArray[np.int64]:
    out = np.empty(len(parent), dtype=np.int64)
    for i in range(len(parent)):
        out[i] = _root(parent, i)
    return out


def components_and_shorts(shapes: SupplyShapes, most: int = 100_000) -> tuple[Int, Long, int]:
    """Return what hangs together and what meets that must not.

    Returns
    -------
    component : (n_shape) representative row of the component of each box.
    shorts : (n_pair, 2) rows of boxes of different nets on one layer that touch or overlap, at most ``most``.
    count : how many such pairs there are.
    """
    n = len(shapes.box)
    parent = np.arange(n, dtype=np.int64)
    if n == 0:
        return np.zeros(0, dtype=np.int32), np.zeros((0, 2), dtype=np.int64), 0
    lowest = shapes.box[:, 1].min()
    box = shapes.box - np.array([0, lowest, 0, lowest])
    # About one row of cells: few boxes share a band, and most cross one or two.
    height = max(int(np.median(box[:, 3] - box[:, 1])) * 4, 1)
    low, high = box[:, 1] // height, box[:, 3] // height
    count = (high - low + 1).astype(np.int64)
    shape = np.repeat(np.arange(n, dtype=np.int64), count)
    offset = np.arange(len(shape)) - np.repeat(np.cumsum(count) - count, count)
    band = low[shape] + offset + shapes.layer[shape].astype(np.int64) * 1048576
    order = np.lexsort((box[shape, 0], band))
    pairs = np.zeros((2, most), dtype=np.int64)
    kernel: Any = _join
    found = int(kernel(shape[order], band[order], box, shapes.net, height, parent, pairs))
    groups = shapes.group
    rows = np.flatnonzero(groups >= 0)
    if len(rows):
        order = rows[np.argsort(groups[rows], kind="stable")]
        same = groups[order[1:]] == groups[order[:-1]]
        for a, b in zip(order[:-1][same].tolist(), order[1:][same].tolist(), strict=True):
            parent[_root(parent, a)] = _root(parent, b)
    return _roots(parent).astype(np.int32), pairs[:, : min(found, most)].T.copy(), found
