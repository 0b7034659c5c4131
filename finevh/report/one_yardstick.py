"""Several runs by one yardstick: FINE-VH of each at the frequencies of the first one's ideal-DVFS, over that and over its own.

A saving over a layout's own ideal-DVFS rises when a few slow paths set that layout's clock; power at fixed frequencies does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finevh.report.page.page_data import delta_vdds, finest

_SAME_MHZ = 1e-5
"""Two frequencies of tables with six decimals of a MHz are one within this."""
Real = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """Average savings of one run, variant set and delta-Vdd, per cent, over the frequencies that the run reaches."""

    run: int
    variant: str
    delta: float
    over_own: float
    """FINE-VH below the run's own unbiased ideal-DVFS."""
    over_first: float
    """FINE-VH below that of the first run."""
    ideal: float
    """The run's own unbiased ideal-DVFS below that of the first run."""
    reached: int
    asked: int


def slack_of(rows: pd.DataFrame) -> pd.Series:
    """Slack, ps: on drooped rails where the run judged it there, below zero where they miss the clock; else at the supplies."""
    nominal = rows["worst_slack_ps"].fillna(0.0).clip(lower=0.0)
    drooped = rows.get("drooped_slack_ps")
    return nominal if drooped is None else drooped.fillna(nominal)


def power_at(rows: pd.DataFrame, frequencies: Sequence[float]) -> Real:
    """Power, mW, at frequencies, MHz: that of the cheapest row that meets each; nan where none does.

    ``rows`` are operating points of supplies or maps. One that meets a higher frequency meets a lower one, where its energy per
    cycle and its leakage are the same.
    """
    at = rows["freq_mhz"].to_numpy(dtype=np.float64)
    slack = slack_of(rows).to_numpy(dtype=np.float64)
    most = 1e6 / (1e6 / at - slack)
    energy = (rows["power_switching_mw"] + rows["power_internal_mw"]).to_numpy(dtype=np.float64) / at
    leakage = rows["power_leakage_mw"].to_numpy(dtype=np.float64)
    found = [float((energy * f + leakage)[most >= f - _SAME_MHZ].min(initial=np.inf)) for f in frequencies]
    return np.where(np.isfinite(found), found, np.nan)


def ideal_rows(points: pd.DataFrame) -> pd.DataFrame:
    """Unbiased ideal-DVFS."""
    return points[(points["scheme"] == "ideal-dvfs") & (points["variant"] == "pb0")]


def fine_rows(points: pd.DataFrame, variant: str, delta: float) -> pd.DataFrame:
    """FINE-VH of the selector that draws the curves."""
    rows = points[(points["scheme"] == "fine-vh") & (points["variant"] == variant)]
    rows = rows[np.isclose(rows["delta_vdd_v"], delta)]
    names = rows["selector"].fillna("").astype(str).str.split(":").str[0]
    return rows[names == names.iloc[0]] if len(rows) else rows


def measure_runs(runs: Sequence[pd.DataFrame]) -> list[Measured]:
    """Every variant set and delta-Vdd of every run; runs without unbiased ideal-DVFS give none."""
    runs = [finest(points) for points in runs]
    first = ideal_rows(runs[0])
    frequencies = sorted(set(first["freq_mhz"]))
    yardstick = power_at(first, frequencies)
    found = []
    for number, points in enumerate(runs):
        own = power_at(ideal_rows(points), frequencies)
        for variant in dict.fromkeys(points["variant"]):
            for delta in delta_vdds(points):
                power = power_at(fine_rows(points, variant, delta), frequencies)
                both = np.isfinite(power) & np.isfinite(own)
                if not both.any():
                    continue

                def average(part: Real, whole: Real, both: NDArray[np.bool_] = both) -> float:
                    return float(100.0 * np.mean(1.0 - part[both] / whole[both]))

                found.append(
                    Measured(
                        number, str(variant), float(delta), average(power, own), average(power, yardstick),
                        average(own, yardstick), int(both.sum()), len(frequencies),
                    )
                )  # fmt: skip
    return found
