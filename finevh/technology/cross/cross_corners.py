"""Cross-voltage derates between characterised pairs of supplies.

A pair (cell, driver) lies in a square of four characterised pairs. The square is cut along the diagonal of constant
difference, because derates follow the difference of the rails first of all; the three corners of a triangle decide. So a
pair half-way between two pairs of equal difference takes exactly those two, and no pair wider than the characterised span
is ever needed for one inside it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.technology.model import CrossVoltage, Int, PairDerates, Real, Technology
from finevh.units import VOLTAGE_TOLERANCE

__all__ = ["MixedCross", "continued_triangle", "interpolate_cross", "triangle"]

_REACH = 3.5
"""Sum of absolute weights that a continuation may have: a little more than one grid step beyond the characterised pairs."""


def _place(known: Sequence[float], at: float) -> tuple[int, float]:
    """Lower neighbour and fraction; 0 at a known supply."""
    i = min(max(bisect_right(known, at + VOLTAGE_TOLERANCE) - 1, 0), len(known) - 1)
    if abs(known[i] - at) < VOLTAGE_TOLERANCE or i == len(known) - 1:
        return i, 0.0
    return i, (at - known[i]) / (known[i + 1] - known[i])


def triangle(known: Real, cell: float, driver: float) -> list[tuple[int, int, float]]:
    """Corners (cell supply, driver supply, weight) of the triangle around a pair; weights are positive and sum to 1."""
    supplies: list[float] = known.tolist()
    i, f = _place(supplies, cell)
    j, g = _place(supplies, driver)
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
    old: Technology,
    new: Technology,
    continued: bool = False,
    timed: NDArray[np.bool_] | None = None,
    types: Int | None = None,
) -> CrossVoltage:
    """Derates of ``new`` (which has interpolated corners) from those of ``old``: log of factors, linear shifts.

    A pair with a corner that is not characterised stays absent; with ``continued`` one near the edge of those that are goes on
    linearly from them. ``timed``: (n_table) slots of the only tables that are wanted; then leakage is not, and is absent.
    ``types``: the only cell types whose leakage is wanted; that of others is nan.

    Raises
    ------
    InputError
        If ``old`` has no derates.
    """
    cross = old.cross
    if cross is None:
        raise InputError(f"technology {old.name} has no cross-voltage data to interpolate; characterise it")
    n_corner, n_vdd = new.corners.vdd.size, new.vdds.size
    ptr = old.cells.ternary_ptr
    n_code = int(ptr[-1])
    wanted = np.ones(n_code, dtype=np.bool_)
    if types is not None:
        wanted = np.isin(np.repeat(np.arange(len(ptr) - 1), np.diff(ptr)), types)
    unmoved = np.where(wanted, np.float32(1.0), np.float32(np.nan))
    logs: dict[tuple[int, int], Real] = {}
    offset = np.full((n_corner, n_vdd), -1, dtype=np.int64)
    blocks: list[NDArray[np.float32]] = []
    margin = np.full((n_corner, n_vdd, len(old.cells.names)), np.nan)
    pairs: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
    there = [cross.leakage_offset[rows] >= 0 for rows in old.corner_of]
    triangles: dict[tuple[float, float, bytes], list[tuple[int, int, float]]] = {}
    for c in range(n_corner):
        variant, vdd = int(new.corners.variant[c]), float(new.corners.vdd[c])
        for d, driver in enumerate(new.vdds.tolist()):
            own = abs(driver - vdd) < VOLTAGE_TOLERANCE
            # Variants have the same pairs, mostly.
            key = vdd, driver, there[variant].tobytes()
            if key not in triangles:
                beyond = continued and not own
                triangles[key] = (
                    continued_triangle(old.vdds, vdd, driver, there[variant])
                    if beyond
                    else triangle(old.vdds, vdd, driver)
                )
            found = triangles[key]
            corners = [(int(old.corner_of[variant, i]), j, w) for i, j, w in found]
            if corners:
                margin[c, d] = sum(w * cross.noise_margin[row, j] for row, j, w in corners)
            if timed is not None:
                pass
            elif own:
                offset[c, d] = n_code * len(blocks)
                blocks.append(unmoved)
            elif corners and all(cross.leakage_offset[row, j] >= 0 for row, j, _ in corners):
                offset[c, d] = n_code * len(blocks)
                blocks.append(_leakage(cross, corners, wanted, logs))
            if not own:
                pairs[c, d] = corners
    none, no_size = np.zeros((n_corner, n_vdd, 0), dtype=np.int64), np.zeros((n_corner, n_vdd, 0), dtype=np.int32)
    factors = np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)
    return MixedCross(offset, factors, none, no_size, none, no_size, none, np.zeros(0), margin, old, pairs, timed)


def _leakage(
    cross: CrossVoltage,
    corners: list[tuple[int, int, float]],
    wanted: NDArray[np.bool_],
    logs: dict[tuple[int, int], Real],
) -> NDArray[np.float32]:
    """Derates of leakage of a pair, those that are ``wanted``; ``logs`` keeps the logarithms of those at its corners."""
    total = np.zeros(int(wanted.sum()))
    for row, j, w in corners:
        if (row, j) not in logs:
            start = int(cross.leakage_offset[row, j])
            logs[row, j] = np.log(cross.leakage_k[start : start + len(wanted)][wanted].astype(np.float64))
        total += w * logs[row, j]
    found = np.full(len(wanted), np.nan, dtype=np.float32)
    found[wanted] = np.exp(total)
    return found


@dataclass(frozen=True)
class MixedCross(CrossVoltage):
    """Derates between interpolated supplies; those of delays are mixed by who times something (:class:`PackedTables`).

    A flow knows some hundred pairs of supplies and asks for a dozen of them. The columns of delays of the base class are empty.
    """

    old: Technology
    """Characterised corners."""
    pairs: dict[tuple[int, int], list[tuple[int, int, float]]]
    """Row of ``old.corners``, index of its driver's Vdd and weight of what each (corner, driver) is mixed from."""
    timed: NDArray[np.bool_] | None
    """(n_table) slots of the tables that are mixed; None for all."""

    def delays(self, corner: int, driver: int) -> PairDerates:
        """Refuse: there are none before they are mixed."""
        raise TypeError("derates between interpolated supplies are mixed where they are packed")

    def parts(self, corner: int, driver: int) -> list[tuple[int, int, float]]:
        """What a pair is mixed from. Pairs of one supply are left out, with their weight: their shift is 0, their factor 1."""
        old = self.old
        return [
            (row, j, weight)
            for row, j, weight in self.pairs.get((corner, driver), [])
            if abs(float(old.corners.vdd[row]) - float(old.vdds[j])) >= VOLTAGE_TOLERANCE
        ]
