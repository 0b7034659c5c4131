"""Placement driven by time: placed again and again, each time with more weight on the nets that were late the last time.

Slow is a net with all tiles at VddH, and where the flow wants it also under a map: the tiles in the core's middle at VddH, all
others at VddL. Paths outside of the middle then count as late long before those inside, so that what must be fast gathers where a
map may keep it fast.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.base.archive import load_columns, save_columns
from finevh.config import Flow
from finevh.constraints import with_ideal_clocks
from finevh.flow.inputs.constraints import timed_constraints
from finevh.layout import Floorplan, Placement, PlacerOptions, estimate_wires, place, total_wirelength
from finevh.netlist.model import Netlist
from finevh.optimize.criticality import criticality_under, net_weights, next_criticality
from finevh.optimize.physical import clock_nets
from finevh.technology.model import Int, Real, Technology
from finevh.timing import TimingGraph

MIDDLE = 0.18
"""Share of the tiles, nearest to the core's middle, that are at VddH in the map of a placement: nine of 49."""
Note = Callable[[str], None]


@dataclass(frozen=True)
class Round:
    """A placement and what it came to: half perimeters, um, and minimum periods, ps, with all tiles at VddH and under the map."""

    placement: Placement
    wirelength: float
    periods: tuple[float, ...]
    criticality: Real
    """(n_net) what the next round is weighted by, before memory."""

    @property
    def score(self) -> float:
        """Mean period, ps: smaller is better."""
        return sum(self.periods) / len(self.periods)


def middle_tiles(floorplan: Floorplan) -> NDArray[np.bool_]:
    """(n_tile) the tiles nearest to the core's middle, at least one; ties go to the lower tile."""
    box = floorplan.tile_box
    x, y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    away = np.round(np.hypot(x - x.mean(), y - y.mean()), 3)
    high = np.zeros(floorplan.n_tiles, dtype=bool)
    high[np.argsort(away, kind="stable")[: max(1, round(MIDDLE * floorplan.n_tiles))]] = True
    return high


class DrivenPlacement:
    """Places one netlist round by round.

    Parameters
    ----------
    flow, technology, netlist, floorplan
        What is placed, and for which supplies.
    kept
        Folder of the rounds that are done; None keeps none.
    """

    def __init__(
        self, flow: Flow, technology: Technology, netlist: Netlist, floorplan: Floorplan, kept: Path | None, note: Note
    ) -> None:
        self.flow, self.technology, self.netlist, self.floorplan = flow, technology, netlist, floorplan
        self.kept, self.note = kept, note
        self._left = 0.0
        # The tree of the clock is built after placement.
        self.constraints = with_ideal_clocks(timed_constraints(flow, technology, netlist))
        self._clocks = clock_nets(netlist, self.constraints)
        schemes = flow.schemes
        self.high = technology.vdd_index(schemes.vdd_max)
        self.low = technology.vdd_index(schemes.grid(min(schemes.delta_vdd))[-2])

    def rounds(self) -> Iterator[Round]:
        """Wirelength alone first, then a round for each of the flow's."""
        count = self.flow.placement.rounds
        with ThreadPoolExecutor(1) as beside:
            # The placer holds one core and lets other threads run.
            graph = beside.submit(self._graph)
            start, memory, found = time.monotonic(), None, self._round(0, graph, None, None)
            yield found
            for number in range(1, count + 1):
                memory = next_criticality(found.criticality, memory)
                weight = net_weights(self.netlist, memory, self._clocks)
                ports = found.placement.port_x, found.placement.port_y
                self._left = (time.monotonic() - start) / number * (count + 1 - number)
                found = self._round(number, graph, weight, ports)
                yield found

    def _graph(self) -> TimingGraph:
        """The netlist's timing graph before it has wires."""
        derates = self.flow.schemes.driver_derates
        return TimingGraph(self.netlist, self.technology, self.constraints, cross_voltage=derates, port_vdd=self.high)

    def _round(
        self, number: int, graph: Future[TimingGraph], weight: Real | None, ports: tuple[Real, Real] | None
    ) -> Round:
        file = None if self.kept is None else self.kept / f"round-{number}.npz"
        if file is not None and file.is_file():
            placement = load_columns(file, Placement)
        else:
            left = f", about {self._left:.0f} s left at its start" if self._left else ""

            def tell(step: str, done: int) -> None:
                self.note(f"round {number} of {self.flow.placement.rounds}{left}: {step} {done}")

            options = PlacerOptions(seed=self.flow.placement.seed)
            placement = place(
                self.netlist, self.technology, self.floorplan, options, progress=tell, weight=weight, ports=ports
            )
            if file is not None:
                half = file.with_suffix(".half")
                save_columns(half, placement)
                half.replace(file)
        wires = estimate_wires(self.netlist, self.technology, placement)
        criticality, periods = criticality_under(graph.result().with_wires(wires), self._supplies(placement))
        length = total_wirelength(self.netlist, self.technology, placement)
        self.note(f"round {number}: {length:.0f} um, " + ", ".join(f"{period:.0f} ps" for period in periods))
        return Round(placement, length, periods, criticality)

    def _supplies(self, placement: Placement) -> list[Int]:
        """(n_cell) supplies of each map that a round is timed under."""
        found = [np.full(self.netlist.n_cells, self.high, dtype=np.int32)]
        if self.flow.placement.driven == "map" and self.technology.cross is not None:
            high = middle_tiles(self.floorplan)[placement.tile]
            found.append(np.where(high, self.high, self.low).astype(np.int32))
        return found


def best_round(rounds: list[Round], longer: float) -> int:
    """Number of the round with the least score of those whose wires are at most a share longer than the first one's."""
    able = [i for i, found in enumerate(rounds) if found.wirelength <= rounds[0].wirelength * (1.0 + longer)]
    return min(able, key=lambda i: rounds[i].score)
