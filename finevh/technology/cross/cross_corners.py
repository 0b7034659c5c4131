"""Cross-voltage derates between characterised pairs of supplies.

A pair (cell, driver) lies in a square of four characterised pairs. The square is cut along the diagonal of constant
difference, because derates follow the difference of the rails first of all; the three corners of a triangle decide. So a
pair half-way between two pairs of equal difference takes exactly those two, and no pair wider than the characterised span
is ever needed for one inside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.technology.model import CrossVoltage, PairDerates, Real, Technology
from finevh.technology.tables.mixing import mix_tables
from finevh.units import VOLTAGE_TOLERANCE

__all__ = ["MixedCross", "continued_triangle", "interpolate_cross", "triangle"]

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


def interpolate_cross(
    old: Technology, new: Technology, continued: bool = False, timed: NDArray[np.bool_] | None = None
) -> CrossVoltage:
    """Derates of ``new`` (which has interpolated corners) from those of ``old``: log of factors, linear shifts.

    A pair with a corner that is not characterised stays absent; with ``continued`` one near the edge of those that are goes on
    linearly from them. ``timed``: (n_table) slots of the only tables that are wanted; then leakage is not, and is absent.

    Raises
    ------
    InputError
        If ``old`` has no derates.
    """
    cross = old.cross
    if cross is None:
        raise InputError(f"technology {old.name} has no cross-voltage data to interpolate; characterise it")
    n_corner, n_vdd = new.corners.vdd.size, new.vdds.size
    n_code = int(old.cells.ternary_ptr[-1])
    offset = np.full((n_corner, n_vdd), -1, dtype=np.int64)
    blocks: list[NDArray[np.float32]] = []
    margin = np.full((n_corner, n_vdd, len(old.cells.names)), np.nan)
    pairs: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
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
            if timed is not None:
                pass
            elif own:
                offset[c, d] = n_code * len(blocks)
                blocks.append(np.ones(n_code, dtype=np.float32))
            elif corners and all(cross.leakage_offset[row, j] >= 0 for row, j, _ in corners):
                offset[c, d] = n_code * len(blocks)
                blocks.append(_leakage(cross, corners, n_code))
            if not own:
                pairs[c, d] = corners
    none, no_size = np.zeros((n_corner, n_vdd, 0), dtype=np.int64), np.zeros((n_corner, n_vdd, 0), dtype=np.int32)
    factors = np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)
    return MixedCross(offset, factors, none, no_size, none, no_size, none, np.zeros(0), margin, old, pairs, timed)


def _leakage(cross: CrossVoltage, corners: list[tuple[int, int, float]], n_code: int) -> NDArray[np.float32]:
    total = np.zeros(n_code)
    for row, j, w in corners:
        start = int(cross.leakage_offset[row, j])
        total += w * np.log(cross.leakage_k[start : start + n_code].astype(np.float64))
    return np.exp(total).astype(np.float32)


@dataclass(frozen=True)
class MixedCross(CrossVoltage):
    """Derates between interpolated supplies; those of delays are mixed pair by pair when they are asked for.

    A flow knows some hundred pairs of supplies and asks for a dozen of them. The columns of delays of the base class are empty.
    """

    old: Technology
    """Characterised corners."""
    pairs: dict[tuple[int, int], list[tuple[int, int, float]]]
    """Row of ``old.corners``, index of its driver's Vdd and weight of what each (corner, driver) is mixed from."""
    timed: NDArray[np.bool_] | None
    """(n_table) slots of the tables that are mixed; None for all."""
    _known: dict[tuple[int, int], PairDerates] = field(default_factory=dict)

    def delays(self, corner: int, driver: int) -> PairDerates:
        """See :meth:`CrossVoltage.delays`."""
        at = corner, driver
        if at not in self._known:
            self._known[at] = _mixed(self.old, self.pairs.get(at, []), self.timed)
        return self._known[at]


def _mixed(
    old: Technology, corners: list[tuple[int, int, float]], timed: NDArray[np.bool_] | None = None
) -> PairDerates:
    """Derates of a pair from those of its corners; of the ``timed`` tables (n_table) alone where these are given.

    The own pair has shift 0 and factor 1: it adds nothing but keeps its weight.
    """
    cross, n_table = old.cross, old.corners.table_x.shape[1]
    assert cross is not None
    others = [
        (row, j, w)
        for row, j, w in corners
        if abs(float(old.corners.vdd[row]) - float(old.vdds[j])) >= VOLTAGE_TOLERANCE
    ]
    if len(others) == len(corners) == 1:
        only = cross.delays(*others[0][:2])
        return only if timed is None else only._replace(v=np.where(timed, only.v, -1))
    where = np.full((3, n_table), -1, dtype=np.int64)
    sizes = np.zeros((2, n_table), dtype=np.int32)
    parts: list[Real] = []
    if others:
        known, pool = _one_pool([cross.delays(row, driver) for row, driver, _ in others])
        weights = np.array([w for _, _, w in others])
        there = (np.stack([one.v for one in known]) >= 0).all(axis=0)
        slots = np.flatnonzero(there if timed is None else there & timed)
        shift = np.zeros(n_table, dtype=np.bool_)
        shift[old.cells.arc_table[:, :2][old.cells.arc_table[:, :2] >= 0]] = True
        nx, ny = (size[slots].astype(np.int64) for size in (known[0].nx, known[0].ny))
        axis_weights = np.repeat((weights / weights.sum())[:, None], slots.size, axis=1)
        value_weights = np.repeat(weights[:, None], slots.size, axis=1)
        end = 0
        for axis, name, size, share, log in (
            (0, "x", nx, axis_weights, None),
            (1, "y", ny, axis_weights, None),
            (2, "v", nx * ny, value_weights, ~shift[slots]),
        ):
            if not slots.size:
                break
            offsets = np.stack([getattr(one, name)[slots] for one in known])
            where[axis, slots], values = mix_tables(pool, offsets, size, share, end, log)
            parts.append(values)
            end += values.size
        sizes[0, slots], sizes[1, slots] = nx, ny
    mixed = np.concatenate(parts) if parts else np.zeros(0)
    return PairDerates(where[0], sizes[0], where[1], sizes[1], where[2], mixed)


def _one_pool(pairs: list[PairDerates]) -> tuple[list[PairDerates], Real]:
    """Pairs whose offsets point into one pool, and that pool."""
    if all(pair.pool is pairs[0].pool for pair in pairs):
        return pairs, pairs[0].pool
    moved, start = [], 0
    for pair in pairs:
        x, y, v = (np.where(pair.v >= 0, column + start, column) for column in (pair.x, pair.y, pair.v))
        moved.append(PairDerates(x, pair.nx, y, pair.ny, v, pair.pool))
        start += pair.pool.size
    return moved, np.concatenate([pair.pool for pair in pairs])
