"""``bias_shares.csv``: variants of the interface cells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from finevh.base.csv_text import Row, table
from finevh.flow.designs import PlacedDesign
from finevh.layout import interface_cells


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
