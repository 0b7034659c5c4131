"""``selection.csv``: the power of each selector beside bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from finevh.base.csv_text import Row, table
from finevh.schemes import OperatingPoint
from finevh.selection import Interval, lower_bound
from finevh.selection.engine import EngineDesign


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
