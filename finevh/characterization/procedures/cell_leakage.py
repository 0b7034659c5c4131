"""Static power of every state, and how it grows when inputs stand on another rail.

A cell that stores nothing is measured by DC sweeps of the driver rail, one per ternary code of its inputs (0, 1 on the own
rail, 1 on the driver's); one that stores, by slow transients: a DC solution has no memory.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.bench.deck import STATIC_OPTIONS, Bench, cell_deck, node_names
from finevh.characterization.bench.ngspice import Plot, simulate
from finevh.characterization.bench.ramps import build_stimulus
from finevh.characterization.bench.static import LOGIC_BAND, append_sweep, run_sweeps
from finevh.characterization.bench.walker import Walker
from finevh.characterization.bench.waveform import Window, cumulative, windows
from finevh.characterization.cells.topology import LogicState, Topology
from finevh.characterization.corner import Corner
from finevh.characterization.record import CrossLeakage, StateLeakage
from finevh.errors import InputError
from finevh.units import VOLTAGE_TOLERANCE

__all__ = ["leakage"]

FloatArray = NDArray[np.float64]
Powers = dict[tuple[LogicState, tuple[str, ...], float], float]
"""mW by (state, inputs on another rail, that rail)."""
QUIET_PS = 4.0e6
"""Wait before a leakage is read: 4 us, many times what the slowest off node needs to settle."""
LEAK_SLEW_PS = 100.0
"""Ramps of the leakage walk: ngspice merges source corners closer than 5e-5 of its longest time step."""


def leakage(corner: Corner, topology: Topology) -> tuple[tuple[StateLeakage, ...], tuple[CrossLeakage, ...]]:
    """Measure static power, sources of the supply and of every input counted, mW.

    Returns
    -------
    The power of every state on the own rail, and one table over ternary codes and driver rails per stored bit.

    Raises
    ------
    InputError
        If an output contradicts the cell's function in a state.
    """
    if topology.sequential is None:
        states, table = _by_sweeps(corner, topology)
        return states, (table,)
    return _by_transients(corner, topology)


def _by_sweeps(corner: Corner, topology: Topology) -> tuple[tuple[StateLeakage, ...], CrossLeakage]:
    """Sweep the common driver rail once per code."""
    drivers = corner.process.drivers(corner.vdd)
    codes = list(itertools.product((0, 1, 2), repeat=len(topology.inputs)))
    bench = Bench(topology, node_names(topology), corner.vdd)
    for digits in codes:
        for i, digit in enumerate(digits):
            bench.commands += [
                f"alter vi{i} dc={corner.vdd if digit == 1 else 0:.6g}",
                f"alter ei{i} gain={int(digit == 2)}",
            ]
        rails = drivers if 2 in digits else np.array([corner.vdd])
        append_sweep(bench, "vdrv", rails)
    plots = run_sweeps(corner, bench)
    table = np.empty((len(drivers), len(codes)))
    states = []
    for digits, plot in zip(codes, plots, strict=True):
        power = _power(bench, plot)
        table[:, sum(d * 3**i for i, d in enumerate(digits))] = power
        if 2 not in digits:
            values = dict(zip(topology.inputs, digits, strict=True))
            volts = {p: float(plot[bench.voltage(p)][0]) for p in topology.output_names}
            _check(corner, topology, LogicState(tuple(values.items()), None), volts)
            states.append(StateLeakage(tuple(values.items()), float(power[0])))
    return tuple(states), CrossLeakage(topology.inputs, -1, drivers, table)


def _power(bench: Bench, plot: Plot) -> FloatArray:
    """Return the power that all sources deliver, per sweep point, mW."""
    power = -bench.vdd * plot["i(vdd)"]
    for pin in bench.topology.inputs:
        power = power - plot[bench.voltage(pin)] * plot[bench.current(pin)]
    return np.asarray(power * 1e3)


def _by_transients(corner: Corner, topology: Topology) -> tuple[tuple[StateLeakage, ...], tuple[CrossLeakage, ...]]:
    """Hold every state, quiet, with every set of inputs at 1 on every driver rail."""
    drivers = corner.process.drivers(corner.vdd)
    load = float(corner.load_ff[0])
    hold = corner.settling_ps(topology, load)
    bench = Bench(topology, node_names(topology), corner.vdd)
    bench.set_loads(load)
    trains = []
    for state in topology.states():
        walker = _leakage_walk(Walker(corner, topology, hold), state, drivers)
        stimulus = build_stimulus(walker.initial, walker.steps, corner.tau_ps)
        bench.transient(stimulus, longest_ps=QUIET_PS / 40)
        trains.append(stimulus)
    # Gear: the trapezoid rule's currents ring for ever at these long steps.
    options = STATIC_OPTIONS + " method=gear chgtol=1e-16"
    deck = cell_deck(corner.process, corner.variant, topology, corner.vdd, bench.commands, options)
    power: Powers = {}
    for stimulus, plot in zip(trains, simulate(deck, bench.plots, corner.scratch), strict=True):
        time = plot["time"] * 1e12
        for step, window in zip(stimulus.steps, windows(time, stimulus.start_ps, stimulus.end_ps), strict=True):
            if step.key is None:
                continue
            assert isinstance(step.key, tuple)
            state, low, rail = step.key
            power[state, low, rail] = _static_power(bench, plot, time, window, dict.fromkeys(low, float(rail)), state)
            _check(
                corner, topology, state, {p: float(plot[bench.voltage(p)][window.last]) for p in topology.output_names}
            )
    return _states(topology, corner.vdd, power), tuple(
        _table(topology, corner.vdd, drivers, power, bit) for bit in (0, 1)
    )


def _leakage_walk(walker: Walker, state: LogicState, drivers: FloatArray) -> Walker:
    """Write the steps that hold one state, quiet, with every set of its inputs at 1 on every rail."""
    ones = [pin for pin, bit in state.inputs if bit]
    last = state.inputs[-1][0]
    own = walker.corner.vdd
    walker.go(state)
    for count in range(len(ones) + 1):
        for low in itertools.combinations(ones, count):
            for rail in drivers[np.abs(drivers - own) > 1e-6] if low else (own,):
                for pin in ones:
                    level = float(rail) if pin in low else own
                    if walker.levels[pin] != level:
                        walker.move(pin, level, LEAK_SLEW_PS, None)
                walker.move(last, walker.levels[last], LEAK_SLEW_PS, (state, low, float(rail)), QUIET_PS)
    return walker


def _static_power(
    bench: Bench, plot: Plot, time: FloatArray, window: Window, rails: dict[str, float], state: LogicState
) -> float:
    """Return the power of all sources over the last third of a window, mW."""
    limit = time[window.last] - QUIET_PS / 3
    begin = min(int(np.searchsorted(time, limit)), window.last - 1)
    span = time[window.last] - time[begin]
    part = slice(begin, window.last + 1)

    def mean(name: str) -> float:
        return -float(cumulative(time[part], plot[name][part] * 1e3)[-1]) / float(span)

    total = bench.vdd * mean("i(vdd)")
    for pin, bit in state.inputs:
        total += bit * rails.get(pin, bench.vdd) * mean(bench.current(pin))
    return total


def _check(corner: Corner, topology: Topology, state: LogicState, volts: dict[str, float]) -> None:
    """Raise InputError if static output voltages contradict the cell's functions in a state."""
    for pin, bit in topology.settled(state).items():
        if abs(volts[pin] - bit * corner.vdd) <= LOGIC_BAND * corner.vdd:
            continue
        pattern = ", ".join(f"{name}={value}" for name, value in state.inputs)
        mend = "the function or the netlist"
        if state.stored is not None:
            pattern += f", IQ={state.stored}"
            mend = "the function, the sequential description or the netlist"
        raise InputError(
            f"{topology.origin}: [cells.{topology.name}]: {pin} is {volts[pin]:.3f} V at {pattern} "
            f"(Vdd {corner.vdd:g} V), but its function {topology.function(pin).text!r} says {bit}; correct {mend}"
        )


def _states(topology: Topology, vdd: float, power: Powers) -> tuple[StateLeakage, ...]:
    found = []
    for state in topology.states():
        assert state.stored is not None
        found.append(StateLeakage((*state.inputs, ("IQ", state.stored)), power[state, (), vdd]))
    return tuple(found)


def _table(topology: Topology, vdd: float, drivers: FloatArray, power: Powers, stored: int) -> CrossLeakage:
    """Arrange the powers of one stored bit by ternary code; a state that does not exist stays NaN."""
    table = np.full((len(drivers), 3 ** len(topology.inputs)), np.nan)
    for (state, low, rail), value in power.items():
        if state.stored != stored:
            continue
        code = sum((2 if pin in low else bit) * 3**i for i, (pin, bit) in enumerate(state.inputs))
        own = np.abs(drivers - vdd) <= VOLTAGE_TOLERANCE
        if not low:
            table[:, code] = value
            for count in range(1, sum(bit for _, bit in state.inputs) + 1):
                for same in itertools.combinations([pin for pin, bit in state.inputs if bit], count):
                    again = sum((2 if pin in same else bit) * 3**i for i, (pin, bit) in enumerate(state.inputs))
                    table[own, again] = value
        else:
            table[np.abs(drivers - rail) <= VOLTAGE_TOLERANCE, code] = value
    return CrossLeakage(topology.inputs, stored, drivers, table)
