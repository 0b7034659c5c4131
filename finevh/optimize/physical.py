"""A placed netlist in; the same design with clock tree, fan-out trees and sized gates, legally placed and wired, out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.layout import Floorplan, Placement, estimate_wires, pin_positions, signal_layers
from finevh.layout.legalize import replace_incremental
from finevh.netlist.edit import insert_buffers, replace_cells, sinks_by_net
from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.wires import Wires
from finevh.optimize.buffering import FanoutLimits, plan_fanout_trees
from finevh.optimize.sizing import SizingOptions, size_gates
from finevh.optimize.view import timing_view
from finevh.technology.model import Int, Real, Technology
from finevh.timing import Constraints, TimingGraph

Report = Callable[[str], None]


@dataclass(frozen=True)
class PhysicalOptions:
    """What the optimiser may do.

    Attributes
    ----------
    fanout, clock_fanout : sinks of a buffer at most.
    load_of_drive : fF of load that a buffer of the chosen strength is given at most, as a multiple of its input capacitance.
    passes : rounds of sizing, legalisation and new wires; the second mends what moving cells cost.
    """

    buffering: bool = True
    sizing: bool = True
    clock_tree: bool = True
    fanout: int = 16
    clock_fanout: int = 20
    load_of_drive: float = 10.0
    passes: int = 2
    sizing_options: SizingOptions = field(default_factory=SizingOptions)


@dataclass(frozen=True)
class Optimised:
    """The design after optimisation; slacks (n_endpoint) ps at the target period, before and after sizing."""

    netlist: Netlist
    placement: Placement
    wires: Wires
    fanout_buffers: int
    clock_buffers: int
    slack_before: Real
    slack_after: Real
    area_before: float
    area_after: float
    min_period: float


def clock_nets(netlist: Netlist, constraints: Constraints) -> Int:
    """Nets that feed a clock pin, or are the source of a clock: buffered as clock trees, never as data."""
    sources = {p for c in constraints.clocks for o in c.sources for p in o.patterns}
    ports = [int(n) for name, n in zip(netlist.port_names, netlist.port_net, strict=True) if name in sources]
    on = netlist.cells.pin_is_clock[netlist.pin_type] & (netlist.pin_net != NO_NET)
    return np.unique(np.concatenate([netlist.pin_net[on], np.array(ports, dtype=np.int32)])).astype(np.int32)


def _limits(technology: Technology, corner: int, role: str, rung: int, fanout: int, load_of_drive: float) -> FanoutLimits:
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


def _insert_trees(
    netlist: Netlist,
    technology: Technology,
    floorplan: Floorplan,
    placement: Placement,
    corner: int,
    nets: Int,
    limits: FanoutLimits,
    prefix: str,
) -> tuple[Netlist, Placement, int]:
    """Plan, insert and legally place the trees of ``nets``."""
    pin_x, pin_y = pin_positions(netlist, technology, placement)
    pin_cap = technology.corners.pin_cap[corner][netlist.pin_type]
    placed = plan_fanout_trees(netlist, pin_x, pin_y, pin_cap, limits, nets)
    count = len(placed.x)
    if count == 0:
        return netlist, placement, 0
    edited = insert_buffers(netlist, placed.plan, prefix)
    moved = replace_incremental(edited, technology, floorplan, placement, placed.x, placed.y)
    return edited, moved, count


def _heavy_nets(netlist: Netlist, skip: Int) -> Int:
    """Driven nets with sinks, other than ``skip`` and constants."""
    ptr, _ = sinks_by_net(netlist)
    heavy = (np.diff(ptr) > 1) & (netlist.net_constant < 0)
    heavy[skip] = False
    return np.flatnonzero(heavy).astype(np.int32)


def optimise_placed(
    netlist: Netlist,
    technology: Technology,
    floorplan: Floorplan,
    placement: Placement,
    constraints: Constraints,
    corner: int,
    vdd: int,
    period: float,
    options: PhysicalOptions | None = None,
    frozen: NDArray[np.bool_] | None = None,
    report: Report = lambda line: None,
) -> Optimised:
    """Build clock and fan-out trees where the sinks lie, size the gates for ``period``, keep the placement legal.

    Parameters
    ----------
    corner, vdd : row of ``technology.corners`` and index of ``technology.vdds`` at which the design is optimised.
    period : ps.
    frozen : (n_cell) instances that keep their drive.
    report : receives a line per step.
    """
    options = options or PhysicalOptions()
    keep = np.zeros(netlist.n_cells, dtype=bool) if frozen is None else frozen
    clocks = clock_nets(netlist, constraints)
    n_clock = n_fanout = 0
    if options.clock_tree and technology.roles.get("clock_buffer"):
        limits = _limits(technology, corner, "clock_buffer", 2, options.clock_fanout, 2 * options.load_of_drive)
        netlist, placement, n_clock = _insert_trees(
            netlist, technology, floorplan, placement, corner, clocks, limits, "clock_tree"
        )
        report(f"clock tree: {n_clock} buffers on {len(clocks)} nets")
        keep = np.concatenate([keep, np.ones(n_clock, dtype=bool)])
        clocks = np.concatenate([clocks, np.arange(netlist.n_nets - n_clock, netlist.n_nets, dtype=np.int32)])
    if options.buffering:
        limits = _limits(technology, corner, "buffer", 2, options.fanout, options.load_of_drive)
        netlist, placement, n_fanout = _insert_trees(
            netlist, technology, floorplan, placement, corner, _heavy_nets(netlist, clocks), limits, "fanout"
        )
        report(f"fan-out trees: {n_fanout} buffers")
        keep = np.concatenate([keep, np.zeros(n_fanout, dtype=bool)])
    wires = estimate_wires(netlist, technology, placement)
    cells = technology.cells
    area_before = float(cells.area[netlist.cell_type].sum())
    graph = TimingGraph(netlist, technology, constraints, wires, port_vdd=vdd)
    state = graph.evaluate(vdd)
    before = state.slacks(period)
    report(f"before sizing: {state.min_period():.0f} ps, {area_before:.0f} um2")
    if options.sizing:
        for number in range(options.passes):
            timed = graph

            def analyse(cell_type: Int, timed: TimingGraph = timed):  # type: ignore[no-untyped-def]
                return timing_view(timed, timed.evaluate(vdd, None, cell_type), period)

            result = size_gates(netlist, technology, corner, period, analyse, keep, options.sizing_options)
            netlist = replace_cells(netlist, result.cell_type)
            placement = replace_incremental(netlist, technology, floorplan, placement)
            wires = estimate_wires(netlist, technology, placement)
            graph = TimingGraph(netlist, technology, constraints, wires, port_vdd=vdd)
            state = graph.evaluate(vdd)
            area = float(cells.area[netlist.cell_type].sum())
            report(f"sizing pass {number + 1}: {len(result.area)} rounds, {state.min_period():.0f} ps, {area:.0f} um2")
    return Optimised(
        netlist=netlist,
        placement=placement,
        wires=wires,
        fanout_buffers=n_fanout,
        clock_buffers=n_clock,
        slack_before=before,
        slack_after=state.slacks(period),
        area_before=area_before,
        area_after=float(cells.area[netlist.cell_type].sum()),
        min_period=state.min_period(),
    )
