"""A static timer as a textbook has it: one net and one edge at a time, recursion, plain Python; the oracle of the compiled one.

It shares no code with :mod:`finevh.timing`; a table is read at one point by :mod:`finevh.technology.tables.reference`. Ideal
clocks on ports, launches and checks at registers, arcs under any condition, supplies and variants by cell, derates of drivers on
another rail, Elmore wires. With ``from_ports`` input ports switch at 0, at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import hypot, inf, log

from finevh.netlist.model import NO_NET, Netlist
from finevh.netlist.wires import Wires
from finevh.technology.model import ArcType, Direction, Int, PairDerates, Sense, Technology
from finevh.technology.tables.reference import interpolate_table, table_of

_INTO = {
    Sense.POSITIVE: ((0, 0), (1, 1)),
    Sense.NEGATIVE: ((0, 1), (1, 0)),
    Sense.NON_UNATE: ((0, 0), (0, 1), (1, 0), (1, 1)),
}
"""(input edge, output edge) by sense; 0 rise, 1 fall."""
_LAUNCH = {ArcType.RISING_EDGE: 0, ArcType.FALLING_EDGE: 1}
_SETUP = {ArcType.SETUP_RISING: 0, ArcType.SETUP_FALLING: 1}
_HOLD = {ArcType.HOLD_RISING: 0, ArcType.HOLD_FALLING: 1}
Event = tuple[int, int]
"""A net and its edge."""


@dataclass(frozen=True)
class SlowPath:
    """One path: the register it leaves, the nets it passes, the data pin where it ends, and the ps that it needs."""

    start: int
    nets: tuple[int, ...]
    end: int
    need: float


@dataclass
class SlowTimer:
    """Times of one netlist at one choice of supplies and variants; ``late`` asks for longest paths, else shortest."""

    netlist: Netlist
    technology: Technology
    cell_vdd: Int
    cell_variant: Int
    port_vdd: int
    late: bool = True
    wires: Wires | None = None
    derates: bool = True
    from_ports: bool = False
    _events: dict[Event, tuple[float, float]] = field(default_factory=dict)
    _tails: dict[Event, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sinks: dict[int, list[int]] = defaultdict(list)
        cells, net = self.netlist.cells, self.netlist
        for pin, at in enumerate(net.pin_net.tolist()):
            if at != NO_NET and cells.pin_direction[net.pin_type[pin]] == Direction.INPUT:
                self.sinks[at].append(pin)

    def corner(self, cell: int) -> int:
        """Row of the corners that a cell is at."""
        return int(self.technology.corner_of[self.cell_variant[cell], self.cell_vdd[cell]])

    def capacitance(self, pin: int, edge: int) -> float:
        """Input capacitance, fF, of a pin while its net has an edge."""
        c = self.technology.corners
        columns = (c.pin_cap_rise, c.pin_cap_fall) if self.late else (c.pin_cap_rise_low, c.pin_cap_fall_low)
        return float(columns[edge][self.corner(int(self.netlist.pin_cell[pin])), self.netlist.pin_type[pin]])

    def _tree(self, net: int, edge: int) -> tuple[dict[int, float], dict[int, int]]:
        """Capacitance, fF, of every node of a net's wires with its pins, and the parent of each node."""
        assert self.wires is not None
        nodes = range(int(self.wires.node_ptr[net]), int(self.wires.node_ptr[net + 1]))
        cap = {k: float(self.wires.node_cap[k]) for k in nodes}
        for pin in self.sinks[net]:
            cap[int(self.wires.pin_node[pin])] += self.capacitance(pin, edge)
        return cap, {k: int(self.wires.node_parent[k]) for k in nodes}

    def load(self, net: int, edge: int) -> float:
        """Load, fF, of a net's driver: wires and pins."""
        if self.wires is not None:
            return sum(self._tree(net, edge)[0].values())
        return sum(self.capacitance(pin, edge) for pin in self.sinks[net])

    def elmore(self, pin: int, edge: int) -> float:
        """Elmore delay, ps, from a net's driver to one of its pins: every node charges through what it shares with the pin."""
        if self.wires is None:
            return 0.0
        cap, parent = self._tree(int(self.netlist.pin_net[pin]), edge)

        def way(node: int) -> list[int]:
            return [node, *way(parent[node])] if parent[node] >= 0 else []

        mine = set(way(int(self.wires.pin_node[pin])))
        return sum(c * sum(float(self.wires.node_res[k]) for k in way(node) if k in mine) for node, c in cap.items())

    def at_pin(self, pin: int, edge: int) -> tuple[float, float]:
        """Arrival and slew, ps, at an input pin."""
        arrival, slew = self.at_net(int(self.netlist.pin_net[pin]), edge)
        wire = self.elmore(pin, edge)
        low, high = self.technology.slew_lower, self.technology.slew_upper
        spread = log((1.0 - low) / (1.0 - high)) * wire
        if self.netlist.net_driver[self.netlist.pin_net[pin]] < 0:
            # A step at the port is an exponential behind its wire.
            return arrival + log(2.0) * wire, slew + spread
        return arrival + wire, hypot(slew, spread)

    def delay(self, arc: int, cell: int, driver: int, edge: int, slew: float, load: float) -> tuple[float, float]:
        """Delay and output slew, ps, of one arc: its tables, and their derates where its input is driven from another rail."""
        tables, corner = self.technology.cells.arc_table[arc], self.corner(cell)
        delay, out = (
            interpolate_table(*table_of(self.technology.corners, corner, int(tables[k])), slew, load)
            for k in (edge, 2 + edge)
        )
        if self.derates and self.technology.cross is not None and driver != self.cell_vdd[cell]:
            found = self.technology.cross.delays(corner, driver)
            shift, factor = (self._derate(found, int(tables[k]), slew, load, k >= 2) for k in (edge, 2 + edge))
            delay, out = delay + shift, out * factor
        return delay, out

    @staticmethod
    def _derate(found: PairDerates, slot: int, slew: float, load: float, held: bool) -> float:
        x, nx, y, ny, v = (int(getattr(found, name)[slot]) for name in ("x", "nx", "y", "ny", "v"))
        pool = found.pool
        if held:
            slew = min(max(slew, pool[x]), pool[x + nx - 1]) if nx > 1 else slew
            load = min(max(load, pool[y]), pool[y + ny - 1]) if ny > 1 else load
        return interpolate_table(pool[x : x + nx], pool[y : y + ny], pool[v : v + nx * ny].reshape(nx, ny), slew, load)

    def driver_vdd(self, net: int) -> int:
        """Row of the supply that swings a net."""
        cell = int(self.netlist.net_driver[net])
        return int(self.cell_vdd[cell]) if cell >= 0 else self.port_vdd

    def arcs(self, cell: int, to: int | None = None, origin: int | None = None) -> list[int]:
        """Arcs of a cell into a pin or from a pin, numbered within it."""
        cells, kind = self.netlist.cells, int(self.netlist.cell_type[cell])
        return [
            a
            for a in range(int(cells.arc_ptr[kind]), int(cells.arc_ptr[kind + 1]))
            if (to is None or cells.arc_to[a] == to) and (origin is None or cells.arc_from[a] == origin)
        ]

    def steps(self, arc: int, cell: int) -> list[tuple[int, int, int, bool]]:
        """(input pin, its edge, output edge, whether a launch) of all that an arc passes."""
        cells = self.netlist.cells
        pin, kind = int(self.netlist.pin_ptr[cell] + cells.arc_from[arc]), ArcType(int(cells.arc_type[arc]))
        if kind in _LAUNCH:
            return [(pin, _LAUNCH[kind], out, True) for out in (0, 1)]
        if kind != ArcType.COMBINATIONAL:
            return []
        return [(pin, into, out, False) for into, out in _INTO[Sense(int(cells.arc_sense[arc]))]]

    def at_net(self, net: int, edge: int) -> tuple[float, float]:
        """Arrival and slew, ps, at the driver of a net; an arrival that is not finite where no path comes from a register."""
        if (net, edge) not in self._events:
            never = -inf if self.late else inf
            best, slews = never, []
            pin = int(self.netlist.net_driver_pin[net])
            cell = int(self.netlist.net_driver[net])
            if cell < 0 and self.from_ports and net in self.netlist.port_net:
                best, slews = 0.0, [0.0]
            local = pin - int(self.netlist.pin_ptr[cell]) if cell >= 0 else -1
            for arc in self.arcs(cell, to=local) if cell >= 0 else ():
                for source, into, out, launch in self.steps(arc, cell):
                    if out != edge:
                        continue
                    start, slew = (0.0, 0.0) if launch else self.at_pin(source, into)
                    if start in (-inf, inf):
                        continue
                    driver = self.driver_vdd(int(self.netlist.pin_net[source]))
                    delay, after = self.delay(arc, cell, driver, edge, slew, self.load(net, edge))
                    best = max(best, start + delay) if self.late else min(best, start + delay)
                    slews.append(after)
            slew = (max(slews) if self.late else min(slews)) if slews else 0.0
            self._events[net, edge] = best, slew
        return self._events[net, edge]

    def check(self, pin: int, edge: int) -> float | None:
        """Setup (late) or hold (early) time, ps, of a register's data pin; None where it has none."""
        cell = int(self.netlist.pin_cell[pin])
        kinds = _SETUP if self.late else _HOLD
        cells = self.netlist.cells
        for arc in self.arcs(cell, to=pin - int(self.netlist.pin_ptr[cell])):
            if ArcType(int(cells.arc_type[arc])) in kinds and cells.arc_table[arc, edge] >= 0:
                table = table_of(self.technology.corners, self.corner(cell), int(cells.arc_table[arc, edge]))
                return interpolate_table(*table, 0.0, self.at_pin(pin, edge)[1])
        return None

    def endpoints(self) -> dict[int, float]:
        """By data pin: ps that a setup path needs of the period, or the hold slack."""
        found: dict[int, float] = {}
        for pin in (p for pins in self.sinks.values() for p in pins):
            ends = []
            for edge in (0, 1):
                margin = self.check(pin, edge)
                arrival = self.at_pin(pin, edge)[0]
                if margin is not None and arrival not in (-inf, inf):
                    ends.append(arrival + margin if self.late else arrival - margin)
            if ends:
                found[pin] = max(ends) if self.late else min(ends)
        return found

    def tail(self, net: int, edge: int) -> float:
        """Longest time, ps, from an edge at a net's driver to the end of a path, its setup included; -inf where none ends."""
        if (net, edge) not in self._tails:
            longest = -inf
            for pin in self.sinks[net]:
                wire, (arrival, slew) = self.elmore(pin, edge), self.at_pin(pin, edge)
                if arrival in (-inf, inf):
                    continue
                margin = self.check(pin, edge)
                if margin is not None:
                    longest = max(longest, wire + margin)
                cell = int(self.netlist.pin_cell[pin])
                origin = pin - int(self.netlist.pin_ptr[cell])
                for arc in self.arcs(cell, origin=origin):
                    out_net = int(self.netlist.pin_net[self.netlist.pin_ptr[cell] + self.netlist.cells.arc_to[arc]])
                    for _, into, out, launch in self.steps(arc, cell):
                        if launch or into != edge or out_net == NO_NET:
                            continue
                        delay, _ = self.delay(arc, cell, self.driver_vdd(net), out, slew, self.load(out_net, out))
                        longest = max(longest, wire + delay + self.tail(out_net, out))
            self._tails[net, edge] = longest
        return self._tails[net, edge]

    def paths(self) -> Iterator[SlowPath]:
        """Every path from a register to a register, one by one; slews are those of the worst path at each net."""
        for cell in range(self.netlist.n_cells):
            for arc in self.arcs(cell):
                net = int(self.netlist.pin_net[self.netlist.pin_ptr[cell] + self.netlist.cells.arc_to[arc]])
                for source, _, out, launch in self.steps(arc, cell):
                    if launch and net != NO_NET:
                        driver = self.driver_vdd(int(self.netlist.pin_net[source]))
                        delay, _ = self.delay(arc, cell, driver, out, 0.0, self.load(net, out))
                        yield from self._paths_from(net, out, delay, cell, (net,))

    def _paths_from(self, net: int, edge: int, arrival: float, start: int, nets: tuple[int, ...]) -> Iterator[SlowPath]:
        for pin in self.sinks[net]:
            wire, slew, margin = self.elmore(pin, edge), self.at_pin(pin, edge)[1], self.check(pin, edge)
            if margin is not None:
                yield SlowPath(start, nets, pin, arrival + wire + margin if self.late else arrival + wire - margin)
            cell = int(self.netlist.pin_cell[pin])
            for arc in self.arcs(cell, origin=pin - int(self.netlist.pin_ptr[cell])):
                after = int(self.netlist.pin_net[self.netlist.pin_ptr[cell] + self.netlist.cells.arc_to[arc]])
                for _, into, out, launch in self.steps(arc, cell):
                    if not launch and into == edge and after != NO_NET:
                        delay, _ = self.delay(arc, cell, self.driver_vdd(net), out, slew, self.load(after, out))
                        yield from self._paths_from(after, out, arrival + wire + delay, start, (*nets, after))

    def through(self, net: int) -> float:
        """Setup need, ps, of the worst path through the driver of a net; -inf where none passes."""
        return max(self.at_net(net, edge)[0] + self.tail(net, edge) for edge in (0, 1))
