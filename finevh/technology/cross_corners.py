"""Cross-voltage derates between characterised pairs of supplies.

A pair (cell, driver) lies in a square of four characterised pairs. The square is cut along the diagonal of constant
difference, because derates follow the difference of the rails first of all; the three corners of a triangle decide. So a
pair half-way between two pairs of equal difference takes exactly those two, and no pair wider than the characterised span
is ever needed for one inside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.technology.model import CrossVoltage, Real, Technology

__all__ = ["interpolate_cross", "triangle"]

_SAME = 5e-4


def _place(known: Real, at: float) -> tuple[int, float]:
    """Lower neighbour and fraction; 0 at a known supply."""
    i = int(np.clip(np.searchsorted(known, at + _SAME, side="right") - 1, 0, known.size - 1))
    if abs(float(known[i]) - at) < _SAME or i == known.size - 1:
        return i, 0.0
    return i, float((at - known[i]) / (known[i + 1] - known[i]))


def triangle(known: Real, cell: float, driver: float) -> list[tuple[int, int, float]]:
    """Corners (cell supply, driver supply, weight) of the triangle around a pair; weights are positive and sum to 1."""
    i, f = _place(known, cell)
    j, g = _place(known, driver)
    if f >= g:
        corners = [(i, j, 1 - f), (i + 1, j, f - g), (i + 1, j + 1, g)]
    else:
        corners = [(i, j, 1 - g), (i, j + 1, g - f), (i + 1, j + 1, f)]
    return [(c, d, w) for c, d, w in corners if w > 1e-9]


def interpolate_cross(old: Technology, new: Technology) -> CrossVoltage:
    """Derates of ``new`` (which has interpolated corners) from those of ``old``: log of factors, linear shifts.

    A pair with a corner that is not characterised stays absent.

    Raises
    ------
    InputError
        If ``old`` has no derates.
    """
    cross = old.cross
    if cross is None:
        raise InputError(f"technology {old.name} has no cross-voltage data to interpolate; characterise it")
    n_corner, n_vdd, n_table = new.corners.vdd.size, new.vdds.size, old.corners.table_x.shape[1]
    n_code = int(old.cells.ternary_ptr[-1])
    offset = np.full((n_corner, n_vdd), -1, dtype=np.int64)
    blocks: list[NDArray[np.float32]] = []
    where = np.full((3, n_corner, n_vdd, n_table), -1, dtype=np.int64)
    sizes = np.zeros((2, n_corner, n_vdd, n_table), dtype=np.int32)
    margin = np.full((n_corner, n_vdd, len(old.cells.names)), np.nan)
    shift = np.zeros(n_table, dtype=np.bool_)
    shift[old.cells.arc_table[:, :2][old.cells.arc_table[:, :2] >= 0]] = True
    pool = _Grower(cross)
    for c in range(n_corner):
        variant, vdd = int(new.corners.variant[c]), float(new.corners.vdd[c])
        for d in range(n_vdd):
            own = abs(float(new.vdds[d]) - vdd) < _SAME
            corners = [(int(old.corner_of[variant, i]), j, w)
                       for i, j, w in triangle(old.vdds, vdd, float(new.vdds[d]))]
            margin[c, d] = sum(w * cross.noise_margin[row, j] for row, j, w in corners)
            if own:
                offset[c, d] = n_code * len(blocks)
                blocks.append(np.ones(n_code, dtype=np.float32))
            elif all(cross.leakage_offset[row, j] >= 0 for row, j, _ in corners):
                offset[c, d] = n_code * len(blocks)
                blocks.append(_leakage(cross, corners, n_code))
            if not own:
                pool.add(corners, shift, where[:, c, d], sizes[:, c, d], old)
    return CrossVoltage(offset, np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32), where[0], sizes[0],
                        where[1], sizes[1], where[2], pool.array(), margin)


def _leakage(cross: CrossVoltage, corners: list[tuple[int, int, float]], n_code: int) -> NDArray[np.float32]:
    total = np.zeros(n_code)
    for row, j, w in corners:
        start = int(cross.leakage_offset[row, j])
        total += w * np.log(cross.leakage_k[start : start + n_code].astype(np.float64))
    return np.exp(total).astype(np.float32)


class _Grower:
    """The pool of delay derates, growing behind the old one; equal mixtures are stored once."""

    def __init__(self, cross: CrossVoltage) -> None:
        self.cross = cross
        self.parts: list[Real] = [cross.pool]
        self.end = cross.pool.size
        self.made: dict[tuple[object, ...], tuple[int, int, int]] = {}

    def array(self) -> Real:
        return np.concatenate(self.parts)

    def add(self, corners: list[tuple[int, int, float]], shift: NDArray[np.bool_], where: NDArray[np.int64],
            sizes: NDArray[np.int32], old: Technology) -> None:
        cross = self.cross
        own = [abs(float(old.corners.vdd[row]) - float(old.vdds[j])) < _SAME for row, j, _ in corners]
        others = [corner for corner, is_own in zip(corners, own, strict=True) if not is_own]
        if not others:
            return
        if len(corners) == 1:
            row, j, _ = corners[0]
            where[:] = cross.delay_x[row, j], cross.delay_y[row, j], cross.delay_v[row, j]
            sizes[:] = cross.delay_nx[row, j], cross.delay_ny[row, j]
            return
        first = others[0]
        present = np.all([cross.delay_x[row, j] >= 0 for row, j, _ in others], axis=0)
        for slot in np.flatnonzero(present).tolist():
            key = (bool(shift[slot]), *((int(cross.delay_v[row, j, slot]), int(cross.delay_y[row, j, slot]), w)
                                        for row, j, w in others), len(corners))
            if key not in self.made:
                self.made[key] = self._mix(others, slot, bool(shift[slot]))
            where[:, slot] = self.made[key]
            sizes[:, slot] = cross.delay_nx[first[0], first[1], slot], cross.delay_ny[first[0], first[1], slot]

    def _mix(self, others: list[tuple[int, int, float]], slot: int, shift: bool) -> tuple[int, int, int]:
        """Mix tables node by node. The own pair, left out of ``others``, has shift 0 and factor 1: it adds nothing."""
        cross = self.cross
        total = sum(w for _, _, w in others)
        x: Real = np.zeros(1)
        y: Real = np.zeros(1)
        values: Real = np.zeros(1)
        for row, j, w in others:
            nx, ny = int(cross.delay_nx[row, j, slot]), int(cross.delay_ny[row, j, slot])
            at = [int(offsets[row, j, slot]) for offsets in (cross.delay_x, cross.delay_y, cross.delay_v)]
            x = x + w / total * cross.pool[at[0] : at[0] + nx]
            y = y + w / total * cross.pool[at[1] : at[1] + ny]
            table = cross.pool[at[2] : at[2] + nx * ny]
            values = values + w * (table if shift else np.log(table))
        tables = [np.atleast_1d(np.asarray(part)) for part in (x, y, values if shift else np.exp(values))]
        offsets = (self.end, self.end + tables[0].size, self.end + tables[0].size + tables[1].size)
        self.parts += tables
        self.end = offsets[2] + tables[2].size
        return offsets
