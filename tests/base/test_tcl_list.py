"""Lists of Tcl: white space parts elements as in Tcl, and nothing keeps the reader for ever."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finevh.base.tcl import TclSyntaxError, split_list


@pytest.mark.parametrize("space", ["\x1c", "\x1f", "\x85", "\u00a0", "\u2003"])
def test_a_space_that_tcl_does_not_know_is_a_character_of_its_element(space: str) -> None:
    assert split_list(f"a{space}b c") == [f"a{space}b", "c"]
    assert split_list(space) == [space]


def test_white_space_of_tcl_parts_elements() -> None:
    assert split_list(' a\tb\n{c d}\r\f\v"e f" ') == ["a", "b", "c d", "e f"]


@given(st.text(max_size=40))
def test_every_text_is_a_list_or_a_syntax_error(text: str) -> None:
    with contextlib.suppress(TclSyntaxError):
        split_list(text)
