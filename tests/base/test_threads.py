"""Work on several things at once: what comes of it does not depend on the number of threads."""

from __future__ import annotations

import threading

import pytest

from finevh.base.threads import SideBySide


@pytest.mark.parametrize("cores", [1, 2, 5])
def test_results_come_in_the_order_of_the_things(cores: int) -> None:
    side_by_side = SideBySide(lambda: cores)
    assert side_by_side(lambda x: x * x, range(20)) == [x * x for x in range(20)]
    assert side_by_side(str, []) == []


@pytest.mark.parametrize("cores", [2, 3])
def test_as_many_threads_work_as_there_are_cores_at_the_moment(cores: int) -> None:
    now = 1
    side_by_side = SideBySide(lambda: now)
    assert set(side_by_side(lambda x: threading.get_ident(), range(4))) == {threading.get_ident()}
    for now in (2, cores):
        # All threads have to be here before one goes on.
        together = threading.Barrier(now, timeout=30.0)
        assert len(side_by_side(lambda x, all_here=together: all_here.wait(), range(now))) == now


def test_what_the_work_raises_is_raised_once_nobody_works_any_more() -> None:
    side_by_side, done = SideBySide(lambda: 2), threading.Event()

    def work(x: int) -> None:
        if x == 0:
            raise ValueError("no")
        done.set()

    with pytest.raises(ValueError, match="no"):
        side_by_side(work, range(2))
    assert done.is_set()
