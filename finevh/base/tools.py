"""The one finder of external programs: a variable that names one, then PATH; the error says both and how to install it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from finevh.errors import ToolMissingError


@dataclass(frozen=True)
class Tool:
    """An external program: what it is for and how to get it.

    ``variable`` names an environment variable that holds its path; ``version_args`` make it say its version, none if it has
    no such option.
    """

    name: str
    purpose: str
    install: str
    version_args: tuple[str, ...] = ("--version",)
    variable: str | None = None


NGSPICE = Tool("ngspice", "characterising cells (finevh characterize)", "apt-get install ngspice", variable="NGSPICE")
OPENSTA = Tool("sta", "finevh signoff --opensta, and the timing tests", "apt-get install opensta", ("-version",))
IVERILOG = Tool("iverilog", "the logic-simulation oracle of the tests", "apt-get install iverilog", ("-V",))
CHROMIUM = Tool("chromium", "the report's test in a browser", "apt-get install chromium")
TCLSH = Tool("tclsh", "checking generated scripts and reading a platform's wire constants", "apt-get install tcl", ())
RISCV_AS = Tool(
    "riscv64-unknown-elf-as", "rebuilding the RI5CY test programs", "apt-get install binutils-riscv64-unknown-elf"
)
OPENROAD = Tool(
    "openroad",
    "the other layout engine (--engine openroad)",
    "put it on PATH or set FINEVH_OPENROAD to its executable; binaries: https://openroad.readthedocs.io",
    ("-version",),
    "FINEVH_OPENROAD",
)
PODMAN, DOCKER = (
    Tool(name, "running OpenROAD from a container image", f"apt-get install {package}")
    for name, package in (("podman", "podman"), ("docker", "docker.io"))
)
TOOLS = (NGSPICE, OPENSTA, IVERILOG, CHROMIUM, TCLSH, RISCV_AS, OPENROAD)
"""In the order in which ``finevh doctor`` shows them."""


def look_for(tool: Tool, environment: Mapping[str, str] | None = None) -> str | None:
    """Return the path of a program, None where there is none.

    A variable that names something which does not exist finds nothing: PATH is not asked for another one.
    """
    environment = os.environ if environment is None else environment
    named = environment.get(tool.variable) if tool.variable else None
    return shutil.which(named or tool.name, path=environment.get("PATH"))


def require(tool: Tool, environment: Mapping[str, str] | None = None) -> str:
    """Return the path of a program.

    Raises
    ------
    ToolMissingError
        If there is none; the message names the variable, what the program is for and how to install it.
    """
    path = look_for(tool, environment)
    if path is None:
        environment = os.environ if environment is None else environment
        named = environment.get(tool.variable) if tool.variable else None
        variable = f" or set {tool.variable} to its path" if tool.variable else ""
        head = f"{tool.variable}={named}: no such executable" if named else f"{tool.name} is not on PATH"
        raise ToolMissingError(f"{head}; needed for {tool.purpose}: {tool.install}{variable}")
    return path


def version_of(path: str, tool: Tool, patience: float = 10.0) -> str | None:
    """Return the first line with a digit of what a program says of its version; None if it says nothing in time (s)."""
    if not tool.version_args:
        return None
    try:
        # Not in the current folder: some programs take settings from files there.
        done = subprocess.run(
            [os.path.abspath(path), *tool.version_args], capture_output=True, text=True, timeout=patience,
            stdin=subprocess.DEVNULL, errors="replace", check=False, cwd=os.sep,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = [line.strip(" *") for line in (done.stdout + done.stderr).splitlines() if any(c.isdigit() for c in line)]
    return lines[0] if lines else None
