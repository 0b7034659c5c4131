"""How often each internal-power group of each instance draws its energy, from the activity alone.

Liberty gives the internal energy of an output transition per related input (and condition): the toggles of the output are
shared out among those groups in proportion to how often the related pin toggles while the output follows it,
T(x) * P(when and df/dx) - OpenSTA's rule, with joint pattern probabilities instead of products where the activity has them.
Groups of a pin alone (hidden power) count every toggle of the pin, weighted with P(when).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import Activity
from finevh.technology.boolean import evaluate, parse_boolean, patterns, support
from finevh.technology.model import CellTable, Direction, Int, Kind, Real

__all__ = ["PowerTerms", "internal_terms"]


@dataclass(frozen=True)
class PowerTerms:
    """One row per (instance, group) that is ever active, sorted by instance."""

    cell: Int
    slew_pin: Int
    """Netlist pin whose slew indexes the table."""
    load_net: Int
    """Net whose load indexes the table, -1 for hidden power."""
    opposite: NDArray[np.bool_]
    """True where a rise of the output comes from a fall of the slew pin."""
    table: Int
    """(n_term, 2) table slots of rise and fall, -1 where absent."""
    weight: Real
    """(n_term, 2) rises and falls per clock cycle that this group accounts for."""


@dataclass(frozen=True)
class _Group:
    number: int
    source: int
    target: int
    condition: str
    derivative: tuple[str, str] | None
    """Function of the target and name of the source, for df/dx."""


def internal_terms(netlist: Netlist, activity: Activity) -> PowerTerms:
    """Weigh all internal-power groups of all instances."""
    rows: list[tuple[NDArray[np.int32], ...]] = []
    weights: list[Real] = []
    pin_rate = _of_pins(netlist, activity.toggle_rate)
    _rate_open_outputs(netlist, pin_rate)
    pin_probability = _of_pins(netlist, activity.probability)
    for kind in np.unique(netlist.cell_type):
        cells = np.flatnonzero(netlist.cell_type == kind).astype(np.int32)
        groups = _groups(netlist.cells, int(kind))
        if not groups:
            continue
        duty = np.stack([_duty(netlist, activity, int(kind), cells, g, pin_probability) for g in groups], axis=1)
        weight = _share(netlist.cells, groups, duty, pin_rate, netlist.pin_ptr[cells])
        for j, group in enumerate(groups):
            active = np.flatnonzero(weight[:, j].any(axis=1))
            rows.append(_columns(netlist, int(kind), cells[active], group))
            weights.append(weight[active, j])
    if not rows:
        none = np.zeros(0, dtype=np.int32)
        return PowerTerms(none, none, none, none.astype(bool), np.zeros((0, 2), dtype=np.int32), np.zeros((0, 2)))
    cell, slew_pin, load_net, opposite, rise, fall = (np.concatenate(column) for column in zip(*rows, strict=True))
    order = np.argsort(cell, kind="stable")
    table = np.stack((rise, fall), axis=1)
    return PowerTerms(
        cell[order],
        slew_pin[order],
        load_net[order],
        opposite[order] == 1,
        table[order],
        np.concatenate(weights)[order],
    )


def _of_pins(netlist: Netlist, net_value: Real) -> Real:
    """Value of each pin's net, 0 for open pins."""
    return np.where(netlist.pin_net == NO_NET, 0.0, net_value[np.maximum(netlist.pin_net, 0)])


def _rate_open_outputs(netlist: Netlist, pin_rate: Real) -> None:
    """Give open outputs of sequential cells (an unused QN) the rate of the cell's connected output of the same stored bit.

    Their transistors switch whether a net is there or not. Open outputs of other cells have no observed rate and count nothing.
    """
    cells = netlist.cells
    stored = np.array([set(support(f)) in ({"IQ"}, {"IQN"}) if f else False for f in cells.pin_function])
    rows = np.flatnonzero(stored[netlist.pin_type])
    best = np.zeros(netlist.n_cells)
    np.maximum.at(best, netlist.pin_cell[rows], pin_rate[rows])
    pin_rate[rows] = best[netlist.pin_cell[rows]]


def _groups(cells: CellTable, kind: int) -> list[_Group]:
    """Power groups of a base cell, outputs in conditions replaced by their functions."""
    base = int(cells.pin_ptr[kind])
    names = cells.pins(kind)
    sequential = cells.kind[kind] in (Kind.FLOP, Kind.LATCH, Kind.CLOCK_GATE)
    found = []
    for number in range(int(cells.power_ptr[kind]), int(cells.power_ptr[kind + 1])):
        source, target = int(cells.power_from[number]), int(cells.power_to[number])
        function = cells.pin_function[base + target]
        derivative = None
        if source >= 0 and not sequential and function and names[source] in support(function):
            derivative = (function, names[source])
        found.append(_Group(number, source, target, cells.power_when[number], derivative))
    return found


def _duty(netlist: Netlist, activity: Activity, kind: int, cells: Int, group: _Group, pin_probability: Real) -> Real:
    """(n_instance,) P(when and df/dx) of one group."""
    table = netlist.cells
    names = table.pins(kind)
    base = int(table.pin_ptr[kind])
    combinational = table.kind[kind] in (Kind.COMBINATIONAL, Kind.TIE)
    functions = {
        n: table.pin_function[base + j]
        for j, n in enumerate(names)
        if combinational and table.pin_direction[base + j] == Direction.OUTPUT and table.pin_function[base + j]
    }
    texts = [group.condition] if group.condition else []
    variables: dict[str, None] = {}
    for name in (v for text in (*texts, *(group.derivative or ())[:1]) for v in support(text)):
        for v in support(functions[name]) if name in functions else (name,):
            variables[v] = None
    order = tuple(variables)
    if not order:
        return np.ones(len(cells))
    bits = dict(zip(order, patterns(len(order)), strict=True))
    values = bits | {n: evaluate(parse_boolean(f), bits) for n, f in functions.items() if set(support(f)) <= set(order)}
    holds = np.ones(1 << len(order), dtype=bool)
    for text in texts:
        holds &= evaluate(parse_boolean(text), values)
    if group.derivative is not None:
        function, name = group.derivative
        y = evaluate(parse_boolean(function), values)
        holds &= y != y[np.arange(1 << len(order)) ^ (1 << order.index(name))]
    local = np.array([names.index(v) for v in order])
    return _probability_of(netlist, activity, kind, cells, local, holds, pin_probability)


def _probability_of(
    netlist: Netlist,
    activity: Activity,
    kind: int,
    cells: Int,
    local: NDArray[np.int64],
    holds: NDArray[np.bool_],
    pin_probability: Real,
) -> Real:
    """Probability of a set of patterns over some pins: joint where the leakage states hold them all, else a product."""
    table = netlist.cells
    state = table.state_pin[table.state_ptr[kind] : table.state_ptr[kind + 1]].tolist()
    if all(int(j) in state for j in local):
        codes = np.arange(1 << len(state))
        reduced = np.zeros_like(codes)
        for position, j in enumerate(local):
            reduced |= ((codes >> state.index(int(j))) & 1) << position
        start = activity.pattern_ptr[cells]
        return np.asarray(activity.pattern_probability[start[:, None] + codes[holds[reduced]]].sum(axis=1))
    product = np.ones((len(cells), 1))
    for j in local:
        p = pin_probability[netlist.pin_ptr[cells] + j][:, None]
        product = np.concatenate((product * (1.0 - p), product * p), axis=1)
    return np.asarray(product[:, holds].sum(axis=1))


def _share(cells: CellTable, groups: list[_Group], duty: Real, pin_rate: Real, first_pin: Int) -> Real:
    """(n_instance, n_group, 2) transitions per cycle of each group."""
    weight = np.zeros((*duty.shape, 2))
    for target in {g.target for g in groups}:
        rate = pin_rate[first_pin + target]
        for edge in (0, 1):
            members = [j for j, g in enumerate(groups) if g.target == target and cells.power_table[g.number, edge] >= 0]
            alone = [j for j in members if groups[j].source < 0]
            related = [j for j in members if groups[j].source >= 0]
            for j in alone:
                weight[:, j, edge] = 0.5 * rate * duty[:, j]
            if not related:
                continue
            share = np.stack([pin_rate[first_pin + groups[j].source] * duty[:, j] for j in related], axis=1)
            total = share.sum(axis=1, keepdims=True)
            # An output that toggled although no single input explains it (two at once): shared evenly.
            even = np.full_like(share, 1.0 / len(related))
            share = np.where(total > 0.0, share / np.where(total > 0.0, total, 1.0), even)
            weight[:, related, edge] = 0.5 * rate[:, None] * share
    return weight


def _columns(netlist: Netlist, kind: int, cells: Int, group: _Group) -> tuple[NDArray[np.int32], ...]:
    table = netlist.cells
    first = netlist.pin_ptr[cells]
    source = group.target if group.source < 0 else group.source
    is_output = table.pin_direction[table.pin_ptr[kind] + group.target] == Direction.OUTPUT
    n = len(cells)
    opposite = False
    if group.derivative is not None:
        opposite = _is_negative(*group.derivative)
    return (
        cells,
        (first + source).astype(np.int32),
        netlist.pin_net[first + group.target] if is_output else np.full(n, -1, dtype=np.int32),
        np.full(n, opposite, dtype=np.int32),
        np.full(n, table.power_table[group.number, 0], dtype=np.int32),
        np.full(n, table.power_table[group.number, 1], dtype=np.int32),
    )


def _is_negative(function: str, name: str) -> bool:
    """True where the function only falls when the pin rises."""
    names = support(function)
    bits = patterns(len(names))
    y = evaluate(parse_boolean(function), dict(zip(names, bits, strict=True)))
    j = names.index(name)
    return not bool(np.any(~y[~bits[j]] & y[bits[j]]))
