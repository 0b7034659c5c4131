"""A mistake in a TOML file names its line, its key and the word that was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from finevh.base.mistakes import describe, line_of, suggest

TEXT = """name = "a"
[site]
width = 0.19
[[layers]]
name = "metal1"
pitch = 1
[[layers]]
name = "metal2"
"""


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("name",), 1), (("site", "width"), 3), (("site", "height"), 2), (("layers", "0", "pitch"), 6),
        (("layers", "1", "name"), 8), (("layers", "1", "pitch"), 7), (("absent",), 0), ((), 0), (("site", "width", "[key]"), 3),
    ],
)  # fmt: skip
def test_a_key_stands_where_it_was_written_and_an_absent_one_where_its_section_begins(
    location: tuple[str, ...], line: int
) -> None:
    assert line_of(TEXT, location) == line


def test_the_nearest_word_is_meant_and_without_one_all_are_named() -> None:
    assert suggest("widht", ["width", "height"]) == "; did you mean 'width'?"
    assert suggest("q", ["width", "height"]) == "; known keys are width, height"


class Model(BaseModel):
    """A file of one key."""

    model_config = ConfigDict(extra="forbid")
    width: float


def test_the_misspelt_key_comes_before_the_missing_one_and_an_option_is_named_in_place_of_the_file() -> None:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"widht": 1.0})
    said = describe(caught.value, Path("a.toml"), "widht = 1.0\n", lambda where: suggest(where[-1], ["width"]))
    assert said == "a.toml:1: unknown key 'widht'; did you mean 'width'?\na.toml: key 'width' is missing; add it"
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"width": "x"})
    said = describe(caught.value, Path("a.toml"), "", lambda _: "", elsewhere={"width": "--set width=x"})
    assert said.startswith("--set width=x: width: Input should be a valid number")
    assert said.endswith("got 'x'")
    assert (
        describe(caught.value, Path("a.toml"), "", lambda _: "", own=lambda where: f"{where[0]}?") == "a.toml: width?"
    )
