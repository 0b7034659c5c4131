"""From a floorplan to a legal placement: cells spread over the cut rows by electrostatics, laid into them by coloquinte, ports
on the die boundary by connectivity.

Coloquinte runs in coarse units: the greatest common divisor of site and row, 10 nm in a 0.19 x 1.4 um technology. With a
fine unit a 32-bit cost in its legaliser overflows and cut rows cost a third of the wirelength.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import coloquinte
import numpy as np

from finevh.errors import InputError
from finevh.layout.electrostatic import STOP, Moment, Problem, Spreading, add_charge
from finevh.layout.floorplan import Floorplan, cell_sites, coarse_unit
from finevh.layout.placement import Placement, check_placement
from finevh.layout.tile_at import nearest_line, orient_and_tile, pieces_at
from finevh.netlist.model import NO_NET, Netlist
from finevh.technology.model import Int, Real, Technology

Progress = Callable[[str, int], None]
"""Called with the stage ('ports', 'global', 'detailed') and the number of steps done in it."""

_NM_PER_UM = 1000
_COST_LIMIT = 2**31
_BINS = 0.64
"""Bins along the core's longer side, per root of the number of cells: 128 on RI5CY, where 256 take twice the time for wires as
long."""
_PORT_STEPS = 30
"""Of the places without ports. With 10 and 15 wires are as long, periods 1 % longer (RI5CY, two and three starts)."""
_SIDE_MARGIN = 0.3
"""Row heights that these keep free at either end of a cut row; by coloquinte's own 0.9 a tenth of a small tile is lost."""
_PACKING = 0.97  # share of the rows that padded cells may fill: legalisation needs the rest


_Centres = tuple[Real, Real]
"""Centres of the cells, (n_cell) um each."""
Weigh = Callable[[Placement, float], Real | None]
"""Called after each step of global placement, with where cells are, on no rows yet, and the share of them that is still above its
bin's target: what the length of each net counts for (n_net), or None to leave that."""


@dataclass(frozen=True)
class PlacerOptions:
    """``effort`` 1-9 of detailed placement, as in coloquinte."""

    effort: int = 3
    density: float | None = 0.74
    """Share of any neighbourhood that cells may fill in global placement: leaves room for buffers and larger drives everywhere
    and keeps every tile in use. None packs the cells and leaves the outer tiles empty."""
    detailed_density: float = 1.0
    """The same where detailed placement lays cells into rows: it needs free sites to move them about. At the density of global
    placement wires are a tenth longer (measured on RI5CY)."""
    seed: int = -1
    """Of where cells begin, in the core's middle; -1 is as good as any."""


@dataclass(frozen=True)
class _Hypergraph:
    """Nets of two or more pins in CSR form over nodes: cells first, then ports."""

    ptr: Int
    node: Int
    weight: Real
    """(n) of each net."""
    net: Int
    """(n) its number in the netlist."""

    def without_ports(self, n_cells: int) -> _Hypergraph:
        """Nets over cells alone, those of two cells or more."""
        net = np.repeat(np.arange(len(self.weight)), np.diff(self.ptr))
        inside = self.node < n_cells
        count = np.bincount(net[inside], minlength=len(self.weight))
        keep = count > 1
        ptr = np.concatenate([[0], np.cumsum(count[keep])]).astype(np.int32)
        return _Hypergraph(ptr, self.node[inside & keep[net]], self.weight[keep], self.net[keep])

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
        return _Hypergraph(ptr.astype(np.int32), node, np.ones(len(net)), self.net[net])


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
        np.flatnonzero(count > 0).astype(np.int32),
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
    graph: _Hypergraph,
    floorplan: Floorplan,
    width: Int,
    port_xy: tuple[Real, Real],
    lattice: _Lattice,
    places: _Centres,
) -> coloquinte.Circuit:
    """Build coloquinte's circuit, every cell around its centre; ``width`` in units."""
    port_x, port_y = lattice.coarse(port_xy[0], 0), lattice.coarse(port_xy[1], 1)
    n_cells, n_ports = len(width), len(port_x)
    site, row = lattice.site, lattice.row
    circuit = coloquinte.Circuit(n_cells + n_ports)
    circuit.cell_width = [*width.tolist(), *[0] * n_ports]
    circuit.cell_height = [row] * n_cells + [0] * n_ports
    circuit.cell_is_fixed = [False] * n_cells + [True] * n_ports
    circuit.cell_is_obstruction = [True] * n_cells + [False] * n_ports
    x, y = lattice.coarse(places[0], 0) - width // 2, lattice.coarse(places[1], 1) - row // 2
    circuit.cell_x = [*x.tolist(), *port_x.tolist()]
    circuit.cell_y = [*y.tolist(), *port_y.tolist()]
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
        circuit.add_net(pins, [half[p] for p in pins], [tall[p] for p in pins], weight)
    return circuit


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


class _Ground:
    """What a netlist is placed on: bins over the core, and how wide cells are in global and in detailed placement."""

    def __init__(self, netlist: Netlist, technology: Technology, floorplan: Floorplan, options: PlacerOptions) -> None:
        self.netlist, self.technology, self.floorplan, self.options = netlist, technology, floorplan, options
        self.lattice = _lattice(technology, floorplan)
        self.sites = cell_sites(netlist, technology)
        self.capacity = int(floorplan.segments.sites.sum())
        if self.sites.sum() > self.capacity:
            raise InputError(
                f"utilisation: {self.sites.sum()} sites of cells cannot fit {self.capacity} sites of rows; lower the utilisation"
            )
        spans = floorplan.core[2] - floorplan.core[0], floorplan.core[3] - floorplan.core[1]
        widest = int(self.sites.max(initial=1)) * self.lattice.site
        if max(spans) / self.lattice.um * widest >= _COST_LIMIT:
            raise InputError(
                f"the core is {max(spans):.0f} um wide, more than the placer's units of {self.lattice.um:g} um can hold"
            )
        self.pitch = max(spans) / max(16, round(_BINS * netlist.n_cells**0.5))
        shape = [max(2, math.ceil(span / self.pitch - 1e-9)) for span in spans]
        self.room = self._room(shape)

    def padded(self, density: float | None) -> Int:
        """(n_cell) widths in sites that leave free what a density asks for."""
        return _spread(self.sites, self.capacity, density)

    def _room(self, shape: Sequence[int]) -> Real:
        """(n_x, n_y) share of each bin that rows cover."""
        plan, pieces = self.floorplan, self.floorplan.segments
        half_w = pieces.sites * plan.site_width / 2 / self.pitch
        half_h = np.full(len(half_w), plan.row_height / 2 / self.pitch)
        x = pieces.site * plan.site_width / self.pitch + half_w
        y = (plan.line_y[pieces.line] - plan.core[1]) / self.pitch + half_h
        room = np.zeros(tuple(shape))
        add_charge(x, y, half_w, half_h, np.ones(len(x)), room)
        return np.minimum(room, 1.0)

    def spreading(self, graph: _Hypergraph, sites: Int, ports: tuple[Real, Real]) -> Spreading:
        """Cells of ``sites`` before they are spread."""
        width = sites * self.floorplan.site_width / self.pitch
        height = np.full(len(width), self.floorplan.row_height / self.pitch)
        problem = Problem(graph.ptr, graph.node, graph.weight, width, height, self.room, *self.bins(*ports))
        return Spreading(problem, self.options.seed + 1)

    def middle(self) -> _Centres:
        """All cells in the core's middle."""
        core, n = self.floorplan.core, self.netlist.n_cells
        return np.full(n, (core[0] + core[2]) / 2), np.full(n, (core[1] + core[3]) / 2)

    def bins(self, x: Real, y: Real) -> tuple[Real, Real]:
        """Places in bins from those in um."""
        return (x - self.floorplan.core[0]) / self.pitch, (y - self.floorplan.core[1]) / self.pitch

    def centres(self, x: Real, y: Real) -> _Centres:
        """Centres in um from those in bins."""
        return self.floorplan.core[0] + x * self.pitch, self.floorplan.core[1] + y * self.pitch

    def rough(self, centres: _Centres, ports: tuple[Real, Real]) -> Placement:
        """Cells where they are, on no row: for estimates of their wires; each has the tile that is nearest."""
        plan, side = self.floorplan, self.floorplan.tiles_per_side
        box = plan.tile_box
        column = np.searchsorted((box[: side - 1, 2] + box[1:side, 0]) / 2, centres[0])
        bottom = box[::side]
        row = np.searchsorted((bottom[:-1, 3] + bottom[1:, 1]) / 2, centres[1])
        return Placement(
            x=centres[0] - self.technology.cell_width[self.netlist.cell_type] / 2,
            y=centres[1] - plan.row_height / 2,
            orient=np.zeros(len(column), dtype=np.int8),
            tile=(row * side + column).astype(np.int32),
            port_x=ports[0],
            port_y=ports[1],
        )


def place_ports(
    netlist: Netlist,
    technology: Technology,
    floorplan: Floorplan,
    options: PlacerOptions | None = None,
    progress: Progress | None = None,
) -> tuple[Real, Real]:
    """Places of the ports, (n_port) um each, on the boundary, nearest to where their cells lie when no port holds them.

    Coloquinte places for this: its quadratic wires unfold a netlist without fixed ends, where charges that begin in the middle
    keep the folds they begin with (wires of RI5CY up to 8 % longer around the ports that result, other ones from each start).

    Raises
    ------
    InputError
        As :func:`place`.
    """
    options = options or PlacerOptions()
    ground = _Ground(netlist, technology, floorplan, options)
    if not len(netlist.port_net):
        return np.zeros(0), np.zeros(0)
    lattice, n = ground.lattice, netlist.n_cells
    width = np.asarray(ground.padded(options.density) * lattice.site, dtype=np.int32)
    graph = _hypergraph(netlist, None).without_ports(n)
    anywhere = _boundary(floorplan.die, len(netlist.port_net))
    circuit = _circuit(graph, floorplan, width, anywhere, lattice, ground.middle())
    parameters = coloquinte.ColoquinteParameters(1, options.seed)
    overall = getattr(parameters, "global")
    rough = overall.rough_legalization
    rough.side_margin = _SIDE_MARGIN
    overall.rough_legalization = rough
    overall.max_nb_steps = _PORT_STEPS
    setattr(parameters, "global", overall)
    with _Silence() as quiet:
        circuit.place_global(parameters, quiet.tell("ports", progress))
    x = lattice.origin[0] + (np.array(circuit.cell_x[:n]) + width / 2) * lattice.um
    y = lattice.origin[1] + (np.array(circuit.cell_y[:n]) + lattice.row / 2) * lattice.um
    return assign_ports(netlist, floorplan, x, y)


def _counting(stage: str, progress: Progress | None) -> Callable[[Moment], None]:
    """What tells the steps of a spreading."""
    steps = itertools.count(1)

    def step(_: Moment) -> None:
        if progress is not None:
            progress(stage, next(steps))

    return step


def _spread_out(
    ground: _Ground,
    graph: _Hypergraph,
    sites: Int,
    ports: tuple[Real, Real],
    weigh: Weigh | None,
    progress: Progress | None,
) -> tuple[_Centres, _Hypergraph]:
    """Global placement of cells of ``sites``: their centres, um, and the nets with the weights of the end."""
    count = _counting("global", progress)
    found = graph
    spreading = ground.spreading(graph, sites, ports)

    def watch(moment: Moment) -> bool:
        nonlocal found
        count(moment)
        weight = None
        if weigh is not None:
            weight = weigh(ground.rough(ground.centres(moment.x, moment.y), ports), moment.overlap)
        if weight is None:
            return False
        found = replace(graph, weight=np.asarray(weight[graph.net], dtype=np.float64))
        spreading.weigh(found.weight)
        return True

    return ground.centres(*spreading.run(STOP, watch)), found


def rough_place(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, progress: Progress | None = None
) -> Placement:
    """Cells spread over the core and ports on its boundary, on no rows yet: to estimate wires by, not to be built.

    Raises
    ------
    InputError
        As :func:`place`.
    """
    ground = _Ground(netlist, technology, floorplan, PlacerOptions())
    ports = place_ports(netlist, technology, floorplan, ground.options, progress)
    graph = _hypergraph(netlist, None)
    centres, _ = _spread_out(ground, graph, ground.padded(ground.options.density), ports, None, progress)
    return ground.rough(centres, ports)


def place(
    netlist: Netlist,
    technology: Technology,
    floorplan: Floorplan,
    options: PlacerOptions | None = None,
    progress: Progress | None = None,
    *,
    weight: Real | None = None,
    weigh: Weigh | None = None,
    ports: tuple[Real, Real] | None = None,
) -> Placement:
    """Place cells on the cut rows and ports on the boundary; the result is proved by :func:`check_placement`.

    Parameters
    ----------
    weight
        (n_net) what a net's length counts for, one or more; one where absent.
    weigh
        Gives other weights while cells spread.
    ports
        Where the ports are, (n_port) um each; by connectivity where absent.

    Raises
    ------
    InputError
        If the cells do not fit the rows (utilisation), or the core is beyond coloquinte's range.
    """
    options = options or PlacerOptions()
    ground = _Ground(netlist, technology, floorplan, options)
    ports = place_ports(netlist, technology, floorplan, options, progress) if ports is None else ports
    graph = _hypergraph(netlist, weight)
    close = None if options.density is None else max(options.density, options.detailed_density)
    parameters = coloquinte.ColoquinteParameters(options.effort)
    # Padded cells may not pack into short rows: then the true widths decide whether the utilisation fits.
    for spread, laid in (
        (ground.padded(options.density), ground.padded(close)),
        (ground.sites, ground.sites),
    ):
        centres, found = _spread_out(ground, graph, spread, ports, weigh, progress)
        width = np.asarray(laid * ground.lattice.site, dtype=np.int32)
        # Detailed placement ignores weights.
        circuit = _circuit(found.repeated(), floorplan, width, ports, ground.lattice, centres)
        try:
            with _Silence() as quiet:
                circuit.place_detailed(parameters, quiet.tell("detailed", progress))
        except RuntimeError as error:
            failure = error
            continue
        placement = _read_back(netlist, floorplan, circuit, ground.lattice, ports)
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
