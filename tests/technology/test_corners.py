from __future__ import annotations

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.technology import with_vdds
from finevh.technology.corners import interpolate_delay
from finevh.technology.cross_corners import triangle
from finevh.technology.lookup import table_of
from finevh.technology.model import ArcType


def test_delay_is_interpolated_in_its_inverse():
    a, b = np.array([[40.0, 80.0]]), np.array([[20.0, 50.0]])
    np.testing.assert_allclose(interpolate_delay(a, b, 0.5), [[1 / (0.5 / 40 + 0.5 / 20), 1 / (0.5 / 80 + 0.5 / 50)]])


def test_a_delay_that_crosses_zero_follows_its_column():
    a, b = np.array([[40.0], [-4.0]]), np.array([[20.0], [2.0]])
    weight = (40 - interpolate_delay(a, b, 0.5)[0, 0]) / 20
    np.testing.assert_allclose(interpolate_delay(a, b, 0.5)[1, 0], -4 + 6 * weight, atol=1e-9)


def test_characterised_supplies_stay_exact(ihp_technology):
    same = with_vdds(ihp_technology, [1.08, 1.2, 1.35])
    assert same.vdds.tolist() == [1.08, 1.2, 1.35]
    assert same.corner_of.tolist() == [[0, 1, 2]]
    for slot in range(0, 2000, 97):
        for mine, theirs in zip(table_of(same.corners, 2, slot), table_of(ihp_technology.corners, 1, slot), strict=True):
            assert np.array_equal(mine, theirs)
    assert np.array_equal(same.corners.leakage[0], ihp_technology.corners.leakage[0])


def test_interpolated_numbers_lie_between_their_neighbours(ihp_technology):
    made = with_vdds(ihp_technology, [1.08, 1.2, 1.35]).corners
    for name in ("pin_cap", "leakage"):
        low, mid, high = getattr(made, name)
        assert ((mid >= np.minimum(low, high) - 1e-12) & (mid <= np.maximum(low, high) + 1e-12)).all()
    cells = ihp_technology.cells
    slots = cells.arc_table[cells.arc_type == ArcType.COMBINATIONAL, :2]
    for slot in slots[slots >= 0][::50].tolist():
        low, mid, high = (table_of(made, c, slot)[2] for c in range(3))
        assert ((mid >= np.minimum(low, high) - 1e-9) & (mid <= np.maximum(low, high) + 1e-9)).all()


def test_leakage_is_interpolated_in_its_logarithm(ihp_technology):
    made = with_vdds(ihp_technology, [1.215]).corners.leakage[0]
    low, high = ihp_technology.corners.leakage
    good = (low > 0) & (high > 0)
    np.testing.assert_allclose(made[good], np.sqrt(low * high)[good], rtol=1e-9)


@pytest.mark.parametrize("vdd", [1.0, 1.4])
def test_extrapolation_is_refused(ihp_technology, vdd):
    with pytest.raises(InputError, match=r"is outside the characterised 1\.08 to 1\.35 V; extrapolation is refused"):
        with_vdds(ihp_technology, [1.2, vdd])


@pytest.mark.parametrize(("cell", "driver", "corners"), [
    (0.8, 0.7, [(4, 2, 1.0)]),
    (0.825, 0.725, [(4, 2, 0.5), (5, 3, 0.5)]),
    (0.825, 0.70, [(4, 2, 0.5), (5, 2, 0.5)]),
    (0.85, 0.725, [(5, 2, 0.5), (5, 3, 0.5)]),
])
def test_a_pair_between_pairs_takes_those_of_nearest_difference(cell, driver, corners):
    known = np.arange(0.6, 1.01, 0.05)
    found = triangle(known, cell, driver)
    assert [(c, d) for c, d, _ in found] == [(c, d) for c, d, _ in corners]
    np.testing.assert_allclose([w for *_, w in found], [w for *_, w in corners])
