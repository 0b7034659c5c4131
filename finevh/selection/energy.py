"""Energy of a voltage map, and its power at a clock frequency."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Power:
    """Power of an operating point by parts, mW."""

    total: float
    switching: float
    internal: float
    leakage: float
    interface: float
    """Part of ``leakage`` above the same cells with full-swing inputs."""

    def mix(self, other: Power, share: float) -> Power:
        """Time average: ``share`` of the time at ``other``."""
        mine, theirs = astuple(self), astuple(other)
        return Power(*((1.0 - share) * a + share * b for a, b in zip(mine, theirs, strict=True)))


@dataclass(frozen=True)
class Energy:
    """What a voltage map costs: energy per clock cycle, fJ, and static power, mW."""

    switching: float
    internal: float
    leakage: float
    interface_leakage: float
    """Part of ``leakage`` above the same cells with full-swing inputs."""

    def plus(self, other: Energy) -> Energy:
        """Both together."""
        return Energy(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def power(self, frequency_mhz: float) -> float:
        """Total power, mW, at a clock frequency: fJ * MHz = 1e-6 mW."""
        return (self.switching + self.internal) * frequency_mhz * 1e-6 + self.leakage

    def at(self, frequency_mhz: float) -> Power:
        """Power at a clock frequency, by parts."""
        scale = frequency_mhz * 1e-6
        parts = self.switching * scale, self.internal * scale, self.leakage, self.interface_leakage
        return Power(self.power(frequency_mhz), *parts)
