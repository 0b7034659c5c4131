"""Glitches of a finished run: in every table, in the charge of the rails, and as Icarus Verilog counts them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from finevh.checks import Checks
from finevh.cli import run_command
from finevh.flow.artifacts.activity import load_activity
from finevh.flow.artifacts.layout import load_placement, load_wires
from finevh.flow.designs import load_placed
from finevh.flow.inputs.stimulus import held_inputs, middle_supply, stimulus_of, tied_netlist
from finevh.flow_file import read_flow
from finevh.power.glitches import delays_of
from finevh.power.tiles.tile_cycles import switched_capacitance
from oracles.iverilog_glitches import compare_glitches

NAMES = ["scheme", "variant", "selector", "assignment"]


def test_every_point_of_every_scheme_is_there_with_and_without_glitches(quick_run: Path) -> None:
    table = pd.read_csv(quick_run / "tables" / "glitches.csv", keep_default_na=False)
    points = pd.read_csv(quick_run / "operating_points.csv", keep_default_na=False)
    assert set(table["scheme"]) == {"ideal-dvfs", "vdd-hopping", "vdd-dithering", "fine-vh"}
    assert table[NAMES].equals(points[NAMES])
    assert np.allclose(table["freq_mhz"], points["freq_mhz"])
    added = table["power_with_glitches_mw"] - table["power_settled_mw"]
    assert np.allclose(table["power_with_glitches_mw"], points["power_total_mw"], rtol=1e-6)
    assert np.allclose(added, points["power_glitch_mw"].astype(float), rtol=1e-4)
    dynamic = points["power_switching_mw"] + points["power_internal_mw"]
    assert (points["power_glitch_mw"].astype(float) < dynamic).all()
    assert added.gt(0.2 * table["power_settled_mw"]).all()
    ratio = table["toggles_with_glitches"] / table["toggles_settled"]
    assert ratio.between(1.5, 2.2).all()


def test_points_are_off_by_what_the_run_says(quick_run: Path) -> None:
    table = pd.read_csv(quick_run / "tables" / "glitches.csv")
    checked = table[table["power_own_delays_mw"].notna()]
    assert set(checked["scheme"]) == {"ideal-dvfs", "fine-vh"}
    assert len(checked) >= 6
    off = checked["power_with_glitches_mw"] / checked["power_own_delays_mw"] - 1.0
    assert np.allclose(100 * off, checked["error_percent"], atol=1e-5)
    assert off.abs().between(1e-9, 0.01).all()
    # A map stretches some paths of the multiplier more than others.
    assert checked["middle_error_percent"].abs().max() > 2.0
    metrics = json.loads((quick_run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["glitches__error__worst__fraction"] == pytest.approx(float(off.abs().max()), rel=1e-3)
    said = json.loads((quick_run / "checks.json").read_text(encoding="utf-8"))
    assert said["glitches_checked"]["count"] == len(checked)
    assert not {"glitches_interpolated", "glitches_left_out"} & set(said)


def test_the_charge_of_the_cycles_has_the_glitches(quick_run: Path) -> None:
    flow = read_flow(quick_run / "flow.toml")
    placed = load_placed(flow, quick_run / "03-floorplan", quick_run / "05-optimize")
    activity = load_activity(quick_run / "06-activity", "random")
    moved = np.load(quick_run / "06-activity" / "tile_cycles-random.npy")
    capacitance = switched_capacitance(placed.netlist, placed.technology, load_wires(quick_run / "05-optimize"))
    driver = placed.netlist.net_driver
    tile = load_placement(quick_run / "05-optimize").tile
    held = np.flatnonzero((driver >= 0) & (tile[driver] >= 0))
    toggles = activity.toggle_rate * activity.cycles
    expected = np.bincount(tile[driver[held]], weights=(capacitance * toggles)[held], minlength=moved.shape[1])
    assert moved.sum(axis=0, dtype=np.float64) == pytest.approx(expected, rel=1e-5)
    settled = activity.without_glitches().toggle_rate
    assert (activity.toggle_rate >= settled).all()
    assert activity.toggle_rate.sum() > 1.5 * settled.sum()


def test_without_glitches_the_run_says_so_and_counts_settled_toggles(quick_run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(quick_run, copy)
    flow = str(copy / "flow.toml")
    assert run_command(["run", flow, "-o", str(copy), "--to", "activity", "--set", "activity.glitches=false"]) == 0
    said = json.loads((copy / "checks.json").read_text(encoding="utf-8"))["glitches_left_out"]
    assert said == {"count": 1, "examples": ["random"], "severity": "warning"}
    with_glitches = load_activity(quick_run / "06-activity", "random")
    settled = load_activity(copy / "06-activity", "random")
    assert settled.glitch_rate is None
    assert np.array_equal(settled.toggles, with_glitches.without_glitches().toggles)
    assert np.array_equal(settled.pattern_probability, with_glitches.pattern_probability)


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is missing; install the Debian package")
def test_toggles_of_the_placed_design_are_those_of_icarus_verilog(quick_run: Path, tmp_path: Path) -> None:
    flow = read_flow(quick_run / "flow.toml")
    placed = load_placed(flow, quick_run / "03-floorplan", quick_run / "05-optimize")
    index = middle_supply(flow, placed.technology)
    graph = placed.graph.with_port_vdd(index)
    delays = delays_of(graph, graph.evaluate(np.full(placed.netlist.n_cells, index, dtype=np.int32)))
    tied = tied_netlist(flow, placed.netlist)
    stimulus = stimulus_of(flow, "random", tied.netlist, held_inputs(flow, placed.netlist), Checks())
    found = compare_glitches(tied.netlist, placed.technology, stimulus, delays, 60, tmp_path)
    assert found.ours.sum() > 1.4 * found.settled.sum()
    assert abs(found.total) < 0.01
    assert np.array_equal(found.plain, found.ours)
    assert found.spread < 0.02
    # The clock falls once more in ours when the vectors end: 6 of some ten thousand toggles.
    assert found.spread_with_their_rule < 0.001
