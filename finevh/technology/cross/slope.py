"""Leakage derates from one stated slope, for libraries that nobody characterised across voltages; marked as derived."""

from __future__ import annotations

import numpy as np

from finevh.errors import InputError
from finevh.technology.cross import CrossFile
from finevh.technology.model import Technology

__all__ = ["slope_cross_file"]

_OWN, _DRIVER = 1, 2  # digits of a ternary code: logic 1 at the cell's own rail, at the driver's


def slope_cross_file(technology: Technology, slope: float) -> CrossFile:
    """Return derates k = 10^((Vdd_cell - Vdd_driver) / slope) for patterns with an input at the driver's 1, else k = 1.

    Only an input at logic 1 leaves its pull-up half on (or more off, where the driver's rail is higher); how many such
    inputs a pattern has makes no difference in this model. It has no delay derates and no noise margins.

    Parameters
    ----------
    technology
        Its cells, leakage states, variants and supplies.
    slope
        V per decade of leakage; measured values of 45 and 28 nm nodes lie between 0.13 and 0.15 at 125 C.

    Raises
    ------
    InputError
        If the slope is not positive.
    """
    if not slope > 0:
        raise InputError(f"a leakage slope of {slope:g} V/decade is not positive; write for example 0.14")
    cells, vdds = technology.cells, technology.vdds
    families: dict[str, tuple[str, ...]] = {}
    for i, family in enumerate(cells.family):
        names = cells.pins(i)
        states = tuple(names[j] for j in cells.state_pin[cells.state_ptr[i] : cells.state_ptr[i + 1]])
        if states and families.setdefault(family, states) != states:
            families[cells.names[i]] = states
    own, driver = np.nonzero(~np.eye(len(vdds), dtype=bool))
    affected = np.concatenate([_has_driver_digit(len(pins)) for pins in families.values()] or [np.zeros(0, dtype=bool)])
    factor = 10.0 ** ((vdds[own] - vdds[driver]) / slope)
    leakage = np.where(affected[None, :], factor[:, None], 1.0).astype(np.float32)
    n_variant, n_pair, n_vdd = len(technology.variants), len(own), len(vdds)
    empty = np.zeros((n_variant, n_vdd, 0, 1), dtype=np.float32)
    unknown = np.full((n_variant, n_vdd, len(families)), np.nan)
    return CrossFile(
        variants=tuple(variant.name for variant in technology.variants),
        vdds=vdds,
        pair_cell=own.astype(np.int32),
        pair_driver=driver.astype(np.int32),
        families=tuple(families),
        state_pins=tuple(families.values()),
        leakage_ptr=np.concatenate([[0], np.cumsum([3 ** len(pins) for pins in families.values()])]).astype(np.int64),
        leakage_k=np.broadcast_to(leakage, (n_variant, *leakage.shape)).copy(),
        arc_family=np.zeros(0, dtype=np.int32),
        arc_related=(),
        arc_pin=(),
        arc_sense=np.zeros(0, dtype=np.int8),
        arc_edge=np.zeros(0, dtype=np.int8),
        slew_ps=empty,
        load_ff=empty,
        delay_shift_ps=np.zeros((n_variant, n_pair, 0, 1, 1), dtype=np.float32),
        slew_factor=np.zeros((n_variant, n_pair, 0, 1, 1), dtype=np.float32),
        v_il=unknown,
        v_ih=unknown,
    )


def _has_driver_digit(pins: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(3**pins) whether a ternary code has a digit 2."""
    codes = np.arange(3**pins)
    found = np.zeros(3**pins, dtype=bool)
    for _ in range(pins):
        codes, digit = np.divmod(codes, 3)
        found |= digit == _DRIVER
    return found
