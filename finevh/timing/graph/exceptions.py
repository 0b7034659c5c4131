"""Path exceptions bound to a design: which paths they take in, which of several prevails, and what a multicycle path moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.constraints.model import Clock, Constraints, Objects, PathException, Rule
from finevh.constraints.objects import Names, plain
from finevh.errors import InputError
from finevh.technology.model import Direction, Int, Kind, Real
from finevh.timing.graph.structure import Structure

Hits = Sequence[tuple[NDArray[np.bool_], PathException]]
"""(n) which of the endpoints' paths an exception takes in, the strongest exception last."""


@dataclass(frozen=True)
class BoundException:
    """A path exception with its objects as rows; an empty side that was not given means any object."""

    source: PathException
    from_any: bool
    from_cells: frozenset[int]
    from_ports: frozenset[int]
    from_clocks: frozenset[int]
    through: tuple[tuple[frozenset[int], frozenset[int], frozenset[int]], ...]
    """Per stage: sink pins, driver nodes, input ports."""
    to_any: bool
    to_sinks: frozenset[int]
    to_clocks: frozenset[int]
    from_sources: frozenset[int] = frozenset()
    """Clocks whose source is among the ports: as data they start there."""
    idle: tuple[str, ...] = ()
    """Pins and ports that were given and start no path, or end none but, maybe, at a gate that no library cell checks."""

    def starts(self, clock: int, edge: int, cell: int, port: int) -> bool:
        """Whether a path launched by a clock edge at a cell or port is one of the exception's."""
        if self.from_any or cell in self.from_cells or port in self.from_ports:
            return True
        return clock in self.from_clocks and self.source.from_edge in (None, edge)

    def ends(self, sinks: Int, clock: int, edge: int) -> NDArray[np.bool_]:
        """(n) which of the sinks, captured by a clock edge (-1 for none), end one of the exception's paths."""
        by_clock = clock in self.to_clocks and self.source.to_edge in (None, edge)
        if self.to_any or by_clock:
            return np.ones(len(sinks), dtype=bool)
        return np.isin(sinks, list(self.to_sinks))

    @property
    def strength(self) -> tuple[int, int, float]:
        """Order in which exceptions prevail, the strongest last: by kind, by how exact they are, by how tight they are."""
        source = self.source
        kinds = {Rule.MULTICYCLE: 0, Rule.MAX_DELAY: 1, Rule.MIN_DELAY: 1, Rule.FALSE: 2}
        exact = (
            32 * bool(self.from_cells or self.from_ports) + 16 * bool(self.to_sinks) + 8 * bool(self.through)
            + 4 * bool(self.from_clocks) + 2 * bool(self.to_clocks)
        )  # fmt: skip
        tight = -source.delay if source.rule == Rule.MAX_DELAY else source.delay
        if source.rule == Rule.MULTICYCLE:
            tight = -float(source.multiplier)
        # What is said of one check prevails over what is said of both.
        return kinds[source.rule], 2 * exact + (not source.clears_hold), tight


def by_strength(bound: Sequence[BoundException]) -> list[int]:
    """Order in which exceptions prevail, the strongest last."""
    return sorted(range(len(bound)), key=lambda i: (bound[i].strength, i))


def applying_exceptions(
    bound: Iterable[tuple[BoundException, int]], clock: int, edge: int, sinks: Int, sink_pin: Int, hold: bool
) -> Hits:
    """Exceptions that apply to paths that a clock edge captures at some sinks (``clock`` -1: that none captures).

    Parameters
    ----------
    bound
        Exceptions, the strongest last, each with how many of its -through points the paths have passed; -1 where they do not
        start as it says.
    sinks, sink_pin
        (n) sinks, and the pin of each (-1: a port).
    hold
        For the hold check; else for setup.
    """
    found = []
    for exception, passed in bound:
        source = exception.source
        if passed < 0 or not (source.hold or source.clears_hold if hold else source.setup):
            continue
        hit = exception.ends(sinks, clock, edge)
        left = len(exception.through) - passed
        if left > 1:
            continue
        if left == 1:
            # The last point may be the endpoint itself.
            hit &= np.isin(sink_pin, list(exception.through[-1][0]))
        if hit.any():
            found.append((hit, source))
    return found


def cut_false_paths(rules: Hits, alive: NDArray[np.bool_], add: Real, captured: bool) -> None:
    """Take false paths out: all of a sink's from ``alive`` (n), or one edge of its data, which becomes nan in ``add`` (n, 2).

    An edge that is named with a capturing clock is the clock's, and has chosen the exception already.
    """
    for hit, source in rules:
        if source.rule != Rule.FALSE:
            continue
        of_clock = captured and any(item.kind in ("clock", "clocks") for item in source.to)
        if source.to_edge is None or of_clock:
            alive &= ~hit
        else:
            add[hit, source.to_edge] = np.nan


def multicycle_shift(setup_rules: Hits, hold_rules: Hits | None, launch: Clock, capture: Clock, n: int) -> Real:
    """(n) ps that multicycle paths move the capturing edge, for setup or, with ``hold_rules``, for hold.

    Setup moves by whole periods of the capturing clock (of the launching one with ``-start``); hold moves back from there.
    """
    cycles, period = np.ones(n), np.full(n, capture.period)
    for hit, exception in setup_rules:
        if exception.rule == Rule.MULTICYCLE and exception.setup:
            cycles[hit] = exception.multiplier
            period[hit] = launch.period if exception.launch_based else capture.period
    shift = np.asarray((cycles - 1) * period)
    if hold_rules is None:
        return shift
    cycles, period = np.zeros(n), np.full(n, launch.period)
    for hit, exception in hold_rules:
        if exception.rule == Rule.MULTICYCLE and (exception.hold or exception.clears_hold):
            cycles[hit] = exception.multiplier if exception.hold else 0.0
            period[hit] = capture.period if exception.launch_based is False else launch.period
    return np.asarray(shift - cycles * period)


def bind_exceptions(names: Names, constraints: Constraints, structure: Structure) -> list[BoundException]:
    """Resolve the objects of every path exception.

    Raises
    ------
    InputError
        If an object does not exist, or a maximum or minimum delay is from or to a pin inside logic, which would cut paths there.
    """
    return [_bind(names, structure, e) for e in constraints.exceptions]


def _sources(names: Names, source: PathException, idle: list[str]) -> tuple[set[int], set[int], set[int]]:
    """Cells, ports and clocks that an exception's paths start from; what starts none is added to ``idle``."""
    netlist = names.netlist
    cells: set[int] = set()
    ports: set[int] = set()
    clocks: set[int] = set()
    for item in source.from_:
        kind = names.kind_of(item)
        if source.from_edge is not None and kind not in ("clock", "clocks"):
            raise InputError(f"{item.where}: -rise_from and -fall_from take clocks; of {kind}s they are not understood")
        if kind in ("clock", "clocks"):
            clocks |= set(names.find_clocks(item))
        elif kind in ("port", "inputs", "inputs_no_clocks", "outputs"):
            found = names.find_ports((Objects(kind, item.patterns, item.where, item.exact),))
            ports |= set(found)
            idle += [plain(netlist.port_names[p]) for p in found if netlist.port_direction[p] == Direction.OUTPUT]
        elif kind == "cell":
            cells |= set(names.find_cells(item))
        elif kind == "pin":
            pins = names.find_pins(item)
            kinds = netlist.cells.kind[netlist.cell_type[netlist.pin_cell[pins]]]
            register = np.isin(kinds, (Kind.FLOP, Kind.LATCH, Kind.CLOCK_GATE))
            starts = register & netlist.cells.pin_is_clock[netlist.pin_type[pins]].astype(bool)
            none = [names.pin_name(pins[k]) for k in np.flatnonzero(~starts).tolist()]
            if none and source.rule.limits_delay:
                raise InputError(
                    f"{item.where}: '{none[0]}' starts no path, and a delay from inside logic is not understood: -from takes"
                    " clock pins of registers, input ports or clocks; write those, with -through for the pin"
                )
            idle += none
            cells |= set(netlist.pin_cell[pins][starts].tolist())
        else:
            raise InputError(f"{item.where}: -from takes clocks, ports, cells or pins, not {kind}s")
    return cells, ports, clocks


def _sinks(names: Names, structure: Structure, source: PathException, idle: list[str]) -> tuple[set[int], set[int]]:
    """Sinks and clocks that an exception's paths end at; what ends none is added to ``idle``."""
    sinks: set[int] = set()
    clocks: set[int] = set()
    pin_sink = {int(p): s for s, p in enumerate(structure.sink_pin.tolist()) if p >= 0} if source.to else {}
    checked = set(structure.check_data.tolist())
    for item in source.to:
        kind = names.kind_of(item)
        if kind in ("clock", "clocks"):
            clocks |= set(names.find_clocks(item))
        elif kind in ("port", "outputs", "inputs", "inputs_no_clocks"):
            found = set(names.find_ports((Objects(kind, item.patterns, item.where, item.exact),)))
            sinks |= {s for s, p in enumerate(structure.sink_port.tolist()) if p in found}
            direction = names.netlist.port_direction
            idle += [plain(names.netlist.port_names[p]) for p in sorted(found) if direction[p] == Direction.INPUT]
        elif kind == "cell":
            inside = set(names.find_cells(item))
            sinks |= {s for s, c in enumerate(structure.sink_cell.tolist()) if c in inside}
        elif kind == "pin":
            pins = names.find_pins(item)
            none = [names.pin_name(p) for p in pins if pin_sink.get(p) not in checked]
            if none and source.rule.limits_delay:
                raise InputError(
                    f"{item.where}: '{none[0]}' ends no path: a delay to a pin inside logic is not understood"
                )
            idle += none
            sinks |= {pin_sink[p] for p in pins if p in pin_sink}
        else:
            raise InputError(f"{item.where}: -to takes clocks, ports, cells or pins, not {kind}s")
    return sinks, clocks


def _bind(names: Names, structure: Structure, source: PathException) -> BoundException:
    idle: list[str] = []
    cells, ports, clocks = _sources(names, source, idle)
    sinks, to_clocks = _sinks(names, structure, source, idle)
    return BoundException(
        source=source,
        from_any=not source.from_,
        from_cells=frozenset(cells),
        from_ports=frozenset(ports),
        from_clocks=frozenset(clocks),
        through=tuple(_stage(names, structure, stage) for stage in source.through),
        to_any=not source.to,
        to_sinks=frozenset(sinks),
        to_clocks=frozenset(to_clocks),
        from_sources=frozenset(clock for port in ports for clock in names.clocks_of_port.get(port, ())),
        idle=tuple(idle),
    )


def _stage(
    names: Names, structure: Structure, stage: tuple[Objects, ...]
) -> tuple[frozenset[int], frozenset[int], frozenset[int]]:
    """Sink pins, driver nodes and ports of one -through."""
    pins: set[int] = set()
    nodes: set[int] = set()
    ports: set[int] = set()
    node_of_pin = {int(p): v for v, p in enumerate(structure.node_pin.tolist()) if p >= 0}
    for item in stage:
        kind = names.kind_of(item)
        if kind in ("port", "inputs", "inputs_no_clocks", "outputs"):
            found = names.find_ports((Objects(kind, item.patterns, item.where, item.exact),))
            ports |= set(found)
            outputs = names.netlist.port_direction[found] == Direction.OUTPUT
            nodes |= {
                int(structure.net_node[names.netlist.port_net[p]]) for p, o in zip(found, outputs, strict=True) if o
            }
        elif kind == "net":
            nodes |= {int(structure.net_node[n]) for n in names.find_nets(item)}
        elif kind == "cell":
            inside = set(names.find_cells(item))
            nodes |= {v for v, c in enumerate(structure.node_cell.tolist()) if c in inside}
        elif kind == "pin":
            for pin in names.find_pins(item):
                if pin in node_of_pin:
                    nodes.add(node_of_pin[pin])
                else:
                    pins.add(pin)
        else:
            raise InputError(f"{item.where}: -through takes pins, nets, cells or ports, not {kind}s")
    ports |= {int(structure.node_port[v]) for v in nodes if v >= 0 and structure.node_port[v] >= 0}
    return frozenset(pins), frozenset(nodes), frozenset(ports)
