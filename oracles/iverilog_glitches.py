"""The glitch simulator against Icarus Verilog with SDF delays on the same netlist.

Icarus runs the cells with specify paths, annotated from a timing state of the run; registers launch when their clock has
arrived, in a cycle long enough to settle. It has a rule of its own for pulses: a change of the function sets an alarm a delay
later, which later changes do not take back, and at an alarm the output takes what the function is by then (IEEE 1364 takes
back what is due). So a pulse train may pass earlier there. A plain reference simulator with that rule shows how much of the
difference is the rule's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.netlist.model import NO_NET, Netlist
from finevh.power import Stimulus
from finevh.power.glitches import TICKS_PER_PS, GlitchDelays, GlitchSimulator
from finevh.power.glitches.wiring import pin_ticks
from finevh.power.recordings.vcd import read_vcd
from finevh.power.simulation.cell_models import format_sdf, format_testbench
from finevh.technology.model import Direction, Int, Kind, Technology
from oracles.event_reference import EventReference
from oracles.iverilog import input_bits, run_icarus

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class GlitchComparison:
    """(n_net) toggles without delays, with the glitches of the product, of Icarus, and of plain references with both rules;
    and seconds of the first and of Icarus.
    """

    settled: Counts
    ours: Counts
    theirs: Counts
    plain: Counts
    plain_icarus: Counts
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


def sdf_paths(simulator: GlitchSimulator, delays: GlitchDelays) -> list[tuple[int, int, Int]]:
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


def compare_glitches(
    netlist: Netlist, technology: Technology, stimulus: Stimulus, delays: GlitchDelays, cycles: int, work: Path
) -> GlitchComparison:
    """Run both from the start of all zeros."""
    netlist = replace(netlist, instance_names=tuple(f"u{n}" for n in range(netlist.n_cells)))
    simulator = GlitchSimulator(netlist, stimulus.clock, [delays])
    ports, vectors = simulator.ports, []

    stimulus.start(ports)
    simulator.answer()
    simulator.reset_counts()
    value = simulator.state.value[: netlist.n_nets]
    references = [EventReference(netlist, simulator.pins, delays, standard) for standard in (True, False)]
    for reference in references:
        reference.start(value)
    first, seconds = input_bits(ports), 0.0
    for _ in range(cycles):
        stimulus.edge(simulator.cycle, ports)
        simulator.rise()
        while stimulus.respond(simulator.cycle, ports):
            simulator.answer()
        vectors.append(input_bits(ports))
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
    sdf = format_sdf(netlist, sdf_paths(simulator, delays), TICKS_PER_PS)
    texts = {"bench.v": bench, f"{vcd.name}.mem": memory, "delays.sdf": sdf}
    said, their_seconds = run_icarus(netlist, technology, texts, work, paths=True)
    if "SDF WARNING" in said or "SDF ERROR" in said:
        raise RuntimeError(next(line for line in said.splitlines() if "SDF" in line))
    end = float((cycles + 1) * period)
    theirs = read_vcd(vcd, netlist, period_ps=float(period), scope="testbench.dut", start_ps=float(period), end_ps=end)
    assert settled.toggles is not None
    counted = np.rint(theirs.toggle_rate * cycles).astype(np.int64)
    plain, plain_icarus = (np.array([r.toggles[n] for n in range(netlist.n_nets)]) for r in references)
    return GlitchComparison(
        settled.toggles, simulator.toggles()[0], counted, plain, plain_icarus, seconds, their_seconds
    )
