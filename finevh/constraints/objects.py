"""Objects of a netlist by the patterns that constraints use."""

from __future__ import annotations

import fnmatch
import re

import numpy as np

from finevh.constraints.model import Clock, Objects
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.technology.model import Direction


def match_names(patterns: tuple[str, ...], names: dict[str, int], where: str, kind: str) -> list[int]:
    """Rows of the names that glob patterns match; a bus name matches its bits.

    Raises
    ------
    InputError
        If a pattern matches nothing.
    """
    found: dict[int, None] = {}
    for pattern in patterns:
        if pattern in names:
            found[names[pattern]] = None
            continue
        # Square brackets select bits in SDC; they are no character class.
        glob = re.compile(fnmatch.translate(re.sub(r"\[", "[[]", pattern)))
        hits = [row for name, row in names.items() if glob.match(name)]
        if not hits:
            bits = re.compile(re.escape(pattern) + r"\[-?\d+\]$")
            hits = [row for name, row in names.items() if bits.match(name)]
        if not hits:
            raise InputError(f"{where}: no {kind} matches '{pattern}'")
        found.update(dict.fromkeys(hits))
    return list(found)


class Names:
    """Objects of SDC patterns in one netlist."""

    def __init__(self, netlist: Netlist, clocks: tuple[Clock, ...]) -> None:
        self.netlist = netlist
        self.ports = {name: k for k, name in enumerate(netlist.port_names)}
        self.clocks = {clock.name: k for k, clock in enumerate(clocks)}
        self.clock_ports: set[int] = set()
        self.clock_ports = {port for clock in clocks for port in self.find_ports(clock.sources, Direction.INPUT)}

    def clock(self, name: str, where: str) -> int:
        """Row of a clock."""
        if name not in self.clocks:
            raise InputError(f"{where}: no clock '{name}'; create_clock comes first")
        return self.clocks[name]

    def find_clocks(self, item: Objects) -> set[int]:
        """Rows of the clocks of an object list."""
        if item.kind == "clocks":
            return set(self.clocks.values())
        return {self.clock(name, item.where) for name in item.patterns}

    def find_cells(self, item: Objects) -> list[int]:
        """Instances by pattern."""
        return match_names(item.patterns, self.netlist.instance_index, item.where, "instance")

    def find_nets(self, item: Objects) -> list[int]:
        """Nets by pattern."""
        return match_names(item.patterns, self.netlist.net_index, item.where, "net")

    def find_ports(self, objects: tuple[Objects, ...], direction: Direction | None = None) -> list[int]:
        """Ports of a list of objects."""
        rows: list[int] = []
        for item in objects:
            if item.kind in ("inputs", "inputs_no_clocks", "outputs"):
                wanted = Direction.OUTPUT if item.kind == "outputs" else Direction.INPUT
                skipped = self.clock_ports if item.kind == "inputs_no_clocks" else set()
                found = np.flatnonzero(self.netlist.port_direction == wanted).tolist()
                rows += [port for port in found if port not in skipped]
            elif item.kind in ("port", "any"):
                rows += match_names(item.patterns, self.ports, item.where, "port")
            else:
                raise InputError(f"{item.where}: ports are wanted here, not {item.kind}s")
        for row in rows:
            if direction is not None and self.netlist.port_direction[row] not in (direction, Direction.INOUT):
                name = self.netlist.port_names[row]
                raise InputError(f"port '{name}' is no {direction.name.lower()}: {objects[0].where}")
        return list(dict.fromkeys(rows))

    def find_pins(self, patterns: tuple[str, ...], where: str) -> list[int]:
        """Pins ``instance/pin`` of patterns."""
        netlist = self.netlist
        rows: list[int] = []
        for pattern in patterns:
            instance, _, pin = pattern.rpartition("/")
            if not instance:
                raise InputError(f"{where}: '{pattern}' is no pin; write instance/pin")
            cells = match_names((instance,), netlist.instance_index, where, "instance")
            hits = []
            for cell in cells:
                for k, name in enumerate(netlist.cells.pins(int(netlist.cell_type[cell]))):
                    if fnmatch.fnmatchcase(name, pin):
                        hits.append(int(netlist.pin_ptr[cell]) + k)
            if not hits:
                raise InputError(f"{where}: no pin matches '{pattern}'")
            rows += hits
        return rows
