"""A netlist in Icarus Verilog: the same cells as Verilog models, the same input vectors, its recording read back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from finevh.netlist import write_verilog
from finevh.netlist.model import Netlist
from finevh.power import Activity, Simulator, Stimulus
from finevh.power.recordings.vcd import read_vcd, value_hashes
from finevh.power.simulation.cell_models import format_cell_models, format_testbench
from finevh.power.simulation.stimulus import Ports
from finevh.technology.model import Technology

PERIOD = 10  # ps, of the clock in a bench without delays


def input_bits(ports: Ports) -> np.ndarray:
    """Value of every input bit now."""
    return ((ports.input_words[ports.input_chunk] >> ports.input_shift) & np.uint64(1)).astype(np.uint8)


def record(
    netlist: Netlist, stimulus: Stimulus, cycles: int
) -> tuple[np.ndarray, np.ndarray, list[int], Activity, float]:
    """Simulate; return input vectors, a hash of all net values after each clock edge, the activity and the time."""
    simulator = Simulator(netlist, stimulus.clock)
    ports = simulator.ports
    keys = net_keys(netlist)

    def look() -> int:
        return int(np.bitwise_xor.reduce(keys[simulator.state.value[: netlist.n_nets] == 1], initial=np.uint64(0)))

    stimulus.start(ports)
    simulator.answer()
    simulator.reset_counts()
    first, vectors, hashes = input_bits(ports), [], []
    begin = time.perf_counter()
    for _ in range(cycles):
        stimulus.edge(simulator.cycle, ports)
        simulator.rise()
        while stimulus.respond(simulator.cycle, ports):
            simulator.answer()
        vectors.append(input_bits(ports))
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


def run_icarus(
    netlist: Netlist, technology: Technology, texts: Mapping[str, str], work: Path, paths: bool = False
) -> tuple[str, float]:
    """Write models, netlist and the other files (``bench.v`` is one), compile and run; what it said, and its seconds.

    Parameters
    ----------
    paths : cells get specify paths, which an SDF annotates.
    """
    kinds, suffixes = np.unique(netlist.cell_type).tolist(), [v.suffix for v in technology.variants]
    models = format_cell_models(netlist.cells, kinds, suffixes, paths=paths)
    for name, text in {**texts, "cells.v": models}.items():
        (work / name).write_text(text, encoding="ascii")
    write_verilog(netlist, technology, work / "netlist.v")
    files = [str(work / name) for name in ("bench.v", "cells.v", "netlist.v")]
    options = ["-g2012", *(["-gspecify"] if paths else [])]
    subprocess.run(["iverilog", *options, "-o", str(work / "sim"), "-s", "testbench", *files], check=True)
    begin = time.perf_counter()
    said = subprocess.run(["vvp", "-n", str(work / "sim")], check=True, capture_output=True, text=True).stdout
    return said, time.perf_counter() - begin


def icarus_vcd(
    netlist: Netlist, technology: Technology, clock: str | None, first: np.ndarray, vectors: np.ndarray, work: Path
) -> tuple[Path, float]:
    """Recording of a netlist without delays under recorded input vectors, one bit per variable, and the seconds it took."""
    vcd = work / "dump.vcd"
    bench, memory = format_testbench(netlist, clock, first, vectors, str(vcd), PERIOD)
    _, seconds = run_icarus(netlist, technology, {"bench.v": bench, f"{vcd.name}.mem": memory}, work)
    return vcd, seconds


def compare_values(
    netlist: Netlist, technology: Technology, stimulus: Stimulus, cycles: int, work: Path
) -> dict[str, float]:
    """Run both simulators; return the numbers of differences and the times."""
    first, vectors, hashes, ours, seconds = record(netlist, stimulus, cycles)
    vcd, their_seconds = icarus_vcd(netlist, technology, stimulus.clock, first, vectors, work)
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
        "iverilog seconds": their_seconds,
    }
