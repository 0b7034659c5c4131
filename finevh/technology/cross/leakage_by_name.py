"""The cross-voltage leakage table by name: look one entry up, or put a table of one's own into a technology."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from finevh.errors import InputError
from finevh.technology.model import CrossVoltage, Technology

__all__ = ["look_up_leakage", "with_leakage_derates"]


def _cell(technology: Technology, name: str) -> int:
    if name not in technology.cells.index:
        raise InputError(f"technology {technology.name} has no cell '{name}'")
    return technology.cells.index[name]


def _code(technology: Technology, cell: int, pattern: str, digits: str) -> int:
    """Number of a pattern whose first character belongs to the first state pin."""
    cells = technology.cells
    pins = cells.state_pin[cells.state_ptr[cell] : cells.state_ptr[cell + 1]]
    if len(pattern) != len(pins) or set(pattern) - set(digits):
        names = ", ".join(cells.pins(cell)[p] for p in pins)
        raise InputError(f"{cells.names[cell]}: pattern '{pattern}' is not one of {digits} for each of {names}")
    return sum(int(digit) * len(digits) ** j for j, digit in enumerate(pattern))


def look_up_leakage(
    technology: Technology,
    cell: str,
    vdd: float,
    pattern: str,
    driver_vdd: float | None = None,
    variant: str | None = None,
) -> tuple[float, float]:
    """Nominal leakage L and derate k of one cell in one pattern (the factors of Eq. 4.3).

    Parameters
    ----------
    pattern
        One character per state pin: 0, 1 at the cell's own rail, 2 for a 1 at the driver's rail.
    driver_vdd
        Rail of the 2s, V; needed where the pattern holds one.

    Returns
    -------
    leakage, derate
        mW; factor.

    Raises
    ------
    InputError
        If the technology lacks the cell, supply or pair, or the pattern does not fit the cell.
    """
    row = _cell(technology, cell)
    names = [v.name for v in technology.variants]
    if variant is not None and variant not in names:
        raise InputError(f"technology {technology.name} has no variant '{variant}'; it has {', '.join(names)}")
    own = technology.vdd_index(vdd)
    corner = int(technology.corner_of[0 if variant is None else names.index(variant), own])
    code = _code(technology, row, pattern, "012")
    nominal = _code(technology, row, pattern.replace("2", "1"), "01")
    leakage = float(technology.corners.leakage[corner, technology.cells.leak_ptr[row] + nominal])
    if "2" not in pattern:
        return leakage, 1.0
    if driver_vdd is None:
        raise InputError(f"{cell}: pattern '{pattern}' needs the driver's supply")
    driver = technology.vdd_index(driver_vdd)
    if driver == own:
        return leakage, 1.0
    offset = -1 if technology.cross is None else int(technology.cross.leakage_offset[corner, driver])
    if technology.cross is None or offset < 0:
        raise InputError(
            f"technology {technology.name} has no leakage derates of {vdd:g} V driven from {driver_vdd:g} V"
        )
    return leakage, float(technology.cross.leakage_k[offset + technology.cells.ternary_ptr[row] + code])


def with_leakage_derates(
    technology: Technology, derates: Mapping[tuple[str, float, float], Mapping[str, float]]
) -> Technology:
    """Return the technology with leakage derates given by name, and no others.

    Parameters
    ----------
    derates
        Per (cell, its supply, its driver's supply), V: derate of each pattern, written as in `look_up_leakage`; every pattern
        with a 2 must be there. Holds for all variants.

    Raises
    ------
    InputError
        If a cell, supply or pattern does not exist, or a pattern with a 2 is missing.
    """
    cells = technology.cells
    size = int(cells.ternary_ptr[-1])
    n_corner, n_vdd = len(technology.corners.vdd), len(technology.vdds)
    pairs = sorted({(technology.vdd_index(own), technology.vdd_index(driver)) for _, own, driver in derates})
    block = np.full((len(pairs), size), np.nan, dtype=np.float32)
    for (name, own, driver), table in derates.items():
        cell = _cell(technology, name)
        start, end = int(cells.ternary_ptr[cell]), int(cells.ternary_ptr[cell + 1])
        row = block[pairs.index((technology.vdd_index(own), technology.vdd_index(driver)))]
        for code in range(end - start):
            if "2" not in np.base_repr(code, 3):
                row[start + code] = 1.0
        for pattern, value in table.items():
            row[start + _code(technology, cell, pattern, "012")] = value
        if np.isnan(row[start:end]).any():
            code = int(np.flatnonzero(np.isnan(row[start:end]))[0])
            n = int(cells.state_ptr[cell + 1] - cells.state_ptr[cell])
            missing = np.base_repr(code, 3).rjust(n, "0")[::-1]
            raise InputError(f"{name} at {own:g} V driven from {driver:g} V: no derate for pattern '{missing}'")
    offset = np.full((n_corner, n_vdd), -1, dtype=np.int64)
    for i, (own_index, driver_index) in enumerate(pairs):
        for corner in technology.corner_of[:, own_index]:
            if corner >= 0:
                offset[corner, driver_index] = i * size
    none = np.zeros((n_corner, n_vdd, 0), dtype=np.int64)
    count = none.astype(np.int32)
    margin = np.full((n_corner, n_vdd, len(cells.names)), np.nan)
    cross = CrossVoltage(offset, block.ravel(), none, count, none, count, none, np.zeros(0), margin)
    return replace(technology, cross=cross)
