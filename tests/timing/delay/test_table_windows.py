"""Windows of delay tables against plain interpolation on the union of axes, point by point."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numba import njit
from scipy.interpolate import RegularGridInterpolator

from finevh.technology import load_technology, with_vdds
from finevh.timing.delay.packed_tables import PackedTables, pack_tables
from finevh.timing.delay.table_windows import Grids, grids_of, table_window

LIBRARY = Path(__file__).resolve().parents[3] / "libs" / "finevh45"
LOW, HIGH = 0, 1


@njit
def window(grids, number, crossed, x0, x1, y0, y1):  # type: ignore[no-untyped-def]
    return table_window(
        grids.grid, grids.axis, grids.point, grids.share, grids.below, grids.above, grids.value,
        number, crossed, x0, x1, y0, y1, True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> PackedTables:
    technology = with_vdds(load_technology(LIBRARY / "technology.toml"), (0.8, 1.0))
    packed = pack_tables(technology)
    for corner in range(packed.n_corner):
        packed.need(corner, np.arange(len(technology.cells.names)))
    for corner, driver in ((LOW, HIGH), (HIGH, LOW)):
        packed.need_cross(int(packed.corner_of[0, corner]), [driver])
    return packed


@pytest.fixture(scope="module")
def grids(tables: PackedTables) -> Grids:
    asked = np.zeros((2, len(tables.record)), dtype=bool)
    for state in (LOW, HIGH):
        first = int(tables.corner_of[0, state]) * tables.n_arc * 2
        asked[state, first : first + tables.n_arc * 2] = True
    supplies = np.array([LOW, HIGH], dtype=np.int64)
    return grids_of(tables.record, tables.cross_record, tables.axes, tables.values, asked, supplies)


def plane(tables: PackedTables, record: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Axes of a record, and its two tables (nx, ny, 2)."""
    x, nx, y, ny, v = record.tolist()
    values = tables.values[v : v + 2 * nx * ny].reshape(nx, ny, 2)
    return tables.axes[x : x + nx], tables.axes[y : y + ny], values


def merged(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Points of two axes, those that are nearly the same once; two points 0 and 1 stand for none."""
    real = [axis for axis in (first, second) if axis.tolist() != [0.0, 1.0]] or [first]
    points = np.unique(np.concatenate(real))
    return points[np.append(True, np.diff(points) > 2e-5 * points[1:])]


class Plain:
    """Delay and slew of a record between the points of its grid, derated where a driver is at the other supply."""

    def __init__(self, tables: PackedTables, record: int, cross: int) -> None:
        x, y, own = plane(tables, tables.record[record])
        self.x, self.y, values = x, y, own
        if cross >= 0:
            u, w, derate = plane(tables, tables.cross_record[cross])
            self.x, self.y = merged(x, u), merged(y, w)
            at = np.stack(np.meshgrid(self.x, self.y, indexing="ij"), -1)
            inside = np.stack([np.clip(at[..., 0], u[0], u[-1]), np.clip(at[..., 1], w[0], w[-1])], -1)
            shift = self.linear(u, w, derate[..., 0])(at)
            factor = self.linear(u, w, derate[..., 1])(inside)
            values = self.linear(x, y, own)(at)
            values = np.stack([values[..., 0] + shift, values[..., 1] * factor], -1)
        self.at = self.linear(self.x, self.y, values)

    @staticmethod
    def linear(x: np.ndarray, y: np.ndarray, values: np.ndarray) -> RegularGridInterpolator:
        return RegularGridInterpolator((x, y), values, bounds_error=False, fill_value=None)

    def window(self, x0: float, x1: float, y0: float, y1: float) -> list[float]:
        xs = np.array([x0, *self.x[(self.x > x0) & (self.x < x1)], x1])
        ys = np.array([y0, *self.y[(self.y > y0) & (self.y < y1)], y1])
        ends = self.at(np.stack(np.meshgrid(xs, ys[[0, -1]], indexing="ij"), -1))
        delay = self.at(np.stack(np.meshgrid(xs, ys, indexing="ij"), -1))[..., 0]
        slope = float((np.diff(delay) / np.diff(ys)).min()) if y1 > y0 else 0.0
        delays, slews = ends[..., 0], np.maximum(ends[..., 1], 0.0)
        return [delays.min(), delays.max(), slews.min(), slews.max(), max(slope, 0.0)]


@pytest.mark.parametrize("crossed", [False, True])
@pytest.mark.parametrize("state", [LOW, HIGH])
def test_windows_are_those_of_plain_interpolation(
    tables: PackedTables, grids: Grids, state: int, crossed: bool
) -> None:
    rng = np.random.default_rng(10 * state + crossed)
    known = np.flatnonzero(grids.number[state, int(crossed)] >= 0)
    assert len(known) > 500
    for record in rng.choice(known, 60, replace=False).tolist():
        cross = (1 - state) * len(tables.record) + record if crossed else -1
        plain = Plain(tables, record, cross)
        number = int(grids.number[state, int(crossed), record])
        for wide in (0.0, 0.01, 0.3, 1.0):
            x0, y0 = rng.uniform(0.0, 1.1) * plain.x[-1], rng.uniform(0.0, 1.1) * plain.y[-1]
            x1, y1 = x0 + wide * rng.uniform() * plain.x[-1], y0 + wide * rng.uniform() * plain.y[-1]
            found = window(grids, number, crossed, x0, x1, y0, y1)
            assert found == pytest.approx(plain.window(x0, x1, y0, y1), rel=1e-6, abs=1e-4)


def test_a_point_of_an_axis_gives_what_the_table_holds(tables: PackedTables, grids: Grids) -> None:
    record = int(np.flatnonzero(grids.number[LOW, 0] >= 0)[7])
    x, y, values = plane(tables, tables.record[record])
    number = int(grids.number[LOW, 0, record])
    for i in range(len(x)):
        least, most, slew, _, slope = window(grids, number, False, x[i], x[i], y[2], y[2])
        assert (least, most, slew, slope) == (values[i, 2, 0], values[i, 2, 0], values[i, 2, 1], 0.0)


def test_a_record_that_is_not_asked_for_has_no_grid(tables: PackedTables) -> None:
    asked = np.zeros((2, len(tables.record)), dtype=bool)
    asked[LOW, int(np.flatnonzero(tables.record[:, 1] > 0)[0])] = True
    grids = grids_of(tables.record, tables.cross_record[:0], tables.axes, tables.values, asked, np.array([LOW, HIGH]))
    assert np.count_nonzero(grids.number >= 0) == len(grids.grid) == 1
