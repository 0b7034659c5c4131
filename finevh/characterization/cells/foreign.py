"""Foreign transistor netlists: SPICE or CDL subcircuits in, the transistors of our topologies out.

Both instance forms are read: `M... d g s b MODEL W= L=` and `X... d g s b MODEL w= l=` (a device that is a subcircuit).
Transistors and resistors are taken; capacitors of an extracted netlist are refused rather than dropped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from finevh.base.files import read_input_text
from finevh.base.numbers import decimal
from finevh.characterization.cells.topology import Transistor
from finevh.errors import InputError

__all__ = ["Subcircuit", "parse_value", "read_subcircuits", "to_resistors", "to_transistors"]

_MOST_FINGERS = 1000
_SCALE = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "meg": 1e6, "g": 1e9, "": 1.0}


@dataclass(frozen=True)
class Subcircuit:
    """Name, ports, and (line number, tokens) of every instance line."""

    name: str
    ports: tuple[str, ...]
    lines: tuple[tuple[int, tuple[str, ...]], ...]
    path: Path


def read_subcircuits(path: Path) -> dict[str, Subcircuit]:
    """Read every `.subckt` of a file; continuation lines joined, comments dropped.

    Raises
    ------
    InputError
        If the file cannot be read or a subcircuit is not closed.
    """
    try:
        text = read_input_text(path, errors="replace")
    except OSError as error:
        raise InputError(f"{path}: netlist cannot be read ({error.strerror})") from error
    found: dict[str, Subcircuit] = {}
    name, ports, lines = "", (), []  # type: str, tuple[str, ...], list[tuple[int, tuple[str, ...]]]
    for number, line in _logical_lines(text):
        word = line.split()[0].lower()
        if (word in (".subckt", ".ends") and (word == ".ends") != bool(name)) or (
            word == ".subckt" and len(line.split()) < 2
        ):
            raise InputError(f"{path}:{number}: '{line[:40]}' does not pair with '.subckt NAME' and '.ends'")
        if word == ".subckt":
            name, ports, lines = line.split()[1], tuple(t for t in line.split()[2:] if "=" not in t), []
        elif word == ".ends":
            found[name] = Subcircuit(name, ports, tuple(lines), path)
            name = ""
        elif name:
            lines.append((number, tuple(line.split())))
    if name:
        raise InputError(f"{path}: subcircuit {name} has no .ends")
    return found


def _logical_lines(text: str) -> list[tuple[int, str]]:
    joined: list[tuple[int, str]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("*"):
            continue
        if line.startswith("+") and joined:
            joined[-1] = (joined[-1][0], f"{joined[-1][1]} {line[1:].strip()}")
        else:
            joined.append((number, line))
    return joined


def parse_value(text: str) -> float:
    """Parse a SPICE number: `0.415u`, `1e+06u`, `650000u`, `2meg`.

    Raises
    ------
    ValueError
        If the text is no number.
    """
    match = re.fullmatch(r"([-+]?[0-9.]+(?:e[-+]?[0-9]+)?)(meg|[fpnumkg]?)[a-z]*", text.lower())
    if match is None:
        raise ValueError(f"{text[:40]!r} is no SPICE number")
    return decimal(match.group(1)) * _SCALE[match.group(2)]


def to_resistors(
    subcircuit: Subcircuit, sheets: Mapping[str, float], rails: Mapping[str, str]
) -> tuple[tuple[str, str, float], ...]:
    """Return the resistors of a subcircuit as (node, node, ohm): sheet resistance (ohm per square) times l / w.

    Raises
    ------
    InputError
        If a resistor is of a material without sheet resistance, or lacks a size.
    """
    found = []
    for number, tokens in subcircuit.lines:
        if tokens[0][0].lower() != "r":
            continue
        where = f"{subcircuit.path}:{number}: {subcircuit.name}: {tokens[0]}"
        if len(tokens) < 4 or tokens[3] not in sheets:
            raise InputError(f"{where}: add the sheet resistance of its material to [netlists] sheet_ohm")
        try:
            size = {key.lower(): parse_value(value) for key, _, value in (token.partition("=") for token in tokens[4:])}
            ohm = sheets[tokens[3]] * size["l"] / size["w"]
        except (KeyError, ValueError, ZeroDivisionError) as error:
            raise InputError(f"{where}: no readable w and l ({error})") from error
        found.append((rails.get(tokens[1], tokens[1]), rails.get(tokens[2], tokens[2]), ohm))
    return tuple(found)


def to_transistors(
    subcircuit: Subcircuit, devices: Mapping[str, tuple[str, str]], rails: Mapping[str, str], unit_um: float
) -> tuple[Transistor, ...]:
    """Turn a subcircuit into transistors with absolute sizes.

    Parameters
    ----------
    devices : device name -> (n model, p model), as in `[devices]`; models are matched without case.
    rails : netlist node -> VDD or VSS.
    unit_um : um per unit of W and L (1e6 for values in metres, as in CDL with a `u` suffix).

    Raises
    ------
    InputError
        If a line is no transistor, names an unknown model, or has a bulk that is no rail.
    """
    models: dict[str, tuple[str, Literal["n", "p"]]] = {}
    for device, (n_model, p_model) in devices.items():
        models[n_model.lower()] = (device, "n")
        models[p_model.lower()] = (device, "p")
    found = []
    for number, tokens in subcircuit.lines:
        where = f"{subcircuit.path}:{number}: {subcircuit.name}"
        if tokens[0][0].lower() == "r":
            continue
        if tokens[0][0].lower() not in "mx" or len(tokens) < 6:
            raise InputError(
                f"{where}: {tokens[0]} is no transistor; only transistor netlists (no extracted C) are read"
            )
        if tokens[5].lower() not in models:
            raise InputError(
                f"{where}: unknown device model {tokens[5]!r}; [devices] knows {', '.join(sorted(models))}"
            )
        device, kind = models[tokens[5].lower()]
        nodes = [rails.get(node, node) for node in tokens[1:5]]
        if nodes[3] not in ("VDD", "VSS"):
            raise InputError(f"{where}: bulk {tokens[4]!r} of {tokens[0]} is no rail; add it to [netlists] rails")
        values = {}
        for token in tokens[6:]:
            key, _, value = token.partition("=")
            values[key.lower()] = value
        try:
            width, length = (parse_value(values[key]) * unit_um for key in ("w", "l"))
            count = round(parse_value(values.get("m", "1")) * parse_value(values.get("mult", "1")))
            if not (0 < width < math.inf and 0 < length < math.inf and 1 <= count <= _MOST_FINGERS):
                raise ValueError(f"w, l or m is not above zero, or m is above {_MOST_FINGERS}")
        except (KeyError, ValueError) as error:
            raise InputError(f"{where}: {tokens[0]} has no readable w and l ({error})") from error
        found += [Transistor(kind, nodes[0], nodes[1], nodes[2], width, length, device, True)] * count
    return tuple(found)
