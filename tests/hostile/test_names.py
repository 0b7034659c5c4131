"""Hostile names of ports, nets and instances through a whole run, then through the tools that read what it writes."""

from __future__ import annotations

import csv
import gzip
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from finevh.base.quoting import visible
from finevh.checks import Checks
from finevh.flow_file import read_flow
from finevh.netlist import read_spef, read_verilog
from finevh.technology import load_technology
from oracles.opensta import opensta, run_script
from oracles.tiny_design import FLOW, FREQUENCY, command
from tests.test_hostile import CORPUS

REPOSITORY = Path(__file__).resolve().parents[2]
TECHNOLOGY = REPOSITORY / "libs" / "finevh45"
ATTACKS = [
    "}];exit;{", '}];{*}"exec\\x20touch\\x20pwned";{', '];{*}"exec\\x20touch\\x20pwned";[', '{*}"exec\\x20touch\\x20pwned"',
    "<img/src=x/onerror=document.title='pwned'>", "</script><script>document.title='pwned'</script>", '"+"', "a\\\\b", "\\/",
    "*/int/x;/*", "`include", "$finish;", "a//b/c", "=HYPERLINK(1)",
]  # fmt: skip
NAMES = list(
    dict.fromkeys(
        text
        for text in [*CORPUS, *ATTACKS]
        # What a Verilog identifier can be: printable, no blank. Those that are refused have tests below; a name such as 1e400
        # is a number to OpenSTA's reader of SPEF, which no backslash changes.
        if text
        and len(text) <= 300
        and all("!" <= c <= "~" for c in text)
        and not set("*?") & set(text)
        and text[0] != "\\"
        and text != "1e400"
    )
)


def netlist_of(names: list[str]) -> str:
    """A mapped netlist whose ports are called so, and its nets and instances after a prefix."""
    inputs, outputs = names[::2], names[1::2]
    lines = [f"module tiny ({', '.join(['clk', 'rst_n', *(_escaped(name) for name in names)])});"]
    lines += [f"  input {_escaped(name)};" for name in ("clk", "rst_n", *inputs)]
    lines += [f"  output {_escaped(name)};" for name in outputs]
    lines += [f"  wire {_escaped('n:' + name)};" for name in names]
    last = _escaped("rst_n")
    for name in inputs:
        made = _escaped("n:" + name)
        lines.append(f"  XOR2_X1 {_escaped('x:' + name)} (.A({last}), .B({_escaped(name)}), .Z({made}));")
        last = made
    for name in outputs:
        made = _escaped("n:" + name)
        lines.append(f"  DFF_X1 {_escaped('r:' + name)} (.D({last}), .CK(clk), .Q({made}));")
        lines.append(f"  BUF_X1 {_escaped('b:' + name)} (.A({made}), .Z({_escaped(name)}));")
        last = made
    return "\n".join([*lines, "endmodule"]) + "\n"


def _escaped(name: str) -> str:
    return f"\\{name} "


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run of such a netlist, in a folder that must hold nothing else afterwards."""
    folder = tmp_path_factory.mktemp("names")
    (folder / "tiny.v").write_text(netlist_of(NAMES), encoding="utf-8")
    flow = FLOW.replace('files = ["tiny.v"]', 'netlist = "tiny.v"').replace('period = "1.5 ns"', 'period = "6 ns"')
    flow = flow.replace('false_from = ["rst_n"]\n', "").replace('reset = "rst_n"\n', "")
    (folder / "tiny.toml").write_text(flow, encoding="utf-8")
    here = os.getcwd()
    os.chdir(folder)
    try:
        status, _, said = command("run", "tiny.toml", "-o", "run", "-j", "1")
        assert status == 0, said
        yield folder / "run"
        assert sorted(os.listdir(folder)) == ["run", "tiny.toml", "tiny.v"]
    finally:
        os.chdir(here)


def test_there_are_many_names() -> None:
    assert len(NAMES) >= 60


def test_names_come_back_from_our_own_readers(run: Path) -> None:
    technology = load_technology(TECHNOLOGY, variants=["PB0"], vdd=1.0)
    netlist = read_verilog(run / "out" / "tiny.v", technology)
    assert {name.removeprefix("\\") for name in netlist.port_names} == {"clk", "rst_n", *NAMES}
    instances = {name.removeprefix("\\") for name in netlist.instance_names}
    assert {f"x:{name}" for name in NAMES[::2]} | {f"r:{name}" for name in NAMES[1::2]} <= instances
    checks = Checks()
    read_spef(run / "out" / "tiny.spef", netlist, checks)
    assert "nets_without_parasitics" not in checks
    assert "parasitics_not_found" not in checks


@pytest.mark.parametrize("verb", [("emulate", "--freq", FREQUENCY), ("report",), ("signoff", "-j", "1"), ("metrics",)])
def test_every_verb_on_the_run_answers(run: Path, verb: tuple[str, ...]) -> None:
    status, _, said = command(verb[0], str(run), *verb[1:])
    assert status in (0, 1), said
    assert "a defect of finevh" not in said


def test_every_verb_on_its_netlist_answers(run: Path, tmp_path: Path) -> None:
    """Names in a netlist, its constraints, parasitics, layout, a voltage map and probabilities."""
    out, map_file, probabilities = run / "out", tmp_path / "map.csv", tmp_path / "probabilities.csv"
    plain = [name for name in NAMES if not set(name) & set(',"[]')]
    map_file.write_text("instance,vdd\n" + "".join(f"x:{name},0.8\n" for name in plain) + "*,1.0\n", encoding="utf-8")
    probabilities.write_text("net,probability\n" + "".join(f"{name},0.5\n" for name in plain), encoding="utf-8")
    mapped = ["--netlist", str(out / "tiny.v"), "--top", "tiny"]
    constraints = ["--sdc", str(out / "tiny.sdc"), "--spef", str(out / "tiny.spef")]
    liberty = str(TECHNOLOGY / "liberty" / "finevh45_1v00.lib.gz")
    for words in (
        ["sta", *mapped, "--liberty", liberty, *constraints, "--paths", "99"],
        [
            "leakage",
            *mapped,
            "--technology",
            str(TECHNOLOGY),
            "--voltages",
            str(map_file),
            "--probabilities",
            str(probabilities),
        ],
        ["bias", *mapped, "--technology", str(TECHNOLOGY), *constraints, "-o", str(tmp_path / "biased.v")],
        ["import", str(out), "--technology", str(TECHNOLOGY), "-o", str(tmp_path / "imported.toml")],
        ["tcl", str(run / "flow.toml"), "-o", str(tmp_path / "tcl"), "--check"],
    ):
        status, out_text, said = command(*words)
        assert status == 0, (words[0], said)
        assert visible(out_text + said) == out_text + said
    read_flow(tmp_path / "imported.toml")


STUBS = """
set inner [interp create -safe]
proc record {args} { global names; lappend names {*}[lindex $args end]; return {} }
proc nothing {args} { return {} }
proc unknown_command {args} { puts "UNKNOWN [lindex $args 0]"; exit 3 }
foreach name {get_ports get_clocks get_pins get_cells} { interp alias $inner $name {} record }
foreach name {%s} { interp alias $inner $name {} nothing }
interp alias $inner unknown {} unknown_command
foreach name {exit file source open exec glob} { interp alias $inner $name {} unknown_command }
set names {}
set file [open [lindex $argv 0]]
fconfigure $file -encoding utf-8
interp eval $inner [read $file]
puts [join [lsort -unique $names] "\\n"]
"""
SDC_COMMANDS = (
    "set_units create_clock set_propagated_clock set_clock_latency set_input_delay set_output_delay set_input_transition set_load"
    " set_clock_uncertainty set_false_path set_case_analysis all_clocks all_inputs all_outputs set_driving_cell"
)
UPF_COMMANDS = (
    "upf_version set_design_top set_scope create_supply_port create_supply_net connect_supply_net create_power_domain"
    " set_domain_supply_net create_power_switch create_supply_set add_power_state add_port_state create_pst add_pst_state"
    " set_isolation set_isolation_control set_level_shifter map_power_switch associate_supply_set load_upf set_port_attributes"
    " set_domain_voltage set_domain_area create_logic_net create_logic_port connect_logic_net"
    " use_interface_cell set_design_attributes set_related_supply_net"
)


def tcl_names(path: Path, commands: str, folder: Path) -> list[str]:
    """Run a file in a real Tcl that knows the language's commands and no others; the names that getters were given."""
    tclsh = shutil.which("tclsh")
    if tclsh is None:
        pytest.skip("tclsh is missing: apt install tcl")
    (folder / "stubs.tcl").write_text(STUBS % commands, encoding="utf-8")
    done = subprocess.run([tclsh, folder / "stubs.tcl", path], capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(os.listdir(folder)) == ["stubs.tcl"]
    return done.stdout.splitlines()


def test_a_real_tcl_finds_every_port_in_the_sdc_and_nothing_else(run: Path, tmp_path: Path) -> None:
    found = tcl_names(run / "out" / "tiny.sdc", SDC_COMMANDS, tmp_path)
    assert set(NAMES) <= set(found)
    assert set(found) <= {"clk", "clk_outside", "rst_n", *NAMES}


def test_a_real_tcl_finds_nothing_to_run_in_the_upf(run: Path, tmp_path: Path) -> None:
    for name in ("tiny.upf", "tiny_openroad.upf"):
        tcl_names(run / "out" / name, UPF_COMMANDS, tmp_path)


def test_opensta_reads_netlist_constraints_and_parasitics(run: Path, tmp_path: Path) -> None:
    if opensta() is None:
        pytest.skip("sta is missing: apt install opensta")
    liberty = tmp_path / "cells.lib"
    liberty.write_bytes(gzip.decompress((TECHNOLOGY / "liberty" / "finevh45_1v00.lib.gz").read_bytes()))
    out = run / "out"
    script = f"""read_liberty {liberty}
read_verilog {out / "tiny.v"}
link_design tiny
read_sdc {out / "tiny.sdc"}
read_spef {out / "tiny.spef"}
report_worst_slack
puts "ports [llength [get_ports *]] cells [llength [get_cells *]]"
"""
    done = run_script(script, tmp_path, check=False)
    said = done.stdout + done.stderr
    assert "Error" not in said
    # OpenSTA keeps brackets, braces and dividers of a name with a backslash of its own, which its getters then miss.
    missed = re.findall(r"port '(.*)' not found", said)
    assert [name for name in missed if not set("[]{}/\\") & set(name)] == []
    missed = re.findall(r"net (\S+) not found", said)
    assert [name for name in missed if "/" not in name] == []
    assert "syntax error" not in said
    cells = len(re.findall(r"^  \w+_X\d+ ", (out / "tiny.v").read_text(encoding="utf-8"), re.MULTILINE))
    assert f"ports {len(NAMES) + 2} cells {cells}" in said
    assert sorted(os.listdir(tmp_path)) == ["cells.lib", "run.tcl"]


def test_yosys_reads_the_netlists(run: Path, tmp_path: Path) -> None:
    code = "from pyosys import libyosys as ys\nys.run_pass('read_verilog netlist.v', ys.Design())\n"
    for name in ("tiny.v", "tiny_chain.v"):
        shutil.copyfile(run / "out" / name, tmp_path / "netlist.v")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    assert os.listdir(tmp_path) == ["netlist.v"]


def test_klayout_reads_the_layout(run: Path) -> None:
    db = pytest.importorskip("klayout.db")
    options = db.LoadLayoutOptions()
    options.lefdef_config.lef_files = [str(TECHNOLOGY / "tech.lef"), str(TECHNOLOGY / "cells.lef")]
    options.lefdef_config.read_lef_with_def = False
    layout = db.Layout()
    layout.read(str(run / "out" / "tiny.def"), options)
    placed = re.findall(r"^ *- \S+ (\S+).*\+ (?:PLACED|FIXED)", (run / "out" / "tiny.def").read_text(), re.MULTILINE)
    cells = [cell for cell in placed if re.fullmatch(r"[A-Z]\w*_X\d+\w*", cell)]
    found = sum(
        1 for top in layout.top_cells() for each in top.each_inst() if layout.cell(each.cell_index).name in set(cells)
    )
    assert found == len(cells) > len(NAMES)


def test_a_compiler_reads_the_headers(run: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("cc is missing: apt install gcc")
    headers = sorted((run / "out" / "bitstreams").glob("*.h"))
    assert headers
    for header in headers:
        done = subprocess.run(
            [compiler, "-x", "c", "-std=c99", "-Wall", "-Werror", "-fsyntax-only", header],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_no_cell_of_a_table_is_a_formula(run: Path) -> None:
    number = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?(nan|inf)", re.IGNORECASE)
    for path in (run / "tables").glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as stream:
            for row in csv.reader(stream):
                bad = [cell for cell in row if cell[:1] in ("=", "+", "-", "@", "\t") and not number.fullmatch(cell)]
                assert bad == [], path.name


def test_a_browser_runs_nothing_of_the_report(run: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is missing: apt install chromium")
    words = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--virtual-time-budget=5000"]
    done = subprocess.run(
        [browser, *words, "--dump-dom", (run / "report.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-500:]
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title is not None
    assert title[1] != "pwned"
    assert "tiny" in title[1]


@pytest.mark.parametrize("name", ["*", "x?", "\\n"])
def test_a_name_that_means_something_else_to_a_reader_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "tiny.v").write_text(netlist_of([name, *(f"i{k}" for k in range(30))]), encoding="utf-8")
    (tmp_path / "tiny.sdc").write_text("create_clock -name clk -period 6 [get_ports clk]\n", encoding="utf-8")
    flow = FLOW.replace('files = ["tiny.v"]', 'netlist = "tiny.v"').replace('reset = "rst_n"\n', "")
    (tmp_path / "tiny.toml").write_text(flow.replace('false_from = ["rst_n"]\n', ""), encoding="utf-8")
    status, _, said = command("run", str(tmp_path / "tiny.toml"), "-o", str(tmp_path / "run"), "-j", "1")
    assert status == 2
    assert f"{name}'" in said
    assert "rename it" in said
    assert said.count("finevh: ") == 1
