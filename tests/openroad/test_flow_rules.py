"""Every fault that the first runs of the real OpenROAD met, put back into the scripts: each is found and named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from functools import lru_cache

import pytest

from finevh.layout.supply.draw import Drawing, GridCommand, StripeCommand, draw_grids
from finevh.openroad.check import check_scripts
from finevh.openroad.pdn_rules import GridFacts, grid_facts
from finevh.openroad.render import external_inputs, render_flow
from tests.openroad.test_from_layout import context_of

pytestmark = pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")

Scripts = dict[str, str]


@lru_cache(maxsize=1)
def flow() -> tuple[Scripts, frozenset[str], GridFacts]:
    context, _ = context_of(3)
    return render_flow(context), external_inputs(context), grid_facts(context)


def findings(change: Callable[[Scripts], None]) -> list[str]:
    scripts, inputs, facts = flow()
    changed = dict(scripts)
    change(changed)
    assert changed != scripts
    return [str(finding) for finding in check_scripts(changed, inputs, facts=facts)]


def edit(file: str, old: str, new: str, count: int = 1) -> Callable[[Scripts], None]:
    def change(scripts: Scripts) -> None:
        assert old in scripts[file]
        scripts[file] = scripts[file].replace(old, new, count)

    return change


def test_the_scripts_as_rendered_are_clean() -> None:
    scripts, inputs, facts = flow()
    assert check_scripts(scripts, inputs, facts=facts) == []


def test_a_head_that_no_strap_crosses_is_a_rail_in_pieces() -> None:
    def shorten(scripts: Scripts) -> None:
        scripts["rows.txt"] = re.sub(r"(\{?tile_\d_\d_row_0_head\S* \S+ \S+) \d+", r"\1 6", scripts["rows.txt"])

    found = findings(shorten)
    assert any("pdngen: VDD_T_0_0 falls into 2 pieces" in text for text in found)


def test_a_grid_that_joins_only_what_stands_is_in_pieces() -> None:
    """The landed version: the core's grid, built first, was to join the straps of tiles that came after it."""

    def back(scripts: Scripts) -> None:
        text = scripts["power_grid.tcl"]
        join = re.search(r"\n  (add_pdn_connect -grid grid_\$name -layers \[list metal4 metal7\])", text)
        assert join is not None
        text = text.replace(join.group(0), "")
        text = text.replace(
            "pdngen -skip_trim", "add_pdn_connect -grid core -layers [list metal4 metal7]\npdngen -skip_trim", 1
        )
        scripts["power_grid.tcl"] = text

    found = findings(back)
    torn = {match[1] for text in found if (match := re.search(r"pdngen: (\w+) falls into \d+ pieces", text))}
    assert {"VDDH", "VDDL", "VBP", "VBN", "VSS"} <= torn


def test_straps_of_one_net_each_vanish_beside_one_another() -> None:
    def split(scripts: Scripts) -> None:
        text = scripts["power_grid.tcl"]
        command = re.search(
            r"\n  add_pdn_stripe -grid grid_\$name (.* -offset )(\S+)( .*)-nets \[list VDDH VDDL VBP VBN\]", text
        )
        assert command is not None
        lines = "".join(
            f"\n  add_pdn_stripe -grid grid_$name {command[1]}{float(command[2]) + 0.28 * k:g}{command[3]}-nets [list {net}]"
            for k, net in enumerate(("VDDH", "VDDL", "VBP", "VBN"))
        )
        scripts["power_grid.tcl"] = text.replace(command.group(0), lines)

    found = findings(split)
    lost = {match[1] for text in found if (match := re.search(r"9 straps vanish, the first that of (\w+)", text))}
    assert lost == {"VDDL", "VBN"}


def test_a_strap_at_just_twice_the_spacing_vanishes() -> None:
    """1.40 um in place of 1.405: the halos touch, and touching counts."""
    text = flow()[0]["power_grid.tcl"]
    offset = re.search(r"-offset (\S+) -spacing \S+ -nets \[list \$rail \$ground_net\]", text)
    assert offset is not None
    nearer = f"{float(offset[1]) - 0.005:g}"
    found = findings(edit("power_grid.tcl", f"-offset {offset[1]} ", f"-offset {nearer} "))
    assert any("straps vanish, the first that of VBN" in entry for entry in found)


def test_a_grid_without_terminals_is_named() -> None:
    found = findings(edit("power_grid.tcl", " -pins metal8", ""))
    assert any("no supply has a terminal; define_pdn_grid needs -pins" in text for text in found)


def test_a_second_core_grid_falls_on_the_first() -> None:
    found = findings(edit("power_grid.tcl", "pdngen -reset\n", ""))
    assert any("straps vanish" in text for text in found)


def test_rows_that_do_not_come_back_are_named() -> None:
    def drop(scripts: Scripts) -> None:
        lines = scripts["power_grid.tcl"].split("\n")
        scripts["power_grid.tcl"] = "\n".join(line for line in lines if "dbRow_create" not in line)

    assert any("dbRow_destroy: the rows never come back" in text for text in findings(drop))


@pytest.mark.parametrize(("file", "netlist"), [("parasitics.tcl", "final.v"), ("timing_repair.tcl", "handover.v")])
def test_a_netlist_without_the_cells_that_its_spef_names_is_named(file: str, netlist: str) -> None:
    change = edit(file, f"write_verilog {netlist}", f"write_verilog -remove_cells {{FILL_X1 VDDMUX_X1}} {netlist}")
    assert any("leaves out 'VDDMUX_X1', whose pins the SPEF names" in text for text in findings(change))


def test_a_configuration_clock_in_the_trees_stage_is_named() -> None:
    change = edit("clock_tree.tcl", "clock_tree_synthesis", "set_configuration_clock\nclock_tree_synthesis")
    assert any("the clock tree must not see the configuration clock" in text for text in findings(change))


def test_nets_of_the_chain_that_may_be_buffered_are_named() -> None:
    change = edit("vddmux.tcl", "    $net setDoNotTouch 1\n", "")
    assert any("the nets of the configuration chain may be buffered" in text for text in findings(change))


def test_a_weak_buffer_in_the_trees_list_is_named() -> None:
    def weaken(scripts: Scripts) -> None:
        scripts["clock_tree.tcl"] = re.sub(r"-buf_list \[list ", "-buf_list [list BUF_X1 ", scripts["clock_tree.tcl"])

    assert any("-buf_list holds 'BUF_X1', less than half of the strongest" in text for text in findings(weaken))


def test_hold_repair_with_ports_in_it_is_named() -> None:
    change = edit("common.tcl", "  set_false_path -hold -from [all_inputs]\n", "")
    assert any("repair_timing: -hold with paths of ports in it" in text for text in findings(change))


@pytest.mark.parametrize("file", ["routing.tcl", "parasitics.tcl", "point_p.tcl"])
def test_a_script_after_the_tree_with_ideal_clocks_is_named(file: str) -> None:
    found = findings(edit(file, "set_clocks_propagated\n", ""))
    assert any("times the clock tree's design with ideal clocks" in text for text in found)


def test_a_strap_is_cut_where_halos_touch_and_only_along_what_stands_there() -> None:
    """The generator's own rule, by hand: spacing 10, so straps 20 apart meet and straps 21 apart do not."""
    first = StripeCommand("m4", ("A",), 10, 1000, 100, 10, 1)
    for offset, kept in ((129, 0), (130, 0), (131, 1)):
        second = StripeCommand("m4", ("B",), 10, 1000, offset, 10, 1)
        drawing = Drawing({"m4": True}, {"m4": 10})
        draw_grids(drawing, [GridCommand((0, 0, 500, 500), None, (), (), (first, second), ())])
        assert sum(shape.net == "B" for shape in drawing.shapes["m4"]) == kept
    half = Drawing({"m4": True}, {"m4": 10})
    lower = GridCommand((0, 0, 500, 250), None, (), (), (first,), ())
    over = StripeCommand("m4", ("B",), 10, 1000, 110, 10, 1)
    draw_grids(half, [lower, GridCommand((0, 0, 500, 500), None, (), (), (over,), ())])
    assert [shape.box for shape in half.shapes["m4"] if shape.net == "B"] == [(105, 260, 115, 500)]
