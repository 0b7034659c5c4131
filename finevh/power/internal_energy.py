"""Internal energy: how often each internal-power group of each instance draws, from the activity alone, and what.

Liberty gives the internal energy of an output transition per related input (and condition): the toggles of the output are
shared out among those groups in proportion to how often the related pin toggles while the output follows it,
T(x) * P(when and df/dx) - OpenSTA's rule, with joint pattern probabilities instead of products where the activity has them.
Groups of a pin alone (hidden power) count every toggle of the pin, weighted with P(when).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from finevh.base.kernel import kernel
from finevh.netlist.model import NO_NET, Netlist
from finevh.power.activity import Activity
from finevh.technology.liberty.boolean import evaluate, parse_boolean, patterns, support
from finevh.technology.model import CellTable, Direction, Int, Kind, Real
from finevh.technology.tables.nldm import bilinear

__all__ = ["PowerTerms", "internal_energy", "internal_terms"]


@dataclass(frozen=True)
class PowerTerms:
    """One row per (instance, group) that is ever active, base cell by base cell, group by group: tables are read in turn."""

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


_KNOWN: WeakKeyDictionary[Activity, tuple[Netlist, PowerTerms]] = WeakKeyDictionary()
"""Terms of activities in use: they hold for every assignment of variants and every supply."""


def internal_terms(netlist: Netlist, activity: Activity) -> PowerTerms:
    """Weigh all internal-power groups of all instances."""
    known = _KNOWN.get(activity)
    if known is None or known[0] is not netlist:
        known = netlist, _weigh(netlist, activity)
        _KNOWN[activity] = known
    return known[1]


def _weigh(netlist: Netlist, activity: Activity) -> PowerTerms:
    parts: list[PowerTerms] = []
    pin_rate = _of_pins(netlist, activity.toggle_rate)
    _rate_open_outputs(netlist, pin_rate)
    pin_probability = _of_pins(netlist, activity.probability)
    for kind in np.unique(netlist.cell_type):
        cells = np.flatnonzero(netlist.cell_type == kind).astype(np.int32)
        groups = _groups(netlist.cells, int(kind))
        if groups:
            duty = _duties(netlist, activity, int(kind), cells, groups, pin_probability)
            weight = _share(netlist.cells, groups, duty, pin_rate, netlist.pin_ptr[cells])
            parts.append(_rows(netlist, int(kind), cells, groups, weight))
    none = np.zeros(0, dtype=np.int32)
    parts.append(PowerTerms(none, none, none, none.astype(bool), np.zeros((0, 2), dtype=np.int32), np.zeros((0, 2))))
    return PowerTerms(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(PowerTerms)))


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


def _duties(
    netlist: Netlist, activity: Activity, kind: int, cells: Int, groups: list[_Group], pin_probability: Real
) -> Real:
    """(n_instance, n_group) P(when and df/dx): joint where the leakage states hold all pins of a group, else a product."""
    table = netlist.cells
    names = table.pins(kind)
    base = int(table.pin_ptr[kind])
    functions: tuple[tuple[str, str], ...] = ()
    if table.kind[kind] in (Kind.COMBINATIONAL, Kind.TIE):
        functions = tuple(
            (name, table.pin_function[base + j])
            for j, name in enumerate(names)
            if table.pin_direction[base + j] == Direction.OUTPUT and table.pin_function[base + j]
        )
    state = [names[j] for j in table.state_pin[table.state_ptr[kind] : table.state_ptr[kind + 1]]]
    codes = np.arange(1 << len(state))
    member = np.zeros((len(codes), len(groups)))
    duty = np.empty((len(cells), len(groups)))
    products: list[int] = []
    for g, group in enumerate(groups):
        order, holds = _condition(group.condition, group.derivative, functions)
        if not set(order) <= set(state):
            products.append(g)
            product = np.ones((len(cells), 1))
            for name in order:
                p = pin_probability[netlist.pin_ptr[cells] + names.index(name)][:, None]
                product = np.concatenate((product * (1.0 - p), product * p), axis=1)
            duty[:, g] = product[:, holds].sum(axis=1)
            continue
        reduced = np.zeros_like(codes)
        for position, name in enumerate(order):
            reduced |= ((codes >> state.index(name)) & 1) << position
        member[:, g] = holds[reduced]
    if len(products) < len(groups):
        joint = activity.pattern_probability[activity.pattern_ptr[cells][:, None] + codes] @ member
        kept = np.setdiff1d(np.arange(len(groups)), products)
        duty[:, kept] = joint[:, kept]
    return duty


@lru_cache(maxsize=4096)
def _condition(
    condition: str, derivative: tuple[str, str] | None, functions: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    """Names of the pins that decide, and in which of their patterns ``when and df/dx`` holds; outputs by their functions."""
    texts = [condition] if condition else []
    by_output = dict(functions)
    variables: dict[str, None] = {}
    for name in (v for text in (*texts, *(derivative or ())[:1]) for v in support(text)):
        for v in support(by_output[name]) if name in by_output else (name,):
            variables[v] = None
    order = tuple(variables)
    bits = dict(zip(order, patterns(len(order)), strict=True))
    values = bits | {n: evaluate(parse_boolean(f), bits) for n, f in functions if set(support(f)) <= set(order)}
    holds = np.ones(1 << len(order), dtype=bool)
    for text in texts:
        holds &= evaluate(parse_boolean(text), values)
    if derivative is not None:
        function, name = derivative
        y = evaluate(parse_boolean(function), values)
        holds &= y != y[np.arange(1 << len(order)) ^ (1 << order.index(name))]
    return order, holds


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


def _rows(netlist: Netlist, kind: int, cells: Int, groups: list[_Group], weight: Real) -> PowerTerms:
    table = netlist.cells
    group, row = np.nonzero(weight.any(axis=2).T)
    source = np.array([g.target if g.source < 0 else g.source for g in groups])[group]
    target = np.array([g.target for g in groups])[group]
    opposite = np.array([g.derivative is not None and _is_negative(*g.derivative) for g in groups])[group]
    first = netlist.pin_ptr[cells[row]]
    is_output = table.pin_direction[table.pin_ptr[kind] + target] == Direction.OUTPUT
    return PowerTerms(
        cells[row],
        (first + source).astype(np.int32),
        np.where(is_output, netlist.pin_net[first + target], -1).astype(np.int32),
        opposite,
        table.power_table[np.array([g.number for g in groups])[group]].astype(np.int32),
        weight[row, group],
    )


@lru_cache(maxsize=4096)
def _is_negative(function: str, name: str) -> bool:
    """True where the function only falls when the pin rises."""
    names = support(function)
    bits = patterns(len(names))
    y = evaluate(parse_boolean(function), dict(zip(names, bits, strict=True)))
    j = names.index(name)
    return not bool(np.any(~y[~bits[j]] & y[bits[j]]))


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True)
def internal_energy(
    cell: Int,
    slew_pin: Int,
    load_net: Int,
    opposite: NDArray[np.bool_],
    table: Int,
    weight: Real,
    corner: Int,
    load: Real,
    slew: Real,
    table_x: NDArray[np.int64],
    table_nx: Int,
    table_y: NDArray[np.int64],
    table_ny: Int,
    table_v: NDArray[np.int64],
    pool: Real,
) -> Real:
    """(n_term,) fJ per cycle of each power term: transitions times the table's energy at slew and load."""
    energy = np.zeros(len(cell))
    for t in range(len(cell)):
        c = corner[cell[t]]
        capacitance = load[load_net[t]] if load_net[t] >= 0 else 0.0
        for edge in range(2):
            slot = table[t, edge]
            if slot < 0 or weight[t, edge] == 0.0 or table_v[c, slot] < 0:
                continue
            ramp = slew[slew_pin[t], 1 - edge if opposite[t] else edge]
            x, nx, y, ny = table_x[c, slot], table_nx[c, slot], table_y[c, slot], table_ny[c, slot]
            energy[t] += weight[t, edge] * bilinear(pool, x, nx, y, ny, table_v[c, slot], ramp, capacitance)
    return energy
