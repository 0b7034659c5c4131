"""The one internal unit system and the only place where quantities enter or leave it.

Inside: ps, fF, kOhm, V, mA, mW, fJ, um. They are coherent: fF*V/ps = mA, kOhm*fF = ps, fJ/ps = mW.
"""

from __future__ import annotations

import math
import re
from typing import Literal

from finevh.base.numbers import decimal
from finevh.errors import InputError

VOLTAGE_TOLERANCE = 5e-4
"""V; two supplies are one when they differ by no more: libraries name theirs in millivolts."""
SLACK_TOLERANCE = 1e-3
"""ps; a clock missed by no more is met: a frequency read back from a table with six decimals of a MHz must meet its own point."""
Dimension = Literal["time", "frequency", "capacitance", "resistance", "voltage", "power", "energy", "length", "area"]

_PREFIX = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
# Base symbol and the size of the internal unit in that base.
_BASE: dict[Dimension, tuple[tuple[str, ...], float]] = {
    "time": (("s",), 1e-12),
    "frequency": (("Hz",), 1e6),
    "capacitance": (("F",), 1e-15),
    "resistance": (("ohm", "Ohm", "Ω"), 1e3),
    "voltage": (("V",), 1.0),
    "power": (("W",), 1e-3),
    "energy": (("J",), 1e-15),
    "length": (("m",), 1e-6),
    "area": (("m2", "m^2"), 1e-12),
}
_QUANTITY = re.compile(r" *([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?) *([A-Za-zµΩ][A-Za-zµΩ0-9^]*) *")
_LONGEST = 60  # characters of a quantity


def unit_scale(unit: str, dimension: Dimension) -> float:
    """Return the factor from ``unit`` to the internal unit of ``dimension``.

    Frequencies are kept in MHz at the edges; a clock period is a time.

    Raises
    ------
    InputError
        If ``unit`` is not a unit of ``dimension``.
    """
    symbols, internal = _BASE[dimension]
    for symbol in symbols:
        if unit.endswith(symbol):
            prefix = unit[: -len(symbol)]
            if prefix in _PREFIX:
                power = 2 if dimension == "area" else 1
                return float(_PREFIX[prefix] ** power / internal)
    example = {"frequency": "MHz", "area": "um2"}.get(dimension, "n" + symbols[0])
    raise InputError(f"'{unit}' is not a unit of {dimension}; write for example '{example}'")


def parse_quantity(text: str, dimension: Dimension) -> float:
    """Parse ``"250 MHz"`` or ``"0.8 V"`` into the internal unit of ``dimension``.

    Examples
    --------
    >>> parse_quantity("250 MHz", "frequency")
    250.0
    >>> parse_quantity("1.5ns", "time")
    1500.0

    Raises
    ------
    InputError
        If the text is not a number followed by a unit of ``dimension``.
    """
    match = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    try:
        if match is None:
            raise ValueError(text)
        number = decimal(match.group(1))
    except ValueError:
        shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
        raise InputError(
            f"'{shown}' is not a {dimension}: write a number and a unit, for example '1.5 ns' or '0.8 V'"
        ) from None
    value = float(f"{number * unit_scale(match.group(2), dimension):.12g}")
    if not math.isfinite(value):
        raise InputError(f"'{text}' is beyond every {dimension} that can be stored")
    return value


def period_ps(frequency_mhz: float) -> float:
    """Clock period, ps, of a frequency in MHz."""
    return 1e6 / frequency_mhz


def frequency_mhz(period: float) -> float:
    """Frequency, MHz, of a clock period in ps."""
    return 1e6 / period
