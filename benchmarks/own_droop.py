"""Droop of a finished run's points with the glitches of their own delays in every cycle, beside that of the run's tables.

python benchmarks/own_droop.py RUN [--points 26] [--variant pb0 --variant vt]

The run's rails give the charge of cycles with the glitches of the middle supply. Here the mixed maps of ``best`` are simulated
in all cycles, so the run must have kept all of them (2048 or fewer in all, as ``flows/quick.toml``).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.base.archive import load_columns
from finevh.errors import InputError
from finevh.flow.designs import average_activity, load_activities, load_placed, load_variant, tiled_design
from finevh.flow.designs import time_single_voltages as timed
from finevh.flow.droop.rails import RAILS, RailModel
from finevh.flow.finished import load_run
from finevh.flow.own_glitches import OwnGlitches, keys_of, load_samples
from finevh.power.tiles.tile_cycles import load_tile_cycles, switched_capacitance
from finevh.schemes import OperatingPoint, read_points_csv


class Droops:
    """A run's rails, and what its tiles switch in each cycle by the delays of any map."""

    def __init__(self, directory: Path, variants: list[str]) -> None:
        flow, run = load_run(directory)
        activity, points = run.stage_path("activity"), run.stage_path("operating-points")
        placed = load_placed(flow, run.stage_path("floorplan"), run.stage_path("optimize"))
        activities = load_activities(activity)
        average = average_activity(activities)
        singles = {name: timed(placed, load_variant(run.stage_path("polybias"), name)) for name in variants}
        bound = {name: (single, tiled_design(placed, average, single)) for name, single in singles.items()}
        self.samples = load_samples(activity, activities)
        if any(len(one.cycle) != one.cycles for one in self.samples.values()):
            raise InputError(
                f"{directory}: keeps a sample of its cycles; give a run of fewer cycles, as flows/quick.toml"
            )
        self.own = OwnGlitches(placed, activities, average, self.samples, bound)
        self.rails = load_columns(points / RAILS, RailModel)
        self.moved = load_tile_cycles(activity, activities)
        driver, n_tiles = placed.netlist.net_driver, placed.floorplan.n_tiles
        tile = np.where(driver >= 0, placed.placement.tile[driver], n_tiles)
        self._weight = np.zeros((placed.netlist.n_nets, n_tiles + 1))
        self._weight[np.arange(len(tile)), tile] = switched_capacitance(placed.netlist, placed.technology, placed.wires)

    def rails_of(self, point: OperatingPoint) -> RailModel:
        """The rails with the glitches of a point's own delays."""
        (key,) = keys_of(point)
        drawn: NDArray[np.float32] = self.rails.drawn.copy()
        for row, program in enumerate(self.rails.programs):
            moved, sample = self.moved[program], self.samples[program]
            n_tiles = moved.shape[1]
            more = (self.own.glitches(key, program) @ self._weight)[:, :n_tiles]
            for tile in range(n_tiles):  # charge is linear in what is switched
                mine = drawn[row, : len(moved), tile]
                slope = np.polyfit(moved[:, tile], mine, 1)[0] if np.ptp(moved[:, tile]) else 0.0
                mine[sample.cycle] += slope * more[:, tile]
        return replace(self.rails, drawn=drawn)


def main() -> None:
    """Print every point, and how far the greatest drops of all move."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--points", type=int, default=26)
    parser.add_argument("--variant", action="append")
    asked = parser.parse_args()
    variants = asked.variant or ["pb0", "vt"]
    droops = Droops(asked.run, variants)
    points = [
        point
        for point in read_points_csv((asked.run / "operating_points.csv").read_text(encoding="utf-8"))
        if point.variant in variants and point.selector.startswith("best") and len(set(point.assignment)) == 2
    ]
    shifts = []
    for point in points[:: max(len(points) // asked.points, 1)]:
        before, after = droops.rails.droop([point]), droops.rails_of(point).droop([point])
        assert before is not None  # the points are of FINE-VH
        assert after is not None
        pairs = [
            (float(a.max()), float(b.max())) for a, b in ((before.worst, after.worst), (before.usual, after.usual))
        ]
        most = float((after.worst - before.worst).max())
        shifts.append([*(own / plain - 1.0 for plain, own in pairs), most])
        (worst, own_worst), (usual, own_usual) = pairs
        print(
            f"{point.variant:4s} {1e3 * point.delta_vdd_v:4.0f} mV {point.freq_mhz:8.2f} MHz"
            f"  worst {worst:7.2%} -> {own_worst:6.2%}  99.9 % of cycles {usual:7.2%} -> {own_usual:6.2%}  tile {most:+6.2%}"
        )
    low, mean, high = (each(np.array(shifts), axis=0) for each in (np.min, np.mean, np.max))
    for number, name in enumerate(("worst", "99.9 % of the cycles")):
        print(f"{name}: {low[number]:+.1%} to {high[number]:+.1%} of itself, {mean[number]:+.1%} on average")
    print(f"a tile: at most {high[2]:+.2%} of the supply")


if __name__ == "__main__":
    main()
