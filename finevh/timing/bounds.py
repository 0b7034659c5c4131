"""Least delays of a netlist between two supplies: true for every map of tiles, so a path that misses a clock by them has none.

Under a tile map each cell is at the lower or the higher of two supplies. The delay of an arc depends on the supplies of the
cell and of its driver, and through slews and loads on those of cells further away. Here the first two are kept and all others
are relaxed: slews and loads become windows over all maps, and of the delays in a window the least is taken. Arrivals summed
from them are never above those of :class:`finevh.timing.TimingGraph`, for any map; each is a sum over pairs of tiles, which
is what a linear program of the tiles can hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finevh.base.kernel import kernel
from finevh.base.kernel_types import argument_types, compile_table
from finevh.errors import InputError
from finevh.technology.model import Int, Real
from finevh.technology.tables.nldm import pair
from finevh.timing import path_terms
from finevh.timing.delay.rc_tree import elmore_delays
from finevh.timing.delay.table_windows import Grids, compile_grids, grids_of, table_window
from finevh.timing.engine import TimingGraph
from finevh.timing.path_terms import KERNELS, Arcs, ForeignLoads, LeastDelays, Sums, Terms, sum_path
from finevh.timing.state import Path, TimingState
from finevh.timing.sweep.arrays import LAUNCHES, Array, Graph

_NEAR = 0.02
"""Share of the period: endpoints this near to missing it are looked at, as a single path is bounded more closely."""
TOLERANCE = 1e-4
"""Share of the period that least delays may lie above the engine's, which rounds delays and slews to 2**-10 ps and keeps tables
in single precision."""
Ints = NDArray[np.integer[Any]]
_LN2 = float(np.log(2.0))
_PAIR = 1 << 20
"""More than there are tiles."""
_FIXED = -1
"""Tile of cells that are at the higher supply under every map."""


@dataclass(frozen=True)
class BoundPath:
    """One path under least delays: a term per arc, and one for the check at its end.

    The path misses a period T under every map whose terms add up to more than ``coefficient * T``.
    """

    coefficient: float
    """Clock periods that the path has."""
    driver: Int
    """(n_term) tile of the driving cell, -1 for one at the higher supply always."""
    tile: Int
    """(n_term) tile of the cell, likewise."""
    delay: Real
    """(n_term, 2, 2) ps, by the driver's state and the cell's (0: lower supply, 1: higher)."""

    def need(self, high: NDArray[np.bool_]) -> float:
        """Time, ps, that the path takes at least under a map (n_tiles)."""
        bits = np.append(high, True)  # tile -1 is the last
        rows = np.arange(len(self.tile))
        return float(self.delay[rows, bits[self.driver].astype(int), bits[self.tile].astype(int)].sum())

    def merged(self) -> BoundPath:
        """The same path with one term per pair of tiles."""
        if self._is_merged:
            return self
        pairs, row = np.unique(self._pairs, return_inverse=True)
        delay = np.zeros((len(pairs), 2, 2))
        np.add.at(delay, row, self.delay)
        driver, tile = np.divmod(pairs, _PAIR)
        return BoundPath(self.coefficient, (driver - 1).astype(np.int32), (tile - 1).astype(np.int32), delay)

    @property
    def _pairs(self) -> NDArray[np.int64]:
        """(n_term) one number for each pair of tiles, in their order."""
        return np.asarray((self.driver.astype(np.int64) + 1) * _PAIR + (self.tile + 1))

    @property
    def _is_merged(self) -> bool:
        return bool((np.diff(self._pairs) > 0).all())


class DelayBounds:
    """Least delays between two supplies of one netlist.

    Parameters
    ----------
    graph
        Built without wires or with ``wire_model="elmore"``, ports at the higher supply.
    cell_variant
        (n_cell) variants.
    low, high
        Rows of ``technology.vdds``.
    cell_tile
        (n_cell) tile of each cell, -1 where the cell is at the higher supply under every map.

    Raises
    ------
    InputError
        If the technology lacks a supply of a variant, or the graph does not fit (see :meth:`fits`).
    """

    def __init__(self, graph: TimingGraph, cell_variant: NDArray[np.int8], low: int, high: int, cell_tile: Int) -> None:
        if not self.fits(graph):
            raise InputError("least delays need Elmore wires, clocks whose edges come one way only, and no derates")
        netlist, tables, self._graph = graph.netlist, graph.tables, graph
        corner = np.stack([tables.corner_of[cell_variant, vdd] for vdd in (low, high)])
        if (corner < 0).any():
            cell = int(np.flatnonzero((corner < 0).any(axis=0))[0])
            raise InputError(f"instance '{netlist.instance_names[cell]}': its variant has no library at both supplies")
        for row, driver in ((0, high), (1, low)):
            for c in np.unique(corner[row]).tolist():
                tables.need(c, np.unique(netlist.cell_type[corner[row] == c]))
                if graph.cross_voltage:
                    tables.need_cross(c, [driver])
        cells = netlist.cells
        self._table_base = np.ascontiguousarray(
            corner * tables.n_arc + cells.arc_ptr[netlist.cell_type], dtype=np.int64
        )
        self._cap_base = np.ascontiguousarray(corner * tables.n_pin + cells.pin_ptr[netlist.cell_type], dtype=np.int64)
        structure = graph.structure
        tile = np.where(structure.node_cell >= 0, cell_tile[np.maximum(structure.node_cell, 0)], _FIXED)
        if len(graph.high_cells):
            tile[np.isin(structure.node_cell, graph.high_cells)] = _FIXED
        self.node_tile = tile.astype(np.int32)
        self._cell_tile = cell_tile.astype(np.int32)
        self._n_tiles = int(cell_tile.max(initial=_FIXED)) + 1
        self._arrived: tuple[bytes, tuple[Real, Real, NDArray[np.int64]]] | None = None
        self._sums = np.zeros(((self._n_tiles + 1) ** 2, 2, 2))
        """Memory to add up terms of equal tiles, zero in between."""
        self._clock_of_row: dict[int, BoundPath] = {}
        self._depth = int(structure.level.max(initial=0)) + 3
        self._supplies = np.array([low, high], dtype=np.int64)
        self._entries()
        self._grids = self._tabulate()
        self._bound()

    @staticmethod
    def fits(graph: TimingGraph) -> bool:
        """Whether least delays are known for a graph.

        Wires go by Elmore, clocks are all ideal or all propagated along trees and start at ports, and nothing is derated.
        """
        wires = graph.wires is None or graph.wire_model == "elmore"
        plain = bool((graph._graph.seed < 0).all()) and bool((graph._graph.derate == 1.0).all())
        clocks = {bool(ideal) for tag, ideal in zip(graph.tags.tags, graph._graph.ideal, strict=False) if tag.is_clock}
        return wires and plain and len(clocks) <= 1 and (clocks != {False} or graph._clocks_are_trees())

    def _entries(self) -> None:
        """One entry per arc and allowed pair of edges, ordered by node and output edge."""
        g = self._graph._graph
        owner = np.repeat(np.arange(len(g.node_cell), dtype=np.int32), np.diff(g.arc_ptr))
        parts = [
            (2 * owner[arcs] + (bit & 1), arcs, np.full(len(arcs), bit >> 1))
            for bit in range(4)
            for arcs in [np.flatnonzero(g.arc_mask >> bit & 1)]
        ]
        key, arc, edge = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((arc, edge, key))
        self._arc, self._edge = arc[order].astype(np.int32), edge[order].astype(np.int8)
        self._ptr = np.searchsorted(key[order], np.arange(2 * len(g.node_cell) + 1)).astype(np.int64)

    def _tabulate(self) -> Grids:
        """Grids of the tables that cells may need, with the derates between the two supplies."""
        g, t = self._graph._graph, self._graph._tables
        cell = np.repeat(g.node_cell, np.diff(g.arc_ptr))
        records = np.zeros((2, len(t.record)), dtype=bool)
        for state in (0, 1):
            first = (self._table_base[state, cell] + g.arc_local) * 2
            for edge in (0, 1):
                records[state, first[cell >= 0] + edge] = True
        return grids_of(t.record, t.cross_record, t.axes, t.values, records, self._supplies)

    def _bound(self) -> None:
        """Windows of loads and slews, then the least delays."""
        g, t, nets = self._graph._graph, self._graph._tables, self._graph._nets
        n_node, n_sink = len(g.node_cell), len(g.sink_cell)
        load, wire = np.zeros((2, n_node, 2, 2)), np.zeros((2, n_sink, 2, 2))
        wire_cap = np.ascontiguousarray(self._graph._wire_cap)
        _load_windows(
            g.node_cell, g.sink_ptr, g.sink_cell, g.sink_local, g.sink_port, g.port_load, self.node_tile,
            self._cell_tile, self._cap_base, t.pin_cap, wire_cap, nets.mode[0], nets.tree_ptr, nets.tree_parent,
            nets.tree_res, nets.tree_cap, nets.sink_tree, load, wire,
        )  # fmt: skip
        slew = np.zeros((2, n_node, 2, 2))
        delay = np.zeros((2, len(self._arc), 2, 2))
        self._slew_floor: Real = np.zeros((len(self._arc), 2, 2))
        """(n_entry, 2, 2) ps, least slew that an entry gives its node, by the driver's state and the cell's."""
        self._load_slope: Real = np.zeros(len(self._arc))
        """(n_entry) ps/fF, least growth of an entry's delay with the loads of other tiles."""
        self._load = load
        self._foreign_loads()
        self._port_extra = np.zeros((n_node, 2))
        _slew_windows(
            g.node_cell, g.node_port, g.tags, g.arc_source, g.arc_sink, g.arc_local, g.arc_mask, g.clock_slew,
            g.port_slew, g.port_drive, g.port_drive_slew, self._ptr, self._arc, self._edge, self.node_tile,
            self._table_base, t.record, t.axes, t.values, *self._grids,
            nets.mode[0], self._spread, load, wire, slew, delay, self._port_extra, self._slew_floor, self._load_slope,
        )  # fmt: skip
        self._slew, self._wire = slew, wire
        self.delay: Real = delay[0]
        """(n_entry, 2, 2) ps, least of wire and arc, by the driver's state and the cell's."""
        self._delay_most: Real = delay[1]
        self._margin_of_rows()
        self._path_arcs = Arcs(
            self._arc, self._edge, g.arc_source, g.arc_sink, g.arc_local, g.arc_mask, g.node_cell, g.node_port, self.node_tile,
            g.clock_slew, g.port_arrival,
        )  # fmt: skip
        self._path_delays = LeastDelays(
            nets.mode[0], self._spread, self._table_base, load, wire, slew, self.delay, self._slew_floor, self._load_slope,
            self._port_extra, self._row_tile, self._row_margin,
        )  # fmt: skip
        self._path_loads = ForeignLoads(self._foreign_ptr, self._foreign_tile, self._foreign_cap)
        self._bind_clock()

    def _bind_clock(self) -> None:
        """What a propagated clock adds: the capturing edges, and the mean insertion that surroundings follow."""
        graph, rows = self._graph, self._graph.setup.rows
        self._captured = self._follow_rows = np.zeros(0, dtype=np.intp)
        self._insertion: dict[bool, BoundPath] = {}
        self._capturing: dict[tuple[int, int, int], BoundPath] = {}
        self._clock_origin = np.zeros((0, 0, 0), dtype=np.int64)
        """(entry, tag) that each arrival of a propagated clock comes by, under every map."""
        if not graph.propagated:
            return
        _, _, self._clock_origin = self._arrivals(np.ones(self._n_tiles, dtype=bool))
        self._captured = np.flatnonzero(rows.clock_node >= 0)
        self._follow_rows = np.flatnonzero(graph.setup.follows != 0.0)
        ends = [tuple(end) for end in graph.setup.registers[:, :3].tolist()]
        sinks = graph.setup.registers[:, 3].tolist()
        wires = graph._nets.mode[0] > 0
        share = 1.0 / max(len(ends), 1)
        for most in (False, True):
            weight: dict[tuple[int, int, int], float] = {}
            last = np.zeros((0, 2, 2))
            tiles: list[int] = []
            if wires:
                wire = self._wire[1 if most else 0]
                last = np.array([np.diag(wire[k, edge]) for k, (_, _, edge) in zip(sinks, ends, strict=True)]) * share
                # Behind a port half of an exponential is there after ln 2 of the time constant.
                last[[graph.structure.node_cell[node] < 0 for _, node, _ in ends]] *= _LN2
                tiles = [int(self.node_tile[node]) for _, node, _ in ends]
            for end in ends:
                weight[end] = weight.get(end, 0.0) + share
            terms = self._tree_terms(weight, most)
            driver = np.concatenate([np.array(tiles, dtype=np.int32), terms.driver])
            tile = np.concatenate([np.array(tiles, dtype=np.int32), terms.tile])
            delay = np.concatenate([last.reshape(-1, 2, 2), terms.delay])
            self._insertion[most] = BoundPath(0.0, driver, tile, delay).merged()

    def _tree_terms(self, weight: dict[tuple[int, int, int], float], most: bool) -> BoundPath:
        """Sum of weighted arrivals of a clock at (tag, node, edge), each of which comes one way only."""
        g = self._graph._graph
        n_tag, table = len(g.port_arrival), self._delay_most if most else self.delay
        left = dict(weight)
        # A cell comes after its drivers: from the last node back, each has all of its weight when it is taken.
        waiting = [(-node, tag, edge) for tag, node, edge in left]
        heapify(waiting)
        driver, tile, delay = [], [], []
        while waiting:
            behind, tag, edge = heappop(waiting)
            node = -behind
            key = tag, node, edge
            share = left.pop(key)
            code = int(self._clock_origin[key])
            if code < 0:
                arrives = float(g.port_arrival[tag, g.node_port[node], edge]) + float(self._port_extra[node, edge])
                driver.append(_FIXED)
                tile.append(_FIXED)
                delay.append(np.full((2, 2), share * arrives))
                continue
            entry, before = divmod(code, n_tag)
            source = int(g.arc_source[self._arc[entry]])
            driver.append(int(self.node_tile[source]))
            tile.append(int(self.node_tile[node]))
            delay.append(share * table[entry])
            earlier = before, source, int(self._edge[entry])
            if earlier not in left:
                heappush(waiting, (-source, before, earlier[2]))
            left[earlier] = left.get(earlier, 0.0) + share
        return BoundPath(
            0.0, np.array(driver, dtype=np.int32), np.array(tile, dtype=np.int32), np.array(delay).reshape(-1, 2, 2)
        )

    def _foreign_loads(self) -> None:
        """By node and edge, the tiles beside its own that load it, and by how much more, fF, when they are high."""
        g, t = self._graph._graph, self._graph._tables
        node = np.repeat(np.arange(len(g.node_cell)), np.diff(g.sink_ptr))
        inner = np.flatnonzero(g.sink_cell >= 0)
        inner = inner[self._cell_tile[g.sink_cell[inner]] >= 0]
        inner = inner[self._cell_tile[g.sink_cell[inner]] != self.node_tile[node[inner]]]
        cell, local, tile = g.sink_cell[inner], g.sink_local[inner], self._cell_tile[g.sink_cell[inner]]
        low, high = (t.pin_cap[self._cap_base[state, cell] + local] for state in (0, 1))
        more = np.maximum(high - low, 0.0)
        n_tiles = max(self._n_tiles, 1)
        key, row = np.unique(node[inner].astype(np.int64) * n_tiles + tile, return_inverse=True)
        total = np.zeros((len(key), 2))
        np.add.at(total, row, more)
        self._foreign_ptr = np.searchsorted(key, np.arange(len(g.node_cell) + 1) * n_tiles).astype(np.int64)
        self._foreign_tile, self._foreign_cap = (key % n_tiles).astype(np.int32), total
        self._foreign_most = int(np.diff(self._foreign_ptr).max(initial=0))

    @property
    def _spread(self) -> float:
        low, high = self._graph._nets.thresholds
        return float(np.log((1.0 - low) / (1.0 - high)))

    def _margin_of_rows(self) -> None:
        """(n_row, 2 edges, 2, 2) ps that the check at each endpoint takes at least, last wire included."""
        g, t, rows = self._graph._graph, self._graph._tables, self._graph.setup.rows
        self._row_margin = np.full((len(rows.node), 2, 2, 2), -np.inf)
        self._row_tile = np.where(rows.cell >= 0, self._cell_tile[np.maximum(rows.cell, 0)], _FIXED).astype(np.int32)
        _margins(
            g.node_cell, rows.node, rows.sink, rows.cell, rows.local, rows.add, rows.clock_node, rows.clock_sink, rows.clock_edge,
            g.clock_slew, self._table_base, t.record, t.axes, t.values,
            self._graph._nets.mode[0], self._spread, self._slew, self._wire, self._row_margin,
        )  # fmt: skip

    def needs(self, high: NDArray[np.bool_]) -> Real:
        """(n_row) least time, ps, that each setup endpoint needs under a map (n_tiles); -inf where nothing arrives."""
        return self._arrive(high)[0]

    def min_period(self, high: NDArray[np.bool_]) -> float:
        """Lower bound, ps, of the minimum period of a map (n_tiles)."""
        coefficient, need = self._graph.setup.coefficient, self.needs(high)
        reached = np.isfinite(need) & (coefficient > 0)
        return float((need[reached] / coefficient[reached]).max(initial=0.0))

    def _arrive(self, high: NDArray[np.bool_]) -> tuple[Real, Real, NDArray[np.int64]]:
        """Needs of the endpoints, arrivals (n_tag, n_node, 2) and the (entry, tag) that each comes by; of the last map kept."""
        key = high.tobytes()
        if self._arrived is None or self._arrived[0] != key:
            self._arrived = key, self._arrivals(high)
        return self._arrived[1]

    def _arrivals(self, high: NDArray[np.bool_]) -> tuple[Real, Real, NDArray[np.int64]]:
        """See :meth:`_arrive`."""
        g: Graph = self._graph._graph
        n_tag, n_node = len(g.port_arrival), len(g.node_cell)
        arrival = np.full((n_tag, n_node, 2), -np.inf)
        origin = np.full((n_tag, n_node, 2), -1, dtype=np.int64)
        state = np.append(high, True)[self.node_tile].astype(np.int8)
        _arrivals(
            g.node_port, g.tags, g.arc_source, g.arc_mask, g.arc_class, g.remap, g.ideal, g.port_arrival,
            self._ptr, self._arc, self._edge, state, self.delay, self._port_extra, self._load_slope, self._foreign_ptr,
            self._foreign_tile, self._foreign_cap, high, arrival, origin,
        )  # fmt: skip
        rows = self._graph.setup.rows
        row_state = np.append(high, True)[self._row_tile].astype(np.int8)
        need, edge = np.full(len(rows.node), -np.inf), np.zeros(len(rows.node), dtype=np.int8)
        _row_needs(rows.node, rows.tag, arrival, state, row_state, self._row_margin, need, edge)
        if len(self._captured):
            capture = np.zeros(len(rows.node))
            _capture_arrivals(
                g.node_port, g.arc_source, g.port_arrival, self._arc, self._edge, state, self._delay_most, self._port_extra,
                self._clock_origin, self._captured, rows.clock_node, rows.clock_tag, rows.clock_edge, rows.clock_sink,
                self._wire[1], self._graph._nets.mode[0], np.full(arrival.shape, np.nan), capture,
            )  # fmt: skip
            need -= capture
        if len(self._follow_rows):
            follows = self._graph.setup.follows[self._follow_rows]
            least, most = (self._insertion[end].need(high) for end in (False, True))
            need[self._follow_rows] += follows * np.where(follows < 0.0, most, least)
        self._row_edge = edge
        return need, arrival, origin

    def paths(self, high: NDArray[np.bool_], period: float, count: int) -> list[BoundPath]:
        """Paths that miss a period, ps, under a map by least delays, the worst of each endpoint, worst first.

        Of endpoints whose paths pass the same tiles only the first is returned.
        """
        need, _, origin = self._arrive(high)
        slack = self._graph.setup.coefficient * period - need
        rows = [row for row in _latest(slack, 4 * count) if slack[row] < _NEAR * period]
        return _distinct((self._trace(row, origin) for row in rows), high, period, count)

    def paths_of(self, state: TimingState, high: NDArray[np.bool_], period: float, count: int) -> list[BoundPath]:
        """The same of the worst paths that the timing of a map found."""
        slack = state.slacks(period)
        rows = [row for row in _latest(slack, 2 * count) if slack[row] < 0.0]
        edges = self._graph.worst_edges(state) if rows else np.zeros(0, dtype=np.int8)
        found = (self._along(self._graph.path(state, row, edge=int(edges[row]))) for row in rows)
        return _distinct(found, high, period, count)

    def late_paths(
        self, state: TimingState, high: NDArray[np.bool_], period: float, count: int
    ) -> list[tuple[BoundPath, float]]:
        """Worst paths of a timed map that miss a period, ps, and how much longer than its least delays each was timed, ps."""
        slack = state.slacks(period)
        rows = [row for row in _latest(slack, count) if slack[row] < 0.0]
        edges = self._graph.worst_edges(state) if rows else np.zeros(0, dtype=np.int8)
        paths = [self._along(self._graph.path(state, row, edge=int(edges[row]))) for row in rows]
        return [
            (path, path.coefficient * period - float(slack[row]) - path.need(high))
            for row, path in zip(rows, paths, strict=True)
        ]

    def paths_as_timed(self, state: TimingState, high: NDArray[np.bool_], period: float, count: int) -> list[BoundPath]:
        """The same, each path as late under that map as it was timed; under other maps they differ by their least delays.

        The state may be of other supplies than those of the bounds, cell by cell: what a path takes there is then known of this
        map alone, and maps that work may be forbidden.
        """
        fixed = np.array([_FIXED], dtype=np.int32)
        return [
            BoundPath(
                path.coefficient,
                np.append(fixed, path.driver),
                np.append(fixed, path.tile),
                np.concatenate([np.full((1, 2, 2), beyond), path.delay]),
            ).merged()
            for path, beyond in self.late_paths(state, high, period, count)
        ]

    def _along(self, path: Path) -> BoundPath:
        """Least delays of a path that the timing engine found."""
        entries = np.empty(len(path.node) - 1, dtype=np.int64)
        # A kernel is compiled for each layout of its arrays.
        node, edge, arc = (np.array(column, order="C") for column in (path.node, path.edge, path.arc))
        _entries_along(self._ptr, self._arc, self._edge, node, edge, arc, entries)
        return self._sum_up(path.row, entries, node.astype(np.int64), edge.astype(np.int64))

    def _trace(self, row: int, origin: NDArray[np.int64]) -> BoundPath:
        """The worst path to an endpoint by least delays."""
        g, rows = self._graph._graph, self._graph.setup.rows
        steps = np.empty((3, self._depth), dtype=np.int64)
        count = _entries_back(
            g.arc_source, g.arc_mask, g.clock_slew, self._arc, self._edge, origin, int(rows.tag[row]), int(rows.node[row]),
            int(self._row_edge[row]), steps,
        )  # fmt: skip
        entries, nodes, edges = np.ascontiguousarray(steps[:, count::-1])
        return self._sum_up(row, entries[:-1], nodes, edges)

    def _sum_up(self, row: int, entries: Ints, nodes: Ints, edges: Ints) -> BoundPath:
        """Terms of a path from its first node to an endpoint; ``entries[n]`` leads from ``nodes[n]`` to the next one."""
        if row not in self._clock_of_row:
            self._clock_of_row[row] = self._clock_terms(row)
        clock = self._clock_of_row[row]
        terms = (self._foreign_most + 1) * len(nodes) + len(clock.tile) + 2
        sums = Sums(self._sums, np.zeros(terms + 1, dtype=np.int64), self._n_tiles + 1)
        most = min(len(self._sums), terms)
        driver, tile, delay = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32), np.empty((most, 2, 2))
        count = sum_path(
            row, path_terms.Path(entries, nodes, edges), self._path_arcs, self._path_delays, self._grids, self._path_loads,
            Terms(clock.driver, clock.tile, clock.delay), sums, Terms(driver, tile, delay),
        )  # fmt: skip
        coefficient = float(self._graph.setup.coefficient[row])
        return BoundPath(coefficient, driver[:count].copy(), tile[:count].copy(), delay[:count].copy())

    def _clock_terms(self, row: int) -> BoundPath:
        """What the clocks add to a row, term by term."""
        parts = [BoundPath(0.0, np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32), np.zeros((0, 2, 2)))]
        parts += [BoundPath(0.0, part.driver, part.tile, sign * part.delay) for part, sign in self._clock_parts(row)]
        return BoundPath(
            0.0,
            np.concatenate([part.driver for part in parts]),
            np.concatenate([part.tile for part in parts]),
            np.concatenate([part.delay for part in parts]),
        )

    def _clock_parts(self, row: int) -> list[tuple[BoundPath, float]]:
        """What the clocks add to a row: the capturing edge taken away, the mean insertion where its surroundings follow it."""
        rows, parts = self._graph.setup.rows, list[tuple[BoundPath, float]]()
        follows = float(self._graph.setup.follows[row])
        if self._graph.propagated and follows:
            parts.append((self._insertion[follows < 0.0], follows))
        if row in self._captured:
            end = int(rows.clock_tag[row]), int(rows.clock_node[row]), int(rows.clock_edge[row])
            if end not in self._capturing:
                self._capturing[end] = self._tree_terms({end: 1.0}, most=True)
            parts.append((self._capturing[end], -1.0))
            if self._graph._nets.mode[0]:
                last = np.diag(self._wire[1, rows.clock_sink[row], end[2]])[None]
                at = np.array([self.node_tile[end[1]]], dtype=np.int32)
                parts.append((BoundPath(0.0, at, at, last), -1.0))
        return parts


def _latest(slack: Real, count: int) -> list[int]:
    """Endpoints of the least slack, the least first, of equal ones the first; those that have none come last."""
    count = min(count, len(slack))
    bar = np.partition(slack, count - 1)[count - 1] if count else 0.0
    rows = np.flatnonzero(~(slack > bar))
    return [int(row) for row in rows[np.argsort(slack[rows], kind="stable")[:count]]]


def _distinct(paths: Iterator[BoundPath], high: NDArray[np.bool_], period: float, count: int) -> list[BoundPath]:
    """The first paths that miss a period under a map, one for each set of pairs of tiles."""
    found: list[BoundPath] = []
    seen: set[bytes] = set()
    for path in paths:
        key = (path.driver.astype(np.int64) * 65536 + path.tile).tobytes()
        if key not in seen and path.need(high) > path.coefficient * period:
            seen.add(key)
            found.append(path)
            if len(found) == count:
                break
    return sorted(found, key=lambda path: path.coefficient * period - path.need(high))


@kernel(nogil=True)
def _entries_along(
    ptr: Ints, arc: Ints, edge: Ints, node: Ints, node_edge: Ints, node_arc: Ints, entries: Ints
) -> None:
    """The entry by which a path of the timing engine comes to each of its nodes but the first."""
    for step in range(1, len(node)):
        key = 2 * int(node[step]) + int(node_edge[step])
        for e in range(ptr[key], ptr[key + 1]):
            if arc[e] == node_arc[step] and edge[e] == node_edge[step - 1]:
                entries[step - 1] = e
                break


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True)
def _entries_back(
    arc_source: Ints,
    arc_mask: Ints,
    clock_slew: Array,
    arc: Ints,
    edge: Ints,
    origin: Ints,
    tag: int,
    node: int,
    node_edge: int,
    steps: Ints,
) -> int:
    """Entries, nodes and edges (rows of ``steps``) of the path to an edge of a node, from its end; returns how many entries.

    A node stands beside the entry that leaves it, the end beside none (-1).
    """
    n_tag, count = origin.shape[0], 0
    steps[0, 0], steps[1, 0], steps[2, 0] = -1, node, node_edge
    while origin[tag, node, node_edge] >= 0:
        code = origin[tag, node, node_edge]
        entry, tag = code // n_tag, code % n_tag
        node, node_edge = int(arc_source[arc[entry]]), int(edge[entry])
        count += 1
        steps[0, count], steps[1, count], steps[2, count] = entry, node, node_edge
        if arc_mask[arc[entry]] & LAUNCHES and clock_slew[node, node_edge] >= 0.0:
            break
    return count


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True, error_model="numpy")
def _load_windows(
    node_cell: Ints,
    sink_ptr: Ints,
    sink_cell: Ints,
    sink_local: Ints,
    sink_port: Ints,
    port_load: Real,
    node_tile: Ints,
    cell_tile: Ints,
    cap_base: Ints,
    pin_cap: Real,
    wire_cap: Real,
    mode: Ints,
    tree_ptr: Ints,
    tree_parent: Int,
    tree_res: Real,
    tree_cap: Real,
    sink_tree: Ints,
    load: Real,
    wire: Real,
) -> None:
    """Least and most load, fF, of each node, edge and own state, and Elmore delay, ps, to each of its sinks."""
    longest, most = 1, 1
    for v in range(node_cell.shape[0]):
        if mode:
            longest = max(longest, tree_ptr[v + 1] - tree_ptr[v])
        most = max(most, sink_ptr[v + 1] - sink_ptr[v])
    below, elmore, cap = np.empty(longest), np.empty(longest), np.empty(most)
    for v in range(node_cell.shape[0]):
        for s in range(2):
            for r in range(2):
                for end in range(2):
                    total = wire_cap[v]
                    for k in range(sink_ptr[v], sink_ptr[v + 1]):
                        c = sink_cell[k]
                        if c < 0:
                            own = port_load[sink_port[k], r]
                        else:
                            at_low = pin_cap[cap_base[0, c] + sink_local[k], r]
                            at_high = pin_cap[cap_base[1, c] + sink_local[k], r]
                            if cell_tile[c] < 0:
                                own = at_high
                            elif cell_tile[c] == node_tile[v]:
                                own = at_high if s else at_low
                            elif end:
                                own = max(at_low, at_high)
                            else:
                                own = min(at_low, at_high)
                        cap[k - sink_ptr[v]] = own
                        total += own
                    load[end, v, r, s] = total
                    if not mode:
                        continue
                    low = tree_ptr[v]
                    size = tree_ptr[v + 1] - low
                    if size == 0:
                        continue
                    for i in range(size):
                        below[i] = tree_cap[low + i]
                    for k in range(sink_ptr[v], sink_ptr[v + 1]):
                        below[max(sink_tree[k], 0)] += cap[k - sink_ptr[v]]
                    elmore_delays(tree_parent, tree_res, low, size, below, elmore, (0,))
                    for k in range(sink_ptr[v], sink_ptr[v + 1]):
                        if sink_tree[k] >= 0:
                            wire[end, k, r, s] = elmore[sink_tree[k]]


# Long: one visit of a node finds its windows of load, slew and delay, each from the one before.
@kernel(nogil=True, error_model="numpy")
def _slew_windows(
    node_cell: Ints,
    node_port: Ints,
    tags: Ints,
    arc_source: Ints,
    arc_sink: Ints,
    arc_local: Ints,
    arc_mask: Ints,
    clock_slew: Array,
    port_slew: Real,
    port_drive: Ints,
    port_drive_slew: Real,
    ptr: Ints,
    arc: Ints,
    edge: Ints,
    node_tile: Ints,
    table_base: Ints,
    record: Int,
    axes: Real,
    table: Real,
    number: Ints,
    grid: Ints,
    axis: Ints,
    point: Real,
    share: Real,
    below: Ints,
    above: Ints,
    value: Real,
    mode: Ints,
    spread: float,
    load: Real,
    wire: Real,
    slew: Real,
    delay: Real,
    port_extra: Real,
    slew_floor: Real,
    load_slope: Real,
) -> None:
    """Least and most slew of each node, edge and own state over all maps, and from them the least delay of each entry."""
    load_slope[:] = np.inf
    for v in range(node_cell.shape[0]):
        c = node_cell[v]
        if c < 0:
            port = node_port[v]
            for r in range(2):
                slew[0, v, r, :] = port_slew[port, r]
                slew[1, v, r, :] = port_slew[port, r]
                rec = port_drive[port, r]
                if rec >= 0:
                    d0, _ = pair(record, axes, table, rec, port_drive_slew[port, r], 0.0, False)
                    for end in range(2):
                        d, o = pair(record, axes, table, rec, port_drive_slew[port, r], load[end, v, r, 1], False)
                        slew[end, v, r, :] = max(o, 0.0)
                        port_extra[v, r] = min(port_extra[v, r], d - d0) if end else d - d0
            continue
        for r in range(2):
            for s in range(2):
                y0, y1 = load[0, v, r, s], load[1, v, r, s]
                floor, ceiling = 0.0, 0.0
                for e in range(ptr[2 * v + r], ptr[2 * v + r + 1]):
                    a, i = arc[e], edge[e]
                    u, f = arc_source[a], arc_sink[a]
                    launch = arc_mask[a] & LAUNCHES and clock_slew[u, i] >= 0.0
                    rec = (table_base[s, c] + arc_local[a]) * 2 + r
                    entry_floor, entry_ceiling = np.inf, 0.0
                    for q in range(2):
                        # Cells of one tile, and those that are always high, have no other state.
                        if (node_tile[u] < 0 and q == 0) or (node_tile[v] < 0 and s == 0):
                            continue
                        if node_tile[u] == node_tile[v] and node_tile[u] >= 0 and q != s:
                            continue
                        x0, x1 = slew[0, u, i, q], slew[1, u, i, q]
                        hop, hop_most = 0.0, 0.0
                        if mode:
                            w0, w1 = wire[0, f, i, q], wire[1, f, i, q]
                            hop, hop_most = w0, w1
                            if node_port[u] >= 0 and node_cell[u] < 0:
                                x0, x1 = x0 + spread * w0, x1 + spread * w1
                                hop, hop_most = w0 * _LN2, w1 * _LN2
                            else:
                                x0 = np.sqrt(x0 * x0 + spread * w0 * spread * w0)
                                x1 = np.sqrt(x1 * x1 + spread * w1 * spread * w1)
                        if launch:
                            x0, x1, hop, hop_most = clock_slew[u, i], clock_slew[u, i], 0.0, 0.0
                        crossed = q != s and number[s, 1, rec] >= 0
                        least, most, slew_least, slew_most, slope = table_window(
                            grid, axis, point, share, below, above, value, number[s, 1 if crossed else 0, rec], crossed,
                            x0, x1, y0, y1, True,
                        )  # fmt: skip
                        delay[0, e, q, s], delay[1, e, q, s] = least + hop, most + hop_most
                        entry_floor, entry_ceiling = min(entry_floor, slew_least), max(entry_ceiling, slew_most)
                        slew_floor[e, q, s] = slew_least
                        load_slope[e] = min(load_slope[e], slope)
                    if s == 1 and load_slope[e] == np.inf:
                        load_slope[e] = 0.0
                    if entry_floor < np.inf:
                        floor, ceiling = max(floor, entry_floor), max(ceiling, entry_ceiling)
                slew[0, v, r, s], slew[1, v, r, s] = floor, ceiling


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True, error_model="numpy")
def _margins(
    node_cell: Ints,
    row_node: Ints,
    row_sink: Ints,
    row_cell: Ints,
    row_local: Ints,
    row_add: Real,
    clock_node: Ints,
    clock_sink: Ints,
    clock_edge: Ints,
    ideal_slew: Real,
    table_base: Ints,
    record: Int,
    axes: Real,
    table: Real,
    mode: Ints,
    spread: float,
    slew: Real,
    wire: Real,
    margin: Real,
) -> None:
    """Least time of the check of each row and data edge, by the states of the data's driver and of the checked cell."""
    for e in range(row_node.shape[0]):
        v, f, c = row_node[e], row_sink[e], row_cell[e]
        # Slews of the capturing clock.
        z0, z1 = 0.0, 0.0
        if clock_node[e] >= 0 and ideal_slew[clock_node[e], clock_edge[e]] >= 0.0:
            z0 = z1 = ideal_slew[clock_node[e], clock_edge[e]]
        elif clock_node[e] >= 0:
            u, i = clock_node[e], clock_edge[e]
            z0, z1 = min(slew[0, u, i, 0], slew[0, u, i, 1]), max(slew[1, u, i, 0], slew[1, u, i, 1])
            if slew[1, u, i, 0] == 0.0:  # a cell that is always high has no low state
                z0 = slew[0, u, i, 1]
            if mode:
                w0 = min(wire[0, clock_sink[e], i, 0], wire[0, clock_sink[e], i, 1])
                w1 = max(wire[1, clock_sink[e], i, 0], wire[1, clock_sink[e], i, 1])
                z0, z1 = np.sqrt(z0 * z0 + spread * w0 * spread * w0), np.sqrt(z1 * z1 + spread * w1 * spread * w1)
        for r in range(2):
            for q in range(2):
                x0, x1, hop = slew[0, v, r, q], slew[1, v, r, q], 0.0
                if mode:
                    w0, w1 = wire[0, f, r, q], wire[1, f, r, q]
                    if node_cell[v] < 0:
                        x0, x1, hop = x0 + spread * w0, x1 + spread * w1, w0 * _LN2
                    else:
                        x0 = np.sqrt(x0 * x0 + spread * w0 * spread * w0)
                        x1 = np.sqrt(x1 * x1 + spread * w1 * spread * w1)
                        hop = w0
                for s in range(2):
                    least = 0.0
                    if c >= 0:
                        rec = (table_base[s, c] + row_local[e]) * 2 + r
                        if record[rec, 1] == 0:
                            continue
                        least = np.inf
                        # The axis of the data's slew is the second. A bilinear table has its least in a corner of a cell.
                        for k in range(-2, record[rec, 1]):
                            z = z0 if k == -2 else z1 if k == -1 else axes[record[rec, 0] + k]
                            if not z0 <= z <= z1:
                                continue
                            for x in (x0, x1):
                                least = min(least, pair(record, axes, table, rec, z, x, False)[0])
                            for j in range(record[rec, 2], record[rec, 2] + record[rec, 3]):
                                if x0 < axes[j] < x1:
                                    least = min(least, pair(record, axes, table, rec, z, axes[j], False)[0])
                    margin[e, r, q, s] = least + row_add[e, r] + hop


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True, error_model="numpy")
def _arrivals(
    node_port: Ints,
    tags: Ints,
    arc_source: Ints,
    arc_mask: Ints,
    arc_class: Ints,
    remap: Ints,
    ideal: Array,
    port_arrival: Real,
    ptr: Ints,
    arc: Ints,
    edge: Ints,
    state: Ints,
    delay: Real,
    port_extra: Real,
    load_slope: Real,
    foreign_ptr: Ints,
    foreign_tile: Ints,
    foreign_cap: Real,
    high: Array,
    arrival: Real,
    origin: Ints,
) -> None:
    """Latest arrivals by least delays, and the entry and tag that each comes by."""
    n_tag = arrival.shape[0]
    for v in range(node_port.shape[0]):
        port = node_port[v]
        for r in range(2):
            if port >= 0:
                for k in range(n_tag):
                    arrival[k, v, r] = port_arrival[k, port, r] + port_extra[v, r]
                continue
            more = 0.0
            for f in range(foreign_ptr[v], foreign_ptr[v + 1]):
                if high[foreign_tile[f]]:
                    more += foreign_cap[f, r]
            for e in range(ptr[2 * v + r], ptr[2 * v + r + 1]):
                a, i = arc[e], edge[e]
                u = arc_source[a]
                m, k = tags[u, i], 0
                here = delay[e, state[u], state[v]] + load_slope[e] * more
                while m:
                    if m & 1:
                        to = remap[arc_class[a], k] if arc_class[a] else k
                        if to >= 0:
                            start = 0.0 if arc_mask[a] & LAUNCHES and ideal[k] else arrival[k, u, i]
                            if start + here > arrival[to, v, r]:
                                arrival[to, v, r] = start + here
                                origin[to, v, r] = e * n_tag + k
                    m >>= 1
                    k += 1


@kernel(nogil=True, error_model="numpy")
def _row_needs(
    row_node: Ints, row_tag: Ints, arrival: Real, state: Ints, row_state: Ints, margin: Real, need: Real, edge: Ints
) -> None:
    """Least need of each endpoint, and the data edge that sets it."""
    for e in range(row_node.shape[0]):
        for r in range(2):
            found = arrival[row_tag[e], row_node[e], r] + margin[e, r, state[row_node[e]], row_state[e]]
            if found > need[e]:
                need[e], edge[e] = found, r


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True, error_model="numpy")
def _capture_arrivals(
    node_port: Ints,
    arc_source: Ints,
    port_arrival: Real,
    arc: Ints,
    edge: Ints,
    state: Ints,
    delay_most: Real,
    port_extra: Real,
    origin: Ints,
    captured: Ints,
    clock_node: Ints,
    clock_tag: Ints,
    clock_edge: Ints,
    clock_sink: Ints,
    wire_most: Real,
    mode: Ints,
    known: Ints,
    capture: Real,
) -> None:
    """Latest possible arrival of the capturing clock of each row; clocks come one way only, that of ``origin``."""
    n_tag = port_arrival.shape[0]
    nodes = np.empty(node_port.shape[0], dtype=np.int64)
    codes = np.empty(node_port.shape[0], dtype=np.int64)
    for row in captured:
        k, v, r = np.int64(clock_tag[row]), np.int64(clock_node[row]), np.int64(clock_edge[row])
        n = 0
        while np.isnan(known[k, v, r]):
            nodes[n] = v
            codes[n] = origin[k, v, r]
            if codes[n] < 0:
                known[k, v, r] = port_arrival[k, node_port[v], r] + port_extra[v, r] if node_port[v] >= 0 else -np.inf
                break
            e = codes[n] // n_tag
            n += 1
            k, v, r = codes[n - 1] % n_tag, np.int64(arc_source[arc[e]]), np.int64(edge[e])
        total = known[k, v, r]
        while n > 0:
            n -= 1
            e = codes[n] // n_tag
            total += delay_most[e, state[arc_source[arc[e]]], state[nodes[n]]]
        # Kept for the row's own end only: rows share it.
        k, v, r = np.int64(clock_tag[row]), np.int64(clock_node[row]), np.int64(clock_edge[row])
        known[k, v, r] = total
        capture[row] = total + (wire_most[clock_sink[row], r, state[v]] if mode else 0.0)


_GRIDS = "JLLffiif"
_ARGUMENTS = {
    "_entries_along": "libiiil",
    "_entries_back": "iuFibMkkkL",
    "_load_windows": "iiiiiFiiLFfniiffiHH",
    "_slew_windows": "iiIiiiuFFIFlibiLIff" + _GRIDS + "nxHHHHFGf",
    "_margins": "iiiiiFiiiFLIffnxHHH",
    "_arrivals": "iIiuiIuGlibbGFfliFhGM",
    "_row_needs": "iiGbbHfb",
    "_capture_arrivals": "iiGibbGFMliiiiGnGf",
}
"""Types of each kernel's arguments in the letters of :mod:`finevh.base.kernel_types`."""


def compile_kernels() -> None:
    """Compile what least delays take, before anything waits for it."""
    compile_grids()
    compile_table(KERNELS)
    for name, arguments in _ARGUMENTS.items():
        globals()[name].compile(argument_types(arguments))
