"""How critical each net of a placed netlist is, as what its length should count for while the design is placed.

Source of the weights: T. Kong, "A novel net weighting algorithm for timing-driven placement", ICCAD 2002, and the family of
slack-based weights that it compares; the constants were chosen on RI5CY.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Real
from finevh.timing import TimingGraph, TimingState

WINDOW = 0.1
"""Share of the period: a net with more slack is not critical at all."""
PULL = 3.0
"""What the length of the most critical net counts for beyond that of any net."""
MEMORY = 0.7
"""Share of a net's criticality that it keeps from look to look: without it, paths take turns."""


def net_slacks(graph: TimingGraph, state: TimingState, period: float) -> Real:
    """(n_net) worst setup slack, ps, at the driver of each net; inf where no constrained path passes."""
    slack = np.full(graph.netlist.n_nets, np.inf)
    np.minimum.at(slack, graph.structure.node_net, graph.node_slacks(state, period))
    return slack


def net_criticality(slack: Real, period: float) -> Real:
    """(n_net) square of ``1 - slack / (WINDOW * period)``, clipped to 0 and 1: one on the worst path of ``period``."""
    clipped = np.clip(1.0 - slack / (WINDOW * period), 0.0, 1.0)
    return np.asarray(clipped**2, dtype=np.float64)


def criticality_under(graph: TimingGraph, supplies: Sequence[Int]) -> tuple[Real, tuple[float, ...]]:
    """Mean over several maps of supplies (n_cell) of how critical each net is at the map's own period; the periods, ps."""
    total, periods = np.zeros(graph.netlist.n_nets), []
    for cell_vdd in supplies:
        state = graph.evaluate(cell_vdd)
        period = state.min_period()
        periods.append(period)
        total += net_criticality(net_slacks(graph, state, period), period)
    return total / max(len(supplies), 1), tuple(periods)


def next_criticality(now: Real, before: Real | None) -> Real:
    """What counts after a look at time: the criticality of now, or what is left of that before."""
    return now if before is None else np.maximum(now, MEMORY * before)


def net_weights(netlist: Netlist, criticality: Real, skip: Int) -> Real:
    """(n_net) weights for the placer: ``1 + PULL * criticality``; nets of ``skip`` (clocks) count as any."""
    weight = 1.0 + PULL * criticality
    weight[skip] = 1.0
    assert len(weight) == netlist.n_nets
    return weight
