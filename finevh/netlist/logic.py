"""Liberty Boolean functions: parsed once, evaluated in three-valued logic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from finevh.errors import InputError

_TOKEN = re.compile(r"\s*([A-Za-z_][\w.]*(?:\[\d+\])?|[01]|[!'&*|+^()])")


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
    tokens: list[str] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise InputError(f"'{text}' is no Liberty Boolean function (at '{text[at : at + 10]}')")
        tokens.append(match.group(1))
        at = match.end()
    pins = tuple(dict.fromkeys(t for t in tokens if t[0].isalpha() or t[0] == "_"))
    if len(pins) > 16:
        raise InputError(f"'{text}' has {len(pins)} inputs; at most 16 are handled")
    n_rows = 1 << len(pins)
    full = (1 << n_rows) - 1
    columns = {p: sum(1 << row for row in range(n_rows) if row >> j & 1) for j, p in enumerate(pins)}
    position = 0

    def peek() -> str:
        return tokens[position] if position < len(tokens) else ""

    def take() -> str:
        nonlocal position
        position += 1
        return tokens[position - 1]

    def atom() -> int:
        token = peek()
        if token == "!":
            take()
            return full & ~atom()
        if token == "(":
            take()
            value = either()
            if peek() != ")":
                raise InputError(f"'{text}': unbalanced parentheses")
            take()
        elif token in ("0", "1"):
            value = full if take() == "1" else 0
        elif token in columns:
            value = columns[take()]
        else:
            raise InputError(f"'{text}' is no Liberty Boolean function")
        while peek() == "'":
            take()
            value = full & ~value
        return value

    def parity() -> int:
        value = atom()
        while peek() == "^":
            take()
            value ^= atom()
        return value

    def both() -> int:
        value = parity()
        while peek() and peek() not in ")|+":
            if peek() in "&*":
                take()
            value &= parity()
        return value

    def either() -> int:
        value = both()
        while peek() and peek() in "|+":
            take()
            value |= both()
        return value

    result = either()
    if position != len(tokens):
        raise InputError(f"'{text}' is no Liberty Boolean function")
    return Function(pins, result)
