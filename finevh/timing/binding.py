"""Constraints bound to a netlist: tags, port conditions and endpoint rows as arrays."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.technology.model import Direction, Int, Real
from finevh.timing.constraints import Clock, Constraints, Objects, PortDelay, PortValue


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


@dataclass(frozen=True)
class Tags:
    """What an arrival is relative to: tag ``2 c + e`` is edge e of clock c as a clock; ``2 n_clock`` more, as data."""

    clock: Int
    edge: Int
    is_clock: NDArray[np.bool_]
    launch: Int

    @property
    def n(self) -> int:
        """Number of tags."""
        return len(self.clock)


def make_tags(clocks: tuple[Clock, ...]) -> Tags:
    """Tags of a set of clocks; at least one clock's worth, so that arrays are never empty."""
    n = 2 * len(clocks)
    k = np.arange(n, dtype=np.int32)
    return Tags(
        clock=np.concatenate([k // 2, k // 2]).astype(np.int32),
        edge=np.concatenate([k % 2, k % 2]).astype(np.int32),
        is_clock=np.arange(2 * n) < n,
        launch=np.concatenate([k + n, np.full(n, -1)]).astype(np.int32),
    )


def separation(launch: Clock, launch_edge: int, capture: Clock, capture_edge: int) -> tuple[float, float]:
    """Time, ps, from a launching edge to the setup edge that captures it, and to the hold edge.

    Setup: the smallest positive distance over all pairs of edges; hold: the largest that is not positive.
    """
    t0 = launch.fall if launch_edge else launch.rise
    t1 = capture.fall if capture_edge else capture.rise
    common = np.lcm(round(launch.period * 1000), round(capture.period * 1000)) / 1000
    if common / launch.period > 1000 or common / capture.period > 1000:
        raise InputError(f"clocks '{launch.name}' and '{capture.name}' have no common period; declare a false path")
    starts = t0 + launch.period * np.arange(round(common / launch.period))
    ends = t1 + capture.period * np.arange(round(common / capture.period))
    gap = np.mod(ends[None, :] - starts[:, None], common)
    setup = np.where(gap < 1e-6, common, gap)
    return float(setup.min()), float((setup - common).max() if np.all(gap >= 1e-6) else 0.0)


@dataclass(frozen=True)
class PortConditions:
    """Arrays over ports: arrivals (n_tag, n_port, 2) late and early, slews, loads, driving cells."""

    late: Real
    early: Real
    slew: tuple[Real, Real]
    load: tuple[Real, Real]
    drive_cell: Int
    """(n_port) row of the driving cell or -1."""
    drive_pin: tuple[str, ...]
    drive_from: tuple[str, ...]
    drive_slew: Real


def bind_ports(names: Names, constraints: Constraints, tags: Tags) -> PortConditions:
    """Arrays of everything SDC says of ports."""
    netlist = names.netlist
    n = len(netlist.port_names)
    late = np.full((tags.n, n, 2), -np.inf)
    early = np.full((tags.n, n, 2), np.inf)
    for c, clock in enumerate(constraints.clocks):
        for port in names.find_ports(clock.sources, Direction.INPUT):
            for edge in range(2):
                late[2 * c + edge, port, edge] = early[2 * c + edge, port, edge] = 0.0
    n_clock_tag = 2 * len(constraints.clocks)
    for delay in constraints.input_delays:
        tag = n_clock_tag + 2 * names.clock(delay.clock, _where(delay.ports)) + int(delay.clock_fall)
        for port in names.find_ports(delay.ports, Direction.INPUT):
            if port in names.clock_ports:
                continue
            for (end, edge), value in delay.values.items():
                (late if end == "max" else early)[tag, port, edge] = value
    slews = _port_values(names, constraints.transitions)
    loads = _port_values(names, constraints.loads)
    drive_cell = np.full(n, -1, dtype=np.int32)
    drive_pin, drive_from = [""] * n, [""] * n
    drive_slew = np.zeros((n, 2))
    for drive in constraints.driving_cells:
        if drive.cell not in netlist.cells.index:
            raise InputError(f"{_where(drive.ports)}: set_driving_cell: no library cell '{drive.cell}'")
        for port in names.find_ports(drive.ports, Direction.INPUT):
            drive_cell[port] = netlist.cells.index[drive.cell]
            drive_pin[port], drive_from[port] = drive.pin, drive.from_pin
            drive_slew[port] = drive.input_rise, drive.input_fall
    return PortConditions(late, early, slews, loads, drive_cell, tuple(drive_pin), tuple(drive_from), drive_slew)


def _where(objects: tuple[Objects, ...]) -> str:
    return objects[0].where if objects else "constraints"


def _port_values(names: Names, items: tuple[PortValue, ...]) -> tuple[Real, Real]:
    """(n_port, 2) values for the late and for the early end; zero where none is set."""
    n = len(names.netlist.port_names)
    ends = {"max": np.zeros((n, 2)), "min": np.zeros((n, 2))}
    for item in items:
        for port in names.find_ports(item.ports):
            for (end, edge), value in item.values.items():
                ends[end][port, edge] = value
    return ends["max"], ends["min"]


def output_delays(names: Names, constraints: Constraints) -> list[tuple[int, PortDelay]]:
    """(port, delay) of every ``set_output_delay``."""
    return [
        (port, delay) for delay in constraints.output_delays for port in names.find_ports(delay.ports, Direction.OUTPUT)
    ]
