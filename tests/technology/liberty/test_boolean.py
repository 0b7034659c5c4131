from __future__ import annotations

import itertools

import pytest

from finevh.errors import InputError
from finevh.technology.liberty.boolean import parse_boolean, sense_of, support, truth_table
from finevh.technology.model import Sense


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!(A & B) | C", lambda a, b, c: not (a and b) or c),
        ("(A*B)' + C", lambda a, b, c: not (a and b) or c),
        ("A B + C", lambda a, b, c: (a and b) or c),
        ("A ^ B & C", lambda a, b, c: (a != b) and c),
        ("A' B' C'", lambda a, b, c: not (a or b or c)),
        ("!A!B | (C)", lambda a, b, c: (not a and not b) or c),
        ("A | 0 & B | C & 1", lambda a, b, c: a or c),
    ],
)
def test_truth_table_follows_liberty_precedence(text, value):
    table = truth_table(text, ("A", "B", "C"))
    for c, b, a in itertools.product((0, 1), repeat=3):
        assert table[a + 2 * b + 4 * c] == bool(value(a, b, c))


def test_bit_j_of_a_pattern_is_name_j():
    assert truth_table("B", ("A", "B")).tolist() == [False, False, True, True]


def test_support_lists_names_once_in_order():
    assert support("B & (A | B')") == ("B", "A")


@pytest.mark.parametrize(
    ("function", "pin", "sense"),
    [
        ("!(A & B)", "A", Sense.NEGATIVE),
        ("A | B", "B", Sense.POSITIVE),
        ("A ^ B", "A", Sense.NON_UNATE),
        ("A & !A | B", "A", None),
        ("(A & !S) | (B & S)", "S", Sense.NON_UNATE),
        ("B", "A", None),
    ],
)
def test_unateness_is_read_off_the_function(function, pin, sense):
    assert sense_of(function, pin) == sense


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A & ", "Boolean expression 'A & ': it ends too early"),
        ("A & (B", "Boolean expression 'A & (B': a ')' is missing"),
        ("A ? B", "Boolean expression 'A ? B': unexpected '?'; use names, 0, 1 and ! ' & * ^ | + ( )"),
        ("A )", "Boolean expression 'A )': ')' is left over"),
    ],
)
def test_a_broken_expression_says_where(text, message):
    with pytest.raises(InputError) as error:
        parse_boolean(text)
    assert str(error.value) == message


def test_an_unknown_pin_is_named():
    with pytest.raises(InputError, match="names 'X', which is not among A, B"):
        truth_table("A & X", ("A", "B"))
