"""Look-up in the delay tables of a library (NLDM), compiled: bilinear in slew and load."""

from __future__ import annotations

import numba

from finevh.technology.model import Index, Int, Real


@numba.njit(nogil=True, error_model="numpy")
def pair(record: Int, axes: Real, u: Real, rec: Index, slew: float, load: float, derate: bool) -> tuple[float, float]:
    """Delay and output slew of a record: bilinear, linear beyond the axes.

    ``derate``: the record is a cross-voltage derate, delay shift and slew factor; the factor holds its ends.
    """
    x, nx, y, ny, v = record[rec, 0], record[rec, 1], record[rec, 2], record[rec, 3], record[rec, 4]
    i = x
    while i < x + nx - 2 and slew >= axes[i + 1]:
        i += 1
    j = y
    while j < y + ny - 2 and load >= axes[j + 1]:
        j += 1
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
