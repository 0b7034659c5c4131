"""Vdd-dithering: time-sharing between two voltages of a grid, each at its own maximum frequency (Eq. 4.1)."""

from __future__ import annotations

from dataclasses import dataclass

from finevh.errors import NotReachableError
from finevh.schemes.operating_point import OperatingPoint, SchemeName, power_columns
from finevh.schemes.scheme import FrequencyByFrequency
from finevh.schemes.voltage_curve import Curve
from finevh.selection import Energy, Power
from finevh.units import VOLTAGE_TOLERANCE


def shared_power(f_low: float, low: Energy, f_high: float, high: Energy, frequency: float) -> Power:
    """Power of a design that shares its time between two supplies, each at its own highest frequency, MHz.

    Eq. 4.1: the share of time at VddH is what gives the average frequency; below the lower voltage's own highest frequency there
    is nothing to share and the clock slows down at VddL.
    """
    share = min(max((frequency - f_low) / (f_high - f_low), 0.0), 1.0)
    return low.at(min(frequency, f_low)).mix(high.at(f_high), share)


@dataclass(frozen=True)
class VddDithering(FrequencyByFrequency):
    """The cheapest pair of voltages at most ``widest`` apart, V; that of neighbours where power is convex in frequency."""

    curve: Curve
    delta_vdd: float
    widest: float = 0.0
    name: SchemeName = "vdd-dithering"

    def _shared(self, low: int, high: int, frequency: float) -> Power:
        """Power of one pair of voltages at an average frequency, MHz."""
        ends = [(self.curve.frequencies[k], self.curve.energy[k]) for k in (low, high)]
        return shared_power(*ends[0], *ends[1], frequency)

    def point(self, frequency: float) -> OperatingPoint | NotReachableError:
        """See :class:`finevh.schemes.scheme.FrequencyByFrequency`."""
        try:
            first = max(self.curve.lowest(frequency), 1)
        except NotReachableError as error:
            return error
        vdds, widest = self.curve.vdds, max(self.widest, self.delta_vdd) + VOLTAGE_TOLERANCE
        # Neighbours first, so that they are taken where others cost the same.
        pairs = [(first - 1, first)]
        pairs += [
            (low, high)
            for high in range(first, len(vdds))
            for low in range(high)
            if vdds[high] - vdds[low] <= widest and self.curve.meets(high, frequency)
        ]
        low, high = min(pairs, key=lambda pair: self._shared(pair[0], pair[1], frequency).total)
        return OperatingPoint(
            self.curve.name,
            self.curve.design.n_tiles,
            self.name,
            self.curve.variant,
            self.delta_vdd,
            vdd_l_v=vdds[low],
            vdd_h_v=vdds[high],
            vdd_v=None,
            tiles_high=None,
            area_low_fraction=None,
            worst_slack_ps=None,
            **power_columns(self._shared(low, high, frequency), frequency),
        )
