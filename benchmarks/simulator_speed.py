"""Speed of the logic simulator and of leakage and power evaluation on a processor running a program.

python benchmarks/simulator_speed.py --netlist N.v --top TOP --technology DIR --memory MEM.toml --program P.hex [--cycles 4000]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from finevh.netlist import read_verilog
from finevh.power import DynamicPower, LeakageModel, Simulator, read_memory_stimulus
from finevh.technology import load_technology, technology_from_liberty


def median_ms(call: Callable[[], object], repeat: int = 21) -> float:
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return 1e3 * statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--netlist", type=Path, required=True)
    parser.add_argument("--top")
    parser.add_argument("--technology", type=Path, required=True, help="folder of a technology, or a Liberty")
    parser.add_argument("--memory", type=Path, required=True)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--cycles", type=int, default=4000)
    options = parser.parse_args()
    folder = options.technology
    technology = load_technology(folder) if folder.is_dir() else technology_from_liberty([folder])
    netlist = read_verilog(options.netlist, technology, options.top)
    stimulus = read_memory_stimulus(options.memory, options.program)
    begin = time.perf_counter()
    simulator = Simulator(netlist, stimulus.clock)
    print(f"{netlist.n_cells} cells; wired in {time.perf_counter() - begin:.2f} s")
    stimulus.start(simulator.ports)
    simulator.answer()
    simulator.run(stimulus, 20)
    simulator.reset_counts()
    begin, processor = time.perf_counter(), time.process_time()
    simulator.run(stimulus, options.cycles)
    wall, used = time.perf_counter() - begin, time.process_time() - processor
    activity = simulator.activity()
    print(
        f"simulation: {options.cycles / wall:.0f} cycles/s wall, {options.cycles / used:.0f} cycles/s of processor time"
    )
    print(
        f"{activity.toggle_rate.sum():.0f} toggles per cycle; program ended in cycle {stimulus.exit_cycle}: {stimulus.exit_value}"
    )
    random = np.random.default_rng(1)
    n_vdd = len(technology.vdds)
    pair = random.integers(2, size=49)[random.integers(49, size=netlist.n_cells)] * (n_vdd - 1)
    cell_vdd = pair.astype(np.int32) if technology.cross is not None else np.zeros(netlist.n_cells, dtype=np.int32)
    leakage = LeakageModel(netlist, technology, activity)
    leakage.evaluate(cell_vdd)
    print(f"leakage of one map: {median_ms(lambda: leakage.evaluate(cell_vdd)):.2f} ms")
    slew = {v: np.full((len(netlist.pin_net), 2), 30.0) for v in range(n_vdd)}
    dynamic = DynamicPower(netlist, technology, None, activity, slew=slew)
    prepared = dynamic.prepare()
    prepared.evaluate(cell_vdd, 100.0)
    print(
        f"dynamic power of one map: {median_ms(lambda: prepared.evaluate(cell_vdd, 100.0)):.2f} ms prepared, "
        f"{median_ms(lambda: dynamic.evaluate(cell_vdd, None, 100.0), 5):.2f} ms in full"
    )


if __name__ == "__main__":
    main()
