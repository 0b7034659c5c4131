"""What a run writes for other tools: netlist, SPEF and SDC give the run's own slack, in ``finevh sta`` and in OpenSTA."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from finevh.timing.report import StaOptions, run_sta
from oracles.opensta import opensta, plain_liberty, run_script

LIBERTY = Path(__file__).parents[2] / "libs/finevh45/liberty/finevh45_1v00.lib.gz"
"""Of the flow's highest Vdd, at which it is synthesised."""


def ours(run: Path, options: StaOptions) -> dict[str, float]:
    out = run / "out"
    found = run_sta(out / "quick.v", "quick", [LIBERTY], out / "quick.sdc", out / "quick.spef", options=options)
    assert found["checks"] == {}
    return {key: float(found[key]) for key in ("fmax_mhz", "worst_slack_ps", "worst_hold_slack_ps")}


def test_sta_of_the_output_gives_the_runs_frequency(quick_run: Path) -> None:
    metrics = json.loads((quick_run / "metrics.json").read_text())
    found = ours(quick_run, StaOptions(wire_model="elmore"))
    assert found["fmax_mhz"] == pytest.approx(metrics["timing__fmax__pb0__mhz"], rel=1e-4)


@pytest.mark.skipif(opensta() is None, reason="OpenSTA is missing: apt-get install opensta")
def test_opensta_of_the_output_gives_the_same_slacks(quick_run: Path, tmp_path: Path) -> None:
    out = quick_run / "out"
    lines = [
        f"read_liberty {plain_liberty(LIBERTY, tmp_path)}", f"read_verilog {out / 'quick.v'}", "link_design quick",
        f"source {out / 'quick.sdc'}", "set sta_crpr_enabled 0", f"read_spef {out / 'quick.spef'}",
        *(f"puts {end}; report_checks -path_delay {end} -format end -digits 4" for end in ("max", "min")), "exit", "",
    ]  # fmt: skip
    text = run_script("\n".join(lines), tmp_path).stdout
    assert "Error" not in text
    late, _, early = text.partition("\nmin\n")
    worst = [min(map(float, re.findall(r"([-\d.]+) \((?:MET|VIOLATED)\)", part))) for part in (late, early)]
    found = ours(quick_run, StaOptions(driver_resistance="secant"))
    assert worst == pytest.approx([found["worst_slack_ps"], found["worst_hold_slack_ps"]], abs=0.5)
