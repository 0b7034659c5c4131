from __future__ import annotations

from itertools import product

import pytest

from finevh.errors import InputError
from finevh.netlist.logic import parse_function


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!(A & B) | C", lambda a, b, c: int(not (a and b) or c)),
        ("A ^ B & C", lambda a, b, c: (a ^ b) & c),
        ("A' B + C", lambda a, b, c: (1 - a) & b | c),
    ],
)
def test_the_table_follows_the_expression(text, value):
    function = parse_function(text)
    for a, b, c in product((0, 1), repeat=3):
        assert function.value({"A": a, "B": b, "C": c}) == value(a, b, c)


def test_unknown_pins_leave_the_value_open_only_where_they_matter():
    function = parse_function("A & B | !A & C")
    assert function.value({"A": 1, "B": 0}) == 0
    assert function.value({"A": 1, "C": 0}) == -1
    assert function.depends("B", {"A": 1})
    assert not function.depends("B", {"A": 0})


def test_a_constant_has_no_pins():
    assert (parse_function("1").pins, parse_function("1").value({}), parse_function("0").value({})) == ((), 1, 0)


def test_too_many_inputs_are_refused():
    with pytest.raises(InputError, match="has 17 inputs; at most 16 are handled"):
        parse_function(" & ".join(f"A{i}" for i in range(17)))
