from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.technology import load_technology, with_vdds
from finevh.technology.cross.cross_corners import continued_triangle, triangle
from finevh.technology.model import ArcType
from finevh.technology.part import Part
from finevh.technology.tables.reference import table_of
from finevh.technology.vdd_interpolation import nodes_of, time_units

SHIPPED = Path(__file__).resolve().parents[2] / "libs" / "finevh45" / "technology.toml"


def test_a_characterised_supply_is_its_own_node():
    assert nodes_of(np.array([0.6, 0.8, 1.0]), 0.8).index == (1,)


def test_two_supplies_interpolate_the_inverse_of_delay(two_supplies):
    middle = with_vdds(two_supplies, [0.9])
    tau, between = time_units(two_supplies), time_units(middle)
    assert between[0] == pytest.approx(2 / (1 / tau[0] + 1 / tau[1]), rel=2e-3)


def test_three_nodes_reproduce_a_quadratic():
    known = np.array([0.6, 0.7, 0.8, 0.9, 1.0])
    node = nodes_of(known, 0.72)
    assert node.index == (0, 1, 2)
    assert sum(
        w * (3 * known[i] ** 2 - known[i] + 2) for i, w in zip(node.index, node.weight, strict=True)
    ) == pytest.approx(3 * 0.72**2 - 0.72 + 2)


def test_a_left_out_supply_is_not_used():
    node = nodes_of(np.array([0.6, 0.7, 0.8, 0.9]), 0.7, left_out=1)
    assert node.index == (0, 2, 3)
    assert sum(node.weight) == pytest.approx(1)


def test_characterised_supplies_stay_exact(two_supplies):
    same = with_vdds(two_supplies, [0.8, 0.88, 1.0])
    assert same.vdds.tolist() == [0.8, 0.88, 1.0]
    assert same.corner_of.tolist() == [[0, 1, 2]]
    for slot in range(0, 2000, 97):
        for mine, theirs in zip(table_of(same.corners, 2, slot), table_of(two_supplies.corners, 1, slot), strict=True):
            assert np.array_equal(mine, theirs)
    assert np.array_equal(same.corners.leakage[0], two_supplies.corners.leakage[0])


def test_interpolated_numbers_lie_between_their_neighbours(two_supplies):
    made = with_vdds(two_supplies, [0.8, 0.88, 1.0]).corners
    for name in ("pin_cap", "leakage"):
        low, mid, high = getattr(made, name)
        assert ((mid >= np.minimum(low, high) - 1e-12) & (mid <= np.maximum(low, high) + 1e-12)).all()
    cells = two_supplies.cells
    slots = cells.arc_table[cells.arc_type == ArcType.COMBINATIONAL, :2]
    for slot in slots[slots >= 0][::50].tolist():
        low, mid, high = (table_of(made, c, slot)[2] for c in range(3))
        assert ((mid >= np.minimum(low, high) - 1e-9) & (mid <= np.maximum(low, high) + 1e-9)).all()


def test_leakage_is_interpolated_in_its_logarithm(two_supplies):
    made = with_vdds(two_supplies, [0.9]).corners.leakage[0]
    low, high = two_supplies.corners.leakage
    good = (low > 0) & (high > 0)
    np.testing.assert_allclose(made[good], np.sqrt(low * high)[good], rtol=1e-9)


@pytest.mark.parametrize("vdd", [0.7, 1.4])
def test_extrapolation_is_refused(two_supplies, vdd):
    with pytest.raises(InputError, match=r"is outside the characterised 0\.8 to 1 V; extrapolation is refused"):
        with_vdds(two_supplies, [0.9, vdd])


@pytest.mark.parametrize(
    ("cell", "driver", "corners"),
    [
        (0.8, 0.7, [(4, 2, 1.0)]),
        (0.825, 0.725, [(4, 2, 0.5), (5, 3, 0.5)]),
        (0.825, 0.70, [(4, 2, 0.5), (5, 2, 0.5)]),
        (0.85, 0.725, [(5, 2, 0.5), (5, 3, 0.5)]),
    ],
)
def test_a_pair_between_pairs_takes_those_of_nearest_difference(cell, driver, corners):
    known = np.arange(0.6, 1.01, 0.05)
    found = triangle(known, cell, driver)
    assert [(c, d) for c, d, _ in found] == [(c, d) for c, d, _ in corners]
    np.testing.assert_allclose([w for *_, w in found], [w for *_, w in corners])


KNOWN = np.array([0.60, 0.65, 0.70, 0.75, 0.80])


@pytest.mark.parametrize(
    ("cell", "driver"), [(0.58, 0.80), (0.80, 0.58), (0.59, 0.59), (0.80, 0.585), (0.62, 0.80), (0.7, 0.7)]
)
def test_a_continued_pair_takes_characterised_pairs_alone_and_is_exact_for_a_plane(cell, driver):
    there = np.abs(KNOWN[:, None] - KNOWN) < 0.2001
    corners = continued_triangle(KNOWN, cell, driver, there)
    assert all(there[i, j] for i, j, _ in corners)
    assert np.isclose(sum(w for _, _, w in corners), 1.0)
    assert np.isclose(sum(w * (3.0 * KNOWN[i] - 5.0 * KNOWN[j]) for i, j, w in corners), 3.0 * cell - 5.0 * driver)


def test_a_pair_that_no_characterised_one_is_near_is_not_continued():
    assert continued_triangle(KNOWN, 0.60, 0.80, np.abs(KNOWN[:, None] - KNOWN) < 0.09) == []


def test_a_supply_just_below_the_range_continues_as_the_library_goes_on():
    full = load_technology(SHIPPED)
    above = with_vdds(full, [vdd for vdd in full.vdds if vdd > 0.62], cross=False)
    for vdd, tolerance in ((0.62, 0.005), (0.60, 0.01)):
        # Two supplies: unit delays are up to a factor that they share.
        made = time_units(with_vdds(above, [vdd, 0.80], cross=False, beyond=0.05))
        true = time_units(with_vdds(full, [vdd, 0.80], cross=False))
        assert np.isclose(made[0] / made[1], true[0] / true[1], rtol=tolerance)
    with pytest.raises(InputError, match="extrapolation is refused"):
        with_vdds(above, [0.59], beyond=0.05)


def test_corners_that_serve_to_time_some_cell_types_have_their_tables_alone_and_the_same():
    full, supplies = load_technology(SHIPPED), [0.65, 0.725, 0.825]
    cells = full.cells
    kinds = np.array([cells.index["NAND2_X1"], cells.index["DFFR_X1"]])
    whole, some = (with_vdds(full, supplies, timed=timed) for timed in (None, kinds))
    arcs = np.isin(np.repeat(np.arange(len(cells.names)), np.diff(cells.arc_ptr)), kinds)
    theirs, others = (np.unique(cells.arc_table[which]) for which in (arcs, ~arcs))
    theirs, others = theirs[theirs >= 0], np.setdiff1d(others[others >= 0], theirs)
    compared = 0
    for corner in range(len(whole.corners.vdd)):
        for slot in theirs[(whole.corners.table_v[corner, theirs] >= 0)].tolist():
            assert all(map(np.array_equal, table_of(whole.corners, corner, slot), table_of(some.corners, corner, slot)))
            compared += 1
        assert (some.corners.table_v[corner, others] == -1).all()
    assert compared > 100
    assert np.array_equal(whole.corners.pin_cap_rise, some.corners.pin_cap_rise)


def test_the_part_of_a_library_that_a_design_takes_is_the_same_as_in_the_whole(two_supplies):
    cells, supplies = two_supplies.cells, (0.85, 0.9)
    kind = next(k for k in range(len(cells.names)) if cells.power_ptr[k + 1] > cells.power_ptr[k])
    variant = len(two_supplies.variants) - 1
    whole = with_vdds(two_supplies, supplies)
    some = with_vdds(two_supplies, supplies, only=Part((kind,), (0, variant)))
    assert [(row >= 0).all() for row in some.corner_of] == [v in (0, variant) for v in range(variant + 1)]
    arcs = cells.arc_table[cells.arc_ptr[kind] : cells.arc_ptr[kind + 1]]
    energies = cells.power_table[cells.power_ptr[kind] : cells.power_ptr[kind + 1]]
    slots = np.unique(np.concatenate([arcs.ravel(), energies.ravel()]))
    for v in (0, variant):
        for vdd in range(len(supplies)):
            mine, theirs = (int(one.corner_of[v, vdd]) for one in (some, whole))
            assert (some.corners.leakage[mine] == whole.corners.leakage[theirs]).all()
            for slot in slots[slots >= 0].tolist():
                pairs = zip(table_of(some.corners, mine, slot), table_of(whole.corners, theirs, slot), strict=True)
                assert all((a == b).all() for a, b in pairs)


def test_leakage_derates_of_a_part_are_those_of_the_whole_and_others_are_no_number():
    full, kind = load_technology(SHIPPED), 5
    whole, some = (with_vdds(full, [0.7, 0.725], only=only) for only in (None, Part((kind,), (0,))))
    mine = np.zeros(int(full.cells.ternary_ptr[-1]), dtype=bool)
    mine[full.cells.ternary_ptr[kind] : full.cells.ternary_ptr[kind + 1]] = True
    assert mine.any()
    for vdd in range(2):
        for driver in range(2):
            starts = (int(one.cross.leakage_offset[one.corner_of[0, vdd], driver]) for one in (whole, some))
            one, two = (made.cross.leakage_k[at:][: len(mine)] for made, at in zip((whole, some), starts, strict=True))
            assert np.array_equal(one[mine], two[mine])
            assert np.isnan(two[~mine]).all()
