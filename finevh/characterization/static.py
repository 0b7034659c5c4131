"""Static measurements by DC sweeps: truth table, leakage over rails of the inputs, noise margins."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from finevh.characterization.combinational import Corner, Toggle, toggles
from finevh.characterization.deck import (
    ROBUST_STATIC_OPTIONS,
    STATIC_OPTIONS,
    TIGHT_OPTIONS,
    Bench,
    cell_deck,
    node_names,
)
from finevh.characterization.ngspice import Plot, SimulationError, simulate
from finevh.characterization.record import CrossLeakage, NoiseMargin, StateLeakage
from finevh.characterization.topology import Topology
from finevh.errors import InputError

__all__ = ["check_function", "leakage", "noise_margins"]

FloatArray = NDArray[np.float64]
VTC_POINTS = 64
LOGIC_BAND = 0.1
"""Static outputs further than this fraction of the rail from their level contradict the function."""


def leakage(corner: Corner, topology: Topology) -> tuple[tuple[StateLeakage, ...], CrossLeakage]:
    """Measure a combinational cell's static power for every ternary input code and driver rail.

    One sweep of the common driver rail per code; sources of the supply and of every input count.

    Raises
    ------
    InputError
        If an output contradicts the cell's function.
    """
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
        _sweep(bench, "vdrv", rails)
    plots = _simulate(corner, bench)
    table = np.empty((len(drivers), len(codes)))
    states = []
    for digits, plot in zip(codes, plots, strict=True):
        power = _power(bench, plot)
        table[:, sum(d * 3**i for i, d in enumerate(digits))] = power
        if 2 not in digits:
            values = dict(zip(topology.inputs, digits, strict=True))
            check_function(
                corner, topology, values, {p: float(plot[bench.voltage(p)][0]) for p in topology.output_names}
            )
            states.append(StateLeakage(tuple(values.items()), float(power[0])))
    return tuple(states), CrossLeakage(topology.inputs, -1, drivers, table)


def check_function(corner: Corner, topology: Topology, values: dict[str, int], volts: dict[str, float]) -> None:
    """Raise InputError if static output voltages contradict the functions under `values`."""
    for pin, function in topology.outputs:
        expected = function.evaluate(values)
        if abs(volts[pin] - expected * corner.vdd) > LOGIC_BAND * corner.vdd:
            pattern = ", ".join(f"{name}={bit}" for name, bit in values.items())
            raise InputError(
                f"{topology.origin}: [cells.{topology.name}]: {pin} is {volts[pin]:.3f} V at {pattern} "
                f"(Vdd {corner.vdd:g} V), but its function {function.text!r} says {expected}; correct the "
                "function or the netlist"
            )


def noise_margins(corner: Corner, topology: Topology) -> tuple[NoiseMargin, ...]:
    """Measure unity-gain input voltages of every input, the worst over side states and outputs."""
    runs = toggles(topology, corner.vdd, active=True)
    bench = Bench(topology, node_names(topology), corner.vdd)
    grid = np.linspace(0.0, corner.vdd, VTC_POINTS)
    for toggle in runs:
        side = dict(toggle.side)
        for i, pin in enumerate(topology.inputs):
            bench.commands += [
                f"alter vi{i} dc={corner.vdd * side.get(pin, 0):.6g}",
                f"alter ei{i} gain={int(pin == toggle.pin)}",
            ]
        _sweep(bench, "vdrv", grid)
    plots = _simulate(corner, bench)
    limits: dict[str, tuple[float, float]] = {}
    for toggle, plot in zip(runs, plots, strict=True):
        for pin in _moved(topology, toggle):
            low, high = unity_gain(grid, plot[bench.voltage(pin)])
            old = limits.get(toggle.pin, (np.inf, -np.inf))
            limits[toggle.pin] = (min(old[0], low), max(old[1], high))
    return tuple(NoiseMargin(pin, low, high) for pin, (low, high) in limits.items())


def unity_gain(v_in: FloatArray, v_out: FloatArray) -> tuple[float, float]:
    """Return the lowest and the highest input voltage where |dVout/dVin| = 1 (V_IL, V_IH)."""
    fine = np.linspace(v_in[0], v_in[-1], 16 * len(v_in))
    gain = np.abs(CubicSpline(v_in, v_out)(fine, 1))
    steep = fine[gain >= 1.0]
    return float(steep[0]), float(steep[-1])


def _moved(topology: Topology, toggle: Toggle) -> list[str]:
    side = dict(toggle.side)
    return [
        pin for pin, f in topology.outputs if f.evaluate({**side, toggle.pin: 0}) != f.evaluate({**side, toggle.pin: 1})
    ]


def _sweep(bench: Bench, source: str, values: FloatArray) -> None:
    """Append a DC sweep over evenly spaced values and write it."""
    step = values[1] - values[0] if len(values) > 1 else 1.0
    # half a step beyond the end keeps rounding from losing the last point
    bench.commands += [
        f"dc {source} {values[0]:.9g} {values[-1] + 0.4 * step:.9g} {step:.9g}",
        "write out.raw",
        "destroy all",
    ]
    bench.plots += 1


def _simulate(corner: Corner, bench: Bench) -> list[Plot]:
    """Run the sweeps; BSIM4 has false operating points far outside the rails, which count as a failed simulation."""
    options = ROBUST_STATIC_OPTIONS if corner.options == TIGHT_OPTIONS else STATIC_OPTIONS
    deck = cell_deck(corner.process, corner.variant, bench.topology, corner.vdd, bench.commands, options, static=True)
    plots = simulate(deck, bench.plots, corner.scratch)
    limit = corner.vdd + corner.process.pair_span + 0.3
    for plot in plots:
        for name, values in plot.vectors.items():
            if name.startswith("v(") and np.any(np.abs(values) > limit):
                raise SimulationError(
                    f"{bench.topology.name} {corner.variant.name} {corner.vdd:g} V: ngspice found a false "
                    f"operating point ({name} beyond {limit:.2f} V)"
                )
    return plots


def _power(bench: Bench, plot: Plot) -> FloatArray:
    """Return the power that all sources deliver, per sweep point, mW."""
    power = -bench.vdd * plot["i(vdd)"]
    for pin in bench.topology.inputs:
        power = power - plot[bench.voltage(pin)] * plot[bench.current(pin)]
    return np.asarray(power * 1e3)
