"""What a launching clock edge and a capturing one mean for each other: periods between, latencies, uncertainty, exceptions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.constraints.edges import separation
from finevh.constraints.model import Constraints, PathException
from finevh.constraints.objects import Names
from finevh.errors import InputError
from finevh.technology.model import Int, Real
from finevh.timing.graph.exceptions import Hits, applying_exceptions, by_strength, cut_false_paths, multicycle_shift
from finevh.timing.graph.starts import clock_latency
from finevh.timing.graph.structure import Structure
from finevh.timing.graph.tags import NO_CLOCK, Tag, TagSet, common_latency


@dataclass(frozen=True)
class Relation:
    """Launch against capture at sinks: (n) arrays."""

    coefficient: Real
    add: Real
    """(n, 2) ps by data edge; nan where the edge is not checked."""
    alive: NDArray[np.bool_]
    delayed: NDArray[np.bool_]
    """Where a maximum or minimum delay takes the place of clock edges."""


class EdgeRelations:
    """Relations of one end, setup or hold."""

    def __init__(self, names: Names, constraints: Constraints, tags: TagSet, structure: Structure, hold: bool) -> None:
        self.names, self.constraints, self.tags, self.structure = names, constraints, tags, structure
        self.hold, self.clocks = hold, constraints.clocks
        self.order = by_strength(tags.exceptions)
        self.reference = self.clocks[0].period if self.clocks else 1.0

    def _propagated(self, clock: int) -> bool:
        return self.constraints.is_propagated(self.clocks[clock])

    def _latency(self, clock: int, edge: int, late: bool) -> float:
        return clock_latency(self.clocks[clock], edge, "max" if late else "min", self._propagated(clock))

    def _apart(self, launch: int, capture: int) -> bool:
        """Whether two clocks are in groups between which nothing is timed."""
        if launch == capture:
            return False
        a, b = self.clocks[launch].name, self.clocks[capture].name
        for command in self.constraints.groups:
            place = [[i for i, group in enumerate(command.groups) if name in group] for name in (a, b)]
            if len(command.groups) == 1:
                if bool(place[0]) != bool(place[1]):
                    return True
            elif place[0] and place[1] and not set(place[0]) & set(place[1]):
                return True
        return False

    def _uncertainty(self, launch: Tag, capture: int, edge: int) -> float:
        target = self.clocks[capture]
        found = target.hold_uncertainty if self.hold else target.setup_uncertainty
        for item in self.constraints.uncertainties:
            value = item.hold if self.hold else item.setup
            if (
                value is not None
                and (item.from_, item.to) == (self.clocks[launch.clock].name, target.name)
                and item.from_edge in (None, launch.edge)
                and item.to_edge in (None, edge)
            ):
                found = value
        return found

    def _rules(self, launch: Tag, clock: int, edge: int, sinks: Int, hold: bool) -> Hits:
        passed = self.tags.progress(launch)
        bound = ((self.tags.exceptions[i], passed[i]) for i in self.order)
        return applying_exceptions(bound, clock, edge, sinks, self.structure.sink_pin[sinks], hold)

    def relate(
        self, launch: Tag, clock: int, edge: int, sinks: Int, gap: float | None = None, port: bool = False
    ) -> Relation:
        """A launching tag against a capturing clock edge (``NO_CLOCK`` for none) at some sinks.

        Parameters
        ----------
        gap : float, optional
            ps between the two edges where that is not the distance between the nearest ones.
        port
            The sinks are ports: a maximum delay to them counts no latency or uncertainty of the clock outside.
        """
        n = len(sinks)
        timed = NO_CLOCK not in (launch.clock, clock)
        # Clocks of different groups have no paths, whatever the exceptions say.
        together = not (timed and self._apart(launch.clock, clock))
        alive = np.full(n, timed and together)
        delayed = np.zeros(n, dtype=bool)
        add = np.zeros((n, 2))
        gaps = np.zeros(n)
        if timed:
            setup, hold_gap = separation(self.clocks[launch.clock], launch.edge, self.clocks[clock], edge)
            gaps += (hold_gap if self.hold else setup) if gap is None else gap
            gaps += launch.offset
            add += self._uncertainty(launch, clock, edge)
        add += self._skew(launch, clock, edge, port)[0]
        rules = self._rules(launch, clock, edge, sinks, self.hold)
        shifts = np.zeros(n)
        if timed:
            # A hold check follows the edge of the setup check.
            of_setup = self._rules(launch, clock, edge, sinks, False) if self.hold else rules
            hold_rules = rules if self.hold else None
            shifts = multicycle_shift(of_setup, hold_rules, self.clocks[launch.clock], self.clocks[clock], n)
        for hit, source in rules:
            if source.rule.limits_delay:
                delayed |= hit
                alive |= hit & together
                if source.ignore_latency:
                    by_port = launch.outside or self._from_ports(source)
                    self._check_ideal(source, NO_CLOCK if by_port else launch.clock, NO_CLOCK if port else clock)
                # Behind an open latch the delay counts from its opening.
                gaps[hit], shifts[hit] = launch.offset, 0.0
                plain = self._uncertainty(launch, clock, edge) if timed else 0.0
                launched, captured = self._skew(launch, clock, edge)[1:]
                if source.ignore_latency and not launch.outside:
                    launched = 0.0
                base = -launched if self.hold else launched
                if not (source.ignore_latency or port):
                    base += plain + (captured if self.hold else -captured)
                add[hit] = base + (source.delay if self.hold else -source.delay)
        cut_false_paths(rules, alive, add, clock != NO_CLOCK)
        gaps += shifts
        return Relation((-gaps if self.hold else gaps) / self.reference, add, alive, delayed)

    def _from_ports(self, source: PathException) -> bool:
        """Whether an exception is of paths from ports alone."""
        kinds = {self.names.kind_of(item) for item in source.from_}
        return bool(kinds) and kinds <= {"port", "inputs", "inputs_no_clocks"}

    def _check_ideal(self, source: PathException, *clocks: int) -> None:
        """Refuse ``-ignore_clock_latency`` where latencies are arrivals, which no row leaves out."""
        late = [self.clocks[c].name for c in clocks if c != NO_CLOCK and self._propagated(c)]
        if late:
            raise InputError(
                f"{source.where}: -ignore_clock_latency is not understood where a clock is propagated, as '{late[0]}' is; leave"
                " it out, or keep the clock ideal"
            )

    def _skew(self, launch: Tag, clock: int, edge: int, port: bool = False) -> tuple[float, float, float]:
        """What latencies of ideal clocks add to a need, ps; and the launching and capturing latency themselves."""
        launched = captured = 0.0
        if launch.clock != NO_CLOCK and not launch.is_clock:
            launched = self._latency(launch.clock, launch.edge, not self.hold)
        if clock != NO_CLOCK:
            captured = self._latency(clock, edge, self.hold)
        added = launched - captured
        if launch.clock == clock and clock != NO_CLOCK and not (launch.outside or launch.is_clock or port):
            # The source latency of one clock is the same at both ends of a path inside the design.
            added += (1.0 if self.hold else -1.0) * common_latency(self.clocks[clock], launch.edge, edge)
        return (-added if self.hold else added), launched, captured
