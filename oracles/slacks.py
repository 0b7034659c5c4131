"""Slacks of every endpoint, ours beside OpenSTA's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finevh.timing import TimingGraph, TimingState
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

    def __str__(self) -> str:
        return (
            f"{self.count} endpoints ({self.missing} only in OpenSTA, {self.extra} only here): worst {self.worst_ps:.3f} ps "
            f"({self.worst_name}), {self.worst_fraction:.3%}; outside 1 ps and 0.5 %: {self.outside}"
        )


def endpoint_slacks(graph: TimingGraph, state: TimingState, period: float, hold: bool) -> dict[str, float]:
    """Worst slack, ps, by endpoint name."""
    ends, slacks = (state.hold, state.hold_slacks(period)) if hold else (state.setup, state.slacks(period))
    found: dict[str, float] = {}
    for sink, slack in zip(ends.rows.sink.tolist(), slacks.tolist(), strict=True):
        if np.isfinite(slack):
            name = sink_name(graph.netlist, graph.structure, sink)
            found[name] = min(slack, found.get(name, np.inf))
    return found


def compare_slacks(ours: dict[str, float], theirs: dict[str, float], arrival: dict[str, float]) -> Comparison:
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
