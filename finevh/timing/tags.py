"""Tags: what an arrival is relative to (a clock edge) and how far it is through the path exceptions that may apply to it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from finevh.constraints.edges import separation
from finevh.constraints.model import Clock, Constraints, Objects, PathException
from finevh.constraints.objects import Names
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Kind
from finevh.timing.structure import EDGE, Structure

MAX_TAGS = 30
"""Tags are bits of an int32 with room for the sign."""
_MAX_BORROW = 4
"""Latches in a row that one path may pass while they are open."""


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


@dataclass(frozen=True)
class BoundException:
    """A path exception with its objects as rows; None where any object will do."""

    source: PathException
    from_cells: frozenset[int] | None
    from_ports: frozenset[int]
    from_clocks: frozenset[int] | None
    through: tuple[tuple[frozenset[int], frozenset[int], frozenset[int]], ...]
    """Per stage: sink pins, driver nodes, input ports."""
    to_sinks: frozenset[int] | None
    to_clocks: frozenset[int] | None

    def starts(self, clock: int, cell: int, port: int) -> bool:
        """Whether a path launched by a clock at a cell or port is one of the exception's."""
        if self.from_clocks is not None:
            return clock in self.from_clocks
        return self.from_cells is None or cell in self.from_cells or port in self.from_ports


def bind_exceptions(names: Names, constraints: Constraints, structure: Structure) -> list[BoundException]:
    """Resolve the objects of every path exception.

    Raises
    ------
    InputError
        If an object does not exist or cannot start or end a path.
    """
    return [_bind(names, structure, e) for e in constraints.exceptions]


def _any_kind(names: Names, item: Objects) -> str:
    """Kind of objects that were named without a getter."""
    if item.kind != "any":
        return item.kind
    first = item.patterns[0]
    if first in names.clocks:
        return "clock"
    return "pin" if "/" in first and first not in names.ports else "port"


def _bind(names: Names, structure: Structure, source: PathException) -> BoundException:
    netlist = names.netlist
    cells: set[int] = set()
    ports: set[int] = set()
    clocks: set[int] = set()
    for item in source.from_:
        kind = _any_kind(names, item)
        if kind in ("clock", "clocks"):
            clocks |= names.find_clocks(item)
        elif kind in ("port", "inputs", "inputs_no_clocks", "outputs"):
            ports |= set(names.find_ports((Objects("port" if kind == "any" else kind, item.patterns, item.where),)))
        elif kind == "cell":
            cells |= set(names.find_cells(item))
        else:
            pins = names.find_pins(item.patterns, item.where)
            clock_pins = netlist.cells.pin_is_clock[netlist.pin_type[pins]]
            if not clock_pins.all():
                raise InputError(
                    f"{item.where}: -from takes clock pins of registers, input ports or clocks; use -through"
                )
            cells |= set(netlist.pin_cell[pins].tolist())
    sinks: set[int] = set()
    to_clocks: set[int] = set()
    pin_sink = {int(p): s for s, p in enumerate(structure.sink_pin.tolist()) if p >= 0} if source.to else {}
    for item in source.to:
        kind = _any_kind(names, item)
        if kind in ("clock", "clocks"):
            to_clocks |= names.find_clocks(item)
        elif kind in ("port", "outputs", "inputs", "inputs_no_clocks"):
            found = set(names.find_ports((Objects(kind, item.patterns, item.where),)))
            sinks |= {s for s, p in enumerate(structure.sink_port.tolist()) if p in found}
        elif kind == "cell":
            inside = set(names.find_cells(item))
            sinks |= {s for s, c in enumerate(structure.sink_cell.tolist()) if c in inside}
        else:
            sinks |= {pin_sink[p] for p in names.find_pins(item.patterns, item.where) if p in pin_sink}
    return BoundException(
        source=source,
        from_cells=frozenset(cells) if source.from_ and not clocks else None,
        from_ports=frozenset(ports),
        from_clocks=frozenset(clocks) if clocks else None,
        through=tuple(_stage(names, structure, stage) for stage in source.through),
        to_sinks=frozenset(sinks) if source.to and not to_clocks else None,
        to_clocks=frozenset(to_clocks) if to_clocks else None,
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
        kind = _any_kind(names, item)
        if kind == "port":
            ports |= set(names.find_ports((Objects("port", item.patterns, item.where),)))
        elif kind == "net":
            nodes |= {int(structure.net_node[n]) for n in names.find_nets(item)}
        elif kind == "cell":
            inside = set(names.find_cells(item))
            nodes |= {v for v, c in enumerate(structure.node_cell.tolist()) if c in inside}
        elif kind == "pin":
            for pin in names.find_pins(item.patterns, item.where):
                if pin in node_of_pin:
                    nodes.add(node_of_pin[pin])
                else:
                    pins.add(pin)
        else:
            raise InputError(f"{item.where}: -through takes pins, nets, cells or ports, not {kind}s")
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
        for c in range(len(self.clocks)):
            for edge in (0, 1):
                self.number(Tag(c, edge, True))

    def _start(self, clock: int, edge: int, cell: int, port: int) -> Tag:
        progress = tuple(0 if e.starts(clock, cell, port) else -1 for e in self.exceptions)
        tag = Tag(clock, edge, False, progress)
        return self._pass(
            tag, frozenset(i for i, e in enumerate(self.exceptions) if e.through and port in e.through[0][2])
        )

    def _pass(self, tag: Tag, hits: frozenset[int] | frozenset[tuple[int, int]]) -> Tag:
        """The tag behind an arc that hits stages of exceptions; ``hits`` holds exceptions or (exception, stage)."""
        stages = {h if isinstance(h, tuple) else (h, 0) for h in hits}
        progress = tuple(p + 1 if (i, p) in stages else p for i, p in enumerate(tag.progress))
        return Tag(tag.clock, tag.edge, tag.is_clock, progress, tag.offset, tag.borrowed)

    def port_tag(self, clock: int, edge: int, port: int) -> int:
        """Data tag of an input port."""
        return self.number(self._start(clock, edge, -1, port))

    def classify(self, netlist: Netlist, structure: Structure) -> None:
        """Give every arc its class: plain, launching, through an exception's stage, or through an open latch."""
        owner = np.repeat(structure.node_cell, np.diff(structure.arc_ptr))
        node = np.repeat(np.arange(structure.n_node), np.diff(structure.arc_ptr))
        launching = (structure.arc_mask & EDGE) > 0
        keys: dict[tuple[object, ...], int] = {("plain",): 0}
        arc_class = np.zeros(len(owner), dtype=np.int32)
        stages: dict[int, set[tuple[int, int]]] = {}
        sink_pin = structure.sink_pin[structure.arc_sink]
        for i, exception in enumerate(self.exceptions):
            for j, (pins, nodes, _) in enumerate(exception.through):
                hit = np.isin(sink_pin, list(pins)) | np.isin(node, list(nodes))
                for a in np.flatnonzero(hit).tolist():
                    stages.setdefault(a, set()).add((i, j))
        latch = np.asarray(netlist.cells.kind[netlist.cell_type[owner]] == Kind.LATCH) & ~launching
        rising = self._opens_rising(netlist)
        starts: dict[int, tuple[bool, ...]] = {}
        special = set(stages) | set(np.flatnonzero(launching | latch).tolist())
        for a in sorted(special):
            cell = int(owner[a])
            hits = frozenset(stages.get(a, ()))
            if launching[a]:
                if cell not in starts:
                    starts[cell] = tuple(
                        e.from_clocks is not None or e.from_cells is None or cell in e.from_cells
                        for e in self.exceptions
                    )
                key: tuple[object, ...] = ("launch", starts[cell], hits)
            elif latch[a]:
                key = ("latch", rising[int(netlist.cell_type[cell])], hits)
            else:
                key = ("through", hits)
            arc_class[a] = keys.setdefault(key, len(keys))
        self.arc_class = arc_class
        self._keys = list(keys)

    @staticmethod
    def _opens_rising(netlist: Netlist) -> list[int]:
        """Edge (0 rise, 1 fall) of the enable pin that opens each latch cell."""
        return [
            1 if text.strip().startswith("!") or text.strip().endswith("'") else 0 for text in netlist.cells.clocked_on
        ]

    def close(self) -> None:
        """Find every tag that any class of arcs can make, and fill ``remap``."""
        done: dict[tuple[int, int], int] = {}
        k = 0
        while k < len(self.tags):
            for c, key in enumerate(self._keys):
                behind = self._behind(self.tags[k], key)
                done[c, k] = -1 if behind is None else self.number(behind)
            k += 1
        self.remap = np.full((len(self._keys), self.n), -1, dtype=np.int32)
        for (c, k), to in done.items():
            self.remap[c, k] = to

    def _behind(self, tag: Tag, key: tuple[object, ...]) -> Tag | None:
        kind = key[0]
        if kind == "plain":
            return tag
        if kind == "launch":
            if not tag.is_clock:
                return None
            progress = tuple(
                0 if (tag.clock in e.from_clocks if e.from_clocks is not None else matched) else -1
                for e, matched in zip(self.exceptions, key[1], strict=True)  # type: ignore[call-overload]
            )
            return self._pass(Tag(tag.clock, tag.edge, False, progress), key[2])  # type: ignore[arg-type]
        if kind == "through":
            return self._pass(tag, key[1])  # type: ignore[arg-type]
        if tag.is_clock or tag.borrowed >= _MAX_BORROW:
            return None
        # A latch on the launching clock: data pass while it is open, and count from its opening edge.
        opening, _ = separation(self.clocks[tag.clock], tag.edge, self.clocks[tag.clock], int(key[1]))  # type: ignore[call-overload]
        moved = Tag(tag.clock, int(key[1]), False, tag.progress, tag.offset + opening, tag.borrowed + 1)  # type: ignore[call-overload]
        return self._pass(moved, key[2])  # type: ignore[arg-type]

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
        return rows
