"""Drive ladders: which cells of the library may replace a cell by changing its strength alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finevh.technology.model import CellTable, Int, Kind, Technology


@dataclass(frozen=True)
class Ladders:
    """Interchangeable cells in CSR form, weakest first.

    ``member[ptr[l]:ptr[l + 1]]`` are the cells of ladder ``l``; ``ladder_of[cell]`` is -1 for a cell that must not be changed.
    """

    ptr: Int
    member: Int
    ladder_of: Int


def _signature(cells: CellTable, cell: int) -> tuple[object, ...]:
    """What must agree for two cells to be exchanged: pins, functions, state, and the order of the arcs."""
    pins = slice(cells.pin_ptr[cell], cells.pin_ptr[cell + 1])
    arcs = slice(cells.arc_ptr[cell], cells.arc_ptr[cell + 1])
    return (
        int(cells.kind[cell]),
        cells.pin_name[pins],
        cells.pin_function[pins],
        cells.next_state[cell],
        cells.clocked_on[cell],
        cells.clear[cell],
        cells.preset[cell],
        tuple(cells.arc_from[arcs].tolist()),
        tuple(cells.arc_to[arcs].tolist()),
        tuple(cells.arc_type[arcs].tolist()),
        tuple(cells.arc_sense[arcs].tolist()),
    )


def drive_ladders(technology: Technology) -> Ladders:
    """Group the cells of ``technology`` that differ in strength alone, ordered by area.

    Cells that the technology marks ``dont_use`` and physical cells stand outside. Clock buffers form a ladder of their own
    where the technology names them, so that sizing never swaps a clock buffer for a plain one.
    """
    cells = technology.cells
    banned = set(technology.roles.get("dont_use", ()))
    clock = set(technology.roles.get("clock_buffer", ()))
    groups: dict[tuple[object, ...], list[int]] = {}
    for cell, name in enumerate(cells.names):
        if name in banned or cells.kind[cell] in (Kind.PHYSICAL, Kind.TIE):
            continue
        groups.setdefault((name in clock, *_signature(cells, cell)), []).append(cell)
    ladder_of = np.full(len(cells.names), -1, dtype=np.int32)
    member: list[int] = []
    ptr = [0]
    for k, group in enumerate(groups.values()):
        group.sort(key=lambda c: (cells.area[c], cells.names[c]))
        ladder_of[group] = k
        member += group
        ptr.append(len(member))
    return Ladders(np.array(ptr, dtype=np.int32), np.array(member, dtype=np.int32), ladder_of)
