"""RC trees: Elmore delays and pis against the moments of the whole network, solved as a matrix."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.technology.model import Int, Real
from finevh.timing.delay import rc_tree
from finevh.timing.delay.rc_tree import shared_resistances

ONE = (0,)
# What kernels call, for Python.
elmore_delays, reduced_pi = (
    numba.njit(error_model="numpy")(getattr(rc_tree, name).py_func) for name in ("elmore_delays", "reduced_pi")
)


def random_tree(seed: int) -> tuple[Int, Real, Real]:
    """Parents, resistances, kOhm, and capacitances, fF, of a tree; parents precede children."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 25))
    parent = np.array([-1, *(int(rng.integers(0, k)) for k in range(1, size))], dtype=np.int32)
    res = np.where(parent < 0, 0.0, rng.exponential(0.3, size))
    return parent, res, rng.exponential(2.0, size) * (rng.random(size) < 0.8)


def moments(parent: Int, res: Real, cap: Real, order: int) -> list[Real]:
    """(size) moments of the step response at every node, m1 .. m_order, with the root held: G m[k] = C m[k - 1], m[0] = 1."""
    size = len(parent)
    conductance = np.zeros((size, size))
    for k in range(1, size):
        g, p = 1.0 / res[k], parent[k]
        conductance[k, k] += g
        conductance[p, p] += g
        conductance[k, p] -= g
        conductance[p, k] -= g
    inner = conductance[1:, 1:]
    found, last = [], np.ones(size)
    for _ in range(order):
        last = np.concatenate([[0.0], np.linalg.solve(inner, (cap * last)[1:])])
        found.append(last)
    return found


def delays(parent: Int, res: Real, cap: Real, low: int = 0) -> tuple[Real, Real]:
    below, elmore = cap.copy(), np.empty(len(cap))
    elmore_delays(parent, res, low, len(cap), below, elmore, ONE)
    return below, elmore


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_elmore_delays_are_the_first_moments(seed: int) -> None:
    parent, res, cap = random_tree(seed)
    below, elmore = delays(parent, res, cap)
    assert elmore == pytest.approx(moments(parent, res, cap, 1)[0], rel=1e-9, abs=1e-9)
    assert below[0] == pytest.approx(cap.sum())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_a_pi_has_the_first_three_moments_of_its_trees_admittance(seed: int) -> None:
    parent, res, cap = random_tree(seed)
    below, elmore = delays(parent, res, cap)
    near, resistance, far = reduced_pi(parent, res, 0, len(cap), cap, below, elmore, np.empty(len(cap)), ONE)
    first, second = moments(parent, res, cap, 2)
    charges = cap.sum(), cap @ first, cap @ second
    assert near + far == pytest.approx(charges[0])
    assert resistance * far**2 == pytest.approx(charges[1], rel=1e-9, abs=1e-9)
    assert resistance**2 * far**3 == pytest.approx(charges[2], rel=1e-9, abs=1e-9)


def test_a_tree_without_resistance_is_one_capacitance() -> None:
    parent, res, cap = np.array([-1, 0, 1], np.int32), np.zeros(3), np.array([1.0, 2.0, 3.0])
    below, elmore = delays(parent, res, cap)
    assert not elmore.any()
    assert reduced_pi(parent, res, 0, 3, cap, below, elmore, np.empty(3), ONE) == (6.0, 0.0, 0.0)


def test_a_trunk_with_two_branches_by_hand() -> None:
    # 0 -2k- 1, 1 -1k- 2 and 1 -3k- 3; capacitances 1, 2, 3, 4 fF.
    parent, res = np.array([-1, 0, 1, 1], np.int32), np.array([0.0, 2.0, 1.0, 3.0])
    below, elmore = delays(parent, res, np.array([1.0, 2.0, 3.0, 4.0]))
    assert below.tolist() == [10.0, 9.0, 3.0, 4.0]
    assert elmore.tolist() == [0.0, 18.0, 21.0, 30.0]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_shared_resistances_give_the_delay_that_capacitance_at_one_sink_adds_at_another(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parent, res, cap = random_tree(seed)
    sinks = rng.choice(len(cap), size=min(4, len(cap)), replace=False).astype(np.int32)
    n = len(sinks)
    share, base = np.zeros(n * n), np.zeros(n)
    tree, ends = np.array([0, len(cap)], np.int32), np.array([0, n], np.int32)
    shared_resistances(tree, parent, res, cap, ends, sinks, np.array([0, n * n], np.int32), share, base)
    assert base == pytest.approx(delays(parent, res, cap)[1][sinks], rel=1e-9, abs=1e-9)
    for k, at in enumerate(sinks.tolist()):
        more = cap.copy()
        more[at] += 1.0
        assert delays(parent, res, more)[1][sinks] - base == pytest.approx(
            share.reshape(n, n)[:, k], rel=1e-9, abs=1e-9
        )
