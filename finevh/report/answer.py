"""The conclusion of a run in words, made from its tables: how far below ideal DVFS, at which delta-Vdd, and what limits it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from finevh.report.tables import fine_curve, met_on_rails, savings

BIAS_WORDS = {"pb0": "without bias", "pb": "with poly-bias", "vt": "with Vth offsets"}


@dataclass(frozen=True)
class Choice:
    """One way to run FINE-VH, against ideal-DVFS without bias and with the same bias; savings in per cent of its power."""

    delta_vdd: float
    """V."""
    variant: str
    average: float
    lowest: float
    highest: float
    worst_frequency: float
    """MHz, where the saving is lowest."""
    own_average: float
    """Against ideal-DVFS with the same bias."""
    losing: int
    """Frequencies at which FINE-VH draws more than unbiased ideal-DVFS."""
    frequencies: int


def choices(points: pd.DataFrame) -> list[Choice]:
    """Every delta-Vdd and variant set of the finest mesh of a run, the largest average saving first."""
    run = points[points["tiles"] == points["tiles"].max()]
    table = savings(run)
    table = table[table["baseline"] == "ideal-dvfs"]
    found = []
    for (delta, variant), rows in table.groupby(["delta_vdd_v", "variant"], sort=True):
        own = rows.loc[rows["baseline_variant"] == variant, "saving_percent"]
        base = rows[rows["baseline_variant"] == "pb0"]
        if base.empty:
            continue
        saving = base["saving_percent"]
        found.append(
            Choice(
                float(delta),
                str(variant),
                float(saving.mean()),
                float(saving.min()),
                float(saving.max()),
                float(base.loc[saving.idxmin(), "freq_mhz"]),
                float(own.mean()),
                int((saving < -0.05).sum()),
                len(saving),
            )
        )
    return sorted(found, key=lambda choice: -choice.average)


def _more_or_less(saving: float) -> str:
    """``8.3 % less``, ``1.2 % more``, ``as much``."""
    if abs(saving) < 0.05:
        return "as much"
    return f"{abs(saving):.1f} % {'less' if saving > 0 else 'more'}"


def _against(saving: float) -> str:
    return f"{_more_or_less(saving)} {'as' if abs(saving) < 0.05 else 'than'}"


def sentences(points: pd.DataFrame) -> list[str]:
    """Say what the run found, one sentence an entry; the first is the answer.

    A run without FINE-VH says that first.
    """
    found = choices(points)
    if not found:
        return _without_fine(points)
    best = found[0]
    span = f"{best.lowest:.1f} to {best.highest:.1f} %"
    answer = (
        f"At ΔVdd = {1000 * best.delta_vdd:.0f} mV, FINE-VH {BIAS_WORDS.get(best.variant, best.variant)} draws "
        f"{_against(best.average)} ideal-DVFS without bias on average (saving {span} over {best.frequencies} frequencies)"
    )
    said = [
        answer
        + (f", and {_against(best.own_average)} ideal-DVFS with the same bias." if best.variant != "pb0" else ".")
    ]
    plain = next((choice for choice in found if choice.variant == "pb0"), None)
    if plain is not None and best.variant != "pb0":
        said.append(
            f"Without any bias its best is {_against(plain.average)} ideal-DVFS, at {1000 * plain.delta_vdd:.0f} mV."
        )
    if best.losing:
        said.append(
            f"At {best.losing} of {best.frequencies} frequencies it draws more, at worst {-best.lowest:.1f} % at "
            f"{best.worst_frequency:.0f} MHz."
        )
    curve = fine_curve(points[points["tiles"] == points["tiles"].max()], best.variant, best.delta_vdd)
    if missed := len(curve) - len(met_on_rails(curve)):
        said.append(
            f"At {missed} of {len(curve)} frequencies no map meets its clock on drooped rails: left out of every average."
        )
    others = [choice for choice in found if choice.delta_vdd != best.delta_vdd]
    if others:
        second = others[0]
        said.append(
            f"At {1000 * second.delta_vdd:.0f} mV the best is {_against(second.average)} ideal-DVFS, "
            f"{BIAS_WORDS.get(second.variant, second.variant)}."
        )
    said.append(_limit(points, best))
    return said


def _limit(points: pd.DataFrame, best: Choice) -> str:
    """What stands between the answer and all cells at VddL: cells that need VddH, and the price of missing level shifters."""
    run = points[points["tiles"] == points["tiles"].max()]
    rows = fine_curve(run, best.variant, best.delta_vdd)
    high = 100.0 * (1.0 - rows["area_low_fraction"].mean())
    leak = 100.0 * (rows["power_interface_leakage_mw"] / rows["power_total_mw"]).mean()
    return (
        f"What limits it: {high:.0f} % of the cell area must stay at VddH on average, and interface leakage, the price of "
        f"having no level shifters, is {leak:.1f} % of the power.{_rails(rows)}"
    )


def _rails(rows: pd.DataFrame) -> str:
    """What maps that meet their clock on drooped rails cost, where a run asked for it."""
    if "nominal_power_mw" not in rows or not rows["nominal_power_mw"].notna().any():
        return ""
    rows = met_on_rails(rows)
    cost = 100.0 * (rows["power_total_mw"] / rows["nominal_power_mw"] - 1.0).mean()
    return f" Meeting the clock on drooped rails costs {cost:.1f} % of what the maps draw at the supplies themselves."


def _why_without_fine(points: pd.DataFrame) -> str:
    if points["tiles"].max() == 1:
        return "the design is one tile"
    return (
        "the technology has no cross-voltage tables, without which nobody knows what a cell does behind a driver on another rail"
        " (finevh characterize makes them)"
    )


def _without_fine(points: pd.DataFrame) -> list[str]:
    """What can be said of a run that has no FINE-VH points."""
    said = [f"FINE-VH is left out: {_why_without_fine(points)}. The other schemes are shown."]
    unbiased = points[points["variant"] == "pb0"]
    ideal = unbiased[unbiased["scheme"] == "ideal-dvfs"]
    ideal = ideal.set_index(ideal["freq_mhz"].round(6))
    for scheme in ("vdd-hopping", "vdd-dithering"):
        for delta, rows in unbiased[unbiased["scheme"] == scheme].groupby("delta_vdd_v"):
            base = ideal["power_total_mw"].reindex(rows["freq_mhz"].round(6)).to_numpy()
            extra = 100.0 * (rows["power_total_mw"].to_numpy() / base - 1.0)
            if np.isfinite(extra).any():
                said.append(
                    f"At ΔVdd = {1000 * float(delta):.0f} mV, {scheme.replace('vdd', 'Vdd')} draws {np.nanmean(extra):.1f} % "
                    "more than ideal-DVFS on average."
                )
    return said


def sign_off(table: pd.DataFrame | None) -> str:
    """One sentence on sign-off from ``tables/signoff.csv``; says so where it was not run."""
    if table is None or table.empty:
        return "Sign-off: not run (finevh signoff)."
    met = table["met"].astype(str).str.lower().isin(("true", "1", "yes", "met"))
    setup, hold = table["setup_ps"].min(), table["hold_ps"].min()
    worst = (
        f"worst setup {setup:.1f} ps, worst hold {hold:.1f} ps" if np.isfinite(hold) else f"worst setup {setup:.1f} ps"
    )
    state = "all points met" if met.all() else f"{int((~met).sum())} of {len(table)} points FAIL"
    fast = "corner" not in table or table["corner"].str.contains("fast").all()
    said = f"Sign-off: {state} ({len(table)} checked, {worst}{'' if fast else '; no fast corner'})."
    drooped = table["drooped_worst_ps"].dropna() if "drooped_worst_ps" in table else table["setup_ps"].iloc[:0]
    if drooped.empty:
        return said
    missed = int((drooped < 0.0).sum())
    return (
        f"{said} With each tile at the drop of its worst cycle {missed} of {len(drooped)} FINE-VH points miss their clock"
        + (f", by up to {-drooped.min():.0f} ps." if missed else ".")
    )
