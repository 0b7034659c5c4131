"""Setup and hold slack of every endpoint against OpenSTA: same netlist, Liberty, SDC and SPEF.

python benchmarks/sta_accuracy.py NETLIST.v TOP LIBERTY [--clock clk_i] [--period-ns 2.0] [--spef FILE]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from opensta import installed_resistance, run_opensta

from finevh.netlist import read_verilog
from finevh.netlist.spef import read_spef
from finevh.technology import technology_from_liberty
from finevh.technology.model import Technology
from finevh.timing import TimingGraph, TimingState, read_sdc
from finevh.timing.names import sink_name


@dataclass(frozen=True)
class Comparison:
    """Endpoints in common and the differences, ps."""

    count: int
    missing: int
    extra: int
    worst_ps: float
    worst_fraction: float
    outside: int
    worst_name: str


def endpoint_slacks(graph: TimingGraph, state: TimingState, period: float, hold: bool) -> dict[str, float]:
    """Worst slack, ps, by endpoint name."""
    ends, slacks = (state.hold, state.hold_slacks(period)) if hold else (state.setup, state.slacks(period))
    found: dict[str, float] = {}
    for sink, slack in zip(ends.rows.sink.tolist(), slacks.tolist(), strict=True):
        if np.isfinite(slack):
            name = sink_name(graph.netlist, graph.structure, sink)
            found[name] = min(slack, found.get(name, np.inf))
    return found


def compare(ours: dict[str, float], theirs: dict[str, float], arrival: dict[str, float]) -> Comparison:
    """Differences of slack; an endpoint is outside beyond 1 ps and 0.5 % of its path delay."""
    common = sorted(ours.keys() & theirs.keys())
    gaps = [(abs(ours[n] - theirs[n]), n) for n in common]
    relative = [g / max(abs(arrival.get(n, 0.0)), 1.0) for g, n in gaps]
    outside = sum(g > 1.0 and r > 0.005 for (g, _), r in zip(gaps, relative, strict=True))
    worst = max(gaps, default=(0.0, ""))
    return Comparison(
        len(common), len(theirs.keys() - ours.keys()), len(ours.keys() - theirs.keys()), worst[0],
        max(relative, default=0.0), outside, worst[1],
    )  # fmt: skip


def default_sdc(clock: str, period_ns: float, load: str = "") -> str:
    """Constraints of a core: delays of a tenth of the period on all ports."""
    return (
        f"create_clock -name {clock} -period {period_ns} [get_ports {clock}]\n"
        f"set_input_delay {period_ns / 10} -clock {clock} [all_inputs -no_clocks]\n"
        f"set_output_delay {period_ns / 10} -clock {clock} [all_outputs]\n{load}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("netlist", type=Path)
    parser.add_argument("top")
    parser.add_argument("liberty", type=Path)
    parser.add_argument("--clock", default="clk_i")
    parser.add_argument("--period-ns", type=float, default=2.0)
    parser.add_argument("--spef", type=Path)
    parser.add_argument("--wire-model", default="ceff")
    arguments = parser.parse_args()
    technology: Technology = technology_from_liberty([arguments.liberty])
    netlist = read_verilog(arguments.netlist, technology, arguments.top)
    sdc = default_sdc(arguments.clock, arguments.period_ns)
    wires = read_spef(arguments.spef, netlist) if arguments.spef else None
    constraints = read_sdc(sdc, *technology.units)
    graph = TimingGraph(
        netlist, technology, constraints, wires, wire_model=arguments.wire_model, hold=True,
        driver_resistance=installed_resistance(),
    )  # fmt: skip
    state = graph.evaluate(0)
    period = arguments.period_ns * 1000
    theirs = run_opensta(
        arguments.netlist, netlist.name, [arguments.liberty], sdc.replace(" -no_clocks", ""), arguments.spef
    )
    print(
        f"{netlist.name} {arguments.liberty.name}: {netlist.n_cells} cells, OpenSTA first update {theirs.seconds:.2f} s"
    )
    for kind, hold, other in (("setup", False, theirs.setup), ("hold", True, theirs.hold)):
        c = compare(endpoint_slacks(graph, state, period, hold), other, theirs.arrival)
        print(
            f"  {kind:5} {c.count} endpoints ({c.missing} only in OpenSTA, {c.extra} only here): "
            f"worst {c.worst_ps:.3f} ps ({c.worst_name}), {c.worst_fraction:.3%}; outside 1 ps and 0.5 %: {c.outside}"
        )


if __name__ == "__main__":
    main()
