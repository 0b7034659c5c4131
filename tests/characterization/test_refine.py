"""Published tables against the curves that they stand for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from finevh.characterization.process import TableAxes
from finevh.characterization.publish.refine import BETWEEN, fit_bilinear, refine_energies, refine_record
from finevh.characterization.record import Arc, CellRecord, Edge

FloatArray = NDArray[np.float64]
SLEW = np.array([6.0, 13.0, 28.0, 56.0, 112.0, 220.0, 440.0])
LOAD = np.array([0.2, 1.0, 3.0, 8.0, 20.0, 50.0])
AXES = TableAxes(
    np.array([6.0, 14, 26, 45, 76, 130, 240, 440]) / 440,
    np.array([0.2, 1.1, 2.6, 5.7, 11.4, 23, 50]),
    np.array([6.0, 18, 40, 88, 200, 440]) / 440,
    np.array([0.2, 1.75, 5.7, 17, 50]),
    np.array([6.0, 40, 130, 440]) / 440,
    np.array([0.2, 6, 50]),
)

ONE_AXIS = replace(AXES, side_slew=AXES.slew, side_load_ff=AXES.load_ff)


def curve(slew: FloatArray, load: FloatArray, side: float = 1.0) -> Edge:
    """Shapes of an inverter: linear in the load for quick inputs, like the root of slew times load for slow ones."""
    s, c = np.meshgrid(slew, load + 1.5, indexing="ij")
    delay = 2.9 * side * c + 1.1 * s * c / (c + 0.08 * s) - 0.02 * s
    return Edge(delay, np.hypot(2.6 * side * c, 1.2 * np.sqrt(s * c)), 0.3 + 0.002 * s / (1 + 0.1 * c))


def arc(slew: FloatArray, load: FloatArray, state: tuple[tuple[str, int], ...] = (), side: float = 1.0) -> Arc:
    edge = curve(slew, load, side)
    return Arc("A", "Z", "negative_unate", "combinational", state, slew, load, edge, None, state, state)


@pytest.fixture
def record() -> CellRecord:
    arcs = (arc(SLEW, LOAD), arc(SLEW, LOAD, (("B", 1),), 0.8))
    return CellRecord("G", "PB0", 1.0, 125.0, (), (), arcs, (), (), (), (), ())


def worst_error(table: Arc, side: float, name: str) -> tuple[float, float]:
    """Greatest error of bilinear reading, of `table` and of one sampled from the curve on the same axes."""
    slew, load = np.geomspace(6, 440, 60), np.geomspace(0.2, 50, 60)
    true = getattr(curve(slew, load, side), name)

    def read(values: FloatArray) -> FloatArray:
        across = np.array([np.interp(slew, table.slew_ps, unit) for unit in np.eye(table.slew_ps.size)]).T
        along = np.array([np.interp(load, table.load_ff, unit) for unit in np.eye(table.load_ff.size)]).T
        found: FloatArray = across @ values @ along.T
        return found

    sampled = getattr(curve(table.slew_ps, table.load_ff, side), name)
    assert table.rise is not None
    fitted, plain = (np.abs(read(v) / true - 1).max() for v in (getattr(table.rise, name), sampled))
    return float(fitted), float(plain)


@pytest.mark.parametrize("name", ["delay_ps", "slew_ps"])
@pytest.mark.parametrize(("position", "side", "limit"), [(0, 1.0, 0.03), (1, 0.8, 0.05)])
def test_a_fitted_table_errs_less_than_one_through_its_points(
    record: CellRecord, position: int, side: float, limit: float, name: str
) -> None:
    table = refine_record(record, AXES).arcs[position]
    fitted, plain = worst_error(table, side, name)
    assert fitted < limit
    assert fitted < 0.8 * plain


def test_a_worst_arc_is_the_greatest_of_its_states_at_every_point(record: CellRecord) -> None:
    """Two states that change places along the slew: neither alone is the worst."""
    base = curve(SLEW, LOAD)
    tilt = np.geomspace(1.2, 0.8, SLEW.size)[:, None]
    other = Edge(base.delay_ps * tilt, base.slew_ps / tilt, base.energy_fj)
    states = [arc(SLEW, LOAD, (("B", 0),)), replace(arc(SLEW, LOAD, (("B", 1),)), rise=other)]
    worst, first, second = refine_record(replace(record, arcs=(arc(SLEW, LOAD), *states)), ONE_AXIS).arcs
    assert worst.rise is not None
    assert first.rise is not None
    assert second.rise is not None
    for name in ("delay_ps", "slew_ps"):
        greatest = np.maximum(getattr(first.rise, name), getattr(second.rise, name))
        assert np.any(greatest > 1.05 * getattr(first.rise, name))
        assert np.any(greatest > 1.05 * getattr(second.rise, name))
        np.testing.assert_allclose(getattr(worst.rise, name), greatest, rtol=0.03)


def test_axes_are_the_published_ones(record: CellRecord) -> None:
    worst, side = refine_record(record, AXES).arcs
    np.testing.assert_allclose(worst.slew_ps, AXES.slew * 440)
    np.testing.assert_allclose(side.load_ff, AXES.side_load_ff)
    assert worst.rise is not None
    assert worst.rise.delay_ps.shape == (8, 7)
    assert worst.fall is None
    assert refine_energies(record, AXES).arcs[1].slew_ps.size == 4


def test_a_bilinear_surface_is_its_own_fit() -> None:
    slew, load = np.array([1.0, 3.0, 7.0]), np.array([1.0, 2.0, 9.0])
    fine = [np.exp(np.interp(np.arange(2 * BETWEEN + 1) / BETWEEN, [0, 1, 2], np.log(axis))) for axis in (slew, load)]
    surface = 2 + 3 * fine[0][:, None] + fine[1] + 0.5 * fine[0][:, None] * fine[1]
    table = fit_bilinear(slew, load, surface, surface)
    np.testing.assert_allclose(table, 2 + 3 * slew[:, None] + load + 0.5 * slew[:, None] * load, rtol=1e-9)


def test_records_without_arcs_stay(record: CellRecord) -> None:
    bare = replace(record, arcs=())
    assert refine_record(bare, AXES) == bare
