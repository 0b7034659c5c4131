"""Named tuples of plain arrays: what the compiled timing kernels read and write."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from finevh.technology.model import Int, Real
from finevh.timing.sweep.lanes import aligned

Byte = NDArray[np.uint8]
Array = NDArray[Any]


NO_AMPLE: Real = np.empty(0)
"""Arrivals that are ample for the forward sweep: none, all is evaluated."""
LAUNCHES = 16
"""Bit of an arc's mask: a new path starts there, at a clock or an enable. The four below are its pairs of edges."""


class Graph(NamedTuple):
    """Arrays of the structure that the kernels read (see :class:`Structure`)."""

    node_cell: Int
    node_port: Int
    arc_ptr: Int
    arc_source: Int
    arc_sink: Int
    arc_local: Int
    arc_mask: Array
    sink_ptr: Int
    sink_port: Int
    sink_cell: Int
    sink_local: Int
    fan_ptr: Int
    fan_node: Int
    tags: Array
    """(n_node, 2) int32 bit sets of the tags that reach each node and edge."""
    arc_class: Int
    """(n_arc) row of ``remap``; 0 leaves tags as they are."""
    remap: Int
    """(n_class, n_tag) tag behind an arc, -1 for none."""
    ideal: Array
    """(n_tag) uint8, 1 where registers see the tag's clock as ideal."""
    port_arrival: Real
    """(n_tag, n_port + n_source, 2) ps, -inf or inf where none; pins where clocks are made follow the ports."""
    port_slew: Real
    """(n_port, 2) ps."""
    port_load: Real
    """(n_port, 2) fF."""
    port_drive: Int
    """(n_port, 3) table record of a driving cell by edge and its driver's input slew row, -1 where none."""
    port_drive_slew: Real
    """(n_port, 2) ps at the driving cell's input."""
    seed: Int
    """(n_node) column of ``port_arrival`` where a clock is made, which nothing passes; else -1."""
    clock_slew: Real
    """(n_node, 2) ps that registers see where their clock is ideal, else -1."""
    derate: Real
    """(2) factors on the delays of cells and of nets."""


class Walk(NamedTuple):
    """Entries and blocks as the forward kernel walks them.

    See :mod:`finevh.timing.graph.entries`, :mod:`finevh.timing.delay.arc_tables`.
    """

    ptr: Int
    """(2 n_node + 1) entries of ``2 * node + output edge``."""
    place: Int
    """(n_entry) where ``Values.at`` holds what arrives: ``4 * row + input edge``; rows are nodes, or
    slots of sinks with wires."""
    source: Int
    line: Int
    """(n_entry) lines per grid cell before the entry's group, doubled; odd for a group of several arcs."""
    group: Int
    arc: Int
    kind: Array
    """(n_node) uint8, see :func:`finevh.timing.graph.entries.node_kinds`."""
    group_ptr: Int
    member: Int
    head: Int
    """Headers one behind the other."""
    points: Real
    lines: Array
    """(n_line * 8) float32."""
    slot: Int
    """(n_sink) row of a sink in ``Values.at`` and ``Values.sink_delay``: its own, or one that it shares with sinks that are
    done when it begins (see :func:`finevh.timing.sweep.slots.shared_slots`)."""
    kept: Array
    """(n_node) uint8, 1 where a lean evaluation keeps the arrivals."""
    sizes: Int
    """Cell types, blocks per corner, nodes of the longest RC tree (1 without wires), sinks of the largest net."""


class Tables(NamedTuple):
    """Arrays of :class:`PackedTables`."""

    record: Int
    cross_record: Int
    axes: Real
    values: Real
    pin_cap: Real


class Nets(NamedTuple):
    """RC trees in node order; ``mode`` 0: no wires, 1: Elmore delay, 2: effective capacitance, 3: shielded."""

    tree_ptr: Int
    """(n_node + 1)."""
    tree_parent: Int
    """Position of the parent within the tree."""
    tree_res: Real
    tree_cap: Real
    sink_tree: Int
    """(n_sink) position within the tree of the sink's node, -1 for none."""
    share_ptr: Int
    """(n_node + 1) into ``share``; nothing for nets with many sinks."""
    share: Real
    """kOhm that the ways to two sinks have in common, sink by sink."""
    sink_base: Real
    """(n_sink) ps of Elmore delay from the wires' own capacitance."""
    shape: Real
    """(n_node, 2) share of the far capacitance of the net's pi; its time constant over the net's capacitance, kOhm."""
    response: Real
    """(n, 2) of one pole behind a ramp: delay over time constant, slew over ramp plus time constant."""
    driver_slew: Real
    """(n + 1) of a driver over its table's, by time constant over time from the lower threshold to one half; its limit."""
    mode: Array
    """(2) uint8: the mode, and a :class:`finevh.timing.delay.effective_capacitance.DriverResistance`."""
    thresholds: Real
    """(2) slew thresholds, fractions of the rail."""


class Point(NamedTuple):
    """What one evaluation looks up for each cell and net.

    With several lanes every cell is at one of two rails in each: then the columns of rows have two numbers per cell or node,
    for the low and the high rail, and ``cell_rail`` and ``node_rail`` are bit sets of the lanes at the high one.
    """

    table_base: Int
    """(n_cell) row of the cell's first arc in ``record``, in units of two edges."""
    cap_base: Int
    """(n_cell) row of the cell's first pin in ``pin_cap``."""
    node_head: Int
    """(n_node) row of the cell's header in the first block of its corner."""
    node_rail: Int
    """(n_node) Vdd index that the node swings to, or bit set."""
    cell_rail: Int
    """(n_cell) bit set; zero with one lane."""
    rails: Int
    """(2) Vdd indices of the low and the high rail; zero with one lane."""
    wire_cap: Real
    """(n_node) fF."""
    present: Array
    """(n_corner * n_type) uint8, 1 where a cell of the type is or was at the corner."""

    def copy(self) -> Point:
        """The same numbers in memory of their own; the wires are shared."""
        own = {name: column.copy() for name, column in self._asdict().items() if name != "wire_cap"}
        return self._replace(**own)


class Columns(NamedTuple):
    """:class:`Values` as the kernels see them: one-dimensional, the lanes of a row side by side."""

    arrival: Real
    slew: Real
    load: Real
    sink_delay: Real
    sink_elmore: Real
    at: Real
    delay: Array


class Values(NamedTuple):
    """What one evaluation finds; ``late`` says which extreme."""

    arrival: Real
    """(n_tag, n_node, 2) ps."""
    slew: Real
    """(n_node, 2) ps."""
    load: Real
    """(n_node, 2) fF."""
    late: Array
    """(1) uint8."""
    sink_delay: Real
    """(n_sink, 2) ps from the driver to each sink; one row without wires."""
    sink_elmore: Real
    """(n_sink, 2) ps; one row unless shielded."""
    at: Real
    """(4 n_row) per node, with wires per sink: arrivals of the first tag and slews, rise and fall, ps."""
    delay: Array
    """(n_entry) float32 ps."""
    margin: Real
    """(n_row, 2) ps that the check of each endpoint row adds to a data edge's arrival; nan where it has no table."""

    @property
    def sink_slew(self) -> Real:
        """(n_sink, 2) ps at each sink; only with wires."""
        return self.at.reshape(-1, 4)[:, 2:]

    @property
    def columns(self) -> Columns:
        """The same memory as the kernels see it."""
        return Columns(
            self.arrival.reshape(-1), self.slew.reshape(-1), self.load.reshape(-1), self.sink_delay.reshape(-1),
            self.sink_elmore.reshape(-1), self.at, self.delay,
        )  # fmt: skip

    def copy(self) -> Values:
        """The same numbers in memory of their own."""
        at = aligned(len(self.at), np.float64)
        at[:] = self.at
        return Values(*(at if column is self.at else column.copy() for column in self))


def new_values(n_tag: int, n_node: int, n_sink: int, n_entry: int, n_row: int, shielded: bool, late: bool) -> Values:
    """Values before an evaluation; ``n_sink`` is 0 without wires."""
    return Values(
        arrival=np.full((max(n_tag, 1), n_node, 2), -np.inf if late else np.inf),
        slew=np.zeros((n_node, 2)),
        load=np.zeros((n_node, 2)),
        late=np.array([late], dtype=np.uint8),
        sink_delay=np.zeros((max(n_sink, 1), 2)),
        sink_elmore=np.zeros((n_sink if shielded else 1, 2)),
        at=aligned(4 * (n_sink or n_node), np.float64, 0.0),
        delay=np.zeros(n_entry, dtype=np.float32),
        margin=np.full((n_row, 2), np.nan),
    )


def new_point(n_cell: int, n_node: int, n_present: int, wire_cap: Real, lanes: int = 1) -> Point:
    """A point before an evaluation."""
    rails = 1 if lanes == 1 else 2

    def zeros(n: int) -> Int:
        return np.zeros(n, dtype=np.int32)

    return Point(
        zeros(rails * n_cell), zeros(rails * n_cell), zeros(rails * n_node), zeros(n_node), zeros(n_cell), zeros(2), wire_cap,
        np.zeros(n_present, dtype=np.uint8),
    )  # fmt: skip


# Columns by name: as :func:`new_values`, and what several lanes need.
def new_columns(
    n_tag: int, n_node: int, n_sink: int, n_entry: int, shielded: bool, late: bool, lanes: int, single: bool
) -> Columns:
    """Columns of several lanes before an evaluation, in double or single precision; ``n_sink`` is 0 without wires."""
    dtype = np.float32 if single else np.float64
    return Columns(
        arrival=aligned(max(n_tag, 1) * n_node * 2 * lanes, dtype, -np.inf if late else np.inf),
        slew=aligned(2 * n_node * lanes, dtype),
        load=aligned(2 * n_node * lanes, dtype),
        sink_delay=aligned(2 * max(n_sink, 1) * lanes, dtype),
        sink_elmore=aligned(2 * (n_sink if shielded else 1) * lanes, dtype),
        at=aligned(4 * (n_sink or n_node) * lanes, dtype),
        delay=aligned(n_entry * lanes, np.float32),
    )


class Rows(NamedTuple):
    """Endpoints: one row per (constrained pin, launching tag, capturing tag)."""

    sink: Int
    """(n_row) row of the sinks."""
    node: Int
    tag: Int
    cell: Int
    """(n_row) cell of the check arc, -1 for a port."""
    local: Int
    add: Real
    """(n_row, 2) ps beside the table: uncertainty, output delay."""
    clock_node: Int
    """(n_row) node of the capturing pin, -1 for none."""
    clock_sink: Int
    clock_tag: Int
    clock_edge: Int
