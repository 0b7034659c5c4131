"""Clocks and resets are what registers hang on, not what ports are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.errors import InputError
from finevh.synthesis import Rtl
from finevh.synthesis.survey import survey_rtl

TWO_CLOCKS = """
module leaf(input tick, input clear, input d, output reg q);
  always @(posedge tick or negedge clear) if (!clear) q <= 0; else q <= d;
endmodule
module top(input main, input slow, input nothing, input go, input [7:0] d, output reg [7:0] q, output s);
  always @(posedge main or posedge go) if (go) q <= 0; else q <= d;
  leaf u(.tick(slow), .clear(nothing), .d(d[0]), .q(s));
endmodule
"""


def rtl(tmp_path: Path, text: str) -> Rtl:
    file = tmp_path / "design.v"
    file.write_text(text)
    return Rtl((file,))


def test_ports_are_told_apart_by_what_they_do_to_registers(tmp_path: Path) -> None:
    found = survey_rtl(rtl(tmp_path, TWO_CLOCKS))
    assert found.top == "top"
    assert found.clocks == (("main", 8), ("slow", 1))
    assert found.resets == (("go", 1, 8), ("nothing", 0, 1))
    assert set(found.inputs) == {"main", "slow", "nothing", "go", "d"}


def test_a_design_without_registers_has_no_clock(tmp_path: Path) -> None:
    found = survey_rtl(rtl(tmp_path, "module gate(input a, output y); assign y = ~a; endmodule"))
    assert found.clocks == ()
    assert found.resets == ()


def test_rtl_that_does_not_elaborate_is_an_input_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"design\.v:2"):
        survey_rtl(rtl(tmp_path, "module top(input a, output y);\n  assign y = nowhere;\nendmodule"))
