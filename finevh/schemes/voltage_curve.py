"""A design at single voltages: what every scheme starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from finevh.config import voltage_grid
from finevh.errors import NotReachableError
from finevh.selection import Energy, TiledDesign
from finevh.units import SLACK_TOLERANCE, frequency_mhz, period_ps


@dataclass(frozen=True)
class Curve:
    """A design at single voltages. All tuples (n_vdd,), ascending in Vdd."""

    design: TiledDesign
    name: str
    variant: str
    vdds: tuple[float, ...]
    min_period: tuple[float, ...]
    """ps."""
    energy: tuple[Energy, ...]

    @property
    def frequencies(self) -> tuple[float, ...]:
        """Maximum frequency at each Vdd, MHz."""
        return tuple(frequency_mhz(period) for period in self.min_period)

    def meets(self, index: int, frequency: float) -> bool:
        """Tell whether the Vdd of a number meets a frequency, MHz."""
        return self.min_period[index] <= period_ps(frequency) + SLACK_TOLERANCE

    def lowest(self, frequency: float) -> int:
        """Return the lowest Vdd that meets a frequency.

        Raises
        ------
        NotReachableError
            If none does.
        """
        for index in range(len(self.vdds)):
            if self.meets(index, frequency):
                return index
        raise NotReachableError(
            f"{frequency:.3f} MHz is not reached ({self.name}, variant {self.variant}): the highest frequency is "
            f"{max(self.frequencies):.3f} MHz at {self.vdds[-1]:.3f} V; ask for a lower one"
        )

    def cheapest(self, frequency: float) -> int:
        """Return the Vdd that meets a frequency with least power: one that meets a higher frequency meets a lower one.

        Raises
        ------
        NotReachableError
            If none does.
        """
        first = self.lowest(frequency)
        able = [index for index in range(first, len(self.vdds)) if self.meets(index, frequency)]
        return min(able, key=lambda index: self.energy[index].power(frequency))

    def coarser(self, step: float) -> Curve:
        """Keep every voltage that lies on a coarser grid from the lowest one."""
        grid = voltage_grid(self.vdds[0], self.vdds[-1], step)
        keep = [int(np.argmin(np.abs(np.array(self.vdds) - vdd))) for vdd in grid]
        return Curve(
            self.design,
            self.name,
            self.variant,
            tuple(self.vdds[i] for i in keep),
            tuple(self.min_period[i] for i in keep),
            tuple(self.energy[i] for i in keep),
        )


def single_voltage_curve(design: TiledDesign, name: str, variant: str, vdds: Sequence[float]) -> Curve:
    """Time and weigh a design at each Vdd."""
    results = [design.single_voltage(vdd) for vdd in vdds]
    return Curve(
        design, name, variant, tuple(vdds), tuple(period for period, _ in results), tuple(e for _, e in results)
    )
