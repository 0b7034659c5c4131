"""Placement driven by time: nets weigh more while they are late, timed again and again while the cells spread.

Slow is a net with all tiles at VddH, and where the flow wants it also under a map: the tiles in the core's middle at VddH, all
others at VddL. Paths outside of the middle then count as late long before those inside, so that what must be fast gathers where a
map may keep it fast.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.base.archive import load_columns, save_columns
from finevh.base.children import Say, in_children
from finevh.config import Flow
from finevh.constraints import with_ideal_clocks
from finevh.flow.inputs.constraints import timed_constraints
from finevh.layout import Floorplan, Placement, PlacerOptions, estimate_wires, place, place_ports, total_wirelength
from finevh.netlist.model import Netlist
from finevh.optimize.criticality import criticality_under, net_weights, next_criticality
from finevh.optimize.physical import clock_nets
from finevh.technology.model import Int, Real, Technology
from finevh.timing import TimingGraph

MIDDLE = 0.18
"""Share of the tiles, nearest to the core's middle, that are at VddH in the map of a placement: nine of 49."""
FIRST_LOOK = 0.5
"""Share of the cells still above their bins' room at the first look at time: on RI5CY looks from 0.4 on end at the same periods,
within half a per cent."""
NEXT_LOOK = 0.87
"""What is left of that share at the next look: twelve looks until cells are spread, 0.15 s each on RI5CY. With six, from 0.4 on
by a factor of 0.8, periods are 1 % longer and wires 0.3 % shorter (three starts)."""
Note = Callable[[str], None]
_SEEDS = 21  # rounds that there may be: no two seeds of a flow share a start


@dataclass(frozen=True)
class Round:
    """A placement and what it came to: half perimeters, um, and minimum periods, ps, with all tiles at VddH and under the map."""

    placement: Placement
    wirelength: float
    periods: tuple[float, ...]

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
    """Places one netlist several times, each from another start.

    Parameters
    ----------
    flow, technology, netlist, floorplan
        What is placed, and for which supplies.
    kept
        Folder of the rounds that are done; None keeps none.
    workers
        Rounds that are placed side by side; results do not depend on it.
    """

    def __init__(
        self,
        flow: Flow,
        technology: Technology,
        netlist: Netlist,
        floorplan: Floorplan,
        kept: Path | None,
        note: Note,
        workers: int = 1,
    ) -> None:
        self.flow, self.technology, self.netlist, self.floorplan = flow, technology, netlist, floorplan
        self.kept, self.note, self.workers = kept, note, workers
        # The tree of the clock is built after placement.
        self.constraints = with_ideal_clocks(timed_constraints(flow, technology, netlist))
        self._clocks = clock_nets(netlist, self.constraints)
        schemes = flow.schemes
        self.high = technology.vdd_index(schemes.vdd_max)
        self.low = technology.vdd_index(schemes.grid(min(schemes.delta_vdd))[-2])

    def rounds(self) -> list[Round]:
        """By wirelength alone first, then as often as the flow wants with weights that follow time; ports are the same in all."""
        with ThreadPoolExecutor(1) as beside:
            # The placer holds one core and lets other threads run.
            graph = beside.submit(self._graph)
            ports = self._ports()
            timed = graph.result()
        tasks = {
            f"round {number}": self._task(number, timed, ports) for number in range(self.flow.placement.rounds + 1)
        }
        return list(in_children(tasks, self.note, self.workers).values())

    def _graph(self) -> TimingGraph:
        """The netlist's timing graph before it has wires."""
        derates = self.flow.schemes.driver_derates
        return TimingGraph(self.netlist, self.technology, self.constraints, cross_voltage=derates, port_vdd=self.high)

    def _options(self, number: int) -> PlacerOptions:
        # The first round with weights begins where the one without did: its wires are then longer by the weights alone.
        return PlacerOptions(seed=(self.flow.placement.seed + 1) * _SEEDS + max(number - 1, 0))

    def _ports(self) -> tuple[Real, Real]:
        """Where the ports are, or were in a round that is done."""
        done = [] if self.kept is None else sorted(self.kept.glob("round-*.npz"))
        if done:
            placement = load_columns(done[0], Placement)
            return placement.port_x, placement.port_y
        return place_ports(self.netlist, self.technology, self.floorplan, self._options(0), self._tell("", self.note))

    def _tell(self, title: str, say: Say) -> Callable[[str, int], None]:
        return lambda step, done: say(f"{title}{step} {done}")

    def _task(self, number: int, graph: TimingGraph, ports: tuple[Real, Real]) -> Callable[[Say], Round]:
        return lambda say: self._round(number, graph, ports, say)

    def _round(self, number: int, graph: TimingGraph, ports: tuple[Real, Real], say: Say) -> Round:
        file = None if self.kept is None else self.kept / f"round-{number}.npz"
        if file is not None and file.is_file():
            placement = load_columns(file, Placement)
        else:
            tell = self._tell(f"round {number} of {self.flow.placement.rounds}: ", say)
            weigh = _Following(self, graph) if number else None
            options = self._options(number)
            placement = place(
                self.netlist, self.technology, self.floorplan, options, progress=tell, weigh=weigh, ports=ports
            )
            if file is not None:
                half = file.with_suffix(".half")
                save_columns(half, placement)
                half.replace(file)
        _, periods = self.timed(graph, placement)
        length = total_wirelength(self.netlist, self.technology, placement)
        say(f"round {number}: {length:.0f} um, " + ", ".join(f"{period:.0f} ps" for period in periods))
        return Round(placement, length, periods)

    def timed(self, graph: TimingGraph, placement: Placement) -> tuple[Real, tuple[float, ...]]:
        """(n_net) how critical each net is on the wires of a placement, and the periods, ps."""
        wires = estimate_wires(self.netlist, self.technology, placement)
        return criticality_under(graph.with_wires(wires), self._supplies(placement))

    def weights(self, criticality: Real) -> Real:
        """(n_net) what the nets' lengths count for."""
        return net_weights(self.netlist, criticality, self._clocks)

    def _supplies(self, placement: Placement) -> list[Int]:
        """(n_cell) supplies of each map that a round is timed under."""
        found = [np.full(self.netlist.n_cells, self.high, dtype=np.int32)]
        if self.flow.placement.driven == "map" and self.technology.cross is not None:
            high = middle_tiles(self.floorplan)[placement.tile]
            found.append(np.where(high, self.high, self.low).astype(np.int32))
        return found


class _Following:
    """Weights of the nets that follow time while cells spread."""

    def __init__(self, driven: DrivenPlacement, graph: TimingGraph) -> None:
        self.driven, self.graph = driven, graph
        self._look = FIRST_LOOK
        self._memory: Real | None = None

    def __call__(self, placement: Placement, overlap: float) -> Real | None:
        if overlap > self._look:
            return None
        self._look = NEXT_LOOK * overlap
        criticality, _ = self.driven.timed(self.graph, placement)
        self._memory = next_criticality(criticality, self._memory)
        return self.driven.weights(self._memory)


def best_round(rounds: list[Round], longer: float) -> int:
    """Number of the round with the least score of those whose wires are at most a share longer than the first one's."""
    able = [i for i, found in enumerate(rounds) if found.wirelength <= rounds[0].wirelength * (1.0 + longer)]
    return min(able, key=lambda i: rounds[i].score)
