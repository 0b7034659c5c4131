"""Leakage of whole small netlists against one ngspice operating point of all their transistors.

    python benchmarks/leakage_ngspice.py libs/finevh45 [--pairs 0.9:1.0,0.8:1.0] [--runs 4]

Two rails, cells on random tiles, random input vectors; the power of every source counts (both rails and the input ports).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from oracles.ngspice_leakage import compare_leakage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("technology", type=Path)
    parser.add_argument("--pairs", default="0.9:1.0,0.8:1.0")
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--variants", default="PB0")
    options = parser.parse_args()
    pairs = [(float(a), float(b)) for a, b in (p.split(":") for p in options.pairs.split(","))]
    cases = compare_leakage(options.technology, pairs, options.runs, tuple(options.variants.split(",")))
    print(
        f"{'netlist':12s} {'low V':>6s} {'high V':>6s} {'finevh uW':>10s} {'ngspice uW':>10s} {'interface':>9s} {'error':>8s}"
    )
    for c in cases:
        row = f"{c.name:12s} {c.low:6.2f} {c.high:6.2f} {1e3 * c.ours:10.4f} {1e3 * c.theirs:10.4f}"
        print(f"{row} {100 * c.interface / c.ours:8.1f}% {100 * c.error:+7.2f}%")
    errors = np.abs([c.error for c in cases])
    print(f"worst {100 * errors.max():.2f} %, mean {100 * errors.mean():.2f} % of {len(cases)}")


if __name__ == "__main__":
    main()
