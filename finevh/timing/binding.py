"""Port conditions of a netlist as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finevh.constraints.model import Constraints, Objects, PortDelay, PortValue
from finevh.constraints.objects import Names
from finevh.errors import InputError
from finevh.technology.model import Direction, Int, Real
from finevh.timing.tags import TagSet


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


def number_port_tags(names: Names, constraints: Constraints, tags: TagSet) -> None:
    """Make the tags of all input delays known, so that the set is complete before arrays are made."""
    for delay in constraints.input_delays:
        clock = names.clock(delay.clock, _where(delay.ports))
        for port in names.find_ports(delay.ports, Direction.INPUT):
            if port not in names.clock_ports:
                tags.port_tag(clock, int(delay.clock_fall), port)


def bind_ports(names: Names, constraints: Constraints, tags: TagSet) -> PortConditions:
    """Arrays of everything SDC says of ports."""
    netlist = names.netlist
    n = len(netlist.port_names)
    late = np.full((tags.n, n, 2), -np.inf)
    early = np.full((tags.n, n, 2), np.inf)
    for c, clock in enumerate(constraints.clocks):
        for port in names.find_ports(clock.sources, Direction.INPUT):
            for edge in range(2):
                late[2 * c + edge, port, edge] = early[2 * c + edge, port, edge] = 0.0
    for delay in constraints.input_delays:
        row = names.clock(delay.clock, _where(delay.ports))
        for port in names.find_ports(delay.ports, Direction.INPUT):
            if port in names.clock_ports:
                continue
            tag = tags.port_tag(row, int(delay.clock_fall), port)
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
