"""The rendered Yosys Tcl of the quick design on an installed Yosys, beside pyosys: cells by type and why they differ.

``python benchmarks/yosys_tcl.py [--liberty FILE.lib[.gz]] [--period PS]``

Three columns: pyosys with the whole command list; pyosys and the installed Yosys with the same list less what the installed one
does not know (its release may be old). The second and third start from the same elaborated Verilog and differ only by release.
Ends with status 1 if a newer Yosys disagrees anywhere, or an older one in registers, clock gates or tie cells.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from finevh.synthesis import Options, Rtl, plan_rtl_export, plan_synthesis, run_rtl_export, run_synthesis
from finevh.synthesis.plan import COMMANDS
from oracles.yosys import reduced, run_installed, version

REPOSITORY = Path(__file__).resolve().parents[1]
# Cells that the flow maps one by one, whatever the logic optimiser does: they must agree between any two releases.
FIXED = re.compile(r"S?DFF|DLL|DLH|LATCH|CLKGATE|TIE|LOGIC")


def main() -> None:
    """Print the three columns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    library = REPOSITORY / "libs" / "finevh45" / "liberty" / "finevh45_1v00.lib.gz"
    parser.add_argument("--liberty", type=Path, default=library)
    parser.add_argument("--period", type=float, default=1800.0, help="ps")
    arguments = parser.parse_args()
    yosys = shutil.which("yosys")
    if yosys is None:
        raise SystemExit("yosys is not installed (Debian: apt install yosys)")
    release = version(yosys)
    sources = tuple(REPOSITORY / "rtl" / "quick" / name for name in ("quick_clock_gate.sv", "quick.sv"))
    rtl = Rtl(sources, top="quick")
    plan = plan_synthesis(rtl, [arguments.liberty], Options(period=arguments.period))
    with tempfile.TemporaryDirectory(prefix="finevh-yosys-") as name:
        folder = Path(name)
        whole = run_synthesis(plan, folder / "whole").cells
        elaborated = run_rtl_export(plan_rtl_export(rtl), folder / "rtl")
        fewer = reduced(plan.commands, elaborated)
        same = replace(plan, commands=tuple(fewer), files={**plan.files, COMMANDS: json.dumps(fewer)})
        ours = run_synthesis(same, folder / "reduced").cells
        theirs = run_installed(yosys, plan, fewer, folder / "installed")
    print(f"{'cell':<12}{'pyosys, all':>14}{'pyosys, less':>14}{f'Yosys {release[0]}.{release[1]}':>14}  difference")
    for cell in sorted({*whole, *ours, *theirs}):
        a, b, c = whole.get(cell, 0), ours.get(cell, 0), theirs.get(cell, 0)
        print(f"{cell:<12}{a:>14}{b:>14}{c:>14}  {_reason(cell, b, c)}")
    print(f"{'all':<12}{sum(whole.values()):>14}{sum(ours.values()):>14}{sum(theirs.values()):>14}")
    left_out = sorted({command[0] for command in plan.commands} - {command[0] for command in fewer})
    print(f"left out for the installed release: {', '.join(left_out) or 'no command'}, and options it does not know")
    wrong = [cell for cell in {*ours, *theirs} if FIXED.match(cell) and ours.get(cell, 0) != theirs.get(cell, 0)]
    if wrong:
        print(f"registers, clock gates or tie cells differ: {', '.join(sorted(wrong))}")
        sys.exit(1)


def _reason(cell: str, ours: int, theirs: int) -> str:
    if ours == theirs:
        return ""
    if FIXED.match(cell):
        return "WRONG: mapped one by one"
    return "logic optimiser and ABC of another release"


if __name__ == "__main__":
    main()
