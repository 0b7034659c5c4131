"""Setup and hold slack of every endpoint against OpenSTA: same netlist, Liberty, SDC and SPEF.

python benchmarks/sta_accuracy.py NETLIST.v TOP LIBERTY [--clock clk_i] [--period-ns 2.0] [--spef FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from finevh.netlist import read_verilog
from finevh.netlist.spef import read_spef
from finevh.technology import technology_from_liberty
from finevh.technology.model import Technology
from finevh.timing import TimingGraph, read_sdc
from oracles.opensta import installed_resistance, run_opensta
from oracles.slacks import compare_slacks, default_sdc, endpoint_slacks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("netlist", type=Path)
    parser.add_argument("top")
    parser.add_argument("liberty", type=Path)
    parser.add_argument("--clock", default="clk_i")
    parser.add_argument("--period-ns", type=float, default=2.0)
    parser.add_argument("--spef", type=Path)
    parser.add_argument("--wire-model", default="ceff")
    arguments = parser.parse_args()
    technology: Technology = technology_from_liberty([arguments.liberty])
    netlist = read_verilog(arguments.netlist, technology, arguments.top)
    sdc = default_sdc(arguments.clock, arguments.period_ns)
    wires = read_spef(arguments.spef, netlist) if arguments.spef else None
    constraints = read_sdc(sdc, *technology.units)
    graph = TimingGraph(
        netlist, technology, constraints, wires, wire_model=arguments.wire_model, hold=True,
        driver_resistance=installed_resistance(),
    )  # fmt: skip
    state = graph.evaluate(0)
    period = arguments.period_ns * 1000
    theirs = run_opensta(
        arguments.netlist, netlist.name, [arguments.liberty], sdc.replace(" -no_clocks", ""), arguments.spef
    )
    print(
        f"{netlist.name} {arguments.liberty.name}: {netlist.n_cells} cells, OpenSTA first update {theirs.seconds:.2f} s"
    )
    for kind, hold, other in (("setup", False, theirs.setup), ("hold", True, theirs.hold)):
        print(f"  {kind:5} {compare_slacks(endpoint_slacks(graph, state, period, hold), other, theirs.arrival)}")


if __name__ == "__main__":
    main()
