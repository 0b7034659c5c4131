"""The glitch simulator against Icarus Verilog with SDF delays on the same netlist: toggles in total and net by net.

python benchmarks/glitches_iverilog.py --run DIR [--program P] [--cycles 200] [--vdd 1.0]

Icarus runs the cells with specify paths, annotated from a timing state of the run; registers launch when their clock has
arrived, in a cycle long enough to settle. It has a rule of its own for pulses: a change of the function sets an alarm a delay
later, which later changes do not take back, and at an alarm the output takes what the function is by then (IEEE 1364 takes
back what is due). So a pulse train may pass earlier there. A plain reference simulator with that rule shows how much of the
difference is the rule's.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from event_reference import EventReference

from finevh.checks import Checks
from finevh.flow.designs import load_placed
from finevh.flow.stimulus import held_inputs, programs_of, stimulus_of, tied_netlist
from finevh.flow_file import read_run_flow
from finevh.netlist import write_verilog
from finevh.netlist.model import NO_NET, Netlist
from finevh.power import Stimulus
from finevh.power.cell_models import format_cell_models, format_sdf, format_testbench
from finevh.power.glitches import TICKS_PER_PS, GlitchDelays, GlitchSimulator, delays_of
from finevh.power.glitches.wiring import pin_ticks
from finevh.power.waveforms import read_vcd
from finevh.technology.model import Direction, Int, Kind, Technology

BOUND = 0.01


@dataclass(frozen=True)
class Comparison:
    """(n_net) toggles without delays, with the glitches of the product, of Icarus, and of plain references with both rules;
    and seconds of the first and of Icarus.
    """

    settled: Int
    ours: Int
    theirs: Int
    plain: Int
    plain_icarus: Int
    seconds: float
    their_seconds: float

    @property
    def total(self) -> float:
        """Difference of all toggles, relative."""
        return float(self.ours.sum() / self.theirs.sum() - 1.0)

    @property
    def spread(self) -> float:
        """Sum over the nets of what their counts differ by, over all toggles."""
        return float(np.abs(self.ours - self.theirs).sum() / self.theirs.sum())

    @property
    def spread_with_their_rule(self) -> float:
        """The same between Icarus and the reference with its rule."""
        return float(np.abs(self.plain_icarus - self.theirs).sum() / self.theirs.sum())


def annotations(simulator: GlitchSimulator, delays: GlitchDelays) -> list[tuple[int, int, Int]]:
    """Input pin, output pin and ticks of every path: of gates as simulated, of flip-flops their whole launch."""
    netlist = simulator.network.netlist
    direction = netlist.cells.pin_direction[netlist.pin_type]
    driver_pin = np.full(netlist.n_nets, -1)
    out = np.flatnonzero((direction == Direction.OUTPUT) & (netlist.pin_net != NO_NET))
    driver_pin[netlist.pin_net[out]] = out
    pins, (ticks, _) = simulator.pins, pin_ticks(simulator.pins, delays, netlist.n_nets)
    found = [(int(p), int(driver_pin[n]), t) for p, n, t in zip(pins.pin, pins.net, ticks, strict=True)]
    clock = netlist.cells.pin_is_clock[netlist.pin_type] & (direction == Direction.INPUT)
    flop = netlist.cells.kind[netlist.cell_type] == Kind.FLOP
    clock_pin = {int(netlist.pin_cell[p]): int(p) for p in np.flatnonzero(clock & flop[netlist.pin_cell])}
    for pin in out[flop[netlist.pin_cell[out]]].tolist():
        launch = delays.launch[netlist.pin_net[pin]]
        found.append((clock_pin[int(netlist.pin_cell[pin])], pin, np.stack((launch, launch))))
    return found


def compare(
    netlist: Netlist, technology: Technology, stimulus: Stimulus, delays: GlitchDelays, cycles: int, work: Path
) -> Comparison:
    """Run both from the start of all zeros."""
    netlist = replace(netlist, instance_names=tuple(f"u{n}" for n in range(netlist.n_cells)))
    simulator = GlitchSimulator(netlist, stimulus.clock, [delays])
    ports, vectors = simulator.ports, []

    def bits() -> np.ndarray:
        return ((ports.input_words[ports.input_chunk] >> ports.input_shift) & np.uint64(1)).astype(np.uint8)

    stimulus.start(ports)
    simulator.answer()
    simulator.reset_counts()
    value = simulator.state.value[: netlist.n_nets]
    references = [EventReference(netlist, simulator.pins, delays, standard) for standard in (True, False)]
    for reference in references:
        reference.start(value)
    first, seconds = bits(), 0.0
    for _ in range(cycles):
        stimulus.edge(simulator.cycle, ports)
        simulator.rise()
        while stimulus.respond(simulator.cycle, ports):
            simulator.answer()
        vectors.append(bits())
        for reference in references:
            reference.settle(value)
        begin = time.process_time()
        simulator.fall()
        seconds += time.process_time() - begin
        for reference in references:
            reference.settle(value)
    settled = simulator.activity()
    longest = int(delays.launch.max()) + 40 * int(pin_ticks(simulator.pins, delays, netlist.n_nets)[0].max())
    period = 2 * (longest // TICKS_PER_PS + 1)
    vcd = work / "dump.vcd"
    late = {
        name: tuple((delays.launch[net] / TICKS_PER_PS).tolist())
        for name, net, d in zip(netlist.port_names, netlist.port_net, netlist.port_direction, strict=True)
        if d == Direction.INPUT and name != stimulus.clock
    }
    bench, memory = format_testbench(
        netlist, stimulus.clock, first, np.array(vectors), str(vcd), period, str(work / "delays.sdf"), late
    )
    models = format_cell_models(
        netlist.cells, np.unique(netlist.cell_type).tolist(), [v.suffix for v in technology.variants], paths=True
    )
    sdf = format_sdf(netlist, annotations(simulator, delays), TICKS_PER_PS)
    texts = {"dump.vcd.mem": memory, "bench.v": bench, "cells.v": models, "delays.sdf": sdf}
    for name, text in texts.items():
        (work / name).write_text(text, encoding="ascii")
    write_verilog(netlist, technology, work / "netlist.v")
    files = [str(work / name) for name in ("bench.v", "cells.v", "netlist.v")]
    command = ["iverilog", "-g2012", "-gspecify", "-o", str(work / "sim"), "-s", "testbench", *files]
    subprocess.run(command, check=True)
    begin = time.perf_counter()
    said = subprocess.run(["vvp", "-n", str(work / "sim")], check=True, capture_output=True, text=True).stdout
    their_seconds = time.perf_counter() - begin
    if "SDF WARNING" in said or "SDF ERROR" in said:
        raise SystemExit(next(line for line in said.splitlines() if "SDF" in line))
    window = {"start_ps": float(period), "end_ps": float((cycles + 1) * period)}
    theirs = read_vcd(vcd, netlist, period_ps=float(period), scope="testbench.dut", **window)
    assert settled.toggles is not None
    counted = np.rint(theirs.toggle_rate * cycles).astype(np.int64)
    plain, plain_icarus = (np.array([r.toggles[n] for n in range(netlist.n_nets)]) for r in references)
    return Comparison(settled.toggles, simulator.toggles()[0], counted, plain, plain_icarus, seconds, their_seconds)


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
            found = compare(tied.netlist, placed.technology, stimulus, delays, options.cycles, Path(work))
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
