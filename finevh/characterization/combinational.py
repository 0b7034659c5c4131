"""Delay, transition, energy and input charge: ramps on one input at a time, over slews and loads."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.deck import Bench, cell_deck, node_names
from finevh.characterization.logic import assignments
from finevh.characterization.ngspice import Plot, SimulationError, simulate
from finevh.characterization.process import Process, Variant
from finevh.characterization.stimulus import RAMP_PER_SLEW, Step, Stimulus, build_stimulus
from finevh.characterization.topology import LogicState, Topology
from finevh.characterization.waveform import Window, cumulative, last_crossing, windows

__all__ = ["Corner", "Sample", "Toggle", "Train", "run_toggles", "run_trains", "toggles"]

FloatArray = NDArray[np.float64]
SETTLED = 2e-3
"""A step counts as settled when no output moves more than this fraction of the rail over its last third."""
OFF_RAIL = 0.1
"""Static outputs may stand off their rail by this fraction: leakage against a stack, low-swing inputs."""


@dataclass(frozen=True)
class Corner:
    """One (process, variant, Vdd) with its time constant: `tau_ps`, `unit_ps_per_ff` (inverter delay per load)."""

    process: Process
    variant: Variant
    vdd: float
    tau_ps: float
    unit_ps_per_ff: float
    scratch: Path
    options: str

    @property
    def slew_ps(self) -> FloatArray:
        """Full slew axis, ps, four significant digits."""
        return np.array([float(f"{s * self.tau_ps:.4g}") for s in self.process.grid.slew])

    @property
    def load_ff(self) -> FloatArray:
        """Full load axis, fF."""
        return self.process.grid.load_ff


@dataclass(frozen=True)
class Toggle:
    """One input toggling under fixed side inputs; `level` is the rail of the toggling input's driver."""

    pin: str
    side: tuple[tuple[str, int], ...]
    level: float


Train = tuple[dict[str, float], list[Step]]
"""Volts of every input at time 0, and the steps."""


@dataclass(frozen=True)
class Sample:
    """What one input edge did; `toggle` is the key of its step.

    `delay_ps`/`out_slew_ps`: per output that moved; `energy_fj`: supply energy minus leakage (load energy still inside);
    `charge_fc`: charge into the toggling input (positive into the cell), leakage removed.
    """

    toggle: Hashable
    rising: bool
    slew_ps: float
    load_ff: float
    delay_ps: Mapping[str, float]
    out_slew_ps: Mapping[str, float]
    out_rising: Mapping[str, bool]
    energy_fj: float
    charge_fc: float


def toggles(topology: Topology, level: float, active: bool) -> list[Toggle]:
    """Return every (input, side state) that moves an output (`active`) or moves none."""
    found = []
    for pin in topology.inputs:
        others = [name for name in topology.inputs if name != pin]
        for side in assignments(others):
            moves = any(f.evaluate({**side, pin: 0}) != f.evaluate({**side, pin: 1}) for _, f in topology.outputs)
            if moves == active:
                found.append(Toggle(pin, tuple(side.items()), level))
    return found


def hold_ps(corner: Corner, topology: Topology, load_ff: float, factor: float) -> float:
    """Return a settling time that is generous for any stack of four: extra quiet time costs few time points."""
    depth = 5 + len(topology.transistors) / 8
    return factor * (depth * 4 * corner.tau_ps + 22 * corner.unit_ps_per_ff * load_ff)


def rested(steps: Sequence[Step], rest_ps: float) -> list[Step]:
    """Return the steps with `rest_ps` more quiet time before each measured one (the first starts from an operating point)."""
    after = [*(step.key is not None for step in steps[1:]), False]
    return [
        replace(step, hold_ps=step.hold_ps + rest_ps) if measured else step
        for step, measured in zip(steps, after, strict=True)
    ]


def run_toggles(
    corner: Corner, topology: Topology, plan: Iterable[tuple[float, Sequence[tuple[Toggle, Sequence[float]]]]]
) -> list[Sample]:
    """Simulate a plan of (load, [(toggle, slews), ...]), both edges of every toggle, each from the cell's operating point.

    So a figure does not depend on what was measured before it: an off node inside a stack keeps the charge of its history
    for up to a microsecond, and delays with it move by up to a tenth.
    """

    def builder(toggle: Toggle, slew: float, rising: bool) -> Callable[[float], Train]:
        levels = (0.0, toggle.level) if rising else (toggle.level, 0.0)
        start = {**{pin: corner.vdd * bit for pin, bit in toggle.side}, toggle.pin: levels[0]}
        initial = {pin: start[pin] for pin in topology.inputs}
        return lambda hold: (initial, [Step(toggle.pin, levels[1], slew, hold, toggle)])

    edges = [
        (load, builder(toggle, slew, rising))
        for load, runs in plan
        for toggle, slews in runs
        for slew in slews
        for rising in (True, False)
    ]
    return run_trains(corner, topology, edges)


def run_trains(
    corner: Corner, topology: Topology, plan: Iterable[tuple[float, Callable[[float], Train]]]
) -> list[Sample]:
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
            initial, steps = builder(hold_ps(corner, topology, load, factor))
            stimulus = build_stimulus(initial, rested(steps, corner.process.grid.rest_ps), lead_ps=corner.tau_ps)
            bench.set_loads(load)
            bench.transient(stimulus)
            trains.append(stimulus)
        deck = cell_deck(corner.process, corner.variant, topology, corner.vdd, bench.commands, corner.options)
        plots = simulate(deck, bench.plots, corner.scratch)
        again = []
        for (load, builder), stimulus, plot in zip(todo, trains, plots, strict=True):
            found = _measure(corner, bench, stimulus, plot, load)
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


def _measure(corner: Corner, bench: Bench, stimulus: Stimulus, plot: Plot, load_ff: float) -> list[Sample] | None:
    """Read every keyed step; None if an output is not on its level when a step ends."""
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
        for pin, wave in outputs.items():
            if not _settled(wave, time, window, vdd, after[pin]):
                return None
        if step.key is None or before is None:
            continue
        slew = step.slew_ps
        before_window = ranges[index - 1] if index else Window(0, window.first)
        middle = stimulus.start_ps[index] + 0.5 * RAMP_PER_SLEW * slew
        delay, out_slew = {}, {}
        part = slice(window.first, window.last + 1)
        for pin, wave in outputs.items():
            if before[pin] == after[pin]:
                continue
            up = after[pin] == 1
            at = [
                last_crossing(time[part], wave[part], level * vdd, up)
                for level in ((0.3, 0.5, 0.7) if up else (0.7, 0.5, 0.3))
            ]
            if at[0] is None or at[1] is None or at[2] is None:
                return None
            delay[pin], out_slew[pin] = at[1] - middle, at[2] - at[0]
        energy = vdd * _dynamic(time, charge, before_window, window, middle)
        moved = _dynamic(time, input_charge[step.pin], before_window, window, middle)
        samples.append(
            Sample(
                step.key,
                step.level > 0,
                slew,
                load_ff,
                delay,
                out_slew,
                {pin: after[pin] == 1 for pin in delay},
                energy,
                moved,
            )
        )
    return samples


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
