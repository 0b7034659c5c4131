"""The empty layout: core from cell area and utilisation, N x N tiles, rows cut per tile, Vdd-MUX sites, chain islands.

Sites and row lines count from the lower left corner of the core. The void between tiles is whole sites wide and whole tracks
of the rail layer high, so pins stay on tracks without paying a whole row. Row orientations alternate inside a tile; each tile
starts with a row whose Vdd rail is at the bottom, facing the void: so that row can hold cells on another supply (the
configuration chain on VddH) behind a gap of one wrapper width, and no Vdd rail of a tile ever meets one of another tile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.layout.power_grid import ring_margin, strap_room
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Real, Technology

MUX_PREFIX = "finevh_vddmux_"
"""Of the instance names of Vdd-MUXes."""
_ISLAND_SHARE = 0.6
"""Of a row behind its head: what is left must be crossed by a strap of the tile."""
_ROUNDS = 8  # tiles grow with their islands, which take a share of their rows
_NM_PER_UM = 1000
_EPS = 1e-6  # um, below any manufacturing grid: guards ceil() against rounding of decimal sizes


@dataclass(frozen=True)
class Segments:
    """Placeable pieces of rows: rows without the sites of Vdd-MUXes and islands.

    ``line`` row line from the core's bottom, ``site`` first site from the core's left, ``sites`` length, ``tile`` owner,
    ``flipped`` True where cells are mirrored about x (orientation FS).
    """

    line: Int
    site: Int
    sites: Int
    tile: Int
    flipped: NDArray[np.bool_]

    def joined(self, others: Segments) -> Segments:
        """Return these and others."""
        pairs = ((getattr(self, f.name), getattr(others, f.name)) for f in fields(self))
        return Segments(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class Floorplan:
    """Die, core and tiles. Tiles count row-major from the lower left; lengths in um, grid columns in sites and row lines."""

    die: tuple[float, float, float, float]
    """x0, y0, x1, y1."""
    core: tuple[float, float, float, float]
    tiles_per_side: int
    site_width: float
    row_height: float
    wrapper_sites: int
    """Void between horizontal neighbours, sites; 0 for one tile."""
    wrapper_height: float
    """Void between vertical neighbours, um; 0 for one tile."""
    line_y: Real
    """(n_line) bottom of each row line of the core, ascending, um."""
    tile_box: Real
    """(n_tile, 4) x0, y0, x1, y1."""
    row_line: Int
    """(n_row) line of each cut row."""
    row_site: Int
    row_sites: Int
    row_tile: Int
    row_flipped: NDArray[np.bool_]
    header_cell: str
    """Vdd-MUX cell; '' where the floorplan has none or only reserves its sites."""
    header_row: Int
    """(n_header) row of each Vdd-MUX."""
    header_site: Int
    """(n_header) first site."""
    header_sites: int
    """Width of a Vdd-MUX in sites."""
    island_row: Int
    """(n_island) rows with a piece on VddH: the first of each tile, which holds its configuration cells, then as many more of
    each as its clock cells need; empty for one tile."""
    island_site: Int
    island_sites: int
    """Width of an island without its gap."""
    chain_sites: int = 0
    """Sites of the configuration cells, at the left end of the first island of each tile; the others are for clock cells."""

    @property
    def n_tiles(self) -> int:
        """Number of tiles."""
        return self.tiles_per_side**2

    @property
    def n_rows(self) -> int:
        """Number of cut rows."""
        return len(self.row_line)

    @property
    def core_area(self) -> float:
        """Core area, um2, voids included."""
        x0, y0, x1, y1 = self.core
        return (x1 - x0) * (y1 - y0)

    def overhead_over(self, plain: Floorplan) -> float:
        """Area overhead of tiles, Vdd-MUXes and voids: core area over that of a plain floorplan of the same cells, less one."""
        return self.core_area / plain.core_area - 1.0

    @property
    def core_lines(self) -> int:
        """Core height in rows, voids included and rounded up: what Table 4.1 counts as rows."""
        return math.ceil((self.core[3] - self.core[1]) / self.row_height - _EPS)

    @property
    def row_x(self) -> Real:
        """(n_row) left end, um."""
        return np.asarray(self.core[0] + self.row_site * self.site_width, dtype=np.float64)

    @property
    def row_y(self) -> Real:
        """(n_row) bottom, um."""
        return self.line_y[self.row_line]

    @property
    def header_x(self) -> Real:
        """(n_header) left edge, um."""
        return np.asarray(self.core[0] + self.header_site * self.site_width, dtype=np.float64)

    @property
    def header_y(self) -> Real:
        """(n_header) bottom, um."""
        return self.row_y[self.header_row]

    @property
    def header_tile(self) -> Int:
        """(n_header) tile that each Vdd-MUX feeds."""
        return self.row_tile[self.header_row]

    @cached_property
    def segments(self) -> Segments:
        """Placeable pieces of rows, in row order, left to right."""
        taken: list[list[tuple[int, int]]] = [[] for _ in range(self.n_rows)]
        for row, site in zip(self.header_row.tolist(), self.header_site.tolist(), strict=True):
            taken[row].append((site, site + self.header_sites))
        for row, site in zip(self.island_row.tolist(), self.island_site.tolist(), strict=True):
            # The gap behind an island separates its VddH rail from the tile's own.
            taken[row].append((site - self.wrapper_sites, site + self.island_sites + self.wrapper_sites))
        pieces: list[tuple[int, int, int]] = []
        for row, (first, count) in enumerate(zip(self.row_site.tolist(), self.row_sites.tolist(), strict=True)):
            at = first
            for start, stop in [*sorted(taken[row]), (first + count, first + count)]:
                if start > at:
                    pieces.append((row, at, start - at))
                at = max(at, stop)
        column = np.array(pieces, dtype=np.int32).reshape(-1, 3)
        rows = column[:, 0]
        return Segments(
            self.row_line[rows], column[:, 1].copy(), column[:, 2].copy(), self.row_tile[rows], self.row_flipped[rows]
        )

    @cached_property
    def clock_segments(self) -> Segments:
        """Pieces of rows on VddH for clock cells, in the order of the islands; none where no clock cells stay there."""
        taken = np.where(np.arange(len(self.island_row)) < self.n_tiles, self.chain_sites, 0)
        sites = self.island_sites - taken if self.chain_sites else np.zeros(len(taken), dtype=np.int64)
        keep = np.flatnonzero(sites > 0)
        rows = self.island_row[keep]
        return Segments(
            self.row_line[rows],
            (self.island_site[keep] + taken[keep]).astype(np.int32),
            sites[keep].astype(np.int32),
            self.row_tile[rows],
            self.row_flipped[rows],
        )


def tile_rail(floorplan: Floorplan, tile: int) -> str:
    """Return the name of a tile's virtual rail, ``VDD_T_<row>_<column>``; of one tile, VddH itself."""
    if floorplan.tiles_per_side == 1:
        return "VDDH"
    return "VDD_T_{}_{}".format(*divmod(tile, floorplan.tiles_per_side))


@dataclass(frozen=True)
class FloorplanRequest:
    """What the user decides: mesh, density and Vdd-MUX strength."""

    tiles_per_side: int = 1
    utilization: float = 0.7
    headers_per_row: int = 1
    header_cell: str | None = None
    """Vdd-MUX cell; the first of the technology's role ``header`` when not given."""
    header_sites: int | None = None
    """Sites to reserve for a Vdd-MUX in a technology that has no such cell; 0 for a floorplan without any."""
    island_sites: int = 0
    """Sites of the configuration cells of a tile; see :func:`finevh.layout.chain.island_sites`."""
    clock_sites: int = 0
    """Sites for clock cells that stay at VddH, beside those; they make islands wider, or more."""
    clock_widest: int = 0
    """Sites of the widest of them: no island is narrower."""


def cell_sites(netlist: Netlist, technology: Technology) -> Int:
    """Return the width of every instance in sites, (n_cell) int32.

    Raises
    ------
    InputError
        If no LEF gives the size of a cell in use.
    """
    used = np.unique(netlist.cell_type)
    unknown = used[np.isnan(technology.cell_width[used])]
    if len(unknown):
        raise InputError(
            f"technology '{technology.name}': no LEF macro gives the size of cell '{technology.cells.names[unknown[0]]}'"
            f" ({len(unknown)} such cells); add the cell LEF to the technology file"
        )
    width = technology.cell_width[netlist.cell_type] / technology.site_width
    return np.ceil(width - _EPS / technology.site_width).astype(np.int32)


def wrapper_size(technology: Technology) -> tuple[int, float]:
    """Return the void between tiles as (sites, um of height): the metal rule of the rail layer, rounded up to the grid.

    Rails run on the lowest layer. Those of two tiles face each other end to end in x, where they stop at the cells' edges, and
    side by side in y, where each reaches over its row's edge by at most a track. The height is whole tracks.
    """
    layer = technology.layers[0]
    sites = max(1, math.ceil(layer.spacing / technology.site_width - _EPS))
    tracks = math.ceil(layer.spacing / layer.pitch - _EPS) + 2
    unit = coarse_unit(technology) / _NM_PER_UM
    return sites, round(unit * math.ceil(tracks * layer.pitch / unit - _EPS), 6)


def head_sites(technology: Technology) -> int:
    """Return the sites between the left Vdd-MUXes of an island's row and its island, gap apart.

    The Vdd-MUXes there hang on a piece of rail that the island cuts off; a strap of the tile must cross it.
    """
    return math.ceil(strap_room(technology) / technology.site_width - _EPS)


def coarse_unit(technology: Technology) -> int:
    """Return the greatest common divisor of site and row, nm: the unit in which places are exact small integers.

    Raises
    ------
    InputError
        If site or row is no whole number of nanometres.
    """
    sizes = [technology.site_width * _NM_PER_UM, technology.row_height * _NM_PER_UM]
    if any(abs(size - round(size)) > 1e-3 for size in sizes):
        raise InputError(f"technology '{technology.name}': site and row must be whole nanometres, got {sizes} nm")
    return math.gcd(*(round(size) for size in sizes))


def _check_request(request: FloorplanRequest, technology: Technology) -> None:
    """Raise InputError for numbers outside their range and for a technology without geometry."""
    if request.tiles_per_side < 1:
        raise InputError(f"tiles: the mesh is N x N with N >= 1, got N = {request.tiles_per_side}")
    if not 0.0 < request.utilization <= 1.0:
        raise InputError(
            f"utilisation = {request.utilization:g} cannot fit: it is cell area over placeable area; give a value above 0 "
            "and up to 1, for example 0.7"
        )
    if request.headers_per_row < 1:
        raise InputError(f"headers_per_row = {request.headers_per_row}: every row of a tile needs at least one Vdd-MUX")
    if (request.header_sites or 0) < 0 or request.island_sites < 0:
        raise InputError("header_sites and island_sites are widths in sites: give 0 or more")
    if not technology.layers or not technology.site_width > 0 or not technology.row_height > 0:
        raise InputError(
            f"technology '{technology.name}' has no site or no routing layers; add its technology and cell LEF"
        )


def _header_of(request: FloorplanRequest, technology: Technology) -> tuple[str, int]:
    """Return the Vdd-MUX cell ('' when only its space is reserved) and its width in sites."""
    if request.header_sites is not None:
        return request.header_cell or "", request.header_sites
    known = technology.roles.get("header", ())
    name = request.header_cell or (known[0] if known else "")
    if not name:
        raise InputError(
            f"technology '{technology.name}' names no cell of role 'header' (a Vdd-MUX), needed for more than one tile; "
            "add the role or reserve its space with header_sites"
        )
    if name not in technology.cells.index or math.isnan(technology.cell_width[technology.cells.index[name]]):
        raise InputError(f"technology '{technology.name}': Vdd-MUX cell '{name}' has no Liberty cell or no LEF macro")
    width = float(technology.cell_width[technology.cells.index[name]])
    return name, math.ceil(width / technology.site_width - _EPS)


def tile_size(area_sites: float, overhead_sites: int, aspect: float) -> tuple[int, int]:
    """Return (rows, free sites per row) of the most nearly square tile that holds ``area_sites`` sites.

    Parameters
    ----------
    area_sites : placeable sites of the tile.
    overhead_sites : sites of each row taken by Vdd-MUXes.
    aspect : row height over site width.
    """
    # Solve rows * (rows * aspect - overhead) = area, the square tile with its Vdd-MUX columns, then round.
    rows = max(1, round((overhead_sites + math.sqrt(overhead_sites**2 + 4.0 * aspect * area_sites)) / (2.0 * aspect)))
    return rows, math.ceil(area_sites / rows - _EPS)


def make_floorplan(netlist: Netlist, technology: Technology, request: FloorplanRequest | None = None) -> Floorplan:
    """Partition an empty core into N x N equal tiles, blind to the netlist's function (thesis 4.1.2, step 2).

    The placeable area (without voids, Vdd-MUXes and chain islands) is the cell area over the utilisation; whatever the tiles
    add is paid in core area. One tile has no wrapper, no Vdd-MUX and no island.

    Raises
    ------
    InputError
        If the utilisation cannot fit, a tile would be lower than two rows or narrower than the widest cell, or the
        technology has no site, layers, or Vdd-MUX.
    """
    request = request or FloorplanRequest()
    _check_request(request, technology)
    n = request.tiles_per_side
    sites = cell_sites(netlist, technology)
    if len(sites) == 0:
        raise InputError(f"netlist '{netlist.name}' has no cells to place")
    gap_sites, gap_height = wrapper_size(technology) if n > 1 else (0, 0.0)
    header, header_width = _header_of(request, technology) if n > 1 else ("", 0)
    overhead = header_width * request.headers_per_row if n > 1 else 0
    island = request.island_sites if n > 1 else 0
    head = head_sites(technology) if island and overhead else 0
    aspect = technology.row_height / technology.site_width
    width, count = island, 1 if island else 0
    for _ in range(_ROUNDS):
        reserved = width + 2 * gap_sites if island else 0
        area = float(sites.sum()) / request.utilization / n**2 + count * reserved
        rows, free = tile_size(area, overhead, aspect)
        shape = (width, count)
        width, count = _island_shape(island, request, rows, free - head - gap_sites) if island else shape
        if (width, count) == shape:
            break
    reserved = width + 2 * gap_sites if island else 0
    _check_tile(n, rows, free - (reserved if rows == 1 else 0), netlist, sites)
    if free < head + reserved:
        raise InputError(
            f"tiles: N = {n} leaves tiles of {free} free sites, narrower than their configuration cells "
            f"({head + reserved} sites)"
        )
    return _assemble(
        technology,
        request,
        (rows, free + overhead),
        (gap_sites, gap_height),
        (header, header_width),
        (head, width, count, island),
    )


def _island_shape(own: int, request: FloorplanRequest, rows: int, free: int) -> tuple[int, int]:
    """Return the width of an island and how many rows of a tile have one, for configuration and clock cells.

    An odd number of rows from the bottom: the Vdd rail of the first faces the void, two rows share each of the others, and the
    last one ends at a ground rail, so that no Vdd rail of the tile is shared with an island.

    Parameters
    ----------
    own : sites of the configuration cells.
    rows, free : of the tile; sites of a row behind its head.
    """
    clock = request.clock_sites
    if clock == 0:
        return own, 1
    room = max(math.floor(_ISLAND_SHARE * free), own, request.clock_widest)
    if own + clock <= room:
        return own + clock, 1
    count = 3
    while count * room < own + clock and count < rows:
        count += 2
    if count >= rows:
        raise InputError(
            f"clock.policy: {own + clock} sites of a tile are to stay at VddH, but its {rows} rows have {room} each that could; "
            'use fewer tiles, or write policy = "split" or "tile"'
        )
    return max(own, request.clock_widest, math.ceil((own + clock) / count)), count


def _check_tile(n: int, rows: int, free: int, netlist: Netlist, sites: Int) -> None:
    """Raise InputError for a mesh finer than the cells."""
    widest = int(np.argmax(sites))
    if n > 1 and rows < 2:
        raise InputError(f"tiles: N = {n} leaves tiles lower than two rows; use a smaller N for {len(sites)} cells")
    if free < sites[widest]:
        name = netlist.cells.names[netlist.cell_type[widest]]
        raise InputError(
            f"tiles: N = {n} leaves tiles of {free} free sites, narrower than cell '{name}' ({sites[widest]} sites); "
            "use a smaller N or a lower utilisation"
        )


def _assemble(
    technology: Technology,
    request: FloorplanRequest,
    tile: tuple[int, int],
    gap: tuple[int, float],
    header: tuple[str, int],
    island_pieces: tuple[int, int, int, int],
) -> Floorplan:
    """Lay out the mesh.

    ``tile`` (rows, sites), ``gap`` (sites, um), ``header`` (cell, sites), islands (sites before, sites, rows, chain's sites).
    """
    head, island, island_rows, own = island_pieces
    n, site, height = request.tiles_per_side, technology.site_width, technology.row_height
    rows, sites = tile
    ty, tx = np.divmod(np.arange(n * n, dtype=np.int32), n)
    first_site = (tx * (sites + gap[0])).astype(np.int32)
    row_tile = np.repeat(np.arange(n * n, dtype=np.int32), rows)
    local = np.tile(np.arange(rows, dtype=np.int32), n * n)
    row_site = first_site[row_tile]
    margin = ring_margin(technology)
    left, bottom = site * math.ceil(margin / site - _EPS), height * math.ceil(margin / height - _EPS)
    width, tall = site * (n * sites + (n - 1) * gap[0]), n * rows * height + (n - 1) * gap[1]
    lines = np.arange(n * rows)
    line_y = bottom + lines * height + lines // rows * gap[1]
    corner = np.column_stack([left + first_site * site, bottom + ty * (rows * height + gap[1])])
    box = np.hstack([corner, corner + np.array([sites * site, rows * height])])
    headers = np.arange(n * n * rows if n > 1 and header[1] > 0 else 0, dtype=np.int32)
    # Vdd-MUXes alternate between the left and the right boundary so that a second one halves the rail it feeds.
    header_row, header_site = [], []
    for k in range(request.headers_per_row):
        at = (k // 2) * header[1]
        header_row.append(headers)
        header_site.append(row_site[headers] + (at if k % 2 == 0 else sites - header[1] - at))
    left_columns = (request.headers_per_row + 1) // 2 * header[1]
    return Floorplan(
        die=(0.0, 0.0, 2 * left + width, 2 * bottom + tall),
        core=(left, bottom, left + width, bottom + tall),
        tiles_per_side=n,
        site_width=site,
        row_height=height,
        wrapper_sites=gap[0],
        wrapper_height=gap[1],
        line_y=np.asarray(np.round(line_y, 6), dtype=np.float64),
        tile_box=box,
        row_line=(ty[row_tile] * rows + local).astype(np.int32),
        row_site=row_site,
        row_sites=np.full(n * n * rows, sites, dtype=np.int32),
        row_tile=row_tile,
        row_flipped=local % 2 == 0,
        header_cell=header[0],
        header_row=np.concatenate(header_row),
        header_site=np.concatenate(header_site).astype(np.int32),
        header_sites=header[1],
        island_row=(np.arange(n * n)[None, :] * rows + np.arange(island_rows)[:, None]).ravel().astype(np.int32),
        island_site=np.tile(first_site + left_columns + head + gap[0], island_rows).astype(np.int32),
        island_sites=island,
        chain_sites=own,
    )
