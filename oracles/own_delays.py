"""Power of operating points of a finished run against a simulation of all cycles with each point's own delays.

Nothing of the estimate of `glitches.csv` is used: every cycle is simulated by `simulate_glitches`, activities are averaged over
the programs, and power is that of the full model.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from finevh.checks import Checks
from finevh.flow.artifacts.variants import load_variants
from finevh.flow.designs import average_activity, load_activities, load_placed, port_loads, time_single_voltages
from finevh.flow.finished import load_run
from finevh.flow.inputs.programs import programs_of
from finevh.flow.inputs.stimulus import held_inputs, stimulus_of, tied_netlist
from finevh.flow.own_glitches import MapKey
from finevh.power import Activity, DynamicPower, LeakageModel, merge_activities
from finevh.power.glitches import delays_of, simulate_glitches
from finevh.selection import parse_map


@dataclass(frozen=True)
class PointError:
    """A point of `glitches.csv` and by how much its power misses that of its own delays, relative."""

    scheme: str
    variant: str
    delta_vdd_v: float
    freq_mhz: float
    supplies: str
    error: float
    middle_error: float


def chosen(table: pd.DataFrame, points: int, variants: list[str]) -> pd.DataFrame:
    """Ends and middle of ideal-DVFS, and distinct mixed maps of FINE-VH spread over variants, delta-Vdd and frequency."""
    single = table[(table["scheme"] == "ideal-dvfs") & (table["variant"] == variants[0])].sort_values("freq_mhz")
    rows = [single.iloc[[0, 1, len(single) // 2, -1]]]
    fine = table[(table["scheme"] == "fine-vh") & table["variant"].isin(variants)].sort_values("freq_mhz")
    fine = fine[fine["assignment"].map(lambda text: {"L", "H"} <= set(text))]
    fine = fine.drop_duplicates(["variant", "vdd_l_v", "vdd_h_v", "assignment"])
    groups = list(fine.groupby(["delta_vdd_v", "variant"], sort=True))
    for _, group in groups:
        steps = np.linspace(0, len(group) - 1, min(max(points // len(groups), 2), len(group))).round().astype(int)
        rows.append(group.iloc[np.unique(steps)])
    return pd.concat(rows)


def errors(run: Path, points: int, variants: list[str], jobs: int = 1) -> list[PointError]:
    """Simulate some points of a run in all cycles with their own delays, and hold the table's power against them."""
    flow, stages = load_run(run)
    placed = load_placed(flow, stages.stage_path("floorplan"), stages.stage_path("optimize"))
    netlist, technology = placed.netlist, placed.technology
    sets = load_variants(stages.stage_path("polybias"))
    average = average_activity(load_activities(stages.stage_path("activity")))
    table = chosen(pd.read_csv(run / "tables" / "glitches.csv", keep_default_na=False), points, variants)
    single = {name: time_single_voltages(placed, sets[name], jobs) for name in table["variant"].unique()}
    tied, tile = tied_netlist(flow, netlist), placed.placement.tile

    def power(activity: Activity, cell_vdd: np.ndarray, port: int, variant: str, frequency: float) -> float:
        loads = port_loads(flow, netlist)
        slew = single[variant].slew
        model = DynamicPower(netlist, technology, placed.wires, activity, slew=slew, port_load=loads)
        dynamic = model.evaluate(cell_vdd, sets[variant], frequency, port_vdd=port)
        leakage = LeakageModel(netlist, technology, average).evaluate(cell_vdd, sets[variant], port)
        return float(dynamic.total_switching + dynamic.total_internal + leakage.cell.sum())

    def one(row: pd.Series) -> PointError:
        single_supply = row["scheme"] == "ideal-dvfs"
        low, high = (row["vdd_v"],) * 2 if single_supply else (row["vdd_l_v"], row["vdd_h_v"])
        key = MapKey.of(row["variant"], float(low), float(high), "" if single_supply else row["assignment"])
        port = technology.vdd_index(key.high)
        cell_vdd = np.full(netlist.n_cells, port, dtype=np.int32)
        if key.assignment:
            at_low = (tile >= 0) & ~placed.clock_cells & ~parse_map(key.assignment)[np.maximum(tile, 0)]
            cell_vdd[at_low] = technology.vdd_index(key.low)
        graph = placed.graph.with_port_vdd(port)
        delays = delays_of(graph, graph.evaluate(cell_vdd, sets[key.variant]))
        found = []
        for program in programs_of(flow):
            stimulus = stimulus_of(flow, program, tied.netlist, held_inputs(flow, netlist), Checks())
            cycles, warmup = flow.activity.cycles, flow.activity.warmup
            found.append(tied.untie(simulate_glitches(tied.netlist, stimulus, cycles, [delays], warmup=warmup)[1][0]))
        own = found[0] if len(found) == 1 else merge_activities(found)
        frequency = float(row["freq_mhz"])
        both = [power(activity, cell_vdd, port, key.variant, frequency) for activity in (average, own)]
        middle = float(row["power_middle_delays_mw"])
        truth = middle * both[1] / both[0]
        return PointError(
            row["scheme"],
            key.variant,
            float(row["delta_vdd_v"]),
            frequency,
            f"{key.low:g}" if key.low == key.high else f"{key.low:g}/{key.high:g}",
            float(row["power_with_glitches_mw"]) / truth - 1.0,
            middle / truth - 1.0,
        )

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, [row for _, row in table.iterrows()]))
