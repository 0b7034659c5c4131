"""Frequencies, voltages and tile counts on the command line: one reading for all verbs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from finevh.base.numbers import decimal, whole
from finevh.config import FINEST_STEP
from finevh.errors import InputError
from finevh.units import Dimension, parse_quantity

HIGHEST_BARE_VOLTAGE = 10.0
"""V; a bare number above it was meant in millivolts: no supply of a logic cell is higher."""


def entries(texts: str | Sequence[str] | None, option: str) -> list[str]:
    """Split an option that is given as a list by comma, by repetition, or both; empty where it was not given.

    Raises
    ------
    InputError
        If an entry is empty, as in ``1,,2``.
    """
    given = [] if texts is None else [texts] if isinstance(texts, str) else list(texts)
    found = [entry.strip() for text in given for entry in text.split(",")]
    if not all(found):
        raise InputError(f"{option} {' '.join(given)}: an entry is empty; write for example A,B")
    return found


def frequencies_of(texts: str | Sequence[str] | None, option: str = "--freq") -> list[float]:
    """Frequencies, MHz, in the order given; equal ones once.

    Raises
    ------
    InputError
        Naming the option and the entry: without a unit, no number, not above zero.
    """
    found: dict[float, None] = {}
    for entry in entries(texts, option):
        bare = _bare(entry)
        if bare is not None:
            raise InputError(f"{option} {entry}: a frequency needs its unit; write {entry}{_unit_that_fits(bare)}")
        found.setdefault(_positive(entry, option, _parsed(entry, "frequency", option), "frequency"))
    return list(found)


def voltages_of(texts: str | Sequence[str] | None, option: str) -> list[float]:
    """Voltages, V, in the order given: ``100mV``, ``0.1V``, or bare volts; equal ones once.

    Raises
    ------
    InputError
        Naming the option and the entry: no number, another unit, not above zero, or bare millivolts.
    """
    found: dict[float, None] = {}
    for entry in entries(texts, option):
        bare = _bare(entry)
        value = _parsed(entry, "voltage", option) if bare is None else bare
        if bare is not None and bare > HIGHEST_BARE_VOLTAGE:
            raise InputError(f"{option} {entry}: a bare number is in volts; write {entry}mV")
        if 0.0 < value < FINEST_STEP - 1e-9:
            raise InputError(f"{option} {entry}: finer than the finest step of supplies, {1000 * FINEST_STEP:g} mV")
        found.setdefault(_positive(entry, option, value, "voltage"))
    return list(found)


def voltage_of(text: str, option: str) -> float:
    """One voltage, V.

    Raises
    ------
    InputError
        See :func:`voltages_of`; or if there are several.
    """
    found = voltages_of(text, option)
    if len(found) != 1:
        raise InputError(f"{option} {text}: give one voltage")
    return found[0]


def counts_of(texts: str | Sequence[str] | None, option: str) -> list[int]:
    """Whole numbers in the order given; equal ones once.

    Raises
    ------
    InputError
        Naming the option and the entry.
    """
    found: dict[int, None] = {}
    for entry in entries(texts, option):
        try:
            found.setdefault(whole(entry))
        except ValueError:
            raise InputError(f"{option} {entry}: is not a whole number; write for example 1,9,25") from None
    return list(found)


def tile_counts(text: str | None) -> tuple[int, ...]:
    """Parse ``--tiles``: tile counts of square meshes, comma-separated; none where it was not given.

    Raises
    ------
    InputError
        For an entry that is no square number.
    """
    counts: list[int] = []
    for entry in () if text is None else text.split(","):
        count = int(entry) if entry.strip().isdecimal() and len(entry) < 9 else 0
        if count < 1 or math.isqrt(count) ** 2 != count:
            raise InputError(
                f"--tiles {text}: '{entry.strip()}' is not the count of a square mesh; write for example 1,9,25,49"
            )
        counts.append(count)
    return tuple(counts)


def _bare(entry: str) -> float | None:
    """Value of a number without a unit; None where a unit (or nonsense) stands."""
    try:
        return decimal(entry)
    except ValueError:
        return None


def _parsed(entry: str, dimension: Dimension, option: str) -> float:
    try:
        return parse_quantity(entry, dimension)
    except InputError as error:
        raise InputError(f"{option} {entry}: {error}") from None


def _positive(entry: str, option: str, value: float, dimension: Dimension) -> float:
    if value <= 0:
        raise InputError(f"{option} {entry}: a {dimension} must be above zero")
    return value


def _unit_that_fits(value: float) -> str:
    """Unit in which a bare number is the clock of a core."""
    for unit, least in (("Hz", 1e6), ("kHz", 1e4), ("MHz", 5.0)):
        if abs(value) >= least:
            return unit
    return "GHz"
