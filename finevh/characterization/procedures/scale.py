"""The time constant of a corner, which every axis of slews is a multiple of: an X1 inverter that drives four copies of itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from finevh.characterization.bench.deck import EDGE_OPTIONS, SCALE_OPTIONS
from finevh.characterization.bench.measure_edges import Table, measure_edges, moves
from finevh.characterization.cells.topology import Topology
from finevh.characterization.corner import Corner
from finevh.characterization.process import Process, Variant
from finevh.errors import InputError

__all__ = ["corner_of"]


def corner_of(process: Process, cells: Iterable[Topology], variant: Variant, vdd: float, scratch: Path) -> Corner:
    """Measure a corner's time constant with its inverter: the delay when it drives four copies of itself.

    Raises
    ------
    InputError
        If the technology describes no inverter.
    """
    inverter = next((cell for cell in cells if _inverts(cell)), None)
    if inverter is None:
        raise InputError(f"{process.path}: no cell is an inverter; the grid is scaled to one, so describe one")
    # A generous start: 200 ps and 20 ps/fF only set how long the first run waits.
    corner = Corner(process, variant, vdd, 200.0, 20.0, scratch, SCALE_OPTIONS)
    slew = 20.0
    for _ in range(3):
        table: Table = {}
        measure_edges(corner, inverter, table, [(m, [(slew, 4.0), (slew, 8.0)]) for m in moves(inverter, vdd)])
        samples = list(table.values())
        delay = [
            float(np.mean([next(iter(s.delay_ps.values())) for s in samples if s.load_ff == load]))
            for load in (4.0, 8.0)
        ]
        unit = (delay[1] - delay[0]) / 4.0
        capacitance = float(np.mean([abs(s.charge_fc) for s in samples])) / vdd
        slew = float(np.mean([next(iter(s.out_slew_ps.values())) for s in samples if s.load_ff == 8.0]))
    tau = delay[0] + unit * (4 * capacitance - 4.0)
    return replace(corner, tau_ps=float(f"{tau:.3g}"), unit_ps_per_ff=float(f"{unit:.3g}"), options=EDGE_OPTIONS)


def _inverts(cell: Topology) -> bool:
    if len(cell.inputs) != 1 or len(cell.outputs) != 1 or cell.sequential:
        return False
    function = cell.outputs[0][1]
    return [function.evaluate({cell.inputs[0]: bit}) for bit in (0, 1)] == [1, 0]
