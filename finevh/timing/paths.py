"""Questions to an evaluated graph: worst paths, slack of drivers and cells."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Real
from finevh.timing.graph.endpoints import Endpoints
from finevh.timing.graph.entries import Entries
from finevh.timing.graph.structure import Structure
from finevh.timing.state import Path, TimingState
from finevh.timing.sweep.arrays import LAUNCHES, Graph, Nets, Point, Rows, Values, Walk


def _single(ends: Endpoints, row: int) -> Rows:
    """One row of the endpoints."""
    return ends.rows._replace(**{k: np.ascontiguousarray(v[row : row + 1]) for k, v in ends.rows._asdict().items()})


class PathQueries(ABC):
    """The part of a timing graph that goes back from endpoints."""

    netlist: Netlist
    structure: Structure
    entries: Entries
    kernels: SimpleNamespace
    _graph: Graph
    _early_graph: Graph
    _nets: Nets
    _walks: list[Walk]
    _pin_node: Int
    _ones: NDArray[np.uint8]

    @abstractmethod
    def _needs(
        self, point: Point, rows: Rows, data: Values, clock: Values, touched: NDArray[np.uint8], need: Real
    ) -> None:
        """Needs (n_row) of endpoints whose data or clock node is ``touched``."""

    def _everywhere(self) -> NDArray[np.uint8]:
        return self._ones

    def path(self, state: TimingState, row: int, *, early: bool = False, edge: int | None = None) -> Path:
        """The worst path to one endpoint row.

        Parameters
        ----------
        row : int
            Row of ``state.setup`` (of ``state.hold`` with ``early``).
        edge : int, optional
            Edge of the data at the endpoint; the one that sets its need by default.
        """
        ends = state.hold if early else state.setup
        values = state.early if early else state.late
        if values is None:
            raise InputError("shortest paths need a graph made with hold=True")
        node, tag = int(ends.rows.node[row]), int(ends.rows.tag[row])
        if edge is None:
            edge = self._worst_edge(state, ends, row, values)
        n = int(self.structure.level.max(initial=0)) + 3
        steps, numbers = np.empty((n, 4), dtype=np.int32), np.empty((n, 4))
        graph = self._early_graph if early else self._graph
        walk = self._walks[1 if early else 0]
        count = self.kernels.trace(graph, walk, self._nets, values, node, edge, tag, steps, numbers)
        steps, numbers = steps[:count][::-1], numbers[:count][::-1]
        nodes = steps[:, 0]
        return Path(
            row=row,
            node=nodes,
            edge=steps[:, 1],
            arc=steps[:, 3],
            cell=self.structure.node_cell[nodes],
            arrival=numbers[:, 0].copy(),
            delay=numbers[:, 1].copy(),
            slew=numbers[:, 2].copy(),
            load=numbers[:, 3].copy(),
        )

    def slack_of(self, state: TimingState, row: int, period: float) -> float:
        """Setup slack, ps, of one endpoint row, from the arrivals that the arrays of a state hold."""
        need = np.empty(1)
        self._needs(
            state.point, _single(state.setup, row), state.late, state.early or state.late, self._everywhere(), need
        )
        follows = state.setup.follows[row] * state.insertion
        return float(state.setup.coefficient[row] * period - need[0] - follows)

    def _worst_edge(self, state: TimingState, ends: Endpoints, row: int, values: Values) -> int:
        """Edge at an endpoint that sets its need."""
        single = _single(ends, row)
        node, tag = int(ends.rows.node[row]), int(ends.rows.tag[row])
        other = state.early or state.late
        clock = other if values is state.late else state.late
        needs = []
        for edge in (0, 1):
            add = single.add.copy()
            add[0, 1 - edge] = -np.inf
            if not np.isfinite(values.arrival[tag, node, edge]):
                needs.append(-np.inf)
                continue
            need = np.empty(1)
            self._needs(state.point, single._replace(add=add), values, clock, self._everywhere(), need)
            needs.append(need[0])
        return int(needs[1] > needs[0])

    def worst_edges(self, state: TimingState) -> NDArray[np.int8]:
        """(n_row) edge of the data at each setup row that sets its need."""
        rows, needs = state.setup.rows, []
        for edge in (0, 1):
            arrives = np.isfinite(state.late.arrival[rows.tag, rows.node, edge])
            needs.append(np.where(arrives, self._edge_needs(state, edge), -np.inf))
        return (needs[1] > needs[0]).astype(np.int8)

    def critical_path(self, state: TimingState, period: float) -> Path:
        """The path with the worst setup slack at a period in ps.

        Raises
        ------
        InputError
            If no endpoint is constrained.
        """
        slacks = state.slacks(period)
        if not len(slacks) or not np.isfinite(slacks).any():
            raise InputError("no constrained endpoint: the constraints reach no register or output")
        return self.path(state, int(np.argmin(slacks)))

    def node_slacks(self, state: TimingState, period: float) -> Real:
        """(n_node) setup slack, ps, of each driver at a period in ps; inf where no constrained path passes."""
        late, required = state.late, self._required(state, period)
        with np.errstate(invalid="ignore"):
            slack = np.where(np.isfinite(late.arrival), required - late.arrival, np.inf)
        return np.asarray(np.minimum(slack[..., 0], slack[..., 1]).min(axis=0))

    def sink_slacks(self, state: TimingState, period: float) -> Real:
        """(n_sink) setup slack, ps, of the paths through each sink alone; inf where no constrained path passes."""
        late, required, e, s = state.late, self._required(state, period), self.entries, self.structure
        slack = np.full(len(s.sink_pin), np.inf)
        rows = state.setup.rows
        np.minimum.at(slack, rows.sink, state.slacks(period))
        into = np.repeat(np.arange(2 * s.n_node), np.diff(e.ptr))
        passes = (s.arc_mask[e.arc] & LAUNCHES) == 0
        into, source, sink, edge = into[passes], e.source[passes], e.sink[passes], e.edge[passes]
        delay = late.delay[passes].astype(np.float64)
        wire = late.sink_delay[sink, edge] if self._nets.mode[0] else 0.0
        for tag in range(len(late.arrival)):
            at = late.arrival[tag, source, edge] + wire + delay
            with np.errstate(invalid="ignore"):
                left = np.where(np.isfinite(at), required[tag, into // 2, into % 2] - at, np.inf)
            np.minimum.at(slack, sink, left)
        return slack

    def _required(self, state: TimingState, period: float, below: float = np.inf) -> Real:
        """(n_tag, n_node, 2) time, ps, at which each edge must be at each driver; inf where nothing constrains it.

        Where slack is ``below`` ps or more it may be too late by any time.
        """
        late = state.late
        required = np.full_like(late.arrival, np.inf)
        rows = state.setup.rows
        near = None
        if below < np.inf:
            near = np.zeros(self.structure.n_node, dtype=np.uint8)
            near[rows.node[state.slacks(period) < below]] = 1
        for edge in (0, 1):
            need = self._edge_needs(state, edge, near)
            left = state.setup.coefficient * period - need
            ok = np.flatnonzero(np.isfinite(need) & (left < below))
            at = late.arrival[rows.tag[ok], rows.node[ok], edge] + left[ok]
            np.minimum.at(required, (rows.tag[ok], rows.node[ok], np.full(len(ok), edge)), at)
        self.kernels.require(self._graph, self._walks[0], self._nets, late, required, below)
        return required

    def _edge_needs(self, state: TimingState, edge: int, at: NDArray[np.uint8] | None = None) -> Real:
        """(n_row) setup needs of one data edge alone; -inf at nodes that ``at`` (n_node) leaves out, where it is given."""
        add = state.setup.rows.add.copy()
        add[:, 1 - edge] = -np.inf
        need = np.full(state.setup.n, -np.inf)
        rows = state.setup.rows._replace(add=add)
        self._needs(
            state.point, rows, state.late, state.early or state.late, self._everywhere() if at is None else at, need
        )
        return np.asarray(need + state.setup.follows * state.insertion)

    def cell_slacks(self, state: TimingState, period: float, below: float = np.inf) -> Real:
        """(n_cell) worst setup slack, ps, over the outputs of each cell; inf where no constrained path passes.

        With ``below`` only slacks less than that are asked for; where there is more, it is any number from ``below`` on.
        """
        slack = np.full(self.netlist.n_cells, np.inf)
        self.kernels.cell_slacks(self._graph, state.late, self._required(state, period, below), slack)
        return slack

    def pin_slews(self, state: TimingState) -> Real:
        """(n_pin, 2) slew, ps, rise and fall, at each netlist pin; 0 where nothing arrives."""
        known = (self._pin_node >= 0)[:, None]
        slew = np.where(known, state.late.slew[np.maximum(self._pin_node, 0)], 0.0)
        if self._nets.mode[0]:
            inner = self.structure.sink_pin >= 0
            slew[self.structure.sink_pin[inner]] = state.late.sink_slew[inner]
        return slew
