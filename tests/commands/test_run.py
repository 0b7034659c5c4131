"""What a run ends with on the terminal: averages a user can check against the tables of the run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from finevh.commands.run import conclusion, final_tables
from finevh.report.tables import POINT_COLUMNS

POWER = {"ideal-dvfs": 2.0, "vdd-hopping": 2.5, "vdd-dithering": 2.1, "fine-vh": 1.8}


def write_run(directory: Path) -> None:
    """One frequency, one delta-Vdd that the source never used."""
    lines = [",".join(POINT_COLUMNS)]
    parts = {name: 0.0 for name in POINT_COLUMNS if name.startswith("power_")}
    for scheme, power in POWER.items():
        given = {"design": "toy", "tiles": 9, "scheme": scheme, "variant": "pb0", "freq_mhz": 100, "vdd_v": 0.8}
        delta = {} if scheme == "ideal-dvfs" else {"delta_vdd_v": 0.15}
        row = {**parts, **given, **delta, "power_total_mw": power, "area_low_fraction": 0.5}
        lines.append(",".join(str(row.get(column, "")) for column in POINT_COLUMNS))
    (directory / "operating_points.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (directory / "metrics.json").write_text(json.dumps({"place__interface_cells__fraction": 0.25}), encoding="utf-8")


def text_of(directory: Path) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        for table in final_tables(directory):
            console.print(table)
    return capture.get()


def test_a_run_without_points_ends_without_tables(tmp_path: Path) -> None:
    assert final_tables(tmp_path) == []


def test_a_run_without_fine_vh_ends_without_tables_and_says_why(tmp_path: Path) -> None:
    write_run(tmp_path)
    path = tmp_path / "operating_points.csv"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if ",fine-vh," not in line]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert final_tables(tmp_path) == []
    assert conclusion(tmp_path)[0].startswith("FINE-VH is left out")


def test_a_run_of_any_step_ends_with_its_own_averages(tmp_path: Path) -> None:
    write_run(tmp_path)
    row = next(line for line in text_of(tmp_path).splitlines() if "150 mV" in line)
    assert row.replace("│", " ").split() == ["150", "mV", "pb0", "10.0", "28.0", "14.3"]


def test_only_published_figures_with_a_counterpart_are_printed_and_the_others_counted(tmp_path: Path) -> None:
    write_run(tmp_path)
    text = text_of(tmp_path)
    assert "25.0" in next(line for line in text.splitlines() if "Interface cells " in line)
    assert "not in this run" not in text
    assert "published figures are of other settings than this run's" in " ".join(text.split())


def test_a_run_that_has_nothing_to_do_and_a_report_load_no_compiler() -> None:
    code = "import sys, finevh.commands.run, finevh.commands.report; print(*{'numba', 'scipy', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
