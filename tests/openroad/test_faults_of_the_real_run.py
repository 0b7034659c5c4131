"""The sixteen faults that the first runs of the real OpenROAD met, each put back: the check that it was given names it.

``MUTANTS`` is the table: point, what is put back, where, and what is said. Most are edits of rendered scripts that
``finevh tcl --check`` judges; the others are files as the tool left them, or a rule of the engine as it was, before the
reader, comparison or check that the point led to.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from finevh.base import tools
from finevh.checks import Checks
from finevh.commands import doctor
from finevh.errors import InputError
from finevh.flow.openroad import points as openroad_points
from finevh.layout import Placement
from finevh.layout.formats.def_model import DefLayout, DefRow
from finevh.layout.formats.def_write import CHAIN_PREFIX
from finevh.layout.formats.upf_read import OPENROAD_COMMANDS, parse_upf
from finevh.layout.formats.upf_write import format_openroad_upf, format_upf
from finevh.layout.supply.check import always_on_cells, check_supply
from finevh.layout.supply.draw import Drawing, GridCommand, StripeCommand, draw_grids
from finevh.netlist import parse_spef, parse_verilog
from finevh.openroad import run as running
from finevh.openroad.context import FlowContext
from finevh.openroad.expected import compare_layout
from finevh.openroad.log import Message
from finevh.openroad.render import external_inputs, render_flow
from finevh.openroad.run import FlowResult, StageResult
from finevh.openroad.script_check.check import check_scripts
from finevh.openroad.script_check.pdn_rules import GridFacts, grid_facts
from finevh.openroad.script_check.table import CommandTable, load_table
from finevh.openroad.tool import OpenRoad
from oracles.openroad.mesh import mesh
from oracles.openroad.recorded_run import RECORDED, library_lef, recorded_def, recorded_intent
from tests.layout.synthetic import make_netlist
from tests.openroad.test_expected import embedded_def
from tests.openroad.test_from_layout import TECHNOLOGY, context_of

pytestmark = pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")

STAND_IN = Path(__file__).with_name("stand_in.py")
Scripts = dict[str, str]
Change = Callable[[Scripts], None]


@lru_cache(maxsize=1)
def flow() -> tuple[Scripts, frozenset[str], GridFacts]:
    context, _ = context_of(3)
    return render_flow(context), external_inputs(context), grid_facts(context)


def judged(change: Change, table: CommandTable | None = None) -> list[str]:
    """What the check of scripts says of a change."""
    scripts, inputs, facts = flow()
    changed = dict(scripts)
    change(changed)
    assert table is not None or changed != scripts
    return [str(finding) for finding in check_scripts(changed, inputs, table, facts=facts)]


def edit(file: str, old: str, new: str) -> Change:
    def change(scripts: Scripts) -> None:
        assert old in scripts[file]
        scripts[file] = scripts[file].replace(old, new, 1)

    return change


# 1 to 4: the power grid.


def short_heads(scripts: Scripts) -> None:
    """The head of each tile's first row as long as its Vdd-MUX."""
    scripts["rows.txt"] = re.sub(r"(\{?tile_\d_\d_row_0_head\S* \S+ \S+) \d+", r"\1 6", scripts["rows.txt"])


def strap_at_twice_the_spacing(scripts: Scripts) -> None:
    """1.40 um in place of 1.405: the halos touch, and touching counts."""
    text = scripts["power_grid.tcl"]
    offset = re.search(r"-offset (\S+) -spacing \S+ -nets \[list \$rail \$ground_net\]", text)
    assert offset is not None
    scripts["power_grid.tcl"] = text.replace(f"-offset {offset[1]} ", f"-offset {float(offset[1]) - 0.005:g} ", 1)


def core_joins_what_comes_later(scripts: Scripts) -> None:
    """The core's grid, built first, was to join the straps of tiles that came after it."""
    text = scripts["power_grid.tcl"]
    join = re.search(r"\n  (add_pdn_connect -grid grid_\$name -layers \[list metal4 metal7\])", text)
    assert join is not None
    text = text.replace(join.group(0), "")
    connect = "add_pdn_connect -grid core -layers [list metal4 metal7]"
    scripts["power_grid.tcl"] = text.replace("pdngen -skip_trim", f"{connect}\npdngen -skip_trim", 1)


def one_command_per_strap(scripts: Scripts) -> None:
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


# 5: rows that go and do not come back; a comparison that demands those that the tool lost.


def rows_stay_away(scripts: Scripts) -> None:
    lines = scripts["power_grid.tcl"].split("\n")
    scripts["power_grid.tcl"] = "\n".join(line for line in lines if "dbRow_create" not in line)


def demanding_comparison() -> list[str]:
    """A DEF without the islands' rows, compared as if they were rows like others."""
    context, _ = context_of(3)
    return compare_layout(replace(context, islands=()), without_island_rows(context))


def without_island_rows(context: FlowContext) -> DefLayout:
    layout = embedded_def(3)
    lost = {island.row for island in context.islands}
    orient = {"R0": "N", "MX": "FS"}
    rows = tuple(
        DefRow(
            row.name, "unit", round(row.x * layout.units), round(row.y * layout.units), orient[row.orientation],
            row.sites, 1,
        )
        for row in context.rows
        if row.name not in lost
    )  # fmt: skip
    return replace(layout, rows=rows)


# 6, 7, 15: netlist, SPEF and points of one design.

PAIR = "module m (a, y); input a; output y; wire n; INV_X1 u1 (.A(a), .ZN(n)); INV_X1 u2 (.A(n), .ZN(y)); endmodule"
SPEF = """*SPEF "ieee 1481-1999"
*DIVIDER /
*DELIMITER :
*C_UNIT 1 FF
*R_UNIT 1 KOHM
*D_NET n 10
*CONN
*I u1:ZN O
*I u2:A I
*CAP
1 u1:ZN 4
2 u2:A 6
*RES
1 u1:ZN u2:A 0.1
*END
"""


def read_account(text: str) -> list[str]:
    checks = Checks()
    wires = parse_spef(text, parse_verilog(PAIR, TECHNOLOGY), checks=checks)
    assert wires.node_cap.sum() == pytest.approx(10.0)
    return [f"{kind}: {found.examples[0]}" for kind, found in checks if kind != "nets_without_parasitics"]


def spef_of_another_netlist() -> list[str]:
    """The select pin of a Vdd-MUX that the netlist has lost."""
    return read_account(SPEF.replace("*I u2:A I", "*I u2:A I\n*I finevh_vddmux_0:S I"))


def capacitance_left_out() -> list[str]:
    """A net whose lines give 8 of its 10 fF: read as 10, with a note."""
    return read_account(SPEF.replace("2 u2:A 6", "2 u2:A 4"))


def points_account(metrics: dict[str, float], messages: tuple[Message, ...] = ()) -> list[str]:
    checks = Checks()
    stage = StageResult("point_800_1000mV", Path(), metrics, messages, False)
    openroad_points.book_points(FlowResult(Path(), "26Q3", (stage,)), "clk_i", checks)
    return [f"{kind}: {found.count}: {found.examples[0]}" for kind, found in checks]


def recorded_point() -> dict[str, float]:
    metrics: dict[str, float] = json.loads((RECORDED / "metrics" / "12-point_800_1000mV.json").read_text())
    return metrics


def highest_frequency_of_another_clock() -> list[str]:
    """What the table would be read from if ``timing__fmax`` were taken: the configuration clock's alone."""
    return points_account({key: value for key, value in recorded_point().items() if not key.endswith(":clk_i")})


def warnings_of_a_point() -> list[str]:
    text = "read_spef: pin finevh_vddmux_0/S not found."
    return points_account(
        recorded_point(), tuple(Message("warning", code, text, 126) for code in ("STA-1648", "STA-1650"))
    )


# 8, 9: always-on cells.


def buffers_in_the_chains_clock() -> list[str]:
    """As the tool left them: four buffers of its clock tree, on the rails of tiles."""
    return misplaced(always_on_cells(recorded_def("final.def"), CHAIN_PREFIX))


def clock_tree_on_the_rails_of_tiles() -> list[str]:
    """The tool's tree as it left it, under the policy that asks for an always-on tree."""
    layout = recorded_def("final.def")
    return misplaced(frozenset(c.name for c in layout.components if c.name.startswith("clkbuf_") and "clk_i" in c.name))


def misplaced(always_on: frozenset[str]) -> list[str]:
    layout = recorded_def("final.def")
    intent = recorded_intent(layout)
    assert check_supply(layout, library_lef(), intent).misplaced == ()
    return list(check_supply(layout, library_lef(), replace(intent, always_on=intent.always_on | always_on)).misplaced)


# 10, 11: running.


def nothing_is_reused(folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """Keys that never match, as when each script was a part of one stage: what ran again after a failure at the end."""
    patch.setattr(running, "_stage_key", lambda *a: str(len(list(folder.rglob("*")))))
    return ran_again(folder, patch)


def ran_again(folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    whole = mesh(1, rows=2)
    context = replace(whole, operating_points=())
    for name in external_inputs(context):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("input\n")
    tool = OpenRoad((sys.executable, "-I", "-S", str(STAND_IN)), "26Q3-1551-g5c9e487120")
    patch.setenv("STAND_IN", "error:parasitics")
    with pytest.raises(running.OpenRoadError):
        running.run_flow(context, folder, tool=tool)
    patch.delenv("STAND_IN")
    result = running.run_flow(context, folder, tool=tool)
    return [f"{stage.name} ran again" for stage in result.stages[:-1] if not stage.reused]


def doctor_without_the_variable(folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """The tool's entry without its variable: doctor looks on PATH alone."""
    return seen_by_doctor(replace(tools.OPENROAD, variable=None), folder, patch)


def seen_by_doctor(tool: tools.Tool, folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    executable = folder / "elsewhere" / "openroad-26Q3"
    executable.parent.mkdir()
    executable.write_text("#!/bin/sh\necho 26Q3-1551-g5c9e487120\n")
    executable.chmod(0o755)
    patch.setenv("FINEVH_OPENROAD", str(executable))
    patch.setattr(doctor, "TOOLS", (tool,))
    (state,) = doctor.diagnose().tools
    return [] if state.path == str(executable) else [f"openroad: {state.path}, not that of FINEVH_OPENROAD"]


# 12: UPF; 16: the checker's own table.


def upf_for_others() -> list[str]:
    """UPF 2.1 where OpenROAD's small set belongs."""
    netlist, floorplan = make_netlist(60, technology=TECHNOLOGY), context_of(3)[1]
    cells, ports = np.zeros(60), np.zeros(len(netlist.port_names))
    none = np.zeros(60, dtype=np.int32)
    placement = Placement(cells, cells, none.astype(np.int8), none, ports, ports)
    parse_upf(format_openroad_upf(floorplan, 1.0, 0.9), "small.upf", OPENROAD_COMMANDS)
    with pytest.raises(InputError) as caught:
        parse_upf(format_upf(netlist, floorplan, placement, 1.0, 0.9), "small.upf", OPENROAD_COMMANDS)
    return [str(caught.value)]


def table_without(name: str) -> CommandTable:
    table = load_table()
    return replace(table, commands={key: spec for key, spec in table.commands.items() if key != name})


def report_demanded_of_every_call() -> CommandTable:
    table = load_table()
    spec = table.commands["pdngen"]
    strict = replace(spec, rules={"arguments": [0, 0], "states": ["-failed_via_report"]})
    return replace(table, commands={**table.commands, "pdngen": strict})


def repair_channels(scripts: Scripts) -> None:
    scripts["power_grid.tcl"] = scripts["power_grid.tcl"].replace(
        "pdngen -skip_trim", "pdn::allow_repair_channels true\npdngen -skip_trim", 1
    )


# The table.


@dataclass(frozen=True)
class Mutant:
    """One fault put back: ``found`` gives what was said of it, from a folder and what may be patched; among it, ``message``."""

    point: int
    what: str
    found: Callable[[Path, pytest.MonkeyPatch], list[str]]
    message: str


def script(point: int, what: str, change: Change, message: str) -> Mutant:
    return Mutant(point, what, lambda folder, patch: judged(change), message)


def files(point: int, what: str, found: Callable[[], list[str]], message: str) -> Mutant:
    return Mutant(point, what, lambda folder, patch: found(), message)


def fewer_muxes(netlist: str) -> Change:
    file = "parasitics.tcl" if netlist == "final.v" else "timing_repair.tcl"
    return edit(file, f"write_verilog {netlist}", f"write_verilog -remove_cells {{FILL_X1 VDDMUX_X1}} {netlist}")


WEAK = edit("clock_tree.tcl", "-buf_list [list ", "-buf_list [list BUF_X1 ")
MUTANTS = (
    script(1, "no strap crosses the heads", short_heads, "pdngen: VDD_T_0_0 falls into 2 pieces"),
    script(1, "the head's strap too near", strap_at_twice_the_spacing, "straps vanish, the first that of VBN"),
    *(
        script(2, f"vias before the tiles' straps: {net}", core_joins_what_comes_later, rf"pdngen: {net} falls into \d+ pieces")
        for net in ("VDDH", "VDDL", "VBP", "VBN", "VSS")
    ),
    script(2, "no reset between the grids", edit("power_grid.tcl", "pdngen -reset\n", ""), "straps vanish"),
    script(3, "one command per strap: VDDL", one_command_per_strap, "9 straps vanish, the first that of VDDL"),
    script(3, "one command per strap: VBN", one_command_per_strap, "9 straps vanish, the first that of VBN"),
    script(
        4, "no terminals", edit("power_grid.tcl", " -pins metal8", ""), "no supply has a terminal; define_pdn_grid needs -pins"
    ),
    script(5, "rows that stay away", rows_stay_away, "dbRow_destroy: the rows never come back"),
    files(5, "islands' rows demanded of the DEF", demanding_comparison, "9 rows missing, the first 'tile_0_0_row_0_island'"),
    script(6, "final.v without Vdd-MUX cells", fewer_muxes("final.v"), "leaves out 'VDDMUX_X1', whose pins the SPEF names"),
    script(6, "handover.v likewise", fewer_muxes("handover.v"), "leaves out 'VDDMUX_X1', whose pins the SPEF names"),
    files(6, "SPEF of another netlist", spef_of_another_netlist, "parasitics_not_found: .*finevh_vddmux_0"),
    files(
        7, "only the fastest clock's frequency", highest_frequency_of_another_clock,
        "openroad_unmeasured: 1: point_800_1000mV: no timing__fmax__clock:clk_i",
    ),
    files(7, "252 warnings a point", warnings_of_a_point, "parasitics_not_found: 252: point_800_1000mV: STA-1648 .*vddmux_0"),
    script(
        8, "the tree sees the configuration clock",
        edit("clock_tree.tcl", "clock_tree_synthesis", "set_configuration_clock\nclock_tree_synthesis"),
        "the clock tree must not see the configuration clock",
    ),
    script(
        8, "buffers may enter the chain", edit("vddmux.tcl", "    $net setDoNotTouch 1\n", ""),
        "the nets of the configuration chain may be buffered",
    ),
    files(8, "buffers in the chain's clock", buffers_in_the_chains_clock, r"clkbuf_0_finevh_config_clk/VDD .* must be on VDDH"),
    files(9, "a tree on tiles' rails", clock_tree_on_the_rails_of_tiles, r"clkbuf_0_clk_i/VDD .* must be on VDDH"),
    Mutant(10, "nothing is kept of a failed run", nothing_is_reused, "floorplan ran again"),
    Mutant(11, "doctor without the variable", doctor_without_the_variable, "not that of FINEVH_OPENROAD"),
    *(
        script(11, f"ideal clocks: {name}", edit(name, "set_clocks_propagated\n", ""), "times the .* design with ideal clocks")
        for name in ("routing.tcl", "parasitics.tcl", "point_p.tcl")
    ),
    files(12, "UPF 2.1 for OpenROAD", upf_for_others, r"small\.upf:1: 'upf_version' is none of the commands"),
    script(13, "a weak buffer in the tree's list", WEAK, "-buf_list holds 'BUF_X1', less than half of the strongest"),
    script(
        14, "hold at ports", edit("common.tcl", "  set_false_path -hold -from [all_inputs]\n", ""),
        "repair_timing: -hold with paths of ports in it",
    ),
    files(15, "capacitance lines short of the total", capacitance_left_out, "parasitics_adjusted: n: "),
    files(
        16, "a table without channel repair",
        lambda: judged(repair_channels, table_without("pdn::allow_repair_channels")),
        "unknown command 'pdn::allow_repair_channels'",
    ),
    files(
        16, "a table that demands the report of every pdngen",
        lambda: judged(lambda scripts: None, report_demanded_of_every_call()),
        "pdngen: .*-failed_via_report",
    ),
)  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.point}: {mutant.what}")
def test_a_fault_that_is_put_back_is_caught(mutant: Mutant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = mutant.found(tmp_path, monkeypatch)
    assert any(re.search(mutant.message, text) for text in found), found


def test_every_point_has_a_mutant() -> None:
    assert {mutant.point for mutant in MUTANTS} == set(range(1, 17))


def test_nothing_is_found_where_nothing_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the mutants change is clean before: scripts, comparison, netlist and SPEF, points, reuse."""
    scripts, inputs, facts = flow()
    assert check_scripts(scripts, inputs, facts=facts) == []
    changed = dict(scripts)
    repair_channels(changed)
    assert check_scripts(changed, inputs, facts=facts) == []
    context, _ = context_of(3)
    assert compare_layout(context, without_island_rows(context)) == []
    assert read_account(SPEF) == []
    assert points_account(recorded_point()) == []
    assert ran_again(tmp_path, monkeypatch) == []
    assert seen_by_doctor(tools.OPENROAD, tmp_path, monkeypatch) == []


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
