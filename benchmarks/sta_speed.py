"""Times of the timing engine beside OpenSTA's, in one run.

    python benchmarks/sta_speed.py NETLIST.v TOP TECHNOLOGY.toml [--clock clk_i] [--opensta LIBERTY]

One thread unless said; reading Liberty without a cache takes all processors. CPU seconds (best of several) and wall seconds are
both printed: on a busy machine only the first says what the code costs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from finevh.netlist import read_spef, read_verilog
from finevh.technology import load_technology
from finevh.technology.model import Int, Real
from finevh.timing import TimingGraph, single_clock
from oracles.opensta import opensta, plain_liberty, run_script

T = TypeVar("T")


def timed(label: str, target: str, run: Callable[[], T], repeats: int = 1) -> T:
    """Run, print the best CPU and wall time, return the result."""
    cpu, wall = np.inf, np.inf
    for _ in range(repeats):
        begun, begun_cpu = time.perf_counter(), time.thread_time()
        result = run()
        cpu, wall = min(cpu, time.thread_time() - begun_cpu), min(wall, time.perf_counter() - begun)
    print(f"{label:44} {cpu * 1e3:10.2f} ms CPU {wall * 1e3:10.2f} ms wall   target {target}")
    return result


def cold_load(technology: Path, group: str) -> None:
    """Read the Liberty files of a variant set with an empty cache, in as many processes as there are processors."""
    before = os.environ.get("FINEVH_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FINEVH_CACHE"] = folder
        begun, start = os.times(), time.perf_counter()
        loaded = load_technology(technology, group=group)
        wall, done = time.perf_counter() - start, os.times()
    if before is None:
        del os.environ["FINEVH_CACHE"]
    else:
        os.environ["FINEVH_CACHE"] = before
    cpu = sum(done[:4]) - sum(begun[:4])
    label = f"Liberty set, {len(loaded.vdds)} supplies x {len(loaded.variants)} variants, no cache"
    print(f"{label:44} {cpu * 1e3:10.2f} ms CPU {wall * 1e3:10.2f} ms wall   target <= 3000 ms")


def opensta_times(netlist: Path, top: str, clock: str, liberty: Path) -> None:
    """Print OpenSTA's first update, and its update after one cell was swapped for another drive of the same size."""
    if opensta() is None:
        print("OpenSTA is not installed: no comparison")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = f"""read_liberty {plain_liberty(liberty, folder)}
read_verilog {netlist.resolve()}
link_design {top}
create_clock -name {clock} -period 2 [get_ports {clock}]
set start [clock microseconds]
report_worst_slack
puts "OpenSTA first update: [expr ([clock microseconds] - $start) / 1000.0] ms"
set_input_transition 0.05 [all_inputs]
set start [clock microseconds]
report_worst_slack
puts "OpenSTA repeated update (all input slews): [expr ([clock microseconds] - $start) / 1000.0] ms"
exit
"""
        done = run_script(script, folder)
        print("\n".join(line for line in done.stdout.splitlines() if line.startswith("OpenSTA ") and "update" in line))


def batches(graph: TimingGraph, maps: list[Int]) -> None:
    """Print the rate of a batch, each map alone, maps side by side, and these in single precision, in turns on two threads.

    Lanes must have the bits of single evaluations, and screening the order of periods: pairs of maps that it puts the other way
    round are counted, with the largest difference of their exact periods.
    """

    def alone(first: int) -> list[Real]:
        needs, state = [], None
        for one in maps[first::2]:
            state = graph.evaluate(one, reuse=state)
            needs.append(state.setup_need)
        return needs

    for screening in (False, True):
        graph.evaluate_batch(maps, workers=2, screening=screening)  # compiles, and takes memory
    names = ("alone", "side by side", "single precision")
    rates: dict[str, list[float]] = {name: [] for name in names}
    cpu: dict[str, list[float]] = {name: [] for name in names}
    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            begun, begun_cpu = time.perf_counter(), time.process_time()
            parts = list(pool.map(alone, (0, 1)))
            rates["alone"].append(len(maps) / (time.perf_counter() - begun))
            cpu["alone"].append((time.process_time() - begun_cpu) / len(maps) * 1e3)
            results = []
            for name, screening in (("side by side", False), ("single precision", True)):
                begun, begun_cpu = time.perf_counter(), time.process_time()
                results.append(graph.evaluate_batch(maps, workers=2, screening=screening))
                rates[name].append(len(maps) / (time.perf_counter() - begun))
                cpu[name].append((time.process_time() - begun_cpu) / len(maps) * 1e3)
    found, screened = results
    same = all(np.array_equal(need, parts[k % 2][k // 2]) for k, (_, need) in enumerate(found))
    for name in rates:
        label = f"{len(maps)} maps, {name}, two threads"
        print(f"{label:44} {min(cpu[name]):10.2f} ms CPU a map {max(rates[name]):8.1f} maps/s")
    exact, quick = (np.array([period for period, _ in result]) for result in (found, screened))
    earlier = exact[:, None] < exact[None, :]
    turned = earlier & (quick[:, None] >= quick[None, :])
    largest = (exact[None, :] - exact[:, None])[turned].max(initial=0.0)
    said = {
        "side by side": f"target >= 5; bits {'equal' if same else 'DIFFER'}",
        "single precision": f"target >= 8; periods off by {np.abs(quick - exact).max():.4f} ps at most, {turned.sum()} of "
        f"{earlier.sum()} pairs the other way round, {largest:.4f} ps apart at most",
    }
    for name, verdict in said.items():
        ratio, wall = min(cpu["alone"]) / min(cpu[name]), max(rates[name]) / max(rates["alone"])
        print(f"{name + ' over alone':44} {ratio:10.2f} x CPU, {wall:.2f} x wall   {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("netlist", type=Path)
    parser.add_argument("top")
    parser.add_argument("technology", type=Path)
    parser.add_argument("--clock", default="clk_i")
    parser.add_argument("--group", default="pb", help="variant set")
    parser.add_argument("--spef", type=Path, help="parasitics; without them nets are their pins")
    parser.add_argument("--opensta", type=Path, help="Liberty of one corner")
    arguments = parser.parse_args()
    cold_load(arguments.technology, arguments.group)
    technology = timed(
        "Liberty set (cached on disk)",
        "<= 500 ms",
        lambda: load_technology(arguments.technology, group=arguments.group),
        2,
    )
    netlist = timed("read Verilog", "<= 3000 ms", lambda: read_verilog(arguments.netlist, technology, arguments.top), 2)
    constraints = single_clock(arguments.clock)
    wires = read_spef(arguments.spef, netlist) if arguments.spef else None
    compile_code = "import time; t = time.process_time(); from finevh.timing.sweep.compiled import compiled; compiled(); "
    compile_code += "print(f'{time.process_time() - t:.2f}')"
    seconds = subprocess.run(
        [sys.executable, "-c", compile_code], capture_output=True, text=True, check=True
    ).stdout.strip()
    print(f"{'import and kernels from the disk cache':44} {float(seconds) * 1e3:10.2f} ms CPU")
    graph = timed(
        "graph build (first: with packed tables)",
        "<= 2000 ms",
        lambda: TimingGraph(netlist, technology, constraints, wires),
    )
    timed("graph build again", "<= 2000 ms", lambda: TimingGraph(netlist, technology, constraints, wires), 2)
    n, top = netlist.n_cells, len(technology.vdds) - 1
    low = max(top - 2, 0)
    print(
        f"{n} cells, {len(graph.structure.arc_source)} arcs, supplies {technology.vdds[low]:g} and {technology.vdds[top]:g} V"
    )
    timed("full evaluation, one supply", "<= 15 ms", lambda: graph.evaluate(top), 15)
    if wires is not None:
        exact = TimingGraph(netlist, technology, constraints, wires, wire_model="ceff")
        timed("full evaluation, effective capacitances", "<= 120 ms", lambda: exact.evaluate(top), 3)
    tile = np.arange(n) * 49 // n
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2, 49)
    maps = [np.where(rng.integers(0, 2, 49)[tile], top, low).astype(np.int32) for _ in range(64)]
    cell_vdd = np.where(bits[tile], top, low).astype(np.int32)
    state = timed("full evaluation, random 49-tile map", "<= 15 ms", lambda: graph.evaluate(cell_vdd), 15)
    cpu = []
    for k in range(49):
        flipped = cell_vdd.copy()
        cells = np.flatnonzero(tile == k)
        flipped[cells] = top + low - flipped[cells]
        begun = time.thread_time()
        state = graph.update(state, cells, flipped, inplace=True)
        cpu.append(time.thread_time() - begun)
        state = graph.update(state, cells, cell_vdd, inplace=True)
    print(f"{'one tile flip of 49, median':44} {np.median(cpu) * 1e3:10.2f} ms CPU {'':19} target <= 3 ms")
    batches(graph, maps)
    if arguments.opensta:
        opensta_times(arguments.netlist, netlist.name, arguments.clock, arguments.opensta)


if __name__ == "__main__":
    main()
