"""A kit that brings Liberty and LEF alone, end to end: IHP SG13G2 with leakage derates derived from a stated slope."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from finevh.cli import run_command
from oracles.identities import check_run
from tests.conftest import REPOSITORY, need_pdk

FLOW = """\
[design]
name = "quick"
top = "quick"
files = ["{rtl}/quick_clock_gate.sv", "{rtl}/quick.sv"]

[technology]
path = "{technology}"

[clock]
port = "clk_i"
period = "5 ns"
constants = {{ scan_en_i = 0 }}
false_from = ["rst_ni"]

[floorplan]
tiles = 4

[activity]
cycles = 200
reset = "rst_ni"

[schemes]
vdd_min = "1.08 V"
vdd_max = "1.35 V"
ideal_step = "67.5 mV"
delta_vdd = ["270 mV", "135 mV"]
variants = ["pb0"]
selectors = ["greedy", "improved", "exact"]
driver_derates = false
"""


def flow_on_ihp(folder: Path, *options: str) -> Path:
    kit = need_pdk("ihp-sg13g2")
    assert run_command(["platform", "add", str(kit), "-o", str(folder / "ihp"), *options]) == 0
    path = folder / "flow.toml"
    path.write_text(FLOW.format(rtl=REPOSITORY / "rtl" / "quick", technology=folder / "ihp"))
    return path


@pytest.fixture(scope="module")
def run_on_ihp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ihp")
    flow = flow_on_ihp(folder, "--leakage-slope", "140mV")
    assert run_command(["run", str(flow), "-o", str(folder / "run")]) == 0
    return folder / "run"


def test_identities_hold_on_a_foreign_kit(run_on_ihp: Path) -> None:
    checks = check_run(run_on_ihp)
    assert len(checks) >= 15
    assert [f"{check.what}: {check.found}" for check in checks if check.identity and not check.holds] == []


def test_exact_map_saves_power_over_hopping_between_grid_voltages(run_on_ihp: Path) -> None:
    points = pd.read_csv(run_on_ihp / "operating_points.csv")
    fine = points[(points["scheme"] == "fine-vh") & (points["selector"] == "exact")].set_index(
        ["delta_vdd_v", "freq_mhz"]
    )
    hopping = points[points["scheme"] == "vdd-hopping"].set_index(["delta_vdd_v", "freq_mhz"])
    saved = 1 - fine["power_total_mw"] / hopping.loc[fine.index, "power_total_mw"]
    assert saved.max() > 0.05


def test_power_per_program_and_metrics_are_published(run_on_ihp: Path) -> None:
    programs = pd.read_csv(run_on_ihp / "tables/programs.csv")
    points = pd.read_csv(run_on_ihp / "operating_points.csv")
    assert set(programs["program"]) == {"random"}
    # One program: its power is the run's, in every scheme.
    keys = ["scheme", "variant", "delta_vdd_v", "freq_mhz", "selector"]
    both = programs.merge(points, on=keys, suffixes=("", "_run"))
    assert len(both) == len(programs) == len(points)
    assert set(both["scheme"]) == {"ideal-dvfs", "vdd-hopping", "vdd-dithering", "fine-vh"}
    assert both["power_total_mw"].to_numpy() == pytest.approx(both["power_total_mw_run"].to_numpy(), rel=1e-6)
    metrics = json.loads((run_on_ihp / "metrics.json").read_text())
    assert metrics["floorplan__tiles__count"] == 4
    assert "operating_points__noise_margin__V" not in metrics


def test_without_cross_voltage_tables_fine_vh_is_left_out_and_the_log_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow = flow_on_ihp(tmp_path)
    capsys.readouterr()
    assert run_command(["run", str(flow), "-o", str(tmp_path / "run"), "--set", "optimize.sizing=false"]) == 0
    points = pd.read_csv(tmp_path / "run/operating_points.csv")
    assert set(points["scheme"]) == {"ideal-dvfs", "vdd-hopping", "vdd-dithering"}
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("FINE-VH is left out: the technology has no cross-voltage tables")
    assert any("Vdd-hopping draws" in line for line in said)
    page = (tmp_path / "run/report.html").read_text()
    answer = page.partition('id="answer"')[2].partition("</p>")[0]
    assert "FINE-VH is left out: the technology has no cross-voltage tables" in answer
    assert {"ideal-dvfs", "vdd-hopping", "vdd-dithering"} == set(re.findall(r'"scheme":"([a-z-]+)"', page))
    log = (tmp_path / "run/08-operating-points/log.txt").read_text()
    assert "has no cross-voltage tables: FINE-VH is left out" in log
    assert run_command(["emulate", str(tmp_path / "run"), "--freq", "100MHz"]) == 2
    assert "has no cross-voltage tables, which FINE-VH needs; characterise it" in capsys.readouterr().err


def test_variant_set_that_the_technology_lacks_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flow = flow_on_ihp(tmp_path)
    options = ["--set", 'schemes.variants=["pb0","pb"]', "--set", "optimize.sizing=false"]
    assert run_command(["run", str(flow), "-o", str(tmp_path / "run"), *options]) == 2
    expected = "schemes.variants: technology ihp-sg13g2 has no variant set 'pb'; it has pb0: name only those"
    assert expected in capsys.readouterr().err
