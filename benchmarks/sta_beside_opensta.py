"""First update, update after one change, and after a change of every cell's supply: the engine beside OpenSTA, in one run.

    python benchmarks/sta_beside_opensta.py RUN [--low 0.8] [--high 1.0]

Both read the files that a run exported: netlist, SPEF and SDC. OpenSTA has a library per supply, whose cells carry its suffix;
a change of supplies is a change of every cell there. Both time setup and hold, with the same wire model (effective
capacitances), and their worst slacks stand beside their times: they must agree. The engine's quicker model, in which the whole
capacitance loads the driver, comes last. One thread each; CPU time, the least of several. What the system knows of OpenSTA's CPU
time is exact to some milliseconds: below twenty, its wall time is taken.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finevh.checks import Checks
from finevh.constraints import Constraints, read_sdc
from finevh.flow.artifacts.exported import netlist_name
from finevh.flow.inputs.technology import liberty_files
from finevh.flow_file import read_run_flow
from finevh.netlist import Netlist, Wires, read_spef, read_verilog, write_verilog
from finevh.technology import load_technology, with_vdds
from finevh.technology.model import Technology
from finevh.timing import TimingGraph, TimingState
from oracles.mixed_voltage import suffix, suffixed_liberty
from oracles.opensta import installed_resistance, opensta, run_script

STEPS = ("first update", "after one change", "after a change of all supplies")
REPEATS = 5
_COARSE = 20_000_000
"""ns of CPU below which the clock of the system is too coarse."""


@dataclass(frozen=True)
class Step:
    """Time, ms, of an update, that of the edit before it where it is known, and the worst setup slack, ps, after it."""

    update: float
    edit: float
    slack: float


def swap(netlist: Netlist) -> tuple[int, str]:
    """A cell in the middle of the netlist that has another drive with the same pins, and that drive's name."""
    names = netlist.cells.names
    for cell in range(netlist.n_cells // 2, netlist.n_cells):
        name = names[netlist.cell_type[cell]]
        if name.endswith("_X1") and name[:-1] + "2" in names:
            return cell, name[:-1] + "2"
    raise SystemExit("no cell of the netlist has another drive")


def script(
    folder: Path, top: str, libraries: list[Path], files: tuple[Path, Path], cell: tuple[str, str], low: str, high: str
) -> str:
    """What OpenSTA does: one line per step, its name, the wall times of edit and update, us, and the update's CPU time, ns."""
    spef, sdc = files
    return f"""
{"".join(f"read_liberty {path}{chr(10)}" for path in libraries)}
read_verilog {folder}/design.v
link_design {top}
source {sdc}
set_cmd_units -time ps
read_spef {spef}
proc cpu {{}} {{
  set file [open /proc/self/schedstat]
  gets $file line
  close $file
  return [lindex $line 0]
}}
proc step {{name edit}} {{
  set start [clock microseconds]
  eval $edit
  set edited [clock microseconds]
  set used [cpu]
  worst_slack -max
  worst_slack -min
  set done [clock microseconds]
  puts "STEP $name [expr $edited - $start] [expr $done - $edited] [expr [cpu] - $used]"
  report_worst_slack -digits 6
}}
set cells [get_cells -hierarchical *]
proc move_all {{from to}} {{
  global cells
  foreach cell $cells {{
    set name [get_property $cell ref_name]
    replace_cell $cell [string map [list $from $to] $name]
  }}
}}
step first {{}}
for {{set k 0}} {{$k < {REPEATS}}} {{incr k}} {{
  step one {{replace_cell [get_cells {{{cell[0]}}}] {cell[1]}{high}}}
  step back {{replace_cell [get_cells {{{cell[0]}}}] {cell[1][:-1]}1{high}}}
}}
for {{set k 0}} {{$k < 2}} {{incr k}} {{
  step all {{move_all {high} {low}}}
  step again {{move_all {low} {high}}}
}}
exit
"""


def theirs(
    netlist: Netlist, technology: Technology, libraries: list[Path], files: tuple[Path, Path], swapped: tuple[int, str]
) -> dict[str, list[Step]]:
    """Steps of OpenSTA by name."""
    if opensta() is None:
        raise SystemExit("OpenSTA is not installed (Debian package opensta): there is nothing to stand beside")
    low, high = (float(vdd) for vdd in technology.vdds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copies = [suffixed_liberty(path, folder, vdd) for path, vdd in zip(libraries, (low, high), strict=True)]
        write_verilog(netlist, technology, folder / "design.v", (suffix(high),) * netlist.n_cells)
        cell = netlist.instance_names[swapped[0]].removeprefix("\\"), swapped[1]
        text = script(folder, netlist.name, copies, files, cell, suffix(low), suffix(high))
        done = run_script(text, folder)
    found: dict[str, list[Step]] = {}
    pattern = r"^STEP (\w+) (\d+) (\d+) (\d+)\n+worst slack (\S+)"
    for name, edit, wall, used, slack in re.findall(pattern, done.stdout, re.MULTILINE):
        update = int(used) / 1e6 if int(used) > _COARSE else int(wall) / 1e3
        found.setdefault(name, []).append(Step(update, int(edit) / 1e3, float(slack)))
    if set(found) != {"first", "one", "back", "all", "again"}:
        raise SystemExit(f"OpenSTA did not go through:\n{done.stdout[-2000:]}{done.stderr[-1000:]}")
    return found


def ours(
    netlist: Netlist,
    technology: Technology,
    constraints: Constraints,
    wires: Wires,
    model: str,
    swapped: tuple[int, str],
) -> dict[str, list[Step]]:
    """The same steps of the engine."""
    period = constraints.clocks[0].period
    found: dict[str, list[Step]] = {}

    def step(name: str, run: Callable[[], TimingState]) -> TimingState:
        begun = time.thread_time()
        state = run()
        slack = state.worst_slack(period)
        state.worst_hold_slack(period)
        found.setdefault(name, []).append(Step((time.thread_time() - begun) * 1e3, 0.0, slack))
        return state

    def build() -> TimingGraph:
        return TimingGraph(
            netlist, technology, constraints, wires, wire_model=model, cross_voltage=False, hold=True,
            driver_resistance=installed_resistance(),
        )  # fmt: skip

    build().evaluate(1)  # kernels are loaded, tables are packed: OpenSTA has read its libraries, too
    begun = time.thread_time()
    graph = build()
    built = (time.thread_time() - begun) * 1e3
    state = step("first", lambda: graph.evaluate(1))
    found["first"] = [Step(found["first"][0].update + built, 0.0, found["first"][0].slack)]
    vdd, kind = np.ones(netlist.n_cells, dtype=np.int32), netlist.cell_type.copy()
    cell = np.array([swapped[0]], dtype=np.int32)
    other = kind.copy()
    other[cell] = netlist.cells.names.index(swapped[1])
    for _ in range(REPEATS):
        for name, kinds in (("one", other), ("back", kind)):
            last = state
            state = step(name, lambda last=last, kinds=kinds: graph.update(last, cell, vdd, None, kinds, inplace=True))
    for _ in range(REPEATS):
        for name, row in (("all", 0), ("again", 1)):
            last = state
            state = step(name, lambda last=last, row=row: graph.evaluate(row, reuse=last))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--low", type=float, default=0.8)
    parser.add_argument("--high", type=float, default=1.0)
    arguments = parser.parse_args()
    flow = read_run_flow(arguments.run)
    technology = with_vdds(load_technology(flow.technology.path), (arguments.low, arguments.high))
    unbiased = technology.variants[0].name
    libraries = [path for vdd in (arguments.low, arguments.high) for path in liberty_files(flow, vdd, (unbiased,))]
    out, name = arguments.run / "out", flow.design.name
    netlist = read_verilog(out / netlist_name(name, "pb0"), technology)
    wires = read_spef(out / f"{name}.spef", netlist, Checks(), technology.typical_pin_cap)
    constraints = read_sdc(out / f"{name}.sdc", *technology.units, netlist=netlist, checks=Checks())
    swapped = swap(netlist)
    files = (out / f"{name}.spef").resolve(), (out / f"{name}.sdc").resolve()
    beside = {"OpenSTA": theirs(netlist, technology, libraries, files, swapped)}
    for model in ("ceff", "elmore"):
        beside[model] = ours(netlist, technology, constraints, wires, model, swapped)
    print(f"{name}: {netlist.n_cells} cells, {arguments.low:g} and {arguments.high:g} V, setup and hold; ms")
    print(f"{'':32}{'OpenSTA':>10}{'same model':>12}{'ratio':>8}{'quicker one':>13}{'ratio':>8}   worst slack, ps")
    for label, names in zip(STEPS, (("first",), ("one", "back"), ("all", "again")), strict=True):
        least = {who: min(s.update for n in names for s in steps[n]) for who, steps in beside.items()}
        slacks = " ".join(f"{beside[who][names[0]][0].slack:.3f}" for who in ("OpenSTA", "ceff", "elmore"))
        theirs_ms, same, quick = least["OpenSTA"], least["ceff"], least["elmore"]
        print(
            f"{label:32}{theirs_ms:10.1f}{same:12.2f}{theirs_ms / same:8.1f}{quick:13.2f}{theirs_ms / quick:8.1f}   {slacks}"
        )
    edits = min(s.edit for s in beside["OpenSTA"]["all"])
    print(f"OpenSTA's edit of every cell before its last update, not counted: {edits:.0f} ms")


if __name__ == "__main__":
    main()
