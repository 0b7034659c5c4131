"""One (process, variant, Vdd): what every procedure is told about where it measures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finevh.characterization.cells.topology import Topology
from finevh.characterization.process import Process, Variant

__all__ = ["Corner"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Corner:
    """A corner with its time constant: ``tau_ps``, and ``unit_ps_per_ff``, the inverter's delay per load.

    ``scratch`` receives decks that fail, ``options`` is the option set of its simulations (:mod:`bench.deck`).
    """

    process: Process
    variant: Variant
    vdd: float
    tau_ps: float
    unit_ps_per_ff: float
    scratch: Path
    options: str

    @property
    def slew_ps(self) -> FloatArray:
        """Full slew axis, ps, four significant digits."""
        return np.array([float(f"{s * self.tau_ps:.4g}") for s in self.process.grid.slew])

    @property
    def load_ff(self) -> FloatArray:
        """Full load axis, fF."""
        return self.process.grid.load_ff

    @property
    def middle(self) -> tuple[float, float]:
        """Slew, ps, and load, fF, in the middle of the small grid: where capacitances and hidden energies are measured."""
        grid = self.process.grid
        slew, load = (axis[len(axis) // 2 - 1] for axis in (grid.side_slew, grid.side_load))
        return float(self.slew_ps[slew]), float(self.load_ff[load])

    def settling_ps(self, topology: Topology, load_ff: float, factor: float = 1.0) -> float:
        """Return a settling time that is generous for any stack of four: extra quiet time costs few time points."""
        depth = 5 + len(topology.transistors) / 8
        return factor * (depth * 4 * self.tau_ps + 22 * self.unit_ps_per_ff * load_ff)
