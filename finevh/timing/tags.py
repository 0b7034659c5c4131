"""Tags: what an arrival is relative to (a clock edge) and how far it is through the path exceptions that may apply to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finevh.constraints.edges import separation
from finevh.constraints.model import Clock, Constraints, Objects, PathException, Rule
from finevh.constraints.objects import Names
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.technology.model import ArcType, Direction, Int, Kind
from finevh.timing.structure import EDGE, Structure

MAX_TAGS = 30
"""Tags are bits of an int32 with room for the sign."""
_MAX_BORROW = 8
"""Latches in a row that one path may pass while they are open."""
NO_CLOCK = -1
"""In place of a clock: data that come at time 0, for paths with a maximum or minimum delay."""

Reach = Callable[[Int], Int]
"""Propagates (n_node, 2) bit sets of tags through all arcs by the remap in use."""


@dataclass(frozen=True, order=True)
class Tag:
    """A clock edge as a clock, or as the launch of data; ``progress`` per exception: -1 not from there, else throughs passed.

    ``offset`` (ps) is from the launching edge to the opening edge of the last open latch passed; ``clock`` and ``edge`` are
    then that latch's.
    """

    clock: int
    edge: int
    is_clock: bool
    progress: tuple[int, ...] = ()
    offset: float = 0.0
    borrowed: int = 0
    outside: bool = False
    """Launched outside the design by a clock that has a latency, which is then not common to both ends."""


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
        return kinds[source.rule], exact, tight


def bind_exceptions(names: Names, constraints: Constraints, structure: Structure) -> list[BoundException]:
    """Resolve the objects of every path exception.

    Raises
    ------
    InputError
        If an object does not exist or cannot start or end a path.
    """
    return [_bind(names, structure, e) for e in constraints.exceptions]


def _sources(names: Names, source: PathException) -> tuple[set[int], set[int], set[int]]:
    """Cells, ports and clocks that an exception's paths start from."""
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
            ports |= set(names.find_ports((Objects(kind, item.patterns, item.where, item.exact),)))
        elif kind == "cell":
            cells |= set(names.find_cells(item))
        elif kind == "pin":
            pins = names.find_pins(item)
            kinds = netlist.cells.kind[netlist.cell_type[netlist.pin_cell[pins]]]
            register = np.isin(kinds, (Kind.FLOP, Kind.LATCH, Kind.CLOCK_GATE))
            starts = netlist.cells.pin_is_clock[netlist.pin_type[pins]]
            starts |= netlist.cells.pin_direction[netlist.pin_type[pins]] == Direction.OUTPUT
            if not (register & starts).all():
                name = names.pin_name(pins[int(np.flatnonzero(~(register & starts))[0])])
                raise InputError(
                    f"{item.where}: '{name}' starts no path: -from takes clock pins of registers, input ports or clocks; "
                    "use -through"
                )
            cells |= set(netlist.pin_cell[pins].tolist())
        else:
            raise InputError(f"{item.where}: -from takes clocks, ports, cells or pins, not {kind}s")
    return cells, ports, clocks


def _sinks(names: Names, structure: Structure, source: PathException) -> tuple[set[int], set[int]]:
    """Sinks and clocks that an exception's paths end at."""
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
        elif kind == "cell":
            inside = set(names.find_cells(item))
            sinks |= {s for s, c in enumerate(structure.sink_cell.tolist()) if c in inside}
        elif kind == "pin":
            pins = names.find_pins(item)
            here = {pin_sink[p] for p in pins if p in pin_sink}
            if source.rule in (Rule.MAX_DELAY, Rule.MIN_DELAY) and not here <= checked:
                name = names.pin_name(next(p for p in pins if pin_sink.get(p) not in checked))
                raise InputError(
                    f"{item.where}: '{name}' ends no path: a delay to a pin inside logic is not understood"
                )
            sinks |= here
        else:
            raise InputError(f"{item.where}: -to takes clocks, ports, cells or pins, not {kind}s")
    return sinks, clocks


def _bind(names: Names, structure: Structure, source: PathException) -> BoundException:
    cells, ports, clocks = _sources(names, source)
    sinks, to_clocks = _sinks(names, structure, source)
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


@dataclass
class TagSet:
    """All tags of a design, and what each class of arcs does to them."""

    clocks: tuple[Clock, ...]
    exceptions: list[BoundException]
    tags: list[Tag] = field(default_factory=list)
    arc_class: Int = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    """(n_arc) 0 leaves tags as they are."""
    remap: Int = field(default_factory=lambda: np.empty((1, 0), dtype=np.int32))
    """(n_class, n_tag) tag behind an arc of the class, -1 for none."""
    early_remap: Int = field(default_factory=lambda: np.empty((1, 0), dtype=np.int32))
    """As ``remap``, for the shortest paths: none through open latches, whose output changes first when they open."""

    @property
    def n(self) -> int:
        """Number of tags."""
        return len(self.tags)

    @property
    def clock_bits(self) -> int:
        """Bit set of the tags that are clocks."""
        return sum(1 << k for k, tag in enumerate(self.tags) if tag.is_clock)

    def number(self, tag: Tag) -> int:
        """Number of a tag, new at its first use."""
        if tag not in self._index:
            if len(self.tags) >= MAX_TAGS:
                raise InputError(
                    f"clocks and path exceptions make more than {MAX_TAGS} kinds of paths; use fewer, or merge exceptions"
                )
            self._index[tag] = len(self.tags)
            self.tags.append(tag)
        return self._index[tag]

    def __post_init__(self) -> None:
        self._index: dict[Tag, int] = {}
        self._keys: list[tuple[Any, ...]] = [("plain",)]

    def start_at_port(self, clock: int, edge: int, port: int) -> Tag:
        """Data tag of an input port."""
        progress = tuple(0 if e.starts(clock, edge, -1, port) else -1 for e in self.exceptions)
        tag = Tag(clock, edge, False, progress, outside=clock != NO_CLOCK and has_latency(self.clocks[clock]))
        return self._pass(
            tag, frozenset((i, 0) for i, e in enumerate(self.exceptions) if e.through and port in e.through[0][2])
        )

    def _pass(self, tag: Tag, hits: frozenset[tuple[int, int]]) -> Tag:
        """The tag behind an arc that hits stages of exceptions: ``hits`` holds (exception, stage)."""
        progress = tuple(p + 1 if (i, p) in hits else p for i, p in enumerate(tag.progress))
        return replace(tag, progress=progress)

    def limits(self, port: int) -> bool:
        """Whether a maximum or minimum delay may start at a port that has no input delay."""
        delays = (Rule.MAX_DELAY, Rule.MIN_DELAY)
        return any(e.source.rule in delays and e.starts(NO_CLOCK, 0, -1, port) for e in self.exceptions)

    def progress(self, tag: Tag) -> tuple[int, ...]:
        """Progress of a tag; a clock that ends as data starts at its source."""
        if not tag.is_clock:
            return tag.progress
        return tuple(0 if e.starts(tag.clock, tag.edge, -1, -1) else -1 for e in self.exceptions)

    def classify(
        self, netlist: Netlist, structure: Structure, sources: frozenset[int], opens: dict[int, tuple[int, int]]
    ) -> None:
        """Give every arc its class: plain, launching, through an exception's stage, through an open latch, or stopped.

        Parameters
        ----------
        sources : nodes where clocks are made: nothing passes the arcs into them.
        opens : latch to the clock and edge that open it.
        """
        owner = np.repeat(structure.node_cell, np.diff(structure.arc_ptr))
        node = np.repeat(np.arange(structure.n_node), np.diff(structure.arc_ptr))
        launching = (structure.arc_mask & EDGE) > 0
        keys: dict[tuple[Any, ...], int] = {("plain",): 0}
        arc_class = np.zeros(len(owner), dtype=np.int32)
        stages: dict[int, set[tuple[int, int]]] = {}
        sink_pin = structure.sink_pin[structure.arc_sink]
        for i, exception in enumerate(self.exceptions):
            for j, (pins, nodes, _) in enumerate(exception.through):
                hit = np.isin(sink_pin, list(pins)) | np.isin(node, list(nodes))
                for a in np.flatnonzero(hit).tolist():
                    stages.setdefault(a, set()).add((i, j))
        latch = np.asarray(netlist.cells.kind[netlist.cell_type[owner]] == Kind.LATCH) & ~launching
        stopped = np.isin(node, list(sources))
        starts: dict[int, tuple[bool, ...]] = {}
        special = set(stages) | set(np.flatnonzero(launching | latch | stopped).tolist())
        for a in sorted(special):
            cell = int(owner[a])
            hits = frozenset(stages.get(a, ()))
            key: tuple[Any, ...]
            if stopped[a]:
                key = ("stop",)
            elif launching[a]:
                if cell not in starts:
                    starts[cell] = tuple(e.from_any or cell in e.from_cells for e in self.exceptions)
                key = ("launch", starts[cell], hits)
            elif latch[a]:
                key = ("latch", opens.get(cell), hits)
            else:
                key = ("through", hits)
            arc_class[a] = keys.setdefault(key, len(keys))
        self.arc_class = arc_class
        self._keys = list(keys)

    def close(self, structure: Structure, seeds: Callable[[], Int], reach: Reach) -> None:
        """Find every tag that paths of the design can have, and fill ``remap``.

        Parameters
        ----------
        seeds
            (n_node, 2) bit sets of the tags that start at each node and edge.
        """
        done: dict[tuple[int, int], int] = {}
        arcs = [np.flatnonzero(self.arc_class == c) for c in range(len(self._keys))]
        while True:
            self._fill(done)
            tags = reach(seeds())
            before = len(done)
            for c, key in enumerate(self._keys[1:], 1):
                rise, fall = tags[structure.arc_source[arcs[c]]].T
                mask = structure.arc_mask[arcs[c]]
                here = np.where(mask & 3 > 0, rise, 0) | np.where(mask & 12 > 0, fall, 0)
                bits = int(np.bitwise_or.reduce(here, initial=0))
                for k in range(self.n):
                    if bits >> k & 1 and (c, k) not in done:
                        behind = self._behind(self.tags[k], key)
                        done[c, k] = -1 if behind is None else self.number(behind)
            if len(done) == before:
                return

    def _fill(self, done: dict[tuple[int, int], int]) -> None:
        self.remap = np.full((len(self._keys), max(self.n, 1)), -1, dtype=np.int32)
        self.remap[0] = np.arange(max(self.n, 1))
        for (c, k), to in done.items():
            self.remap[c, k] = to
        self._early()

    def _early(self) -> None:
        self.early_remap = self.remap.copy()
        self.early_remap[[c for c, key in enumerate(self._keys) if key[0] == "latch"]] = -1

    def _behind(self, tag: Tag, key: tuple[Any, ...]) -> Tag | None:
        kind = key[0]
        if kind == "stop":
            return None
        if kind == "launch":
            if not tag.is_clock:
                return None
            progress = tuple(
                0 if matched or e.starts(tag.clock, tag.edge, -1, -1) else -1
                for e, matched in zip(self.exceptions, key[1], strict=True)
            )
            return self._pass(Tag(tag.clock, tag.edge, False, progress), key[2])
        if kind == "through":
            return self._pass(tag, key[1])
        if key[1] is None or tag.clock == NO_CLOCK or tag.is_clock:
            return None
        if tag.borrowed >= _MAX_BORROW:
            raise InputError(f"a path passes more than {_MAX_BORROW} open latches in a row: not understood")
        # Data pass while the latch is open, and count from its opening edge.
        opens: tuple[int, int] = key[1]
        clock, edge = opens
        opening = self.latch_opening(tag, clock, edge)
        moved = Tag(clock, edge, False, tag.progress, tag.offset + opening, tag.borrowed + 1, tag.outside)
        return self._pass(moved, key[2])

    def latch_opening(self, launch: Tag, clock: int, edge: int) -> float:
        """Time, ps, from a launching edge to the opening edge of the window that it is captured in.

        The window is the one that closes first after the launch; data launched by the edge that opens it use it.
        """
        capture = self.clocks[clock]
        closing, _ = separation(self.clocks[launch.clock], launch.edge, capture, 1 - edge)
        return closing - latch_window(capture, edge)

    def keep(self, reached: Int) -> Int:
        """Drop tags that reach nothing; returns the rows that stay, data tags first, by the nodes (n_tag) they reach.

        The forward kernel is fastest for nodes that only the first tag reaches.
        """
        kinds = np.array([tag.is_clock for tag in self.tags], dtype=bool)
        order = np.lexsort((-reached, kinds))
        rows = order[reached[order] > 0].astype(np.int32)
        place = np.full(self.n + 1, -1, dtype=np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        self.tags = [self.tags[k] for k in rows.tolist()]
        self._index = {tag: k for k, tag in enumerate(self.tags)}
        self.remap = np.ascontiguousarray(place[self.remap[:, rows]])
        self._early()
        return rows


def has_latency(clock: Clock) -> bool:
    """Whether a clock has a source or network latency."""
    return any(clock.latency.values()) or any(clock.source_latency.values())


def common_latency(clock: Clock, *edges: int) -> float:
    """Difference, ps, of late and early source latency that both ends of a path inside the design have in common."""
    return min(clock.source_latency.get(("max", e), 0.0) - clock.source_latency.get(("min", e), 0.0) for e in edges)


def latch_window(clock: Clock, edge: int) -> float:
    """Time, ps, that a latch is open which a clock edge (0 rise, 1 fall) opens."""
    return (clock.fall - clock.rise) * (-1 if edge else 1) % clock.period


def find_latches(netlist: Netlist, structure: Structure, node_tags: Int, tags: TagSet) -> dict[int, tuple[int, int]]:
    """Latch to the clock and the clock edge that open it, for the latches that a clock reaches.

    Where several clocks reach an enable the first is taken.
    """
    cells = netlist.cells
    latches = np.flatnonzero(cells.kind[netlist.cell_type] == Kind.LATCH)
    found: dict[int, tuple[int, int]] = {}
    for cell in latches.tolist():
        kind = int(netlist.cell_type[cell])
        base = int(netlist.pin_ptr[cell])
        # The arc from the enable to the output says which edge of the pin opens the latch.
        for k in range(cells.arc_ptr[kind], cells.arc_ptr[kind + 1]):
            if cells.arc_type[k] not in (ArcType.RISING_EDGE, ArcType.FALLING_EDGE):
                continue
            net = int(netlist.pin_net[base + cells.arc_from[k]])
            node = int(structure.net_node[net]) if net >= 0 else -1
            if node < 0:
                continue
            bits = int(node_tags[node, 0 if cells.arc_type[k] == ArcType.RISING_EDGE else 1]) & tags.clock_bits
            if bits:
                tag = tags.tags[(bits & -bits).bit_length() - 1]
                found.setdefault(cell, (tag.clock, tag.edge))
    return found
