"""Builds the clock tree of a placed design and chooses the drives of its cells until all registers see the clock together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from os import cpu_count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.constraints import Constraints
from finevh.layout import Floorplan, Placement, estimate_wires, pin_positions, signal_layers
from finevh.layout.clock_tree import (
    Role,
    TreeCells,
    TreeLimits,
    TreePlan,
    clock_network,
    clock_pins,
    find_tree_cells,
    insert_tree,
    plan_tree,
)
from finevh.layout.legalize import legalize, replace_incremental
from finevh.netlist.edit import replace_cells
from finevh.netlist.model import Netlist
from finevh.optimize.ladder import drive_ladders
from finevh.optimize.target import Target
from finevh.technology.model import ArcType, Int, Real, Sense, Technology
from finevh.technology.tables.nldm import bilinear
from finevh.timing import TimingGraph, TimingState, columns
from finevh.timing.skew import Insertion, insertion_of

Report = Callable[[str], None]
_LEAF_RUNG = 2
"""The third clock buffer from below is the usual leaf: loads are planned for it."""
_LEAF_SHARE = 0.92
_SCALE = 0.004
"""Share of the period that a leaf may miss the others by at little cost; a fifth of what the whole skew may be."""
_WEIGHT = 11.0
"""Cost of input capacitance as large as the load of a usual leaf, against the fourth power of a miss in units of the scale."""
_ROUNDS = 4
_TARGETS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Shares of the leaves that are before the arrival that all are to come together at; the cheapest is taken."""


@dataclass(frozen=True)
class ClockTree:
    """A tree in a netlist.

    ``cell`` (n) instances, parents first; ``parent`` (n) positions; ``role`` (n) a :class:`~finevh.layout.clock_tree.Role`;
    ``leaf_of`` maps each clock pin of a register (``pins``) to the position of the cell that drives it.
    """

    cell: Int
    parent: Int
    role: Int
    pins: Int
    leaf_of: Int


@dataclass(frozen=True)
class PlacedTree:
    """A placed design with its clock tree, and the cells that the tree may be made of."""

    netlist: Netlist
    placement: Placement
    tree: ClockTree
    cells: TreeCells


def clock_sources(netlist: Netlist, constraints: Constraints) -> list[int]:
    """Nets of the ports where clocks come in."""
    names = {p for c in constraints.clocks for o in c.sources for p in o.patterns}
    ports = zip(netlist.port_names, netlist.port_net.tolist(), strict=True)
    return [net for name, net in ports if name in names and net >= 0]


def gate_drives(technology: Technology) -> dict[int, tuple[int, ...]]:
    """Drives of every cell that can be exchanged for others, weakest first."""
    ladders = drive_ladders(technology)
    found = {}
    for cell, ladder in enumerate(ladders.ladder_of.tolist()):
        if ladder >= 0:
            found[cell] = tuple(ladders.member[ladders.ptr[ladder] : ladders.ptr[ladder + 1]].tolist())
    return found


def plan_clock_tree(
    netlist: Netlist, technology: Technology, placement: Placement, corner: int, constraints: Constraints
) -> tuple[TreePlan, TreeCells]:
    """Plan the tree of a design's clocks by the places of its registers and gates."""
    cells = find_tree_cells(technology, corner, gate_drives(technology))
    middle = float(cells.strength[cells.buffers[min(_LEAF_RUNG, len(cells.buffers) - 1)]])
    limits = TreeLimits(_LEAF_SHARE * middle, middle, signal_layers(technology).horizontal.capacitance)
    pin_x, pin_y = pin_positions(netlist, technology, placement)
    pin_cap = technology.corners.pin_cap[corner][netlist.pin_type]
    network = clock_network(netlist, clock_sources(netlist, constraints))
    return plan_tree(network, netlist, pin_x, pin_y, pin_cap, cells, limits), cells


def build_clock_tree(
    netlist: Netlist,
    technology: Technology,
    floorplan: Floorplan,
    placement: Placement,
    target: Target,
    report: Report = lambda line: None,
) -> PlacedTree:
    """Give a placed design the tree of its clocks, its cells legal and its drives chosen; gates move to what they drive."""
    plan, cells = plan_clock_tree(netlist, technology, placement, target.corner, target.constraints)
    edited, instance = insert_tree(netlist, plan)
    width = technology.cell_width[edited.cell_type]
    x, y = np.zeros(edited.n_cells), np.zeros(edited.n_cells)
    x[: netlist.n_cells], y[: netlist.n_cells] = placement.x, placement.y
    x[instance] = plan.x - width[instance] / 2
    y[instance] = plan.y - technology.row_height / 2
    legal = legalize(edited, technology, floorplan, x, y, placement.port_x, placement.port_y)
    tree = ClockTree(instance, plan.parent, plan.role, plan.moved_pin, plan.moved_to)
    count = {role.name.lower(): int((plan.role == role).sum()) for role in Role}
    copies = int((~plan.original & (plan.gate >= 0)).sum())
    stages = ", ".join(f"{number} {name}" for name, number in count.items())
    report(f"clock tree: {stages} ({copies} copies of gates) for {len(tree.pins)} registers")
    made = PlacedTree(edited, legal, tree, cells)
    return settle_clock_tree(made, technology, floorplan, target, report, _ROUNDS) if plan.n else made


def settle_clock_tree(
    placed: PlacedTree,
    technology: Technology,
    floorplan: Floorplan,
    target: Target,
    report: Report = lambda line: None,
    rounds: int = 2,
) -> PlacedTree:
    """Choose the drives of a tree on the wires of its placement, and again where cells that grew have moved others.

    The tree of the round with the least skew is returned.
    """
    constraints = replace(target.constraints, propagated=True)
    graph: TimingGraph | None = None
    best: tuple[float, PlacedTree, Insertion] | None = None
    for number in range(rounds + 1):
        wires = estimate_wires(placed.netlist, technology, placed.placement)
        if graph is None:
            graph = TimingGraph(placed.netlist, technology, constraints, wires, port_vdd=target.vdd)
        else:
            graph = graph.with_wires(wires)
        vdd = np.full(placed.netlist.n_cells, target.vdd, dtype=np.int32)
        state = graph.evaluate(vdd, None, placed.netlist.cell_type)
        now = insertion_of(graph, state)
        if best is None or now.skew < best[0]:
            best = now.skew, placed, now
        if number == rounds:
            break
        kinds = choose_drives(graph, state, placed.tree, target.corner, placed.cells, _SCALE * target.period)
        netlist = replace_cells(placed.netlist, kinds)
        placed = replace(
            placed, netlist=netlist, placement=replace_incremental(netlist, technology, floorplan, placed.placement)
        )
    assert best is not None
    report(f"clock: insertion {best[2].least:.0f} to {best[2].most:.0f} ps, skew {best[2].skew:.0f} ps")
    return best[1]


class _Tables(NamedTuple):
    """Delay and slew tables, by cell type, of a rising clock through a cell at one corner (see ``Corners``); -1 for none."""

    pool: Real
    x: NDArray[np.int64]
    nx: Int
    y: NDArray[np.int64]
    ny: Int
    v: NDArray[np.int64]
    delay: Int
    slew: Int
    input_cap: Real


class _Measured(NamedTuple):
    """What one timing run says of a tree, by position: the parts that choosing drives does not change.

    ``rest`` fF on a cell's output besides inputs of the tree; ``wire`` and ``spread`` ps of delay and slew between a cell's
    input and its parent's output; ``early`` and ``late`` ps from a leaf's output to its first and last register.
    """

    parent: Int
    rest: Real
    wire: Real
    spread: Real
    early: Real
    late: Real


@kernel(nogil=True, error_model="numpy")
def _propagate(tables: _Tables, m: _Measured, kind: Int, out: Real, slew_out: Real) -> None:
    """Arrival and slew, ps, at each cell's output."""
    _follow(columns(tables), columns(m), kind, np.empty(kind.shape[0]), out, slew_out)


# The tuples hold columns here: passing arrays in tuples takes three times as long.
@callee(forceinline=True, error_model="numpy")
def _follow(tables: _Tables, m: _Measured, kind: Int, load: Real, out: Real, slew_out: Real) -> None:
    """Load, fF, arrival and slew, ps, at each cell's output; parents come first."""
    n = kind.shape[0]
    for k in range(n):
        load[k] = m.rest[k]
    for k in range(n):
        if m.parent[k] >= 0:
            load[m.parent[k]] += tables.input_cap[kind[k]]
    for k in range(n):
        p = m.parent[k]
        at = m.wire[k] + (out[p] if p >= 0 else 0.0)
        slew = m.spread[k] + (slew_out[p] if p >= 0 else 0.0)
        d, s = tables.delay[kind[k]], tables.slew[kind[k]]
        out[k] = at + bilinear(
            tables.pool, tables.x[d], tables.nx[d], tables.y[d], tables.ny[d], tables.v[d], slew, load[k]
        )
        slew_out[k] = bilinear(
            tables.pool, tables.x[s], tables.nx[s], tables.y[s], tables.ny[s], tables.v[s], slew, load[k]
        )


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _cost(
    tables: _Tables,
    m: _Measured,
    strength: Real,
    kind: Int,
    target: float,
    scale: float,
    weight: float,
    load: Real,
    out: Real,
    slew_out: Real,
) -> float:
    """Fourth powers of what leaves miss the target by in units of ``scale``, overloads, and input capacitance."""
    _follow(tables, m, kind, load, out, slew_out)
    cost = 0.0
    for k in range(kind.shape[0]):
        cost += weight * tables.input_cap[kind[k]]
        cost += max(load[k] / strength[kind[k]] - 2.0, 0.0) * 10.0
        if m.late[k] > -np.inf:
            miss = max(out[k] + m.late[k] - target, target - out[k] - m.early[k]) / scale
            cost += max(miss, 0.0) ** 4
    return cost


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True, error_model="numpy")
def _choose(
    rising: _Tables,
    measured: _Measured,
    strength: Real,
    choice_ptr: NDArray[np.int64],
    choice: Int,
    kind: Int,
    target: float,
    scale: float,
    weight: float,
    sweeps: int,
) -> float:
    """Change one drive at a time, deepest cells first, while that lowers the cost; returns the cost."""
    tables, m, n = columns(rising), columns(measured), kind.shape[0]
    load, out, slew_out = np.zeros(n), np.zeros(n), np.zeros(n)
    best = _cost(tables, m, strength, kind, target, scale, weight, load, out, slew_out)
    for _ in range(sweeps):
        before = best
        for k in range(n - 1, -1, -1):
            kept = kind[k]
            for j in range(choice_ptr[k], choice_ptr[k + 1]):
                if choice[j] == kept:
                    continue
                old = kind[k]
                kind[k] = choice[j]
                cost = _cost(tables, m, strength, kind, target, scale, weight, load, out, slew_out)
                if cost < best:
                    best = cost
                else:
                    kind[k] = old
        if best >= before * (1.0 - 1e-6):
            break
    return best


def _rising_tables(technology: Technology, corner: int, cells: TreeCells) -> _Tables:
    """Tables of the rising clock through every cell that passes it on."""
    t, corners = technology.cells, technology.corners
    delay = np.full(len(t.names), -1, dtype=np.int32)
    slew = delay.copy()
    for kind in range(len(t.names)):
        clocked = t.pin_is_clock[t.pin_ptr[kind] : t.pin_ptr[kind + 1]].astype(bool)
        for a in range(t.arc_ptr[kind], t.arc_ptr[kind + 1]):
            passes = t.arc_type[a] == ArcType.COMBINATIONAL and t.arc_sense[a] == Sense.POSITIVE
            if passes and delay[kind] < 0 and (clocked[t.arc_from[a]] or not clocked.any()):
                delay[kind], slew[kind] = t.arc_table[a, 0], t.arc_table[a, 2]
    return _Tables(
        corners.pool, corners.table_x[corner], corners.table_nx[corner], corners.table_y[corner], corners.table_ny[corner],
        corners.table_v[corner], delay, slew, cells.input_cap,
    )  # fmt: skip


def _pin_rows(netlist: Netlist, tree: ClockTree) -> tuple[Int, Int]:
    """Rows of ``netlist.pin_net`` of each cell's clock input and of its output."""
    cells = netlist.cells
    source, target = np.zeros(len(tree.cell), dtype=np.int32), np.zeros(len(tree.cell), dtype=np.int32)
    for k, cell in enumerate(tree.cell.tolist()):
        first = int(netlist.pin_ptr[cell])
        into, out = clock_pins(cells, int(netlist.cell_type[cell]))
        source[k], target[k] = first + into, first + out
    return source, target


def _measure(graph: TimingGraph, state: TimingState, tree: ClockTree, tables: _Tables) -> _Measured:
    """Read off a timing run what drives do not change."""
    netlist, s = graph.netlist, graph.structure
    sink_of = np.full(len(netlist.pin_net), -1, dtype=np.int64)
    inner = s.sink_pin >= 0
    sink_of[s.sink_pin[inner]] = np.flatnonzero(inner)
    rising = [k for k, tag in enumerate(graph.tags.tags) if tag.is_clock and tag.edge == 0]
    at_node = state.late.arrival[rising, :, 0].max(axis=0)
    slews = graph.pin_slews(state)[:, 0]

    def arrival(pins: Int) -> Real:
        return np.asarray(at_node[s.sink_node[sink_of[pins]]] + graph.sink_delays(state)[sink_of[pins], 0])

    source, target = _pin_rows(netlist, tree)
    out_node = s.net_node[netlist.pin_net[target]]
    out, slew_out = at_node[out_node], state.late.slew[out_node, 0]
    above = np.maximum(tree.parent, 0)
    top = tree.parent < 0
    wire = arrival(source) - np.where(top, 0.0, out[above])
    spread = slews[source] - np.where(top, 0.0, slew_out[above])
    rest = state.late.load[out_node].max(axis=1)
    np.subtract.at(rest, tree.parent[~top], tables.input_cap[state.cell_type[tree.cell[~top]]])
    early, late = np.full(len(out), np.inf), np.full(len(out), -np.inf)
    here = arrival(tree.pins) - out[tree.leaf_of]
    np.minimum.at(early, tree.leaf_of, here)
    np.maximum.at(late, tree.leaf_of, here)
    return _Measured(tree.parent, rest, wire, spread, early, late)


def choose_drives(
    graph: TimingGraph, state: TimingState, tree: ClockTree, corner: int, cells: TreeCells, scale: float
) -> Int:
    """Return (n_cell) cell types with which the tree's leaves come together.

    Parameters
    ----------
    state : timing of the tree as it is; its wires are taken as they are.
    scale : ps that a leaf may miss the target by without weighing more than capacitance does.
    """
    weight = _WEIGHT / float(cells.strength[cells.buffers[min(_LEAF_RUNG, len(cells.buffers) - 1)]])
    tables = _rising_tables(graph.technology, corner, cells)
    start = state.cell_type[tree.cell].astype(np.int32)
    if (tables.delay[start] < 0).any():
        return state.cell_type
    drives = gate_drives(graph.technology)
    ladders = [cells.buffers if k in cells.buffers else drives.get(k, (k,)) for k in start.tolist()]
    options = [tuple(c for c in ladder if tables.delay[c] >= 0) for ladder in ladders]
    ptr = np.concatenate([[0], np.cumsum([len(o) for o in options])]).astype(np.int64)
    flat = np.array([c for o in options for c in o], dtype=np.int32)
    m = _measure(graph, state, tree, tables)
    out, slew_out = np.zeros(len(start)), np.zeros(len(start))
    _propagate(tables, m, start, out, slew_out)
    ends = m.late > -np.inf
    now = out[ends] + (m.late[ends] + m.early[ends]) / 2

    def settled(share: float) -> tuple[float, Int]:
        kind = start.copy()
        target = float(np.quantile(now, share))
        return float(_choose(tables, m, cells.strength, ptr, flat, kind, target, scale, weight, 8)), kind

    with ThreadPoolExecutor(min(len(_TARGETS), cpu_count() or 1)) as pool:
        found = list(pool.map(settled, _TARGETS))
    chosen = state.cell_type.copy()
    chosen[tree.cell] = min(found, key=lambda one: one[0])[1]
    return chosen
