"""Power that a Liberty cell states supply by supply: what each supply pin draws adds up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from finevh.errors import InputError
from finevh.technology.liberty.boolean import patterns, support, truth_table
from finevh.technology.library import PowerArc, Table
from finevh.technology.model import Real
from finevh.technology.tables.reference import interpolate_table

__all__ = ["sum_leakage", "sum_supplies"]

_MOST_STATES = 12
"""Pins whose conditions are written out pattern by pattern."""


def _axis(a: Real, b: Real) -> Real:
    """Points of both axes; an axis of one point is constant and adds none."""
    longer = [axis for axis in (a, b) if axis.size > 1]
    return np.unique(np.concatenate(longer)) if longer else a


def _add(a: Table | None, b: Table | None) -> Table | None:
    """Sum of two tables: bilinear on the points of both, which is exact for both."""
    if a is None or b is None:
        return a if b is None else b
    if np.array_equal(a.x, b.x) and np.array_equal(a.y, b.y):
        return Table(a.x, a.y, a.values + b.values)
    x, y = _axis(a.x, b.x), _axis(a.y, b.y)
    values = [[interpolate_table(*a, s, c) + interpolate_table(*b, s, c) for c in y.tolist()] for s in x.tolist()]
    return Table(x, y, np.array(values))


def _both(a: PowerArc, b: PowerArc) -> PowerArc:
    when = a.when if not b.when or a.when == b.when else b.when if not a.when else f"({a.when}) & ({b.when})"
    return PowerArc(a.related, a.pin, when, _add(a.rise, b.rise), _add(a.fall, b.fall))


def sum_supplies(groups: Sequence[tuple[str, PowerArc]], odd: Callable[[str], None]) -> list[PowerArc]:
    """Internal energies of a cell, summed over its supply pins.

    Parameters
    ----------
    groups : (supply pin, group) in file order; supplies may state other conditions than each other.
    odd : told where one supply has conditions beside an unconditional group and another one other conditions: these are
        not summed.
    """
    supplies = dict.fromkeys(supply for supply, _ in groups)
    if len(supplies) < 2:
        return [group for _, group in groups]
    result: list[PowerArc] = []
    for related, pin in dict.fromkeys((group.related, group.pin) for _, group in groups):
        stated = [
            found
            for supply in supplies
            if (found := [g for s, g in groups if s == supply and (g.related, g.pin) == (related, pin)])
        ]
        total = stated[0]
        for other in stated[1:]:
            conditions = [g.when for g in total], [g.when for g in other]
            if conditions[0] == conditions[1]:
                total = [_both(a, b) for a, b in zip(total, other, strict=True)]
            elif any("" in c and len(c) > 1 for c in conditions):
                odd(f"internal_power of pin {pin} by supplies with conditions of their own")
                total = total + other
            else:
                total = [_both(a, b) for a in total for b in other]
        result += total
    return result


def sum_leakage(
    groups: Sequence[tuple[str, str, float]], pins: Sequence[str]
) -> tuple[list[tuple[str, float]], float | None]:
    """Leakage by condition, and that of states without condition (None where the cell states none).

    Parameters
    ----------
    groups : (supply pin, condition, value) in file order; the first condition that holds is that of a supply, and a group
        without condition is for the states that the others of the same supply leave.
    pins : pins of the cell, in order.

    Raises
    ------
    InputError
        If the supplies have conditions of their own over more than 12 pins.
    """
    by_supply: dict[str, dict[str, float]] = {}
    for supply, when, value in groups:
        states = by_supply.setdefault(supply, {})
        states[when] = states.get(when, 0.0) + value
    kinds = [set(states) for states in by_supply.values()]
    if all(kind == kinds[0] for kind in kinds):
        total: dict[str, float] = {}
        for states in by_supply.values():
            for when, value in states.items():
                total[when] = total.get(when, 0.0) + value
        bare = total.pop("", None)
        return list(total.items()), bare
    named = {name for kind in kinds for when in kind if when for name in support(when)}
    names = tuple(pin for pin in pins if pin in named)
    if len(names) > _MOST_STATES:
        raise InputError(f"leakage_power by supplies with conditions of their own over {len(names)} pins")
    bits = patterns(len(names))
    total_of, covered = np.zeros(bits.shape[1]), np.zeros(bits.shape[1], dtype=np.bool_)
    for states in by_supply.values():
        free = np.ones(bits.shape[1], dtype=np.bool_)
        for when, leakage in sorted(states.items(), key=lambda item: item[0] == ""):
            match = free & (truth_table(when, names) if when else True)
            total_of[match] += leakage
            free &= ~match
        covered |= ~free
    found = []
    for code in np.flatnonzero(covered).tolist():
        when = " & ".join(("" if bits[j, code] else "!") + name for j, name in enumerate(names))
        found.append((when, float(total_of[code])))
    return found, None
