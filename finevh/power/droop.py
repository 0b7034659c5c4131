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

from finevh.technology.model import Real


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
    """Worst and 99.9 % drop of each point and tile, a point at a time to save memory; see :func:`droop_fractions`."""
    worst, usual, dip, mean_worst, mean_usual = (np.empty_like(time_constant) for _ in range(5))
    per_cycle = _charge_over_capacitance(switched, capacitance)
    for point in range(len(period)):
        one = droop_fractions(switched, capacitance, time_constant[point : point + 1], period[point : point + 1])[:, 0]
        worst[point], usual[point] = one.max(axis=0), np.quantile(one, 0.999, axis=0, method="higher")
        before = np.vstack([np.zeros_like(one[:1]), one[:-1]])
        dip[point] = (before + per_cycle).max(axis=0)
        # What a cycle finds and takes, less what it leaves, has gone through R: its integral is R C times that.
        mean = (before + per_cycle - one) * (time_constant[point] / period[point])
        mean_worst[point], mean_usual[point] = mean.max(axis=0), np.quantile(mean, 0.999, axis=0, method="higher")
    return DroopSummary(worst, usual, dip, mean_worst, mean_usual)


def _charge_over_capacitance(switched: Real, capacitance: Real) -> Real:
    """(n_cycle, n_tile) what a cycle takes of a tile's voltage before anything comes back, over the rail."""
    taken = switched / np.maximum(capacitance, 1e-12)
    taken[:, capacitance <= 0] = 0.0
    return np.asarray(taken)
