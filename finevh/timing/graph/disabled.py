"""Arcs that ``set_disable_timing`` takes out of a graph."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from finevh.constraints.model import Constraints, Objects
from finevh.constraints.objects import Names, match_names
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Int


@dataclass(frozen=True)
class Disabled:
    """Arcs taken out by constraints: pairs of pins (empty for any) of cells and of cell types, pins, nets of ports."""

    cells: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    types: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    pins: frozenset[int] = frozenset()
    nets: frozenset[int] = frozenset()

    def alive(self, netlist: Netlist, owner: Int, local: Int, source_pin: Int, target_pin: Int) -> NDArray[np.bool_]:
        """Whether each arc stays."""
        alive = np.ones(len(owner), dtype=bool)
        if self.pins:
            pins = list(self.pins)
            alive &= ~np.isin(source_pin, pins) & ~np.isin(target_pin, pins)
        if self.nets:
            alive &= ~np.isin(netlist.pin_net[source_pin], list(self.nets))
        kind = netlist.cell_type[owner]
        for rows, rules in ((owner, self.cells), (kind, self.types)):
            for a in np.flatnonzero(np.isin(rows, list(rules))).tolist():
                names = netlist.cells.pins(int(kind[a]))
                row = int(netlist.cells.arc_ptr[kind[a]] + local[a])
                source, target = names[netlist.cells.arc_from[row]], names[netlist.cells.arc_to[row]]
                alive[a] &= not any(f in ("", source) and t in ("", target) for f, t in rules[int(rows[a])])
        return alive


def bind_disables(names: Names, constraints: Constraints) -> Disabled:
    """Arcs that ``set_disable_timing`` takes out."""
    netlist = names.netlist
    cells: dict[int, list[tuple[str, str]]] = {}
    types: dict[int, list[tuple[str, str]]] = {}
    pins: set[int] = set()
    nets: set[int] = set()
    for disable in constraints.disables:
        pair = (disable.from_pin, disable.to_pin)
        for item in disable.objects:
            if item.kind in ("lib_cell", "lib_pin"):
                for pattern in item.patterns:
                    parts = pattern.split("/")
                    own = parts[-2 if item.kind == "lib_pin" else -1]
                    hits = match_names(Objects("lib_cell", (own,), item.where), netlist.cells.index, "library cell")
                    for row in hits:
                        pin = parts[-1]
                        types.setdefault(row, []).extend([(pin, ""), ("", pin)] if item.kind == "lib_pin" else [pair])
                continue
            kind = names.kind_of(item)
            if kind == "cell":
                for cell in names.find_cells(item):
                    cells.setdefault(cell, []).append(pair)
            elif kind == "pin":
                pins |= set(names.find_pins(item))
            else:
                nets |= {int(netlist.port_net[p]) for p in names.find_ports((item,))}
    return Disabled(cells, types, frozenset(pins), frozenset(nets - {NO_NET}))
