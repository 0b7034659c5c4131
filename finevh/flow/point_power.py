"""A part of the power of operating points: any function of a voltage map and a frequency, for every scheme."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from finevh.schemes import OperatingPoint
from finevh.selection import Interval, parse_map
from finevh.selection.engine import EngineDesign
from finevh.technology.model import Int

PartOfPower = Callable[[EngineDesign, Int, float, float], float]
"""Power, mW, of a design under a map (n_cell) of rows of ``technology.vdds``, with ports at a supply, V, at a frequency, MHz."""


def power_of_points(
    designs: Mapping[str, EngineDesign], points: Sequence[OperatingPoint], part: PartOfPower, jobs: int = 1
) -> list[float | None]:
    """The part of each point's power, mW; dithering shares the time of its two voltages. None where a point has no voltage."""

    def at(design: EngineDesign, vdd: float, frequency: float) -> float:
        everywhere = np.full(len(design.cell_variant), design.vdd_index(vdd), dtype=np.int32)
        return part(design, everywhere, vdd, frequency)

    def power(point: OperatingPoint) -> float | None:
        design = designs[point.variant]
        if point.vdd_v is not None:
            return at(design, point.vdd_v, point.freq_mhz)
        if point.vdd_l_v is None or point.vdd_h_v is None:
            return None
        if point.assignment:
            cell_vdd = design.cell_vdd(Interval(point.vdd_l_v, point.vdd_h_v), parse_map(point.assignment))
            return part(design, cell_vdd, point.vdd_h_v, point.freq_mhz)
        low, high = (1e6 / design.single_voltage(vdd)[0] for vdd in (point.vdd_l_v, point.vdd_h_v))
        share = min(max((point.freq_mhz - low) / (high - low), 0.0), 1.0)
        slow = at(design, point.vdd_l_v, min(point.freq_mhz, low))
        return (1.0 - share) * slow + share * at(design, point.vdd_h_v, high)

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(power, points))
