"""A train of input ramps for one transient: steps in, piecewise-linear sources and the time of every step out.

One transient carries many measurements; each step ramps one input linearly and then waits until the cell has settled.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RAMP_PER_SLEW", "Step", "Stimulus", "build_stimulus"]

RAMP_PER_SLEW = 2.5
"""Length of a full linear ramp over its 30-70 % time."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """Ramp `pin` to `level` V with transition `slew_ps` (30-70 %), then hold everything for `hold_ps`.

    `key` names the measurement; None: the step only prepares the state.
    """

    pin: str
    level: float
    slew_ps: float
    hold_ps: float
    key: Hashable = None


@dataclass(frozen=True)
class Stimulus:
    """`sources[pin]`: (times ps, volts); columns per step: ramp start, ramp end, end of the hold, all ps."""

    sources: Mapping[str, tuple[FloatArray, FloatArray]]
    steps: tuple[Step, ...]
    start_ps: FloatArray
    ramp_end_ps: FloatArray
    end_ps: FloatArray

    @property
    def length_ps(self) -> float:
        """Total time."""
        return float(self.end_ps[-1]) if len(self.end_ps) else 0.0


def build_stimulus(initial: Mapping[str, float], steps: Sequence[Step], lead_ps: float) -> Stimulus:
    """Place steps one after the other.

    Parameters
    ----------
    initial : V of every input at time 0.
    steps : in order of time.
    lead_ps : quiet time before the first step.
    """
    times = {pin: [0.0] for pin in initial}
    volts = {pin: [level] for pin, level in initial.items()}
    now = lead_ps
    start, ramp_end, end = [], [], []
    for step in steps:
        ramp = RAMP_PER_SLEW * step.slew_ps
        times[step.pin] += [now, now + ramp]
        volts[step.pin] += [volts[step.pin][-1], step.level]
        start.append(now)
        ramp_end.append(now + ramp)
        now += ramp + step.hold_ps
        end.append(now)
    sources = {pin: (np.array(times[pin]), np.array(volts[pin])) for pin in initial}
    return Stimulus(sources, tuple(steps), np.array(start), np.array(ramp_end), np.array(end))
