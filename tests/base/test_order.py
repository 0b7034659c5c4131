"""A topological order puts each node behind all that lead to it, and leaves out what no order has."""

from __future__ import annotations

import numpy as np

from finevh.base.order import topological_order


def order(n: int, arcs: list[tuple[int, int]], out: tuple[int, ...] = ()) -> list[int]:
    fan = [[w for v, w in arcs if v == node] for node in range(n)]
    fan_ptr = np.cumsum([0, *map(len, fan)]).astype(np.int32)
    waiting = np.bincount([w for _, w in arcs], minlength=n).astype(np.int32)
    waiting[list(out)] = -1
    fan_to = np.array([w for row in fan for w in row], dtype=np.int32)
    found: list[int] = topological_order(fan_ptr, fan_to, waiting).tolist()
    return found


def test_each_node_stands_behind_all_that_lead_to_it() -> None:
    random = np.random.default_rng(3)
    for _ in range(20):
        names = random.permutation(30)
        arcs = [(int(names[a]), int(names[b])) for a, b in np.sort(random.integers(0, 30, (60, 2)), axis=1) if a < b]
        found = order(30, arcs)
        assert sorted(found) == list(range(30))
        assert all(found.index(v) < found.index(w) for v, w in arcs)


def test_a_loop_and_what_stands_behind_it_are_left_out() -> None:
    assert order(5, [(0, 1), (1, 2), (2, 1), (2, 3), (0, 4)]) == [0, 4]


def test_a_node_can_be_left_out() -> None:
    assert order(3, [(0, 1)], out=(2,)) == [0, 1]
