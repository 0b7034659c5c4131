"""Switching, internal and leakage power against OpenSTA's ``report_power``: same netlist, Liberty, SDC, activities.

    python benchmarks/power_opensta.py --netlist N.v --top TOP --liberty L.lib.gz [--spef P.spef] [--clock clk_i]
                                       [--record CYCLES [--reset rst_ni]]

``oracles/opensta_power.py`` says what is compared, with and without ``--record``, and where OpenSTA's rules are its own.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from finevh.netlist import read_verilog
from finevh.power import RandomStimulus
from finevh.technology import technology_from_liberty
from oracles.opensta_power import compare_power, record_with_icarus, recordings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--netlist", type=Path, required=True)
    parser.add_argument("--top")
    parser.add_argument("--liberty", type=Path, required=True)
    parser.add_argument("--clock", default="clk_i")
    parser.add_argument("--period-ns", type=float, default=10.0)
    parser.add_argument("--spef", type=Path)
    parser.add_argument(
        "--record", type=int, metavar="CYCLES", help="Random data in Icarus Verilog, as VCD and as SAIF."
    )
    parser.add_argument("--reset", help="Reset of the random data, active low.")
    options = parser.parse_args()
    technology = technology_from_liberty([options.liberty])
    netlist = read_verilog(options.netlist, technology, options.top)
    given = (options.netlist, netlist, technology, options.liberty, options.clock, options.period_ns, options.spef)
    print(f"{netlist.name}, {netlist.n_cells} cells, {options.liberty.name}")
    if not options.record:
        show(compare_power(*given))
        return
    with tempfile.TemporaryDirectory() as name:
        reset = (options.reset, 0, 5) if options.reset else None
        stimulus = RandomStimulus(1, options.clock, reset=reset)
        vcd = record_with_icarus(netlist, technology, stimulus, options.record, Path(name))
        for kind, recorded in recordings(netlist, vcd, options.clock).items():
            read, rate, duty = recorded
            wrong = int(np.sum((np.abs(read.toggle_rate - rate) > 1e-9) | (np.abs(read.probability - duty) > 1e-9)))
            print(f"-- from the {kind}: {wrong} of {netlist.n_nets} nets differ from the converter's rates and duties")
            show(compare_power(*given, recorded))


def show(table: dict[str, tuple[float, float]]) -> None:
    """Print both sides of each part."""
    print(f"{'mW':24s} {'finevh':>12s} {'OpenSTA':>12s} {'difference':>10s}")
    compared, count = table.pop("instances")
    for part, (mine, theirs) in table.items():
        print(f"{part:24s} {mine:12.6f} {theirs:12.6f} {100 * (mine / theirs - 1) if theirs else 0.0:+9.3f}%")
    print(f"{compared:.0f} of {count:.0f} instances are reached by OpenSTA's clock")


if __name__ == "__main__":
    main()
