"""Activity of nets that nobody recorded, by Monte Carlo: the known nets drawn at random, the rest of the netlist simulated.

Each known net is a two-state Markov process with its probability of 1 and its toggle rate, independent of the others; the
compiled simulator follows it through the logic, so reconvergence, multiplexers, clock gates and (where registers are not known)
state machines are exact. What is lost is the correlation among the known nets. After R. Burch, F. Najm, P. Yang and T. Trick,
"A Monte Carlo approach for power estimation", IEEE Trans. VLSI Systems 1(1), 1993.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import Activity
from finevh.power.simulation.network import build_network
from finevh.power.simulation.simulator import simulate
from finevh.power.simulation.stimulus import Ports
from finevh.technology.model import Direction, Real

__all__ = ["sample_activity"]

_SOURCE = "known net {}"  # a blank: no Verilog name has one inside


def sample_activity(
    netlist: Netlist,
    *,
    probability: Real,
    toggle_rate: Real,
    clock: str | None = None,
    cycles: int = 2000,
    warmup: int = 100,
    seed: int = 1,
) -> Activity:
    """Complete the activity of a netlist from the nets that are known.

    Parameters
    ----------
    probability, toggle_rate
        (n_net,) known values, nan where unknown; every input port but the clock must be known.
    clock
        Clock port: runs always; nets behind it are simulated, not drawn.
    cycles
        Clock cycles to count. The relative standard error of a net's rate r is about 1 / sqrt(r cycles), that of the design's
        power far smaller.
    warmup
        Cycles before counting; every unknown stored bit begins at 0.
    seed
        Of the random values.

    Returns
    -------
    Activity
        Known nets keep their values; ``joint`` is False and ``cycles`` 0: nothing was observed.

    Raises
    ------
    InputError
        If an input port is unknown, or the netlist cannot be simulated.
    """
    known = ~np.isnan(probability) & ~np.isnan(toggle_rate)
    inputs = netlist.port_net[(netlist.port_direction == Direction.INPUT) & (netlist.port_net != NO_NET)]
    free = known.copy()
    free[netlist.net_constant >= 0] = False
    if clock is not None:
        network = build_network(netlist, clock)
        outputs = (netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT) & (netlist.pin_net != NO_NET)
        free[netlist.pin_net[outputs & network.clock_cell[netlist.pin_cell]]] = False
        free[network.clock_net] = known[network.clock_net] = False
        inputs = inputs[inputs != network.clock_net]
    unknown = inputs[~known[inputs]]
    if len(unknown):
        name = netlist.net_names[int(unknown[0])]
        raise InputError(f"input net {name} has no probability or no toggle rate; give both")
    opened, sources = _cut(netlist, np.flatnonzero(free), inputs)
    stimulus = _Markov(sources, probability[sources], toggle_rate[sources], clock, seed)
    found = simulate(opened, stimulus, cycles, warmup=warmup)
    return replace(
        found,
        toggle_rate=np.where(known, toggle_rate, found.toggle_rate),
        probability=np.where(known, probability, found.probability),
        cycles=0.0,
        joint=False,
        toggles=None,
    )


def _cut(netlist: Netlist, free: NDArray[np.intp], inputs: NDArray[np.int32]) -> tuple[Netlist, NDArray[np.intp]]:
    """Take the drivers off the free nets and make ports of them; also the nets to draw, in the order of those ports."""
    pin_net = netlist.pin_net.copy()
    drives = (netlist.cells.pin_direction[netlist.pin_type] == Direction.OUTPUT) & np.isin(pin_net, free)
    pin_net[drives] = NO_NET
    inner = np.setdiff1d(free, inputs)
    opened = replace(
        netlist,
        pin_net=pin_net,
        port_names=(*netlist.port_names, *(_SOURCE.format(i) for i in range(len(inner)))),
        port_direction=np.concatenate((netlist.port_direction, np.full(len(inner), Direction.INPUT, dtype=np.int8))),
        port_net=np.concatenate((netlist.port_net, inner.astype(np.int32))),
    )
    return opened, free


class _Markov:
    """Independent two-state processes on input nets; other inputs stay 0."""

    def __init__(self, nets: NDArray[np.intp], probability: Real, rate: Real, clock: str | None, seed: int) -> None:
        self.clock = clock
        self._nets, self._probability = nets, probability
        half = np.minimum(0.5 * rate, np.minimum(probability, 1.0 - probability))
        with np.errstate(divide="ignore", invalid="ignore"):
            self._rise = np.nan_to_num(half / (1.0 - probability))
            self._fall = np.nan_to_num(half / probability)
        self._random = np.random.default_rng(seed)

    def start(self, ports: Ports) -> None:
        """Draw the first values."""
        row = {int(net): i for i, net in enumerate(self._nets)}
        driven = np.flatnonzero([int(net) in row for net in ports.input_net])
        self._row = np.array([row[int(net)] for net in ports.input_net[driven]], dtype=np.intp)
        self._chunk = ports.input_chunk[driven]
        self._weight = np.uint64(1) << ports.input_shift[driven]
        self._bits = self._random.random(len(self._nets)) < self._probability
        self._set(ports)

    def edge(self, cycle: int, ports: Ports) -> None:
        """Draw the values that change."""
        flips = self._random.random(len(self._bits)) < np.where(self._bits, self._fall, self._rise)
        self._bits = self._bits ^ flips
        self._set(ports)

    def respond(self, cycle: int, ports: Ports) -> bool:
        """Random data answer nothing."""
        return False

    def _set(self, ports: Ports) -> None:
        ports.input_words[:] = 0
        np.add.at(ports.input_words, self._chunk, np.where(self._bits[self._row], self._weight, np.uint64(0)))
