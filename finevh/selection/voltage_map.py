"""A voltage map: a pair of supplies, a bit per tile, and the bits as text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError

Bits = NDArray[np.bool_]
"""(n_tiles) True where the tile is at VddH."""


@dataclass(frozen=True)
class Interval:
    """A pair of supply voltages, V."""

    low: float
    high: float


@dataclass(frozen=True)
class VoltageMap:
    """A pair of supplies and which tiles are at the higher one."""

    interval: Interval
    high: Bits

    @property
    def text(self) -> str:
        """One character per tile, L or H (see :func:`map_text`)."""
        return map_text(self.high)


def map_text(high: Bits) -> str:
    """Return the assignment of a map: one character per tile, row-major from the lower left, L or H.

    >>> map_text(np.array([True, False]))
    'HL'
    """
    return "".join("H" if bit else "L" for bit in high)


def parse_map(text: str) -> Bits:
    """Inverse of :func:`map_text`.

    Raises
    ------
    InputError
        For any other character.
    """
    if set(text) - {"L", "H"}:
        raise InputError(f"assignment '{text}': one L or H per tile")
    return np.array([char == "H" for char in text], dtype=bool)
