"""One Vdd for the whole design: ideal-DVFS on a fine grid, Vdd-hopping on a coarse one."""

from __future__ import annotations

from dataclasses import dataclass

from finevh.errors import NotReachableError
from finevh.schemes.operating_point import OperatingPoint, SchemeName, power_columns
from finevh.schemes.scheme import FrequencyByFrequency
from finevh.schemes.voltage_curve import Curve
from finevh.units import period_ps


@dataclass(frozen=True)
class SingleVoltageScheme(FrequencyByFrequency):
    """The cheapest Vdd of a grid that meets the clock."""

    name: SchemeName
    curve: Curve
    delta_vdd: float

    def point(self, frequency: float) -> OperatingPoint | NotReachableError:
        """See :class:`finevh.schemes.scheme.FrequencyByFrequency`."""
        try:
            index = self.curve.cheapest(frequency)
        except NotReachableError as error:
            return error
        return OperatingPoint(
            self.curve.name,
            self.curve.design.n_tiles,
            self.name,
            self.curve.variant,
            self.delta_vdd,
            vdd_l_v=None,
            vdd_h_v=None,
            vdd_v=self.curve.vdds[index],
            tiles_high=None,
            area_low_fraction=None,
            worst_slack_ps=period_ps(frequency) - self.curve.min_period[index],
            **power_columns(self.curve.energy[index].at(frequency), frequency),
        )
