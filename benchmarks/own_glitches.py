"""Power of a finished run's points against a simulation of all cycles of all programs with the delays of each point.

python benchmarks/own_glitches.py RUN [--points 12] [--variant pb0] [--jobs 1]

Prints per delta-Vdd the worst error of the table and that of the power with the glitches of the middle supply. See
``oracles/own_delays.py``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from oracles.own_delays import errors


def main() -> None:
    """Print every point and the worst of each delta-Vdd."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--points", type=int, default=12)
    parser.add_argument("--variant", action="append")
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    began = time.process_time()
    found = errors(asked.run, asked.points, asked.variant or ["pb0"], asked.jobs)
    for one in found:
        print(
            f"{one.scheme:10s} {one.variant:4s} {1e3 * one.delta_vdd_v:4.0f} mV {one.freq_mhz:8.2f} MHz {one.supplies:>9s} V"
            f"  {100 * one.error:+6.2f} %  middle supply {100 * one.middle_error:+6.2f} %"
        )
    for scheme, delta in sorted({(one.scheme, one.delta_vdd_v) for one in found}):
        mine = [one for one in found if (one.scheme, one.delta_vdd_v) == (scheme, delta)]
        after, before = (100 * max(abs(getattr(one, name)) for one in mine) for name in ("error", "middle_error"))
        print(f"{scheme} {1e3 * delta:.0f} mV: worst {after:.2f} % of {len(mine)} points; middle supply {before:.2f} %")
    print(f"{time.process_time() - began:.0f} CPU s")


if __name__ == "__main__":
    main()
