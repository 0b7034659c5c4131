"""Clock gating inferred from logic: a gate that lets a clock through while another input enables it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.constraints.model import Constraints
from finevh.constraints.objects import Names
from finevh.netlist.logic import parse_function
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Kind
from finevh.timing.graph.structure import FALL, RISE, Structure
from finevh.timing.sweep.arrays import LAUNCHES


@dataclass(frozen=True)
class Gate:
    """One enable of a gate on a clock network, as rows of the sinks; ``opens``: the clock edge that opens the gate."""

    cell: int
    enable: int
    clock: int
    opens: int


def find_gates(
    netlist: Netlist, structure: Structure, node_tags: Int, clock_bits: int, active: dict[int, int]
) -> Iterator[Gate]:
    """Yield the gates on clock networks.

    Where the gate's output does not depend on the enable while the clock is low (and, nand), the enable must be ready for
    the rise and stay until the fall; the other way round for or, nor. Other functions (multiplexers, xor) gate nothing,
    unless ``active`` (cell to clock level, from set_clock_gating_check) says while which level the clock passes.
    """
    cells = netlist.cells
    on_clock = (
        (node_tags & clock_bits).any(axis=1) & (structure.node_cell >= 0) & _leads_to_registers(netlist, structure)
    )
    looped: dict[int, list[int]] = {}
    for node, sink in structure.enables.tolist():
        looped.setdefault(node, []).append(sink)
    for v in np.flatnonzero(on_clock).tolist():
        cell = int(structure.node_cell[v])
        kind = int(netlist.cell_type[cell])
        arcs = [int(structure.arc_sink[a]) for a in range(structure.arc_ptr[v], structure.arc_ptr[v + 1])]
        arcs += looped.get(v, [])
        if cells.kind[kind] != Kind.COMBINATIONAL or len(arcs) < 2:
            continue
        output = int(structure.node_pin[v]) - int(netlist.pin_ptr[cell])
        text = cells.pin_function[cells.pin_ptr[kind] + output]
        if not text:
            continue
        function = parse_function(text)
        names = cells.pins(kind)
        sinks = dict.fromkeys(arcs)
        pins = {s: names[structure.sink_local[s]] for s in sinks}
        clocked = [s for s in sinks if (node_tags[structure.sink_node[s]] & clock_bits).any()]
        if len(clocked) != 1:
            continue
        clock = clocked[0]
        for sink in sinks:
            if sink == clock:
                continue
            low = function.depends(pins[sink], {pins[clock]: 0})
            high = function.depends(pins[sink], {pins[clock]: 1})
            if cell in active:
                yield Gate(cell, sink, clock, RISE if active[cell] else FALL)
            elif low != high:
                yield Gate(cell, sink, clock, RISE if high else FALL)


def _leads_to_registers(netlist: Netlist, structure: Structure) -> NDArray[np.bool_]:
    """(n_node) whether a clock pin of a register or clock gate is behind a node, through logic alone."""
    cells = netlist.cells
    pins = structure.sink_pin >= 0
    clocked = np.zeros(len(pins), dtype=bool)
    clocked[pins] = cells.pin_is_clock[netlist.pin_type[structure.sink_pin[pins]]]
    leads = np.bincount(structure.sink_node[clocked], minlength=structure.n_node) > 0
    owner = np.repeat(np.arange(structure.n_node), np.diff(structure.arc_ptr))
    logic = (structure.arc_mask & LAUNCHES) == 0
    source, target = structure.arc_source[logic], owner[logic]
    while True:
        more = np.unique(source[leads[target]])
        if leads[more].all():
            return np.asarray(leads)
        leads[more] = True


@dataclass(frozen=True)
class GatingMargins:
    """Margins of gates, ps: of all, of clocks, of cells; and levels at which clocks pass cells."""

    every: dict[str, float]
    clock: dict[int, dict[str, float]]
    cell: dict[int, dict[str, float]]
    active: dict[int, int]

    def margin(self, what: str, clock: int, cell: int) -> float:
        """Margin of ``setup`` or ``hold``: the cell's, else the clock's, else that of all."""
        for table in (self.cell.get(cell, {}), self.clock.get(clock, {}), self.every):
            if what in table:
                return table[what]
        return 0.0


def bind_margins(names: Names, constraints: Constraints) -> GatingMargins:
    """Resolve ``set_clock_gating_check``."""
    found = GatingMargins({}, {}, {}, {})
    for check in constraints.gating_checks:
        values = {k: v for k, v in (("setup", check.setup), ("hold", check.hold)) if v is not None}
        if not check.objects:
            found.every.update(values)
        for item in check.objects:
            kind = names.kind_of(item)
            if kind in ("clock", "clocks"):
                for row in names.find_clocks(item):
                    found.clock.setdefault(row, {}).update(values)
                continue
            if kind == "port":
                ports = set(names.find_ports((item,)))
                for row, clock in enumerate(constraints.clocks):
                    if ports & set(names.find_ports(tuple(s for s in clock.sources if s.kind != "pin"))):
                        found.clock.setdefault(row, {}).update(values)
                continue
            rows = names.find_cells(item) if kind == "cell" else names.netlist.pin_cell[names.find_pins(item)].tolist()
            for row in rows:
                found.cell.setdefault(row, {}).update(values)
                if check.active is not None:
                    found.active[row] = check.active
    return found
