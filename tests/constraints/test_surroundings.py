"""What ports refer to when clocks take their way through a tree."""

from __future__ import annotations

from finevh.constraints import read_sdc, with_ideal_clocks, with_propagated_clocks

SDC = """create_clock -name clk -period 2 [get_ports clk]
create_clock -name far -period 4
create_clock -name clk_outside -period 8
set_clock_uncertainty 0.1 [get_clocks clk]
set_input_delay 0.3 -clock clk [get_ports {a b}]
set_input_delay 0.4 -clock far [get_ports c]
set_output_delay 0.2 -clock clk [all_outputs]
set_false_path -from [get_clocks clk] -to [get_clocks far]
set_false_path -from [get_ports a]
"""


def test_port_delays_move_to_a_twin_that_follows_the_tree() -> None:
    read = read_sdc(SDC)
    made = with_propagated_clocks(read)
    assert made.propagated
    assert [clock.name for clock in made.clocks] == ["clk", "far", "clk_outside", "clk_outside_"]
    twin = made.clocks[-1]
    assert (twin.sources, twin.follows_tree, twin.period) == ((), True, 2000.0)
    assert twin.setup_uncertainty == read.clocks[0].setup_uncertainty
    assert [delay.clock for delay in made.input_delays] == ["clk_outside_", "far"]
    assert [delay.clock for delay in made.output_delays] == ["clk_outside_"]
    assert not any(clock.follows_tree for clock in made.clocks[:-1])


def test_exceptions_of_a_clock_are_those_of_its_twin() -> None:
    made = with_propagated_clocks(read_sdc(SDC))
    first, second = made.exceptions
    assert first.from_[0].patterns == ("clk", "clk_outside_")
    assert first.to[0].patterns == ("far",)
    assert second.from_[0].patterns == ("a",)


def test_ideal_clocks_undo_it_and_propagated_constraints_are_left_alone() -> None:
    made = with_propagated_clocks(read_sdc(SDC))
    assert not with_ideal_clocks(made).propagated
    assert with_propagated_clocks(made) is made
