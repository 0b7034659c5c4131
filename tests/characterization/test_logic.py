from __future__ import annotations

import pytest

from finevh.characterization.cells.logic import assignments, parse_function, sensitising_states
from finevh.errors import InputError


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("!(A & B)", "1110"),
        ("A ^ B", "0110"),
        ("(A & B)' | A", "1111"),
        ("A B", "0001"),
        ("A * !B + B", "0111"),
        ("A & 1", "0011"),
    ],
)
def test_expression_gives_its_truth_table(text: str, table: str) -> None:
    function = parse_function(text)
    assert "".join(str(function.evaluate(v)) for v in assignments(("A", "B"))) == table


def test_xor_binds_tighter_than_and_and_and_tighter_than_or() -> None:
    function = parse_function("A | B ^ C & D")
    for v in assignments("ABCD"):
        assert function.evaluate(v) == v["A"] | ((v["B"] ^ v["C"]) & v["D"])


def test_xor_has_both_senses() -> None:
    found = sensitising_states(parse_function("A ^ B"), "A", ("A", "B"))
    assert found == [({"B": 0}, True), ({"B": 1}, False)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A &", "Boolean expression 'A &': it ends too early"),
        ("(A | B", "Boolean expression '(A | B': a ')' is missing"),
        ("A $ B", "Boolean expression 'A $ B': unexpected '$'; use names, 0, 1 and ! ' & * ^ | + ( )"),
    ],
)
def test_broken_expression_is_named(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_function(text)
    assert str(caught.value) == message
