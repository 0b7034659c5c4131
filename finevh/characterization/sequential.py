"""Sequential cells: every single-input edge between static states, measured as a delay arc or as a hidden energy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.cell import pins_of
from finevh.characterization.combinational import Corner, Sample, Train, run_trains
from finevh.characterization.constraints import measure_constraints
from finevh.characterization.record import (
    Arc,
    CellRecord,
    CrossDelay,
    Edge,
    HiddenEnergy,
    PinCapacitance,
    Sense,
    State,
    TimingType,
)
from finevh.characterization.seqstatic import sequential_leakage, sequential_noise
from finevh.characterization.topology import LogicState, Topology
from finevh.characterization.walker import Walker

__all__ = ["characterize_sequential"]


@dataclass(frozen=True)
class Move:
    """One input edge out of a static state; `level` is the rail of that input's driver."""

    state: LogicState
    pin: str
    level: float

    @property
    def rising(self) -> bool:
        """Direction of the input edge."""
        return dict(self.state.inputs)[self.pin] == 0

    @property
    def side(self) -> State:
        """The other inputs and IQ before the edge."""
        assert self.state.stored is not None
        return (*((p, b) for p, b in self.state.inputs if p != self.pin), ("IQ", self.state.stored))


FloatArray = NDArray[np.float64]
Group = tuple[str, str, Sense, TimingType]
Table = dict[tuple[Move, float, float], Sample]


def characterize_sequential(corner: Corner, topology: Topology) -> CellRecord:
    """Measure everything a record of a sequential cell holds."""
    states, cross_leakage = sequential_leakage(corner, topology)
    moves = [Move(state, pin, corner.vdd) for state in topology.states() for pin in topology.inputs]
    groups, quiet = _classify(topology, moves)
    slew, load = _middle(corner)
    table: Table = {}
    _fill(corner, topology, table, [(move, {(slew, load)}) for move in dict.fromkeys(moves)])
    worst = {key: _slowest(table, members, key[0][1], slew, load) for key, members in groups.items()}
    _fill(corner, topology, table, [(move, _points(corner, key[0])) for key, move in worst.items()])
    capacitances = tuple(
        _capacitance(corner, pin, [s for (m, s_, l_), s in table.items() if m.pin == pin and (s_, l_) == (slew, load)])
        for pin in topology.inputs
    )
    constraints, pulses = measure_constraints(corner, topology)
    return CellRecord(
        topology.name,
        corner.variant.name,
        corner.vdd,
        corner.process.temperature_c,
        pins_of(topology),
        capacitances,
        _arcs(corner, table, worst),
        _hidden(topology, [(m, table[m, slew, load]) for m in quiet]),
        states,
        cross_leakage,
        _cross(corner, topology, table, worst),
        sequential_noise(corner, topology),
        constraints,
        pulses,
    )


def _slowest(table: Table, moves: Iterable[Move], output: str, slew: float, load: float) -> Move:
    return max(moves, key=lambda move: table[move, slew, load].delay_ps[output])


def _middle(corner: Corner) -> tuple[float, float]:
    grid = corner.process.grid
    return float(corner.slew_ps[grid.side_slew[1]]), float(corner.load_ff[grid.side_load[1]])


def _classify(topology: Topology, moves: Iterable[Move]) -> tuple[dict[tuple[Group, bool], list[Move]], list[Move]]:
    """Sort moves into arc edges, keyed by (group, output rising), and quiet ones."""
    groups: dict[tuple[Group, bool], list[Move]] = defaultdict(list)
    quiet = []
    for move in moves:
        before = topology.settled(move.state)
        after = topology.settled(topology.apply(move.state, move.pin, int(move.rising)))
        moved = [pin for pin in before if before[pin] != after[pin]]
        for pin in moved:
            kind, sense = _timing(topology, move, after[pin] == 1)
            groups[(move.pin, pin, sense, kind), after[pin] == 1].append(move)
        if not moved:
            quiet.append(move)
    return groups, quiet


def _timing(topology: Topology, move: Move, up: bool) -> tuple[TimingType, Sense]:
    """Return the Liberty kind of an arc; an edge-triggered arc has no sense."""
    sequential = topology.sequential
    assert sequential is not None
    if move.pin == sequential.clear:
        return "clear", "positive_unate"
    if move.pin == sequential.preset:
        return "preset", "negative_unate"
    if move.pin == sequential.clock and sequential.kind != "clock-gate":
        return ("rising_edge" if move.rising else "falling_edge"), "non_unate"
    return "combinational", "positive_unate" if move.rising == up else "negative_unate"


def _axes(corner: Corner, group: Group) -> tuple[FloatArray, FloatArray]:
    """Asynchronous arcs use the small grid, all others the full one."""
    grid = corner.process.grid
    if group[3] in ("clear", "preset"):
        return corner.slew_ps[list(grid.side_slew)], corner.load_ff[list(grid.side_load)]
    return corner.slew_ps, corner.load_ff


def _points(corner: Corner, group: Group) -> set[tuple[float, float]]:
    slews, loads = _axes(corner, group)
    return {(float(s), float(load)) for s in slews for load in loads}


def _fill(
    corner: Corner, topology: Topology, table: Table, wanted: Sequence[tuple[Move, set[tuple[float, float]]]]
) -> None:
    """Simulate the (slew, load) points of every move that the table lacks."""
    plan = []
    for load in sorted({load for _, points in wanted for _, load in points}):
        runs = [
            (move, sorted(s for s, at in points if at == load and (move, s, load) not in table))
            for move, points in wanted
        ]
        runs = [(move, slews) for move, slews in runs if slews]
        if runs:
            plan.append((load, _builder(corner, topology, runs)))
    for sample in run_trains(corner, topology, plan) if plan else []:
        assert isinstance(sample.toggle, Move)
        table[sample.toggle, sample.slew_ps, sample.load_ff] = sample


def _builder(
    corner: Corner, topology: Topology, runs: Sequence[tuple[Move, Sequence[float]]]
) -> Callable[[float], Train]:
    """Return a builder of the train that walks to each move's state and makes the move, once per slew.

    The nearest state comes next: a rising and a falling edge of Q in turn need half the steps of all rising ones first.
    """

    def build(hold: float) -> Train:
        walker = Walker(corner, topology, hold)
        waiting = [(move, slew) for move, slews in runs for slew in slews]
        while waiting:
            move, slew = waiting.pop(walker.nearest([move.state for move, _ in waiting]))
            walker.go(move.state)
            walker.move(move.pin, move.level if move.rising else 0.0, slew, move)
        return walker.initial, walker.steps

    return build


def _edge(corner: Corner, table: Table, move: Move, pin: str, axes: tuple[FloatArray, FloatArray]) -> Edge:
    slews, loads = axes
    shape = (len(slews), len(loads))
    delay, out_slew, energy = np.empty(shape), np.empty(shape), np.empty(shape)
    for i, slew in enumerate(slews):
        for j, load in enumerate(loads):
            sample = table[move, float(slew), float(load)]
            delay[i, j], out_slew[i, j] = sample.delay_ps[pin], sample.out_slew_ps[pin]
            charged = sum(sample.out_rising.values())
            energy[i, j] = (sample.energy_fj - charged * load * corner.vdd**2) / len(sample.delay_ps)
    return Edge(delay, out_slew, energy)


def _arcs(corner: Corner, table: Table, worst: dict[tuple[Group, bool], Move]) -> tuple[Arc, ...]:
    arcs = []
    for group in dict.fromkeys(key[0] for key in worst):
        axes = _axes(corner, group)
        up, down = worst.get((group, True)), worst.get((group, False))
        arcs.append(
            Arc(
                group[0],
                group[1],
                group[2],
                group[3],
                (),
                *axes,
                _edge(corner, table, up, group[1], axes) if up else None,
                _edge(corner, table, down, group[1], axes) if down else None,
                up.side if up else (),
                down.side if down else (),
            )
        )
    return tuple(arcs)


def _hidden(topology: Topology, quiet: Sequence[tuple[Move, Sample]]) -> tuple[HiddenEnergy, ...]:
    """Pair the two edges of a pin under one side state; an edge that moves an output there is NaN here.

    An edge that changes the stored bit (data of a transparent latch) is filed without IQ, which follows the pin there.
    """
    pairs: dict[tuple[str, State], dict[bool, Sample]] = defaultdict(dict)
    for move, sample in quiet:
        kept = topology.apply(move.state, move.pin, int(move.rising)).stored == move.state.stored
        pairs[move.pin, move.side if kept else move.side[:-1]][move.rising] = sample
    found = []
    for (pin, side), edges in pairs.items():
        slew = next(iter(edges.values())).slew_ps
        rise, fall = (edges[e].energy_fj if e in edges else np.nan for e in (True, False))
        found.append(HiddenEnergy(pin, side, np.array([slew]), np.array([rise]), np.array([fall])))
    return tuple(found)


def _capacitance(corner: Corner, pin: str, samples: Sequence[Sample]) -> PinCapacitance:
    rise = [s.charge_fc / corner.vdd for s in samples if s.rising]
    fall = [-s.charge_fc / corner.vdd for s in samples if not s.rising]
    return PinCapacitance(
        pin, float(np.mean(rise)), float(np.mean(fall)), (min(rise), max(rise)), (min(fall), max(fall))
    )


def _cross(
    corner: Corner, topology: Topology, table: Table, worst: dict[tuple[Group, bool], Move]
) -> tuple[CrossDelay, ...]:
    """Repeat worst arc edges with the moving input's driver on other rails (synchronous arcs only)."""
    grid = corner.process.grid
    slews, loads = corner.slew_ps[list(grid.clock_cross_slew)], corner.load_ff[list(grid.clock_cross_load)]
    drivers = corner.process.delay_drivers(corner.vdd)
    chosen = {key: move for key, move in worst.items() if key[0][3] not in ("clear", "preset")}
    crossed_table: Table = {}
    points = {(float(s), float(load)) for s in slews for load in loads}
    other = [float(v) for v in drivers if abs(v - corner.vdd) > 1e-6]
    if other:
        _fill(
            corner, topology, crossed_table, [(Move(m.state, m.pin, v), points) for m in chosen.values() for v in other]
        )
    found = []
    for (group, up), move in chosen.items():
        shape = (len(drivers), len(slews), len(loads))
        delay, out_slew = np.empty(shape), np.empty(shape)
        for d, rail in enumerate(drivers):
            own = abs(rail - corner.vdd) <= 1e-6
            edge = _edge(
                corner,
                table if own else crossed_table,
                move if own else Move(move.state, move.pin, float(rail)),
                group[1],
                (slews, loads),
            )
            delay[d], out_slew[d] = edge.delay_ps, edge.slew_ps
        found.append(
            CrossDelay(
                group[0],
                group[1],
                group[2],
                "rise" if up else "fall",
                move.side,
                drivers,
                slews,
                loads,
                delay,
                out_slew,
            )
        )
    return tuple(found)
