"""WHAT IF the library leaked as the published one: python benchmarks/published_regime.py RUN [--fit KEYS] [--interface K,K].

No measurement: the maps, the timing and the dynamic energies are those of a finished run with variant set ``pb``; the leakage of
every cell is multiplied by one number, the interface factors are taken to the published ones, and one number says what share of
its leakage a cell keeps under the strongest bias. Both numbers are chosen so that the figures of ``--fit`` come out nearest to
the published ones; all other figures are then predictions and stand beside what was published. Among the maps of the run each
frequency takes the cheapest of the new regime. ``[what_if]`` of a flow file runs the whole flow in that regime, maps chosen anew.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from finevh.config import Flow, WhatIf
from finevh.flow.designs import average_activity, load_activities, load_placed, load_variant
from finevh.flow.engine.stage import RunDirectory
from finevh.flow.finished import load_run
from finevh.flow.inputs.technology import technology_of
from finevh.power import LeakageModel
from finevh.report.metrics import read_metrics
from finevh.report.tables import our_figures, published_figures, read_points
from finevh.schemes import Curve, VddDithering
from finevh.selection import Energy
from finevh.technology.model import Real, Technology

PUBLISHED_INTERFACE = (5.2, 22.1)
"""Interface factors at 100 and 200 mV that the source states."""
FITTED = "savings__ideal_dvfs__200mv__average,savings__ideal_dvfs__100mv__average"
SCALES = np.geomspace(1.0, 100.0, 41)
LEFT = np.geomspace(0.02, 1.0, 35)
_SAME_MHZ = 1e-5


@dataclass(frozen=True)
class Leaks:
    """Leakage, mW, of each point of a run by the variant of the cell, as if no variant leaked less than the unbiased cells."""

    points: pd.DataFrame
    by_variant: Real
    """(n_point, n_variant)."""
    strength: Real
    """(n_variant) logarithm of the variant's leakage over that of the strongest: power of what the strongest leaves."""

    def powers(self, scale: float, left: float) -> Real:
        """(n_point) total power, mW."""
        leakage = scale * self.by_variant @ left**self.strength
        dynamic = self.points["power_switching_mw"] + self.points["power_internal_mw"]
        return np.asarray(dynamic.to_numpy() + leakage)


def strengths(technology: Technology) -> Real:
    """(n_variant) 0 for no bias, 1 for the strongest of each set; mean over the supplies."""
    names = [variant.name for variant in technology.variants]
    total = np.nansum(technology.corners.leakage, axis=1)
    log = np.array(
        [
            np.mean(np.log(total[row[row >= 0]] / total[technology.corner_of[0][row >= 0]]))
            for row in technology.corner_of
        ]
    )
    group = np.array([name.rstrip("0123456789") for name in names])
    strongest = {g: log[group == g].min() for g in set(group)}
    return np.array([0.0 if i == 0 else log[i] / strongest[group[i]] for i in range(len(names))])


def leaks_of(flow: Flow, run: RunDirectory, directory: Path, interface: tuple[float, float]) -> Leaks:
    """Weigh the leakage of every point of a run."""
    strength = strengths(technology_of(flow))
    what = WhatIf(bias_leaves=1.0, interface={"100 mV": interface[0], "200 mV": interface[1]})
    changed = flow.model_copy(update={"what_if": what})
    placed = load_placed(changed, run.stage_path("floorplan"), run.stage_path("optimize"))
    activity = average_activity(load_activities(run.stage_path("activity")))
    model, technology = LeakageModel(placed.netlist, placed.technology, activity), placed.technology
    points = read_points(directory / "operating_points.csv")
    points = points[points["variant"].isin(["pb0", "pb"]) & (points["scheme"] != "vdd-dithering")].reset_index(
        drop=True
    )
    variants = {name: load_variant(run.stage_path("polybias"), name) for name in points["variant"].unique()}
    known: dict[tuple[Any, ...], Real] = {}
    rows = []
    for point in points.itertuples():
        fine = point.scheme == "fine-vh"
        key = (point.variant, point.vdd_l_v, point.vdd_h_v, point.assignment) if fine else (point.variant, point.vdd_v)
        if key not in known:
            if fine:
                high = np.array([c == "H" for c in point.assignment])[placed.placement.tile] | placed.clock_cells
                supply = [technology.vdd_index(v) for v in (point.vdd_l_v, point.vdd_h_v)]
                vdd, port = np.where(high, supply[1], supply[0]).astype(np.int32), supply[1]
            else:
                port = technology.vdd_index(point.vdd_v)
                vdd = np.full(placed.netlist.n_cells, port, dtype=np.int32)
            cell = model.evaluate(vdd, variants[point.variant], port).cell
            known[key] = np.bincount(variants[point.variant], weights=cell, minlength=len(technology.variants))
        rows.append(known[key])
    return Leaks(points, np.array(rows), strength)


def new_points(leaks: Leaks, scale: float, left: float, deltas: tuple[float, ...]) -> pd.DataFrame:
    """Points of the new regime: powers, the cheapest known map of each frequency, dithering between the new powers."""
    points = leaks.points.copy()
    points["power_total_mw"] = leaks.powers(scale, left)
    points["power_leakage_mw"] = points["power_total_mw"] - points["power_switching_mw"] - points["power_internal_mw"]
    made = [points[points["scheme"] == "ideal-dvfs"]]
    for variant, delta in itertools.product(("pb0", "pb"), deltas):
        ideal = points[(points["scheme"] == "ideal-dvfs") & (points["variant"] == variant)].sort_values("vdd_v")
        hopping = points[
            (points["scheme"] == "vdd-hopping")
            & (points["variant"] == variant)
            & np.isclose(points["delta_vdd_v"], delta)
        ]
        made.append(hopping)
        fine = points[
            (points["scheme"] == "fine-vh") & (points["variant"] == variant) & np.isclose(points["delta_vdd_v"], delta)
        ]
        made.append(_cheapest(fine, hopping))
        curve = Curve(
            SimpleNamespace(n_tiles=int(points["tiles"].max())),
            str(points["design"].iloc[0]), variant, tuple(ideal["vdd_v"]), tuple(1e6 / ideal["freq_mhz"]),
            tuple(
                Energy(1e6 * s / f, 1e6 * i / f, leak, 0.0)
                for s, i, f, leak in zip(
                    ideal["power_switching_mw"], ideal["power_internal_mw"], ideal["freq_mhz"], ideal["power_leakage_mw"],
                    strict=True,
                )
            ),
        )  # fmt: skip
        dither = VddDithering(curve.coarser(delta), delta).points(sorted(set(hopping["freq_mhz"])))
        made.append(pd.DataFrame([vars(point) for point in dither]))
    return pd.concat(made, ignore_index=True)


def _cheapest(fine: pd.DataFrame, hopping: pd.DataFrame) -> pd.DataFrame:
    """Each frequency with the cheapest map of any frequency above, or one supply."""
    chosen = fine.drop_duplicates("freq_mhz").copy()
    fmax = 1e6 / (1e6 / fine["freq_mhz"] - fine["worst_slack_ps"].clip(lower=0.0))
    per_cycle = (fine["power_switching_mw"] + fine["power_internal_mw"]) / fine["freq_mhz"]
    for row in chosen.index:
        f = chosen.at[row, "freq_mhz"]
        able = fmax >= f - _SAME_MHZ
        power = per_cycle[able] * f + fine.loc[able, "power_leakage_mw"]
        single = hopping.loc[np.isclose(hopping["freq_mhz"], f), "power_total_mw"].min()
        best = power.idxmin()
        chosen.at[row, "power_total_mw"] = min(power[best], single)
        chosen.at[row, "area_low_fraction"] = fine.at[best, "area_low_fraction"] if power[best] <= single else 0.0
    return chosen


def main() -> int:
    """Fit, then print every published saving beside what the regime gives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--fit", default=FITTED, help="published figures that choose the two numbers, by comma")
    parser.add_argument("--interface", default=",".join(map(str, PUBLISHED_INTERFACE)))
    options = parser.parse_args()
    flow, run = load_run(options.run)
    k100, k200 = (float(k) for k in options.interface.split(","))
    leaks = leaks_of(flow, run, options.run, (k100, k200))
    metrics = read_metrics(options.run)
    published = {figure.key: figure for figure in published_figures()}
    wanted = {key: published[key].value for key in options.fit.split(",")}

    def figures(scale: float, left: float) -> dict[str, tuple[float, float | None, float | None]]:
        return our_figures(new_points(leaks, scale, left, flow.schemes.delta_vdd), metrics)

    def miss(pair: tuple[float, float]) -> float:
        found = figures(*pair)
        return sum((found[key][0] - float(value or 0.0)) ** 2 for key, value in wanted.items())

    coarse = min(itertools.product(SCALES[::4], LEFT[::4]), key=miss)
    near = [
        values[max(0, i - 4) : i + 5]
        for values, i in (
            (SCALES, int(np.searchsorted(SCALES, coarse[0]))),
            (LEFT, int(np.searchsorted(LEFT, coarse[1]))),
        )
    ]
    scale, left = min(itertools.product(*near), key=miss)
    print(
        f"WHAT IF: leakage x {scale:.3g}, the strongest bias leaves {left:.3g} of it, interface factors {k100:g} and {k200:g}"
    )
    points = new_points(leaks, scale, left, flow.schemes.delta_vdd)
    unbiased = points[(points["scheme"] == "ideal-dvfs") & (points["variant"] == "pb0")]
    share = unbiased["power_leakage_mw"] / unbiased["power_total_mw"]
    low, high = (100 * share.iloc[row] for row in (0, -1))
    print(f"leakage of the unbiased design: {low:.0f} % at the lowest supply, {high:.0f} % at the highest")
    before, found, squares = (
        our_figures(read_points(options.run / "operating_points.csv"), metrics),
        figures(scale, left),
        [],
    )
    print("| figure | published | this run | what if | |\n| --- | --- | --- | --- | --- |")
    for key, figure in published.items():
        if not key.startswith(("savings", "area_low")) or key not in found:
            continue
        value = found[key][0]
        note = "fitted" if key in wanted else "predicted"
        if key.startswith("savings") and figure.value is not None:
            squares.append((value - figure.value) ** 2)
        run_text = f"{before[key][0]:.1f}" if key in before else ""
        print(f"| {figure.what} | {figure.text()} | {run_text} | {value:.1f} | {note} |")
    print(f"root mean square over the {len(squares)} published average savings: {np.sqrt(np.mean(squares)):.1f} points")
    return 0


if __name__ == "__main__":
    sys.exit(main())
