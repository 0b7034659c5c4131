"""Delay arcs of a cell: which edges move which outputs, the slowest of them, and their tables over slew and load.

A cell that stores nothing is measured in every side state on the full grid; one that stores, in the side state that is the
slowest at the middle of the grid (its arcs depend little on the others, and each state costs a walk).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.bench.measure_edges import Move, Table, measure_edges
from finevh.characterization.cells.topology import Topology
from finevh.characterization.corner import Corner
from finevh.characterization.record import Arc, Edge, Sense, State, TimingType

__all__ = ["Group", "Moved", "arcs", "classify", "edge_table", "measure_arcs", "points"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """What makes one arc: related pin, output, sense and kind."""

    related: str
    pin: str
    sense: Sense
    kind: TimingType

    @property
    def asynchronous(self) -> bool:
        """Tell whether it is an arc from a clear or preset."""
        return self.kind in ("clear", "preset")


Moved = Mapping[tuple[Group, bool], list[Move]]
"""Moves by (group, output rising)."""


def classify(topology: Topology, every: Iterable[Move]) -> tuple[Moved, list[Move]]:
    """Sort moves into the edges of arcs, and quiet ones: those that move no output."""
    moved: dict[tuple[Group, bool], list[Move]] = defaultdict(list)
    quiet = []
    for move in every:
        before = topology.settled(move.state)
        after = topology.settled(topology.apply(move.state, move.pin, int(move.rising)))
        turned = [pin for pin in before if before[pin] != after[pin]]
        for pin in turned:
            kind, sense = _timing(topology, move, after[pin] == 1)
            moved[Group(move.pin, pin, sense, kind), after[pin] == 1].append(move)
        if not turned:
            quiet.append(move)
    return moved, quiet


def _timing(topology: Topology, move: Move, up: bool) -> tuple[TimingType, Sense]:
    """Return the Liberty kind of an arc; an edge-triggered arc has no sense."""
    sequential = topology.sequential
    if sequential is not None and move.pin == sequential.clear:
        return "clear", "positive_unate"
    if sequential is not None and move.pin == sequential.preset:
        return "preset", "negative_unate"
    if sequential is not None and move.pin == sequential.clock and sequential.kind != "clock-gate":
        return ("rising_edge" if move.rising else "falling_edge"), "non_unate"
    return "combinational", "positive_unate" if move.rising == up else "negative_unate"


def _axes(corner: Corner, group: Group) -> tuple[FloatArray, FloatArray]:
    """Asynchronous arcs use the small grid, all others the full one."""
    grid = corner.process.grid
    if group.asynchronous:
        return corner.slew_ps[list(grid.side_slew)], corner.load_ff[list(grid.side_load)]
    return corner.slew_ps, corner.load_ff


def points(slews: FloatArray, loads: FloatArray) -> list[tuple[float, float]]:
    """Return every (slew, load) of two axes."""
    return [(float(s), float(load)) for s in slews for load in loads]


def measure_arcs(corner: Corner, topology: Topology, table: Table, moved: Moved) -> dict[tuple[Group, bool], Move]:
    """Add the samples of all arcs to `table`, which holds every move at the middle; return the slowest move of each edge."""
    if topology.sequential is None:
        grid = points(corner.slew_ps, corner.load_ff)
        measure_edges(corner, topology, table, [(m, grid) for m in _unique(moved.values())])
        return {key: _slowest(table, members, key[0].pin, grid) for key, members in moved.items()}
    worst = {key: _slowest(table, members, key[0].pin, [corner.middle]) for key, members in moved.items()}
    measure_edges(corner, topology, table, [(m, points(*_axes(corner, key[0]))) for key, m in worst.items()])
    return worst


def _unique(groups: Iterable[Iterable[Move]]) -> list[Move]:
    return list(dict.fromkeys(move for members in groups for move in members))


def _slowest(table: Table, members: Iterable[Move], output: str, at: Iterable[tuple[float, float]]) -> Move:
    """Return the move with the largest sum of delays: the order of the side states is the same at most points."""
    at = list(at)
    return max(members, key=lambda move: sum(table[move, slew, load].delay_ps[output] for slew, load in at))


def edge_table(corner: Corner, table: Table, move: Move, pin: str, axes: tuple[FloatArray, FloatArray]) -> Edge:
    """Collect one output edge, (n_slew, n_load); energy is shared evenly by the outputs that move together."""
    slews, loads = axes
    shape = (len(slews), len(loads))
    delay, out_slew, energy = np.empty(shape), np.empty(shape), np.empty(shape)
    for i, slew in enumerate(slews):
        for j, load in enumerate(loads):
            sample = table[move, float(slew), float(load)]
            delay[i, j], out_slew[i, j] = sample.delay_ps[pin], sample.out_slew_ps[pin]
            charged = sum(sample.out_rising.values())
            energy[i, j] = (sample.energy_fj - charged * load * corner.vdd**2) / len(sample.delay_ps)
    return Edge(delay, out_slew, energy)


def arcs(corner: Corner, table: Table, moved: Moved, worst: Mapping[tuple[Group, bool], Move]) -> tuple[Arc, ...]:
    """Return the arcs: of each group its worst edges, then those of each side state if it was measured in several."""
    found = []
    for group in dict.fromkeys(key[0] for key in worst):
        axes = _axes(corner, group)
        edges = {up: worst.get((group, up)) for up in (True, False)}
        found.append(_arc(corner, table, group, axes, edges, ()))
        sides: dict[State, dict[bool, Move]] = defaultdict(dict)
        for up in (True, False):
            for move in moved.get((group, up), ()):
                if move.state.stored is None:
                    sides[move.side][up] = move
        if len(sides) > 1:
            found += [_arc(corner, table, group, axes, both, side) for side, both in sides.items()]
    return tuple(found)


def _arc(
    corner: Corner,
    table: Table,
    group: Group,
    axes: tuple[FloatArray, FloatArray],
    edges: Mapping[bool, Move | None],
    state: State,
) -> Arc:
    up, down = edges.get(True), edges.get(False)
    return Arc(
        group.related,
        group.pin,
        group.sense,
        group.kind,
        state,
        *axes,
        edge_table(corner, table, up, group.pin, axes) if up else None,
        edge_table(corner, table, down, group.pin, axes) if down else None,
        up.side if up else (),
        down.side if down else (),
    )
