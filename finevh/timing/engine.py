"""Multi-Vdd static timing: a graph built once per netlist, evaluated for any voltage and variant of every cell."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from finevh.constraints.model import Constraints
from finevh.constraints.objects import Names
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.netlist.wires import Wires
from finevh.technology.model import Int, Real, Sense, Technology
from finevh.timing.batch import LaneEvaluator, evaluate_batch
from finevh.timing.delay.arc_tables import Blocks
from finevh.timing.delay.effective_capacitance import DriverResistance
from finevh.timing.delay.packed_tables import pack_tables
from finevh.timing.delay.wire_model import CEFF
from finevh.timing.graph.constants import bind_cases, propagate_constants
from finevh.timing.graph.disabled import bind_disables
from finevh.timing.graph.endpoints import bind_endpoints
from finevh.timing.graph.entries import build_entries, classes_of, missing_table, node_kinds, own_loads
from finevh.timing.graph.exceptions import bind_exceptions
from finevh.timing.graph.graph_arrays import (
    check_tables,
    graph_arrays,
    lean_walk,
    reach_arrays,
    typical_caps,
    walk_arrays,
)
from finevh.timing.graph.latches import find_latches
from finevh.timing.graph.parasitics import bind_wires
from finevh.timing.graph.ports import bind_ports
from finevh.timing.graph.sdc_derates import check_derates
from finevh.timing.graph.starts import bind_sources, bind_starts, check_generated, start_bits
from finevh.timing.graph.structure import Structure, build_structure
from finevh.timing.graph.tags import Tag, TagSet
from finevh.timing.paths import PathQueries
from finevh.timing.state import Path, TimingState, min_period
from finevh.timing.sweep.arrays import (
    LAUNCHES,
    NO_AMPLE,
    Columns,
    Graph,
    Nets,
    Point,
    Rows,
    Tables,
    Values,
    Walk,
    new_columns,
    new_point,
    new_values,
)
from finevh.timing.sweep.compiled import Progress, as_int, compiled, load_kernels
from finevh.timing.sweep.forward import EVERYTHING, FULL, INCREMENTAL
from finevh.timing.sweep.table_rows import NOTED


class TimingGraph(PathQueries):
    """Timing graph of one netlist.

    Parameters
    ----------
    netlist, technology, constraints
        What is analysed; a period in ``constraints`` serves as the reference of ratios between clocks only.
    wires : Wires, optional
        Parasitics; none: nets are their pins' capacitance.
    cross_voltage : bool
        Apply the derates of ``technology.cross`` where a driver has another Vdd than the cell it drives.
    port_vdd : int, optional
        Row of ``technology.vdds`` that input ports swing to; the highest by default.
    clock_supply : {"tile", "high", "split"}
        Whether cells on the clock network take their own Vdd, or ``port_vdd``; "split": only those that drive no other cell of
        it take their own.
    wire_model : {"elmore", "shielded", "ceff"}
        How parasitics act: the whole capacitance as load and Elmore delays; one effective capacitance per net and edge (two
        to three times the time, most of the difference to "ceff" gone); or the effective capacitance of each arc and its
        waveform at each sink (some forty times the time; what OpenSTA does).
    driver_resistance : DriverResistance
        Which resistance "ceff" gives a driver: that of OpenSTA 3.1, or that of its release of 2019.
    hold : bool
        Also evaluate the shortest paths.
    tables_as_read : bool
        Make lines of delay tables when an evaluation first reads them, instead of all that its cells may read: for a graph that
        few maps are timed with. The same bits; one evaluation runs at a time.
    progress : callable, optional
        Called with a line per kernel while kernels are compiled.

    Raises
    ------
    InputError
        If constraints name what the netlist does not have, or a needed table is missing.
    """

    # What a graph is built of, by name.
    def __init__(
        self,
        netlist: Netlist,
        technology: Technology,
        constraints: Constraints,
        wires: Wires | None = None,
        *,
        cross_voltage: bool = True,
        port_vdd: int | None = None,
        clock_supply: str = "tile",
        wire_model: str = "elmore",
        driver_resistance: DriverResistance = DriverResistance.TANGENT,
        hold: bool = False,
        tables_as_read: bool = False,
        progress: Progress | None = None,
    ) -> None:
        if progress is not None:
            load_kernels(progress)
        self.kernels = compiled()
        self.netlist, self.technology, self.constraints = netlist, technology, constraints
        self.names = Names(netlist, constraints.clocks)
        self.port_vdd = len(technology.vdds) - 1 if port_vdd is None else port_vdd
        check_generated(constraints)
        check_derates(constraints)
        cases, pin_cases = bind_cases(self.names, constraints)
        self.constants = propagate_constants(netlist, cases, pin_cases)
        disabled = bind_disables(self.names, constraints) if constraints.disables else None
        clocked = {net for clock in constraints.clocks for net in self.names.clock_nets(clock)}
        self.structure: Structure = build_structure(netlist, self.constants, own_loads(technology), disabled, clocked)
        check_tables(netlist, self.structure)
        self.tables = pack_tables(technology)
        self.cross_voltage = cross_voltage and len(self.tables.cross_record) > 0
        self._bind_tags()
        self._generated = self._find_generated()
        self._graph, self._early_graph = self._arrays(late=True), self._arrays(late=False)
        self.setup = bind_endpoints(self.names, constraints, self.tags, self.structure, self.node_tags, hold=False)
        self.hold = bind_endpoints(self.names, constraints, self.tags, self.structure, self.node_tags, hold=True)
        tag, node, edge, sink = self.setup.registers.astype(np.int64).T
        self._register_nodes = np.unique(node)
        """Drivers of the registers' clock pins."""
        self._register_edge = (tag * self.structure.n_node + node) * 2 + edge
        """(n_register) where arrivals hold the clock edge of each register, and where delays hold the wire before it."""
        self._register_wire = sink * 2 + edge
        self.with_early = hold or (self.propagated and not self._clocks_are_trees()) or bool(constraints.data_checks)
        self.clock_cells = self._clock_cells()
        self.high_cells = self._high_cells(clock_supply)
        self._pin_node = as_int(np.where(netlist.pin_net >= 0, self.structure.net_node[netlist.pin_net], -1))
        self.wire_model, self.driver_resistance, self.tables_as_read = wire_model, driver_resistance, tables_as_read
        self._all = np.full(self.structure.n_node, EVERYTHING, dtype=np.uint8)
        self._late_nodes: NDArray[np.uint8] | None = None
        """(n_node) 1 where longest paths are evaluated; None for everywhere."""
        self._build_blocks()
        self._bind(wires)

    def _bind_tags(self) -> None:
        """Find the tags of all paths, where they start and what they reach, and drop those that reach nothing."""
        s, names, constraints = self.structure, self.names, self.constraints
        self.tags = TagSet(constraints.clocks, bind_exceptions(names, constraints, s))
        sources = bind_sources(names, constraints, s)
        starts = bind_starts(names, constraints, sources, self.tags, self.constants.net_value)
        n_port = len(self.netlist.port_names)
        self._seeds = np.full(s.n_node, -1, dtype=np.int32)
        self._sources = sources
        self._seeds[list(sources.nodes)] = n_port + np.arange(len(sources.nodes), dtype=np.int32)
        self.node_tags = np.zeros((s.n_node, 2), dtype=np.int32)

        def seeds() -> Int:
            return start_bits(s, sources, starts, self.tags, n_port)

        def reach(tags: Int) -> Int:
            self.kernels.reach(self._plain_graph(), tags)
            return tags

        self.tags.classify(self.netlist, s, frozenset(sources.nodes), {})
        self.tags.close(s, seeds, reach)
        clock_tags = {k: (tag.clock, tag.edge) for k, tag in enumerate(self.tags.tags) if tag.is_clock}
        latches = find_latches(self.netlist, s, reach(seeds()), clock_tags)
        if latches:
            self.tags.classify(self.netlist, s, frozenset(sources.nodes), latches)
            self.tags.close(s, seeds, reach)
        tags = reach(seeds())
        self.ports = bind_ports(names, constraints, self.tags, starts, len(sources.nodes))
        rows = self.tags.keep(np.array([np.count_nonzero(tags >> k & 1) for k in range(self.tags.n)], dtype=np.int64))
        for to, k in enumerate(rows.tolist()):
            self.node_tags |= (tags >> k & 1) << to
        self.ports = replace(
            self.ports,
            late=np.ascontiguousarray(self.ports.late[rows]),
            early=np.ascontiguousarray(self.ports.early[rows]),
        )

    def _plain_graph(self) -> Graph:
        """Structure and remap alone, for what reaches what."""
        return reach_arrays(self.structure, self.tags)

    def _arrays(self, late: bool) -> Graph:
        return graph_arrays(
            self.netlist, self.structure, self.ports, self.tags, self.node_tags, self.tables, self.port_vdd,
            self.constraints, self._seeds, late=late,
        )  # fmt: skip

    @property
    def _tables(self) -> Tables:
        t = self.tables
        cross = t.cross_record if self.cross_voltage else t.cross_record[:0]
        return Tables(t.record, cross, t.axes, t.values, t.pin_cap)

    @property
    def propagated(self) -> bool:
        """Whether registers see the arrival of any clock."""
        return self.constraints.propagated or any(clock.propagated for clock in self.constraints.clocks)

    def _clock_cells(self) -> Int:
        """Cells whose output is on a clock network."""
        on = (self.node_tags & self.tags.clock_bits).any(axis=1) & (self.structure.node_cell >= 0)
        return as_int(np.unique(self.structure.node_cell[on]))

    def _clocks_are_trees(self) -> bool:
        """Whether every clock edge comes one way only: then its earliest arrival is its latest."""
        s, ports = self.structure, self.ports
        clocked: NDArray[np.bool_] = np.asarray((self.node_tags & self.tags.clock_bits).any(axis=1))
        node = np.repeat(np.arange(s.n_node), np.diff(s.arc_ptr))
        passes = clocked[s.arc_source] & clocked[node] & ((s.arc_mask & LAUNCHES) == 0)
        owner = s.node_cell[node[passes]]
        library = self.netlist.cells.arc_ptr[self.netlist.cell_type[owner]] + s.arc_local[passes]
        unate = self.netlist.cells.arc_sense[library] != Sense.NON_UNATE
        single = np.bincount(node[passes], minlength=s.n_node) <= 1
        at = s.node_port[clocked & (s.node_port >= 0)]
        alike = [
            (ports.slew[0][at] == ports.slew[1][at]).all(),
            (ports.load[0] == ports.load[1]).all(),
            np.array_equal(self.tables.pin_cap, self.tables.pin_cap_early),
        ]
        derates = self.constraints.derates
        alike += [
            derates.factor("max", what, "data") == derates.factor("min", what, "data") for what in ("cell", "net")
        ]
        same = all(clock.source_latency.get(("max", e), 0.0) == clock.source_latency.get(("min", e), 0.0)
                   for clock in self.constraints.clocks for e in (0, 1))  # fmt: skip
        return all(map(bool, (unate.all(), single[clocked].all(), same, *alike)))

    def _high_cells(self, policy: str) -> Int:
        """Clock cells that are always on ``port_vdd``: none, all, or those that drive other clock cells."""
        if policy == "tile":
            return np.empty(0, dtype=np.int32)
        if policy == "high":
            return self.clock_cells
        if policy != "split":
            raise InputError(f"clock supply '{policy}' is unknown; there are tile, high, split")
        s = self.structure
        inner = np.isin(s.sink_cell, self.clock_cells)
        trunk = s.node_cell[s.sink_node[inner]]
        return as_int(np.intersect1d(trunk[trunk >= 0], self.clock_cells))

    def _build_blocks(self) -> None:
        """Join arcs to entries and lay out their tables."""
        netlist, s = self.netlist, self.structure
        self._class = classes_of(netlist.cells)
        inner = s.node_cell >= 0
        node_class = np.where(
            inner, self._class[netlist.cell_type[np.maximum(s.node_cell, 0)]] if inner.any() else 0, 0
        )
        self.entries = build_entries(s, self.tags.arc_class, node_class)
        self._kind = node_kinds(s, self.entries, self.tags.arc_class, self.node_tags, self._seeds)
        into = np.repeat(np.arange(2 * s.n_node), np.diff(self.entries.ptr)) // 2
        self._entry_class = node_class[into]

        def blocks(late: bool) -> Blocks:
            used = np.unique(netlist.cell_type)
            given = netlist.cells, used, self.tables, self.cross_voltage, self._class, self.entries
            return Blocks(*given, late, self.tables_as_read)

        self._blocks = [blocks(late=True), *([blocks(late=False)] if self.with_early else [])]

    def _bind(self, wires: Wires | None) -> None:
        """Take parasitics into the arrays."""
        self.idle_lanes: dict[bool, list[LaneEvaluator]] = {False: [], True: []}
        """Memory of batches before, in double and single precision."""
        self._read: dict[tuple[int, bool], tuple[Walk, Tables]] = {}
        """What the kernels read, by end and whether it is lean."""
        self.wires = wires
        caps = typical_caps(self.netlist, self.structure, self.ports, self.tables)
        self._wire_cap, self._nets = bind_wires(
            wires, self.structure, self.technology, self.wire_model, caps, self.driver_resistance
        )
        nets = None if wires is None else self._nets
        self._walks = [
            walk_arrays(self.entries, b, self._kind, self._entry_class, self.structure, nets) for b in self._blocks
        ]
        rows = (self.setup.rows, self.hold.rows) if self.with_early else (self.setup.rows,)
        registers = self.setup.registers
        lean = [
            lean_walk(walk, self.structure, self.entries, rows, registers, wires is not None) for walk in self._walks
        ]
        self._lean_walks, self.lean_rows = [walk for walk, _ in lean], lean[0][1]

    def _new_ends(self) -> list[Values]:
        sinks = 0 if self.wires is None else len(self.structure.sink_pin)
        size = self.tags.n, self.structure.n_node, sinks, len(self.entries.source)
        ends = ((self.setup, True), (self.hold, False)) if self.with_early else ((self.setup, True),)
        return [new_values(*size, rows.n, self.wire_model == "shielded", late) for rows, late in ends]

    def new_columns(self, lanes: int, single: bool = False) -> list[Columns]:
        """Columns of several lean lanes: of the longest paths, and of the shortest where they are asked for."""
        size = self.tags.n, self.structure.n_node, self.lean_rows, len(self.entries.source)
        ends = (True, False) if self.with_early else (True,)
        return [new_columns(*size, self.wire_model == "shielded", late, lanes, single) for late in ends]

    def new_point(self, lanes: int = 1) -> Point:
        """A point before an evaluation."""
        blocks = self._blocks[0]
        n_present = blocks.n_corner * blocks.n_type
        return new_point(self.netlist.n_cells, self.structure.n_node, n_present, self._wire_cap, lanes)

    def _advance(
        self,
        point: Point,
        values: Values,
        dirty: NDArray[np.uint8],
        touched: NDArray[np.uint8],
        full: bool,
        allowed: NDArray[np.uint8] | None = None,
        ample: Real = NO_AMPLE,
    ) -> int:
        """Run the forward kernel, on all nodes or those ``allowed``; returns how many nodes were evaluated.

        ``ample`` as for the kernel.
        """
        late = bool(values.late[0])
        if allowed is None:
            allowed = self._late_nodes if late and self._late_nodes is not None else self._everywhere()
        follows = FULL if full else INCREMENTAL
        advance = self.kernels.advance_exact if self.exact else self.kernels.advance
        reads = self.reads(late, point)
        with self._blocks[0 if late else 1].turn:
            count = int(advance(*reads, values.columns, late, allowed, dirty, touched, follows, ample, (0,)))
        if count < 0:
            arc = int(self.entries.arc[-1 - count])
            raise missing_table(self.netlist, self.technology, self.structure, arc, point.node_rail)
        return count

    def reads(self, late: bool, point: Point, lean: bool = False) -> tuple[Graph, Walk, Tables, Nets, Point]:
        """What the forward kernel reads for one end."""
        graph, end = (self._graph, 0) if late else (self._early_graph, 1)
        points, lines = self._blocks[end].points, self._blocks[end].lines
        known = self._read.get((end, lean))
        # Blocks move to larger arrays as they grow, and so may the tables that they are made of.
        same = known is not None and known[0].points is points and known[0].lines is lines
        if known is None or not same or known[1].values is not self.tables.values:
            pin_cap = self.tables.pin_cap if late else self.tables.pin_cap_early
            walk = (self._lean_walks if lean else self._walks)[end]._replace(points=points, lines=lines)
            known = self._read[end, lean] = walk, self._tables._replace(pin_cap=pin_cap.reshape(-1))
        return graph, *known, self._nets, point

    def _inputs(
        self, cell_vdd: Int, cell_variant: NDArray[np.int8] | None, cell_type: Int | None, fresh: Int | None = None
    ) -> tuple[Int, NDArray[np.int8], Int]:
        """What cells are as (n_cell) columns; only supplies of ``fresh`` cells are looked at, where they are given."""
        netlist = self.netlist
        vdd = np.empty(netlist.n_cells, dtype=np.int32)
        vdd[:] = cell_vdd
        asked = vdd if fresh is None else vdd[fresh]
        if len(asked) and (asked.min() < 0 or asked.max() >= len(self.technology.vdds)):
            raise InputError(f"a cell's Vdd index is outside 0..{len(self.technology.vdds) - 1}")
        if len(self.high_cells):
            vdd[self.high_cells] = self.port_vdd
        variant = netlist.cell_variant if cell_variant is None else cell_variant
        kind = netlist.cell_type if cell_type is None else cell_type
        if cell_type is not None and (self._class[kind] != self._class[netlist.cell_type]).any():
            cell = int(np.flatnonzero(self._class[kind] != self._class[netlist.cell_type])[0])
            raise InputError(
                f"instance '{netlist.instance_names[cell]}': its other cell has not the same pins and arcs"
            )
        return vdd, np.ascontiguousarray(variant, dtype=np.int8), as_int(kind)

    def _place(self, vdd: Int, variant: NDArray[np.int8], kind: Int, point: Point, cells: Int) -> None:
        """Look-up bases of ``cells``, and the tables they need."""
        library, blocks = self.netlist.cells, self._blocks[0]
        absent = self.kernels.place(
            self.tables.corner_of, self.tables.n_arc, self.tables.n_pin, as_int(library.arc_ptr), as_int(library.pin_ptr),
            blocks.type_of, blocks.n_type, kind, variant, vdd, cells, point,
        )  # fmt: skip
        if absent >= 0:
            raise self._no_corner(absent, variant, int(vdd[absent]))
        if absent == NOTED:
            return
        for blocks in self._blocks:
            blocks.require(point.present, self.port_vdd, lines=not self.exact)

    def evaluate(
        self,
        cell_vdd: Int,
        cell_variant: NDArray[np.int8] | None = None,
        cell_type: Int | None = None,
        *,
        reuse: TimingState | None = None,
    ) -> TimingState:
        """Evaluate the whole graph.

        Parameters
        ----------
        cell_vdd : (n_cell) int32 or one int
            Row of ``technology.vdds`` of each cell.
        cell_variant : (n_cell) int8, optional
            Variant of each cell; the netlist's by default.
        cell_type : (n_cell) int32, optional
            Cells of the same pins and arcs in place of the netlist's; the netlist's by default.
        reuse : TimingState, optional
            A state of this graph, whatever its ports' supply, whose memory is taken; it is then no longer valid.

        Raises
        ------
        InputError
            If a cell is at a supply, or next to one, that the technology does not have.
        """
        point, ends = (self.new_point(), self._new_ends()) if reuse is None else (reuse.point, reuse.ends)
        return self._evaluate(cell_vdd, cell_variant, cell_type, point, ends)

    def _evaluate(
        self,
        cell_vdd: Int,
        cell_variant: NDArray[np.int8] | None,
        cell_type: Int | None,
        point: Point,
        ends: list[Values],
    ) -> TimingState:
        vdd, variant, kind = self._inputs(cell_vdd, cell_variant, cell_type)
        point.present[:] = 0
        self._place(vdd, variant, kind, point, np.arange(self.netlist.n_cells, dtype=np.int32))
        blocks = self._blocks[0]
        self.kernels.place_nodes(
            self.structure.node_cell, self.tables.corner_of, kind, variant, vdd, blocks.type_of, blocks.n_type,
            blocks.n_driver, self.port_vdd, point,
        )  # fmt: skip
        everywhere = self._everywhere()
        for values in ends:
            dirty = np.full(self.structure.n_node, EVERYTHING, dtype=np.uint8)
            self._advance(point, values, dirty, everywhere, True)
        self._settle(point, ends)
        return self._finish(vdd, variant, kind, point, ends, everywhere, None)

    @property
    def exact(self) -> bool:
        """Whether wires have effective capacitances."""
        return bool(self._nets.mode[0] == CEFF)

    @property
    def follows_masters(self) -> bool:
        """Whether a generated clock starts when its propagated master arrives: an evaluation then takes several sweeps."""
        return bool(self._generated)

    def _find_generated(self) -> list[tuple[int, int, int]]:
        """(node, clock, master) of the propagated clocks that are made of propagated clocks inside the design.

        A source latency of their own stands in place of their masters' arrivals.
        """
        clocks = self.constraints.clocks
        number = {clock.name: c for c, clock in enumerate(clocks)}
        found = []
        for node, made in self._sources.nodes.items():
            for c in made:
                master = number.get(clocks[c].master, -1)
                if (
                    master >= 0
                    and not clocks[c].source_latency
                    and self.constraints.is_propagated(clocks[c])
                    and self.constraints.is_propagated(clocks[master])
                ):
                    found.append((node, c, master))
        return found

    def _start_generated(self, ends: list[Values]) -> bool:
        """Let generated clocks start when their masters arrive at the pins where they are made; False where they did."""
        changed = False
        number = {tag: k for k, tag in enumerate(self.tags.tags)}
        for node, c, master in self._generated:
            for values in ends:
                late = bool(values.late[0])
                graph = self._graph if late else self._early_graph
                for r in (0, 1):
                    k = number.get(Tag(c, r, True))
                    if k is None:
                        continue
                    found = self._master_arrival(values, node, r, master)
                    if np.isfinite(found) and graph.port_arrival[k, self._seeds[node], r] != found:
                        graph.port_arrival[k, self._seeds[node], r] = found
                        changed = True
        return changed

    def _master_arrival(self, values: Values, node: int, edge: int, master: int) -> float:
        """When a clock arrives at an output through the arcs of its cell, ps; where it does not, data that it launches."""
        late, e = bool(values.late[0]), self.entries
        graph = self._graph if late else self._early_graph
        best = dict.fromkeys((True, False), -np.inf if late else np.inf)
        for entry in range(int(e.ptr[2 * node + edge]), int(e.ptr[2 * node + edge + 1])):
            source, i, sink = int(e.source[entry]), int(e.edge[entry]), int(e.sink[entry])
            wire = graph.derate[1] * values.sink_delay[sink, i] if self._nets.mode[0] else 0.0
            for k, tag in enumerate(self.tags.tags):
                if tag.clock == master and self.node_tags[source, i] >> k & 1:
                    at = float(values.arrival[k, source, i] + wire + values.delay[entry])
                    best[tag.is_clock] = (max if late else min)(best[tag.is_clock], at)
        return best[True] if np.isfinite(best[True]) else best[False]

    def _settle(self, point: Point, ends: list[Values]) -> None:
        """Evaluate again until generated clocks, one behind the other, start when their masters arrive."""
        everywhere = self._everywhere()
        for _ in self._generated:
            if not self._start_generated(ends):
                return
            for values in ends:
                self._advance(
                    point, values, np.full(self.structure.n_node, EVERYTHING, dtype=np.uint8), everywhere, True
                )

    def _needs(
        self, point: Point, rows: Rows, data: Values, clock: Values, touched: NDArray[np.uint8], margin: Real, need: Real
    ) -> None:  # fmt: skip
        """Needs (n_row), and margins (n_row, 2), of endpoints whose data or clock node is ``touched``."""
        late = bool(data.late[0])
        graph, walk, tables, nets, _ = self.reads(True, point)
        self.kernels.needs(
            graph, walk.slot, tables, nets, point, rows, data.columns, clock.columns, late, touched, margin, need, (0,)
        )

    def _all_needs(self, point: Point, rows: Rows, data: Values, clock: Values) -> tuple[Real, Real]:
        """Needs (n_row) of endpoints, and what their checks add to the arrival of each edge (n_row, 2); ps."""
        margin, need = np.empty((len(rows.node), 2)), np.empty(len(rows.node))
        self._needs(point, rows, data, clock, self._everywhere(), margin, need)
        return need, margin

    def _finish(
        self, vdd: Int, variant: NDArray[np.int8], kind: Int, point: Point, ends: list[Values], touched: NDArray[np.uint8],
        before: TimingState | None,
    ) -> TimingState:  # fmt: skip
        """The state of an evaluation; needs of endpoints that nothing ``touched`` are those of ``before``."""
        late, early = ends[0], ends[1] if len(ends) > 1 else None
        setup_base = np.empty(self.setup.n) if before is None else before.setup_base.copy()
        if self._late_nodes is None:
            self._needs(point, self.setup.rows, late, early or late, touched, late.margin, setup_base)
        else:
            setup_base[:] = np.nan
        hold_base = None
        if early is not None:
            hold_base = np.empty(self.hold.n)
            if before is not None and before.hold_base is not None:
                hold_base[:] = before.hold_base
            self._needs(point, self.hold.rows, early, late, touched, early.margin, hold_base)
        mean = 0.0
        if before is not None and not touched[self._register_nodes].any():
            mean = before.insertion
        elif self.propagated and len(self._register_nodes):
            mean = float(self._clock_arrivals(late).mean())
        return TimingState(vdd, variant, kind, point, late, early, self.setup, setup_base, self.hold, hold_base, mean)

    def row_needs(self, state: TimingState, rows: Rows) -> Real:
        """(n_row) setup needs, ps, of other endpoint rows than those of the state."""
        return self._all_needs(state.point, rows, state.late, state.early or state.late)[0]

    def net_derate(self, early: bool) -> float:
        """Factor on the delays of nets."""
        return float((self._early_graph if early else self._graph).derate[1])

    def _clock_arrivals(self, late: Values) -> Real:
        arrival = late.arrival.reshape(-1)[self._register_edge]
        return np.asarray(arrival + late.sink_delay.reshape(-1)[self._register_wire] if self._nets.mode[0] else arrival)

    def hold_slacks_between(self, launch: TimingState, capture: TimingState, period: float) -> Real:
        """(n_row) hold slack, ps, of data as early as in one state at registers whose clock is as late as in another.

        A bound over all states between the two, where those lie between them cell by cell: each register's hold time is the
        larger of both. Data of an input port that follows the clock tree start as early as in the earlier of the two states.
        Output ports that follow it have no bound (inf): their clock is the mean of the tree, which cannot be late alone.

        Raises
        ------
        InputError
            If the states were evaluated without early arrivals.
        """
        if launch.early is None:
            raise InputError("hold slacks need a graph made with hold=True")
        worst = np.full(self.hold.n, -np.inf)
        for point in (launch.point, capture.point):
            need, _ = self._all_needs(point, self.hold.rows, launch.early, capture.late)
            np.maximum(worst, need, out=worst)
        slack = self.hold.coefficient * period - worst - self.hold.follows * min(launch.insertion, capture.insertion)
        return np.where(self.hold.follows <= 0.0, slack, np.inf)

    def sink_delays(self, state: TimingState) -> Real:
        """(n_sink, 2) delay, ps, of the wire to each sink of the structure, rise and fall."""
        n = len(self.structure.sink_pin)
        return state.late.sink_delay if self._nets.mode[0] else np.zeros((n, 2))

    def clock_arrivals(self, state: TimingState) -> tuple[Int, Real]:
        """Rows of ``netlist.pin_net`` of the registers' clock pins, and when the clock's active edge is there, ps."""
        return as_int(self.structure.sink_pin[self.setup.registers[:, 3]]), self._clock_arrivals(state.late)

    def update(
        self,
        state: TimingState,
        changed_cells: Int,
        cell_vdd: Int,
        cell_variant: NDArray[np.int8] | None = None,
        cell_type: Int | None = None,
        *,
        inplace: bool = False,
    ) -> TimingState:
        """Evaluate again after ``changed_cells`` took another Vdd, variant or drive; equal to a full evaluation bit for bit.

        Parameters
        ----------
        changed_cells : int array
            Every cell whose entry in ``cell_vdd``, ``cell_variant`` or ``cell_type`` differs from ``state``.
        inplace : bool
            Reuse the arrays of ``state``, which is then no longer valid.
        """
        vdd, variant, kind = self._inputs(cell_vdd, cell_variant, cell_type, changed_cells)
        own = state if inplace else state.copy()
        dirty = np.zeros(self.structure.n_node, dtype=np.uint8)
        touched = np.zeros(self.structure.n_node, dtype=np.uint8)
        self._change(vdd, variant, kind, own.point, as_int(changed_cells), dirty, touched)
        for values in own.ends:
            self._advance(own.point, values, dirty.copy(), touched, False)
        if self.follows_masters:
            self._settle(own.point, own.ends)
            touched[:] = EVERYTHING
        return self._finish(vdd, variant, kind, own.point, own.ends, touched, state)

    def _change(
        self, vdd: Int, variant: NDArray[np.int8], kind: Int, point: Point, cells: Int, dirty: NDArray[np.uint8],
        touched: NDArray[np.uint8],
    ) -> None:  # fmt: skip
        """Take over what ``cells`` are now, and mark (n_node) what that changes at once."""
        self._place(vdd, variant, kind, point, cells)
        blocks = self._blocks[0]
        self.kernels.change(
            self._graph, as_int(self.netlist.pin_ptr), self._pin_node, self.tables.corner_of, kind, variant, vdd,
            blocks.type_of, blocks.n_type, blocks.n_driver, cells, point, dirty, touched,
        )  # fmt: skip

    def evaluate_batch(
        self,
        maps: Sequence[Int],
        cell_variant: NDArray[np.int8] | None = None,
        workers: int | None = None,
        *,
        screening: bool = False,
    ) -> list[tuple[float, Real]]:
        """Minimum period and setup needs (n_row) of many voltage maps, on all cores; each has the bits of :meth:`evaluate`.

        Maps of one pair of supplies, the ports' among them, are evaluated sixteen at a time.

        Parameters
        ----------
        maps : (n_map, n_cell) int32 or a sequence of rows
        workers : int, optional
            Threads; one per core by default.
        screening : bool
            Compute in single precision, faster: periods are off by some thousandths of a picosecond, enough to put maps in
            order and to drop those that are far from any clock, not to say that one meets it. With "ceff" and in maps that are
            evaluated one by one nothing changes.
        """
        return [
            (min_period(need, self.setup.coefficient), need)
            for need in evaluate_batch(self, maps, cell_variant, workers, screening)
        ]

    def place_lanes(self, point: Point, variant: NDArray[np.int8], kind: Int, lanes: int) -> None:
        """Look-up bases of all cells at both rails of a point of several lanes, and the tables of all pairs of rails."""
        library, blocks = self.netlist.cells, self._blocks[0]
        absent = self.kernels.place_lanes(
            self.structure.node_cell, self.tables.corner_of, as_int(library.arc_ptr), as_int(library.pin_ptr),
            self.tables.n_arc, self.tables.n_pin, kind, variant, blocks.type_of, blocks.n_type, blocks.n_driver,
            self.port_vdd == point.rails[1], lanes, point,
        )  # fmt: skip
        if absent >= 0:
            raise self._no_corner(absent, variant, int(point.rails[0]))
        for blocks in self._blocks:
            blocks.require(point.present, self.port_vdd)

    def _no_corner(self, cell: int, variant: NDArray[np.int8], vdd: int) -> InputError:
        """The error of a cell at a supply without a corner of its variant."""
        return InputError(
            f"instance '{self.netlist.instance_names[cell]}': the technology has no corner of variant "
            f"'{self.technology.variants[variant[cell]].name}' at {self.technology.vdds[vdd]:g} V"
        )

    def with_wires(self, wires: Wires | None) -> TimingGraph:
        """The same graph with other parasitics, without building it again."""
        other = copy(self)
        other._bind(wires)
        return other

    def for_hold(self) -> TimingGraph:
        """The same graph for hold checks alone: of the longest paths only those to clock pins, setup needs are nan.

        Raises
        ------
        InputError
            If the graph has no shortest paths.
        """
        if not self.with_early:
            raise InputError("hold slacks need a graph made with hold=True")
        other = copy(self)
        nodes = np.zeros(self.structure.n_node, dtype=np.uint8)
        clock = self.hold.rows.clock_node
        nodes[clock[clock >= 0]] = 1
        nodes[self.setup.registers[:, 1]] = 1
        self.kernels.fan_in(self._graph, nodes)
        other._late_nodes = nodes
        return other

    def with_port_vdd(self, port_vdd: int) -> TimingGraph:
        """The same graph with input ports on another supply, a row of ``technology.vdds``."""
        other = copy(self)
        other.port_vdd, other.idle_lanes = port_vdd, {False: [], True: []}
        other._graph, other._early_graph = other._arrays(late=True), other._arrays(late=False)
        return other


__all__ = ["Path", "TimingGraph", "TimingState"]
