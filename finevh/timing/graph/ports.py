"""What constraints say of ports, as arrays: arrivals, slews, loads, driving cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finevh.constraints.model import Constraints, DrivingCell, Objects, PortValue
from finevh.constraints.objects import Names
from finevh.errors import InputError
from finevh.technology.model import Direction, Real
from finevh.timing.graph.starts import Start
from finevh.timing.graph.tags import TagSet


@dataclass(frozen=True)
class PortConditions:
    """Arrays over ports: arrivals (n_tag, n_port + n_source, 2) late and early, slews, loads, driving cells.

    Behind the ports' arrivals stand those of the pins where clocks are made.
    """

    late: Real
    early: Real
    slew: tuple[Real, Real]
    load: tuple[Real, Real]
    drives: tuple[tuple[tuple[DrivingCell | None, ...], ...], ...]
    """Driving cell by end (late, early), edge of the port and port."""


def bind_ports(
    names: Names, constraints: Constraints, tags: TagSet, starts: list[Start], n_source: int
) -> PortConditions:
    """Arrays of everything SDC says of ports; ``n_source`` pins where clocks are made follow them."""
    n = len(names.netlist.port_names)
    late = np.full((tags.n, n + n_source, 2), -np.inf)
    early = np.full((tags.n, n + n_source, 2), np.inf)
    for start in starts:
        at = tags.number(start.tag), start.column, start.edge
        late[at], early[at] = max(late[at], start.late), min(early[at], start.early)
    drives: list[list[list[DrivingCell | None]]] = [[[None] * n for _ in (0, 1)] for _ in ("max", "min")]
    for drive in constraints.driving_cells:
        if drive.cell not in names.netlist.cells.index:
            raise InputError(f"{_where(drive.ports)}: set_driving_cell: no library cell '{drive.cell}'")
        for port in names.find_ports(drive.ports, Direction.INPUT):
            for end in drive.ends:
                for edge in drive.edges:
                    drives[0 if end == "max" else 1][edge][port] = drive
    return PortConditions(
        late, early, _port_values(names, constraints.transitions), _port_values(names, constraints.loads),
        tuple(tuple(tuple(ports) for ports in edges) for edges in drives),
    )  # fmt: skip


def _where(objects: tuple[Objects, ...]) -> str:
    return objects[0].where if objects else "constraints"


def _port_values(names: Names, items: tuple[PortValue, ...]) -> tuple[Real, Real]:
    """(n_port, 2) values for the late and for the early end, of pins and wires together; zero where none is set."""
    n = len(names.netlist.port_names)
    ends = {(end, wire): np.zeros((n, 2)) for end in ("max", "min") for wire in (False, True)}
    for item in items:
        for port in names.find_ports(item.ports):
            for (end, edge), value in item.values.items():
                ends[end, item.wire][port, edge] = value
    return ends["max", False] + ends["max", True], ends["min", False] + ends["min", True]
