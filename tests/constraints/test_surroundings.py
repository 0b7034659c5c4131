"""What ports refer to when clocks take their way through a tree."""

from __future__ import annotations

from finevh.constraints import read_sdc, with_ideal_clocks, with_propagated_clocks
from finevh.constraints.surroundings import fixed_outside

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


AS_EXPORTED = """create_clock -name clk -period 2 [get_ports clk]
create_clock -name clk_outside -period 2
set_propagated_clock [get_clocks clk]
set_clock_latency 0.3 [get_clocks clk_outside]
set_clock_uncertainty 0.1 [get_clocks clk_outside]
set_input_delay 0.3 -clock clk_outside [get_ports a]
set_output_delay 0.2 -clock clk_outside [get_ports z]
"""


def test_a_latency_of_one_supply_gives_way_to_the_tree_where_the_flow_says_so() -> None:
    read = read_sdc(AS_EXPORTED)
    assert fixed_outside(read) == ("clk_outside",)
    assert with_propagated_clocks(read) is read
    made = with_propagated_clocks(read, ports_follow_tree=True)
    real, outside = made.clocks
    assert (real.propagated, real.follows_tree) == (True, False)
    assert (outside.follows_tree, outside.latency) == (True, {})
    assert outside.setup_uncertainty == 100.0
    assert fixed_outside(made) == ()


def test_port_delays_of_a_propagated_clock_move_to_a_twin_where_ports_follow_the_tree() -> None:
    read = read_sdc(
        "create_clock -name clk -period 2 [get_ports clk]\nset_propagated_clock [all_clocks]\n"
        "set_input_delay 0.3 -clock clk [get_ports a]\n"
    )
    made = with_propagated_clocks(read, ports_follow_tree=True)
    assert [(c.name, c.propagated, c.follows_tree) for c in made.clocks] == [
        ("clk", True, False),
        ("clk_outside", False, True),
    ]
    assert [delay.clock for delay in made.input_delays] == ["clk_outside"]
    assert fixed_outside(read) == ()
