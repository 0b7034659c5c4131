"""Setup, hold, recovery, removal and pulse widths by bisection over the distance of two input edges.

Every search is put so that a large distance works and a small one fails. "Works" means that the output ends at the
expected level and, where it switches, at most `PUSHOUT` later than with a generous distance; where it must stay quiet, it
never leaves `GLITCH` of the rail. All searches of a cell advance together: one transient per round.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.combinational import Corner, hold_ps
from finevh.characterization.deck import SEARCH_OPTIONS, TIGHT_OPTIONS, Bench, cell_deck, node_names
from finevh.characterization.ngspice import SimulationError, simulate
from finevh.characterization.record import Constraint, ConstraintKind, PulseWidth
from finevh.characterization.stimulus import RAMP_PER_SLEW, Step, build_stimulus
from finevh.characterization.topology import LogicState, Topology
from finevh.characterization.walker import Walker
from finevh.characterization.waveform import last_crossing

__all__ = ["GLITCH", "PUSHOUT", "measure_constraints"]

PUSHOUT = 1.10
GLITCH = 0.10
ROUNDS = 12
"""Most rounds; a search leaves earlier when its bracket is narrow."""
NARROW_PS = 1.0
"""A bracket this wide is a result: its middle is half as far from either end."""
SMOOTH_PS, SMOOTH_PART = 4.0, 0.04
"""A bracket whose ends both switched is interpolated, so it may be this wide, or this part of the distance."""
_KINDS: dict[str, ConstraintKind] = {
    "setup_rising": "setup_rising",
    "setup_falling": "setup_falling",
    "hold_rising": "hold_rising",
    "hold_falling": "hold_falling",
    "recovery_rising": "recovery_rising",
    "removal_rising": "removal_rising",
}
FloatArray = NDArray[np.float64]
NEAR = 0.3
"""A search first tries this far, in time constants, on both sides of what the cell's last corner found."""
_HINTS: dict[str, dict[tuple[tuple[str, str, str, bool], tuple[int, int]], float]] = {}
"""Per cell, distances of the last corner in time constants. Only the start of a search depends on them."""
REACH = 8.0
"""Half width of the first bracket in corner time constants, besides half the ramps."""


@dataclass
class Search:
    """Two edges and the bracket [fails, works] of the distance between their 50 % points, ps.

    `purpose` is (kind, pin, related pin, edge of the pin rising); `late`: the output delay counts from the second edge.
    """

    purpose: tuple[str, str, str, bool]
    start: LogicState
    first: tuple[str, int]
    second: tuple[str, int]
    expected: dict[str, int]
    switches: bool
    late: bool
    slews: tuple[float, float]
    index: tuple[int, int] = (0, 0)
    """Positions of the slews among the constraint slews and, for pulses, of the state: with the purpose, a name."""
    fails: float = 0.0
    works: float = 0.0
    nominal: float | None = None
    delays: dict[float, float] = field(default_factory=dict)

    @property
    def ramps(self) -> tuple[float, float]:
        """Lengths of the two full ramps, ps."""
        return RAMP_PER_SLEW * self.slews[0], RAMP_PER_SLEW * self.slews[1]

    @property
    def finished(self) -> bool:
        """Tell whether the bracket is narrow enough."""
        width = self.works - self.fails
        smooth = self.fails in self.delays and self.works in self.delays
        return width <= NARROW_PS or (smooth and width <= max(SMOOTH_PS, SMOOTH_PART * abs(self.works)))

    def result(self) -> float:
        """Return the distance where the pushout is reached, interpolated in the last bracket when both ends switched."""
        if self.nominal is None or self.fails not in self.delays or self.works not in self.delays:
            return 0.5 * (self.fails + self.works)
        limit, slow, fast = PUSHOUT * self.nominal, self.delays[self.fails], self.delays[self.works]
        part = (limit - fast) / (slow - fast) if slow > fast else 0.5
        return self.works + float(np.clip(part, 0.0, 1.0)) * (self.fails - self.works)


def measure_constraints(corner: Corner, topology: Topology) -> tuple[tuple[Constraint, ...], tuple[PulseWidth, ...]]:
    """Find every constraint of a cell on the constraint slews.

    Raises
    ------
    SimulationError
        If a search fails even at its generous end.
    """
    slews = [float(s) for s in corner.slew_ps[list(corner.process.grid.constraint_slew)]]
    searches = _edge_searches(topology, slews) + _pulse_searches(corner, topology)
    for search in searches:
        reach = REACH * corner.tau_ps + 0.5 * sum(search.ramps)
        search.fails, search.works = -reach, reach
        if search.first[0] == search.second[0]:
            search.fails, search.works = 0.5 * sum(search.ramps), 40 * corner.tau_ps
    generous = _try(corner, topology, [(search, search.works) for search in searches])
    for search, (works, delay) in zip(searches, generous, strict=True):
        if not works:
            raise SimulationError(
                f"{topology.name} {corner.variant.name} {corner.vdd:g} V: {search.purpose} does not work even "
                f"at {search.works:.0f} ps"
            )
        search.nominal = delay
        if delay is not None:
            search.delays[search.works] = delay
    hints = _HINTS.get(topology.name, {})
    _narrow(
        corner,
        topology,
        [(s, hints[s.purpose, s.index] * corner.tau_ps) for s in searches if (s.purpose, s.index) in hints],
    )
    for _ in range(ROUNDS):
        todo = [(search, 0.5 * (search.fails + search.works)) for search in searches if not search.finished]
        if not todo:
            break
        _advance(todo, _try(corner, topology, todo))
    _HINTS[topology.name] = {(s.purpose, s.index): s.result() / corner.tau_ps for s in searches}
    return _constraints(searches, slews), _pulses(searches)


def _narrow(corner: Corner, topology: Topology, guesses: Sequence[tuple[Search, float]]) -> None:
    """Try both sides of the distances that other corners found, in time constants; a bracket keeps what holds."""
    for side in (NEAR, -NEAR):
        trials = [(search, x + side * corner.tau_ps) for search, x in guesses]
        trials = [(search, x) for search, x in trials if search.fails < x < search.works]
        if trials:
            _advance(trials, _try(corner, topology, trials))


def _advance(trials: Sequence[tuple[Search, float]], results: Sequence[tuple[bool, float | None]]) -> None:
    for (search, x), (works, delay) in zip(trials, results, strict=True):
        if delay is not None:
            search.delays[x] = delay
        if works:
            search.works = x
        else:
            search.fails = x


def _edge_searches(topology: Topology, slews: Sequence[float]) -> list[Search]:
    """List the searches of data and asynchronous pins against the clock, over all slew pairs."""
    sequential = topology.sequential
    assert sequential is not None
    found = []
    states = {(s.inputs, s.stored): s for s in topology.states()}
    clock = sequential.clock
    gate = sequential.kind != "flip-flop"
    # flip-flop: captures on the active edge. latch: on the closing edge. clock gate: on the edge that opens the output.
    closing = (0 if sequential.edge == "rise" else 1) if gate else (1 if sequential.edge == "rise" else 0)
    opening = 1 - closing
    word = "rising" if closing else "falling"
    idle = {pin: 1 for pin in (sequential.clear, sequential.preset) if pin}

    def search(
        kind: str,
        pin: str,
        rising: bool,
        inputs: dict[str, int],
        stored: int,
        first: tuple[str, int],
        second: tuple[str, int],
        output_from: str,
    ) -> None:
        state = states.get((tuple((p, inputs[p]) for p in topology.inputs), stored))
        if state is None:
            return
        middle = topology.apply(state, *first)
        end = topology.apply(middle, *second)
        before, expected = topology.settled(state), topology.settled(end)
        for i, own in enumerate(slews):
            for j, other in enumerate(slews):
                pair = (own, other) if first[0] == pin else (other, own)
                found.append(
                    Search(
                        (kind, pin, clock, rising),
                        state,
                        first,
                        second,
                        expected,
                        before != expected,
                        second[0] == output_from,
                        pair,
                        (i, j),
                    )
                )

    for pin in sequential.next.variables:
        others = [p for p in topology.inputs if p not in (pin, clock, *idle)]
        # The other data pins stand where this pin decides the next state.
        side = next(
            (
                dict(zip(others, bits, strict=True))
                for bits in np.ndindex(*(2,) * len(others))
                if sequential.next.evaluate({**dict(zip(others, bits, strict=True)), **idle, clock: 0, pin: 0})
                != sequential.next.evaluate({**dict(zip(others, bits, strict=True)), **idle, clock: 0, pin: 1})
            ),
            None,
        )
        if side is None:
            continue
        for new in (0, 1):
            inputs = {**side, **idle, clock: opening, pin: 1 - new}
            target = sequential.next.evaluate({**inputs, pin: new})
            # setup: the pin reaches `new` before the closing edge
            search(
                f"setup_{word}",
                pin,
                new == 1,
                inputs,
                1 - target,
                (pin, new),
                (clock, closing),
                pin if sequential.kind == "latch" else clock,
            )
            # hold: the old value 1 - new is captured although the pin moves to `new` after the edge
            stored = (1 - target) if gate else target
            search(f"hold_{word}", pin, new == 1, inputs, stored, (clock, closing), (pin, new), clock)
    asynchronous = ((sequential.clear, 0), (sequential.preset, 1)) if not gate else ()
    for pin, value in ((pin, value) for pin, value in asynchronous if pin is not None):
        data = next(
            d
            for d in (dict.fromkeys(sequential.next.variables, b) for b in (0, 1))
            if sequential.next.evaluate(d) == 1 - value
        )
        inputs = {**dict.fromkeys(topology.inputs, 0), **idle, **data, clock: opening, pin: 0}
        search(f"recovery_{word}", pin, True, inputs, value, (pin, 1), (clock, closing), clock)
        search(f"removal_{word}", pin, True, inputs, value, (clock, closing), (pin, 1), clock)
    return found


def _pulse_searches(corner: Corner, topology: Topology) -> list[Search]:
    """List the searches of pulse widths at a quick slew: each works when the pulse does what a long one does."""
    sequential = topology.sequential
    assert sequential is not None
    slew = float(corner.slew_ps[1])
    found: list[Search] = []
    for pin in [name for name in (sequential.clock, sequential.clear, sequential.preset) if name]:
        for state in topology.states():
            rest = dict(state.inputs)[pin]
            if pin != sequential.clock and rest == 0:
                continue
            middle = topology.apply(state, pin, 1 - rest)
            end = topology.apply(middle, pin, rest)
            before, during, expected = (topology.settled(s) for s in (state, middle, end))
            if end.stored == state.stored:
                continue
            found.append(
                Search(
                    ("pulse", pin, pin, rest == 0),
                    state,
                    (pin, 1 - rest),
                    (pin, rest),
                    expected,
                    before != expected,
                    during == before,
                    (slew, slew),
                    (len(found), 0),
                )
            )
    return found


def _try(corner: Corner, topology: Topology, trials: Sequence[tuple[Search, float]]) -> list[tuple[bool, float | None]]:
    """Simulate every search at one distance; return (works, output delay or None when nothing switches)."""
    load = float(corner.load_ff[(len(corner.load_ff) - 1) // 2])
    hold = hold_ps(corner, topology, load, 1.0)
    walker = Walker(corner, topology, hold)
    marks = [0] * len(trials)
    waiting = list(range(len(trials)))
    while waiting:
        index = waiting.pop(walker.nearest([trials[i][0].start for i in waiting]))
        search, x = trials[index]
        walker.go(search.start)
        ramps = search.ramps
        walker.steps[-1] = _with_hold(walker.steps[-1], hold + max(0.0, -x) + sum(ramps))
        (pin1, bit1), (pin2, bit2) = search.first, search.second
        gap = x - 0.5 * sum(ramps)
        steps = [
            Step(pin1, bit1 * corner.vdd, search.slews[0], gap),
            Step(pin2, bit2 * corner.vdd, search.slews[1], hold),
        ]
        if x < 0:
            steps = [
                Step(pin2, bit2 * corner.vdd, search.slews[1], -x - 0.5 * sum(ramps)),
                Step(pin1, bit1 * corner.vdd, search.slews[0], hold),
            ]
        marks[index] = len(walker.steps)
        walker.steps += steps
        for step in steps:
            walker.levels[step.pin] = step.level
            inputs = {**dict(walker.state.inputs), step.pin: int(step.level > 0)}
            walker.state = LogicState(tuple(inputs.items()), None)
        # A failed trial leaves the stored bit unknown; the next path starts with whatever makes it known.
        walker.steps[-1] = _with_hold(walker.steps[-1], hold + sum(ramps) + abs(x))
    bench = Bench(topology, node_names(topology), corner.vdd)
    stimulus = build_stimulus(walker.initial, walker.steps, corner.tau_ps)
    bench.set_loads(load)
    bench.transient(stimulus)
    options = TIGHT_OPTIONS if corner.options == TIGHT_OPTIONS else SEARCH_OPTIONS
    deck = cell_deck(corner.process, corner.variant, topology, corner.vdd, bench.commands, options)
    plot = simulate(deck, 1, corner.scratch)[0]
    time = plot["time"] * 1e12
    results = []
    for (search, x), mark in zip(trials, marks, strict=True):
        begin, end = float(stimulus.start_ps[mark : mark + 2].min()), float(stimulus.end_ps[mark + 1])
        part = slice(int(np.searchsorted(time, begin - 1e-3)), int(np.searchsorted(time, end + 1e-3, side="right")))
        middle = 0.5 * (stimulus.start_ps[mark : mark + 2] + stimulus.ramp_end_ps[mark : mark + 2])
        late = (1 if search.late else 0) ^ int(x < 0)
        waves = {pin: plot[bench.voltage(pin)][part] for pin in topology.output_names}
        results.append(_judge(search, corner.vdd, time[part], waves, float(middle[late])))
    return results


def _judge(
    search: Search, vdd: float, time: FloatArray, waves: dict[str, FloatArray], reference: float
) -> tuple[bool, float | None]:
    for pin, bit in search.expected.items():
        if abs(waves[pin][-1] - bit * vdd) > GLITCH * vdd:
            return False, None
    if not search.switches:
        quiet = all(np.max(np.abs(waves[pin] - bit * vdd)) <= GLITCH * vdd for pin, bit in search.expected.items())
        return quiet, None
    pin, bit = next(iter(search.expected.items()))
    at = last_crossing(time, waves[pin], 0.5 * vdd, bit == 1)
    if at is None:
        return False, None
    delay = at - reference
    return search.nominal is None or delay <= PUSHOUT * search.nominal, delay


def _with_hold(step: Step, hold: float) -> Step:
    return Step(step.pin, step.level, step.slew_ps, hold, step.key)


def _constraints(searches: Sequence[Search], slews: Sequence[float]) -> tuple[Constraint, ...]:
    """Arrange results into tables; several states of one purpose: the largest distance decides."""
    tables: dict[tuple[ConstraintKind, str, str], dict[bool, FloatArray]] = defaultdict(dict)
    for search in searches:
        kind, pin, related, rising = search.purpose
        if kind == "pulse":
            continue
        table = tables[_KINDS[kind], pin, related].setdefault(rising, np.full((len(slews), len(slews)), -np.inf))
        own, other = search.slews if search.first[0] == pin else search.slews[::-1]
        i, j = slews.index(own), slews.index(other)
        table[i, j] = max(table[i, j], search.result())
    axis = np.array(slews)
    return tuple(
        Constraint(kind, pin, related, axis, axis, edges.get(True), edges.get(False))
        for (kind, pin, related), edges in tables.items()
    )


def _pulses(searches: Sequence[Search]) -> tuple[PulseWidth, ...]:
    widths: dict[str, dict[bool, float]] = defaultdict(dict)
    for search in searches:
        kind, pin, _, high = search.purpose
        if kind == "pulse":
            widths[pin][high] = max(widths[pin].get(high, 0.0), search.result())
    return tuple(PulseWidth(pin, edges.get(True), edges.get(False)) for pin, edges in widths.items())
