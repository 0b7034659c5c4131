"""Vdd selection: which tile gets VddL and which VddH at a clock frequency, and the bits that tell the chip so."""

from __future__ import annotations

from finevh.selection.bitstream import PmuEntry, bitstream_hex, parse_bitstream, pmu_header, pmu_json
from finevh.selection.descent import select_best
from finevh.selection.energy import Energy, Power
from finevh.selection.exact import EXACT_SECONDS, select_exact
from finevh.selection.greedy import GreedyAnswer, Trajectory, select_greedy, trace
from finevh.selection.search import (
    Choice,
    lower_bound,
    select_exhaustive,
    select_improved,
    select_lowered,
)
from finevh.selection.selectors import SELECTORS, Selector
from finevh.selection.tiles import MappedTiming, PathBounds, TiledDesign, TilePower, TileTrials, area_low_fraction
from finevh.selection.voltage_map import Bits, Interval, VoltageMap, map_text, parse_map

__all__ = [
    "EXACT_SECONDS",
    "SELECTORS",
    "Bits",
    "Choice",
    "Energy",
    "GreedyAnswer",
    "Interval",
    "MappedTiming",
    "PathBounds",
    "PmuEntry",
    "Power",
    "Selector",
    "TilePower",
    "TileTrials",
    "TiledDesign",
    "Trajectory",
    "VoltageMap",
    "area_low_fraction",
    "bitstream_hex",
    "lower_bound",
    "map_text",
    "parse_bitstream",
    "parse_map",
    "pmu_header",
    "pmu_json",
    "select_best",
    "select_exact",
    "select_exhaustive",
    "select_greedy",
    "select_improved",
    "select_lowered",
    "trace",
]
