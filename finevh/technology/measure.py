"""Figures read off a library: how much slower and how much less leaky a variant is."""

from __future__ import annotations

import numpy as np

from finevh.technology.model import ArcType, Real, Sense, Technology
from finevh.technology.tables.lookup import interpolate_table, table_of

__all__ = [
    "delay_ratios",
    "delay_shift",
    "leakage_derate",
    "leakage_ratios",
    "nominal_index",
    "ring_period",
    "slowdown",
]

_SETTLE = 30
"""Rounds after which the slews of a ring stand still to the last digit."""

_DELAYS = (ArcType.COMBINATIONAL, ArcType.RISING_EDGE, ArcType.FALLING_EDGE)


def nominal_index(technology: Technology) -> int:
    """Index of the supply nearest to the nominal one."""
    return int(np.argmin(np.abs(technology.vdds - technology.vdd_nominal)))


def delay_ratios(technology: Technology, variant: int, vdd: int) -> Real:
    """Delay of a variant over that of the first, (n,): each unconditional arc and edge at the middle of its axes.

    Both are read at the same slew and load, those of the first variant's table. Arcs whose delay is not positive there
    (slow inputs) are left out: a ratio says nothing about them.
    """
    base, other = int(technology.corner_of[0, vdd]), int(technology.corner_of[variant, vdd])
    cells, corners = technology.cells, technology.corners
    ratios = []
    for arc in range(len(cells.arc_type)):
        if cells.arc_type[arc] not in _DELAYS or cells.arc_when[arc]:
            continue
        for slot in cells.arc_table[arc, :2].tolist():
            if slot < 0 or corners.table_x[base, slot] < 0 or corners.table_x[other, slot] < 0:
                continue
            x, y, values = table_of(corners, base, slot)
            i, j = (x.size - 1) // 2, (y.size - 1) // 2
            if values[i, j] > 0:
                ratios.append(
                    interpolate_table(*table_of(corners, other, slot), float(x[i]), float(y[j])) / values[i, j]
                )
    return np.array(ratios)


def slowdown(technology: Technology, variant: int) -> float:
    """Average delay increase of a variant over the first at the nominal supply, a fraction (alpha_sd of Eq. 4.2)."""
    if variant == 0:
        return 0.0
    ratios = delay_ratios(technology, variant, nominal_index(technology))
    return float(np.mean(ratios) - 1.0) if ratios.size else 0.0


def leakage_ratios(technology: Technology, variant: int, vdd: int) -> Real:
    """State-averaged leakage of each cell of a variant over that of the first, (n_cell,); nan for cells that leak nothing."""
    rows = technology.corners.leakage
    starts = technology.cells.leak_ptr[:-1]
    counts = np.diff(technology.cells.leak_ptr)
    base, other = (np.add.reduceat(rows[int(technology.corner_of[v, vdd])], starts) / counts for v in (0, variant))
    ratio: Real = np.divide(other, base, out=np.full(base.shape, np.nan), where=base > 0)
    return ratio


def ring_period(technology: Technology, cell: str, variant: int, vdd: int, fanout: int = 4, stages: int = 1) -> float:
    """Period, ps, of a ring of an odd number of equal inverting cells, each driving ``fanout`` input pins of itself.

    Every stage rises once and falls once per period: ``stages * (t_rise + t_fall)``, at the slews that the ring settles
    to. ``stages`` only scales the period; ratios do not depend on it.

    Raises
    ------
    ValueError
        If the cell is not a one-input inverter.
    """
    cells, corners = technology.cells, technology.corners
    i = cells.index[cell]
    arcs = [a for a in range(int(cells.arc_ptr[i]), int(cells.arc_ptr[i + 1])) if not cells.arc_when[a]]
    if len(arcs) != 1 or cells.arc_sense[arcs[0]] != Sense.NEGATIVE:
        raise ValueError(f"{cell} is not an inverter")
    corner = int(technology.corner_of[variant, vdd])
    pin = int(cells.pin_ptr[i]) + int(cells.arc_from[arcs[0]])
    loads = fanout * corners.pin_cap_rise[corner, pin], fanout * corners.pin_cap_fall[corner, pin]
    delay_rise, delay_fall, slew_rise, slew_fall = (
        table_of(corners, corner, slot) for slot in cells.arc_table[arcs[0]].tolist()
    )
    rise, fall = 20.0, 20.0
    for _ in range(_SETTLE):
        rise, fall = interpolate_table(*slew_rise, fall, loads[0]), interpolate_table(*slew_fall, rise, loads[1])
    return stages * (interpolate_table(*delay_rise, fall, loads[0]) + interpolate_table(*delay_fall, rise, loads[1]))


def leakage_derate(technology: Technology, cell: str, code: int, variant: int, vdd: int, driver: int) -> float:
    """Leakage derate k of a ternary input code of a cell at supply ``vdd`` driven from supply ``driver`` (indices).

    Raises
    ------
    KeyError
        If the technology has no derates, or not of this pair.
    """
    cross = technology.cross
    start = -1 if cross is None else int(cross.leakage_offset[technology.corner_of[variant, vdd], driver])
    if cross is None or start < 0:
        raise KeyError(f"no leakage derate of {technology.vdds[vdd]:g} V driven at {technology.vdds[driver]:g} V")
    return float(cross.leakage_k[start + int(technology.cells.ternary_ptr[technology.cells.index[cell]]) + code])


def delay_shift(
    technology: Technology, cell: str, edge: int, variant: int, vdd: int, driver: int, slew: float, load: float
) -> tuple[float, float]:
    """Delay, ps, on the own rail and its shift when ``driver`` supplies the input of a cell's first arc.

    ``edge``: 0 output rise, 1 output fall; ``slew`` ps, ``load`` fF.

    Raises
    ------
    KeyError
        If the technology has no derates, or not of this pair.
    """
    cross, cells = technology.cross, technology.cells
    corner = int(technology.corner_of[variant, vdd])
    slot = int(cells.arc_table[cells.arc_ptr[cells.index[cell]], edge])
    own = interpolate_table(*table_of(technology.corners, corner, slot), slew, load)
    found = None if cross is None else cross.delays(corner, driver)
    if found is None or found.v[slot] < 0:
        raise KeyError(f"no delay derate of {technology.vdds[vdd]:g} V driven at {technology.vdds[driver]:g} V")
    nx, ny = int(found.nx[slot]), int(found.ny[slot])
    x, y, v = (int(offsets[slot]) for offsets in (found.x, found.y, found.v))
    pool = found.pool
    shift = interpolate_table(pool[x : x + nx], pool[y : y + ny], pool[v : v + nx * ny].reshape(nx, ny), slew, load)
    return own, shift
