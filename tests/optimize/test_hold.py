"""Hold repair delays what arrives too early, at every supply, and leaves setup and everything else alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.constraints import Constraints, read_sdc, single_clock
from finevh.errors import InputError
from finevh.layout import Floorplan, FloorplanRequest, Placement, check_placement, make_floorplan, place
from finevh.netlist import read_verilog, write_spef, write_verilog
from finevh.netlist.model import Netlist
from finevh.optimize.hold import Corner, HoldRepair, Timing, buffer_delay, hold_buffer, repair_hold, same_cells
from finevh.technology import Technology, load_technology, with_vdds
from finevh.timing import TimingGraph
from oracles.opensta import opensta, run_opensta

LIBRARY = Path(__file__).resolve().parents[2] / "libs" / "finevh45"
LATE = 6


@pytest.fixture(scope="module")
def technology() -> Technology:
    return with_vdds(load_technology(LIBRARY / "technology.toml"), (0.8, 1.0))


def clocked() -> Constraints:
    return replace(single_clock("clk", 2000.0), propagated=True)


@pytest.fixture(scope="module")
def design(technology: Technology, tmp_path_factory: pytest.TempPathFactory) -> tuple[Netlist, Floorplan, Placement]:
    """A register that launches into one whose clock is late, directly and through a long path that ends there as well."""
    lines = ["module late (input clk, input d, input e, output q);", "wire c0, q0, n0, n1, q1;", "assign c0 = clk;"]
    lines += [f"wire c{k + 1}; CLKBUF_X1 b{k} (.A(c{k}), .Z(c{k + 1}));" for k in range(LATE)]
    lines += ["DFF_X1 launch (.CK(clk), .D(d), .Q(q0));", "wire p0;", "INV_X1 first (.A(q0), .ZN(p0));"]
    lines += [f"wire p{k + 1}; BUF_X1 slow{k} (.A(p{k}), .Z(p{k + 1}));" for k in range(60)]
    lines += [f"DFF_X1 direct (.CK(c{LATE}), .D(q0), .Q(q1));", "wire s, t;"]
    lines += ["NAND2_X1 meet (.A1(q0), .A2(p60), .ZN(s));", f"DFF_X1 both (.CK(c{LATE}), .D(s), .Q(t));"]
    lines += ["NAND2_X1 out (.A1(q1), .A2(t), .ZN(q));", "endmodule", ""]
    source = tmp_path_factory.mktemp("late") / "late.v"
    source.write_text("\n".join(lines), encoding="utf-8")
    netlist = read_verilog(source, technology)
    floorplan = make_floorplan(netlist, technology, FloorplanRequest(1, 0.3))
    return netlist, floorplan, place(netlist, technology, floorplan)


@pytest.fixture(scope="module")
def repaired(technology: Technology, design: tuple[Netlist, Floorplan, Placement]) -> HoldRepair:
    netlist, floorplan, placement = design
    corners = (Corner("slow", technology, (0, 1), True),)
    return repair_hold(netlist, placement, floorplan, Timing(clocked()), corners, report=print)


def test_every_supply_is_clean_afterwards(repaired: HoldRepair) -> None:
    assert [check.vdd for check in repaired.before] == [0.8, 1.0]
    assert all(check.violated == 2 for check in repaired.before)
    assert all(check.violated == 0 and check.worst >= 0.0 for check in repaired.after)
    assert repaired.buffers > 0
    assert repaired.area == pytest.approx(repaired.buffers * 0.798, rel=0.01)


def test_setup_keeps_its_period_and_places_are_legal(
    technology: Technology, design: tuple[Netlist, Floorplan, Placement], repaired: HoldRepair
) -> None:
    netlist, floorplan, _ = design
    check_placement(repaired.netlist, technology, floorplan, repaired.placement)
    for vdd in (0, 1):
        periods = []
        for chosen, wires in ((netlist, None), (repaired.netlist, None)):
            graph = TimingGraph(chosen, technology, clocked(), wires, port_vdd=vdd)
            periods.append(graph.evaluate(np.int32(vdd)).min_period())
        assert periods[1] <= 1.005 * periods[0]


def test_a_pin_without_room_is_relieved_farther_ahead(repaired: HoldRepair) -> None:
    # 'both' ends the slowest path: its buffers stand in front of the gate's early input, not of the register.
    netlist = repaired.netlist
    index = netlist.instance_index

    def driver(cell: str, pin: int) -> str:
        net = netlist.pin_net[netlist.pin_ptr[index[cell]] + pin]
        out = np.flatnonzero((netlist.pin_net == net) & (netlist.cells.pin_direction[netlist.pin_type] == 1))
        return netlist.instance_names[netlist.pin_cell[out[0]]]

    pins = netlist.cells.pins(int(netlist.cell_type[index["both"]]))
    assert driver("both", pins.index("D")) == "meet"
    assert driver("meet", 0).startswith("hold_")
    assert driver("meet", 1) == "slow59"
    assert driver("direct", pins.index("D")).startswith("hold_")


@pytest.mark.skipif(opensta() is None, reason="OpenSTA is missing: apt-get install opensta")
def test_opensta_finds_hold_met(technology: Technology, repaired: HoldRepair, tmp_path: Path) -> None:
    write_verilog(repaired.netlist, technology, tmp_path / "late.v")
    write_spef(repaired.netlist, repaired.wires, tmp_path / "late.spef")
    sdc = "create_clock -name clk -period 2 [get_ports clk]\nset_propagated_clock [get_clocks clk]\n"
    for name in ("0v80", "1v00"):
        library = LIBRARY / "liberty" / f"finevh45_{name}.lib.gz"
        found = run_opensta(tmp_path / "late.v", "late", [library], sdc, tmp_path / "late.spef")
        assert found.hold
        assert min(found.hold.values()) > -0.5


def test_delay_of_a_buffer_in_a_row_is_that_of_a_row(technology: Technology, tmp_path: Path) -> None:
    cell = hold_buffer(technology)
    assert cell is not None
    name = technology.cells.names[cell]
    count = 20
    lines = ["module row (input a, output z);", "wire w0; assign w0 = a;"]
    lines += [f"wire w{k + 1}; {name} b{k} (.A(w{k}), .Z(w{k + 1}));" for k in range(count)]
    source = tmp_path / "row.v"
    source.write_text("\n".join([*lines, f"assign z = w{count};", "endmodule", ""]), encoding="utf-8")
    netlist = read_verilog(source, technology)
    ports = "set_input_delay 0 -clock v [get_ports a]\nset_output_delay 0 -clock v [get_ports z]\n"
    text = "create_clock -name v -period 10\n" + ports
    graph = TimingGraph(netlist, technology, read_sdc(text), hold=True)
    state = graph.evaluate(np.int32(1))
    fastest = float(state.hold_slacks(0.0).min()) / count
    assert buffer_delay(technology, int(technology.corner_of[0, 1]), cell) == pytest.approx(
        fastest, rel=0.2
    )  # here without wire


def test_corners_have_the_cells_of_the_design(technology: Technology) -> None:
    cells = technology.cells
    other = replace(technology, name="fewer", cells=replace(cells, names=(*cells.names[:-1], "OTHER")))
    with pytest.raises(InputError, match=r"technology 'fewer' has other cells than 'finevh45' \(names\)"):
        same_cells(technology, other)


def test_technology_without_buffer_is_checked_and_left_alone(
    technology: Technology, design: tuple[Netlist, Floorplan, Placement]
) -> None:
    netlist, floorplan, placement = design
    bare = replace(technology, roles={})
    assert hold_buffer(bare) is None
    found = repair_hold(netlist, placement, floorplan, Timing(clocked()), (Corner("slow", bare, (1,), True),))
    assert (found.buffers, found.area) == (0, 0.0)
    assert found.after[0].violated == found.before[0].violated == 2


def test_every_map_of_a_pair_is_clean_afterwards(
    technology: Technology, design: tuple[Netlist, Floorplan, Placement]
) -> None:
    netlist, _, _ = design
    floorplan = make_floorplan(netlist, technology, FloorplanRequest(2, 0.3))
    placement = place(netlist, technology, floorplan)
    corners = (Corner("slow", technology, (0, 1), True, ((0, 1),)),)
    timing = Timing(clocked(), cross_voltage=True)
    found = repair_hold(netlist, placement, floorplan, timing, corners)
    pair = [check for check in found.after if check.vdd_low is not None]
    assert [(check.vdd_low, check.vdd) for check in pair] == [(0.8, 1.0)]
    assert found.before[-1].worst < min(check.worst for check in found.before[:-1])
    assert all(check.violated == 0 for check in found.after)
    # Independently of how the maps were chosen: all sixteen.
    graph = timing.graph(found.netlist, technology, found.wires).with_port_vdd(1)
    for number in range(16):
        bits = (number >> np.arange(4)) & 1
        state = graph.evaluate(bits[found.placement.tile].astype(np.int32))
        assert state.worst_hold_slack(2000.0) >= 0.0
