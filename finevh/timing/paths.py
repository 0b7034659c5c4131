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
    _all: NDArray[np.uint8]

    @abstractmethod
    def _all_needs(self, point: Point, rows: Rows, data: Values, clock: Values) -> tuple[Real, Real]:
        """Needs (n_row) of endpoints, and what their checks add to the arrival of each edge (n_row, 2); ps."""

    def _everywhere(self) -> NDArray[np.uint8]:
        return self._all

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
        need, _ = self._all_needs(state.point, _single(state.setup, row), state.late, state.early or state.late)
        follows = state.setup.follows[row] * state.insertion
        return float(state.setup.coefficient[row] * period - need[0] - follows)

    def _worst_edge(self, state: TimingState, ends: Endpoints, row: int, values: Values) -> int:
        """Edge at an endpoint that sets its need."""
        single = _single(ends, row)
        other = state.early or state.late
        clock = other if values is state.late else state.late
        _, margin = self._all_needs(state.point, single, values, clock)
        need = self._needs_by_edge(single, values, clock, margin, self._everywhere())
        return int(need[0, 1] > need[0, 0])

    def worst_edges(self, state: TimingState) -> NDArray[np.int8]:
        """(n_row) edge of the data at each setup row that sets its need."""
        needs = self._edge_needs(state)
        return (needs[:, 1] > needs[:, 0]).astype(np.int8)

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
        needs = self._edge_needs(state, near)
        lefts = (state.setup.coefficient * period)[:, None] - needs
        row, edge = np.nonzero(np.isfinite(needs) & (lefts < below))
        flat = (rows.tag[row].astype(np.int64) * self.structure.n_node + rows.node[row]) * 2 + edge
        np.minimum.at(required.reshape(-1), flat, late.arrival.reshape(-1)[flat] + lefts[row, edge])
        self.kernels.require(self._graph, self._walks[0], self._nets, late, required, below)
        return required

    def _edge_needs(self, state: TimingState, at: NDArray[np.uint8] | None = None) -> Real:
        """(n_row, 2) setup needs of each data edge alone; -inf at nodes that ``at`` (n_node) leaves out, where it is given."""
        late = state.late
        at = self._everywhere() if at is None else at
        need = self._needs_by_edge(state.setup.rows, late, state.early or late, late.margin, at)
        return np.asarray(need + (state.setup.follows * state.insertion)[:, None])

    def _needs_by_edge(self, rows: Rows, data: Values, clock: Values, margin: Real, at: NDArray[np.uint8]) -> Real:
        """(n_row, 2) needs of each data edge alone from what the checks add; -inf at nodes that ``at`` (n_node) leaves out."""
        late, need = bool(data.late[0]), np.empty(margin.shape)
        slot = self._walks[0].slot
        self.kernels.edge_needs(
            self._graph, slot, self._nets, rows, data.columns, clock.columns, late, at, margin, need
        )
        return need

    def cell_slacks(self, state: TimingState, period: float, below: float = np.inf) -> Real:
        """(n_cell) worst setup slack, ps, over the outputs of each cell; inf where no constrained path passes.

        With ``below`` only slacks less than that are asked for; where there is more, it is any number from ``below`` on.
        """
        return self.required_and_slacks(state, period, below)[1]

    def required_and_slacks(self, state: TimingState, period: float, below: float = np.inf) -> tuple[Real, Real]:
        """Required times (n_tag, n_node, 2), ps, and what :meth:`cell_slacks` makes of them.

        Where slack is ``below`` or more a required time is any later one.
        """
        required, slack = self._required(state, period, below), np.full(self.netlist.n_cells, np.inf)
        self.kernels.cell_slacks(self._graph, state.late, required, slack)
        return required, slack

    def pin_slews(self, state: TimingState) -> Real:
        """(n_pin, 2) slew, ps, rise and fall, at each netlist pin; 0 where nothing arrives."""
        known = (self._pin_node >= 0)[:, None]
        slew = np.where(known, state.late.slew[np.maximum(self._pin_node, 0)], 0.0)
        if self._nets.mode[0]:
            inner = self.structure.sink_pin >= 0
            slew[self.structure.sink_pin[inner]] = state.late.sink_slew[inner]
        return slew
