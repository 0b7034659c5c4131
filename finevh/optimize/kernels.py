"""Compiled kernels of gate sizing by Lagrangian relaxation: the flow of multipliers and one sweep of local choices.

All arrays are those of :class:`~finevh.netlist.model.Netlist` and of one corner of
:class:`~finevh.technology.model.Corners`; times in ps, capacitance in fF, area in um2, multipliers in um2/ps.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from finevh.technology.model import ArcType, Byte, Int, Kind, Real, Sense

_COMBINATIONAL = int(ArcType.COMBINATIONAL)
_RISING = int(ArcType.RISING_EDGE)
_FALLING = int(ArcType.FALLING_EDGE)
_NEGATIVE = int(Sense.NEGATIVE)
_NON_UNATE = int(Sense.NON_UNATE)
_GATE = int(Kind.COMBINATIONAL)


@njit(cache=True)
def lookup(
    pool: Real, x0: int, nx: int, y0: int, ny: int, v0: int, slew: float, load: float
) -> float:  # pragma: no cover - compiled
    """Bilinear table value with linear extrapolation, as NLDM prescribes."""
    if nx == 1:
        i, u = 0, 0.0
    else:
        i = 0
        while i < nx - 2 and slew >= pool[x0 + i + 1]:
            i += 1
        u = (slew - pool[x0 + i]) / (pool[x0 + i + 1] - pool[x0 + i])
    if ny == 1:
        j, w = 0, 0.0
    else:
        j = 0
        while j < ny - 2 and load >= pool[y0 + j + 1]:
            j += 1
        w = (load - pool[y0 + j]) / (pool[y0 + j + 1] - pool[y0 + j])
    a = v0 + i * ny + j
    low = pool[a] if ny == 1 else pool[a] * (1.0 - w) + pool[a + 1] * w
    if nx == 1:
        return float(low)
    b = a + ny
    high = pool[b] if ny == 1 else pool[b] * (1.0 - w) + pool[b + 1] * w
    return float(low * (1.0 - u) + high * u)


@njit(cache=True)
def gate_order(
    cell_type: Int,
    kind: Byte,
    pin_ptr: Int,
    pin_net: Int,
    cell_pin_ptr: Int,
    pin_direction: Byte,
    net_driver: Int,
    pin_cell: Int,
) -> Int:  # pragma: no cover - compiled
    """Topological order of the combinational instances; members of a loop are left out."""
    n = cell_type.shape[0]
    waiting = np.zeros(n, dtype=np.int32)
    fan_count = np.zeros(n + 1, dtype=np.int64)
    for i in range(n):
        if kind[cell_type[i]] != _GATE:
            continue
        base = cell_pin_ptr[cell_type[i]]
        for p in range(pin_ptr[i], pin_ptr[i + 1]):
            net = pin_net[p]
            if pin_direction[base + p - pin_ptr[i]] != 0 or net < 0 or net_driver[net] < 0:
                continue
            source = pin_cell[net_driver[net]]
            if kind[cell_type[source]] == _GATE:
                waiting[i] += 1
                fan_count[source + 1] += 1
    start = np.cumsum(fan_count)
    fill = start[:-1].copy()
    fan = np.empty(start[-1], dtype=np.int32)
    for i in range(n):
        if kind[cell_type[i]] != _GATE:
            continue
        base = cell_pin_ptr[cell_type[i]]
        for p in range(pin_ptr[i], pin_ptr[i + 1]):
            net = pin_net[p]
            if pin_direction[base + p - pin_ptr[i]] != 0 or net < 0 or net_driver[net] < 0:
                continue
            source = pin_cell[net_driver[net]]
            if kind[cell_type[source]] == _GATE:
                fan[fill[source]] = i
                fill[source] += 1
    order = np.empty(n, dtype=np.int32)
    tail = 0
    for i in range(n):
        if kind[cell_type[i]] == _GATE and waiting[i] == 0:
            order[tail] = i
            tail += 1
    head = 0
    while head < tail:
        i = order[head]
        head += 1
        for k in range(start[i], start[i + 1]):
            j = fan[k]
            waiting[j] -= 1
            if waiting[j] == 0:
                order[tail] = j
                tail += 1
    return order[:tail].copy()


@njit(cache=True)
def spread_multipliers(
    cell_type: Int,
    kind: Byte,
    pin_ptr: Int,
    pin_net: Int,
    order: Int,
    sequential: Int,
    arc_ptr: Int,
    arc_from: Int,
    arc_to: Int,
    arc_type: Byte,
    arc_sense: Byte,
    arc_table: Int,
    arc_base: NDArray[np.int64],
    table_x: NDArray[np.int64],
    table_nx: Int,
    table_y: NDArray[np.int64],
    table_ny: Int,
    table_v: NDArray[np.int64],
    pool: Real,
    arrival: Real,
    slew: Real,
    net_load: Real,
    net_lambda: Real,
    arc_lambda: Real,
    temperature: float,
) -> None:  # pragma: no cover - compiled
    """Carry the multipliers of the end points back through the gates, conserving flow at every net.

    ``net_lambda`` (n_net, 2) holds the end points' multipliers on entry and every net's on return; ``arc_lambda``
    (n_arc instances, 2) receives the multiplier of each arc by output edge. At a gate output the flow divides over its arcs
    with weight exp((t - t_max) / temperature), t the arrival through the arc: the KKT condition at a smoothed maximum.
    """
    arc_lambda[:] = 0.0
    for k in range(order.shape[0] - 1, -1, -1):
        i = order[k]
        c = cell_type[i]
        first = pin_ptr[i]
        for edge in range(2):
            # A gate may have several outputs (adders): arcs of one output share its flow.
            for a in range(arc_ptr[c], arc_ptr[c + 1]):
                o = arc_to[a]
                seen = False
                for b in range(arc_ptr[c], a):
                    if arc_to[b] == o and arc_type[b] == _COMBINATIONAL:
                        seen = True
                        break
                if seen or arc_type[a] != _COMBINATIONAL:
                    continue
                out_net = pin_net[first + o]
                if out_net < 0:
                    continue
                flow = net_lambda[out_net, edge]
                if flow <= 0.0:
                    continue
                load = net_load[out_net]
                latest = -math.inf
                for b in range(a, arc_ptr[c + 1]):
                    if arc_to[b] != o or arc_type[b] != _COMBINATIONAL:
                        continue
                    t = arc_table[b, edge]
                    if t < 0 or table_x[t] < 0 or pin_net[first + arc_from[b]] < 0:
                        continue
                    p = first + arc_from[b]
                    for source in range(2):
                        if arc_sense[b] != _NON_UNATE and (source != edge) != (arc_sense[b] == _NEGATIVE):
                            continue
                        if arrival[p, source] == -math.inf:
                            continue
                        d = lookup(
                            pool, table_x[t], table_nx[t], table_y[t], table_ny[t], table_v[t], slew[p, source], load
                        )
                        latest = max(latest, arrival[p, source] + d)
                if latest == -math.inf:
                    continue
                total = 0.0
                for step in range(2):
                    for b in range(a, arc_ptr[c + 1]):
                        if arc_to[b] != o or arc_type[b] != _COMBINATIONAL:
                            continue
                        t = arc_table[b, edge]
                        if t < 0 or table_x[t] < 0 or pin_net[first + arc_from[b]] < 0:
                            continue
                        p = first + arc_from[b]
                        best, best_source = -math.inf, -1
                        for source in range(2):
                            if arc_sense[b] != _NON_UNATE and (source != edge) != (arc_sense[b] == _NEGATIVE):
                                continue
                            if arrival[p, source] == -math.inf:
                                continue
                            d = lookup(
                                pool,
                                table_x[t],
                                table_nx[t],
                                table_y[t],
                                table_ny[t],
                                table_v[t],
                                slew[p, source],
                                load,
                            )
                            if arrival[p, source] + d > best:
                                best, best_source = arrival[p, source] + d, source
                        if best_source < 0:
                            continue
                        weight = math.exp((best - latest) / temperature)
                        if step == 0:
                            total += weight
                        else:
                            share = flow * weight / total
                            arc_lambda[arc_base[i] + b - arc_ptr[c], edge] = share
                            net_lambda[pin_net[p], best_source] += share
    for k in range(sequential.shape[0]):
        i = sequential[k]
        c = cell_type[i]
        for a in range(arc_ptr[c], arc_ptr[c + 1]):
            if arc_type[a] != _RISING and arc_type[a] != _FALLING:
                continue
            out_net = pin_net[pin_ptr[i] + arc_to[a]]
            if out_net >= 0:
                for edge in range(2):
                    arc_lambda[arc_base[i] + a - arc_ptr[c], edge] = net_lambda[out_net, edge]


@njit(cache=True)
def _arcs_cost(
    c: int,
    first: int,
    base: int,
    only_output: int,
    load: float,
    arc_ptr: Int,
    arc_from: Int,
    arc_to: Int,
    arc_sense: Byte,
    arc_table: Int,
    table_x: NDArray[np.int64],
    table_nx: Int,
    table_y: NDArray[np.int64],
    table_ny: Int,
    table_v: NDArray[np.int64],
    pool: Real,
    slew: Real,
    arc_lambda: Real,
    slew_weight: float,
) -> float:  # pragma: no cover - compiled
    """Sum of multiplier times (delay + slew_weight * output slew) over the arcs of one output of an instance of cell ``c``."""
    cost = 0.0
    for a in range(arc_ptr[c], arc_ptr[c + 1]):
        if arc_to[a] != only_output:
            continue
        for edge in range(2):
            flow = arc_lambda[base + a - arc_ptr[c], edge]
            t = arc_table[a, edge]
            if flow <= 0.0 or t < 0 or table_x[t] < 0:
                continue
            p = first + arc_from[a]
            if arc_sense[a] == _NON_UNATE:
                s = max(slew[p, 0], slew[p, 1])
            elif arc_sense[a] == _NEGATIVE:
                s = slew[p, 1 - edge]
            else:
                s = slew[p, edge]
            d = lookup(pool, table_x[t], table_nx[t], table_y[t], table_ny[t], table_v[t], s, load)
            t = arc_table[a, 2 + edge]
            if t >= 0 and table_x[t] >= 0:
                d += slew_weight * lookup(pool, table_x[t], table_nx[t], table_y[t], table_ny[t], table_v[t], s, load)
            cost += flow * d
    return cost


@njit(cache=True)
def choose_drives(
    cell_type: Int,
    pin_ptr: Int,
    pin_net: Int,
    pin_cell: Int,
    net_driver: Int,
    sweep: Int,
    ladder_of: Int,
    ladder_ptr: Int,
    ladder_member: Int,
    area: Real,
    area_weight: float,
    cell_pin_ptr: Int,
    pin_direction: Byte,
    pin_cap: Real,
    pin_max_cap: Real,
    load_penalty: float,
    arc_ptr: Int,
    arc_from: Int,
    arc_to: Int,
    arc_sense: Byte,
    arc_table: Int,
    arc_base: NDArray[np.int64],
    table_x: NDArray[np.int64],
    table_nx: Int,
    table_y: NDArray[np.int64],
    table_ny: Int,
    table_v: NDArray[np.int64],
    pool: Real,
    slew: Real,
    arc_lambda: Real,
    net_load: Real,
    slew_weight: float,
) -> int:  # pragma: no cover - compiled
    """Give each instance of ``sweep`` the member of its ladder with the least area + multiplier-weighted delay.

    Counts the instance's own arcs and the arcs of the gates that drive it (their load changes with its input capacitance).
    ``cell_type`` and ``net_load`` are updated in place, so later choices see earlier ones. Returns the number of changes.
    """
    changed = 0
    for k in range(sweep.shape[0]):
        i = sweep[k]
        now = cell_type[i]
        ladder = ladder_of[now]
        if ladder < 0 or ladder_ptr[ladder + 1] - ladder_ptr[ladder] < 2:
            continue
        first = pin_ptr[i]
        n_pin = pin_ptr[i + 1] - first
        best, best_cost = now, math.inf
        rung = ladder_ptr[ladder]
        while ladder_member[rung] != now:
            rung += 1
        # One rung a round damps the swing of neighbours that all react to the same slack.
        for m in range(max(rung - 1, ladder_ptr[ladder]), min(rung + 2, ladder_ptr[ladder + 1])):
            c = ladder_member[m]
            cost = area_weight * area[c]
            for q in range(n_pin):
                net = pin_net[first + q]
                if net < 0:
                    continue
                if pin_direction[cell_pin_ptr[c] + q] == 1:
                    load = net_load[net]
                    limit = pin_max_cap[cell_pin_ptr[c] + q]
                    if load > limit:
                        cost += load_penalty * (load / limit - 1.0)
                    cost += _arcs_cost(
                        c,
                        first,
                        arc_base[i],
                        q,
                        load,
                        arc_ptr,
                        arc_from,
                        arc_to,
                        arc_sense,
                        arc_table,
                        table_x,
                        table_nx,
                        table_y,
                        table_ny,
                        table_v,
                        pool,
                        slew,
                        arc_lambda,
                        slew_weight,
                    )
                else:
                    d = net_driver[net]
                    if d < 0:
                        continue
                    source = pin_cell[d]
                    load = net_load[net] + pin_cap[cell_pin_ptr[c] + q] - pin_cap[cell_pin_ptr[now] + q]
                    limit = pin_max_cap[cell_pin_ptr[cell_type[source]] + d - pin_ptr[source]]
                    if load > limit:
                        cost += load_penalty * (load / limit - 1.0)
                    cost += _arcs_cost(
                        cell_type[source],
                        pin_ptr[source],
                        arc_base[source],
                        d - pin_ptr[source],
                        load,
                        arc_ptr,
                        arc_from,
                        arc_to,
                        arc_sense,
                        arc_table,
                        table_x,
                        table_nx,
                        table_y,
                        table_ny,
                        table_v,
                        pool,
                        slew,
                        arc_lambda,
                        slew_weight,
                    )
            if cost < best_cost:
                best, best_cost = c, cost
        if best != now:
            for q in range(n_pin):
                net = pin_net[first + q]
                if net >= 0 and pin_direction[cell_pin_ptr[best] + q] == 0:
                    net_load[net] += pin_cap[cell_pin_ptr[best] + q] - pin_cap[cell_pin_ptr[now] + q]
            cell_type[i] = best
            changed += 1
    return changed
