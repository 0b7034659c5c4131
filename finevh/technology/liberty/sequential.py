"""State tables of Liberty as Boolean expressions: the latch inside a clock gate."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from finevh.errors import InputError
from finevh.technology.liberty.boolean import patterns

__all__ = ["latch_of_statetable", "rename"]

_NAME = re.compile(r"[A-Za-z_][\w\[\].]*")


def rename(expression: str, names: dict[str, str]) -> str:
    """Replace names in an expression."""
    return _NAME.sub(lambda match: names.get(match.group(), match.group()), expression)


def _sum_of_products(table: NDArray[np.bool_], care: NDArray[np.bool_], names: tuple[str, ...]) -> str:
    """Write a truth table with don't-cares as a sum of prime products, greedily covered."""
    n = len(names)
    terms: list[str] = []
    left = set(np.flatnonzero(table & care).tolist())
    bits = patterns(n)
    while left:
        start = min(left)
        free: set[int] = set()
        for j in range(n):
            if _cube_holds(start, free | {j}, bits, table | ~care):
                free.add(j)
        terms.append(" & ".join(("" if start >> j & 1 else "!") + names[j] for j in range(n) if j not in free) or "1")
        left -= set(np.flatnonzero(_cube(start, free, bits)).tolist())
    return " | ".join(f"({term})" if len(terms) > 1 and "&" in term else term for term in terms) or "0"


def _cube(start: int, free: set[int], bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    inside = np.ones(bits.shape[1], dtype=np.bool_)
    for j in range(bits.shape[0]):
        if j not in free:
            inside &= bits[j] == bool(start >> j & 1)
    return inside


def _cube_holds(start: int, free: set[int], bits: NDArray[np.bool_], on: NDArray[np.bool_]) -> bool:
    return bool(on[_cube(start, free, bits)].all())


def latch_of_statetable(inputs: tuple[str, ...], table: str) -> tuple[str, str]:
    """Return (data, enable) of the level-sensitive storage that a ``statetable`` describes.

    Parameters
    ----------
    inputs : input names of the table, without the internal node.
    table : rows ``"L H - : - : H , ..."``; a next state N keeps the old one. A second internal node must be the inverse of
        the first one.

    Raises
    ------
    InputError
        If a row cannot be read, or holds an edge: only level-sensitive tables are latches.
    """
    n = len(inputs)
    bits = patterns(n)
    following = np.full(1 << n, "N")
    decided = np.zeros(1 << n, dtype=np.bool_)
    for row in table.replace("\\", " ").replace("\n", " ").split(","):
        parts = [part.split() for part in row.split(":")]
        if len(parts) == 3 and tuple(parts[2]) in (("L", "H"), ("H", "L"), ("N", "N")):
            parts[2] = parts[2][:1]
        if len(parts) != 3 or len(parts[0]) != n or len(parts[2]) != 1 or set(parts[0]) - set("LH-"):
            raise InputError(f"statetable row '{' '.join(row.split())}' is not '{'L/H/- ' * n}: - : L/H/N'")
        match = ~decided
        for j, symbol in enumerate(parts[0]):
            if symbol != "-":
                match &= bits[j] == (symbol == "H")
        following[match] = parts[2][0]
        decided |= match
    transparent = np.isin(following, ("L", "H"))
    everywhere = np.ones_like(transparent)
    return (_sum_of_products(following == "H", transparent, inputs), _sum_of_products(transparent, everywhere, inputs))
