"""The situations in which a biased design must still meet its clock."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.config import VOLTAGE_TOLERANCE, Flow
from finevh.errors import NotReachableError
from finevh.flow.designs import PlacedDesign, tiled_timing
from finevh.flow.inputs import synthesis_vdd
from finevh.schemes import voltage_grid
from finevh.selection import Interval
from finevh.selection.greedy import select_greedy
from finevh.selection.tiles import SLACK_TOLERANCE


@dataclass(frozen=True)
class Condition:
    """The supply of every cell (rows of ``technology.vdds``) and of the ports, and the clock period that must be met."""

    cell_vdd: NDArray[np.int32]
    port_vdd: int
    period: float
    """ps."""


def checked_voltages(flow: Flow) -> tuple[float, ...]:
    """Voltages at which the bias may cost no frequency: that of synthesis first, then all of the coarse grids, descending."""
    schemes, first = flow.schemes, synthesis_vdd(flow)
    grid = {vdd for delta in schemes.delta_vdd for vdd in voltage_grid(schemes.vdd_min, schemes.vdd_max, delta)}
    return (first, *(vdd for vdd in sorted(grid, reverse=True) if abs(vdd - first) > VOLTAGE_TOLERANCE))


def _unbiased(placed: PlacedDesign) -> NDArray[np.int8]:
    return np.zeros(placed.netlist.n_cells, dtype=np.int8)


def single_voltage_conditions(placed: PlacedDesign) -> list[Condition]:
    """All cells at each of :func:`checked_voltages`; the clock is the unbiased design's own there, times 1 + relax."""
    conditions: list[Condition] = []
    for vdd in checked_voltages(placed.flow):
        index = int(np.argmin(np.abs(placed.technology.vdds - vdd)))
        cell_vdd = np.full(placed.netlist.n_cells, index, dtype=np.int32)
        period = placed.graph.with_port_vdd(index).evaluate(cell_vdd, _unbiased(placed)).min_period()
        conditions.append(Condition(cell_vdd, index, period * (1.0 + placed.flow.polybias.relax)))
    return conditions


def selected_conditions(placed: PlacedDesign) -> list[Condition]:
    """Every voltage map that Algorithm 5 chooses for the unbiased design, at the shortest period it is chosen for.

    The frequencies are those of ideal-DVFS and the user's, in every interval of every delta-Vdd. Maps without a tile at VddL
    are left out: they are single voltages.
    """
    schemes, design = placed.flow.schemes, tiled_timing(placed, _unbiased(placed))
    periods = {
        vdd: design.evaluate(Interval(vdd, vdd), np.ones(design.n_tiles, dtype=bool)).min_period
        for vdd in voltage_grid(schemes.vdd_min, schemes.vdd_max, schemes.ideal_step)
    }
    asked = sorted({*periods.values(), *(1e6 / frequency for frequency in schemes.frequencies)})
    conditions: list[Condition] = []
    for delta in schemes.delta_vdd:
        for low, high in itertools.pairwise(voltage_grid(schemes.vdd_min, schemes.vdd_max, delta)):
            interval = Interval(low, high)
            inside = [p for p in asked if periods[high] - SLACK_TOLERANCE <= p < periods[low] - SLACK_TOLERANCE]
            tightest: dict[bytes, Condition] = {}
            for period, answer in zip(inside, select_greedy(design, interval, inside), strict=True):
                if isinstance(answer, NotReachableError) or answer.timing.high.all():
                    continue
                cell_vdd = design.cell_vdd(interval, answer.timing.high)
                tightest.setdefault(answer.timing.high.tobytes(), Condition(cell_vdd, design.vdd_index(high), period))
            conditions += tightest.values()
    return conditions
