"""The glitch simulator against Icarus Verilog with SDF delays on the same netlist: toggles in total and net by net.

python benchmarks/glitches_iverilog.py --run DIR [--program P] [--cycles 200] [--vdd 1.0]

See ``oracles/iverilog_glitches.py`` for the rules of either side.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from finevh.checks import Checks
from finevh.flow.designs import load_placed
from finevh.flow.inputs.programs import programs_of
from finevh.flow.inputs.stimulus import held_inputs, stimulus_of, tied_netlist
from finevh.flow_file import read_run_flow
from finevh.power.glitches import delays_of
from oracles.iverilog_glitches import compare_glitches

BOUND = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--program")
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--vdd", type=float, action="append")
    options = parser.parse_args()
    flow = read_run_flow(options.run)
    stages = {path.name.partition("-")[2]: path for path in options.run.iterdir()}
    placed = load_placed(flow, stages["floorplan"], stages["optimize"])
    tied, held = tied_netlist(flow, placed.netlist), held_inputs(flow, placed.netlist)
    program = options.program or programs_of(flow)[0]
    for vdd in options.vdd or [float(placed.technology.vdds[0]), float(placed.technology.vdds[-1])]:
        index = placed.technology.vdd_index(vdd)
        graph = placed.graph.with_port_vdd(index)
        delays = delays_of(graph, graph.evaluate(np.full(placed.netlist.n_cells, index, dtype=np.int32)))
        stimulus = stimulus_of(flow, program, tied.netlist, held, Checks())
        with tempfile.TemporaryDirectory() as work:
            found = compare_glitches(tied.netlist, placed.technology, stimulus, delays, options.cycles, Path(work))
        print(
            f"{program}, {options.cycles} cycles at {vdd:g} V: {found.settled.sum()} toggles without delays, "
            f"{found.ours.sum()} with, Icarus {found.theirs.sum()} ({100 * found.total:+.3f} %)"
        )
        print(
            f"  differences net by net, added up: {100 * found.spread:.2f} % of the toggles; the plain reference from ours "
            f"{np.abs(found.plain - found.ours).sum()} toggles, with Icarus's rule from Icarus "
            f"{100 * found.spread_with_their_rule:.2f} %"
        )
        print(
            f"  event-driven {options.cycles / found.seconds:.0f} cycles/s, Icarus {options.cycles / found.their_seconds:.0f}"
        )
        if abs(found.total) > BOUND or np.any(found.plain != found.ours):
            raise SystemExit(
                f"missed: within {100 * BOUND:g} % of Icarus in total, and equal to the reference net by net"
            )


if __name__ == "__main__":
    main()
