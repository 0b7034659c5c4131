"""Clocks through their trees: what a design's ports see of that."""

from __future__ import annotations

from dataclasses import replace

from finevh.constraints.model import Constraints, Objects

OUTSIDE = "_outside"
"""Name of the clock of the surroundings, behind that of the clock they share."""


def with_propagated_clocks(constraints: Constraints) -> Constraints:
    """Return constraints with clocks that take their way through the tree, and port delays against clocks that follow it.

    Port delays are written before there is a tree: what surrounds the design has trees of its own that are as long. Each clock
    that port delays refer to gets a virtual twin, late by the mean insertion delay of the registers; path exceptions that name
    the clock name the twin too. Constraints that say themselves that clocks are propagated are left as they are.
    """
    if constraints.propagated or any(clock.propagated for clock in constraints.clocks):
        return constraints
    real = {clock.name: clock for clock in constraints.clocks if clock.sources}
    used = {delay.clock for delay in (*constraints.input_delays, *constraints.output_delays)} & real.keys()
    names = {clock.name for clock in constraints.clocks}
    twin = {}
    for name in sorted(used):
        twin[name] = name + OUTSIDE
        while twin[name] in names:
            twin[name] += "_"

    def both(items: tuple[Objects, ...]) -> tuple[Objects, ...]:
        return tuple(
            replace(item, patterns=(*item.patterns, *(twin[p] for p in item.patterns if p in twin)))
            if item.kind in ("clock", "any")
            else item
            for item in items
        )

    twins = tuple(replace(real[name], name=twin[name], sources=(), follows_tree=True) for name in sorted(used))
    return replace(
        constraints,
        clocks=constraints.clocks + twins,
        input_delays=tuple(replace(d, clock=twin.get(d.clock, d.clock)) for d in constraints.input_delays),
        output_delays=tuple(replace(d, clock=twin.get(d.clock, d.clock)) for d in constraints.output_delays),
        exceptions=tuple(replace(e, from_=both(e.from_), to=both(e.to)) for e in constraints.exceptions),
        groups=tuple(
            replace(command, groups=tuple(group | {twin[n] for n in group if n in twin} for group in command.groups))
            for command in constraints.groups
        ),
        uncertainties=tuple(
            replace(item, from_=one, to=other)
            for item in constraints.uncertainties
            for one in dict.fromkeys((item.from_, twin.get(item.from_, item.from_)))
            for other in dict.fromkeys((item.to, twin.get(item.to, item.to)))
        ),
        propagated=True,
    )


def with_ideal_clocks(constraints: Constraints) -> Constraints:
    """Return constraints with clocks that are everywhere at once; what follows a tree is then not late."""
    clocks = tuple(replace(clock, propagated=False) for clock in constraints.clocks)
    return replace(constraints, clocks=clocks, propagated=False)
