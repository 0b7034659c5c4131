"""What the check says of faults, on every branch, and that checking executes nothing."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from finevh.base.tcl import TclSyntaxError, parse_script, split_list
from finevh.errors import NotReachableError
from finevh.openroad.context import Configuration, FlowContext
from finevh.openroad.render import external_inputs, flow_stages, render_flow
from finevh.openroad.script_check.check import check_scripts, require_clean
from finevh.openroad.script_check.sandbox import run_in_sandbox
from finevh.openroad.script_check.table import judge_call, judge_method, load_table
from oracles.openroad.mesh import mesh

pytestmark = pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")


def messages(script: str, inputs: tuple[str, ...] = ()) -> list[str]:
    return [str(finding) for finding in check_scripts({"stage.tcl": script}, inputs)]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_rendered_scripts_are_clean(n: int) -> None:
    context = mesh(n, rows=3)
    assert check_scripts(render_flow(context), external_inputs(context)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"sdc": None},
        {"rcx_rules": "rcx.rules"},
        {"fillers": ()},
        {"dont_use": ()},
        {"pins": ()},
        {"operating_points": ()},
    ],
)
def test_every_form_of_the_flow_is_clean(changes: dict[str, object]) -> None:
    context = replace(mesh(2, rows=3), **changes)
    assert check_scripts(render_flow(context), external_inputs(context)) == []


def test_an_unknown_command_gives_its_line_and_the_nearest_known_one() -> None:
    assert messages("# one\ndetailed_placment\n") == [
        "stage.tcl:2: unknown command 'detailed_placment' (nearest known: detailed_placement)"
    ]


def test_an_unknown_option_gives_its_line_and_the_nearest_known_one() -> None:
    found = messages("\ncreate_clock -name clk \\\n  -perod 5 [get_ports clk]\n")
    assert "stage.tcl:2: create_clock: unknown option -perod (nearest known: -period)" in found


def test_values_are_judged_by_their_kind() -> None:
    found = messages("set x { 1 2 3 }\ncreate_blockage -region $x\ncreate_blockage -region { 5 0 1 1 }\n")
    assert found == [
        "stage.tcl:2: create_blockage: -region is ' 1 2 3 ', not four numbers, lower left before upper right",
        "stage.tcl:3: create_blockage: -region is ' 5 0 1 1 ', not four numbers, lower left before upper right",
    ]
    assert any("-orientation is 'N', not one of R0" in m for m in messages(
        "place_inst -name a -cell b -location { 0 0 } -orientation N -status FIRM\n"))  # fmt: skip


def test_faults_in_branches_that_no_check_run_takes_are_found() -> None:
    script = """set block [[[ord::get_db] getChip] getBlock]
if { [$block findNet x] eq "NULL" } {
  detailed_placment
} elseif { [$block findNet y] eq "NULL" } {
  detailed_placement -verbos
} else {
  foreach instance [$block getInsts] { $instance setOrigins 0 0 }
}
while { [check_placment] } { break }
"""
    found = messages(script)
    assert any(m.startswith("stage.tcl:3: unknown command 'detailed_placment'") for m in found)
    assert any(m.startswith("stage.tcl:5: detailed_placement: unknown option -verbos") for m in found)
    assert any(m.startswith("stage.tcl:7: no method 'setOrigins'") for m in found)
    assert any("setOrigin)" in m for m in found)
    assert any("unknown command 'check_placment'" in m for m in found)


@pytest.mark.parametrize(
    "script",
    ["set c detailed_placement\n$c\n", "eval detailed_placement\n", "set body {}\nforeach x {1} $body\n", "uplevel 1 {}\n",
     "switch a { a { nothing } }\n", "namespace eval x { nothing }\n", "exec ls\n", "after 0 nothing\n"],
)  # fmt: skip
def test_what_cannot_be_checked_is_a_fault(script: str) -> None:
    assert messages(script) != []


def test_a_method_of_another_class_is_found_by_running() -> None:
    found = messages("set net [[[[ord::get_db] getChip] getBlock] findNet a]\n$net getITerms\n$net getOrient\n")
    assert [m.partition(" (nearest")[0] for m in found] == ["stage.tcl:3: no method 'getOrient' of dbNet"]


def test_a_file_read_before_it_is_written_is_found() -> None:
    assert messages("read_db a.odb\nwrite_db a.odb\nread_db a.odb\n") == [
        "stage.tcl:1: read_db: reads 'a.odb', which no earlier stage writes and the flow is not given"
    ]
    assert messages("read_db a.odb\n", ("a.odb",)) == []


def test_a_stage_run_too_early_is_found() -> None:
    context = mesh(1, rows=2)
    scripts = render_flow(context)
    flow = (
        scripts["flow.tcl"]
        .replace("  {placement} \\\n", "")
        .replace("  {pins} \\\n", "  {placement} \\\n  {pins} \\\n")
    )
    assert flow != scripts["flow.tcl"]
    found = check_scripts(scripts | {"flow.tcl": flow}, external_inputs(context))
    assert any("read_db: reads 'pins.odb'" in finding.message for finding in found)


def test_a_stage_left_out_of_the_flow_is_found() -> None:
    context = mesh(1, rows=2)
    scripts = render_flow(context)
    flow = scripts["flow.tcl"].replace("  {polybias} \\\n", "")
    found = check_scripts(scripts | {"flow.tcl": flow}, external_inputs(context))
    assert any(str(finding) == "polybias.tcl:1: no stage of flow.tcl runs this script" for finding in found)


def test_a_head_that_does_not_say_what_the_script_reads_and_writes_is_found() -> None:
    context = mesh(1, rows=2)
    scripts = render_flow(context)
    text = scripts["pins.tcl"].replace("# writes pins.def pins.odb", "# writes pins.odb pins.v")
    found = [str(finding) for finding in check_scripts(scripts | {"pins.tcl": text}, external_inputs(context))]
    line = text.split("\n").index("# writes pins.odb pins.v") + 1
    assert found == [
        f"pins.tcl:{line}: its head says it writes 'pins.v', but it does not",
        f"pins.tcl:{line}: writes 'pins.def', but its head does not say so",
    ]


def test_unset_variables_and_runaway_loops_end_in_a_fault() -> None:
    assert any('can\'t read "nothing"' in m for m in messages("set x $nothing\n"))
    assert any("limit exceeded" in m for m in messages("while { 1 } { set x 1 }\n"))


def test_a_sandboxed_script_reaches_no_file_and_no_process(tmp_path: Path) -> None:
    target = tmp_path / "pwned"
    for script in (f"open {target} w\n", f"exec touch {target}\n", f"file delete {target}\n", "source /etc/hostname\n",
                   f"::finevh::open {{}} {target} w\n"):  # fmt: skip
        assert messages(script) != []
    messages(f"set f [open {{|sh}} w]\nputs $f {{touch {target}}}\nclose $f\n")  # a file of that name, no pipe
    assert not target.exists()


def test_require_clean_lists_the_faults() -> None:
    wanted = r"2 faults in the generated scripts:\nstage\.tcl:1: .*\nstage\.tcl:2: "
    with pytest.raises(NotReachableError, match=wanted) as caught:
        require_clean(check_scripts({"stage.tcl": "mak_tracks\npdngn\n"}))
    assert caught.value.exit_status == 1


HOSTILE = [
    "[exec touch pwned]",
    "a$b",
    "a{b",
    "a}b",
    'a"b',
    "a;b",
    "a\\b",
    "a[3]",
    "-name",
    "$env(HOME)",
    "#x",
    "a*?",
    "{*}x",
]


def hostile_context() -> FlowContext:
    plain = mesh(1, rows=3)
    assert plain.configuration is not None
    muxes = tuple(replace(site, instance=f"{HOSTILE[i]}m") for i, site in enumerate(plain.mux_sites))
    added = plain.configuration
    cells = tuple(replace(cell, instance=HOSTILE[0]) for cell in added.cells)
    renamed = {added.cells[0].instance: HOSTILE[0]}
    connections = tuple((renamed.get(i, i), pin, net) for i, pin, net in added.connections)
    configuration = Configuration(added.ports, cells, connections, added.select_nets, HOSTILE[1], added.period)
    pins = tuple(type(plain.pins[0])(name, "metal5", 0.0, float(i)) for i, name in enumerate(HOSTILE))
    return replace(
        plain, design=HOSTILE[0], clock=HOSTILE[5], clock_port=HOSTILE[3], netlist=HOSTILE[0] + " netlist.v", mux_sites=muxes,
        configuration=configuration, pins=pins, polybias=tuple((name, "INV_X1_PB4") for name in HOSTILE),
        supplies=type(plain.supplies)(vddh="VDD[H]"), rails=("VDD[H]",),
    )  # fmt: skip


def test_hostile_names_are_plain_text_in_every_script_and_nothing_is_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    context = hostile_context()
    scripts = render_flow(context)
    assert check_scripts(scripts, external_inputs(context)) == []
    assert list(tmp_path.iterdir()) == []
    table = [split_list(line)[0] for line in scripts["polybias.txt"].splitlines()]
    assert table == HOSTILE


def test_hostile_names_take_the_same_calls_as_plain_ones() -> None:
    """Names apart, the scripts of both do the same, call by call."""

    def calls(context: FlowContext) -> list[tuple[str, str, str, int]]:
        scripts = render_flow(context)
        order = ["flow.tcl", *(f"{stage.name}.tcl" for stage in flow_stages(context))]
        records = run_in_sandbox(scripts, order, load_table())
        # Equal calls of one line are noted once; names that become equal make fewer of them.
        return list(dict.fromkeys((r.kind, r.file, r.name, len(r.arguments)) for r in records))

    hostile = hostile_context()
    tame = {name: f"plain{i}" for i, name in enumerate(HOSTILE)}
    assert hostile.configuration is not None
    plain = replace(
        hostile,
        design="top", clock="clk", clock_port="clk", netlist="netlist.v", supplies=type(hostile.supplies)(), rails=("VDDH",),
        mux_sites=tuple(replace(site, instance=f"mux{i}") for i, site in enumerate(hostile.mux_sites)),
        pins=tuple(replace(pin, name=tame[pin.name]) for pin in hostile.pins),
        polybias=tuple((tame[name], cell) for name, cell in hostile.polybias or ()),
        configuration=replace(hostile.configuration, clock_port="cfg", cells=tuple(
            replace(cell, instance=tame[cell.instance]) for cell in hostile.configuration.cells)),
    )  # fmt: skip
    assert calls(hostile) == calls(plain)


def test_the_table_names_its_version_and_holds_both_tools() -> None:
    table = load_table()
    assert table.version["openroad"].startswith("5c9e487")
    assert table.version["opensta"].startswith("d1b2b39")
    raw = json.loads((Path(__file__).parents[3] / "finevh" / "openroad" / "script_check" / "commands.json").read_text())
    assert len(raw["commands"]) == 472


def test_calls_are_split_by_the_usage_line() -> None:
    table = load_table()
    assert judge_call(table.commands["set_load"], ["-pin_load", "5", "x"]) == []
    assert judge_call(table.commands["group_path"], ["-name"]) == ["group_path: option -name has no value"]
    assert judge_call(table.commands["replace_cell"], ["a"]) == [
        "replace_cell: 1 arguments beside the options, takes 2"
    ]
    assert judge_method(table, "dbInst", "findITerm", 1) is None
    assert judge_method(table, "dbInst", "findITerm", 2) == "method findITerm: 2 arguments, takes 1"


def test_the_parser_reads_words_nested_scripts_and_lines() -> None:
    commands = list(parse_script('set a [list {b c} "d $e"] ;# note\nputs {\n x }\n'))
    assert [command.line for command in commands] == [1, 2]
    assert commands[0].words[2].nested[0] == ('list {b c} "d $e"', 1)
    assert commands[1].words[1].value == "\n x "
    for broken in ("set a {", 'set a "x', "set a [b", "set a {b}c"):
        with pytest.raises(TclSyntaxError):
            list(parse_script(broken))
    assert split_list('a {b c} "d e" f\\ g {}') == ["a", "b c", "d e", "f g", ""]
