"""Error of propagated and sampled activity against simulation: ports known, or ports and registers.

python benchmarks/power_propagation.py --netlist N.v --top TOP --liberty L.lib.gz [--clock clk_i] [--reset rst_ni]
[--memory MEM.toml --program P.hex] [--cycles 3000]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from finevh.netlist import read_verilog
from finevh.netlist.model import NO_NET
from finevh.power import (
    Activity,
    DynamicPower,
    LeakageModel,
    RandomStimulus,
    Stimulus,
    propagate_probabilities,
    read_memory_stimulus,
    sample_activity,
    simulate,
)
from finevh.technology import technology_from_liberty
from finevh.technology.model import Direction

FREQUENCY = 100.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--netlist", type=Path, required=True)
    parser.add_argument("--top")
    parser.add_argument("--liberty", type=Path, action="append", required=True)
    parser.add_argument("--clock", default="clk_i")
    parser.add_argument("--reset", default="rst_ni")
    parser.add_argument("--hold", action="append", default=[], help="input=value")
    parser.add_argument("--memory", type=Path)
    parser.add_argument("--program", type=Path)
    parser.add_argument("--cycles", type=int, default=3000)
    options = parser.parse_args()
    technology = technology_from_liberty(options.liberty)
    netlist = read_verilog(options.netlist, technology, options.top)
    stimulus: Stimulus
    if options.memory:
        stimulus = read_memory_stimulus(options.memory, options.program)
    else:
        hold = {k: int(v) for k, v in (text.split("=") for text in options.hold)}
        stimulus = RandomStimulus(1, clock=options.clock, reset=(options.reset, 0, 5), hold=hold)
    observed = simulate(netlist, stimulus, options.cycles, warmup=10)
    inputs = netlist.port_net[(netlist.port_direction == Direction.INPUT) & (netlist.port_net != NO_NET)]
    is_output = netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT
    stored = np.isin(netlist.cells.kind[netlist.cell_type[netlist.pin_cell]], (1, 2))
    registers = netlist.pin_net[is_output & stored & (netlist.pin_net != NO_NET)]
    completed: list[tuple[str, Activity, float]] = []
    for known, nets in (("ports", inputs), ("ports and registers", np.concatenate((inputs, registers)))):
        for method, complete in (("propagated", propagate_probabilities), ("sampled", sample_activity)):
            p, rate = np.full(netlist.n_nets, np.nan), np.full(netlist.n_nets, np.nan)
            p[nets], rate[nets] = observed.probability[nets], observed.toggle_rate[nets]
            begin = time.process_time()
            activity = complete(netlist, probability=p, toggle_rate=rate, clock=stimulus.clock)
            completed.append((f"{known}, {method}", activity, time.process_time() - begin))
    vdd = np.zeros(netlist.n_cells, dtype=np.int32)
    slew = np.full((len(netlist.pin_net), 2), 30.0)

    def powers(activity: Activity) -> tuple[float, float, float]:
        dynamic = DynamicPower(netlist, technology, None, activity, slew=slew).evaluate(vdd, None, FREQUENCY)
        leakage = LeakageModel(netlist, technology, activity).evaluate(vdd).total
        return dynamic.total_switching, dynamic.total_internal, leakage

    reference = powers(observed)
    print(f"{netlist.name}, {netlist.n_cells} cells, {options.cycles} cycles")
    print(
        f"{'known':32s} {'|dP|':>7s} {'toggles':>9s} {'switching':>9s} {'internal':>9s} {'leakage':>9s} {'CPU s':>7s}"
    )
    for name, activity, seconds in completed:
        error = np.abs(activity.probability - observed.probability).mean()
        ratios = [activity.toggle_rate.sum() / observed.toggle_rate.sum()]
        ratios += [mine / true for mine, true in zip(powers(activity), reference, strict=True)]
        columns = " ".join(f"{100 * (r - 1):+8.1f}%" for r in ratios)
        print(f"{name:32s} {error:7.3f} {columns} {seconds:7.2f}")


if __name__ == "__main__":
    main()
