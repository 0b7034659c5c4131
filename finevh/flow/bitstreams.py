"""Bit-streams of FINE-VH points for a power-management unit, under ``out/bitstreams`` of a stage's results."""

from __future__ import annotations

from collections.abc import Sequence

from finevh.flow.artifacts.layout import load_chain_order
from finevh.flow.engine.stage import StageContext
from finevh.schemes import OperatingPoint
from finevh.selection import PmuEntry, parse_map, pmu_header, pmu_json


def write_bitstreams(context: StageContext, points: Sequence[OperatingPoint]) -> None:
    """Write one table per variant, delta-Vdd and selector; the stage needs the floorplan."""
    chain = load_chain_order(context.inputs["floorplan"])
    groups: dict[tuple[str, float, str], list[PmuEntry]] = {}
    for point in points:
        if point.scheme == "fine-vh" and point.vdd_l_v is not None and point.vdd_h_v is not None:
            entry = PmuEntry(point.freq_mhz, point.vdd_l_v, point.vdd_h_v, parse_map(point.assignment))
            groups.setdefault((point.variant, point.delta_vdd_v, point.selector.split(":")[0]), []).append(entry)
    for (variant, delta, selector), entries in groups.items():
        name = f"{context.flow.design.name}_{variant}_{round(delta * 1000)}mv_{selector}"
        context.write(f"results/out/bitstreams/{name}.json", pmu_json(name, entries, chain))
        context.write(f"results/out/bitstreams/{name}.h", pmu_header(name, entries, chain))
