"""Delays of a timing state as an event-driven simulator takes them: whole ticks from pin to output, and when sources change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Direction, Int, Kind, Real
from finevh.timing import TimingGraph
from finevh.timing.state import TimingState

__all__ = ["ABSENT", "TICKS_PER_PS", "DelayArcs", "GlitchDelays", "delay_arcs", "delays_of", "uniform_delays"]

TICKS_PER_PS = 10
"""Resolution of simulated time: 0.1 ps, a hundredth of the quickest gate."""
ABSENT = 2**30
"""A pair of edges without an arc."""


@dataclass(frozen=True)
class GlitchDelays:
    """Ticks that changes take under one voltage map; edges are 0 for a rise, 1 for a fall."""

    pin: Int
    """(n_arc) input pin of the netlist, ascending with ``net``."""
    net: Int
    """(n_arc) net that the arc's output drives."""
    ticks: Int
    """(n_arc, 2, 2) by edge of the input and of the output: wire to the pin, then the arc; at least 1, or ``ABSENT``."""
    launch: Int
    """(n_net, 2) when a net that a register, a clock cell or a port drives rises, falls, after the clock edge at the source of
    the clock."""


def _ticks(time: Real) -> Int:
    return np.asarray(np.rint(time * TICKS_PER_PS), dtype=np.int32)


@dataclass(frozen=True)
class DelayArcs:
    """Which entries of a timing graph lie between which pin and net: the same under every voltage map.

    Attributes
    ----------
    pin, net : (n_arc) as in :class:`GlitchDelays`.
    order : (n_entry) entries of one pin, net and pair of edges beside each other; ``first`` of each such group.
    slot : (n_group) where the group is in the ticks, laid out flat.
    """

    pin: Int
    net: Int
    order: NDArray[np.int64]
    first: NDArray[np.int64]
    slot: NDArray[np.int64]


def delay_arcs(graph: TimingGraph) -> DelayArcs:
    """Sort the entries of a timing graph, once for all its states."""
    s, entries, n_nets = graph.structure, graph.entries, graph.netlist.n_nets
    into = np.repeat(np.arange(2 * s.n_node), np.diff(entries.ptr))
    pin, net = s.sink_pin[entries.sink].astype(np.int64), s.node_net[into // 2].astype(np.int64)
    key, arc = np.unique(pin * n_nets + net, return_inverse=True)
    slot = 4 * arc + 2 * entries.edge.astype(np.int64) + (into & 1)
    order = np.argsort(slot, kind="stable")
    groups, first = np.unique(slot[order], return_index=True)
    return DelayArcs((key // n_nets).astype(np.int32), (key % n_nets).astype(np.int32), order, first, groups)


def delays_of(graph: TimingGraph, state: TimingState, arcs: DelayArcs | None = None) -> GlitchDelays:
    """Take the delays of an evaluated timing graph: its latest arcs, its wires, its clock arrivals.

    The delay of a change is that of the wire from the driver to the pin plus that of the arc; of several conditional arcs between
    the same edges it is the slowest, as the state has it. Registers launch when the propagated clock has come to them; ports
    change at their input delay after the mean arrival of the clock, at which the constraints see them.

    Parameters
    ----------
    arcs
        Of :func:`delay_arcs`, where several states of a graph are read.
    """
    arcs, entries = delay_arcs(graph) if arcs is None else arcs, graph.entries
    wire = graph.net_derate(early=False) * graph.sink_delays(state)[entries.sink, entries.edge]
    delay = (wire + state.late.delay)[arcs.order]
    ticks = np.full(4 * len(arcs.pin), ABSENT, dtype=np.int32)
    if len(delay):
        slowest = np.maximum.reduceat(delay, arcs.first)
        found = np.isfinite(slowest)
        ticks[arcs.slot[found]] = np.maximum(_ticks(slowest[found]), 1)
    return GlitchDelays(arcs.pin, arcs.net, ticks.reshape(-1, 2, 2), _launches(graph, state))


def _launches(graph: TimingGraph, state: TimingState) -> Int:
    """(n_net, 2) ticks at which the drivers of nets change, where the graph knows it; the mean clock arrival elsewhere."""
    s = graph.structure
    arrival = state.late.arrival
    latest = np.where(np.isfinite(arrival), arrival, -np.inf).max(axis=0)
    clock = np.zeros(s.n_node, dtype=bool)
    clock[(graph.node_tags & graph.tags.clock_bits).any(axis=1)] = True
    port = (s.node_port >= 0) & ~clock
    latest = np.where(np.isfinite(latest), latest + np.where(port, state.insertion, 0.0)[:, None], state.insertion)
    launch = np.full((graph.netlist.n_nets, 2), state.insertion)
    launch[s.node_net] = latest
    return np.maximum(_ticks(launch), 0)


def uniform_delays(netlist: Netlist, ticks: int, launch: int = 0) -> GlitchDelays:
    """The same delay for every pair of edges of every pin of every combinational cell, and one time for all sources."""
    if ticks < 1:
        raise InputError(f"a delay of {ticks} ticks: an event-driven simulator needs at least one")
    cells = netlist.cells
    gate = np.isin(cells.kind[netlist.cell_type], (Kind.COMBINATIONAL, Kind.TIE))[netlist.pin_cell]
    driven = gate & (netlist.pin_net != NO_NET)
    direction = cells.pin_direction[netlist.pin_type]
    outputs = np.flatnonzero(driven & (direction == Direction.OUTPUT))
    inputs = np.flatnonzero(driven & (direction == Direction.INPUT))
    first = np.searchsorted(netlist.pin_cell[outputs], netlist.pin_cell[inputs], side="left")
    count = np.searchsorted(netlist.pin_cell[outputs], netlist.pin_cell[inputs], side="right") - first
    within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    pin = np.repeat(inputs, count)
    net = netlist.pin_net[outputs[np.repeat(first, count) + within]]
    order = np.lexsort((net, pin))
    return GlitchDelays(
        pin[order].astype(np.int32),
        net[order].astype(np.int32),
        np.full((len(pin), 2, 2), ticks, dtype=np.int32),
        np.full((netlist.n_nets, 2), launch, dtype=np.int32),
    )
