"""Tags: what an arrival is relative to (a clock edge) and how far it is through the path exceptions that may apply to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from finevh.constraints.model import Clock
from finevh.errors import InputError
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Kind
from finevh.timing.graph.exceptions import BoundException
from finevh.timing.graph.latches import MAX_BORROW, latch_opening
from finevh.timing.graph.structure import Structure
from finevh.timing.sweep.arrays import LAUNCHES

MAX_TAGS = 30
"""Tags are bits of an int32 with room for the sign."""
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
        return any(e.source.rule.limits_delay and e.starts(NO_CLOCK, 0, -1, port) for e in self.exceptions)

    def progress(self, tag: Tag) -> tuple[int, ...]:
        """Progress of a tag; a clock that ends as data starts at its source."""
        if not tag.is_clock:
            return tag.progress
        return tuple(
            0 if tag.clock in e.from_sources or e.starts(tag.clock, tag.edge, -1, -1) else -1 for e in self.exceptions
        )

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
        launching = (structure.arc_mask & LAUNCHES) > 0
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
        if tag.borrowed >= MAX_BORROW:
            raise InputError(f"a path passes more than {MAX_BORROW} open latches in a row: not understood")
        # Data pass while the latch is open, and count from its opening edge.
        opens: tuple[int, int] = key[1]
        clock, edge = opens
        opening = latch_opening(self.clocks[tag.clock], tag.edge, self.clocks[clock], edge)
        moved = Tag(clock, edge, False, tag.progress, tag.offset + opening, tag.borrowed + 1, tag.outside)
        return self._pass(moved, key[2])

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
