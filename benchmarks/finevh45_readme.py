"""Write the measured tables of libs/finevh45/README.md from the shipped data.

Usage: python benchmarks/finevh45_readme.py [libs/finevh45l] [--check]    (--check: exit 1 if the file would change)
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from finevh.technology import Technology, load_technology
from finevh.technology.model import Kind
from finevh.technology.variant_ratios import delay_ratios, leakage_ratios, nominal_index
from finevh.technology.vdd_interpolation import leave_one_out
from oracles.library_figures import delay_shift, leakage_derate, ring_period

PUBLISHED = tomllib.loads(Path(__file__).with_name("finevh45_published.toml").read_text())
ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "libs" / "finevh45"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def near(technology: Technology, vdd: float) -> int | None:
    """Index of a supply, None if the library does not have it."""
    i = int(np.argmin(np.abs(technology.vdds - vdd)))
    return i if abs(technology.vdds[i] - vdd) < 1e-6 else None


def inverter_rows(technology: Technology) -> Iterator[str]:
    """Leakage derate and delay shift of the inverter driven at 90 and 80 % of its supply."""
    high = nominal_index(technology)
    vdd = float(technology.vdds[high])
    yield f"### A driven inverter at {vdd:g} V"
    yield ""
    yield "| driver at | leakage, input 1 | published (28 nm FDSOI) | leakage, input 0 | delay, output falls | output rises |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for share in (0.9, 0.8):
        driver = near(technology, share * vdd)
        if driver is None:
            continue
        known = PUBLISHED["leakage_of_a_driven_inverter"][f"{100 * share:.0f} %"]
        shifts = []
        for edge in (1, 0):
            own, shift = delay_shift(technology, "INV_X1", edge, 0, high, driver, 30.0, 5.0)
            shifts.append(f"{100 * shift / own:+.1f} %")
        one, zero = (leakage_derate(technology, "INV_X1", code, 0, high, driver) for code in (2, 0))
        yield f"| {100 * share:.0f} % | x{one:.1f} | x{known} | x{zero:.2f} | {shifts[0]} | {shifts[1]} |"
    yield ""
    yield "Delays: INV_X1, input slew 30 ps, load 5 fF."
    yield ""


def speed_rows(technology: Technology) -> Iterator[str]:
    """Period of a fan-out-of-4 ring over the supply."""
    periods = [ring_period(technology, "INV_X1", 0, k) for k in range(technology.vdds.size)]
    yield "### Speed over supply: ring oscillator, fan-out 4"
    yield ""
    yield "| Vdd, V | " + " | ".join(f"{v:.2f}" for v in technology.vdds) + " |"
    yield "| --- |" + " --- |" * technology.vdds.size
    yield "| delay per stage, ps | " + " | ".join(f"{p / 2:.2f}" for p in periods) + " |"
    yield "| frequency over that of the lowest | " + " | ".join(f"{periods[0] / p:.2f}" for p in periods) + " |"
    yield ""
    low = float(technology.vdds[0])
    yield (
        f"fmax ratio {technology.vdds[-1]:.2f} V / {low:.2f} V: **{periods[0] / periods[-1]:.2f}**; published for RI5CY, "
        f"1.00 V / 0.60 V: {PUBLISHED['fmax']['ratio']}."
    )
    yield ""


def variant_rows(technology: Technology) -> Iterator[str]:
    """Slow-down and leakage of each variant."""
    yield "### Variants"
    yield ""
    labels = [v for v in (1.0, 0.8, 0.6) if near(technology, v) is not None]
    yield (
        "| variant | "
        + " | ".join(f"slow-down {v:g} V" for v in labels)
        + " | published | "
        + " | ".join(f"leakage {v:g} V" for v in labels)
        + " |"
    )
    yield "| --- |" + " --- |" * (2 * len(labels) + 1)
    logic = ~np.isin(technology.cells.kind, (Kind.TIE, Kind.PHYSICAL))
    gate_lengths = any(variant.name in PUBLISHED["slowdown_percent"] for variant in technology.variants)
    for v, variant in enumerate(technology.variants):
        slow, leak = [], []
        for vdd in labels:
            k = near(technology, vdd)
            if k is not None:
                slow.append("0" if v == 0 else f"{100 * (delay_ratios(technology, v, k).mean() - 1):.2f} %")
                leak.append(f"x{np.nanmean(leakage_ratios(technology, v, k)[logic]):.3f}")
        known = PUBLISHED["slowdown_percent"].get(variant.name)
        if known is None and not gate_lengths:
            known = PUBLISHED["slowdown_percent"].get(variant.name.replace("VT", "PB"))
        yield f"| {variant.name} | {' | '.join(slow)} | {f'{known} %' if known else '-'} | {' | '.join(leak)} |"
    yield ""
    yield (
        "Slow-down: mean over all cells, worst arcs and edges at the middle of the tables, against PB0 at the same slew and "
        "load. Leakage: state average, mean over logic cells. The source prints no leakage ratio per variant. "
        + (
            "VT4 to VT16 aim at the slow-downs of PB4 to PB16 at 1.0 V."
            if gate_lengths
            else "The published slow-downs are those of its gate-length variants."
        )
    )
    yield ""


def interpolation_rows(technology: Technology) -> Iterator[str]:
    """Leave-one-out errors."""
    if technology.vdds.size < 3:
        return
    errors = leave_one_out(technology, stride=7)
    step = round(1000 * float(np.diff(technology.vdds).max()))
    yield "### Interpolation in Vdd: leave one out"
    yield ""
    yield (
        f"Each inner supply from its nearest neighbours, {2 * step} mV apart; real use is between neighbours {step} mV apart. "
        "Nodes of all tables, slews up to eleven gate delays."
    )
    yield ""
    yield "| | median | p95 | p99 |"
    yield "| --- | --- | --- | --- |"
    for name, values in (("delay", errors.delay), ("output slew", errors.slew), ("leakage", errors.leakage)):
        yield f"| {name} | " + " | ".join(f"{100 * np.percentile(values, p):.2f} %" for p in (50, 95, 99)) + " |"
    yield ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if the tables are out of date")
    arguments = parser.parse_args()
    # Variants may have fewer supplies than the first; what concerns one variant is read at all of its own.
    first, everything = load_technology(arguments.folder, variants=["PB0"]), load_technology(arguments.folder)
    lines = [*inverter_rows(first), *speed_rows(first), *variant_rows(everything), *interpolation_rows(first)]
    path = arguments.folder / "README.md"
    text = path.read_text()
    made = text[: text.index(BEGIN) + len(BEGIN)] + "\n".join(lines) + text[text.index(END) :]
    if arguments.check:
        return int(made != text)
    path.write_text(made)
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
