"""Power of programs and the work of their passes in, energy per unit of work and per instruction out."""

from __future__ import annotations

import pandas as pd

ENERGY_COLUMNS = [
    "program",
    "unit",
    "scheme",
    "variant",
    "delta_vdd_v",
    "freq_mhz",
    "energy_per_cycle_pj",
    "energy_per_unit_pj",
    "energy_per_instruction_pj",
    "units_per_second",
]
_CURVE = ["program", "unit", "scheme", "variant", "delta_vdd_v"]


def energy_per_work(programs: pd.DataFrame, work: pd.DataFrame) -> pd.DataFrame:
    """Energy per unit of work and per retired instruction at every operating point, FINE-VH by the first selector.

    Energy per cycle is power over frequency, of the simulated window; a pass takes the cycles, units and instructions that the
    program and the core's counter told.

    Parameters
    ----------
    programs : ``tables/programs.csv``: program, scheme, variant, delta_vdd_v, freq_mhz, selector, power_total_mw.
    work : ``tables/work.csv``: program, unit, units, instructions, cycles of one pass.

    Returns
    -------
    DataFrame
        Columns :data:`ENERGY_COLUMNS`; pJ. ``energy_per_instruction_pj`` is empty where instructions are not known.
    """
    selector = programs["selector"].fillna("").astype(str).str.split(":").str[0]
    first = selector[programs["scheme"] == "fine-vh"].iloc[:1]
    used = programs[(programs["scheme"] != "fine-vh") | selector.isin(set(first))]
    rows = used.merge(work, on="program")
    cycle = 1000.0 * rows["power_total_mw"] / rows["freq_mhz"]  # mW / MHz = nJ
    rows = rows.assign(
        energy_per_cycle_pj=cycle,
        energy_per_unit_pj=cycle * rows["cycles"] / rows["units"],
        energy_per_instruction_pj=cycle * rows["cycles"] / pd.to_numeric(rows["instructions"]),
        units_per_second=1e6 * rows["freq_mhz"] * rows["units"] / rows["cycles"],
    )
    return rows[ENERGY_COLUMNS].sort_values([*_CURVE, "freq_mhz"], ignore_index=True)


def least_energy(table: pd.DataFrame) -> pd.DataFrame:
    """Where each curve of :func:`energy_per_work` is lowest.

    Returns
    -------
    DataFrame
        Columns program, unit, scheme, variant, delta_vdd_v, freq_mhz (of the least energy), energy_per_unit_pj,
        energy_per_instruction_pj and units_per_second there, highest_mhz, and energy_per_unit_at_highest_pj.
    """
    rows = []
    for key, curve in table.groupby(_CURVE, sort=False):
        least, top = curve.loc[curve["energy_per_unit_pj"].idxmin()], curve.loc[curve["freq_mhz"].idxmax()]
        there = least[["freq_mhz", "energy_per_unit_pj", "energy_per_instruction_pj", "units_per_second"]]
        rows.append((*key, *there, top["freq_mhz"], top["energy_per_unit_pj"]))
    columns = [*_CURVE, "freq_mhz", "energy_per_unit_pj", "energy_per_instruction_pj", "units_per_second"]
    return pd.DataFrame(rows, columns=[*columns, "highest_mhz", "energy_per_unit_at_highest_pj"])
