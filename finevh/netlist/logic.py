"""Liberty Boolean functions: parsed once, evaluated in three-valued logic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from finevh.errors import InputError
from finevh.technology.liberty.boolean import support, truth_table

MOST_PINS = 16
"""A truth table has two to this power rows."""


@dataclass(frozen=True)
class Function:
    """A Boolean function as a truth table: bit ``sum(value[j] << j)`` of ``table`` over ``pins[j]``."""

    pins: tuple[str, ...]
    table: int

    def value(self, known: dict[str, int]) -> int:
        """Logic value when the pins of ``known`` have theirs: 0, 1, or -1 where it depends on the others."""
        return _ternary(self, tuple(known.get(pin, -1) for pin in self.pins))

    def depends(self, pin: str, known: dict[str, int]) -> bool:
        """Whether the function can change with ``pin`` while the pins of ``known`` stay."""
        if pin not in self.pins or pin in known:
            return False
        free = [p for p in self.pins if p not in known and p != pin]
        for values in product((0, 1), repeat=len(free)):
            held = known | dict(zip(free, values, strict=True))
            if self.value(held | {pin: 0}) != self.value(held | {pin: 1}):
                return True
        return False


@lru_cache(maxsize=65536)
def _ternary(function: Function, values: tuple[int, ...]) -> int:
    free = [j for j, v in enumerate(values) if v < 0]
    base = sum(v << j for j, v in enumerate(values) if v > 0)
    seen = set()
    for bits in product((0, 1), repeat=len(free)):
        seen.add(function.table >> (base + sum(b << j for b, j in zip(bits, free, strict=True))) & 1)
        if len(seen) == 2:
            return -1
    return seen.pop()


@lru_cache(maxsize=65536)
def parse_function(text: str) -> Function:
    """Parse a Liberty Boolean expression (``!``, ``'``, ``&``, ``*``, blank, ``|``, ``+``, ``^``, 0, 1).

    Raises
    ------
    InputError
        If the text is no such expression.
    """
    pins = support(text)
    if len(pins) > MOST_PINS:
        raise InputError(f"'{text}' has {len(pins)} inputs; at most {MOST_PINS} are handled")
    # Bit j of a row of the truth table is pin j, as in `table`.
    rows = np.packbits(truth_table(text, pins), bitorder="little")
    return Function(pins, int.from_bytes(rows.tobytes(), "little"))
