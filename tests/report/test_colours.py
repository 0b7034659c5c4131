from __future__ import annotations

from finevh.report.build import resource
from finevh.report.colours import HIGH_COLOUR, LOW_COLOUR, rail_variables


def test_pages_draw_the_rails_in_the_colours_of_the_pictures_and_take_them_from_nowhere_else() -> None:
    light = rail_variables().splitlines()[0]
    assert f"--low: {LOW_COLOUR};" in light
    assert f"--high: {HIGH_COLOUR};" in light
    assert "--low:" not in resource("page.css")
    assert "--high:" not in resource("page.css")
