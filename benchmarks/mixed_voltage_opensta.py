"""Mixed voltages against OpenSTA: cells of each tile replaced by per-Vdd copies, cross-voltage derates off.

    python benchmarks/mixed_voltage_opensta.py NETLIST.v TOP LIB_0v8.lib[.gz] LIB_1v0.lib[.gz] ... [--tiles 49] [--seed 1]

Cells are dealt to tiles in runs of the netlist's order and each tile gets one of the voltages at random.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from finevh.netlist import read_verilog
from finevh.technology import technology_from_liberty
from oracles.mixed_voltage import mixed_comparison, random_map
from oracles.slacks import default_sdc


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("netlist", type=Path)
    parser.add_argument("top")
    parser.add_argument("liberty", type=Path, nargs="+")
    parser.add_argument("--clock", default="clk_i")
    parser.add_argument("--period-ns", type=float, default=4.0)
    parser.add_argument("--tiles", type=int, default=49)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    technology = technology_from_liberty(arguments.liberty)
    netlist = read_verilog(arguments.netlist, technology, arguments.top)
    cell_vdd = random_map(netlist.n_cells, arguments.tiles, len(technology.vdds), arguments.seed)
    sdc = default_sdc(arguments.clock, arguments.period_ns)
    liberty = sorted(arguments.liberty, key=lambda p: float(technology_from_liberty([p]).vdds[0]))
    result = mixed_comparison(netlist, technology, liberty, sdc, arguments.period_ns * 1000, cell_vdd)
    print(f"{netlist.name}: {netlist.n_cells} cells, {arguments.tiles} tiles over {technology.vdds.tolist()} V")
    for kind, compared in result.items():
        print(f"  {kind:5} {compared}")


if __name__ == "__main__":
    main()
