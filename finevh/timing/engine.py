"""Multi-Vdd static timing: a graph built once per netlist, evaluated for any voltage and variant of every cell."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.netlist.wires import Wires
from finevh.technology.model import Int, Real, Technology
from finevh.timing.arrays import Graph, Point, Tables, Values
from finevh.timing.binding import bind_ports, number_port_tags
from finevh.timing.compiled import Progress, as_int, compiled, load_kernels
from finevh.timing.constants import propagate_constants
from finevh.timing.constraints import Constraints
from finevh.timing.endpoints import bind_endpoints
from finevh.timing.objects import Names
from finevh.timing.queries import PathQueries
from finevh.timing.rctrees import bind_wires
from finevh.timing.state import Path, TimingState
from finevh.timing.structure import Structure, build_structure
from finevh.timing.tables import pack_tables
from finevh.timing.tags import TagSet, bind_exceptions


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
    clock_supply : {"tile", "port"}
        Whether cells on the clock network take their own Vdd or ``port_vdd``.
    wire_model : {"elmore", "ceff"}
        How parasitics act: the whole capacitance as load and Elmore delays, or the effective capacitance of each arc and its
        waveform at each sink (about fifty times slower; what OpenSTA does).
    hold : bool
        Also evaluate the shortest paths.
    progress : callable, optional
        Called with a line per kernel while kernels are compiled.

    Raises
    ------
    InputError
        If constraints name what the netlist does not have, or a needed table is missing.
    """

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
        hold: bool = False,
        progress: Progress | None = None,
    ) -> None:
        if progress is not None:
            load_kernels(progress)
        self.kernels = compiled()
        self.netlist, self.technology, self.constraints = netlist, technology, constraints
        self.names = Names(netlist, constraints.clocks)
        self.port_vdd = len(technology.vdds) - 1 if port_vdd is None else port_vdd
        cases, pin_cases = self._cases()
        self.constants = propagate_constants(netlist, cases, pin_cases)
        self.structure: Structure = build_structure(netlist, self.constants)
        self.tables = pack_tables(technology)
        self.tags = TagSet(constraints.clocks, bind_exceptions(self.names, constraints, self.structure))
        number_port_tags(self.names, constraints, self.tags)
        self.tags.classify(netlist, self.structure)
        self.tags.close()
        self.ports = bind_ports(self.names, constraints, self.tags)
        cross = self.tables.cross_record if cross_voltage else np.zeros((0, 5), dtype=np.int32)
        self._tables = Tables(self.tables.record, cross, self.tables.axes, self.tables.values, self.tables.pin_cap)
        self._reach()
        self._graph = self._arrays(late=True)
        self._early_graph = self._arrays(late=False)
        self.setup = bind_endpoints(self.names, constraints, self.tags, self.structure, self.node_tags, hold=False)
        self.hold = bind_endpoints(self.names, constraints, self.tags, self.structure, self.node_tags, hold=True)
        self.with_early = hold or constraints.propagated
        self.clock_cells = self._clock_cells() if clock_supply == "port" else np.empty(0, dtype=np.int32)
        self._pin_node = as_int(np.where(netlist.pin_net >= 0, self.structure.net_node[netlist.pin_net], -1))
        self.wire_model = wire_model
        self._wire_cap, self._nets = bind_wires(wires, self.structure, technology, wire_model)
        self.wires = wires
        self._check_tables()

    def _cases(self) -> tuple[dict[int, int], dict[int, int]]:
        nets: dict[int, int] = {}
        pins: dict[int, int] = {}
        netlist = self.netlist
        for objects, value in self.constraints.cases:
            for item in objects:
                if item.kind == "pin":
                    for pin in self.names.find_pins(item.patterns, item.where):
                        pins[pin] = value
                else:
                    for port in self.names.find_ports((item,)):
                        nets[int(netlist.port_net[port])] = value
        return nets, pins

    def _reach(self) -> None:
        """Find which tags reach each node and edge, and drop those that reach nothing."""
        s = self.structure
        tags = np.zeros((s.n_node, 2), dtype=np.int32)
        is_port = s.node_port >= 0
        for k in range(self.tags.n):
            for r in (0, 1):
                given = np.isfinite(self.ports.late[k, :, r]) | np.isfinite(self.ports.early[k, :, r])
                if len(given):
                    tags[is_port & given[np.maximum(s.node_port, 0)], r] |= 1 << k
        self.node_tags = tags
        self.kernels.reach(self._arrays(late=True), tags)
        everywhere = int(np.bitwise_or.reduce(tags, axis=None)) if tags.size else 0
        rows = self.tags.keep(np.array([everywhere >> k & 1 for k in range(self.tags.n)], dtype=bool))
        packed = np.zeros_like(tags)
        for to, k in enumerate(rows.tolist()):
            packed |= (tags >> k & 1) << to
        self.node_tags = packed
        self.ports = replace(
            self.ports,
            late=np.ascontiguousarray(self.ports.late[rows]),
            early=np.ascontiguousarray(self.ports.early[rows]),
        )

    def _arrays(self, late: bool) -> Graph:
        s, ports = self.structure, self.ports
        end = 0 if late else 1
        drive = np.full((len(self.netlist.port_names), 2), -1, dtype=np.int32)
        for port in np.flatnonzero(ports.drive_cell >= 0).tolist():
            drive[port] = self._drive_record(port)
        ideal = np.full(max(self.tags.n, 1), 0 if self.constraints.propagated else 1, dtype=np.uint8)
        return Graph(
            s.node_cell, s.node_port, s.arc_ptr, s.arc_source, s.arc_sink, s.arc_local, s.arc_mask, s.sink_ptr,
            s.sink_port, s.sink_cell, s.sink_local, s.fan_ptr, s.fan_node, self.node_tags,
            self.tags.arc_class, self.tags.remap, ideal,
            ports.late if late else ports.early, ports.slew[end], ports.load[end], drive, ports.drive_slew,
        )  # fmt: skip

    def _drive_record(self, port: int) -> tuple[int, int]:
        """Records of the rise and fall of a port's driving cell at the ports' Vdd."""
        cells, ports = self.netlist.cells, self.ports
        cell = int(ports.drive_cell[port])
        names = cells.pins(cell)
        corner = int(self.tables.corner_of[0, self.port_vdd])
        for k in range(cells.arc_ptr[cell], cells.arc_ptr[cell + 1]):
            to, source = names[cells.arc_to[k]], names[cells.arc_from[k]]
            if ports.drive_pin[port] in ("", to) and ports.drive_from[port] in ("", source):
                base = (corner * self.tables.n_arc + k) * 2
                return base, base + 1
        raise InputError(f"set_driving_cell: cell '{cells.names[cell]}' has no arc to pin '{ports.drive_pin[port]}'")

    def _clock_cells(self) -> Int:
        """Cells whose output is on a clock network."""
        on = (self.node_tags & self.tags.clock_bits).any(axis=1) & (self.structure.node_cell >= 0)
        return as_int(np.unique(self.structure.node_cell[on]))

    def _check_tables(self) -> None:
        """Every arc in use has a table at some corner, or the library is at fault."""
        cells, s = self.netlist.cells, self.structure
        owner = np.repeat(s.node_cell, np.diff(s.arc_ptr))
        rows = cells.arc_ptr[self.netlist.cell_type[owner]] + s.arc_local
        for r in (0, 1):
            needed = (s.arc_mask >> r & 5) > 0
            absent = np.flatnonzero(needed & (cells.arc_table[rows, r] < 0))
            if len(absent):
                cell = int(owner[absent[0]])
                kind = cells.names[self.netlist.cell_type[cell]]
                raise InputError(
                    f"cell '{kind}' (instance '{self.netlist.instance_names[cell]}'): the Liberty has no "
                    f"cell_{'rise' if r == 0 else 'fall'} table for one of its arcs"
                )

    def _new_values(self, late: bool) -> Values:
        n, worst = self.structure.n_node, -np.inf if late else np.inf
        sinks = len(self.structure.sink_pin) if self.wires is not None else 1
        arcs = len(self.structure.arc_source) if self._nets.mode[0] == 2 else 1
        return Values(
            arrival=np.full((max(self.tags.n, 1), n, 2), worst),
            slew=np.zeros((n, 2)),
            load=np.zeros((n, 2)),
            late=np.array([late], dtype=np.uint8),
            sink_delay=np.zeros((sinks, 2)),
            sink_slew=np.zeros((sinks, 2)),
            arc_delay=np.zeros((arcs, 4)),
        )

    def _sweep(self, point: Point, values: Values, dirty: NDArray[np.uint8], full: bool) -> int:
        """Run the kernel; returns how many nodes were evaluated."""
        graph = self._graph if values.late[0] else self._early_graph
        count = int(self.kernels.sweep(graph, self._tables, self._nets, point, values, dirty, full))
        if count < 0:
            arc = -1 - count
            cell = int(self.structure.node_cell[np.searchsorted(self.structure.arc_ptr, arc, side="right") - 1])
            driver = int(self.structure.node_cell[self.structure.arc_source[arc]])
            vdds = self.technology.vdds
            swing = vdds[point.cell_vdd[driver] if driver >= 0 else self.port_vdd]
            raise InputError(
                f"instance '{self.netlist.instance_names[cell]}' at {vdds[point.cell_vdd[cell]]:g} V driven from "
                f"{swing:g} V: the technology has no cross-voltage derate for this pair; characterise it, or switch derates off"
            )
        return count

    def _point(self, cell_vdd: Int) -> Point:
        n = self.netlist.n_cells
        return Point(
            np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int32), cell_vdd, self._wire_cap,
            np.array([self.port_vdd], dtype=np.int32),
        )  # fmt: skip

    def _inputs(
        self, cell_vdd: Int, cell_variant: NDArray[np.int8] | None, cell_type: Int | None
    ) -> tuple[Int, NDArray[np.int8], Int]:
        netlist = self.netlist
        vdd = np.array(np.broadcast_to(cell_vdd, netlist.n_cells), dtype=np.int32)
        if len(vdd) and (vdd.min() < 0 or vdd.max() >= len(self.technology.vdds)):
            raise InputError(f"a cell's Vdd index is outside 0..{len(self.technology.vdds) - 1}")
        if len(self.clock_cells):
            vdd[self.clock_cells] = self.port_vdd
        variant = netlist.cell_variant if cell_variant is None else cell_variant
        kind = netlist.cell_type if cell_type is None else cell_type
        return vdd, np.ascontiguousarray(variant, dtype=np.int8), as_int(kind)

    def _prepare(self, vdd: Int, variant: NDArray[np.int8], kind: Int, point: Point, cells: Int) -> None:
        library = self.netlist.cells
        self.kernels.prepare(
            self.tables.corner_of, self.tables.n_arc, self.tables.n_pin, as_int(library.arc_ptr), as_int(library.pin_ptr),
            kind, variant, point, cells,
        )  # fmt: skip

    def evaluate(
        self, cell_vdd: Int, cell_variant: NDArray[np.int8] | None = None, cell_type: Int | None = None
    ) -> TimingState:
        """Evaluate the whole graph.

        Parameters
        ----------
        cell_vdd : (n_cell) int32 or one int
            Row of ``technology.vdds`` of each cell.
        cell_variant : (n_cell) int8, optional
            Variant of each cell; the netlist's by default.
        cell_type : (n_cell) int32, optional
            Cells of the same families in place of the netlist's; the netlist's by default.
        """
        vdd, variant, kind = self._inputs(cell_vdd, cell_variant, cell_type)
        point = self._point(vdd)
        self._prepare(vdd, variant, kind, point, np.arange(self.netlist.n_cells, dtype=np.int32))
        late = self._new_values(late=True)
        everything = np.full(self.structure.n_node, 3, dtype=np.uint8)
        self._sweep(point, late, everything.copy(), True)
        early = None
        if self.with_early:
            early = self._new_values(late=False)
            self._sweep(point, early, everything, True)
        return self._finish(vdd, variant, kind, point, late, early)

    def _finish(
        self, vdd: Int, variant: NDArray[np.int8], kind: Int, point: Point, late: Values, early: Values | None
    ) -> TimingState:
        setup_need = np.empty(self.setup.n)
        self.kernels.needs(
            self._graph, self._tables, self._nets, point, self.setup.rows, late, early or late, setup_need
        )
        hold_need = None
        if early is not None:
            hold_need = np.empty(self.hold.n)
            self.kernels.needs(self._graph, self._tables, self._nets, point, self.hold.rows, early, late, hold_need)
        return TimingState(vdd, variant, kind, point, late, early, self.setup, setup_need, self.hold, hold_need)

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
        vdd, variant, kind = self._inputs(cell_vdd, cell_variant, cell_type)
        changed = as_int(changed_cells)
        old = state.point
        point = Point(
            old.table_base if inplace else old.table_base.copy(), old.cap_base if inplace else old.cap_base.copy(),
            vdd, old.wire_cap, old.port_vdd,
        )  # fmt: skip
        self._prepare(vdd, variant, kind, point, changed)
        dirty = np.zeros(self.structure.n_node, dtype=np.uint8)
        crossing = len(self._tables.cross_record) > 0
        self.kernels.mark(self._graph, as_int(self.netlist.pin_ptr), self._pin_node, crossing, changed, dirty)
        ends: list[Values | None] = []
        for values in (state.late, state.early):
            if values is None:
                ends.append(None)
                continue
            fresh = values if inplace else Values(*(column.copy() for column in values))
            self._sweep(point, fresh, dirty.copy(), False)
            ends.append(fresh)
        late, early = ends
        assert late is not None
        return self._finish(vdd, variant, kind, point, late, early)

    def evaluate_batch(
        self, maps: Sequence[Int], cell_variant: NDArray[np.int8] | None = None, workers: int | None = None
    ) -> list[tuple[float, Real]]:
        """Minimum period and setup needs (n_row) of many voltage maps, on all cores.

        Parameters
        ----------
        maps : (n_map, n_cell) int32 or a sequence of rows
        workers : int, optional
            Threads; one per core by default.
        """

        def one(cell_vdd: Int) -> tuple[float, Real]:
            state = self.evaluate(cell_vdd, cell_variant)
            return state.min_period(), state.setup_need

        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(one, maps))

    def with_wires(self, wires: Wires | None) -> TimingGraph:
        """The same graph with other parasitics, without building it again."""
        other = object.__new__(TimingGraph)
        other.__dict__.update(self.__dict__)
        other._wire_cap, other._nets = bind_wires(wires, self.structure, self.technology, self.wire_model)
        other.wires = wires
        return other

    def with_port_vdd(self, port_vdd: int) -> TimingGraph:
        """The same graph with input ports on another supply, a row of ``technology.vdds``."""
        other = object.__new__(TimingGraph)
        other.__dict__.update(self.__dict__)
        other.port_vdd = port_vdd
        other._graph, other._early_graph = other._arrays(late=True), other._arrays(late=False)
        return other


__all__ = ["Path", "TimingGraph", "TimingState"]
