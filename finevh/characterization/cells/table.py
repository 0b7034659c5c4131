"""The cell table (TOML) in, checked topologies out: own transistor lists, or cells of foreign SPICE/CDL netlists."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from finevh.base.quoting import plain_name
from finevh.base.toml import read_toml
from finevh.characterization.cells.foreign import Subcircuit, read_subcircuits, to_resistors, to_transistors
from finevh.characterization.cells.logic import parse_function
from finevh.characterization.cells.topology import Sequential, Topology, Transistor, check_connections
from finevh.characterization.packages import locate_package_file
from finevh.errors import InputError

__all__ = ["load_fillers", "load_topologies"]

Resistors = tuple[tuple[str, str, float], ...]
Devices = Mapping[str, tuple[str, str]]
_MOST = 10_000
"""Columns, drives and sites of a cell."""
_KEYS = {"inputs", "outputs", "drives", "columns", "breaks", "transistors", "sequential", "subckt", "file", "sites"}


def load_topologies(path: Path, devices: Devices | None = None) -> dict[str, Topology]:
    """Read a cell table.

    Parameters
    ----------
    devices : the technology's devices, name -> (n model, p model); needed for cells of foreign netlists.

    Raises
    ------
    InputError
        If a file is missing, no TOML, or a cell is inconsistent (unknown key, pin without a transistor, bad line).
    """
    data = _read(path)
    table = data.get("cells", {})
    if not isinstance(table, dict) or not table:
        raise InputError(f"{path}: no [cells.NAME] table; describe at least one cell")
    netlists = _Netlists(path, data.get("netlists", {}), devices)
    cells = {}
    for name, entry in table.items():
        plain_name(name, f"{path}: cell")
        try:
            cells[name] = _topology(path, name, entry, netlists)
        except (TypeError, ValueError, AttributeError, OverflowError, KeyError) as error:
            raise InputError(f"{path}: [cells.{name}]: a value has the wrong kind ({error})") from error
    return cells


def load_fillers(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the cells without transistors: name -> widths in sites."""
    fillers = {}
    for name, entry in _read(path).get("fillers", {}).items():
        try:
            fillers[plain_name(name, f"{path}: filler")] = tuple(_count(path, sites) for sites in entry["sites"])
        except (TypeError, KeyError) as error:
            raise InputError(f"{path}: [fillers.{name}] needs sites = [1, 2, ...] ({error!r})") from error
    return fillers


def _count(where: object, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
        raise InputError(f"{where}: {value!r} is not a whole number from 1 to {_MOST}")
    return value


def _read(path: Path) -> dict[str, Any]:
    return read_toml(path, "a cell table", "give the path of a cell table")


class _Netlists:
    """The foreign netlists of a table: `[netlists]` package, rails, unit_um; every file read once."""

    def __init__(self, path: Path, data: Mapping[str, Any], devices: Devices | None) -> None:
        self.path, self.data, self.devices = path, data, devices
        self.files: dict[str, dict[str, Subcircuit]] = {}

    def elements(self, where: str, name: str, file: str | None) -> tuple[tuple[Transistor, ...], Resistors]:
        """Return the transistors and resistors of one subcircuit."""
        file = file or self.data.get("file")
        if file is None:
            raise InputError(f"{where}: key 'file' is missing; name the netlist here or in [netlists]")
        if self.devices is None:
            raise InputError(f"{where}: a foreign netlist needs the technology's [devices]")
        if file not in self.files:
            package = self.data.get("package")
            self.files[file] = read_subcircuits(
                locate_package_file(package, file) if package else self.path.parent / file
            )
        if name not in self.files[file]:
            raise InputError(f"{where}: {file} has no subcircuit {name!r}")
        try:
            rails, unit = self.data["rails"], float(self.data["unit_um"])
        except KeyError as error:
            raise InputError(f"{self.path}: [netlists] lacks {error.args[0]!r}") from error
        subcircuit = self.files[file][name]
        return (
            to_transistors(subcircuit, self.devices, rails, unit),
            to_resistors(subcircuit, self.data.get("sheet_ohm", {}), rails),
        )


def _topology(path: Path, name: str, entry: Mapping[str, Any], netlists: _Netlists) -> Topology:
    where = f"{path}: [cells.{name}]"
    for key in entry:
        if key not in _KEYS:
            raise InputError(f"{where}: unknown key {key!r}; known keys: {', '.join(sorted(_KEYS))}")
    foreign = "subckt" in entry
    for key in ("inputs", "outputs") if foreign else ("inputs", "outputs", "drives", "columns", "transistors"):
        if key not in entry:
            raise InputError(f"{where}: key {key!r} is missing")
    resistors: Resistors = ()
    if foreign:
        transistors, resistors = netlists.elements(where, entry["subckt"], entry.get("file"))
    else:
        transistors = tuple(_transistor(where, line) for line in entry["transistors"].strip().splitlines())
    outputs = tuple(
        (plain_name(pin, f"{where}: output"), parse_function(text)) for pin, text in entry["outputs"].items()
    )
    inputs = tuple(plain_name(pin, f"{where}: input") for pin in entry["inputs"])
    topology = Topology(
        name,
        inputs,
        outputs,
        transistors,
        tuple(_count(where, drive) for drive in entry.get("drives", (1,))),
        _count(where, entry.get("sites", 1)) - 1 if foreign else _count(where, entry["columns"]),
        int(entry.get("breaks", 0)),
        _sequential(where, entry.get("sequential")),
        str(path),
        resistors,
        foreign,
    )
    check_connections(topology, where)
    return topology


def _transistor(where: str, line: str) -> Transistor:
    fields = line.split()
    if len(fields) != 5 or fields[0] not in ("n", "p"):
        raise InputError(f"{where}: transistor line {line!r} is not 'kind drain gate source width' with kind n or p")
    try:
        width = float(fields[4])
    except ValueError as error:
        raise InputError(f"{where}: width {fields[4]!r} in {line!r} is not a number") from error
    if not 0 < width < math.inf:
        raise InputError(f"{where}: width {fields[4]!r} in {line!r} is not above zero and finite")
    kind: Literal["n", "p"] = "n" if fields[0] == "n" else "p"
    return Transistor(kind, fields[1], fields[2], fields[3], width)


def _sequential(where: str, entry: Mapping[str, Any] | None) -> Sequential | None:
    if entry is None:
        return None
    try:
        return Sequential(
            entry["kind"],
            entry["clock"],
            entry["edge"],
            parse_function(entry["next"]),
            entry.get("node", ""),
            bool(entry.get("inverted", False)),
            entry.get("clear"),
            entry.get("preset"),
        )
    except KeyError as error:
        raise InputError(f"{where}: key sequential.{error.args[0]} is missing") from error
