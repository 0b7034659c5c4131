from __future__ import annotations

import itertools
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finevh.errors import InputError
from finevh.layout import Floorplan, FloorplanRequest, Placement, make_floorplan
from finevh.layout.formats.upf_write import format_upf, write_upf
from finevh.netlist.model import Netlist
from finevh.technology.model import Technology

_COMMANDS = """upf_version set_design_top create_power_domain create_supply_port create_supply_net connect_supply_net
set_domain_supply_net add_port_state create_power_switch set_level_shifter create_pst add_pst_state"""
# Every command prints its words, and those of the list after -elements, one per line with a mark: Tcl itself is the parser.
_TCL = (
    'foreach c {%s} { proc $c args "puts \\"@$c\\"; record \\$args" }\n'
    'proc record args { foreach w [lindex $args 0] { puts "=$w" }\n'
    "  set k [lsearch -exact [lindex $args 0] -elements]\n"
    '  if {$k >= 0} { foreach e [lindex [lindex $args 0] [expr $k + 1]] { puts ">$e" } } }\n'
    "source [lindex $argv 0]\n"
)
Command = tuple[str, list[str], list[str]]

pytestmark = pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")


def _parse(path: Path) -> list[Command]:
    script = path.with_suffix(".tcl")
    script.write_text(_TCL % _COMMANDS.replace("\n", " "))
    output = subprocess.run(["tclsh", script, path], check=True, capture_output=True, text=True).stdout
    commands: list[Command] = []
    for line in output.splitlines():
        if line[0] == "@":
            commands.append((line[1:], [], []))
        else:
            commands[-1][1 if line[0] == "=" else 2].append(line[1:])
    return commands


@pytest.fixture
def commands(netlist: Netlist, floorplan: Floorplan, placement: Placement, tmp_path: Path) -> list[Command]:
    hostile = ("a[3]", "b{c", "$d", 'e"f', "g;h", "#i", "j\\k", "[exit]")
    named = replace(netlist, instance_names=(*hostile, *netlist.instance_names[len(hostile) :]))
    write_upf(tmp_path / "tiles.upf", named, floorplan, placement, 1.0, 0.9)
    found = _parse(tmp_path / "tiles.upf")
    tiles = [c for c in found if c[0] == "create_power_domain" and c[1][0] != "PD_TOP"]
    members = [m for c in tiles for m in c[2]]
    assert sorted(members) == sorted(named.instance_names), "hostile names come through Tcl unharmed"
    return found


def test_each_tile_is_a_domain_with_its_cells(commands: list[Command], placement: Placement) -> None:
    sizes = {c[1][0]: len(c[2]) for c in commands if c[0] == "create_power_domain"}
    counts = np.bincount(placement.tile, minlength=9)
    assert {k: v for k, v in sizes.items() if k != "PD_TOP"} == {
        f"PD_T_{t // 3}_{t % 3}": int(counts[t]) for t in range(9)
    }


def test_switches_have_two_inputs_one_output_and_their_chain_bit(commands: list[Command]) -> None:
    switches = [c[1] for c in commands if c[0] == "create_power_switch"]
    assert len(switches) == 9
    words = switches[5]
    assert words[0] == "SW_T_1_2"
    assert words[words.index("-output_supply_port") + 1] == "out VDD_T_1_2"
    assert [w for f, w in itertools.pairwise(words) if f == "-input_supply_port"] == [
        "in_high VDDH",
        "in_low VDDL",
    ]
    assert words[words.index("-control_port") + 1].replace("\\", "") == "sel finevh_config_select[5]"
    assert [w for f, w in itertools.pairwise(words) if f == "-on_state"] == [
        "high in_high {sel}",
        "low in_low {!sel}",
    ]


def test_supplies_states_and_table_are_complete(commands: list[Command]) -> None:
    ports = [c[1][0] for c in commands if c[0] == "create_supply_port"]
    assert ports == ["VDDH", "VDDL", "VSS", "VBN", "VBP"]
    states = {c[1][0]: c[1][1:] for c in commands if c[0] == "add_port_state"}
    assert states["VDDL"] == ["-state", "low 0.900"]
    assert states["SW_T_0_0/out"] == ["-state", "high 1.000", "-state", "low 0.900"]
    table = next(c[1] for c in commands if c[0] == "create_pst")
    assert len(table[2].split()) == 11
    assert [c[1][0] for c in commands if c[0] == "add_pst_state"] == ["all_high", "all_low", "any"]
    shifters = [c[1] for c in commands if c[0] == "set_level_shifter"]
    assert len(shifters) == 9
    assert all("-no_shift" in words for words in shifters)


def test_one_tile_is_one_domain(netlist: Netlist, technology: Technology, placement: Placement) -> None:
    text = format_upf(netlist, make_floorplan(netlist, technology, FloorplanRequest(1)), placement, 1.0, 1.0)
    assert text.count("create_power_domain") == 1
    assert "create_power_switch" not in text


def test_low_supply_above_high_is_refused(netlist: Netlist, floorplan: Floorplan, placement: Placement) -> None:
    with pytest.raises(InputError, match=r"VddL 1 V must be positive and at most VddH 0\.9 V"):
        format_upf(netlist, floorplan, placement, 0.9, 1.0)
