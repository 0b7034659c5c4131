"""The recorded run of the real OpenROAD, timed and weighed here: its points beside our own figures, curves on its wires.

Run as ``python benchmarks/openroad_wires.py [-o DIR] [-j JOBS]``. Two tables:

1. Timing and leakage at the maps that the tool's own point scripts had (supplies in a checkerboard), under its constraints, on
   the capacitances that its SPEF's lines give. What is left is the difference of two delay calculators. Bound: 1 ps and 0.5 %.
2. The schemes on the tool's routed wires (each net's total capacitance) and on our estimate for the same places: the frequency of
   each supply, power at the same frequencies, savings of FINE-VH.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

from finevh.cli import run_command
from finevh.flow.artifacts.layout import load_placement, load_wires, save_wires
from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.openroad import layout as openroad_layout
from finevh.layout import estimate_wires
from finevh.netlist import Wires
from finevh.technology import load_technology
from oracles.openroad.recorded_flow import ALLOWED, replayed, write_recorded_flow
from oracles.openroad.recorded_points import PERIOD, tool_points
from oracles.openroad.recorded_run import LIBRARY

SCHEMES = """vdd_min = "0.60 V"
vdd_max = "1.00 V"
ideal_step = "25 mV"
delta_vdd = ["200 mV", "100 mV"]
variants = ["pb0"]
selectors = ["best"]
"""
BOUND_PS, BOUND = 1.0, 0.005


def run_both(folder: Path, jobs: int) -> dict[str, Path]:
    """The flow on the tool's wires, and from the wires on with our estimate in their place."""
    flow = write_recorded_flow(folder, SCHEMES, points=0, cycles=2000)
    routed, own = folder / "routed", folder / "estimated"
    with replayed(folder):
        if run_command(["run", str(flow), "-o", str(routed), "-j", str(jobs), "--to", "operating-points", *ALLOWED]):
            sys.exit(1)
        shutil.copytree(routed, own, dirs_exist_ok=True)
        technology = load_technology(LIBRARY / "technology.toml", variants=["PB0"])

        def estimated(directory: Path, wires: Wires) -> None:
            netlist, placement = load_netlist(directory, technology), load_placement(directory)
            save_wires(directory, estimate_wires(netlist, technology, placement))

        words = ["run", str(flow), "-o", str(own), "-j", str(jobs), "--from", "optimize", "--to", "operating-points"]
        with mock.patch.object(openroad_layout, "save_wires", estimated):
            if run_command([*words, *ALLOWED]):
                sys.exit(1)
    return {"routed": routed, "estimated": own}


def curves(runs: dict[str, Path]) -> pd.DataFrame:
    """Frequency, MHz, and power of ideal-DVFS at each supply on both wires."""
    found = None
    for name, run in runs.items():
        points = pd.read_csv(run / "operating_points.csv")
        ideal = points[(points["scheme"] == "ideal-dvfs") & (points["variant"] == "pb0")]
        column = ideal[["vdd_v", "freq_mhz", "power_total_mw"]].rename(
            columns={"freq_mhz": f"mhz_{name}", "power_total_mw": f"mw_{name}"}
        )
        found = column if found is None else found.merge(column, on="vdd_v")
    assert found is not None
    tenth = found["vdd_v"] * 10
    return found[np.isclose(tenth, tenth.round())].sort_values("vdd_v")


def savings(runs: dict[str, Path]) -> pd.DataFrame:
    """Mean saving of FINE-VH over ideal-DVFS without bias, %, on both wires."""
    found = []
    for name, run in runs.items():
        points = pd.read_csv(run / "operating_points.csv")
        base = points[(points["scheme"] == "ideal-dvfs") & (points["variant"] == "pb0")].sort_values("freq_mhz")
        own = points[(points["scheme"] == "fine-vh") & (points["variant"] == "pb0")]
        for delta, rows in own.groupby("delta_vdd_v"):
            power = np.interp(rows["freq_mhz"], base["freq_mhz"], base["power_total_mw"])
            found.append((name, delta, 100 * float((1 - rows["power_total_mw"] / power).mean()), len(rows)))
    return pd.DataFrame(found, columns=["wires", "delta_vdd_v", "saving_percent", "points"])


def capacitance(run: Path) -> float:
    """Of all wires, pF."""
    return float(load_wires(run / "05-optimize").node_cap.sum()) / 1e3


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("-j", "--jobs", type=int, default=1)
    parser.add_argument("--points-only", action="store_true")
    chosen = parser.parse_args()
    folder = chosen.output or Path(tempfile.mkdtemp(prefix="openroad-wires-"))
    folder.mkdir(parents=True, exist_ok=True)
    with replayed(folder):
        points = tool_points(folder)
    print(points.to_string(index=False, float_format="%.4g"))
    off = max(
        float((abs(points[f"{what}_tool"] - points[what]) / (BOUND_PS + BOUND * PERIOD)).max())
        for what in ("setup_ps", "hold_ps")
    )
    print(f"worst difference of setup and hold: {off:.2f} of the bound of {BOUND_PS + BOUND * PERIOD:g} ps")
    if not chosen.points_only:
        runs = run_both(folder, chosen.jobs)
        print("wire capacitance, pF:", ", ".join(f"{name} {capacitance(run):.2f}" for name, run in runs.items()))
        print(curves(runs).to_string(index=False, float_format="%.4g"))
        print(savings(runs).to_string(index=False, float_format="%.3g"))
    return int(off > 1.0)


if __name__ == "__main__":
    raise SystemExit(main())
