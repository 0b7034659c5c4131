"""Vdd selection at one frequency as a mixed-integer linear program: a lower bound of power that no map can undercut.

One binary per tile, and per pair of tiles that matters one variable ``u`` = "the first low, the second high", which binaries
make exact. Power of one and two tiles is exact; what three and more tiles add is replaced by a part of one and two tiles
that is nowhere above it, and equal to it at one chosen map. Timing is what path cuts say.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from finevh.power.tiles.tile_terms import TileTerms
from finevh.selection.voltage_map import Bits
from finevh.timing.bounds import BoundPath


@dataclass
class Linear:
    """A constant, a coefficient per tile, and one per product of two tiles (a < b)."""

    constant: float = 0.0
    tile: dict[int, float] = field(default_factory=dict)
    product: dict[tuple[int, int], float] = field(default_factory=dict)

    def add(self, tiles: tuple[int, ...], value: float) -> None:
        """Add ``value`` times the product of up to two tiles."""
        if len(tiles) == 0:
            self.constant += value
        elif len(tiles) == 1:
            self.tile[tiles[0]] = self.tile.get(tiles[0], 0.0) + value
        else:
            self.product[tiles[0], tiles[1]] = self.product.get((tiles[0], tiles[1]), 0.0) + value

    def value(self, high: Bits) -> float:
        """The function at a map."""
        return (
            self.constant
            + sum(v for t, v in self.tile.items() if high[t])
            + sum(v for (a, b), v in self.product.items() if high[a] and high[b])
        )


def quadratic_below(terms: TileTerms, at: Bits) -> Linear:
    """The best-known function of products of two tiles that is nowhere above ``terms``, and equal to it at one map."""
    found = Linear()
    for tiles, table in terms.groups():
        k = tiles.shape[1]
        # Coefficients of the products of tiles (Moebius transform), bit by bit.
        value = table.copy()
        for j in range(k):
            block = value.reshape(len(value), -1, 2, 2**j)
            block[:, :, 1, :] -= block[:, :, 0, :]
        for code in range(2**k):
            inside = [j for j in range(k) if code >> j & 1]
            for group, v in zip(tiles[:, inside].tolist(), value[:, code].tolist(), strict=True):
                if v != 0.0:
                    _add_below(found, tuple(group), v, at)
    return found


def _add_below(found: Linear, group: tuple[int, ...], value: float, at: Bits) -> None:
    """Add a product of tiles, or what is not above it and equal at a map."""
    if len(group) <= 2:
        found.add(group, value)
    elif value < 0.0:
        # A product is at most that of two of its tiles; where it is zero, two that hold a low one.
        pair = sorted(group, key=lambda tile: bool(at[tile]))[:2]
        found.add((min(pair), max(pair)), value)
    elif all(at[tile] for tile in group):
        # x y z >= x y + z - 1, and so on.
        for first in range(0, len(group), 2):
            found.add(group[first : first + 2], value)
        found.add((), -value * (-(-len(group) // 2) - 1))


def path_row(path: BoundPath) -> Linear:
    """Least time that a path takes, ps."""
    found = Linear()
    for a, b, d in zip(path.driver.tolist(), path.tile.tolist(), path.delay, strict=True):
        if a < 0 and b < 0:
            found.add((), float(d[1, 1]))
        elif a == b:
            found.add((), float(d[0, 0]))
            found.add((a,), float(d[1, 1] - d[0, 0]))
        elif a < 0:
            found.add((), float(d[1, 0]))
            found.add((b,), float(d[1, 1] - d[1, 0]))
        elif b < 0:
            found.add((), float(d[0, 1]))
            found.add((a,), float(d[1, 1] - d[0, 1]))
        else:
            found.add((), float(d[0, 0]))
            found.add((a,), float(d[1, 0] - d[0, 0]))
            found.add((b,), float(d[0, 1] - d[0, 0]))
            found.add((min(a, b), max(a, b)), float(d[1, 1] - d[1, 0] - d[0, 1] + d[0, 0]))
    return found


@dataclass(frozen=True)
class Row:
    """``function <= limit``."""

    function: Linear
    limit: float


@dataclass(frozen=True)
class Solution:
    """What the solver came to: a map (None where there is none below the ceiling) and the proven bound."""

    high: Bits | None
    bound: float
    closed: bool
    """The program was solved to its end."""


def solve(
    n_tiles: int, objective: Linear, rows: list[Row], ceiling: float, seconds: float, gap: float = 1e-5
) -> Solution:
    """Minimise a function of tiles under rows.

    Parameters
    ----------
    ceiling
        Value that is known to be reached: only smaller ones are sought, and the bound is at most this.
    seconds
        Time limit.
    gap
        Relative gap at which the solver stops.
    """
    # Most selectors never solve a program: the solver is loaded by those that do.
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_matrix

    pairs = sorted({pair for part in (objective, *(row.function for row in rows)) for pair in part.product})
    column = {pair: n_tiles + index for index, pair in enumerate(pairs)}
    size = n_tiles + len(pairs)

    def coefficients(part: Linear) -> dict[int, float]:
        # x_a x_b = x_b - u_ab
        found = dict(part.tile)
        for (a, b), v in part.product.items():
            found[b] = found.get(b, 0.0) + v
            found[column[a, b]] = -v
        return found

    matrix_rows: list[int] = []
    matrix_columns: list[int] = []
    values: list[float] = []
    limits: list[float] = []

    def add(entries: dict[int, float], limit: float) -> None:
        scale = max((abs(v) for v in entries.values()), default=1.0) or 1.0
        matrix_rows.extend([len(limits)] * len(entries))
        matrix_columns.extend(entries)
        values.extend(v / scale for v in entries.values())
        limits.append(limit / scale)

    for row in rows:
        add(coefficients(row.function), row.limit - row.function.constant)
    for (a, b), u in column.items():
        add({b: 1.0, a: -1.0, u: -1.0}, 0.0)  # u >= x_b - x_a
        add({u: 1.0, b: -1.0}, 0.0)
        add({u: 1.0, a: 1.0}, 1.0)
    cost = np.zeros(size)
    for index, v in coefficients(objective).items():
        cost[index] += v
    add({index: v for index, v in enumerate(cost.tolist()) if v}, ceiling - objective.constant)
    matrix = coo_matrix((values, (matrix_rows, matrix_columns)), shape=(len(limits), size)).tocsr()
    scale = float(np.abs(cost).max()) or 1.0
    integrality = np.zeros(size)
    integrality[:n_tiles] = 1
    result = milp(
        cost / scale, integrality=integrality, bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(matrix, -np.inf, np.array(limits)),
        options={"time_limit": max(seconds, 0.05), "mip_rel_gap": gap},
    )  # fmt: skip
    if result.status == 2:  # infeasible: nothing lies below the ceiling
        return Solution(None, ceiling, True)
    dual = getattr(result, "mip_dual_bound", None)
    bound = -np.inf if dual is None or not np.isfinite(dual) else float(dual) * scale + objective.constant
    high = None if result.x is None else np.asarray(result.x[:n_tiles] > 0.5)
    return Solution(high, min(bound, ceiling), result.status == 0)
