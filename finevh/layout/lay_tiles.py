"""Tiles laid over a placement of another flow: rows, obstacles and places of its DEF in, floorplan and placement out.

Borders between tile columns need a void of one wrapper in every row, those between tile rows a boundary that no Vdd rail
crosses: a gap between rows, or two rows that share the ground rail. The nearest such boundary to equal tiles is taken, and the
void between columns goes where it cuts the fewest cells; these move, and what they push, to the nearest legal places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.layout.floorplan import Floorplan, cell_sites, wrapper_size
from finevh.layout.formats.def_model import DefComponent, DefLayout
from finevh.layout.legalize import legalize
from finevh.layout.placement import ORIENT_NAMES, Placement
from finevh.netlist.model import Netlist
from finevh.technology.lef import LefMacro
from finevh.technology.model import Int, Real, Technology

__all__ = ["OUTSIDE", "Overlay", "lay_tiles", "moved_layout"]

OUTSIDE = -1
"""Tile of a fixed block: it is in none, and always at VddH."""
_FLIPPED = ("FS", "S")
_UPRIGHT = ("N", "FN")
_GRID = 1e-3  # um: far below a site, far above the rounding of database units
_SEARCH = 0.1  # share of a tile's width within which a border looks for the fewest cells to cut
_BLOCK = "BLOCK"
_LOOSE = ("SPACER",)  # classes of cells that only fill: they make room


@dataclass(frozen=True)
class Overlay:
    """A placed design of another flow with tiles."""

    floorplan: Floorplan
    placement: Placement
    moved: NDArray[np.bool_]
    """(n_cell) cells that a border or an obstacle made move."""
    distance: Real
    """(n_cell) how far, um."""
    blocks: NDArray[np.bool_]
    """(n_cell) fixed blocks."""


@dataclass(frozen=True)
class _Rows:
    """Rows of the DEF on the lattice of sites and lines."""

    x0: float
    y: Real
    """(n_line) bottom, um."""
    line: Int
    site: Int
    sites: Int
    flipped: NDArray[np.bool_]


@dataclass(frozen=True)
class _Item:
    """What stands in rows without being a standard cell of the netlist: lower left corner and size, um."""

    name: str
    x: float
    y: float
    width: float
    height: float


def lay_tiles(
    layout: DefLayout,
    netlist: Netlist,
    technology: Technology,
    macros: Mapping[str, LefMacro],
    per_side: int,
) -> Overlay:
    """Lay N x N tiles over a placement.

    Parameters
    ----------
    layout
        The DEF: rows, components, pins.
    macros
        Sizes and classes of all cells, from LEF.

    Raises
    ------
    InputError
        If the DEF lacks rows, places of cells or ports, sizes of cells are unknown, or a border finds no boundary that no supply
        rail crosses.
    """
    rows = _read_rows(layout, technology)
    placed = _components_of(layout, netlist)
    blocks = np.array([_is_block(macros, netlist.cells.names[k]) for k in netlist.cell_type], dtype=bool)
    items = _items(layout, netlist, placed, macros, technology, blocks)
    x = np.array([c.x for c in placed], dtype=np.float64) / layout.units
    y = np.array([c.y for c in placed], dtype=np.float64) / layout.units
    _check_heights(netlist, technology, macros, blocks)
    floorplan = _floorplan(layout, rows, items, netlist, technology, (x, y), blocks, per_side)
    port_x, port_y = _ports(layout, netlist)
    standard = np.flatnonzero(~blocks)
    view = replace(
        netlist,
        instance_names=tuple(netlist.instance_names[i] for i in standard),
        cell_type=netlist.cell_type[standard],
        cell_variant=netlist.cell_variant[standard],
    )
    legal = legalize(view, technology, floorplan, x[standard], y[standard], port_x, port_y)
    places = {name: column.copy() for name, column in (("x", x), ("y", y))}
    places["x"][standard], places["y"][standard] = legal.x, legal.y
    orient, tile = np.zeros(netlist.n_cells, dtype=np.int8), np.zeros(netlist.n_cells, dtype=np.int32)
    orient[standard], tile[standard] = legal.orient, legal.tile
    tile[blocks] = OUTSIDE
    distance = np.abs(places["x"] - x) + np.abs(places["y"] - y)
    placement = Placement(places["x"], places["y"], orient, tile, port_x, port_y)
    return Overlay(floorplan, placement, distance > _GRID, distance, blocks)


def moved_layout(layout: DefLayout, netlist: Netlist, placement: Placement) -> DefLayout:
    """The DEF with the cells where the placement has them; what stands still keeps its orientation."""
    at = {
        name.removeprefix("\\").strip(): (round(x * layout.units), round(y * layout.units), ORIENT_NAMES[orient])
        for name, x, y, orient in zip(
            netlist.instance_names, placement.x.tolist(), placement.y.tolist(), placement.orient.tolist(), strict=True
        )
    }

    def moved(c: DefComponent) -> DefComponent:
        x, y, orient = at.get(c.name.removeprefix("\\"), (c.x, c.y, c.orient))
        return c if (x, y) == (c.x, c.y) else replace(c, x=x, y=y, orient=orient)

    return replace(layout, components=tuple(moved(c) for c in layout.components))


def _read_rows(layout: DefLayout, technology: Technology) -> _Rows:
    scale = float(layout.units)
    kept = [r for r in layout.rows if abs(r.step / scale - technology.site_width) < _GRID or r.count == 1]
    if not kept:
        steps = ", ".join(sorted({f"{r.step / scale:g}" for r in layout.rows})) or "none"
        raise InputError(
            f"DEF of '{layout.design}': no ROW with sites of {technology.site_width:g} um, which technology"
            f" '{technology.name}' has; steps are {steps} um"
        )
    turned = [r.name for r in kept if r.orient not in _FLIPPED + _UPRIGHT]
    if turned:
        raise InputError(f"DEF of '{layout.design}': row '{turned[0]}' is turned; rows run from left to right")
    x0 = min(r.x for r in kept) / scale
    lines = sorted({r.y for r in kept})
    of_line = {y: k for k, y in enumerate(lines)}
    offset = np.array([r.x / scale - x0 for r in kept]) / technology.site_width
    off = np.flatnonzero(np.abs(offset - np.rint(offset)) * technology.site_width > _GRID)
    if len(off):
        raise InputError(
            f"DEF of '{layout.design}': row '{kept[off[0]].name}' starts between the sites of the others"
            f" ({len(off)} such rows)"
        )
    bottoms = np.array(lines, dtype=np.float64) / scale
    close = np.flatnonzero(np.diff(bottoms) < technology.row_height - _GRID)
    if len(close):
        raise InputError(
            f"DEF of '{layout.design}': rows at y = {bottoms[close[0]]:g} and {bottoms[close[0] + 1]:g} um overlap;"
            f" a row of technology '{technology.name}' is {technology.row_height:g} um high"
        )
    return _Rows(
        x0,
        bottoms,
        np.array([of_line[r.y] for r in kept], dtype=np.int32),
        np.rint(offset).astype(np.int32),
        np.array([r.count for r in kept], dtype=np.int32),
        np.array([r.orient in _FLIPPED for r in kept], dtype=bool),
    )


def _components_of(layout: DefLayout, netlist: Netlist) -> list[DefComponent]:
    """Component of each instance of the netlist."""
    by_name = {c.name.removeprefix("\\"): c for c in layout.components}
    names = [name.removeprefix("\\").strip() for name in netlist.instance_names]
    missing = [name for name in names if name not in by_name]
    if missing:
        raise InputError(
            f"DEF of '{layout.design}': no component '{missing[0]}' of the netlist ({len(missing)} such); DEF and netlist"
            " must be of the same step of the flow"
        )
    found = [by_name[name] for name in names]
    for instance, kind in zip(found, netlist.cell_type.tolist(), strict=True):
        if instance.status == "UNPLACED":
            raise InputError(
                f"DEF of '{layout.design}': cell '{instance.name}' is not placed; give the DEF after placement"
            )
        if instance.cell != netlist.cells.names[kind] and not _same_base(instance.cell, netlist.cells.names[kind]):
            raise InputError(
                f"DEF of '{layout.design}': cell '{instance.name}' is a {instance.cell}, in the netlist a"
                f" {netlist.cells.names[kind]}; DEF and netlist must be of the same step of the flow"
            )
    return found


def _same_base(cell: str, base: str) -> bool:
    """Whether a cell is the base cell in one of its variants, which are named by a suffix or an infix."""
    head, _, drive = base.rpartition("_")
    return cell.startswith(base) or (bool(head) and cell.startswith(head) and cell.endswith(drive))


def _is_block(macros: Mapping[str, LefMacro], cell: str) -> bool:
    return cell in macros and macros[cell].kind.upper().split()[:1] == [_BLOCK]


def _check_heights(
    netlist: Netlist, technology: Technology, macros: Mapping[str, LefMacro], blocks: NDArray[np.bool_]
) -> None:
    for kind in np.unique(netlist.cell_type[~blocks]).tolist():
        name = netlist.cells.names[kind]
        if name in macros and abs(macros[name].height - technology.row_height) > _GRID:
            raise InputError(
                f"cell '{name}' is {macros[name].height:g} um high, rows are {technology.row_height:g} um: cells of several rows"
                " cannot be laid into tiles yet"
            )


def _items(
    layout: DefLayout,
    netlist: Netlist,
    placed: Sequence[DefComponent],
    macros: Mapping[str, LefMacro],
    technology: Technology,
    blocks: NDArray[np.bool_],
) -> list[_Item]:
    """Fixed blocks, and components that the netlist does not have (taps, end caps, Vdd-MUXes); fillers only make room."""
    own = {c.name for c in placed}
    fills = set(technology.roles.get("fill", ()))
    found = [c for c, block in zip(placed, blocks.tolist(), strict=True) if block]
    for c in layout.components:
        if c.name in own or c.status == "UNPLACED" or c.cell in fills:
            continue
        if c.cell not in macros:
            raise InputError(
                f"DEF of '{layout.design}': no LEF gives the size of cell '{c.cell}' ({c.name}); add its LEF to the technology"
            )
        if not set(macros[c.cell].kind.upper().split()) & set(_LOOSE):
            found.append(c)
    return [
        _Item(c.name, c.x / layout.units, c.y / layout.units, macros[c.cell].width, macros[c.cell].height)
        for c in found
    ]


def _ports(layout: DefLayout, netlist: Netlist) -> tuple[Real, Real]:
    pins = {p.name.removeprefix("\\"): p for p in layout.pins}
    uses = np.bincount(netlist.pin_net[netlist.pin_net >= 0], minlength=netlist.n_nets)
    uses += np.bincount(netlist.port_net[netlist.port_net >= 0], minlength=netlist.n_nets)
    # A port that is alone on its net, as that of a supply, has no wire and needs no place.
    missing = [
        name
        for name, net in zip(netlist.port_names, netlist.port_net, strict=True)
        if net >= 0 and uses[net] > 1 and name.removeprefix("\\") not in pins
    ]
    if missing:
        raise InputError(f"DEF of '{layout.design}': no place for port '{missing[0]}' ({len(missing)} such)")
    at = [pins.get(name.removeprefix("\\")) for name in netlist.port_names]
    units = layout.units
    bare = [layout.die[:2] if net >= 0 else (np.nan, np.nan) for net in netlist.port_net.tolist()]
    x = np.array([(b[0] if p is None else p.x) / units for p, b in zip(at, bare, strict=True)], dtype=np.float64)
    return x, np.array([(b[1] if p is None else p.y) / units for p, b in zip(at, bare, strict=True)], dtype=np.float64)


def _floorplan(
    layout: DefLayout,
    rows: _Rows,
    items: Sequence[_Item],
    netlist: Netlist,
    technology: Technology,
    at: tuple[Real, Real],
    blocks: NDArray[np.bool_],
    per_side: int,
) -> Floorplan:
    site, height = technology.site_width, technology.row_height
    total = int((rows.site + rows.sites).max())
    void = wrapper_size(technology)[0] if per_side > 1 else 0
    standard = np.flatnonzero(~blocks)
    start = np.rint((at[0][standard] - rows.x0) / site).astype(np.int64)
    taken = _coverage(rows, items, start, cell_sites_of(netlist, technology, standard), site, total)
    columns = _column_cuts(taken, total, void, per_side)
    lines = _line_cuts(rows, layout.design, height, per_side)
    row_line, row_site, row_sites, row_tile, flipped = [], [], [], [], []
    holes = _holes(rows, items, site, height)
    for line, first, count, flip in zip(
        rows.line.tolist(), rows.site.tolist(), rows.sites.tolist(), rows.flipped.tolist(), strict=True
    ):
        tile_row = int(np.searchsorted(lines, line, side="right")) - 1
        for column, (left, right) in enumerate(columns):
            for low, high in _without(max(first, left), min(first + count, right), holes.get(line, [])):
                row_line.append(line)
                row_site.append(low)
                row_sites.append(high - low)
                row_tile.append(tile_row * per_side + column)
                flipped.append(flip)
    edges = [*lines.tolist(), len(rows.y)]
    boxes = [
        (
            rows.x0 + left * site,
            float(rows.y[edges[k]]),
            rows.x0 + right * site,
            float(rows.y[edges[k + 1] - 1]) + height,
        )
        for k in range(per_side)
        for left, right in columns
    ]
    core = (rows.x0, float(rows.y[0]), rows.x0 + total * site, float(rows.y[-1]) + height)
    die = tuple(value / layout.units for value in layout.die)
    none = np.zeros(0, dtype=np.int32)
    return Floorplan(
        die=(die[0], die[1], die[2], die[3]),
        core=core,
        tiles_per_side=per_side,
        site_width=site,
        row_height=height,
        wrapper_sites=void,
        wrapper_height=0.0,
        line_y=rows.y,
        tile_box=np.array(boxes, dtype=np.float64),
        row_line=np.array(row_line, dtype=np.int32),
        row_site=np.array(row_site, dtype=np.int32),
        row_sites=np.array(row_sites, dtype=np.int32),
        row_tile=np.array(row_tile, dtype=np.int32),
        row_flipped=np.array(flipped, dtype=bool),
        header_cell="",
        header_row=none,
        header_site=none,
        header_sites=0,
        island_row=none,
        island_site=none,
        island_sites=0,
    )


def cell_sites_of(netlist: Netlist, technology: Technology, cells: NDArray[np.intp]) -> Int:
    """Width in sites of some instances."""
    return cell_sites(replace(netlist, cell_type=netlist.cell_type[cells]), technology)


def _coverage(
    rows: _Rows, items: Sequence[_Item], start: NDArray[np.int64], width: Int, site: float, total: int
) -> Int:
    """(total + 1) how many cells begin in or before each site column and end after it; obstacles count as cells."""
    change = np.zeros(total + 2, dtype=np.int64)
    np.add.at(change, np.clip(start, 0, total), 1)
    np.add.at(change, np.clip(start + width, 0, total), -1)
    for item in items:
        low = round((item.x - rows.x0) / site)
        change[np.clip(low, 0, total)] += 1
        change[np.clip(low + max(1, round(item.width / site)), 0, total)] -= 1
    return np.cumsum(change)[: total + 1].astype(np.int32)


def _column_cuts(taken: Int, total: int, void: int, per_side: int) -> list[tuple[int, int]]:
    """First and end site of each tile column: equal tiles, with the void where it covers the fewest cells near the border."""
    if per_side == 1:
        return [(0, total)]
    reach = max(1, int(_SEARCH * total / per_side))
    cuts = []
    for k in range(1, per_side):
        ideal = k * total / per_side - void / 2
        candidates = np.arange(max(1, int(ideal) - reach), min(total - void - 1, int(ideal) + reach) + 1)
        if not len(candidates):
            raise InputError(f"tiles: {per_side} columns of {total} sites leave no room for a border of {void} sites")
        cost = np.array([taken[c : c + void].max(initial=0) for c in candidates])
        best = candidates[np.lexsort((np.abs(candidates - ideal), cost))[0]]
        cuts.append(int(best))
    ends = [0, *(cut + void for cut in cuts)]
    return list(zip(ends, [*cuts, total], strict=True))


def _line_cuts(rows: _Rows, design: str, height: float, per_side: int) -> NDArray[np.int64]:
    """First line of each tile row: the boundary nearest to equal heights that no Vdd rail crosses."""
    flip = np.zeros(len(rows.y), dtype=bool)
    mixed = np.zeros(len(rows.y), dtype=bool)
    flip[rows.line] = rows.flipped
    mixed[rows.line[flip[rows.line] != rows.flipped]] = True
    gap = np.diff(rows.y) > height + _GRID
    # An upright cell has its ground rail at the bottom, a flipped one at the top: the two share it here.
    ground = flip[:-1] & ~flip[1:] & ~mixed[:-1] & ~mixed[1:]
    allowed = np.flatnonzero(gap | ground) + 1
    chosen: list[int] = [0]
    bottom, top = float(rows.y[0]), float(rows.y[-1]) + height
    for k in range(1, per_side):
        ideal = bottom + k * (top - bottom) / per_side
        free = allowed[allowed > chosen[-1]]
        if len(free) < per_side - k:
            raise InputError(
                f"DEF of '{design}': {len(rows.y)} rows with {len(allowed)} boundaries that no Vdd rail crosses are too few for"
                f" {per_side} tiles one above the other; use fewer tiles"
            )
        middle = (rows.y[free] + rows.y[free - 1] + height) / 2
        chosen.append(int(free[np.argmin(np.abs(middle - ideal))]))
    return np.array(chosen, dtype=np.int64)


def _holes(rows: _Rows, items: Sequence[_Item], site: float, height: float) -> dict[int, list[tuple[int, int]]]:
    """Per line the sites that obstacles take, [first, end)."""
    holes: dict[int, list[tuple[int, int]]] = {}
    for item in items:
        low = int(np.floor((item.x - rows.x0) / site + _GRID))
        high = int(np.ceil((item.x + item.width - rows.x0) / site - _GRID))
        touched = np.flatnonzero((rows.y < item.y + item.height - _GRID) & (rows.y + height > item.y + _GRID))
        for line in touched.tolist():
            holes.setdefault(line, []).append((low, high))
    return {line: sorted(taken) for line, taken in holes.items()}


def _without(first: int, end: int, holes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pieces of [first, end) that no hole covers."""
    pieces: list[tuple[int, int]] = []
    at = first
    for low, high in holes:
        if high <= at or low >= end:
            continue
        if low > at:
            pieces.append((at, low))
        at = max(at, high)
    if at < end:
        pieces.append((at, end))
    return pieces
