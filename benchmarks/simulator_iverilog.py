"""The logic simulator against Icarus Verilog on the same gate-level netlist: values every cycle, toggles of every net.

python benchmarks/simulator_iverilog.py --netlist N.v --top TOP --liberty L.lib.gz --clock clk_i --reset rst_ni \
        [--memory MEM.toml --program P.hex] [--cycles 500]
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from finevh.netlist import read_verilog, write_verilog
from finevh.netlist.model import Netlist
from finevh.power import Activity, RandomStimulus, Simulator, Stimulus
from finevh.power.cell_models import format_cell_models, format_testbench
from finevh.power.memory import read_memory_stimulus
from finevh.power.waveforms import read_vcd, value_hashes
from finevh.technology import technology_from_liberty
from finevh.technology.model import Technology

PERIOD = 10


def record(
    netlist: Netlist, stimulus: Stimulus, cycles: int
) -> tuple[np.ndarray, np.ndarray, list[int], Activity, float]:
    """Simulate; return input vectors, a hash of all net values after each clock edge, the activity and the time."""
    simulator = Simulator(netlist, stimulus.clock)
    ports = simulator.ports
    keys = net_keys(netlist)

    def bits() -> np.ndarray:
        return ((ports.input_words[ports.input_chunk] >> ports.input_shift) & np.uint64(1)).astype(np.uint8)

    def look() -> int:
        return int(np.bitwise_xor.reduce(keys[simulator.state.value[: netlist.n_nets] == 1], initial=np.uint64(0)))

    stimulus.start(ports)
    simulator.answer()
    simulator.reset_counts()
    first, vectors, hashes = bits(), [], []
    begin = time.perf_counter()
    for _ in range(cycles):
        stimulus.edge(simulator.cycle, ports)
        simulator.rise()
        while stimulus.respond(simulator.cycle, ports):
            simulator.answer()
        vectors.append(bits())
        hashes.append(look())
        simulator.fall()
        hashes.append(look())
    return first, np.array(vectors), hashes, simulator.activity(), time.perf_counter() - begin


def net_keys(netlist: Netlist) -> np.ndarray:
    """(n_net,) random keys; nets without any pin, and literal constants, are nobody's business."""
    keys = np.random.default_rng(7).integers(1, 2**63, netlist.n_nets, dtype=np.uint64)
    used = np.zeros(netlist.n_nets, dtype=bool)
    used[netlist.pin_net[netlist.pin_net >= 0]] = True
    keys[~used | (netlist.net_constant >= 0)] = 0
    return keys


def compare(netlist: Netlist, technology: Technology, stimulus: Stimulus, cycles: int, work: Path) -> dict[str, float]:
    """Run both simulators; return the numbers of differences and the times."""
    first, vectors, hashes, ours, seconds = record(netlist, stimulus, cycles)
    vcd = work / "dump.vcd"
    bench, memory = format_testbench(netlist, stimulus.clock, first, vectors, str(vcd), PERIOD)
    Path(f"{vcd}.mem").write_text(memory, encoding="ascii")
    (work / "bench.v").write_text(bench, encoding="ascii")
    suffixes = [v.suffix for v in technology.variants]
    models = format_cell_models(netlist.cells, np.unique(netlist.cell_type).tolist(), suffixes)
    (work / "cells.v").write_text(models, encoding="ascii")
    write_verilog(netlist, technology, work / "netlist.v")
    files = [str(work / name) for name in ("bench.v", "cells.v", "netlist.v")]
    subprocess.run(["iverilog", "-g2012", "-o", str(work / "sim"), "-s", "testbench", *files], check=True)
    begin = time.perf_counter()
    subprocess.run(["vvp", "-n", str(work / "sim")], check=True, capture_output=True)
    theirs_seconds = time.perf_counter() - begin
    end = (cycles + 1) * PERIOD
    theirs = read_vcd(vcd, netlist, period_ps=PERIOD, scope="testbench.dut", start_ps=PERIOD - 1, end_ps=end - 1)
    times = [PERIOD + half * (PERIOD // 2) for half in range(2 * cycles)]
    their_hashes = value_hashes(vcd, netlist, net_keys(netlist), times, scope="testbench.dut")
    assert ours.toggles is not None
    assert theirs.toggles is not None
    return {
        "cells": netlist.n_cells,
        "cycles": cycles,
        "toggles": int(ours.toggles.sum()),
        "half cycles with different values": sum(a != b for a, b in zip(hashes, their_hashes, strict=True)),
        "nets with different toggle counts": int(np.sum(ours.toggles != theirs.toggles)),
        "finevh seconds": seconds,
        "iverilog seconds": theirs_seconds,
    }


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
        for name, value in compare(netlist, technology, stimulus, options.cycles, Path(work)).items():
            print(f"{name:40s} {value:12g}")


if __name__ == "__main__":
    main()
