"""SDC: what is understood, what is named as not understood; no text makes a traceback, none runs long."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finevh.checks import Checks
from finevh.constraints import Constraints, parse_sdc, read_sdc
from finevh.constraints.model import Rule
from finevh.errors import InputError


def parse(text: str) -> Constraints:
    return parse_sdc(text, "c.sdc")


def test_clock_times_take_the_librarys_units() -> None:
    made = parse_sdc("create_clock -name c -period 2.5 -waveform {0.5 1.5} [get_ports clk]", time_unit="1ns")
    (clock,) = made.clocks
    assert (clock.name, clock.period, clock.rise, clock.fall) == ("c", 2500.0, 500.0, 1500.0)
    assert parse_sdc("create_clock -period 10 clk", time_unit="10ps").clocks[0].period == 100.0
    loads = parse_sdc("set_load 0.02 [get_ports y]", capacitance_unit="1pF").loads
    assert set(loads[0].values.values()) == {20.0}


@pytest.mark.parametrize(
    ("units", "period", "load"),
    [
        ("-time ps -capacitance fF", 2.0, 3.0),
        ("-time 1ps -capacitance 1fF", 2.0, 3.0),
        ("-time 10ps", 20.0, 3000.0),
        ("-time 1.0ns -capacitance 1.0pF -current uA -voltage V -resistance kOhm -power mW", 2000.0, 3000.0),
        ("-time us", 2e6, 3000.0),
        ("-capacitance 100ff", 2000.0, 300.0),
    ],
)
def test_stated_units_come_before_the_librarys(units: str, period: float, load: float) -> None:
    made = parse(f"set_units {units}\ncreate_clock -period 2 clk\nset_load 3 [all_outputs]\n")
    assert made.clocks[0].period == pytest.approx(period)
    assert made.loads[0].values["max", 0] == pytest.approx(load)


def test_lists_braces_and_options_by_their_start_are_understood() -> None:
    text = """create_clock -period 2 \\
      [get_ports {clk}]   ;# comment
    set_input_delay -max 0.3 -clock clk [list [get_ports a*] [get_ports {b[3] c}]]
    set_false_path -from [get_clocks clk] -through [get_pins u/A] -through [get_nets n] -to [all_outputs]
    """
    made = parse(text)
    assert [o.patterns for o in made.input_delays[0].ports] == [("a*",), ("b[3]", "c")]
    assert set(made.input_delays[0].values) == {("max", 0), ("max", 1)}
    assert [s[0].kind for s in made.exceptions[0].through] == ["pin", "net"]


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("set p 2.5\ncreate_clock -period $p clk", 2500.0),
        ("set p 5\ncreate_clock -period [expr $p / 2.0] clk", 2500.0),
        ("set p 5; create_clock -period [expr {$p*0.5}] clk", 2500.0),
        ("set ghz 0.4\ncreate_clock -period [expr {1.0 / ${ghz}}] clk", 2500.0),
        ("array set p {slow 2.5 fast 1}\ncreate_clock -period $p(slow) clk", 2500.0),
        ("set c slow; set p(slow) 2.5\ncreate_clock -period $p($c) clk", 2500.0),
        ("proc half {x {y 2}} { return [expr {$x / double($y)}] }\ncreate_clock -period [half 5] clk", 2500.0),
        (
            "if {[info exists p]} { set q 1 } elseif {1 == 2} { set q 2 } else { set q 2.5 }\ncreate_clock -period $q clk",
            2500.0,
        ),
        ("set q 0\nforeach x {1 1 0.5} { set q [expr $q + $x] }\ncreate_clock -period $q clk", 2500.0),
        ("set q 0.5\nfor {set i 0} {$i < 4} {incr i} { set q [expr {$q + 0.5}] }\ncreate_clock -period $q clk", 2500.0),
        (
            "set q 0.5\nwhile {$q < 9} { if {$q >= 2.5} break; set q [expr {$q + 1}] }\ncreate_clock -period $q clk",
            2500.0,
        ),
        ("create_clock -period [lindex {1 2.5 3} 1] clk", 2500.0),
        ("create_clock -period [lindex [split 1:2.5:3 :] end-1] clk", 2500.0),
        (
            "switch -glob slow_1 { fast* {set q 1} slow* {set q 2.5} default {set q 3} }\ncreate_clock -period $q clk",
            2500.0,
        ),
        ('set corner tt\nset q [expr {$corner eq "tt" ? 2.5 : 3}]\ncreate_clock -period $q clk', 2500.0),
        ("create_clock -period [format %.1f 2.49999] clk", 2500.0),
        ('catch {error no} why\ncreate_clock -period 2.5 clk; puts "$why"', 2500.0),
        ("set x {2.5}\r\ncreate_clock \\\r\n  -period $x \\\r\n  clk\r\n", 2500.0),
        ("set args {-period 2.5}\ncreate_clock {*}$args clk", 2500.0),
        ("set ::p 2.5\nproc f {} { global p; return $p }\ncreate_clock -period [f] clk", 2500.0),
        ("create_clock -period [expr max(1, min(2.5, 3)) + 0x0] clk", 2500.0),
        ("create_clock -period [expr 5 / 2 + 1.5 - 2 ** 0] clk", 2500.0),
    ],
)
def test_the_language_computes_as_tcl(text: str, period: float) -> None:
    assert parse(text).clocks[0].period == pytest.approx(period)


def test_another_file_of_the_folder_is_read_and_none_outside(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "top.sdc").write_text("set p 2\nsource more.tcl\ncreate_clock -period $p clk\n")
    (tmp_path / "in" / "more.tcl").write_text("set p [expr $p + 1]\n")
    assert read_sdc(tmp_path / "in" / "top.sdc").clocks[0].period == 3000.0
    (tmp_path / "outside.tcl").write_text("set p 1\n")
    for name in ("../outside.tcl", str(tmp_path / "outside.tcl"), "absent.tcl"):
        (tmp_path / "in" / "top.sdc").write_text(f"source {name}\n")
        with pytest.raises(InputError, match=r"top.sdc:1: source: '.*' is no file inside"):
            read_sdc(tmp_path / "in" / "top.sdc")


def test_environment_variables_are_only_those_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERIOD", "1")
    text = "create_clock -period $::env(PERIOD) clk\n"
    assert read_sdc(text, environment={"PERIOD": "4"}).clocks[0].period == 4000.0
    with pytest.raises(InputError, match=r"the environment variable 'PERIOD' has no value here; give it with --env"):
        read_sdc(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nset_bus_skew a", "c.sdc:2: the command 'set_bus_skew' is not understood; docs/sdc.md lists"),
        ("create_clock -perod 2 clk", "c.sdc:1: create_clock: option '-perod' is not understood; known: -add"),
        ("create_clock -period zero clk", "c.sdc:1: create_clock: 'zero' is no number for the period"),
        ("create_clock -period -1 clk", "c.sdc:1: create_clock: the period must be positive"),
        ("create_clock -period 1 {a", "c.sdc:1: missing closing brace"),
        ("create_clock -period $p clk", "c.sdc:1: no variable 'p'"),
        ("set_load 1 [get_ports a", "c.sdc:1: missing closing bracket"),
        ("set_load 1 [exec rm]", "c.sdc:1: the command 'exec' is not understood"),
        ("open /etc/passwd", "c.sdc:1: the command 'open' is not understood"),
        ("set_input_delay 1 -clock x a", "c.sdc:1: no clock matches 'x'"),
        (
            "set_multicycle_path 1.5 -to a",
            "c.sdc:1: set_multicycle_path: '1.5' is no multiplier: a whole number is wanted",
        ),
        ("set_false_path", "c.sdc:1: set_false_path: -from, -through or -to is missing"),
        ("set_case_analysis rising a", "c.sdc:1: set_case_analysis: the value is 0 or 1"),
        ("set_units -time parsec", "c.sdc:1: set_units: 'parsec' is no unit of time"),
        (
            "create_clock -period 1 clk\ncreate_generated_clock -name g -divide_by 2 q",
            "c.sdc:2: create_generated_clock: -source",
        ),
        ("while {1} {}", "c.sdc:1: loops and procedures ran more than 100000 commands"),
        ("proc f {} { f }\nf", "c.sdc:1: scripts are nested more than"),
        ("set x a; foreach i {1 2 3 4 5 6 7 8} { set x $x$x$x$x$x$x$x$x }", "c.sdc:1: "),
        ("create_clock -period [expr 1 / 0] clk", "c.sdc:1: an expression divides by zero"),
        ("create_clock -period [expr 2 **] clk", "c.sdc:1: an expression ends too early"),
        ("if {maybe} {}", "c.sdc:1: 'maybe' in an expression is no number"),
        ("llength [get_ports a*]", "c.sdc:1: llength: looking into a collection needs the netlist"),
        ("set_timing_derate 0.9", "c.sdc:1: set_timing_derate: -early or -late is missing"),
        ("set_drive 1 [get_ports a]", "c.sdc:1: set_drive: a resistance other than 0 is not understood"),
    ],
)
def test_what_is_not_understood_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        parse(text)
    assert str(error.value).startswith(message)


def test_commands_that_do_not_touch_timing_are_counted() -> None:
    checks = Checks()
    text = "set_max_fanout 8 [current_design]\nset_dont_touch u1\ngroup_path -name io -to [all_outputs]\n"
    parse_sdc(text, "c.sdc", checks=checks)
    assert checks["sdc_ignored"].examples == [
        "c.sdc:1: set_max_fanout",
        "c.sdc:2: set_dont_touch",
        "c.sdc:3: group_path",
    ]


@pytest.mark.parametrize(
    ("options", "wave"),
    [
        ("-divide_by 2", (4000.0, 0.0, 2000.0)),
        ("-divide_by 4", (8000.0, 0.0, 4000.0)),
        ("-divide_by 3", (6000.0, 0.0, 2400.0)),
        ("-multiply_by 2", (1000.0, 0.0, 400.0)),
        ("-multiply_by 4 -duty_cycle 50", (500.0, 0.0, 250.0)),
        ("-divide_by 1", (2000.0, 0.0, 800.0)),
        ("-combinational", (2000.0, 0.0, 800.0)),
        ("-divide_by 1 -invert", (2000.0, 800.0, 2000.0)),
        ("-edges {1 3 5}", (4000.0, 0.0, 2000.0)),
        ("-edges {2 3 4}", (2000.0, 800.0, 2000.0)),
        ("-edges {1 3 5} -edge_shift {0.1 0.1 0.1}", (4000.0, 100.0, 2100.0)),
    ],
)
def test_waveforms_of_generated_clocks(options: str, wave: tuple[float, float, float]) -> None:
    made = parse(
        "create_clock -name c -period 2 -waveform {0 0.8} [get_ports clk]\n"
        f"create_generated_clock -name g -source [get_ports clk] {options} [get_pins r/Q]\n"
    )
    g = made.clocks[1]
    assert (g.period, g.rise, g.fall) == pytest.approx(wave)
    assert g.master == "c"


def test_a_clock_of_the_same_name_or_source_replaces_the_first() -> None:
    assert [c.period for c in parse("create_clock -period 1 -name c a\ncreate_clock -period 2 -name c a").clocks] == [
        2000.0
    ]
    assert [c.name for c in parse("create_clock -period 1 -name c a\ncreate_clock -period 2 -name d a").clocks] == ["d"]
    both = parse("create_clock -period 1 -name c a\ncreate_clock -add -period 2 -name d a")
    assert [c.name for c in both.clocks] == ["c", "d"]


def test_groups_delays_and_edges_of_exceptions() -> None:
    made = parse(
        "create_clock -period 1 -name a pa\ncreate_clock -period 1 -name b pb\n"
        "set_clock_groups -asynchronous -name g -group a -group [get_clocks b]\n"
        "set_max_delay 0.4 -from [get_clocks a] -rise_to [get_clocks b]\nset_min_delay 0.1 -to [get_ports z]\n"
        "set_false_path -fall_from [get_clocks a] -to [get_ports z]\n"
    )
    assert made.groups[0].groups == (frozenset({"a"}), frozenset({"b"}))
    first, second, third = made.exceptions
    assert (first.rule, first.delay, first.to_edge, first.hold) == (Rule.MAX_DELAY, 400.0, 0, False)
    assert (second.rule, second.delay, second.setup) == (Rule.MIN_DELAY, 100.0, False)
    assert (third.rule, third.from_edge) == (Rule.FALSE, 1)


def outcome(text: str) -> str:
    """Message of the error that a text is, empty if it is understood."""
    try:
        parse_sdc(text, "c")
    except InputError as error:
        return str(error)
    return ""


WORDS = (  # noqa: SIM905
    'create_clock -period 1 -name clk get_ports set_load [ ] { } " $x ${y} ; \\ set expr if foreach proc list lindex while for '
    "string format regexp lsearch switch catch incr append dict array info exists 1 2.5 -1 end < && ? : ( ) ** % a b source "
    "set_false_path -from -to get_clocks * \n"
).split(" ")


@settings(max_examples=300, deadline=5000)
@given(text=st.text(alphabet='set_load create_clock -period[]{}"$;#\\\n 01.abé', max_size=80))
def test_no_text_makes_a_traceback(text: str) -> None:
    message = outcome(text)
    assert not message or message.startswith("c:"), message


@settings(max_examples=400, deadline=5000)
@given(words=st.lists(st.sampled_from(WORDS), max_size=30))
def test_no_words_make_a_traceback(words: list[str]) -> None:
    message = outcome(" ".join(words))
    assert not message or message.startswith("c:"), message


def test_deep_brackets_are_refused() -> None:
    assert "nested more than" in outcome("set_load 1 " + "[list " * 2000)
    assert "nested too deep" in outcome("set x [expr " + "(" * 5000 + "1]")
    assert "more than" in outcome("if 1 {" * 200 + "}" * 200)


def test_text_and_path_are_told_apart() -> None:
    assert read_sdc("create_clock -period 1 clk").clocks[0].period == 1000.0
    with pytest.raises(InputError, match="No such file"):
        read_sdc("absent.sdc")


TCL = {
    "7/2": "3", "-7/2": "-4", "-7%3": "2", "10/4*2.0": "4.0", "2**10": "1024", "2**-1": "0", "-2**2": "4", "2**3**2": "512",
    "1 ? 2 : 3 ? 4 : 5": "2", "{1.0} == 1": "1", "round(-2.5)": "-3", "int(-2.7)": "-2", "double(3)": "3.0", "5 in {1 5 7}": "1",
    "0.1+0.2": "0.30000000000000004", "1/3.0": "0.3333333333333333", "1e20": "1e+20", "5e-10*2": "1e-9", "fmod(7,3)": "1.0",
    "7 & 3 | 8": "11", "!0 && (2 > 1)": "1", "0x1F": "31", "30/0.7": "42.85714285714286", "1000*1.1": "1100.0", ".5 + 1.": "1.5",
    "log(10)": "2.302585092994046", "1 <= 2 == 1": "1", "5 - 3 - 1": "1", "6 % 4 * 2": "4", "~5": "-6", "ceil(1.2)": "2.0",
}  # fmt: skip
"""Values of ``expr`` with their digits as ``tclsh`` 8.6 prints them."""


@pytest.mark.parametrize("text", TCL)
def test_numbers_are_those_of_tcl(text: str) -> None:
    parse_sdc(f"if {{[expr {{{text}}}] ne {{{TCL[text]}}}}} {{ error wrong }}\n")


def test_a_colon_ends_a_name_and_two_do_not() -> None:
    parse_sdc('set a 1\nset b 2\nset ::c 3\nif {"$a:$b" ne "1:2" || $::c != 3} { error wrong }\n')


@pytest.mark.parametrize("text", ["[expr 010 + 1]", "[expr {$x + 1}]"])
def test_numbers_that_may_be_octal_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"'(010|08)' may be octal"):
        parse_sdc(f"set x 08\ncreate_clock -name c -period {text}\n")
