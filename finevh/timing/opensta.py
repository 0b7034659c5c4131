"""Runs OpenSTA, where it is installed, on a design at one supply: the second opinion of sign-off."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from finevh.base.files import read_input, work_folder
from finevh.base.packed import unpack
from finevh.base.quoting import tcl_word
from finevh.base.tools import OPENSTA, version_of
from finevh.errors import InputError
from finevh.timing.delay.effective_capacitance import DriverResistance

_PATIENCE = 1800.0  # s
_PS_PER_NS = 1000.0
_END = re.compile(r"^\S+(?: \([^)]*\))?\s+-?[\d.]+\s+-?[\d.]+\s+(-?[\d.]+)(?: \(\w+\))?\s*$", re.MULTILINE)
"""A line of ``report_checks -format end``: endpoint, required time or delay, actual, slack."""


@dataclass(frozen=True)
class StaFiles:
    """What OpenSTA reads; the constraints as text with their units stated."""

    netlist: Path
    top: str
    liberty: tuple[Path, ...]
    spef: Path
    sdc: str


def resistance_of(executable: str) -> DriverResistance:
    """The driver resistance that an OpenSTA takes: releases before 3 have another than those since."""
    found = re.search(r"\d+", version_of(executable, OPENSTA) or "")
    return DriverResistance.SECANT if found is not None and int(found.group()) < 3 else DriverResistance.TANGENT


def worst_slacks(executable: str, files: StaFiles) -> tuple[float, float | None]:
    """Worst setup and hold slack, ps, without clock reconvergence credit; hold is None where nothing is checked.

    Raises
    ------
    InputError
        If OpenSTA does not read the files, with the end of what it said.
    """
    with work_folder() as folder:
        libraries = []
        for number, path in enumerate(files.liberty):
            libraries.append(folder / f"{number}.lib")
            libraries[-1].write_bytes(unpack(read_input(path)))
        (folder / "point.sdc").write_text(files.sdc, encoding="utf-8")
        (folder / "run.tcl").write_text(_script(files, libraries, folder), encoding="utf-8")
        done = subprocess.run(
            [executable, "-no_splash", "-exit", str(folder / "run.tcl")], capture_output=True, text=True, errors="replace",
            stdin=subprocess.DEVNULL, timeout=_PATIENCE, check=False,
        )  # fmt: skip
    late, mark, early = done.stdout.partition("finevh-hold\n")
    setup, hold = ([_PS_PER_NS * float(slack) for slack in _END.findall(part)] for part in (late, early))
    if not mark or not setup or "Error" in done.stdout + done.stderr:
        said = " / ".join((done.stdout + done.stderr).strip().splitlines()[-3:])
        raise InputError(f"{files.netlist}: OpenSTA gives no slack ({said or f'status {done.returncode}'})")
    return min(setup), min(hold, default=None)


def _script(files: StaFiles, libraries: Sequence[Path], folder: Path) -> str:
    return "\n".join(
        [
            *(f"read_liberty {tcl_word(str(path))}" for path in libraries),
            f"read_verilog {tcl_word(str(files.netlist))}",
            f"link_design {tcl_word(files.top)}",
            f"source {tcl_word(str(folder / 'point.sdc'))}",
            "set sta_crpr_enabled 0",
            f"read_spef {tcl_word(str(files.spef))}",
            "set_cmd_units -time ns",
            "report_checks -path_delay max -format end -digits 6",
            "puts finevh-hold",
            "report_checks -path_delay min -format end -digits 6",
            "exit",
            "",
        ]
    )
