"""Tables beside ``operating_points.csv``: tiles, worst paths, programs, distance to the lower bound."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from finevh.base.csv_text import Row, table
from finevh.flow.designs import PlacedDesign
from finevh.layout import interface_cells
from finevh.schemes import OperatingPoint
from finevh.selection import Bits, Energy, Interval, MappedTiming, lower_bound, parse_map
from finevh.selection.engine import EngineDesign
from finevh.units import period_ps


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


def critical_paths_table(designs: Mapping[str, EngineDesign], points: Sequence[OperatingPoint]) -> str:
    """Worst path of each FINE-VH operating point, from start to end."""
    rows: list[Row] = []
    seen: set[tuple[object, ...]] = set()
    at: dict[tuple[str, Interval], MappedTiming] = {}
    for point in points:
        key = (point.variant, point.delta_vdd_v, point.freq_mhz)
        if point.scheme != "fine-vh" or point.vdd_l_v is None or point.vdd_h_v is None or key in seen:
            continue
        seen.add(key)
        design, interval = designs[point.variant], Interval(point.vdd_l_v, point.vdd_h_v)
        timing = _timing_of(design, interval, parse_map(point.assignment), at.get((point.variant, interval)))
        at[point.variant, interval] = timing
        cells, delays = design.path_cells(timing, period_ps(point.freq_mhz))
        netlist = design.graph.netlist
        vdd = design.technology.vdds[design.cell_vdd(interval, timing.high)]
        for step, (cell, delay) in enumerate(zip(cells.tolist(), delays.tolist(), strict=True)):
            name = netlist.cells.names[netlist.cell_type[cell]]
            tile = int(design.tile_of_cell[cell])
            rows.append((*key, step, netlist.instance_names[cell], name, tile, float(vdd[cell]), delay))
    header = ("variant", "delta_vdd_v", "freq_mhz", "step", "instance", "cell", "tile", "vdd_v", "delay_ps")
    return table(header, rows)


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
    """
    fine = [p for p in points if p.scheme == "fine-vh" and p.vdd_l_v is not None and p.vdd_h_v is not None]
    plain: dict[tuple[str, float | None], tuple[float, float]] = {}
    best: dict[tuple[str, float, float], float] = {}
    proved: dict[tuple[str, float, float], float] = {}
    for point in fine:
        key = point.variant, point.delta_vdd_v, point.freq_mhz
        best[key] = min(best.get(key, np.inf), point.power_total_mw)
        if point.bound_mw is not None:
            proved[key] = max(proved.get(key, 0.0), point.bound_mw)
        if (point.variant, point.vdd_l_v) not in plain:
            assert point.vdd_l_v is not None
            assert point.vdd_h_v is not None
            interval = Interval(point.vdd_l_v, point.vdd_h_v)
            at_one, at_two = (lower_bound(designs[point.variant], interval, f) for f in (1.0, 2.0))
            plain[point.variant, point.vdd_l_v] = (2 * at_one - at_two, at_two - at_one)
    rows: list[Row] = []
    for point in fine:
        key = point.variant, point.delta_vdd_v, point.freq_mhz
        static, slope = plain[point.variant, point.vdd_l_v]
        bound = static + slope * point.freq_mhz
        gap = 100.0 * (point.power_total_mw / max(bound, proved.get(key, bound)) - 1.0)
        powers = point.power_total_mw, point.power_interface_leakage_mw, bound, gap, best[key], proved.get(key, "")
        took = seconds.get((*key, point.selector.split(":")[0]))
        rows.append((*key, point.selector, *powers, "" if took is None else math.ceil(took)))
    powers_header = ("power_total_mw", "power_interface_leakage_mw", "lower_bound_mw", "gap_percent")
    header = ("variant", "delta_vdd_v", "freq_mhz", "selector", *powers_header, "power_best_mw", "bound_mw", "seconds")
    return table(header, rows)


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


def programs_table(variant: str, designs: Mapping[str, EngineDesign], points: Sequence[OperatingPoint]) -> str:
    """Power of every program at every operating point of one variant set.

    The voltages are the run's, the activity is the program's own; ``designs`` by program.
    """
    rows: list[Row] = []
    for program, design in designs.items():
        energy: dict[tuple[float, float, str], Energy] = {}
        for point in points:
            if point.variant != variant or point.scheme == "vdd-dithering":
                continue
            low, high = (point.vdd_v, point.vdd_v) if point.vdd_v is not None else (point.vdd_l_v, point.vdd_h_v)
            assert low is not None  # every scheme but dithering runs at stated voltages
            assert high is not None
            key = (low, high, point.assignment)
            if key not in energy:
                bits = parse_map(point.assignment or "H" * design.n_tiles)
                energy[key] = design.weigh(Interval(low, high), bits)
            power = energy[key].power(point.freq_mhz)
            rows.append((program, point.scheme, variant, point.delta_vdd_v, point.freq_mhz, point.selector, power))
    header = ("program", "scheme", "variant", "delta_vdd_v", "freq_mhz", "selector", "power_total_mw")
    return table(header, rows)
