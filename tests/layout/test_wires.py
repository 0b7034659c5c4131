from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from finevh.layout import (
    Placement,
    estimate_wires,
    half_perimeter,
    nets_of_cells,
    signal_layers,
    update_wires,
)
from finevh.layout.terminals import Terminals, net_terminals
from finevh.layout.wires import steiner_trees
from finevh.netlist import format_spef, parse_spef
from finevh.netlist.model import Netlist
from finevh.netlist.wires import Wires
from finevh.technology.model import Direction, Technology


def _length(x: list[float], y: list[float]) -> float:
    terminals = Terminals(np.zeros(1, np.int32), np.array([0, len(x)]), np.arange(len(x)))
    forest = steiner_trees(terminals, np.array(x, dtype=float), np.array(y, dtype=float))
    up = np.where(forest.parent >= 0, forest.parent, 0)
    return float((abs(forest.x - forest.x[up]) + abs(forest.y - forest.y[up])).sum())


def _spanning_length(points: list[tuple[float, float]]) -> float:
    left, total = set(range(1, len(points))), 0.0
    distance = {i: sum(abs(a - b) for a, b in zip(points[0], points[i], strict=True)) for i in left}
    while left:
        i = min(left, key=distance.__getitem__)
        left.remove(i)
        total += distance[i]
        for j in left:
            distance[j] = min(distance[j], sum(abs(a - b) for a, b in zip(points[i], points[j], strict=True)))
    return total


def _optimal_length(points: list[tuple[float, float]]) -> float:
    """Exact by Hanan: the best spanning tree over the pins and up to n - 2 points of the Hanan grid."""
    grid = [p for p in itertools.product({x for x, _ in points}, {y for _, y in points}) if p not in points]
    sets = itertools.chain.from_iterable(itertools.combinations(grid, k) for k in range(len(points) - 1))
    return min(_spanning_length([*points, *extra]) for extra in sets)


def test_nets_of_two_and_three_pins_are_half_perimeters() -> None:
    rng = np.random.default_rng(3)
    for n in (2, 3):
        for _ in range(50):
            x, y = rng.random(n), rng.random(n)
            assert _length(list(x), list(y)) == pytest.approx(np.ptp(x) + np.ptp(y))


def test_small_nets_are_within_a_hundredth_of_the_optimum_on_average() -> None:
    rng = np.random.default_rng(4)
    ratios = []
    for n, count in ((4, 60), (5, 12)):
        for _ in range(count):
            points = [(float(a), float(b)) for a, b in rng.integers(0, 30, (n, 2))]
            best = _optimal_length(list(dict.fromkeys(points)))
            ratio = _length([p[0] for p in points], [p[1] for p in points]) / best
            assert ratio > 1 - 1e-9
            ratios.append(ratio)
    assert np.mean(ratios) < 1.005
    assert max(ratios) < 1.08


def test_larger_trees_save_what_steiner_trees_of_random_points_save() -> None:
    # Hwang's bound and the known mean: a rectilinear Steiner tree of random points is 0.885 of the spanning tree.
    rng = np.random.default_rng(5)
    ratios = []
    for n in (12, 40, 120):
        points = [(float(a), float(b)) for a, b in rng.random((n, 2))]
        ratios.append(_length([p[0] for p in points], [p[1] for p in points]) / _spanning_length(points))
    assert all(2 / 3 <= ratio <= 0.95 for ratio in ratios)


def test_huge_nets_stay_near_the_spanning_tree() -> None:
    rng = np.random.default_rng(6)
    points = [(float(a), float(b)) for a, b in rng.random((1500, 2))]
    assert _length([p[0] for p in points], [p[1] for p in points]) < 0.93 * _spanning_length(points)


def test_pins_in_one_place_make_no_wire() -> None:
    assert _length([1.0] * 6, [2.0] * 6) == 0.0
    assert _length([1.0, 1.0, 3.0, 3.0], [2.0, 2.0, 2.0, 2.0]) == pytest.approx(2.0)


@pytest.fixture(scope="module")
def wires(netlist: Netlist, technology: Technology, placement: Placement) -> Wires:
    return estimate_wires(netlist, technology, placement)


def test_trees_cover_all_pins_from_the_driver_down(netlist: Netlist, wires: Wires) -> None:
    parent, ptr = wires.node_parent, wires.node_ptr
    net = np.repeat(np.arange(netlist.n_nets), np.diff(ptr))
    is_root = np.isin(np.arange(len(parent)), ptr[:-1])
    assert (parent[is_root & (np.diff(ptr, append=ptr[-1])[net] >= 0)] == -1).all()
    inner = parent >= 0
    assert (parent[inner] < np.flatnonzero(inner)).all()
    assert (net[parent[inner]] == net[inner]).all()
    assert (wires.pin_node[netlist.pin_net >= 0] >= 0).all()
    assert (net[wires.pin_node] == netlist.pin_net).all()
    drives = netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT
    assert (wires.pin_node[drives] == ptr[netlist.pin_net[drives]]).all()
    inputs = netlist.port_direction == Direction.INPUT
    assert (wires.port_node[inputs] == ptr[netlist.port_net[inputs]]).all()


def test_resistance_and_capacitance_follow_the_layer(netlist: Netlist, technology: Technology, wires: Wires) -> None:
    layer = signal_layers(technology).horizontal
    net = np.repeat(np.arange(netlist.n_nets), np.diff(wires.node_ptr))
    capacitance = np.bincount(net, weights=wires.node_cap, minlength=netlist.n_nets)
    resistance = np.bincount(net, weights=wires.node_res, minlength=netlist.n_nets)
    assert np.allclose(capacitance, wires.length * layer.capacitance)
    assert np.allclose(resistance, wires.length * layer.resistance)


def test_length_is_at_least_the_half_perimeter(
    netlist: Netlist, technology: Technology, placement: Placement, wires: Wires
) -> None:
    bound = half_perimeter(netlist, technology, placement)
    assert (wires.length >= bound - 1e-6).all()
    small = np.diff(net_terminals(netlist).ptr) <= 3
    assert np.allclose(wires.length[small], bound[small], atol=1e-6)


def test_update_of_moved_cells_equals_a_full_estimate(
    netlist: Netlist, technology: Technology, placement: Placement, wires: Wires
) -> None:
    cells = np.array([3, 77, 400], dtype=np.int32)
    x = placement.x.copy()
    x[cells] = x[cells[::-1]]
    moved = replace(placement, x=x)
    full = estimate_wires(netlist, technology, moved)
    part = update_wires(wires, netlist, technology, moved, nets_of_cells(netlist, cells))
    for name in ("node_ptr", "node_parent", "node_res", "node_cap", "pin_node", "port_node", "length"):
        assert np.array_equal(getattr(full, name), getattr(part, name)), name


def test_estimated_trees_survive_spef(netlist: Netlist, wires: Wires) -> None:
    back = parse_spef(format_spef(netlist, wires), netlist)

    def loads(columns: Wires) -> tuple[np.ndarray, np.ndarray]:
        """Total capacitance of each net, and the resistance from the driver to each pin."""
        net = np.repeat(np.arange(netlist.n_nets), np.diff(columns.node_ptr))
        down = columns.node_res.copy()
        for i in np.flatnonzero(columns.node_parent >= 0):
            down[i] += down[columns.node_parent[i]]
        return np.bincount(net, weights=columns.node_cap, minlength=netlist.n_nets), down[columns.pin_node]

    for ours, theirs in zip(loads(wires), loads(back), strict=True):
        assert np.allclose(ours, theirs, rtol=1e-4, atol=1e-6)
