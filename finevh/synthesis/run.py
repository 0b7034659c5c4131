"""Run a synthesis plan in a child process and read what it made."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from finevh.base.files import work_folder
from finevh.errors import FinevhError, InputError, ToolMissingError
from finevh.synthesis.plan import COMMANDS, SynthesisPlan
from finevh.synthesis.sources import Rtl
from finevh.synthesis.yosys_commands import (
    INITIAL_VALUES,
    NETLIST,
    PROGRESS,
    RTL_NETLIST,
    STATISTICS,
    Command,
    read_sources,
)
from finevh.technology.liberty.syntax import read_liberty_text

LOG = "synthesis.log"
MESSAGES = "messages.log"
_ERROR = re.compile(r"^(?:(?P<file>[^\s:][^:\n]*):(?P<line>\d+)[-.\d]*: )?ERROR: (?P<text>.*)$", re.MULTILINE)
_WARNING = re.compile(r"^(?:(?P<where>[^\s:][^:\n]*:\d+): )?(?:Warning|WARNING): (?P<text>.*)$", re.MULTILINE)
_TWO_ASYNCHRONOUS = "multiple asynchronous loads unsupported"
_TOPS = re.compile(r"^Top level design units:\n((?:    \S+\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class SynthesisResult:
    """What a synthesis made.

    Attributes
    ----------
    netlist : flat mapped Verilog.
    top : name of its module.
    cells : number of instances per library cell.
    area : sum of cell areas, um2.
    warnings : Yosys's warnings, each once.
    seconds : wall time per command, in order.
    initial_values : signals whose ``initial`` value was dropped: no cell has one at power-up.
    """

    netlist: Path
    top: str
    cells: dict[str, int]
    area: float
    warnings: tuple[str, ...]
    seconds: tuple[tuple[str, float], ...]
    initial_values: tuple[str, ...] = ()

    @property
    def cell_count(self) -> int:
        """Number of instances."""
        return sum(self.cells.values())


def run_synthesis(
    plan: SynthesisPlan, directory: Path, progress: Callable[[str, float], None] | None = None
) -> SynthesisResult:
    """Write the files of a plan, run its commands, check and return the result.

    Parameters
    ----------
    plan : from :func:`finevh.synthesis.plan_synthesis`.
    directory : run directory, made if absent; holds script, log, netlist and statistics afterwards.
    progress : called with (command, seconds) for each finished command.

    Raises
    ------
    InputError
        RTL that does not elaborate (Yosys's message with file and line); cells that the library cannot map (named).
    FinevhError
        Yosys ended in another way; names the log.
    ToolMissingError
        pyosys is not installed.
    """
    _run(plan, directory, progress)
    statistics = json.loads((directory / STATISTICS).read_text(encoding="utf-8"))
    module = statistics["modules"][f"\\{plan.top}"]
    cells = {name.removeprefix("\\"): _count(entry) for name, entry in module["num_cells_by_type"].items()}
    netlist = directory / NETLIST
    _refuse_unmapped(cells, plan, netlist)
    area = sum(plan.known_cells[name] * count for name, count in cells.items())
    seconds = tuple((str(item["command"]), float(item["seconds"])) for item in read_progress(directory))
    listed = directory / INITIAL_VALUES
    names = listed.read_text(encoding="utf-8", errors="replace").splitlines() if listed.is_file() else []
    initial = tuple(dict.fromkeys(name.rpartition("/")[2] for name in names if "/" in name))
    return SynthesisResult(netlist, plan.top, cells, area, read_warnings(directory), seconds, initial)


def run_rtl_export(plan: SynthesisPlan, directory: Path) -> Path:
    """Run a plan of :func:`finevh.synthesis.plan_rtl_export`; return the flat Verilog file.

    Raises
    ------
    InputError
        RTL that does not elaborate.
    """
    _run(plan, directory, None)
    return directory / RTL_NETLIST


def find_top(rtl: Rtl) -> str:
    """Return the top module: the named one, else the only module that no other instantiates.

    Raises
    ------
    InputError
        RTL that does not elaborate, or several candidates (named).
    """
    if rtl.top is not None:
        return rtl.top
    with work_folder() as directory:
        run_commands([read_sources(rtl)], directory)
        match = _TOPS.search((directory / LOG).read_text(encoding="utf-8"))
    tops = match[1].split() if match else []
    if len(tops) != 1:
        found = f"{len(tops)} candidates ({', '.join(tops)})" if tops else "no module"
        raise InputError(f"the RTL ({rtl.files[0]}, ...) has {found} for the top module; name one with 'top'")
    return tops[0]


def run_commands(commands: Sequence[Command], directory: Path) -> None:
    """Run Yosys commands in a folder of a safe name, which then holds what they wrote.

    Raises
    ------
    InputError
        RTL that does not elaborate.
    """
    (directory / COMMANDS).write_text(json.dumps(commands), encoding="utf-8")
    _call_worker(directory, None, directory)


def read_warnings(directory: Path) -> tuple[str, ...]:
    """Return Yosys's warnings of a run, each once, in order."""
    text = (directory / LOG).read_text(encoding="utf-8", errors="replace")
    lines = (": ".join(part for part in (match["where"], match["text"]) if part) for match in _WARNING.finditer(text))
    return tuple(dict.fromkeys(lines))


def read_progress(directory: Path) -> list[dict[str, str | float]]:
    """Return the finished commands of a run with their wall time, s."""
    path = directory / PROGRESS
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]


def _run(plan: SynthesisPlan, directory: Path, progress: Callable[[str, float], None] | None) -> None:
    """Run in a folder of a safe name and copy what it made, also of a failure, to the run directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with work_folder() as work:
        for name, text in plan.files.items():
            (work / name).write_text(text, encoding="utf-8")
        for path, name in plan.libraries.items():
            (work / name).write_text(read_liberty_text(path), encoding="utf-8")
        try:
            _call_worker(work, progress, directory)
        finally:
            for made in sorted(work.iterdir()):
                if made.is_file():
                    shutil.copyfile(made, directory / made.name)


def _call_worker(directory: Path, progress: Callable[[str, float], None] | None, kept: Path) -> None:
    """Run the commands of a folder; a message names the log where it is kept."""
    if importlib.util.find_spec("pyosys") is None:
        raise ToolMissingError(
            "the Python package pyosys (Yosys: synthesis) is missing; install it with 'pip install pyosys'"
        )
    scratch = directory / "scratch"
    scratch.mkdir()
    with (
        (directory / LOG).open("wb") as log,
        (directory / MESSAGES).open("wb") as messages,
    ):
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "finevh.synthesis.worker", COMMANDS],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=messages,
            env={**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        reported = 0
        try:
            while True:
                try:
                    status = process.wait(timeout=0.5 if progress else None)
                    running = False
                except subprocess.TimeoutExpired:
                    running = True
                if progress:
                    for item in read_progress(directory)[reported:]:
                        progress(str(item["command"]), float(item["seconds"]))
                        reported += 1
                if not running:
                    break
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if status != 0:
        raise _explain(directory, status, kept)


def _explain(directory: Path, status: int, kept: Path) -> FinevhError:
    text = (directory / MESSAGES).read_text(encoding="utf-8", errors="replace")
    errors = [match for match in _ERROR.finditer(text) if not match["text"].startswith("Design elaboration failed")]
    # Yosys names files relative to where it runs.
    base = directory.absolute()
    located = [
        f"{os.path.normpath(base / match['file'])}:{match['line']}: {match['text']}"
        for match in errors
        if match["file"]
    ]
    if located:
        mend = "the RTL does not elaborate; correct it and run again"
        if any(_TWO_ASYNCHRONOUS in line for line in located):
            mend = (
                "a register with an asynchronous set and an asynchronous clear (or two loads) is not read: make one of them"
                " synchronous, or map the design with another tool and give it as design.netlist"
            )
        return InputError("\n".join(dict.fromkeys(located)) + f"\n{mend}")
    if errors and "cannot be legalized" in errors[0]["text"]:
        return InputError(
            f"{errors[0]['text']}: the library has no such register; change the RTL or add one to the library"
        )
    if errors:
        return InputError(f"Yosys: {errors[0]['text']} (log: {kept / LOG})")
    last = text.strip().splitlines()[-1:] or ["no message"]
    return FinevhError(f"Yosys ended with status {status}: {last[0]} (log: {kept / LOG}, {kept / MESSAGES})")


def _refuse_unmapped(cells: dict[str, int], plan: SynthesisPlan, netlist: Path) -> None:
    unmapped = {name: count for name, count in cells.items() if name not in plan.known_cells}
    if not unmapped:
        return
    text = netlist.read_text(encoding="utf-8")
    parts = []
    for name, count in unmapped.items():
        match = re.search(rf"^\s*\\?{re.escape(name)}\s+(?:#\([^)]*\)\s*)?(\S+)\s*\(", text, re.MULTILINE)
        parts.append(f"{count} x {name}" + (f" (for example {match[1]})" if match else ""))
    raise InputError(
        f"{plan.top}: the library has no cell for {', '.join(parts)}; change the RTL or add such a cell to the library"
    )


def _count(entry: int | dict[str, float]) -> int:
    return int(entry["count"]) if isinstance(entry, dict) else int(entry)
