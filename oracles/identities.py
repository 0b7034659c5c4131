"""What must hold between the four schemes of a finished run, and the bands that the literature gives for their distances."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator

# Rounding of operating_points.csv: nine decimals of a milliwatt.
RELATIVE = 1e-6


@dataclass(frozen=True)
class Check:
    """One statement: what, what was found, whether it holds; a band that is missed is reported, not an error."""

    what: str
    found: str
    holds: bool
    identity: bool = True


# Overhead over ideal-DVFS, per cent, average over the frequencies: thesis and an independent transistor-level estimate.
BANDS = {("vdd-dithering", 0.2): (5.3, 6.5), ("vdd-dithering", 0.1): (1.1, 1.6), ("vdd-hopping", 0.2): (31.0, 37.0)}


def by_frequency(
    points: pd.DataFrame, scheme: str, variant: str, delta: float | None = None, selector: str = ""
) -> pd.DataFrame:
    """Rows of one curve, indexed by frequency."""
    rows = points[(points["scheme"] == scheme) & (points["variant"] == variant)]
    if delta is not None:
        rows = rows[np.isclose(rows["delta_vdd_v"], delta)]
    if selector:
        rows = rows[rows["selector"].fillna("").str.split(":").str[0] == selector]
    return rows.assign(key=rows["freq_mhz"].round(6)).drop_duplicates("key").set_index("key").sort_index()


def check_run(directory: Path) -> list[Check]:
    """All checks on the operating points of a run as they were chosen at the supplies: rails droop for FINE-VH alone."""
    nominal = directory / "tables" / "nominal_points.csv"
    points = pd.read_csv(nominal if nominal.is_file() else directory / "operating_points.csv")
    checks: list[Check] = []
    deltas = sorted(points.loc[points["scheme"] == "vdd-hopping", "delta_vdd_v"].unique(), reverse=True)
    for variant in points["variant"].unique():
        ideal = by_frequency(points, "ideal-dvfs", variant)
        checks.append(Check(f"{variant}: ideal-DVFS points", str(len(ideal)), len(ideal) >= 2))
        checks.append(_rising(ideal, variant))
        for delta in deltas:
            checks += _single_voltage(points, ideal, variant, delta)
            checks += _fine(points, variant, delta)
    checks += _bound(directory)
    return checks


def _rising(ideal: pd.DataFrame, variant: str) -> Check:
    ratio = ideal["freq_mhz"].iloc[-1] / ideal["freq_mhz"].iloc[0]
    rising = bool((ideal["vdd_v"].diff().dropna() > 0).all() and (ideal["power_total_mw"].diff().dropna() > 0).all())
    return Check(f"{variant}: frequency and power rise with Vdd", f"f ratio {ratio:.3f}", rising)


def convex_part(frequency: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Mark the inner points at which a curve bends upwards; the ends count as their neighbours do."""
    slope = np.diff(power) / np.diff(frequency)
    inner = np.diff(slope) >= 0
    return np.concatenate([inner[:1], inner, inner[-1:]])


def _single_voltage(points: pd.DataFrame, ideal: pd.DataFrame, variant: str, delta: float) -> list[Check]:
    hopping = by_frequency(points, "vdd-hopping", variant, delta)
    dithering = by_frequency(points, "vdd-dithering", variant, delta)
    steps = (ideal["vdd_v"] - ideal["vdd_v"].iloc[0]) / delta
    grid = ideal.index[np.isclose(steps, steps.round(), atol=1e-3)]
    name = f"{variant}, {1000 * delta:.0f} mV"
    base = ideal.loc[grid, "power_total_mw"]
    apart = max(
        float((hopping.loc[grid, "power_total_mw"] / base - 1).abs().max()),
        float((dithering.loc[grid, "power_total_mw"] / base - 1).abs().max()),
    )
    checks = [
        Check(f"{name}: ideal, hopping and dithering coincide at grid voltages", f"{apart:.1e}", apart < RELATIVE)
    ]
    excess = dithering.loc[ideal.index, "power_total_mw"] / ideal["power_total_mw"] - 1
    convex = convex_part(ideal["freq_mhz"].to_numpy(), ideal["power_total_mw"].to_numpy())
    if convex.all():
        lowest = float(excess.min())
        checks.append(
            Check(f"{name}: dithering >= ideal (P(f) is convex)", f"{100 * lowest:.4f} %", lowest > -RELATIVE)
        )
    above = hopping.loc[dithering.index.intersection(hopping.index), "power_total_mw"]
    worse = float((above / dithering.loc[above.index, "power_total_mw"] - 1).min())
    checks.append(Check(f"{name}: hopping >= dithering", f"{100 * worse:.4f} %", worse > -RELATIVE))
    for scheme, curve in (("vdd-dithering", dithering), ("vdd-hopping", hopping)):
        band = BANDS.get((scheme, round(delta, 3)))
        average = 100 * float((curve.loc[ideal.index, "power_total_mw"] / ideal["power_total_mw"] - 1).mean())
        wide, plain = (over_the_range(ideal, delta, alone)[scheme] for alone in (False, True))
        note = f" (C V^2 f alone {plain:+.2f} %)"
        for where, found, more in ((f"at {len(ideal)} voltages", average, ""), ("over the range", wide, note)):
            text = f"{found:+.2f} %{more}" + (f"; band {band[0]:+.1f} to {band[1]:+.1f}" if band else "")
            inside = band is None or band[0] <= found <= band[1]
            checks.append(Check(f"{name}: {scheme} over ideal-DVFS, average {where}", text, inside, identity=False))
    return checks


def over_the_range(ideal: pd.DataFrame, delta: float, switching_only: bool = False) -> dict[str, float]:
    """Average overhead over ideal-DVFS, %, uniformly over the range of frequencies instead of at the run's samples.

    Hopping is a saw tooth over frequency, and samples at 25 mV meet its zeros (all schemes coincide at grid voltages) but never
    the jump just above them; their average is some 5 % below that of the range. Monotone cubic interpolation in Vdd.

    Parameters
    ----------
    switching_only : P = C V^2 f on the run's own f(Vdd) instead of the run's energy per cycle and leakage.
    """
    volt, freq = ideal["vdd_v"].to_numpy(), ideal["freq_mhz"].to_numpy()
    cycle = volt**2 if switching_only else (ideal["power_total_mw"] - ideal["power_leakage_mw"]).to_numpy() / freq
    leakage = np.full(len(volt), 1e-300) if switching_only else ideal["power_leakage_mw"].to_numpy()
    frequency_at, cycle_at, leakage_at = (PchipInterpolator(volt, np.log(y)) for y in (freq, cycle, leakage))

    def power(vdd: np.ndarray, at: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(cycle_at(vdd)) * at + np.exp(leakage_at(vdd)))

    dense = np.linspace(volt[0], volt[-1], 4001)
    wanted = np.linspace(freq[0], freq[-1], 4001)
    grid = np.linspace(volt[0], volt[-1], round((volt[-1] - volt[0]) / delta) + 1)
    reached = np.exp(frequency_at(grid))
    above = np.clip(np.searchsorted(reached, wanted), 1, len(grid) - 1)
    share = (wanted - reached[above - 1]) / (reached[above] - reached[above - 1])
    mixed = (1 - share) * power(grid[above - 1], reached[above - 1]) + share * power(grid[above], reached[above])
    best = power(np.interp(wanted, np.exp(frequency_at(dense)), dense), wanted)
    return {
        "vdd-hopping": 100 * float(np.mean(power(grid[above], wanted) / best - 1)),
        "vdd-dithering": 100 * float(np.mean(mixed / best - 1)),
    }


def _fine(points: pd.DataFrame, variant: str, delta: float) -> list[Check]:
    greedy = by_frequency(points, "fine-vh", variant, delta, "greedy")
    if greedy.empty:
        return []
    name = f"{variant}, {1000 * delta:.0f} mV"
    hopping = by_frequency(points, "vdd-hopping", variant, delta)
    slack = float(greedy["worst_slack_ps"].min())
    checks = [Check(f"{name}: no negative slack at any FINE-VH point", f"{slack:.6f} ps", slack > -1e-3)]
    # Where Algorithm 5 has no answer, tiles are lowered from all at VddH: such a point is not on its trajectory.
    lowered = greedy["selector"].str.endswith(":lowered")
    kept = _nested(greedy[~lowered])
    found = f"{kept} violations in {int((~lowered).sum())} points ({int(lowered.sum())} lowered ones apart)"
    checks.append(Check(f"{name}: a tile once at VddH stays there inside an interval", found, kept == 0))
    for selector in ("improved", "exact"):
        other = by_frequency(points, "fine-vh", variant, delta, selector)
        if other.empty:
            continue
        gap = 100 * (greedy["power_total_mw"].loc[other.index] / other["power_total_mw"] - 1)
        text = f"greedy above {selector}: average {gap.mean():.2f} %, most {gap.max():.2f} %"
        checks.append(
            Check(f"{name}: {selector} never worse than Algorithm 5", text, bool(gap.min() > -100 * RELATIVE))
        )
        saved = 100 * (1 - _cells(other) / _cells(hopping).loc[other.index])
        text = f"saves at least {saved.min():.2f} %"
        checks.append(
            Check(f"{name}: {selector} never worse than Vdd-hopping", text, bool(saved.min() > -100 * RELATIVE))
        )
    return checks


def _cells(points: pd.DataFrame) -> pd.Series:
    """Power without that of the Vdd-MUXes, which hopping does not have."""
    if "power_vdd_mux_leakage_mw" not in points:
        return points["power_total_mw"]
    return points["power_total_mw"] - points["power_vdd_mux_leakage_mw"].fillna(0.0)


def _nested(greedy: pd.DataFrame) -> int:
    """Count tiles that fall back to VddL at a higher frequency of the same interval."""
    violations = 0
    for _, rows in greedy.groupby(["vdd_l_v", "vdd_h_v"]):
        maps = [np.array(list(text)) == "H" for text in rows.sort_index()["assignment"]]
        violations += sum(int((slow & ~fast).sum()) for slow, fast in itertools.pairwise(maps))
    return violations


def _bound(directory: Path) -> list[Check]:
    path = directory / "tables" / "selection.csv"
    if not path.is_file():
        return []
    table = pd.read_csv(path)
    checks = []
    for (variant, delta), rows in table.groupby(["variant", "delta_vdd_v"], sort=False):
        # A cell driven from a higher rail leaks less than nominal, so both sides are taken without crossing leakage.
        plain = rows["power_total_mw"] - rows["power_interface_leakage_mw"]
        least = float((plain / rows["lower_bound_mw"] - 1).min())
        text = f"total {rows['gap_percent'].mean():.1f} % above on average, without crossing leakage at least {100 * least:.3f} %"
        what = f"{variant}, {1000 * delta:.0f} mV: FINE-VH >= all tiles VddL without crossing leakage"
        checks.append(Check(what, text, least > -RELATIVE))
    return checks
