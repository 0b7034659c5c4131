"""The busiest clock cycle of each tile: what the Vdd-MUXes must carry beside the average."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from finevh.layout import Placement
from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.wires import Wires
from finevh.power import Activity, Simulator, Stimulus
from finevh.technology.model import Direction, Real, Technology

PEAKS = "cycle_peak-{program}.npy"
"""Artifact of the activity stage: (n_tile) busiest cycle over average."""


@njit(cache=True)
def _tally(counts, seen, weight, tile, total):  # type: ignore[no-untyped-def]
    """Add the weights of the nets that toggled since ``seen`` to their tiles."""
    for n in range(seen.shape[0]):
        new = counts[n, 0] - seen[n]
        if new != 0:
            seen[n] = counts[n, 0]
            total[tile[n]] += new * weight[n]


def switched_capacitance(netlist: Netlist, technology: Technology, wires: Wires) -> Real:
    """Return what a toggle of each net moves at the highest supply, (n_net) fF: wire and input pins."""
    corner = int(technology.corner_of[0, -1])
    sink = (netlist.cells.pin_direction[netlist.pin_type] == Direction.INPUT) & (netlist.pin_net != NO_NET)
    pins = technology.corners.pin_cap[corner][netlist.pin_type[sink]]
    wire = np.add.reduceat(np.append(wires.node_cap, 0.0), wires.node_ptr[:-1])
    wire[np.diff(wires.node_ptr) == 0] = 0.0
    return np.asarray(wire + np.bincount(netlist.pin_net[sink], weights=pins, minlength=netlist.n_nets))


def simulate_with_peaks(
    netlist: Netlist, stimulus: Stimulus, cycles: int, warmup: int, placement: Placement, capacitance: Real
) -> tuple[Activity, Real]:
    """Simulate as :func:`finevh.power.simulate` does, and find the busiest cycle of each tile.

    Parameters
    ----------
    capacitance : (n_net) fF that a toggle moves.

    Returns
    -------
    Activity
        Of the counted cycles.
    NDArray
        (n_tile) switched capacitance of the tile's busiest cycle over its average; 1 for a tile that never switches.
    """
    driver = netlist.net_driver
    n_tiles = int(placement.tile.max()) + 1
    # Nets that a port drives are charged from outside the tiles: the last column collects them.
    tile = np.where(driver >= 0, placement.tile[driver], n_tiles).astype(np.int32)
    simulator = Simulator(netlist, stimulus.clock)
    stimulus.start(simulator.ports)
    simulator.answer()
    simulator.run(stimulus, warmup)
    simulator.reset_counts()
    counts = simulator.state.net
    seen = counts[: netlist.n_nets, 0].copy()
    cycle, worst, everything = (np.zeros(n_tiles + 1) for _ in range(3))
    for _ in range(cycles):
        simulator.run(stimulus, 1)
        cycle[:] = 0.0
        _tally(counts, seen, capacitance, tile, cycle)
        np.maximum(worst, cycle, out=worst)
        everything += cycle
    moved = everything[:n_tiles] > 0
    peak = np.ones(n_tiles)
    peak[moved] = worst[:n_tiles][moved] * cycles / everything[:n_tiles][moved]
    return simulator.activity(), peak


def load_peaks(directory: Path, programs: Mapping[str, object]) -> dict[str, NDArray[np.float64]]:
    """Busiest cycle over average of each tile, by program; programs that were not simulated here are missing."""
    paths = {program: directory / PEAKS.format(program=program) for program in programs}
    return {program: np.load(path) for program, path in paths.items() if path.is_file()}
