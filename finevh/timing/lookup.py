"""Compiled look-up of packed tables and reduction of RC trees."""

from __future__ import annotations

import numba


@numba.njit(nogil=True, error_model="numpy")
def pair(record, axes, u, rec, slew, load, derate):  # type: ignore[no-untyped-def]
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


@numba.njit(
    "void(int32[::1], float64[::1], int64, int64, float64[::1], float64[::1], float64[::1], float64[::1], boolean)",
    cache=True, nogil=True, error_model="numpy",
)  # fmt: skip
def reduce_tree(parent, res, low, size, below, elmore, second, pi, moments):  # type: ignore[no-untyped-def]
    """Elmore delay, ps, of every node of a tree; with ``moments`` also its pi: near fF, kOhm, far fF.

    ``below`` (size) holds the capacitance at each node and is summed towards the root. O'Brien and Savarino, DAC 1989.
    """
    if moments:
        for i in range(size):
            second[i] = below[i]
    for i in range(size - 1, 0, -1):
        below[parent[low + i]] += below[i]
    elmore[0] = 0.0
    for i in range(1, size):
        elmore[i] = elmore[parent[low + i]] + res[low + i] * below[i]
    if not moments:
        return
    # Admittance moments: total, sum of c_i d_i, sum of c_i times the second moment at i.
    total = below[0]
    m2 = 0.0
    for i in range(size):
        c = second[i]
        m2 += c * elmore[i]
        # From here ``below`` carries charge-weighted delay, then the second moment of each node.
        below[i] = c * elmore[i]
        second[i] = c
    for i in range(size - 1, 0, -1):
        below[parent[low + i]] += below[i]
    m3 = 0.0
    below[0] = 0.0
    for i in range(1, size):
        below[i] = below[parent[low + i]] + res[low + i] * below[i]
        m3 += second[i] * below[i]
    if m2 <= 0.0 or m3 <= 0.0:
        pi[0], pi[1], pi[2] = total, 0.0, 0.0
        return
    far = m2 * m2 / m3
    pi[0], pi[1], pi[2] = total - far, m3 * m3 / (m2 * m2 * m2), far
