from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from finevh.layout.electrostatic import STOP, Moment, Problem, Spreading, add_charge, take_force, wire_slope
from finevh.technology.model import Real


def smooth_length(groups: list[list[int]], weight: Real, x: Real, gamma: float) -> float:
    """Weighted averages towards both ends of each net, as the definition has them."""
    total = 0.0
    for w, nodes in zip(weight, groups, strict=True):
        v = x[nodes]
        up, down = np.exp(v / gamma), np.exp(-v / gamma)
        total += w * float((v * up).sum() / up.sum() - (v * down).sum() / down.sum())
    return total


def csr(groups: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and nodes of nets."""
    ptr = np.concatenate([[0], np.cumsum([len(nodes) for nodes in groups])]).astype(np.int32)
    return ptr, np.concatenate(groups).astype(np.int32)


@pytest.mark.parametrize("gamma", [0.4, 3.0, 25.0])
def test_slope_of_wires_is_the_derivative_of_their_smoothed_length(gamma: float) -> None:
    rng = np.random.default_rng(1)
    groups = [rng.choice(30, size=k, replace=False).tolist() for k in (2, 2, 3, 4, 9, 17, 2, 3)]
    x, weight = rng.uniform(0.0, 12.0, 30), rng.uniform(1.0, 5.0, len(groups))
    x[groups[0][1]] = x[groups[0][0]]
    slope, scratch = np.empty(30), np.empty((2, 17))
    length = wire_slope(*csr(groups), weight, x, gamma, scratch, slope)
    spans = [np.ptp(x[nodes]) for nodes in groups]
    assert length == pytest.approx(float((weight * spans).sum()))
    for node in range(30):
        ends = []
        for side in (1e-5, -1e-5):
            moved = x.copy()
            moved[node] += side
            ends.append(smooth_length(groups, weight, moved, gamma))
        assert slope[node] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-6)


def test_slope_of_a_wire_far_longer_than_the_smoothing_is_its_weight() -> None:
    ptr, node = csr([[0, 1, 2]])
    slope = np.empty(3)
    wire_slope(ptr, node, np.array([2.0]), np.array([0.0, 900.0, 2000.0]), 0.4, np.empty((2, 3)), slope)
    assert slope == pytest.approx([-2.0, 0.0, 2.0])


def test_charge_is_kept_and_forces_are_those_of_the_bins_it_lies_on() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.uniform(2.0, 14.0, 50), rng.uniform(2.0, 8.0, 50)
    half_w, half_h, scale = rng.uniform(0.8, 1.9, 50), rng.uniform(0.8, 1.9, 50), rng.uniform(0.2, 1.0, 50)
    charge = np.zeros((16, 10))
    add_charge(x, y, half_w, half_h, scale, charge)
    assert charge.sum() == pytest.approx(float((4 * half_w * half_h * scale).sum()))
    rise_x, rise_y, force = rng.normal(size=(16, 10)), rng.normal(size=(16, 10)), np.empty(100)
    take_force(x, y, half_w, half_h, scale, rise_x, rise_y, force)
    for i in (0, 17, 49):
        one, only = np.zeros((16, 10)), slice(i, i + 1)
        add_charge(x[only], y[only], half_w[only], half_h[only], scale[only], one)
        assert force[[i, 50 + i]] == pytest.approx([(one * rise_x).sum(), (one * rise_y).sum()])


def problem(seed: int = 4, cells: int = 500, bins: int = 24) -> Problem:
    """Cells that fill three quarters of a square, nets between cells of neighbouring numbers, four ports in its corners."""
    rng = np.random.default_rng(seed)
    groups = []
    for i in range(cells):
        groups.append(sorted({i, *(np.clip(i + rng.integers(-30, 31, rng.integers(1, 4)), 0, cells - 1).tolist())}))
    groups = [nodes for nodes in groups if len(nodes) > 1] + [[i * cells // 4, cells + i] for i in range(4)]
    ptr, node = csr(groups)
    edge = float(bins)
    area = 0.75 * bins * bins / cells
    return Problem(
        ptr,
        node,
        np.ones(len(groups)),
        np.full(cells, area),
        np.ones(cells),
        np.ones((bins, bins)),
        np.array([0.0, edge, edge, 0.0]),
        np.array([0.0, 0.0, edge, edge]),
    )


def length_of(given: Problem, x: Real, y: Real) -> float:
    """Half perimeters of all nets, bins."""
    full = np.concatenate([x, given.port_x]), np.concatenate([y, given.port_y])
    starts = given.ptr[:-1]
    return sum(
        float((np.maximum.reduceat(v[given.node], starts) - np.minimum.reduceat(v[given.node], starts)).sum())
        for v in full
    )


def test_cells_end_spread_out_inside_with_short_wires_and_the_same_again() -> None:
    given = problem()
    overlaps: list[float] = []

    def watch(moment: Moment) -> bool:
        overlaps.append(moment.overlap)
        return False

    x, y = Spreading(given, 1).run(watch=watch)
    assert overlaps[0] > 0.5
    assert overlaps[-1] < 1.5 * STOP
    for v in (x, y):
        assert v.min() > 0.0
        assert v.max() < 24.0
    order = np.random.default_rng(0).permutation(len(x))
    assert length_of(given, x, y) < 0.4 * length_of(given, x[order], y[order])
    again = Spreading(given, 1).run()
    assert np.array_equal(again[0], x)
    other = Spreading(given, 2).run()
    assert not np.array_equal(other[0], x)
    assert length_of(given, *other) == pytest.approx(length_of(given, x, y), rel=0.15)


def test_cells_keep_out_of_what_no_row_covers() -> None:
    given = problem()
    room = np.ones((24, 24))
    room[10:13] = 0.0
    x, _ = Spreading(replace(given, room=room, width=0.8 * given.width), 1).run()
    assert ((x > 10.5) & (x < 12.5)).mean() < 0.02


def test_weights_given_on_the_way_shorten_their_nets() -> None:
    given = problem()
    plain = Spreading(given, 1)
    x, y = plain.run()
    weight = np.ones(len(given.weight))
    weight[:40] = 6.0
    told = Spreading(given, 1)

    def watch(moment: Moment) -> bool:
        if moment.overlap > 0.6:
            return False
        told.weigh(weight)
        return True

    moved = told.run(watch=watch)
    few = replace(given, ptr=given.ptr[:41], node=given.node[: given.ptr[40]])
    assert length_of(few, *moved) < 0.9 * length_of(few, x, y)


def test_nothing_and_cells_without_nets_are_placed() -> None:
    none, no_nets = np.zeros(0), np.zeros(1, dtype=np.int32)
    nowhere = np.zeros(0, dtype=np.int32)
    empty = Problem(no_nets, nowhere, none, none, none, np.ones((16, 16)), none, none)
    assert [len(v) for v in Spreading(empty, 0).run()] == [0, 0]
    alone = replace(empty, width=np.full(30, 2.0), height=np.ones(30))
    x, y = Spreading(alone, 0).run()
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()
