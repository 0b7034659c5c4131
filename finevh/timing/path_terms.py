"""What a path takes at least, a term per pair of tiles: its start, its arcs, the loads beside it, its check and its clocks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.base.kernel_types import KernelTable
from finevh.base.sorting import stable_order
from finevh.technology.model import Index, Int, Real
from finevh.timing.delay.table_windows import Grids, table_window
from finevh.timing.sweep.arrays import LAUNCHES, Array

Ints = NDArray[np.integer[Any]]


class Arcs(NamedTuple):
    """Entries, each an arc and the edge of its input, and what they lead from and to."""

    arc: Int
    """(n_entry)."""
    edge: Ints
    source: Int
    """(n_arc) node, and so the next three."""
    sink: Int
    local: Int
    mask: Array
    node_cell: Int
    node_port: Int
    node_tile: Int
    clock_slew: Array
    """(n_node, 2) ps of ideal clocks, else -1."""
    port_arrival: Real
    """(n_tag, n_port, 2) ps."""


class LeastDelays(NamedTuple):
    """What is known of nodes, entries and endpoints over all maps; by the driver's state, then the cell's."""

    with_wires: int
    spread: float
    """Share of an Elmore delay that a slew grows by."""
    table_base: Ints
    load: Real
    """(2, n_node, 2, 2) fF, least and most by edge and own state."""
    wire: Real
    """(2, n_sink, 2, 2) ps."""
    slew: Real
    """(2, n_node, 2, 2) ps."""
    delay: Real
    """(n_entry, 2, 2) ps."""
    slew_floor: Real
    """(n_entry, 2, 2) ps."""
    load_slope: Real
    """(n_entry) ps/fF."""
    port_extra: Real
    """(n_node, 2) ps of driving cells."""
    row_tile: Int
    """(n_row)."""
    row_margin: Real
    """(n_row, 2, 2, 2) ps by edge."""


class ForeignLoads(NamedTuple):
    """Per node (CSR) the tiles beside its own that load it, and by how much more, (n, 2) fF, when they are high."""

    ptr: Ints
    tile: Int
    cap: Real


class Path(NamedTuple):
    """Entries from the start on; ``entries[n]`` leads from ``nodes[n]`` and its edge to the next one."""

    entries: Ints
    nodes: Ints
    edges: Ints


class Terms(NamedTuple):
    """Pairs of tiles, of a driver and of a cell (-1: higher supply under every map), and (n, 2, 2) ps."""

    driver: Int
    tile: Int
    delay: Real


class Sums(NamedTuple):
    """Memory to add up terms of equal pairs; zero between paths."""

    total: Real
    """(wide * wide, 2, 2) ps."""
    keys: Ints
    """Rows of ``total`` in the order in which terms came, the first number how many."""
    wide: int
    """One more than there are tiles."""


@callee(error_model="numpy")
def _note(sums: Sums, driver: Index, tile: Index) -> Index:
    """Row of a pair of tiles, to which a term is about to be added."""
    key = (driver + 1) * sums.wide + tile + 1
    sums.keys[0] += 1
    sums.keys[sums.keys[0]] = key
    return np.int64(key)


@callee(error_model="numpy")
def _launches(arcs: Arcs, entry: Index) -> bool:
    """Whether data start at an entry, with an ideal clock's edge."""
    a = arcs.arc[entry]
    return bool(arcs.mask[a] & LAUNCHES and arcs.clock_slew[arcs.source[a], arcs.edge[entry]] >= 0.0)


@callee(error_model="numpy")
def _slew_gains(arcs: Arcs, known: LeastDelays, grids: Grids, path: Path) -> Real:
    """(n_entry, 2, 2) ps that an entry gives the next one through its slew, at least, by the states of its own two cells."""
    gain = np.zeros((len(path.entries), 2, 2))
    tile, slew, load = arcs.node_tile, known.slew, known.load
    for n in range(len(path.entries) - 1):
        e1, e2 = path.entries[n], path.entries[n + 1]
        u, v, r = path.nodes[n + 1], path.nodes[n + 2], path.edges[n + 2]
        a, i = arcs.arc[e2], arcs.edge[e2]
        if _launches(arcs, e2):
            continue
        for qw in range(2):
            for qu in range(2):
                found = np.inf
                x0, x1 = max(slew[0, u, i, qu], known.slew_floor[e1, qw, qu]), slew[1, u, i, qu]
                hop = 0.0
                if known.with_wires:
                    w0, w1 = known.wire[0, arcs.sink[a], i, qu], known.wire[1, arcs.sink[a], i, qu]
                    x0 = np.sqrt(x0 * x0 + known.spread * w0 * known.spread * w0)
                    x1 = np.sqrt(x1 * x1 + known.spread * w1 * known.spread * w1)
                    hop = w0
                for s in range(2):
                    if (tile[v] < 0 and s == 0) or (tile[u] < 0 and qu == 0):
                        continue
                    if tile[u] == tile[v] and tile[u] >= 0 and qu != s:
                        continue
                    rec = (known.table_base[s, arcs.node_cell[v]] + arcs.local[a]) * 2 + r
                    crossed = qu != s and grids.number[s, 1, rec] >= 0
                    least = table_window(
                        grids.grid, grids.axis, grids.point, grids.share, grids.below, grids.above, grids.value,
                        grids.number[s, 1 if crossed else 0, rec], crossed, x0, max(x0, x1), load[0, v, r, s], load[1, v, r, s],
                        False,
                    )[0]  # fmt: skip
                    found = min(found, least + hop - known.delay[e2, qu, s])
                if found < np.inf:
                    gain[n, qw, qu] = max(found, 0.0)
    return gain


@callee(error_model="numpy")
def _add_arcs(arcs: Arcs, known: LeastDelays, grids: Grids, path: Path, sums: Sums) -> None:
    """Each arc with what the one before gives it through its slew."""
    gain = _slew_gains(arcs, known, grids, path)
    for n in range(len(path.entries)):
        key = _note(sums, arcs.node_tile[path.nodes[n]], arcs.node_tile[path.nodes[n + 1]])
        for q in range(2):
            for s in range(2):
                sums.total[key, q, s] += known.delay[path.entries[n], q, s] + gain[n, q, s]


@callee(error_model="numpy")
def _add_loads(known: LeastDelays, foreign: ForeignLoads, path: Path, sums: Sums) -> None:
    """What tiles beside the path add as loads while they are high."""
    for n in range(len(path.entries)):
        node = path.nodes[n + 1]
        for f in range(foreign.ptr[node], foreign.ptr[node + 1]):
            more = known.load_slope[path.entries[n]] * foreign.cap[f, path.edges[n + 1]]
            if more > 0.0:
                key = _note(sums, -1, foreign.tile[f])
                sums.total[key, 0, 1] += more
                sums.total[key, 1, 1] += more


@callee(error_model="numpy")
def _add_start(arcs: Arcs, known: LeastDelays, path: Path, sums: Sums) -> None:
    """The arrival at a port where the path begins at one."""
    if len(path.entries) and _launches(arcs, path.entries[0]):
        return
    # A port that several clocks launch from: the tag is not told apart here, the least arrival is taken.
    node, edge, arrives = path.nodes[0], path.edges[0], np.inf
    for k in range(arcs.port_arrival.shape[0]):
        here = arcs.port_arrival[k, arcs.node_port[node], edge]
        if np.isfinite(here):
            arrives = min(arrives, here)
    arrives += known.port_extra[node, edge]
    key = _note(sums, -1, -1)
    for q in range(2):
        for s in range(2):
            sums.total[key, q, s] += arrives


@callee(error_model="numpy")
def _take(sums: Sums, found: Terms) -> int:
    """Sums as terms, pairs of tiles ascending; the memory is zero afterwards."""
    count, n_found = sums.keys[0], 0
    keys = sums.keys[1 : count + 1]
    keys = keys[stable_order(keys)]
    for k in range(count):
        if k and keys[k] == keys[k - 1]:
            continue
        found.driver[n_found], found.tile[n_found] = keys[k] // sums.wide - 1, keys[k] % sums.wide - 1
        for q in range(2):
            for s in range(2):
                found.delay[n_found, q, s] = sums.total[keys[k], q, s]
                sums.total[keys[k], q, s] = 0.0
        n_found += 1
    sums.keys[0] = 0
    return n_found


# Each group of columns by its own name.
@kernel(nogil=True, error_model="numpy")
def sum_path(
    row: int,
    path: Path,
    arcs: Arcs,
    known: LeastDelays,
    grids: Grids,
    foreign: ForeignLoads,
    clock: Terms,
    sums: Sums,
    found: Terms,
) -> int:
    """Write the terms of a path to an endpoint row to ``found``, one per pair of tiles, ascending; returns how many."""
    last, edge = path.nodes[len(path.nodes) - 1], path.edges[len(path.nodes) - 1]
    key = _note(sums, arcs.node_tile[last], known.row_tile[row])
    for q in range(2):
        for s in range(2):
            sums.total[key, q, s] += known.row_margin[row, edge, q, s]
    _add_arcs(arcs, known, grids, path, sums)
    _add_loads(known, foreign, path, sums)
    _add_start(arcs, known, path, sums)
    for k in range(len(clock.tile)):
        key = _note(sums, clock.driver[k], clock.tile[k])
        for q in range(2):
            for s in range(2):
                sums.total[key, q, s] += clock.delay[k, q, s]
    return _take(sums, found)


KERNELS: KernelTable = {
    "timing.path_terms": {
        "sum_path": (
            "k", "Path:lll", "Arcs:ibiiiuiiiFG", "LeastDelays:nxLHHHGGfFiH", "Grids:JLLffiif", "ForeignLoads:liF", "Terms:iiG",
            "Sums:Glk", "Terms:iiG",
        )
    }
}  # fmt: skip
"""Kernels by the types of their arguments (see :mod:`finevh.base.kernel_types`)."""
