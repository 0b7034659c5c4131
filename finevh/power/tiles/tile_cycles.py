"""What each tile switches in each clock cycle: the charge that its rail must give, cycle by cycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.base.kernel import kernel
from finevh.checks import Checks
from finevh.layout import Placement
from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.wires import Wires
from finevh.power import Activity, Simulator, Stimulus
from finevh.power.glitches import GlitchDelays, GlitchSimulator, draw_cycles, with_glitches
from finevh.technology.model import Direction, Int, Real, Technology

TILE_CYCLES = "tile_cycles-{program}.npy"
"""Artifact of the activity stage: (n_cycle, n_tile) float32, fF switched."""
SAMPLED_CYCLES = 2048
"""Cycles of all programs of a run whose settled values are kept."""


@kernel()
def _tally(counts: Int, seen: Int, weight: Real, tile: Int, total: Real) -> None:
    """Add the weights of the nets that toggled since ``seen`` to their tiles."""
    for n in range(seen.shape[0]):
        new = counts[n] - seen[n]
        if new != 0:
            seen[n] = counts[n]
            total[tile[n]] += new * weight[n]


def switched_capacitance(netlist: Netlist, technology: Technology, wires: Wires) -> Real:
    """Return what a toggle of each net moves at the highest supply, (n_net) fF: wire and input pins."""
    corner = int(technology.corner_of[0, -1])
    sink = (netlist.cells.pin_direction[netlist.pin_type] == Direction.INPUT) & (netlist.pin_net != NO_NET)
    pins = technology.corners.pin_cap[corner][netlist.pin_type[sink]]
    wire = np.add.reduceat(np.append(wires.node_cap, 0.0), wires.node_ptr[:-1])
    wire[np.diff(wires.node_ptr) == 0] = 0.0
    return np.asarray(wire + np.bincount(netlist.pin_net[sink], weights=pins, minlength=netlist.n_nets))


# The parameters of simulate, and what tiles and glitches need beside.
def simulate_tile_cycles(
    netlist: Netlist,
    stimulus: Stimulus,
    cycles: int,
    warmup: int,
    placement: Placement,
    capacitance: Real,
    delays: GlitchDelays | None = None,
    checks: Checks | None = None,
    sampled: int = 0,
) -> tuple[Activity, NDArray[np.float32], Simulator]:
    """Simulate as :func:`finevh.power.simulate` does, and keep what each tile switches in each cycle.

    Parameters
    ----------
    capacitance : (n_net) fF that a toggle moves.
    delays : with them, glitches are counted too; None: settled toggles alone.
    checks : account for pins whose delay is another's.
    sampled : cycles whose settled values are kept for the glitches of other delays.

    Returns
    -------
    Activity
        Of the counted cycles.
    NDArray
        (n_cycle, n_tile) fF: the sum over the nets that the tile's cells drive, each times its toggles; nets that ports drive
        are charged from outside.
    Simulator
        As it stands after the last counted cycle, to be run on.
    """
    driver = netlist.net_driver
    n_tiles = int(placement.tile.max()) + 1
    # The last column collects what ports drive.
    tile = np.where(driver >= 0, placement.tile[driver], n_tiles).astype(np.int32)
    followed = None if delays is None else GlitchSimulator(netlist, stimulus.clock, [delays])
    if followed is not None:
        followed.record(draw_cycles(cycles, sampled))
    simulator = Simulator(netlist, stimulus.clock) if followed is None else followed
    stimulus.start(simulator.ports)
    simulator.answer()
    simulator.run(stimulus, warmup)
    simulator.reset_counts()
    counts = simulator.state.net[: netlist.n_nets, 0] if followed is None else followed.counting[0]
    seen = counts.copy()
    moved = np.zeros((cycles, n_tiles + 1))
    for cycle in range(cycles):
        simulator.run(stimulus, 1)
        _tally(counts, seen, capacitance, tile, moved[cycle])
    activity = simulator.activity()
    if followed is not None:
        followed.stop_following()
        activity = with_glitches(activity, followed.toggles()[0])
        if checks is not None:
            checks.add("glitch_delays_assumed", followed.missing_names())
    return activity, moved[:, :n_tiles].astype(np.float32), simulator


def following_internal(internal: Sequence[Real], moved: Sequence[Real]) -> Real:
    """Charge inside the cells of a tile that comes with what the tile switches, (n_tile) fC per fF.

    Clock pins draw in every cycle, whatever switches, so a program that hardly uses a tile shows far more charge for what moves.
    The share that follows is therefore the least over the programs, and no more than that of the whole design.

    Parameters
    ----------
    internal : of each program, (n_tile) fC in an average cycle.
    moved : of each program, (n_tile) fF switched in an average cycle.
    """
    charge, size = np.array(internal), np.array(moved)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(size > 0, charge / size, np.inf)
    whole = charge.sum() / size.sum() if size.sum() > 0 else 0.0
    return np.asarray(np.minimum(ratio.min(axis=0, initial=np.inf), whole))


def cycle_charge(moved: Real, charging: Real, internal: Real, following: Real) -> Real:
    """Charge that each tile draws in each cycle, (n_cycle, n_tile) fC; its average is ``charging + internal``.

    Parameters
    ----------
    moved : (n_cycle, n_tile) fF switched.
    charging, internal : (n_tile) fC in an average cycle: onto nets, and inside cells.
    following : (n_tile) fC per fF, of :func:`following_internal`; what is left of ``internal`` is drawn in every cycle.
    """
    average = moved.mean(axis=0)
    onto = np.where(average > 0, charging / np.where(average > 0, average, 1.0), 0.0)
    always = np.where(average > 0, internal - following * average, charging + internal)
    return np.asarray(moved * np.where(average > 0, onto + following, 0.0) + always)


def load_tile_cycles(directory: Path, programs: Mapping[str, object]) -> dict[str, NDArray[np.float32]]:
    """What tiles switch in each cycle, by program; programs that were not simulated here are missing."""
    paths = {program: directory / TILE_CYCLES.format(program=program) for program in programs}
    return {program: np.load(path) for program, path in paths.items() if path.is_file()}


def tile_capacitance(netlist: Netlist, activity: Activity, capacitance: Real, tile: Int, n_tiles: int) -> Real:
    """Charge that a tile's own gates hold for its rail, per volt: (n_tile) fF.

    A net at 1 hangs on its driver's rail through the pull-up that is on, so its capacitance stands behind the rail; a net at 0
    hangs on ground. The sum is over the nets that a tile's cells drive, each times its probability of a 1.

    Parameters
    ----------
    capacitance : (n_net) fF, of :func:`switched_capacitance`.
    tile : (n_cell) tile of each cell.
    """
    driver = netlist.net_driver
    held = np.flatnonzero(driver >= 0)
    weights = capacitance[held] * activity.probability[held]
    return np.bincount(tile[driver[held]], weights=weights, minlength=n_tiles).astype(np.float64)
