"""Compiled kernels of gate sizing by Lagrangian relaxation: the flow of multipliers and one sweep of local choices.

Times in ps, capacitance in fF, area in um2, multipliers in um2/ps. Edges: 0 rise, 1 fall.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.base.order import topological_order
from finevh.netlist.model import Netlist
from finevh.technology.model import ArcType, Byte, Int, Kind, Real, Sense, Technology
from finevh.technology.tables.nldm import bilinear
from finevh.timing import columns


class Library(NamedTuple):
    """What the kernels read of the cells and of the tables of one corner (see ``CellTable`` and ``Corners``)."""

    kind: Byte
    pin_ptr: Int
    pin_direction: Byte
    arc_ptr: Int
    arc_from: Int
    arc_to: Int
    arc_type: Byte
    arc_sense: Byte
    arc_table: Int
    pin_cap: Real
    pin_max_cap: Real
    area: Real
    table_x: NDArray[np.int64]
    table_nx: Int
    table_y: NDArray[np.int64]
    table_ny: Int
    table_v: NDArray[np.int64]
    pool: Real

    @classmethod
    def of(cls, technology: Technology, corner: int) -> Library:
        """Return the columns of a technology at one of its corners."""
        cells, corners = technology.cells, technology.corners
        return cls(
            cells.kind,
            cells.pin_ptr,
            cells.pin_direction,
            cells.arc_ptr,
            cells.arc_from,
            cells.arc_to,
            cells.arc_type,
            cells.arc_sense,
            np.ascontiguousarray(cells.arc_table).reshape(-1),
            corners.pin_cap[corner],
            corners.pin_max_cap[corner],
            cells.area,
            corners.table_x[corner],
            corners.table_nx[corner],
            corners.table_y[corner],
            corners.table_ny[corner],
            corners.table_v[corner],
            corners.pool,
        )


class Network(NamedTuple):
    """What the kernels read of the netlist; ``net_driver`` (n_net) is the driving pin or -1."""

    pin_ptr: Int
    pin_net: Int
    pin_cell: Int
    net_driver: Int
    arc_base: NDArray[np.int64]
    """(n_cell + 1) number of each instance's first arc."""

    @classmethod
    def of(cls, netlist: Netlist, cell_type: Int) -> Network:
        """Return the columns of a netlist whose instances have the given types; a ladder's cells have the same arcs."""
        arcs = np.diff(netlist.cells.arc_ptr)[cell_type]
        arc_base = np.concatenate([[0], np.cumsum(arcs)]).astype(np.int64)
        return cls(netlist.pin_ptr, netlist.pin_net, netlist.pin_cell, netlist.net_driver_pin, arc_base)


class Rungs(NamedTuple):
    """Drive ladders (see :class:`~finevh.optimize.ladder.Ladders`)."""

    ladder_of: Int
    ptr: Int
    member: Int


_COMBINATIONAL = int(ArcType.COMBINATIONAL)
_RISING = int(ArcType.RISING_EDGE)
_FALLING = int(ArcType.FALLING_EDGE)
_NEGATIVE = int(Sense.NEGATIVE)
_NON_UNATE = int(Sense.NON_UNATE)
_GATE = int(Kind.COMBINATIONAL)
_TABLES = 4
"""Tables of an arc: delay and slew of either edge."""


@callee(forceinline=True, error_model="numpy")
def _value(lib: Library, t: int, slew: float, load: float) -> float:
    return bilinear(
        lib.pool, lib.table_x[t], lib.table_nx[t], lib.table_y[t], lib.table_ny[t], lib.table_v[t], slew, load
    )


@callee(forceinline=True, error_model="numpy")
def _gate_driver(lib: Library, net: Network, cell_type: Int, pin: int) -> int:
    """Instance of the gate that drives an input pin (row ``pin``), -1 for outputs, ports, registers and open pins."""
    i = net.pin_cell[pin]
    n = net.pin_net[pin]
    if lib.pin_direction[lib.pin_ptr[cell_type[i]] + pin - net.pin_ptr[i]] != 0 or n < 0 or net.net_driver[n] < 0:
        return -1
    source = net.pin_cell[net.net_driver[n]]
    return source if lib.kind[cell_type[source]] == _GATE else -1


@kernel(nogil=True, error_model="numpy")
def gate_order(lib: Library, net: Network, cell_type: Int) -> Int:
    """Topological order of the combinational instances, (n_gate) int32; members of a loop are left out."""
    n = cell_type.shape[0]
    waiting = np.empty(n, dtype=np.int32)
    waiting[:] = -1
    start = np.zeros(n + 1, dtype=np.int64)
    for i in range(n):
        if lib.kind[cell_type[i]] == _GATE:
            waiting[i] = 0
            for pin in range(net.pin_ptr[i], net.pin_ptr[i + 1]):
                source = _gate_driver(lib, net, cell_type, pin)
                if source >= 0:
                    waiting[i] += 1
                    start[source + 1] += 1
    for i in range(n):
        start[i + 1] += start[i]
    fill = start[:-1].copy()
    fan = np.empty(start[-1], dtype=np.int32)
    for i in range(n):
        if lib.kind[cell_type[i]] == _GATE:
            for pin in range(net.pin_ptr[i], net.pin_ptr[i + 1]):
                source = _gate_driver(lib, net, cell_type, pin)
                if source >= 0:
                    fan[fill[source]] = i
                    fill[source] += 1
    return topological_order(start, fan, waiting)


def raised(multiplier: Real, slack: Real, period: float, exponent: float) -> Real:
    """Multipliers of endpoints, um2/ps, for the next round: each grows as its arrival is to the period, to a power.

    ``multiplier * ((period - slack) / period) ** exponent``, in bounds that keep a round from running away; ``slack`` is
    (n_endpoint), it and ``period`` in ps.
    """
    criticality = np.clip((period - slack) / period, 0.3, 2.0)
    return np.clip(multiplier * criticality**exponent, 1e-9, 1e3)


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _latest(
    lib: Library, net: Network, i: int, a: int, edge: int, load: float, arrival: Real, slew: Real
) -> tuple[float, int]:
    """Latest arrival through arc ``a`` of instance ``i`` at an output edge, and the input edge it comes from (-1: none)."""
    t = lib.arc_table[_TABLES * a + edge]
    p = net.pin_ptr[i] + lib.arc_from[a]
    best, best_source = -math.inf, -1
    if t < 0 or lib.table_x[t] < 0 or net.pin_net[p] < 0:
        return best, best_source
    for source in range(2):
        unate = lib.arc_sense[a] != _NON_UNATE
        if (unate and (source != edge) != (lib.arc_sense[a] == _NEGATIVE)) or arrival[p, source] == -math.inf:
            continue
        through = arrival[p, source] + _value(lib, t, slew[p, source], load)
        if through > best:
            best, best_source = through, source
    return best, best_source


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _divide_flow(
    lib: Library,
    net: Network,
    i: int,
    c: int,
    output: int,
    edge: int,
    load: float,
    arrival: Real,
    slew: Real,
    temperature: float,
    net_lambda: Real,
    arc_lambda: Real,
    weight: Real,
    origin: Int,
) -> None:
    """Divide the multiplier of one output edge of a gate over the arcs into it.

    ``weight``, ``origin``: memory for the arcs of one cell.
    """
    flow = net_lambda[net.pin_net[net.pin_ptr[i] + output], edge]
    first, last = lib.arc_ptr[c], lib.arc_ptr[c + 1]
    latest = -math.inf
    for a in range(first, last):
        origin[a - first] = -1
        if lib.arc_to[a] == output and lib.arc_type[a] == _COMBINATIONAL:
            weight[a - first], origin[a - first] = _latest(lib, net, i, a, edge, load, arrival, slew)
            latest = max(latest, weight[a - first])
    if latest == -math.inf:
        return
    total = 0.0
    for k in range(last - first):
        if origin[k] >= 0:
            weight[k] = math.exp((weight[k] - latest) / temperature)
            total += weight[k]
    for k in range(last - first):
        if origin[k] >= 0:
            share = flow * weight[k] / total
            arc_lambda[net.arc_base[i] + k, edge] = share
            net_lambda[net.pin_net[net.pin_ptr[i] + lib.arc_from[first + k]], origin[k]] += share


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True, error_model="numpy")
def spread_multipliers(
    library: Library,
    network: Network,
    cell_type: Int,
    order: Int,
    sequential: Int,
    arrival: Real,
    slew: Real,
    net_load: Real,
    net_lambda: Real,
    arc_lambda: Real,
    temperature: float,
) -> None:
    """Carry the multipliers of the end points back through the gates, conserving flow at every net.

    At a gate output the flow divides over its arcs with weight exp((t - t_max) / temperature), t the arrival through the
    arc: the KKT condition at a smoothed maximum.

    Parameters
    ----------
    cell_type : (n_cell) drives in use.
    order, sequential : gates in topological order; registers.
    arrival, slew : (n_pin, 2) ps.
    net_load : (n_net) fF.
    net_lambda : (n_net, 2) end points' multipliers on entry, every net's on return.
    arc_lambda : (n_arc instances, 2) receives the multiplier of each arc by output edge.
    temperature : ps.
    """
    lib, net = columns(library), columns(network)
    arc_lambda[:] = 0.0
    most = 0
    for c in range(library.arc_ptr.shape[0] - 1):
        most = max(most, lib.arc_ptr[c + 1] - lib.arc_ptr[c])
    weight, origin = np.empty(most), np.empty(most, dtype=np.int32)
    for k in range(order.shape[0] - 1, -1, -1):
        i = order[k]
        c = cell_type[i]
        for output in range(net.pin_ptr[i + 1] - net.pin_ptr[i]):
            out_net = net.pin_net[net.pin_ptr[i] + output]
            if lib.pin_direction[lib.pin_ptr[c] + output] != 1 or out_net < 0:
                continue
            for edge in range(2):
                if net_lambda[out_net, edge] > 0.0:
                    _divide_flow(
                        lib,
                        net,
                        i,
                        c,
                        output,
                        edge,
                        net_load[out_net],
                        arrival,
                        slew,
                        temperature,
                        net_lambda,
                        arc_lambda,
                        weight,
                        origin,
                    )
    for k in range(sequential.shape[0]):
        i = sequential[k]
        c = cell_type[i]
        for a in range(lib.arc_ptr[c], lib.arc_ptr[c + 1]):
            out_net = net.pin_net[net.pin_ptr[i] + lib.arc_to[a]]
            if (lib.arc_type[a] == _RISING or lib.arc_type[a] == _FALLING) and out_net >= 0:
                for edge in range(2):
                    arc_lambda[net.arc_base[i] + a - lib.arc_ptr[c], edge] = net_lambda[out_net, edge]


# Columns by name: a compiled kernel takes plain arrays.
@callee(forceinline=True, error_model="numpy")
def _output_cost(
    lib: Library,
    net: Network,
    i: int,
    c: int,
    output: int,
    load: float,
    slew: Real,
    arc_lambda: Real,
    slew_weight: float,
    load_penalty: float,
) -> float:
    """Cost of one output of instance ``i`` as cell ``c``: multiplier x (delay + weighted slew) of its arcs, overload."""
    cost = 0.0
    limit = lib.pin_max_cap[lib.pin_ptr[c] + output]
    if load > limit:
        cost += load_penalty * (load / limit - 1.0)
    for a in range(lib.arc_ptr[c], lib.arc_ptr[c + 1]):
        if lib.arc_to[a] != output:
            continue
        p = net.pin_ptr[i] + lib.arc_from[a]
        for edge in range(2):
            flow = arc_lambda[net.arc_base[i] + a - lib.arc_ptr[c], edge]
            t, ts = lib.arc_table[_TABLES * a + edge], lib.arc_table[_TABLES * a + 2 + edge]
            if flow <= 0.0 or t < 0 or lib.table_x[t] < 0:
                continue
            if lib.arc_sense[a] == _NON_UNATE:
                s = max(slew[p, 0], slew[p, 1])
            else:
                s = slew[p, 1 - edge] if lib.arc_sense[a] == _NEGATIVE else slew[p, edge]
            delay = _value(lib, t, s, load)
            if ts >= 0 and lib.table_x[ts] >= 0:
                delay += slew_weight * _value(lib, ts, s, load)
            cost += flow * delay
    return cost


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True, error_model="numpy")
def choose_drives(
    library: Library,
    network: Network,
    ladders: Rungs,
    cell_type: Int,
    sweep: Int,
    slew: Real,
    arc_lambda: Real,
    net_load: Real,
    slew_weight: float,
    load_penalty: float,
) -> int:
    """Move each instance of ``sweep`` to the neighbouring rung of its ladder with the least area + multiplier x delay.

    Counts the instance's own arcs and those of the gates that drive it, whose load changes with its input capacitance.
    ``cell_type`` and ``net_load`` are updated in place, so later choices see earlier ones. Returns the number of changes.

    Parameters
    ----------
    sweep : instances in the order of choice.
    slew : (n_pin, 2) ps, of the last timing run.
    slew_weight, load_penalty : see ``SizingOptions``.
    """
    lib, net, rungs = columns(library), columns(network), columns(ladders)
    changed = 0
    for k in range(sweep.shape[0]):
        i = sweep[k]
        now = cell_type[i]
        ladder = rungs.ladder_of[now]
        if ladder < 0 or rungs.ptr[ladder + 1] - rungs.ptr[ladder] < 2:
            continue
        first = net.pin_ptr[i]
        n_pin = net.pin_ptr[i + 1] - first
        rung = rungs.ptr[ladder]
        while rungs.member[rung] != now:
            rung += 1
        best, best_cost = now, math.inf
        # One rung a round damps the swing of neighbours that all react to the same slack.
        for m in range(max(rung - 1, rungs.ptr[ladder]), min(rung + 2, rungs.ptr[ladder + 1])):
            c = rungs.member[m]
            cost = lib.area[c]
            for q in range(n_pin):
                n = net.pin_net[first + q]
                if n < 0:
                    continue
                if lib.pin_direction[lib.pin_ptr[c] + q] == 1:
                    cost += _output_cost(lib, net, i, c, q, net_load[n], slew, arc_lambda, slew_weight, load_penalty)
                    continue
                d = net.net_driver[n]
                if d >= 0:
                    source = net.pin_cell[d]
                    load = net_load[n] + lib.pin_cap[lib.pin_ptr[c] + q] - lib.pin_cap[lib.pin_ptr[now] + q]
                    output = d - net.pin_ptr[source]
                    cost += _output_cost(
                        lib, net, source, cell_type[source], output, load, slew, arc_lambda, slew_weight, load_penalty
                    )
            if cost < best_cost:
                best, best_cost = c, cost
        if best != now:
            for q in range(n_pin):
                n = net.pin_net[first + q]
                if n >= 0 and lib.pin_direction[lib.pin_ptr[best] + q] == 0:
                    net_load[n] += lib.pin_cap[lib.pin_ptr[best] + q] - lib.pin_cap[lib.pin_ptr[now] + q]
            cell_type[i] = best
            changed += 1
    return changed
