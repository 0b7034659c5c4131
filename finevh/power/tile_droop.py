"""Rails with charge: the voltage of a tile behind its Vdd-MUXes at the end of each cycle.

The charge of a cycle comes from the tile's own capacitance C; the Vdd-MUXes, R in parallel, give it back until the cycle ends:
``V[n+1] = Vrail - (Vrail - V[n] + Q[n] / C) exp(-T / (R C))``. That is the voltage at the end of the cycle, if the charge was
drawn at its beginning.

A path as long as the cycle meets the drop of all of it. Its average over the cycle does not depend on when the charge was drawn:
the drop decays with R C, so the integral over all time is R Q, and the average is ``R Q / T``, of the charge of this cycle and
what is left of those before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finevh.base.kernel import kernel
from finevh.technology.model import Real

_USUAL = 0.999
"""Share of the cycles that stay within the usual drop."""


def droop_fractions(switched: Real, capacitance: Real, time_constant: Real, period: Real) -> Real:
    """Follow the drop of tiles through consecutive cycles, as a fraction of their rail.

    Parameters
    ----------
    switched : (n_cycle, n_tile) fF, what the rail charges in each cycle: charge over supply.
    capacitance : (n_tile) fF behind the rail.
    time_constant : (n_point, n_tile) ps, of header and capacitance, R C.
    period : (n_point) ps.

    Returns
    -------
    NDArray
        (n_cycle, n_point, n_tile) drop over rail at the end of each cycle; 0 for a tile without capacitance, which switches
        nothing.
    """
    keep = np.exp(-period[:, None] / np.maximum(time_constant, 1e-12))
    per_cycle = _charge_over_capacitance(switched, capacitance)
    drop = np.zeros_like(keep)
    found = np.empty((len(switched), *keep.shape))
    for cycle, charge in enumerate(per_cycle):
        drop = (drop + charge) * keep
        found[cycle] = drop
    return found


@dataclass(frozen=True)
class DroopSummary:
    """Drop over rail, (n_point, n_tile) each."""

    worst: Real
    """At the end of a cycle."""
    usual: Real
    """At the end of a cycle; 99.9 % of the cycles stay within it."""
    dip: Real
    """Inside a cycle, if it drew all its charge at once: no cycle goes deeper."""
    mean_worst: Real
    """Average over a cycle."""
    mean_usual: Real
    """Average over a cycle; 99.9 % of the cycles stay within it."""

    @property
    def most_worst(self) -> Real:
        """What timing is checked with: the larger of the average over a cycle and the drop at its end, worst cycle."""
        return np.maximum(self.worst, self.mean_worst)

    @property
    def most_usual(self) -> Real:
        """The same that 99.9 % of the cycles stay within."""
        return np.maximum(self.usual, self.mean_usual)


def summarise_droop(switched: Real, capacitance: Real, time_constant: Real, period: Real) -> DroopSummary:
    """Worst and 99.9 % drop of each point and tile; see :func:`droop_fractions`."""
    worst, usual, dip, mean_worst, mean_usual = (np.zeros(time_constant.shape) for _ in range(5))
    per_cycle = np.ascontiguousarray(_charge_over_capacitance(switched, capacitance))
    keep = np.exp(-period[:, None] / np.maximum(time_constant, 1e-12))
    # The least of so many largest is what 99.9 % of the cycles stay within, the higher of two where that is between them.
    n_over = len(switched) - int(np.ceil((len(switched) - 1) * _USUAL))
    _summarise(per_cycle, keep, time_constant / period[:, None], n_over, worst, usual, dip, mean_worst, mean_usual)
    return DroopSummary(worst, usual, dip, mean_worst, mean_usual)


# Columns by name: a compiled kernel takes plain arrays.
@kernel(nogil=True)
def _summarise(
    per_cycle: Real,
    keep: Real,
    share: Real,
    n_over: int,
    worst: Real,
    usual: Real,
    dip: Real,
    mean_worst: Real,
    mean_usual: Real,
) -> None:
    """Follow each point and tile through all cycles; ``share`` (n_point, n_tile) is R C over the period.

    What a cycle finds and takes, less what it leaves, has gone through R: its integral is R C times that.
    """
    n_cycle, n_tile = per_cycle.shape
    n_over = max(n_over, 1)
    for point in range(keep.shape[0]):
        drop = np.zeros(n_tile)
        # The largest so far, ascending.
        ends, means = np.zeros((n_tile, n_over)), np.zeros((n_tile, n_over))
        for cycle in range(n_cycle):
            for tile in range(n_tile):
                peak = drop[tile] + per_cycle[cycle, tile]
                end = peak * keep[point, tile]
                mean = (peak - end) * share[point, tile]
                drop[tile] = end
                dip[point, tile] = max(dip[point, tile], peak)
                if end > ends[tile, 0]:
                    _keep_largest(ends, tile, end)
                if mean > means[tile, 0]:
                    _keep_largest(means, tile, mean)
        for tile in range(n_tile):
            usual[point, tile], worst[point, tile] = ends[tile, 0], ends[tile, n_over - 1]
            mean_usual[point, tile], mean_worst[point, tile] = means[tile, 0], means[tile, n_over - 1]


@kernel(nogil=True)
def _keep_largest(largest: Real, row: int, value: float) -> None:
    """Put a value into an ascending row in place of the least."""
    at = 0
    while at + 1 < largest.shape[1] and largest[row, at + 1] < value:
        largest[row, at] = largest[row, at + 1]
        at += 1
    largest[row, at] = value


def _charge_over_capacitance(switched: Real, capacitance: Real) -> Real:
    """(n_cycle, n_tile) what a cycle takes of a tile's voltage before anything comes back, over the rail."""
    taken = switched / np.maximum(capacitance, 1e-12)
    taken[:, capacitance <= 0] = 0.0
    return np.asarray(taken)
