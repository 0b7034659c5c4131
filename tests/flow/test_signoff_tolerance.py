"""What the digits of written files may take from a slack."""

from __future__ import annotations

import pytest

from finevh.flow.signoff import tolerance


def test_a_slow_clock_may_miss_by_the_digits_of_its_files_and_no_more() -> None:
    # A clock of 20 ns, whose wires and frequency are written with some nine digits: two thousandths of a picosecond.
    assert tolerance(50.0) == pytest.approx(0.003)
    assert tolerance(1000.0) == pytest.approx(0.0011)
