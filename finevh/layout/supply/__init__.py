"""Supply nets of a layout: the metal of the grids as drawn, and the proof that it is connected and free of shorts."""

from __future__ import annotations

from finevh.layout.supply.check import (
    SupplyIntent,
    SupplyReport,
    always_on_cells,
    book_supply,
    check_supply,
    intent_of,
)
from finevh.layout.supply.shapes import SupplyShapes, shapes_of_def

__all__ = [
    "SupplyIntent",
    "SupplyReport",
    "SupplyShapes",
    "always_on_cells",
    "book_supply",
    "check_supply",
    "intent_of",
    "shapes_of_def",
]
