"""Speed of the logic and the glitch simulator and of leakage and power evaluation on a processor running a program.

python benchmarks/simulator_speed.py --netlist N.v --top TOP --technology DIR --memory MEM.toml --program P.hex [--cycles 4000]
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from finevh.constraints import read_sdc
from finevh.netlist import read_verilog
from finevh.netlist.model import Netlist
from finevh.power import DynamicPower, LeakageModel, Simulator, read_memory_stimulus
from finevh.power.glitches import GlitchSimulator, delays_of
from finevh.technology import load_technology, technology_from_liberty
from finevh.technology.model import Technology
from finevh.timing import TimingGraph

RUNS = 8
GLITCH_BOUND = 500  # cycles/s of processor time on a core of 40 thousand cells
TILES, REPEAT, DELTA = 49, 21, 0.2  # the map of the main job: VddL 200 mV under VddH


def median_ms(call: Callable[[], object], repeat: int = 21) -> str:
    """Median over calls, wall and processor time."""
    wall, used = [], []
    for _ in range(repeat):
        begin, processor = time.perf_counter(), time.process_time()
        call()
        used.append(time.process_time() - processor)
        wall.append(time.perf_counter() - begin)
    return f"{1e3 * statistics.median(wall):.2f} ms wall, {1e3 * statistics.median(used):.2f} ms of processor time"


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
    wall, used = [], []
    for _ in range(RUNS):
        begin, processor = time.perf_counter(), time.process_time()
        simulator.run(stimulus, options.cycles // RUNS)
        wall.append(time.perf_counter() - begin)
        used.append(time.process_time() - processor)
    activity = simulator.activity()
    share = options.cycles // RUNS
    print(
        f"{RUNS} x {share} cycles, load {os.getloadavg()[0]:.1f}: median {share / statistics.median(wall):.0f}, best "
        f"{share / min(wall):.0f} cycles/s wall; {share / statistics.median(used):.0f}, {share / min(used):.0f} of processor time"
    )
    print(
        f"{activity.toggle_rate.sum():.0f} toggles per cycle; program ended in cycle {stimulus.exit_cycle}: {stimulus.exit_value}"
    )
    time_glitches(netlist, technology, options.memory, options.program, options.cycles)
    vdds = technology.vdds
    pair = (len(vdds) - 1, len(vdds) - 1)
    if technology.cross is not None:
        pair = (int(np.argmin(np.abs(vdds - vdds[-1] + DELTA))), len(vdds) - 1)
    random = np.random.default_rng(1)
    tile = random.integers(TILES, size=netlist.n_cells)
    maps = [np.where(random.integers(2, size=TILES) == 1, *pair)[tile].astype(np.int32) for _ in range(REPEAT)]
    flips = [np.where(np.arange(TILES) < k, *pair)[tile].astype(np.int32) for k in range(REPEAT)]
    leakage = LeakageModel(netlist, technology, activity)
    leakage._sum_patterns(maps[0], None, pair[1])
    print(f"load {os.getloadavg()[0]:.1f}; {TILES} tiles at {vdds[pair[0]]:g} or {vdds[pair[1]]:g} V")
    print(
        f"leakage, patterns summed:       {median_ms(each(lambda m: leakage._sum_patterns(m, None, pair[1]), maps), REPEAT)}"
    )
    for name, some in (
        ("random maps, first time", maps),
        ("the same maps again    ", maps),
        ("one tile flipped       ", flips),
    ):
        leakage.evaluate(some[0])
        print(f"leakage, {name}: {median_ms(each(leakage.evaluate, some), REPEAT)}")
    slew = {v: np.full((len(netlist.pin_net), 2), 30.0) for v in range(len(vdds))}
    begin, processor = time.perf_counter(), time.process_time()
    dynamic = DynamicPower(netlist, technology, None, activity, slew=slew)
    prepared = dynamic.prepare()
    prepared.evaluate(maps[0], 100.0)
    print(
        f"energies at {len(vdds)} supplies: {time.perf_counter() - begin:.2f} s wall, "
        f"{time.process_time() - processor:.2f} s of processor time"
    )
    print(f"dynamic power, prepared:        {median_ms(each(lambda m: prepared.evaluate(m, 100.0), maps), REPEAT)}")
    print(f"dynamic power, in full:         {median_ms(each(lambda m: dynamic.evaluate(m, None, 100.0), maps), 5)}")


def time_glitches(netlist: Netlist, technology: Technology, memory: Path, program: Path, cycles: int) -> None:
    """Print the speed with delays at both ends of the supplies, without wires; exit 1 below the bound."""
    stimulus = read_memory_stimulus(memory, program)
    sdc = f"create_clock -name c -period 10 [get_ports {stimulus.clock}]\nset_propagated_clock [get_clocks c]\n"
    constraints = read_sdc(sdc)
    for vdd in (0, len(technology.vdds) - 1):
        graph = TimingGraph(netlist, technology, constraints, port_vdd=vdd)
        delays = delays_of(graph, graph.evaluate(vdd))
        stimulus = read_memory_stimulus(memory, program)
        begin = time.process_time()
        simulator = GlitchSimulator(netlist, stimulus.clock, [delays])
        wired = time.process_time() - begin
        stimulus.start(simulator.ports)
        simulator.answer()
        simulator.run(stimulus, 20)
        simulator.reset_counts()
        begin = time.process_time()
        simulator.run(stimulus, cycles)
        speed = cycles / (time.process_time() - begin)
        settled = simulator.activity().toggles
        assert settled is not None
        print(
            f"glitches at {technology.vdds[vdd]:g} V: {speed:.0f} cycles/s of processor time; wired in {wired:.2f} s; "
            f"{simulator.toggles()[0].sum() / settled.sum():.3f} times the settled toggles"
        )
        if speed < GLITCH_BOUND:
            raise SystemExit(f"missed: at least {GLITCH_BOUND} cycles/s")


def each(call: Callable[[np.ndarray], object], maps: list[np.ndarray]) -> Callable[[], object]:
    """The call on one map after the other."""
    turn = itertools.cycle(maps)
    return lambda: call(next(turn))


if __name__ == "__main__":
    main()
