"""The rendered commands of synthesis on an installed Yosys, which may be older than the one that the package brings."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from finevh.synthesis.plan import SynthesisPlan, render_tcl

# What releases before 0.40 do not know; and recoding of state machines: releases find different ones, so that registers differ.
NEW_COMMANDS = {"booth", "fsm"}
NEW_OPTIONS = {"flatten": ("-noscopeinfo",), "rename": ("-unescape",), "check": ("-mapped",)}
NEW_PAIRS = {"dfflibmap": ("-dont_use",), "abc": ("-dont_use", "-script")}
SCRIPT = "script.tcl"


def version(yosys: str) -> tuple[int, int]:
    """Return the release of an installed Yosys."""
    text = subprocess.run([yosys, "-V"], capture_output=True, text=True, check=True).stdout
    match = re.search(r"Yosys (\d+)\.(\d+)", text)
    if match is None:
        raise SystemExit(f"{yosys}: says '{text.strip()}', no version")
    return int(match[1]), int(match[2])


def reduced(commands: Sequence[tuple[str, ...]], source: Path) -> list[tuple[str, ...]]:
    """Return the commands that an old Yosys has: its own Verilog reader, no options that came later."""
    kept: list[tuple[str, ...]] = []
    for command in commands:
        name = command[0]
        if name == "read_slang":
            kept.append(("read_verilog", str(source)))
        elif name in NEW_COMMANDS or any(option in command for option in NEW_OPTIONS.get(name, ())):
            if name == "flatten":
                kept.append(("flatten",))
        else:
            words = list(command)
            if name == "techmap" and "-map" in words and words[-1].startswith("+/choices/"):
                words = words[:-2]
            for option in NEW_PAIRS.get(name, ()):
                while option in words:
                    at = words.index(option)
                    del words[at : at + 2]
            kept.append(tuple(words))
    return kept


def counts(statistics: Path) -> dict[str, int]:
    """Return cells by type of a statistics file."""
    data = json.loads(statistics.read_text())
    found: dict[str, int] = data["design"]["num_cells_by_type"]
    return found


def run_installed(yosys: str, plan: SynthesisPlan, commands: Sequence[tuple[str, ...]], folder: Path) -> dict[str, int]:
    """Run a command list as Tcl on an installed Yosys; cells by type."""
    folder.mkdir(parents=True)
    for name, text in plan.files.items():
        (folder / name).write_text(text)
    for path, name in plan.libraries.items():
        data = path.read_bytes()
        (folder / name).write_bytes(gzip.decompress(data) if path.suffix == ".gz" else data)
    (folder / SCRIPT).write_text(render_tcl(commands, {}))
    modules = ["-m", "slang"] if any(command[0] == "read_slang" for command in commands) else []
    done = subprocess.run(
        [yosys, *modules, "-q", "-c", SCRIPT], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{yosys} failed:\n{done.stderr or done.stdout}")
    return counts(folder / "statistics.json")
