"""``tile_points.csv`` and ``critical_paths.csv``: every FINE-VH point timed once, by tile and along its worst path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.base.csv_text import Row, table
from finevh.flow.designs import PlacedDesign
from finevh.flow.droop.rails import Droop
from finevh.flow.own_glitches import OwnGlitches, keys_of
from finevh.schemes import OperatingPoint
from finevh.selection import Bits, Interval, MappedTiming, parse_map
from finevh.selection.engine import EngineDesign
from finevh.technology.model import Real
from finevh.units import period_ps


@dataclass(frozen=True)
class PointTiles:
    """What each tile of a FINE-VH point draws and has to spare; keyed as the tables are: variant, delta-Vdd, frequency."""

    power: Real
    """(n_tiles) mW, switching, internal and leakage of the tile's cells, and what its Vdd-MUXes draw."""
    interface: Real
    """(n_tiles) mW, the part of the leakage that comes from inputs of another rail."""
    slack: Real
    """(n_tiles) ps, worst setup slack of the paths through the tile's cells; inf where none is constrained."""


Key = tuple[str, float, float]


def point_tables(
    placed: PlacedDesign,
    designs: Mapping[str, EngineDesign],
    points: Sequence[OperatingPoint],
    own: OwnGlitches | None = None,
) -> tuple[str, dict[Key, PointTiles]]:
    """Time and weigh each FINE-VH operating point, of the first selector, with the glitches of its ``own`` delays.

    Returns
    -------
    text
        ``tables/critical_paths.csv``: the worst path of each point, from start to end; places are cell centres.
    tiles
        What each tile of a point draws and has to spare.
    """
    rows: list[Row] = []
    tiles: dict[Key, PointTiles] = {}
    at: dict[tuple[str, Interval], MappedTiming] = {}
    netlist, floorplan, placement = placed.netlist, placed.floorplan, placed.placement
    # A cell is one row high.
    x = placement.x + netlist.cells.area[netlist.cell_type] / floorplan.row_height / 2.0
    y = placement.y + floorplan.row_height / 2.0
    for point in points:
        if point.scheme != "fine-vh" or point.vdd_l_v is None or point.vdd_h_v is None:
            continue
        key = (point.variant, point.delta_vdd_v, point.freq_mhz)
        if key in tiles:
            continue
        design, interval = designs[point.variant], Interval(point.vdd_l_v, point.vdd_h_v)
        timing = _timing_of(design, interval, parse_map(point.assignment), at.get((point.variant, interval)))
        at[point.variant, interval] = timing
        more = None if own is None else own.shift(keys_of(point)[0]).cells
        tiles[key] = _point_tiles(design, timing, point.freq_mhz, more)
        cells, delays = design.path_cells(timing, period_ps(point.freq_mhz))
        vdd = design.technology.vdds[design.cell_vdd(interval, timing.high)]
        for step, (cell, delay) in enumerate(zip(cells.tolist(), delays.tolist(), strict=True)):
            name = netlist.cells.names[netlist.cell_type[cell]]
            tile = int(design.tile_of_cell[cell])
            place = float(x[cell]), float(y[cell])
            rows.append((*key, step, netlist.instance_names[cell], name, tile, float(vdd[cell]), delay, *place))
    header = ("variant", "delta_vdd_v", "freq_mhz", "step", "instance", "cell", "tile", "vdd_v", "delay_ps")
    return table((*header, "x_um", "y_um"), rows), tiles


def _point_tiles(
    design: EngineDesign, timing: MappedTiming, frequency: float, more: NDArray[np.float32] | None
) -> PointTiles:
    """``more`` (n_cell): fJ per cycle that own glitches add."""
    tile, n = design.tile_of_cell, design.n_tiles
    inside = tile >= 0  # fixed blocks are in no tile
    dynamic, leakage = design.cell_power(timing.interval, timing.high, frequency)
    if more is not None:
        dynamic = dynamic + more * frequency * 1e-6

    def by_tile(values: Real) -> Real:
        return np.bincount(tile[inside], weights=values[inside], minlength=n).astype(np.float64)

    slack = np.full(n, np.inf)
    np.minimum.at(slack, tile[inside], design.cell_slacks(timing, period_ps(frequency))[inside])
    power = by_tile(dynamic + leakage.cell)
    if design.vdd_muxes is not None:
        power += design.vdd_muxes.of_map(timing.interval.low, timing.interval.high, timing.high)
    return PointTiles(power, by_tile(leakage.interface), slack)


def tile_points_table(tiles: Mapping[Key, PointTiles], droop: Droop | None) -> str:
    """``tables/tile_points.csv``: what :func:`point_tables` found and, where rails were followed, the worst drop over rail."""
    drops: dict[Key, Real] = {}
    if droop is not None:
        for point, worst in zip(droop.points, droop.worst, strict=True):
            drops.setdefault((point.variant, point.delta_vdd_v, point.freq_mhz), worst)
    rows: list[Row] = []
    for key, found in tiles.items():
        for tile in range(len(found.power)):
            slack = float(found.slack[tile])
            drop: float | str = float(drops[key][tile]) if key in drops else ""
            own = float(found.power[tile]), float(found.interface[tile]), slack if np.isfinite(slack) else "", drop
            rows.append((*key, tile, *own))
    quantities = ("power_mw", "interface_leakage_mw", "slack_ps", "droop_fraction")
    return table(("variant", "delta_vdd_v", "freq_mhz", "tile", *quantities), rows)


def _timing_of(design: EngineDesign, interval: Interval, high: Bits, last: MappedTiming | None) -> MappedTiming:
    """Time a map, from the last map of its interval where there is one: neighbouring points differ in few tiles."""
    if last is None:
        return design.evaluate(interval, high)
    tiles = np.flatnonzero(last.high != high).tolist()
    return design.flip(last, tiles, consume=True) if tiles else last
