"""What the width of Vdd-MUXes costs a finished run in area, and what their drop costs its FINE-VH points in time.

    python benchmarks/rails.py RUN [--cells VDDMUX_X1,VDDMUX_X8] [--variants pb0] [-j N]

For each width, everywhere: core area beside that of the run's slots (same cells, wider slots), drop of the worst tile in 99.9 %
of the cycles and in the worst (average over a cycle), share of the period that the drop costs on average and at most, points that
meet their clock as they are, with tiles raised, and not at all, and the power that raised tiles cost. Maps and frequencies are
the run's, of its first selector. First the Vdd-MUXes that the flow's own budget chooses.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from finevh.flow.artifacts.variants import load_variants
from finevh.flow.designs import average_activity, load_activities, load_placed, tiled_design, time_single_voltages
from finevh.flow.droop.drooped_pair import DroopedDesign
from finevh.flow.droop.drooped_points import drooped_points
from finevh.flow.droop.rails import rail_model
from finevh.flow.droop.tile_loads import loads_of, program_currents
from finevh.flow.inputs.constraints import timed_constraints
from finevh.flow.stages.operating_points import HEADERS
from finevh.flow_file import read_run_flow
from finevh.layout.supply.header_sizing import choose_headers
from finevh.layout.supply.header_table import read_header_table
from finevh.power.tiles.tile_cycles import load_tile_cycles
from finevh.schemes import read_points_csv
from finevh.technology import Technology, load_technology
from finevh.timing import TimingGraph
from finevh.units import period_ps


@dataclass(frozen=True)
class Width:
    """One choice of Vdd-MUXes; area and drops as fractions, costs as fractions of the period."""

    name: str
    area: float
    drop_usual: float
    drop_worst: float
    cost_mean: float
    cost_most: float
    points: int
    met: int
    raised: int
    power: float
    """What raised tiles draw more than the points as chosen, averaged over those that can meet their clock."""


def measure(run: Path, cells: Sequence[str], variants: Sequence[str], jobs: int = 1) -> list[Width]:
    """Figures of the flow's own choice, then of each cell in every slot."""
    flow = read_run_flow(run)
    stage = {
        name: next(iter(sorted(run.glob(f"*-{name}")))) for name in ("floorplan", "optimize", "activity", "polybias")
    }
    placed = load_placed(flow, stage["floorplan"], stage["optimize"])
    activities = load_activities(stage["activity"])
    sets = load_variants(stage["polybias"])
    single = time_single_voltages(placed, sets[flow.schemes.variants[0]], jobs)
    currents = program_currents(placed, activities, load_tile_cycles(stage["activity"], activities), single)
    table = read_header_table(flow.technology.path / HEADERS)
    floorplan = placed.floorplan
    plan = choose_headers(
        floorplan, placed.technology, table, loads_of(placed, currents, single), flow.floorplan.drop_budget,
        flow.floorplan.drop_of,
    )  # fmt: skip
    nominal = run / "tables" / "nominal_points.csv"  # before tiles were raised for the run's own Vdd-MUXes
    given = nominal if nominal.is_file() else run / "operating_points.csv"
    points = [
        point
        for point in read_points_csv(given.read_text(encoding="utf-8"))
        if point.variant in variants
        and (point.scheme != "fine-vh" or point.selector.split(":")[0] == flow.schemes.selectors[0])
    ]

    def graph(technology: Technology) -> TimingGraph:
        constraints = timed_constraints(flow, placed.technology, placed.netlist)
        return TimingGraph(
            placed.netlist, technology, constraints, placed.wires, clock_supply=flow.clock.supply_policy,
            cross_voltage=flow.schemes.driver_derates,
        )  # fmt: skip

    average = average_activity(activities)
    engines = {
        name: tiled_design(placed, average, time_single_voltages(placed, sets[name], jobs), jobs) for name in variants
    }
    design = DroopedDesign(load_technology(flow.technology.path), placed.placement.tile, sets, graph, engines)
    site = placed.technology.site_width
    slots, core = len(floorplan.header_tile), float(floorplan.row_sites.sum())
    found = []
    for name in ("", *cells):
        chosen = plan if not name else replace(plan, cell=(name,) * len(plan.cell))
        extra = 0
        if name:
            width = float(placed.technology.cell_width[placed.technology.cells.index[name]])
            extra = math.ceil(width / site - 1e-6) - floorplan.header_sites
        rails = rail_model(placed, activities, currents, table, chosen)
        done = drooped_points(design, rails, points, jobs)
        # Where a tile drops deeper than the library reaches nobody knows what that costs: the point is not met.
        timed = [one for one in done if np.isfinite(one.slack_worst)]
        cost = [(one.slack - one.slack_worst) / period_ps(points[one.number].freq_mhz) for one in timed]
        found.append(
            Width(
                name or "flow's",
                extra * slots / core,
                max(one.drop_usual for one in done),
                max(one.drop_worst for one in done),
                float(np.mean(cost)),
                float(np.max(cost)),
                len(done),
                sum(one.met for one in done),
                sum(bool(one.raised) and not one.met for one in done),
                float(
                    np.mean(
                        [
                            power / points[one.number].power_total_mw - 1.0
                            for one in done
                            if (power := one.raised_power) is not None
                        ]
                    )
                ),
            )
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--cells", default="VDDMUX_X1,VDDMUX_X2,VDDMUX_X4,VDDMUX_X8")
    parser.add_argument("--variants", default="pb0")
    parser.add_argument("-j", type=int, default=1)
    given = parser.parse_args()
    print("Vdd-MUX     core area   drop 99.9 %   worst   costs, mean   most   points   met   raised   not   power")
    for one in measure(given.run, given.cells.split(","), given.variants.split(","), given.j):
        print(
            f"{one.name:11s} {one.area:+9.1%} {one.drop_usual:13.2%} {one.drop_worst:7.2%} {one.cost_mean:13.2%}"
            f" {one.cost_most:6.1%} {one.points:8d} {one.met:5d} {one.raised:8d} {one.points - one.met - one.raised:5d}"
            f" {one.power:+7.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
