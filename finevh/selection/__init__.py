"""Vdd selection: which tile gets VddL and which VddH at a clock frequency, and the bits that tell the chip so."""

from __future__ import annotations

from finevh.selection.bitstream import PmuEntry, bitstream_hex, parse_bitstream, pmu_header, pmu_json
from finevh.selection.greedy import GreedyAnswer, Trajectory, select_greedy, trace
from finevh.selection.search import (
    Choice,
    lower_bound,
    select_exhaustive,
    select_improved,
    select_lowered,
)
from finevh.selection.tiles import (
    SLACK_TOLERANCE,
    Bits,
    Energy,
    Interval,
    MappedTiming,
    TiledDesign,
    TileTrials,
    area_low_fraction,
    map_text,
    parse_map,
)

__all__ = [
    "SLACK_TOLERANCE",
    "Bits",
    "Choice",
    "Energy",
    "GreedyAnswer",
    "Interval",
    "MappedTiming",
    "PmuEntry",
    "TileTrials",
    "TiledDesign",
    "Trajectory",
    "area_low_fraction",
    "bitstream_hex",
    "lower_bound",
    "map_text",
    "parse_bitstream",
    "parse_map",
    "pmu_header",
    "pmu_json",
    "select_exhaustive",
    "select_greedy",
    "select_improved",
    "select_lowered",
    "trace",
]
