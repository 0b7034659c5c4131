"""Many voltage maps of one graph: sixteen conditions side by side where they share a pair of rails, one by one elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int, Real
from finevh.timing.sweep.arrays import NO_AMPLE
from finevh.timing.sweep.compiled import LANES, as_int, lane_kernels
from finevh.timing.sweep.forward import EVERYTHING, LEAN
from finevh.timing.sweep.lanes import DOUBLE, SINGLE

if TYPE_CHECKING:
    from finevh.timing.engine import TimingGraph

_FEWEST = 4
"""Maps that are faster side by side, the other lanes idle, than one by one."""
_NO_MARGINS = np.empty((0, 2))
"""Several lanes keep none."""


@dataclass(frozen=True)
class Lanes:
    """Maps, by number, whose cells and ports are at one of two rails each; at most ``LANES``."""

    maps: tuple[int, ...]
    rails: tuple[int, int]


def lane_groups(maps: Sequence[Int], port_vdd: int) -> tuple[list[Lanes], list[int]]:
    """Maps that can be evaluated side by side, and those that are left."""
    by_rails: dict[tuple[int, int], list[int]] = {}
    alone: list[int] = []
    flat: list[int] = []
    for k, one in enumerate(maps):
        rails = sorted({int(one.min()), int(one.max()), port_vdd}) if len(one) else []
        if len(rails) == 2:
            by_rails.setdefault((rails[0], rails[1]), []).append(k)
        else:
            (flat if len(rails) == 1 else alone).append(k)
    # Maps at the ports' supply alone fit beside any other.
    if flat:
        pair = max(by_rails, key=lambda rails: len(by_rails[rails]), default=(port_vdd, port_vdd))
        by_rails.setdefault(pair, []).extend(flat)
    groups = []
    for rails_of, members in by_rails.items():
        for first in range(0, len(members), LANES):
            some = members[first : first + LANES]
            if len(some) < _FEWEST:
                alone += some
            else:
                groups.append(Lanes(tuple(some), rails_of))
    return groups, alone


class LaneEvaluator:
    """Evaluates groups of maps in memory of its own."""

    def __init__(self, graph: TimingGraph, single: bool = False) -> None:
        self.graph = graph
        self.kernels = lane_kernels(single)
        self._width = (SINGLE if single else DOUBLE,) * LANES
        self._point, self._ends = graph.new_point(LANES), graph.new_columns(LANES, single)
        self._everywhere = np.ones(graph.structure.n_node, dtype=np.uint8)

    def setup_needs(
        self, maps: Sequence[Int], rails: tuple[int, int], variant: NDArray[np.int8], kind: Int
    ) -> Real | None:
        """(n_map, n_row) setup needs, ps, of at most ``LANES`` maps; None where a cell is at neither rail, or tables are not
        there before they are read.
        """
        graph, point = self.graph, self._point
        if graph.tables_as_read:
            return None
        rows = np.empty((LANES, graph.netlist.n_cells), dtype=np.int32)
        for k in range(LANES):
            rows[k] = maps[min(k, len(maps) - 1)]
        rows[:, graph.high_cells] = graph.port_vdd
        if graph.kernels.rails(rows, *rails, point.cell_rail):
            return None
        point.rails[:] = rails
        point.present[:] = 0
        graph.place_lanes(point, variant, kind, LANES)
        n = graph.structure.n_node
        for late, columns in zip((True, False), self._ends, strict=False):
            dirty = np.full(n, EVERYTHING, dtype=np.uint8)
            count = self.kernels.advance(
                *graph.reads(late, point, lean=True),
                columns,
                late,
                self._everywhere,
                dirty,
                self._everywhere,
                LEAN,
                NO_AMPLE,
                self._width,
            )
            if count < 0:
                return None
        need = np.empty((graph.setup.n, LANES))
        graph_arrays, walk, tables, nets, _ = graph.reads(True, point, lean=True)
        self.kernels.needs(
            graph_arrays, walk.slot, tables, nets, point, graph.setup.rows, self._ends[0], self._ends[-1], True,
            self._everywhere, _NO_MARGINS, need.reshape(-1), self._width,
        )  # fmt: skip
        found = np.ascontiguousarray(need.T[: len(maps)])
        if graph.propagated:
            insertion = self._insertion()
            for k, row in enumerate(found):
                if insertion[k]:
                    row += graph.setup.follows * insertion[k]
        return found

    def _insertion(self) -> list[float]:
        """Mean arrival, ps, of the clocks at the registers, by lane."""
        tag, node, edge, sink = self.graph.setup.registers.T
        late = self._ends[0]
        arrival = late.arrival.reshape(-1, self.graph.structure.n_node, 2, LANES)[tag, node, edge]
        if self.graph.wires is not None:
            slot = self.graph.reads(True, self._point, lean=True)[1].slot
            arrival = arrival + late.sink_delay.reshape(-1, 2, LANES)[slot[sink], edge]
        return [float(np.ascontiguousarray(arrival[:, k]).mean()) if len(arrival) else 0.0 for k in range(LANES)]


def evaluate_batch(
    graph: TimingGraph,
    maps: Sequence[Int],
    cell_variant: NDArray[np.int8] | None,
    workers: int | None,
    screening: bool = False,
) -> Iterator[Real]:
    """(n_row) setup needs, ps, of each map; see :meth:`TimingGraph.evaluate_batch`."""
    n = graph.netlist.n_cells
    given = [np.ascontiguousarray(np.broadcast_to(one, n), dtype=np.int32) for one in maps]
    variant = np.ascontiguousarray(graph.netlist.cell_variant if cell_variant is None else cell_variant, dtype=np.int8)
    groups, alone = lane_groups(given, graph.port_vdd)
    # Arcs with effective capacitances fill vectors of their own.
    if graph.follows_masters or graph.exact:
        groups, alone = [], list(range(len(given)))
    idle = graph.idle_lanes[screening]
    jobs: list[Lanes] = [*groups, *(Lanes((k,), (0, 0)) for k in alone)]
    found: dict[int, Real] = {}
    # Generated clocks start where the last evaluation left them: one at a time.
    threads = 1 if graph.follows_masters else max(1, min(workers or cpu_count() or 1, len(jobs)))

    def some(first: int) -> None:
        # Each thread works in memory of its own, which stays in its cache.
        evaluator: LaneEvaluator | None = None
        state = None
        for job in jobs[first::threads]:
            needs = None
            if len(job.maps) > 1:
                if evaluator is None:
                    # Memory of a batch before, if no other thread has it.
                    evaluator = idle.pop() if idle else LaneEvaluator(graph, screening)
                needs = evaluator.setup_needs(
                    [given[k] for k in job.maps], job.rails, variant, as_int(graph.netlist.cell_type)
                )
            if needs is not None:
                found.update(zip(job.maps, needs, strict=True))
                continue
            for k in job.maps:
                state = graph.evaluate(given[k], variant, reuse=state)
                found[k] = state.setup_need
        if evaluator is not None:
            idle.append(evaluator)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(some, range(threads)))
    return (found[k] for k in range(len(given)))
