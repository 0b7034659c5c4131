"""Setup, hold, recovery, removal and pulse widths by bisection over the distance of two input edges.

Every search is put so that a large distance works and a small one fails. "Works" means that the output ends at the
expected level and, where it switches, at most `PUSHOUT` later than with a generous distance; where it must stay quiet, it
never leaves `GLITCH` of the rail. All searches of a cell advance together: one transient per round.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.bench.deck import SEARCH_OPTIONS, TIGHT_OPTIONS, Bench, cell_deck, node_names
from finevh.characterization.bench.ngspice import Plot, SimulationError, simulate
from finevh.characterization.bench.ramps import RAMP_PER_SLEW, Step, Stimulus, build_stimulus
from finevh.characterization.bench.walker import Walker
from finevh.characterization.bench.waveform import last_crossing
from finevh.characterization.cells.topology import LogicState, Sequential, Topology
from finevh.characterization.corner import Corner
from finevh.characterization.record import Constraint, ConstraintKind, PulseWidth

__all__ = ["GLITCH", "PUSHOUT", "measure_constraints"]

PUSHOUT = 1.10
GLITCH = 0.10
ROUNDS = 14
"""Most rounds; a search leaves earlier when its bracket is narrow."""
NARROW_PS = 1.0
"""A bracket this wide is a result: its middle is half as far from either end."""
SMOOTH_PS, SMOOTH_PART = 4.0, 0.04
"""A bracket whose ends both switched is interpolated, so it may be this wide, or this part of the distance."""
_KINDS: Mapping[str, ConstraintKind] = {kind: kind for kind in get_args(ConstraintKind)}
FloatArray = NDArray[np.float64]
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
    if topology.sequential is None:
        return (), ()
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
    for _ in range(ROUNDS):
        todo = [(search, 0.5 * (search.fails + search.works)) for search in searches if not search.finished]
        if not todo:
            break
        _advance(todo, _try(corner, topology, todo))
    return _constraints(searches, slews), _pulses(searches)


def _advance(trials: Sequence[tuple[Search, float]], results: Sequence[tuple[bool, float | None]]) -> None:
    for (search, x), (works, delay) in zip(trials, results, strict=True):
        if delay is not None:
            search.delays[x] = delay
        if works:
            search.works = x
        else:
            search.fails = x


@dataclass(frozen=True)
class _Pair:
    """Two edges in order, out of a state given by its inputs and stored bit, at any slews.

    `pin` moves against the clock; the output's delay counts from `output_from`.
    """

    kind: str
    pin: str
    rising: bool
    inputs: Mapping[str, int]
    stored: int
    first: tuple[str, int]
    second: tuple[str, int]
    output_from: str


def _edge_searches(topology: Topology, slews: Sequence[float]) -> list[Search]:
    """List the searches of data and asynchronous pins against the clock, over all slew pairs."""
    sequential = topology.sequential
    assert sequential is not None
    states = {(s.inputs, s.stored): s for s in topology.states()}
    found = []
    for pair in (*_data_pairs(topology, sequential), *_asynchronous_pairs(topology, sequential)):
        state = states.get((tuple((p, pair.inputs[p]) for p in topology.inputs), pair.stored))
        if state is None:
            continue
        end = topology.apply(topology.apply(state, *pair.first), *pair.second)
        before, expected = topology.settled(state), topology.settled(end)
        for own in slews:
            for other in slews:
                found.append(
                    Search(
                        (pair.kind, pair.pin, sequential.clock, pair.rising),
                        state,
                        pair.first,
                        pair.second,
                        expected,
                        before != expected,
                        pair.second[0] == pair.output_from,
                        (own, other) if pair.first[0] == pair.pin else (other, own),
                    )
                )
    return found


def _closing(sequential: Sequential) -> int:
    """Return the clock's level after the edge that constraints refer to.

    A flip-flop captures on the active edge, a latch on the closing one, a clock gate opens its output on the closing one.
    """
    active = 1 if sequential.edge == "rise" else 0
    return active if sequential.kind == "flip-flop" else 1 - active


def _data_pairs(topology: Topology, sequential: Sequential) -> Iterator[_Pair]:
    """Yield setup and hold of every data pin, the other data pins standing where this one decides the next state."""
    clock, closing = sequential.clock, _closing(sequential)
    word = "rising" if closing else "falling"
    idle = {pin: 1 for pin in (sequential.clear, sequential.preset) if pin}
    stores_old = sequential.kind != "flip-flop"
    for pin in sequential.next.variables:
        others = [p for p in topology.inputs if p not in (pin, clock, *idle)]
        sides = (dict(zip(others, bits, strict=True)) for bits in np.ndindex(*(2,) * len(others)))
        side = next((side for side in sides if _decides(sequential, pin, {**side, **idle, clock: 0})), None)
        if side is None:
            continue
        for new in (0, 1):
            inputs = {**side, **idle, clock: 1 - closing, pin: 1 - new}
            target = sequential.next.evaluate({**inputs, pin: new})
            # The pin reaches `new` before the closing edge.
            source = pin if sequential.kind == "latch" else clock
            yield _Pair(f"setup_{word}", pin, new == 1, inputs, 1 - target, (pin, new), (clock, closing), source)
            # The old value 1 - new is captured although the pin moves to `new` after the edge.
            stored = 1 - target if stores_old else target
            yield _Pair(f"hold_{word}", pin, new == 1, inputs, stored, (clock, closing), (pin, new), clock)


def _decides(sequential: Sequential, pin: str, inputs: Mapping[str, int]) -> bool:
    return sequential.next.evaluate({**inputs, pin: 0}) != sequential.next.evaluate({**inputs, pin: 1})


def _asynchronous_pairs(topology: Topology, sequential: Sequential) -> Iterator[_Pair]:
    """Yield recovery and removal of a flip-flop's clear and preset, data standing against them."""
    if sequential.kind != "flip-flop":
        return
    clock, closing = sequential.clock, _closing(sequential)
    word = "rising" if closing else "falling"
    idle = {pin: 1 for pin in (sequential.clear, sequential.preset) if pin}
    for pin, value in ((sequential.clear, 0), (sequential.preset, 1)):
        if pin is None:
            continue
        data = next(
            d
            for d in (dict.fromkeys(sequential.next.variables, b) for b in (0, 1))
            if sequential.next.evaluate(d) == 1 - value
        )
        inputs = {**dict.fromkeys(topology.inputs, 0), **idle, **data, clock: 1 - closing, pin: 0}
        yield _Pair(f"recovery_{word}", pin, True, inputs, value, (pin, 1), (clock, closing), clock)
        yield _Pair(f"removal_{word}", pin, True, inputs, value, (clock, closing), (pin, 1), clock)


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
                )
            )
    return found


def _try(corner: Corner, topology: Topology, trials: Sequence[tuple[Search, float]]) -> list[tuple[bool, float | None]]:
    """Simulate every search at one distance; return (works, output delay or None when nothing switches)."""
    load = float(corner.load_ff[(len(corner.load_ff) - 1) // 2])
    walker = Walker(corner, topology, corner.settling_ps(topology, load))
    marks = [0] * len(trials)
    waiting = list(range(len(trials)))
    while waiting:
        index = waiting.pop(walker.nearest([trials[i][0].start for i in waiting]))
        search, x = trials[index]
        walker.go(search.start)
        _pause(walker, max(0.0, -x) + sum(search.ramps))
        marks[index] = len(walker.steps)
        for step in _two_edges(search, x, corner.vdd, walker.hold):
            walker.steps.append(step)
            walker.levels[step.pin] = step.level
            inputs = {**dict(walker.state.inputs), step.pin: int(step.level > 0)}
            # A failed trial leaves the stored bit unknown; the next path starts with whatever makes it known.
            walker.state = LogicState(tuple(inputs.items()), None)
        _pause(walker, sum(search.ramps) + abs(x))
    bench = Bench(topology, node_names(topology), corner.vdd)
    stimulus = build_stimulus(walker.initial, walker.steps, corner.tau_ps)
    bench.set_loads(load)
    bench.transient(stimulus)
    options = TIGHT_OPTIONS if corner.options == TIGHT_OPTIONS else SEARCH_OPTIONS
    deck = cell_deck(corner.process, corner.variant, topology, corner.vdd, bench.commands, options)
    plot = simulate(deck, 1, corner.scratch)[0]
    return [_read(bench, stimulus, plot, *trial, mark) for trial, mark in zip(trials, marks, strict=True)]


def _pause(walker: Walker, more_ps: float) -> None:
    """Make the last step wait longer than the walk's steps do."""
    walker.steps[-1] = replace(walker.steps[-1], hold_ps=walker.hold + more_ps)


def _two_edges(search: Search, x: float, vdd: float, hold_ps: float) -> list[Step]:
    """Return the steps of a trial in order of time; a negative distance turns them round."""
    (pin1, bit1), (pin2, bit2) = search.first, search.second
    gap = abs(x) - 0.5 * sum(search.ramps)
    first, second = (pin1, bit1 * vdd, search.slews[0]), (pin2, bit2 * vdd, search.slews[1])
    if x < 0:
        first, second = second, first
    return [Step(*first, gap), Step(*second, hold_ps)]


def _read(
    bench: Bench, stimulus: Stimulus, plot: Plot, search: Search, x: float, mark: int
) -> tuple[bool, float | None]:
    """Cut one trial, whose steps begin at `mark`, out of the transient and judge it."""
    time = plot["time"] * 1e12
    begin, end = float(stimulus.start_ps[mark : mark + 2].min()), float(stimulus.end_ps[mark + 1])
    part = slice(int(np.searchsorted(time, begin - 1e-3)), int(np.searchsorted(time, end + 1e-3, side="right")))
    middle = 0.5 * (stimulus.start_ps[mark : mark + 2] + stimulus.ramp_end_ps[mark : mark + 2])
    late = (1 if search.late else 0) ^ int(x < 0)
    waves = {pin: plot[bench.voltage(pin)][part] for pin in bench.topology.output_names}
    return _judge(search, bench.vdd, time[part], waves, float(middle[late]))


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
