"""Glitches: an event-driven simulation with the delays of a timing state between the settled values of the zero-delay one."""

from finevh.power.glitches.delays import TICKS_PER_PS, GlitchDelays, delays_of, uniform_delays
from finevh.power.glitches.simulator import GlitchSimulator, simulate_glitches, with_glitches

__all__ = [
    "TICKS_PER_PS",
    "GlitchDelays",
    "GlitchSimulator",
    "delays_of",
    "simulate_glitches",
    "uniform_delays",
    "with_glitches",
]
