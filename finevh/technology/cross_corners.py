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
from finevh.technology.mixing import mix_tables
from finevh.technology.model import CrossVoltage, Real, Technology
from finevh.units import VOLTAGE_TOLERANCE

__all__ = ["continued_triangle", "interpolate_cross", "triangle"]

_REACH = 3.5
"""Sum of absolute weights that a continuation may have: a little more than one grid step beyond the characterised pairs."""


def _place(known: Real, at: float) -> tuple[int, float]:
    """Lower neighbour and fraction; 0 at a known supply."""
    i = int(np.clip(np.searchsorted(known, at + VOLTAGE_TOLERANCE, side="right") - 1, 0, known.size - 1))
    if abs(float(known[i]) - at) < VOLTAGE_TOLERANCE or i == known.size - 1:
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


def continued_triangle(
    known: Real, cell: float, driver: float, there: NDArray[np.bool_]
) -> list[tuple[int, int, float]]:
    """Corners of a triangle of characterised pairs that continues linearly to a pair near or beyond their edge.

    Of the triangles around and beside the pair all of whose corners are ``there`` (cell supply, driver supply), the one that
    reaches least far; weights sum to 1 and may be negative. Empty where there is none.
    """
    last = known.size - 2
    best: list[tuple[int, int, float]] = []
    reach = _REACH
    if last < 0:
        return best
    here = [
        int(np.clip(np.searchsorted(known, at + VOLTAGE_TOLERANCE, side="right") - 1, 0, last)) for at in (cell, driver)
    ]
    for i in range(max(here[0] - 1, 0), min(here[0] + 1, last) + 1):
        for j in range(max(here[1] - 1, 0), min(here[1] + 1, last) + 1):
            f = float((cell - known[i]) / (known[i + 1] - known[i]))
            g = float((driver - known[j]) / (known[j + 1] - known[j]))
            for corners in (
                [(i, j, 1 - f), (i + 1, j, f - g), (i + 1, j + 1, g)],
                [(i, j, 1 - g), (i, j + 1, g - f), (i + 1, j + 1, f)],
            ):
                used = [(c, d, w) for c, d, w in corners if abs(w) > 1e-9]
                length = sum(abs(w) for _, _, w in used)
                if length < reach - 1e-9 and all(c == d or there[c, d] for c, d, _ in used):
                    best, reach = used, length
    return best


def interpolate_cross(old: Technology, new: Technology, continued: bool = False) -> CrossVoltage:
    """Derates of ``new`` (which has interpolated corners) from those of ``old``: log of factors, linear shifts.

    A pair with a corner that is not characterised stays absent; with ``continued`` one near the edge of those that are goes on
    linearly from them.

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
            own = abs(float(new.vdds[d]) - vdd) < VOLTAGE_TOLERANCE
            found = triangle(old.vdds, vdd, float(new.vdds[d]))
            if continued and not own:
                there = cross.leakage_offset[old.corner_of[variant]] >= 0
                found = continued_triangle(old.vdds, vdd, float(new.vdds[d]), there)
            corners = [(int(old.corner_of[variant, i]), j, w) for i, j, w in found]
            if corners:
                margin[c, d] = sum(w * cross.noise_margin[row, j] for row, j, w in corners)
            if own:
                offset[c, d] = n_code * len(blocks)
                blocks.append(np.ones(n_code, dtype=np.float32))
            elif corners and all(cross.leakage_offset[row, j] >= 0 for row, j, _ in corners):
                offset[c, d] = n_code * len(blocks)
                blocks.append(_leakage(cross, corners, n_code))
            if not own:
                pool.add(corners, shift, where[:, c, d], sizes[:, c, d], old)
    return CrossVoltage(
        offset,
        np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32),
        where[0],
        sizes[0],
        where[1],
        sizes[1],
        where[2],
        pool.array(),
        margin,
    )


def _leakage(cross: CrossVoltage, corners: list[tuple[int, int, float]], n_code: int) -> NDArray[np.float32]:
    total = np.zeros(n_code)
    for row, j, w in corners:
        start = int(cross.leakage_offset[row, j])
        total += w * np.log(cross.leakage_k[start : start + n_code].astype(np.float64))
    return np.exp(total).astype(np.float32)


class _Grower:
    """The pool of delay derates, growing behind the old one."""

    def __init__(self, cross: CrossVoltage) -> None:
        self.cross = cross
        self.parts: list[Real] = [cross.pool]
        self.end = cross.pool.size

    def array(self) -> Real:
        return np.concatenate(self.parts)

    def add(
        self,
        corners: list[tuple[int, int, float]],
        shift: NDArray[np.bool_],
        where: NDArray[np.int64],
        sizes: NDArray[np.int32],
        old: Technology,
    ) -> None:
        """Mix the derates of a pair from its corners into rows of offsets and sizes.

        The own pair has shift 0 and factor 1: it adds nothing but keeps its weight.
        """
        cross = self.cross
        others = [
            (row, j, w)
            for row, j, w in corners
            if abs(float(old.corners.vdd[row]) - float(old.vdds[j])) >= VOLTAGE_TOLERANCE
        ]
        if not others:
            return
        rows = np.array([row for row, _, _ in others])
        drivers = np.array([driver for _, driver, _ in others])
        weights = np.array([w for _, _, w in others])
        if len(corners) == 1:
            row, j = int(rows[0]), int(drivers[0])
            where[:] = cross.delay_x[row, j], cross.delay_y[row, j], cross.delay_v[row, j]
            sizes[:] = cross.delay_nx[row, j], cross.delay_ny[row, j]
            return
        slots = np.flatnonzero((cross.delay_v[rows, drivers] >= 0).all(axis=0))
        if not slots.size:
            return
        nx, ny = (size[rows[0], drivers[0]][slots].astype(np.int64) for size in (cross.delay_nx, cross.delay_ny))
        axis_weights = np.repeat((weights / weights.sum())[:, None], slots.size, axis=1)
        value_weights = np.repeat(weights[:, None], slots.size, axis=1)
        for axis, offsets, size, share, log in (
            (0, cross.delay_x, nx, axis_weights, None),
            (1, cross.delay_y, ny, axis_weights, None),
            (2, cross.delay_v, nx * ny, value_weights, ~shift[slots]),
        ):
            found, values = mix_tables(cross.pool, offsets[rows, drivers][:, slots], size, share, self.end, log)
            where[axis, slots] = found
            self.parts.append(values)
            self.end += values.size
        sizes[0, slots], sizes[1, slots] = nx, ny
