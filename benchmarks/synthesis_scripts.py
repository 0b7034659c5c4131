"""Adders, efforts and delay targets of synthesis compared on RI5CY.

``python benchmarks/synthesis_scripts.py --liberty FILE.lib [--period PS ...] [--adder NAME ...] [--effort NAME ...]``

One line per combination: cells, area, the mapper's delay and levels (one delay per pin at the mapper's slew and gain, no wires,
no fan-out) and time. The delay that counts is that after placement, fan-out trees and sizing: ``finevh run`` on the result.
"""

from __future__ import annotations

import argparse
import itertools
import re
import tempfile
from pathlib import Path
from typing import get_args

from finevh.synthesis import Options, cv32e40p, plan_synthesis, run_synthesis
from finevh.synthesis.run import LOG
from finevh.synthesis.yosys_commands import Adder, Effort

_STATISTICS = re.compile(r"area =\s*([\d.]+)\s+delay =\s*([\d.]+)\s+lev =\s*(\d+)")


def main() -> None:
    """Compare on the command line's choices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--liberty", type=Path, required=True)
    parser.add_argument("--period", type=float, nargs="+", default=[3000.0], help="ps")
    parser.add_argument("--adder", nargs="+", choices=get_args(Adder), default=["kogge-stone"])
    parser.add_argument("--effort", nargs="+", choices=get_args(Effort), default=["balanced"])
    choice = parser.parse_args()
    print(f"{'period':>8} {'adder':>12} {'effort':>9} {'cells':>7} {'um2':>9} {'mapper ps':>9} {'levels':>6} {'s':>6}")
    for period, adder, effort in itertools.product(choice.period, choice.adder, choice.effort):
        options = Options(period=period, adder=adder, effort=effort)
        with tempfile.TemporaryDirectory(prefix="finevh-") as folder:
            result = run_synthesis(plan_synthesis(cv32e40p(), [choice.liberty], options), Path(folder))
            found = _STATISTICS.findall((Path(folder) / LOG).read_text(encoding="utf-8", errors="replace"))
        delay, levels = found[-1][1:] if found else ("", "")
        seconds = sum(time for _, time in result.seconds)
        print(
            f"{period:8.0f} {adder:>12} {effort:>9} {result.cell_count:7d} {result.area:9.0f} "
            f"{delay:>9} {levels:>6} {seconds:6.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
