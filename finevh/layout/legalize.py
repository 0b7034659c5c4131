"""Legal places near wished ones: what edits after placement (resized cells, inserted buffers) need.

Cells whose wished place is on a row stay in that row; cells that have no row, or whose row is overfull, look for the row
that disturbs the least. Inside a row cells take the places nearest, in least squares, to their wishes (Abacus; Spindler,
Schlichtmann, Johannes 2008): rows without an overlap do not move at all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from finevh.base.callee import callee
from finevh.base.kernel import kernel
from finevh.base.sorting import stable_order
from finevh.errors import InputError
from finevh.layout.always_on import on_islands
from finevh.layout.floorplan import Floorplan, cell_sites
from finevh.layout.placement import Placement, check_placement
from finevh.layout.tile_at import nearest_line, orient_and_tile, pieces_at
from finevh.netlist.model import Netlist
from finevh.technology.model import Int, Real, Technology


@callee()
def _settle(
    members: NDArray[np.int64], n: int, wish: Real, width: Int, lo: int, hi: int, at: NDArray[np.int64]
) -> float:
    """Place ``n`` cells in order inside sites [lo, hi) near their wishes; fill ``at``; return the summed displacement."""
    start = np.empty(n, dtype=np.int64)  # first cell of each cluster
    place = np.empty(n)
    total = np.empty(n)  # sum over the cluster of wish minus offset inside it
    length = np.empty(n, dtype=np.int64)
    count = np.empty(n, dtype=np.int64)
    top = -1
    for k in range(n):
        c = members[k]
        top += 1
        start[top], total[top], length[top], count[top] = k, wish[c], width[c], 1
        while True:
            place[top] = min(max(total[top] / count[top], float(lo)), float(hi - length[top]))
            if top == 0 or place[top - 1] + length[top - 1] <= place[top]:
                break
            total[top - 1] += total[top] - count[top] * length[top - 1]
            count[top - 1] += count[top]
            length[top - 1] += length[top]
            top -= 1
    cost = 0.0
    for q in range(top + 1):
        # Rounding keeps the order of clusters because their widths are whole sites.
        site = np.int64(np.floor(place[q] + 0.5))
        stop = start[q + 1] if q < top else n
        for k in range(start[q], stop):
            at[k] = site
            cost += abs(site - wish[members[k]])
            site += width[members[k]]
    return cost


@callee()
def _insert(members: NDArray[np.int64], n: int, cell: int, wish: Real, width: Int) -> int:
    """Insert a cell by the centre of its wish into a row's ordered members; return its rank."""
    centre = wish[cell] + width[cell] / 2
    k = n
    while k > 0 and wish[members[k - 1]] + width[members[k - 1]] / 2 > centre:
        members[k] = members[k - 1]
        k -= 1
    members[k] = cell
    return k


# One pass of Abacus over rows that all its steps change; cut apart, each part would take these columns again.
@kernel()
def _legalize(
    wish: Real,
    wish_y: Real,
    width: Int,
    home: Int,
    seg_line: Int,
    seg_site: Int,
    seg_sites: Int,
    line_ptr: Int,
    line_at: Real,
    out_seg: Int,
    out_site: NDArray[np.int64],
) -> int:
    """Give every cell a segment and a site; return -1, or the first cell that fits nowhere.

    ``home`` is the segment of each cell's wish or -1. Segments are sorted by line and site, ``line_ptr`` is their CSR by line;
    ``line_at`` the height of each line and ``wish_y`` of each wish, in sites like every length here.
    """
    n_seg, n_line = len(seg_line), len(line_ptr) - 1
    room = 1
    for s in range(n_seg):
        room = max(room, seg_sites[s])
    room = min(room, len(wish)) + 1
    members = np.empty((n_seg, room), dtype=np.int64)
    count = np.zeros(n_seg, dtype=np.int64)
    used = np.zeros(n_seg, dtype=np.int64)
    cost = np.zeros(n_seg)
    scratch, at = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    waiting = np.empty(len(wish), dtype=np.int64)
    n_waiting = 0
    for c in stable_order(wish + width / 2):
        s = home[c]
        if s >= 0:
            members[s, count[s]] = c
            count[s] += 1
            used[s] += width[c]
        else:
            waiting[n_waiting] = c
            n_waiting += 1
    for s in range(n_seg):
        while used[s] > seg_sites[s]:
            # Evict the narrowest cell that makes room, or the widest if none does alone.
            excess, pick = used[s] - seg_sites[s], 0
            for k in range(1, count[s]):
                w, best = width[members[s, k]], width[members[s, pick]]
                if (best < excess and w > best) or (w >= excess and w < best):
                    pick = k
            c = members[s, pick]
            for k in range(pick, count[s] - 1):
                members[s, k] = members[s, k + 1]
            count[s] -= 1
            used[s] -= width[c]
            waiting[n_waiting] = c
            n_waiting += 1
        cost[s] = _settle(members[s], count[s], wish, width, seg_site[s], seg_site[s] + seg_sites[s], at)
    # Left to right, as in Abacus: what comes later is then pushed one way only.
    order = stable_order(wish[waiting[:n_waiting]])
    for c in waiting[:n_waiting][order]:
        best, best_seg = np.inf, -1
        above = 0
        while above < n_line and line_at[above] < wish_y[c]:
            above += 1
        below = above - 1
        while above < n_line or below >= 0:
            # The nearer of the next line up and the next line down; once it is too far, all others are.
            up = line_at[above] - wish_y[c] if above < n_line else np.inf
            down = wish_y[c] - line_at[below] if below >= 0 else np.inf
            rise = min(up, down)
            if rise >= best:
                break
            if up <= down:
                line = above
                above += 1
            else:
                line = below
                below -= 1
            for s in range(line_ptr[line], line_ptr[line + 1]):
                if used[s] + width[c] > seg_sites[s]:
                    continue
                away = max(seg_site[s] - wish[c], wish[c] + width[c] - seg_site[s] - seg_sites[s], 0.0)
                if rise + away >= best:
                    continue
                for k in range(count[s]):
                    scratch[k] = members[s, k]
                _insert(scratch, count[s], c, wish, width)
                new = _settle(scratch, count[s] + 1, wish, width, seg_site[s], seg_site[s] + seg_sites[s], at)
                if rise + new - cost[s] < best:
                    best, best_seg = rise + new - cost[s], s
        if best_seg < 0:
            return int(c)
        s = best_seg
        _insert(members[s], count[s], c, wish, width)
        count[s] += 1
        used[s] += width[c]
        cost[s] = _settle(members[s], count[s], wish, width, seg_site[s], seg_site[s] + seg_sites[s], at)
    for s in range(n_seg):
        _settle(members[s], count[s], wish, width, seg_site[s], seg_site[s] + seg_sites[s], at)
        for k in range(count[s]):
            out_seg[members[s, k]], out_site[members[s, k]] = s, at[k]
    return -1


def legalize(
    netlist: Netlist, technology: Technology, floorplan: Floorplan, x: Real, y: Real, port_x: Real, port_y: Real
) -> Placement:
    """Return the legal placement near wished places; cells that lie legally on a row with room move only to make room.

    Clock cells that sit on rows at VddH (:func:`~finevh.layout.always_on.seat`) stay there.

    Parameters
    ----------
    x, y : (n_cell) um, wished lower left corners; any value, also outside the core.
    port_x, port_y : (n_port) um, kept.

    Raises
    ------
    InputError
        If the cells do not fit the rows.
    """
    seated = on_islands(floorplan, x, y)
    moving = np.flatnonzero(~seated)
    sites = cell_sites(netlist, technology)[moving]
    seg = floorplan.segments
    order = np.lexsort((seg.site, seg.line))
    line, site, length = seg.line[order], seg.site[order], seg.sites[order]
    wish, wish_y = (x[moving] - floorplan.core[0]) / floorplan.site_width, y[moving]
    line_at = (floorplan.line_y - floorplan.core[1]) / floorplan.site_width
    # A wish within a thousandth of a site is that site: placed cells carry rounded decimal coordinates.
    wish = np.where(abs(wish - np.rint(wish)) < 1e-3, np.rint(wish), wish)
    on = nearest_line(floorplan, wish_y)
    key = line.astype(np.int64) << 32 | site
    found = np.searchsorted(key, on << 32 | np.clip(np.floor(wish), 0, None).astype(np.int64), side="right") - 1
    home = np.clip(found, 0, None)
    exact = (abs(wish_y - floorplan.line_y[on]) < 1e-3) & (found >= 0) & (line[home] == on)
    exact &= (wish == np.rint(wish)) & (wish >= site[home]) & (wish < site[home] + length[home])
    out_seg, out_site = np.full(len(wish), -1, dtype=np.int32), np.zeros(len(wish), dtype=np.int64)
    stuck = _legalize(
        np.ascontiguousarray(wish, dtype=np.float64),
        np.ascontiguousarray((wish_y - floorplan.core[1]) / floorplan.site_width, dtype=np.float64),
        sites,
        np.where(exact, home, -1).astype(np.int32),
        line,
        site,
        length,
        np.searchsorted(line, np.arange(len(line_at) + 1)).astype(np.int32),
        line_at,
        out_seg,
        out_site,
    )
    if stuck >= 0:
        raise InputError(
            f"utilisation: no row has {sites[stuck]} free sites for cell '{netlist.instance_names[moving[stuck]]}' "
            f"({sites.sum()} sites of cells, {length.sum()} sites of rows); lower the utilisation"
        )
    placement = _with_seats(
        floorplan, np.flatnonzero(seated), Placement(x, y, np.zeros(0, np.int8), np.zeros(0, np.int32), port_x, port_y)
    )
    piece = order[out_seg]
    placement.x[moving] = np.round(floorplan.core[0] + out_site * floorplan.site_width, 4)
    placement.y[moving] = np.round(floorplan.line_y[seg.line[piece]], 4)
    placement.orient[moving], placement.tile[moving] = orient_and_tile(seg, piece)
    check_placement(netlist, technology, floorplan, placement)
    return placement


def _with_seats(floorplan: Floorplan, seated: NDArray[np.int64], wished: Placement) -> Placement:
    """Return columns of a placement in which the cells on rows at VddH have their wished places."""
    n, seg = len(wished.x), floorplan.clock_segments
    x, y = np.zeros(n), np.zeros(n)
    orient, tile = np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.int32)
    if len(seated):
        x[seated], y[seated] = wished.x[seated], wished.y[seated]
        site = np.rint((x[seated] - floorplan.core[0]) / floorplan.site_width).astype(np.int64)
        orient[seated], tile[seated] = orient_and_tile(seg, pieces_at(seg, nearest_line(floorplan, y[seated]), site))
    return Placement(x, y, orient, tile, wished.port_x, wished.port_y)


def replace_incremental(
    netlist: Netlist,
    technology: Technology,
    floorplan: Floorplan,
    placement: Placement,
    new_x: Real | None = None,
    new_y: Real | None = None,
) -> Placement:
    """Return the placement after edits: resized cells keep their places where they fit, appended cells go near their wish.

    Parameters
    ----------
    netlist : the edited netlist; its first rows are the cells of ``placement`` in the same order.
    new_x, new_y : (n_cell - placed) um, wished centres of the appended cells.

    Raises
    ------
    InputError
        If wishes do not match the appended cells, or the cells do not fit.
    """
    n_old = len(placement.x)
    n_new = netlist.n_cells - n_old
    wish_x = np.zeros(0) if new_x is None else np.asarray(new_x, dtype=np.float64)
    wish_y = np.zeros(0) if new_y is None else np.asarray(new_y, dtype=np.float64)
    if n_new < 0 or len(wish_x) != n_new or len(wish_y) != n_new:
        raise InputError(
            f"incremental placement: {n_new} appended cells, but {len(wish_x)} and {len(wish_y)} wished places"
        )
    width = technology.cell_width[netlist.cell_type[n_old:]]
    return legalize(
        netlist,
        technology,
        floorplan,
        np.concatenate([placement.x, wish_x - width / 2]),
        np.concatenate([placement.y, wish_y - technology.row_height / 2]),
        placement.port_x,
        placement.port_y,
    )
