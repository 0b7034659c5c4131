"""From a floorplan to a legal placement: coloquinte on the cut rows, ports on the die boundary by connectivity.

Coloquinte runs in coarse units: the greatest common divisor of site and row, 10 nm in a 0.19 x 1.4 um technology. With a
fine unit a 32-bit cost in its legaliser overflows and cut rows cost a third of the wirelength.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

import coloquinte
import numpy as np

from finevh.errors import InputError
from finevh.layout.floorplan import Floorplan, cell_sites, coarse_unit
from finevh.layout.placement import Placement, check_placement
from finevh.layout.tile_at import nearest_line, orient_and_tile, pieces_at
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Int, Real, Technology

Progress = Callable[[str, int], None]
"""Called with the stage ('ports', 'global', 'detailed') and the number of steps done in it."""

_NM_PER_UM = 1000
_COST_LIMIT = 2**31
_PACKING = 0.97  # share of the rows that padded cells may fill: legalisation needs the rest


@dataclass(frozen=True)
class PlacerOptions:
    """``effort`` 1-9 as in coloquinte."""

    effort: int = 3
    density: float | None = 0.74
    """Share of any neighbourhood that cells may fill in global placement: leaves room for buffers and larger drives everywhere
    and keeps every tile in use. None packs the cells and leaves the outer tiles empty."""
    detailed_density: float = 1.0
    """The same where detailed placement lays cells into rows: it needs free sites to move them about. At the density of global
    placement wires are a tenth longer (measured on RI5CY)."""
    side_margin: float = 0.3
    """Row heights that global placement keeps free at either end of a cut row."""
    port_steps: int = 30
    """Steps of the rough placement without ports that tells where the ports belong."""
    seed: int = -1
    """Of coloquinte's noise; -1 is its own."""


@dataclass(frozen=True)
class _Hypergraph:
    """Nets of two or more pins in CSR form over nodes: cells first, then ports."""

    ptr: Int
    node: Int
    weight: Real
    """(n) of each net."""

    def repeated(self) -> _Hypergraph:
        """Each net as often as its rounded weight says, weights one: for what does not know weights."""
        times = np.maximum(np.rint(self.weight).astype(np.int64), 1)
        if (times == 1).all():
            return self
        net = np.repeat(np.arange(len(times)), times)
        count = np.diff(self.ptr)[net]
        ptr = np.concatenate([[0], np.cumsum(count)])
        inside = np.arange(ptr[-1]) - np.repeat(ptr[:-1], count)
        node = self.node[np.repeat(self.ptr[:-1][net], count) + inside]
        return _Hypergraph(ptr.astype(np.int32), node, np.ones(len(net)))


class _Silence:
    """Keeps the placer's own chatter, written by C++ straight to descriptor 1, out of the caller's standard output."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None)
        self._kept = -1

    def __enter__(self) -> _Silence:
        sys.stdout.flush()
        self._kept = os.dup(1)
        self._hush()
        return self

    def __exit__(self, *_: object) -> None:
        self._speak()
        os.close(self._kept)

    def _hush(self) -> None:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.close(sink)

    def _speak(self) -> None:
        self._libc.fflush(None)
        os.dup2(self._kept, 1)

    def tell(self, stage: str, progress: Progress | None) -> Callable[[object], None]:
        """Return a callback for the placer that counts its steps and reports them aloud."""
        steps = 0

        def step(_: object) -> None:
            nonlocal steps
            steps += 1
            if progress is not None:
                self._speak()
                progress(stage, steps)
                sys.stdout.flush()
                self._hush()

        return step


def _hypergraph(netlist: Netlist, weight: Real | None) -> _Hypergraph:
    """Collect the nets worth placing by: two or more pins, not constant; ``weight`` (n_net), one each where absent."""
    pins = np.flatnonzero(netlist.pin_net != NO_NET)
    ports = np.flatnonzero(netlist.port_net != NO_NET)
    net = np.concatenate([netlist.pin_net[pins], netlist.port_net[ports]])
    node = np.concatenate([netlist.pin_cell[pins], netlist.n_cells + ports])
    live = netlist.net_constant[net] < 0
    net, node = net[live], node[live]
    keep = np.bincount(net, minlength=netlist.n_nets)[net] > 1
    net, node = net[keep], node[keep]
    order = np.argsort(net, kind="stable")
    count = np.bincount(net, minlength=netlist.n_nets)
    weight = np.ones(netlist.n_nets) if weight is None else weight
    return _Hypergraph(
        np.concatenate([[0], np.cumsum(count[count > 0])]).astype(np.int32),
        node[order].astype(np.int32),
        weight[count > 0].astype(np.float64),
    )


@dataclass(frozen=True)
class _Lattice:
    """Coarse units: ``um`` per unit, site and row in units, and where the core's corner is, um."""

    um: float
    site: int
    row: int
    origin: tuple[float, float]

    def coarse(self, value: Real | float, axis: int) -> Int:
        """Return coordinates in units from the core's corner."""
        return np.rint((np.asarray(value) - self.origin[axis]) / self.um).astype(np.int32)


def _lattice(technology: Technology, floorplan: Floorplan) -> _Lattice:
    um = coarse_unit(technology) / _NM_PER_UM
    sizes = (round(technology.site_width / um), round(technology.row_height / um))
    return _Lattice(um, *sizes, (floorplan.core[0], floorplan.core[1]))


def _circuit(
    graph: _Hypergraph, floorplan: Floorplan, width: Int, port_xy: tuple[Real, Real], lattice: _Lattice, ports: bool
) -> coloquinte.Circuit:
    """Build coloquinte's circuit; ``width`` in units; without ``ports`` nets end at cells."""
    port_x, port_y = lattice.coarse(port_xy[0], 0), lattice.coarse(port_xy[1], 1)
    n_cells, n_ports = len(width), len(port_x)
    site, row = lattice.site, lattice.row
    circuit = coloquinte.Circuit(n_cells + n_ports)
    circuit.cell_width = [*width.tolist(), *[0] * n_ports]
    circuit.cell_height = [row] * n_cells + [0] * n_ports
    circuit.cell_is_fixed = [False] * n_cells + [True] * n_ports
    circuit.cell_is_obstruction = [True] * n_cells + [False] * n_ports
    centre = [int(lattice.coarse(floorplan.core[k + 2], k)) // 2 for k in (0, 1)]
    circuit.cell_x = [centre[0]] * n_cells + port_x.tolist()
    circuit.cell_y = [centre[1]] * n_cells + port_y.tolist()
    seg = floorplan.segments
    bottom = lattice.coarse(floorplan.line_y, 1)[seg.line]
    circuit.rows = [
        coloquinte.Row(
            coloquinte.Rectangle(x * site, (x + count) * site, y, y + row),
            coloquinte.CellOrientation.FS if flipped else coloquinte.CellOrientation.N,
        )
        for x, count, y, flipped in zip(
            seg.site.tolist(), seg.sites.tolist(), bottom.tolist(), seg.flipped.tolist(), strict=True
        )
    ]
    half = [*(width // 2).tolist(), *[0] * n_ports]
    tall = [row // 2] * n_cells + [0] * n_ports
    node, ptr = graph.node.tolist(), graph.ptr.tolist()
    for (start, stop), weight in zip(itertools.pairwise(ptr), graph.weight.tolist(), strict=True):
        pins = node[start:stop]
        if not ports:
            pins = [p for p in pins if p < n_cells]
        if len(pins) > 1:
            circuit.add_net(pins, [half[p] for p in pins], [tall[p] for p in pins], weight)
    return circuit


def _with_widths(
    circuit: coloquinte.Circuit,
    graph: _Hypergraph,
    floorplan: Floorplan,
    widths: tuple[Int, Int],
    port_xy: tuple[Real, Real],
    lattice: _Lattice,
) -> coloquinte.Circuit:
    """Return the circuit with other cell widths, (old, new) in units, around the same centres."""
    # Detailed placement ignores weights.
    result = _circuit(graph.repeated(), floorplan, widths[1], port_xy, lattice, ports=True)
    x = np.array(circuit.cell_x)
    x[: len(widths[0])] += (widths[0] - widths[1]) // 2
    result.cell_x, result.cell_y = x.tolist(), circuit.cell_y
    result.cell_orientation = circuit.cell_orientation
    return result


def _boundary(die: tuple[float, float, float, float], count: int) -> tuple[Real, Real]:
    """Return ``count`` points spread evenly along the die's boundary, um, from the lower left counterclockwise."""
    x0, y0, x1, y1 = die
    w, h = x1 - x0, y1 - y0
    s = (np.arange(count) + 0.5) * (2 * (w + h) / count)
    x = np.select([s < w, s < w + h, s < 2 * w + h], [x0 + s, x1 + 0 * s, x1 - (s - w - h)], x0 + 0 * s)
    y = np.select([s < w, s < w + h, s < 2 * w + h], [y0 + 0 * s, y0 + s - w, y1 + 0 * s], y1 - (s - 2 * w - h))
    return np.asarray(np.round(x, 3), dtype=np.float64), np.asarray(np.round(y, 3), dtype=np.float64)


def assign_ports(netlist: Netlist, floorplan: Floorplan, cell_x: Real, cell_y: Real) -> tuple[Real, Real]:
    """Return the places of the ports, (n_port) um each: distinct slots on the die's boundary nearest to what they connect.

    Parameters
    ----------
    cell_x, cell_y : (n_cell) um, a rough placement.

    Notes
    -----
    The assignment of ports to evenly spread slots (twice as many as ports) minimises the summed Manhattan distance between
    each slot and the centroid of the port's cells.
    """
    n_ports = len(netlist.port_net)
    if n_ports == 0:
        return np.zeros(0), np.zeros(0)
    pins = np.flatnonzero(netlist.pin_net != NO_NET)
    net = netlist.pin_net[pins]
    count = np.bincount(net, minlength=netlist.n_nets)
    sums = [np.bincount(net, weights=v[netlist.pin_cell[pins]], minlength=netlist.n_nets) for v in (cell_x, cell_y)]
    middle = ((floorplan.core[0] + floorplan.core[2]) / 2, (floorplan.core[1] + floorplan.core[3]) / 2)
    linked = (netlist.port_net != NO_NET) & (count[netlist.port_net] > 0)
    many = np.maximum(count[netlist.port_net], 1)
    wish = [np.where(linked, s[netlist.port_net] / many, m) for s, m in zip(sums, middle, strict=True)]
    slot_x, slot_y = _boundary(floorplan.die, 2 * n_ports)
    distance = abs(wish[0][:, None] - slot_x) + abs(wish[1][:, None] - slot_y)
    from scipy.optimize import linear_sum_assignment  # late: its import takes half a second

    _, slot = linear_sum_assignment(distance)
    return slot_x[slot], slot_y[slot]


def _spread(sites: Int, capacity: int, density: float | None) -> Int:
    """Widen cells, in sites, so that packing them leaves the free sites that ``density`` asks for.

    Padding is whole sites; the remainder is carried from cell to cell, so that the average is exact.
    """
    if density is None:
        return sites
    # Padding beyond the capacity would make room for nothing: ask for what the rows can hold, less a packing reserve.
    local = max(density, float(sites.sum()) / (_PACKING * capacity))
    if local >= 1.0:
        return sites
    edges = np.floor(np.concatenate([[0.0], np.cumsum(sites / local)]))
    return np.asarray(np.maximum(np.diff(edges), sites), dtype=np.int32)


def _parameters(options: PlacerOptions, effort: int, max_steps: int | None = None) -> coloquinte.ColoquinteParameters:
    """Return coloquinte's parameters; its default keeps 0.9 row heights free at each row end, a tenth of a small tile."""
    parameters = coloquinte.ColoquinteParameters(effort, options.seed)
    overall = getattr(parameters, "global")
    rough = overall.rough_legalization
    rough.side_margin = options.side_margin
    overall.rough_legalization = rough
    if max_steps is not None:
        overall.max_nb_steps = max_steps
    setattr(parameters, "global", overall)
    return parameters


def place(
    netlist: Netlist,
    technology: Technology,
    floorplan: Floorplan,
    options: PlacerOptions | None = None,
    progress: Progress | None = None,
    *,
    weight: Real | None = None,
    ports: tuple[Real, Real] | None = None,
) -> Placement:
    """Place cells on the cut rows and ports on the boundary; the result is proved by :func:`check_placement`.

    Parameters
    ----------
    weight
        (n_net) what a net's length counts for, one or more; one where absent.
    ports
        Where the ports are, (n_port) um each; by connectivity where absent.

    Raises
    ------
    InputError
        If the cells do not fit the rows (utilisation), or the core is beyond coloquinte's range.
    """
    options = options or PlacerOptions()
    lattice = _lattice(technology, floorplan)
    sites = cell_sites(netlist, technology)
    capacity = int(floorplan.segments.sites.sum())
    if sites.sum() > capacity:
        raise InputError(
            f"utilisation: {sites.sum()} sites of cells cannot fit {capacity} sites of rows; lower the utilisation"
        )
    width = np.asarray(_spread(sites, capacity, options.density) * lattice.site, dtype=np.int32)
    close = None if options.density is None else max(options.density, options.detailed_density)
    packed = np.asarray(_spread(sites, capacity, close) * lattice.site, dtype=np.int32)
    span = max(floorplan.core[2] - floorplan.core[0], floorplan.core[3] - floorplan.core[1])
    if span / lattice.um * float(width.max()) >= _COST_LIMIT:
        raise InputError(f"the core is {span:.0f} um wide, more than the placer's units of {lattice.um:g} um can hold")
    graph = _hypergraph(netlist, weight)

    port_xy = _boundary(floorplan.die, len(netlist.port_net)) if ports is None else ports
    if ports is None and len(netlist.port_net):
        rough = _circuit(graph, floorplan, width, port_xy, lattice, ports=False)
        with _Silence() as quiet:
            rough.place_global(_parameters(options, 1, options.port_steps), quiet.tell("ports", progress))
        n = netlist.n_cells
        rough_x = lattice.origin[0] + (np.array(rough.cell_x[:n]) + width / 2) * lattice.um
        rough_y = lattice.origin[1] + (np.array(rough.cell_y[:n]) + lattice.row / 2) * lattice.um
        port_xy = assign_ports(netlist, floorplan, rough_x, rough_y)
    parameters = _parameters(options, options.effort)
    # Padded cells may not pack into short rows: then the true widths decide whether the utilisation fits.
    true = np.asarray(sites * lattice.site, dtype=np.int32)
    for spread, laid in ((width, packed), (true, true)):
        circuit = _circuit(graph, floorplan, spread, port_xy, lattice, ports=True)
        try:
            with _Silence() as quiet:
                circuit.place_global(parameters, quiet.tell("global", progress))
                circuit = _with_widths(circuit, graph, floorplan, (spread, laid), port_xy, lattice)
                circuit.place_detailed(parameters, quiet.tell("detailed", progress))
        except RuntimeError as error:
            failure = error
            continue
        placement = _read_back(netlist, floorplan, circuit, lattice, port_xy)
        check_placement(netlist, technology, floorplan, placement)
        return placement
    raise InputError(
        f"utilisation: the placer found no legal place for every cell ({failure}); lower the utilisation or use fewer tiles"
    )


def _read_back(
    netlist: Netlist,
    floorplan: Floorplan,
    circuit: coloquinte.Circuit,
    lattice: _Lattice,
    port_xy: tuple[Real, Real],
) -> Placement:
    """Snap coloquinte's result to sites: flooring keeps the order and clears no overlap, since widths are whole sites."""
    n = netlist.n_cells
    at = np.array(circuit.cell_x[:n], dtype=np.int64) // lattice.site
    line = nearest_line(floorplan, lattice.origin[1] + np.array(circuit.cell_y[:n]) * lattice.um)
    orient, tile = orient_and_tile(floorplan.segments, pieces_at(floorplan.segments, line, at))
    return Placement(
        x=np.round(floorplan.core[0] + at * floorplan.site_width, 4),
        y=np.round(floorplan.line_y[line], 4),
        orient=orient,
        tile=tile,
        port_x=port_xy[0],
        port_y=port_xy[1],
    )
