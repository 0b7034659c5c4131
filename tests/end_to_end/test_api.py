"""The documented calls work, take texts for paths, and agree with the run's own tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import finevh
from finevh.api import Run
from finevh.errors import InputError


@pytest.fixture(scope="module")
def run(quick_run: Path) -> Run:
    return finevh.open_run(str(quick_run))


def test_importing_the_package_alone_loads_no_engine() -> None:
    code = "import sys, finevh; print(*{'numba', 'scipy', 'matplotlib', 'pandas', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_tables_and_metrics_are_at_hand(run: Run) -> None:
    assert {"ideal-dvfs", "fine-vh"} <= set(run.points["scheme"])
    assert len(run.table("tiles")) == 9
    assert run.metrics["floorplan__tiles__count"] == 9
    with pytest.raises(InputError, match="no table 'nothing'; it has"):
        run.table("nothing")


def test_a_point_of_the_run_is_timed_and_weighed_as_the_run_did(run: Run) -> None:
    fine = run.points[(run.points["scheme"] == "fine-vh") & (run.points["variant"] == "pb0")]
    point = fine[fine["tiles_high"].between(1, 8)].iloc[0]
    design = run.design("pb0")
    assert run.design("pb0") is design
    voltages = finevh.voltage_map(point.assignment, point.vdd_l_v, point.vdd_h_v)
    timing = design.evaluate(voltages, f"{point.freq_mhz} MHz")
    assert np.isclose(timing.worst_slack_ps, point.worst_slack_ps, atol=2e-3)
    assert timing.met
    assert timing.fmax_mhz >= point.freq_mhz - 1e-3
    assert np.isclose(timing.path["delay_ps"].sum() > 0, True)
    power = design.power(voltages, point.freq_mhz)
    assert np.isclose(power.total, point.power_total_mw, rtol=1e-6)
    leakage = design.leakage(voltages)
    of_cells = point.power_leakage_mw - point.power_vdd_mux_leakage_mw
    assert np.isclose(leakage["leakage_nw"].sum() * 1e-6, of_cells, rtol=1e-6)
    assert len(leakage) == len(design.cells)


def test_an_own_map_is_timed_too_and_more_supply_is_faster(run: Run) -> None:
    design = run.design("pb0")
    low = design.evaluate(finevh.voltage_map("L" * 9, 0.8, 0.9), "100 MHz")
    high = design.evaluate(finevh.voltage_map(np.ones(9, dtype=bool), 0.8, 0.9), "100 MHz")
    assert high.min_period_ps < low.min_period_ps


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda design: design.evaluate(finevh.voltage_map("LH", 0.8, 0.9), 100.0), "2 tiles; the design has 9"),
        (lambda design: design.evaluate(finevh.voltage_map("L" * 9, 0.81, 0.9), 100.0), r"0\.81 V"),
        (lambda design: design.power(finevh.voltage_map("L" * 9, 0.8, 0.9), "100"), "number and a unit"),
        (lambda design: design.power(finevh.voltage_map("L" * 9, 0.8, 0.9), -1.0), "above zero"),
        (lambda design: finevh.voltage_map("LX", 0.8, 0.9), "X"),
        (lambda design: finevh.voltage_map("LL", 0.9, 0.8), "VddL"),
    ],
)
def test_what_makes_no_sense_is_an_input_error(run: Run, call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call(run.design("pb0"))


def test_a_folder_without_a_run_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run here"):
        finevh.open_run(tmp_path)
