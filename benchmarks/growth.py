"""Growth: time and memory of the timing engine on a netlist replicated 1, 4, 16 and 32 times.

    python benchmarks/growth.py NETLIST.v TOP TECHNOLOGY.toml [--clock clk_i] [--copies 1,4,16,32]

Each size runs in its own process, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from finevh.netlist import Netlist, read_verilog
from finevh.technology import load_technology
from finevh.timing import TimingGraph, single_clock


def replicate(netlist: Netlist, copies: int, shared: str) -> Netlist:
    """Copies side by side with their own ports and nets; the net of port ``shared`` (the clock) is common to all."""
    clock = int(netlist.port_net[netlist.port_names.index(shared)])
    shift = np.arange(copies, dtype=np.int64) * netlist.n_nets
    pins = (netlist.pin_net[None, :] + shift[:, None]).astype(np.int32)
    pins[:, netlist.pin_net < 0] = -1
    pins[:, netlist.pin_net == clock] = clock
    ports = (netlist.port_net[None, :] + shift[:, None]).astype(np.int32)
    own = np.ones((copies, len(netlist.port_names)), dtype=bool)
    own[1:, netlist.port_names.index(shared)] = False
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


def measure(path: Path, top: str, technology_path: Path, clock: str, copies: int) -> str:
    """CPU seconds of build and evaluation and peak memory for one size, as a line of text."""
    technology = load_technology(technology_path, group="pb")
    netlist = replicate(read_verilog(path, technology, top), copies, clock)
    TimingGraph(replicate(netlist, 1, clock), technology, single_clock(clock)) if copies == 1 else None
    begun = time.thread_time()
    graph = TimingGraph(netlist, technology, single_clock(clock))
    built = time.thread_time() - begun
    best = np.inf
    for _ in range(5):
        begun = time.thread_time()
        graph.evaluate(len(technology.vdds) - 1)
        best = min(best, time.thread_time() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    n = netlist.n_cells
    return f"{n:9d} {built:10.2f} {best * 1e3:12.1f} {best / n * 1e9:10.0f} {peak:10.2f} {peak * 1024**3 / n:12.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("netlist", type=Path)
    parser.add_argument("top")
    parser.add_argument("technology", type=Path)
    parser.add_argument("--clock", default="clk_i")
    parser.add_argument("--copies", default="1,4,16,32")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.one:
        print(measure(a.netlist, a.top, a.technology, a.clock, a.one))
        return
    print("    cells   build s  evaluate ms    ns/cell   peak GiB   bytes/cell")
    for copies in a.copies.split(","):
        command = [
            sys.executable,
            __file__,
            str(a.netlist),
            a.top,
            str(a.technology),
            "--clock",
            a.clock,
            "--one",
            copies,
        ]
        print(subprocess.run(command, capture_output=True, text=True, check=True).stdout, end="", flush=True)


if __name__ == "__main__":
    main()
