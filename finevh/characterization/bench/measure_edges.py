"""Ramps on one input at a time, over slews and loads: delay, transition, energy and charge of every edge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.bench.deck import Bench, cell_deck, node_names
from finevh.characterization.bench.ngspice import Plot, SimulationError, simulate
from finevh.characterization.bench.ramps import RAMP_PER_SLEW, Step, Stimulus, build_stimulus
from finevh.characterization.bench.walker import Walker
from finevh.characterization.bench.waveform import Window, cumulative, last_crossing, windows
from finevh.characterization.cells.topology import LogicState, Topology
from finevh.characterization.corner import Corner
from finevh.characterization.record import State

__all__ = ["Move", "Sample", "Table", "measure_edges", "moves"]

FloatArray = NDArray[np.float64]
SETTLED = 2e-3
"""A step counts as settled when no output moves more than this fraction of the rail over its last third."""
OFF_RAIL = 0.1
"""Static outputs may stand off their rail by this fraction: leakage against a stack, low-swing inputs."""


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
        """The other inputs, and IQ if the cell stores a bit, before the edge."""
        stored = () if self.state.stored is None else (("IQ", self.state.stored),)
        return (*((p, b) for p, b in self.state.inputs if p != self.pin), *stored)

    def by(self, level: float) -> Move:
        """Return the same edge made by a driver on another rail."""
        return Move(self.state, self.pin, level)


Train = tuple[dict[str, float], list[Step]]
"""Volts of every input at time 0, and the steps."""
Builder = Callable[[float], Train]
"""Makes a train whose steps wait for a settling time, ps."""


@dataclass(frozen=True)
class Sample:
    """What one input edge did.

    `delay_ps`/`out_slew_ps`: per output that moved; `energy_fj`: supply energy minus leakage (load energy still inside);
    `charge_fc`: charge into the toggling input (positive into the cell), leakage removed.
    """

    move: Move
    slew_ps: float
    load_ff: float
    delay_ps: Mapping[str, float]
    out_slew_ps: Mapping[str, float]
    out_rising: Mapping[str, bool]
    energy_fj: float
    charge_fc: float


Table = dict[tuple[Move, float, float], Sample]
"""Samples by move, slew (ps) and load (fF)."""
Wanted = Iterable[tuple[Move, Iterable[tuple[float, float]]]]
"""Moves, each with its points (slew, load)."""


def moves(topology: Topology, level: float) -> list[Move]:
    """Return every input edge out of every static state of a cell, drivers on rail `level`."""
    if topology.sequential is None:
        return [Move(state, pin, level) for pin in topology.inputs for state in topology.states()]
    return [Move(state, pin, level) for state in topology.states() for pin in topology.inputs]


def measure_edges(corner: Corner, topology: Topology, table: Table, wanted: Wanted) -> None:
    """Simulate the points that `table` lacks and add them to it, load by load.

    A combinational edge starts from the cell's operating point, so that its figures do not depend on what was measured
    before it: an off node inside a stack keeps the charge of its history for up to a microsecond, and delays with it move
    by up to a tenth. A cell that stores has no such point; one train per load walks it from state to state.

    Raises
    ------
    SimulationError
        If ngspice fails or an output never settles.
    """
    slews: dict[float, list[tuple[Move, float]]] = defaultdict(list)
    for move, points in wanted:
        for slew, load in sorted(points):
            if (move, slew, load) not in table:
                slews[load].append((move, slew))
    plan: list[tuple[float, Builder]] = []
    for load in sorted(slews):
        if topology.sequential is None:
            plan += [(load, _single(corner, topology, move, slew)) for move, slew in slews[load]]
        else:
            plan.append((load, _walk(corner, topology, slews[load])))
    for sample in _run_trains(corner, topology, plan):
        table[sample.move, sample.slew_ps, sample.load_ff] = sample


def _single(corner: Corner, topology: Topology, move: Move, slew: float) -> Builder:
    """Return a builder of the train that makes one edge."""
    before, after = (0.0, move.level) if move.rising else (move.level, 0.0)
    initial = {pin: before if pin == move.pin else corner.vdd * bit for pin, bit in move.state.inputs}
    return lambda hold: (initial, [Step(move.pin, after, slew, hold, move)])


def _walk(corner: Corner, topology: Topology, runs: Sequence[tuple[Move, float]]) -> Builder:
    """Return a builder of the train that walks to each move's state and makes the move, once per slew.

    The nearest state comes next: a rising and a falling edge of Q in turn need half the steps of all rising ones first.
    """

    def build(hold: float) -> Train:
        walker = Walker(corner, topology, hold)
        waiting = list(runs)
        while waiting:
            move, slew = waiting.pop(walker.nearest([move.state for move, _ in waiting]))
            walker.go(move.state)
            walker.move(move.pin, move.level if move.rising else 0.0, slew, move)
        return walker.initial, walker.steps

    return build


def _rested(steps: Sequence[Step], rest_ps: float) -> list[Step]:
    """Return the steps with `rest_ps` more quiet time before each measured one (the first starts from an operating point)."""
    after = [*(step.key is not None for step in steps[1:]), False]
    return [
        replace(step, hold_ps=step.hold_ps + rest_ps) if measured else step
        for step, measured in zip(steps, after, strict=True)
    ]


def _run_trains(corner: Corner, topology: Topology, plan: Iterable[tuple[float, Builder]]) -> list[Sample]:
    """Simulate trains, one transient per (load, builder of the train for a settling time), all in one process.

    Trains that did not settle run again with longer waits.

    Raises
    ------
    SimulationError
        If an output has not settled even in windows sixteen times as long.
    """
    samples: list[Sample] = []
    todo = list(plan)
    factor = 1.0
    while todo:
        bench = Bench(topology, node_names(topology), corner.vdd)
        trains = []
        for load, builder in todo:
            initial, steps = builder(corner.settling_ps(topology, load, factor))
            stimulus = build_stimulus(initial, _rested(steps, corner.process.grid.rest_ps), lead_ps=corner.tau_ps)
            bench.set_loads(load)
            bench.transient(stimulus)
            trains.append(stimulus)
        deck = cell_deck(corner.process, corner.variant, topology, corner.vdd, bench.commands, corner.options)
        plots = simulate(deck, bench.plots, corner.scratch)
        again = []
        for (load, builder), stimulus, plot in zip(todo, trains, plots, strict=True):
            found = _read(corner, bench, stimulus, plot, load)
            if found is None:
                again.append((load, builder))
            else:
                samples += found
        todo, factor = again, factor * 2.5
        if todo and factor > 16:
            raise SimulationError(
                f"{topology.name} {corner.variant.name} {corner.vdd:g} V: outputs do not settle at load "
                f"{todo[0][0]:g} fF; the cell does not work at this voltage or its netlist is wrong"
            )
    return samples


def _read(corner: Corner, bench: Bench, stimulus: Stimulus, plot: Plot, load_ff: float) -> list[Sample] | None:
    """Read every step that is a move; None if an output is not on its level when a step ends."""
    topology, vdd = bench.topology, corner.vdd
    time = plot["time"] * 1e12
    charge = cumulative(time, -plot["i(vdd)"] * 1e3)
    input_charge = {pin: cumulative(time, -plot[bench.current(pin)] * 1e3) for pin in topology.inputs}
    outputs = {pin: plot[bench.voltage(pin)] for pin in topology.output_names}
    state = LogicState(tuple((pin, int(stimulus.sources[pin][1][0] > 0)) for pin in topology.inputs), None)
    samples = []
    ranges = windows(time, stimulus.start_ps, stimulus.end_ps)
    for index, (step, window) in enumerate(zip(stimulus.steps, ranges, strict=True)):
        before = topology.evaluate(state)
        state = topology.apply(state, step.pin, int(step.level > 0))
        after = topology.evaluate(state)
        if after is None:
            continue
        if not all(_settled(wave, time, window, vdd, after[pin]) for pin, wave in outputs.items()):
            return None
        if not isinstance(step.key, Move) or before is None:
            continue
        middle = stimulus.start_ps[index] + 0.5 * RAMP_PER_SLEW * step.slew_ps
        turned = {pin: after[pin] == 1 for pin in outputs if before[pin] != after[pin]}
        edges = _crossings(time, outputs, turned, window, vdd)
        if edges is None:
            return None
        before_window = ranges[index - 1] if index else Window(0, window.first)
        samples.append(
            Sample(
                step.key,
                step.slew_ps,
                load_ff,
                {pin: middle_at - middle for pin, (_, middle_at, _) in edges.items()},
                {pin: last - first for pin, (first, _, last) in edges.items()},
                turned,
                vdd * _dynamic(time, charge, before_window, window, middle),
                _dynamic(time, input_charge[step.pin], before_window, window, middle),
            )
        )
    return samples


def _crossings(
    time: FloatArray, waves: Mapping[str, FloatArray], turned: Mapping[str, bool], window: Window, vdd: float
) -> dict[str, tuple[float, float, float]] | None:
    """Return when each output that turns passes 30, 50 and 70 % of its swing, ps; None if one does not."""
    part = slice(window.first, window.last + 1)
    found = {}
    for pin, up in turned.items():
        levels = (0.3, 0.5, 0.7) if up else (0.7, 0.5, 0.3)
        first, middle, last = (last_crossing(time[part], waves[pin][part], level * vdd, up) for level in levels)
        if first is None or middle is None or last is None:
            return None
        found[pin] = first, middle, last
    return found


def _settled(wave: FloatArray, time: FloatArray, window: Window, vdd: float, bit: int) -> bool:
    """Tell whether an output stands still at its level when a step ends."""
    third = time[window.last] - (time[window.last] - time[window.first]) / 3
    before = float(np.interp(third, time[window.first : window.last + 1], wave[window.first : window.last + 1]))
    last = float(wave[window.last])
    return abs(last - before) <= SETTLED * vdd and abs(last - vdd * bit) <= OFF_RAIL * vdd


def _tail_current(time: FloatArray, charge: FloatArray, window: Window) -> float:
    """Return the static current at the end of a window: the mean over its last third.

    The trapezoid rule lets a current ring from point to point around its true value, so single samples are useless.
    """
    begin = window.last - 1
    limit = time[window.last] - (time[window.last] - time[window.first]) / 3
    while begin > window.first and time[begin - 1] >= limit:
        begin -= 1
    return float((charge[window.last] - charge[begin]) / (time[window.last] - time[begin]))


def _dynamic(time: FloatArray, charge: FloatArray, before: Window, window: Window, middle: float) -> float:
    """Return the charge of a window without static current: the level before until the edge, the level after since."""
    static = _tail_current(time, charge, before) * (middle - time[window.first]) + _tail_current(
        time, charge, window
    ) * (time[window.last] - middle)
    return float(charge[window.last] - charge[window.first] - static)
