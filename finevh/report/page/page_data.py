"""Tables of a run in, what the page's script draws out: curves, savings, interval boundaries, maps."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from finevh.report.colours import SCHEME_STYLE, VARIANT_LABEL
from finevh.report.tables import failed, fine_curve, savings

BOUND, FAILED = "bound", "failed"
"""Schemes of curves that are none: the proven bound, and points that would not run as they stand."""
_SAME_FREQUENCY = 1e-3  # relative
TILE_QUANTITIES = {
    "power_mw": ("power", " mW"),
    "interface_leakage_mw": ("interface leakage", " mW"),
    "slack_ps": ("slack", " ps"),
    "droop_fraction": ("droop over supply", ""),
}
"""Columns of ``tables/tile_points.csv`` that a map can show: label, unit."""


def as_json(value: Any) -> str:
    """Serialise for a script element: no ``</script>`` and no HTML comment can come out of a name in the data."""

    def clean(item: Any) -> Any:
        if isinstance(item, dict):
            return {str(key): clean(entry) for key, entry in item.items()}
        if isinstance(item, list):
            return [clean(entry) for entry in item]
        return None if isinstance(item, float) and not math.isfinite(item) else item

    text = json.dumps(clean(value), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def finest(points: pd.DataFrame) -> pd.DataFrame:
    """Rows of the mesh with the most tiles."""
    return points[points["tiles"] == points["tiles"].max()]


def delta_vdds(points: pd.DataFrame) -> list[float]:
    """Every delta-Vdd of a run, V, ascending; of FINE-VH, or of the coarse schemes where that is left out."""
    fine = points.loc[points["scheme"] == "fine-vh", "delta_vdd_v"].dropna()
    rows = fine if not fine.empty else points.loc[points["scheme"] == "vdd-hopping", "delta_vdd_v"].dropna()
    return sorted(float(value) for value in rows.unique())


def stepped(rows: pd.DataFrame) -> tuple[list[float], list[float]]:
    """Vdd-hopping as the steps it is: at an interval's start the supply jumps, inside it power is a line in frequency.

    Parameters
    ----------
    rows : ascending in ``freq_mhz``; ``vdd_v`` is the supply that the design runs at.

    Returns
    -------
    x, y : MHz, mW; the start of each interval appears twice, at the supply below and at its own.
    """
    x: list[float] = []
    y: list[float] = []
    for _, part in rows.groupby(rows["vdd_v"].round(6), sort=True):
        frequency, power = part["freq_mhz"].to_numpy(), part["power_total_mw"].to_numpy()
        if x and len(part) > 1:
            slope = (power[-1] - power[0]) / (frequency[-1] - frequency[0])
            x.append(x[-1])
            y.append(float(power[0] - slope * (frequency[0] - x[-1])))
        x += frequency.tolist()
        y += power.tolist()
    return x, y


def curves(points: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry per delta-Vdd, scheme and variant, and one for the proven bound where the run has it."""
    run, found = finest(points), []
    for delta in delta_vdds(points):
        for scheme, (label, _, _, _) in SCHEME_STYLE.items():
            rows = run[run["scheme"] == scheme]
            if scheme != "ideal-dvfs":
                rows = rows[np.isclose(rows["delta_vdd_v"], delta)]
            for variant, group in rows.groupby("variant", sort=False):
                ordered = fine_curve(run, str(variant), delta) if scheme == "fine-vh" else group.sort_values("freq_mhz")
                x, y = ordered["freq_mhz"].tolist(), ordered["power_total_mw"].tolist()
                if scheme == "vdd-hopping" and ordered["vdd_v"].notna().all():
                    x, y = stepped(ordered)
                name = f"{label}, {VARIANT_LABEL.get(str(variant), str(variant))}"
                found.append({"delta": delta, "scheme": scheme, "variant": str(variant), "name": name, "x": x, "y": y})
                lost = failed(ordered)
                if not lost.empty:
                    found.append(
                        {
                            "delta": delta,
                            "scheme": FAILED,
                            "variant": str(variant),
                            "name": f"{name}: fails sign-off, or its clock on drooped rails",
                            "x": lost["freq_mhz"].tolist(),
                            "y": lost["power_total_mw"].tolist(),
                        }
                    )
                if scheme == "fine-vh" and ordered.get("bound_mw", pd.Series(dtype=float)).notna().any():
                    bound = ordered.dropna(subset=["bound_mw"])
                    found.append(
                        {
                            "delta": delta,
                            "scheme": BOUND,
                            "variant": str(variant),
                            "name": f"no map can be below, {VARIANT_LABEL.get(str(variant), str(variant))}",
                            "x": bound["freq_mhz"].tolist(),
                            "y": bound["bound_mw"].tolist(),
                        }
                    )
    return found


def saving_curves(points: pd.DataFrame) -> list[dict[str, Any]]:
    """Saving of FINE-VH against ideal-DVFS without bias, by delta-Vdd and variant."""
    table = savings(finest(points))
    table = table[(table["baseline"] == "ideal-dvfs") & (table["baseline_variant"] == "pb0")]
    return [
        {
            "delta": float(delta),
            "variant": str(variant),
            "name": f"FINE-VH, {VARIANT_LABEL.get(str(variant), str(variant))}",
            "x": rows["freq_mhz"].tolist(),
            "y": rows["saving_percent"].tolist(),
        }
        for (delta, variant), rows in table.groupby(["delta_vdd_v", "variant"], sort=False)
    ]


def boundaries(points: pd.DataFrame) -> dict[float, list[float]]:
    """Frequencies, MHz, at which one interval of voltages ends and the next begins, by delta-Vdd."""
    run = finest(points)
    ideal = run[(run["scheme"] == "ideal-dvfs") & (run["variant"] == "pb0")]
    found = {}
    for delta in delta_vdds(points):
        rows = run[(run["scheme"] == "vdd-hopping") & np.isclose(run["delta_vdd_v"], delta)]
        ends = sorted({round(float(vdd), 6) for vdd in rows["vdd_v"].dropna()})
        at = ideal[ideal["vdd_v"].round(6).isin(ends)].sort_values("freq_mhz")["freq_mhz"].tolist()
        found[delta] = at[:-1]
    return found


def fine_points(points: pd.DataFrame) -> list[dict[str, Any]]:
    """FINE-VH rows of the finest mesh, for the slider."""
    run = finest(points)
    columns = {
        "variant": "variant",
        "delta_vdd_v": "delta",
        "freq_mhz": "freq",
        "vdd_l_v": "low",
        "vdd_h_v": "high",
        "assignment": "bits",
        "power_total_mw": "power",
        "power_leakage_mw": "leakage",
        "power_interface_leakage_mw": "interface",
        "worst_slack_ps": "slack",
        "area_low_fraction": "areaLow",
    }
    found: list[dict[str, Any]] = []
    for delta in delta_vdds(points):
        for variant in run.loc[run["scheme"] == "fine-vh", "variant"].unique():
            rows = fine_curve(run, str(variant), delta).dropna(subset=["assignment"])
            found += [dict(row) for row in rows[list(columns)].rename(columns=columns).to_dict("records")]
    return found


def tile_values(table: pd.DataFrame | None) -> tuple[list[tuple[str, str, str]], list[dict[str, Any]]]:
    """What maps can be coloured by beside the voltage: (column, label, unit), and the values of each operating point."""
    if table is None or table.empty:
        return [], []
    columns = [name for name in TILE_QUANTITIES if name in table.columns]
    entries: list[dict[str, Any]] = []
    for (variant, delta, freq), rows in table.groupby(["variant", "delta_vdd_v", "freq_mhz"], sort=False):
        ordered = rows.sort_values("tile")
        values = {name: [float(f"{value:.4g}") for value in ordered[name]] for name in columns}
        entries.append({"variant": str(variant), "delta": float(delta), "freq": float(freq), **values})
    return [(name, *TILE_QUANTITIES[name]) for name in columns], entries


PATH_COLUMNS = ("instance", "cell", "tile", "vdd_v", "delay_ps", "x_um", "y_um")
"""Of a step of a critical path, in the order in which the page's script reads them; older runs have no places."""


def critical_paths(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """The worst path of each operating point: its key, and a row of :data:`PATH_COLUMNS` for each step."""
    if table is None or table.empty:
        return []
    steps = table.reindex(columns=["variant", "delta_vdd_v", "freq_mhz", *PATH_COLUMNS])
    for name in ("delay_ps", "x_um", "y_um"):
        steps[name] = steps[name].astype(float).round(2)
    return [
        {
            "variant": str(variant),
            "delta": float(delta),
            "freq": float(freq),
            "steps": rows[list(PATH_COLUMNS)].astype(object).to_numpy().tolist(),
        }
        for (variant, delta, freq), rows in steps.groupby(["variant", "delta_vdd_v", "freq_mhz"], sort=False)
    ]


def work_curves(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Energy per unit of work and per instruction, by program, scheme and delta-Vdd."""
    keys = ["program", "unit", "scheme", "variant", "delta_vdd_v"]
    # A biased design also runs at the unbiased one's frequencies, parts per million away: one of two such points is drawn.
    ordered = table.sort_values([*keys, "freq_mhz"])
    table = ordered[~(ordered.groupby(keys)["freq_mhz"].pct_change() < _SAME_FREQUENCY)]
    groups = sorted(table.groupby(keys, sort=False), key=lambda item: list(SCHEME_STYLE).index(str(item[0][2])))
    return [
        {
            "program": str(program),
            "unit": str(unit),
            "scheme": str(scheme),
            "delta": float(delta),
            "name": f"{SCHEME_STYLE[str(scheme)][0]}, {VARIANT_LABEL.get(str(variant), str(variant))}",
            "x": rows["freq_mhz"].tolist(),
            "y": [float(f"{value:.6g}") for value in rows["energy_per_unit_pj"]],
            "instruction": [float(f"{value:.6g}") for value in rows["energy_per_instruction_pj"]],
        }
        for (program, unit, scheme, variant, delta), rows in groups
    ]


def sparkline(values: list[float], width: int = 90, height: int = 20) -> str:
    """Draw a row of numbers as a small SVG with its zero line."""
    if len(values) < 2:
        return ""
    low, high = min(*values, 0.0), max(*values, 0.0)
    span = (high - low) or 1.0

    def at(value: float) -> float:
        return round(height - 2 - (height - 4) * (value - low) / span, 1)

    step = (width - 4) / (len(values) - 1)
    line = " ".join(f"{round(2 + k * step, 1)},{at(value)}" for k, value in enumerate(values))
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'<line x1="0" x2="{width}" y1="{at(0.0)}" y2="{at(0.0)}" stroke="currentColor" stroke-opacity=".3"/>'
        f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="1.4"/></svg>'
    )
