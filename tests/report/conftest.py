"""A synthetic run: P = f V^2 on a linear V(f), three meshes, so every table has a value that can be worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from finevh.report.tables import POINT_COLUMNS

FREQUENCIES = (100.0, 200.0, 300.0, 400.0)


def operating_points(tiles: int) -> pd.DataFrame:
    rows = []
    for variant, gain in (("pb0", 1.0), ("pb", 0.8)):
        for k, freq in enumerate(FREQUENCIES):
            volt = 0.6 + 0.4 * k / (len(FREQUENCIES) - 1)
            ideal = gain * freq * volt**2 / 100
            common = {"design": "toy", "tiles": tiles, "variant": variant, "freq_mhz": freq, "worst_slack_ps": 1.0}
            rows.append({**common, "scheme": "ideal-dvfs", "vdd_v": volt, "power_total_mw": ideal})
            for delta in (0.1, 0.2):
                for scheme, factor in (("vdd-hopping", 1.25), ("vdd-dithering", 1.05), ("fine-vh", 0.9)):
                    high = min(tiles, round(tiles * (k + 1) / len(FREQUENCIES)))
                    rows.append(
                        {
                            **common,
                            "scheme": scheme,
                            "delta_vdd_v": delta,
                            "vdd_l_v": 0.6,
                            "vdd_h_v": 0.6 + delta,
                            "power_total_mw": ideal * factor,
                            "tiles_high": high,
                            "area_low_fraction": 1 - high / tiles,
                            "assignment": "H" * high + "L" * (tiles - high) if scheme == "fine-vh" else None,
                        }
                    )
    points = pd.DataFrame(rows).reindex(columns=POINT_COLUMNS)
    for column, share in (("switching", 0.5), ("internal", 0.3), ("leakage", 0.2), ("interface_leakage", 0.05)):
        points[f"power_{column}_mw"] = share * points["power_total_mw"]
    return points


@pytest.fixture
def points() -> pd.DataFrame:
    return pd.concat([operating_points(9), operating_points(49)], ignore_index=True)


@pytest.fixture
def run_directory(tmp_path: Path, points: pd.DataFrame) -> Path:
    return write_run(tmp_path, points)


def write_run(tmp_path: Path, points: pd.DataFrame) -> Path:
    """Write a finished run's files into a folder; return it."""
    points.to_csv(tmp_path / "operating_points.csv", index=False)
    (tmp_path / "metrics.json").write_text(json.dumps({"polybias__PB16__fraction": 0.6}))
    tables = tmp_path / "tables"
    tables.mkdir()
    index = np.arange(49)
    pd.DataFrame(
        {
            "tile": index,
            "x0_um": 30.0 * (index % 7),
            "y0_um": 30.0 * (index // 7),
            "x1_um": 30.0 * (index % 7) + 28,
            "y1_um": 30.0 * (index // 7) + 28,
            "cells": 700,
            "cell_area_um2": 900.0,
            "interface_cells": 300,
        }
    ).to_csv(tables / "tiles.csv", index=False)
    hostile = "</script><script>alert(1)</script>"
    pd.DataFrame(
        [
            {
                "variant": "pb",
                "delta_vdd_v": delta,
                "freq_mhz": freq,
                "step": step,
                "instance": hostile,
                "cell": "NAND2_X1",
                "tile": 8 * step,
                "vdd_v": 0.7,
                "delay_ps": 50.0,
                "x_um": 14.0 + 31.0 * step,
                "y_um": 14.0 + 31.0 * step,
            }
            for delta in (0.1, 0.2)
            for freq in FREQUENCIES
            for step in range(4)
        ]
    ).to_csv(tables / "critical_paths.csv", index=False)
    pd.DataFrame(
        {"set": "pb", "tiles": 49, "variant": ["PB0", "PB4", "PB10", "PB16"], "fraction": [0.2, 0.05, 0.15, 0.6]}
    ).to_csv(tables / "bias_shares.csv", index=False)
    return tmp_path
