"""Growth: time and memory of the timing engine, the simulator and the power models on a netlist replicated 1, 4, 16 and 22 times.

    python benchmarks/growth.py NETLIST.v TOP TECHNOLOGY.toml [--clock clk_i] [--reset rst_ni] [--copies 1,4,16,22] [--part power]

One thread, processor time, best of several. A timing evaluation is measured twice: in new memory, whose pages the system hands
out one by one where they are many, and in the memory of the evaluation before. Each size runs in its own process, so that its
peak memory is its own. Data of the simulation are random.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from finevh.netlist import Netlist, read_verilog
from finevh.power import DynamicPower, LeakageModel, RandomStimulus, Simulator
from finevh.technology import Technology, load_technology
from finevh.timing import TimingGraph, single_clock

CYCLES, WARMUP, REPEAT = 100, 20, 5
HEADS = {
    "timing": "    cells   build s  evaluate ms    ns/cell  in new memory ms    ns/cell   peak GiB   bytes/cell",
    "power": "    cells    wire s  ns/cell/cycle  toggles/cell  energies s  leakage ns/cell  dynamic ns/cell   peak GiB",
}


def replicate(netlist: Netlist, copies: int, shared: Sequence[str]) -> Netlist:
    """Copies side by side with their own ports and nets; the nets of ports ``shared`` (clock, reset) are common to all."""
    rows = [netlist.port_names.index(name) for name in shared]
    shift = np.arange(copies, dtype=np.int64) * netlist.n_nets
    pins = (netlist.pin_net[None, :] + shift[:, None]).astype(np.int32)
    pins[:, netlist.pin_net < 0] = -1
    for net in netlist.port_net[rows]:
        pins[:, netlist.pin_net == net] = net
    ports = (netlist.port_net[None, :] + shift[:, None]).astype(np.int32)
    own = np.ones((copies, len(netlist.port_names)), dtype=bool)
    own[1:, rows] = False
    counts = np.diff(netlist.pin_ptr)
    return Netlist(
        name=netlist.name,
        cells=netlist.cells,
        instance_names=tuple(f"c{k}/{n}" for k in range(copies) for n in netlist.instance_names),
        cell_type=np.tile(netlist.cell_type, copies),
        cell_variant=np.tile(netlist.cell_variant, copies),
        pin_ptr=np.concatenate([[0], np.cumsum(np.tile(counts, copies))]).astype(np.int32),
        pin_net=pins.ravel(),
        net_names=tuple(f"c{k}/{n}" for k in range(copies) for n in netlist.net_names),
        net_constant=np.tile(netlist.net_constant, copies),
        port_names=tuple(
            n if k == 0 else f"c{k}/{n}" for k in range(copies) for j, n in enumerate(netlist.port_names) if own[k, j]
        ),
        port_direction=np.tile(netlist.port_direction, copies)[own.ravel()],
        port_net=ports.ravel()[own.ravel()],
    )


def best_of(call: Callable[[], object], repeat: int = REPEAT) -> float:
    """Least processor time of several calls, s."""
    best = np.inf
    for _ in range(repeat):
        begun = time.thread_time()
        call()
        best = min(best, time.thread_time() - begun)
    return best


def peak_gib() -> float:
    """Peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def measure_timing(netlist: Netlist, technology: Technology, clock: str) -> str:
    """Build and evaluation of the timing graph as a line of text."""
    begun = time.thread_time()
    graph = TimingGraph(netlist, technology, single_clock(clock))
    built = time.thread_time() - begun
    cell_vdd = np.full(netlist.n_cells, len(technology.vdds) - 1, dtype=np.int32)
    state = graph.evaluate(cell_vdd)
    best = best_of(lambda: graph.evaluate(cell_vdd, reuse=state))
    new = best_of(lambda: graph.evaluate(cell_vdd))
    n, peak = netlist.n_cells, peak_gib()
    return (
        f"{n:9d} {built:9.2f} {best * 1e3:12.1f} {best / n * 1e9:10.0f} {new * 1e3:17.1f} {new / n * 1e9:10.0f} {peak:10.2f} "
        f"{peak * 1024**3 / n:12.0f}"
    )


def measure_power(netlist: Netlist, technology: Technology, clock: str, reset: str | None) -> str:
    """Simulation and the power of one two-supply map as a line of text."""
    begun = time.thread_time()
    simulator = Simulator(netlist, clock)
    wired = time.thread_time() - begun
    stimulus = RandomStimulus(1, clock, reset=(reset, 0, WARMUP // 2) if reset else None)
    stimulus.start(simulator.ports)
    simulator.run(stimulus, WARMUP)
    simulator.reset_counts()
    cycle = best_of(lambda: simulator.run(stimulus, CYCLES // REPEAT)) / (CYCLES // REPEAT)
    activity = simulator.activity()
    n, top = netlist.n_cells, len(technology.vdds) - 1
    cell_vdd = np.where(np.arange(n) * 49 // n % 2 == 1, top, max(top - 2, 0)).astype(np.int32)
    leakage = LeakageModel(netlist, technology, activity)
    slew = np.full((len(netlist.pin_net), 2), 30.0)
    begun = time.thread_time()
    power = DynamicPower(netlist, technology, None, activity, slew=dict.fromkeys(np.unique(cell_vdd).tolist(), slew))
    prepared = power.prepare()
    energies = time.thread_time() - begun
    leak, dynamic = (
        best_of(call) / n * 1e9
        for call in (lambda: leakage.evaluate(cell_vdd), lambda: prepared.evaluate(cell_vdd, 100.0))
    )
    toggles = activity.toggle_rate.sum() / n
    return (
        f"{n:9d} {wired:9.2f} {cycle / n * 1e9:14.1f} {toggles:13.3f} {energies:11.2f} {leak:16.1f} {dynamic:16.1f} "
        f"{peak_gib():10.2f}"
    )


def measure(a: argparse.Namespace, copies: int) -> str:
    """One size as a line of text."""
    technology = load_technology(a.technology, group="pb")
    shared = [a.clock, *([a.reset] if a.reset else [])]
    one = read_verilog(a.netlist, technology, a.top)
    if a.part == "power":
        return measure_power(replicate(one, copies, shared), technology, a.clock, a.reset)
    TimingGraph(one, technology, single_clock(a.clock))  # the technology's tables are packed once
    return measure_timing(replicate(one, copies, shared), technology, a.clock)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("netlist", type=Path)
    parser.add_argument("top")
    parser.add_argument("technology", type=Path)
    parser.add_argument("--clock", default="clk_i")
    parser.add_argument("--reset", help="active-low reset port, held for the first cycles of a simulation")
    parser.add_argument("--copies", default="1,4,16,22")
    parser.add_argument("--part", choices=list(HEADS), action="append", help="both by default")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.one:
        a.part = a.part[0]
        print(measure(a, a.one))
        return
    for part in a.part or HEADS:
        print(HEADS[part])
        for copies in a.copies.split(","):
            command = [sys.executable, __file__, str(a.netlist), a.top, str(a.technology), "--clock", a.clock]
            command += ["--part", part, "--one", copies, *(["--reset", a.reset] if a.reset else [])]
            print(subprocess.run(command, capture_output=True, text=True, check=True).stdout, end="", flush=True)


if __name__ == "__main__":
    main()
