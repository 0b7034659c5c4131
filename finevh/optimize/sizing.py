"""Gate sizing by Lagrangian relaxation: the drive of every gate for a target period at the least area.

A netlist and a way to time it come in, the drive of each instance goes out. End points that miss the period gain weight,
those that meet it lose weight; the weights flow back through the gates, and each gate takes the drive with the least
area + weight x delay. The method minimises area where there is slack, which matters here: needless slack would flatter
every scheme that lowers voltages.

Source: C. P. Chen, C. C. N. Chu, D. F. Wong, "Fast and exact simultaneous gate and wire sizing by Lagrangian relaxation",
IEEE TCAD 18(7), 1999; discrete drives and the smoothed flow follow common practice after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.netlist.model import NO_NET, Netlist
from finevh.optimize.ladder import drive_ladders
from finevh.optimize.lagrangian import Library, Network, Rungs, choose_drives, gate_order, raised, spread_multipliers
from finevh.technology.model import Direction, Int, Kind, Real, Technology


@dataclass(frozen=True)
class TimingView:
    """What sizing reads of a timing run.

    ``arrival`` and ``slew`` are (n_pin, 2), ps, columns rise and fall, -inf where nothing arrives; ``endpoint_net``,
    ``endpoint_edge`` and ``endpoint_slack`` (n_endpoint) name the net and edge that ends a path and its slack, ps.
    ``net_wire_cap`` (n_net) is fF.
    """

    arrival: Real
    slew: Real
    endpoint_net: Int
    endpoint_edge: Int
    endpoint_slack: Real
    net_wire_cap: Real

    @property
    def worst_slack(self) -> float:
        """Smallest end-point slack, ps."""
        return float(self.endpoint_slack.min())


@dataclass(frozen=True)
class SizingOptions:
    """Knobs of the relaxation; the defaults were chosen on RI5CY and hold for the other designs.

    Attributes
    ----------
    rounds : timing runs at most.
    patience : rounds without a better design after which sizing ends.
    exponent : power with which a missed period raises a multiplier.
    start : first multiplier of every end point, um2/ps.
    temperature : smoothing of the worst arrival, as a fraction of the period.
    slew_weight : how much of an output slew is counted as delay of the next gate.
    load_penalty : um2 for each 100 % over a pin's maximum capacitance.
    """

    rounds: int = 60
    patience: int = 15
    exponent: float = 2.0
    start: float = 0.01
    temperature: float = 0.03
    slew_weight: float = 0.4
    load_penalty: float = 100.0


@dataclass(frozen=True)
class SizingResult:
    """Drives found: ``cell_type`` (n_cell), and area um2 and worst slack ps after each round."""

    cell_type: Int
    area: list[float]
    worst_slack: list[float]


def _net_loads(netlist: Netlist, cell_type: Int, pin_cap: Real, wire_cap: Real) -> Real:
    """Wire and pin capacitance of each net, fF."""
    local = np.arange(len(netlist.pin_net)) - netlist.pin_ptr[netlist.pin_cell]
    pin_type = netlist.cells.pin_ptr[cell_type[netlist.pin_cell]] + local
    sink = (netlist.cells.pin_direction[pin_type] == Direction.INPUT) & (netlist.pin_net != NO_NET)
    pins = np.bincount(netlist.pin_net[sink], weights=pin_cap[pin_type[sink]], minlength=netlist.n_nets)
    return np.asarray(wire_cap + pins)


# Long: the loop of the method, as published: time, rank, weigh, choose.
def size_gates(
    netlist: Netlist,
    technology: Technology,
    corner: int,
    period: float,
    analyse: Callable[[Int], TimingView],
    frozen: NDArray[np.bool_],
    options: SizingOptions | None = None,
    progress: Callable[[int, float, float], None] | None = None,
) -> SizingResult:
    """Choose the drive of every instance for ``period`` at the least area.

    Parameters
    ----------
    corner : row of ``technology.corners`` at which the design is sized.
    period : ps; end-point slacks of ``analyse`` are against this period.
    analyse : times the netlist with the given drives (n_cell).
    frozen : (n_cell) instances that keep their drive (clock tree, configuration chain).
    progress : called with round, worst slack and area.

    Returns
    -------
    SizingResult
        The smallest design that meets the period; where none does, the one with the best worst slack.
    """
    options = options or SizingOptions()
    cells, corners = technology.cells, technology.corners
    ladders = drive_ladders(technology)
    rungs = Rungs(ladders.ladder_of, ladders.ptr, ladders.member)
    cell_type = netlist.cell_type.copy()
    lib = Library.of(technology, corner)
    net = Network.of(netlist, cell_type)
    order = gate_order(lib, net, cell_type)
    sequential = np.flatnonzero(np.isin(cells.kind[cell_type], (Kind.FLOP, Kind.LATCH))).astype(np.int32)
    sweep = np.concatenate([sequential, order])[::-1]
    sweep = np.ascontiguousarray(sweep[~frozen[sweep]])
    arc_lambda = np.zeros((net.arc_base[-1], 2))
    multiplier: Real | None = None
    history_area: list[float] = []
    history_slack: list[float] = []
    best: tuple[tuple[bool, float], Int] | None = None
    best_round = 0
    for number in range(options.rounds):
        view = analyse(cell_type)
        area = float(cells.area[cell_type].sum())
        history_area.append(area)
        history_slack.append(view.worst_slack)
        if progress is not None:
            progress(number, view.worst_slack, area)
        # Feasible designs rank by area, infeasible ones by slack; any feasible one ranks first.
        met = view.worst_slack >= 0.0
        rank = (not met, area if met else -view.worst_slack)
        if best is None or rank < best[0]:
            best, best_round = (rank, cell_type.copy()), number
        elif number - best_round >= options.patience:
            break
        if multiplier is None:
            multiplier = np.full(len(view.endpoint_slack), options.start)
        multiplier = raised(multiplier, view.endpoint_slack, period, options.exponent)
        net_lambda = np.zeros((netlist.n_nets, 2))
        np.add.at(net_lambda, (view.endpoint_net, view.endpoint_edge), multiplier)
        net_load = _net_loads(netlist, cell_type, corners.pin_cap[corner], view.net_wire_cap)
        spread_multipliers(
            lib, net, cell_type, order, sequential, view.arrival, view.slew, net_load, net_lambda, arc_lambda,
            options.temperature * period,
        )  # fmt: skip
        choose_drives(
            lib,
            net,
            rungs,
            cell_type,
            sweep,
            view.slew,
            arc_lambda,
            net_load,
            options.slew_weight,
            options.load_penalty,
        )
    assert best is not None
    return SizingResult(best[1], history_area, history_slack)
