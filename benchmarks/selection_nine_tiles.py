"""Algorithm 5 against all 512 maps at nine tiles: python benchmarks/selection_nine_tiles.py DIR (a run with nine tiles)."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from finevh.errors import NotReachableError
from finevh.flow.finished import load_run
from finevh.flow.finished_design import load_design
from finevh.schemes import FineVh, single_voltage_curve
from finevh.selection import lower_bound, map_text, select_best, select_exact, select_exhaustive
from finevh.selection.search import Choice


def main() -> int:
    """Print the power gap per frequency; 1 if a selector breaks the order."""
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/quick")
    flow, run = load_run(directory)
    wrong = 0
    for variant in flow.schemes.variants:
        _, design = load_design(flow, run, variant)
        for delta in flow.schemes.delta_vdd:
            grid = flow.schemes.grid(delta)
            curve = single_voltage_curve(design, flow.design.name, variant, grid)
            fine = FineVh(curve, delta)
            low, high = curve.frequencies[0], curve.frequencies[-1]
            frequencies = [low + (high - low) * step / 15 for step in range(16)]
            print(f"{variant}, delta-Vdd {1000 * delta:.0f} mV")
            print("  f, MHz    Algorithm 5   `best`       best of 512  Algorithm 5 above best   best above bound")
            start = time.perf_counter()
            gaps = []
            for frequency, greedy in zip(frequencies, fine.points(frequencies), strict=True):
                interval, period = fine.interval_of(frequency), 1e6 / frequency
                (best,), (descended,), (exact,) = (
                    select(design, interval, [period]) for select in (select_exhaustive, select_best, select_exact)
                )
                choices = best, descended, exact
                if isinstance(greedy, NotReachableError) or not all(isinstance(choice, Choice) for choice in choices):
                    print(f"  {frequency:9.3f}  not reachable")
                    continue
                powers = greedy.power_total_mw, descended.energy.power(frequency), best.energy.power(frequency)
                bound = lower_bound(design, interval, frequency)
                gaps.append(100 * (powers[0] / powers[2] - 1))
                wrong += not (powers[2] <= powers[1] * (1 + 1e-12) and powers[1] <= powers[0] * (1 + 1e-12))
                wrong += not (
                    abs(exact.energy.power(frequency) / powers[2] - 1) < 1e-9 and exact.bound <= powers[2] * (1 + 1e-9)
                )
                print(
                    f"  {frequency:9.3f} {powers[0]:10.5f} mW {powers[1]:9.5f} mW {powers[2]:9.5f} mW"
                    f" {gaps[-1]:12.2f} % {100 * (powers[2] / bound - 1):18.2f} %   {greedy.assignment} {map_text(best.high)}"
                )
            spent = time.perf_counter() - start
            print(f"  average gap {sum(gaps) / len(gaps):.2f} %, most {max(gaps):.2f} %, {spent:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
