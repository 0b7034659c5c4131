"""The recorded OpenROAD run of the flow ``quick``: its files unpacked, its floorplan's intent."""

from __future__ import annotations

import lzma
from functools import lru_cache
from pathlib import Path

import numpy as np

from finevh.layout.formats.def_model import DefLayout
from finevh.layout.formats.def_read import parse_def
from finevh.layout.supply.check import SupplyIntent
from finevh.technology.lef import Lef, read_lef

REPOSITORY = Path(__file__).resolve().parents[2]
RECORDED = Path(__file__).with_name("recorded")
LIBRARY = REPOSITORY / "libs" / "finevh45"
TILES = 3


def recorded_text(name: str) -> str:
    """Text of a recorded file such as ``final.def``."""
    return lzma.decompress((RECORDED / f"{name}.xz").read_bytes()).decode("utf-8")


@lru_cache(maxsize=4)
def recorded_def(name: str) -> DefLayout:
    """A recorded DEF."""
    return parse_def(recorded_text(name), name)


@lru_cache(maxsize=1)
def library_lef() -> Lef:
    """LEF of the shipped library."""
    return read_lef([LIBRARY / "tech.lef", LIBRARY / "cells.lef"])


def recorded_intent(layout: DefLayout) -> SupplyIntent:
    """Tiles from the recorded rows; the configuration cells are always on, the tool's buffers between them are not named so."""
    boxes: dict[tuple[int, int], list[float]] = {}
    for row in layout.rows:
        _, i, j, *_ = row.name.split("_")
        x0, y0 = row.x / layout.units, row.y / layout.units
        x1, y1 = (row.x + row.count * row.step) / layout.units, y0 + 1.4
        box = boxes.setdefault((int(i), int(j)), [x0, y0, x1, y1])
        box[:] = [min(box[0], x0), min(box[1], y0), max(box[2], x1), max(box[3], y1)]
    rails = tuple(f"VDD_T_{i}_{j}" for i, j in sorted(boxes))
    chain = frozenset(c.name for c in layout.components if c.name.startswith("finevh_config_"))
    corners = np.array([boxes[key] for key in sorted(boxes)])
    return SupplyIntent(("VDDH", "VDDL", "VBP", "VBN"), "VSS", rails, corners, chain)
