"""The clock of a finished run: gated, balanced, timed as it is, and the design still what its RTL says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from finevh.flow.artifacts.netlist import load_netlist
from finevh.flow.artifacts.variants import load_variants
from finevh.flow.inputs.rtl import rtl_of
from finevh.flow.inputs.technology import technology_of
from finevh.flow_file import read_flow
from finevh.synthesis import plan_rtl_export, run_rtl_export
from oracles.mixed_voltage import mixed_map_oracle
from tests.synthesis.equivalence import random_words, trace_gates, trace_rtl

INPUTS = {"rst_ni": 1, "scan_en_i": 1, "cmd_valid_i": 1, "cmd_start_i": 1, "cmd_addr_i": 3, "cmd_data_i": 16}
OUTPUTS = {"cmd_ready_o": 1, "result_valid_o": 1, "result_o": 16, "saturated_o": 1, "checksum_o": 8}


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is missing; install the Debian package")
def test_placed_netlist_with_tree_and_copied_gates_follows_the_rtl(quick_run: Path, tmp_path: Path) -> None:
    flow = read_flow(quick_run / "flow.toml")
    netlist = load_netlist(quick_run / "05-optimize", technology_of(flow))
    assert any(name.startswith("clock_leaf_") for name in netlist.instance_names)
    plain = run_rtl_export(plan_rtl_export(rtl_of(flow)), tmp_path / "rtl")
    cycles = 1500
    words = random_words(INPUTS, cycles, seed=11)
    words["rst_ni"] = np.where((np.arange(cycles) < 3) | (np.arange(cycles) == 700), 0, 1).astype(np.uint64)
    words["scan_en_i"] = np.zeros(cycles, dtype=np.uint64)
    words["cmd_start_i"] = (words["cmd_data_i"] % 8 == 0).astype(np.uint64)
    expected = trace_rtl(plain, "quick", "clk_i", words, {**INPUTS, **OUTPUTS}, list(OUTPUTS), tmp_path)
    assert trace_gates(netlist, "clk_i", words, list(OUTPUTS))[1:] == expected[1:]
    assert sum(line[1] == "1" for line in expected) > 30


def test_skew_is_a_small_share_of_the_period_at_every_single_supply(quick_run: Path) -> None:
    table = pd.read_csv(quick_run / "tables" / "clock.csv")
    points = pd.read_csv(quick_run / "operating_points.csv")
    ideal = points[(points["scheme"] == "ideal-dvfs") & (points["variant"] == "pb0")]
    single = table[table["vdd_l_v"] == table["vdd_h_v"]]
    assert len(single) == 5
    for _, row in single.iterrows():
        frequency = float(ideal.loc[np.isclose(ideal["vdd_v"], row["vdd_h_v"]), "freq_mhz"].max())
        assert row["skew_ps"] < 0.015 * 1e6 / frequency
        assert row["insertion_ps"] < 0.25 * 1e6 / frequency


def test_every_map_of_the_run_meets_hold_and_the_bound_bounds_them(quick_run: Path) -> None:
    table = pd.read_csv(quick_run / "tables" / "clock.csv")
    maps = table[table["vdd_l_v"] < table["vdd_h_v"]]
    assert len(maps) == 6
    assert (table["violated"] == 0).all()
    assert (table["hold_ps"] > 0).all()
    assert (maps["bound_ps"] <= maps["hold_ps"]).all()
    assert ((maps["bound_ps"] < 0) == (maps["bound_violated"] > 0)).all()
    assert (table["power_mw"] > 0).all()
    metrics = json.loads((quick_run / "metrics.json").read_text())
    assert metrics["hold__violated__count"] == 0
    assert metrics["hold__violated__maps__count"] == 0


def test_no_clock_cell_is_biased(quick_run: Path) -> None:
    technology = technology_of(read_flow(quick_run / "flow.toml"))
    netlist = load_netlist(quick_run / "05-optimize", technology)
    tree = np.array([name.startswith("clock_") for name in netlist.instance_names])
    assert tree.sum() > 20
    sets = load_variants(quick_run / "07-polybias")
    assert sorted(sets) == ["pb", "pb0", "vt"]
    for name, variant in sets.items():
        assert not variant[tree].any()
        assert name == "pb0" or variant.any()


@pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is missing: apt-get install opensta")
@pytest.mark.parametrize("pair", [(0.6, 0.8), (0.9, 1.0)])
def test_propagated_setup_and_hold_of_a_mixed_map_are_those_of_opensta(
    quick_run: Path, pair: tuple[float, float]
) -> None:
    found = mixed_map_oracle(quick_run, *pair)
    assert 0 < found.tiles_high < 9
    assert found.skew > 15.0
    for result in (found.setup, found.hold):
        assert result.count > 200
        assert result.missing == result.extra == 0
        assert result.worst_ps < 1.0
