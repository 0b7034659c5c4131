"""Tables are the same bytes for the same rows, and hold no formulas."""

from __future__ import annotations

import csv
import io

import pytest

from finevh.base.csv_text import table


def test_numbers_keep_their_sign_and_absent_values_are_empty() -> None:
    assert table(("a", "b", "c"), [(-1.5, None, 3)]) == "a,b,c\n-1.5,,3\n"


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-x", "@sum"])
def test_a_name_that_reads_like_a_formula_is_a_text(name: str) -> None:
    (cell,) = list(csv.reader(io.StringIO(table(("name",), [(name,)]))))[1]
    assert cell == "'" + name


def test_commas_quotes_and_line_feeds_of_names_stay_inside_their_cell() -> None:
    rows = list(csv.reader(io.StringIO(table(("a", "b"), [('x,"y"\nz', "w")]))))
    assert rows[1] == ['x,"y"\nz', "w"]
