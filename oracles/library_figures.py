"""Figures read off a library, for tests and benchmarks: ring oscillator, leakage and delay derates of one cell."""

from __future__ import annotations

from finevh.technology.model import Sense, Technology
from finevh.technology.tables.reference import interpolate_table, table_of

_SETTLE = 30
"""Rounds after which the slews of a ring stand still to the last digit."""


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
