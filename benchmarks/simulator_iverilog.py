"""The logic simulator against Icarus Verilog on the same gate-level netlist: values every cycle, toggles of every net.

python benchmarks/simulator_iverilog.py --netlist N.v --top TOP --liberty L.lib.gz --clock clk_i --reset rst_ni \
        [--memory MEM.toml --program P.hex] [--cycles 500]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from finevh.netlist import read_verilog
from finevh.power import RandomStimulus, Stimulus
from finevh.power.simulation.memory import read_memory_stimulus
from finevh.technology import technology_from_liberty
from oracles.iverilog import compare_values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--netlist", type=Path, required=True)
    parser.add_argument("--top")
    parser.add_argument("--liberty", type=Path, action="append", required=True)
    parser.add_argument("--clock", default="clk_i")
    parser.add_argument("--reset", default="rst_ni")
    parser.add_argument("--hold", action="append", default=[], help="input=value")
    parser.add_argument("--memory", type=Path)
    parser.add_argument("--program", type=Path)
    parser.add_argument("--cycles", type=int, default=500)
    options = parser.parse_args()
    technology = technology_from_liberty(options.liberty)
    netlist = read_verilog(options.netlist, technology, options.top)
    stimulus: Stimulus
    if options.memory:
        stimulus = read_memory_stimulus(options.memory, options.program)
    else:
        hold = {k: int(v) for k, v in (text.split("=") for text in options.hold)}
        stimulus = RandomStimulus(1, clock=options.clock, reset=(options.reset, 0, 5), hold=hold)
    with tempfile.TemporaryDirectory() as work:
        for name, value in compare_values(netlist, technology, stimulus, options.cycles, Path(work)).items():
            print(f"{name:40s} {value:12g}")


if __name__ == "__main__":
    main()
