"""Noise margins: unity-gain input voltages of every input, the worst over side states and outputs."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from finevh.characterization.bench.deck import STATIC_OPTIONS, Bench, cell_deck, node_names
from finevh.characterization.bench.measure_edges import moves
from finevh.characterization.bench.ngspice import simulate
from finevh.characterization.bench.static import append_sweep, run_sweeps
from finevh.characterization.cells.topology import Topology
from finevh.characterization.corner import Corner
from finevh.characterization.record import NoiseMargin

__all__ = ["noise_margins", "unity_gain"]

FloatArray = NDArray[np.float64]
VTC_POINTS = 64
Limits = dict[str, tuple[float, float]]
"""V_IL and V_IH by input."""


def noise_margins(corner: Corner, topology: Topology) -> tuple[NoiseMargin, ...]:
    """Measure the noise margins of every input that moves something from rail to rail."""
    if not topology.inputs:
        return ()
    limits = _outputs(corner, topology) if topology.sequential is None else _stages(corner, topology)
    return tuple(NoiseMargin(pin, *limits[pin]) for pin in topology.inputs if pin in limits)


def unity_gain(v_in: FloatArray, v_out: FloatArray) -> tuple[float, float]:
    """Return the lowest and the highest input voltage where |dVout/dVin| = 1 (V_IL, V_IH)."""
    fine = np.linspace(v_in[0], v_in[-1], 16 * len(v_in))
    gain = np.abs(CubicSpline(v_in, v_out)(fine, 1))
    steep = fine[gain >= 1.0]
    return float(steep[0]), float(steep[-1])


def _widen(limits: Limits, pin: str, low: float, high: float) -> None:
    old = limits.get(pin, (np.inf, -np.inf))
    limits[pin] = (min(old[0], low), max(old[1], high))


def _connect(bench: Bench, side: dict[str, int], pin: str) -> None:
    """Put the side inputs on their levels and `pin` on the swept rail."""
    for i, name in enumerate(bench.topology.inputs):
        bench.commands += [
            f"alter vi{i} dc={bench.vdd * side.get(name, 0):.6g}",
            f"alter ei{i} gain={int(name == pin)}",
        ]


def _outputs(corner: Corner, topology: Topology) -> Limits:
    """Sweep every input in every side state in which it moves an output."""
    bench = Bench(topology, node_names(topology), corner.vdd)
    grid = np.linspace(0.0, corner.vdd, VTC_POINTS)
    runs = []
    for move in (move for move in moves(topology, corner.vdd) if move.rising):
        before, after = (topology.settled(topology.apply(move.state, move.pin, bit)) for bit in (0, 1))
        moved = [pin for pin in before if before[pin] != after[pin]]
        if moved:
            _connect(bench, dict(move.side), move.pin)
            append_sweep(bench, "vdrv", grid)
            runs.append((move.pin, moved))
    limits: Limits = {}
    for (pin, moved), plot in zip(runs, run_sweeps(corner, bench), strict=True):
        for output in moved:
            _widen(limits, pin, *unity_gain(grid, plot[bench.voltage(output)]))
    return limits


def _stages(corner: Corner, topology: Topology) -> Limits:
    """Sweep the stages that inputs drive.

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
            _connect(bench, side, pin)
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
    limits: Limits = {}
    for pin, plot in zip(runs, simulate(deck, bench.plots, corner.scratch), strict=True):
        # A stage with a clocked device between the pin's transistors and its output shows at no node of the pin itself.
        for node in watched:
            wave = plot[bench.voltage(node)]
            ends = sorted((wave[0], wave[-1]))
            if ends[0] > 0.02 * corner.vdd or ends[1] < 0.98 * corner.vdd:
                continue
            _widen(limits, pin, *unity_gain(grid, wave))
    return limits
