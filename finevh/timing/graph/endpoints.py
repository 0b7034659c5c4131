"""Endpoint rows: every check and constrained output against every launching and capturing tag that reaches it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.constraints.edges import gate_hold, separation
from finevh.constraints.model import Constraints, Objects
from finevh.constraints.objects import Names
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Kind, Real
from finevh.timing.graph.edge_relations import EdgeRelations, Relation
from finevh.timing.graph.gating import GatingMargins, bind_margins, find_gates
from finevh.timing.graph.latches import latch_opening, latch_window
from finevh.timing.graph.starts import output_delays
from finevh.timing.graph.structure import Structure
from finevh.timing.graph.tags import NO_CLOCK, Tag, TagSet
from finevh.timing.sweep.arrays import Rows


@dataclass(frozen=True)
class Endpoints:
    """Rows of one end (setup or hold) with what turns a need into a slack: ``slack = coefficient * period - need``."""

    rows: Rows
    coefficient: Real
    """(n_row) periods of the reference clock; for hold rows the sign is reversed."""
    follows: Real
    """(n_row) how often the mean insertion delay of the clocks adds to the need (see ``Clock.follows_tree``): 1, 0 or -1."""
    registers: NDArray[np.int32]
    """(n_register, 4) clock pins of registers: tag of the clock, its node, its edge, the sink."""
    window: Real
    """(n_row) periods from the edge that opens a latch to the one that closes it, whose setup the row checks; else 0."""

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.coefficient)


class _Binder:
    """Makes the rows of one end."""

    def __init__(
        self, names: Names, constraints: Constraints, tags: TagSet, structure: Structure, node_tags: Int, hold: bool
    ) -> None:
        self.names, self.constraints, self.tags, self.structure = names, constraints, tags, structure
        self.node_tags, self.hold, self.clocks = node_tags, hold, constraints.clocks
        self.end = "min" if hold else "max"
        self.relations = EdgeRelations(names, constraints, tags, structure, hold)
        self.reference = self.relations.reference
        self.blocks: list[dict[str, NDArray[np.generic]]] = []
        self.data_tags = [k for k, tag in enumerate(tags.tags) if not tag.is_clock]
        self.clock_tags = [k for k, tag in enumerate(tags.tags) if tag.is_clock]

    def reaches(self, sink: int, tag: int) -> bool:
        """Whether a tag arrives at a sink."""
        node = int(self.structure.sink_node[sink])
        return bool((self.node_tags[node, 0] | self.node_tags[node, 1]) >> tag & 1)

    def follows(self, launch: Tag, clock: int) -> float:
        """See :attr:`Endpoints.follows`."""
        late = 0.0
        if launch.clock != NO_CLOCK and not launch.is_clock:
            late += float(self.clocks[launch.clock].follows_tree)
        if clock != NO_CLOCK:
            late -= float(self.clocks[clock].follows_tree)
        return -late if self.hold else late

    # A row of the table, column by column.
    def put(
        self, found: Relation, sinks: Int, tag: int, clock: int, *, cells: Int | int = -1, local: Int | int = -1,
        clock_sinks: Int | int = -1, clock_tag: int = 0, clock_edges: Int | int = 0, window: Real | float = 0.0,
    ) -> None:  # fmt: skip
        """Add the rows of a relation that are alive."""
        n, s = len(sinks), self.structure
        ok = found.alive & np.isfinite(found.add).any(axis=1)
        if not ok.any():
            return

        def column(values: Int | int) -> Int:
            return np.broadcast_to(np.asarray(values, dtype=np.int32), n)[ok]

        at = column(clock_sinks)
        # A relation without a capturing clock compares with time 0.
        self.blocks.append(
            {
                "sink": sinks[ok],
                "node": s.sink_node[sinks[ok]],
                "tag": np.full(int(ok.sum()), tag, dtype=np.int32),
                "cell": column(cells),
                "local": column(local),
                "add": found.add[ok],
                "clock_node": np.where(at >= 0, s.sink_node[at], -1),
                "clock_sink": at,
                "clock_tag": np.full(int(ok.sum()), clock_tag, dtype=np.int32),
                "clock_edge": column(clock_edges),
                "coefficient": found.coefficient[ok],
                "follows": np.full(int(ok.sum()), self.follows(self.tags.tags[tag], clock)),
                "window": np.where(
                    found.delayed[ok], 0.0, np.broadcast_to(np.asarray(window, dtype=np.float64), n)[ok]
                ),
            }
        )

    def checks(self) -> None:
        """Setup, hold, recovery and removal of registers."""
        s, netlist = self.structure, self.names.netlist
        rows = np.flatnonzero((s.check_hold == self.hold) & (s.check_data >= 0) & (s.check_clock >= 0))
        latches = netlist.cells.kind[netlist.cell_type[s.check_cell]] == Kind.LATCH
        limits = self._borrow_limits()
        for k in (*self.data_tags, *self.clock_tags):
            launch = self.tags.tags[k]
            data = s.sink_node[s.check_data[rows]]
            arrives = (self.node_tags[data, 0] | self.node_tags[data, 1]) >> k & 1
            for c in self.clock_tags:
                capture = self.tags.tags[c]
                clock = s.sink_node[s.check_clock[rows]]
                captures = self.node_tags[clock, s.check_edge[rows]] >> c & 1
                picked = rows[(arrives & captures).astype(bool)]
                for is_latch in (False, True):
                    chosen = picked[latches[picked] == is_latch]
                    if len(chosen):
                        self._check(k, launch, c, capture, chosen, is_latch and not self.hold, limits)

    def _check(
        self, k: int, launch: Tag, c: int, capture: Tag, rows: Int, latch: bool, limits: dict[int, float]
    ) -> None:
        s = self.structure
        sinks = s.check_data[rows]
        gap = None
        window: Real = np.zeros(len(rows))
        if latch and launch.clock != NO_CLOCK:
            # The check is against the closing edge; the clock's edge at the pin may be the inverse of the pin's.
            target = self.clocks[capture.clock]
            width = latch_window(target, 1 - capture.edge)
            opening = latch_opening(self.clocks[launch.clock], launch.edge, target, 1 - capture.edge)
            gap, window = opening + width, window + width / self.reference
        found = self.relations.relate(launch, capture.clock, capture.edge, sinks, gap)
        cells = s.check_cell[rows]
        if latch and limits:
            # Data may be late by so much after the opening edge, whatever the latch's setup.
            limit = np.array([limits.get(int(cell), limits.get(-1, np.inf)) for cell in cells]) / self.reference
            less = (limit < window) & ~found.delayed
            found.coefficient[less] += limit[less] - window[less]
            cells, window = np.where(less, -1, cells), np.where(less, limit, window)
        self.put(found, sinks, k, capture.clock, cells=cells, local=s.check_local[rows],
                 clock_sinks=s.check_clock[rows], clock_tag=c, clock_edges=s.check_edge[rows].astype(np.int32),
                 window=window)  # fmt: skip

    def _borrow_limits(self) -> dict[int, float]:
        """Latch to the most ps it may be late; -1 for all."""
        found: dict[int, float] = {}
        for item in self.constraints.borrows:
            for objects in item.objects:
                kind = self.names.kind_of(objects)
                if kind in ("clock", "clocks"):
                    found[-1] = item.limit
                elif kind == "cell":
                    found.update(dict.fromkeys(self.names.find_cells(objects), item.limit))
                else:
                    pins = self.names.find_pins(objects)
                    found.update(dict.fromkeys(self.names.netlist.pin_cell[pins].tolist(), item.limit))
        found.update(dict.fromkeys(self.structure.held_latches, 0.0))
        return found

    def gates(self, margins: GatingMargins) -> None:
        """Enables of inferred clock gates: ready before the edge that opens the gate, still until the one that closes it."""
        gates = find_gates(self.names.netlist, self.structure, self.node_tags, self.tags.clock_bits, margins.active)
        for gate in gates:
            node = int(self.structure.sink_node[gate.clock])
            for k in self.data_tags:
                launch = self.tags.tags[k]
                if launch.clock == NO_CLOCK or not self.reaches(gate.enable, k):
                    continue
                for c in self.clock_tags:
                    if not self.node_tags[node, gate.opens] >> c & 1:
                        continue
                    # The clock edge that opens the gate; the other one of the same clock closes it.
                    capture = self.tags.tags[c]
                    target = self.clocks[capture.clock]
                    gap, _ = separation(self.clocks[launch.clock], launch.edge, target, capture.edge)
                    edge, at, tag = capture.edge, gate.opens, c
                    if self.hold:
                        edge, at = 1 - capture.edge, 1 - gate.opens
                        gap = gate_hold(self.clocks[launch.clock], launch.edge, target, capture.edge)
                        closing = Tag(capture.clock, edge, True)
                        tag = self.tags.number(closing) if closing in self.tags.tags else c
                    sinks = np.array([gate.enable], dtype=np.int32)
                    found = self.relations.relate(launch, capture.clock, edge, sinks, gap)
                    margin = margins.margin("hold" if self.hold else "setup", capture.clock, gate.cell)
                    found.add[~found.delayed] += margin
                    self.put(found, sinks, k, capture.clock, clock_sinks=gate.clock, clock_tag=tag, clock_edges=at)

    def outputs(self) -> None:
        """Output ports with a delay, or at the end of a path with a maximum or minimum delay."""
        port_sink = {int(p): s for s, p in enumerate(self.structure.sink_port.tolist()) if p >= 0}
        delayed: set[int] = set()
        # set_output_delay -min is what the outside needs before the edge: the hold margin is its negative.
        sign = -1.0 if self.hold else 1.0
        for port, delay, given in output_delays(self.names, self.constraints):
            sink = port_sink.get(port)
            values = np.array([given.get((self.end, r), np.nan) for r in (0, 1)])
            if sink is None:
                continue
            delayed.add(sink)
            if not np.isfinite(values).any():
                continue
            clock = self.names.clock(delay.clock, delay.where)
            edge = int(delay.clock_fall)
            target = self.clocks[clock]
            early = ("max" if self.hold else "min", edge)
            outside = target.source_latency.get(early, 0.0)
            if self.constraints.is_propagated(target):
                # Inside the arrivals hold it; the outside sees it at the port.
                seen = 0.0 if delay.source_included else outside
            else:
                seen = -outside * delay.source_included - target.latency.get(early, 0.0) * delay.network_included
            for k in (*self.data_tags, *self.clock_tags):
                if not self.reaches(sink, k):
                    continue
                launch = self.tags.tags[k]
                sinks = np.array([sink], dtype=np.int32)
                found = self.relations.relate(launch, clock, edge, sinks, port=True)
                add = found.add + sign * values - np.where(found.delayed[:, None], 0.0, sign * seen)
                self.put(Relation(found.coefficient, add, found.alive, found.delayed), sinks, k, clock)
        if any(e.source.rule.limits_delay for e in self.tags.exceptions):
            for sink in port_sink.values():
                if sink in delayed:
                    continue
                for k in (*self.data_tags, *self.clock_tags):
                    if self.reaches(sink, k):
                        sinks = np.array([sink], dtype=np.int32)
                        self.put(self.relations.relate(self.tags.tags[k], NO_CLOCK, -1, sinks), sinks, k, NO_CLOCK)

    def data_checks(self) -> None:
        """Data against data: ``set_data_check``."""
        s = self.structure
        pin_sink = {int(p): i for i, p in enumerate(s.sink_pin.tolist()) if p >= 0}
        for check in self.constraints.data_checks:
            margin = check.hold if self.hold else check.setup
            if margin is None:
                continue
            froms, tos = (self._data_sinks(objects, pin_sink) for objects in (check.from_, check.to))
            for sink in tos:
                for other in froms:
                    self._data_check(sink, other, margin)

    def _data_sinks(self, objects: tuple[Objects, ...], pin_sink: dict[int, int]) -> list[int]:
        found = []
        for item in objects:
            if self.names.kind_of(item) == "port":
                ports = set(self.names.find_ports((item,)))
                found += [i for i, p in enumerate(self.structure.sink_port.tolist()) if p in ports]
            else:
                found += [pin_sink[p] for p in self.names.find_pins(item) if p in pin_sink]
        return found

    def _data_check(self, sink: int, other: int, margin: float) -> None:
        node = int(self.structure.sink_node[other])
        for k in self.data_tags:
            launch = self.tags.tags[k]
            if launch.clock == NO_CLOCK or not self.reaches(sink, k):
                continue
            for c in self.data_tags:
                related = self.tags.tags[c]
                if related.clock == NO_CLOCK or not self.reaches(other, c):
                    continue
                setup, hold = separation(
                    self.clocks[launch.clock], launch.edge, self.clocks[related.clock], related.edge
                )
                for edge in (0, 1):
                    if not self.node_tags[node, edge] >> c & 1:
                        continue
                    sinks = np.array([sink], dtype=np.int32)
                    # The same launching edge for both; a hold check lets the data come one edge later.
                    found = self.relations.relate(
                        launch, related.clock, related.edge, sinks, -setup if self.hold else hold
                    )
                    found.add[:] = margin
                    self.put(found, sinks, k, related.clock, clock_sinks=other, clock_tag=c, clock_edges=edge)

    def finish(self) -> Endpoints:
        """All rows."""
        columns: dict[str, NDArray[np.generic]] = {}
        for key in (*Rows._fields, "coefficient", "follows", "window"):
            dtype = np.float64 if key in ("add", "coefficient", "follows", "window") else np.int32
            empty = np.empty((0, 2) if key == "add" else 0, dtype=dtype)
            columns[key] = np.ascontiguousarray(np.concatenate([empty, *(b[key] for b in self.blocks)]), dtype=dtype)
        coefficient, follows, window = (
            np.asarray(columns.pop(key), dtype=np.float64) for key in ("coefficient", "follows", "window")
        )
        rows = Rows(**columns)  # type: ignore[arg-type]
        return Endpoints(rows, coefficient, follows, _register_clocks(self.names.netlist, rows), window)


def bind_endpoints(
    names: Names, constraints: Constraints, tags: TagSet, structure: Structure, node_tags: Int, hold: bool
) -> Endpoints:
    """Rows of all setup (or hold) endpoints of a design.

    A latch's setup is checked against the edge that closes it after the first one that opens it: data may use the time
    in between.
    """
    binder = _Binder(names, constraints, tags, structure, node_tags, hold)
    binder.checks()
    binder.gates(bind_margins(names, constraints))
    binder.outputs()
    binder.data_checks()
    return binder.finish()


def _register_clocks(netlist: Netlist, rows: Rows) -> NDArray[np.int32]:
    """Clock pins of flops and latches among the rows, each once; gates on the clock are not its end."""
    kind = netlist.cells.kind[netlist.cell_type[rows.cell]]
    at = (rows.cell >= 0) & (rows.clock_node >= 0) & np.isin(kind, (Kind.FLOP, Kind.LATCH))
    columns = (rows.clock_tag[at], rows.clock_node[at], rows.clock_edge[at], rows.clock_sink[at])
    return np.unique(np.column_stack(columns), axis=0).astype(np.int32)
