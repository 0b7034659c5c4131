"""Scripts run in a Tcl interpreter that has no files, no processes and no tool: only stand-ins that note their calls."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from finevh.base.quoting import tcl_list
from finevh.base.tools import TCLSH, require
from finevh.errors import FinevhError, InputError
from finevh.openroad.script_check.table import CommandTable

# Returned by the stand-ins so that the scripts take their normal path: a swap that succeeds, a design with open pins.
_VALUES = {"replace_cell": "1", "all_pins_placed": "0", "get_property": "INV_X1", "get_lib_cells": "obj_staLibertyCell"}
_WORD = re.compile(r"[\w:]+")
_TIMEOUT = 120.0  # s; the slaves have a limit of their own


@dataclass(frozen=True)
class Record:
    """One thing that a script did: ``kind`` is script, call, method, open, source, exec, unknown or error."""

    kind: str
    file: str
    line: int
    name: str
    arguments: tuple[str, ...]


def run_in_sandbox(scripts: Mapping[str, str], order: Iterable[str], table: CommandTable) -> list[Record]:
    """Run scripts of a flow on stand-ins and return what they did, in order.

    Parameters
    ----------
    scripts
        File name -> text of all files of the run directory, data tables included.
    order
        Names of the scripts to run, each in a fresh interpreter.
    table
        Commands that exist and the methods of the objects they return.

    Raises
    ------
    InputError
        If a file name leaves the run directory.
    ToolMissingError
        If there is no ``tclsh``.
    FinevhError
        If the sandbox itself fails.
    """
    tclsh = require(TCLSH)
    with tempfile.TemporaryDirectory(prefix="finevh-check-") as name:
        root = Path(name)
        run = root / "run"
        run.mkdir()
        for file, text in scripts.items():
            if Path(file).name != file or file in (".", ".."):
                raise InputError(f"script '{file}': a file of a flow has a plain name, without folders")
            (run / file).write_text(text, encoding="utf-8")
        (root / "plan").write_text(_plan(order, scripts, table), encoding="utf-8")
        with resources.as_file(resources.files("finevh.openroad.script_check") / "sandbox.tcl") as driver:
            done = subprocess.run(
                [tclsh, str(driver), str(root / "plan"), str(root / "records"), str(run)],
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        if done.returncode != 0:
            raise FinevhError(f"the sandbox for Tcl scripts failed: {done.stderr.strip() or done.returncode}")
        return [_record(line) for line in (root / "records").read_text(encoding="utf-8").split("\n") if line]


def _record(line: str) -> Record:
    kind, file, number, name, *arguments = line.replace("\x1e", "\n").split("\x1f")
    return Record(kind, file, int(number), name, tuple(arguments))


def _plan(order: Iterable[str], scripts: Mapping[str, str], table: CommandTable) -> str:
    """Only what a script names is defined: making five hundred stand-ins for every script takes longer than running it."""
    mentioned = {word for name, text in scripts.items() if name.endswith(".tcl") for word in _WORD.findall(text)}
    commands: list[str] = []
    for name, spec in table.commands.items():
        if name not in mentioned:
            continue
        returns = str(spec.rules.get("returns", ""))
        commands += [name, _VALUES.get(name, f"obj_{returns}" if returns else "1")]
    methods: list[str] = []
    for owner, entries in table.methods.items():
        values: list[str] = []
        for method, (_, _, returns) in entries.items():
            values += [method, _method_value(method, returns)]
        methods += [owner, tcl_list(values)]
    return tcl_list(["scripts", tcl_list(order), "commands", tcl_list(commands), "methods", tcl_list(methods)])


def _method_value(method: str, returns: str) -> str:
    if method == "getSigType":
        return "POWER"
    return f"obj_{returns.removeprefix('list:')}" if returns not in ("", "list:") else "1"
