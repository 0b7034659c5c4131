"""Physical optimisation in two steps: trees and drives on a rough placement, drives again on the final one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from finevh.constraints import Constraints, with_ideal_clocks
from finevh.errors import InputError
from finevh.layout import (
    Floorplan,
    FloorplanRequest,
    Placement,
    estimate_wires,
    make_floorplan,
    pin_positions,
    rough_place,
    signal_layers,
)
from finevh.layout.clock_tree import tree_buffers
from finevh.layout.legalize import replace_incremental
from finevh.netlist.edit import insert_buffers, replace_cells, sinks_by_net
from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.wires import Wires
from finevh.optimize.buffering import FanoutLimits, plan_fanout_trees
from finevh.optimize.clock import (
    ClockTree,
    PlacedTree,
    build_clock_tree,
    plan_clock_tree,
    settle_clock_tree,
)
from finevh.optimize.sizing import SizingOptions, TimingView, size_gates
from finevh.optimize.target import Target
from finevh.optimize.view import timing_view
from finevh.technology.model import Corners, Int, Real, Technology
from finevh.timing import TimingGraph, TimingState
from finevh.timing.skew import Insertion, insertion_of

Report = Callable[[str], None]


@dataclass(frozen=True)
class PhysicalOptions:
    """What the optimiser may do.

    Attributes
    ----------
    fanout, clock_fanout : sinks of a buffer at most.
    load_of_drive : load that a tree buffer is given at most, as a multiple of its input capacitance (twice that for clocks).
    passes : rounds of sizing, legalisation and new wires after the final placement; the second mends what moving cells cost.
    """

    buffering: bool = True
    sizing: bool = True
    clock_tree: Literal["none", "buffered", "balanced"] = "balanced"
    fanout: int = 16
    clock_fanout: int = 20
    load_of_drive: float = 10.0
    passes: int = 2
    own_period: bool = False
    """Size for the period that the placement meets where that is shorter than the target's: what a placement that knows time has
    won would otherwise be given away for a little area."""
    sizing_options: SizingOptions = field(default_factory=SizingOptions)


@dataclass(frozen=True)
class Presized:
    """A netlist with its trees and first drives; slacks (n_endpoint) ps before sizing, areas um2."""

    netlist: Netlist
    frozen: NDArray[np.bool_]
    """(n_cell) clock-tree cells: they keep their drive."""
    fanout_buffers: int
    clock_buffers: int
    clock_area: float
    """um2 that the clock tree will take when it is made after placement."""
    slack_before: Real
    area_before: float


@dataclass(frozen=True)
class Optimised:
    """The placed design after the last sizing; slacks (n_endpoint) ps at the target period."""

    netlist: Netlist
    placement: Placement
    wires: Wires
    slack: Real
    area: float
    min_period: float
    tree: ClockTree | None
    insertion: Insertion
    """Of the clock at the registers; zero where clocks are ideal."""


def at_target(technology: Technology, target: Target) -> tuple[Technology, Target]:
    """Return the technology with the target's corner alone, and the target in it.

    Sizing looks at one corner; packing the tables of all the others for the timing engine would take most of its time.
    """
    old = technology.corners
    row = slice(target.corner, target.corner + 1)
    numbers = {name: getattr(old, name)[row] for name in old.__dataclass_fields__ if name != "pool"}
    only = replace(
        technology,
        variants=(technology.variants[int(old.variant[target.corner])],),
        vdds=technology.vdds[target.vdd : target.vdd + 1],
        corner_of=np.zeros((1, 1), dtype=np.int32),
        corners=Corners(**{**numbers, "variant": np.zeros(1, dtype=np.int32)}, pool=old.pool),
        cross=None,
    )
    return only, replace(target, corner=0, vdd=0)


def clock_nets(netlist: Netlist, constraints: Constraints) -> Int:
    """Nets that feed a clock pin, or are the source of a clock: buffered as clock trees, never as data."""
    sources = {p for c in constraints.clocks for o in c.sources for p in o.patterns}
    ports = [int(n) for name, n in zip(netlist.port_names, netlist.port_net, strict=True) if name in sources]
    on = netlist.cells.pin_is_clock[netlist.pin_type] & (netlist.pin_net != NO_NET)
    return np.unique(np.concatenate([netlist.pin_net[on], np.array(ports, dtype=np.int32)])).astype(np.int32)


def _limits(
    technology: Technology, corner: int, role: str, rung: int, fanout: int, load_of_drive: float
) -> FanoutLimits:
    """Limits for the ``rung``-th strongest-from-below cell of a role."""
    cells = technology.cells
    named = [cells.index[n] for n in technology.roles.get(role, ()) if n in cells.index]
    if not named:
        raise InputError(f"technology '{technology.name}' names no cell of role '{role}'; fan-out trees need one")
    named.sort(key=lambda c: (cells.area[c], cells.names[c]))
    cell = named[min(rung, len(named) - 1)]
    pins = slice(cells.pin_ptr[cell], cells.pin_ptr[cell + 1])
    input_cap = float(technology.corners.pin_cap[corner, pins][cells.pin_direction[pins] == 0].max())
    layer = signal_layers(technology).horizontal
    return FanoutLimits(cell, fanout, load_of_drive * input_cap, layer.capacitance, input_cap)


def _appended(netlist: Netlist, technology: Technology, placement: Placement, x: Real, y: Real) -> Placement:
    """Places of a netlist with new cells at wished centres; legality is left to the next placement."""
    count = len(x)
    width = technology.cell_width[netlist.cell_type[netlist.n_cells - count :]]
    return Placement(
        x=np.concatenate([placement.x, x - width / 2]),
        y=np.concatenate([placement.y, y - technology.row_height / 2]),
        orient=np.concatenate([placement.orient, np.zeros(count, dtype=np.int8)]),
        tile=np.concatenate([placement.tile, np.zeros(count, dtype=np.int32)]),
        port_x=placement.port_x,
        port_y=placement.port_y,
    )


def _insert_trees(
    netlist: Netlist,
    technology: Technology,
    placement: Placement,
    corner: int,
    nets: Int,
    limits: FanoutLimits,
    prefix: str,
) -> tuple[Netlist, Placement, int]:
    """Plan and insert the trees of ``nets``."""
    pin_x, pin_y = pin_positions(netlist, technology, placement)
    pin_cap = technology.corners.pin_cap[corner][netlist.pin_type]
    placed = plan_fanout_trees(netlist, pin_x, pin_y, pin_cap, limits, nets)
    if len(placed.x) == 0:
        return netlist, placement, 0
    edited = insert_buffers(netlist, placed.plan, prefix)
    return edited, _appended(edited, technology, placement, placed.x, placed.y), len(placed.x)


def _heavy_nets(netlist: Netlist, skip: Int) -> Int:
    """Driven nets with several sinks, other than ``skip`` and constants."""
    ptr, _ = sinks_by_net(netlist)
    heavy = (np.diff(ptr) > 1) & (netlist.net_constant < 0)
    heavy[skip] = False
    return np.flatnonzero(heavy).astype(np.int32)


def _size(
    netlist: Netlist,
    technology: Technology,
    graph: TimingGraph,
    target: Target,
    frozen: NDArray[np.bool_],
    options: SizingOptions,
) -> Netlist:
    """Size against one set of wires."""

    def analyse(cell_type: Int) -> TimingView:
        return timing_view(graph, graph.evaluate(_everywhere(graph, target), None, cell_type), target.period)

    result = size_gates(netlist, technology, target.corner, target.period, analyse, frozen, options)
    return replace_cells(netlist, result.cell_type)


def _everywhere(graph: TimingGraph, target: Target) -> Int:
    """The target's Vdd for every instance."""
    return np.full(graph.netlist.n_cells, target.vdd, dtype=np.int32)


def _timed(netlist: Netlist, technology: Technology, target: Target, wires: Wires) -> tuple[TimingGraph, TimingState]:
    graph = TimingGraph(netlist, technology, target.constraints, wires, port_vdd=target.vdd)
    return graph, graph.evaluate(_everywhere(graph, target))


def _area(netlist: Netlist) -> float:
    return float(netlist.cells.area[netlist.cell_type].sum())


def presize(
    netlist: Netlist,
    technology: Technology,
    target: Target,
    utilization: float,
    options: PhysicalOptions | None = None,
    report: Report = lambda line: None,
) -> Presized:
    """Give a synthesised netlist its clock and fan-out trees and first drives, on a rough placement without tiles.

    The floorplan is made after this, from the area that the design really has; the final placement starts afresh, which
    costs less wire than squeezing the new cells into the rough one.
    """
    options = options or PhysicalOptions()
    technology, target = at_target(technology, target)
    # There is no tree yet that a clock could take its way through.
    target = replace(target, constraints=with_ideal_clocks(target.constraints))
    floorplan = make_floorplan(netlist, technology, FloorplanRequest(1, utilization))
    # Wires are estimated from where the pins are: nothing asks for legal places.
    placement = rough_place(netlist, technology, floorplan)
    clocks = clock_nets(netlist, target.constraints)
    n_clock = n_fanout = 0
    clock_area = 0.0
    frozen = np.zeros(netlist.n_cells, dtype=bool)
    if options.clock_tree == "balanced" and tree_buffers(technology):
        plan, _ = plan_clock_tree(netlist, technology, placement, target.corner, target.constraints)
        clock_area = float(netlist.cells.area[plan.cell_type[~plan.original]].sum())
    if options.clock_tree == "buffered" and technology.roles.get("clock_buffer"):
        limits = _limits(technology, target.corner, "clock_buffer", 2, options.clock_fanout, 2 * options.load_of_drive)
        netlist, placement, n_clock = _insert_trees(
            netlist, technology, placement, target.corner, clocks, limits, "clock_tree"
        )
        report(f"clock tree: {n_clock} buffers on {len(clocks)} nets")
        frozen = np.concatenate([frozen, np.ones(n_clock, dtype=bool)])
        clocks = np.concatenate([clocks, np.arange(netlist.n_nets - n_clock, netlist.n_nets, dtype=np.int32)])
    if options.buffering:
        limits = _limits(technology, target.corner, "buffer", 2, options.fanout, options.load_of_drive)
        netlist, placement, n_fanout = _insert_trees(
            netlist, technology, placement, target.corner, _heavy_nets(netlist, clocks), limits, "fanout"
        )
        report(f"fan-out trees: {n_fanout} buffers")
        frozen = np.concatenate([frozen, np.zeros(n_fanout, dtype=bool)])
    graph, state = _timed(netlist, technology, target, estimate_wires(netlist, technology, placement))
    area = _area(netlist)
    report(f"before sizing: {state.min_period():.0f} ps, {area:.0f} um2")
    sized = _size(netlist, technology, graph, target, frozen, options.sizing_options) if options.sizing else netlist
    report(f"after sizing: {_area(sized):.0f} um2")
    return Presized(sized, frozen, n_fanout, n_clock, clock_area, state.slacks(target.period), area)


def optimise_placed(
    netlist: Netlist,
    technology: Technology,
    floorplan: Floorplan,
    placement: Placement,
    target: Target,
    frozen: NDArray[np.bool_],
    options: PhysicalOptions | None = None,
    report: Report = lambda line: None,
) -> Optimised:
    """Size the gates again on the wires of the final placement; cells that grow push their neighbours aside legally."""
    options = options or PhysicalOptions()
    technology, target = at_target(technology, target)
    tree: PlacedTree | None = None
    if options.clock_tree == "balanced" and tree_buffers(technology):
        tree = build_clock_tree(netlist, technology, floorplan, placement, target, report)
        netlist, placement = tree.netlist, tree.placement
        frozen = np.concatenate([frozen, np.zeros(netlist.n_cells - len(frozen), dtype=bool)])
        frozen[tree.tree.cell] = True
    wires = estimate_wires(netlist, technology, placement)
    graph, state = _timed(netlist, technology, target, wires)
    report(f"placed: {state.min_period():.0f} ps, {_area(netlist):.0f} um2")
    asked = target.period
    if options.own_period and state.min_period() < asked:
        target = replace(target, period=state.min_period())
    for number in range(options.passes if options.sizing else 0):
        netlist = _size(netlist, technology, graph, target, frozen, options.sizing_options)
        placement = replace_incremental(netlist, technology, floorplan, placement)
        if tree is not None:
            tree = settle_clock_tree(
                replace(tree, netlist=netlist, placement=placement), technology, floorplan, target, report
            )
            netlist, placement = tree.netlist, tree.placement
        wires = estimate_wires(netlist, technology, placement)
        # Drives alone have changed: the graph stays.
        graph = graph.with_wires(wires)
        state = graph.evaluate(_everywhere(graph, target), None, netlist.cell_type)
        report(f"sizing pass {number + 1}: {state.min_period():.0f} ps, {_area(netlist):.0f} um2")
    return Optimised(
        netlist,
        placement,
        wires,
        state.slacks(asked),
        _area(netlist),
        state.min_period(),
        None if tree is None else tree.tree,
        insertion_of(graph, state),
    )


def timed_again(
    result: Optimised, netlist: Netlist, placement: Placement, wires: Wires, technology: Technology, target: Target
) -> Optimised:
    """The result for a netlist that was edited after the last sizing."""
    technology, target = at_target(technology, target)
    graph, state = _timed(netlist, technology, target, wires)
    return replace(
        result,
        netlist=netlist,
        placement=placement,
        wires=wires,
        slack=state.slacks(target.period),
        area=_area(netlist),
        min_period=state.min_period(),
        insertion=insertion_of(graph, state),
    )
