"""How many SDC files of the field are read: percentages, and each command that is refused.

python benchmarks/sdc_survey.py FOLDER [FOLDER ...] [--env NAME=VALUE ...]

A folder is one collection, for example a clone of a repository of ready flows. Every ``*.sdc`` below it is read as ``finevh sta``
reads it, against a stand-in netlist that has the ports which the file names; ``$::env(NAME)`` is looked up in the ``config.mk``,
``config.json`` or ``config.tcl`` beside the file, then in ``--env``. Names that the stand-in does not have are no refusal.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

from finevh.checks import Checks
from finevh.constraints import parse_sdc
from finevh.errors import InputError
from finevh.netlist import parse_verilog
from finevh.netlist.model import Netlist
from finevh.technology import Technology, technology_from_liberty
from oracles.plane_library import arc, library, output

_PORT = re.compile(r"get_ports?\s+(?:-quiet\s+)?(?:\{([^}$\[]*)\}|\"([^\"$]*)\"|([\w\[\].]+))")
_SET = re.compile(
    r"^\s*set\s+\S*(?:clk|clock|port|rst|reset)\S*\s+\{?\"?([A-Za-z_]\w*)\"?\}?\s*$", re.IGNORECASE | re.MULTILINE
)
_MAKE = re.compile(r"^\s*(?:export\s+)?(\w+)\s*[?:]?=\s*(.*?)\s*$", re.MULTILINE)
_TCL = re.compile(r"^\s*set\s+::env\((\w+)\)\s+[\"{]?([^\"}\n]*)", re.MULTILINE)


def environment_of(file: Path, given: dict[str, str], top: Path) -> dict[str, str]:
    """Values of environment variables for one file."""
    found = dict(given)
    for folder in (file.parent, file.parent.parent):
        for name in ("config.mk", "config.json", "config.tcl"):
            path = folder / name
            if not path.is_file():
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
            if name == "config.json":
                found |= {k: str(v) for k, v in json.loads(text).items() if isinstance(v, str | int | float)}
            else:
                found |= dict((_MAKE if name == "config.mk" else _TCL).findall(text))
    homes = [p for p in top.rglob("designs") if p.is_dir()]
    found |= {k: v.replace("$(DESIGN_HOME)", str(homes[0])) for k, v in found.items()} if homes else {}
    if "PLATFORM" in found:
        platforms = [p for p in top.rglob(f"platforms/{found['PLATFORM']}") if p.is_dir()]
        if platforms:
            found.setdefault("PLATFORM_DIR", str(platforms[0]))
    return found


@cache
def cells_with(outputs: tuple[str, ...]) -> Technology:
    """A library with a cell for each name of an output pin."""
    stubs = (
        f"  cell (STUB_{name}) {{ area : 1; pin (A) {{ direction : input; capacitance : 0.002; }}\n"
        + output(name, "A", arc("A", 20, "positive_unate")) + "  }\n"
        for name in outputs
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        liberty = Path(folder) / "cells.lib"
        liberty.write_text(library("".join(stubs)), encoding="utf-8")
        return technology_from_liberty([liberty])


def stand_in(text: str, environment: dict[str, str], more: list[str], pins: list[str]) -> Netlist:
    """A netlist with the ports that a file names and ``more``, a register and a gate, and buffers with the ``pins``."""
    words = [word for groups in _PORT.findall(text) for group in groups for word in group.split()]
    words += [*_SET.findall(text), *environment.get("CLOCK_PORT", "clk").split(), *more, "clk"]
    clean = dict.fromkeys(re.sub(r"\[.*", "", word) for word in words)
    names = [n for n in clean if re.fullmatch(r"[A-Za-z_]\w*", n) and n not in ("qz", "core")]
    ports = ", ".join([*names, "data", "qz"])
    cells = {pin.rpartition("/")[0]: pin.rpartition("/")[2] for pin in pins}
    technology = cells_with(tuple(sorted(set(cells.values()) - {"Q"})))
    bodies = "".join(
        f"wire w{k}; DFF \\{cell} (.D(n), .CK({names[-1]}), .Q(w{k}));\n" if pin == "Q" else
        f"wire w{k}; STUB_{pin} \\{cell} (.A(n), .{pin}(w{k}));\n" for k, (cell, pin) in enumerate(cells.items())
    )  # fmt: skip
    return parse_verilog(
        f"module core ({ports}); input {', '.join(names)}; input [3:0] data; output qz; wire n;\n"
        f"DFF r (.D(n), .CK({names[-1]}), .Q(qz)); INV u (.A(data[0]), .Y(n)); {bodies} endmodule",
        technology,
    )


def outcome(text: str, file: Path, top: Path, environment: dict[str, str]) -> tuple[Checks, str]:
    """The account and the error of reading one file; ports that the stand-in lacks are added to it."""
    more: list[str] = []
    pins: list[str] = []
    for _ in range(30):
        checks, message = Checks(), ""
        try:
            netlist = stand_in(text, environment, more, pins)
            parse_sdc(text, str(file), netlist=netlist, checks=checks, folder=top, environment=environment)
        except InputError as error:
            message = str(error)
        lost = checks["sdc_not_found"].examples if message and "sdc_not_found" in checks else []
        new = [name for line in lost for name in re.findall(r"no port matches '([\w]+)", line) if name not in more]
        asked = [*lost, message]
        cells = [name + "/Q" for line in asked for name in re.findall(r"no instance matches '([^'*?]+)'", line)]
        cells += [name for line in asked for name in re.findall(r"no pin matches '([^'*?]+/\w+)'", line)]
        cells = [name for name in cells if name not in pins]
        if not (new or cells):
            break
        more, pins = more + new, pins + cells
    return checks, message


def command_of(message: str) -> str:
    """What is refused, from a message: a command, else the reason."""
    unknown = re.search(r"the command '([^']*)'", message)
    if unknown:
        return unknown.group(1)
    reason = message.split(": ", 1)[-1]
    return re.sub(r"'[^']*'", "'...'", reason)[:100]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    given = dict(item.split("=", 1) for item in arguments.env)
    refused: Counter[str] = Counter()
    where: dict[str, list[str]] = defaultdict(list)
    notes: Counter[str] = Counter()
    read, total = 0, 0
    for top in arguments.folders:
        own, files = 0, sorted(top.rglob("*.sdc"))
        for file in files:
            text = file.read_text(encoding="utf-8", errors="replace")
            environment = environment_of(file, given, top)
            checks, message = outcome(text, file, top, environment)
            own += not message
            if message:
                refused[command_of(message)] += 1
                where[command_of(message)].append(f"{file.relative_to(top)}: {message.split(': ', 1)[-1][:80]}")
            if "sdc_ignored" in checks:
                notes.update(example.split(": ", 1)[-1] for example in checks["sdc_ignored"].examples)
        print(f"{top.name}: {own} of {len(files)} files read, {own / max(len(files), 1):.1%}")
        read, total = read + own, total + len(files)
    print(f"together: {read} of {total} files read, {read / max(total, 1):.1%}")
    for what, count in refused.most_common():
        print(f"refused {count}: {what} ({', '.join(where[what][:3])}{', ...' if count > 3 else ''})")
    for what, count in notes.most_common():
        print(f"noted {count}: {what}")


if __name__ == "__main__":
    main()
