"""Static measurements of sequential cells: leakage by slow transients (a DC solution has no memory), noise by sweeps."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.combinational import Corner, hold_ps
from finevh.characterization.deck import STATIC_OPTIONS, Bench, cell_deck, node_names
from finevh.characterization.ngspice import Plot, simulate
from finevh.characterization.record import CrossLeakage, NoiseMargin, StateLeakage
from finevh.characterization.static import LOGIC_BAND, VTC_POINTS, unity_gain
from finevh.characterization.stimulus import build_stimulus
from finevh.characterization.topology import LogicState, Topology
from finevh.characterization.walker import Walker
from finevh.characterization.waveform import Window, cumulative, windows
from finevh.errors import InputError

__all__ = ["sequential_leakage", "sequential_noise"]

FloatArray = NDArray[np.float64]
Powers = dict[tuple[LogicState, tuple[str, ...], float], float]
"""mW by (state, inputs on another rail, that rail)."""
QUIET_PS = 4.0e6
"""Wait before a leakage is read: 4 us, many times what the slowest off node needs to settle."""
LEAK_SLEW_PS = 100.0
"""Ramps of the leakage walk: ngspice merges source corners closer than 5e-5 of its longest time step."""


def sequential_leakage(corner: Corner, topology: Topology) -> tuple[tuple[StateLeakage, ...], tuple[CrossLeakage, ...]]:
    """Measure static power of every state, with every set of inputs at 1 on every driver rail.

    Raises
    ------
    InputError
        If an output contradicts the cell's function in a state.
    """
    drivers = corner.process.drivers(corner.vdd)
    load = float(corner.load_ff[0])
    hold = hold_ps(corner, topology, load, 1.0)
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
    for pin, bit in topology.settled(state).items():
        if abs(volts[pin] - bit * corner.vdd) > LOGIC_BAND * corner.vdd:
            pattern = ", ".join(f"{name}={value}" for name, value in state.inputs)
            raise InputError(
                f"{topology.origin}: [cells.{topology.name}]: {pin} is {volts[pin]:.3f} V at {pattern}, "
                f"IQ={state.stored} (Vdd {corner.vdd:g} V), but its function says {bit}; correct the function, "
                "the sequential description or the netlist"
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
        own = np.abs(drivers - vdd) < 1e-6
        if not low:
            table[:, code] = value
            for count in range(1, sum(bit for _, bit in state.inputs) + 1):
                for same in itertools.combinations([pin for pin, bit in state.inputs if bit], count):
                    again = sum((2 if pin in same else bit) * 3**i for i, (pin, bit) in enumerate(state.inputs))
                    table[own, again] = value
        else:
            table[np.abs(drivers - rail) < 1e-6, code] = value
    return CrossLeakage(topology.inputs, stored, drivers, table)


def sequential_noise(corner: Corner, topology: Topology) -> tuple[NoiseMargin, ...]:
    """Measure unity-gain input voltages of the stages that inputs drive.

    The storage node is held by a source at either level, so every stage is a plain amplifier; a stage counts where its
    output swings from rail to rail. The worst stage and side state decides.
    """
    sequential = topology.sequential
    assert sequential is not None
    nodes = node_names(topology)
    hold = sequential.node or topology.output_names[0]
    watched = sorted(
        {node for t in topology.transistors for node in (t.drain, t.source)}
        - {"VDD", "VSS", hold}
        - set(topology.output_names)
    )
    bench = Bench(topology, nodes, corner.vdd)
    grid = np.linspace(0.0, corner.vdd, VTC_POINTS)
    runs = []
    for pin in topology.inputs:
        others = [name for name in topology.inputs if name != pin]
        for bits in itertools.product((0, 1), repeat=len(others) + 1):
            side = dict(zip(others, bits[:-1], strict=True))
            for i, name in enumerate(topology.inputs):
                bench.commands += [
                    f"alter vi{i} dc={corner.vdd * side.get(name, 0):.6g}",
                    f"alter ei{i} gain={int(name == pin)}",
                ]
            bench.commands.append(f"alter vhold dc={corner.vdd * bits[-1]:.6g}")
            bench.commands += [f"dc vdrv 0 {grid[-1] + 1e-6:.9g} {grid[1]:.9g}", "write out.raw", "destroy all"]
            bench.plots += 1
            runs.append(pin)
    deck = cell_deck(
        corner.process,
        corner.variant,
        topology,
        corner.vdd,
        bench.commands,
        STATIC_OPTIONS,
        watched,
        static=True,
        elements=[f"vhold {nodes[hold]} 0 0"],
    )
    limits: dict[str, tuple[float, float]] = {}
    for pin, plot in zip(runs, simulate(deck, bench.plots, corner.scratch), strict=True):
        # A stage with a clocked device between the pin's transistors and its output shows at no node of the pin itself.
        for node in watched:
            wave = plot[bench.voltage(node)]
            ends = sorted((wave[0], wave[-1]))
            if ends[0] > 0.02 * corner.vdd or ends[1] < 0.98 * corner.vdd:
                continue
            low, high = unity_gain(grid, wave)
            old = limits.get(pin, (np.inf, -np.inf))
            limits[pin] = (min(old[0], low), max(old[1], high))
    return tuple(NoiseMargin(pin, *limits[pin]) for pin in topology.inputs if pin in limits)
