"""Setup and hold slack of every endpoint of public cores against OpenSTA: libraries x wires x ideal and propagated clocks.

python benchmarks/public_designs.py [--pdk FOLDER] [--only NAME ...] [--library NAME ...] [--keep FOLDER]

Needs the packages of the extra ``designs``. The cores are mapped by Yosys onto finevh45, and where ``--pdk`` names a folder with
``nangate45`` and ``ihp-sg13g2`` onto those; each gets a two-level clock tree, and RC trees of random lengths as SPEF. An endpoint
is outside if its slack differs by more than 1 ps and by more than 0.5 % of its path.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from finevh.constraints import read_sdc
from finevh.netlist import read_verilog, write_spef
from finevh.technology import Technology, technology_from_liberty
from finevh.timing import TimingGraph
from finevh.timing.names import sink_name
from finevh.timing.worst_paths import endpoint_slacks
from oracles.opensta import installed_resistance, plain_liberty, run_opensta
from oracles.random_design import random_wires
from oracles.slacks import compare_slacks

ROOT = Path(__file__).resolve().parents[1]
PERIOD_NS = 4.0
_PER_BUFFER = 16


@dataclass(frozen=True)
class Core:
    """A module of a packaged core."""

    package: str
    top: str
    clock: str
    files: tuple[str, ...]
    includes: tuple[str, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)


CORES = {
    "serv": Core("serv", "serv_top", "clk", ("rtl/serv_*.v",)),
    "picorv32_div": Core("picorv32", "picorv32_pcpi_div", "clk", ("picorv32.v",)),
    "picorv32_mul": Core("picorv32", "picorv32_pcpi_mul", "clk", ("picorv32.v",)),
    "simpleuart": Core("picorv32", "simpleuart", "clk", ("picosoc/simpleuart.v",)),
    "spimemio": Core("picorv32", "spimemio", "clk", ("picosoc/spimemio.v",)),
    "lm32_mc_arithmetic": Core("lm32", "lm32_mc_arithmetic", "clk_i", ("rtl/lm32_mc_arithmetic.v",), ("rtl", "test")),
    "lm32_interrupt": Core("lm32", "lm32_interrupt", "clk_i", ("rtl/lm32_interrupt.v",), ("rtl", "test")),
    "mor1kx_ticktimer": Core("mor1kx", "mor1kx_ticktimer", "clk", ("rtl/verilog/mor1kx_ticktimer.v",), ("rtl/verilog",)),
    "mor1kx_pic": Core("mor1kx", "mor1kx_pic", "clk", ("rtl/verilog/mor1kx_pic.v",), ("rtl/verilog",)),
    "pfpu32_addsub": Core("mor1kx", "pfpu32_addsub", "clk", ("rtl/verilog/pfpu32/pfpu32_addsub.v",), ("rtl/verilog",)),
    "vexriscv": Core("vexriscv", "VexRiscv", "clk", ("VexRiscv_Min.v",)),
    "picorv32": Core("picorv32", "picorv32", "clk", ("picorv32.v",), parameters={"ENABLE_COUNTERS": "0"}),
}  # fmt: skip


@dataclass(frozen=True)
class Library:
    """A Liberty file, and the cell of its clock trees with its pins."""

    path: Path
    buffer: tuple[str, str, str]
    capacitance: float
    """fF per unit of its SDC."""


def libraries(pdk: Path | None) -> dict[str, Library]:
    """The libraries that are there."""
    found = {"finevh45": Library(ROOT / "libs/finevh45/liberty/finevh45_1v00.lib.gz", ("BUF_X2", "A", "Z"), 1.0)}
    if pdk is not None:
        found["nangate45"] = Library(pdk / "nangate45/nangate45_typ.lib.gz", ("BUF_X4", "A", "Z"), 1.0)
        found["ihp-sg13g2"] = Library(
            pdk / "ihp-sg13g2/sg13g2_stdcell_typ_1p20V_25C.lib.gz", ("sg13g2_buf_4", "A", "X"), 1000.0
        )
    return found


def synthesise(core: Core, liberty: Path, buffer: tuple[str, str, str], folder: Path) -> Path:
    """Map a core onto a plain Liberty; returns the netlist.

    Ports that are one net get buffers: OpenSTA's reader keeps one of them.
    """
    root = Path(importlib.import_module(f"pythondata_cpu_{core.package}").data_location)
    sources = [str(path) for pattern in core.files for path in sorted(root.glob(pattern))]
    netlist = folder / "mapped.v"
    parameters = [["chparam", "-set", name, value, core.top] for name, value in core.parameters.items()]
    commands = [
        ["read_verilog", "-defer", *(f"-I{root / name}" for name in core.includes), *sources],
        *parameters,
        ["hierarchy", "-top", core.top],
        ["synth", "-flatten", "-top", core.top],
        ["dfflibmap", "-liberty", str(liberty)],
        ["abc", "-liberty", str(liberty)],
        ["setundef", "-zero"],
        ["splitnets"],
        ["opt_clean", "-purge"],
        ["insbuf", "-buf", *buffer],
        ["rename", core.top, "top"] if not core.parameters else ["rename", "-top", "top"],
        ["write_verilog", "-noattr", "-noexpr", "-nohex", "-nodec", str(netlist)],
    ]
    (folder / "commands.json").write_text(json.dumps(commands), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "finevh.synthesis.worker", str(folder / "commands.json")], cwd=folder, capture_output=True,
        text=True, env=None, check=False,
    )  # fmt: skip
    if done.returncode != 0 or not netlist.is_file():
        raise RuntimeError(f"{core.top}: Yosys failed:\n{done.stderr[-2000:]}")
    return netlist


def add_clock_tree(text: str, clock: str, buffer: tuple[str, str, str]) -> str:
    """A netlist with the clock's pins behind buffers of sixteen, those behind buffers of sixteen."""
    cell, a, z = buffer
    pins = re.compile(rf"\.(\w+)\({re.escape(clock)}\)")
    count = 0

    def leaf(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f".{match.group(1)}(tree_leaf_{(count - 1) // _PER_BUFFER})"

    body, end, rest = text.rpartition("endmodule")
    body = pins.sub(leaf, body)
    leaves = -(-count // _PER_BUFFER)
    tree = []
    for k in range(leaves):
        tree.append(f"  {cell} tree_b{k} (.{a}(tree_root_{k // _PER_BUFFER}), .{z}(tree_leaf_{k}));")
    for k in range(-(-leaves // _PER_BUFFER)):
        tree.append(f"  {cell} tree_r{k} (.{a}({clock}), .{z}(tree_root_{k}));")
    return body + "\n".join(tree) + "\n" + end + rest


def constraints(core: Core, library: Library, propagated: bool, ours: bool) -> str:
    """SDC in ns and the library's unit of capacitance."""
    inputs = "[all_inputs -no_clocks]" if ours else "[all_inputs]"
    return (
        f"create_clock -name clk -period {PERIOD_NS} [get_ports {core.clock}]\n"
        f"set_input_delay 0.4 -clock clk {inputs}\nset_output_delay 0.3 -clock clk [all_outputs]\n"
        f"set_input_transition 0.05 [all_inputs]\nset_load {5 / library.capacitance:g} [all_outputs]\n"
        + ("set_propagated_clock [all_clocks]\n" if propagated else "")
    )


def check(
    core: Core, library: Library, technology: Technology, netlist_file: Path, spef: Path | None, propagated: bool
) -> list[str]:
    """Compare one case; returns a line for setup and hold each."""
    netlist = read_verilog(netlist_file, technology, "top")
    wires = None
    if spef is not None:
        wires = random_wires(netlist, 1)
        write_spef(netlist, wires, spef)
    made = read_sdc(constraints(core, library, propagated, True), "1ns", technology.units[1], netlist=netlist)
    graph = TimingGraph(
        netlist, technology, made, wires, wire_model="ceff", driver_resistance=installed_resistance(), hold=True
    )
    state = graph.evaluate(0)
    theirs = run_opensta(netlist_file, "top", [library.path], constraints(core, library, propagated, False), spef)
    lines = []
    for hold, other in ((False, theirs.setup), (True, theirs.hold)):
        ends = state.hold if hold else state.setup
        found: dict[str, float] = {}
        slacks = endpoint_slacks(graph, state, PERIOD_NS * 1000, hold)
        for sink, slack in zip(ends.rows.sink.tolist(), slacks.tolist(), strict=True):
            name = sink_name(netlist, graph.structure, sink).replace("\\", "")
            if slack < found.get(name, float("inf")):
                found[name] = slack
        c = compare_slacks(found, other, theirs.arrival)
        lines.append(
            f"{'hold ' if hold else 'setup'} {c.count:6} endpoints, {c.missing} only there, {c.extra} only here, worst "
            f"{c.worst_ps:.3f} ps, outside {c.outside}"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pdk", type=Path, help="folder with nangate45 and ihp-sg13g2")
    parser.add_argument("--only", nargs="*", choices=list(CORES))
    parser.add_argument("--library", nargs="*")
    parser.add_argument("--keep", type=Path, help="folder for the netlists")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.keep or Path(name)
        for library_name, library in libraries(arguments.pdk).items():
            if arguments.library and library_name not in arguments.library:
                continue
            technology = technology_from_liberty([library.path])
            for core_name, core in CORES.items():
                if arguments.only and core_name not in arguments.only:
                    continue
                here = folder / f"{library_name}-{core_name}"
                here.mkdir(parents=True, exist_ok=True)
                mapped = synthesise(core, plain_liberty(library.path, here), library.buffer, here)
                netlist = here / "top.v"
                text = add_clock_tree(mapped.read_text(encoding="utf-8"), core.clock, library.buffer)
                netlist.write_text(text, encoding="utf-8")
                for spef in (None, here / "top.spef"):
                    for propagated in (False, True):
                        for line in check(core, library, technology, netlist, spef, propagated):
                            wires, clock = "SPEF" if spef else "none", "propagated" if propagated else "ideal"
                            print(f"{library_name:10} {core_name:18} {wires:4} {clock:10} {line}", flush=True)


if __name__ == "__main__":
    main()
