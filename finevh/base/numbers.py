"""Numbers as people and tools write them: finite, in ASCII digits, without Python's own liberties."""

from __future__ import annotations

import math
import re

_LONGEST = 40  # characters; a double has 17 digits
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WHOLE = re.compile(r"[-+]?[0-9]+")


def decimal(text: str) -> float:
    """Return a finite number; ``nan``, ``inf``, ``1_000`` and Arabic digits, which ``float`` takes, are none.

    >>> decimal(" 1.5e3")
    1500.0

    Raises
    ------
    ValueError
        If the text is no number, longer than any number needs, or beyond what a double holds.
    """
    word = text.strip(" \t\r\n")
    if len(word) > _LONGEST or not _DECIMAL.fullmatch(word):
        raise ValueError(f"{_short(word)} is not a number")
    value = float(word)
    if not math.isfinite(value):
        raise ValueError(f"{_short(word)} is beyond every number that can be stored")
    return value


def whole(text: str) -> int:
    """Return a whole number.

    Raises
    ------
    ValueError
        If the text is none, or longer than any needs.
    """
    word = text.strip(" \t\r\n")
    if len(word) > _LONGEST or not _WHOLE.fullmatch(word):
        raise ValueError(f"{_short(word)} is not a whole number")
    return int(word)


def _short(word: str) -> str:
    return repr(word if len(word) <= _LONGEST else word[:_LONGEST] + "...")
