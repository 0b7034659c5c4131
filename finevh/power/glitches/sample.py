"""A sample of the cycles of a simulation, by their settled values: the glitches of any delays follow without simulating again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.power.glitches import inertial_events
from finevh.power.glitches.delays import GlitchDelays
from finevh.power.glitches.parallel_cycles import (
    CYCLES,
    LANES,
    WordNetwork,
    WordPlan,
    WordState,
    new_words,
    plan_words,
    replay_words,
    word_network,
)
from finevh.power.glitches.wiring import (
    EventPlan,
    EventState,
    GatePins,
    PinRows,
    gate_pins,
    new_events,
    pin_rows,
    plan_events,
    wire_events,
)
from finevh.power.simulation.network import Network, build_network
from finevh.technology.model import Int, Real

__all__ = ["CycleSample", "ReplayNetwork", "Replayed", "SettledRecorder", "draw_cycles"]


@dataclass(frozen=True)
class CycleSample:
    """Settled values of all nets around the edges of some cycles; eight nets a byte.

    Attributes
    ----------
    cycle : (n_sample) numbers of the cycles among those counted; any first few are spread over all.
    before : (n_sample, n_net / 8) before the rising edge.
    rise, fall : (n_sample, n_net / 8) which nets then change with the rising edge, and with the falling one.
    cycles : that were counted, out of which these were drawn.
    n_nets : of the netlist.
    """

    cycle: Int
    before: NDArray[np.uint8]
    rise: NDArray[np.uint8]
    fall: NDArray[np.uint8]
    cycles: int
    n_nets: int

    def reversed(self) -> CycleSample:
        """The same cycles, the last first."""
        return CycleSample(
            self.cycle[::-1], self.before[::-1], self.rise[::-1], self.fall[::-1], self.cycles, self.n_nets
        )

    def by_toggles(self, last: int) -> tuple[CycleSample, Int]:
        """The first ``last`` cycles in the order of how many nets change with the rising edge, and their rows here.

        Cycles of one word that are alike change the same nets at the same ticks.
        """
        moved = np.bitwise_count(self.rise[:last]).sum(axis=1, dtype=np.int64)
        rows: Int = np.argsort(moved, kind="stable").astype(np.int32)
        ordered = replace(
            self, cycle=self.cycle[rows], before=self.before[rows], rise=self.rise[rows], fall=self.fall[rows]
        )
        return ordered, rows

    @cached_property
    def words(self) -> NDArray[np.uint64]:
        """(3, n_word, n_net, 4) values before the rising edge, before the falling one and at the end, 256 cycles a word.

        The first of them is the lowest bit of the first number; cycles that are not there have zeros.
        """
        moments = self.before, self.before ^ self.rise, self.before ^ self.rise ^ self.fall
        found = np.zeros((3, -(-len(self.cycle) // CYCLES), self.n_nets, LANES), dtype=np.uint64)
        for moment, packed in enumerate(moments):
            for first in range(0, len(packed), CYCLES):
                bits = np.unpackbits(packed[first : first + CYCLES], axis=1, count=self.n_nets)
                found[moment, first // CYCLES] = _as_words(bits)
        return found

    def values(self, first: int, last: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        """(last - first, n_net) values before the rising edge, before the falling one and at the end of some of the cycles."""
        before = self.before[first:last]
        high = before ^ self.rise[first:last]
        after = high ^ self.fall[first:last]
        unpacked = (np.unpackbits(one, axis=1, count=self.n_nets) for one in (before, high, after))
        return next(unpacked), next(unpacked), next(unpacked)


def _as_words(bits: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(n_net, 4) words of bits (n_cycle, n_net), the first cycle the lowest."""
    octets = np.zeros((bits.shape[1], CYCLES // 8), dtype=np.uint8)
    octets[:, : -(-len(bits) // 8)] = np.packbits(bits, axis=0, bitorder="little").T
    return octets.view("<u8").astype(np.uint64)


def draw_cycles(cycles: int, most: int, seed: int = 1) -> Int:
    """Draw at most ``most`` of the first cycles, one in each of as many parts of equal length; any first few are spread.

    The parts come in the order of their bit-reversed numbers (van der Corput), so the first half of the answer is again one cycle
    in each of half as many parts.
    """
    count = min(cycles, most)
    edges = np.arange(count + 1, dtype=np.int64) * cycles // max(count, 1)
    drawn = np.random.default_rng(seed).integers(edges[:-1], edges[1:])
    bits = max(count - 1, 1).bit_length()
    number = np.arange(count)
    mirrored = sum(((number >> k) & 1) << (bits - 1 - k) for k in range(bits))
    return drawn[np.argsort(mirrored, kind="stable")].astype(np.int32)


class SettledRecorder:
    """Keeps the settled values around the edges of some cycles while a simulator runs through them."""

    def __init__(self, cycle: Int, n_nets: int) -> None:
        """Wait for cycles by their numbers, counted from the simulator's last `reset_counts`."""
        self._row = {number: row for row, number in enumerate(cycle.tolist())}
        self._cycle, self._n_nets = cycle, n_nets
        self._kept = np.zeros((3, len(cycle), -(-n_nets // 8)), dtype=np.uint8)

    def keep(self, moment: int, number: int, settled: NDArray[np.uint8]) -> None:
        """Take the values (n_net) before the rising edge (0), before the falling one (1) or at the end (2) of a cycle."""
        row = self._row.get(number)
        if row is not None:
            self._kept[moment, row] = np.packbits(settled)

    def sample(self, cycles: int) -> CycleSample:
        """What was kept, of so many cycles that were counted."""
        before, high, after = self._kept
        return CycleSample(self._cycle, before, before ^ high, high ^ after, cycles, self._n_nets)


@dataclass(frozen=True)
class Replayed:
    """Toggles beyond the settled ones in the cycles of a sample.

    Attributes
    ----------
    glitches : (n_net) in all of them.
    energy : (n_cycle) of each of them, weighed net by net.
    """

    glitches: NDArray[np.int64]
    energy: Real

    def __add__(self, more: Replayed) -> Replayed:
        """These cycles and those."""
        return replace(self, glitches=self.glitches + more.glitches, energy=np.append(self.energy, more.energy))


class ReplayNetwork:
    """A netlist made ready once for replays of cycles with any delays; threads may share it."""

    def __init__(self, netlist: Netlist, clock: str | None) -> None:
        """Wire the netlist.

        Raises
        ------
        InputError
            As :class:`finevh.power.Simulator`.
        """
        self._network: Network = build_network(netlist, clock)
        self._pins: GatePins = gate_pins(self._network)
        self._wired = wire_events(self._network, self._pins)
        self._rows: tuple[Int, PinRows] | None = None
        self._words = word_network(self._wired, self._pins.output)
        self._idle: list[WordState] = []

    def plan(self, delays: GlitchDelays) -> Replayer:
        """Give the network its delays."""
        known = self._rows
        if known is None or known[0] is not delays.pin:  # other states of one graph have their arcs in common
            known = delays.pin, pin_rows(self._pins, delays, self._network.netlist.n_nets)
            self._rows = known
        plan, _ = plan_events(self._wired, self._pins, delays, known[1])
        return Replayer(self._network.netlist, plan, self._wired.gate, self._words, self._idle)


class Replayer:
    """The glitches of one set of delays in any sampled cycles."""

    def __init__(
        self,
        netlist: Netlist,
        plan: EventPlan,
        gate: NDArray[np.int32],
        words: WordNetwork | None,
        idle: list[WordState],
    ) -> None:
        """Take a plan, the ``gate`` of its wiring, and what ``word_network`` makes of them.

        ``idle`` are states that no replay uses, of the same network; threads may share them.
        """
        self._netlist, self._plan, self._gate, self._words, self._idle = netlist, plan, gate, words, idle
        self._parallel: WordPlan | None = None if words is None else plan_words(words, plan)
        self._state: EventState | None = None

    def run(self, sample: CycleSample, first: int, last: int, weight: Real) -> Replayed:
        """Simulate cycles ``first`` to ``last`` of a sample, in its order; ``weight`` (n_net) is the energy of a toggle.

        Raises
        ------
        InputError
            If a net ends at another value than without delays, or a loop oscillates.
        """
        glitches = np.zeros((1, sample.n_nets), dtype=np.int32)
        energy = self._replay(sample, first, last, weight, glitches)
        return Replayed(glitches[0].astype(np.int64), energy)

    def count(self, sample: CycleSample, first: int, last: int) -> NDArray[np.int32]:
        """(last - first, n_net) toggles beyond the settled ones of each of some cycles of a sample.

        Raises
        ------
        InputError
            As :meth:`run`.
        """
        found = np.zeros((last - first, sample.n_nets), dtype=np.int32)
        self._replay(sample, first, last, np.zeros(sample.n_nets), found)
        return found

    def _replay(self, sample: CycleSample, first: int, last: int, weight: Real, glitches: NDArray[np.int32]) -> Real:
        """(last - first) energies of cycles, whose glitches are added to ``glitches``, as the kernel says."""
        energy = np.zeros(last - first)
        for word in range(first // CYCLES, -(-last // CYCLES)):
            begin, end = max(first, CYCLES * word), min(last, CYCLES * (word + 1))
            each = glitches if len(glitches) == 1 else glitches[begin - first : end - first]
            some = energy[begin - first : end - first]
            if not self._settle_word(sample, begin, end, weight, each, some):
                self._settle_each(sample, begin, end, weight, each, some)
        return energy

    # What is replayed and where its sums go.
    def _settle_word(
        self, sample: CycleSample, first: int, last: int, weight: Real, glitches: NDArray[np.int32], energy: Real
    ) -> bool:
        """Replay cycles of one word side by side; False, and nothing is added, where they have to be replayed one by one."""
        if self._words is None or self._parallel is None:
            return False
        begin = first % CYCLES
        before, high, after = sample.words[:, first // CYCLES]
        if (begin, last - first) != (0, CYCLES):
            # The others rest.
            rows = np.arange(CYCLES)[:, None]
            chosen = _as_words(((rows >= begin) & (rows < begin + last - first)).astype(np.uint8))
            high, after = (before ^ ((before ^ one) & chosen) for one in (high, after))
        state = self._take_state(self._words)
        moments = before.reshape(-1), high.reshape(-1), after.reshape(-1)
        status = replay_words(self._parallel, state, *moments, begin, weight, glitches, energy)
        if status == inertial_events.SETTLED:
            self._idle.append(state)
        return bool(status == inertial_events.SETTLED)

    def _take_state(self, words: WordNetwork) -> WordState:
        """A state whose queue holds the longest delay: whatever was replayed with one, it is as new."""
        try:
            state = self._idle.pop()
        except IndexError:
            return new_words(words, self._plan.wheel)
        return state if len(state.slot) >= self._plan.wheel else new_words(words, self._plan.wheel)

    # What is replayed and where its sums go.
    def _settle_each(
        self, sample: CycleSample, first: int, last: int, weight: Real, glitches: NDArray[np.int32], energy: Real
    ) -> None:
        """Replay cycles one by one, which tells one that does not settle."""
        if self._state is None:
            self._state = new_events(self._plan, self._gate)
        status, row = inertial_events.replay(
            self._plan, self._state, *sample.values(first, last), weight, glitches, energy
        )
        if status != inertial_events.SETTLED:
            raise self._differs(status, int(sample.cycle[first + row]))

    def _differs(self, status: int, cycle: int) -> InputError:
        if status == inertial_events.OSCILLATES:
            return InputError(
                f"with delays, a combinational loop oscillates in counted cycle {cycle}; break it, or simulate without glitches"
            )
        return InputError(
            f"net {self._netlist.net_names[status]} settles in counted cycle {cycle} at another value than without delays: it is"
            " part of a combinational loop that remembers; break it, or simulate without glitches"
        )
