"""Supply nets of a layout: the metal of the grids as drawn, and the proof that it is connected and free of shorts."""

from __future__ import annotations

from finevh.layout.supply.check import SupplyIntent, SupplyReport, book_supply, check_supply, intent_of
from finevh.layout.supply.shapes import SupplyShapes, shapes_of_def

__all__ = [
    "SupplyIntent",
    "SupplyReport",
    "SupplyShapes",
    "book_supply",
    "check_supply",
    "intent_of",
    "shapes_of_def",
]
