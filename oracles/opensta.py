"""Runs OpenSTA and reads back every endpoint's slack: the independent check of the timing engine."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from finevh.timing.delay.effective_capacitance import DriverResistance

_ROW = re.compile(r"^(\S+)(?: \([^)]*\))?\s+(-?[\d.]+)\s+(-?[\d.]+)\s+(-?[\d.]+)(?: \(\w+\))?$")


@dataclass(frozen=True)
class StaRun:
    """Slack, ps, by endpoint name; arrival, ps; wall time, s, of the first timing update."""

    setup: dict[str, float]
    hold: dict[str, float]
    arrival: dict[str, float]
    seconds: float


def opensta() -> str | None:
    """Path of the OpenSTA executable, None if it is not installed."""
    return shutil.which("sta")


@cache
def installed_resistance() -> DriverResistance:
    """The driver resistance that the installed OpenSTA takes: releases before 3 that of 2019."""
    executable = opensta()
    assert executable is not None, "OpenSTA is not installed (Debian package opensta)"
    version = subprocess.run([executable, "-version"], capture_output=True, text=True, check=True).stdout.split()
    return DriverResistance.TANGENT if int(version[-1].split(".")[0]) >= 3 else DriverResistance.SECANT


def run_script(script: str, folder: Path, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a script, kept in a folder, where it runs, without the user's own start-up file."""
    executable = opensta()
    assert executable is not None, "OpenSTA is not installed (Debian package opensta)"
    (folder / "run.tcl").write_text(script, encoding="utf-8")
    words = [executable, "-no_init", "-no_splash", "-exit", "run.tcl"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=check, timeout=3600)


def plain_liberty(path: Path, folder: Path) -> Path:
    """Uncompressed copy of a Liberty without a default wire load: nets have no capacitance but their pins'."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = re.sub(r"^\s*default_wire_load(_mode|_selection)?\s*:.*$", "", data.decode("latin-1"), flags=re.MULTILINE)
    out = folder / path.name.removesuffix(".gz")
    out.write_text(text, encoding="latin-1")
    return out


def parse_ends(text: str) -> tuple[dict[str, float], dict[str, float]]:
    """Worst slack and its actual delay, ps, by endpoint of a ``report_checks -format end``."""
    slack: dict[str, float] = {}
    actual: dict[str, float] = {}
    for line in text.splitlines():
        match = _ROW.match(line.strip())
        if match is None:
            continue
        name = match.group(1).replace("\\", "")
        value = float(match.group(4)) * 1000
        if name not in slack or value < slack[name]:
            slack[name], actual[name] = value, float(match.group(3)) * 1000
    return slack, actual


def run_opensta(
    netlist: Path, top: str, liberty: Sequence[Path], sdc: str, spef: Path | None = None, extra: str = ""
) -> StaRun:
    """Setup and hold slack of every endpoint.

    Parameters
    ----------
    sdc : str
        Constraints in ns and in the capacitance unit of the first Liberty.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        libraries = [plain_liberty(path, folder) for path in liberty]
        (folder / "c.sdc").write_text(sdc)
        script = "\n".join(
            [
                *(f"read_liberty {path}" for path in libraries),
                f"read_verilog {netlist.resolve()}",
                f"link_design {top}",
                "set_cmd_units -time ns",
                f"source {folder}/c.sdc",
                "set sta_crpr_enabled 0",
                f"read_parasitics {spef.resolve()}" if spef else "",
                extra,
                "set start [clock microseconds]",
                "report_worst_slack",
                'puts "update_us [expr [clock microseconds] - $start]"',
                f"report_checks -path_delay max -group_count 1000000 -format end -digits 6 > {folder}/max.rpt",
                f"report_checks -path_delay min -group_count 1000000 -format end -digits 6 > {folder}/min.rpt",
                "exit",
            ]
        )
        began = time.perf_counter()
        done = run_script(script, folder)
        took = time.perf_counter() - began
        setup, arrival = parse_ends((folder / "max.rpt").read_text())
        hold, _ = parse_ends((folder / "min.rpt").read_text())
        if not setup:
            raise RuntimeError(f"OpenSTA reported no endpoint:\n{done.stdout}\n{done.stderr}")
        match = re.search(r"update_us (\d+)", done.stdout)
        return StaRun(setup, hold, arrival, int(match.group(1)) / 1e6 if match else took)
