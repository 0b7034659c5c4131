"""Look-up in the delay and energy tables of a library (NLDM), compiled: bilinear in slew and load.

:mod:`finevh.technology.tables.reference` is the plain reference.
"""

from __future__ import annotations

from finevh.base.callee import callee
from finevh.technology.model import Index, Int, Real


@callee(forceinline=True, error_model="numpy")
def segment(axes: Real, first: Index, n: Index, x: float) -> int:
    """Number of the segment of an axis of at least two points that holds ``x``; beyond its ends the first or the last."""
    i = 0
    while i < n - 2 and x >= axes[first + i + 1]:
        i += 1
    return i


@callee(error_model="numpy")
def bilinear(pool: Real, x: Index, nx: Index, y: Index, ny: Index, v: Index, slew: float, load: float) -> float:
    """Value of a table in ``pool`` at a slew, ps, and a load, fF: linear beyond its axes; an axis of one point is constant.

    Parameters
    ----------
    x, nx, y, ny, v : offsets and lengths of the axes, offset of the (nx, ny) values.
    """
    i = j = 0
    f = g = 0.0
    if nx > 1:
        i = segment(pool, x, nx, slew)
        f = (slew - pool[x + i]) / (pool[x + i + 1] - pool[x + i])
    if ny > 1:
        j = segment(pool, y, ny, load)
        g = (load - pool[y + j]) / (pool[y + j + 1] - pool[y + j])
    low = v + i * ny + j
    right = 1 if ny > 1 else 0
    high = low + (ny if nx > 1 else 0)
    at_low: float = pool[low] * (1.0 - g) + pool[low + right] * g
    at_high: float = pool[high] * (1.0 - g) + pool[high + right] * g
    return at_low * (1.0 - f) + at_high * f


# Columns by name: a compiled kernel takes plain arrays and numbers.
@callee(forceinline=True, error_model="numpy")
def pair_at(
    axes: Real, u: Real, x: Index, nx: Index, y: Index, ny: Index, v: Index, slew: float, load: float, derate: bool
) -> tuple[float, float]:
    """:func:`pair` of the record ``(x, nx, y, ny, v)``."""
    i, j = x + segment(axes, x, nx, slew), y + segment(axes, y, ny, load)
    f = (slew - axes[i]) / (axes[i + 1] - axes[i])
    g = (load - axes[j]) / (axes[j + 1] - axes[j])
    p = v + 2 * ((i - x) * ny + j - y)
    q = p + 2 * ny
    a, b, c, d = (1.0 - f) * (1.0 - g), f * (1.0 - g), f * g, (1.0 - f) * g
    delay = a * u[p] + b * u[q] + c * u[q + 2] + d * u[p + 2]
    if derate:
        f = min(max(f, 0.0), 1.0)
        g = min(max(g, 0.0), 1.0)
        a, b, c, d = (1.0 - f) * (1.0 - g), f * (1.0 - g), f * g, (1.0 - f) * g
    out = a * u[p + 1] + b * u[q + 1] + c * u[q + 3] + d * u[p + 3]
    return delay, out


@callee(error_model="numpy")
def pair(record: Int, axes: Real, u: Real, rec: Index, slew: float, load: float, derate: bool) -> tuple[float, float]:
    """Delay and output slew of a record: bilinear, linear beyond the axes.

    ``derate``: the record is a cross-voltage derate, delay shift and slew factor; the factor holds its ends.
    """
    x, nx, y, ny, v = record[rec, 0], record[rec, 1], record[rec, 2], record[rec, 3], record[rec, 4]
    return pair_at(axes, u, x, nx, y, ny, v, slew, load, derate)
