"""Clock gating inferred from logic: a gate that lets a clock through while another input enables it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from finevh.netlist.logic import parse_function
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Kind
from finevh.timing.structure import FALL, RISE, Structure


def gating_checks(
    netlist: Netlist, structure: Structure, node_tags: Int, clock_bits: int, hold: bool
) -> Iterator[tuple[int, int, int]]:
    """Yield (enable sink, clock sink, clock edge) of each gate on a clock network.

    Where the gate's output does not depend on the enable while the clock is low (and, nand), the enable must be ready for
    the rise and stay until the fall; the other way round for or, nor. Other functions (multiplexers, xor) gate nothing.
    """
    cells = netlist.cells
    on_clock = (node_tags & clock_bits).any(axis=1) & (structure.node_cell >= 0)
    for v in np.flatnonzero(on_clock).tolist():
        cell = int(structure.node_cell[v])
        kind = int(netlist.cell_type[cell])
        if cells.kind[kind] != Kind.COMBINATIONAL or structure.arc_ptr[v + 1] - structure.arc_ptr[v] < 2:
            continue
        output = int(structure.node_pin[v]) - int(netlist.pin_ptr[cell])
        text = cells.pin_function[cells.pin_ptr[kind] + output]
        if not text:
            continue
        function = parse_function(text)
        names = cells.pins(kind)
        sinks = dict.fromkeys(int(structure.arc_sink[a]) for a in range(structure.arc_ptr[v], structure.arc_ptr[v + 1]))
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
            if low != high:
                ready, until = (RISE, FALL) if high else (FALL, RISE)
                yield sink, clock, until if hold else ready
