"""DC sweeps of a cell whose inputs share a driver rail: what leakage and noise margins are read from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.bench.deck import ROBUST_STATIC_OPTIONS, STATIC_OPTIONS, TIGHT_OPTIONS, Bench, cell_deck
from finevh.characterization.bench.ngspice import Plot, SimulationError, simulate
from finevh.characterization.corner import Corner

__all__ = ["LOGIC_BAND", "append_sweep", "run_sweeps"]

FloatArray = NDArray[np.float64]
LOGIC_BAND = 0.1
"""Static outputs further than this fraction of the rail from their level contradict the function."""


def append_sweep(bench: Bench, source: str, values: FloatArray) -> None:
    """Append a DC sweep over evenly spaced values and write it."""
    step = values[1] - values[0] if len(values) > 1 else 1.0
    # half a step beyond the end keeps rounding from losing the last point
    bench.commands += [
        f"dc {source} {values[0]:.9g} {values[-1] + 0.4 * step:.9g} {step:.9g}",
        "write out.raw",
        "destroy all",
    ]
    bench.plots += 1


def run_sweeps(corner: Corner, bench: Bench) -> list[Plot]:
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
