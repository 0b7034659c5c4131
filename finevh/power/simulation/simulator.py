"""The compiled gate-level logic simulator: a netlist and a stimulus in, exact switching activity out.

Two values, no delays, one clock. Every net and stored bit starts at 0 (there is no X): hold the reset during the first cycles
and count after it with ``warmup``. Glitches are not modelled: a net toggles at most once per clock edge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.base.kernel import kernel
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.power.activity import Activity, pattern_offsets
from finevh.power.simulation import kernel_layout, zero_delay
from finevh.power.simulation.network import GATE, ROLE, build_network
from finevh.power.simulation.stimulus import Ports, Stimulus
from finevh.technology.model import Int

__all__ = ["Simulator", "simulate"]

_MAX_CYCLES = 1 << 30  # counters hold half cycles in 32 bits
_MAX_ANSWERS = 16  # a grant that needs more rounds than this follows its own request in a circle


class Simulator:
    """A netlist that can be clocked cycle by cycle.

    Attributes
    ----------
    ports
        Input words to set, output words to read.
    cycle
        Cycles run so far.
    """

    def __init__(self, netlist: Netlist, clock: str | None) -> None:
        """Wire the netlist, start all nets and stored bits at 0 and settle.

        Raises
        ------
        InputError
            If the netlist cannot be simulated: no such clock, two drivers, an oscillating loop, a cell without function.
        """
        self.network = build_network(netlist, clock)
        stored = np.flatnonzero(self.network.wiring.cell[:, ROLE] >= GATE)
        if clock is None and len(stored):
            name = netlist.instance_names[int(stored[0])]
            raise InputError(f"instance {name} is sequential: name the clock port to simulate {netlist.name}")
        self.ports = Ports(netlist, clock)
        self.plan, self.state = kernel_layout.new_state(self.network.wiring, self.network.n_nets)
        self._input_value = np.zeros(len(self.ports.input_net), dtype=np.uint8)
        self.cycle = 0
        ones = np.flatnonzero(netlist.net_constant == 1).astype(np.int32)
        self._check(zero_delay.settle_all(self.plan, self.state, ones))
        self._first_cycle = 0
        self._clear()
        self._read()

    def _check(self, status: int) -> None:
        if status == zero_delay.OSCILLATES:
            queued = kernel_layout.queued_cells(self.plan, self.state)[:5]
            names = ", ".join(self.network.netlist.instance_names[int(i)] for i in queued)
            raise InputError(f"a combinational loop oscillates in cycle {self.cycle}, around {names}; break it")

    def _clear(self) -> None:
        zero_delay.clear_counts(self.plan, self.state, 2 * self.cycle)
        self._first_cycle = self.cycle

    def _read(self) -> None:
        ports = self.ports
        _pack(self.state.value, ports.output_net, ports.output_chunk, ports.output_shift, ports.output_words)

    def _step(self, clock_value: int, now: int) -> None:
        ports, network = self.ports, self.network
        clock_net = network.clock_net if clock_value >= 0 else -1
        status = _cycle_step(
            self.plan, self.state, clock_net, max(clock_value, 0), ports.input_net, ports.input_chunk, ports.input_shift,
            ports.input_words, self._input_value, now,
            ports.output_net, ports.output_chunk, ports.output_shift, ports.output_words,
        )  # fmt: skip
        if status:
            self._check(status)

    def rise(self) -> None:
        """Raise the clock; the input words change with the edge. Outputs then show the settled values."""
        self._step(1, 2 * self.cycle)

    def answer(self) -> None:
        """Let changed input words act within the same half cycle."""
        self._step(-1, 2 * self.cycle)

    def fall(self) -> None:
        """Lower the clock and end the cycle."""
        if self.network.clock_net >= 0:
            self._step(0, 2 * self.cycle + 1)
        self.cycle += 1
        if self.cycle > _MAX_CYCLES:
            raise InputError(f"more than {_MAX_CYCLES} cycles in one simulation: split it and merge the activities")

    def run(self, stimulus: Stimulus, cycles: int) -> None:
        """Run clock cycles under a stimulus (that was started)."""
        for _ in range(cycles):
            stimulus.edge(self.cycle, self.ports)
            self.rise()
            answers = 0
            while stimulus.respond(self.cycle, self.ports):
                self.answer()
                answers += 1
                if answers > _MAX_ANSWERS:
                    raise InputError(
                        f"the stimulus keeps changing inputs in cycle {self.cycle}: a combinational circle"
                    )
            self.fall()

    def activity(self) -> Activity:
        """Return what was counted since the start or the last `reset_counts`.

        Raises
        ------
        InputError
            If no cycle was run.
        """
        cycles = self.cycle - self._first_cycle
        if cycles == 0:
            raise InputError("no cycle was simulated; run at least one")
        state, netlist = self.state, self.network.netlist
        copies = {name: getattr(state, name).copy() for name in ("net", "cell", "stored")}
        counts = state._replace(**copies)
        zero_delay.flush(self.plan, counts, 2 * self.cycle)
        toggles = counts.net[: netlist.n_nets, 0].astype(np.int64)
        return Activity(
            toggle_rate=toggles / cycles,
            probability=counts.net[: netlist.n_nets, 2] / (2.0 * cycles),
            pattern_ptr=pattern_offsets(netlist),
            pattern_probability=kernel_layout.dwell(self.network.wiring, self.plan, counts) / (2.0 * cycles),
            cycles=cycles,
            joint=True,
            toggles=toggles,
        )

    def reset_counts(self) -> None:
        """Forget what was counted so far."""
        self._clear()


def simulate(netlist: Netlist, stimulus: Stimulus, cycles: int, *, warmup: int = 0) -> Activity:
    """Simulate a netlist and return its switching activity.

    Parameters
    ----------
    stimulus
        Called once per cycle; names the clock port.
    cycles
        Clock cycles to count.
    warmup
        Cycles run before counting (reset, start-up).

    Returns
    -------
    Activity
        Exact counts: toggles per net (a clock net has 2 per active cycle), fraction of time at 1, joint pattern probabilities.

    Raises
    ------
    InputError
        If the netlist cannot be simulated or the stimulus names a port that is absent.
    """
    simulator = Simulator(netlist, stimulus.clock)
    stimulus.start(simulator.ports)
    simulator.answer()
    simulator.run(stimulus, warmup)
    simulator.reset_counts()
    simulator.run(stimulus, cycles)
    return simulator.activity()


@kernel(nogil=True)
def _pack(value: NDArray[np.uint8], net: Int, chunk: Int, shift: NDArray[np.uint64], words: NDArray[np.uint64]) -> None:
    """Collect net values into port words."""
    words[:] = 0
    for i in range(len(net)):
        if net[i] >= 0 and value[net[i]]:
            words[chunk[i]] |= np.uint64(1) << shift[i]


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True)
def _cycle_step(
    w: zero_delay.Plan,
    s: zero_delay.State,
    clock_net: int,
    clock_value: int,
    in_net: Int,
    in_chunk: Int,
    in_shift: NDArray[np.uint64],
    in_words: NDArray[np.uint64],
    in_value: NDArray[np.uint8],
    now: int,
    out_net: Int,
    out_chunk: Int,
    out_shift: NDArray[np.uint64],
    out_words: NDArray[np.uint64],
) -> int:
    """Spread the input words, step the kernels, collect the output words."""
    for i in range(len(in_net)):
        in_value[i] = (in_words[in_chunk[i]] >> in_shift[i]) & np.uint64(1)
    status = zero_delay.step(w, s, clock_net, clock_value, in_net, in_value, now)
    _pack(s.value, out_net, out_chunk, out_shift, out_words)
    return status
