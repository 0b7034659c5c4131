"""The situations in which a biased design must still meet its clock."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.config import Schemes
from finevh.errors import NotReachableError
from finevh.selection import Interval
from finevh.selection.engine import TiledTiming
from finevh.selection.greedy import select_greedy
from finevh.timing import TimingGraph
from finevh.units import SLACK_TOLERANCE, period_ps


@dataclass(frozen=True)
class Condition:
    """The supply of every cell (rows of ``technology.vdds``) and of the ports, and the clock period that must be met."""

    cell_vdd: NDArray[np.int32]
    port_vdd: int
    period: float
    """ps."""


def single_voltage_conditions(graph: TimingGraph, vdds: Sequence[float], relax: float) -> list[Condition]:
    """All cells at each of some supplies, V; the clock is the unbiased design's own there, times 1 + relax."""
    conditions: list[Condition] = []
    unbiased = np.zeros(graph.netlist.n_cells, dtype=np.int8)
    for vdd in vdds:
        index = graph.technology.vdd_index(vdd)
        cell_vdd = np.full(graph.netlist.n_cells, index, dtype=np.int32)
        period = graph.with_port_vdd(index).evaluate(cell_vdd, unbiased).min_period()
        conditions.append(Condition(cell_vdd, index, period * (1.0 + relax)))
    return conditions


def selected_conditions(design: TiledTiming, schemes: Schemes) -> list[Condition]:
    """Every voltage map that Algorithm 5 chooses for the unbiased design, at the shortest period it is chosen for.

    The frequencies are those of ideal-DVFS and the user's, in every interval of every delta-Vdd. Maps without a tile at VddL
    are left out: they are single voltages.
    """
    periods = {
        vdd: design.evaluate(Interval(vdd, vdd), np.ones(design.n_tiles, dtype=bool)).min_period
        for vdd in schemes.grid(schemes.ideal_step)
    }
    asked = sorted({*periods.values(), *(period_ps(frequency) for frequency in schemes.frequencies)})
    conditions: list[Condition] = []
    for delta in schemes.delta_vdd:
        for low, high in itertools.pairwise(schemes.grid(delta)):
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
