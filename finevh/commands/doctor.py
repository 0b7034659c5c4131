"""What is installed, what is missing and what for: the answer of ``finevh doctor``."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from finevh.base.share import LIBRARIES, shared
from finevh.flow.engine.provenance import package_versions
from finevh.version import VERSION


@dataclass(frozen=True)
class Tool:
    """An external command."""

    name: str
    purpose: str
    install: str
    version_args: tuple[str, ...]


TOOLS = (
    Tool("ngspice", "characterising cells (finevh characterize)", "apt-get install ngspice", ("--version",)),
    Tool("sta", "OpenSTA, the timing oracle of the tests", "apt-get install opensta", ("-version",)),
    Tool("iverilog", "the logic-simulation oracle of the tests", "apt-get install iverilog", ("-V",)),
    Tool("chromium", "the report's test in a browser", "apt-get install chromium", ("--version",)),
    Tool("tclsh", "checking generated scripts (finevh tcl --check)", "apt-get install tcl", ()),
    Tool(
        "riscv64-unknown-elf-as",
        "rebuilding the RI5CY test programs",
        "apt-get install binutils-riscv64-unknown-elf",
        ("--version",),
    ),
    Tool("openroad", "the other layout engine (--engine openroad)", "see the OpenROAD project", ("-version",)),
)
# A tool that does not answer within this many seconds is reported without its version.
_PATIENCE = 10.0


@dataclass(frozen=True)
class ToolState:
    """Where a tool was found; ``path`` and ``version`` are None where it was not."""

    name: str
    purpose: str
    install: str
    path: str | None
    version: str | None


@dataclass(frozen=True)
class Diagnosis:
    """Everything that ``finevh doctor`` prints."""

    finevh: str
    packages: dict[str, str]
    tools: tuple[ToolState, ...]
    technologies: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Plain data for ``--json``."""
        return asdict(self)


def _look(tool: Tool) -> ToolState:
    path = shutil.which(tool.name)
    return ToolState(
        tool.name, tool.purpose, tool.install, path, None if path is None else _version(path, tool.version_args)
    )


def _version(path: str, args: tuple[str, ...]) -> str | None:
    if not args:
        return None
    try:
        done = subprocess.run(
            [path, *args], capture_output=True, text=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = [line.strip(" *") for line in (done.stdout + done.stderr).splitlines() if any(c.isdigit() for c in line)]
    return lines[0] if lines else None


def technologies(folders: tuple[Path, ...]) -> tuple[str, ...]:
    """Technology files found under some folders."""
    return tuple(
        str(path) for folder in folders if folder.is_dir() for path in sorted(folder.glob("*/technology.toml"))
    )


def diagnose(folders: tuple[Path, ...] = (Path("libs"),)) -> Diagnosis:
    """Look for tools, packages and technologies: those that ship and those under ``folders``."""
    looked = dict.fromkeys((shared(LIBRARIES), *(folder.resolve() for folder in folders)))
    return Diagnosis(VERSION, package_versions(), tuple(_look(tool) for tool in TOOLS), technologies(tuple(looked)))
