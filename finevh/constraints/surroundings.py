"""Clocks through their trees: what a design's ports see of that."""

from __future__ import annotations

from dataclasses import replace

from finevh.constraints.model import Constraints, Objects, PortDelay

OUTSIDE = "_outside"
"""Name of the clock of the surroundings, behind that of the clock they share."""


def with_propagated_clocks(constraints: Constraints, ports_follow_tree: bool = False) -> Constraints:
    """Return constraints with clocks that take their way through the tree, and port delays against clocks that follow it.

    Port delays are written before there is a tree: what surrounds the design has trees of its own that are as long. Each clock
    that port delays refer to gets a virtual twin, late by the mean insertion delay of the registers; path exceptions that name
    the clock name the twin too. Constraints that say themselves that clocks are propagated are left as they are.

    With ``ports_follow_tree`` those too: their virtual clocks that port delays refer to follow the tree whatever latency they
    were given, which is the tree's at one supply alone.
    """
    stated = _states_propagation(constraints)
    if stated and not ports_follow_tree:
        return constraints
    if ports_follow_tree:
        constraints = _following(constraints)
    real = {clock.name: clock for clock in constraints.clocks if clock.sources}
    used = _clocks_of_ports(constraints) & real.keys()
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

    twins = tuple(
        replace(
            real[name], name=twin[name], sources=(), follows_tree=True, propagated=False, latency={}, source_latency={}
        )
        for name in sorted(used)
    )

    def moved(delay: PortDelay) -> PortDelay:
        """The delay against the twin; one that holds the latency of the network stays with the clock whose latency it holds."""
        if delay.clock not in twin or delay.network_included:
            return delay
        source = real[delay.clock].source_latency if delay.source_included else {}
        at = int(delay.clock_fall)  # the mean insertion holds the source latency
        values = {(end, edge): value - source.get((end, at), 0.0) for (end, edge), value in delay.values.items()}
        return replace(delay, clock=twin[delay.clock], values=values)

    return replace(
        constraints,
        clocks=constraints.clocks + twins,
        input_delays=tuple(map(moved, constraints.input_delays)),
        output_delays=tuple(map(moved, constraints.output_delays)),
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
        propagated=constraints.propagated or not stated,
    )


def fixed_outside(constraints: Constraints) -> tuple[str, ...]:
    """Names of the virtual clocks of port delays that would be late by a number where the design's clocks take their way.

    The number is the tree's insertion delay at one supply; at others the surroundings would be early or late by the difference.
    """
    used = _clocks_of_ports(constraints)
    return tuple(
        c.name for c in constraints.clocks if c.name in used and not c.sources and c.latency and not c.follows_tree
    )


def _states_propagation(constraints: Constraints) -> bool:
    return constraints.propagated or any(clock.propagated for clock in constraints.clocks)


def _clocks_of_ports(constraints: Constraints) -> set[str]:
    """Clocks that delays refer to which do not hold the latency of the network."""
    delays = (*constraints.input_delays, *constraints.output_delays)
    return {delay.clock for delay in delays if not delay.network_included}


def _following(constraints: Constraints) -> Constraints:
    """Constraints whose virtual clocks of port delays follow the tree."""
    used = _clocks_of_ports(constraints)
    clocks = tuple(
        replace(c, follows_tree=True, latency={}) if c.name in used and not c.sources else c for c in constraints.clocks
    )
    return replace(constraints, clocks=clocks)


def with_ideal_clocks(constraints: Constraints) -> Constraints:
    """Return constraints with clocks that are everywhere at once; what follows a tree is then not late."""
    clocks = tuple(replace(clock, propagated=False) for clock in constraints.clocks)
    return replace(constraints, clocks=clocks, propagated=False)
