"""SDC: what is understood, what is named as not understood; no text makes a traceback."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.errors import InputError
from finevh.timing import parse_sdc, read_sdc


def test_clock_times_take_the_librarys_units() -> None:
    made = parse_sdc("create_clock -name c -period 2.5 -waveform {0.5 1.5} [get_ports clk]", time_unit="1ns")
    (clock,) = made.clocks
    assert (clock.name, clock.period, clock.rise, clock.fall) == ("c", 2500.0, 500.0, 1500.0)
    assert parse_sdc("create_clock -period 10 clk", time_unit="10ps").clocks[0].period == 100.0
    loads = parse_sdc("set_load 0.02 [get_ports y]", capacitance_unit="1pF").loads
    assert set(loads[0].values.values()) == {20.0}


def test_lists_braces_and_options_by_their_start_are_understood() -> None:
    text = """create_clock -period 2 \\
      [get_ports {clk}]   ;# comment
    set_input_delay -max 0.3 -clock clk [list [get_ports a*] [get_ports {b[3] c}]]
    set_false_path -from [get_clocks clk] -through [get_pins u/A] -through [get_nets n] -to [all_outputs]
    """
    made = parse_sdc(text)
    assert [o.patterns for o in made.input_delays[0].ports] == [("a*",), ("b[3]", "c")]
    assert set(made.input_delays[0].values) == {("max", 0), ("max", 1)}
    assert [s[0].kind for s in made.exceptions[0].through] == ["pin", "net"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nset_max_delay 3 -from a", "c.sdc:2: the command 'set_max_delay' is not understood; known: "),
        ("create_clock -perod 2 clk", "c.sdc:1: create_clock: option '-perod' is not understood; known: -add"),
        ("create_clock -period zero clk", "c.sdc:1: create_clock: 'zero' is no number for the period"),
        ("create_clock -period -1 clk", "c.sdc:1: create_clock: the period must be positive"),
        ("create_clock -period 1 {a", "c.sdc:1: this '{' has no '}'"),
        ("create_clock -period $p clk", "c.sdc:1: variables are not understood; write the value itself"),
        ("set_load 1 [get_ports a", "c.sdc:1: this '[' has no ']'"),
        ("set_load 1 [exec rm]", "c.sdc:1: '[exec' is not understood here; use get_ports, get_pins, get_clocks"),
        ("set_input_delay 1 -clock x a", "c.sdc:1: set_input_delay: no clock 'x'; create_clock comes first"),
        (
            "set_multicycle_path 1.5 -to a",
            "c.sdc:1: set_multicycle_path: '1.5' is no multiplier: a whole number is wanted",
        ),
        ("set_false_path", "c.sdc:1: set_false_path: -from, -through or -to is missing"),
        ("set_case_analysis rising a", "c.sdc:1: set_case_analysis: the value is 0 or 1"),
    ],
)
def test_what_is_not_understood_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_sdc(text, "c.sdc")
    assert str(error.value).startswith(message)


def outcome(text: str) -> str:
    """Message of the error that a text is, empty if it is understood."""
    try:
        parse_sdc(text, "c")
    except InputError as error:
        return str(error)
    return ""


@settings(max_examples=300, deadline=2000)
@given(text=st.text(alphabet='set_load create_clock -period[]{}"$;#\\\n 01.abé', max_size=80))
def test_no_text_makes_a_traceback(text: str) -> None:
    message = outcome(text)
    assert not message or message.startswith(("c:", "list:"))


def test_deep_brackets_are_refused() -> None:
    assert "nested more than" in outcome("set_load 1 " + "[list " * 2000)


def test_text_and_path_are_told_apart(tmp_path: object) -> None:
    assert read_sdc("create_clock -period 1 clk").clocks[0].period == 1000.0
    with pytest.raises(InputError, match="No such file"):
        read_sdc("absent.sdc")
