"""A record on the simulated grid in, the same record on the published table axes out.

Tools read Liberty tables bilinearly, and between simulated points a delay is a curve: bilinear tables through few points err
by several percent, always to one side. So the curve is taken from a cubic spline through the simulated points, in axes in which
it is nearly straight (log of slew + a fraction of the time constant, log of load + a few fF), and the published table is the
bilinear surface with the smallest square error against that spline, in units of the delay (or, where a delay passes through
zero, half the transition). Which side state is the slowest may change along a table (a full adder): a worst arc is the greatest
of all side states at every point, its delay and its transition each. Energies go the same way onto axes of their own;
capacitances and constraints stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from finevh.characterization.process import TableAxes
from finevh.characterization.record import Arc, CellRecord, Edge

__all__ = ["fit_bilinear", "refine_energies", "refine_record"]

FloatArray = NDArray[np.float64]
SLEW_KNEE = 0.027
"""Of the longest slew: below about 0.3 time constants the input edge no longer matters."""
LOAD_KNEE_FF = 8.0
"""A few times an X1 cell's own output capacitance. Knots left out of a dense simulation come back best with 8 to 16 fF."""
BETWEEN = 4
"""Points per table interval and axis at which the bilinear surface is held against the spline."""
NODE_WEIGHT = 0.4
"""Weight of a table's own points beside those in between: keeps corners, which few points see, on the curve."""


def refine_record(record: CellRecord, axes: TableAxes) -> CellRecord:
    """Return a record whose delays and transitions stand on the published axes.

    Parameters
    ----------
    record : on the simulated grid.
    axes : of worst arcs and of side states; asynchronous arcs, simulated on few points, stand on those of side states.
    """
    most = max((arc.slew_ps.size for arc in record.arcs), default=0)

    def refined(arc: Arc) -> Arc:
        side = bool(arc.state) or arc.slew_ps.size < most
        return _on_axes(arc, record, axes.side_slew if side else axes.slew, axes.side_load_ff if side else axes.load_ff)

    return replace(record, arcs=tuple(refined(arc) for arc in record.arcs))


def refine_energies(record: CellRecord, axes: TableAxes) -> CellRecord:
    """Return a record whose arcs stand on the axes of published energies."""
    return replace(
        record, arcs=tuple(_on_axes(arc, record, axes.energy_slew, axes.energy_load_ff) for arc in record.arcs)
    )


def _on_axes(arc: Arc, record: CellRecord, slew_parts: FloatArray, load: FloatArray) -> Arc:
    """Fit both edges of an arc; a worst arc over all side states of its group."""
    slew = np.array([float(f"{v:.5g}") for v in arc.slew_ps[-1] * slew_parts])
    members = [arc]
    if not arc.state:
        group = (arc.related_pin, arc.pin, arc.sense, arc.timing_type)
        members += [a for a in record.arcs if a.state and (a.related_pin, a.pin, a.sense, a.timing_type) == group]
    rise = _edge(arc, arc.rise, [(a, a.rise) for a in members if a.rise], slew, load) if arc.rise else None
    fall = _edge(arc, arc.fall, [(a, a.fall) for a in members if a.fall], slew, load) if arc.fall else None
    return replace(arc, slew_ps=slew, load_ff=load, rise=rise, fall=fall)


def _edge(arc: Arc, edge: Edge, members: Sequence[tuple[Arc, Edge]], slew: FloatArray, load: FloatArray) -> Edge:
    """Fit the tables of one edge: the greatest delay and transition of the members, the arc's own energy."""
    fine = (_between(slew), _between(load))
    delay = np.max([_spline(a, e.delay_ps, *fine) for a, e in members], axis=0)
    transition = np.max([_spline(a, e.slew_ps, *fine) for a, e in members], axis=0)
    energy = _spline(arc, edge.energy_fj, *fine)
    scale = np.maximum(np.abs(delay), 0.5 * transition)
    return Edge(
        fit_bilinear(slew, load, delay, scale),
        fit_bilinear(slew, load, transition, transition),
        fit_bilinear(slew, load, energy, np.abs(energy) + 0.1 * float(np.max(np.abs(energy)))),
    )


def _spline(arc: Arc, values: FloatArray, slew: FloatArray, load: FloatArray) -> FloatArray:
    """Return the spline through a table of an arc at other slews and loads, (n_slew, n_load)."""
    knee = SLEW_KNEE * arc.slew_ps[-1]
    x, y = np.log(arc.slew_ps + knee), np.log(arc.load_ff + LOAD_KNEE_FF)
    surface = RectBivariateSpline(x, y, values, kx=min(3, x.size - 1), ky=min(3, y.size - 1), s=0)
    found: FloatArray = surface(np.log(slew + knee), np.log(load + LOAD_KNEE_FF))
    return found


def _between(axis: FloatArray) -> FloatArray:
    """Return an axis with `BETWEEN` - 1 further points in each interval, evenly in the logarithm."""
    places = np.arange((axis.size - 1) * BETWEEN + 1) / BETWEEN
    return np.asarray(np.exp(np.interp(places, np.arange(axis.size), np.log(axis))))


@lru_cache(maxsize=256)
def _hats(axis: tuple[float, ...]) -> FloatArray:
    """Return the weights of the table points at the points of `_between`, (n_fine, n)."""
    x = np.array(axis)
    return np.array([np.interp(_between(x), x, unit) for unit in np.eye(x.size)]).T


def fit_bilinear(slew: FloatArray, load: FloatArray, values: FloatArray, scale: FloatArray) -> FloatArray:
    """Return the table whose bilinear surface is nearest to `values` in units of `scale`.

    Parameters
    ----------
    slew, load : (n,), (m,) table axes.
    values, scale : at the points of `_between`, ((n - 1) * BETWEEN + 1, (m - 1) * BETWEEN + 1).

    Returns
    -------
    (n, m) table.
    """
    across, along = _hats(tuple(slew.tolist())), _hats(tuple(load.tolist()))
    n, m = slew.size, load.size
    weight = 1.0 / scale**2
    # Normal equations of a tensor product with general weights: sum over points of hat x hat x weight.
    rows = np.einsum("ai,aj->aij", across, across).reshape(-1, n * n)
    columns = np.einsum("bk,bl->bkl", along, along).reshape(-1, m * m)
    matrix = (rows.T @ weight @ columns).reshape(n, n, m, m).transpose(0, 2, 1, 3).reshape(n * m, n * m)
    right = (across.T @ (weight * values) @ along).ravel()
    nodes = slice(None, None, BETWEEN)
    own = NODE_WEIGHT * BETWEEN**2 * weight[nodes, nodes].ravel()
    matrix[np.diag_indices(n * m)] += own
    right += own * values[nodes, nodes].ravel()
    return np.asarray(np.linalg.solve(matrix, right).reshape(n, m))
