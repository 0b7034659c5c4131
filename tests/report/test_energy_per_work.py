"""Energy per work is power over frequency times what a pass takes, and the least is where the curve is lowest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from finevh.report import build_report
from finevh.report.energy_per_work import ENERGY_COLUMNS, energy_per_work, least_energy

WORK = pd.DataFrame({"program": ["crc"], "unit": ["byte"], "units": [40], "instructions": [2828], "cycles": [3200]})


def programs() -> pd.DataFrame:
    rows = []
    for freq in (100.0, 200.0, 400.0):
        # Leakage of 1 mW and 0.01 mW per MHz at a supply that rises with frequency: lowest per cycle in between.
        power = 1.0 + 0.01 * freq * (freq / 200.0) ** 2
        rows.append(("crc", "ideal-dvfs", "pb", np.nan, freq, None, power))
        rows.append(("crc", "fine-vh", "pb", 0.1, freq, "best:shared", 0.9 * power))
        rows.append(("crc", "fine-vh", "pb", 0.1, freq, "greedy", 0.95 * power))
        rows.append(("fir", "fine-vh", "pb", 0.1, freq, "best", power))
    columns = ["program", "scheme", "variant", "delta_vdd_v", "freq_mhz", "selector", "power_total_mw"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(delta_vdd_v=table["delta_vdd_v"].fillna(0.025))


def test_energies_are_those_worked_out_by_hand() -> None:
    table = energy_per_work(programs(), WORK)
    assert list(table.columns) == ENERGY_COLUMNS
    # No work is known of fir; the second selector is left out.
    assert set(table["program"]) == {"crc"}
    assert len(table) == 6
    row = table[(table["scheme"] == "ideal-dvfs") & (table["freq_mhz"] == 200.0)].iloc[0]
    # 3 mW at 200 MHz: 15 pJ a cycle; 80 cycles a byte; 3200 / 2828 cycles an instruction.
    assert np.isclose(row["energy_per_cycle_pj"], 15.0)
    assert np.isclose(row["energy_per_unit_pj"], 1200.0)
    assert np.isclose(row["energy_per_instruction_pj"], 15.0 * 3200 / 2828)
    assert np.isclose(row["units_per_second"], 200e6 / 80)
    fine = table[(table["scheme"] == "fine-vh") & (table["freq_mhz"] == 200.0)].iloc[0]
    assert np.isclose(fine["energy_per_unit_pj"], 0.9 * 1200.0)


def test_the_least_energy_is_where_the_curve_is_lowest() -> None:
    found = least_energy(energy_per_work(programs(), WORK))
    ideal = found[found["scheme"] == "ideal-dvfs"].iloc[0]
    # 12.5, 15 and 42.5 pJ a cycle.
    assert (ideal["freq_mhz"], ideal["highest_mhz"]) == (100.0, 400.0)
    assert np.isclose(ideal["energy_per_unit_pj"], 12.5 * 80)
    assert np.isclose(ideal["energy_per_unit_at_highest_pj"], 42.5 * 80)


def test_unknown_instructions_leave_their_column_empty() -> None:
    table = energy_per_work(programs(), WORK.assign(instructions=np.nan))
    assert table["energy_per_instruction_pj"].isna().all()
    assert table["energy_per_unit_pj"].notna().all()


def test_the_report_writes_and_shows_them(run_directory: Path) -> None:
    programs().to_csv(run_directory / "tables" / "programs.csv", index=False)
    WORK.to_csv(run_directory / "tables" / "work.csv", index=False)
    page = build_report(run_directory).read_text(encoding="utf-8")
    assert "Energy per work" in page
    assert 'id="least_energy"' in page
    assert len(pd.read_csv(run_directory / "tables" / "energy_per_work.csv")) == 6
    assert len(pd.read_csv(run_directory / "tables" / "least_energy.csv")) == 2
