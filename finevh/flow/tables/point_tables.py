"""Tables beside ``operating_points.csv``: tiles, worst paths, programs, distance to the lower bound."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.base.csv_text import Row, table
from finevh.flow.designs import PlacedDesign
from finevh.flow.droop.rails import Droop
from finevh.flow.own_glitches import MapKey, OwnGlitches, added_power, keys_of
from finevh.layout import interface_cells
from finevh.schemes import OperatingPoint, shared_power
from finevh.selection import Bits, Energy, Interval, MappedTiming, lower_bound, parse_map
from finevh.selection.engine import EngineDesign
from finevh.technology.model import Real
from finevh.units import frequency_mhz, period_ps


def tiles_table(placed: PlacedDesign) -> str:
    """Where each tile is and what is in it."""
    floorplan, netlist = placed.floorplan, placed.netlist
    tile, n = placed.placement.tile, placed.floorplan.n_tiles
    inside = tile >= 0  # fixed blocks are in no tile
    area = np.bincount(tile[inside], weights=netlist.cells.area[netlist.cell_type[inside]], minlength=n)
    interface = np.bincount(tile[inside & interface_cells(netlist, placed.placement)], minlength=n)
    cells = np.bincount(tile[inside], minlength=n)
    rows = [(t, *map(float, floorplan.tile_box[t]), int(cells[t]), float(area[t]), int(interface[t])) for t in range(n)]
    header = ("tile", "x0_um", "y0_um", "x1_um", "y1_um", "cells", "cell_area_um2", "interface_cells")
    return table(header, rows)


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


def selection_table(
    designs: Mapping[str, EngineDesign],
    points: Sequence[OperatingPoint],
    seconds: Mapping[tuple[str, float, float, str], float],
) -> str:
    """Power of each selector beside bounds, and beside the cheapest of all selectors.

    ``lower_bound_mw`` has all tiles at VddL, no crossing leakage and no regard to timing; ``bound_mw`` is what the exact
    selector proved. ``gap_percent`` is to the higher of the two. ``seconds`` are whole: what a search took is no result.
    Bounds are known for the power by which maps are weighed, with the glitches of one supply's delays: in each row they are
    multiplied by what the glitches of its own delays multiply its power by.
    """
    fine = [p for p in points if p.scheme == "fine-vh" and p.vdd_l_v is not None and p.vdd_h_v is not None]
    plain: dict[tuple[str, float | None, float | None], tuple[float, float]] = {}
    best: dict[tuple[str, float, float], float] = {}
    proved: dict[tuple[str, float, float], float] = {}
    for point in fine:
        key = point.variant, point.delta_vdd_v, point.freq_mhz
        best[key] = min(best.get(key, np.inf), point.power_total_mw)
        if point.bound_mw is not None:
            proved[key] = max(proved.get(key, 0.0), point.bound_mw / _own_factor(point))
        supplies = point.variant, point.vdd_l_v, point.vdd_h_v
        if supplies not in plain:
            assert point.vdd_l_v is not None
            assert point.vdd_h_v is not None
            interval = Interval(point.vdd_l_v, point.vdd_h_v)
            at_one, at_two = (lower_bound(designs[point.variant], interval, f) for f in (1.0, 2.0))
            plain[supplies] = (2 * at_one - at_two, at_two - at_one)
    rows: list[Row] = []
    for point in fine:
        key = point.variant, point.delta_vdd_v, point.freq_mhz
        static, slope = plain[point.variant, point.vdd_l_v, point.vdd_h_v]
        factor = _own_factor(point)
        bound = (static + slope * point.freq_mhz) * factor
        known = proved[key] * factor if key in proved else None
        gap = 100.0 * (point.power_total_mw / max(bound, known or bound) - 1.0)
        powers = (
            point.power_total_mw,
            point.power_interface_leakage_mw,
            bound,
            gap,
            best[key],
            "" if known is None else known,
        )
        took = seconds.get((*key, point.selector.split(":")[0]))
        rows.append((*key, point.selector, *powers, "" if took is None else math.ceil(took)))
    powers_header = ("power_total_mw", "power_interface_leakage_mw", "lower_bound_mw", "gap_percent")
    header = ("variant", "delta_vdd_v", "freq_mhz", "selector", *powers_header, "power_best_mw", "bound_mw", "seconds")
    return table(header, rows)


def _own_factor(point: OperatingPoint) -> float:
    """Power with the glitches of the point's own delays over that by which its map was weighed."""
    return 1.0 if point.weighed_power_mw is None else point.power_total_mw / point.weighed_power_mw


def bias_shares_table(placed: PlacedDesign, variants: Mapping[str, NDArray[np.int8]]) -> str:
    """Share of the interface cells at each variant, for each biased set (Fig. 4.9)."""
    interface = interface_cells(placed.netlist, placed.placement)
    total = int(interface.sum())
    rows: list[Row] = []
    for name, column in variants.items():
        if name == "pb0" or total == 0:
            continue
        count = np.bincount(column[interface], minlength=len(placed.technology.variants))
        rows += [
            (name, placed.floorplan.n_tiles, variant.name, float(count[index]) / total)
            for index, variant in enumerate(placed.technology.variants)
            if count[index] or index == 0
        ]
    return table(("set", "tiles", "variant", "fraction"), rows)


def programs_table(
    variant: str, designs: Mapping[str, EngineDesign], points: Sequence[OperatingPoint], own: OwnGlitches | None = None
) -> str:
    """Power of every program at every operating point of one variant set, with the glitches of its ``own`` delays.

    The voltages are the run's, the activity is the program's own; ``designs`` by program.
    """

    def more(program: str, point: OperatingPoint, design: EngineDesign) -> float:
        def of(key: MapKey) -> Energy:
            assert own is not None
            return own.shift(key).programs[program]

        return 0.0 if own is None or not keys_of(point) else added_power(point, design, of).total

    rows: list[Row] = []
    for program, design in designs.items():
        energy: dict[tuple[float, float, str], Energy] = {}
        for point in points:
            if point.variant == variant:
                power = _program_power(design, point, energy) + more(program, point, design)
                rows.append((program, point.scheme, variant, point.delta_vdd_v, point.freq_mhz, point.selector, power))
    header = ("program", "scheme", "variant", "delta_vdd_v", "freq_mhz", "selector", "power_total_mw")
    return table(header, rows)


def _program_power(
    design: EngineDesign, point: OperatingPoint, energy: dict[tuple[float, float, str], Energy]
) -> float:
    """Power of a point under the activity of ``design``, mW; ``energy`` keeps what maps cost."""

    def weigh(low: float, high: float) -> Energy:
        key = (low, high, point.assignment)
        if key not in energy:
            energy[key] = design.weigh(Interval(low, high), parse_map(point.assignment or "H" * design.n_tiles))
        return energy[key]

    if point.vdd_v is not None:
        return weigh(point.vdd_v, point.vdd_v).power(point.freq_mhz)
    assert point.vdd_l_v is not None  # every scheme runs at stated voltages
    assert point.vdd_h_v is not None
    if point.scheme != "vdd-dithering":
        return weigh(point.vdd_l_v, point.vdd_h_v).power(point.freq_mhz)
    low, high = (
        (frequency_mhz(design.single_period[design.vdd_index(vdd)]), weigh(vdd, vdd))
        for vdd in (point.vdd_l_v, point.vdd_h_v)
    )
    return shared_power(*low, *high, point.freq_mhz).total
